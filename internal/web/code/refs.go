package code

import (
	"net/url"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/web/page"
)

// refRow is a branch or a tag in a list.
type refRow struct {
	Name    string
	Main    bool   // the main branch
	History string // address of its commits; "" where it leads to no commit
	Target  string // address of its commit
	Hash    string // short
	Summary string
	Build   *build
	Author  Author // of the commit, or whoever made the tag
	When    time.Time
	Message string // of an annotated tag
	Propose string // address that opens a pull request of the branch; "" for who may not, and where there is nothing to merge into
}

// refsPage is what a list of branches or tags shows.
type refsPage struct {
	within
	Kind  string // branch or tag
	Text  string // that was searched for
	Rows  []refRow
	Pager page.Pager

	Proposes bool // the visitor may open pull requests
}

func (p *Pages) branches(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	refs, err := p.Repositories.Branches(r.Context(), repo, r.URL.Query().Get("q"), (r.Page()-1)*page.PageLength, page.PageLength)
	return p.refs(r, repo, refs, err, "branch", "branches", "Branches")
}

func (p *Pages) tags(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	refs, err := p.Repositories.Tags(r.Context(), repo, r.URL.Query().Get("q"), (r.Page()-1)*page.PageLength, page.PageLength)
	return p.refs(r, repo, refs, err, "tag", "branches", "Tags")
}

func (p *Pages) refs(r *page.Request, repo *repository.Repository, refs repository.References, err error, kind, tab, title string) (page.Answer, error) {
	if err != nil {
		return page.Answer{}, err
	}
	content := refsPage{within: within{repo, address(repo)}, Kind: kind, Text: r.URL.Query().Get("q"), Pager: r.Pager(refs.More)}
	var hashes []gitstore.Hash
	for i := range refs.List {
		if c := refs.List[i].Commit; c != nil {
			hashes = append(hashes, c.Hash)
		}
	}
	builds, err := p.builds(r, repo, hashes)
	if err != nil {
		return page.Answer{}, err
	}
	content.Proposes = kind == "branch" && p.proposes(r)
	for i := range refs.List {
		ref := &refs.List[i]
		one := refRow{Name: ref.Short(), Main: kind == "branch" && ref.Short() == repo.MainBranch, Hash: ref.Target.Short()}
		if c := ref.Commit; c != nil {
			// By its full name where a branch and a tag share the short one.
			name := ref.Short()
			if kind == "tag" || gitstore.Hash(name).Valid() {
				name = ref.Name
			}
			one.History, one.Target, one.Summary = address(repo, "commits", name), address(repo, "commit", string(c.Hash)), c.Summary()
			one.Build = builds[c.Hash]
			one.Author, one.When = author(refs.Authors, c.Author), c.Committer.When
		}
		if t := ref.Tag; t != nil {
			one.Author, one.When, one.Message = author(refs.Authors, t.Tagger), t.Tagger.When, strings.TrimSpace(t.Message)
		}
		if content.Proposes && !one.Main && repo.MainBranch != "" && one.Target != "" {
			one.Propose = proposeAt(repo, ref.Short(), repo.MainBranch)
		}
		content.Rows = append(content.Rows, one)
	}
	return p.render(r, repo, "refs", tab, title, content)
}

// proposes tells whether the visitor may open a pull request.
func (p *Pages) proposes(r *page.Request) bool {
	if r.Self == nil {
		return false
	}
	_, err := access.Visit(r.Site.Gate, r.Context(), r.Principal, p.PullRequests.TakesPart(), r.PathValue)
	return err == nil
}

// proposeAt is the address that opens a pull request of one branch into another.
func proposeAt(repo *repository.Repository, from, into string) string {
	return address(repo, "pull-requests", "new") + "?" + url.Values{"from": {from}, "to": {into}}.Encode()
}

// branch is where links of the API to a branch lead: its commits.
func (p *Pages) branch(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	return page.Redirect(address(repo, "commits", r.PathValue("ref"))), nil
}
