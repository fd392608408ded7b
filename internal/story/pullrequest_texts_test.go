package story

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/codeowners"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/pullrequest"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/workspace"
)

// TestTextsLead: what a description, a comment or a README speaks of and what is there is a link; what is not there, and what is
// elsewhere, stays text.
func TestTextsLead(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		r := newReview(s)
		hash := r.commit(r.remote, "topic", "main", "topic", "1")
		other := r.NewRepository("other")
		elsewhere := r.commit(strings.Replace(r.remote, "acme/widgets", "acme/other", 1), "secret", "main", "secret", "1")
		says := fmt.Sprintf("@{%s}, @{%s} and @ACME-OUTSIDER see %s in pull request #1, not `@acme-admin`, @nobody, pull request #9, #1, deadbeef or %s.", r.Member.AccountID, r.Admin.ID, hash[:9], elsewhere)
		pr := r.open(r.admin, "topic", fmt.Sprintf(`,"description":%q`, says))
		site := r.Config.ExternalURL
		want := fmt.Sprintf(`<p><a href="%[1]s/%%7B%[2]s%%7D" title="acme-member">@Member</a>, <a href="%[1]s/%%7B%[3]s%%7D" title="acme-admin">@Admin</a> and <a href="%[1]s/%%7B%[4]s%%7D" title="acme-outsider">@Outsider</a> see `+
			`<a href="%[1]s/acme/widgets/commits/%[5]s">%[6]s</a> in <a href="%[1]s/acme/widgets/pull-requests/1" title="Merge topic">pull request #1</a>, not <code>@acme-admin</code>, @nobody, pull request #9, #1, deadbeef or %[7]s.</p>`,
			site, r.Member.ID, r.Admin.ID, r.Outsider.ID, hash, hash[:9], elsewhere)
		is := func(what, got string) {
			t.Helper()
			if got = strings.TrimSpace(got); got != want {
				t.Errorf("%s\ngot  %s\nwant %s", what, got, want)
			}
		}
		one := r.Want(r.Do(r.member, "GET", pr, nil), 200)
		is("one", one.String("rendered.description.html"))
		is("summary", one.String("summary.html"))
		is("list", r.Want(r.Do(r.member, "GET", pulls, nil), 200).String("values.0.summary.html"))
		is("of a user", r.Want(r.Do(r.admin, "GET", "/2.0/workspaces/acme/pullrequests/acme-admin", nil), 200).String("values.0.summary.html"))
		comment := r.Want(r.Do(r.member, "POST", pr+"/comments", fmt.Sprintf(`{"content":{"raw":%q}}`, says)), 201)
		is("comment", comment.String("content.html"))
		is("comments", r.Want(r.Do(r.member, "GET", pr+"/comments", nil), 200).String("values.0.content.html"))
		is("activity", r.Want(r.Do(r.member, "GET", pr+"/activity", nil), 200).String("values.0.comment.content.html"))
		said := r.Want(r.Do(r.member, "POST", widgets+"/commit/"+hash+"/comments", fmt.Sprintf(`{"content":{"raw":%q}}`, says)), 201)
		is("comment on a commit", said.String("content.html"))
		is("comments on a commit", r.Want(r.Do(r.member, "GET", widgets+"/commit/"+hash+"/comments", nil), 200).String("values.0.content.html"))
		tip := r.commit(r.remote, "main", "main", "README.md", says)
		is("README", string(r.Want(r.Do(r.member, "GET", widgets+"/src/"+tip+"/README.md?format=rendered", nil), 200).Body))

		// On pages addresses begin at the root, and accounts lead to what they have proposed.
		want = fmt.Sprintf(`<p><a href="/acme/widgets/pull-requests?author=acme-member&amp;state=all" title="Pull requests by acme-member">@Member</a>, `+
			`<a href="/acme/widgets/pull-requests?author=acme-admin&amp;state=all" title="Pull requests by acme-admin">@Admin</a> and <a href="/acme/widgets/pull-requests?author=acme-outsider&amp;state=all" title="Pull requests by acme-outsider">@Outsider</a> see `+
			`<a href="/acme/widgets/commits/%[1]s">%[2]s</a> in <a href="/acme/widgets/pull-requests/1" title="Merge topic">pull request #1</a>, not <code>@acme-admin</code>, @nobody, pull request #9, #1, deadbeef or %[3]s.</p>`, hash, hash[:9], elsewhere)
		ctx := context.Background()
		texts, err := r.PullRequests.Written(ctx, r.Repository, says)
		check(r.World, err)
		is("page", string(texts[says]))
		comments, err := r.Commits.Comments(ctx, r.Repository, gitstore.Hash(hash), 10)
		check(r.World, err)
		is("page of a commit", string(comments[0].HTML))

		// What speaks of the other repository leads there alone.
		texts, err = r.Repositories.Texts(ctx, r.DB, r.PullRequests.URLs, other, elsewhere+" pull request #1")
		check(r.World, err)
		if got := string(texts[elsewhere+" pull request #1"]); !strings.Contains(got, site+"/acme/other/commits/"+elsewhere+`"`) || strings.Contains(got, "pull-requests") {
			t.Errorf("in the other repository: %s", got)
		}
	})
}

