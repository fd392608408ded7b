package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// running is a demo under test.
type running struct {
	Ready
	told string // what it printed
	stop func() error
}

// text is a writer that can be read while it is written to.
type text struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *text) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *text) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// signal is a writer that says when the last line of the story was written.
type signal struct {
	text
	once sync.Once
	done chan struct{}
}

func (s *signal) Write(p []byte) (int, error) {
	n, err := s.text.Write(p)
	s.once.Do(func() { close(s.done) })
	return n, err
}

// start runs a demo until it has told its story.
func start(t *testing.T, o Options) *running {
	t.Helper()
	out := &signal{done: make(chan struct{})}
	o.Addr, o.Stdout, o.Log = "127.0.0.1:0", out, slog.New(slog.NewTextHandler(io.Discard, nil))
	if o.ReadyFile == "" {
		o.ReadyFile = filepath.Join(t.TempDir(), "ready.json")
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, o) }()
	select {
	case <-out.done:
	case err := <-ended:
		cancel()
		t.Fatalf("the demo did not start: %v", err)
	}
	r := &running{told: out.String()}
	r.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Errorf("the demo ended with: %v", err)
		}
	})
	info, err := os.Stat(o.ReadyFile)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the ready file has mode %v, want 0600", info.Mode().Perm())
	}
	data, err := os.ReadFile(o.ReadyFile)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&r.Ready); err != nil {
		t.Fatalf("ready file: %v", err)
	}
	return r
}

func (r *running) account(t *testing.T, role string) ReadyAccount {
	t.Helper()
	for _, a := range r.Accounts {
		if a.Role == role {
			return a
		}
	}
	t.Fatalf("the ready file has no %s", role)
	return ReadyAccount{}
}

// get asks the API and returns the status, the reason header and the body.
func get(t *testing.T, url, user, secret string) (int, string, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case user != "":
		req.SetBasicAuth(user, secret)
	case secret != "":
		req.Header.Set("Authorization", "Bearer "+secret)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header.Get("X-Pail-Reason"), string(body)
}

// told is one step of the printed story.
type told struct{ command, promise string }

var arrow = regexp.MustCompile(`(?m)^    ((?:curl|git) .*)\n    -> ([^:]+):`)

// TestStory copies every line of the printed story into a shell, as a reader would, and compares what comes of it with
// what the story says.
func TestStory(t *testing.T) {
	for _, answers := range []string{"explained", "bare"} {
		t.Run(answers, func(t *testing.T) { tell(t, answers) })
	}
}

func tell(t *testing.T, answers string) {
	bare := answers == "bare"
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("skipped: curl is not here")
	}
	r := start(t, Options{Answers: answers})
	if n := strings.Count(r.told, "\n"); n > 80 {
		t.Errorf("the story has %d lines, want 80 at most", n)
	}
	if strings.Contains(r.told, "\x1b") {
		t.Error("the story holds control characters")
	}
	var exports strings.Builder
	for line := range strings.Lines(r.told) {
		if strings.HasPrefix(line, "    export ") {
			exports.WriteString(line)
		}
	}
	var story []told
	for _, m := range arrow.FindAllStringSubmatch(r.told, -1) {
		story = append(story, told{m[1], m[2]})
	}
	if len(story) != len(steps) || len(story) < 12 {
		t.Fatalf("%d lines can be copied out of the printed text, and the story has %d steps", len(story), len(steps))
	}
	home := t.TempDir()
	for i, s := range story {
		t.Run(strconv.Itoa(i+1), func(t *testing.T) {
			cmd := exec.Command("bash", "-c", exports.String()+s.command)
			cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + home, "GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C"}
			out, err := cmd.CombinedOutput()
			output := strings.ReplaceAll(string(out), "\r", "")
			what, why, _ := strings.Cut(s.promise, " ")
			switch what {
			case "works":
				if err != nil {
					t.Errorf("%s\nsays it works, and ends with %v:\n%s", s.command, err, output)
				}
			case "refused":
				if err == nil {
					t.Errorf("%s\nsays it is refused, and works:\n%s", s.command, output)
				}
				if !strings.Contains(output, "remote: ") || !strings.Contains(output, why) {
					t.Errorf("%s\ndoes not say %s:\n%s", s.command, why, output)
				}
			default:
				if first, _, _ := strings.Cut(output, "\n"); err != nil || !strings.HasPrefix(first, "HTTP/1.1 "+what+" ") {
					t.Errorf("%s\nwants %s, got (%v):\n%s", s.command, what, err, output)
				}
				head, body, _ := strings.Cut(output, "\n\n")
				if bare && what != "200" && strings.Contains(output, "pail") {
					t.Errorf("%s\nis not bare:\n%s", s.command, output)
				}
				if bare && what == "400" {
					if body != "" || !strings.Contains(head, "Content-Length: 0") {
						t.Errorf("%s\nwants no body, got:\n%s", s.command, output)
					}
				} else if !json.Valid([]byte(body)) {
					t.Errorf("%s\nanswers no JSON:\n%s", s.command, output)
				}
				if why != "" && !strings.Contains(body, `"reason":"`+why+`"`) {
					t.Errorf("%s\nwants the reason %s:\n%s", s.command, why, output)
				}
			}
			s.details(t, output)
		})
	}
}

