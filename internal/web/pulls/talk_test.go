package pulls_test

import (
	"bufio"
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/web/webtest"
)

const one = all + "/1"

// token is a token of the visitor's session.
func token(t *testing.T, b *webtest.Browser, values ...string) url.Values {
	t.Helper()
	sent := url.Values{"csrf": {webtest.Forms(t, b.See("/account/profile"))[0].Values.Get("csrf")}}
	for i := 0; i < len(values); i += 2 {
		sent.Set(values[i], values[i+1])
	}
	return sent
}

// TestTalk: people comment, answer, change and delete what they have said, keep it back and publish it, without any script.
func TestTalk(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		c := newClone(s.World())
		c.push("greet", "greet.txt", "hello\n", "Greet everybody")
		member, owner, outsider := webtest.As(s, c.Member), webtest.As(s, c.Admin), webtest.As(s, c.Outsider)
		open(t, member, "from=greet&to=main", url.Values{"title": {"Look at it"}})
		comments, tasks := one+"/comments", one+"/tasks"
		text := func(s string) url.Values { return url.Values{"content.raw": {s}} }

		for name, wrong := range map[string]string{"Required": " ", "characters": strings.Repeat("x", 33<<10)} {
			again := owner.Submit(owner.See(one), comments, text(wrong))
			webtest.Wants(t, again, http.StatusBadRequest, map[string]string{"Required": "body.missing_field", "characters": "value.invalid"}[name])
			webtest.Says(t, again, name)
			if !strings.Contains(again.Body, "content.raw-problem") || !strings.Contains(again.Body, strings.TrimSpace(wrong)) {
				t.Errorf("the refusal is not shown at the field: %.3000s", again.Body)
			}
		}
		said := owner.Follow(owner.Submit(owner.See(one), comments, text("Is it **enough**? <script>alert(1)</script>")))
		webtest.Says(t, said, "Your comment is there.", "Is it enough ?")
		if strings.Contains(said.Body, "<script>alert") {
			t.Error("a script gets through")
		}
		answered := member.Follow(member.Submit(member.See(one), comments, url.Values{"parent.id": {"1"}, "content.raw": {"It\r\nis."}}))
		webtest.Says(t, answered, "Is it enough ?", "It is.")
		if strings.Contains(answered.Body, `id="edit-1"`) || strings.Contains(answered.Body, `id="delete-1"`) || !strings.Contains(answered.Body, `id="edit-2"`) {
			t.Error("the wrong things can be changed")
		}
		webtest.Wants(t, member.Post(comments+"/1", token(t, member, "do", "edit", "content.raw", "No")), http.StatusForbidden, "privilege.missing")
		webtest.Wants(t, member.Post(comments+"/1", token(t, member, "do", "delete")), http.StatusForbidden, "privilege.missing")
		webtest.Wants(t, member.Post(comments+"/1", token(t, member, "do", "resolve")), http.StatusForbidden, "pullrequest.thread")
		webtest.Wants(t, member.Post(comments+"/1", token(t, member, "do", "dance")), http.StatusBadRequest, "value.invalid")
		webtest.Wants(t, outsider.Post(comments, token(t, outsider, "content.raw", "Me, too")), http.StatusNotFound, "repository.not_found")
		webtest.Wants(t, member.Post(comments+"/99", token(t, member, "do", "edit")), http.StatusNotFound, "resource.not_found")
		webtest.Wants(t, member.Post(comments, token(t, member, "parent.id", "99", "content.raw", "x")), http.StatusNotFound, "resource.not_found")

		empty := owner.Submit(owner.See(one), comments+"/1", url.Values{"do": {"edit"}, "content.raw": {""}})
		webtest.Wants(t, empty, http.StatusBadRequest, "body.missing_field")
		webtest.Says(t, empty, "Change a comment")
		webtest.Says(t, owner.Follow(owner.Submit(owner.See(one), comments+"/1", url.Values{"do": {"edit"}, "content.raw": {"Is it all?"}})), "The comment is changed.", "Is it all?", "edited")
		gone := owner.Follow(owner.Submit(owner.See(one), comments+"/1", url.Values{"do": {"delete"}}))
		webtest.Says(t, gone, "The comment is deleted.", "This comment was deleted.", "It is.")
		webtest.Silent(t, gone, "Is it all?")
		webtest.Wants(t, owner.Post(comments+"/1", token(t, owner, "do", "edit", "content.raw", "Back")), http.StatusNotFound, "resource.not_found")
		webtest.Silent(t, owner.Follow(owner.Submit(owner.See(one), comments+"/2", url.Values{"do": {"delete"}})), "This comment was deleted.", "It is.")

		// What is kept back is seen by its author alone.
		kept := member.Follow(member.Submit(member.See(one), comments, url.Values{"content.raw": {"Not yet."}, "pending": {"true"}}))
		webtest.Says(t, kept, "Your comment is kept for you", "pending in 1 place", "Not yet.")
		member.Follow(member.Submit(member.See(one), tasks, url.Values{"comment.id": {"3"}, "content.raw": {"Think."}}))
		webtest.Silent(t, owner.See(one), "Not yet.", "Think.", "pending")
		webtest.Wants(t, owner.Post(comments+"/3", token(t, owner, "do", "publish")), http.StatusNotFound, "resource.not_found")
		webtest.Says(t, member.Follow(member.Submit(member.See(one), comments+"/3", url.Values{"do": {"publish"}})), "Others see the comment now.")
		webtest.Says(t, owner.See(one), "Not yet.", "Think.", "Task 1 open")
		member.Follow(member.Submit(member.See(one), comments, url.Values{"content.raw": {"One."}, "pending": {"true"}}))
		member.Follow(member.Submit(member.See(one), comments, url.Values{"content.raw": {"Two."}, "parent.id": {"4"}, "pending": {"true"}}))
		member.Follow(member.Submit(member.See(one), tasks, url.Values{"content.raw": {"Three."}, "pending": {"true"}}))
		webtest.Says(t, member.See(one), "pending in 3 places")
		webtest.Says(t, member.Follow(member.Submit(member.See(one), one+"/publish", nil)), "Others see all that you have said.")
		webtest.Says(t, owner.See(one), "One.", "Two.", "Three.")

		// Tasks.
		webtest.Wants(t, owner.Submit(owner.See(one), tasks, text("")), http.StatusBadRequest, "body.missing_field")
		webtest.Says(t, owner.Follow(owner.Submit(owner.See(one), tasks, text("Say **why**"))), "The task is there.", "Say why")
		webtest.Says(t, member.Follow(member.Submit(member.See(one), tasks+"/3", url.Values{"do": {"resolve"}})), "The task is done.")
		webtest.Says(t, member.Follow(member.Submit(member.See(one), tasks+"/3", url.Values{"do": {"reopen"}})), "The task is open again.")
		webtest.Wants(t, member.Post(tasks+"/3", token(t, member, "do", "edit", "content.raw", "No")), http.StatusForbidden, "privilege.missing")
		webtest.Wants(t, member.Post(tasks+"/3", token(t, member, "do", "delete")), http.StatusForbidden, "privilege.missing")
		webtest.Wants(t, member.Post(tasks+"/99", token(t, member, "do", "resolve")), http.StatusNotFound, "resource.not_found")
		webtest.Says(t, owner.Submit(owner.See(one), tasks+"/3", url.Values{"do": {"edit"}, "content.raw": {" "}}), "Change a task")
		webtest.Says(t, owner.Follow(owner.Submit(owner.See(one), tasks+"/3", url.Values{"do": {"edit"}, "content.raw": {"Say how"}})), "The task is changed.", "Say how")
		webtest.Silent(t, owner.Follow(owner.Submit(owner.See(one), tasks+"/3", url.Values{"do": {"delete"}})), "Say how")
	})
}

