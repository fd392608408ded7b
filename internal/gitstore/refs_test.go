package gitstore

import (
	"errors"
	"strings"
	"sync"
	"testing"
)

func TestReferences(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	if refs, err := s.Branches(t.Context(), id); err != nil || len(refs) != 0 {
		t.Errorf("of an empty repository: %v, %v", refs, err)
	}
	first := commit(t, dir, "main", "a", "1", "first\n\nwith a body\n")
	second := commit(t, dir, "dev/x", "a", "2", "")
	git(t, dir, "", "tag", "light", string(first))
	git(t, dir, "", "tag", "-a", "-m", "note\n\nmore", "v1", string(first))
	git(t, dir, "", "tag", "-a", "-m", "again", "v2", "v1")
	blob := git(t, dir, "content", "hash-object", "-w", "--stdin")
	git(t, dir, "", "tag", "blob", blob)
	git(t, dir, "", "tag", "-a", "-m", "of a blob", "blob2", blob)

	branches, err := s.Branches(t.Context(), id)
	if err != nil || len(branches) != 2 {
		t.Fatalf("Branches: %v, %v", branches, err)
	}
	if b := branches[0]; b.Short() != "dev/x" || b.Hash != second || b.Commit == nil || b.Commit.Message != "" {
		t.Errorf("first branch %+v", b)
	}
	if b := branches[1]; b.Name != "refs/heads/main" || b.Target != first || b.Commit.Summary() != "first" || b.Commit.Message != "first\n\nwith a body\n" || b.Tag != nil {
		t.Errorf("second branch %+v", b)
	}
	tags, err := s.Tags(t.Context(), id)
	if err != nil || len(tags) != 5 {
		t.Fatalf("Tags: %v, %v", tags, err)
	}
	for i, want := range []struct {
		name, kind string
		tag        bool
		target     Hash
	}{{"blob", "blob", false, Hash(blob)}, {"blob2", "blob", true, Hash(blob)}, {"light", "commit", false, first}, {"v1", "commit", true, first}, {"v2", "commit", true, first}} {
		r := tags[i]
		if r.Short() != want.name || r.TargetType != want.kind || (r.Tag != nil) != want.tag || r.Target != want.target || (r.Commit != nil) != (want.kind == "commit") {
			t.Errorf("tag %d: %+v, want %+v", i, r, want)
		}
	}
	if tag := tags[3].Tag; tag.Message != "note\n\nmore\n" || tag.Tagger.Raw != "Carl Committer <carl@example.com>" || tag.Tagger.When.IsZero() || tag.Name != "v1" || tag.Hash != tags[3].Hash {
		t.Errorf("tag object %+v", tag)
	}
	if r, err := s.Ref(t.Context(), id, "refs/heads/main"); err != nil || r.Hash != first {
		t.Errorf("Ref: %+v, %v", r, err)
	}
	for _, name := range []string{"refs/heads/dev", "refs/heads/nope", "main", "--all", "refs/heads/*", "refs/heads"} {
		if _, err := s.Ref(t.Context(), id, name); !errors.Is(err, ErrNotFound) {
			t.Errorf("Ref(%q): %v", name, err)
		}
	}
}

func TestUpdateRefs(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	first := commit(t, dir, "main", "a", "1", "first")
	second := commit(t, dir, "main", "a", "2", "second")
	blob := Hash(git(t, dir, "x", "hash-object", "-w", "--stdin"))
	missing := Hash(strings.Repeat("1", 40))
	ctx := t.Context()
	for _, c := range []struct {
		name string
		err  error
		kind error
	}{
		{"create", s.CreateRef(ctx, id, "refs/heads/a", first), nil},
		{"create again", s.CreateRef(ctx, id, "refs/heads/a", first), ErrExists},
		{"create below a branch", s.CreateRef(ctx, id, "refs/heads/a/b", first), ErrConflict},
		{"create a bad name", s.CreateRef(ctx, id, "refs/heads/a..b", first), ErrInvalid},
		{"create outside refs", s.CreateRef(ctx, id, "HEAD", first), ErrInvalid},
		{"inject a command", s.CreateRef(ctx, id, "refs/heads/x\x00", first), ErrInvalid},
		{"create at nothing", s.CreateRef(ctx, id, "refs/heads/c", missing), ErrNotFound},
		{"create at a revision", s.CreateRef(ctx, id, "refs/heads/c", "main"), ErrInvalid},
		{"branch at a blob", s.CreateRef(ctx, id, "refs/heads/c", blob), ErrInvalid},
		{"tag at a blob", s.CreateRef(ctx, id, "refs/tags/c", blob), nil},
		{"move", s.UpdateRef(ctx, id, "refs/heads/a", first, second), nil},
		{"move from an old value", s.UpdateRef(ctx, id, "refs/heads/a", first, second), ErrConflict},
		{"move what is not there", s.UpdateRef(ctx, id, "refs/heads/none", first, second), ErrConflict},
		{"move from anything", s.UpdateRef(ctx, id, "refs/heads/a", "", first), nil},
		{"delete from an old value", s.DeleteRef(ctx, id, "refs/heads/a", second), ErrConflict},
		{"delete", s.DeleteRef(ctx, id, "refs/heads/a", first), nil},
		{"delete again", s.DeleteRef(ctx, id, "refs/heads/a", first), ErrConflict},
		{"all or nothing", s.UpdateRefs(ctx, id, []RefUpdate{{"refs/heads/n1", ZeroHash, first}, {"refs/heads/main", first, first}}), ErrConflict},
	} {
		if c.kind == nil && c.err != nil || c.kind != nil && !errors.Is(c.err, c.kind) {
			t.Errorf("%s: %v, want %v", c.name, c.err, c.kind)
		}
	}
	if _, err := s.Ref(ctx, id, "refs/heads/n1"); !errors.Is(err, ErrNotFound) {
		t.Errorf("half of a failed change is there: %v", err)
	}
}

// Of many that move a branch from the same value, one succeeds.
func TestUpdateRefRace(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	first := commit(t, dir, "main", "a", "1", "first")
	second := commit(t, dir, "other", "a", "2", "second")
	var all sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for range 6 {
		all.Go(func() {
			err := s.UpdateRef(t.Context(), id, "refs/heads/main", first, second)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if !errors.Is(err, ErrConflict) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if won != 1 {
		t.Errorf("%d succeeded, want 1", won)
	}
}

func TestDefaultBranch(t *testing.T) {
	s := newStore(t)
	id, _ := newRepo(t, s)
	if b, err := s.DefaultBranch(t.Context(), id); err != nil || b != "main" {
		t.Errorf("DefaultBranch = %q, %v", b, err)
	}
	if err := s.SetDefaultBranch(t.Context(), id, "release/1"); err != nil {
		t.Error(err)
	}
	if b, err := s.DefaultBranch(t.Context(), id); err != nil || b != "release/1" {
		t.Errorf("DefaultBranch = %q, %v", b, err)
	}
	for _, bad := range []string{"", "-d", "a b", "--delete"} {
		if err := s.SetDefaultBranch(t.Context(), id, bad); !errors.Is(err, ErrInvalid) {
			t.Errorf("SetDefaultBranch(%q): %v", bad, err)
		}
	}
}
