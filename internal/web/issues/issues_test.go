package issues_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/web/webtest"
)

const (
	all      = "/acme/widgets/issues"
	settings = "/acme/widgets/settings/issues"
)

// visitor is somebody who is signed in, with a token of the session.
type visitor struct {
	*webtest.Browser
	csrf string
}

func as(s *pailtest.Server, a account.Account) *visitor {
	s.T.Helper()
	b := webtest.As(s, a)
	return &visitor{b, webtest.Forms(s.T, b.See("/account/profile"))[0].Values.Get("csrf")}
}

// send posts a form that need not stand on a page, with fields in pairs of a name and a value.
func (v *visitor) send(path string, fields ...string) webtest.Reply {
	v.T.Helper()
	form := url.Values{"csrf": {v.csrf}}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return v.Post(path, form)
}

// on switches the tracker on.
func on(w *pailtest.World) *pailtest.World {
	w.Exec(`UPDATE repository SET has_issues = TRUE`)
	return w
}

// publish lets everybody read the repository.
func publish(w *pailtest.World) {
	w.Exec(`UPDATE project SET is_private = FALSE`)
	w.Exec(`UPDATE repository SET is_private = FALSE`)
}

// TestTracker: a tracker is off until an administrator switches it on, and says so; components, milestones and versions are made in its
// settings.
func TestTracker(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		member, owner, outsider := as(s, w.Member), as(s, w.Admin), as(s, w.Outsider)
		for _, path := range []string{"", "/new", "/1", "/filters"} {
			r := member.Get(all + path)
			webtest.Wants(t, r, http.StatusNotFound, "issue.tracker_off")
			webtest.Says(t, r, "The repository acme/widgets has no issue tracker", settings)
			webtest.Wants(t, outsider.Get(all+path), http.StatusNotFound, "repository.not_found")
		}
		webtest.Silent(t, member.See("/acme/widgets"), "Issues")
		webtest.Says(t, owner.See("/acme/widgets/settings"), "Issue tracker")
		webtest.Wants(t, member.Get(settings), http.StatusForbidden, "privilege.missing")
		webtest.Wants(t, member.send(settings, "has_issues", "true"), http.StatusForbidden, "privilege.missing")
		r := owner.See(settings)
		webtest.Says(t, r, "It is off", "Switch it on", "Components", "Milestones", "Versions")
		webtest.Says(t, owner.Follow(owner.Submit(r, settings, url.Values{"has_issues": {"true"}})), "The issue tracker is on.", "Switch it off", "Issues")
		webtest.Says(t, member.See(all), "There are no issues yet")

		for kind, name := range map[string]string{"components": "Gears <b>", "milestones": "Spring", "versions": "1.0"} {
			at := settings + "/" + kind
			add := func(name string) webtest.Reply {
				return owner.Submit(owner.See(settings), at, url.Values{"name": {name}})
			}
			webtest.Says(t, owner.Follow(add(name)), name+" is there.")
			webtest.Wants(t, add(name), http.StatusBadRequest, "conflict.exists")
			webtest.Wants(t, add(" "), http.StatusBadRequest, "body.missing_field")
			webtest.Wants(t, add(" x"), http.StatusBadRequest, "value.invalid")
			webtest.Wants(t, add(strings.Repeat("x", 129)), http.StatusBadRequest, "value.invalid")
			webtest.Says(t, owner.Follow(add("ZZ")), "ZZ")
			row := regexp.MustCompile(`action="(` + at + `/\d+)"`).FindStringSubmatch(owner.See(settings).Body)
			webtest.Wants(t, owner.Submit(owner.See(settings), row[1], url.Values{"name": {"ZZ"}}), http.StatusBadRequest, "conflict.exists")
			webtest.Says(t, owner.Follow(owner.Submit(owner.See(settings), row[1], url.Values{"name": {"Renamed"}})), "is renamed.", "Renamed")
			webtest.Wants(t, member.send(row[1], "do", "delete"), http.StatusForbidden, "privilege.missing")
			webtest.Wants(t, owner.send(row[1], "do", "dance"), http.StatusBadRequest, "value.invalid")
			gone := owner.Follow(owner.Submit(owner.See(settings), row[1], url.Values{"do": {"delete"}}))
			webtest.Silent(t, gone, "Renamed")
			for _, do := range []string{"delete", "rename"} {
				webtest.Wants(t, owner.send(row[1], "do", do, "name", "x"), http.StatusNotFound, "resource.not_found")
			}
			webtest.Wants(t, owner.send(at+"/x", "do", "delete"), http.StatusNotFound, "resource.not_found")
		}
		webtest.Wants(t, owner.send(settings+"/labels", "name", "x"), http.StatusNotFound, "resource.not_found")
		webtest.Wants(t, owner.send(settings+"/labels/1", "do", "delete"), http.StatusNotFound, "resource.not_found")
		webtest.Says(t, owner.Follow(owner.Submit(owner.See(settings), settings, url.Values{"has_issues": {"false"}})), "The issue tracker is off.")
		webtest.Wants(t, member.Get(all), http.StatusNotFound, "issue.tracker_off")
	})
}

