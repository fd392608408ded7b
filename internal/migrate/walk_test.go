package migrate

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const envLine = "BITBUCKET_APP_PASSWORD=@OLD@\n"

func found(t *testing.T, o Options, paths ...string) ([]string, Coverage) {
	t.Helper()
	r, err := Scan(t.Context(), paths, o)
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, f := range r.Findings {
		files = append(files, filepath.Base(f.File))
	}
	slices.Sort(files)
	return slices.Compact(files), r.Coverage
}

// TestWalk: what is read, what is left out and counted, and what is read all the same.
func TestWalk(t *testing.T) {
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	config := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", config)
	put(t, filepath.Join(config, "git", "ignore"), "user-*\n")
	dir := gitRepository(t)
	outside := t.TempDir()
	line := filled(envLine)
	put(t, filepath.Join(outside, "outside.env"), line)
	for name, text := range map[string]string{
		"a.env": line, "ignored.env": line, "user-own.env": line, "excluded.env": line, "sub/deep/below.env": line, "sub/kept.env": line,
		"node_modules/x/vendored.env": line, ".gitignore": "ignored.env\n*.env.bak\n", "sub/.gitignore": "deep/\n!kept.env\n", ".git/info/exclude": "excluded.env\n",
		"binary.env": line + "\x00\x01\x00", "huge.env": line + strings.Repeat("#", maxFile), "plain.txt": "nothing\n", "empty": "",
		"inner/.git/config": "[core]\n", "inner/ignored.env": line,
	} {
		put(t, filepath.Join(dir, filepath.FromSlash(name)), text)
	}
	links := 0
	if os.Symlink(outside, filepath.Join(dir, "link")) == nil && os.Symlink("a.env", filepath.Join(dir, "again.env")) == nil {
		links = 2
	}
	git := exec.Command("git", "check-ignore", "ignored.env", "user-own.env", "excluded.env", "sub/deep/below.env")
	git.Dir = dir
	if out, err := git.CombinedOutput(); err != nil || strings.Count(string(out), "\n") != 4 {
		t.Fatalf("git would not leave these out: %v\n%s", err, out)
	}

	files, c := found(t, Options{}, dir)
	if d := cmp.Diff([]string{"a.env", "ignored.env", "kept.env"}, files); d != "" {
		t.Errorf("with ignores (ignored.env is another repository's; -want +got):\n%s", d)
	}
	want := Coverage{Files: c.Files, Ignored: 4, Vendored: 1, Binary: 1, Huge: 1, Links: links, Unread: []Unread{}}
	if d := cmp.Diff(want, c); d != "" {
		t.Errorf("coverage (-want +got):\n%s", d)
	}
	files, c = found(t, Options{NoIgnore: true}, dir)
	if d := cmp.Diff([]string{"a.env", "below.env", "excluded.env", "ignored.env", "kept.env", "user-own.env", "vendored.env"}, files); d != "" || c.Ignored+c.Vendored != 0 {
		t.Errorf("without ignores (-want +got):\n%s%+v", d, c)
	}
	files, _ = found(t, Options{}, filepath.Join(dir, "ignored.env"), filepath.Join(dir, "sub"), filepath.Join(dir, "sub", "kept.env"))
	if d := cmp.Diff([]string{"ignored.env", "kept.env"}, files); d != "" {
		t.Errorf("named (-want +got):\n%s", d)
	}
	if links > 0 {
		files, _ = found(t, Options{}, filepath.Join(dir, "link"))
		if d := cmp.Diff([]string{"outside.env"}, files); d != "" {
			t.Errorf("a link that is named is followed (-want +got):\n%s", d)
		}
	}
	files, c = found(t, Options{}, filepath.Join(dir, "nowhere"), filepath.Join(dir, "a.env"))
	if len(files) != 1 || len(c.Unread) != 1 {
		t.Errorf("a path that is not there: %v %+v", files, c)
	}
}

// TestUnreadable: a file that cannot be read is reported, and the scan goes on.
func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	if runtime.GOOS == "linux" { // a file that opens, also for root, and cannot be read
		put(t, filepath.Join(dir, "b.env"), filled(envLine))
		if files, c := found(t, Options{}, "/proc/self/mem", dir); len(files) != 1 || len(c.Unread) != 1 || c.Unread[0].Path != "/proc/self/mem" {
			t.Errorf("%v %+v", files, c)
		}
	}
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		return // everything else can be read here
	}
	put(t, filepath.Join(dir, "a.env"), filled(envLine))
	put(t, filepath.Join(dir, "b.env"), filled(envLine))
	if err := os.Chmod(filepath.Join(dir, "a.env"), 0); err != nil {
		t.Fatal(err)
	}
	files, c := found(t, Options{}, dir)
	if len(files) != 1 || len(c.Unread) != 1 || !strings.HasSuffix(c.Unread[0].Path, "a.env") {
		t.Errorf("%v %+v", files, c)
	}
}