// TestTextsLeadToIssues: #1 is a link to issue 1 in whatever people write in its repository while that has a tracker, and nowhere else.
func TestTextsLeadToIssues(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		r := newReview(s)
		oneIssue(r.World)
		issues, ctx := issueToken(r.World), context.Background()
		const says = "See #1, issue #2 and pull request #1, not `#1`."
		link := func(site string) string {
			return fmt.Sprintf(`See <a href="%s/acme/widgets/issues/1" title="It breaks">#1</a>, issue #2`, site)
		}
		leads := func(what, got, site string) {
			t.Helper()
			if !strings.Contains(got, link(site)) || !strings.Contains(got, "<code>#1</code>") {
				t.Errorf("%s: %s", what, got)
			}
		}
		api := func(c pailtest.Credential, method, path, body, at string) {
			t.Helper()
			a := r.Do(c, method, path, body)
			if a.Status > 201 {
				t.Fatalf("%s %s: %d %s", method, path, a.Status, a.Body)
			}
			leads(method+" "+path, a.String(at), r.Config.ExternalURL)
		}
		content := fmt.Sprintf(`{"content":{"raw":%q}}`, says)
		get := func(c pailtest.Credential, path, at string) {
			t.Helper()
			leads(path, r.Want(r.Do(c, "GET", path, nil), 200).String(at), r.Config.ExternalURL)
		}
		api(issues, "PUT", ofIssues+"/1", content, "content.html")
		get(issues, ofIssues+"/1", "content.html")
		get(issues, ofIssues, "values.0.content.html")
		api(issues, "POST", ofIssues+"/1/comments", content, "content.html")
		api(issues, "PUT", ofIssues+"/1/comments/2", content, "content.html")
		get(issues, ofIssues+"/1/comments", "values.0.content.html")
		get(issues, ofIssues+"/1/comments/2", "content.html")
		api(issues, "POST", ofIssues+"/1/changes", fmt.Sprintf(`{"changes":{"state":{"new":"open"}},"message":{"raw":%q}}`, says), "message.html")
		get(issues, ofIssues+"/1/changes/3", "message.html")
		hash := r.commit(r.remote, "topic", "main", "topic", "1")
		pr := r.open(r.admin, "topic", fmt.Sprintf(`,"description":%q`, says))
		get(r.member, pr, "summary.html")
		api(r.member, "POST", pr+"/comments", content, "content.html")
		api(r.member, "POST", widgets+"/commit/"+hash+"/comments", content, "content.html")
		tip := r.commit(r.remote, "main", "main", "README.md", says)
		leads("README", string(r.Want(r.Do(r.member, "GET", widgets+"/src/"+tip+"/README.md?format=rendered", nil), 200).Body), r.Config.ExternalURL)
		texts, err := r.Issues.Written(ctx, r.Repository, says)
		check(r.World, err)
		if got := string(texts[says]); strings.Contains(got, "/issues/") { // the one that the test holds has no tracker
			t.Errorf("without a tracker: %s", got)
		}
		tracked := *r.Repository
		tracked.HasIssues = true
		texts, err = r.Issues.Written(ctx, &tracked, says)
		check(r.World, err)
		leads("page", string(texts[says]), "")

		// What a commit says is no Markdown.
		texts, err = r.Repositories.Messages(ctx, r.DB, rest.URLs{}, &tracked, says+" <b>*x*</b>\n\n#1")
		check(r.World, err)
		one := `<a href="/acme/widgets/issues/1" title="It breaks">#1</a>`
		want := link("") + ` and <a href="/acme/widgets/pull-requests/1" title="Merge topic">pull request #1</a>, not ` + "`" + one + "`. &lt;b&gt;*x*&lt;/b&gt;\n\n" + one
		if got := string(texts[says+" <b>*x*</b>\n\n#1"]); got != want {
			t.Errorf("a message\ngot  %s\nwant %s", got, want)
		}
		other := *r.NewRepository("other")
		other.HasIssues = true
		texts, err = r.Issues.Written(ctx, &other, says)
		check(r.World, err)
		if got := string(texts[says]); strings.Contains(got, "<a ") {
			t.Errorf("elsewhere: %s", got)
		}
	})
}

