package gitssh

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/pailforge/pail/internal/gitserve"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/pailtest/heap"
)

func newSigner(t *testing.T) ssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// Who gets in is who holds a known key and says git; nothing else tells them apart, and an agent may offer many keys first.
func TestLogin(t *testing.T) {
	f := newForge(t, Options{})
	many := make([]ssh.Signer, 0, maxTries)
	for range maxTries - 1 {
		many = append(many, newSigner(t))
	}
	for _, c := range []struct {
		name string
		user string
		keys []ssh.Signer
		ok   bool
	}{
		{"known", User, []ssh.Signer{f.signer}, true},
		{"known, after many others", User, append(many, f.signer), true},
		{"known, as another user", "ada", []ssh.Signer{f.signer}, false},
		{"unknown", User, []ssh.Signer{newSigner(t)}, false},
	} {
		conn, err := f.tryDial(c.user, c.keys...)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
		if err == nil {
			conn.Close()
		} else if e := <-f.seen; !e.Login || !Refused(e.Err) {
			t.Errorf("%s: told of %+v", c.name, e)
		}
	}
	if _, err := ssh.Dial("tcp", f.addr, &ssh.ClientConfig{User: User, Auth: []ssh.AuthMethod{ssh.Password("secret")}, HostKeyCallback: ssh.InsecureIgnoreHostKey()}); err == nil {
		t.Error("a password gets in")
	}
}

// A connection has nothing but commands of Git.
func TestNothingElse(t *testing.T) {
	f := newForge(t, Options{})
	c := f.dial()
	for _, kind := range []string{"direct-tcpip", "x11", "auth-agent@openssh.com", "tun@openssh.com"} {
		if _, _, err := c.OpenChannel(kind, nil); err == nil {
			t.Errorf("a channel %s is opened", kind)
		}
	}
	for _, kind := range []string{"tcpip-forward", "streamlocal-forward@openssh.com"} {
		if ok, _, err := c.SendRequest(kind, true, nil); ok || err != nil {
			t.Errorf("%s: %v, %v", kind, ok, err)
		}
	}
	channel, requests, err := c.OpenChannel("session", nil)
	if err != nil {
		t.Fatal(err)
	}
	go ssh.DiscardRequests(requests)
	env := func(name, value string) []byte { return ssh.Marshal(struct{ Name, Value string }{name, value}) }
	for _, r := range []struct {
		kind    string
		payload []byte
		ok      bool
	}{
		{"pty-req", nil, false}, {"x11-req", nil, false}, {"auth-agent-req@openssh.com", nil, false}, {"subsystem", ssh.Marshal(struct{ Name string }{"sftp"}), false},
		{"env", env("LD_PRELOAD", "x"), false}, {"env", env("GIT_PROTOCOL", strings.Repeat("x", 300)), false}, {"env", nil, false}, {"exec", nil, false},
		{"env", env("GIT_PROTOCOL", "version=2"), true},
	} {
		if ok, err := channel.SendRequest(r.kind, true, r.payload); ok != r.ok || err != nil {
			t.Errorf("%s: %v, %v", r.kind, ok, err)
		}
	}
	channel.Close()
	for range 2 * maxSessions { // one after the other there may be as many as one likes
		session, err := c.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		out, err := session.CombinedOutput("sh -c 'id'")
		if exit, ok := errors.AsType[*ssh.ExitError](err); !ok || exit.ExitStatus() != refused || !strings.HasPrefix(string(out), "There is no shell here") {
			t.Errorf("%v\n%s", err, out)
		}
	}
}

