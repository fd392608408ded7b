package pulls

import (
	"errors"
	"fmt"
	"html/template"
	"net/http"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/highlight"
	"github.com/pailforge/pail/internal/pullrequest"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/diff"
	"github.com/pailforge/pail/internal/web/page"
)

// showPage is what the page of one pull request shows.
type showPage struct {
	within
	*pullrequest.PullRequest
	At          string // address of the page
	Shown       mark
	Text        template.HTML // the description; "" for none
	Fork        string        // the repository that it comes from, where it is another one that the visitor may see
	ForkAt      string
	Elsewhere   bool // it comes from a repository that the visitor may not see
	Gone        bool // the repository that it comes from is gone
	MergedAs    *page.Link
	Voices      []voice
	Reviews     []*page.Form // what the visitor can say
	Edit        string       // address; "" for who may not
	Decline     *page.Form   // nil for who may not, and for a closed one
	Merge       *mergeBox    // nil for a closed one
	Statuses    template.HTML
	Commits     template.HTML
	Changes     template.HTML
	Talk        *talk
	Say, Ask    *page.Form // nil for who may not
	Publish     *page.Form
	Here        string // address of what is shown; "" where it is not to follow what others do, because a form on it was refused
	Watch       string // address that tells of changes; "" for who is not told
	Happened    []happening
	MoreHappens bool // than is shown
}

// mergeBox is what a merge lacks, and the form for it.
type mergeBox struct {
	pullrequest.Outlook
	Why    string // Refused, as a sentence
	Rows   []check
	Files  []template.HTML // that conflict
	Others int             // files that conflict, beside Files
	Form   *page.Form      // nil for who may not merge, and where nothing can be merged
	May    bool            // the visitor may merge
}

// check is a condition for a merge.
type check struct {
	What    string
	Missing string // "" when it is satisfied
}

// Limits of what is shown.
const (
	maxFiles    = 50
	maxHappened = 100
)

// strategies are the ways to merge, in words.
var strategies = map[gitstore.Strategy]string{
	gitstore.MergeCommit:       "Merge commit: keep all commits, and join them with one more",
	gitstore.Squash:            "Squash: one commit of all changes",
	gitstore.FastForward:       "Fast forward: move the branch, without a commit",
	gitstore.SquashFastForward: "Squash, fast forward only",
	gitstore.RebaseFastForward: "Rebase, fast forward: make the commits anew on top of the branch",
	gitstore.RebaseMerge:       "Rebase, merge: make the commits anew, and join them with one more",
}

func (p *Pages) show(r *page.Request, repo *repository.Repository, pr *pullrequest.PullRequest) (page.Answer, error) {
	content, err := p.content(r, repo, pr)
	if err != nil {
		return page.Answer{}, err
	}
	return p.renderOne(r, repo, content)
}

func (p *Pages) renderOne(r *page.Request, repo *repository.Repository, content *showPage) (page.Answer, error) {
	title := []rune(highlight.Visible(content.Title))
	return p.render(r, repo, "show", "pull-requests", fmt.Sprintf("%s · Pull request %d", string(title[:min(len(title), 80)]), content.Number), content)
}

func (p *Pages) content(r *page.Request, repo *repository.Repository, pr *pullrequest.PullRequest) (*showPage, error) {
	content := &showPage{within: within{repo, address(repo)}, PullRequest: pr, At: at(repo, pr), Here: r.URL.RequestURI(), Shown: stateOf(pr), Voices: voices(pr)}
	if pr.Description != "" {
		texts, err := p.PullRequests.Written(r.Context(), repo, pr.Description)
		if err != nil {
			return nil, err
		}
		content.Text = texts.Of(pr.Description)
	}
	if pr.MergeHash != "" {
		content.MergedAs = &page.Link{Name: pr.MergeHash.Short(), Href: address(repo, "commit", string(pr.MergeHash))}
	}
	if err := p.origin(r, repo, content); err != nil {
		return nil, err
	}
	if err := p.forms(r, repo, content); err != nil {
		return nil, err
	}
	var err error
	if content.Statuses, err = p.Code.Statuses(r, repo, pr.SourceHash); err != nil {
		return nil, err
	}
	if content.Commits, err = p.Code.Between(r, repo, pr.DestinationHash, pr.SourceHash); err != nil {
		return nil, err
	}
	if content.Talk, err = p.hears(r, repo, pr); err != nil {
		return nil, err
	}
	if content.Talk.takes {
		content.Say, content.Ask, content.Watch = content.Talk.say(), content.Talk.ask(nil), watchAt(repo, pr)
		content.Publish = content.Talk.form("", "Publish all", []string{"publish"})
	}
	if content.Changes, err = p.Code.Changes(r, repo, pr.DestinationHash, pr.SourceHash, diff.Show{Talk: content.Talk, Files: at(repo, pr, "files"), Later: true}); err != nil {
		return nil, err
	}
	return content, p.happened(r, repo, content)
}

