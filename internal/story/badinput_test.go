package story

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/token"
)

// everything is a token that lacks no scope that these tests need.
func everything(w *pailtest.World) pailtest.Credential {
	return w.Token(w.Admin, "read:user", "read:workspace", "read:project", "admin:project", "read:repository", "write:repository",
		"admin:repository", "delete:repository", "write:permission", "delete:permission", "read:pullrequest")
}

// unchanged runs f and fails when the store or the files are others afterwards, apart from the bookkeeping of credentials.
func unchanged(w *pailtest.World, f func()) {
	w.T.Helper()
	state := func() string {
		var kept []string
		for line := range strings.Lines(w.Store()) {
			if !strings.HasPrefix(line, "activity ") && !strings.HasPrefix(line, "credential ") && !strings.HasPrefix(line, "credential_usage ") {
				kept = append(kept, line)
			}
		}
		return strings.Join(kept, "") + w.Files()
	}
	before := state()
	f()
	if after := state(); after != before {
		w.T.Errorf("something was changed:\nbefore\n%s\nafter\n%s", before, after)
	}
}

// TestBodies: fields that nobody knows are ignored; what is wrong is refused with the field's name.
func TestBodies(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		token := everything(w)
		w.Want(w.Do(token, "PUT", "/2.0/repositories/acme/widgets", `{"description":"d","unknown":{"a":[1,null]},"owner":7,"links":[],"uuid":false}`), 200)
		w.Want(w.Do(token, "POST", "/2.0/repositories/acme/plain", nil), 200)
		long := strings.Repeat("x", 300)
		for _, c := range []struct{ method, path, body, reason, field string }{
			{"PUT", "repositories/acme/widgets", `{"description":7}`, "body.wrong_type", "description"},
			{"PUT", "repositories/acme/widgets", `{"is_private":"yes"}`, "body.wrong_type", "is_private"},
			{"PUT", "repositories/acme/widgets", `{"project":"FTO"}`, "body.wrong_type", "project"},
			{"PUT", "repositories/acme/widgets", `{"project":{"key":{}}}`, "body.wrong_type", "project.key"},
			{"PUT", "repositories/acme/widgets", `{"project":{}}`, "value.invalid", "project"},
			{"PUT", "repositories/acme/widgets", `{"project":{"key":"NOPE"}}`, "value.invalid", "project"},
			{"PUT", "repositories/acme/widgets", `{"project":{"key":"\u0000"}}`, "value.invalid", "project"},
			{"PUT", "repositories/acme/widgets", `{"project":{"uuid":"{nonsense}"}}`, "value.invalid", "project"},
			{"PUT", "repositories/acme/widgets", `{"mainbranch":{"name":"nope"}}`, "value.invalid", "mainbranch.name"},
			{"PUT", "repositories/acme/widgets", `{"mainbranch":{"name":"--help"}}`, "value.invalid", "mainbranch.name"},
			{"PUT", "repositories/acme/widgets", `{"mainbranch":{"name":"a\u0000b"}}`, "value.invalid", "mainbranch.name"},
			{"PUT", "repositories/acme/widgets", `{"mainbranch":{"name":"../../HEAD"}}`, "value.invalid", "mainbranch.name"},
			{"PUT", "repositories/acme/widgets", `{"fork_policy":"maybe"}`, "value.invalid", "fork_policy"},
			{"PUT", "repositories/acme/widgets", `{"scm":"hg"}`, "value.invalid", "scm"},
			{"PUT", "repositories/acme/widgets", `{"name":""}`, "value.invalid", "name"},
			{"PUT", "repositories/acme/widgets", `{"name":".."}`, "value.invalid", "name"},
			{"PUT", "repositories/acme/widgets", `{"name":"a\u0000b"}`, "value.invalid", "name"},
			{"PUT", "repositories/acme/widgets", `{"name":"a\u001bb"}`, "value.invalid", "name"},
			{"PUT", "repositories/acme/widgets", `{"name":"a\u0085b"}`, "value.invalid", "name"},
			{"PUT", "repositories/acme/widgets", `{"name":"gpj.\u202egnp"}`, "value.invalid", "name"},
			{"PUT", "repositories/acme/widgets", `{"name":"日本"}`, "value.invalid", "name"},
			{"PUT", "repositories/acme/widgets", `{"name":"` + long + `"}`, "value.invalid", "name"},
			{"PUT", "repositories/acme/widgets", `{"description":"a\u0000b"}`, "value.invalid", "description"},
			{"PUT", "repositories/acme/widgets", `{"description":"` + strings.Repeat("x", 10001) + `"}`, "value.invalid", "description"},
			{"PUT", "repositories/acme/widgets", `{"language":"` + long + `"}`, "value.invalid", "language"},
			{"PUT", "repositories/acme/widgets", `[]`, "body.wrong_type", ""},
			{"PUT", "repositories/acme/widgets", `"text"`, "body.wrong_type", ""},
			{"PUT", "repositories/acme/widgets", `{"name":"x"`, "body.malformed", ""},
			{"PUT", "repositories/acme/widgets", `{"name":"x",}`, "body.malformed", ""},
			{"PUT", "repositories/acme/widgets", `{"description":"x"} {"description":"y"}`, "body.malformed", ""},
			{"PUT", "repositories/acme/widgets", strings.Repeat(`{"a":`, 20000), "body.malformed", ""},
			{"POST", "repositories/acme/widgets", `{}`, "conflict.exists", "slug"},
			{"POST", "workspaces/acme/projects", `{"name":"No key"}`, "body.missing_field", "key"},
			{"POST", "workspaces/acme/projects", `{"key":"OK"}`, "body.missing_field", "name"},
			{"POST", "workspaces/acme/projects", `{"key":7,"name":"x"}`, "body.wrong_type", "key"},
			{"POST", "workspaces/acme/projects", `{"key":"../x","name":"x"}`, "value.invalid", "key"},
			{"POST", "workspaces/acme/projects", `{"key":"-X","name":"x"}`, "value.invalid", "key"},
			{"POST", "workspaces/acme/projects", `{"key":"\u0000","name":"x"}`, "value.invalid", "key"},
			{"POST", "workspaces/acme/projects", `{"key":"` + strings.Repeat("K", 129) + `","name":"x"}`, "value.invalid", "key"},
			{"POST", "workspaces/acme/projects", `{"key":"ÄÖ","name":"x"}`, "value.invalid", "key"},
			{"POST", "workspaces/acme/projects", `{"key":"OK","name":"a\u0000b"}`, "value.invalid", "name"},
			{"POST", "workspaces/acme/projects", `{"key":"OK","name":"` + long + `"}`, "value.invalid", "name"},
			{"POST", "workspaces/acme/projects", `{"key":"FTO","name":"again"}`, "conflict.exists", "key"},
			{"PUT", "workspaces/acme/projects/FTO/permissions-config/groups/developers", `{"permission":"everything"}`, "value.invalid", "permission"},
			{"PUT", "workspaces/acme/projects/FTO/permissions-config/groups/developers", `{"permission":2}`, "body.wrong_type", "permission"},
			{"PUT", "workspaces/acme/projects/FTO/permissions-config/groups/developers", `{}`, "body.missing_field", "permission"},
		} {
			t.Run(c.method+" "+clipped(c.body), func(t *testing.T) {
				s.T = t
				defer func() { s.T = t }()
				unchanged(w, func() {
					a := w.Want(w.Do(token, c.method, "/2.0/"+c.path, c.body), 400, c.reason)
					if c.field != "" && a.Get("error.fields").(map[string]any)[c.field] == nil {
						t.Errorf("does not name %q: %s", c.field, a.Body)
					}
				})
			})
		}
		// What is no UTF-8 becomes what stands for it, or is refused; it does not get through.
		w.Want(w.Do(token, "PUT", "/2.0/repositories/acme/plain", "{\"description\":\"\xff\xfe\"}"), 200)
		if a := w.Want(w.Do(token, "GET", "/2.0/repositories/acme/plain", nil), 200); strings.Trim(a.String("description"), "\uFFFD") != "" {
			t.Errorf("the description is %q", a.String("description"))
		}
		for media, status := range map[string]int{"text/xml": 415, "multipart/form-data; boundary=x": 415, "application/json; charset=utf-8": 200, "application/vnd.x+json": 200, "": 200} {
			r, err := http.NewRequest("PUT", w.URL+"/2.0/repositories/acme/plain", strings.NewReader(`{"description":"d"}`))
			check(w, err)
			token(r)
			r.Header["Content-Type"] = []string{media}
			w.Want(w.Send(r), status)
		}
	})
}

