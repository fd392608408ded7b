package story

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/issue"
	"github.com/pailforge/pail/internal/pailtest"
	"pgregory.net/rapid"
)

const (
	ofIssues  = "/2.0/repositories/acme/widgets/issues"
	issueBody = `{"title":"It breaks","content":{"raw":"At *once*"},"kind":"task","priority":"minor","assignee":{"username":"acme-member"},
		"component":{"name":"core"},"milestone":{"name":"M1"},"version":{"name":"1.0"}}`
)

// tracker switches the issue tracker on, with nothing in it.
func tracker(w *pailtest.World) {
	check(w, w.DB.Update(context.Background(), func(tx *database.Tx) error {
		for _, table := range []string{"issue", "issue_component", "issue_milestone", "issue_version", "issue_tracker"} {
			if _, err := tx.Exec(context.Background(), `DELETE FROM `+table); err != nil {
				return err
			}
		}
		return nil
	}))
	w.Exec(`UPDATE repository SET has_issues = TRUE WHERE id = $1`, w.Repository.ID)
}

// labels makes a component, a milestone and a version, with the ids 1 to 3.
func labels(w *pailtest.World) {
	tracker(w)
	for _, l := range []struct {
		kind issue.Labels
		name string
	}{{issue.Components, "core"}, {issue.Milestones, "M1"}, {issue.Versions, "1.0"}} {
		_, err := w.Issues.AddLabel(context.Background(), w.Repository, l.kind, l.name)
		check(w, err)
	}
}

func issueToken(w *pailtest.World) pailtest.Credential {
	return w.Token(w.Admin, "read:issue", "write:issue", "delete:issue", "write:user")
}

// oneIssue makes number 1, the admin's.
func oneIssue(w *pailtest.World) {
	labels(w)
	w.Want(w.Do(issueToken(w), "POST", ofIssues, issueBody), http.StatusCreated)
}

// changedIssue makes number 1 of the changes, and of the comments, of number 1 of the issues.
func changedIssue(w *pailtest.World) {
	oneIssue(w)
	w.Want(w.Do(issueToken(w), "POST", ofIssues+"/1/changes", `{"changes":{"assignee":{"new":""},"state":{"new":"open"}},"message":{"raw":"Mine"}}`), http.StatusCreated)
}

func votedIssue(w *pailtest.World) {
	oneIssue(w)
	w.Want(w.Do(issueToken(w), "PUT", ofIssues+"/1/vote", nil), http.StatusNoContent)
}

func attachedIssue(w *pailtest.World) {
	oneIssue(w)
	w.Want(w.Do(issueToken(w), "POST", ofIssues+"/1/attachments", artifact), http.StatusCreated)
}

// TestIssueFiles: files go with what they are attached to, and with what takes their place; what a crash leaves is swept.
func TestIssueFiles(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w, ctx := s.World(), context.Background()
		attachedIssue(w)
		token := issueToken(w)
		files := func(want int) {
			t.Helper()
			if n := strings.Count(s.Files(), "attachments/"+w.Repository.ID+"/"); n != want {
				t.Errorf("%d files on disk, want %d", n, want)
			}
		}
		files(1)
		w.Want(w.Do(token, "POST", ofIssues+"/1/attachments", artifact), http.StatusCreated)
		files(1)
		cut := pailtest.Multipart(strings.Replace(string(artifact), "\r\n--b--\r\n", "", 1))
		w.Want(w.Do(token, "POST", ofIssues+"/1/attachments", cut), http.StatusBadRequest)
		files(1)
		w.Want(w.Do(token, "DELETE", ofIssues+"/1", nil), http.StatusNoContent)
		files(0)
		attachedIssue(w)
		tracker(w) // the rows go, and the files stay behind
		files(1)
		check(w, w.Issues.Sweep(ctx, time.Hour))
		files(1)
		check(w, w.Issues.Sweep(ctx, 0))
		files(0)
	})
}

