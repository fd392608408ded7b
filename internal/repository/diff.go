package repository

import (
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// ends are the two commits of a spec. from is "" before a first commit.
type ends struct{ from, to gitstore.Hash }

// endsOf reads the spec of diff, diffstat and patch. One commit is compared with its first parent. Of two, the first has the
// changes and the second is what they are seen from: the opposite of git's order (GET .../diff/{spec}).
func (room *Room) endsOf(c *access.Call, r *Repository) (e ends, single, dots3 bool, err error) {
	spec := c.Param("spec")
	source, destination, two := strings.Cut(spec, "..")
	if dots3 = strings.HasPrefix(destination, "."); dots3 {
		destination = destination[1:]
	}
	if two && (source == "" || destination == "" || strings.Contains(destination, "..") || strings.HasPrefix(destination, ".")) {
		return e, false, false, rest.Refuse(reason.RevisionSpecNotAccepted, "A commit is needed, or two with two dots in between, such as feature..main.")
	}
	commitOf := func(revision string) (*gitstore.Commit, error) {
		hash, err := room.Git.Resolve(c.Context(), r.ID, revision)
		if err != nil {
			return nil, revisionError(err)
		}
		commit, err := room.Git.Commit(c.Context(), r.ID, hash)
		return commit, revisionError(err)
	}
	commit, err := commitOf(source)
	if err != nil {
		return e, false, false, err
	}
	e.to = commit.Hash
	if !two {
		if len(commit.Parents) > 0 {
			e.from = commit.Parents[0]
		}
		return e, true, false, nil
	}
	other, err := commitOf(destination)
	if err != nil {
		return e, false, false, err
	}
	e.from = other.Hash
	return e, false, dots3, nil
}

// truth reads a parameter that is true or false.
func truth(c *access.Call, name string, without bool) (bool, error) {
	text := c.Query().Get(name)
	if text == "" {
		return without, nil
	}
	value, err := strconv.ParseBool(strings.ToLower(text))
	if err != nil {
		return false, rest.Refusef(reason.QueryInvalid, "%s is true or false.", name).WithMessage("Invalid %s", name)
	}
	return value, nil
}

// diffQuery is what the path and the query of diff and diffstat ask for.
func (room *Room) diffQuery(c *access.Call, r *Repository) (q gitstore.DiffQuery, err error) {
	e, single, dots3, err := room.endsOf(c, r)
	if err != nil {
		return q, err
	}
	q = gitstore.DiffQuery{From: e.from, To: e.to, Context: 3}
	if text := c.Query().Get("context"); text != "" {
		if q.Context, err = strconv.Atoi(text); err != nil || q.Context < 0 || q.Context > gitstore.MaxContext {
			return q, rest.Refusef(reason.QueryInvalid, "context is a number of lines from 0 to %d.", gitstore.MaxContext).WithMessage("Invalid context")
		}
	}
	paths := c.Query()["path"]
	if len(paths) > maxPaths {
		return q, rest.Refusef(reason.QueryInvalid, "At most %d paths can be named.", maxPaths).WithMessage("Too many paths")
	}
	for _, path := range paths {
		if path = strings.Trim(path, "/"); path != "" {
			q.Paths = append(q.Paths, path)
		}
	}
	binary := true
	for _, flag := range []struct {
		name    string
		value   *bool
		without bool
	}{{"ignore_whitespace", &q.IgnoreWhitespace, false}, {"renames", &q.Renames, true}, {"binary", &binary, true}} {
		if *flag.value, err = truth(c, flag.name, flag.without); err != nil {
			return q, err
		}
	}
	q.NoBinary = !binary
	if single {
		return q, nil
	}
	if q.From, err = room.seenFrom(c, r, e, dots3); err != nil {
		return q, err
	}
	return q, nil
}

// maxPaths bounds the paths that one diff names.
const maxPaths = 100

// seenFrom is what the changes of two commits are seen from: where the two histories part, or the second commit itself when
// topic is false. merge is the older name of topic.
func (room *Room) seenFrom(c *access.Call, r *Repository, e ends, dots3 bool) (gitstore.Hash, error) {
	if c.Query().Has("merge") && c.Query().Has("topic") {
		return "", rest.Refuse(reason.QueryInvalid, "merge and topic are two names of one thing: send one of them.").WithMessage("Invalid topic")
	}
	merge, err := truth(c, "merge", true)
	if err != nil {
		return "", err
	}
	topic, err := truth(c, "topic", merge)
	if err != nil {
		return "", err
	}
	if !topic && !dots3 {
		return e.from, nil
	}
	base, err := room.Git.MergeBase(c.Context(), r.ID, e.from, e.to)
	if errors.Is(err, gitstore.ErrNotFound) {
		return e.from, nil // they have nothing in common: everything differs
	}
	return base, err
}

// diff delivers the difference as text (GET .../diff/{spec}).
func (room *Room) diff(c *access.Call, r *Repository) (any, error) {
	q, err := room.diffQuery(c, r)
	if err != nil {
		return nil, err
	}
	return DiffContent(c.Context(), room.Git, r.ID, q), nil
}

// patch delivers commits as mails for `git am` (GET .../patch/{spec}).
func (room *Room) patch(c *access.Call, r *Repository) (any, error) {
	e, single, _, err := room.endsOf(c, r)
	if err != nil {
		return nil, err
	}
	if single {
		e.from = ""
	}
	return PatchContent(c.Context(), room.Git, r.ID, e.from, e.to), nil
}

// diffstatJSON is what happened to one file (schema diffstat).
type diffstatJSON struct {
	Type         string    `json:"type"`
	Status       string    `json:"status"`
	LinesAdded   int       `json:"lines_added"`
	LinesRemoved int       `json:"lines_removed"`
	Old          *sideJSON `json:"old" api:"nullable"`
	New          *sideJSON `json:"new" api:"nullable"`
}

// sideJSON is a file before or after a change.
type sideJSON struct {
	Type        string               `json:"type"`
	Path        string               `json:"path"`
	EscapedPath string               `json:"escaped_path"`
	Links       map[string]rest.Link `json:"links"`
}

// The length of a page of changed files when none is asked for, and how many files may differ in all.
const (
	diffstatPagelen = 500
	maxChanges      = 100_000
)

var changeNames = map[byte]string{'A': "added", 'D': "removed", 'R': "renamed"}

// diffstat lists what differs, by file (GET .../diffstat/{spec}).
func (room *Room) diffstat(c *access.Call, r *Repository) (any, error) {
	p, err := c.Paging(diffstatPagelen)
	if err != nil {
		return nil, err
	}
	q, err := room.diffQuery(c, r)
	if err != nil {
		return nil, err
	}
	changes, err := room.Git.Changes(c.Context(), r.ID, q, maxChanges)
	if errors.Is(err, gitstore.ErrTooLarge) {
		return nil, rest.Refusef(reason.QueryInvalid, "More than %d files differ. Name a path.", maxChanges).WithMessage("Too many files")
	}
	if err != nil {
		return nil, revisionError(err)
	}
	from := min(p.Offset(), len(changes))
	page := changes[from:min(from+p.Pagelen, len(changes))]
	values := make([]diffstatJSON, len(page))
	for i, change := range page {
		values[i] = diffstatJSON{Type: "diffstat", Status: changeNames[change.Status], LinesAdded: change.Added, LinesRemoved: change.Removed,
			Old: room.side(r, q.From, change.Old), New: room.side(r, q.To, change.New)}
		if values[i].Status == "" {
			values[i].Status = "modified"
		}
	}
	// The next page compares the same commits, wherever the branches are by then.
	spec := string(q.To)
	if q.From != "" {
		spec += ".." + string(q.From)
	}
	return rest.Counted(c.Request, p, values, len(changes)).At(room.link(r, "diffstat", spec), url.Values{"topic": {"false"}, "merge": nil}), nil
}

func (room *Room) side(r *Repository, commit gitstore.Hash, path string) *sideJSON {
	if path == "" {
		return nil
	}
	return &sideJSON{Type: "commit_file", Path: strings.ToValidUTF8(path, "�"), EscapedPath: escapedPath(path),
		Links: map[string]rest.Link{"self": room.sourceLink(r, "src", commit, path, false)}}
}
