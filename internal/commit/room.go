package commit

import (
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// Room serves what is said of commits. Its fields are what it stands on.
type Room struct {
	DB           *database.DB
	Repositories *repository.Room
	URLs         rest.URLs
	Now          func() time.Time
}

// Operations lists what this room serves. Bitbucket documents the scope to read for those who write, too, and an access token
// of a build with nothing else must be enough. So the privilege is to read, but a granted one: that a repository is public
// lets nobody speak of its commits.
func (room *Room) Operations() []access.Operation {
	const (
		statuses    = "/repositories/{workspace}/{repo_slug}/commit/{commit}/statuses"
		reports     = "/repositories/{workspace}/{repo_slug}/commit/{commit}/reports"
		report      = reports + "/{reportId}"
		annotations = report + "/annotations"
		comments    = "/repositories/{workspace}/{repo_slug}/commit/{commit}/comments"
	)
	repositories := room.Repositories.Repositories()
	reads, writes := repositories.Reads(), repositories.Needs(access.Read)
	return []access.Operation{
		access.On("GET "+statuses, reads, room.on(room.ListStatuses)).Lists(StatusJSON{}).Filters(StatusFields).
			Asks(access.Parameter{Name: "refname", Does: "Only statuses of this reference, and those of none."}),
		access.On("POST "+statuses+"/build", writes, room.on(room.postStatus)).Takes(statusBody{}).Answers(StatusJSON{}, 201),
		access.On("GET "+statuses+"/build/{key}", reads, room.on(room.getStatus)).Answers(StatusJSON{}),
		access.On("PUT "+statuses+"/build/{key}", writes, room.on(room.putStatus)).Takes(statusBody{}).Answers(StatusJSON{}),

		access.On("GET "+comments, reads, room.on(room.listComments)).Lists(commentJSON{}).Filters(commentFields),
		access.On("POST "+comments, writes, room.on(room.postComment)).Takes(commentBody{}).Answers(commentJSON{}, 201),
		access.On("GET "+comments+"/{comment_id}", reads, room.on(room.getComment)).Answers(commentJSON{}),
		access.On("PUT "+comments+"/{comment_id}", writes, room.on(room.putComment)).Takes(commentBody{}).Answers(commentJSON{}, 201),
		access.On("DELETE "+comments+"/{comment_id}", writes, room.on(room.deleteComment)).Answers(nil),

		access.On("GET "+reports, reads, room.on(room.listReports)).Lists(reportJSON{}).Filters(reportFields),
		access.On("GET "+report, reads, room.on(room.getReport)).Answers(reportJSON{}),
		access.On("PUT "+report, writes, room.on(room.putReport)).Takes(reportBody{}).Answers(reportJSON{}),
		access.On("DELETE "+report, writes, room.on(room.deleteReport)).Answers(nil),
		access.On("GET "+annotations, reads, room.within(room.listAnnotations)).Lists(annotationJSON{}).Filters(annotationFields),
		access.On("POST "+annotations, writes, room.within(room.postAnnotations)).Takes([]annotationBody{}).Answers([]annotationJSON{}),
		access.On("GET "+annotations+"/{annotationId}", reads, room.within(room.getAnnotation)).Answers(annotationJSON{}),
		access.On("PUT "+annotations+"/{annotationId}", writes, room.within(room.putAnnotation)).Takes(annotationBody{}).Answers(annotationJSON{}),
		access.On("DELETE "+annotations+"/{annotationId}", writes, room.within(room.deleteAnnotation)).Answers(nil),
	}
}

// on finds the commit that the path names, for h.
func (room *Room) on(h func(*access.Call, *repository.Repository, gitstore.Hash) (any, error)) func(*access.Call, *repository.Repository) (any, error) {
	return func(c *access.Call, r *repository.Repository) (any, error) {
		hash, err := room.Repositories.CommitHash(c.Context(), r, c.Param("commit"))
		if err != nil {
			return nil, err
		}
		return h(c, r, hash)
	}
}

// within finds the commit and the report that the path names, for h.
func (room *Room) within(h func(*access.Call, *repository.Repository, gitstore.Hash, *Report) (any, error)) func(*access.Call, *repository.Repository) (any, error) {
	return room.on(func(c *access.Call, r *repository.Repository, hash gitstore.Hash) (any, error) {
		report, err := findReport(c, room.DB, r, hash)
		if err != nil {
			return nil, err
		}
		return h(c, r, hash, &report)
	})
}

// link is an address below a commit.
func (room *Room) link(r *repository.Repository, hash gitstore.Hash, below ...string) rest.Link {
	return room.URLs.API(append([]string{"repositories", r.Workspace.Slug, r.Slug, "commit", string(hash)}, below...)...)
}
