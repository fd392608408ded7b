package story

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/workspace"
)

const (
	widgets = "/2.0/repositories/acme/widgets"
	pulls   = widgets + "/pullrequests"
)

// review is a scene with a clone, and with everybody's credentials for pull requests.
type review struct {
	*pailtest.World
	dir, remote             string
	admin, member, outsider pailtest.Credential
}

func newReview(s *pailtest.Server) *review {
	w := s.World()
	r := &review{World: w, dir: w.Push(2)}
	secret := w.Secret(w.Admin, "read:repository", "write:repository", "admin:repository", "read:pullrequest", "write:pullrequest", "delete:repository", "write:webhook", "read:webhook")
	r.admin, r.remote = pailtest.Basic(w.Admin.Email, secret), w.Remote("x-bitbucket-api-token-auth", secret, "acme/widgets")
	r.member = w.Token(w.Member, "read:repository", "write:repository", "read:pullrequest", "write:pullrequest")
	r.outsider = w.Token(w.Outsider, "read:repository", "write:repository", "read:pullrequest", "write:pullrequest")
	return r
}

// commit makes a commit of one file on a branch, which begins at from, and pushes it to a remote.
func (r *review) commit(remote, branch, from, file, text string) (hash string) {
	r.T.Helper()
	if from != "" {
		r.Git(r.dir, "switch", "--quiet", "-C", branch, from)
	} else {
		r.Git(r.dir, "switch", "--quiet", branch)
	}
	check(r.World, os.WriteFile(filepath.Join(r.dir, file), []byte(text), 0o600))
	r.Git(r.dir, "add", ".")
	r.Git(r.dir, "commit", "--quiet", "-m", "Change "+file)
	r.Git(r.dir, "push", "--quiet", "--force", remote, branch)
	return r.Git(r.dir, "rev-parse", "HEAD")
}

// open opens a pull request of a branch into main, and gives its address.
func (r *review) open(c pailtest.Credential, branch string, more ...string) string {
	r.T.Helper()
	body := fmt.Sprintf(`{"title":"Merge %s","source":{"branch":{"name":%q}}%s}`, branch, branch, strings.Join(more, ""))
	a := r.Want(r.Do(c, "POST", pulls, body), http.StatusCreated)
	return pulls + "/" + a.String("id")
}

// intact fails unless git finds nothing wrong with the repository.
func (r *review) intact() {
	r.T.Helper()
	dir := filepath.Join(r.Config.Data, "repositories", r.Repository.ID[:2], r.Repository.ID+".git")
	if out, err := r.TryGit("", "--git-dir="+dir, "fsck", "--strict", "--no-dangling"); err != nil {
		r.T.Errorf("fsck: %v\n%s", err, out)
	}
}

// TestMergeStrategies: each strategy makes the history that it is named for, and the pull request shows the change that it was
// opened for from then on.
func TestMergeStrategies(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		r := newReview(s)
		for i, c := range []struct {
			strategy string
			diverged bool // main has moved on
			parents  int  // of what main holds afterwards
			keeps    bool // the source's commits are in main's history
			commits  int  // that main has got, by first parents
		}{
			{"merge_commit", true, 2, true, 1}, {"squash", true, 1, false, 1}, {"fast_forward", false, 1, true, 2},
			{"squash_fast_forward", false, 1, false, 1}, {"rebase_fast_forward", true, 1, false, 2}, {"rebase_merge", true, 2, false, 1},
		} {
			branch := fmt.Sprintf("by-%d", i)
			r.Git(r.dir, "switch", "--quiet", "main")
			r.Git(r.dir, "pull", "--quiet", r.remote, "main")
			base := r.Git(r.dir, "rev-parse", "main")
			r.commit(r.remote, branch, "main", branch+"-a", "1")
			tip := r.commit(r.remote, branch, "", branch+"-b", "2")
			if c.diverged {
				base = r.commit(r.remote, "main", "", fmt.Sprintf("main-%d", i), "3")
			}
			pr := r.open(r.admin, branch)
			before := r.Do(r.admin, "GET", pr+"/commits", nil).Body
			a := r.Want(r.Do(r.member, "POST", pr+"/merge", fmt.Sprintf(`{"merge_strategy":%q,"message":"By %s"}`, c.strategy, c.strategy)), 200)
			if a.String("state") != "MERGED" || a.String("closed_by.nickname") != "acme-member" {
				t.Errorf("%s: %s", c.strategy, a.Body)
			}
			r.Git(r.dir, "fetch", "--quiet", r.remote, "main")
			now := r.Git(r.dir, "rev-parse", "FETCH_HEAD")
			if now != a.String("merge_commit.hash") {
				t.Errorf("%s: main holds %s: %s", c.strategy, now, a.Body)
			}
			if got := len(strings.Fields(r.Git(r.dir, "show", "--no-patch", "--format=%P", now))); got != c.parents {
				t.Errorf("%s: %d parents", c.strategy, got)
			}
			if _, err := r.TryGit(r.dir, "merge-base", "--is-ancestor", tip, now); (err == nil) != c.keeps {
				t.Errorf("%s: the source is in main: %v", c.strategy, err)
			}
			if got := r.Git(r.dir, "rev-list", "--count", "--first-parent", base+".."+now); got != fmt.Sprint(c.commits) {
				t.Errorf("%s: main got %s commits", c.strategy, got)
			}
			if files := r.Git(r.dir, "ls-tree", "--name-only", now); !strings.Contains(files, branch+"-a") || !strings.Contains(files, branch+"-b") {
				t.Errorf("%s: main has %s", c.strategy, files)
			}
			if message := r.Git(r.dir, "log", "-1", "--format=%s", now); !strings.HasPrefix(c.strategy, "fast") && c.strategy != "rebase_fast_forward" && message != "By "+c.strategy {
				t.Errorf("%s: it says %q", c.strategy, message)
			}
			if after := r.Do(r.admin, "GET", pr+"/commits", nil).Body; string(after) != string(before) {
				t.Errorf("%s: its commits are %s, and were %s", c.strategy, after, before)
			}
		}
		// What only moves forward does not join.
		r.commit(r.remote, "late", "main~1", "late", "1")
		r.Want(r.Do(r.admin, "POST", r.open(r.admin, "late")+"/merge", `{"merge_strategy":"fast_forward"}`), 409, "conflict.state")
		r.Want(r.Do(r.admin, "POST", pulls+"/7/merge", `{"merge_strategy":"octopus"}`), 400, "value.invalid")
		r.intact()
	})
}

