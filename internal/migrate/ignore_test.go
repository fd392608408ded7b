package migrate

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
	"pgregory.net/rapid"
)

// gitIgnores asks git itself which of the paths a .gitignore leaves out. Folders have a slash at the end; all are made.
func gitIgnores(t interface{ Fatalf(string, ...any) }, dir, patterns string, paths []string) map[string]bool {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if e.Name() != ".git" {
			os.RemoveAll(filepath.Join(dir, e.Name()))
		}
	}
	for _, p := range paths {
		if name, folder := strings.CutSuffix(p, "/"); folder {
			os.MkdirAll(filepath.Join(dir, name), 0o700)
		} else if os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700) == nil {
			os.WriteFile(filepath.Join(dir, name), nil, 0o600)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, ".gitignore"), []byte(patterns), 0o600); err != nil {
		t.Fatalf("%v", err)
	}
	c := exec.Command("git", "-c", "core.excludesFile=", "-c", "core.ignoreCase=false", "check-ignore", "--no-index", "--verbose", "--non-matching", "-z", "--stdin")
	c.Dir = dir
	c.Stdin = strings.NewReader(strings.ReplaceAll(strings.Join(paths, "\x00")+"\x00", "/\x00", "\x00"))
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil && c.ProcessState.ExitCode() != 1 {
		t.Fatalf("git check-ignore: %v\n%s", err, errs.String())
	}
	ignored := map[string]bool{}
	fields := strings.Split(out.String(), "\x00")
	for i := 0; i+3 < len(fields); i += 4 {
		pattern, path := fields[i+2], fields[i+3]
		ignored[path] = pattern != "" && !strings.HasPrefix(pattern, "!")
	}
	return ignored
}

// consistent keeps the paths of which none is a file in one place and a folder in another.
func consistent(paths []string) []string {
	folders, files := map[string]bool{}, map[string]bool{}
	var out []string
next:
	for _, p := range paths {
		name, folder := strings.CutSuffix(p, "/")
		for i, c := range name {
			if c == '/' && files[name[:i]] {
				continue next
			}
		}
		if files[name] || folders[name] {
			continue
		}
		for i, c := range name {
			if c == '/' {
				folders[name[:i]] = true
			}
		}
		if folder {
			folders[name] = true
		} else {
			files[name] = true
		}
		out = append(out, p)
	}
	return out
}

// ours answers the same as git: with the folders above looked at first.
func ours(g *ignores, path string) bool {
	name, folder := strings.CutSuffix(path, "/")
	for i, c := range name {
		if c == '/' && g.match(name[:i], true) {
			return true
		}
	}
	return g.match(name, folder)
}

func gitRepository(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		pailtest.Skip(t, "git", "no git on this machine")
	}
	dir := t.TempDir()
	if out, err := exec.Command("git", "init", "-q", dir).CombinedOutput(); err != nil {
		t.Fatalf("git init: %v\n%s", err, out)
	}
	return dir
}