// TestEncodings: the same finding at the same place, whatever the file's encoding and line ends.
func TestEncodings(t *testing.T) {
	text := "# Überschrift\r\n$x = 1\r\n$env:BITBUCKET_APP_PASSWORD = \"@OLD@\"\r\n"
	for _, code := range []encoding{plain, marked, utf16LE, utf16BE, bareLE} {
		dir := t.TempDir()
		path := filepath.Join(dir, "a.ps1")
		raw := code.encode(filled(text))
		if code == bareLE {
			raw = code.encode(strings.ReplaceAll(filled(text), "Ü", "U"))
		}
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := encodingOf(raw); got != code {
			t.Errorf("encoding %d was taken for %d", code, got)
		}
		r, err := Scan(t.Context(), []string{path}, Options{})
		if err != nil || len(r.Findings) != 1 || r.Findings[0].Line != 3 || r.Findings[0].Column != 1 {
			t.Errorf("encoding %d: %+v %v", code, r.Findings, err)
		}
	}
}

// fuzzNames are files of every kind.
var fuzzNames = []string{".git/config", ".netrc", ".git-credentials", ".env", "a.sh", "a.ps1", "Makefile", "Dockerfile", "a.yaml", "bitbucket-pipelines.yml",
	"renovate.json", "config.js", "main.tf", "config.xml", "credentials.xml", "Jenkinsfile", "a.py", "a.go", "README.md", "package-lock.json", "a"}

// FuzzInspect: any bytes under any name end in findings that stand in the file, in a bounded time and without a panic,
// not even one that is caught.
func FuzzInspect(f *testing.F) {
	for _, archive := range []string{"testdata/tree.txtar"} {
		text, err := os.ReadFile(archive)
		if err != nil {
			f.Fatal(err)
		}
		for i, part := range strings.Split(filled(string(text)), "\n-- ") {
			_, body, _ := strings.Cut(part, " --\n")
			f.Add(i, []byte(body))
		}
	}
	f.Add(3, []byte("https://bitbucket.org@bitbucket.org:bitbucket.org/${{${{"))
	f.Fuzz(func(t *testing.T, n int, raw []byte) {
		if len(raw) > 64<<10 {
			return
		}
		code := encodingOf(raw)
		if code == binaryFile {
			return
		}
		d := newDocument(fuzzNames[(n%len(fuzzNames)+len(fuzzNames))%len(fuzzNames)], code.decode(raw))
		began := time.Now()
		uses := inspect(d)
		for _, one := range findings(d, uses) {
			if one.Line < 1 || one.Line > len(d.starts) || one.Column < 1 {
				t.Fatalf("finding outside of the file: %+v", one)
			}
		}
		for _, u := range uses {
			caseOf(d, u)
			for _, e := range u.edits {
				if e.start < 0 || e.start > e.end || e.end > len(d.text) {
					t.Fatalf("edit outside of the file: %+v", e)
				}
			}
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Fatalf("took %s for %d bytes", took, len(raw))
		}
	})
}

// limitScan is how long reading 100,000 files may take on two cores.
const limitScan = 10 * time.Second

// BenchmarkScan reads a tree of 100,000 files, of which one in a hundred has something to find. The figure of-limit is
// the share of the limit that one scan takes.
func BenchmarkScan(b *testing.B) {
	dir := b.TempDir()
	const files, perFolder = 100_000, 200
	source := strings.Repeat("func add(a, b int) int { return a + b } // some code that has nothing to do with it\n", 40)
	for i := range files {
		folder := filepath.Join(dir, fmt.Sprintf("d%02d", i/perFolder/20), fmt.Sprintf("e%03d", i/perFolder))
		if i%perFolder == 0 {
			if err := os.MkdirAll(folder, 0o700); err != nil {
				b.Fatal(err)
			}
			put(b, filepath.Join(folder, ".gitignore"), "*.log\n/build/\n")
		}
		name, text := fmt.Sprintf("f%d.go", i), source
		if i%100 == 0 {
			name, text = fmt.Sprintf("f%d.sh", i), "curl -u \"$BB_USER:$BB_APP_PASSWORD\" https://api.bitbucket.org/2.0/user\n"+source
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	for range b.N {
		r, err := Scan(b.Context(), []string{dir}, Options{})
		if err != nil || len(r.Findings) != files/100 {
			b.Fatalf("%d findings, %v", len(r.Findings), err)
		}
	}
	b.ReportMetric(float64(b.Elapsed()/time.Duration(b.N))/float64(limitScan), "of-limit")
}