func clipped(s string) string { return s[:min(len(s), 60)] }

// oddNames are what somebody may put where a name belongs. None of them can be one.
var oddNames = []string{"..", "...", ".", "%2e%2e", "%2e", "%2E%2E%2Fetc", "..%2F..%2Fetc%2Fpasswd", "..%5c..%5cwin.ini", "-x", "--output=%2Ftmp%2Fpail-owned", "-", "a%00b", "%00",
	"a%0Ab", "a%0D%0AX-Injected:1", "%1b%5b31m", "%7f", "%ff%fe", "%c3%28", "%C0%AE%C0%AE", "%E2%80%AE", "%EF%BC%8E%EF%BC%8E", "a%20b", "%20", "%25", "%252e%252e", "a.git%2F..", ".git", "a..b", "x'%20OR%201=1--", "%22", "$(id)", "%60id%60", "a;b", "a*b", "%7B%7D",
	"%7B00000000-0000-0000-0000-000000000000%7D", "{", "%7Bnonsense%7D", "ünïcödé", "%F0%9F%AA%A3", strings.Repeat("a", 63), strings.Repeat("a", 5000), "~", "@", "@%7B-1%7D", "HEAD", "null", "undefined", "$SLUG"}

// TestNames: no odd name reaches the disk, the store or git, whatever parameter it stands in.
func TestNames(t *testing.T) {
	const victim = "/tmp/pail-owned"
	if _, err := os.Lstat(victim); err == nil {
		t.Fatalf("%s is there already", victim)
	}
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		w.Push(2)
		token := everything(w)
		asGit := pailtest.Basic("acme-admin", w.Secret(w.Admin, "read:repository", "write:repository"))
		unchanged(w, func() {
			for _, name := range oddNames {
				for _, path := range []string{"users/NAME", "user/emails/NAME", "user/workspaces/NAME/permission", "workspaces/NAME", "workspaces/NAME/members", "workspaces/acme/members/NAME", "workspaces/acme/projects/NAME",
					"workspaces/NAME/projects/FTO", "workspaces/acme/projects/FTO/permissions-config/groups/NAME", "workspaces/acme/projects/FTO/permissions-config/users/NAME",
					"workspaces/acme/projects/FTO/default-reviewers/NAME", "repositories/NAME", "repositories/acme/NAME", "repositories/NAME/widgets", "repositories/NAME/NAME", "repositories/acme/NAME/commits",
					"repositories/acme/widgets/refs/branches/NAME", "repositories/acme/widgets/refs/tags/NAME", "repositories/acme/widgets/commit/NAME", "repositories/acme/widgets/commits/NAME"} {
					a := w.Do(token, "GET", "/2.0/"+strings.ReplaceAll(path, "NAME", name), nil)
					if head := name == "HEAD" && strings.Contains(path, "/commit"); a.Status != 404 && a.Status != 400 && !head && !(a.Status == 403 && name == "-") {
						t.Errorf("GET %s with %q: %d %s", path, clipped(name), a.Status, clipped(string(a.Body)))
					}
					if a.Header.Get("X-Injected") != "" {
						t.Errorf("%q put a header into the answer", name)
					}
				}
				if name == "HEAD" || name == "null" || name == "undefined" {
					continue // these can be the slug of a repository
				}
				for _, c := range [][2]string{{"POST", "repositories/acme/NAME"}, {"PUT", "repositories/acme/NAME"}, {"PUT", "workspaces/acme/projects/NAME"}, {"DELETE", "repositories/acme/NAME"},
					{"DELETE", "workspaces/acme/projects/NAME"}, {"PUT", "workspaces/acme/projects/FTO/permissions-config/groups/NAME"}, {"DELETE", "workspaces/acme/projects/FTO/default-reviewers/NAME"}} {
					if strings.HasPrefix(name, "aaa") && len(name) < 128 && strings.Contains(c[1], "projects/NAME") {
						continue // long enough for a slug, not for a key
					}
					a := w.Do(token, c[0], "/2.0/"+strings.ReplaceAll(c[1], "NAME", name), `{"permission":"read","name":"x"}`)
					if a.Status != 404 && a.Status != 400 {
						t.Errorf("%s %s with %q: %d %s", c[0], c[1], clipped(name), a.Status, clipped(string(a.Body)))
					}
				}
				for _, path := range []string{"/NAME/widgets.git", "/acme/NAME.git", "/acme/NAME", "/NAME/NAME"} {
					for _, service := range []string{"git-upload-pack", "git-receive-pack"} {
						r, err := http.NewRequest("GET", w.URL+strings.ReplaceAll(path, "NAME", name)+"/info/refs?service="+service, nil)
						if err != nil {
							continue
						}
						asGit(r)
						res, err := w.Client.Do(r)
						check(w, err)
						if body := readAll(t, res); res.StatusCode != 404 && res.StatusCode != 400 && res.StatusCode != 401 && res.StatusCode != 403 && res.StatusCode != 301 && res.StatusCode != 307 {
							t.Errorf("git at %s with %q: %d %s", path, clipped(name), res.StatusCode, body)
						}
					}
					if w.T.Failed() {
						return
					}
				}
			}
		})
	})
	if _, err := os.Lstat(victim); err == nil {
		t.Errorf("%s was written", victim)
	}
}

