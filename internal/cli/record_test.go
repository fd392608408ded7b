package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/record"
)

// recording runs pail record with an environment that leads to the server.
func recording(t *testing.T, w *pailtest.World, args ...string) result {
	t.Helper()
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			pailtest.Skip(t, tool, "no "+tool+" on this machine")
		}
	}
	var out, errs bytes.Buffer
	env := []string{"PATH=" + os.Getenv("PATH"), "API=" + w.URL + "/2.0", "EMAIL=" + w.Admin.Email, "TOKEN=" + w.Secret(w.Admin, "read:user", "read:project")}
	code := run(t.Context(), append([]string{"record"}, args...), strings.NewReader("from standard input"), &out, &errs, env)
	return result{code, out.String(), errs.String()}
}

func world(t *testing.T) *pailtest.World { return pailtest.Start(t, pailtest.Options{}).World() }

const getUser = `curl -s -o /dev/null -w '%{http_code}\n' -u "$EMAIL:$TOKEN" "$API/user"`

// TestRecord: the command's output and input pass through, its exit code is passed on, and the report follows.
func TestRecord(t *testing.T) {
	w := world(t)
	r := recording(t, w, "--host", w.URL, "--", "bash", "-c", "cat; echo; echo words >&2; "+getUser+"; exit 7")
	if r.code != 7 || !strings.HasPrefix(r.out, "from standard input\n200\n1 request in ") || r.err != "words\n" {
		t.Errorf("exit code %d\n%s%s", r.code, r.out, r.err)
	}
	for _, want := range []string{"for all that was let in:\n  read:user:bitbucket\n", "did not use:\n  read:project:bitbucket\n", "1      GET /2.0/user  200       read:user:bitbucket\n"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %q in\n%s", want, r.out)
		}
	}

	file := filepath.Join(t.TempDir(), "report")
	for flag, want := range map[string]string{"--json": `"least": [`, "--html": "<!DOCTYPE html>"} {
		r := recording(t, w, flag, "--report", file, "--host", w.URL, "bash", "-c", getUser, "--json")
		text, err := os.ReadFile(file)
		if r.code != 0 || r.out != "200\n" || err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: exit code %d, %v\n%s%s%s", flag, r.code, err, r.out, r.err, text)
		}
	}
	if r := recording(t, w, "--report", filepath.Join(file, "no", "such"), "--", "true"); r.code != 1 || !oneLine.MatchString(r.err) {
		t.Errorf("a report that cannot be written: exit code %d, %s", r.code, r.err)
	}
	if r := recording(t, w, "--", "bash", "-c", getUser); r.code != 0 || !strings.Contains(r.out, "No request to a recorded host was seen.\n\nNote: 1 connection to other hosts passed through unread. Name a host to be recorded with --host.\n") {
		t.Errorf("nothing to record: exit code %d\n%s", r.code, r.out)
	}
}

// TestRecordEnds: however the command ends, its exit code is a shell's.
func TestRecordEnds(t *testing.T) {
	w := world(t)
	for _, c := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"fine", []string{"--", "true"}, 0, ""},
		{"fails", []string{"--", "false"}, 1, ""},
		{"ended by a signal", []string{"--", "bash", "-c", "kill -KILL $$"}, 137, ""},
		{"a signal is passed on", []string{"--", "bash", "-c", `trap 'kill $!; exit 42' TERM; sleep 60 >/dev/null 2>&1 & kill -TERM $PPID; wait`}, 42, ""},
		{"not there", []string{"--", "no-such-program-at-all"}, 127, "could not be started"},
		{"not a program", []string{"--", os.TempDir()}, 126, "could not be started"},
		{"no command", nil, 2, "say what to run"},
		{"no command after flags", []string{"--json", "--"}, 2, "say what to run"},
		{"two forms", []string{"--json", "--html", "--", "true"}, 2, "none of the others can be"},
		{"a bad host", []string{"--host", "https://user:hush@host", "--", "true"}, 2, "a host is HOST"},
		{"half a server", []string{"--listen", ":0"}, 2, "go together"},
		{"server and command", []string{"--listen", ":0", "--upstream", "http://127.0.0.1:1", "--", "true"}, 2, "runs no command"},
		{"a bad upstream", []string{"--listen", ":0", "--upstream", "http://user:hush@127.0.0.1"}, 2, "without a user"},
		{"a bad address", []string{"--listen", "no such address", "--upstream", "http://127.0.0.1"}, 1, "--listen"},
		{"nothing to merge", []string{"merge"}, 2, "usage: pail record merge FILE"},
		{"merge what is not there", []string{"merge", "no-such-file"}, 1, "no-such-file"},
	} {
		r := recording(t, w, c.args...)
		if r.code != c.code || !strings.Contains(r.err, c.says) || strings.Contains(r.err, "hush") || c.says != "" && !oneLine.MatchString(r.err) || c.says == "" && r.err != "" {
			t.Errorf("%s: exit code %d, want %d, and says %q", c.name, r.code, c.code, r.err)
		}
	}
}

