// What pages do besides that show what several people work on, where scripts run. As in script.js, parts say in data- attributes what
// they want.
"use strict";

// data-fresh: a part of the page that is kept as it is at that address, while what somebody writes in it stays. data-watch names the
// stream that tells when to look.
const fresh = $("[data-fresh]");
const parse = async (res) => {
  const doc = new DOMParser().parseFromString(await res.text(), "text/html"), token = $("input[name=csrf]", fresh)?.value;
  // All of a session's are as good.
  if (token) for (const field of $$("input[name=csrf]", doc)) field.setAttribute("value", token);
  return doc;
};
const written = (e) => e.nodeType === 1 && (e.matches("[data-placed]") || edited(e));
const named = (id) => { const e = id && document.getElementById(id); return e && fresh.contains(e) ? e : null; };

// hold does something to the page while what is looked at stays where it is: the first part in view but those that go.
const hold = (going, f) => {
  const stays = [...fresh.children, ...fresh.querySelectorAll(".change, .remark"), $("footer")].map((e) => [e, e.getBoundingClientRect()])
    .filter(([e, at]) => at.top >= 0 && at.top < innerHeight && at.height && !going.some((g) => g.contains(e))).sort((a, b) => a[1].top - b[1].top)[0];
  f();
  if (stays?.[0].isConnected) scrollBy(0, stays[0].getBoundingClientRect().top - stays[1].top);
};

// become makes the element now what next is, by its children: those with an id stay themselves wherever they go.
const become = (now, next) => {
  if (now.isEqualNode(next)) return;
  if (now.nodeType !== 1) { now.data = next.data; return; }
  if (now.dataset.version && changed(now, next)) return;
  for (const { name } of [...now.attributes]) if (name !== "open" && !next.hasAttribute(name)) now.removeAttribute(name);
  for (const { name, value } of next.attributes) if (name !== "open" && now.getAttribute(name) !== value) now.setAttribute(name, value);
  let at = now.firstChild;
  for (const child of [...next.childNodes]) {
    while (at?.dataset?.placed !== undefined) at = at.nextSibling;
    const same = child.id ? named(child.id) : at && !at.id && at.nodeName === child.nodeName ? at : null;
    if (same?.nodeType === 1 && same.closest("[data-placed]")) continue;
    if (!same) { now.insertBefore(child, at); continue; }
    if (same === at) at = at.nextSibling; else now.insertBefore(same, at);
    become(same, child);
  }
  for (let gone; (gone = at); ) { at = at.nextSibling; if (!written(gone)) gone.remove(); }
};

// Of the changes of a file, those that are here are asked for again when they have another version; true: there is no more to do.
const changed = (now, next) => {
  if (now.dataset.version === next.dataset.version) return true;
  if (now.dataset.later !== undefined) { now.replaceWith(next); return true; }
  if (next.dataset.later === undefined) return false;
  files([next]).then(([got]) => got && hold([], () => become(now, got)));
  return true;
};

// data-later: a file whose lines come when it comes into view, with others that are near. Its link leads to them.
const files = async (all) => {
  const links = all.map((f) => new URL($("a[href*='?']", f).getAttribute("href"), location.href));
  const query = links.map((to, i) => i ? to.search.slice(1).replace(/&?view=split/, "") : to.search).join("&");
  const res = await fetch(links[0].pathname + query);
  const doc = res.ok ? await parse(res) : null;
  return all.map((f) => doc?.getElementById(f.id));
};
const near = (f, around = innerHeight) => { const at = f.getBoundingClientRect(); return at.bottom > -around && at.top < innerHeight + around; };
const later = (around) => [...fresh.querySelectorAll("[data-later]")].filter((f) => near(f, around));
let loading = false;
const load = async () => {
  if (loading) return;
  loading = true;
  for (let all; (all = later()).length; ) {
    const inView = all.find((f) => f.getBoundingClientRect().bottom > 0) ?? all[0];
    // length is that of the address, which must not become too long.
    let lines = 0, length = 0;
    all = all.slice(all.indexOf(inView)).concat(all.slice(0, all.indexOf(inView)).reverse()).filter((f, i) =>
      (lines += +f.dataset.later) <= 2500 && (length += $("a[href*='?']", f).href.length) <= 6000 && i < 25 || !i);
    const before = scrollY, got = await files(all).catch(() => []);
    // Where one has gone on meanwhile, to files that were not asked for, nothing that is looked at is moved: it is asked for with them.
    const away = scrollY !== before && later(0).some((f) => !all.includes(f));
    hold(all, () => all.forEach((f, i) => { if (!away || !near(f, 0)) { if (got[i]) f.replaceWith(got[i]); else f.removeAttribute("data-later"); } }));
    aim();
  }
  loading = false;
};
const sight = new IntersectionObserver((seen) => { if (seen.some((e) => e.isIntersecting)) load(); }, { rootMargin: "100% 0px" });
const look = () => { for (const f of $$("[data-later]", fresh)) sight.observe(f); };