// TestReadmeLeadsToWhatIsThere: what a README speaks of may come later: the page is not kept as it was.
func TestReadmeLeadsToWhatIsThere(t *testing.T) {
	t.Parallel()
	r := newReview(pailtest.Start(t, pailtest.Options{}))
	r.commit(r.remote, "topic", "main", "topic", "1")
	r.commit(r.remote, "main", "main", "README.md", "See pull request #1.\n")
	read := func() string {
		commit, _, err := r.Repositories.CommitAt(context.Background(), r.Repository, "main")
		check(r.World, err)
		return string(r.Want(r.Do(r.member, "GET", widgets+"/src/"+string(commit.Hash)+"/README.md?format=rendered", nil), 200).Body)
	}
	if got := read(); strings.Contains(got, "<a ") {
		t.Errorf("before: %s", got)
	}
	r.open(r.admin, "topic")
	if got := read(); !strings.Contains(got, "/acme/widgets/pull-requests/1") {
		t.Errorf("behind: %s", got)
	}
}

// TestPrivateFork: a pull request from a fork that the reader may not see says neither what that is called nor that it is there, in
// no rendering, no filter, no order and no message.
func TestPrivateFork(t *testing.T) {
	t.Parallel()
	hear := newReceiver(t)
	r := newReview(pailtest.Start(t, pailtest.Options{Env: openTo}))
	ctx := context.Background()
	den, err := r.Workspaces.CreateWorkspace(ctx, "den", "Den", r.Admin.ID)
	check(r.World, err)
	_, err = r.Workspaces.CreateProject(ctx, &den, workspace.NewProject{Key: "DEN", Name: "Den"})
	check(r.World, err)
	const body = `{"name":"Lair","workspace":{"slug":"den"}}`
	r.Want(r.Do(r.admin, "POST", widgets+"/forks", body), 201)
	fork := strings.Replace(r.remote, "acme/widgets", "den/lair", 1)
	r.commit(fork, "hidden", "main", "hidden", "1")
	r.Want(r.Do(r.admin, "POST", widgets+"/hooks", fmt.Sprintf(`{"url":%q,"active":true,"events":["pullrequest:created","pullrequest:fulfilled","pullrequest:comment_created"]}`, hear.url)), 201)
	made := r.Want(r.Do(r.admin, "POST", pulls, `{"title":"From within","source":{"branch":{"name":"hidden"},"repository":{"full_name":"den/lair"}}}`), 201)
	if got := made.String("source.repository.full_name"); got != "den/lair" {
		t.Errorf("who may read the fork sees %q", got)
	}
	pr := pulls + "/" + made.String("id")
	hides := func(what string, text []byte) {
		t.Helper()
		if s := strings.ToLower(string(text)); strings.Contains(s, "lair") || strings.Contains(s, "den/") {
			t.Errorf("%s tells of the fork: %s", what, text)
		}
	}
	bot := r.bot("pullrequest", "repository")
	for _, reader := range []pailtest.Credential{r.member, bot} {
		r.Want(r.Do(r.member, "POST", pr+"/comments", `{"content":{"raw":"x"}}`), 201)
		one := r.Want(r.Do(reader, "GET", pr, nil), 200)
		if one.Get("source.repository") != nil || one.String("source.branch.name") != "hidden" {
			t.Errorf("%s", one.Body)
		}
		hides("one", one.Body)
		for _, list := range []string{pulls, pulls + "?sort=source.repository.full_name", pulls + "/activity", pr + "/activity", pr + "/comments", pr + "/commits", pr + "/statuses", widgets + "/commit/" + made.String("source.commit.hash") + "/pullrequests"} {
			hides(list, r.Want(r.Do(reader, "GET", list, nil), 200).Body)
		}
		for _, q := range []string{`source.repository.full_name~"den"`, `source.repository.full_name="den/lair"`, `source.repository.uuid="{` + r.forkID("lair") + `}"`} {
			if a := r.Want(r.Do(reader, "GET", pulls+"?q="+strings.NewReplacer(`"`, "%22", "{", "%7B", "}", "%7D").Replace(q), nil), 200); a.String("size") != "0" {
				t.Errorf("%s finds %s", q, a.Body)
			}
		}
	}
	hides("the answer to a change", r.Want(r.Do(r.member, "POST", pr+"/approve", nil), 200).Body)
	hides("the end", r.Want(r.Do(r.member, "POST", pr+"/merge", nil), 200).Body)
	r.Git(r.dir, "fetch", "--quiet", r.remote, "main")
	hides("the message of the merge", []byte(r.Git(r.dir, "log", "-1", "--format=%B", "FETCH_HEAD")))
	for _, key := range []string{"created", "comment_created", "comment_created", "fulfilled"} {
		got := hear.next("pullrequest:" + key)
		hides(key, got.Body)
	}

	// A public fork is everybody's to see, and one's own is not taken for hidden.
	r.Exec(`UPDATE project SET is_private = FALSE WHERE key = 'DEN'`)
	r.Want(r.Do(r.admin, "PUT", "/2.0/repositories/den/lair", `{"is_private":false}`), 200)
	for _, reader := range []pailtest.Credential{r.member, bot, r.admin} {
		if a := r.Want(r.Do(reader, "GET", pr, nil), 200); a.String("source.repository.full_name") != "den/lair" {
			t.Errorf("once it is public: %s", a.Body)
		}
	}
}