// TestRevisions: only branches, tags and hashes name a revision; git's other spellings stay away from git.
func TestRevisions(t *testing.T) {
	w := pailtest.Start(t, pailtest.Options{}).World()
	dir := w.Push(3)
	token := everything(w)
	hash := w.Git(dir, "rev-parse", "main")
	for _, good := range []string{"main", "feature%2Fone", "v1.0", "light", "HEAD", hash, hash[:7], strings.ToUpper(hash), "refs%2Fheads%2Fmain"} {
		if a := w.Want(w.Do(token, "GET", "/2.0/repositories/acme/widgets/commit/"+good, nil), 200); a.String("hash") != hash {
			t.Errorf("%s gives %s", good, a.String("hash"))
		}
	}
	target := filepath.Join(t.TempDir(), "owned")
	escaped := strings.ReplaceAll(target, "/", "%2F")
	unchanged(w, func() {
		for _, bad := range []string{"--output=" + escaped, "-n1", "--all", "--help", "@%7B-1%7D", "@", "HEAD%5E%7B%2Fx%7D", "HEAD%5E", ":%2Fmsg", ":", "main~1", "main%5E0", "main%5E%7Bcommit%7D", "main..v1.0", "main...v1.0", "%5Emain",
			"main:file.txt", "main%40%7B1%7D", "main@%7Bupstream%7D", "main-0-g" + hash[:7], "v1.0-3-g" + hash[:7], hash[:3], hash + "0", "refs%2F", "refs%2Fheads%2F", "refs%2Fheads%2F..%2F..%2FHEAD", "objects%2Fpack", "stash", "FETCH_HEAD", "ORIG_HEAD", "config", "..%2F..%2Fconfig",
			"%00", "main%00", "main%0A--output=" + escaped, "%20main", "main%20", strings.Repeat("m", 4000), "%E2%80%AEmain", "%ff", "*", "ma%3Fn"} {
			for _, path := range []string{"commit/" + bad, "commits/" + bad, "commits?include=" + bad, "commits?include=main&exclude=" + bad, "refs/branches/" + bad, "refs/tags/" + bad} {
				a := w.Do(token, "GET", "/2.0/repositories/acme/widgets/"+path, nil)
				if a.Status != 404 && a.Status != 400 {
					t.Errorf("GET %s: %d %s", clipped(path), a.Status, clipped(string(a.Body)))
				}
			}
			form := "include=" + bad
			r, err := http.NewRequest("POST", w.URL+"/2.0/repositories/acme/widgets/commits", strings.NewReader(form))
			check(w, err)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			token(r)
			if a := w.Send(r); a.Status != 404 && a.Status != 400 {
				t.Errorf("POST %s: %d %s", clipped(form), a.Status, clipped(string(a.Body)))
			}
		}
		for _, path := range []string{"..%2F..%2Fetc", ":(top)", "%00", "--", strings.Repeat("p", 5000), "a%0Ab"} {
			if a := w.Do(token, "GET", "/2.0/repositories/acme/widgets/commits?path="+path, nil); a.Status >= 500 || a.Status == 200 && a.String("values") != "[]" {
				t.Errorf("path=%s: %d %s", clipped(path), a.Status, clipped(string(a.Body)))
			}
		}
		w.Want(w.Do(token, "GET", "/2.0/repositories/acme/widgets/commits?"+strings.Repeat("include=main&", 201), nil), 400, "query.invalid")
	})
	if _, err := os.Lstat(target); err == nil {
		t.Errorf("git wrote %s", target)
	}
}