// TestPullRequestOfFork: what is pushed to a fork is followed, is merged into what it was forked from, and is there when the fork is
// gone.
func TestPullRequestOfFork(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		r := newReview(s)
		r.Want(r.Do(r.admin, "POST", widgets+"/forks", `{"name":"Forked"}`), 201)
		fork := strings.Replace(r.remote, "acme/widgets", "acme/forked", 1)
		const from = `,"close_source_branch":true`
		of := func(branch string) string {
			a := r.Want(r.Do(r.admin, "POST", pulls, fmt.Sprintf(`{"title":"From afar","source":{"branch":{"name":%q},"repository":{"full_name":"acme/forked"}}%s}`, branch, from)), 201)
			return pulls + "/" + a.String("id")
		}
		r.commit(fork, "one", "main", "one", "1")
		pr := of("one")
		tip := r.commit(fork, "one", "", "one", "2")
		if a := r.Want(r.Do(r.member, "GET", pr, nil), 200); a.String("source.commit.hash") != tip || a.String("source.repository.full_name") != "acme/forked" {
			t.Errorf("the fork was not followed to %s: %s", tip, a.Body)
		}
		location := r.Want(r.Do(r.admin, "GET", pr+"/diff", nil), 302).Header.Get("Location")
		if a := r.Want(r.Do(r.admin, "GET", strings.TrimPrefix(location, r.URL), nil), 200); !strings.Contains(string(a.Body), "+2") {
			t.Errorf("the change is %s", a.Body)
		}
		r.Want(r.Do(r.admin, "POST", pr+"/merge", nil), 200)
		r.Git(r.dir, "fetch", "--quiet", r.remote, "main")
		if r.Git(r.dir, "show", "FETCH_HEAD:one") != "2" {
			t.Error("the fork's change is not in main")
		}
		r.Want(r.Do(r.admin, "GET", "/2.0/repositories/acme/forked/refs/branches/one", nil), 404)

		tip = r.commit(fork, "two", "main", "two", "1")
		pr = of("two")
		r.Want(r.Do(r.admin, "DELETE", "/2.0/repositories/acme/forked", nil), 204)
		a := r.Want(r.Do(r.admin, "GET", pr+"?fields=*", nil), 200)
		if a.Get("source.repository") != nil || a.String("source.commit.hash") != tip || a.String("state") != "OPEN" {
			t.Errorf("without its fork: %s", a.Body)
		}
		location = r.Want(r.Do(r.admin, "GET", pr+"/diff", nil), 302).Header.Get("Location")
		r.Want(r.Do(r.admin, "GET", strings.TrimPrefix(location, r.URL), nil), 200)
		r.Want(r.Do(r.admin, "POST", pr+"/merge", nil), 409, "conflict.state")
		r.Want(r.Do(r.admin, "POST", pr+"/decline?fields=*", nil), 200)

		// A repository that has nothing to do with it, and one that the caller may not see.
		r.NewRepository("other")
		r.Git(r.dir, "push", "--quiet", strings.Replace(r.remote, "acme/widgets", "acme/other", 1), "main", "two")
		for _, name := range []string{"acme/other", "acme/nothing", "nobody", ""} {
			r.Want(r.Do(r.admin, "POST", pulls, fmt.Sprintf(`{"title":"x","source":{"branch":{"name":"two"},"repository":{"full_name":%q}}}`, name)), 400, "value.invalid")
		}
		r.intact()
	})
}