// details checks what the story says beside status and reason.
func (s told) details(t *testing.T, output string) {
	t.Helper()
	for part, wants := range map[string][]string{
		"header.line_break":             {`"lines":2`, `"reason":"path.data_center"`},
		"path.data_center":              {"/2.0/workspaces/acme/projects/FTO/permissions-config/groups"},
		"credential.email_required":     {"admin@acme.example"},
		"scope.missing":                 {`"missing":["read:project:bitbucket"]`},
		"credential.username_required":  {"x-bitbucket-api-token-auth", "acme-admin"},
		"permissions-config/groups\" 2": {`"developers"`, `"write"`},
		"pagelen=2\" 2":                 {`"next"`, `"hash"`},
		"api-tokens/$TOKEN_ID\" 2":      {`"last_accessed":"2`, `"last_refused_reason":"credential.username_required"`},
	} {
		if !strings.Contains(s.command+" "+s.promise, part) {
			continue
		}
		for _, want := range wants {
			if !strings.Contains(output, want) {
				t.Errorf("%s\ndoes not show %s:\n%s", s.command, want, output)
			}
		}
	}
}

// TestSeed looks at the accounts and what they may do.
func TestSeed(t *testing.T) {
	clone := t.TempDir()
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-q", "--allow-empty", "-m", "One"}} {
		cmd := exec.Command("git", args...)
		cmd.Dir = clone
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git: %v\n%s", err, out)
		}
	}
	below := filepath.Join(clone, "deep", "er")
	if err := os.MkdirAll(below, 0o700); err != nil {
		t.Fatal(err)
	}
	r := start(t, Options{Clone: below})
	widgets := r.APIURL + "/repositories/acme/widgets"
	for _, c := range []struct {
		name, role, url string
		status          int
	}{
		{"admin sees the repository", "admin", widgets, 200},
		{"member sees it through the group", "member", widgets, 200},
		{"outsider does not", "outsider", widgets, 404},
		{"nor the project", "outsider", r.APIURL + "/workspaces/acme/projects/FTO", 404},
		{"outsider has a workspace", "outsider", r.APIURL + "/workspaces/outsider", 200},
		{"the clone is there", "member", r.APIURL + "/repositories/acme/self/commits", 200},
		{"admin administers the project", "admin", r.APIURL + "/workspaces/acme/projects/FTO/permissions-config/users", 200},
		{"member does not", "member", r.APIURL + "/workspaces/acme/projects/FTO/permissions-config/users", 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := r.account(t, c.role)
			if status, why, body := get(t, c.url, a.Email, a.APIToken); status != c.status {
				t.Errorf("API token: %d %s, want %d\n%s", status, why, c.status, body)
			}
			if status, why, body := get(t, c.url, a.Username, a.AppPassword); status != c.status {
				t.Errorf("app password: %d %s, want %d\n%s", status, why, c.status, body)
			}
		})
	}
	if status, why, _ := get(t, widgets+"/commits", "", r.AccessToken); status != 200 {
		t.Errorf("access token: %d %s", status, why)
	}
	for _, a := range r.Accounts {
		status, why, body := get(t, r.WebURL+"/pail/v1/user/api-tokens", a.Email, a.Password)
		if status != 200 {
			t.Errorf("%s's password: %d %s", a.Role, status, why)
		}
		if len(a.APITokenScopes) < 7 || !strings.Contains(body, a.APITokenScopes[0]) {
			t.Errorf("%s's scopes are %v", a.Role, a.APITokenScopes)
		}
		if status, _, body := get(t, r.APIURL+"/users/"+a.UUID, a.Email, a.APIToken); status != 200 || !strings.Contains(body, a.AccountID) {
			t.Errorf("%s is not %s %s", a.Role, a.UUID, a.AccountID)
		}
	}
	// Member writes through the group, with real git.
	m := r.account(t, "member")
	work := filepath.Join(t.TempDir(), "widgets")
	host := strings.TrimPrefix(r.WebURL, "http://")
	for _, args := range [][]string{
		{"clone", "-q", "http://" + m.Username + ":" + m.APIToken + "@" + host + "/acme/widgets.git", work},
		{"-C", work, "-c", "user.name=M", "-c", "user.email=" + m.Email, "commit", "-q", "--allow-empty", "-m", "By a member"},
		{"-C", work, "push", "-q", "origin", "HEAD:refs/heads/member"},
	} {
		cmd := exec.Command("git", args...)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args[0], err, out)
		}
	}
}