// TestSizes: what is too large is refused in JSON with the status that says so.
func TestSizes(t *testing.T) {
	w := pailtest.Start(t, pailtest.Options{Env: []string{"PAIL_LIMITS_BODY=64KiB"}}).World()
	token := everything(w)
	w.Want(w.Raw("GET /2.0/user HTTP/1.1\r\nHost: HOST\r\nX-Long: "+strings.Repeat("x", 100<<10)+"\r\n\r\n"), 431, "header.too_large")
	w.Want(w.Raw("GET /2.0/user HTTP/1.1\r\nHost: HOST\r\n"+strings.Repeat("X-Many: x\r\n", 20000)+"\r\n"), 431)
	w.Want(w.Raw("GET /2.0/user?q="+strings.Repeat("x", 100<<10)+" HTTP/1.1\r\nHost: HOST\r\n\r\n"), 431, "request.too_large")
	big := `{"description":"` + strings.Repeat("x", 65<<10) + `"}`
	unchanged(w, func() {
		w.Want(w.Do(token, "PUT", "/2.0/repositories/acme/widgets", big), 413, "body.too_large")
		w.Want(w.Do(pailtest.None, "PUT", "/2.0/repositories/acme/widgets", big), 413, "body.too_large")
		r, err := http.NewRequest("PUT", w.URL+"/2.0/repositories/acme/widgets", io.MultiReader(strings.NewReader(big))) // chunked: the length is not announced
		check(w, err)
		token(r)
		w.Want(w.Send(r), 413, "body.too_large")
		w.Want(w.Raw("PUT /2.0/repositories/acme/widgets HTTP/1.1\r\nHost: HOST\r\nContent-Length: 99999999999999999999\r\n\r\n"), 400)
		w.Want(w.Raw("PUT /2.0/repositories/acme/widgets HTTP/1.1\r\nHost: HOST\r\nContent-Length: -1\r\n\r\n"), 400)
		w.Want(w.Raw("PUT /2.0/user HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: gzip\r\n\r\n"), 501, "request.transfer_encoding")
		w.Want(w.Raw("PUT /2.0/user HTTP/1.1\r\nHost: HOST\r\nExpect: miracles\r\n\r\n"), 417, "request.expectation")
		w.Want(w.Raw("GET /2.0/user HTTP/1.1\r\n\r\n"), 400, "request.host")
		w.Want(w.Raw("GET /2.0/user HTTP/3.7\r\nHost: HOST\r\n\r\n"), 505, "request.version")
		w.Want(w.Raw("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"), 400, "request.malformed")
	})
}