// TestRecordMerge: recordings from files and from standard input add up.
func TestRecordMerge(t *testing.T) {
	w := world(t)
	dir := t.TempDir()
	one, two, sum := filepath.Join(dir, "one.json"), filepath.Join(dir, "two.json"), filepath.Join(dir, "sum.json")
	recording(t, w, "--json", "--report", one, "--host", w.URL, "--", "bash", "-c", getUser)
	recording(t, w, "--json", "--report", two, "--host", w.URL, "--", "bash", "-c", getUser+`; curl -s -o /dev/null -u "$EMAIL:$TOKEN" "$API/workspaces/acme/projects"`)
	if r := command(t, "", "record", "merge", "--json", "--report", sum, one, two); r.code != 0 || r.out != "" {
		t.Fatalf("exit code %d\n%s%s", r.code, r.out, r.err)
	}
	text, err := os.ReadFile(sum)
	if err != nil {
		t.Fatal(err)
	}
	var got record.Recording
	if err := json.Unmarshal(text, &got); err != nil || got.Scopes.Least.String() != "read:project:bitbucket, read:user:bitbucket" || len(got.Operations) != 2 || got.Operations[0].Count != 2 {
		t.Errorf("%v\n%s", err, text)
	}
	if r := command(t, string(text), "record", "merge", "-"); r.code != 0 || !strings.HasPrefix(r.out, "3 requests in ") {
		t.Errorf("exit code %d\n%s%s", r.code, r.out, r.err)
	}
	if err := os.WriteFile(one, []byte(`{"token": "hush"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := command(t, "", "record", "merge", one); r.code != 1 || !strings.Contains(r.err, "no recording") || strings.Contains(r.err, "hush") {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}
}

// TestRecordListen: a tool that takes a base URL is recorded until the recorder is interrupted.
func TestRecordListen(t *testing.T) {
	for _, c := range []struct{ name, upstream, path string }{{"host", "", "/2.0/user"}, {"base URL", "/2.0", "/user"}} {
		w := pailtest.Start(t, pailtest.Options{TLS: true}).World()
		ctx, interrupt := context.WithCancel(t.Context())
		defer interrupt()
		said, errs := io.Pipe()
		var out bytes.Buffer
		ended := make(chan int, 1)
		go func() {
			ended <- run(ctx, []string{"record", "--listen", ":0", "--upstream", w.URL + c.upstream}, strings.NewReader(""), &out, errs, []string{"SSL_CERT_FILE=" + w.CA})
			_ = errs.Close()
		}()
		line, err := bufio.NewReader(said).ReadString('\n')
		address := regexp.MustCompile(`on (http://127\.0\.0\.1:\d+), until interrupted`).FindStringSubmatch(line)
		if err != nil || address == nil {
			t.Fatalf("%v, it says %q", err, line)
		}
		go func() { _, _ = io.Copy(io.Discard, said) }()
		q, _ := http.NewRequest("GET", address[1]+c.path, nil)
		pailtest.Basic(w.Admin.Email, w.Secret(w.Admin, "read:user"))(q)
		res, err := http.DefaultClient.Do(q)
		if err != nil || res.StatusCode != 200 {
			t.Fatalf("%s: answered %v, %v", c.name, res, err)
		}
		_ = res.Body.Close()
		conn, err := net.Dial("tcp", strings.TrimPrefix(address[1], "http://"))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, "GET /2.0/user HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YWFh\r\nYWFh\r\n\r\n")
		if answer, _ := io.ReadAll(conn); !strings.HasPrefix(string(answer), "HTTP/1.1 400") {
			t.Errorf("%s: a damaged header is answered with %q", c.name, answer)
		}
		_ = conn.Close()
		interrupt()
		if code := <-ended; code != 0 || !strings.Contains(out.String(), "Note: 1 request could not be read") || !strings.Contains(out.String(), "1      GET /2.0/user  200       read:user:bitbucket") {
			t.Errorf("%s: exit code %d\n%s", c.name, code, out.String())
		}
	}
}
