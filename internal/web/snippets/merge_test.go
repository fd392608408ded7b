package snippets

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/snippet"
	"pgregory.net/rapid"
)

// files is a revision, of texts by name. What begins with a NUL cannot be typed.
type revision map[string]string

func (r revision) versions() map[string]version {
	all := map[string]version{}
	for path, text := range r {
		v := version{File: snippet.File{Path: path, Entry: gitstore.Entry{Hash: gitstore.Hash(text), Mode: "100644"}}}
		if v.typed = !strings.HasPrefix(text, "\x00"); v.typed {
			v.text = text
		}
		all[path] = v
	}
	return all
}

// saved is what becomes of a revision where slots that began with it are saved; ok is false where two files have one name.
func (r revision) saved(slots []slot) (now revision, ok bool) {
	now, ok = maps.Clone(r), true
	base, put := r.versions(), revision{}
	for _, f := range slots {
		was, known := base[f.Was]
		if known && (f.Gone || f.Name != f.Was) {
			delete(now, f.Was)
		}
		if f.Gone || !known && f.Name == "" {
			continue
		}
		if _, twice := put[f.Name]; twice {
			ok = false
		}
		switch put[f.Name] = r[f.Was]; {
		case !known:
			put[f.Name] = f.Text
		case f.changed(was):
			put[f.Name] = f.contents(was)
		}
	}
	maps.Copy(now, put)
	return now, ok
}

func TestRebase(t *testing.T) {
	base := revision{"a": "1\n", "b": "1\r\n"}
	for _, one := range []struct {
		name string
		mine []slot
		now  revision
		want string
	}{
		{"nothing of mine", begun(base.versions()), revision{"a": "2\n", "c": "3"}, `a=a "2\n" Somebody has changed this file. This is what it holds now. | c=c "3" Somebody has made this file.`},
		{"one file each", []slot{{Was: "a", Name: "a", Text: "2\n", Typed: true}, {Was: "b", Name: "b", Text: "1\n", Typed: true}}, revision{"a": "1\n", "b": "3"}, `a=a "2\n" | b=b "3" Somebody has changed this file. This is what it holds now.`},
		{"both", []slot{{Was: "b", Name: "b", Text: "2\n", Typed: true}}, revision{"a": "1\n", "b": "3"}, `b=b "2\n" Somebody has changed this file, too. Saving puts your text in the place of theirs. <3>`},
		{"both the same", []slot{{Was: "b", Name: "b", Text: "3\n", Typed: true}}, revision{"b": "3\r\n"}, `b=b "3\n"`},
		{"renamed by me", []slot{{Was: "a", Name: "z", Text: "1\n", Typed: true}}, revision{"a": "2"}, `a=z "2" Somebody has changed this file. This is what it holds now.`},
		{"deleted by them", []slot{{Was: "a", Name: "a", Text: "2", Typed: true}, {Was: "b", Name: "b", Text: "1\n", Typed: true}}, revision{}, `=a "2" Somebody has deleted this file. Saving makes it again.`},
		{"deleted by me", []slot{{Was: "a", Name: "a", Text: "1\n", Typed: true, Gone: true}, {Was: "b", Name: "b", Gone: true}}, revision{"a": "2", "b": "1\r\n"}, `a=a "1\n" gone Somebody has changed this file, which you delete. <2> | b=b "" gone`},
		{"deleted by both", []slot{{Was: "a", Name: "a", Gone: true}}, revision{}, ``},
		{"made by both", []slot{{Name: "n", Text: "mine", Typed: true}}, revision{"n": "theirs"}, `n=n "mine" Somebody has made a file of this name, too. Saving puts yours in its place. <theirs>`},
		{"no text", []slot{{Was: "a", Name: "a", Typed: true, Text: "2"}}, revision{"a": "\x00"}, `a=a "2" Somebody has changed this file, too. Saving puts your text in the place of theirs.`},
	} {
		var all []string
		for _, f := range rebase(one.mine, base.versions(), one.now.versions()) {
			text := fmt.Sprintf("%s=%s %q", f.Was, f.Name, f.Text)
			if f.Gone {
				text += " gone"
			}
			if f.Note != "" {
				text += " " + f.Note
			}
			if f.Met {
				text += " <" + f.Theirs + ">"
			}
			all = append(all, text)
		}
		if got := strings.Join(all, " | "); got != one.want {
			t.Errorf("%s: %s\nwant %s", one.name, got, one.want)
		}
	}
}

