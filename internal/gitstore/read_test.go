package gitstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestResolve(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	first := commit(t, dir, "main", "a", "1", "first")
	second := commit(t, dir, "main", "a", "2", "second")
	git(t, dir, "", "branch", "feature/x", string(first))
	git(t, dir, "", "tag", "light", string(first))
	git(t, dir, "", "tag", "-a", "-m", "note", "v1", string(first))
	git(t, dir, "", "tag", "-a", "-m", "again", "v1-signed", "v1")
	git(t, dir, "", "branch", "both", string(first))
	git(t, dir, "", "tag", "both", string(second))
	hexBranch := string(second)[:8]
	git(t, dir, "", "update-ref", "refs/heads/"+hexBranch, string(first))

	for revision, want := range map[string]Hash{
		"HEAD": second, "main": second, "refs/heads/main": second, "feature/x": first, "light": first, "refs/tags/light": first,
		"v1": first, "refs/tags/v1": first, "v1-signed": first, "both": first, "refs/tags/both": second,
		string(first): first, strings.ToUpper(string(first)): first, string(first)[:12]: first, hexBranch: first,
	} {
		if got, err := s.Resolve(t.Context(), id, revision); err != nil || got != want {
			t.Errorf("Resolve(%q) = %s, %v, want %s", revision, got, err, want)
		}
	}
	for _, revision := range []string{
		"", "nope", "main~1", "main^", "main..feature/x", "^main", "-x", "--all", "--output=/tmp/x", ":/first", "main:a", "HEAD@{0}", "@", "@{u}", "main\nHEAD", "main HEAD", "a\x00b",
		"refs/heads/nope", "refs/../HEAD", "/etc/passwd", strings.Repeat("0", 40), strings.Repeat("f", 40), "abc", strings.Repeat("x", 5000), "refs/heads/main~1", "\xff",
		"nope-g" + string(first)[:10], "v1-1-g" + string(first)[:10], "refs/heads/nope-g" + string(first)[:10],
	} {
		got, err := s.Resolve(t.Context(), id, revision)
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("Resolve(%q) = %q, %v, want ErrNotFound", revision, got, err)
		}
	}
	git(t, dir, "", "branch", "real-g"+string(second)[:10], string(first))
	if got, err := s.Resolve(t.Context(), id, "real-g"+string(second)[:10]); err != nil || got != first {
		t.Errorf("a branch that looks like git describe: %s, %v, want %s", got, err, first)
	}
}

// Digits that several objects begin with are the one commit among them, or an error that names them all.
func TestAmbiguousDigits(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	var stream strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&stream, "commit refs/heads/main\ncommitter A <a@b.c> %d +0000\ndata 1\nx\nM 644 inline f\ndata <<E\n%d\nE\n", i, i)
	}
	git(t, dir, stream.String(), "fast-import", "--quiet")
	commits, others := map[string][]string{}, map[string]int{}
	for line := range strings.Lines(git(t, dir, "", "cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectname)")) {
		kind, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		if kind == "commit" {
			commits[name[:4]] = append(commits[name[:4]], name)
		} else {
			others[name[:4]]++
		}
	}
	one, several := 0, 0
	for digits, names := range commits {
		if len(names) == 1 && others[digits] == 0 || one > 3 && several > 3 {
			continue
		}
		got, err := s.Resolve(t.Context(), id, digits)
		if len(names) == 1 {
			one++
			if err != nil || string(got) != names[0] {
				t.Errorf("Resolve(%q) = %s, %v, want the commit %s", digits, got, err, names[0])
			}
			continue
		}
		several++
		if !errors.Is(err, ErrAmbiguous) {
			t.Fatalf("Resolve(%q) = %s, %v, want ErrAmbiguous", digits, got, err)
		}
		for _, name := range names {
			if !strings.Contains(err.Error(), "commit "+name) {
				t.Errorf("%v does not name %s", err, name)
			}
		}
	}
	if one == 0 || several == 0 {
		t.Errorf("%d and %d were tried", one, several)
	}
}

