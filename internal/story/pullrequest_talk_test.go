package story

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/commit"
	"github.com/pailforge/pail/internal/pailtest"
)

// talk is a review with one pull request of a file with ten lines.
type talk struct {
	*review
	pr, comments, tasks string
}

func newTalk(s *pailtest.Server) *talk {
	r := newReview(s)
	r.commit(r.remote, "topic", "main", "ten.txt", tenLines("1", "2", "3", "4", "5", "6", "7", "8", "9", "10"))
	pr := r.open(r.admin, "topic")
	return &talk{r, pr, pr + "/comments", pr + "/tasks"}
}

func tenLines(names ...string) string { return "line " + strings.Join(names, "\nline ") + "\n" }

// say makes a comment and gives its address.
func (k *talk) say(c pailtest.Credential, body string) string {
	k.T.Helper()
	return k.comments + "/" + k.Want(k.Do(c, "POST", k.comments, body), http.StatusCreated).String("id")
}

// counts fails unless the pull request counts so many comments, open tasks, and comments to be resolved.
func (k *talk) counts(comments, tasks, unresolved int) {
	k.T.Helper()
	var got [3]int
	check(k.World, k.DB.Row(context.Background(), `SELECT comment_count, task_count, unresolved_count FROM pull_request WHERE number = 1`).Scan(&got[0], &got[1], &got[2]))
	if want := [3]int{comments, tasks, unresolved}; got != want {
		k.T.Errorf("comments, open tasks and comments to be resolved: %v, want %v", got, want)
	}
}

// TestPendingComments: what is pending is its author's alone: nobody else reads, counts, answers or hears of it.
func TestPendingComments(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		k := newTalk(s)
		first := k.say(k.member, `{"content":{"raw":"A secret"},"inline":{"path":"ten.txt","to":2},"pending":true}`)
		second := k.say(k.member, `{"content":{"raw":"More of it"},"parent":{"id":1},"pending":true}`)
		k.Want(k.Do(k.member, "POST", k.tasks, `{"content":{"raw":"A secret task"},"comment":{"id":1},"pending":true}`), http.StatusCreated)
		k.counts(0, 0, 0)
		bot := k.bot("pullrequest")
		for _, other := range []pailtest.Credential{k.admin, bot} {
			for _, list := range []string{k.comments, k.comments + "?q=" + "content.raw~%22secret%22", k.tasks, k.comments + "?q=pending=true"} {
				if a := k.Want(k.Do(other, "GET", list, nil), http.StatusOK); a.String("size") != "0" {
					t.Errorf("%s: %s", list, a.Body)
				}
			}
			if a := k.Want(k.Do(other, "GET", k.pr+"/activity", nil), http.StatusOK); strings.Contains(string(a.Body), "secret") {
				t.Errorf("activity: %s", a.Body)
			}
			for _, call := range [][2]string{{"GET", first}, {"PUT", first}, {"DELETE", first}, {"POST", first + "/resolve"}, {"GET", k.tasks + "/1"}, {"PUT", k.tasks + "/1"}, {"DELETE", k.tasks + "/1"}} {
				k.Want(k.Do(other, call[0], call[1], `{"content":{"raw":"x"},"state":"RESOLVED"}`), http.StatusNotFound, "resource.not_found")
			}
			k.Want(k.Do(other, "POST", k.comments, `{"content":{"raw":"x"},"parent":{"id":1}}`), http.StatusBadRequest, "value.invalid")
			k.Want(k.Do(other, "POST", k.tasks, `{"content":{"raw":"x"},"comment":{"id":1}}`), http.StatusBadRequest, "value.invalid")
		}
		if a := k.Want(k.Do(k.member, "GET", k.comments, nil), http.StatusOK); a.String("size") != "2" || a.String("values.0.pending") != "true" {
			t.Errorf("its author sees %s", a.Body)
		}

		// Its author publishes it, and the task comes with it. Nothing is published in front of what it answers.
		k.Want(k.Do(k.member, "POST", k.comments, `{"content":{"raw":"x"},"parent":{"id":1}}`), http.StatusBadRequest, "value.invalid")
		k.Want(k.Do(k.member, "POST", k.tasks, `{"content":{"raw":"x"},"comment":{"id":1}}`), http.StatusBadRequest, "value.invalid")
		k.Want(k.Do(k.member, "PUT", second, `{"pending":false}`), http.StatusBadRequest, "value.invalid")
		k.Want(k.Do(k.member, "PUT", k.tasks+"/1", `{"pending":false}`), http.StatusBadRequest, "value.invalid")
		k.Want(k.Do(k.member, "POST", first+"/resolve", nil), http.StatusForbidden, "pullrequest.thread")
		k.counts(0, 0, 0)
		k.Want(k.Do(k.member, "PUT", first, `{"pending":false}`), http.StatusOK)
		k.counts(1, 1, 1)
		k.Want(k.Do(k.member, "PUT", first, `{"pending":true}`), http.StatusBadRequest, "value.invalid")
		k.Want(k.Do(k.member, "PUT", second, `{"content":{"raw":"More"},"pending":false}`), http.StatusOK)
		k.counts(2, 1, 1)
		if a := k.Want(k.Do(k.admin, "GET", k.comments, nil), http.StatusOK); a.String("size") != "2" || a.String("values.1.content.raw") != "More" {
			t.Errorf("once it is published: %s", a.Body)
		}
		if a := k.Want(k.Do(k.admin, "GET", k.pr+"/activity", nil), http.StatusOK); a.String("values.0.comment.content.raw") != "More" || a.String("values.1.comment.content.raw") != "A secret" {
			t.Errorf("activity: %s", a.Body)
		}
	})
}

