package wiki

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

var ada = &access.Principal{Account: &access.Account{DisplayName: "Ada", Email: "ada@example.com"}}

// newRoom is a room that stands on git alone: a wiki that is there asks nothing else.
func newRoom(t *testing.T) *Room {
	t.Helper()
	git, err := gitstore.New(t.TempDir(), gitstore.Options{})
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = git.Close() })
	return &Room{Git: git, Repositories: &repository.Room{Now: time.Now}, Log: slog.New(slog.DiscardHandler), Now: time.Now}
}

// newWiki is an empty one.
func (room *Room) newWiki(t interface{ Fatal(...any) }, id string) *Wiki {
	w := &Wiki{Repository: &repository.Repository{ID: id, HasWiki: true}, ID: ID(id), Branch: Branch}
	if err := room.Git.Create(context.Background(), w.ID, Branch); err != nil {
		t.Fatal(err)
	}
	if err := room.look(context.Background(), w); err != nil || !w.There {
		t.Fatal(w.There, err)
	}
	return w
}

func text(s string) *string { return &s }

// save saves, and gives the revision; "" for a refusal.
func save(t interface{ Fatal(...any) }, room *Room, w *Wiki, e Edit) (revision string, refused *rest.Error) {
	p, _, err := room.Save(context.Background(), ada, w, e)
	if err == nil {
		return string(p.Commit.Hash), nil
	}
	refused, ok := errors.AsType[*rest.Error](err)
	if !ok {
		t.Fatal(err)
	}
	return "", refused
}

// TestSave: what is refused, and why.
func TestSave(t *testing.T) {
	room := newRoom(t)
	w := room.newWiki(t, "01a00000-0000-7000-8000-000000000001")
	first, refused := save(t, room, w, Edit{Path: Start, Text: text("one\n")})
	if refused != nil {
		t.Fatal(refused)
	}
	if _, refused = save(t, room, w, Edit{Path: "docs/Setup.md", Text: text("set up\n")}); refused != nil {
		t.Fatal(refused)
	}
	never := strings.Repeat("1", 40)
	for name, c := range map[string]struct {
		e    Edit
		code reason.Code
	}{
		"a name without an end":            {Edit{Path: "Home", Text: text("")}, reason.WikiPageName},
		"another name without an end":      {Edit{Path: Start, To: "Begin", Base: first}, reason.WikiPageName},
		"nothing":                          {Edit{Path: "New.md"}, reason.BodyMissingField},
		"a name and no revision":           {Edit{Path: Start, To: "New.md", Text: text("")}, reason.BodyMissingField},
		"half a revision":                  {Edit{Path: Start, Text: text(""), Base: first[:12]}, reason.ValueInvalid},
		"too much":                         {Edit{Path: "New.md", Text: text(strings.Repeat("x", MaxText+1))}, reason.ValueInvalid},
		"no text":                          {Edit{Path: "New.md", Text: text("\xff")}, reason.ValueInvalid},
		"a NUL":                            {Edit{Path: "New.md", Text: text("\x00")}, reason.ValueInvalid},
		"a NUL in the message":             {Edit{Path: "New.md", Text: text(""), Message: "\x00"}, reason.ValueInvalid},
		"a page that is there":             {Edit{Path: Start, Text: text("two\n")}, reason.WikiEdited},
		"a revision that is not there":     {Edit{Path: Start, Text: text("two\n"), Base: never}, reason.WikiEdited},
		"a page that was never there":      {Edit{Path: "New.md", Text: text("two\n"), Base: first}, reason.ResourceNotFound},
		"the name of another page":         {Edit{Path: Start, To: "docs/Setup.md", Base: first}, reason.ConflictExists},
		"the name of another, in capitals": {Edit{Path: "docs/SETUP.md", Text: text("")}, reason.ConflictExists},
		"a name below a page":              {Edit{Path: "Home.md/x.md", Text: text("")}, reason.ConflictExists},
		"what git takes for .git":          {Edit{Path: "git~1/x.md", Text: text("")}, reason.WikiPageName},
	} {
		if _, refused := save(t, room, w, c.e); refused == nil || refused.Reason != c.code {
			t.Errorf("%s: %v, want %s", name, refused, c.code)
		}
	}
	if p, err := room.Page(context.Background(), w, Start, ""); err != nil || p.Text != "one\n" {
		t.Error(p, err)
	}
	// A directory is in nobody's way, and nothing replaces it.
	if _, refused := save(t, room, w, Edit{Path: "docs.md/x.md", Text: text("")}); refused != nil {
		t.Fatal(refused)
	}
	if _, refused := save(t, room, w, Edit{Path: "docs.md", Text: text("")}); refused == nil || refused.Reason != reason.ConflictExists {
		t.Errorf("a page in the place of a directory: %v", refused)
	}
	// What says so already makes no revision, and a name in other letters is another one.
	before := w.Head
	if _, refused := save(t, room, w, Edit{Path: Start, Text: text("one\n"), Base: first}); refused != nil || w.Head != before {
		t.Errorf("%v, from %s to %s", refused, before, w.Head)
	}
	if _, refused := save(t, room, w, Edit{Path: Start, To: "home.md", Base: first}); refused != nil {
		t.Error(refused)
	}
}

