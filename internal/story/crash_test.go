package story

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/config"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/server"
)

// serveVariable lets this test binary be a server, so that a test can kill one.
const serveVariable = "PAIL_TEST_SERVE"

func TestMain(m *testing.M) {
	if os.Getenv(serveVariable) == "" {
		// Each step of a sequence is several real requests: a hundred sequences, the default, are for the command line.
		if err := flag.Set("rapid.checks", "12"); err != nil {
			panic(err)
		}
		os.Exit(m.Run())
	}
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve runs a server until it is killed. It prints its address when it serves.
func serve() error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	cfg, err := config.Load(config.Source{Env: os.Environ()})
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	s, err := server.Open(context.Background(), cfg.WithListener(ln.Addr()), log)
	if err != nil {
		return err
	}
	return s.Run(context.Background(), server.RunOptions{Listener: ln, OrphanAge: time.Nanosecond,
		OnListen: func(a net.Addr) { fmt.Println("http://" + a.String()) }})
}

// victim is a server in a process of its own.
type victim struct {
	t      *testing.T
	cmd    *exec.Cmd
	url    string
	stderr bytes.Buffer
}

func startVictim(t *testing.T, data string, env ...string) *victim {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	v := &victim{t: t, cmd: exec.Command(self)}
	v.cmd.Env = append(append(os.Environ(), env...), serveVariable+"=1", "PAIL_DATA="+data, "PAIL_REPOSITORIES_KEEP_DELETED=0")
	v.cmd.Stderr = &v.stderr
	v.cmd.SysProcAttr = ownSession() // its git processes are found by the session
	out, err := v.cmd.StdoutPipe()
	if err == nil {
		err = v.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if v.url = strings.TrimSpace(line); err != nil {
		_ = v.cmd.Wait()
		t.Fatalf("the server does not start after a crash: %v\n%s", err, &v.stderr)
	}
	return v
}

// kill ends the server without a word; whole ends its git processes with it, as when the machine fails. Otherwise
// they may go on by themselves, and end before kill returns.
func (v *victim) kill(whole bool) {
	v.t.Helper()
	if whole {
		for _, pid := range v.session() {
			end(pid)
		}
	}
	_ = v.cmd.Process.Kill()
	_ = v.cmd.Wait()
	for deadline := time.Now().Add(30 * time.Second); len(v.session()) > 0; {
		if time.Now().After(deadline) {
			v.t.Fatalf("git processes of a dead server go on: %v", v.session())
		}
		time.Sleep(time.Millisecond)
	}
	if strings.Contains(v.stderr.String(), "DATA RACE") || strings.Contains(v.stderr.String(), "panic") {
		v.t.Errorf("%s", &v.stderr)
	}
}

// session lists the processes that the server started and that live.
func (v *victim) session() (pids []int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		// pid (name) state parent group session …; the name may hold anything.
		fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		if pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path))); fields[0] != "Z" && fields[3] == strconv.Itoa(v.cmd.Process.Pid) && pid != v.cmd.Process.Pid {
			pids = append(pids, pid)
		}
	}
	return pids
}

// crash is the state of the test between its rounds.
type crash struct {
	t            *testing.T
	data, clone  string
	git          *pailtest.Server // for its way to run git
	cookie, csrf string
	secret       string // reads, writes and administers repositories
	v            *victim

	pushed   string            // what main holds, as far as it was acknowledged
	tokens   map[string]string // acknowledged secrets by name
	made     int
	existing map[string]bool // repositories acknowledged to be there, apart from widgets
}

// call sends a request; ok is false when the server died over it.
func (c *crash) call(method, path string, body any) (status int, answer map[string]any, ok bool) {
	b, _ := json.Marshal(body)
	r, err := http.NewRequest(method, c.v.url+path, bytes.NewReader(b))
	if err != nil {
		c.t.Error(err)
		return 0, nil, false
	}
	r.Header.Set("Content-Type", "application/json")
	if strings.HasPrefix(path, "/pail/") {
		r.Header.Set("Cookie", c.cookie)
		r.Header.Set("X-Pail-CSRF", c.csrf)
	} else {
		r.SetBasicAuth("admin@acme.example", c.secret)
	}
	r.Close = true
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, false
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, nil, false
	}
	_ = json.Unmarshal(text, &answer)
	return res.StatusCode, answer, true
}

// must is call for what has to work.
func (c *crash) must(method, path string, body any, status int) map[string]any {
	c.t.Helper()
	got, answer, ok := c.call(method, path, body)
	if !ok || got != status {
		c.t.Fatalf("%s %s: %d %v, want %d\n%s", method, path, got, answer, status, &c.v.stderr)
	}
	return answer
}