// bot is an access token of the repository with these legacy scopes.
func (r *review) bot(scopes ...string) pailtest.Credential {
	_, secret := r.AccessToken(access.RepositoryTok, access.Bounds{WorkspaceID: r.Workspace.ID, RepositoryID: r.Repository.ID}, scopes...)
	return pailtest.Bearer(secret)
}

// TestCommentsOfNobody: a credential that belongs to no account speaks under its own name, and changes what is its own.
func TestCommentsOfNobody(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		k := newTalk(s)
		bot, other := k.bot("pullrequest"), k.bot("pullrequest")
		said := k.say(bot, `{"content":{"raw":"Built"},"inline":{"path":"ten.txt","to":1}}`)
		a := k.Want(k.Do(k.admin, "GET", said, nil), http.StatusOK)
		if a.String("user.type") != "app_user" || a.String("user.display_name") != "test" {
			t.Errorf("%s", a.Body)
		}
		k.Want(k.Do(other, "PUT", said, `{"content":{"raw":"x"}}`), http.StatusForbidden, "credential.kind_not_accepted")
		k.Want(k.Do(other, "DELETE", said, nil), http.StatusForbidden, "credential.kind_not_accepted")
		k.Want(k.Do(bot, "PUT", said, `{"content":{"raw":"Built again"}}`), http.StatusOK)
		if a := k.Want(k.Do(other, "POST", said+"/resolve", nil), http.StatusOK); a.String("user.type") != "app_user" {
			t.Errorf("%s", a.Body)
		}
		k.Want(k.Do(bot, "POST", k.tasks, `{"content":{"raw":"Look at it"},"comment":{"id":1}}`), http.StatusCreated)
		k.Want(k.Do(k.member, "PUT", k.tasks+"/1", `{"content":{"raw":"x"}}`), http.StatusForbidden, "privilege.missing")
		k.Want(k.Do(k.member, "DELETE", k.tasks+"/1", nil), http.StatusForbidden, "privilege.missing")
		k.Want(k.Do(other, "PUT", k.tasks+"/1", `{"state":"RESOLVED"}`), http.StatusOK)
		k.counts(1, 0, 0)
		k.Want(k.Do(bot, "DELETE", k.tasks+"/1", nil), http.StatusNoContent)
		k.Want(k.Do(bot, "DELETE", said, nil), http.StatusNoContent)
		k.counts(0, 0, 0)
		if a := k.Want(k.Do(k.admin, "GET", k.pr, nil), http.StatusOK); a.String("participants") != "[]" {
			t.Errorf("a credential takes part: %s", a.String("participants"))
		}
	})
}