// forkID is the id of a repository by its slug.
func (r *review) forkID(slug string) (id string) {
	r.T.Helper()
	check(r.World, r.DB.Row(context.Background(), `SELECT id FROM repository WHERE slug = $1`, slug).Scan(&id))
	return id
}

// TestMergeCutOff: the store fails behind the branch, as a crash would: the branch has moved, and nothing says so. Whoever looks next
// finds the pull request merged, by who merged it, and both events are told, once.
func TestMergeCutOff(t *testing.T) {
	eachWithReceiver(t, func(t *testing.T, w *pailtest.World, hear *receiver) {
		secret := w.Secret(w.Admin, "read:repository", "write:repository", "admin:repository", "read:pullrequest", "write:pullrequest", "write:webhook", "read:webhook")
		r := &review{World: w, dir: w.Push(2), admin: pailtest.Basic(w.Admin.Email, secret), remote: w.Remote("x-bitbucket-api-token-auth", secret, "acme/widgets"), member: w.Token(w.Member, "read:pullrequest", "write:pullrequest", "read:repository")}
		r.Want(r.Do(r.admin, "POST", widgets+"/hooks", fmt.Sprintf(`{"url":%q,"active":true,"events":["pullrequest:fulfilled","repo:push"]}`, hear.url)), 201)
		_, botSecret := r.AccessToken(access.RepositoryTok, access.Bounds{WorkspaceID: r.Workspace.ID, RepositoryID: r.Repository.ID}, "pullrequest:write", "repository:write")
		for i, by := range []pailtest.Credential{r.admin, pailtest.Bearer(botSecret)} {
			topic := fmt.Sprintf("topic-%d", i)
			tip := r.commit(r.remote, topic, "main", topic, "1")
			hear.next("repo:push")
			pr := r.open(r.admin, topic)
			before := r.Git(r.dir, "ls-remote", r.remote, "refs/heads/main")[:40]
			r.fails(func() { r.Want(r.Do(by, "POST", pr+"/merge", nil), http.StatusInternalServerError, "server.fault") })
			moved := r.Git(r.dir, "ls-remote", r.remote, "refs/heads/main")[:40]
			if moved == before {
				t.Fatal("the branch has not moved")
			}
			hear.none()

			a := r.Want(r.Do(r.member, "GET", pr, nil), 200)
			if a.String("state") != "MERGED" || a.String("merge_commit.hash") != moved || a.String("source.commit.hash") != tip {
				t.Errorf("%s", a.Body)
			}
			kind, name := "user", "Admin"
			if i == 1 {
				kind, name = "app_user", "test"
			}
			if a.String("closed_by.type") != kind || a.String("closed_by.display_name") != name {
				t.Errorf("closed by %v", a.Get("closed_by"))
			}
			fulfilled, push := hear.next("pullrequest:fulfilled"), hear.next("repo:push")
			if fulfilled.at("actor", "display_name") != name || fulfilled.at("actor", "type") != kind || fulfilled.at("pullrequest", "merge_commit", "hash") == nil {
				t.Errorf("%s", fulfilled.Body)
			}
			if push.at("actor", "display_name") != name || push.at("push", "changes", 0, "old", "target", "hash") != before || push.at("push", "changes", 0, "new", "target", "hash") != moved {
				t.Errorf("%s", push.Body)
			}
			if a := r.Want(r.Do(r.member, "GET", pr+"/activity", nil), 200); a.String("values.0.update.state") != "MERGED" || a.String("values.0.update.author.display_name") != name {
				t.Errorf("activity: %s", a.Body)
			}
			r.Want(r.Do(r.member, "GET", pr, nil), 200) // looks again
			r.Want(r.Do(r.member, "GET", pulls+"?state=MERGED", nil), 200)
			var left int
			check(w, r.DB.Row(context.Background(), `SELECT COUNT(*) FROM pull_request_landing`).Scan(&left))
			if left != 0 {
				t.Errorf("%d merges are still under way", left)
			}
			r.Git(r.dir, "fetch", "--quiet", r.remote, "main")
			r.Git(r.dir, "switch", "--quiet", "-C", "main", "FETCH_HEAD")
		}
		hear.none()

		// One that was refused leaves nothing behind, and one that goes well is told of once.
		r.commit(r.remote, "topic", "main", "topic", "1")
		hear.next("repo:push")
		pr := r.open(r.admin, "topic")
		r.Want(r.Do(r.admin, "POST", pr+"/merge", `{"merge_strategy":"fast_forward"}`), 200)
		hear.next("pullrequest:fulfilled")
		if got := hear.next("repo:push"); got.at("actor", "nickname") != "acme-admin" {
			t.Errorf("%s", got.Body)
		}
		hear.none()
	})
}

