package gitstore

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestTreeAgreesWithGit compares what a tree lists with `git ls-tree`.
func TestTreeAgreesWithGit(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	blob := git(t, dir, "hello", "hash-object", "-w", "--stdin")
	sub := git(t, dir, "100644 blob "+blob+"\tpicture.png\n", "mktree")
	tree := git(t, dir, strings.Join([]string{
		"100644 blob " + blob + "\tREADME.md", "100755 blob " + blob + "\t-run", "120000 blob " + blob + "\tlink",
		"040000 tree " + sub + "\tdocs", "160000 commit " + strings.Repeat("1", 40) + "\tmodule", "100644 blob " + blob + "\tname with\ttab"}, "\n")+"\n", "mktree", "--missing")
	got, err := s.Tree(t.Context(), id, Hash(tree))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, e := range got {
		kind := map[bool]string{true: "blob", false: "tree"}[!e.Directory()]
		if e.Mode == "160000" {
			kind = "commit"
		}
		lines = append(lines, fmt.Sprintf("%06s %s %s\t%s", e.Mode, kind, e.Hash, e.Name))
	}
	want := strings.TrimRight(git(t, dir, "", "ls-tree", "-z", tree), "\x00")
	if strings.Join(lines, "\x00") != want {
		t.Errorf("got\n%q\nwant\n%q", lines, want)
	}

	for path, want := range map[string]string{"README.md": blob, "docs": sub, "docs/picture.png": blob, "-run": blob} {
		if e, err := s.At(t.Context(), id, Hash(tree), path); err != nil || string(e.Hash) != want {
			t.Errorf("At(%q) = %+v, %v", path, e, err)
		}
	}
	for path, want := range map[string]error{"nope": ErrNotFound, "README.md/x": ErrNotFound, "docs/nope": ErrNotFound, "link/x": ErrNotFound, "module/x": ErrNotFound,
		"": ErrInvalid, "/README.md": ErrInvalid, "docs/../README.md": ErrInvalid, "docs//picture.png": ErrInvalid, "a\x00": ErrInvalid, ".git/config": ErrInvalid} {
		if e, err := s.At(t.Context(), id, Hash(tree), path); !errors.Is(err, want) {
			t.Errorf("At(%q) = %+v, %v, want %v", path, e, err, want)
		}
	}
	if data, err := s.Blob(t.Context(), id, Hash(blob), 5); err != nil || string(data) != "hello" {
		t.Errorf("Blob = %q, %v", data, err)
	}
	if _, err := s.Blob(t.Context(), id, Hash(blob), 4); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a blob above the limit: %v", err)
	}
	if _, err := s.Blob(t.Context(), id, Hash(tree), 1000); !errors.Is(err, ErrNotFound) {
		t.Errorf("a tree read as a file: %v", err)
	}
	if _, err := s.Tree(t.Context(), id, Hash(blob)); !errors.Is(err, ErrNotFound) {
		t.Errorf("a file read as a tree: %v", err)
	}
	if empty, err := s.Tree(t.Context(), id, Hash(git(t, dir, "", "mktree"))); err != nil || len(empty) != 0 {
		t.Errorf("the empty tree: %v, %v", empty, err)
	}
}

func FuzzParseTree(f *testing.F) {
	f.Add([]byte("100644 a\x0012345678901234567890"))
	f.Add([]byte("40000 b\x00\xff2345678901234567890100755 c\x0012345678901234567890"))
	f.Add([]byte("100644 \x0012345678901234567890"))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := parseTree(data, 20)
		if err != nil {
			return
		}
		for _, e := range entries {
			if e.Name == "" || !e.Hash.Valid() || strings.ToValidUTF8(e.Name, "") != e.Name {
				t.Errorf("%+v", e)
			}
		}
	})
}