// TestBadTalk: what is wrong is refused with the field's name, and nothing is changed.
func TestBadTalk(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		k := newTalk(s)
		said := k.say(k.admin, `{"content":{"raw":"Here"},"inline":{"path":"ten.txt","to":1}}`)
		k.commit(k.remote, "second", "main", "two.txt", "two\n")
		elsewhere := k.open(k.admin, "second")
		k.Want(k.Do(k.admin, "POST", elsewhere+"/comments", `{"content":{"raw":"There"}}`), http.StatusCreated)
		inline := func(more string) string { return `{"content":{"raw":"x"},"inline":{` + more + `}}` }
		for _, c := range []struct{ method, path, body, reason, field string }{
			{"POST", k.comments, `{}`, "body.missing_field", "content.raw"},
			{"POST", k.comments, `{"content":{"raw":" \n"}}`, "body.missing_field", "content.raw"},
			{"POST", k.comments, `{"content":{"raw":7}}`, "body.wrong_type", "content.raw"},
			{"POST", k.comments, `{"content":{"raw":"a\u0000b"}}`, "value.invalid", "content.raw"},
			{"POST", k.comments, `{"content":{"raw":"` + strings.Repeat("x", commit.MaxComment+1) + `"}}`, "value.invalid", "content.raw"},
			{"POST", k.comments, `{"content":{"raw":"x"},"parent":{"id":99}}`, "value.invalid", "parent.id"},
			{"POST", k.comments, `{"content":{"raw":"x"},"parent":{"id":2}}`, "value.invalid", "parent.id"},
			{"POST", k.comments, `{"content":{"raw":"x"},"parent":{"id":-1}}`, "value.invalid", "parent.id"},
			{"POST", k.comments, inline(``), "body.missing_field", "inline.path"},
			{"POST", k.comments, inline(`"path":"../ten.txt"`), "value.invalid", "inline.path"},
			{"POST", k.comments, inline(`"path":"/ten.txt"`), "value.invalid", "inline.path"},
			{"POST", k.comments, inline(`"path":"a\u0001"`), "value.invalid", "inline.path"},
			{"POST", k.comments, inline(`"path":"nowhere.txt","to":1`), "value.invalid", "inline.path"},
			{"POST", k.comments, inline(`"path":"` + strings.Repeat("x/", 3000) + `"`), "value.invalid", "inline.path"},
			{"POST", k.comments, inline(`"path":"ten.txt","to":0`), "value.invalid", "inline.to"},
			{"POST", k.comments, inline(`"path":"ten.txt","from":-1`), "value.invalid", "inline.from"},
			{"POST", k.comments, inline(`"path":"ten.txt","to":9999999999`), "value.invalid", "inline.to"},
			{"POST", k.comments, inline(`"path":"ten.txt","start_to":3,"to":2`), "value.invalid", "inline.start_to"},
			{"POST", k.comments, inline(`"path":"ten.txt","start_from":3,"to":4`), "value.invalid", "inline.start_from"},
			{"POST", k.comments, `{"content":{"raw":"x"},"pending":"yes"}`, "body.wrong_type", "pending"},
			{"PUT", said, `{}`, "body.missing_field", "content.raw"},
			{"PUT", said, `{"pending":true}`, "value.invalid", "pending"},
			{"POST", k.tasks, `{}`, "body.missing_field", "content.raw"},
			{"POST", k.tasks, `{"content":{"raw":"x"},"comment":{}}`, "body.missing_field", "comment.id"},
			{"POST", k.tasks, `{"content":{"raw":"x"},"comment":{"id":2}}`, "value.invalid", "comment.id"},
		} {
			unchanged(k.World, func() {
				a := k.Want(k.Do(k.admin, c.method, c.path, c.body), http.StatusBadRequest, c.reason)
				if fields, _ := a.Get("error.fields").(map[string]any); fields[c.field] == nil {
					t.Errorf("%.80s names %v, not %s", c.body, a.Get("error.fields"), c.field)
				}
			})
		}
		k.Want(k.Do(k.admin, "POST", k.tasks, `{"content":{"raw":"x"}}`), http.StatusCreated)
		k.Want(k.Do(k.admin, "PUT", k.tasks+"/1", `{"state":"DONE"}`), http.StatusBadRequest, "value.invalid")
		for _, path := range []string{k.comments + "/2", k.comments + "/x", elsewhere + "/comments/1", elsewhere + "/tasks/1", k.tasks + "/0", pulls + "/9/comments"} {
			k.Want(k.Do(k.admin, "GET", path, nil), http.StatusNotFound, "resource.not_found")
		}
		// Who may not see the repository learns nothing, and changes nothing.
		unchanged(k.World, func() {
			for _, c := range [][2]string{{"GET", k.comments}, {"POST", k.comments}, {"GET", said}, {"PUT", said}, {"DELETE", said}, {"POST", said + "/resolve"}, {"GET", k.tasks}, {"POST", k.tasks}, {"PUT", k.tasks + "/1"}, {"DELETE", k.tasks + "/1"}} {
				k.Want(k.Do(k.outsider, c[0], c[1], `{"content":{"raw":"x"}}`), http.StatusNotFound, "repository.not_found")
			}
		})
		// Answers to answers end somewhere.
		parent := "1"
		for range 50 {
			parent = k.Want(k.Do(k.admin, "POST", k.comments, `{"content":{"raw":"and"},"parent":{"id":`+parent+`}}`), http.StatusCreated).String("id")
		}
		k.Want(k.Do(k.admin, "POST", k.comments, `{"content":{"raw":"and"},"parent":{"id":`+parent+`}}`), http.StatusBadRequest, "value.invalid")
	})
}

