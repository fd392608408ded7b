package snippet

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/commit"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/workspace"
)

// This file is what pages ask of snippets. What they do, the operations of the API do with the same functions.

// Path is the snippet's place among pages, for rest.URLs.Web.
func (s *Snippet) Path() []string { return []string{"snippets", s.Workspace.Slug, s.Encoded} }

// Creators are the accounts that made snippets, by their ids.
func (room *Room) Creators(ctx context.Context, all ...*Snippet) (map[string]*account.Account, error) {
	var ids []string
	for _, s := range all {
		if s.CreatorID != "" {
			ids = append(ids, s.CreatorID)
		}
	}
	return account.ByIDs(ctx, room.DB, ids)
}

// File is a file of a revision.
type File struct {
	Path  string
	Entry gitstore.Entry
	Info  gitstore.FileInfo
}

// Revision is the revision that a name leads to: a hash, its first digits, Branch, or "" for the newest one. A *rest.Error says that
// there is none.
func (room *Room) Revision(ctx context.Context, s *Snippet, name string) (*gitstore.Commit, error) {
	if name == "" {
		name = branchRef
	}
	found, err := repository.CommitOf(ctx, room.Git, s.ID, name)
	return found, room.gone(s, err)
}

// Files are the files of a revision, by name.
func (room *Room) Files(ctx context.Context, s *Snippet, revision *gitstore.Commit) ([]File, error) {
	found, err := room.files(ctx, s, revision)
	if err != nil {
		return nil, room.gone(s, err)
	}
	hashes := make([]gitstore.Hash, len(found))
	for i := range found {
		hashes[i] = found[i].entry.Hash
	}
	infos, err := room.Git.Files(ctx, s.ID, hashes)
	if err != nil {
		return nil, room.gone(s, err)
	}
	all := make([]File, len(found))
	for i, f := range found {
		all[i] = File{f.path, f.entry, infos[i]}
	}
	return all, nil
}

// File is the file of a revision at a path. A *rest.Error says that there is none.
func (room *Room) File(ctx context.Context, s *Snippet, revision *gitstore.Commit, path string) (File, error) {
	entry, err := room.entry(ctx, s, revision, path)
	if err != nil {
		return File{}, err
	}
	infos, err := room.Git.Files(ctx, s.ID, []gitstore.Hash{entry.Hash})
	if err != nil {
		return File{}, room.gone(s, err)
	}
	return File{path, entry, infos[0]}, nil
}

// Bytes reads a file of at most limit bytes; ok is false when it has more.
func (room *Room) Bytes(ctx context.Context, s *Snippet, f File, limit int64) (data []byte, ok bool, err error) {
	data, err = room.Git.Blob(ctx, s.ID, f.Entry.Hash, limit)
	if errors.Is(err, gitstore.ErrTooLarge) {
		return nil, false, nil
	}
	return data, err == nil, room.gone(s, err)
}

// History is a part of the revisions of a snippet, the newest first, from the one at cursor on: "" is the newest one. more tells that
// others follow. A *rest.Error says that the cursor is none.
func (room *Room) History(ctx context.Context, s *Snippet, cursor string, offset, limit int) (revisions []gitstore.Commit, from string, more bool, err error) {
	if cursor == "" {
		newest, err := room.newest(ctx, s)
		if err != nil {
			return nil, "", false, room.gone(s, err)
		}
		cursor = string(newest.Hash)
	} else if !gitstore.Hash(cursor).Valid() {
		return nil, "", false, noCursor()
	}
	revisions, more, err = room.Git.Log(ctx, s.ID, gitstore.LogQuery{Include: []string{cursor}, Skip: offset, Limit: limit})
	if errors.Is(err, gitstore.ErrNotFound) {
		err = noCursor()
	}
	return revisions, cursor, more, err
}

// Parent is what a revision is compared with; "" before the first one.
func Parent(revision *gitstore.Commit) gitstore.Hash { return parentOf(revision) }

// Draft is what a form says of a snippet, before that is done: the contents of files lie in the store. Close it in the end.
type Draft struct {
	form form
	git  *gitstore.Store
	done func()
}

// Draft begins one.
func (room *Room) Draft() (*Draft, error) {
	dir, done, err := room.Git.Spool()
	if err != nil {
		return nil, err
	}
	return &Draft{form{change: change{sent: map[string]int64{}}, dir: dir}, room.Git, done}, nil
}

// Close drops what lies in the store.
func (d *Draft) Close() { d.done() }

// Say takes a title and whether the snippet is private; what is nil stays as it is. A *rest.Error has the fields of the API.
func (d *Draft) Say(title *string, private *bool) error {
	return d.form.say(body{Title: title, IsPrivate: private})
}

// Put takes the contents of a file. A *rest.Error says that it is too large, or has a name that cannot be.
func (d *Draft) Put(path string, contents io.Reader) error { return d.form.put(path, "", contents) }

// Move takes a file of the snippet under another name, as what it is: contents are read to the end, "" for nil are those that it has.
func (d *Draft) Move(ctx context.Context, s *Snippet, f File, to string, contents io.Reader) error {
	if contents == nil {
		out, err := d.git.Open(ctx, s.ID, f.Entry.Hash)
		if err != nil {
			return err
		}
		defer out.Close()
		contents = out
	}
	if err := d.form.put(to, f.Entry.Mode, contents); err != nil {
		return err
	}
	d.Drop(f.Path)
	return nil
}