// TestIssue: an issue is reported, talked about, changed and deleted, each by whom the API lets do it.
func TestIssue(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := on(s.World())
		member, owner, outsider, nobody := as(s, w.Member), as(s, w.Admin), as(s, w.Outsider), webtest.Open(s)
		one := all + "/1"
		for kind, name := range map[string]string{"components": "Gears", "milestones": "Spring", "versions": "1.0"} {
			owner.Follow(owner.Submit(owner.See(settings), settings+"/"+kind, url.Values{"name": {name}}))
		}
		form := member.See(all + "/new")
		for name, wrong := range map[string]string{"title": " ", "assignee": "nobody-there", "kind": "song", "component.name": "Wheels"} {
			again := member.Submit(form, all+"/new", url.Values{"title": {"It breaks"}, "content.raw": {"Kept **as** it is"}, name: {wrong}})
			if again.Status != http.StatusBadRequest || !strings.Contains(again.Body, "Kept **as** it is") || !strings.Contains(again.Body, `id="`+name+`-problem"`) {
				t.Errorf("%s: %d %s", name, again.Status, webtest.Text(t, again))
			}
		}
		made := member.Follow(member.Submit(form, all+"/new", url.Values{"title": {"It <b>breaks"}, "content.raw": {"At **once**.\r\n\r\n<script>alert(1)</script> See #1 and #2."}, "priority": {"blocker"},
			"component.name": {"Gears"}, "version.name": {"1.0"}, "assignee": {w.Admin.Username}}))
		if made.Path != one || !strings.Contains(made.Body, "<strong>once</strong>") || strings.Contains(made.Body, "<script>alert") || !strings.Contains(made.Body, `<a href="`+one+`" title="It &lt;b&gt;breaks"`) ||
			strings.Contains(made.Body, one[:len(one)-1]+`2"`) {
			t.Errorf("%s\n%s", made.Path, made.Body)
		}
		webtest.Says(t, made, "The issue is there.", "It <b>breaks #1", "new Member reported it", "Priority blocker", "Assignee Admin", "Component Gears", "Version 1.0", "Votes 0", "Watchers 1", "Issues 1")
		webtest.Silent(t, made, "Milestone", "Spring")
		webtest.Says(t, member.See(all), "It <b>breaks", "#1 bug · Gears · 1.0", "blocker", "Admin")

		// Somebody says something, and changes the state with it.
		comments := one + "/comments"
		said := owner.Submit(owner.See(one), comments, url.Values{"content.raw": {"How **cold** is it?"}})
		if !strings.HasSuffix(said.Location(), one+"#comment-1") {
			t.Errorf("it leads to %s", said.Location())
		}
		page := owner.Follow(said)
		webtest.Says(t, page, "Your comment is there.", "How cold is it?", "Watchers 2")
		if !strings.Contains(page.Body, `id="comment-1"`) {
			t.Error("the comment has no place")
		}
		moved := owner.Submit(page, comments, url.Values{"content.raw": {"I look at it."}, "state": {"open"}})
		if !strings.HasSuffix(moved.Location(), one+"#comment-2") {
			t.Errorf("it leads to %s", moved.Location())
		}
		webtest.Says(t, owner.Follow(moved), "The issue is open.", "Admin changed the state from “ new ” to “ open ”", "I look at it.")
		quiet := owner.Submit(owner.See(one), comments, url.Values{"content.raw": {""}, "state": {"on hold"}})
		if !strings.HasSuffix(quiet.Location(), one+"#change-3") {
			t.Errorf("it leads to %s", quiet.Location())
		}
		webtest.Says(t, owner.Follow(quiet), "changed the state from “ open ” to “ on hold ”")
		webtest.Wants(t, owner.Submit(owner.See(one), comments, url.Values{"content.raw": {""}, "state": {""}}), http.StatusBadRequest, "body.missing_field")
		again := owner.Submit(owner.See(one), comments, url.Values{"content.raw": {"Kept " + strings.Repeat("x", 33<<10)}, "state": {"open"}})
		webtest.Wants(t, again, http.StatusBadRequest, "value.invalid")
		if !strings.Contains(again.Body, `id="say-content.raw-problem"`) {
			t.Error("the text is not marked")
		}
		webtest.Wants(t, owner.Submit(owner.See(one), comments, url.Values{"content.raw": {"x"}, "state": {"lost"}}), http.StatusBadRequest, "value.invalid")

		// Who wrote a comment changes it; an administrator can take it away.
		webtest.Wants(t, member.send(comments+"/1", "do", "edit", "content.raw", "No"), http.StatusForbidden, "privilege.missing")
		webtest.Wants(t, member.send(comments+"/1", "do", "delete"), http.StatusForbidden, "privilege.missing")
		webtest.Wants(t, owner.send(comments+"/1", "do", "dance"), http.StatusBadRequest, "value.invalid")
		webtest.Wants(t, owner.send(comments+"/99", "do", "edit"), http.StatusNotFound, "resource.not_found")
		webtest.Wants(t, owner.send(comments+"/x", "do", "edit"), http.StatusNotFound, "resource.not_found")
		empty := owner.Submit(owner.See(one), comments+"/1", url.Values{"do": {"edit"}, "content.raw": {" "}})
		webtest.Wants(t, empty, http.StatusBadRequest, "body.missing_field")
		webtest.Says(t, owner.Follow(owner.Submit(owner.See(one), comments+"/1", url.Values{"do": {"edit"}, "content.raw": {"How wet?"}})), "The comment is changed.", "How wet?", "edited")
		member.Follow(member.Submit(member.See(one), comments, url.Values{"content.raw": {"Very wet."}, "state": {""}}))
		gone := owner.Follow(owner.Submit(owner.See(one), comments+"/4", url.Values{"do": {"delete"}}))
		webtest.Silent(t, gone, "Very wet.")
		owner.Follow(owner.Submit(owner.See(one), comments+"/2", url.Values{"do": {"delete"}}))
		webtest.Says(t, owner.See(one), "changed the state from “ new ” to “ open ”") // what was changed with it stays
		webtest.Silent(t, owner.See(one), "I look at it.")

		// Changes.
		edit := one + "/edit"
		webtest.Says(t, owner.Follow(owner.Submit(owner.See(edit), edit, nil)), "nothing is changed")
		webtest.Wants(t, owner.Submit(owner.See(edit), edit, url.Values{"title": {""}}), http.StatusBadRequest, "body.missing_field")
		changed := owner.Follow(owner.Submit(owner.See(edit), edit, url.Values{"title": {"It grinds"}, "content.raw": {""}, "kind": {"task"}, "assignee": {""}, "component.name": {""}, "milestone.name": {"Spring"}}))
		webtest.Says(t, changed, "The issue is changed.", "It grinds", "It has no description.", "Assignee nobody", "Milestone Spring", "changed the title from “ It <b>breaks ” to “ It grinds ”",
			"took away the assignee “ Admin ”", "changed the kind from “ bug ” to “ task ”", "took away the component “ Gears ”", "set the milestone to “ Spring ”", "changed the description", "and it was edited")
		webtest.Says(t, owner.Follow(owner.Submit(changed, edit, url.Values{"assignee": {w.Admin.Username}})), "Assignee Admin", "set the assignee to “ Admin ”", "Milestone Spring")
		for _, step := range [][3]string{{"vote", "votes", "You vote for it. Votes 1"}, {"vote", "votes", "Your vote is taken back. Votes 0"}, {"watch", "watches", "You do not watch it any more. Watchers 1"}, {"watch", "watches", "You watch it. Watchers 2"}} {
			page := owner.See(one)
			done := owner.Follow(owner.Submit(page, one+"/"+step[0], nil))
			sentence, count, _ := strings.Cut(step[2], ". ")
			webtest.Says(t, done, sentence+".", count)
		}

		// Others.
		for _, path := range []string{all, one} {
			webtest.Wants(t, outsider.Get(path), http.StatusNotFound, "repository.not_found")
		}
		webtest.Wants(t, outsider.send(comments, "content.raw", "Me, too"), http.StatusNotFound, "repository.not_found")
		webtest.Wants(t, member.Get(all+"/99"), http.StatusNotFound, "resource.not_found")
		webtest.Wants(t, member.Get(all+"/x"), http.StatusNotFound, "resource.not_found")
		publish(w)
		page = outsider.See(one)
		webtest.Says(t, page, "It grinds", "Vote for it")
		webtest.Silent(t, page, "Delete this issue", "Attach files")
		for _, f := range webtest.Forms(t, page) {
			if f.Action == edit || strings.Contains(f.Action, "/comments/") {
				t.Errorf("an outsider gets the form %s", f.Action)
			}
		}
		webtest.Says(t, outsider.Follow(outsider.Submit(page, comments, url.Values{"content.raw": {"Here, too."}})), "Here, too.")
		webtest.Wants(t, outsider.send(comments, "content.raw", "Mine", "state", "closed"), http.StatusForbidden, "privilege.missing")
		webtest.Wants(t, outsider.send(edit, "title", "Mine"), http.StatusForbidden, "privilege.missing")
		webtest.Wants(t, outsider.Get(edit), http.StatusForbidden, "privilege.missing")
		webtest.Wants(t, outsider.send(one+"/delete"), http.StatusForbidden, "privilege.missing")
		own := outsider.Follow(outsider.Submit(outsider.See(all+"/new"), all+"/new", url.Values{"title": {"From outside"}}))
		webtest.Says(t, outsider.Follow(outsider.Submit(own, all+"/2/comments", url.Values{"content.raw": {"Never mind"}, "state": {"invalid"}})), "The issue is invalid.")
		page = nobody.See(one)
		webtest.Says(t, page, "It grinds", "Sign in to comment on it.")
		for _, f := range webtest.Forms(t, page) {
			if f.Method == "post" {
				t.Errorf("nobody gets the form %s", f.Action)
			}
		}
		if r := nobody.Get(all + "/new"); !strings.HasPrefix(r.Location(), "/signin?next=") {
			t.Errorf("%d %s", r.Status, r.Location())
		}
		webtest.Wants(t, nobody.Post(comments, url.Values{"content.raw": {"x"}}), http.StatusUnauthorized, "credential.missing")

		// What the API calls the addresses of all that.
		issues := w.Token(w.Admin, "read:issue")
		for path, at := range map[string]string{"": "links.html.href", "/comments/1": "links.html.href"} {
			href := w.Want(w.Do(issues, "GET", "/2.0/repositories/acme/widgets/issues/1"+path, nil), 200).String(at)
			to, anchor, _ := strings.Cut(strings.TrimPrefix(href, s.URL), "#")
			if r := owner.See(to); anchor != "" && !strings.Contains(r.Body, `id="`+anchor+`"`) {
				t.Errorf("%s leads nowhere", href)
			}
		}
		webtest.Says(t, owner.Follow(owner.Submit(owner.See(one), one+"/delete", nil)), "The issue #1 is deleted.", "Issues")
		webtest.Wants(t, owner.Get(one), http.StatusNotFound, "resource.not_found")
	})
}