// Whatever two people do to the files at the same time: what nobody else has touched becomes what the one who is late has made of it,
// what that one has not touched stays what the other has made of it, and where both were, both texts are on the page.
func TestNothingIsLost(t *testing.T) {
	names, texts := rapid.SampledFrom([]string{"a", "b", "c", "d"}), rapid.SampledFrom([]string{"", "1\n", "2\n", "2\r\n", "3", "\x00"})
	files := rapid.MapOf(names, texts)
	rapid.Check(t, func(t *rapid.T) {
		base, now := revision(files.Draw(t, "base")), revision(nil)
		now = maps.Clone(base)
		for path, text := range files.Draw(t, "theirs") {
			now[path] = text
		}
		for _, path := range rapid.SliceOfN(names, 0, 2).Draw(t, "they delete") {
			delete(now, path)
		}
		mine := begun(base.versions())
		touched := map[string]bool{}
		for i := range mine {
			f := &mine[i]
			switch rapid.IntRange(0, 3).Draw(t, "do") {
			case 0:
				f.Gone = true
			case 1:
				if f.Typed {
					f.Text = rapid.SampledFrom([]string{"1\n", "mine\n"}).Draw(t, "text")
				}
			case 2:
				f.Name += "-moved"
			}
			touched[f.Was] = f.Gone || f.Name != f.Was || f.changed(base.versions()[f.Was])
		}
		if rapid.Bool().Draw(t, "new") {
			name := names.Draw(t, "name")
			if _, there := base[name]; !there {
				mine = append(mine, slot{Name: name, Text: "my new", Typed: true})
				touched[name] = true
			}
		}
		alone, _ := base.saved(mine)
		slots := rebase(mine, base.versions(), now.versions())
		got, ok := now.saved(slots)
		if !ok {
			t.Fatalf("two files have one name: %+v", slots)
		}
		shown := func(text string) bool {
			return strings.HasPrefix(text, "\x00") || slices.ContainsFunc(slots, func(f slot) bool { return f.Text == plain(text) || f.Met && f.Theirs == text })
		}
		for path := range touched {
			before, was := base[path]
			theirs, is := now[path]
			switch same := was == is && before == theirs; {
			case !touched[path] && (got[path] != theirs || is != has(got, path)):
				t.Errorf("%s was theirs alone, %q, and becomes %q", path, theirs, got[path])
			case touched[path] && same && (got[path] != alone[path] || has(alone, path) != has(got, path)):
				t.Errorf("%s was mine alone, %q, and becomes %q", path, alone[path], got[path])
			case touched[path] && !same && is && !shown(theirs) && theirs != before:
				t.Errorf("%s has %q by somebody else, which nothing shows: %+v", path, theirs, slots)
			}
		}
		for _, f := range mine {
			if before, known := base.versions()[f.Was]; !f.Gone && (!known || f.changed(before)) && !slices.ContainsFunc(slots, func(s slot) bool { return s.Name == f.Name && s.Text == f.Text }) {
				t.Errorf("%q was typed, and is nowhere: %+v", f.Text, slots)
			}
		}
		for path, theirs := range now {
			if _, was := base[path]; !was && !shown(theirs) {
				t.Errorf("%s was made by somebody else, and is nowhere: %+v", path, slots)
			}
		}
	})
}

func has(r revision, path string) bool { _, ok := r[path]; return ok }