// What is open at once is bounded, for each connection and for all, and what waits for nothing is ended.
func TestBounds(t *testing.T) {
	f := newForge(t, Options{Login: 50 * time.Millisecond})
	nc, err := net.Dial("tcp", f.addr) // says nothing
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(nc); err != nil { // the server's version, and the end
		t.Error(err)
	}
	if e := <-f.seen; !e.Login || Refused(e.Err) {
		t.Errorf("told of %+v", e)
	}
	f = newForge(t, Options{Idle: 50 * time.Millisecond})
	if err := f.dial().Wait(); err == nil { // asks nothing
		t.Error("an idle connection ended without a word")
	}

	f = newForge(t, Options{})
	c := f.dial()
	var open []*ssh.Session
	for range maxSessions {
		s, err := c.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, s)
	}
	if _, err := c.NewSession(); err == nil {
		t.Error("there is no bound to the commands of a connection")
	}
	open[0].Close()
	until(t, func() bool {
		_, err := c.NewSession()
		return err == nil
	})
}

func TestCrowd(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	c := newCrowd(func() time.Time { return now })
	a, b := network(netip.MustParseAddr("192.0.2.1")), network(netip.MustParseAddr("2001:db8::1"))
	if same := network(netip.MustParseAddr("2001:db8::ffff:1")); same != b {
		t.Errorf("%v is not %v", same, b)
	}
	if same := network(netip.MustParseAddr("::ffff:192.0.2.1")); same != a {
		t.Errorf("%v is not %v", same, a)
	}
	for range maxNetStrangers {
		if !c.enter(a) {
			t.Fatal("not let in")
		}
	}
	if c.enter(a) || !c.enter(b) {
		t.Error("the bound of a network does not hold, or holds for another one")
	}
	for range maxNetStrangers {
		if !c.met(a, "key") {
			t.Fatal("no room")
		}
	}
	if !c.enter(a) || c.met(a, "") || !c.met(b, "other") {
		t.Error("who goes is still counted, or who is met is not")
	}
	for range maxOfKey - maxNetStrangers {
		if !c.enter(b) || !c.met(b, "key") {
			t.Fatal("no room")
		}
	}
	if !c.enter(b) || c.met(b, "key") {
		t.Error("the bound of a key does not hold")
	}
	for range maxOfKey {
		c.leave("key")
	}
	c.leave("other")
	if c.all != 0 || c.strangers != 0 || len(c.nets) != 0 || len(c.keys) != 0 {
		t.Errorf("nobody is here, and the count is %+v", c)
	}

	for range freeFailures {
		if !c.enter(a) {
			t.Fatal("not let in")
		}
		c.met(a, "")
		c.failed(a)
	}
	if c.enter(a) || !c.enter(b) {
		t.Error("after many failures nothing waits, or somebody else does")
	}
	if now = now.Add(time.Second); !c.enter(a) {
		t.Error("the first pause is longer than a second")
	}
	c.failed(a)
	if now = now.Add(time.Second); c.enter(a) {
		t.Error("the second pause is no longer")
	}
	if now = now.Add(failureMemory); !c.enter(a) {
		t.Error("failures are never forgotten")
	}
}

// pushInput is what a client sends in a push of head: the commands and the pack.
func (f *forge) pushInput(dir, head string) []byte {
	f.t.Helper()
	f.must(dir, "bundle", "create", "-q", "all", "HEAD")
	bundle, err := os.ReadFile(filepath.Join(dir, "all"))
	if err != nil {
		f.t.Fatal(err)
	}
	_, pack, _ := bytes.Cut(bundle, []byte("\n\n"))
	commands := gitserve.AppendPacket(nil, string(gitstore.ZeroHash)+" "+head+" refs/heads/main\x00report-status side-band-64k")
	return append(append(commands, gitserve.FlushPacket...), pack...)
}

func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = mathrand.NewChaCha8([32]byte{7}).Read(b)
	return b
}

// begun waits until git takes in a pack.
func (f *forge) begun() {
	f.t.Helper()
	until(f.t, func() bool {
		found, _ := filepath.Glob(filepath.Join(f.dir, "objects", "tmp_objdir-*"))
		return len(found) > 0
	})
}