// TestIgnoreLikeGit compares with git on the cases that matching libraries get wrong.
func TestIgnoreLikeGit(t *testing.T) {
	dir := gitRepository(t)
	paths := consistent([]string{
		"b", "foo/bar/baz", "x/foo/bar", "x/y/foo", "z/foo", "empty/foo/", "foo.txt", "foo.log", "x/foo.log",
		".env", "x/.env", ".env.local", "a.env", "build/", "build/out", "src/build/", "src/build/out", "src/build", "a b", "a b ", "trail ", "trail",
		"#hash", "!bang", "doc/frotz", "doc/x/frotz", "a/b", "a/x/b", "a/x/y/b", "ab", "a/x/y/", "[x]", "x", "-", "]", "a-b", "\\", "back\\slash", "ä", "x.ä",
		"A", "FOO", "foobar", "foobar/baz", "1", "9z", "logs/debug.log", "logs/monday/foo.bar", "very/deep/in/the/tree/of/it.txt",
	})
	for _, patterns := range []string{
		"foo", "foo/", "/foo", "foo/bar", "/foo/*", "foo/*\n!foo/bar", "foo/\n!foo/bar", "*.log\n!foo.log", "**/foo", "foo/**", "**/foo/**", "a/**/b", "a/**b", "a**/b", "**",
		"*", "*\n!*/\n!*.txt", "build/", "/build/", "build", "src/build/", ".env*", ".env", "[a-c]", "[!a-c]", "[^a]", "[]]", "[]-]", "[!]a-]", "[a", "a[", "[[:digit:]]*", "[[:nope:]]", "[[:upper:]]",
		"[x]", "\\[x\\]", "a b", "a b ", "a b\\ ", "trail\\ ", "trail ", "trail", "\\#hash", "#hash", "\\!bang", "!bang", "foo\r", "doc/*", "doc/*/frotz", "?", "a?b", "f?o/bar", "*/foo", "/*/foo",
		"/", "//", "foo//", "\\", "foo\\", "f\\oo", "*foo*", "*o*o*", "foo*", "/*\n!/src\n/src/*\n!/src/build", "\uFEFFfoo", "ä", "*.ä", "?.?", "[a-]", "[--a]", "[\\]]", "[\\\\]", "back\\\\slash",
		"foo/bar/", "x/**/", "**/", "/**", "***", "**/*.log", "logs/**/debug.log", "very/**/*.txt", "**foo", "foo**", "foo**bar", "{a,b}", "\\a", " foo", "!", "!foo\nfoo", "foo\n!foo/", "[[:space:][:alpha:]]",
	} {
		want := gitIgnores(t, dir, patterns, paths)
		var none *ignores
		g := none.with("", patterns)
		for _, p := range paths {
			if got := ours(g, p); got != want[strings.TrimSuffix(p, "/")] {
				t.Errorf(".gitignore %q, path %q: left out %t, git says %t", patterns, p, got, want[strings.TrimSuffix(p, "/")])
			}
		}
	}
}

// TestIgnoreProperty compares with git on patterns and paths of few letters, which collide a lot.
func TestIgnoreProperty(t *testing.T) {
	dir := gitRepository(t)
	piece := rapid.SampledFrom([]string{"a", "b", "ab", "*", "**", "?", "[ab]", "[!a]", "/", "/", "\\a", ".", "a*", "*b", "[a-b]"})
	line := rapid.Custom(func(t *rapid.T) string {
		bang := rapid.SampledFrom([]string{"", "", "", "!"}).Draw(t, "bang")
		return bang + strings.Join(rapid.SliceOfN(piece, 1, 5).Draw(t, "pieces"), "")
	})
	name := rapid.StringMatching(`[ab.]{1,3}`).Filter(func(s string) bool { return strings.Trim(s, ".") != "" })
	path := rapid.Custom(func(t *rapid.T) string {
		p := strings.Join(rapid.SliceOfN(name, 1, 4).Draw(t, "names"), "/")
		return p + rapid.SampledFrom([]string{"", "/"}).Draw(t, "end")
	})
	rapid.Check(t, func(t *rapid.T) {
		patterns := strings.Join(rapid.SliceOfN(line, 1, 4).Draw(t, "lines"), "\n")
		paths := consistent(rapid.SliceOfNDistinct(path, 1, 30, rapid.ID[string]).Draw(t, "paths"))
		want := gitIgnores(t, dir, patterns, paths)
		var none *ignores
		g := none.with("", patterns)
		for _, p := range paths {
			if got := ours(g, p); got != want[strings.TrimSuffix(p, "/")] {
				t.Fatalf(".gitignore %q, path %q: left out %t, git says %t", patterns, p, got, want[strings.TrimSuffix(p, "/")])
			}
		}
	})
}

func FuzzWildmatch(f *testing.F) {
	for _, s := range []string{"*a*a*a*b", "[[:alpha:]", "**/**/x", "\\", "[!", "[a-\\]"} {
		f.Add(s, strings.Repeat("a", 40)+"/x")
	}
	f.Fuzz(func(t *testing.T, glob, text string) {
		var none *ignores
		none.with("", glob).match(text, len(text)%2 == 0)
		_ = fmt.Sprint(wildmatch(glob, text))
	})
}