// TestIssuesAtOnce: what many do in one tracker at the same moment is all kept. Numbers have no gaps and none comes twice, the counts
// are right, and the log holds every edit, each from what the one before it left.
func TestIssuesAtOnce(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		tracker(w)
		token, ctx := issueToken(w), context.Background()
		const many = 50
		together := func(call func(i int) *pailtest.Answer, want int) {
			t.Helper()
			var all sync.WaitGroup
			for i := range many {
				all.Go(func() {
					if a := call(i); a.Status != want {
						t.Errorf("%d: %d %s", i, a.Status, a.Body)
					}
				})
			}
			all.Wait()
		}
		together(func(i int) *pailtest.Answer { return w.Do(token, "POST", ofIssues, fmt.Sprintf(`{"title":"%d"}`, i)) }, http.StatusCreated)
		numbers, err := database.Collect(ctx, w.DB, func(row func(...any) error) (n int64, err error) { return n, row(&n) }, `SELECT number FROM issue ORDER BY number`)
		check(w, err)
		for i, n := range numbers {
			if n != int64(i+1) {
				t.Fatalf("the numbers are %v", numbers)
			}
		}
		if a := w.Do(token, "GET", ofIssues, nil); len(numbers) != many || a.String("size") != fmt.Sprint(many) {
			t.Fatalf("%d issues, and the list has %s", len(numbers), a.String("size"))
		}
		w.Want(w.Do(token, "PUT", ofIssues+"/1", `{"title":"start"}`), http.StatusOK)
		together(func(i int) *pailtest.Answer {
			switch i % 5 {
			case 0:
				return w.Do(token, "POST", ofIssues+"/1/comments", `{"content":{"raw":"x"}}`)
			case 1:
				a := w.Do(token, "POST", ofIssues+"/1/changes", fmt.Sprintf(`{"changes":{"title":{"new":"changed %d"}},"message":{"raw":"y"}}`, i))
				if a.Status == http.StatusCreated {
					a = w.Do(token, "PUT", ofIssues+"/1/vote", nil)
				}
				if a.Status == http.StatusNoContent {
					a.Status = http.StatusCreated
				}
				return a
			}
			a := w.Do(token, "PUT", ofIssues+"/1", fmt.Sprintf(`{"title":"edited %d"}`, i))
			if a.Status == http.StatusOK {
				a.Status = http.StatusCreated
			}
			return a
		}, http.StatusCreated)
		log := w.Want(w.Do(token, "GET", ofIssues+"/1/changes?pagelen=100", nil), http.StatusOK)
		const edits = 1 + many*4/5
		if log.String("size") != fmt.Sprint(edits) {
			t.Errorf("the log has %s entries, want %d", log.String("size"), edits)
		}
		for i := 1; i < edits; i++ {
			if before, old := log.String(fmt.Sprintf("values.%d.changes.title.new", i-1)), log.String(fmt.Sprintf("values.%d.changes.title.old", i)); before != old {
				t.Errorf("entry %d goes on from %q, and the one before it left %q", i, old, before)
			}
		}
		now := w.Do(token, "GET", ofIssues+"/1", nil)
		if last := log.String(fmt.Sprintf("values.%d.changes.title.new", edits-1)); now.String("title") != last || now.String("votes") != "1" {
			t.Errorf("the log ends with %q, and the issue is %s", last, now.Body)
		}
		if a := w.Do(token, "GET", ofIssues+"/1/comments?fields=size", nil); a.String("size") != fmt.Sprint(many*2/5) {
			t.Errorf("comments: %s, want %d", a.String("size"), many*2/5)
		}
	})
}