// TestCrashes kills a server in the middle of pushes, of token creations, of creations and deletions of repositories, and of
// merges. After each restart everything that was acknowledged is there, and the rest is there as a whole or not
// at all.
func TestCrashes(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		pailtest.Skip(t, "linux", "the processes of a dead server are found in /proc")
	}
	if testing.Short() {
		t.Skip("skipped: kills fifty servers")
	}
	c := &crash{t: t, data: t.TempDir(), tokens: map[string]string{}, existing: map[string]bool{}}
	t.Run("before", func(t *testing.T) {
		w := pailtest.Start(t, pailtest.Options{Data: c.data}).World()
		w.Push(1)
		c.cookie, c.csrf = session(w)
		c.secret = w.Secret(w.Admin, "read:repository", "write:repository", "admin:repository", "delete:repository", "read:user", "read:pullrequest", "write:pullrequest")
	})
	if t.Failed() {
		return
	}
	c.git = &pailtest.Server{T: t}
	c.clone = filepath.Join(t.TempDir(), "clone")
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	c.v = startVictim(t, c.data)
	defer func() { c.v.kill(true) }()
	c.git.Git("", "clone", "--quiet", c.remote(), c.clone)
	c.pushed = c.git.Git(c.clone, "rev-parse", "HEAD")
	for round := range 50 {
		var verify func()
		what := []string{"push", "token", "repositories", "push", "merge"}[round%5]
		whole := random.IntN(2) == 0
		switch what {
		case "push":
			verify = c.push(random, whole)
		case "token":
			verify = c.mintTokens(random, whole)
		case "merge":
			verify = c.merge(random, whole)
		default:
			verify = c.createAndDelete(random, whole)
		}
		c.v = startVictim(t, c.data)
		c.checkStore()
		verify()
		if t.Failed() {
			t.Fatalf("in round %d, %s, whole %v", round, what, whole)
		}
	}
	t.Logf("%d tokens and %d repositories were acknowledged", len(c.tokens), c.made)
}

func (c *crash) remote() string {
	return strings.Replace(c.v.url, "://", "://acme-admin:"+c.secret+"@", 1) + "/acme/widgets.git"
}

// push kills the server at one of the stages of a push, as they show on disk.
func (c *crash) push(random *rand.Rand, whole bool) (verify func()) {
	blob := make([]byte, 1<<10<<random.IntN(10))
	for i := range blob {
		blob[i] = byte(random.Uint32())
	}
	if err := os.WriteFile(filepath.Join(c.clone, "blob"), blob, 0o600); err != nil {
		c.t.Fatal(err)
	}
	c.git.Git(c.clone, "add", "blob")
	c.git.Git(c.clone, "commit", "--quiet", "-m", "A blob")
	old, next := c.pushed, c.git.Git(c.clone, "rev-parse", "HEAD")
	dirs, _ := filepath.Glob(filepath.Join(c.data, "repositories", "??", "*.git"))
	heads := map[string]string{}
	for _, dir := range dirs {
		b, _ := os.ReadFile(filepath.Join(dir, "refs", "heads", "main"))
		heads[dir] = string(b)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := c.git.TryGit(c.clone, "push", "--quiet", c.remote(), "HEAD:refs/heads/main")
		ended <- err
	}()
	stage := random.IntN(5)
	reached := func() bool {
		switch stage {
		case 0: // git runs
			return len(c.v.session()) > 0
		case 1: // objects arrive
			found, _ := filepath.Glob(filepath.Join(c.data, "repositories", "??", "*.git", "objects", "*incoming*"))
			return len(found) > 0
		case 2: // the reference is written
			found, _ := filepath.Glob(filepath.Join(c.data, "repositories", "??", "*.git", "refs", "heads", "main.lock"))
			return len(found) > 0
		case 3: // it is written, and nobody knows
			for dir, before := range heads {
				if now, err := os.ReadFile(filepath.Join(dir, "refs", "heads", "main")); err == nil && string(now) != before {
					return true
				}
			}
		}
		return false // after the answer
	}
	var err error
	for done := false; !done && !reached(); {
		select {
		case err = <-ended:
			ended <- err
			done = true
		case <-time.After(200 * time.Microsecond): // not at once: the server needs the processor more
		}
	}
	c.v.kill(whole)
	err = <-ended
	return func() {
		now := strings.Fields(c.git.Git("", "ls-remote", c.remote(), "refs/heads/main"))[0]
		if now != next && (now != old || err == nil) {
			c.t.Errorf("main is at %s after a push from %s to %s that ended with %v", now, old, next, err)
		}
		c.pushed = now
		c.git.Git(c.clone, "reset", "--quiet", "--hard", now)
		// No lock is left: the next push goes through.
		c.git.Git(c.clone, "commit", "--quiet", "--allow-empty", "-m", "After the crash")
		c.git.Git(c.clone, "push", "--quiet", c.remote(), "HEAD:refs/heads/main")
		c.pushed = c.git.Git(c.clone, "rev-parse", "HEAD")
	}
}

