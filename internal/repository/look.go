package repository

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/gpgkey"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/workspace"
)

// This file is what pages ask of repositories: parts of lists that are cheap to make, with what stands beside each row.

// Path is the repository's place among pages: the names of workspace and repository, for rest.URLs.Web. A repository
// that is called like a page of its workspace is named by its uuid.
func (r *Repository) Path() []string {
	name := r.Slug
	switch name {
	case "repositories", "projects", "settings", "search":
		name = rest.Braced(r.ID)
	}
	return []string{r.Workspace.Slug, name}
}

// Search says which repositories of a workspace to list.
type Search struct {
	Text    string // part of the slug, the name or the description, in whatever case; "": all
	Project string // key; "": all
	Sort    Sort
	Offset  int
	Limit   int // at least 1
}

// Sort is an order of repositories.
type Sort string

// The orders of repositories.
const (
	ByName    Sort = "name"
	ByUpdated Sort = "updated" // the last one first
)

var orders = map[Sort]string{ByName: "LOWER(r.name)", ByUpdated: "r.updated_on DESC"}

// Search lists the repositories of a workspace that the principal may read. more tells whether others follow. They are
// not counted.
func (room *Room) Search(ctx context.Context, p *access.Principal, w workspace.Workspace, s Search) (found []*Repository, more bool, err error) {
	order, ok := orders[s.Sort]
	if !ok {
		order = orders[ByName]
	}
	l := query{principal: p, workspaceID: w.ID, text: s.Text, project: s.Project}
	if strings.ContainsRune(s.Text+s.Project, 0) || !utf8.ValidString(s.Text+s.Project) {
		return nil, false, nil // no name holds that
	}
	found, err = l.rows(ctx, room.DB, order, s.Limit+1, s.Offset)
	if err != nil || len(found) <= s.Limit {
		return found, false, err
	}
	return found[:s.Limit], true, nil
}

// Authors are the accounts behind the e-mails of commits, by e-mail in lower case.
type Authors map[string]access.Account

// Of is the account of whoever signed; ok is false when none has the e-mail.
func (a Authors) Of(s gitstore.Signature) (who access.Account, ok bool) {
	who, ok = a[strings.ToLower(s.Mail)]
	return who, ok
}

// authors finds the accounts behind authors and committers, in one query.
func (room *Room) authors(ctx context.Context, commits ...*gitstore.Commit) (Authors, error) {
	emails := map[string]bool{}
	for _, commit := range commits {
		emails[strings.ToLower(commit.Author.Mail)] = true
		emails[strings.ToLower(commit.Committer.Mail)] = true
	}
	return room.Accounts.ByEmails(ctx, emails)
}

// History is a part of a list of commits, newest first.
type History struct {
	Commits []gitstore.Commit
	Authors Authors
	More    bool
	Cursor  string // holds the list still: with it the next part goes on where this one ends, whatever was pushed since
}

// History lists commits that revision leads to; "" is the main branch, and of a repository without commits the list is
// empty. cursor comes from the part before and stands in place of revision. path keeps those that changed this file or directory;
// "": all. A *rest.Error says that there is no such revision, or that the cursor is none.
func (room *Room) History(ctx context.Context, r *Repository, revision, cursor, path string, offset, limit int) (History, error) {
	if revision == "" && cursor == "" {
		if revision = r.MainBranch; revision == "" {
			return History{}, nil
		}
	}
	q := gitstore.LogQuery{Path: path, Skip: offset, Limit: limit}
	if revision != "" {
		q.Include = []string{revision}
	}
	q, err := room.pin(ctx, r, q, cursor)
	if err != nil {
		return History{}, err
	}
	h := History{Cursor: encodeCursor(q)}
	if h.Commits, h.More, err = room.Git.Log(ctx, r.ID, q); err != nil {
		return History{}, revisionError(err)
	}
	h.Authors, err = room.AuthorsOf(ctx, h.Commits)
	return h, err
}

// AuthorsOf are the accounts behind commits.
func (room *Room) AuthorsOf(ctx context.Context, commits []gitstore.Commit) (Authors, error) {
	all := make([]*gitstore.Commit, len(commits))
	for i := range commits {
		all[i] = &commits[i]
	}
	return room.authors(ctx, all...)
}

// CommitAt is the commit that a revision names, with the accounts behind it. A *rest.Error says that there is none.
func (room *Room) CommitAt(ctx context.Context, r *Repository, revision string) (*gitstore.Commit, Authors, error) {
	hash, err := room.Git.Resolve(ctx, r.ID, revision)
	if err != nil {
		return nil, nil, revisionError(err)
	}
	commit, err := room.Git.Commit(ctx, r.ID, hash)
	if err != nil {
		return nil, nil, revisionError(err)
	}
	authors, err := room.authors(ctx, commit)
	return commit, authors, err
}

// Seal is what the signature of a commit is worth.
type Seal struct {
	Signed bool            // there is one
	Key    *account.GPGKey // of the committer's account, that made it; nil: none of them did
}