// TestIssueLog: whatever is done to an issue, its log leads from what it was made as to what it is, edit by edit.
func TestIssueLog(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		labels(w)
		token := issueToken(w)
		rapid.Check(t, func(rt *rapid.T) {
			path := ofIssues + "/" + w.Do(token, "POST", ofIssues, `{"title":"a"}`).String("id")
			is := map[string]string{"title": "a", "content": "", "state": "new", "kind": "bug", "priority": "major", "component": "", "version": "", "assignee": ""}
			values := map[string][]string{"title": {"a", "b"}, "content": {"", "x"}, "state": issue.States, "kind": issue.Kinds, "priority": issue.Priorities,
				"component": {"", "core"}, "version": {"", "1.0"}, "assignee": {"", w.Member.AccountID, w.Admin.AccountID}}
			fields := []string{"title", "content", "state", "kind", "priority", "component", "version", "assignee"}
			edits := 0
			for range rapid.IntRange(1, 6).Draw(rt, "edits") {
				field := rapid.SampledFrom(fields).Draw(rt, "field")
				value := rapid.SampledFrom(values[field]).Draw(rt, "value")
				body := fmt.Sprintf(`{"changes":{%q:{"new":%q}}}`, field, value)
				if a := w.Do(token, "POST", path+"/changes", body); a.Status != http.StatusCreated {
					rt.Fatalf("%s: %d %s", body, a.Status, a.Body)
				}
				edits++
			}
			log := w.Do(token, "GET", path+"/changes?pagelen=100", nil)
			if log.String("size") != fmt.Sprint(edits) {
				rt.Fatalf("%d edits: %s", edits, log.Body)
			}
			for i := range edits {
				for _, field := range fields {
					at := fmt.Sprintf("values.%d.changes.%s", i, field)
					if log.String(at) == "" {
						continue
					}
					if old := log.String(at + ".old"); old != is[field] {
						rt.Fatalf("entry %d finds %s as %q, it was %q", i, field, old, is[field])
					}
					is[field] = log.String(at + ".new")
				}
			}
			now := w.Do(token, "GET", path, nil)
			for field, at := range map[string]string{"title": "title", "content": "content.raw", "state": "state", "kind": "kind", "priority": "priority", "component": "component.name", "version": "version.name", "assignee": "assignee.account_id"} {
				if now.String(at) != is[field] {
					rt.Fatalf("%s is %q, and the log says %q", field, now.String(at), is[field])
				}
			}
		})
	})
}

// TestIssueLabels: issues are found by what they are of, and lose it when it is taken away; Exists knows the numbers that there are.
func TestIssueLabels(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w, ctx := s.World(), context.Background()
		oneIssue(w)
		token := issueToken(w)
		w.Want(w.Do(token, "POST", ofIssues, `{"title":"Of nothing"}`), http.StatusCreated)
		for q, want := range map[string]string{`component="core"`: "1", `component.name="core"`: "1", `component.id=1`: "1", `milestone.name~"m"`: "1", `milestone.id=2`: "1",
			`version.name="1.0"`: "1", `version.id=3`: "1", `component=null`: "1", `version!="1.0"`: "1", `id>0`: "2", `votes=0`: "2", `watches>=1`: "2", `edited_on=null`: "2",
			`reporter.display_name~"a"`: "2", `assignee.account_id="` + w.Member.AccountID + `"`: "1", `assignee="` + w.Member.ID + `"`: "1", `assignee.uuid!=null`: "1",
			`reporter="` + w.Admin.ID + `"`: "2", `created_on>2020-01-01`: "2", `title="nothing"`: "0"} {
			if a := w.Do(token, "GET", ofIssues+"?q="+url.QueryEscape(q), nil); a.String("size") != want {
				t.Errorf("%s finds %s, want %s: %s", q, a.String("size"), want, a.Body)
			}
		}
		if err := w.Issues.RemoveLabel(ctx, w.Repository, issue.Components, 1); err != nil {
			t.Fatal(err)
		}
		if a := w.Do(token, "GET", ofIssues+"/1", nil); a.String("component.name") != "" || a.String("version.name") != "1.0" {
			t.Errorf("the issue is %s", a.Body)
		}
		if _, err := w.Issues.AddLabel(ctx, w.Repository, issue.Versions, "1.0"); err == nil {
			t.Error("a second version of one name was made")
		}
		r := *w.Repository
		r.HasIssues = true
		there, err := w.Issues.Refer(ctx, w.DB, w.Issues.URLs, &r, []string{"1", "2", "3"})
		if check(w, err); len(there) != 2 || there["1"].Title != "It breaks" || !strings.HasSuffix(there["2"].Href, "/acme/widgets/issues/2") {
			t.Errorf("there are %v", there)
		}
	})
}