// TestPullRequestFollows: pushes by hand, and what a command on the server did without anybody being told.
func TestPullRequestFollows(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		r := newReview(s)
		ctx := context.Background()
		first := r.commit(r.remote, "topic", "main", "topic", "1")
		pr := r.open(r.admin, "topic")
		r.Want(r.Do(r.member, "POST", pr+"/approve", nil), 200)

		// A rewritten history is followed, and what was there before is forgotten with it.
		second := r.commit(r.remote, "topic", "main", "topic", "2")
		a := r.Want(r.Do(r.admin, "GET", pr, nil), 200)
		if a.String("source.commit.hash") != second || second == first || a.String("participants.0.approved") != "true" {
			t.Errorf("after a push with force: %s", a.Body)
		}
		// A branch that is set back to what main has is no merge.
		r.Git(r.dir, "push", "--quiet", "--force", r.remote, "main:topic")
		if a := r.Want(r.Do(r.admin, "GET", pr, nil), 200); a.String("state") != "OPEN" {
			t.Errorf("set back: %s", a.Body)
		}
		r.Want(r.Do(r.admin, "POST", pr+"/merge", nil), 400, "pullrequest.nothing")
		// A deleted branch stays readable.
		r.Git(r.dir, "push", "--quiet", r.remote, second+":refs/heads/topic")
		r.Git(r.dir, "push", "--quiet", "--delete", r.remote, "topic")
		if a := r.Want(r.Do(r.admin, "GET", pr, nil), 200); a.String("source.commit.hash") != second {
			t.Errorf("without its branch: %s", a.Body)
		}
		r.Want(r.Do(r.admin, "POST", pr+"/merge", nil), 409, "conflict.state")
		if a := r.Want(r.Do(r.admin, "GET", pr+"/commits", nil), 200); a.String("values.0.hash") != second {
			t.Errorf("its commits: %s", a.Body)
		}
		// It is pushed again, and both branches move behind everybody's back.
		r.Git(r.dir, "push", "--quiet", r.remote, second+":refs/heads/topic")
		third := r.commit(r.remote, "elsewhere", "topic", "third", "3")
		git := r.Repositories.Git
		check(r.World, git.UpdateRef(ctx, r.Repository.ID, "refs/heads/topic", gitstore.Hash(second), gitstore.Hash(third)))
		if a := r.Want(r.Do(r.admin, "GET", pulls, nil), 200); a.String("values.0.source.commit.hash") != third {
			t.Errorf("the list does not follow: %s", a.Body)
		}
		main, err := git.Resolve(ctx, r.Repository.ID, "main")
		check(r.World, err)
		check(r.World, git.UpdateRef(ctx, r.Repository.ID, "refs/heads/main", main, gitstore.Hash(third)))
		a = r.Want(r.Do(r.admin, "GET", pr, nil), 200)
		if a.String("state") != "MERGED" || a.String("merge_commit.hash") != third || a.Get("closed_by") != nil {
			t.Errorf("what is in main is merged: %s", a.Body)
		}

		// A merge whose end a crash has cut off: the branch has moved, and nothing else says so. Main goes on before anybody looks.
		r.Git(r.dir, "fetch", "--quiet", r.remote, "main")
		r.commit(r.remote, "cut", "FETCH_HEAD", "cut", "1")
		pr = r.open(r.admin, "cut")
		merged := r.commit(r.remote, "squashed", third, "cut", "1")
		next := r.commit(r.remote, "later", "squashed", "later", "1")
		check(r.World, git.UpdateRefs(ctx, r.Repository.ID, []gitstore.RefUpdate{{Name: "refs/pull-requests/2/merge", New: gitstore.Hash(merged)}}))
		if a := r.Want(r.Do(r.admin, "GET", pr, nil), 200); a.String("state") != "OPEN" {
			t.Errorf("before main has moved: %s", a.Body)
		}
		check(r.World, git.UpdateRef(ctx, r.Repository.ID, "refs/heads/main", gitstore.Hash(third), gitstore.Hash(next)))
		if a := r.Want(r.Do(r.admin, "GET", pr, nil), 200); a.String("state") != "MERGED" || a.String("merge_commit.hash") != merged {
			t.Errorf("after main has moved: %s", a.Body)
		}
		if a := r.Want(r.Do(r.admin, "GET", widgets+"/commit/"+third+"/pullrequests", nil), 200); a.String("size") != "1" || a.String("values.0.id") != "1" {
			t.Errorf("those of a commit: %s", a.Body)
		}
		r.intact()
	})
}

