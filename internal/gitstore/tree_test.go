package gitstore

import (
	"errors"
	"fmt"
	"maps"
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

	for path, want := range map[string]string{"README.md": blob, "docs": sub, "docs/picture.png": blob, "-run": blob, "name with\ttab": blob, "": tree} {
		if e, err := s.At(t.Context(), id, Hash(tree), path); err != nil || string(e.Hash) != want {
			t.Errorf("At(%q) = %+v, %v", path, e, err)
		}
	}
	for path, want := range map[string]error{"nope": ErrNotFound, "README.md/x": ErrNotFound, "docs/nope": ErrNotFound, "link/x": ErrNotFound, "module/x": ErrNotFound,
		"/README.md": ErrNotFound, "docs/../README.md": ErrNotFound, "docs/..": ErrNotFound, "docs//picture.png": ErrNotFound, "docs/": ErrNotFound, "a\x00": ErrNotFound,
		".git/config": ErrNotFound, strings.Repeat("a", MaxPath+1): ErrInvalid} {
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

// TestCompareTreesAgreesWithGit compares what differs with `git diff-tree`, in both directions and with nothing.
func TestCompareTreesAgreesWithGit(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	one, two := git(t, dir, "one", "hash-object", "-w", "--stdin"), git(t, dir, "two", "hash-object", "-w", "--stdin")
	tree := func(lines ...string) string {
		return git(t, dir, strings.Join(lines, "\n")+"\n", "mktree", "--missing")
	}
	blob := func(mode, hash, name string) string { return mode + " blob " + hash + "\t" + name }
	sub := func(hash, name string) string { return "040000 tree " + hash + "\t" + name }
	empty := git(t, dir, "", "mktree")
	same := tree(blob("100644", one, "same"))
	trees := []string{empty,
		tree(blob("100644", one, "a"), blob("100644", one, "b"), sub(tree(blob("100644", one, "x"), sub(same, "y")), "d"), sub(same, "s")),
		tree(blob("100755", one, "a"), blob("100644", two, "b"), sub(tree(blob("100644", two, "x"), sub(same, "z")), "d"), sub(same, "s")),
		tree(sub(same, "a"), blob("120000", one, "b"), blob("100644", one, "d"), "160000 commit "+strings.Repeat("1", 40)+"\ts"),
	}
	for _, from := range trees {
		for _, to := range trees {
			got := map[string]bool{}
			if err := s.CompareTrees(t.Context(), id, Hash(from), Hash(to), func(path string, before, after Entry) error {
				got[fmt.Sprintf("%s %s %s %s %s", or(before.Mode, "000000"), or(after.Mode, "000000"), or(string(before.Hash), none), or(string(after.Hash), none), path)] = true
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			want := map[string]bool{}
			for _, line := range strings.Split(git(t, dir, "", "diff-tree", "-r", "--raw", "--no-renames", "--no-abbrev", from, to), "\n") {
				if head, path, ok := strings.Cut(line, "\t"); ok {
					fields := strings.Fields(strings.TrimPrefix(head, ":"))
					want[strings.Join(fields[:4], " ")+" "+path] = true
				}
			}
			if !maps.Equal(got, want) {
				t.Errorf("from %s to %s:\n%v\nwant\n%v", from, to, got, want)
			}
		}
	}
	n := 0
	if err := s.CompareTrees(t.Context(), id, "", Hash(trees[1]), func(string, Entry, Entry) error { n++; return nil }); err != nil || n != 5 {
		t.Errorf("from nothing: %d, %v", n, err)
	}
	stop := errors.New("stop")
	if err := s.CompareTrees(t.Context(), id, "", Hash(trees[1]), func(string, Entry, Entry) error { return stop }); err != stop {
		t.Errorf("ended by visit: %v", err)
	}
	// Few trees, and no end of paths.
	s.maxTrees = 1000
	bomb := sub(empty, "x")
	for range 6 {
		var lines []string
		hash := tree(bomb)
		for i := range 20 {
			lines = append(lines, sub(hash, fmt.Sprintf("%02d", i)))
		}
		bomb = strings.Join(lines, "\n")
	}
	if err := s.CompareTrees(t.Context(), id, "", Hash(tree(bomb)), func(string, Entry, Entry) error { return nil }); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a tree without an end: %v", err)
	}
}

const none = "0000000000000000000000000000000000000000"

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func TestTexts(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	var hashes []Hash
	for _, content := range []string{"text", "", "bin\x00ary", "version https://git-lfs.github.com/spec/v1\noid x\n", strings.Repeat("x", 100), strings.Repeat("y", 101), "text"} {
		hashes = append(hashes, Hash(git(t, dir, content, "hash-object", "-w", "--stdin")))
	}
	var got []string
	read := func(hashes []Hash) error {
		got = nil
		return s.Texts(t.Context(), id, hashes, 100, func(i int, text []byte) {
			got = append(got, fmt.Sprintf("%d %t %d", i, text != nil, len(text)))
		})
	}
	if err := read(hashes); err != nil || strings.Join(got, ",") != "0 true 4,1 true 0,2 false 0,3 false 0,4 true 100,5 false 0,6 true 4" {
		t.Errorf("%v, %v", got, err)
	}
	tree := Hash(git(t, dir, "", "mktree"))
	for _, bad := range []Hash{tree, Hash(strings.Repeat("1", 40)), "nope", ""} {
		if err := read([]Hash{hashes[0], bad}); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", bad, err)
		}
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
			if e.Name == "" || !e.Hash.Valid() || strings.ContainsRune(e.Name, 0) {
				t.Errorf("%+v", e)
			}
		}
	})
}
