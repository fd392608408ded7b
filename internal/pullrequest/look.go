package pullrequest

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// listCommits lists the commits that the pull request brings, newest first (GET .../commits).
func (room *Room) listCommits(c *access.Call, r *repository.Repository, pr *PullRequest) (any, error) {
	return room.Repositories.Between(c, r, pr.SourceHash, pr.DestinationHash)
}

// leadsTo redirects to what the repository itself says of the changes: those of the source, from where it parts from the
// destination on (GET .../diff, .../diffstat and .../patch). The commits are named by their hashes, so the place stays what it is.
func (room *Room) leadsTo(what string) func(*access.Call, *repository.Repository, *PullRequest) (any, error) {
	return func(c *access.Call, r *repository.Repository, pr *PullRequest) (any, error) {
		query := url.Values{}
		for name, values := range c.Query() {
			query[name] = values
		}
		query.Set("from_pullrequest_id", strconv.FormatInt(pr.Number, 10))
		if what != "patch" && !query.Has("merge") && !query.Has("topic") {
			query.Set("topic", "true")
		}
		to := room.link(r, what, string(pr.SourceHash)+".."+string(pr.DestinationHash)).Href + "?" + query.Encode()
		return rest.Answer{Status: http.StatusFound, Header: http.Header{"Location": {to}}}, nil
	}
}

// listStatuses lists what builds say of the source's last commit. Those count that were given to the commit in the repository that it
// goes into: in a fork, its owner could say anything of it (GET .../statuses).
func (room *Room) listStatuses(c *access.Call, r *repository.Repository, pr *PullRequest) (any, error) {
	return room.Commits.ListStatuses(c, r, pr.SourceHash)
}
