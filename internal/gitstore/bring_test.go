package gitstore

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
)

// serveHTTP serves a repository to real clients, as githttp does.
func serveHTTP(t *testing.T, s *Store, id string) (address string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o := ServeOptions{Protocol: r.Header.Get("Git-Protocol"), StatelessRPC: true, AdvertiseRefs: r.Method == http.MethodGet}
		service := strings.TrimPrefix(r.URL.Path, "/r/")
		body := r.Body
		if o.AdvertiseRefs {
			service = r.URL.Query().Get("service")
			w.Header().Set("Content-Type", "application/x-"+service+"-advertisement")
			body = http.NoBody
			fmt.Fprintf(w, "%04x# service=%s\n0000", len("# service=\n")+4+len(service), service)
		} else {
			w.Header().Set("Content-Type", "application/x-"+service+"-result")
		}
		serve := s.UploadPack
		if service == "git-receive-pack" {
			serve = s.ReceivePack
		}
		if err := serve(r.Context(), id, o, body, w); err != nil {
			t.Log(service, err)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL + "/r"
}

func TestBring(t *testing.T) {
	s := newStore(t)
	ctx := t.Context()
	id, dir := newRepo(t, s)
	for _, content := range []string{"1", "2", "3"} {
		commit(t, dir, "main", "a", content, "main")
	}
	fork := uuid.NewString()
	if err := s.Fork(ctx, id, fork); err != nil {
		t.Fatal(err)
	}
	forkDir, err := s.dir(fork)
	if err != nil {
		t.Fatal(err)
	}
	commit(t, forkDir, "main", "b", "1", "one")
	tip := commit(t, forkDir, "main", "b", "2", "two")
	const ref = "refs/pull-requests/1/from"
	if err := s.Bring(ctx, fork, id, tip, ref); err != nil {
		t.Fatal(err)
	}
	if got := git(t, dir, "", "rev-parse", ref); got != string(tip) {
		t.Errorf("the reference holds %s, want %s", got, tip)
	}
	soundAndTidy(t, s, id, dir)
	packs := func() int {
		all, _ := filepath.Glob(filepath.Join(dir, "objects", "pack", "*.pack"))
		return len(all)
	}
	n := packs()
	if err := s.Bring(ctx, fork, id, tip, ref); err != nil || packs() != n {
		t.Errorf("a second time: %v, %d packs after %d", err, packs(), n)
	}
	// What came is only what was missing: three objects for each of the two commits.
	if got := git(t, dir, "", "count-objects", "-v"); !strings.Contains(got, "in-pack: 6\n") {
		t.Errorf("more came than was needed:\n%s", got)
	}
	// Another history in its place, within one repository.
	other := commit(t, dir, "topic", "t", "t", "topic")
	if err := s.Bring(ctx, id, id, other, ref); err != nil {
		t.Fatal(err)
	}
	if err := s.Bring(ctx, fork, id, tip, "refs/pull-requests/2/from"); err != nil {
		t.Fatal(err)
	}

	missing, blob := Hash(strings.Repeat("1", 40)), Hash(git(t, forkDir, "x", "hash-object", "-w", "--stdin"))
	for _, c := range []struct {
		from, to string
		tip      Hash
		ref      string
		kind     error
	}{
		{fork, id, tip, "refs/heads/main", ErrInvalid},
		{fork, id, tip, "refs/pull-requests/", ErrInvalid},
		{fork, id, tip, "refs/pull-requests/../heads/main", ErrInvalid},
		{fork, id, tip, "refs/pull-requests/1\x00", ErrInvalid},
		{fork, id, tip, "--all", ErrInvalid},
		{fork, id, tip, "refs/pull-requests/1", ErrConflict},
		{fork, id, missing, ref, ErrNotFound},
		{fork, id, blob, ref, ErrNotFound},
		{fork, id, "main", ref, ErrNotFound},
		{fork, uuid.NewString(), tip, ref, ErrNotFound},
		{uuid.NewString(), id, tip, ref, ErrNotFound},
		{id, fork, other, ref, nil},
	} {
		if err := s.Bring(ctx, c.from, c.to, c.tip, c.ref); c.kind == nil && err != nil || c.kind != nil && !errors.Is(err, c.kind) {
			t.Errorf("%q of %s: %v, want %v", c.ref, c.tip, err, c.kind)
		}
	}
	if err := s.Remove(fork); err != nil {
		t.Fatal(err)
	}
	soundAndTidy(t, s, id, dir)
}

// The references of pull requests are the server's own: clients do not see them, and cannot change them. They keep what they hold.
func TestPullRequestReferences(t *testing.T) {
	s := newStore(t)
	ctx := t.Context()
	id, dir := newRepo(t, s)
	main := commit(t, dir, "main", "a", "1", "main")
	topic := commit(t, dir, "topic", "b", "1", "topic")
	const ref = "refs/pull-requests/1/from"
	if err := s.Bring(ctx, id, id, topic, ref); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteRef(ctx, id, "refs/heads/topic", topic); err != nil {
		t.Fatal(err)
	}
	address := serveHTTP(t, s, id)
	for _, version := range []string{"0", "1", "2"} {
		if got, want := git(t, t.TempDir(), "", "-c", "protocol.version="+version, "ls-remote", address), string(main)+"\tHEAD\n"+string(main)+"\trefs/heads/main"; got != want {
			t.Errorf("version %s lists\n%s\nwant\n%s", version, got, want)
		}
		if got := git(t, t.TempDir(), "", "-c", "protocol.version="+version, "ls-remote", address, ref, "refs/pull-requests/*"); got != "" {
			t.Errorf("version %s lists %s", version, got)
		}
	}
	clone := filepath.Join(t.TempDir(), "clone")
	git(t, t.TempDir(), "", "clone", "--quiet", "--mirror", address, clone)
	if got := git(t, clone, "", "for-each-ref", "--format=%(refname)"); got != "refs/heads/main" {
		t.Errorf("a mirror has %s", got)
	}
	for _, spec := range []string{"+main:" + ref, ":" + ref, "main:refs/pull-requests/2/from", "+main:refs/pull-requests"} {
		cmd := exec.Command("git", "push", address, spec)
		cmd.Dir = clone
		if out, err := cmd.CombinedOutput(); err == nil {
			t.Errorf("pushed %s: %s", spec, out)
		}
	}
	if refs := git(t, dir, "", "for-each-ref", "--format=%(refname) %(objectname)"); refs != "refs/heads/main "+string(main)+"\n"+ref+" "+string(topic) {
		t.Errorf("references are\n%s", refs)
	}
	if err := s.Maintain(ctx, id); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "", "gc", "--quiet", "--prune=now")
	if got := git(t, dir, "", "cat-file", "-t", string(topic)); got != "commit" {
		t.Errorf("after gc it is a %q", got)
	}
	soundAndTidy(t, s, id, dir)
	fork := uuid.NewString()
	if err := s.Fork(ctx, id, fork); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Ref(ctx, fork, ref); !errors.Is(err, ErrNotFound) {
		t.Errorf("a fork has it: %v", err)
	}
	if tips, _, err := s.Tips(ctx, id, 10); err != nil || len(tips) != 1 {
		t.Errorf("tips %v, %v", tips, err)
	}
	if err := s.DeleteRef(ctx, id, ref, ""); err != nil {
		t.Error(err)
	}
	git(t, dir, "", "gc", "--quiet", "--prune=now")
	if all := git(t, dir, "", "cat-file", "--batch-check", "--batch-all-objects"); strings.Contains(all, string(topic)) {
		t.Errorf("it is kept for ever:\n%s", all)
	}
}

