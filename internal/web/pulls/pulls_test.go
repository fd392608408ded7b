package pulls_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/web/webtest"
)

const all = "/acme/widgets/pull-requests"

// clone is widgets in a folder, from which branches are pushed.
type clone struct {
	*pailtest.World
	dir, remote string
}

func newClone(w *pailtest.World) *clone {
	w.T.Helper()
	return &clone{w, w.Push(2), w.Remote("x-bitbucket-api-token-auth", w.Secret(w.Admin, "read:repository", "write:repository"), "acme/widgets")}
}

// push commits a file on a branch, made of main unless it is there, and pushes it.
func (c *clone) push(branch, file, content, message string) {
	c.T.Helper()
	if _, err := c.TryGit(c.dir, "switch", "--quiet", branch); err != nil {
		c.Git(c.dir, "switch", "--quiet", "--create", branch, "main")
	}
	if err := os.WriteFile(filepath.Join(c.dir, file), []byte(content), 0o600); err != nil {
		c.T.Fatal(err)
	}
	c.Git(c.dir, "add", ".")
	c.Git(c.dir, "commit", "--quiet", "-m", message)
	c.Git(c.dir, "push", "--quiet", c.remote, branch)
}

// TestReview: a member opens a pull request of a branch, an owner asks for a change, the member pushes it, the owner approves and
// merges, with the merge checks saying on the way what is missing.
func TestReview(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		c := newClone(s.World())
		c.push("feature/greet", "greet.txt", "hello\n", "Greet everybody")
		member, owner := webtest.As(s, c.Member), webtest.As(s, c.Admin)

		webtest.Says(t, member.See(all), "There are no pull requests yet", "Open the first pull request")
		reviewers := "/acme/widgets/settings/default-reviewers"
		webtest.Says(t, owner.See("/acme/widgets/settings"), "Default reviewers")
		webtest.Wants(t, owner.Submit(owner.See(reviewers), reviewers, url.Values{"target_username": {"nobody-there"}}), http.StatusBadRequest, "value.invalid")
		webtest.Wants(t, owner.Submit(owner.See(reviewers), reviewers, url.Values{"target_username": {c.Outsider.Username}}), http.StatusBadRequest, "value.invalid")
		webtest.Says(t, owner.Follow(owner.Submit(owner.See(reviewers), reviewers, url.Values{"target_username": {c.Admin.Username}})), c.Admin.DisplayName+" reviews new pull requests", "this repository")
		webtest.Wants(t, member.Get(reviewers), http.StatusForbidden, "privilege.missing")
		for _, rule := range []url.Values{{"kind": {"require_approvals_to_merge"}, "value": {"1"}}, {"kind": {"require_no_changes_requested"}}, {"kind": {"enforce_merge_checks"}}} {
			rule.Set("pattern", "main")
			owner.Follow(owner.Submit(owner.See("/acme/widgets/settings/branches"), "/acme/widgets/settings/branches", rule))
		}

		chosen := member.See(all + "/new?from=feature%2Fgreet&to=main")
		webtest.Says(t, chosen, "Greet everybody", "greet.txt", "+1")
		if !strings.Contains(chosen.Body, `value="`+c.Admin.Username+`"`) {
			t.Error("the default reviewer is not filled in")
		}
		for name, wrong := range map[string]string{"title": " ", "reviewers": "nobody-there, " + c.Admin.Username} {
			again := member.Submit(chosen, all+"/new", url.Values{name: {wrong}, "description": {"Kept **as** it is"}})
			if again.Status != http.StatusBadRequest || !strings.Contains(again.Body, "Kept **as** it is") || !strings.Contains(again.Body, `id="`+name+`-problem"`) || strings.Contains(again.Body, all+"/new?view=") {
				t.Errorf("%s: %d %s", name, again.Status, again.Body)
			}
			webtest.Says(t, again, "greet.txt")
		}
		made := member.Follow(member.Submit(chosen, all+"/new", url.Values{"title": {"Greet <b>all"}, "description": {"It says **hello**.\r\n\r\n<script>alert(1)</script>"}, "close_source_branch": {"true"}}))
		one := all + "/1"
		if made.Path != one {
			t.Fatalf("it is at %s", made.Path)
		}
		webtest.Says(t, made, "The pull request is open.", "Greet <b>all", "asks to merge feature/greet into main", "hello", "missing At least 1 approvals before a merge 0 of 1 approvals", "fine No changes are requested", "It is merged when nothing is missing any more")
		webtest.Silent(t, made, "Approve", "All the same")
		webtest.Says(t, member.See(all+"/new?from=feature%2Fgreet&to=main"), "There is an open pull request for these two branches")
		webtest.Wants(t, member.Submit(chosen, all+"/new", url.Values{"title": {"Again"}}), http.StatusBadRequest, "conflict.exists")

		// What is refused on the page is refused whoever sends it.
		token := url.Values{"csrf": {webtest.Forms(t, member.See("/account/profile"))[0].Values.Get("csrf")}, "merge_strategy": {"merge_commit"}}
		webtest.Wants(t, member.Post(one+"/merge", token), http.StatusConflict, "pullrequest.checks")

		seen := owner.See(one)
		said := owner.Follow(owner.Submit(seen, one+"/review", url.Values{"say": {"changes_requested"}}))
		webtest.Says(t, said, "You have requested changes.", "requests changes", "Take back the request for changes", "Changes are requested by "+c.Admin.DisplayName)
		webtest.Says(t, owner.See(all), "requests changes", "Greet <b>all", "feature/greet → main", "Pull requests 1")

		c.push("feature/greet", "greet.txt", "hello, all\n", "Greet all of them")
		webtest.Says(t, owner.See(one), "Greet all of them", "hello, all", "pushed the source branch to")
		owner.Follow(owner.Submit(owner.See(one), one+"/review", url.Values{"say": {"no changes_requested"}}))
		approved := owner.Follow(owner.Submit(owner.See(one), one+"/review", url.Values{"say": {"approved"}}))
		webtest.Says(t, approved, "You have approved it.", "approved", "fine At least 1 approvals before a merge")
		webtest.Wants(t, owner.Post(one+"/merge", url.Values{"csrf": {webtest.Forms(t, owner.See("/account/profile"))[0].Values.Get("csrf")}, "merge_strategy": {"by magic"}}), http.StatusBadRequest, "value.invalid")
		merged := owner.Follow(owner.Submit(approved, one+"/merge", url.Values{"merge_strategy": {"squash"}, "message": {"Greet all (reviewed)"}}))
		webtest.Says(t, merged, "The pull request is merged.", "merged it", "approved it", "requested changes", "opened it", "asked for a review by "+c.Admin.DisplayName)
		webtest.Silent(t, merged, "Decline it", "Change it", "Approve ")
		webtest.Says(t, owner.See("/acme/widgets/commits/main"), "Greet all (reviewed)")
		webtest.Silent(t, owner.See("/acme/widgets/branches"), "feature/greet")
		webtest.Says(t, member.See(all), "No pull request is open.")
		webtest.Says(t, member.See(all+"?state=merged"), "Greet <b>all")
		webtest.Wants(t, owner.Submit(approved, one+"/review", url.Values{"say": {"no approved"}}), http.StatusBadRequest, "pullrequest.closed")
		webtest.Says(t, owner.See(one+"/edit"), "It is closed, and stays what it is.")

		removed := owner.Follow(owner.Submit(owner.See(reviewers), reviewers+"/"+c.Admin.ID, nil))
		webtest.Says(t, removed, c.Admin.DisplayName+" is no default reviewer any more.", "There are none.")
	})
}

