package pulls

import (
	"fmt"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/event"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/pullrequest"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/web/page"
)

// happening is one thing that happened to a pull request.
type happening struct {
	pullrequest.Happening
	Steps []step
}

// step is what somebody did: words, and what they are about.
type step struct {
	Does     string
	From, To string // names that people gave; "" for none
	Commit   *page.Link
	People   []account.Account
}

func (p *Pages) happened(r *page.Request, repo *repository.Repository, content *showPage) error {
	all, more, err := p.PullRequests.Happened(r.Context(), content.PullRequest, maxHappened)
	if err != nil {
		return err
	}
	content.MoreHappens = more
	for i := range all {
		content.Happened = append(content.Happened, happening{all[i], steps(repo, &all[i])})
	}
	return nil
}

// ends are what is done by whom a pull request gets into a state.
var ends = map[string]string{pullrequest.Merged: "merged it", pullrequest.Declined: "declined it", pullrequest.Superseded: "put another one in its place"}

// steps are what happened, in order of importance.
func steps(repo *repository.Repository, h *pullrequest.Happening) (all []step) {
	switch {
	case h.Kind == pullrequest.Approved:
		return []step{{Does: "approved it"}}
	case h.Kind == pullrequest.ChangesRequested:
		return []step{{Does: "requested changes"}}
	case h.Made:
		all = append(all, step{Does: "opened it"})
	}
	if change, ok := h.Changes["status"]; ok {
		all = append(all, step{Does: ends[text(change.New)]})
	}
	if change, ok := h.Changes["source"]; ok {
		hash := gitstore.Hash(text(change.New))
		all = append(all, step{Does: "pushed the source branch to", Commit: &page.Link{Name: hash.Short(), Href: address(repo, "commit", string(hash))}})
	}
	for _, named := range []struct{ field, does string }{{"title", "changed the title"}, {"destination", "changed the destination"}} {
		if change, ok := h.Changes[named.field]; ok {
			all = append(all, step{Does: named.does, From: text(change.Old), To: text(change.New)})
		}
	}
	if _, ok := h.Changes["description"]; ok {
		all = append(all, step{Does: "changed the description"})
	}
	all = append(all, switched(h.Changes, "draft", "made it a draft", "made it ready to be merged")...)
	all = append(all, switched(h.Changes, "close_source_branch", "has the source branch deleted once it is merged", "has the source branch stay")...)
	if len(h.Added) > 0 {
		all = append(all, step{Does: "asked for a review by", People: h.Added})
	}
	if len(h.Removed) > 0 {
		all = append(all, step{Does: "asks no more for a review by", People: h.Removed})
	}
	return all
}

func switched(changes event.Changes, field, on, off string) []step {
	change, ok := changes[field]
	switch {
	case !ok:
		return nil
	case change.New == true:
		return []step{{Does: on}}
	}
	return []step{{Does: off}}
}

func text(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}