// Drop deletes a file, unless one of its name is put.
func (d *Draft) Drop(path string) { d.form.named = append(d.form.named, path) }

// Empty tells that no file is changed.
func (d *Draft) Empty() bool { return len(d.form.edits)+len(d.form.named) == 0 }

// change is what the draft does.
func (d *Draft) change() (change, error) {
	err := d.form.remove()
	d.form.named = nil
	return d.form.change, err
}

// Make makes a snippet of a draft for who acts as p, whom the caller has found to be a member of the workspace. A *rest.Error has the
// fields of the API.
func (room *Room) Make(ctx context.Context, p *access.Principal, w workspace.Workspace, d *Draft) (*Snippet, error) {
	ch, err := d.change()
	if err != nil {
		return nil, err
	}
	return room.create(ctx, p, w, ch)
}

// Change does to a snippet what a draft says, for who acts as p, whom the caller has found to be a member of the workspace, while at
// is its newest revision. A *rest.Error has the fields of the API; Outdated tells when it says that somebody has changed the files.
func (room *Room) Change(ctx context.Context, p *access.Principal, s *Snippet, d *Draft, at gitstore.Hash) (*Snippet, error) {
	ch, err := d.change()
	if err != nil {
		return nil, err
	}
	changed, _, err := room.save(ctx, p, s, ch, at)
	return changed, err
}

// Outdated tells whether an error says that a snippet has a newer revision than the caller has seen.
func Outdated(err error) bool {
	e, ok := errors.AsType[*rest.Error](err)
	return ok && e.Reason == reason.ConflictState && e.Status == http.StatusMethodNotAllowed
}

// Delete removes a snippet and everything in it, for whom the caller has found to administer it.
func (room *Room) Delete(ctx context.Context, s *Snippet) error { return room.remove(ctx, s, "") }

// Comment is what somebody says of a snippet.
type Comment struct {
	ID      int64
	Parent  int64 // that it answers; 0 for none
	Author  account.Person
	Text    string // in Markdown
	Deleted bool
	Created time.Time
	Updated time.Time
}

// Discussion is what was said of a snippet, the oldest first: at most limit comments, the newest. more tells that there are others
// before.
func (room *Room) Discussion(ctx context.Context, s *Snippet, limit int) (all []Comment, more bool, err error) {
	rows, err := database.Collect(ctx, room.DB, scanComment, `SELECT `+commentColumns+fromComments+` ORDER BY m.id DESC LIMIT $2`, s.ID, limit+1)
	if err != nil {
		return nil, false, err
	}
	if more = len(rows) > limit; more {
		rows = rows[:limit]
	}
	slices.Reverse(rows)
	all, err = room.heard(ctx, rows...)
	return all, more, err
}

// Said is the comment of a snippet with an id. A *rest.Error (404) says that there is none.
func (room *Room) Said(ctx context.Context, s *Snippet, id int64) (*Comment, error) {
	m, err := findComment(ctx, room.DB, s, id)
	if err != nil {
		return nil, err
	}
	all, err := room.heard(ctx, m)
	if err != nil {
		return nil, err
	}
	return &all[0], nil
}

// heard are comments with who wrote them.
func (room *Room) heard(ctx context.Context, rows ...comment) ([]Comment, error) {
	var ids []string
	for _, m := range rows {
		if m.authorID != "" {
			ids = append(ids, m.authorID)
		}
	}
	accounts, err := account.ByIDs(ctx, room.DB, ids)
	if err != nil {
		return nil, err
	}
	all := make([]Comment, len(rows))
	for i, m := range rows {
		all[i] = Comment{ID: m.id, Parent: m.parent, Author: account.Person{Account: accounts[m.authorID], Credential: m.by}, Text: m.text, Deleted: m.deleted, Created: m.created, Updated: m.updated}
		if m.by != "" {
			all[i].Author.Name = "An access token"
		}
	}
	return all, nil
}

// Speak makes a comment for who acts as p, whom the caller has found to see the snippet; parent is the comment that it answers, 0 for
// none. A *rest.Error has the fields of the API.
func (room *Room) Speak(ctx context.Context, p *access.Principal, s *Snippet, text string, parent int64) (id int64, err error) {
	b := commentBody{Content: &commit.TextBody{Raw: &text}}
	if parent != 0 {
		b.Parent = &commit.ParentBody{ID: &parent}
	}
	m, err := room.speak(ctx, p, s, b)
	return m.id, err
}

// Reword changes what a comment says. A *rest.Error says that who acts as p did not write it, or that it was deleted.
func (room *Room) Reword(ctx context.Context, p *access.Principal, s *Snippet, id int64, text string) error {
	_, err := room.reword(ctx, p, s, id, commentBody{Content: &commit.TextBody{Raw: &text}})
	return err
}

// Unsay takes the text of a comment away; what answers it stays. A *rest.Error says that who acts as p may not.
func (room *Room) Unsay(ctx context.Context, p *access.Principal, s *Snippet, id int64) error {
	return room.takeAway(ctx, p, s, id)
}