// open opens a pull request of a branch, and gives its path.
func open(t *testing.T, b *webtest.Browser, query string, values url.Values) string {
	t.Helper()
	values.Set("from", webtest.Forms(t, b.See(all+"/new?"+query))[1].Values.Get("from"))
	return b.Follow(b.Submit(b.See(all+"/new?"+query), all+"/new", values)).Path
}

// TestChange: its author, and nobody else who may not write, changes and declines a pull request; a draft and one that conflicts
// cannot be merged, and say so.
func TestChange(t *testing.T) {
	t.Parallel()
	c := newClone(pailtest.Start(t, pailtest.Options{}).World())
	c.Exec(`UPDATE project SET is_private = FALSE`)
	c.Exec(`UPDATE repository SET is_private = FALSE`)
	c.push("clash", "file.txt", "mine\n", "Mine")
	c.push("next", "next.txt", "next\n", "Next")
	c.push("main", "file.txt", "theirs\n", "Theirs")
	member, owner, outsider, nobody := webtest.As(c.Server, c.Member), webtest.As(c.Server, c.Admin), webtest.As(c.Server, c.Outsider), webtest.Open(c.Server)

	one := open(t, outsider, "from=clash&to=main", url.Values{"title": {"Mine is better"}, "draft": {"true"}})
	webtest.Says(t, owner.See(one), "draft", "The pull request is a draft.", "Both branches have changed the same lines of these files", "file.txt")
	webtest.Silent(t, outsider.See(one), "Approve", "Merge commit:")
	webtest.Says(t, outsider.See(one), "Change it", "Decline it", "Who may write to the repository can merge it.")
	webtest.Wants(t, outsider.Get(one+"/merge"), http.StatusMethodNotAllowed, "method.not_allowed")
	webtest.Says(t, nobody.See(one), "Mine is better")
	webtest.Silent(t, nobody.See(one), "Change it", "Decline it", "Approve", "Request changes")
	if r := nobody.Get(all + "/new"); r.Status != http.StatusSeeOther {
		t.Errorf("nobody opens a pull request: %d", r.Status)
	}

	edit := outsider.See(one + "/edit")
	for field, wrong := range map[string]string{"title": "", "destination.branch.name": "gone", "reviewers": c.Outsider.Username} {
		again := outsider.Submit(edit, one+"/edit", url.Values{field: {wrong}})
		if again.Status != http.StatusBadRequest || !strings.Contains(again.Body, `id="`+field+`-problem"`) {
			t.Errorf("%s: %d %s", field, again.Status, webtest.Text(t, again))
		}
	}
	changed := outsider.Follow(outsider.Submit(edit, one+"/edit", url.Values{"title": {"Mine is \u202Ebetter"}, "draft": {}, "reviewers": {c.Member.Username}, "destination.branch.name": {"next"}}))
	webtest.Says(t, changed, "changed the title from", "changed the destination from “ main ” to “ next ”", "made it ready to be merged", "asked for a review by "+c.Member.DisplayName, "can be joined without conflicts")
	outsider.Follow(outsider.Submit(outsider.See(one+"/edit"), one+"/edit", url.Values{"destination.branch.name": {"main"}}))

	// Nobody but the author and who may write changes it.
	c.Exec(`UPDATE pull_request SET author_id = $1`, c.Admin.ID)
	webtest.Silent(t, outsider.See(one), "Change it", "Decline it")
	sent := url.Values{"csrf": {webtest.Forms(t, outsider.See("/account/profile"))[0].Values.Get("csrf")}, "title": {"Mine"}, "merge_strategy": {"squash"}}
	before := c.Store()
	webtest.Wants(t, outsider.Get(one+"/edit"), http.StatusForbidden, "privilege.missing")
	for _, what := range []string{"edit", "decline", "merge"} {
		webtest.Wants(t, outsider.Post(one+"/"+what, sent), http.StatusForbidden, "privilege.missing")
	}
	webtest.Wants(t, nobody.Post(one+"/review", sent), http.StatusUnauthorized, "credential.missing")
	if c.Store() != before {
		t.Error("something was changed")
	}
	sent.Set("say", "something else")
	webtest.Wants(t, outsider.Post(one+"/review", sent), http.StatusBadRequest, "value.invalid")
	outsider.Follow(outsider.Submit(outsider.See(one), one+"/review", url.Values{"say": {"approved"}}))

	sent.Set("csrf", webtest.Forms(t, member.See("/account/profile"))[0].Values.Get("csrf"))
	webtest.Wants(t, member.Post(one+"/merge", sent), http.StatusConflict, "pullrequest.conflict")
	long := member.Submit(member.See(one), one+"/decline", url.Values{"reason": {strings.Repeat("x", 33<<10)}})
	webtest.Wants(t, long, http.StatusBadRequest, "value.invalid")
	if !strings.Contains(long.Body, `id="reason-problem"`) || !strings.Contains(long.Body, `<details class="confirm" open>`) {
		t.Errorf("the refusal is not shown: %s", webtest.Text(t, long))
	}
	declined := member.Follow(member.Submit(member.See(one), one+"/decline", url.Values{"reason": {"Theirs <i>is"}}))
	webtest.Says(t, declined, "The pull request is declined.", c.Member.DisplayName+" declined it", "Theirs <i>is")

	for _, path := range []string{"/2", "/0", "/x", "/1x", "/99999999999999999999", "/-1", "/2/edit"} {
		webtest.Wants(t, owner.Get(all+path), http.StatusNotFound, "resource.not_found")
	}
}