// TestCommentsFollow: comments stand on their lines whatever happens to the branches: rewritten history, files that move, a
// destination that is merged in, and a branch that comes back to what it was. What a crash kept from happening is done by who reads.
func TestCommentsFollow(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		k := newTalk(s)
		was := k.Git(k.dir, "rev-parse", "HEAD")
		on := k.say(k.member, `{"content":{"raw":"x"},"inline":{"path":"ten.txt","to":5}}`)
		several := k.say(k.member, `{"content":{"raw":"x"},"inline":{"path":"ten.txt","start_to":4,"to":8}}`)
		file := k.say(k.member, `{"content":{"raw":"x"},"inline":{"path":"ten.txt"}}`)
		old := k.say(k.member, `{"content":{"raw":"x"},"inline":{"path":"file.txt","from":1}}`)
		stands := func(comment, inline, outdated string) {
			t.Helper()
			a := k.Want(k.Do(k.member, "GET", comment, nil), http.StatusOK)
			if got := fmt.Sprintf("%v %v %v %v", a.Get("inline.path"), a.Get("inline.start_to"), a.Get("inline.to"), a.Get("inline.from")); got != inline || a.String("outdated") != outdated {
				t.Errorf("%s stands at %s, outdated: %s; want %s, %s", comment, got, a.String("outdated"), inline, outdated)
			}
		}
		stands(several, "ten.txt 4 8 <nil>", "false")

		// The commit is made anew, with other lines in front and without two of them.
		k.commit(k.remote, "topic", "main", "ten.txt", tenLines("0", "1", "2", "3", "5", "6", "7", "9", "10"))
		stands(on, "ten.txt <nil> 5 <nil>", "false")
		stands(several, "ten.txt 5 7 <nil>", "false")
		stands(old, "file.txt <nil> <nil> 1", "false")

		// The file moves, and the destination, with another first line of the old file, is merged in.
		k.Git(k.dir, "mv", "ten.txt", "moved.txt")
		k.Git(k.dir, "commit", "--quiet", "-m", "Move it")
		k.commit(k.remote, "main", "", "file.txt", "first\nline 1\n")
		stands(old, "file.txt <nil> <nil> 1", "false") // what it parts from is the same still
		k.Git(k.dir, "switch", "--quiet", "topic")
		k.Git(k.dir, "merge", "--quiet", "main")
		k.Git(k.dir, "push", "--quiet", k.remote, "topic")
		stands(on, "moved.txt <nil> 5 <nil>", "false")
		stands(file, "moved.txt <nil> <nil> <nil>", "false")
		stands(old, "file.txt <nil> <nil> 2", "false")

		// The lines go, and come back with what the branch was before.
		before := k.Git(k.dir, "rev-parse", "HEAD")
		k.commit(k.remote, "topic", "", "moved.txt", tenLines("1", "2", "3"))
		stands(on, "moved.txt <nil> 5 <nil>", "true")
		stands(several, "moved.txt 5 7 <nil>", "true")
		stands(file, "moved.txt <nil> <nil> <nil>", "false")
		if a := k.Want(k.Do(k.member, "POST", k.comments, `{"content":{"raw":"x"},"parent":{"id":1}}`), http.StatusCreated); a.String("outdated") != "true" {
			t.Errorf("an answer to what is outdated: %s", a.Body)
		}
		k.Git(k.dir, "push", "--quiet", "--force", k.remote, before+":topic")
		stands(on, "moved.txt <nil> 5 <nil>", "false")
		stands(several, "moved.txt 5 7 <nil>", "false")

		// Somebody moves the branch on the server while Pail does not look.
		dir := filepath.Join(k.Config.Data, "repositories", k.Repository.ID[:2], k.Repository.ID+".git")
		k.Git("", "--git-dir="+dir, "update-ref", "refs/heads/topic", was)
		stands(on, "ten.txt <nil> 5 <nil>", "false")
		stands(several, "ten.txt 5 7 <nil>", "false")
		stands(old, "file.txt <nil> <nil> 1", "false")
		k.counts(5, 0, 4)

		// Without the file there is nowhere to stand.
		check(k.World, os.Remove(filepath.Join(k.dir, "moved.txt")))
		k.Git(k.dir, "reset", "--quiet", "--hard", "main")
		k.Git(k.dir, "commit", "--quiet", "--allow-empty", "-m", "Nothing is left")
		k.Git(k.dir, "push", "--quiet", "--force", k.remote, "HEAD:topic")
		stands(file, "ten.txt <nil> <nil> <nil>", "true")
		stands(old, "file.txt <nil> <nil> 2", "false")
	})
}