// origin finds out what to say of the repository that a pull request comes from.
func (p *Pages) origin(r *page.Request, repo *repository.Repository, content *showPage) error {
	source, err := p.PullRequests.Of(r.Context(), repo, content.PullRequest)
	switch {
	case err != nil:
		return err
	case source == nil:
		content.Gone = true
		return nil
	case source.ID == repo.ID:
		return nil
	}
	names := map[string]string{"workspace": rest.Braced(source.Workspace.ID), "repo_slug": rest.Braced(source.ID)}
	if _, err := access.Visit(r.Site.Gate, r.Context(), r.Principal, p.Repositories.Repositories().Reads(), func(name string) string { return names[name] }); err != nil {
		content.Elsewhere = true
		return nil
	}
	content.Fork, content.ForkAt = source.FullName(), address(source)
	return nil
}

// forms adds what the visitor can do.
func (p *Pages) forms(r *page.Request, repo *repository.Repository, content *showPage) error {
	pr := content.PullRequest
	if pr.State != pullrequest.Open {
		return nil
	}
	if r.Self != nil && page.May(r, p.PullRequests.TakesPart()) {
		content.Reviews = reviews(r, repo, pr)
	}
	if r.Self != nil && p.PullRequests.MayChange(r.Context(), r.Principal, repo, pr) == nil {
		content.Edit = at(repo, pr, "edit")
		content.Decline = r.NewForm(at(repo, pr, "decline"), "Decline for good", page.Field{Name: "reason", Label: "Reason", Type: "textarea", Rows: 3, Max: 32 << 10, Help: "Everybody who sees the pull request sees it."})
		content.Decline.Danger = true
	}
	return p.box(r, repo, content)
}

// reviews are the things that the visitor can say of an open pull request.
func reviews(r *page.Request, repo *repository.Repository, pr *pullrequest.PullRequest) (all []*page.Form) {
	before := ""
	for _, t := range pr.Participants {
		if t.Who.ID == r.Self.ID {
			before = t.State
		}
	}
	own := pr.Author.Account != nil && pr.Author.Account.ID == r.Self.ID
	for _, one := range []struct{ state, do, undo string }{{pullrequest.Approved, "Approve", "Take back the approval"}, {pullrequest.ChangesRequested, "Request changes", "Take back the request for changes"}} {
		value, submit := one.state, one.do
		if before == one.state {
			value, submit = "no "+one.state, one.undo
		} else if own {
			continue // what authors say of their own counts for nothing
		}
		f := r.NewForm(at(repo, pr, "review"), submit, page.Field{Name: "say", Type: "hidden", Value: value})
		f.Danger = one.state == pullrequest.ChangesRequested && value == one.state
		all = append(all, f)
	}
	return all
}

// box says what a merge lacks.
func (p *Pages) box(r *page.Request, repo *repository.Repository, content *showPage) error {
	pr := content.PullRequest
	outlook, err := p.PullRequests.Outlook(r.Context(), r.Principal, repo, pr)
	if err != nil {
		return err
	}
	box := &mergeBox{Outlook: outlook, May: r.Self != nil && page.May(r, p.Repositories.Repositories().Needs(access.Write))}
	if outlook.Refused != nil {
		box.Why = problem(outlook.Refused)
	}
	for _, c := range outlook.Checks {
		box.Rows = append(box.Rows, check{p.Code.Rule(c.Restriction), c.Missing})
	}
	for i, file := range outlook.Conflicts {
		if i == maxFiles {
			box.Others = len(outlook.Conflicts) - maxFiles
			break
		}
		shown, _ := highlight.Escape(file)
		box.Files = append(box.Files, shown)
	}
	if box.May && !outlook.Blocked() {
		how := page.Field{Name: "merge_strategy", Label: "How", Type: "select", Required: true}
		for _, s := range outlook.Strategies {
			how.Options = append(how.Options, page.Option{Value: string(s), Name: strategies[s]})
		}
		submit := "Merge"
		if outlook.Failing() > 0 {
			submit = "Merge all the same"
		}
		box.Form = r.NewForm(at(repo, pr, "merge"), submit, how,
			page.Field{Name: "message", Label: "Message of the commit", Type: "textarea", Rows: 6, Value: outlook.Message, Max: 64 << 10},
			page.Field{Name: "close_source_branch", Label: "Delete the source branch", Type: "checkbox", Value: "true", Checked: pr.CloseSource})
	}
	content.Merge = box
	return nil
}

// again shows the page of a pull request once more, as it is now, after a form on it was refused.
func (p *Pages) again(r *page.Request, repo *repository.Repository, pr *pullrequest.PullRequest, refused error, which func(*showPage) *page.Form) (page.Answer, error) {
	if e, ok := errors.AsType[*rest.Error](refused); !ok || e.Status >= http.StatusInternalServerError {
		return page.Answer{}, refused
	}
	r.As(at(repo, pr), nil)
	now, err := p.PullRequests.Find(r.Context(), repo, pr.Number)
	if err != nil {
		return page.Answer{}, err
	}
	content, err := p.content(r, repo, now)
	if err != nil {
		return page.Answer{}, err
	}
	content.Here = ""
	form := which(content)
	if form == nil { // it is closed, or cannot be merged now: there is no form to show the refusal in
		return page.Answer{}, refused
	}
	return r.Again(form, refused, func() (page.Answer, error) { return p.renderOne(r, repo, content) })
}