// TestRenames: the history of a page goes on through names, also where its text was replaced at once; and what changed is told by both.
func TestRenames(t *testing.T) {
	room := newRoom(t)
	ctx := t.Context()
	w := room.newWiki(t, "01a00000-0000-7000-8000-000000000002")
	first, _ := save(t, room, w, Edit{Path: "Old.md", Text: text("one\ntwo\nthree\n")})
	save(t, room, w, Edit{Path: "Other.md", Text: text("another\n")})
	if _, refused := save(t, room, w, Edit{Path: "Old.md", To: "docs/New.md", Text: text("all else\n"), Base: first}); refused != nil {
		t.Fatal(refused)
	}
	head, err := room.At(ctx, w, "")
	if err != nil {
		t.Fatal(err)
	}
	versions, more, err := room.History(ctx, w, head, "docs/New.md", 0, 10)
	if err != nil || more || len(versions) != 3 || versions[0].Path != "docs/New.md" || versions[2].Path != "Old.md" || string(versions[2].Commit.Hash) != first {
		t.Errorf("%+v %v %v", versions, more, err)
	}
	if part, more, err := room.History(ctx, w, head, "docs/New.md", 1, 1); err != nil || !more || len(part) != 1 || part[0].Commit.Hash != versions[1].Commit.Hash {
		t.Errorf("%+v %v %v", part, more, err)
	}
	if b, err := room.Difference(ctx, w, "docs/New.md", first, string(versions[1].Commit.Hash)); err != nil || b.Old != "Old.md" || b.New != "docs/New.md" {
		t.Errorf("%+v %v", b, err)
	}
	if b, err := room.Difference(ctx, w, "docs/New.md", first, ""); err != nil || b.Old != "Old.md" || len(b.Paths) != 2 {
		t.Errorf("%+v %v", b, err)
	}
	if b, err := room.Difference(ctx, w, "docs/New.md", "", ""); err != nil || b.To != w.Head || b.From != versions[1].Commit.Hash {
		t.Errorf("%+v %v", b, err)
	}
	if _, err := room.Difference(ctx, w, "Never.md", "", ""); err == nil {
		t.Error("what was never there has changed")
	}
	// The page under the old name is gone, and in its revision it is there.
	if _, err := room.Page(ctx, w, "Old.md", ""); err == nil {
		t.Error("it is still there")
	}
	if p, err := room.Page(ctx, w, "Old.md", first); err != nil || p.Text != "one\ntwo\nthree\n" {
		t.Error(p, err)
	}
}

// few lets a property be tried a few times only: each of them is dozens of processes.
func few(t *testing.T) {
	f := flag.Lookup("rapid.checks")
	if f.Value.String() != f.DefValue {
		return
	}
	if err := flag.Set("rapid.checks", "12"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = flag.Set("rapid.checks", f.DefValue) })
}