// TestTalkEnds: with a pull request's repository goes what is said of it; with an account, what only that account could see.
func TestTalkEnds(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		k := newTalk(s)
		k.say(k.member, `{"content":{"raw":"Open"},"inline":{"path":"ten.txt","to":1}}`)
		k.say(k.member, `{"content":{"raw":"Secret"},"pending":true}`)
		k.Want(k.Do(k.member, "POST", k.tasks, `{"content":{"raw":"Open task"}}`), http.StatusCreated)
		k.Want(k.Do(k.member, "POST", k.tasks, `{"content":{"raw":"Secret task"},"comment":{"id":2},"pending":true}`), http.StatusCreated)
		k.Exec(`DELETE FROM account WHERE id = $1`, k.Member.ID)
		if store := k.Store(); strings.Contains(store, "Secret") || strings.Contains(store, k.Member.ID) {
			t.Error("something of the account is left")
		}
		if a := k.Want(k.Do(k.admin, "GET", k.comments, nil), http.StatusOK); a.String("size") != "1" || a.Get("values.0.user") != nil {
			t.Errorf("%s", a.Body)
		}
		if a := k.Want(k.Do(k.admin, "GET", k.tasks, nil), http.StatusOK); a.String("values.0.creator.display_name") != "Former user" {
			t.Errorf("%s", a.Body)
		}
		k.Want(k.Do(k.admin, "DELETE", widgets, nil), http.StatusNoContent)
		for line := range strings.Lines(k.Store()) {
			if strings.HasPrefix(line, "pull_request") {
				t.Errorf("left: %s", line)
			}
		}
	})
}

// TestTalkIsTold: webhooks are told what becomes of comments, in order, and of nothing that is pending or that changes nothing.
func TestTalkIsTold(t *testing.T) {
	t.Parallel()
	hear := newReceiver(t)
	k := newTalk(pailtest.Start(t, pailtest.Options{Env: []string{"PAIL_OUTBOUND_ALLOW=127.0.0.1"}}))
	events := []string{"comment_created", "comment_updated", "comment_deleted", "comment_resolved", "comment_reopened"}
	k.Want(k.Do(k.admin, "POST", widgets+"/hooks", fmt.Sprintf(`{"url":%q,"active":true,"events":["pullrequest:%s"]}`, hear.url, strings.Join(events, `","pullrequest:`))), http.StatusCreated)
	said := k.say(k.member, `{"content":{"raw":"Why?"},"inline":{"path":"ten.txt","to":1},"pending":true}`)
	k.Want(k.Do(k.member, "PUT", said, `{"content":{"raw":"How?"}}`), http.StatusOK)
	k.Want(k.Do(k.member, "PUT", said, `{"pending":false}`), http.StatusOK)
	expect := func(event, text string) {
		t.Helper()
		got := hear.next("pullrequest:" + event)
		if got.at("comment", "content", "raw") != text || got.at("pullrequest", "id") != 1.0 || got.at("repository", "full_name") != "acme/widgets" || got.at("actor", "nickname") != "acme-member" {
			t.Errorf("%s: %s", event, got.Body)
		}
	}
	expect("comment_created", "How?")
	for range 2 { // the second one changes nothing
		k.Want(k.Do(k.member, "PUT", said, `{"content":{"raw":"When?"}}`), http.StatusOK)
	}
	expect("comment_updated", "When?")
	k.Want(k.Do(k.member, "POST", said+"/resolve", nil), http.StatusOK)
	k.Want(k.Do(k.member, "POST", said+"/resolve", nil), http.StatusConflict, "conflict.state")
	expect("comment_resolved", "When?")
	k.Want(k.Do(k.member, "DELETE", said+"/resolve", nil), http.StatusNoContent)
	expect("comment_reopened", "When?")
	for range 2 {
		k.Want(k.Do(k.member, "DELETE", said, nil), http.StatusNoContent)
	}
	expect("comment_deleted", "")
	hear.none()
}