// Long-lived readers see what others change.
func TestReadersSeeChanges(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	if _, err := s.Resolve(t.Context(), id, "main"); !errors.Is(err, ErrNotFound) {
		t.Fatal(err)
	}
	for i := range 4 {
		want := commit(t, dir, "main", "a", fmt.Sprint(i), "x")
		if i%2 == 1 {
			git(t, dir, "", "pack-refs", "--all")
			git(t, dir, "", "repack", "-a", "-d", "-q")
			git(t, dir, "", "prune-packed")
		}
		if got, err := s.Resolve(t.Context(), id, "main"); err != nil || got != want {
			t.Fatalf("round %d: %s, %v, want %s", i, got, err, want)
		}
		if _, err := s.Commit(t.Context(), id, want); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.readers.count(); n != 1 {
		t.Errorf("%d readers, want 1", n)
	}
}

func TestReaderDies(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	hash := commit(t, dir, "main", "a", "1", "first")
	for range 3 {
		if _, err := s.Commit(t.Context(), id, hash); err != nil {
			t.Fatal(err)
		}
		s.readers.mu.Lock()
		for r := range s.readers.alive {
			if err := r.p.Process.Kill(); err != nil {
				t.Error(err)
			}
		}
		s.readers.mu.Unlock()
	}
}

func TestReaderPoolIsBounded(t *testing.T) {
	s, err := New(t.TempDir(), Options{MaxReaders: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var ids []string
	var hashes []Hash
	for i := range 4 {
		id, dir := newRepo(t, s)
		ids, hashes = append(ids, id), append(hashes, commit(t, dir, "main", "a", fmt.Sprint(i), "x"))
	}
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			c, err := s.Commit(t.Context(), ids[i%4], hashes[i%4])
			if err != nil || c.Hash != hashes[i%4] {
				t.Errorf("Commit: %v", err)
			}
			if n := s.readers.count(); n > 2 {
				t.Errorf("%d readers alive, want at most 2", n)
			}
		})
	}
	all.Wait()
	// Somebody who waits for a reader can be called off.
	ctx, cancel := context.WithCancel(t.Context())
	err = s.Stream(t.Context(), ids[0], hashes[0], func(ObjectInfo, io.Reader) error {
		return s.Stream(t.Context(), ids[1], hashes[1], func(ObjectInfo, io.Reader) error {
			cancel()
			_, err := s.Commit(ctx, ids[2], hashes[2])
			return err
		})
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("waiting with a cancelled context: %v", err)
	}
}

func TestIdleReadersEnd(t *testing.T) {
	s, err := New(t.TempDir(), Options{ReaderIdle: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	id, dir := newRepo(t, s)
	hash := commit(t, dir, "main", "a", "1", "first")
	var r *reader
	if err := s.readers.with(t.Context(), id, func(mine *reader) error { r = mine; return nil }); err != nil {
		t.Fatal(err)
	}
	<-r.done // hangs when nobody ends it
	if _, err := s.Commit(t.Context(), id, hash); err != nil {
		t.Error(err)
	}
}

func TestCommit(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	first := commit(t, dir, "main", "a", "1", "first")
	// git commit-tree would repair the message, so the object is written as it stands.
	second := Hash(git(t, dir, "tree "+git(t, dir, "", "rev-parse", "main^{tree}")+"\nparent "+string(first)+
		"\nauthor Ann Author <ann@example.com> 1700000000 +0100\ncommitter Carl Committer <carl@example.com> 1700000100 -0530\n"+
		"\nsecond line\n\nbody\xff end\n", "hash-object", "-t", "commit", "-w", "--stdin"))
	c, err := s.Commit(t.Context(), id, second)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Parents) != 1 || c.Parents[0] != first || !c.Tree.Valid() {
		t.Errorf("parents %v, tree %v", c.Parents, c.Tree)
	}
	if c.Author.Raw != "Ann Author <ann@example.com>" || c.Author.Name != "Ann Author" || c.Author.Mail != "ann@example.com" {
		t.Errorf("author %+v", c.Author)
	}
	if got := c.Author.When.Format(time.RFC3339); got != "2023-11-14T23:13:20+01:00" {
		t.Errorf("author date %s", got)
	}
	if got := c.Committer.When.Format(time.RFC3339); got != "2023-11-14T16:45:00-05:30" {
		t.Errorf("committer date %s", got)
	}
	if c.Message != "second line\n\nbody� end\n" || c.Summary() != "second line" {
		t.Errorf("message %q", c.Message)
	}
	if _, err := s.Commit(t.Context(), id, c.Tree); !errors.Is(err, ErrNotFound) {
		t.Errorf("Commit(tree): %v", err)
	}
	for _, hash := range []Hash{"", "HEAD", "main", "--all", ZeroHash} {
		if _, err := s.Commit(t.Context(), id, hash); !errors.Is(err, ErrNotFound) {
			t.Errorf("Commit(%q): %v", hash, err)
		}
	}
}

func TestObjectAndStream(t *testing.T) {
	s, err := New(t.TempDir(), Options{MaxObjectBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	id, dir := newRepo(t, s)
	small := Hash(git(t, dir, "hello\x00\n", "hash-object", "-w", "--stdin"))
	large := Hash(git(t, dir, strings.Repeat("x", 40<<20), "hash-object", "-w", "--stdin"))
	o, err := s.Object(t.Context(), id, small)
	if err != nil || string(o.Data) != "hello\x00\n" || o.Type != "blob" {
		t.Errorf("Object: %+v, %v", o, err)
	}
	if _, err := s.Object(t.Context(), id, large); !errors.Is(err, ErrTooLarge) {
		t.Errorf("Object above the limit: %v", err)
	}
	if info, err := s.Stat(t.Context(), id, large); err != nil || info.Size != 40<<20 || info.Type != "blob" {
		t.Errorf("Stat: %+v, %v", info, err)
	}
	for _, read := range []int64{0, 5, 40 << 20} { // stopping early leaves the pool in step
		if err := s.Stream(t.Context(), id, large, func(info ObjectInfo, contents io.Reader) error {
			n, err := io.Copy(io.Discard, io.LimitReader(contents, read))
			if n != read {
				t.Errorf("read %d of %d", n, read)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
		if o, err := s.Object(t.Context(), id, small); err != nil || len(o.Data) != 7 {
			t.Errorf("after reading %d bytes: %v", read, err)
		}
	}
	mine := errors.New("mine")
	if err := s.Stream(t.Context(), id, small, func(ObjectInfo, io.Reader) error { return mine }); err != mine {
		t.Errorf("Stream gave %v, want the error of use", err)
	}
}

func TestParseSignature(t *testing.T) {
	for line, want := range map[string]string{
		"A U Thor <a@x> 1234567890 +0100":  "A U Thor|a@x|2009-02-14T00:31:30+01:00",
		"<a@x> 1234567890 -0000":           "|a@x|2009-02-13T23:31:30Z",
		"A <> 0 +0000":                     "A||1970-01-01T00:00:00Z",
		"A <a@x> 99999999999999 +0000":     "A|a@x|0001-01-01T00:00:00Z",
		"A <a@x> -5 +0000":                 "A|a@x|0001-01-01T00:00:00Z",
		"A <a@x> 5 +9999":                  "A|a@x|1970-01-01T00:00:05Z",
		"A <a@x>":                          "A|a@x|0001-01-01T00:00:00Z",
		"nobody":                           "nobody||0001-01-01T00:00:00Z",
		"A <a@x> B <b@y> 1234567890 +0000": "A|a@x> B <b@y|2009-02-13T23:31:30Z",
		">< 1 +0000":                       ">< 1 +0000||0001-01-01T00:00:00Z",
		"":                                 "||0001-01-01T00:00:00Z",
	} {
		s := parseSignature(line)
		if got := s.Name + "|" + s.Mail + "|" + s.When.Format(time.RFC3339); got != want {
			t.Errorf("parseSignature(%q) = %s, want %s", line, got, want)
		}
	}
}

func FuzzParseCommit(f *testing.F) {
	f.Add([]byte("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <a@x> 1 +0000\ncommitter A <a@x> 1 +0000\n\nhi\n"))
	f.Add([]byte("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nencoding ISO-8859-1\ngpgsig a\n b\n\n\xe4\n"))
	f.Add([]byte("\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseCommit(ZeroHash, data)
		if err != nil {
			return
		}
		for _, text := range []string{c.Message, c.Author.Raw, c.Committer.Name} {
			if strings.ToValidUTF8(text, "") != text {
				t.Errorf("%q is not valid UTF-8", text)
			}
		}
		if _, err := c.Author.When.MarshalJSON(); err != nil {
			t.Errorf("date cannot be written: %v", err)
		}
	})
}

func FuzzParseRefs(f *testing.F) {
	f.Add([]byte("refs/heads/x\x00" + string(ZeroHash) + "\x00blob\x000\x00\x00\x00\x000\x00\x00\n"))
	f.Add([]byte("a\x00b\x00tag\x0099999\x00"))
	f.Fuzz(func(_ *testing.T, data []byte) { _, _, _ = parseRefs(data) })
}

func FuzzReadLog(f *testing.F) {
	f.Add([]byte(string(ZeroHash) + "\n" + string(ZeroHash) + "\n\nA <a>\n1 +0000\nB <b>\n2 +0000\nmessage\n\x00"))
	f.Fuzz(func(_ *testing.T, data []byte) { _, _ = readLog(strings.NewReader(string(data)), 5) })
}