// titles are those that a list shows, in its order.
func titles(r webtest.Reply) (all []string) {
	for _, m := range regexp.MustCompile(`<th scope="row"><a class="clip"[^>]*>([^<]*)</a>`).FindAllStringSubmatch(r.Body, -1) {
		all = append(all, m[1])
	}
	return all
}

// TestFilters: the list shows what it is asked for; what somebody looks for again and again is kept for them alone.
func TestFilters(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := on(s.World())
		member, owner := as(s, w.Member), as(s, w.Admin)
		owner.Follow(owner.Submit(owner.See(settings), settings+"/components", url.Values{"name": {"Gears"}}))
		report := func(b *visitor, title string, more url.Values) {
			more.Set("title", title)
			b.Follow(b.Submit(b.See(all+"/new"), all+"/new", more))
		}
		report(owner, "one", url.Values{"kind": {"task"}, "assignee": {w.Member.Username}, "component.name": {"Gears"}})
		report(member, "two", url.Values{"priority": {"trivial"}, "content.raw": {"100% of_it"}})
		report(owner, "three", url.Values{"priority": {"blocker"}, "assignee": {w.Admin.Username}})
		owner.Follow(owner.Submit(owner.See(all+"/1"), all+"/1/comments", url.Values{"content.raw": {""}, "state": {"closed"}}))
		member.Follow(member.Submit(member.See(all+"/2"), all+"/2/vote", nil))
		for query, want := range map[string]string{"": "three two", "?state=any": "three two one", "?state=closed": "one", "?state=lost": "three two", "?kind=task": "", "?kind=task&state=any": "one",
			"?priority=blocker": "three", "?assignee=%40me": "three", "?assignee=" + w.Member.Username + "&state=any": "one", "?assignee=%40nobody": "two", "?reporter=" + w.Member.Username: "two",
			"?reporter=%40me&state=any": "three one", "?component=Gears&state=any": "one", "?component=Wheels": "", "?milestone=x": "", "?version=%00": "", "?watcher=%40me&state=any": "three one", "?watcher=x": "three two",
			"?q=TWO": "two", "?q=100%25+of_": "two", "?q=h__e": "", "?q=" + strings.Repeat("x", 300): "", "?q=%ff": "", "?sort=id&state=any": "one two three", "?sort=-updated_on&state=any": "one three two",
			"?sort=priority": "three two", "?sort=-votes": "two three", "?sort=title": "three two", "?sort=number": "three two", "?page=2": "", "?sort=title&q=t": "three two"} {
			if got := strings.Join(titles(owner.See(all+query)), " "); got != want {
				t.Errorf("%s shows %q, want %q", query, got, want)
			}
		}
		list := owner.See(all)
		for _, view := range []struct{ name, want string }{{"Open", "three two"}, {"Mine", "three"}, {"Reported by me", "three one"}, {"Watching", "three one"}, {"All", "three two one"}} {
			m := regexp.MustCompile(`<a href="([^"]*)"[^>]*><bdi>` + view.name + `</bdi>`).FindStringSubmatch(list.Body)
			r := owner.See(strings.ReplaceAll(m[1], "&amp;", "&"))
			if got := strings.Join(titles(r), " "); got != view.want || !strings.Contains(r.Body, `aria-current="true"><bdi>`+view.name+`</bdi>`) {
				t.Errorf("%s shows %q, want %q", view.name, got, view.want)
			}
		}
		webtest.Silent(t, list, "Save this as a filter", "Manage filters")

		// Filters of one's own.
		filters := all + "/filters"
		save := func(b *visitor, query, name string) webtest.Reply {
			return b.Submit(b.See(all+"?"+query), filters, url.Values{"name": {name}})
		}
		made := owner.Follow(save(owner, "component=Gears&state=any&page=1&unknown=x", "Of <b>gears"))
		webtest.Says(t, made, "The filter is saved.", "Of <b>gears", "Manage filters")
		if made.Path != all+"?component=Gears&state=any" || strings.Join(titles(made), "") != "one" {
			t.Errorf("it is at %s", made.Path)
		}
		for _, name := range []string{"", " ", strings.Repeat("x", 101), "a\x00b"} {
			if r := save(owner, "q=x", name); r.Status != http.StatusBadRequest || !strings.Contains(r.Body, `id="save-name-problem"`) {
				t.Errorf("%q: %d %s", name, r.Status, webtest.Text(t, r))
			}
		}
		long := save(owner, "q="+strings.Repeat("x", 2500), "Long")
		webtest.Wants(t, long, http.StatusBadRequest, "value.invalid")
		webtest.Says(t, long, "What a filter looks for has at most 2000 characters.")
		owner.Follow(save(owner, "q=two", "Of <b>gears")) // in its place
		owner.Follow(save(owner, "q=three", "Third"))
		page := owner.See(filters)
		ids := regexp.MustCompile(`name="id" value="([^"]*)"`).FindAllStringSubmatch(page.Body, -1)
		if len(ids) != 4 || !strings.Contains(page.Body, all+`?q=two"`) {
			t.Fatalf("%v\n%s", ids, page.Body)
		}
		first, second := ids[0][1], ids[2][1]
		rename := func(b *visitor, id, name string) webtest.Reply {
			return b.send(filters, "do", "rename", "id", id, "name", name)
		}
		webtest.Wants(t, rename(owner, second, "Of <b>gears"), http.StatusBadRequest, "value.invalid")
		webtest.Says(t, owner.Follow(rename(owner, second, "3rd")), "The filter is renamed.", "3rd")
		webtest.Silent(t, member.See(all), "gears", "3rd")
		webtest.Silent(t, member.See(filters), "gears", "3rd")
		webtest.Wants(t, rename(member, first, "Mine"), http.StatusNotFound, "resource.not_found")
		webtest.Wants(t, member.send(filters, "do", "delete", "id", first), http.StatusNotFound, "resource.not_found")
		webtest.Wants(t, owner.send(filters, "do", "dance", "id", first), http.StatusBadRequest, "value.invalid")
		webtest.Wants(t, owner.send(filters, "do", "delete", "id", "\x00"), http.StatusNotFound, "resource.not_found")
		webtest.Silent(t, owner.Follow(owner.send(filters, "do", "delete", "id", first)), "gears")
		webtest.Says(t, owner.See(filters), "3rd")

		// So many, and no more, however many are saved at once.
		var saving sync.WaitGroup
		for i := range 60 {
			saving.Go(func() { _ = w.Issues.SaveFilter(context.Background(), w.Repository, w.Member.ID, fmt.Sprint(i), "q=x") })
		}
		saving.Wait()
		if kept, err := w.Issues.Filters(context.Background(), w.Repository, w.Member.ID); err != nil || len(kept) != 50 {
			t.Errorf("%d filters are kept: %v", len(kept), err)
		}
		r := save(member, "q=y", "One more")
		webtest.Wants(t, r, http.StatusBadRequest, "value.invalid")
		webtest.Says(t, r, "at most 50 filters")
	})
}