// TestSlowHeader: a request whose header does not end is answered, and its connection ends.
func TestSlowHeader(t *testing.T) {
	w := pailtest.Start(t, pailtest.Options{Env: []string{"PAIL_TIMEOUTS_READ_HEADER=300ms"}}).World()
	c := w.Dial()
	request := "GET /2.0/user HTTP/1.1\r\nHost: " + strings.TrimPrefix(w.URL, "http://") + "\r\nX-Slow: "
	_, err := io.WriteString(c, request)
	check(w, err)
	dripping, stop := context.WithCancel(t.Context())
	var drips sync.WaitGroup
	drips.Go(func() { // one byte after another, for as long as the server takes them
		for dripping.Err() == nil {
			if _, err := c.Write([]byte("x")); err != nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
	w.Want(w.ReadRaw(c, request), 408, "request.timeout")
	stop()
	drips.Wait()
	if _, err := io.Copy(io.Discard, c); err != nil && os.IsTimeout(err) {
		t.Errorf("the connection is still open: %v", err)
	}
}

// TestControlCharacters: the Authorization header is named only where it is the one that is broken.
func TestControlCharacters(t *testing.T) {
	w := pailtest.Start(t, pailtest.Options{})
	for header, message := range map[string]string{
		"X-Note: a\x00b":                  "Bad Request",
		"User-Agent: a\x01b":              "Bad Request",
		"Authorization: Basic YTpi\x00Yg": "Invalid Authorization header",
	} {
		a := w.Want(w.Raw("GET /2.0/user HTTP/1.1\r\nHost: HOST\r\n"+header+"\r\n\r\n"), 400, "header.control_character")
		if got := a.String("error.message"); got != message {
			t.Errorf("%q: %q, want %q", header, got, message)
		}
	}
}

// TestOddRequests: ten thousand requests of all kinds, many at a time, each with its answer; nothing stays behind.
func TestOddRequests(t *testing.T) {
	w := pailtest.Start(t, pailtest.Options{}).World()
	w.Push(2)
	secret := w.Secret(w.Admin, "read:repository", "read:workspace")
	good := "Basic " + encode(w.Admin.Email+":"+secret)
	authorizations := [][]string{nil, {good}, {"Bearer " + secret}, {"Basic " + encode("acme-admin:"+secret)}, {"Basic x"}, {secret}, {good, good}, {"Basic " + encode("x:"+token.Mint(token.APIToken))}, {""}}
	paths := []string{"/2.0/user", "/2.0/repositories/acme", "/2.0/repositories/acme/widgets/commits?pagelen=1", "/2.0/repositories/acme/nothing", "/2.0/workspaces", "/user", "/rest/api/1.0/projects", "/2.0/repositories/acme?q=nmae=1", "/nowhere", "/acme/widgets.git/info/refs?service=git-receive-pack", "/healthz"}
	methods := []string{"GET", "HEAD", "DELETE", "BREW"}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	do := func(i int) error {
		r, err := http.NewRequest(methods[i/7%len(methods)], w.URL+paths[i%len(paths)], nil)
		if err != nil {
			return err
		}
		if r.Method == "DELETE" && strings.Contains(r.URL.Path, "widgets") {
			r.Method = "PATCH"
		}
		if h := authorizations[i%len(authorizations)]; h != nil {
			r.Header["Authorization"] = h
		}
		res, err := client.Do(r)
		if err != nil {
			return err
		}
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(res.Body)
		switch {
		case err != nil:
			return err
		case res.StatusCode >= 500 && res.StatusCode != 501, res.StatusCode >= 400 && len(body) == 0 && r.Method != "HEAD", res.Header.Get("X-Request-Id") == "", bytes.Contains(body, []byte(secret)):
			return fmt.Errorf("%s %s: %d %v %s", r.Method, r.URL, res.StatusCode, res.Header, body)
		}
		return nil
	}
	round := func(n int) {
		work, failed := make(chan int), make(chan error, n)
		var pool sync.WaitGroup
		for range 16 {
			pool.Go(func() {
				for i := range work {
					if err := do(i); err != nil {
						failed <- err
					}
				}
			})
		}
		for i := range n {
			work <- i
		}
		close(work)
		pool.Wait()
		client.CloseIdleConnections()
		close(failed)
		for err := range failed {
			t.Fatal(err)
		}
	}
	round(500) // what is made once, such as readers of repositories, is made now
	before := runtime.NumGoroutine()
	n := 10_000
	if testing.Short() {
		n = 1000
	}
	round(n)
	deadline := time.Now().Add(30 * time.Second)
	for runtime.NumGoroutine() > before+10 {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, and %d before\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
		runtime.Gosched()
		time.Sleep(10 * time.Millisecond)
	}
}