// TestManyIssues: a list says how many issues there are, however many; one that q narrows says it up to a thousand, and leads on from
// page to page in any case. What is made meanwhile comes on none of the later pages.
func TestManyIssues(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w, ctx := s.World(), context.Background()
		tracker(w)
		token := issueToken(w)
		const many = 1100
		check(w, w.DB.Update(ctx, func(tx *database.Tx) error {
			for i := 1; i <= many; i++ {
				if _, err := tx.Exec(ctx, `INSERT INTO issue (repository_id, number, title, content, state, kind, priority, reporter_credential, reporter_name, created_on, updated_on)
					VALUES ($1, $2, 'x', '', 'new', $3, 'major', '', '', 1, 1)`, w.Repository.ID, i, []string{"bug", "task"}[i%2]); err != nil {
					return err
				}
			}
			_, err := tx.Exec(ctx, `INSERT INTO issue_tracker (repository_id, last_issue, issues) VALUES ($1, $2, $2)`, w.Repository.ID, many)
			return err
		}))
		a := w.Want(w.Do(token, "GET", ofIssues+"?pagelen=100", nil), http.StatusOK)
		if a.String("size") != fmt.Sprint(many) || a.String("values.0.id") != fmt.Sprint(many) {
			t.Errorf("the list has %s", a.String("size"))
		}
		w.Want(w.Do(token, "POST", ofIssues, `{"title":"Newer"}`), http.StatusCreated)
		a = w.Want(w.Do(token, "GET", strings.TrimPrefix(a.String("next"), w.URL), nil), http.StatusOK)
		if a.String("size") != fmt.Sprint(many) || a.String("values.0.id") != fmt.Sprint(many-100) {
			t.Errorf("the second page has %s, and begins with %s", a.String("size"), a.String("values.0.id"))
		}
		if a := w.Do(token, "GET", ofIssues+"?q="+url.QueryEscape(`kind="task"`), nil); a.String("size") != fmt.Sprint(many/2) {
			t.Errorf("a filtered list has %s, want %d", a.String("size"), many/2)
		}
		next, seen := ofIssues+"?pagelen=100&q="+url.QueryEscape(`state="new"`), map[string]bool{}
		for next != "" {
			a := w.Want(w.Do(token, "GET", strings.TrimPrefix(next, w.URL), nil), http.StatusOK)
			if size := a.String("size"); size != "" {
				t.Fatalf("more are counted than the page takes: %s", size)
			}
			for i := 0; a.String(fmt.Sprintf("values.%d.id", i)) != ""; i++ {
				seen[a.String(fmt.Sprintf("values.%d.id", i))] = true
			}
			next = a.String("next")
		}
		if len(seen) != many+1 {
			t.Errorf("the pages have %d issues, want %d", len(seen), many+1)
		}
	})
}

// TestIssueEvents: webhooks hear of issues in Bitbucket's words.
func TestIssueEvents(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w, ctx := s.World(), context.Background()
		labels(w)
		w.Want(w.Do(w.Token(w.Admin, "read:webhook", "write:webhook"), "POST", "/2.0/repositories/acme/widgets/hooks",
			`{"url":"https://ci.example/hook","description":"x","active":true,"events":["issue:created","issue:updated","issue:comment_created"]}`), http.StatusCreated)
		token := issueToken(w)
		w.Want(w.Do(token, "POST", ofIssues, issueBody), http.StatusCreated)
		w.Want(w.Do(token, "POST", ofIssues+"/1/changes", `{"changes":{"state":{"new":"open"},"assignee":{"new":null}},"message":{"raw":"Mine"}}`), http.StatusCreated)
		w.Want(w.Do(token, "POST", ofIssues+"/1/comments", `{"content":{"raw":"Why?"}}`), http.StatusCreated)
		type sent struct {
			key  string
			body pailtest.Answer
		}
		all, err := database.Collect(ctx, w.DB, func(row func(...any) error) (d sent, err error) {
			var body string
			err = row(&d.key, &body)
			d.body.Body = []byte(body)
			return d, err
		}, `SELECT event, body FROM webhook_delivery ORDER BY number`)
		check(w, err)
		var keys []string
		for _, d := range all {
			keys = append(keys, d.key)
			if d.body.String("issue.id") != "1" || d.body.String("actor.nickname") != "acme-admin" || d.body.String("repository.full_name") != "acme/widgets" {
				t.Errorf("%s tells %s", d.key, d.body.Body)
			}
		}
		if want := []string{"issue:created", "issue:updated", "issue:comment_created"}; !slices.Equal(keys, want) {
			t.Fatalf("told of %v, want %v", keys, want)
		}
		for at, want := range map[string]string{"changes.status.old": "new", "changes.status.new": "open", "changes.assignee.old.nickname": "acme-member", "changes.assignee.new": "", "comment.content.raw": "Mine", "issue.state": "open"} {
			if got := all[1].body.String(at); got != want {
				t.Errorf("%s is %q, want %q: %s", at, got, want, all[1].body.Body)
			}
		}
		if got := all[2].body.String("comment.content.raw"); got != "Why?" {
			t.Errorf("the comment is %q", got)
		}
	})
}
