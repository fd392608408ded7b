// What pages do besides, where scripts run: every page works without. Parts say in data- attributes what they want.
"use strict";
const $ = (what, within = document) => within.querySelector(what);
const $$ = (what, within = document) => within.querySelectorAll(what);

// data-copy: a button that copies the text of the block before it.
for (const button of $$("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = button.parentElement.querySelector("code, input").textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Select and copy";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
}

// data-menu: a menu that closes when something else is chosen.
document.addEventListener("click", (e) => {
  for (const menu of $$("[data-menu][open]")) if (!menu.contains(e.target)) menu.open = false;
});
document.addEventListener("keydown", (e) => {
  if (e.key !== "Escape") return;
  for (const menu of $$("[data-menu][open]")) { menu.open = false; $("summary", menu).focus(); }
});

// data-filter="#list": a search field that hides what does not hold every word of it. Items are data-item, and a group
// (data-group) without a visible item is hidden with them.
for (const field of $$("[data-filter]")) {
  const list = $(field.dataset.filter);
  if (!list) continue;
  const items = [...list.querySelectorAll("[data-item]")].map((e) => [e, e.textContent.toLowerCase()]);
  const filter = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const [e, text] of items) e.hidden = !words.every((w) => text.includes(w));
    for (const g of $$("[data-group]", list)) g.hidden = !$("[data-item]:not([hidden])", g);
  };
  field.addEventListener("input", filter);
  if (field.value) filter();
}

// Lines of a file: #L3-L7 marks them, and a click with Shift makes such an address out of the line that is marked.
const part = () => location.hash.match(/^#L(\d+)(?:-L(\d+))?$/);
const mark = () => {
  for (const row of $$(".src .in")) row.classList.remove("in");
  const [, from, to] = part() ?? [];
  if (!to) return;
  for (let n = +from; n <= +to; n++) document.getElementById("L" + n)?.classList.add("in");
  document.getElementById("L" + from)?.scrollIntoView();
};
if ($(".src")) {
  addEventListener("hashchange", mark);
  document.addEventListener("click", (e) => {
    const to = e.shiftKey && e.target.closest(".src a[href^='#L']")?.hash.slice(2), from = part()?.[1];
    if (!to || !from) return;
    e.preventDefault();
    location.hash = "L" + Math.min(from, to) + "-L" + Math.max(from, to);
  });
  mark();
}

// edited tells whether somebody has begun to write something in a part of the page.
const edited = (part) => [...part.querySelectorAll("textarea")].some((t) => t.value !== t.defaultValue);

// data-drop: a form with files, which those that are dropped on the page are sent with; at once, unless something else is being written.
// Files are seen when they are dropped, and not before.
ondragenter = ondragover = ondrop = (e) => {
  const form = $("[data-drop]"), { types, files } = e.dataTransfer;
  if (!form || !types.includes("Files")) return;
  e.preventDefault();
  if (!files.length) return;
  form.elements.files.files = files;
  form.closest("details").open = true;
  if (edited(document)) form.lastElementChild.focus(); else form.requestSubmit();
};

// data-live="#part": a form that shows in that part what its choices mean. The page at data-live-from answers the form with
// itself, and the part is taken from there; data-live-button asks the same without a script. Where text is written, a pause is a change.
for (const form of $$("[data-live]")) {
  let last = 0, pause;
  $("[data-live-button]", form).hidden = true;
  form.addEventListener("input", (e) => {
    if (!e.target.matches("textarea")) return;
    clearTimeout(pause);
    pause = setTimeout(() => form.dispatchEvent(new Event("change")), 500);
  });
  form.addEventListener("change", async () => {
    clearTimeout(pause);
    const now = ++last;
    const res = await fetch(form.dataset.liveFrom, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    if (!res.ok || now !== last) return;
    const part = new DOMParser().parseFromString(await res.text(), "text/html").querySelector(form.dataset.live);
    if (part && now === last) $(form.dataset.live).replaceChildren(...part.childNodes);
  });
}
