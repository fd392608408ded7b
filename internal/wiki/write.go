package wiki

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// Edit is what somebody does to a page.
type Edit struct {
	Path    string  // of the page
	To      string  // the path that it is to have; "" or Path: the same
	Text    *string // what it is to say; nil: the same
	Message string  // of the revision; "": what was done
	Base    string  // the revision in which the page was seen, as a hash; "": there was none
}

// maxMessage is how long the message of a revision may be, in bytes.
const maxMessage = 10_000

func (e *Edit) check() error {
	if err := checkName(e.Path, ""); err != nil {
		return err
	}
	if e.To == "" {
		e.To = e.Path
	} else if err := checkName(e.To, "path"); err != nil {
		return err
	}
	switch {
	case e.Base == "" && e.To != e.Path:
		return rest.MissingField("revision")
	case e.Base == "" && e.Text == nil:
		return rest.MissingField("content.raw")
	case e.Text != nil && len(*e.Text) > MaxText:
		return rest.InvalidField("content.raw", "a page has at most "+strconv.Itoa(MaxText)+" bytes")
	case e.Text != nil && (!utf8.ValidString(*e.Text) || strings.ContainsRune(*e.Text, 0)):
		return rest.InvalidField("content.raw", "a page is text in UTF-8, without the character U+0000")
	case len(e.Message) > maxMessage || !utf8.ValidString(e.Message) || strings.ContainsRune(e.Message, 0):
		return rest.InvalidField("message", "it has at most "+strconv.Itoa(maxMessage)+" bytes, in UTF-8, without the character U+0000")
	case e.Base != "" && !gitstore.Hash(e.Base).Valid():
		return rest.InvalidField("revision", "it is the whole hash that the answer with the page gave")
	}
	return nil
}

// maxAttempts is how often an edit is put on top of what others do to other pages meanwhile.
const maxAttempts = 25

// Save makes, edits or renames a page, or does nothing where it says so already. made tells that there was none. What others do to other
// pages at the same moment is no hindrance; a page that is not any more what e begins with is: the *rest.Error (409) carries both texts.
func (room *Room) Save(ctx context.Context, p *access.Principal, w *Wiki, e Edit) (page *Page, made bool, err error) {
	if err := e.check(); err != nil {
		return nil, false, err
	}
	if err := room.Ensure(ctx, w); err != nil {
		return nil, false, err
	}
	err = room.land(ctx, w, func(head *gitstore.Commit) (gitstore.Hash, error) {
		theirs, err := room.unchanged(ctx, w, head, &e)
		if err != nil {
			return "", err
		}
		made = theirs == nil
		return room.build(ctx, p, w, head, theirs, &e)
	})
	if err != nil {
		return nil, false, err
	}
	page, err = room.Page(ctx, w, e.To, "")
	return page, made, err
}

// Remove deletes a page. With base, the revision in which it was seen, only while it says the same; the *rest.Error (409) carries what it says.
func (room *Room) Remove(ctx context.Context, p *access.Principal, w *Wiki, name, base string) error {
	e := Edit{Path: name, To: name, Base: base}
	if err := checkName(name, ""); err != nil {
		return err
	}
	if base != "" && !gitstore.Hash(base).Valid() {
		return rest.InvalidField("revision", "it is the whole hash that the answer with the page gave")
	}
	return room.land(ctx, w, func(head *gitstore.Commit) (gitstore.Hash, error) {
		theirs, err := room.pageIn(ctx, w, head, name)
		if err == nil && theirs == nil {
			err = notFound(name)
		}
		if err == nil && base != "" {
			theirs, err = room.unchanged(ctx, w, head, &e)
		}
		if err != nil {
			return "", err
		}
		return room.commit(ctx, p, w, head.Hash, "Delete "+name, gitstore.Edit{Path: theirs.Path})
	})
}

// land moves the wiki to the revision that build makes on top of the newest one, which is nil while there is none. Where another one
// was quicker, it is built once more.
func (room *Room) land(ctx context.Context, w *Wiki, build func(head *gitstore.Commit) (gitstore.Hash, error)) error {
	for attempt := 1; ; attempt++ {
		if err := room.look(ctx, w); err != nil {
			return err
		}
		head, err := room.At(ctx, w, "")
		if err != nil {
			return err
		}
		next, err := build(head)
		if err != nil {
			return room.gone(w, err)
		}
		if next == w.Head {
			return nil
		}
		old := w.Head
		if old == "" {
			old = gitstore.ZeroHash
		}
		err = room.Git.UpdateRef(ctx, w.ID, gitstore.BranchPrefix+w.Branch, old, next)
		switch moved := errors.Is(err, gitstore.ErrConflict) || errors.Is(err, gitstore.ErrExists); {
		case moved && attempt < maxAttempts:
			continue
		case moved:
			return rest.Refuse(reason.ConflictState, "Others change the wiki all the time, and this found no moment in between. Nothing was changed. Send it once more.")
		case err != nil:
			return room.gone(w, err)
		}
		w.Head = next
		room.changed(w.ID)
		return nil
	}
}

// unchanged is the page that e is about, nil where there is none, if it is what e begins with. Otherwise the *rest.Error says what it is by now.
func (room *Room) unchanged(ctx context.Context, w *Wiki, head *gitstore.Commit, e *Edit) (*Page, error) {
	theirs, err := room.pageIn(ctx, w, head, e.Path)
	if err != nil {
		return nil, err
	}
	var seen *Page
	known := e.Base == ""
	if !known && w.There {
		base, err := room.Git.Commit(ctx, w.ID, gitstore.Hash(e.Base))
		if known = err == nil; known {
			seen, err = room.pageIn(ctx, w, base, e.Path)
		} else if errors.Is(err, gitstore.ErrNotFound) || errors.Is(err, gitstore.ErrInvalid) {
			err = nil // a revision that is not there, or not any more, is not the newest one
		}
		if err != nil {
			return nil, err
		}
	}
	same := known && (theirs == nil) == (seen == nil) && (theirs == nil || theirs.Entry.Hash == seen.Entry.Hash)
	if same && theirs == nil && e.Base != "" {
		return nil, notFound(e.Path)
	}
	if !same {
		return nil, edited(head, e, theirs)
	}
	return theirs, nil
}