// TestPullRequestRules: who may do what, and what is refused before anything is done.
func TestPullRequestRules(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		r := newReview(s)
		r.commit(r.remote, "topic", "main", "topic", "1")
		_, bot := s.AccessToken(access.RepositoryTok, access.Bounds{WorkspaceID: r.Workspace.ID, RepositoryID: r.Repository.ID}, "pullrequest:write")
		unchanged(r.World, func() {
			for _, body := range []string{`{}`, `{"title":""}`, `{"title":"x"}`, `{"title":"x","source":{"branch":{"name":""}}}`, `{"title":"x","source":{"branch":{"name":"main"}}}`,
				`{"title":"x","source":{"branch":{"name":"a..b"}}}`, `{"title":"x","source":{"branch":{"name":"topic"}},"destination":{"branch":{"name":"--all"}}}`,
				`{"title":"x\ny","source":{"branch":{"name":"topic"}}}`, fmt.Sprintf(`{"title":%q,"source":{"branch":{"name":"topic"}}}`, strings.Repeat("x", 256)),
				fmt.Sprintf(`{"title":"x","description":%q,"source":{"branch":{"name":"topic"}}}`, strings.Repeat("x", 33<<10)),
				`{"title":"x","source":{"branch":{"name":"topic"}},"reviewers":[{}]}`, `{"title":"x","source":{"branch":{"name":"topic"}},"reviewers":[{"uuid":"{x"}]}`} {
				if a := r.Do(r.admin, "POST", pulls, body); a.Status != 400 {
					t.Errorf("%.80s: %d %s", body, a.Status, a.Body)
				}
			}
			r.Want(r.Do(r.outsider, "POST", pulls, `{"title":"x","source":{"branch":{"name":"topic"}}}`), 404)
			for _, id := range []string{"0", "-1", "x", "9", "99999999999999999999", "1%2F2"} {
				r.Want(r.Do(r.admin, "GET", pulls+"/"+id, nil), 404)
			}
			r.Want(r.Do(r.admin, "GET", pulls+"?state=NEW", nil), 400, "query.invalid")
			r.Want(r.Do(r.admin, "GET", pulls+"?ctx=x", nil), 400, "page.invalid")
		})

		// A token of the repository is the author, and reviews nothing.
		pr := r.open(pailtest.Bearer(bot), "topic", `,"draft":true,"description":"<script>alert(1)</script>"`)
		a := r.Want(r.Do(r.admin, "GET", pr, nil), 200)
		if a.String("author.type") != "app_user" || a.String("author.display_name") != "test" || a.String("draft") != "true" || strings.Contains(a.String("summary.html"), "<script") {
			t.Errorf("a token's: %s", a.Body)
		}
		r.Want(r.Do(pailtest.Bearer(bot), "POST", pr+"/approve", nil), 403, "credential.kind_not_accepted")
		r.Want(r.Do(r.admin, "POST", pr+"/merge", nil), 409, "conflict.state")
		r.Want(r.Do(pailtest.Bearer(bot), "PUT", pr, `{"draft":false,"title":"Ready"}`), 200)
		if a := r.Want(r.Do(r.admin, "GET", pulls+"?q=title+~+%22ready%22+AND+draft=false", nil), 200); a.String("size") != "1" {
			t.Errorf("found by q: %s", a.Body)
		}
		// Who reads may review, and changes nothing else.
		check(r.World, r.Workspaces.GrantGroup(t.Context(), r.Project, r.Group.ID, access.Read))
		r.Want(r.Do(r.member, "POST", pr+"/approve", nil), 200)
		r.Want(r.Do(r.member, "POST", pr+"/approve", nil), 200)
		r.Want(r.Do(r.member, "PUT", pr, `{"title":"Mine"}`), 403, "privilege.missing")
		r.Want(r.Do(r.member, "POST", pr+"/decline", nil), 403, "privilege.missing")
		r.Want(r.Do(r.member, "POST", pr+"/merge", nil), 403, "privilege.missing")
		r.Want(r.Do(r.member, "DELETE", pr+"/request-changes", nil), 204)
		r.Want(r.Do(r.member, "POST", pr+"/request-changes", nil), 200)
		r.Want(r.Do(r.member, "DELETE", pr+"/approve", nil), 204)
		if a := r.Want(r.Do(r.admin, "GET", pr, nil), 200); a.String("participants.0.state") != "changes_requested" || a.String("participants.0.role") != "PARTICIPANT" {
			t.Errorf("one takes the place of the other: %s", a.Body)
		}
		// Restrictions: nobody merges but whom it names, and the source branch stays where it is restricted.
		restrict := func(body string) string {
			return widgets + "/branch-restrictions/" + r.Want(r.Do(r.admin, "POST", widgets+"/branch-restrictions", body), 201).String("id")
		}
		only := restrict(`{"kind":"restrict_merges","pattern":"main","users":[{"username":"acme-member"}],"groups":[]}`)
		r.Want(r.Do(r.admin, "POST", pr+"/merge", nil), 403, "branch.restricted")
		r.Want(r.Do(r.admin, "DELETE", only, nil), 204)
		restrict(`{"kind":"delete","pattern":"topic"}`)
		restrict(`{"kind":"push","pattern":"main","users":[],"groups":[]}`) // keeps pushes away, not merges
		r.Want(r.Do(r.admin, "POST", pr+"/merge", `{"close_source_branch":true}`), 200)
		r.Want(r.Do(r.admin, "GET", widgets+"/refs/branches/topic", nil), 200)

		// Who leaves takes reviews along, and the pull requests stay.
		r.Exec(`DELETE FROM account WHERE id = $1`, r.Member.ID)
		if a := r.Want(r.Do(r.admin, "GET", pr, nil), 200); a.String("participants") != "[]" {
			t.Errorf("without the reviewer: %s", a.Body)
		}
		r.Want(r.Do(r.admin, "GET", pr+"/activity", nil), 200)

		// In a public repository everybody with an account takes part.
		check(r.World, r.DB.Update(t.Context(), func(tx *database.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE repository SET is_private = FALSE WHERE id = $1`, r.Repository.ID)
			return err
		}))
		r.commit(r.remote, "open", "main", "open", "1")
		pr = r.open(r.outsider, "open")
		r.Want(r.Do(pailtest.None, "GET", pr, nil), 200)
		r.Want(r.Do(pailtest.None, "POST", pr+"/approve", nil), 401)
		r.Want(r.Do(r.outsider, "POST", pr+"/merge", nil), 403, "privilege.missing")
		r.Want(r.Do(r.outsider, "PUT", pr, `{"description":"Better"}`), 200)
		r.Want(r.Do(r.outsider, "POST", pr+"/decline", nil), 200)
		// And what is deleted leaves nothing.
		r.Want(r.Do(r.admin, "DELETE", widgets, nil), 204)
		for _, table := range []string{"pull_request", "pull_request_participant", "pull_request_activity", "pull_request_merge"} {
			var left int
			check(r.World, r.DB.Row(t.Context(), `SELECT COUNT(*) FROM `+table).Scan(&left))
			if left != 0 {
				t.Errorf("%d rows are left in %s", left, table)
			}
		}
	})
}

// TestPullRequestPages: a list goes on where it began, whatever is made meanwhile.
func TestPullRequestPages(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		r := newReview(s)
		make := func(i int) {
			r.Git(r.dir, "branch", "--force", fmt.Sprintf("p-%d", i), r.commit(r.remote, "work", "main", "work", fmt.Sprint(i)))
			r.Git(r.dir, "push", "--quiet", r.remote, fmt.Sprintf("p-%d", i))
			r.open(r.admin, fmt.Sprintf("p-%d", i))
		}
		for i := range 5 {
			make(i)
		}
		for _, list := range []string{pulls, "/2.0/workspaces/acme/pullrequests/acme-admin"} {
			var seen []string
			next := list + "?pagelen=2"
			for page := 0; next != ""; page++ {
				a := r.Want(r.Do(r.admin, "GET", next, nil), 200)
				for i := range a.Get("values").([]any) {
					seen = append(seen, a.String(fmt.Sprintf("values.%d.id", i)))
				}
				if next = strings.TrimPrefix(a.String("next"), r.URL); page == 0 {
					make(len(list) + 100)
				}
			}
			if len(seen) < 5 || !slices.IsSortedFunc(seen, func(a, b string) int { return strings.Compare(b, a) }) || len(slices.Compact(seen)) != len(seen) || seen[len(seen)-1] != "1" {
				t.Errorf("%s: %v", list, seen)
			}
		}
		if a := r.Want(r.Do(r.outsider, "GET", "/2.0/workspaces/acme/pullrequests/acme-admin", nil), 404); a.Reason() != "workspace.not_found" {
			t.Errorf("%s", a.Body)
		}
		a := r.Want(r.Do(r.admin, "GET", pulls+"/activity?pagelen=2", nil), 200)
		if a.String("values.0.update.changes.status.new") != "" || a.String("values.0.pull_request.id") != "7" || a.String("next") == "" {
			t.Errorf("activity: %s", a.Body)
		}
	})
}

// TestPullRequestEvents: webhooks are told what happens, in order.
func TestPullRequestEvents(t *testing.T) {
	t.Parallel()
	hear := newReceiver(t)
	r := newReview(pailtest.Start(t, pailtest.Options{Env: []string{"PAIL_OUTBOUND_ALLOW=127.0.0.1"}}))
	events := []string{"created", "updated", "push", "approved", "unapproved", "changes_request_created", "changes_request_removed", "fulfilled", "rejected"}
	r.Want(r.Do(r.admin, "POST", widgets+"/hooks", fmt.Sprintf(`{"url":%q,"active":true,"events":["pullrequest:%s"]}`, hear.url, strings.Join(events, `","pullrequest:`))), 201)
	r.commit(r.remote, "topic", "main", "topic", "1")
	pr := r.open(r.admin, "topic")
	got := hear.next("pullrequest:created")
	if got.at("pullrequest", "title") != "Merge topic" || got.at("actor", "nickname") != "acme-admin" || got.at("repository", "full_name") != "acme/widgets" {
		t.Errorf("%s", got.Body)
	}
	r.Want(r.Do(r.admin, "PUT", pr, `{"title":"Another"}`), 200)
	hear.next("pullrequest:updated")
	r.Want(r.Do(r.admin, "PUT", pr, `{"title":"Another"}`), 200) // nothing new
	tip := r.commit(r.remote, "topic", "", "topic", "2")
	if got := hear.next("pullrequest:updated"); got.at("pullrequest", "source", "commit", "hash") != tip || got.at("actor", "nickname") != "acme-admin" {
		t.Errorf("%s", got.Body)
	}
	hear.next("pullrequest:push")
	r.Want(r.Do(r.member, "POST", pr+"/approve", nil), 200)
	if got := hear.next("pullrequest:approved"); got.at("approval", "user", "nickname") != "acme-member" || got.at("approval", "date") == nil {
		t.Errorf("%s", got.Body)
	}
	r.Want(r.Do(r.member, "DELETE", pr+"/approve", nil), 204)
	hear.next("pullrequest:unapproved")
	r.Want(r.Do(r.member, "POST", pr+"/request-changes", nil), 200)
	if got := hear.next("pullrequest:changes_request_created"); got.at("changes_request", "user", "nickname") != "acme-member" {
		t.Errorf("%s", got.Body)
	}
	r.Want(r.Do(r.member, "DELETE", pr+"/request-changes", nil), 204)
	hear.next("pullrequest:changes_request_removed")
	r.Want(r.Do(r.admin, "POST", pr+"/merge", nil), 200)
	if got := hear.next("pullrequest:fulfilled"); got.at("pullrequest", "state") != "MERGED" || got.at("pullrequest", "merge_commit", "hash") == nil {
		t.Errorf("%s", got.Body)
	}
	r.commit(r.remote, "topic", "", "topic", "3")
	r.Want(r.Do(r.admin, "POST", r.open(r.admin, "topic")+"/decline", nil), 200)
	hear.next("pullrequest:created")
	hear.next("pullrequest:rejected")
	hear.none()
}

// TestPullRequestsAtOnce: many who make, approve and merge pull requests of one repository at once. No number is missing or given
// twice, no approval and no commit is lost.
func TestPullRequestsAtOnce(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		r := newReview(s)
		const n = 50
		refs := []string{"push", "--quiet", r.remote}
		for i := range n {
			r.Git(r.dir, "switch", "--quiet", "-C", fmt.Sprintf("at-once-%d", i), "main")
			check(r.World, os.WriteFile(filepath.Join(r.dir, fmt.Sprintf("file-%d", i)), []byte("x"), 0o600))
			r.Git(r.dir, "add", ".")
			r.Git(r.dir, "commit", "--quiet", "-m", fmt.Sprintf("File %d", i))
			refs = append(refs, fmt.Sprintf("at-once-%d", i))
		}
		r.Git(r.dir, refs...)
		var mu sync.Mutex
		var numbers []int
		same := map[int]int{}
		var all sync.WaitGroup
		for i := range n {
			all.Go(func() {
				a := r.Do(r.admin, "POST", pulls, fmt.Sprintf(`{"title":"%d","source":{"branch":{"name":"at-once-%d"}}}`, i, i))
				twice := r.Do(r.member, "POST", pulls, fmt.Sprintf(`{"title":"%d","source":{"branch":{"name":"at-once-%d"}}}`, i, i))
				mu.Lock()
				defer mu.Unlock()
				same[a.Status]++
				same[twice.Status]++
				if id, ok := a.Get("id").(float64); ok {
					numbers = append(numbers, int(id))
				}
			})
		}
		all.Wait()
		slices.Sort(numbers)
		if same[201] != n || same[400] != n || len(numbers) != n || numbers[0] != 1 || numbers[n-1] != n || len(slices.Compact(numbers)) != n {
			t.Fatalf("%v: %v", same, numbers)
		}
		for i := range n {
			for _, c := range []pailtest.Credential{r.admin, r.member} {
				all.Go(func() { r.Do(c, "POST", fmt.Sprintf("%s/%d/approve", pulls, i%5+1), nil) })
			}
		}
		all.Wait()
		for i := range 5 {
			if a := r.Do(r.admin, "GET", fmt.Sprintf("%s/%d", pulls, i+1), nil); a.String("participants.0.approved") != "true" || a.String("participants.1.approved") != "true" || a.Get("participants.2") != nil {
				t.Errorf("%s", a.Body)
			}
		}
		// Each is merged by two at once, again and again while others move the branch: one of them merges it.
		merged := make([]int, n)
		for i := range n {
			for range 2 {
				all.Go(func() {
					for {
						a := r.Do(r.admin, "POST", fmt.Sprintf("%s/%d/merge", pulls, i+1), nil)
						switch {
						case a.Status == 409 && a.Reason() == "pullrequest.moved":
							continue
						case a.Status == 200:
							mu.Lock()
							merged[i]++
							mu.Unlock()
						case a.Reason() != "pullrequest.closed":
							t.Errorf("%d: %d %s", i+1, a.Status, a.Body)
						}
						return
					}
				})
			}
		}
		all.Wait()
		for i, times := range merged {
			if times != 1 {
				t.Errorf("%d was merged %d times", i+1, times)
			}
		}
		r.Git(r.dir, "fetch", "--quiet", r.remote, "main")
		if files := strings.Count(r.Git(r.dir, "ls-tree", "--name-only", "FETCH_HEAD"), "file-"); files != n {
			t.Errorf("%d files of %d are in main", files, n)
		}
		if merges := r.Git(r.dir, "rev-list", "--count", "--merges", "FETCH_HEAD"); merges != fmt.Sprint(n) {
			t.Errorf("%s merges", merges)
		}
		r.intact()
	})
}

// TestMergeChecks: each kind of restriction that is about merges stands in the way on its own, and only while checks are enforced.
func TestMergeChecks(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		r := newReview(s)
		restrict := func(body string) string {
			return widgets + "/branch-restrictions/" + r.Want(r.Do(r.admin, "POST", widgets+"/branch-restrictions", body), 201).String("id")
		}
		enforced := restrict(`{"kind":"enforce_merge_checks","pattern":"*"}`)
		r.commit(r.remote, "topic", "main", "topic", "1")
		r.commit(r.remote, "main", "", "other", "1") // topic is behind
		pr := r.open(r.admin, "topic")
		approve := func() { r.Want(r.Do(r.member, "POST", pr+"/approve", nil), 200) }
		status := func(state string) func() {
			return func() {
				r.Want(r.Do(r.admin, "POST", widgets+"/commit/topic/statuses/build", fmt.Sprintf(`{"key":"ci","state":%q}`, state)), 201)
			}
		}
		for _, c := range []struct {
			restriction string
			worse       func() // than it is without
			better      func()
		}{
			{`"kind":"require_approvals_to_merge","value":1`, nil, approve},
			{`"kind":"require_review_group_approvals_to_merge","value":1`, nil, approve},
			{`"kind":"require_default_reviewer_approvals_to_merge","value":1`, approve, func() {
				r.Want(r.Do(r.admin, "PUT", widgets+"/default-reviewers/acme-member", nil), 200)
			}},
			{`"kind":"require_no_changes_requested"`, func() { r.Want(r.Do(r.member, "POST", pr+"/request-changes", nil), 200) }, approve},
			{`"kind":"require_passing_builds_to_merge","value":1`, nil, status("SUCCESSFUL")},
			{`"kind":"require_passing_builds_to_merge","value":1`, status("INPROGRESS"), status("SUCCESSFUL")},
			{`"kind":"require_tasks_to_be_completed"`, func() { r.Exec(`UPDATE pull_request SET task_count = 1`) }, func() { r.Exec(`UPDATE pull_request SET task_count = 0`) }},
			{`"kind":"require_all_comments_resolved"`, func() { r.Exec(`UPDATE pull_request SET unresolved_count = 1`) }, func() { r.Exec(`UPDATE pull_request SET unresolved_count = 0`) }},
			{`"kind":"require_commits_behind","value":0`, nil, func() {
				r.Git(r.dir, "switch", "--quiet", "topic")
				r.Git(r.dir, "merge", "--quiet", "--no-edit", "main")
				r.Git(r.dir, "push", "--quiet", r.remote, "topic")
			}},
		} {
			kind := strings.Split(c.restriction, `"`)[3]
			if c.worse != nil {
				c.worse()
			}
			made := restrict(`{` + c.restriction + `,"pattern":"main"}`)
			a := r.Want(r.Do(r.admin, "POST", pr+"/merge", nil), 409, "pullrequest.checks")
			if a.String("error.data.checks.0.kind") != kind || a.Get("error.data.checks.1") != nil || a.String("error.data.checks.0.missing") == "" {
				t.Errorf("%s: %s", kind, a.Body)
			}
			c.better()
			// What stops it now is another one, alone.
			holding := restrict(`{"kind":"require_approvals_to_merge","pattern":"ma*","value":9}`)
			a = r.Want(r.Do(r.admin, "POST", pr+"/merge", nil), 409, "pullrequest.checks")
			if !strings.HasSuffix(holding, "/"+a.String("error.data.checks.0.branch_restriction")) || a.Get("error.data.checks.1") != nil {
				t.Errorf("%s is satisfied: %s", kind, a.Body)
			}
			r.Want(r.Do(r.admin, "DELETE", holding, nil), 204)
			r.Want(r.Do(r.admin, "DELETE", made, nil), 204)
			r.Want(r.Do(r.member, "DELETE", pr+"/approve", nil), 204)
		}
		// Without what makes them binding, checks warn only.
		restrict(`{"kind":"require_approvals_to_merge","pattern":"main","value":9}`)
		r.Want(r.Do(r.admin, "POST", pr+"/merge", nil), 409, "pullrequest.checks")
		r.Want(r.Do(r.admin, "DELETE", enforced, nil), 204)
		r.Want(r.Do(r.admin, "POST", pr+"/merge", nil), 200)
	})
}