// TestFiles: files come, are fetched and go, as with the API.
func TestFiles(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := on(s.World())
		member, owner, outsider, nobody := as(s, w.Member), as(s, w.Admin), as(s, w.Outsider), webtest.Open(s)
		one, files := all+"/1", all+"/1/attachments"
		member.Follow(member.Submit(member.See(all+"/new"), all+"/new", url.Values{"title": {"It breaks"}}))
		send := func(b *webtest.Browser, fields ...string) webtest.Reply {
			body, kind := webtest.Files(t, fields...)
			return b.Do("POST", files, body, "Content-Type", kind)
		}
		before := s.Store()
		webtest.Wants(t, send(member.Browser, "files:a.txt", "x"), 403, "csrf.missing")
		webtest.Wants(t, send(member.Browser, "files:a.txt", "x", "csrf", member.csrf), 403, "csrf.missing") // it comes first, or not at all
		webtest.Wants(t, send(outsider.Browser, "csrf", outsider.csrf, "files:a.txt", "x"), 404, "repository.not_found")
		webtest.Wants(t, send(nobody, "csrf", "x", "files:a.txt", "x"), 401, "credential.missing")
		r := send(member.Browser, "csrf", member.csrf, "files:a\u202eb", "x")
		webtest.Wants(t, r, 400, "value.invalid")
		webtest.Says(t, r, "This cannot be the name of a file.")
		webtest.Wants(t, send(member.Browser, "csrf", member.csrf), 400, "body.missing_field")
		if s.Store() != before {
			t.Error("a refused upload left something")
		}
		webtest.Says(t, member.Follow(send(member.Browser, "csrf", member.csrf, "files:log.txt", "first", "files:<script>alert(1)</script>.html", "<script>alert(2)</script>")), "2 files are there.", "log.txt", "5 B", "Member")
		page := owner.Follow(send(owner.Browser, "csrf", owner.csrf, "files:log.txt", "second!"))
		webtest.Says(t, page, "The file log.txt is there.", "7 B", "Admin")
		webtest.Silent(t, page, "<script>alert")
		links := regexp.MustCompile(`<a href="(`+files+`/[^"]*)"`).FindAllStringSubmatch(page.Body, -1)
		if len(links) != 2 {
			t.Fatalf("%v", links)
		}
		for _, link := range links {
			r := member.Get(link[1])
			if r.Status != 200 || !strings.HasPrefix(r.Header.Get("Content-Disposition"), "attachment") || !strings.Contains(r.Header.Get("Content-Security-Policy"), "sandbox") ||
				r.Header.Get("Content-Type") != "application/octet-stream" || r.Body != "second!" && r.Body != "<script>alert(2)</script>" {
				t.Errorf("%s: %d %v %q", link[1], r.Status, r.Header, r.Body)
			}
			webtest.Wants(t, outsider.Get(link[1]), 404, "repository.not_found")
		}
		webtest.Wants(t, member.Get(files+"/nope"), 404, "resource.not_found")
		publish(w)
		if r := nobody.Get(files + "/log.txt"); r.Body != "second!" {
			t.Errorf("%d", r.Status)
		}
		webtest.Wants(t, send(outsider.Browser, "csrf", outsider.csrf, "files:a.txt", "x"), 403, "privilege.missing")
		webtest.Wants(t, outsider.send(files+"/log.txt"), 403, "privilege.missing")
		gone := owner.Follow(owner.Submit(owner.See(one), files+"/log.txt", nil))
		webtest.Says(t, gone, "The file log.txt is deleted.")
		webtest.Wants(t, member.Get(files+"/log.txt"), 404, "resource.not_found")
		webtest.Wants(t, owner.send(files+"/log.txt"), 404, "resource.not_found")
	})
}
