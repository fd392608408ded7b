package code

import (
	"errors"
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/diff"
	"github.com/pailforge/pail/internal/web/page"
)

// maxBetween is how many commits between two revisions are shown.
const maxBetween = 50

// comparePage is what the comparison of two revisions shows. The order is git's: from what was to what is.
type comparePage struct {
	within
	Choices  []string // branches and tags to choose from
	From, To string   // as they were named
	Parted   bool     // what To changed since the two parted; else what differs between them
	Problem  string   // with what was entered

	Done bool // there is something to show
	Same bool
	Rows []commitRow
	More bool // commits than are shown
	Diff *diffPart
	Swap string // address of the opposite

	Propose string // address that opens a pull request; "" for who may not, and unless both are branches
}

// compareForm shows the form, or leads from it to the comparison: a name of a branch may hold anything but two dots.
func (p *Pages) compareForm(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	q := r.URL.Query()
	content := comparePage{From: strings.TrimSpace(q.Get("from")), To: strings.TrimSpace(q.Get("to")), Parted: q.Get("dots") != "2"}
	switch {
	case content.From != "" && content.To != "" && !strings.Contains(content.From+content.To, ".."):
		return page.Redirect(compareAt(repo, content.From, content.To, content.Parted)), nil
	case strings.Contains(content.From+content.To, ".."):
		content.Problem = "the name of a branch or tag, or a commit, is needed in each field"
	case q.Has("from"):
		content.Problem = "two names are needed"
	default:
		content.From = repo.MainBranch
	}
	return p.renderCompare(r, repo, content)
}

// compareAt is the address of a comparison.
func compareAt(repo *repository.Repository, from, to string, parted bool) string {
	dots := ".."
	if parted {
		dots = "..."
	}
	return address(repo, "compare", from+dots+to)
}

func (p *Pages) renderCompare(r *page.Request, repo *repository.Repository, content comparePage) (page.Answer, error) {
	content.within = within{repo, address(repo)}
	branches, tags, _, err := p.Repositories.Names(r.Context(), repo, maxPicker)
	if err != nil {
		return page.Answer{}, err
	}
	if slices.Contains(branches, content.From) && slices.Contains(branches, content.To) && content.From != content.To && content.Done && p.proposes(r) {
		content.Propose = proposeAt(repo, content.To, content.From)
	}
	content.Choices = append(branches, tags...)
	return p.render(r, repo, "compare", "branches", "Compare", content)
}

// compare shows what lies between two revisions, a..b or a...b: the commits that lead to b and not to a, and what differs, seen
// from a itself or from where the two parted. It is git's order, not that of the API, whose specs name what has the changes first.
func (p *Pages) compare(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	from, to, ok := strings.Cut(r.PathValue("spec"), "..")
	content := comparePage{From: from, Parted: strings.HasPrefix(to, "."), Done: true}
	content.To = strings.TrimPrefix(to, ".")
	if !ok || from == "" || content.To == "" || strings.HasPrefix(content.To, ".") || strings.Contains(content.To, "..") {
		return page.Answer{}, rest.Refuse(reason.RevisionSpecNotAccepted, "Two revisions are needed with two or three dots in between, such as main...feature.")
	}
	base, err := p.Repositories.CommitHash(r.Context(), repo, from)
	if err != nil {
		return page.Answer{}, err
	}
	head, err := p.Repositories.CommitHash(r.Context(), repo, content.To)
	if err != nil {
		return page.Answer{}, err
	}
	content.Same, content.Swap = base == head, compareAt(repo, content.To, from, content.Parted)
	lie, err := p.lieBetween(r, repo, base, head)
	if err != nil {
		return page.Answer{}, err
	}
	content.More = lie.more
	if content.Rows, err = p.commitRows(r, repo, lie.commits); err != nil {
		return page.Answer{}, err
	}
	if content.Parted && lie.parted != "" {
		base = lie.parted
	}
	if content.Diff, err = p.diff(r, repo, base, head, diff.Show{}); err != nil {
		return page.Answer{}, err
	}
	return p.renderCompare(r, repo, content)
}

// betweenPart is what lies between two commits.
type betweenPart struct {
	commits []gitstore.Commit
	more    bool
	parted  gitstore.Hash // where their histories parted; "" when they have nothing in common, and everything differs
}

// lieBetween asks git what lies between two commits. It is kept for a while.
func (p *Pages) lieBetween(r *page.Request, repo *repository.Repository, from, to gitstore.Hash) (lie betweenPart, err error) {
	key := [3]string{repo.ID, string(from), string(to)}
	if lie, ok := p.between.get(key); ok {
		return lie, nil
	}
	if lie.parted, err = p.Repositories.Git.MergeBase(r.Context(), repo.ID, from, to); err != nil && !errors.Is(err, gitstore.ErrNotFound) {
		return lie, err
	}
	lie.commits, lie.more, err = p.Repositories.Git.Log(r.Context(), repo.ID, gitstore.LogQuery{Include: []string{string(to)}, Exclude: []string{string(from)}, Limit: maxBetween})
	if err != nil {
		return lie, err
	}
	held := 500
	for i := range lie.commits {
		held += 500 + len(lie.commits[i].Message)
	}
	p.between.put(key, lie, held)
	return lie, nil
}