// TestResets: new commits take approvals back where a restriction says so; the smart one leaves them when the change is the same.
func TestResets(t *testing.T) {
	t.Parallel()
	r := newReview(pailtest.Start(t, pailtest.Options{}))
	r.Want(r.Do(r.admin, "POST", widgets+"/branch-restrictions", `{"kind":"smart_reset_pullrequest_approvals","pattern":"main"}`), 201)
	r.Want(r.Do(r.admin, "POST", widgets+"/branch-restrictions", `{"kind":"reset_pullrequest_changes_requested_on_change","pattern":"main"}`), 201)
	r.commit(r.remote, "topic", "main", "topic", "1")
	pr := r.open(r.admin, "topic")
	state := func(want string) {
		t.Helper()
		if a := r.Want(r.Do(r.admin, "GET", pr, nil), 200); a.String("participants.0.state") != want {
			t.Errorf("it is %s, want %q", a.String("participants"), want)
		}
	}
	r.Want(r.Do(r.member, "POST", pr+"/approve", nil), 200)
	r.commit(r.remote, "main", "", "other", "1")
	r.Git(r.dir, "switch", "--quiet", "topic")
	r.Git(r.dir, "rebase", "--quiet", "main")
	r.Git(r.dir, "push", "--quiet", "--force", r.remote, "topic")
	state("approved")
	r.commit(r.remote, "topic", "", "topic", "2")
	state("")
	r.Want(r.Do(r.member, "POST", pr+"/request-changes", nil), 200)
	r.commit(r.remote, "topic", "", "topic", "3")
	state("")
}

