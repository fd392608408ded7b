package search

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/workspace"
)

// Room serves the search for code. Its fields are what it stands on.
type Room struct {
	Repositories *repository.Room
	Accounts     *account.Room
	Dir          string // of the index, which one process uses at a time
	Log          *slog.Logger

	queue queue
	mu    sync.Mutex
	ix    *index
}

// Found is a part of what fits a query.
type Found struct {
	Files []File
	Size  int // of all that fits
	// Behind is how many of the repositories that were searched have commits that are not indexed yet.
	Behind int
}

// File is a file that fits.
type File struct {
	Repository *repository.Repository
	Commit     gitstore.Hash // at which the file was indexed
	Path       string        // as git keeps it
	Name       []Segment     // the path
	Matches    []Match
	Count      int // of places in the content that fit, shown or not
}

// Search finds files of a workspace that the principal may read; the zero Workspace has none, in the order of repositories and paths: a part of at most
// limit files. An empty query, or one that cannot be read, is a *rest.Error.
func (room *Room) Search(ctx context.Context, p *access.Principal, w *workspace.Workspace, text string, limit, offset int) (Found, error) {
	e, err := parse(text)
	if err != nil {
		return Found{}, rest.Refuse(reason.SearchInvalid, err.Error())
	}
	if w.ID == "" {
		return Found{}, nil
	}
	ix := room.current()
	if ix == nil {
		return Found{}, rest.Refuse(reason.ServerBusy, "The search index is being opened.").WithHeader("Retry-After", "1")
	}
	// Who may read what is asked for this request, and nothing else is searched.
	readable, err := room.Repositories.Readable(ctx, p, w)
	if err != nil || len(readable) == 0 {
		return Found{}, err
	}
	result, err := ix.find(ctx, compile(e, readable), limit, offset)
	if err != nil {
		return Found{}, err
	}
	found := Found{Size: int(result.Total), Behind: room.behind(readable)}
	var ids []string
	for _, hit := range result.Hits {
		if id, _ := splitID(hit.ID); !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	repositories, err := room.Repositories.Those(ctx, p, w, ids)
	if err != nil {
		return Found{}, err
	}
	phrases, paths := shown(e)
	paths = append(paths, phrases...)
	for _, hit := range result.Hits {
		id, at := splitID(hit.ID)
		f := File{Repository: repositories[id], Path: at}
		if f.Repository == nil {
			continue // it went away meanwhile
		}
		s, _, err := ix.state(id)
		if err != nil {
			return Found{}, err
		}
		f.Commit = s.Commit
		name := asText(at)
		inName, _ := spans(name, paths)
		f.Name = segments(name, 0, inName)
		blob, _ := hit.Fields[inBlob].(string)
		content, err := room.Repositories.Git.Blob(ctx, id, gitstore.Hash(blob), maxFile)
		if err != nil && !errors.Is(err, gitstore.ErrNotFound) {
			return Found{}, err
		}
		text := asText(string(content))
		var inText []span
		inText, f.Count = spans(text, phrases)
		f.Matches = excerpts(text, inText)
		found.Files = append(found.Files, f)
	}
	return found, nil
}

// behind is how many of these repositories have commits that are not indexed yet.
func (room *Room) behind(readable []repository.Readable) (n int) {
	waiting := map[string]bool{}
	room.queue.behind(func(id string) { waiting[id] = true })
	for _, r := range readable {
		if waiting[r.ID] {
			n++
		}
	}
	return n
}