// TestLines: a comment stands under its line, on the side that it is about, in both views; it moves with the line, is outdated when
// that goes, and none is made on what the visitor has not seen.
func TestLines(t *testing.T) {
	t.Parallel()
	c := newClone(pailtest.Start(t, pailtest.Options{}).World())
	c.push("main", "greet.txt", "one\ntwo\nthree\nfour\n", "Before")
	c.push("greet", "greet.txt", "one\n2\nthree\nfour\nfive\n", "Greet everybody")
	member, owner := webtest.As(c.Server, c.Member), webtest.As(c.Server, c.Admin)
	open(t, member, "from=greet&to=main", url.Values{"title": {"Look at it"}})
	comments := one + "/comments"
	on := func(page webtest.Reply, side, line, start, text string) webtest.Reply {
		return owner.Submit(page, comments, url.Values{"side": {side}, "line": {line}, "start": {start}, "content.raw": {text}})
	}
	old := owner.See(one)
	for want, place := range map[string][3]string{"A line is needed": {"new", "", ""}, "counted from 1": {"new", "x", ""}, "Lines are counted": {"old", "0", ""}, "is behind": {"new", "2", "4"}} {
		r := on(old, place[0], place[1], place[2], "Kept as it is")
		webtest.Wants(t, r, http.StatusBadRequest, "value.invalid")
		webtest.Says(t, r, want, "Kept as it is")
	}
	webtest.Says(t, owner.Follow(on(old, "new", "2", "", "On two")), "Your comment is there.", "On two", "One file of several.")
	owner.Follow(on(old, "old", "2", "", "On the old two"))
	owner.Follow(on(old, "new", "4", "3", "On three and four"))
	owner.Follow(on(old, "file", "", "", "On the file"))
	owner.Follow(on(old, "new", "1000", "", "Far away"))
	near := regexp.MustCompile(`(?s)<td>([^<]*)</td></tr>\s*<tr class="talk">(.*?)</tr>`)
	unified, split := member.See(one), member.See(one+"?view=split")
	under := map[string]string{}
	for _, m := range near.FindAllStringSubmatch(unified.Body, -1) {
		under[m[1]] += m[2]
	}
	if !strings.Contains(under["2"], "On two") || !strings.Contains(under["two"], "On the old two") || !strings.Contains(under["four"], "On three and four") {
		t.Errorf("comments stand elsewhere: %q", under)
	}
	for _, page := range []webtest.Reply{unified, split} {
		webtest.Says(t, page, "5 comments", "lines 3 to 4", "On the file", "Far away", "line 2 before the change")
		for _, text := range []string{"On two", "On the old two", "On three and four", "On the file", "Far away"} {
			if n := strings.Count(page.Body, text+"</p>"); n != 1 {
				t.Errorf("%s: %q is there %d times", page.Path, text, n)
			}
		}
	}
	if m := regexp.MustCompile(`(?s)<tr class="talk"><td colspan="2">(.*?)</td><td colspan="2">(.*?)</td></tr>`).FindStringSubmatch(split.Body); m == nil || !strings.Contains(m[1], "On the old two") || !strings.Contains(m[2], "On two") {
		t.Errorf("side by side they stand elsewhere: %q", m)
	}

	webtest.Says(t, member.Follow(member.Submit(unified, comments+"/1", url.Values{"do": {"resolve"}})), "The comment is resolved.", "resolved", "Reopen")
	webtest.Says(t, member.Follow(member.Submit(member.See(one), comments+"/1", url.Values{"do": {"reopen"}})), "The comment is open again.")
	webtest.Says(t, member.Follow(member.Submit(member.See(one), comments, url.Values{"parent.id": {"1"}, "content.raw": {"It is"}})), "It is", "On two")

	c.push("greet", "greet.txt", "zero\none\n2\nfour\nfive\n", "Without three")
	moved := on(old, "new", "2", "", "On what was two")
	webtest.Wants(t, moved, http.StatusConflict, "pullrequest.moved")
	webtest.Says(t, moved, "On what was two", "The file was changed since you have seen its lines.")
	owner.Follow(owner.Submit(moved, comments, nil))
	now := member.See(one)
	for _, m := range near.FindAllStringSubmatch(now.Body, -1) {
		if strings.Contains(m[2], "On two") != (m[1] == "2") || strings.Contains(m[2], "On what was two") != (m[1] == "one") {
			t.Errorf("under %q stands %s", m[1], m[2])
		}
	}
	c.push("greet", "greet.txt", "zero\none\nfive\n", "Without two")
	webtest.Says(t, member.See(one), "On two", "outdated")
	c.Git(c.dir, "switch", "--quiet", "greet")
	c.Git(c.dir, "checkout", "--quiet", "main", "--", "greet.txt")
	c.push("greet", "other.txt", "other\n", "As it was, and another")
	webtest.Says(t, member.See(one), "Comments on files that are not among the changes any more", "On two", "On the file")
	for _, wrong := range []string{"/files?path=..%2Fx", "/files?path=a%00"} {
		webtest.Wants(t, member.Get(one+wrong), http.StatusNotFound, "revision.not_found")
	}
	if r := member.Get(one + "/files"); r.Location() != one {
		t.Errorf("without a file: %d %s", r.Status, r.Location())
	}
}

