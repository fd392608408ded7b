package story

import (
	"bufio"
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/pailtest"
)

// TestDocs runs every command of the documents that newcomers read. A command that it does not know how to run is a
// failure: it is either not one to put there, or to be taught here.
func TestDocs(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(t.TempDir(), "pail")
	build(t, root, bin)
	d := docs{root: root, bin: bin, data: t.TempDir()}
	// The commands that make things need an account and a store, in the order in which the README tells them.
	for _, file := range []string{"README.md", "CONTRIBUTING.md", "bench/README.md", "docs/ssh.md", "docs/wiki.md", "docs/runners.md"} {
		switch d.ssh = nil; file {
		case "docs/ssh.md":
			d.ssh = overSSH(t)
		case "docs/wiki.md":
			d.ssh = onWiki(t)
		case "docs/runners.md":
			if runtime.GOOS != "linux" {
				continue // a shell's steps need Linux
			}
			d.ssh = onRunners(t, bin)
		}
		for _, line := range shellLines(t, filepath.Join(root, file)) {
			t.Run(file+"/"+line, func(t *testing.T) { d.run(t, line) })
		}
	}
}

type docs struct {
	root, bin, data string
	ssh             func(*testing.T, string) // runs what is not pail in documents that need a server of their own
}

func (d *docs) run(t *testing.T, line string) {
	switch {
	case line == "go run ./cmd/pail demo":
		d.demo(t)
	case goTestLine.MatchString(line):
		d.goTest(t, line)
	case strings.HasPrefix(line, "pail serve "):
		d.serve(t, line)
	case strings.HasPrefix(line, "pail "):
		cmd := command(d.root, "bash", "-c", line)
		cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(d.bin)+string(os.PathListSeparator)+os.Getenv("PATH"), "PAIL_DATA="+d.data,
			"EMAIL=ada@example.com", "TOKEN=ATATT3xFfGF0"+strings.Repeat("x", 171)+"=0123ABCD")
		out, err := cmd.CombinedOutput()
		// The doctor and a scan end with 1 when they find something, which is no failure of theirs.
		finds := strings.HasPrefix(line, "pail doctor ") || strings.HasPrefix(line, "pail migrate ")
		if failed, ok := errors.AsType[*exec.ExitError](err); err != nil && !(ok && finds && failed.ExitCode() == 1) {
			t.Fatalf("%v\n%s", err, out)
		}
	case d.ssh != nil:
		d.ssh(t, line)
	case strings.HasPrefix(line, "curl "):
		d.curl(t, line)
	default:
		t.Fatal("no way to run this")
	}
}

// demo runs the demo until it serves, and interrupts it.
func (d *docs) demo(t *testing.T) {
	cmd := command(d.root, d.bin, "demo", "--addr", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	served := false
	for lines.Scan() {
		if strings.Contains(lines.Text(), "Each reason has a page") && !served {
			served = true
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Error(err)
			}
		}
	}
	if err := cmd.Wait(); err != nil || !served {
		t.Errorf("served: %v, ended with: %v", served, err)
	}
}

var (
	testFlag = regexp.MustCompile(`-(bench|fuzz) '?([^' ]+)'?`)
	// A variable may stand before it.
	goTestLine = regexp.MustCompile(`^([A-Z_]+=\S+ )*go test `)
	testName   = regexp.MustCompile(`^(Test|Benchmark|Fuzz)`)
	packageOf  = regexp.MustCompile(`\./[a-z./]+`)
)

// goTest does not run tests within a test; it checks that what the command names is there.
func (d *docs) goTest(t *testing.T, line string) {
	for _, pkg := range packageOf.FindAllString(line, -1) {
		list := ".*"
		if m := testFlag.FindStringSubmatch(line); m != nil && m[2] != "." {
			list = m[2]
		}
		if strings.HasSuffix(pkg, "...") {
			continue
		}
		if !slices.ContainsFunc(testsOf(t, filepath.Join(d.root, pkg)), regexp.MustCompile(list).MatchString) {
			t.Errorf("%s has nothing that fits %q", pkg, list)
		}
	}
}

// testsOf lists the tests, benchmarks and fuzz targets in a folder.
func testsOf(t *testing.T, dir string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && testName.MatchString(f.Name.Name) {
				names = append(names, f.Name.Name)
			}
		}
	}
	return names
}

// serve runs the command with places and files of this test, until it is healthy, and stops it.
func (d *docs) serve(t *testing.T, line string) {
	w := pailtest.Start(t, pailtest.Options{TLS: true}) // for its certificate
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	_ = ln.Close()
	line = strings.NewReplacer("/var/lib/pail", d.data, ":2222", "127.0.0.1:0", "cert.pem", w.CA, "key.pem", filepath.Join(filepath.Dir(w.CA), "key.pem")).Replace(line)
	cmd := command(d.root, d.bin, append(strings.Fields(strings.TrimPrefix(line, "pail ")), "--addr", addr)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for healthy := false; !healthy; {
		r, _ := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+addr+"/healthz", nil)
		res, err := w.Client.Do(r)
		if ctx.Err() != nil {
			t.Fatal("it does not get healthy")
		}
		if err == nil {
			_ = res.Body.Close()
			healthy = res.StatusCode == http.StatusOK
		}
	}
	_ = cmd.Process.Signal(os.Interrupt)
	if err := cmd.Wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
}

// curl runs the line against a server, with the variables of the demo.
func (d *docs) curl(t *testing.T, line string) {
	w := pailtest.Start(t, pailtest.Options{})
	a := w.Account("admin")
	cmd := command(d.root, "bash", "-c", strings.Replace(line, "curl ", "curl -sSf ", 1))
	cmd.Env = append(os.Environ(), "URL="+w.URL, "WEB="+w.URL, "API="+w.URL+"/2.0", "EMAIL="+a.Email, "PASSWORD="+pailtest.Password, "TOKEN="+w.Secret(a, "read:user"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// build makes pail with the settings that the tests are built with, from packages that are compiled already.
func build(t *testing.T, root, file string) {
	t.Helper()
	cmd := command(root, "go", "build", "-o", file, "./cmd/pail")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func command(dir, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	return cmd
}

// shellLines are the lines of a document's blocks of shell.
func shellLines(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	in := false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "```sh":
			in = true
		case strings.HasPrefix(line, "```"):
			in = false
		case in && line != "":
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		t.Fatalf("%s shows no command", path)
	}
	return lines
}