// TestList: pull requests are found by their state, their author and their title.
func TestList(t *testing.T) {
	t.Parallel()
	c := newClone(pailtest.Start(t, pailtest.Options{}).World())
	c.push("a", "a.txt", "a\n", "A")
	c.push("b", "b.txt", "b\n", "B")
	member, owner := webtest.As(c.Server, c.Member), webtest.As(c.Server, c.Admin)
	open(t, member, "from=a", url.Values{"title": {"100% of <it>"}})
	open(t, owner, "from=b", url.Values{"title": {"Half of it"}, "draft": {"true"}})
	for query, want := range map[string][2]bool{
		"": {true, true}, "?state=draft": {false, true}, "?state=merged": {}, "?state=all": {true, true}, "?state=nope": {true, true}, "?author=" + c.Member.Username: {true, false},
		"?author=" + strings.ToUpper(c.Admin.Username): {false, true}, "?author=nobody": {}, "?q=OF": {true, true}, "?q=%25": {true, false}, "?q=_": {}, "?q=%5C": {}, "?q=half&state=draft": {false, true},
		"?q=%00": {}, "?q=%ff": {}, "?page=2": {}, "?author=%27": {},
	} {
		text := webtest.Text(t, member.See(all+query))
		for i, title := range []string{"100% of <it>", "Half of it"} {
			if strings.Contains(text, title) != want[i] {
				t.Errorf("%s: %q: %v", query, title, !want[i])
			}
		}
	}
}