// TestNothingIsLost: whoever saves, renames or deletes a page has seen what it said. With whatever revisions two people begin, a text
// is replaced only by somebody who began with it; everybody else is told what is there, and gets back what they sent.
func TestNothingIsLost(t *testing.T) {
	few(t)
	room := newRoom(t)
	made := 0
	rapid.Check(t, func(t *rapid.T) {
		made++
		w := room.newWiki(t, fmt.Sprintf("01a00000-0000-7000-8000-%012x", 256+made))
		type state = map[string]string
		now, revisions, states := state{}, []string{""}, []state{{}}
		names := []string{"A.md", "b/B.md", "b/C.md"}
		for i := range rapid.IntRange(1, 8).Draw(t, "edits") {
			seen := rapid.IntRange(0, len(revisions)-1).Draw(t, "seen")
			e := Edit{Path: rapid.SampledFrom(names).Draw(t, "page"), Base: revisions[seen]}
			was, known := states[seen][e.Path]
			if !known {
				e.Base = ""
			}
			if !known || rapid.Bool().Draw(t, "edits") {
				e.Text = text(fmt.Sprintf("%d\n", i))
			} else if e.Text = text(was); rapid.Bool().Draw(t, "renames") {
				e.To = rapid.SampledFrom(names).Draw(t, "to")
			}
			is, there := now[e.Path]
			to := e.To
			if to == "" {
				to = e.Path
			}
			_, taken := now[to]
			revision, refused := save(t, room, w, e)
			switch {
			case there != known || is != was:
				if refused == nil || refused.Reason != reason.WikiEdited || refused.Status != http.StatusConflict {
					t.Fatalf("%+v was saved over %q, and had seen %q: %v", e, is, was, refused)
				}
				yours, _ := refused.Data["yours"].(map[string]any)
				theirs, _ := refused.Data["theirs"].(map[string]any)
				if yours["raw"] != *e.Text || there != (theirs != nil) || there && theirs["raw"] != is {
					t.Fatalf("it tells %v of %q and %q", refused.Data, *e.Text, is)
				}
				continue
			case to != e.Path && taken:
				if refused == nil || refused.Reason != reason.ConflictExists {
					t.Fatalf("%+v took the place of a page: %v", e, refused)
				}
				continue
			case refused != nil:
				t.Fatalf("%+v: %v", e, refused)
			}
			next := state{}
			for name, said := range now {
				next[name] = said
			}
			delete(next, e.Path)
			next[to] = *e.Text
			now, revisions, states = next, append(revisions, revision), append(states, next)
		}
		head, err := room.At(context.Background(), w, "")
		if err != nil {
			t.Fatal(err)
		}
		there, _, err := room.Names(context.Background(), w, head)
		if err != nil || len(there) != len(now) {
			t.Fatalf("%v, want %v: %v", there, now, err)
		}
		for name, said := range now {
			if p, err := room.Page(context.Background(), w, name, ""); err != nil || p.Text != said {
				t.Fatalf("%s: %v %v", name, p, err)
			}
		}
	})
}

// TestManyAtOnce: writers who add a line each to one page, and begin again with what the refusal tells them, lose none; and writers of
// other pages are not refused at all.
func TestManyAtOnce(t *testing.T) {
	room := newRoom(t)
	const id, writers, lines = "01a00000-0000-7000-8000-0000000000ff", 3, 3
	w := room.newWiki(t, id)
	open := func() *Wiki { one := *w; return &one }
	if _, refused := save(t, room, open(), Edit{Path: Start, Text: text("")}); refused != nil {
		t.Fatal(refused)
	}
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			mine := open()
			if err := room.look(context.Background(), mine); err != nil {
				t.Error(err)
				return
			}
			base, said := string(mine.Head), ""
			for n := range lines {
				line := fmt.Sprintf("%d of %d\n", n, i)
				for {
					revision, refused := save(t, room, open(), Edit{Path: Start, Text: text(said + line), Base: base})
					if refused == nil {
						base, said = revision, said+line
						break
					}
					theirs, ok := refused.Data["theirs"].(map[string]any)
					if refused.Reason != reason.WikiEdited || !ok {
						t.Errorf("%v %v", refused, refused.Data)
						return
					}
					base, said = refused.Data["revision"].(string), theirs["raw"].(string)
				}
			}
		})
		all.Go(func() {
			if _, refused := save(t, room, open(), Edit{Path: fmt.Sprintf("%d.md", i), Text: text("own\n")}); refused != nil {
				t.Errorf("another page: %v", refused)
			}
		})
	}
	all.Wait()
	if err := room.look(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	p, err := room.Page(t.Context(), w, Start, "")
	if err != nil {
		t.Fatal(err)
	}
	for i := range writers {
		for n := range lines {
			if line := fmt.Sprintf("%d of %d\n", n, i); strings.Count(p.Text, line) != 1 {
				t.Errorf("%q is there %d times", line, strings.Count(p.Text, line))
			}
		}
	}
	if names, _, err := room.Names(t.Context(), w, p.Commit); err != nil || len(names) != 1+writers {
		t.Errorf("%v %v", names, err)
	}
}