// fails has the store fail whenever a pull request is said to be merged, while f runs.
func (r *review) fails(f func()) {
	r.T.Helper()
	define := func(what string) {
		r.T.Helper()
		check(r.World, r.DB.Update(context.Background(), func(tx *database.Tx) error {
			_, err := tx.Exec(context.Background(), what)
			return err
		}))
	}
	if r.DB.Dialect() == database.SQLite {
		define(`CREATE TRIGGER crash BEFORE UPDATE ON pull_request WHEN NEW.state = 'MERGED' BEGIN SELECT RAISE(ABORT, 'the power is gone'); END`)
		f()
		define(`DROP TRIGGER crash`)
		return
	}
	define(`CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''the power is gone''; END'`)
	define(`CREATE TRIGGER crash BEFORE UPDATE ON pull_request FOR EACH ROW WHEN (NEW.state = 'MERGED') EXECUTE FUNCTION crash()`)
	f()
	define(`DROP TRIGGER crash ON pull_request`)
	define(`DROP FUNCTION crash`)
}

// TestMaintenanceBehindMerges: what a merge, or a pull request from a fork, brings into a repository is looked after as what is pushed.
func TestMaintenanceBehindMerges(t *testing.T) {
	t.Parallel()
	r := newReview(pailtest.Start(t, pailtest.Options{}))
	told := make(chan string, 1000)
	before := r.Repositories.Changed
	r.Repositories.Changed = func(id string) {
		told <- id
		before(id)
	}
	looked := func(what string) {
		t.Helper()
		select {
		case id := <-told:
			if id != r.Repository.ID {
				t.Errorf("%s: %s was looked after", what, id)
			}
		case <-time.After(time.Minute):
			t.Errorf("%s: nobody looked after the repository", what)
		}
		for len(told) > 0 {
			<-told
		}
	}
	r.commit(r.remote, "topic", "main", "topic", "1")
	looked("a push")
	pr := r.open(r.admin, "topic")
	if len(told) > 0 {
		t.Error("nothing came in, and it was looked after")
	}
	number := int64(1)
	found, err := r.PullRequests.Find(context.Background(), r.Repository, number)
	check(r.World, err)
	if found.State != pullrequest.Open {
		t.Fatal(found.State)
	}
	r.Want(r.Do(r.admin, "POST", pr+"/merge", nil), 200)
	looked("a merge")
}

