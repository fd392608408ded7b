package wiki

import (
	"context"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/markup"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// Limits of what is read.
const (
	// MaxText is the longest text of a page, in bytes: as much as is made into HTML. What is longer, which git can push, is not shown.
	MaxText    = markup.MaxSource
	maxEntries = 10_000 // files and directories that are looked through for pages
)

// Page is a page of a revision.
type Page struct {
	Wiki   *Wiki
	Commit *gitstore.Commit // the revision of the wiki
	At     string           // the revision that was asked for, "" for the newest one
	Path   string
	Entry  gitstore.Entry
	Size   int64
	Text   string
	Shown  bool // Text is there: the page is no longer than MaxText, and in UTF-8
}

// Title is what the page is called.
func (p *Page) Title() string { return Title(p.Path) }

// At is a revision of the wiki: what revision names, or the newest one for "", which is nil while there is none. A *rest.Error says
// that there is no such revision.
func (room *Room) At(ctx context.Context, w *Wiki, revision string) (*gitstore.Commit, error) {
	switch {
	case w.Head == "" && revision == "":
		return nil, nil
	case w.Head == "":
		return nil, rest.Refuse(reason.RevisionNotFound, "The wiki has no pages yet.")
	case revision == "":
		commit, err := room.Git.Commit(ctx, w.ID, w.Head)
		return commit, room.gone(w, err)
	}
	commit, err := repository.CommitOf(ctx, room.Git, w.ID, revision)
	return commit, room.gone(w, err)
}

// Names are the pages of a revision, in order. more tells that the revision holds more than is looked through.
func (room *Room) Names(ctx context.Context, w *Wiki, at *gitstore.Commit) (names []string, more bool, err error) {
	files, more, err := room.files(ctx, w, at)
	names = slices.DeleteFunc(files, func(name string) bool { return !ValidName(name) })
	return names, more, err
}

// files are the files of a revision, in order.
func (room *Room) files(ctx context.Context, w *Wiki, at *gitstore.Commit) (names []string, more bool, err error) {
	if at == nil {
		return nil, false, nil
	}
	seen := 0
	err = room.Git.Walk(ctx, w.ID, at.Tree, maxParts, func(path string, e gitstore.Entry) bool {
		if seen++; seen > maxEntries {
			more = true
			return false
		}
		if e.File() && gitstore.ValidPath(path) {
			names = append(names, path)
		}
		return true
	})
	slices.SortFunc(names, compare)
	return names, more, room.gone(w, err)
}

// compare puts what is in a directory behind the pages beside it, and all by name.
func compare(a, b string) int {
	for {
		x, restA, inA := strings.Cut(a, "/")
		y, restB, inB := strings.Cut(b, "/")
		switch {
		case inA != inB && inB:
			return -1
		case inA != inB:
			return 1
		case x != y:
			if c := strings.Compare(strings.ToLower(x), strings.ToLower(y)); c != 0 {
				return c
			}
			return strings.Compare(x, y)
		case !inA:
			return 0
		}
		a, b = restA, restB
	}
}

// Page reads a page. at is a revision; "" is the newest one. A *rest.Error says that there is none.
func (room *Room) Page(ctx context.Context, w *Wiki, name, at string) (*Page, error) {
	commit, err := room.At(ctx, w, at)
	if err != nil {
		return nil, err
	}
	p, err := room.pageIn(ctx, w, commit, name)
	if err == nil && p == nil {
		err = notFound(name)
	}
	if err != nil {
		return nil, err
	}
	p.At = at
	return p, nil
}

func notFound(name string) *rest.Error {
	detail := "The wiki has no page of this name, or none in this revision."
	if Markup(name) == "" && ValidName(name+".md") {
		detail += " The names of pages have an end: " + name + ".md, for one in Markdown."
	}
	return rest.Refuse(reason.ResourceNotFound, detail).WithMessage("No such page: %s", strings.ToValidUTF8(name, "�"))
}

// pageIn is the page in a revision, nil where it has none of this name.
func (room *Room) pageIn(ctx context.Context, w *Wiki, commit *gitstore.Commit, name string) (*Page, error) {
	if commit == nil || !ValidName(name) {
		return nil, nil
	}
	entry, err := room.Git.At(ctx, w.ID, commit.Tree, name)
	if errors.Is(err, gitstore.ErrNotFound) && room.Git.Exists(w.ID) || err == nil && !entry.File() {
		return nil, nil
	}
	if err != nil {
		return nil, room.gone(w, err)
	}
	p := &Page{Wiki: w, Commit: commit, Path: name, Entry: entry}
	infos, err := room.Git.Files(ctx, w.ID, []gitstore.Hash{entry.Hash})
	if err != nil {
		return nil, room.gone(w, err)
	}
	if p.Size = infos[0].Size; p.Size > MaxText {
		return p, nil
	}
	data, err := room.Git.Blob(ctx, w.ID, entry.Hash, MaxText)
	if err != nil {
		return nil, room.gone(w, err)
	}
	if p.Shown = utf8.Valid(data) && !strings.ContainsRune(string(data), 0); p.Shown {
		p.Text = string(data)
	}
	return p, nil
}

// Version is a page as a revision left it.
type Version struct {
	Commit *gitstore.Commit
	Path   string // of the page in that revision
	Gone   bool   // the revision removed it
}

// History lists the revisions that changed a page, newest first, also from before it was renamed. from is the revision that it is seen
// from. more tells whether there are others after the last one.
func (room *Room) History(ctx context.Context, w *Wiki, from *gitstore.Commit, name string, offset, limit int) (versions []Version, more bool, err error) {
	if from == nil || !ValidName(name) {
		return nil, false, nil
	}
	found, more, err := room.Git.FileHistory(ctx, w.ID, gitstore.FileQuery{From: from.Hash, Path: name, Renames: true, Skip: offset, Limit: limit})
	if err != nil {
		return nil, false, room.gone(w, err)
	}
	hashes := make([]gitstore.Hash, len(found))
	for i, v := range found {
		hashes[i] = v.Commit
	}
	commits, err := room.Git.Commits(ctx, w.ID, hashes)
	if err != nil {
		return nil, false, room.gone(w, err)
	}
	versions = make([]Version, len(found))
	for i, v := range found {
		versions[i] = Version{Commit: commits[i], Path: v.Path, Gone: v.Entry.Mode == ""}
	}
	return versions, more, nil
}

// maxChanged bounds the files among which one that was renamed is looked for.
const maxChanged = 1000

// Between is what to compare to see what changed on a page between two revisions.
type Between struct {
	gitstore.DiffQuery
	Old, New string // the names that the page has in them
}

// Difference is how a page changed between two revisions; with from "", since the one before to, and with to "" too, in the last one
// that changed the page. A *rest.Error says that there is no such revision or page.
func (room *Room) Difference(ctx context.Context, w *Wiki, name, from, to string) (*Between, error) {
	end, err := room.At(ctx, w, to)
	if err == nil && (end == nil || !ValidName(name)) {
		err = notFound(name)
	}
	if err == nil && to == "" && from == "" {
		var last []Version
		if last, _, err = room.History(ctx, w, end, name, 0, 1); err == nil && len(last) == 0 {
			err = notFound(name)
		}
		if err == nil {
			end = last[0].Commit
		}
	}
	if err != nil {
		return nil, err
	}
	b := &Between{DiffQuery: gitstore.DiffQuery{To: end.Hash, Context: 3, Renames: true, Paths: []string{name}}, Old: name, New: name}
	if from != "" {
		begin, err := room.At(ctx, w, from)
		if err != nil {
			return nil, err
		}
		b.From = begin.Hash
	} else if len(end.Parents) > 0 {
		b.From = end.Parents[0]
	}
	return b, room.follow(ctx, w, end, b)
}

// follow finds the names that a page has in both revisions.
func (room *Room) follow(ctx context.Context, w *Wiki, end *gitstore.Commit, b *Between) error {
	name := b.New
	changes, err := room.Git.Changes(ctx, w.ID, gitstore.DiffQuery{From: b.From, To: b.To, Renames: true}, maxChanged)
	if errors.Is(err, gitstore.ErrTooLarge) {
		return nil
	}
	if err != nil {
		return room.gone(w, err)
	}
	for _, named := range []func(gitstore.Change) string{func(c gitstore.Change) string { return c.New }, func(c gitstore.Change) string { return c.Old }} {
		i := slices.IndexFunc(changes, func(c gitstore.Change) bool { return named(c) == name })
		if i < 0 {
			continue
		}
		c := changes[i]
		if c.Status == 'A' && b.From != "" { // all of it was written anew since: its past knows the name that it had
			return room.remember(ctx, w, end, b)
		}
		if c.Status == 'R' && gitstore.ValidPath(c.Old) && gitstore.ValidPath(c.New) {
			b.Old, b.New, b.Paths = c.Old, c.New, []string{c.Old, c.New}
		}
		return nil
	}
	page, err := room.pageIn(ctx, w, end, name)
	if err == nil && page == nil { // neither here nor there
		err = notFound(name)
	}
	return err
}

// maxRemembered is how far back in the history of a page its former name is looked for, in revisions.
const maxRemembered = 500

// remember finds the name that a page had in the revision that b begins with, where that changed it.
func (room *Room) remember(ctx context.Context, w *Wiki, end *gitstore.Commit, b *Between) error {
	past, _, err := room.Git.FileHistory(ctx, w.ID, gitstore.FileQuery{From: end.Hash, Path: b.New, Renames: true, Limit: maxRemembered})
	if err != nil {
		return room.gone(w, err)
	}
	i := slices.IndexFunc(past, func(v gitstore.FileVersion) bool { return v.Commit == b.From })
	if i >= 0 && past[i].Path != b.New && past[i].Entry.Mode != "" {
		b.Old, b.Paths = past[i].Path, []string{past[i].Path, b.New}
	}
	return nil
}

// File is a file of a revision, page or not. A *rest.Error says that there is none.
func (room *Room) File(ctx context.Context, w *Wiki, name, at string) (*gitstore.Commit, gitstore.Entry, error) {
	commit, err := room.At(ctx, w, at)
	if err != nil {
		return nil, gitstore.Entry{}, err
	}
	if commit == nil || !gitstore.ValidPath(name) {
		return nil, gitstore.Entry{}, notFound(name)
	}
	entry, err := room.Git.At(ctx, w.ID, commit.Tree, name)
	if errors.Is(err, gitstore.ErrNotFound) && room.Git.Exists(w.ID) || err == nil && !entry.File() {
		return nil, entry, notFound(name)
	}
	return commit, entry, room.gone(w, err)
}
