package migrate

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// fixed is a text after Fix with Write, under a name, and what a scan still finds that could be fixed.
func fixed(t interface {
	Fatalf(string, ...any)
}, dir, name string, raw []byte) []byte {
	path := filepath.Join(dir, filepath.FromSlash(name))
	_ = os.MkdirAll(filepath.Dir(path), 0o700)
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatalf("%v", err)
	}
	changes, _, err := Fix(context.Background(), []string{path}, Options{})
	if err != nil {
		t.Fatalf("%v", err)
	}
	for i := range changes {
		if err := changes[i].Write(); err != nil || !changes[i].Written {
			t.Fatalf("not written: %v %s", err, changes[i].Refused)
		}
	}
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return after
}

func TestFix(t *testing.T) {
	for _, c := range []struct{ name, file, before, after string }{
		{"remote", ".git/config", "[remote \"origin\"]\n\turl = https://ada:@APP@@bitbucket.org/acme/widgets.git\n", "[remote \"origin\"]\n\turl = https://bitbucket.org/acme/widgets.git\n"},
		{"remote with CRLF and without a last newline", ".git/config", "[remote \"origin\"]\r\n\turl = https://ada:@APP@@bitbucket.org/acme/widgets.git", "[remote \"origin\"]\r\n\turl = https://bitbucket.org/acme/widgets.git"},
		{"an e-mail with an @ in a remote", ".git/config", "[remote \"o\"]\nurl = https://ada@acme.io:@API@@bitbucket.org/acme/w.git\n", "[remote \"o\"]\nurl = https://bitbucket.org/acme/w.git\n"},
		{"remote of another host", ".git/config", "[remote \"o\"]\nurl = https://ada:@OLD@@git.example.com/acme/w.git\n", "[remote \"o\"]\nurl = https://ada:@OLD@@git.example.com/acme/w.git\n"},
		{"user alone", ".git/config", "[remote \"o\"]\nurl = https://ada@bitbucket.org/acme/w.git\n", "[remote \"o\"]\nurl = https://ada@bitbucket.org/acme/w.git\n"},
		{"insteadOf is left", ".gitconfig", "[url \"https://ada:@APP@@bitbucket.org/\"]\n\tinsteadOf = bb:\n", "[url \"https://ada:@APP@@bitbucket.org/\"]\n\tinsteadOf = bb:\n"},
		{"recipe in a script", "a.sh", "B=$(echo -n \"$BITBUCKET_EMAIL:$TOKEN\" | base64)\n", "B=$(echo -n \"$BITBUCKET_EMAIL:$TOKEN\" | base64 | tr -d '\\n')\n"},
		{"recipe in a pipeline", ".gitlab-ci.yml", "a:\n  script:\n    - B=$(echo -n \"$BITBUCKET_EMAIL:$TOKEN\" | base64)\r\n", "a:\n  script:\n    - B=$(echo -n \"$BITBUCKET_EMAIL:$TOKEN\" | base64 -w0)\r\n"},
		{"openssl", "a.sh", "B=$(printf '%s' \"$BITBUCKET_EMAIL:$TOKEN\" | openssl base64)\n", "B=$(printf '%s' \"$BITBUCKET_EMAIL:$TOKEN\" | openssl base64 -A)\n"},
		{"recipe for somebody else", "a.sh", "# bitbucket\nB=$(echo -n \"$REGISTRY_USER:$TOKEN\" | base64)\n", "# bitbucket\nB=$(echo -n \"$REGISTRY_USER:$TOKEN\" | base64)\n"},
		{"bearer", "a.sh", "EMAIL=ada@acme.io\ncurl -H \"Authorization: Bearer $API_TOKEN\" https://api.bitbucket.org/2.0/user\n", "EMAIL=ada@acme.io\ncurl --user \"$EMAIL:$API_TOKEN\" https://api.bitbucket.org/2.0/user\n"},
		{"bearer with braces over lines", "a.sh", "EMAIL=a@b.io\ncurl -s \\\n  --header \"Authorization: Bearer ${API_TOKEN}\" \\\n  https://api.bitbucket.org/2.0/user\n", "EMAIL=a@b.io\ncurl -s \\\n  --user \"$EMAIL:${API_TOKEN}\" \\\n  https://api.bitbucket.org/2.0/user\n"},
		{"bearer without a known e-mail", "a.sh", "curl -H \"Authorization: Bearer $API_TOKEN\" https://api.bitbucket.org/2.0/user\n", "curl -H \"Authorization: Bearer $API_TOKEN\" https://api.bitbucket.org/2.0/user\n"},
		{"bearer with two e-mails", "a.sh", "A_EMAIL=x\nB_EMAIL=y\ncurl -H \"Authorization: Bearer $API_TOKEN\" https://api.bitbucket.org/2.0/user\n", "A_EMAIL=x\nB_EMAIL=y\ncurl -H \"Authorization: Bearer $API_TOKEN\" https://api.bitbucket.org/2.0/user\n"},
		{"bearer of an access token", "a.sh", "EMAIL=x\ncurl -H \"Authorization: Bearer $ACCESS_TOKEN\" https://api.bitbucket.org/2.0/user\n", "EMAIL=x\ncurl -H \"Authorization: Bearer $ACCESS_TOKEN\" https://api.bitbucket.org/2.0/user\n"},
		{"bearer in single quotation marks", "a.sh", "EMAIL=x\ncurl -H 'Authorization: Bearer $API_TOKEN' https://api.bitbucket.org/2.0/user\n", "EMAIL=x\ncurl -H 'Authorization: Bearer $API_TOKEN' https://api.bitbucket.org/2.0/user\n"},
		{"bearer to somebody else", "a.sh", "EMAIL=x\ncurl -H \"Authorization: Bearer $API_TOKEN\" https://api.github.com/user # bitbucket\n", "EMAIL=x\ncurl -H \"Authorization: Bearer $API_TOKEN\" https://api.github.com/user # bitbucket\n"},
		{"behind a byte order mark", "a.sh", "\uFEFFB=$(echo -n \"$BITBUCKET_EMAIL:$TOKEN\" | base64)\n", "\uFEFFB=$(echo -n \"$BITBUCKET_EMAIL:$TOKEN\" | base64 | tr -d '\\n')\n"},
		{"in a comment", "a.sh", "# B=$(echo -n \"$BITBUCKET_EMAIL:$TOKEN\" | base64)\n", "# B=$(echo -n \"$BITBUCKET_EMAIL:$TOKEN\" | base64)\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, code := range []encoding{plain, utf16LE, utf16BE} {
				if code != plain && strings.HasPrefix(c.before, "\uFEFF") {
					continue
				}
				got := fixed(t, dir, c.file, code.encode(filled(c.before)))
				if d := cmp.Diff(string(code.encode(filled(c.after))), string(got)); d != "" {
					t.Errorf("encoding %d (-want +got):\n%s", code, d)
				}
			}
		})
	}
}