// TestAgain takes the same directory up again: what was there stays, secrets are new.
func TestAgain(t *testing.T) {
	data := t.TempDir()
	first := start(t, Options{Data: data})
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	second := start(t, Options{Data: data})
	old, now := first.account(t, "admin"), second.account(t, "admin")
	if old.UUID != now.UUID || old.APIToken == now.APIToken || old.Password == now.Password || old.AppPassword == now.AppPassword {
		t.Errorf("want the same account with other secrets, got %s and %s", old.UUID, now.UUID)
	}
	if status, why, _ := get(t, second.APIURL+"/user", now.Email, now.APIToken); status != 200 {
		t.Errorf("the new token: %d %s", status, why)
	}
	if status, why, _ := get(t, second.APIURL+"/user", old.Email, old.APIToken); why != "token.revoked" {
		t.Errorf("the old token: %d %s, want token.revoked", status, why)
	}
	if status, why, _ := get(t, second.APIURL+"/repositories/acme/widgets", "", first.AccessToken); why != "token.revoked" {
		t.Errorf("the old access token: %d %s, want token.revoked", status, why)
	}
	if status, why, _ := get(t, second.WebURL+"/pail/v1/user/api-tokens", old.Email, old.Password); why != "login.refused" {
		t.Errorf("the old password: %d %s, want login.refused", status, why)
	}
	if status, why, _ := get(t, second.WebURL+"/pail/v1/user/api-tokens", now.Email, now.Password); status != 200 {
		t.Errorf("the new password: %d %s", status, why)
	}
}

// TestTidy: nothing is left behind.
func TestTidy(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	ready := filepath.Join(t.TempDir(), "ready.json")
	if err := os.WriteFile(ready, []byte("of an earlier run"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := start(t, Options{ReadyFile: ready})
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(tmp)
	if err != nil || len(left) > 0 {
		t.Errorf("left in the temporary directory: %v %v", left, err)
	}
	if _, err := os.Stat(ready); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the ready file is still there: %v", err)
	}
}

// TestForeignStore: a directory with somebody's own store is left alone.
func TestForeignStore(t *testing.T) {
	data := t.TempDir()
	o := Options{Addr: "127.0.0.1:0", Data: data, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	ctx := t.Context()
	s, err := open(ctx, o, nil, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	n := people[member]
	n.Email, n.Username, n.Password = "somebody@example.org", "somebody", "correct horse battery staple"
	if _, err := s.Accounts.Create(ctx, n); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(ctx); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	o.Stdout = &stopping{cancel} // a demo that starts all the same must not run for ever
	if err := Run(ctx, o); !errors.Is(err, ErrNoDemo) {
		t.Errorf("got %v, want ErrNoDemo", err)
	}
}

// BenchmarkStart is the time from the start of a demo until it serves, and back.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
		out := &stopping{cancel}
		if err := Run(ctx, Options{Addr: "127.0.0.1:0", Stdout: out, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}); err != nil {
			b.Fatal(err)
		}
		cancel()
	}
}

type stopping struct{ cancel context.CancelFunc }

func (s *stopping) Write(p []byte) (int, error) { s.cancel(); return len(p), nil }