// TestTalkAtOnce: many who comment, resolve and make tasks at once. No number is given twice, and what is counted is what is there.
func TestTalkAtOnce(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		k := newTalk(s)
		const n = 16
		var all sync.WaitGroup
		var ids sync.Map
		for i := range n {
			who := []pailtest.Credential{k.admin, k.member}[i%2]
			all.Go(func() {
				a := k.Do(who, "POST", k.comments, `{"content":{"raw":"x"},"inline":{"path":"ten.txt","to":1}}`)
				id := a.String("id")
				if _, again := ids.LoadOrStore(id, true); again || a.Status != http.StatusCreated {
					t.Errorf("a comment got number %s: %d", id, a.Status)
				}
				if a := k.Do(who, "POST", k.tasks, `{"content":{"raw":"x"},"comment":{"id":`+id+`}}`); a.Status != http.StatusCreated {
					t.Errorf("a task: %d %s", a.Status, a.Body)
				}
				if i%4 == 0 {
					k.Do(who, "POST", k.comments+"/"+id+"/resolve", nil)
				}
				if i%4 == 1 {
					k.Do(who, "DELETE", k.comments+"/"+id, nil)
				}
			})
		}
		all.Wait()
		k.counts(n-n/4, n, n/2)
		resolved := make(chan int, n)
		for range n {
			all.Go(func() { resolved <- k.Do(k.admin, "POST", k.comments+"/1/resolve", nil).Status })
		}
		all.Wait()
		close(resolved)
		won := 0
		for status := range resolved {
			if status == http.StatusOK {
				won++
			}
		}
		if won > 1 {
			t.Errorf("%d have resolved one comment", won)
		}
	})
}

// TestTalkHasLimits: a pull request takes no more comments and tasks than it can show.
func TestTalkHasLimits(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		k := newTalk(s)
		k.say(k.admin, `{"content":{"raw":"x"}}`)
		k.Want(k.Do(k.admin, "POST", k.tasks, `{"content":{"raw":"x"}}`), http.StatusCreated)
		copies := `WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < $1) INSERT INTO `
		k.Exec(copies+`pull_request_comment (repository_id, id, number, credential, name, depth, content, path, line_from, line_to, start_from, start_to, source_hash, destination_hash, outdated, pending, deleted, created_on, updated_on)
			SELECT repository_id, n.i, number, credential, name, depth, content, path, line_from, line_to, start_from, start_to, source_hash, destination_hash, outdated, pending, deleted, created_on, updated_on FROM pull_request_comment CROSS JOIN n WHERE id = 1`, commit.MaxComments)
		k.Exec(copies+`pull_request_task (repository_id, id, number, credential, name, content, pending, created_on, updated_on)
			SELECT repository_id, n.i, number, credential, name, content, pending, created_on, updated_on FROM pull_request_task CROSS JOIN n WHERE id = 1`, 1000)
		unchanged(k.World, func() {
			k.Want(k.Do(k.admin, "POST", k.comments, `{"content":{"raw":"x"}}`), http.StatusBadRequest, "value.invalid")
			k.Want(k.Do(k.admin, "POST", k.tasks, `{"content":{"raw":"x"}}`), http.StatusBadRequest, "value.invalid")
		})
	})
}
