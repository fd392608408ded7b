package snippet

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// at finds the revision that the parameter of the path names, for h: a hash, its first digits, main or HEAD.
func (room *Room) at(parameter string, h func(*access.Call, *Snippet, *gitstore.Commit) (any, error)) func(*access.Call, *Snippet) (any, error) {
	return func(c *access.Call, s *Snippet) (any, error) {
		revision, err := repository.CommitOf(c.Context(), room.Git, s.ID, c.Param(parameter))
		if err != nil {
			return nil, err
		}
		return h(c, s, revision)
	}
}

// getAt is a snippet with the files of a revision. Its title has no revisions (GET .../{node_id}).
func (room *Room) getAt(c *access.Call, s *Snippet, revision *gitstore.Commit) (any, error) {
	return room.answer(c, s, revision, http.StatusOK)
}

func (room *Room) putAt(c *access.Call, s *Snippet, revision *gitstore.Commit) (any, error) {
	return room.change(c, s, revision.Hash)
}

func (room *Room) deleteAt(c *access.Call, s *Snippet, revision *gitstore.Commit) (any, error) {
	return nil, room.remove(c.Context(), s, revision.Hash)
}

// entry is the file of a revision at a path.
func (room *Room) entry(ctx context.Context, s *Snippet, revision *gitstore.Commit, name string) (gitstore.Entry, error) {
	entry, err := room.Git.At(ctx, s.ID, revision.Tree, name)
	if err == nil && !entry.File() {
		err = gitstore.ErrNotFound
	}
	if errors.Is(err, gitstore.ErrNotFound) || errors.Is(err, gitstore.ErrInvalid) {
		err = rest.Refusef(reason.RevisionNotFound, "Revision %s of the snippet has no such file.", revision.Hash.Short()).
			WithMessage("No such file: %s", strings.ToValidUTF8(name, "�"))
	}
	return entry, err
}

// newestFile leads to a file of the newest revision (GET .../files/{path}).
func (room *Room) newestFile(c *access.Call, s *Snippet) (any, error) {
	revision, err := room.newest(c.Context(), s)
	if err != nil {
		return nil, err
	}
	if _, err := room.entry(c.Context(), s, revision, c.Param("path")); err != nil {
		return nil, err
	}
	return rest.Answer{Status: http.StatusFound, Header: http.Header{"Location": {room.fileLink(s, revision.Hash, c.Param("path")).Href}}}, nil
}

// content delivers a file, to be kept and not to be shown. Its type comes of its name, and has no charset (GET .../{node_id}/files/{path}).
func (room *Room) content(c *access.Call, s *Snippet, revision *gitstore.Commit) (any, error) {
	entry, err := room.entry(c.Context(), s, revision, c.Param("path"))
	if err != nil {
		return nil, err
	}
	content, err := repository.FileContent(c.Context(), room.Git, s.ID, c.Param("path"), entry)
	if err != nil {
		return nil, err
	}
	content.Name = path.Base(c.Param("path"))
	content.Type, _, _ = strings.Cut(content.Type, ";")
	return content, nil
}

// diff delivers what a revision changed (GET .../{revision}/diff).
func (room *Room) diff(c *access.Call, s *Snippet, revision *gitstore.Commit) (any, error) {
	q := gitstore.DiffQuery{From: parentOf(revision), To: revision.Hash, Context: 3, Renames: true}
	if paths := c.Query()["path"]; len(paths) > maxFiles {
		return nil, rest.Refusef(reason.QueryInvalid, "At most %d paths can be named.", maxFiles).WithMessage("Too many paths")
	} else {
		for _, p := range paths {
			if p = strings.Trim(p, "/"); p != "" {
				q.Paths = append(q.Paths, p)
			}
		}
	}
	return repository.DiffContent(c.Context(), room.Git, s.ID, q), nil
}

func (room *Room) patch(c *access.Call, s *Snippet, revision *gitstore.Commit) (any, error) {
	return room.Patch(c.Context(), s, revision), nil
}

// Patch is a revision as a mail, and a merge as those that it brought in (GET .../{revision}/patch).
func (room *Room) Patch(ctx context.Context, s *Snippet, revision *gitstore.Commit) rest.Content {
	var from gitstore.Hash
	if len(revision.Parents) > 1 {
		from = parentOf(revision)
	}
	return repository.PatchContent(ctx, room.Git, s.ID, from, revision.Hash)
}

// parentOf is what a revision is compared with; "" before the first one.
func parentOf(revision *gitstore.Commit) gitstore.Hash {
	if len(revision.Parents) == 0 {
		return ""
	}
	return revision.Parents[0]
}

// commitJSON is a revision as the API writes it (schema snippet_commit).
type commitJSON struct {
	repository.BaseCommit
	Parents []parentJSON         `json:"parents"`
	Links   map[string]rest.Link `json:"links"`
	Snippet JSON                 `json:"snippet"`
}

// parentJSON is the revision before another one.
type parentJSON struct {
	Type  string               `json:"type"`
	Hash  string               `json:"hash"`
	Links map[string]rest.Link `json:"links"`
}

const commitType = "snippet_commit"

func (room *Room) commitLinks(s *Snippet, hash gitstore.Hash) map[string]rest.Link {
	return map[string]rest.Link{"self": room.link(s, "commits", string(hash)), "html": room.page(s, string(hash)), "diff": room.link(s, string(hash), "diff")}
}

func (room *Room) renderCommits(c *access.Call, s *Snippet, commits ...*gitstore.Commit) ([]commitJSON, error) {
	base, err := room.Repositories.BaseCommits(c.Context(), commitType, commits...)
	if err != nil {
		return nil, err
	}
	creator, err := room.Accounts.Shown(c.Context(), room.DB, s.CreatorID)
	if err != nil {
		return nil, err
	}
	of, values := room.render(s, creator), make([]commitJSON, len(commits))
	for i, commit := range commits {
		values[i] = commitJSON{BaseCommit: base[i], Parents: make([]parentJSON, len(commit.Parents)), Links: room.commitLinks(s, commit.Hash), Snippet: of}
		for k, parent := range commit.Parents {
			values[i].Parents[k] = parentJSON{commitType, string(parent), room.commitLinks(s, parent)}
		}
	}
	return values, nil
}

// commitPagelen is the length of a page of revisions when none is asked for.
const commitPagelen = 30

// commits lists the revisions of a snippet, the newest first. Later pages go on where the first one began: ctx is the
// revision that was the newest one then.
func (room *Room) commits(c *access.Call, s *Snippet) (any, error) {
	p, err := c.Paging(commitPagelen)
	if err != nil {
		return nil, err
	}
	list, start, more, err := room.History(c.Context(), s, c.Query().Get("ctx"), p.Offset(), p.Pagelen)
	if err != nil {
		return nil, err
	}
	commits := make([]*gitstore.Commit, len(list))
	for i := range list {
		commits[i] = &list[i]
	}
	values, err := room.renderCommits(c, s, commits...)
	if err != nil {
		return nil, err
	}
	return rest.Uncounted(c.Request, p, values, more, url.Values{"ctx": {start}}), nil
}

// noCursor is the answer (400) to a cursor that is no revision of the snippet.
func noCursor() error {
	return rest.Refuse(reason.PageInvalid, "ctx is no cursor of this list. Follow the next link as it is.").WithMessage("Invalid ctx")
}

// oneCommit is one revision (GET .../commits/{revision}).
func (room *Room) oneCommit(c *access.Call, s *Snippet, revision *gitstore.Commit) (any, error) {
	values, err := room.renderCommits(c, s, revision)
	if err != nil {
		return nil, err
	}
	return values[0], nil
}