// TestFixOnce: fixing again changes nothing, and a scan no longer finds what was fixed.
func TestFixOnce(t *testing.T) {
	dir := t.TempDir()
	piece := rapid.SampledFrom([]string{
		"url = https://ada:@APP@@bitbucket.org/acme/w.git", "pushurl = https://a%40b.io:@API@@bitbucket.org/x/y", "[remote \"origin\"]", "[submodule \"a b\"]",
		"B=$(echo -n \"$BITBUCKET_USER:$P\" | base64)", "B=`printf '%s' \"$BB_USER:$P\" | base64 -`", "echo \"$BITBUCKET_USER:$P\" | base64 > x", "echo -n \"$BB_U:$P\" | openssl base64",
		"curl -H \"Authorization: Bearer $API_TOKEN\" https://api.bitbucket.org/2.0/user", "EMAIL=a@b.io", "A_EMAIL=b", "curl -sH \"Authorization: Bearer $API_TOKEN\" https://api.bitbucket.org/2.0/user",
		"curl --header \"Authorization: Bearer @API@\" https://api.bitbucket.org/2.0/user", "curl -H \"Authorization: Basic $(echo -n $EMAIL:$T | base64)\" https://api.bitbucket.org/2.0/user",
		"\\", "# bitbucket", "'", "\"", "  ", "run: |", "ä€",
	})
	name := rapid.SampledFrom([]string{".git/config", ".gitmodules", "a.sh", "Makefile", "Dockerfile", ".gitlab-ci.yml", "Jenkinsfile", "a.txt"})
	rapid.Check(t, func(t *rapid.T) {
		file := name.Draw(t, "file")
		text := filled(strings.Join(rapid.SliceOfN(piece, 1, 10).Draw(t, "pieces"), rapid.SampledFrom([]string{"\n", "\r\n", "\n\t"}).Draw(t, "end")))
		code := rapid.SampledFrom([]encoding{plain, marked, utf16LE, utf16BE}).Draw(t, "encoding")
		once := fixed(t, dir, file, code.encode(text))
		if twice := fixed(t, dir, file, once); string(twice) != string(once) {
			t.Fatalf("fixed twice:\n%q\nonce:\n%q", twice, once)
		}
		result, err := Scan(context.Background(), []string{filepath.Join(dir, filepath.FromSlash(file))}, Options{})
		if err != nil {
			t.Fatalf("%v", err)
		}
		for _, f := range result.Findings {
			if f.Fixable {
				t.Fatalf("still found: %+v in\n%s", f, code.decode(once))
			}
		}
	})
}

const fixable = "B=$(echo -n \"$BITBUCKET_EMAIL:$TOKEN\" | base64)\n"

// planned is a change of one file in a folder that was named.
func planned(t *testing.T, named string) *Change {
	t.Helper()
	changes, _, err := Fix(t.Context(), []string{named}, Options{})
	if err != nil || len(changes) != 1 {
		t.Fatalf("%d changes, %v", len(changes), err)
	}
	return &changes[0]
}