// TestFork: a pull request comes from a fork that its author may read; whoever may not is not told which.
func TestFork(t *testing.T) {
	t.Parallel()
	c := newClone(pailtest.Start(t, pailtest.Options{}).World())
	member, owner := webtest.As(c.Server, c.Member), webtest.As(c.Server, c.Admin)
	c.Exec(`UPDATE project SET is_private = FALSE`)
	c.Exec(`UPDATE repository SET is_private = FALSE`)
	owner.Follow(owner.Submit(owner.See("/acme/widgets/fork"), "/acme/widgets/fork", url.Values{"place": {"acme/FTO"}, "name": {"Secret parts"}}))
	c.remote = strings.Replace(c.remote, "widgets.git", "secret-parts.git", 1)
	c.push("part", "part.txt", "part\n", "A part")
	c.Exec(`DELETE FROM project_group_grant`)

	webtest.Says(t, owner.See(all+"/new"), "Merge from", "acme/secret-parts")
	webtest.Silent(t, member.See(all+"/new"), "secret-parts")
	webtest.Says(t, member.See(all+"/new?source=acme%2Fsecret-parts&from=part&to=main"), "There is no such repository, or you may not see it.")
	sent := url.Values{"csrf": {webtest.Forms(t, member.See("/account/profile"))[0].Values.Get("csrf")}, "title": {"T"}, "source": {"acme/secret-parts"}, "from": {"part"}, "destination.branch.name": {"main"}}
	webtest.Wants(t, member.Post(all+"/new", sent), http.StatusBadRequest, "value.invalid")

	webtest.Says(t, owner.See(all+"/new?source=acme%2Fsecret-parts&from=nope&to=main"), "has no such branch")
	webtest.Says(t, owner.See(all+"/new?from=main&to=main"), "It is the source branch itself.")
	webtest.Says(t, owner.See(all+"/new?from=feature%2Fone&to=main"), "is in main already")
	query := "source=acme%2Fsecret-parts&from=part&to=main"
	webtest.Says(t, owner.See(all+"/new?"+query), "A part", "part.txt")
	made := owner.Follow(owner.Submit(owner.See(all+"/new?"+query), all+"/new", url.Values{"title": {"One part"}}))
	webtest.Says(t, made, "asks to merge acme/secret-parts , part into main", "A part")
	seen := member.See(made.Path)
	webtest.Says(t, seen, "a fork that you may not see", "A part")
	if strings.Contains(seen.Body, "secret-parts") {
		t.Error("the fork is named")
	}
}