// #comment-1 may be in a file that is not there yet.
const aim = () => {
  const id = location.hash.slice(1), holder = id.startsWith("comment-") && !named(id) && fresh.querySelector(`[data-holds~="${CSS.escape(id)}"]`);
  if (holder) { aimed = id; holder.scrollIntoView(); } else if (aimed && named(aimed)) { named(aimed).scrollIntoView(); aimed = ""; }
};
let aimed = "";

// refresh takes what the page is by now. Who asks while it is on its way is served by one more.
let asked = 0;
const refresh = async () => {
  if (asked++) return;
  for (let before = 0; before !== asked; ) {
    before = asked;
    const res = await fetch(fresh.dataset.fresh).catch(() => null), next = res?.ok && (await parse(res)).querySelector("[data-fresh]");
    if (next) { hold([], () => become(fresh, next)); look(); }
  }
  asked = 0;
};

// data-stays: a form that is sent without leaving the page, so that nothing is lost that is written elsewhere on it.
const send = async (form, button) => {
  const res = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form, button)), redirect: "manual" }).catch(() => null);
  if (!res) { form.submit(); return; }
  if (res.type !== "opaqueredirect") {
    const again = (await parse(res)).querySelector("main form[data-stays]");
    if (again) form.replaceWith(again); else form.submit();
    return;
  }
  form.reset();
  const opened = form.closest("details.act");
  if (opened) { opened.open = false; home(opened); $("summary", opened).focus({ preventScroll: true }); }
  await refresh();
};

// A click on the number of a line takes the form of its file there, one with Shift makes a range of it. home takes it back.
const home = (say) => {
  const row = say.closest("[data-placed]");
  if (!row) return;
  row.closest(".change").append(say);
  row.remove();
};
const place = (cell, more) => {
  const row = cell.parentElement, table = row.closest("table"), split = table.classList.contains("split"), old = split ? cell.cellIndex === 0 : cell.cellIndex === 0 && row.classList.contains("d");
  const line = split ? cell.textContent : row.cells[old ? 0 : 1].textContent, say = cell.closest(".change").querySelector(".say");
  if (!line || !say || split && cell.cellIndex % 2) return;
  const { side, line: end, start } = $("form", say).elements, from = +(start.value || end.value);
  const range = more && from && side.value === (old ? "old" : "new") && from !== +line;
  [start.value, end.value] = range ? [Math.min(from, line), Math.max(from, line)] : ["", line];
  side.value = old ? "old" : "new";
  home(say);
  const under = document.createElement("tr"), room = under.insertCell();
  under.className = "talk";
  under.dataset.placed = "";
  room.colSpan = split ? 4 : 3;
  room.append(say);
  row.after(under);
  say.open = true;
  $("textarea", say).focus();
};

if (fresh) {
  document.addEventListener("submit", (e) => {
    if (!e.target.matches("[data-stays]")) return;
    e.preventDefault();
    send(e.target, e.submitter);
  });
  document.addEventListener("click", (e) => {
    const cell = e.target.closest(".diff > tbody > tr:not(.h, .talk) > td");
    if (cell && cell !== cell.parentElement.lastElementChild) place(cell, e.shiftKey);
  });
  addEventListener("hashchange", aim);
  look();
  aim();
  // Only a window that is looked at holds a stream.
  let stream = null;
  const watch = () => {
    if (document.hidden || !fresh.dataset.watch) { stream?.close(); stream = null; return; }
    if (stream) return;
    stream = new EventSource(fresh.dataset.watch);
    stream.addEventListener("changed", refresh);
  };
  document.addEventListener("visibilitychange", watch);
  watch();
}