func TestWriteKeeps(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.sh")
	put(t, path, fixable)
	if err := os.Chmod(path, 0o750); err != nil {
		t.Fatal(err)
	}
	before, _ := os.Stat(path)
	if err := planned(t, dir).Write(); err != nil {
		t.Fatal(err)
	}
	after, _ := os.Stat(path)
	if before.Mode() != after.Mode() {
		t.Errorf("mode %v became %v", before.Mode(), after.Mode())
	}
	entries, _ := os.ReadDir(dir)
	if len(entries) != 1 {
		t.Errorf("something was left: %v", entries)
	}
}

func TestWriteRefuses(t *testing.T) {
	for _, c := range []struct {
		name, says string
		do         func(t *testing.T, dir string) (named string, between func())
	}{
		{"a file that changed", "changed since", func(t *testing.T, dir string) (string, func()) {
			return dir, func() { put(t, filepath.Join(dir, "a.sh"), fixable+"# more\n") }
		}},
		{"a named link", "symbolic link", func(t *testing.T, dir string) (string, func()) {
			link := filepath.Join(t.TempDir(), "link.sh")
			symlink(t, filepath.Join(dir, "a.sh"), link)
			return link, func() {}
		}},
		{"a file that became a link", "symbolic link", func(t *testing.T, dir string) (string, func()) {
			return dir, func() {
				other := filepath.Join(t.TempDir(), "other.sh")
				put(t, other, fixable)
				os.Remove(filepath.Join(dir, "a.sh"))
				symlink(t, other, filepath.Join(dir, "a.sh"))
			}
		}},
		{"a folder that became a link", "symbolic link", func(t *testing.T, dir string) (string, func()) {
			os.Remove(filepath.Join(dir, "a.sh"))
			put(t, filepath.Join(dir, "sub", "a.sh"), fixable)
			return dir, func() {
				other := t.TempDir()
				put(t, filepath.Join(other, "a.sh"), fixable)
				os.RemoveAll(filepath.Join(dir, "sub"))
				symlink(t, other, filepath.Join(dir, "sub"))
			}
		}},
		{"a file with two names", "another name", func(t *testing.T, dir string) (string, func()) {
			if runtime.GOOS == "windows" {
				t.Skip("the number of names is not looked at")
			}
			if err := os.Link(filepath.Join(dir, "a.sh"), filepath.Join(t.TempDir(), "b.sh")); err != nil {
				t.Skip(err)
			}
			return dir, func() {}
		}},
		{"git's lock", "config.lock exists", func(t *testing.T, dir string) (string, func()) {
			os.Remove(filepath.Join(dir, "a.sh"))
			put(t, filepath.Join(dir, ".git", "config"), filled("[remote \"o\"]\nurl = https://ada:@APP@@bitbucket.org/a/b.git\n"))
			return dir, func() { put(t, filepath.Join(dir, ".git", "config.lock"), "") }
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, filepath.Join(dir, "a.sh"), fixable)
			named, between := c.do(t, dir)
			change := planned(t, named)
			between()
			before := tree(t, dir)
			if err := change.Write(); err != nil {
				t.Fatal(err)
			}
			if change.Written || !strings.Contains(change.Refused, c.says) {
				t.Errorf("written %t, refused %q, want %q", change.Written, change.Refused, c.says)
			}
			if d := cmp.Diff(before, tree(t, dir)); d != "" {
				t.Errorf("changed all the same:\n%s", d)
			}
		})
	}
}

func symlink(t *testing.T, to, at string) {
	t.Helper()
	if err := os.Symlink(to, at); err != nil {
		t.Skip(err)
	}
}

// tree is every file below a folder with its content.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if e.Type()&fs.ModeSymlink != 0 {
			out[path], err = os.Readlink(path)
			return err
		}
		text, err := os.ReadFile(path)
		out[path] = fmt.Sprintf("%s %s", e.Type(), text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestDiffHidesSecrets: no secret of the tree is in a diff.
func TestDiffHidesSecrets(t *testing.T) {
	dir := t.TempDir()
	plant(t, "testdata/tree.txtar", dir)
	put(t, filepath.Join(dir, "more.sh"), filled("EMAIL=x\ncurl -H \"X-Api-Key: s3cr3tOfAnother1\" -H \"Authorization: Bearer @API@\" -x https://p:pr0xyPassword@proxy.example.com https://api.bitbucket.org/2.0/user\n"))
	changes, _, err := Fix(t.Context(), []string{dir}, Options{})
	if err != nil || len(changes) < 8 {
		t.Fatalf("%d changes, %v", len(changes), err)
	}
	for _, c := range changes {
		for _, secret := range append(secretsOfTests, "s3cr3tOfAnother1", "pr0xyPassword") {
			if strings.Contains(c.Diff, secret) {
				t.Errorf("%s shows a secret:\n%s", c.File, c.Diff)
			}
		}
		if !strings.Contains(c.Diff, "\n-") || !strings.Contains(c.Diff, "\n+") {
			t.Errorf("%s: no diff:\n%s", c.File, c.Diff)
		}
	}
}