// edited is the answer (409) to an edit of a page that somebody else has edited meanwhile. It carries both texts, so that nothing is lost.
func edited(head *gitstore.Commit, e *Edit, theirs *Page) error {
	refused := rest.Refuse(reason.WikiEdited, "")
	yours := map[string]any{"path": e.To}
	if e.Text != nil {
		yours["raw"] = *e.Text
	}
	refused.With("yours", yours).With("theirs", nil).With("revision", nil).With("base", nil)
	if e.Base != "" {
		refused.With("base", e.Base)
	}
	if theirs == nil {
		refused.Detail = "The page has been deleted or renamed meanwhile. To make it anew, send it without a revision."
		return refused
	}
	if e.Base == "" {
		refused.Detail = "There is a page of this name already. Nothing was saved, and error.data has both texts."
	}
	raw := any(nil)
	if theirs.Shown {
		raw = theirs.Text
	}
	return refused.With("theirs", map[string]any{"path": theirs.Path, "raw": raw}).With("revision", string(head.Hash))
}

// build makes the revision that e asks for of head, which may be nil, and of what the page says there. Renaming is a revision by itself,
// so that the history of the page goes on whatever else was done to it.
func (room *Room) build(ctx context.Context, p *access.Principal, w *Wiki, head *gitstore.Commit, theirs *Page, e *Edit) (next gitstore.Hash, err error) {
	next = w.Head
	renamed := theirs != nil && e.To != e.Path
	if theirs == nil {
		err = room.free(ctx, w, head, e.To, "")
	} else if renamed {
		err = room.free(ctx, w, head, e.To, e.Path)
	}
	if err != nil {
		return "", err
	}
	message := func(usual string) string {
		if strings.TrimSpace(e.Message) != "" {
			return e.Message
		}
		return usual
	}
	dir, remove, err := room.Git.Spool()
	if err != nil {
		return "", err
	}
	defer remove()
	text := filepath.Join(dir, "text")
	if renamed {
		data, err := room.Git.Blob(ctx, w.ID, theirs.Entry.Hash, maxRenamed)
		if errors.Is(err, gitstore.ErrTooLarge) {
			return "", rest.Refusef(reason.ValueInvalid, "The page has more than %d MiB: rename it in a clone.", maxRenamed>>20).WithMessage("Too large")
		}
		if err == nil {
			err = os.WriteFile(text, data, 0o600)
		}
		if err != nil {
			return "", err
		}
		if next, err = room.commit(ctx, p, w, next, message("Rename "+e.Path+" to "+e.To), gitstore.Edit{Path: e.Path}, gitstore.Edit{Path: e.To, Content: text}); err != nil {
			return "", err
		}
	}
	if e.Text == nil || theirs != nil && theirs.Shown && theirs.Text == *e.Text {
		return next, nil
	}
	usual := "Edit " + e.To
	if theirs == nil {
		usual = "Make " + e.To
	}
	if err := os.WriteFile(text, []byte(*e.Text), 0o600); err != nil {
		return "", err
	}
	return room.commit(ctx, p, w, next, message(usual), gitstore.Edit{Path: e.To, Content: text})
}

// maxRenamed is the largest page that is renamed, in bytes.
const maxRenamed = 16 << 20

// free refuses a name that is taken: by a page, in another case by one, which some systems cannot keep both of, or by a directory; or
// that lies below a file. from is the page that is to get the name, "" for a new one.
func (room *Room) free(ctx context.Context, w *Wiki, head *gitstore.Commit, name, from string) error {
	if head == nil {
		return nil
	}
	taken := func(by string) error {
		return rest.Refusef(reason.ConflictExists, "The wiki has %s already.", by).WithMessage("%s already exists.", by)
	}
	tree, parts := head.Tree, strings.Split(name, "/")
	for i, part := range parts {
		entries, err := room.Git.Tree(ctx, w.ID, tree)
		if err != nil {
			return err
		}
		tree = ""
		for _, entry := range entries {
			at := strings.Join(append(parts[:i:i], entry.Name), "/")
			switch last := i == len(parts)-1; {
			case !strings.EqualFold(entry.Name, part) || at == from:
			case last || entry.Name == part && !entry.Directory():
				return taken(strings.ToValidUTF8(at, "�"))
			case entry.Name == part:
				tree = entry.Hash
			}
		}
		if tree == "" {
			return nil
		}
	}
	return nil
}

// commit stores a revision on top of another one, "" for none. No reference names it yet.
func (room *Room) commit(ctx context.Context, p *access.Principal, w *Wiki, on gitstore.Hash, message string, edits ...gitstore.Edit) (gitstore.Hash, error) {
	who := room.Repositories.Signature(p)
	c := gitstore.NewCommit{Edits: edits, Author: who, Committer: who, Message: message}
	if on != "" {
		c.Parents = []gitstore.Hash{on}
	}
	hash, err := room.Git.WriteCommit(ctx, w.ID, c)
	if named, ok := errors.AsType[*gitstore.Error](err); ok && errors.Is(err, gitstore.ErrInvalid) {
		return "", rest.Refuse(reason.WikiPageName, named.Error())
	}
	return hash, err
}