// TestMergeInBackground: who does not wait asks how far it is, and is told what it came to.
func TestMergeInBackground(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		r := newReview(s)
		r.commit(r.remote, "topic", "main", "topic", "1")
		r.commit(r.remote, "conflict", "main", "topic", "2")
		good, bad := r.open(r.admin, "topic"), r.open(r.admin, "conflict")
		ask := func(pr string) string {
			a := r.Want(r.Do(r.admin, "POST", pr+"/merge?async=true", nil), 202)
			if a.String("task_status") != "PENDING" || a.String("links.self.href") != a.Header.Get("Location") {
				t.Errorf("%s", a.Body)
			}
			return strings.TrimPrefix(a.Header.Get("Location"), r.URL)
		}
		task := ask(good)
		var a *pailtest.Answer
		pailtest.Until(t, func() bool {
			a = r.Want(r.Do(r.admin, "GET", task, nil), 200)
			return a.String("task_status") != "PENDING"
		})
		if a.String("task_status") != "SUCCESS" || a.String("merge_result.state") != "MERGED" {
			t.Errorf("%s", a.Body)
		}
		task = ask(bad)
		pailtest.Until(t, func() bool {
			a = r.Do(r.admin, "GET", task, nil)
			return a.Status != 200
		})
		if r.Want(a, 409, "pullrequest.conflict").String("error.data.files.0") != "topic" {
			t.Errorf("%s", a.Body)
		}
		r.Want(r.Do(r.admin, "GET", strings.Replace(task, bad, good, 1), nil), 400, "value.invalid")
		r.Want(r.Do(r.admin, "POST", good+"/merge?async=true", nil), 400, "pullrequest.closed")
		r.Want(r.Do(r.admin, "POST", bad+"/merge?async=maybe", nil), 400, "query.invalid")
		// A process that was killed leaves it pending; nobody asks for it for ever.
		r.Exec(`UPDATE pull_request_merge SET state = 'PENDING', refusal = '', due_on = 1`)
		r.Want(r.Do(r.admin, "GET", task, nil), 503, "server.stopping")
	})
}