// Seal tells whether a commit is signed, and by which GPG key of the account that has the committer's e-mail.
func (room *Room) Seal(ctx context.Context, r *Repository, commit *gitstore.Commit, authors Authors) (Seal, error) {
	object, err := room.Git.Object(ctx, r.ID, commit.Hash)
	if errors.Is(err, gitstore.ErrTooLarge) {
		return Seal{}, nil
	}
	if err != nil {
		return Seal{}, err
	}
	signed, armored := object.Unsigned()
	signature, ok := gpgkey.ReadSignature(armored)
	who, known := authors.Of(commit.Committer)
	if !ok || !known {
		return Seal{Signed: armored != ""}, nil
	}
	key, ok, err := room.Accounts.SignedBy(ctx, who.ID, signature, signed)
	if err != nil || !ok {
		return Seal{Signed: true}, err
	}
	return Seal{Signed: true, Key: &key}, nil
}

// References are a part of the branches or tags of a repository.
type References struct {
	List    []gitstore.Reference
	Authors Authors
	More    bool
}

// Branches lists branches whose name holds text, the main branch first and then the ones that changed last.
func (room *Room) Branches(ctx context.Context, r *Repository, text string, offset, limit int) (References, error) {
	refs, err := room.Git.Branches(ctx, r.ID)
	if err != nil {
		return References{}, err
	}
	return room.references(ctx, refs, r.MainBranch, text, offset, limit)
}

// Tags lists tags whose name holds text, the newest first.
func (room *Room) Tags(ctx context.Context, r *Repository, text string, offset, limit int) (References, error) {
	refs, err := room.Git.Tags(ctx, r.ID)
	if err != nil {
		return References{}, err
	}
	return room.references(ctx, refs, "", text, offset, limit)
}

func (room *Room) references(ctx context.Context, refs []gitstore.Reference, first, text string, offset, limit int) (References, error) {
	text = strings.ToLower(text)
	refs = slices.DeleteFunc(refs, func(ref gitstore.Reference) bool { return !strings.Contains(strings.ToLower(ref.Short()), text) })
	slices.SortStableFunc(refs, func(a, b gitstore.Reference) int {
		if main := a.Short() == first; first != "" && main != (b.Short() == first) {
			if main {
				return -1
			}
			return 1
		}
		return changed(&b).Compare(changed(&a))
	})
	from := min(offset, len(refs))
	to := min(from+limit, len(refs))
	page := References{List: refs[from:to], More: to < len(refs)}
	var commits []*gitstore.Commit
	for i := range page.List {
		if c := page.List[i].Commit; c != nil {
			commits = append(commits, c)
		}
		if t := page.List[i].Tag; t != nil {
			commits = append(commits, &gitstore.Commit{Author: t.Tagger, Committer: t.Tagger})
		}
	}
	var err error
	page.Authors, err = room.authors(ctx, commits...)
	return page, err
}

// changed is when a reference came to what it leads to, as far as that says.
func changed(ref *gitstore.Reference) time.Time {
	switch {
	case ref.Tag != nil && !ref.Tag.Tagger.When.IsZero():
		return ref.Tag.Tagger.When
	case ref.Commit != nil:
		return ref.Commit.Committer.When
	}
	return time.Time{}
}

// Readme is the file that introduces a repository.
type Readme struct {
	Name string // of the file
	Hash gitstore.Hash
	Data []byte // nil when it is larger than the limit
}

// readmeNames are the names of such a file, in lower case, the best one first.
var readmeNames = []string{"readme.md", "readme.markdown", "readme.txt", "readme"}

// Readme finds the README in a directory; nil when it has none. Of one with more than limit bytes only the name comes back.
func (room *Room) Readme(ctx context.Context, r *Repository, tree gitstore.Hash, limit int64) (*Readme, error) {
	entries, err := room.Git.Tree(ctx, r.ID, tree)
	if err != nil {
		return nil, err
	}
	best, found := len(readmeNames), gitstore.Entry{}
	for _, e := range entries {
		if i := slices.Index(readmeNames, strings.ToLower(e.Name)); e.File() && i >= 0 && i < best {
			best, found = i, e
		}
	}
	if best == len(readmeNames) {
		return nil, nil
	}
	readme := &Readme{Name: found.Name, Hash: found.Hash}
	readme.Data, err = room.Git.Blob(ctx, r.ID, found.Hash, limit)
	if errors.Is(err, gitstore.ErrTooLarge) {
		err = nil
	}
	return readme, err
}

// File reads a file of at most limit bytes at path in a commit. A *rest.Error says that there is none.
func (room *Room) File(ctx context.Context, r *Repository, commit *gitstore.Commit, path string, limit int64) ([]byte, error) {
	entry, err := room.Git.At(ctx, r.ID, commit.Tree, path)
	if err == nil && !entry.File() {
		err = gitstore.ErrNotFound
	}
	if err != nil {
		return nil, fileError(err)
	}
	data, err := room.Git.Blob(ctx, r.ID, entry.Hash, limit)
	return data, fileError(err)
}

func fileError(err error) error {
	if errors.Is(err, gitstore.ErrNotFound) || errors.Is(err, gitstore.ErrInvalid) || errors.Is(err, gitstore.ErrTooLarge) {
		return rest.Refuse(reason.ResourceNotFound, "The commit has no such file, or it is too large to be shown.")
	}
	return err
}

// CommitsAt are commits by their hashes, in the order given, with the accounts behind them.
func (room *Room) CommitsAt(ctx context.Context, r *Repository, hashes []gitstore.Hash) ([]*gitstore.Commit, Authors, error) {
	commits, err := room.Git.Commits(ctx, r.ID, hashes)
	if err != nil {
		return nil, nil, revisionError(err)
	}
	authors, err := room.authors(ctx, commits...)
	return commits, authors, err
}