// start begins a push and sends half of it.
func (f *forge) start(input []byte) (s *ssh.Session, rest func() (string, error), drop func()) {
	f.t.Helper()
	nc, err := net.Dial("tcp", f.addr)
	if err != nil {
		f.t.Fatal(err)
	}
	conn, channels, requests, err := ssh.NewClientConn(nc, f.addr, &ssh.ClientConfig{User: User, Auth: []ssh.AuthMethod{ssh.PublicKeys(f.signer)}, HostKeyCallback: ssh.InsecureIgnoreHostKey()})
	if err != nil {
		f.t.Fatal(err)
	}
	c := ssh.NewClient(conn, channels, requests)
	f.t.Cleanup(func() { c.Close() })
	if s, err = c.NewSession(); err != nil {
		f.t.Fatal(err)
	}
	in, err := s.StdinPipe()
	if err != nil {
		f.t.Fatal(err)
	}
	var mu sync.Mutex
	var out bytes.Buffer
	s.Stdout = writer(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return out.Write(p)
	})
	if err := s.Start("git-receive-pack '/ws/repo.git'"); err != nil {
		f.t.Fatal(err)
	}
	half := len(input) / 2
	if _, err := in.Write(input[:half]); err != nil {
		f.t.Fatal(err)
	}
	f.begun()
	return s, func() (string, error) {
		if _, err := in.Write(input[half:]); err != nil {
			return "", err
		}
		err := s.Wait() // without an end of the input, as some clients do
		mu.Lock()
		defer mu.Unlock()
		return out.String(), err
	}, func() { nc.Close() }
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