// TestDefaultReviewers: they are asked to review what is opened, but for the author and who may not read it.
func TestDefaultReviewers(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		r := newReview(s)
		const reviewers = widgets + "/default-reviewers"
		for range 2 {
			r.Want(r.Do(r.admin, "PUT", reviewers+"/acme-member", nil), 200)
		}
		r.Want(r.Do(r.admin, "PUT", reviewers+"/%7B"+r.Admin.ID+"%7D", nil), 200)
		r.Want(r.Do(r.admin, "PUT", reviewers+"/acme-outsider", nil), 400, "value.invalid")
		r.Want(r.Do(r.admin, "PUT", reviewers+"/nobody", nil), 404, "user.not_found")
		r.Want(r.Do(r.admin, "GET", reviewers+"/acme-outsider", nil), 404, "resource.not_found")
		r.Want(r.Do(r.admin, "DELETE", reviewers+"/acme-outsider", nil), 404, "resource.not_found")
		check(r.World, r.Workspaces.AddDefaultReviewer(t.Context(), r.Project, r.Member.ID))
		if a := r.Want(r.Do(r.member, "GET", widgets+"/effective-default-reviewers", nil), 200); a.String("size") != "2" || a.String("values.1.user.nickname") != "acme-member" || a.String("values.1.reviewer_type") != "repository" {
			t.Errorf("%s", a.Body)
		}
		r.commit(r.remote, "topic", "main", "topic", "1")
		if a := r.Want(r.Do(r.admin, "GET", r.open(r.admin, "topic"), nil), 200); a.String("reviewers.0.nickname") != "acme-member" || a.Get("reviewers.1") != nil {
			t.Errorf("%s", a.Body)
		}
		// A repository that moves away leaves them.
		other, err := r.Workspaces.CreateWorkspace(t.Context(), "other", "Other", r.Admin.ID)
		check(r.World, err)
		project, err := r.Workspaces.CreateProject(t.Context(), &other, workspace.NewProject{Key: "OTH", Name: "Other"})
		check(r.World, err)
		_, err = r.Repositories.Transfer(t.Context(), r.Repository, project)
		check(r.World, err)
		if a := r.Want(r.Do(r.admin, "GET", "/2.0/repositories/other/widgets/default-reviewers", nil), 200); a.String("size") != "0" {
			t.Errorf("%s", a.Body)
		}
		if a := r.Want(r.Do(r.admin, "GET", "/2.0/repositories/other/widgets/pullrequests/1", nil), 200); a.String("destination.repository.full_name") != "other/widgets" {
			t.Errorf("%s", a.Body)
		}
	})
}
