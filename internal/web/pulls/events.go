package pulls

import (
	"net/url"
	"strconv"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/pullrequest"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/web/page"
)

// seen stands for what a page of a pull request shows of it: it is another one after every change.
func seen(pr *pullrequest.PullRequest) string {
	return strconv.FormatInt(pr.Updated.UnixMicro(), 36) + "-" + pr.SourceHash.Short() + "-" + pr.DestinationHash.Short()
}

// watchAt is the address that tells of changes since a page was made.
func watchAt(repo *repository.Repository, pr *pullrequest.PullRequest) string {
	return at(repo, pr, "events") + "?" + url.Values{"seen": {seen(pr)}}.Encode()
}

// events tells the script of a page that the pull request may look different by now, as long as the visitor is signed in and may see it.
func (p *Pages) events(r *page.Request, repo *repository.Repository, pr *pullrequest.PullRequest) (page.Answer, error) {
	watch, err := p.PullRequests.Watch(pr, r.Self.ID)
	if err != nil {
		return page.Answer{}, err
	}
	// What happened between the page and this moment is told at once.
	now, err := p.PullRequests.Find(r.Context(), repo, pr.Number)
	if err != nil {
		watch.Stop()
		return page.Answer{}, err
	}
	if seen(now) != r.URL.Query().Get("seen") {
		watch.Tell()
	}
	need := p.PullRequests.TakesPart()
	return page.Answer{Events: &page.Events{Changed: watch.Changed, Ended: watch.Ended, Stop: watch.Stop, Allowed: func() bool {
		v, err := r.Site.Gate.Visitor(r.Request)
		if err != nil || v.Principal.AccountID() != r.Self.ID {
			return false
		}
		_, err = access.Visit(r.Site.Gate, r.Context(), v.Principal, need, r.PathValue)
		return err == nil
	}}}, nil
}