// A client that dies in the middle of a push leaves nothing behind. One that sends all of it and leaves its end open gets its
// answer, also while the server stops; new ones are not taken then.
func TestPushInTheMiddle(t *testing.T) {
	f := newForge(t, Options{})
	dir, head := f.work(noise(2 << 20))
	input := f.pushInput(dir, head)
	for range 2 {
		_, _, drop := f.start(input)
		drop()
		if e := <-f.seen; e.Err == nil || len(e.Updates) != 0 || !e.Command.Write() {
			t.Errorf("told of %+v", e)
		}
		f.holds("refs/heads/main", "")
		f.sound()
	}
	f.set(func(f *forge) {
		if len(f.pushed) != 0 {
			t.Errorf("told of %v", f.pushed)
		}
	})
	_, rest, _ := f.start(input)
	stopped := make(chan struct{})
	go func() { f.stop(); close(stopped) }()
	until(t, func() bool {
		c, err := f.tryDial(User, f.signer)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	if out, err := rest(); err != nil || !strings.Contains(out, "ok refs/heads/main") {
		t.Errorf("%v\n%q", err, out)
	}
	<-stopped
	f.holds("refs/heads/main", head)
	f.sound()
}

// What stalls is ended, and so is what is not done when the server can wait no longer; nothing is left of it.
func TestPushEnded(t *testing.T) {
	for name, end := range map[string]func(f *forge){"stalled": func(*forge) {}, "cut": func(f *forge) { f.cut() }} {
		t.Run(name, func(t *testing.T) {
			o := Options{}
			if name == "stalled" {
				o.Stall = 300 * time.Millisecond
			}
			f := newForge(t, o)
			dir, head := f.work(noise(1 << 20))
			s, _, _ := f.start(f.pushInput(dir, head))
			end(f)
			e := <-f.seen
			if name == "stalled" && !errors.Is(e.Err, gitserve.ErrStalled) || e.Err == nil {
				t.Errorf("ended with %v", e.Err)
			}
			if err := s.Wait(); err == nil {
				t.Error("the client takes it for a success")
			}
			f.holds("refs/heads/main", "")
			f.sound()
		})
	}
}

// What the gate and the judge say is what the person at the client reads.
func TestSaid(t *testing.T) {
	needsSSH(t)
	turns := gitserve.NewTurns(1, time.Millisecond)
	f := newForge(t, Options{Turns: turns, MaxRefs: 2})
	dir, head := f.work([]byte("1"))
	says := func(want string, args ...string) {
		t.Helper()
		if out, err := f.git(dir, args...); err == nil || !strings.Contains(out, want) {
			t.Errorf("git %v: %v, want %q in\n%s", args, err, want, out)
		}
	}
	done, _, err := turns.Take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	says("The server is busy with other Git requests.\nTry again", "fetch", "origin")
	done()
	says("A push can change at most 2 references.\nPush them in parts.", "push", "origin", "HEAD:refs/heads/a", "HEAD:refs/heads/b", "HEAD:refs/heads/c")
	f.set(func(f *forge) { f.admit = func(bool) error { return errors.New("the database is gone") } })
	says("The server failed. Its log says why.", "fetch", "origin")
	asked := 0
	f.set(func(f *forge) {
		f.admit = func(bool) error {
			if asked++; asked > 1 {
				return refusal{"The key is gone.", "Add another one."}
			}
			return nil
		}
	})
	says("remote: Add another one.", "push", "origin", "main") // a right that was lost in between
	f.set(func(f *forge) { f.admit = nil })
	f.holds("refs/heads/main", "")
	f.set(func(f *forge) { f.repo.Notice = []string{"It has\x1b[31m moved."} })
	if out := f.must(dir, "push", "origin", "main"); !strings.HasPrefix(out, "It has [31m moved.\n") {
		t.Errorf("the notice is\n%s", out)
	}
	f.holds("refs/heads/main", head)
}

// memoryLimit is how much a push or clone may add to the heap, whatever its size.
const memoryLimit = 24 << 20

func big(t *testing.T, size int) {
	needsSSH(t)
	f := newForge(t, Options{})
	dir, _ := f.work(nil)
	file, err := os.Create(filepath.Join(dir, "noise"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(file, mathrand.NewChaCha8([32]byte{9}), int64(size)); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	f.must(dir, "config", "core.bigFileThreshold", "1m")
	f.must(dir, "config", "core.compression", "0")
	f.must(dir, "add", "noise")
	f.must(dir, "commit", "-q", "-m", "noise")
	check := func(what string, run func()) {
		if grown := heap.Grown(run); grown > memoryLimit {
			t.Errorf("a %s of %d MiB took %d MiB of memory", what, size>>20, grown>>20)
		} else {
			t.Logf("%s: %d KiB", what, grown>>10)
		}
	}
	check("push", func() { f.must(dir, "push", "-q", "origin", "main") })
	if e := <-f.seen; e.In < int64(size) {
		t.Errorf("%d bytes came; the test shows nothing", e.In)
	}
	check("clone", func() { f.must("", "clone", "-q", "--bare", f.url(), filepath.Join(t.TempDir(), "x")) })
	if e := <-f.seen; e.Out < int64(size) {
		t.Errorf("%d bytes went; the test shows nothing", e.Out)
	}
}

func TestBig(t *testing.T) { big(t, 48<<20) }

func TestHuge(t *testing.T) {
	if os.Getenv("PAIL_TEST_HUGE") == "" {
		t.Skip("set PAIL_TEST_HUGE=1 to push and clone 1 GiB")
	}
	big(t, 1<<30)
}

// Several that start at once have the same key, which nobody else may read.
func TestHostKey(t *testing.T) {
	file := filepath.Join(t.TempDir(), "host")
	var all sync.WaitGroup
	keys := make([]string, 8)
	for i := range keys {
		all.Go(func() {
			key, err := HostKey(file)
			if err != nil {
				t.Error(err)
				return
			}
			keys[i] = ssh.FingerprintSHA256(key.PublicKey())
		})
	}
	all.Wait()
	for _, key := range keys {
		if key != keys[0] {
			t.Errorf("%s and %s", keys[0], key)
		}
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := HostKey(file); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("others may read it, and the answer is %v", err)
	}
	if err := os.WriteFile(file, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := HostKey(file); err == nil {
		t.Error("what is no key is taken for one")
	}
}
