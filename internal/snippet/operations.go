package snippet

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// Operations lists what this room serves. GET /snippets is not among them: bitbucket.org has removed it (CHANGE-2770).
func (room *Room) Operations() []access.Operation {
	const (
		all = "/snippets/{workspace}"
		one = all + "/{encoded_id}"
	)
	snippets := room.Snippets()
	role := access.Parameter{Name: "role", Does: "Only snippets to which the caller stands so: made by the caller; those and the watched ones; those of the caller's workspaces and the watched ones.",
		Values: []string{"owner", "contributor", "member"}}
	return []access.Operation{
		access.On("POST /snippets", access.Self, room.createOwn).Takes(body{}).Answers(JSON{}, http.StatusCreated),
		access.On("GET "+all, room.Shelves().Reads(), room.list).Lists(JSON{}).Filters(fields).Asks(role),
		access.On("POST "+all, room.Workspaces.Workspaces().Needs(access.Write), room.createIn).Takes(body{}).Answers(JSON{}, http.StatusCreated),
		access.On("GET "+one, snippets.Reads(), room.get).Answers(JSON{}).Delivers(),
		access.On("PUT "+one, snippets.Needs(access.Write), room.put).Takes(body{}).Answers(JSON{}).Delivers(),
		access.On("DELETE "+one, snippets.Needs(access.Admin), room.delete).Answers(nil),

		access.On("GET "+one+"/{node_id}", snippets.Reads(), room.at("node_id", room.getAt)).Answers(JSON{}).Delivers(),
		access.On("PUT "+one+"/{node_id}", snippets.Needs(access.Write), room.at("node_id", room.putAt)).Takes(body{}).Answers(JSON{}).Delivers(),
		access.On("DELETE "+one+"/{node_id}", snippets.Needs(access.Admin), room.at("node_id", room.deleteAt)).Answers(nil),
		access.On("GET "+one+"/files/{path}", snippets.Reads(), room.newestFile).Answers(nil, http.StatusFound),
		access.On("GET "+one+"/{node_id}/files/{path}", snippets.Reads(), room.at("node_id", room.content)).Answers(nil, http.StatusOK).Delivers(),
		access.On("GET "+one+"/commits", snippets.Reads(), room.commits).Lists(commitJSON{}).
			Asks(access.Parameter{Name: "ctx", Does: "The cursor in a next link. Follow the link as it is."}),
		access.On("GET "+one+"/commits/{revision}", snippets.Reads(), room.at("revision", room.oneCommit)).Answers(commitJSON{}),
		access.On("GET "+one+"/{revision}/diff", snippets.Reads(), room.at("revision", room.diff)).Answers(nil, http.StatusOK).Delivers().
			Asks(access.Parameter{Name: "path", Does: "Only this file or directory.", Many: true}),
		access.On("GET "+one+"/{revision}/patch", snippets.Reads(), room.at("revision", room.patch)).Answers(nil, http.StatusOK).Delivers(),

		access.On("GET "+one+"/comments", snippets.Reads(), room.listComments).Lists(commentJSON{}).Filters(commentFields),
		access.On("POST "+one+"/comments", snippets.Needs(access.Read), room.postComment).Takes(commentBody{}).Answers(commentJSON{}, http.StatusCreated),
		access.On("GET "+one+"/comments/{comment_id}", snippets.Reads(), room.getComment).Answers(commentJSON{}),
		access.On("PUT "+one+"/comments/{comment_id}", snippets.Needs(access.Read), room.putComment).Takes(commentBody{}).Answers(commentJSON{}),
		access.On("DELETE "+one+"/comments/{comment_id}", snippets.Needs(access.Read), room.deleteComment).Answers(nil),
		access.On("GET "+one+"/watch", snippets.Reads(), room.watching).Answers(nil),
		access.On("PUT "+one+"/watch", snippets.Needs(access.Read), room.setWatching(true)).Answers(nil),
		access.On("DELETE "+one+"/watch", snippets.Needs(access.Read), room.setWatching(false)).Answers(nil),
		access.On("GET "+one+"/watchers", snippets.Reads(), room.watchers).Lists(account.JSON{}),
	}
}

// JSON is a snippet as the API writes it (schema snippet). Lists leave out its files and what belongs to its newest revision.
type JSON struct {
	Type      string               `json:"type"`
	ID        string               `json:"id"`
	Title     string               `json:"title"`
	SCM       string               `json:"scm"`
	CreatedOn rest.Time            `json:"created_on"`
	UpdatedOn rest.Time            `json:"updated_on"`
	Owner     repository.OwnerJSON `json:"owner"`
	Creator   *account.JSON        `json:"creator,omitempty"`
	IsPrivate bool                 `json:"is_private"`
	Files     map[string]fileJSON  `json:"files,omitempty"`
	Links     linksJSON            `json:"links"`
}

