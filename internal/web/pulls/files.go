package pulls

import (
	"fmt"
	"html/template"

	"github.com/pailforge/pail/internal/pullrequest"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/web/diff"
	"github.com/pailforge/pail/internal/web/page"
)

// filesPage is what the page shows that has the changes of some files of a pull request.
type filesPage struct {
	within
	*pullrequest.PullRequest
	At      string
	Here    string // as in showPage
	Watch   string
	Changes template.HTML
}

// files shows the changes of the files that the parameters path name. It asks git for nothing else.
func (p *Pages) files(r *page.Request, repo *repository.Repository, pr *pullrequest.PullRequest) (page.Answer, error) {
	if !r.URL.Query().Has("path") {
		return page.Redirect(at(repo, pr)), nil
	}
	said, err := p.hears(r, repo, pr)
	if err != nil {
		return page.Answer{}, err
	}
	content := filesPage{within: within{repo, address(repo)}, PullRequest: pr, At: at(repo, pr), Here: r.URL.RequestURI()}
	if said.takes {
		content.Watch = watchAt(repo, pr)
	}
	if content.Changes, err = p.Code.Changes(r, repo, pr.DestinationHash, pr.SourceHash, diff.Show{Talk: said, Files: at(repo, pr, "files"), All: at(repo, pr)}); err != nil {
		return page.Answer{}, err
	}
	return p.render(r, repo, "files", "pull-requests", fmt.Sprintf("Changes of pull request %d", pr.Number), content)
}
