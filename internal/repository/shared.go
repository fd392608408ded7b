package repository

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"html"
	"io"
	"mime"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/workspace"
)

// This file is what the API shows of Git wherever that is kept, in a repository or in a snippet: id is that of the git store.

// BaseCommit is what every commit says (schema base_commit).
type BaseCommit struct {
	Type      string      `json:"type"`
	Hash      string      `json:"hash"`
	Date      rest.Time   `json:"date"`
	Author    authorJSON  `json:"author"`
	Committer *authorJSON `json:"committer,omitempty"`
	Message   string      `json:"message"`
	Summary   rendered    `json:"summary"`
}

type authorJSON struct {
	Type string        `json:"type"`
	Raw  string        `json:"raw"`
	User *account.JSON `json:"user,omitempty"`
}

type rendered struct {
	Type   string `json:"type"`
	Raw    string `json:"raw"`
	Markup string `json:"markup"`
	HTML   string `json:"html"`
}

func (p people) author(kind string, s gitstore.Signature) authorJSON {
	a := authorJSON{Type: kind, Raw: s.Raw}
	if u, ok := p[strings.ToLower(s.Mail)]; ok {
		a.User = &u
	}
	return a
}

func (p people) base(kind string, c *gitstore.Commit) BaseCommit {
	committer := p.author("committer", c.Committer)
	return BaseCommit{
		Type: kind, Hash: string(c.Hash), Date: rest.Time(c.Committer.When), Author: p.author("author", c.Author), Committer: &committer, Message: c.Message,
		// The message is shown as it was written: a commit is no markup document.
		Summary: rendered{Type: "rendered", Raw: c.Message, Markup: "markdown", HTML: "<p>" + html.EscapeString(strings.TrimSpace(c.Message)) + "</p>"},
	}
}

// BaseCommits is what commits say, in the order given. kind is the type that they are called.
func (room *Room) BaseCommits(ctx context.Context, kind string, commits ...*gitstore.Commit) ([]BaseCommit, error) {
	who, err := room.peopleOf(ctx, commits...)
	if err != nil {
		return nil, err
	}
	all := make([]BaseCommit, len(commits))
	for i, c := range commits {
		all[i] = who.base(kind, c)
	}
	return all, nil
}

// OwnerJSON is the workspace in the place where the API once had a team or a user.
type OwnerJSON struct {
	Type        string               `json:"type"`
	UUID        string               `json:"uuid"`
	Username    string               `json:"username"`
	DisplayName string               `json:"display_name"`
	Links       map[string]rest.Link `json:"links"`
}

// Owner is a workspace as the owner of what is in it.
func Owner(urls rest.URLs, w *workspace.Workspace) OwnerJSON {
	return OwnerJSON{Type: "team", UUID: rest.Braced(w.ID), Username: w.Slug, DisplayName: w.Name, Links: map[string]rest.Link{
		"self": urls.API("workspaces", w.Slug), "html": urls.Web(w.Slug), "avatar": urls.Web("workspaces", w.Slug, "avatar")}}
}

// revisionError is the answer to a revision or a path that git does not know.
func revisionError(err error) error {
	named, _ := errors.AsType[*gitstore.Error](err)
	detail := ""
	if named != nil {
		detail = named.Error()
	}
	switch {
	case errors.Is(err, gitstore.ErrNotFound):
		return rest.Refuse(reason.RevisionNotFound, detail)
	case errors.Is(err, gitstore.ErrAmbiguous):
		return rest.Refuse(reason.RevisionAmbiguous, detail)
	case errors.Is(err, gitstore.ErrInvalid):
		return rest.Refuse(reason.RevisionSpecNotAccepted, detail)
	}
	return err
}

// CommitOf is the commit that a revision names. A *rest.Error says that there is none.
func CommitOf(ctx context.Context, git *gitstore.Store, id, revision string) (*gitstore.Commit, error) {
	hash, err := git.Resolve(ctx, id, revision)
	if err != nil {
		return nil, revisionError(err)
	}
	commit, err := git.Commit(ctx, id, hash)
	return commit, revisionError(err)
}

// mimeType is the type that the name of a file tells, "" when it tells none.
func mimeType(name string) string {
	kind, _, _ := strings.Cut(mime.TypeByExtension(path.Ext(name)), ";")
	return kind
}

// inMemory is how large a file may be, in bytes, to be read at once. Larger ones are sent while git reads them.
const inMemory = 1 << 20

// FileContent is a file as it is, with the type that its name tells, or else its first bytes.
func FileContent(ctx context.Context, git *gitstore.Store, id, path string, entry gitstore.Entry) (rest.Content, error) {
	infos, err := git.Files(ctx, id, []gitstore.Hash{entry.Hash})
	if err != nil {
		return rest.Content{}, err
	}
	content := rest.Content{Type: mimeType(path), Tag: string(entry.Hash), Size: infos[0].Size}
	text := utf8Text
	if content.Size <= inMemory {
		data, err := git.Blob(ctx, id, entry.Hash, inMemory)
		if err != nil {
			return rest.Content{}, err
		}
		if text = ""; utf8.Valid(data) && !infos[0].Binary {
			text = utf8Text
		}
		content.Open = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(string(data))), nil }
	} else {
		content.Open = func() (io.ReadCloser, error) { return git.Open(ctx, id, entry.Hash) }
	}
	switch {
	case content.Type == "" && (infos[0].Binary || content.Size > inMemory):
		content.Type = "application/octet-stream"
	case content.Type == "":
		content.Type = "text/plain" + text
	case strings.HasPrefix(content.Type, "text/"):
		content.Type += text
	}
	return content, nil
}

// DiffContent is a difference as text.
func DiffContent(ctx context.Context, git *gitstore.Store, id string, q gitstore.DiffQuery) rest.Content {
	return rest.Content{Type: plainText, Size: rest.Unknown, Tag: tagOf(q), Open: func() (io.ReadCloser, error) {
		out, err := git.Diff(ctx, id, q)
		return out, revisionError(err)
	}}
}

// PatchContent is commits as mails, those that lead to one and not to another, or one alone; see gitstore.Patches.
func PatchContent(ctx context.Context, git *gitstore.Store, id string, from, to gitstore.Hash) rest.Content {
	return rest.Content{Type: plainText, Size: rest.Unknown, Tag: tagOf("patch", from, to), Open: func() (io.ReadCloser, error) {
		return git.Patches(ctx, id, from, to)
	}}
}

// plainText has no charset: a diff is in whatever encodings the files are.
const plainText = "text/plain"

// tagOf names what git makes of object names and options: the same, the same bytes.
func tagOf(from ...any) string {
	sum := sha256.Sum256(fmt.Append(nil, from...))
	return hex.EncodeToString(sum[:16])
}