// fileJSON is a file of a snippet.
type fileJSON struct {
	Links map[string]rest.Link `json:"links"`
}

type linksJSON struct {
	Self     rest.Link   `json:"self"`
	HTML     rest.Link   `json:"html"`
	Comments rest.Link   `json:"comments"`
	Watchers rest.Link   `json:"watchers"`
	Commits  rest.Link   `json:"commits"`
	Diff     *rest.Link  `json:"diff,omitempty"`
	Patch    *rest.Link  `json:"patch,omitempty"`
	Clone    []rest.Link `json:"clone"`
}

func (room *Room) link(s *Snippet, below ...string) rest.Link {
	return room.URLs.API(append([]string{"snippets", s.Workspace.Slug, s.Encoded}, below...)...)
}

func (room *Room) page(s *Snippet, below ...string) rest.Link {
	return room.URLs.Web(append([]string{"snippets", s.Workspace.Slug, s.Encoded}, below...)...)
}

// fileLink is the address of a file at a revision.
func (room *Room) fileLink(s *Snippet, revision gitstore.Hash, path string) rest.Link {
	return room.link(s, append([]string{string(revision), "files"}, strings.Split(path, "/")...)...)
}

// render is s without its files.
func (room *Room) render(s *Snippet, creator *account.JSON) JSON {
	return JSON{Type: "snippet", ID: s.Encoded, Title: s.Title, SCM: "git", CreatedOn: rest.Time(s.Created), UpdatedOn: rest.Time(s.Updated),
		Owner: repository.Owner(room.URLs, &s.Workspace), Creator: creator, IsPrivate: s.Private,
		Links: linksJSON{Self: room.link(s), HTML: room.page(s), Comments: room.link(s, "comments"), Watchers: room.link(s, "watchers"), Commits: room.link(s, "commits"),
			Clone: []rest.Link{
				{Name: "https", Href: room.page(s).Href + ".git"},
				{Name: "ssh", Href: room.URLs.SSHRemote("snippets/" + s.Workspace.Slug + "/" + s.Encoded)}, // also where SSH is off, as of repositories
			}}}
}

// file is a file of a revision.
type file struct {
	path  string
	entry gitstore.Entry
}

const (
	maxDepth   = 20     // of directories below each other
	maxEntries = 10_000 // that are looked at, whatever was pushed
)

// files are the files of a revision, at most maxFiles of them: a push may bring what has no place here.
func (room *Room) files(ctx context.Context, s *Snippet, revision *gitstore.Commit) (files []file, err error) {
	seen := 0
	err = room.Git.Walk(ctx, s.ID, revision.Tree, maxDepth, func(path string, e gitstore.Entry) bool {
		if e.File() && gitstore.ValidPath(path) {
			files = append(files, file{path, e})
		}
		seen++
		return len(files) < maxFiles && seen < maxEntries
	})
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.path, b.path) })
	return files, err
}

// whole is s with the files of a revision.
func (room *Room) whole(ctx context.Context, s *Snippet, revision *gitstore.Commit, files []file) (JSON, error) {
	creator, err := room.Accounts.Shown(ctx, room.DB, s.CreatorID)
	if err != nil {
		return JSON{}, err
	}
	j := room.render(s, creator)
	diff, patch := room.link(s, string(revision.Hash), "diff"), room.link(s, string(revision.Hash), "patch")
	j.Links.Diff, j.Links.Patch = &diff, &patch
	j.Files = make(map[string]fileJSON, len(files))
	for _, f := range files {
		j.Files[strings.ToValidUTF8(f.path, "�")] = fileJSON{map[string]rest.Link{
			"self": room.fileLink(s, revision.Hash, f.path), "html": {Href: room.page(s).Href + "#file-" + url.PathEscape(f.path)}}}
	}
	return j, nil
}

// newest is the newest revision of a snippet.
func (room *Room) newest(ctx context.Context, s *Snippet) (*gitstore.Commit, error) {
	return repository.CommitOf(ctx, room.Git, s.ID, branchRef)
}

func (room *Room) get(c *access.Call, s *Snippet) (any, error) {
	revision, err := room.newest(c.Context(), s)
	if err != nil {
		return nil, err
	}
	return room.answer(c, s, revision, http.StatusOK)
}