// race runs n calls at a time and kills the server when some of them, a random number, were answered.
func (c *crash) race(random *rand.Rand, whole bool, n int, call func(i int) (answered bool)) {
	answers := make(chan bool, n)
	var calls sync.WaitGroup
	for i := range n {
		calls.Go(func() { answers <- call(i) })
	}
	for range random.IntN(n) {
		<-answers
	}
	c.v.kill(whole)
	calls.Wait()
}

func (c *crash) mintTokens(random *rand.Rand, whole bool) (verify func()) {
	var mu sync.Mutex
	asked := map[string]bool{}
	first := len(c.tokens) * 1000
	c.race(random, whole, 8, func(i int) bool {
		name := fmt.Sprintf("token %d %d", first, i)
		mu.Lock()
		asked[name] = true
		mu.Unlock()
		status, answer, ok := c.call("POST", mintPath, map[string]any{"name": name, "scopes": []string{"read:user:bitbucket"}, "expires_in_days": 1})
		if ok && status == 201 {
			mu.Lock()
			c.tokens[name] = answer["token"].(string)
			mu.Unlock()
		} else if ok {
			c.t.Errorf("%d %v", status, answer)
		}
		return ok
	})
	return func() {
		listed := map[string]bool{}
		for page := 1; ; page++ {
			list := c.must("GET", fmt.Sprintf("%s?pagelen=100&page=%d", mintPath, page), nil, 200)
			for _, v := range list["values"].([]any) {
				listed[v.(map[string]any)["name"].(string)] = true
			}
			if list["next"] == nil {
				break
			}
		}
		for name, secret := range c.tokens {
			if !listed[name] {
				c.t.Errorf("%s was acknowledged and is lost", name)
			}
			if asked[name] {
				r, _ := http.NewRequest("GET", c.v.url+"/2.0/user", nil)
				r.SetBasicAuth("admin@acme.example", secret)
				r.Close = true
				if res, err := http.DefaultClient.Do(r); err != nil || res.StatusCode != 200 || res.Body.Close() != nil {
					c.t.Errorf("%s was acknowledged and does not work: %v %v", name, res, err)
				}
			}
		}
	}
}

func (c *crash) createAndDelete(random *rand.Rand, whole bool) (verify func()) {
	var doomed []string
	for len(doomed) < 4 {
		c.made++
		slug := fmt.Sprintf("repo-%d", c.made)
		c.must("POST", "/2.0/repositories/acme/"+slug, map[string]any{}, 200)
		c.existing[slug] = true
		doomed = append(doomed, slug)
	}
	var mu sync.Mutex
	maybe := map[string]bool{} // asked for, and not answered
	first := c.made
	c.made += 4
	c.race(random, whole, 8, func(i int) bool {
		method, slug := "DELETE", ""
		if i < 4 {
			slug = doomed[i]
		} else {
			method, slug = "POST", fmt.Sprintf("repo-%d", first+i-3)
		}
		status, answer, ok := c.call(method, "/2.0/repositories/acme/"+slug, map[string]any{})
		mu.Lock()
		defer mu.Unlock()
		switch {
		case !ok:
			maybe[slug] = true
			delete(c.existing, slug)
		case method == "DELETE" && status == 204:
			delete(c.existing, slug)
		case method == "POST" && status == 200:
			c.existing[slug] = true
		default:
			c.t.Errorf("%s %s: %d %v", method, slug, status, answer)
		}
		return ok
	})
	return func() {
		for i := first - 3; i <= c.made; i++ {
			slug := fmt.Sprintf("repo-%d", i)
			status, answer, _ := c.call("GET", "/2.0/repositories/acme/"+slug, nil)
			switch {
			case maybe[slug] && (status == 200 || status == 404):
				c.existing[slug] = status == 200
			case status != map[bool]int{true: 200, false: 404}[c.existing[slug]]:
				c.t.Errorf("%s: %d %v, and it was acknowledged to be there: %v", slug, status, answer, c.existing[slug])
			}
			if c.existing[slug] { // what is there works as a whole
				c.git.Git("", "ls-remote", strings.Replace(c.remote(), "widgets", slug, 1))
				c.must("DELETE", "/2.0/repositories/acme/"+slug, nil, 204)
				delete(c.existing, slug)
			}
		}
	}
}