// TestCodeOwners: whoever owns what a pull request changes reviews it, beside those who are named and the default reviewers. The file
// of the destination counts, and a broken line in it stops nothing.
func TestCodeOwners(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		r := newReview(s)
		ctx := context.Background()
		second, third := s.Account("second"), s.Account("third")
		for _, a := range []account.Account{second, third} {
			check(r.World, s.Workspaces.AddMember(ctx, r.Workspace.ID, a.ID, workspace.Member))
			check(r.World, s.Workspaces.AddToGroup(ctx, *r.Group, a.ID))
		}
		quiet, err := s.Workspaces.CreateGroup(ctx, r.Workspace.ID, "", "Quiet ones")
		check(r.World, err)
		check(r.World, s.Workspaces.AddToGroup(ctx, quiet, third.ID))
		reviewers := func(branch string, more ...string) string {
			t.Helper()
			a := r.Want(r.Do(r.admin, "GET", r.open(r.admin, branch, more...), nil), 200)
			var names []string
			for i := 0; a.Get(fmt.Sprintf("reviewers.%d", i)) != nil; i++ {
				names = append(names, strings.TrimPrefix(a.String(fmt.Sprintf("reviewers.%d.nickname", i)), "acme-"))
			}
			return strings.Join(names, " ")
		}
		is := func(what, got string, want ...string) {
			t.Helper()
			if !slices.Contains(want, got) {
				t.Errorf("%s: reviewed by %q, want one of %q", what, got, want)
			}
		}
		check(r.World, os.MkdirAll(filepath.Join(r.dir, ".bitbucket"), 0o700))
		check(r.World, os.WriteFile(filepath.Join(r.dir, ".bitbucket", "teams.yaml"), []byte("builders:\n  contributors:\n    - acme-second\n    - '@acme-second'\n    - third@acme.example\n  reviews:\n    strategy: least_busy\n    select: 1\n"), 0o600))
		r.commit(r.remote, "main", "main", ".bitbucket/CODEOWNERS", "# Who looks after what\n"+
			"*.md member@acme.example @acme-admin # the author is not asked\n"+
			"!broken @acme-member\n"+
			"/lib/ @acme/quiet-ones @acme-outsider\n"+
			"*.c @acme/developers:random(1)\n"+
			"*.h @{"+second.AccountID+"} @nobody\n"+
			"/build/** @teams/builders @elsewhere/group @teams/none\n")
		r.commit(r.remote, "docs", "main", "README.md", "x")
		is("a file by its name", reviewers("docs"), "member")
		r.commit(r.remote, "lib", "main", "lib", "x")
		is("a file that only looks like the directory", reviewers("lib"), "")
		check(r.World, os.MkdirAll(filepath.Join(r.dir, "build"), 0o700))
		r.commit(r.remote, "build", "main", "build/x", "x")
		is("a team by its own rule", reviewers("build"), "second", "third")
		r.commit(r.remote, "random", "main", "x.c", "x")
		is("one of a group", reviewers("random"), "member", "second", "third")
		r.commit(r.remote, "named", "main", "x.h", "x")
		is("one who is named, too", reviewers("named", `,"reviewers":[{"username":"acme-second"},{"username":"acme-third"}]`), "second third")
		r.Want(r.Do(r.admin, "PUT", widgets+"/default-reviewers/acme-third", nil), 200)
		r.commit(r.remote, "several", "main", "y.h", "x")
		r.commit(r.remote, "several", "", "NEWS.md", "x")
		is("several lines, and the default", reviewers("several"), "third member second")
		r.Want(r.Do(r.admin, "DELETE", widgets+"/default-reviewers/acme-third", nil), 204)

		// Nobody takes an owner away in what that one is to see.
		r.commit(r.remote, "sly", "main", ".bitbucket/CODEOWNERS", "")
		r.commit(r.remote, "sly", "", "SLY.md", "x")
		is("a change of the file itself", reviewers("sly"), "member")

		// The busiest is not asked while somebody else is less so.
		r.Exec(`DELETE FROM pull_request_participant WHERE number > 1`)
		for _, branch := range []string{"busy-1", "busy-2"} {
			r.commit(r.remote, branch, "main", branch+".h", "x")
			is(branch, reviewers(branch), "second")
		}
		r.Git(r.dir, "switch", "--quiet", "main")
		check(r.World, os.MkdirAll(filepath.Join(r.dir, "build"), 0o700))
		r.commit(r.remote, "build-2", "main", "build/y", "x")
		is("the least busy", reviewers("build-2"), "third")

		// Whoever looks at the file learns what is wrong with it.
		commit, _, err := r.Repositories.CommitAt(ctx, r.Repository, "main")
		check(r.World, err)
		data, err := r.Repositories.File(ctx, r.Repository, commit, ".bitbucket/CODEOWNERS", 1<<20)
		check(r.World, err)
		faults, err := r.PullRequests.OwnerFaults(ctx, r.Repository, commit, ".bitbucket/CODEOWNERS", data)
		check(r.World, err)
		want := []codeowners.Fault{
			{Line: 0, Why: `.bitbucket/teams.yaml: team "builders": "acme-second" is no owner: write an e-mail address, @name, @workspace/group or @teams/team.`},
			{Line: 3, Why: "A pattern cannot be negated with !."},
			{Line: 4, Why: `Nobody who may read the repository is called "acme-outsider".`},
			{Line: 6, Why: `Nobody who may read the repository is called "nobody".`},
			{Line: 7, Why: `"@elsewhere/group": only groups of the workspace acme can be owners here.`},
			{Line: 7, Why: `.bitbucket/teams.yaml has no team "none".`},
		}
		if !slices.Equal(faults, want) {
			t.Errorf("%+v\nwant %+v", faults, want)
		}
		if faults, err := r.PullRequests.OwnerFaults(ctx, r.Repository, commit, "CODEOWNERS", nil); err != nil || len(faults) != 1 {
			t.Errorf("the other place: %v %v", faults, err)
		}
	})
}