// What is brought is whole, however both repositories are tidied meanwhile.
func TestBringWhileMaintained(t *testing.T) {
	s := newStore(t)
	ctx := t.Context()
	id, dir := newRepo(t, s)
	commit(t, dir, "main", "a", "1", "main")
	fork := uuid.NewString()
	if err := s.Fork(ctx, id, fork); err != nil {
		t.Fatal(err)
	}
	forkDir, err := s.dir(fork)
	if err != nil {
		t.Fatal(err)
	}
	var tips []Hash
	for _, content := range strings.Split("abcdefghijkl", "") {
		tips = append(tips, commit(t, forkDir, "main", content, content, content))
	}
	var tidy sync.WaitGroup
	stop := make(chan struct{})
	for _, tend := range []func() error{
		func() error { return s.Maintain(ctx, id) },
		func() error { return s.Maintain(ctx, fork) },
		func() error {
			_, err := s.output(ctx, forkDir, nil, maxStderr, "--git-dir="+forkDir, "repack", "-a", "-d", "-q")
			return err
		},
	} {
		tidy.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := tend(); err != nil && !errors.Is(err, ErrConflict) {
					t.Error(err)
				}
			}
		})
	}
	var bring sync.WaitGroup
	for i, tip := range tips {
		bring.Go(func() {
			if err := s.Bring(ctx, fork, id, tip, PullRequestPrefix+string(rune('a'+i))+"/from"); err != nil {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	bring.Wait()
	close(stop)
	tidy.Wait()
	for i, tip := range tips {
		if got := git(t, dir, "", "rev-parse", PullRequestPrefix+string(rune('a'+i))+"/from"); got != string(tip) {
			t.Errorf("%d holds %s, want %s", i, got, tip)
		}
	}
	soundAndTidy(t, s, id, dir)
}