// merge kills the server over merges of pull requests whose commits main does not get as they are: nothing but what the server keeps
// tells that they are merged.
func (c *crash) merge(random *rand.Rand, whole bool) (verify func()) {
	const n = 4
	files, pulls := make([]string, n), make([]string, n)
	for i := range n {
		c.made++
		files[i] = fmt.Sprintf("merged-%d", c.made)
		c.git.Git(c.clone, "switch", "--quiet", "--create", files[i], c.pushed)
		if err := os.WriteFile(filepath.Join(c.clone, files[i]), []byte("x"), 0o600); err != nil {
			c.t.Fatal(err)
		}
		c.git.Git(c.clone, "add", files[i])
		c.git.Git(c.clone, "commit", "--quiet", "-m", "Add "+files[i])
		c.git.Git(c.clone, "push", "--quiet", c.remote(), files[i])
		made := c.must("POST", "/2.0/repositories/acme/widgets/pullrequests", map[string]any{"title": files[i], "source": map[string]any{"branch": map[string]any{"name": files[i]}}}, 201)
		pulls[i] = fmt.Sprintf("/2.0/repositories/acme/widgets/pullrequests/%v", made["id"])
	}
	answered := make([]bool, n)
	c.race(random, whole, n, func(i int) bool {
		status, answer, ok := c.call("POST", pulls[i]+"/merge", map[string]any{"merge_strategy": "squash"})
		if answered[i] = ok; ok && status != 200 {
			c.t.Errorf("%d %v", status, answer)
		}
		return ok
	})
	return func() {
		c.git.Git(c.clone, "fetch", "--quiet", c.remote(), "main")
		there := strings.Fields(c.git.Git(c.clone, "ls-tree", "--name-only", "FETCH_HEAD"))
		for i, file := range files {
			found := c.must("GET", pulls[i], nil, 200)
			state := found["state"]
			if by, _ := found["closed_by"].(map[string]any); state == "MERGED" && by["nickname"] != "acme-admin" {
				c.t.Errorf("%s was merged by %v", file, found["closed_by"])
			}
			if merged := state == "MERGED"; merged != slices.Contains(there, file) || answered[i] && !merged {
				c.t.Errorf("%s is %v, main has %v, and the merge was answered: %v", file, state, there, answered[i])
			}
			if state == "OPEN" { // and nothing keeps it from being merged now
				c.must("POST", pulls[i]+"/merge", map[string]any{"merge_strategy": "squash"}, 200)
			}
		}
		c.git.Git(c.clone, "fetch", "--quiet", c.remote(), "main")
		c.pushed = c.git.Git(c.clone, "rev-parse", "FETCH_HEAD")
		c.git.Git(c.clone, "switch", "--quiet", "--detach", c.pushed)
	}
}

// checkStore looks at the store and at the repositories from outside.
func (c *crash) checkStore() {
	c.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(c.data, "pail.db"))
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	column := func(query string) (values []string) {
		rows, err := db.Query(query)
		if err != nil {
			c.t.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			columns, _ := rows.Columns()
			scanned := make([]any, len(columns))
			for i := range scanned {
				scanned[i] = new(sql.NullString)
			}
			if err := rows.Scan(scanned...); err != nil {
				c.t.Fatal(err)
			}
			values = append(values, scanned[0].(*sql.NullString).String)
		}
		if err := rows.Err(); err != nil {
			c.t.Fatal(err)
		}
		return values
	}
	if got := column(`PRAGMA integrity_check`); !slices.Equal(got, []string{"ok"}) {
		c.t.Errorf("the store is damaged: %v", got)
	}
	if got := column(`PRAGMA foreign_key_check`); len(got) > 0 {
		c.t.Errorf("rows refer to what is not there: %v", got)
	}
	rows := column(`SELECT id FROM repository ORDER BY id`)
	dirs, err := filepath.Glob(filepath.Join(c.data, "repositories", "??", "*"))
	if err != nil {
		c.t.Fatal(err)
	}
	var found []string
	for _, dir := range dirs {
		found = append(found, strings.TrimSuffix(filepath.Base(dir), ".git"))
		if out, err := c.git.TryGit("", "--git-dir="+dir, "fsck", "--full", "--strict", "--no-dangling"); err != nil {
			c.t.Errorf("%s: %v %s", dir, err, out)
		}
	}
	slices.Sort(found)
	if !slices.Equal(found, rows) {
		c.t.Errorf("on disk are the repositories %v, in the store %v", found, rows)
	}
	for _, left := range []string{"trash/*", "tmp/*", "??/*/objects/*incoming*", "??/*/objects/pack/*tmp*", "??/*/*.lock", "??/*/refs/*/*.lock"} {
		if paths, _ := filepath.Glob(filepath.Join(c.data, "repositories", left)); len(paths) > 0 {
			c.t.Errorf("left behind: %v", paths)
		}
	}
}