// TestFilesLater: of many files the page shows the first, and leads to the others, which come alone or together.
func TestFilesLater(t *testing.T) {
	t.Parallel()
	c := newClone(pailtest.Start(t, pailtest.Options{}).World())
	c.Git(c.dir, "switch", "--quiet", "--create", "many", "main")
	for i := range 45 {
		if err := os.WriteFile(filepath.Join(c.dir, fmt.Sprintf("f%02d.txt", i)), []byte(fmt.Sprintf("line of %d\n", i)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c.push("many", "latin\xe9 <b>.txt", "odd\n", "Many")
	member := webtest.As(c.Server, c.Member)
	open(t, member, "from=many&to=main", url.Values{"title": {"Look at it"}})
	for _, query := range []string{"", "?view=split"} {
		page := member.See(one + query)
		webtest.Says(t, page, "46 files", "line of 0", "line of 19", "f44.txt")
		webtest.Silent(t, page, "line of 20", "line of 44")
		later := regexp.MustCompile(`data-later="\d+"[^>]*>[^\0]*?<a href="([^"]*)">Show this file</a>`).FindAllStringSubmatch(page.Body, -1)
		if len(later) != 26 {
			t.Fatalf("%d files come later", len(later))
		}
		var asked []string
		for _, m := range later[:25] {
			asked = append(asked, strings.TrimSuffix(strings.SplitN(html.UnescapeString(m[1]), "?", 2)[1], "&view=split"))
		}
		some := member.See(one + "/files?" + strings.Join(asked, "&") + strings.Replace(query, "?", "&", 1))
		webtest.Says(t, some, "25 files of several.", "line of 20", "line of 44")
		if (query != "") != strings.Contains(some.Body, `class="diff split"`) {
			t.Error("it is shown in the other way")
		}
		last := member.See(html.UnescapeString(later[25][1]))
		webtest.Says(t, last, "One file of several.", "odd")
		for _, m := range regexp.MustCompile(`id="(f-[0-9a-f]+)"`).FindAllStringSubmatch(last.Body, -1) {
			if !strings.Contains(page.Body, `id="`+m[1]+`"`) {
				t.Errorf("%s is called otherwise on the page", m[1])
			}
		}
	}
	webtest.Wants(t, member.Get(one+"/files?"+strings.Repeat("path=x&", 61)), http.StatusBadRequest, "query.invalid")
}

// stream is a stream of events that is read.
type stream struct {
	*http.Response
	lines *bufio.Reader
}

// next is the next event; "" at the end of the stream.
func (s *stream) next(t *testing.T) string {
	t.Helper()
	for {
		line, err := s.lines.ReadString('\n')
		if err == io.EOF && line == "" {
			return ""
		}
		if err != nil {
			t.Fatalf("the stream was cut: %v", err)
		}
		if event, ok := strings.CutPrefix(line, "event: "); ok {
			return strings.TrimSpace(event)
		}
	}
}

// TestEvents: whoever looks at a pull request is told that it has changed as long as they are signed in and may see it, and not longer
// than the server serves.
func TestEvents(t *testing.T) {
	t.Parallel()
	var lasting *stream
	t.Cleanup(func() { // after the server has stopped
		if lasting == nil {
			return
		}
		defer func() { _ = lasting.Body.Close() }()
		if event := lasting.next(t); event != "" {
			t.Errorf("after the end: %q", event)
		}
	})
	c := newClone(pailtest.Start(t, pailtest.Options{}).World())
	c.push("greet", "greet.txt", "hello\n", "Greet everybody")
	member, owner, outsider, nobody := webtest.As(c.Server, c.Member), webtest.As(c.Server, c.Admin), webtest.As(c.Server, c.Outsider), webtest.Open(c.Server)
	open(t, member, "from=greet&to=main", url.Values{"title": {"Look at it"}})
	at := func(b *webtest.Browser) string {
		m := regexp.MustCompile(`data-watch="([^"]*)"`).FindStringSubmatch(b.See(one).Body)
		if m == nil {
			t.Fatal("the page names no stream")
		}
		return m[1]
	}
	listen := func(b *webtest.Browser, path string) *stream {
		res := b.Listen(context.Background(), path)
		t.Cleanup(func() { _ = res.Body.Close() })
		if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" || res.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%d %v", res.StatusCode, res.Header)
		}
		return &stream{res, bufio.NewReader(res.Body)}
	}
	told := func(s *stream, what string, do func()) {
		t.Helper()
		do()
		if event := s.next(t); event != "changed" {
			t.Errorf("%s: %q", what, event)
		}
	}
	comment := func() {
		owner.Follow(owner.Submit(owner.See(one), one+"/comments", url.Values{"content.raw": {"Well"}}))
	}
	s := listen(member, at(member))
	told(s, "a comment", comment)
	told(s, "a task", func() {
		owner.Follow(owner.Submit(owner.See(one), one+"/tasks", url.Values{"content.raw": {"Do it"}}))
	})
	told(s, "an approval", func() {
		owner.Follow(owner.Submit(owner.See(one), one+"/review", url.Values{"say": {"approved"}}))
	})
	told(s, "a push", func() { c.push("greet", "greet.txt", "hello, all\n", "More") })
	before := at(member)
	comment()
	told(listen(member, before), "what was before", func() {})
	for _, b := range []*webtest.Browser{outsider, nobody} {
		if res := b.Listen(t.Context(), before); res.StatusCode == http.StatusOK {
			t.Error("a stranger is told")
		}
	}

	// It ends with the session, and with the permission.
	again := webtest.As(c.Server, c.Member)
	other := listen(again, at(again))
	again.Submit(again.See("/workspaces"), "/signout", nil)
	comment()
	if event := other.next(t); event != "" {
		t.Errorf("after the end of the session: %q", event)
	}
	ends := listen(member, at(member))
	c.Exec(`DELETE FROM project_group_grant`)
	c.Exec(`DELETE FROM workspace_member WHERE account_id = $1`, c.Member.ID)
	comment()
	if event := ends.next(t); event != "" {
		t.Errorf("without a permission: %q", event)
	}

	// So many at once, and no more.
	path := at(owner)
	for range 19 {
		listen(owner, path)
	}
	lasting = &stream{Response: owner.Listen(context.Background(), path)}
	lasting.lines = bufio.NewReader(lasting.Body)
	if res := owner.Listen(t.Context(), path); res.StatusCode != http.StatusTooManyRequests || res.Header.Get("X-Pail-Reason") != "rate.limited" {
		t.Errorf("one more: %d %s", res.StatusCode, res.Header.Get("X-Pail-Reason"))
	}
}