// TestSuggestions: a suggestion becomes a commit of whoever applies it, on exactly the lines that it was written for, and whoever made
// it is named. What cannot be applied says why, and changes nothing.
func TestSuggestions(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		k := newTalk(s)
		ctx := context.Background()
		suggests := func(c pailtest.Credential, path, place, text string) int64 {
			t.Helper()
			a := k.Want(k.Do(c, "POST", k.comments, fmt.Sprintf(`{"content":{"raw":%q},"inline":{"path":%q,%s}}`, text, path, place)), 201)
			var id int64
			_, err := fmt.Sscan(a.String("id"), &id)
			check(k.World, err)
			return id
		}
		who := func(a account.Account) *access.Principal {
			return &access.Principal{Account: &a.Account, Kind: access.Session}
		}
		find := func() *pullrequest.PullRequest {
			t.Helper()
			pr, err := k.PullRequests.Find(ctx, k.Repository, 1)
			check(k.World, err)
			return pr
		}
		apply := func(a account.Account, id int64, which int) (gitstore.Hash, error) {
			p := who(a)
			return k.PullRequests.Apply(access.As(ctx, p), p, k.Repository, find(), id, which)
		}
		refused := func(what string, err error, code reason.Code, says string) {
			t.Helper()
			e, ok := errors.AsType[*rest.Error](err)
			if !ok || e.Reason != code || !strings.Contains(fmt.Sprint(e.Detail), says) {
				t.Errorf("%s: %v, want %s: %s", what, err, code, says)
			}
		}
		file := func() string {
			t.Helper()
			k.Git(k.dir, "fetch", "--quiet", k.remote, "topic")
			return k.Git(k.dir, "show", "FETCH_HEAD:ten.txt")
		}

		// One line, and then several, which the first has moved down.
		one := suggests(k.member, "ten.txt", `"to":2`, "Better:\n```suggestion\nline 2, better\nline 2b\n```\n")
		several := suggests(k.admin, "ten.txt", `"start_to":4,"to":6`, "```suggestion\nline 4 to 6\n```\nor\n```suggestion\n```\n")
		changed := suggests(k.member, "ten.txt", `"start_to":4,"to":6`, "```suggestion\nx\n```\n")
		same := suggests(k.member, "ten.txt", `"to":10`, "```suggestion\nline 10\n```\n")
		hash, err := apply(k.Member, one, 0)
		check(k.World, err)
		if got := find(); got.SourceHash != hash {
			t.Errorf("the pull request is at %s, not %s", got.SourceHash, hash)
		}
		if got := file(); !strings.HasPrefix(got, "line 1\nline 2, better\nline 2b\nline 3\nline 4\n") {
			t.Errorf("the file is\n%s", got)
		}
		if got := k.Git(k.dir, "log", "-1", "--format=%an <%ae>%n%cn%n%B", "FETCH_HEAD"); got != "Member <member@acme.example>\nMember\nApply a suggestion to ten.txt\n\nSuggested in pull request #1." {
			t.Errorf("the commit says\n%s", got)
		}
		hash, err = apply(k.Member, several, 0)
		check(k.World, err)
		if got := file(); !strings.Contains(got, "line 3\nline 4 to 6\nline 7\n") {
			t.Errorf("the file is\n%s", got)
		}
		if got := k.Git(k.dir, "log", "-1", "--format=%B", "FETCH_HEAD"); got != "Apply a suggestion to ten.txt\n\nSuggested in pull request #1.\n\nCo-authored-by: Admin <"+k.Admin.AccountID+"@users."+strings.Split(k.PullRequests.URLs.Host(), ":")[0]+">" {
			t.Errorf("the commit says\n%s", got)
		}
		if a := k.Want(k.Do(k.member, "GET", k.pr+"/commits", nil), 200); a.String("values.0.hash") != string(hash) {
			t.Errorf("%s", a.Body)
		}

		_, err = apply(k.Member, changed, 0)
		refused("lines that are gone", err, reason.PullRequestSuggestion, "changed since")
		_, err = apply(k.Member, same, 0)
		refused("what is there", err, reason.PullRequestSuggestion, "already")
		_, err = apply(k.Member, several, 2)
		refused("again", err, reason.PullRequestSuggestion, "changed since")
		_, err = apply(k.Outsider, same, 0)
		refused("by who may not write", err, reason.PrivilegeMissing, "Who may write")

		// Of three lines the middle one is changed by hand: the comment stays with them, and what was suggested for others is not applied.
		middle := suggests(k.member, "ten.txt", `"start_to":7,"to":9`, "```suggestion\nx\n```\n")
		k.Git(k.dir, "switch", "--quiet", "-C", "topic", "FETCH_HEAD")
		k.commit(k.remote, "topic", "", "ten.txt", strings.Replace(file(), "line 9", "line nine", 1)+"\n")
		if a := k.Want(k.Do(k.member, "GET", fmt.Sprintf("%s/%d", k.comments, middle), nil), 200); a.String("outdated") == "true" {
			t.Fatalf("the comment did not follow: %s", a.Body)
		}
		_, err = apply(k.Member, middle, 0)
		refused("a line between", err, reason.PullRequestSuggestion, "Some of the lines")

		plain := suggests(k.member, "ten.txt", `"to":1`, "No suggestion")
		_, err = apply(k.Member, plain, 0)
		refused("nothing suggested", err, reason.PullRequestSuggestion, "suggests nothing")
		k.Want(k.Do(k.member, "PUT", fmt.Sprintf("%s/%d", k.comments, plain), `{"content":{"raw":"~~~suggestion\nfirst\n~~~"}}`), 200)
		_, err = apply(k.Member, plain, 1)
		refused("a second one", err, reason.ValueInvalid, "the comment has 1")
		k.Want(k.Do(k.admin, "POST", widgets+"/branch-restrictions", `{"kind":"push","branch_match_kind":"glob","pattern":"topic","users":[],"groups":[]}`), 201)
		_, err = apply(k.Member, plain, 0)
		refused("a restricted branch", err, reason.BranchRestricted, "")
		k.Want(k.Do(k.admin, "DELETE", widgets+"/branch-restrictions/1", nil), 204)
		if _, err = apply(k.Member, plain, 0); err != nil {
			t.Errorf("what was suggested in a change: %v", err)
		}
		whole := k.Want(k.Do(k.member, "POST", k.comments, `{"content":{"raw":"~~~suggestion\nx\n~~~"}}`), 201)
		var id int64
		_, err = fmt.Sscan(whole.String("id"), &id)
		check(k.World, err)
		_, err = apply(k.Member, id, 0)
		refused("on no line", err, reason.PullRequestSuggestion, "no line")
		_, err = apply(k.Member, 999, 0)
		refused("no comment", err, reason.ResourceNotFound, "")

		// Line ends stay what they are, and so does an end without one.
		k.commit(k.remote, "topic", "", "ten.txt", "a\r\nb\r\nc")
		_, err = apply(k.Member, suggests(k.admin, "ten.txt", `"to":2`, "~~~suggestion\nB\nB\n~~~"), 0)
		check(k.World, err)
		_, err = apply(k.Member, suggests(k.admin, "ten.txt", `"to":4`, "~~~suggestion\nC\n~~~"), 0)
		check(k.World, err)
		k.Git(k.dir, "fetch", "--quiet", k.remote, "topic")
		if got := k.Git(k.dir, "cat-file", "-s", "FETCH_HEAD:ten.txt"); got != "10" {
			t.Errorf("the file has %s bytes, and not those of \"a\\r\\nB\\r\\nB\\r\\nC\"", got)
		}

		// Two at once: the branch takes one after the other, or refuses.
		first, second := suggests(k.admin, "ten.txt", `"to":1`, "~~~suggestion\nA\n~~~"), suggests(k.admin, "ten.txt", `"to":4`, "~~~suggestion\nD\n~~~")
		var both sync.WaitGroup
		errs := make([]error, 2)
		for i, id := range []int64{first, second} {
			both.Go(func() { _, errs[i] = apply(k.Member, id, 0) })
		}
		both.Wait()
		done := 0
		for _, err := range errs {
			if err == nil {
				done++
			} else {
				refused("at once", err, reason.PullRequestSuggestion, "")
			}
		}
		k.Git(k.dir, "fetch", "--quiet", k.remote, "topic")
		got := k.Git(k.dir, "show", "FETCH_HEAD:ten.txt")
		if made := strings.Count(got, "A") + strings.Count(got, "D"); done == 0 || made != done {
			t.Errorf("%d were applied, %d are in the file %q", done, made, got)
		}
		k.Want(k.Do(k.admin, "POST", k.pr+"/decline", nil), 200)
		_, err = apply(k.Member, same, 0)
		refused("once it is closed", err, reason.PullRequestClosed, "")
		k.intact()
	})
}
