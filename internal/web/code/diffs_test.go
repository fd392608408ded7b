package code_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/web/webtest"
)

// push brings what was committed in a clone.
func push(w *pailtest.World, dir string, refs ...string) {
	w.T.Helper()
	w.Git(dir, append([]string{"push", "--quiet", w.Remote("x-bitbucket-api-token-auth", w.Secret(w.Admin, "read:repository", "write:repository"), "acme/widgets")}, refs...)...)
}

// write writes files, without a commit.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		full := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDiff: what happens to files is shown as what it is, below each other and side by side.
func TestDiff(t *testing.T) {
	t.Parallel()
	s := pailtest.Start(t, pailtest.Options{})
	w := s.World()
	dir := w.Push(1)
	b := webtest.As(s, w.Admin)
	long := strings.Repeat("x\n", 1500)
	write(t, dir, map[string]string{"moved": "same\nsame\nsame\n", "script": "run\n", "gone": "bye\n", "bin": "a\x00b", "type": "was a file\n", "<b>.txt": "one\ntwo\nthree\n"})
	w.Git(dir, "add", ".")
	w.Git(dir, "commit", "--quiet", "-m", "Before")
	for old, now := range map[string]string{"moved": "moved-here"} {
		w.Git(dir, "mv", old, now)
	}
	w.Git(dir, "rm", "--quiet", "gone", "type")
	if err := os.Chmod(filepath.Join(dir, "script"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("script", filepath.Join(dir, "type")); err != nil {
		t.Fatal(err)
	}
	write(t, dir, map[string]string{"bin": "a\x00c", "empty": "", "long.txt": long, "<b>.txt": "one\n<script>2</script>\u202e\nthree", "with space": "\r\n", "huge.txt": strings.Repeat("y\n", 30_000)})
	w.Git(dir, "add", ".")
	w.Git(dir, "commit", "--quiet", "-m", "After")
	push(w, dir, "main")
	hash := w.Git(dir, "rev-parse", "HEAD")
	at := "/acme/widgets/commit/" + hash
	for _, query := range []string{"", "?view=split"} {
		r := b.See(at + query)
		silent(t, r, "<script>2", "\u202e", "<b>")
		says(t, r, "10 files", "moved → moved-here", "The file has another name, and the same contents.", "a file → executable", "The contents are the same.", "The file is binary.", "The file is empty.", "another type",
			"bye", "deleted", "added", "no line break at the end", "U+202E", "1 character here changes", "The changes in this file are not shown among so many. Show this file alone")
		has(t, r, "&lt;script&gt;2&lt;/script&gt;", `href="/acme/widgets/src/`+hash+`/%3Cb%3E.txt"`)
		alone := regexp.MustCompile(`href="([^"]*path=long.txt[^"]*)"`).FindStringSubmatch(r.Body)
		if alone == nil {
			t.Fatalf("no way to the file alone\n%s", r.Body)
		}
		one := b.See(strings.ReplaceAll(alone[1], "&amp;", "&"))
		says(t, one, "One file of several.", "+1500")
		if n := strings.Count(one.Body, "<td>1500</td>"); n != 1 {
			t.Errorf("%s: line 1500 is there %d times", one.Path, n)
		}
		if query != "" && !strings.Contains(one.Body, `class="diff split"`) {
			t.Error("it is not side by side any more")
		}
	}
	unified, split := b.See(at), b.See(at+"?view=split")
	has(t, unified, `<tr class="d"><td>2</td><td></td><td>two</td></tr>`, `<tr><td>1</td><td>1</td><td>one</td></tr>`)
	has(t, split, `<tr><td>2</td><td class="d">two</td><td>2</td><td class="a">&lt;script&gt;2&lt;/script&gt;<span class="odd">U+202E</span></td></tr>`, `<tr><td>1</td><td>one</td><td>1</td><td>one</td></tr>`)
	says(t, b.See(at+"?path=huge.txt"), "The changes in this file are too many to be shown here.")
	says(t, b.See(at+"?path=nope"), "Nothing differs.")
	for _, path := range []string{"..%2Fx", "a%00", ".git", "%FF%0A"} {
		wants(t, b.Get(at+"?path="+path), 404, "revision.not_found")
	}
	wants(t, b.Get(at+"?path=a&path=b&path=c"), 400, "query.invalid")
	says(t, b.See("/acme/widgets/commit/"+w.Git(dir, "rev-list", "--max-parents=0", "HEAD")), "file.txt", "+1")
}

// TestManyFiles: a difference of many files comes in parts, and no page holds more than a part.
func TestManyFiles(t *testing.T) {
	t.Parallel()
	s := pailtest.Start(t, pailtest.Options{})
	w := s.World()
	dir := w.Push(1)
	files := map[string]string{}
	for i := range 250 {
		files[fmt.Sprintf("f%03d.txt", i)] = strings.Repeat(fmt.Sprintf("line of %d\n", i), 100)
	}
	commit(w, dir, "Much", files)
	b := webtest.As(s, w.Admin)
	at := "/acme/widgets/commit/main"
	r := b.See(at)
	says(t, r, "250 files", "+25000", "f099.txt", "Next")
	silent(t, r, "f100.txt")
	if lines := strings.Count(r.Body, `<tr class="a">`); lines < 2000 || lines > 3000 || len(r.Body) > 600<<10 {
		t.Errorf("%d lines in %d bytes", lines, len(r.Body))
	}
	last := b.See(at + "?page=3&view=split")
	says(t, last, "f200.txt", "f249.txt", "line of 200")
	silent(t, last, "f199.txt", "Next<")
	if strings.Count(last.Body, `class="change"`) != 50 {
		t.Errorf("%d files", strings.Count(last.Body, `class="change"`))
	}
}

// TestDiffAgreesWithGit: of random changes, each page shows as many lines of each file as git counts.
func TestDiffAgreesWithGit(t *testing.T) {
	t.Parallel()
	s := pailtest.Start(t, pailtest.Options{})
	w := s.World()
	dir := w.Push(1)
	r := rand.New(rand.NewPCG(3, 4))
	names := []string{"a", "b c", "d/\"e\"", "d/caf\u00e9", "latin\xe9", "tab\tx", "-x", "d/f"}
	for i := range 12 {
		for _, name := range names {
			full := filepath.Join(dir, name)
			switch r.IntN(5) {
			case 0:
				_ = os.Remove(full)
			case 1:
			case 2:
				if data, err := os.ReadFile(full); err == nil {
					_ = os.Remove(full)
					write(t, dir, map[string]string{fmt.Sprintf("moved/%d", i): string(data) + "x\n"})
				}
			default:
				text := ""
				for range r.IntN(40) {
					text += fmt.Sprintf("line %d\n", r.IntN(12))
				}
				write(t, dir, map[string]string{name: text + []string{"", "end"}[r.IntN(2)]})
			}
		}
		w.Git(dir, "add", "-A", ".")
		w.Git(dir, "commit", "--quiet", "--allow-empty", "-m", "Change")
	}
	push(w, dir, "main")
	b := webtest.As(s, w.Admin)
	row := regexp.MustCompile(`<tr class="([ad])">`)
	cell := regexp.MustCompile(`<td class="([ad])">`)
	for hash := range strings.FieldsSeq(w.Git(dir, "rev-list", "main")) {
		parent, err := w.TryGit(dir, "rev-parse", "--verify", "--quiet", hash+"^")
		if err != nil {
			continue
		}
		want := [][2]int{}
		for line := range strings.Lines(w.Git(dir, "diff", "--numstat", "-M", strings.TrimSpace(parent), hash)) {
			fields := strings.Fields(line)
			added, _ := strconv.Atoi(fields[0])
			removed, _ := strconv.Atoi(fields[1])
			want = append(want, [2]int{added, removed})
		}
		for query, marked := range map[string]*regexp.Regexp{"": row, "?view=split": cell} {
			page := b.See("/acme/widgets/commit/" + hash + query)
			parts := strings.Split(page.Body, `<details class="change"`)[1:]
			if len(parts) != len(want) {
				t.Fatalf("%s: %d files, git counts %d", page.Path, len(parts), len(want))
			}
			for i, part := range parts {
				var got [2]int
				for _, m := range marked.FindAllStringSubmatch(part, -1) {
					got[map[string]int{"a": 0, "d": 1}[m[1]]]++
				}
				if got != want[i] {
					t.Errorf("%s: file %d shows %v, git counts %v\n%.2000s", page.Path, i, got, want[i], part)
				}
			}
		}
	}
}

// TestBlameAndHistory: lines lead to commits, and a file's history goes on under its old name.
func TestBlameAndHistory(t *testing.T) {
	t.Parallel()
	s := pailtest.Start(t, pailtest.Options{})
	w := s.World()
	dir := w.Push(1)
	commit(w, dir, "Write it", map[string]string{"docs/old.md": "# One\n\ntwo\nthree\nfour\nfive\n", "bin": "\x00"})
	first := w.Git(dir, "rev-parse", "HEAD")
	w.Git(dir, "mv", "docs/old.md", "docs/new.md")
	commit(w, dir, "Move it", nil)
	commit(w, dir, "Change <it>", map[string]string{"docs/new.md": "# One\n\n<b>2</b>\nthree\nfour\nfive\n"})
	last := w.Git(dir, "rev-parse", "HEAD")
	b, outsider := webtest.As(s, w.Admin), webtest.As(s, w.Outsider)
	blame := b.See("/acme/widgets/blame/main/docs/new.md")
	says(t, blame, "6 lines", "2 commits", first[:8], last[:8], "Write it", "2026-01-02")
	has(t, blame, `href="/acme/widgets/commit/`+last+`"`, `href="/acme/widgets/blame/`, `<tr id="L3" class="b"><th rowspan="1"`, `&lt;b&gt;2&lt;/b&gt;`, `title="Change &lt;it&gt;"`)
	if again := b.See("/acme/widgets/blame/main/docs/new.md"); strings.Count(again.Body, first[:8]) != strings.Count(blame.Body, first[:8]) {
		t.Error("the second look shows something else")
	}
	before := regexp.MustCompile(`href="(/acme/widgets/blame/[0-9a-f]{40}/[^"]*)"`).FindStringSubmatch(blame.Body)
	if before == nil {
		t.Fatalf("no way to what was before\n%s", blame.Body)
	}
	silent(t, b.See(before[1]), last[:8])
	says(t, b.See("/acme/widgets/blame/main/bin"), "This is a binary file: it has no lines.")
	for _, path := range []string{"docs", "nope", ""} {
		if r := b.Get("/acme/widgets/blame/main/" + path); r.Status != 404 {
			t.Errorf("%s: %d", path, r.Status)
		}
	}
	if r := b.Get("/acme/widgets/blame/feature/one/file.txt"); r.Location() != "/acme/widgets/blame/feature%2Fone/file.txt" {
		t.Errorf("%d %s", r.Status, r.Location())
	}
	wants(t, outsider.Get("/acme/widgets/blame/main/docs/new.md"), 404, "repository.not_found")

	history := b.See("/acme/widgets/commits/main?path=docs/new.md")
	says(t, history, "History of", "docs/new.md", "Change <it>", "Move it", "Write it", "as docs/old.md")
	silent(t, history, "Commit 0")
	has(t, history, `href="/acme/widgets/src/`+first+`/docs/old.md"`)
	docs := b.See("/acme/widgets/commits/main?path=docs")
	says(t, docs, "History of", "Change <it>", "Move it", "Write it")
	silent(t, docs, "Commit 0")
	wants(t, b.Get("/acme/widgets/commits/main?path=nope"), 404, "revision.not_found")
	wants(t, b.Get("/acme/widgets/commits/main?path=..%2Fx"), 404, "revision.not_found")
	wants(t, outsider.Get("/acme/widgets/commits/main?path=docs"), 404, "repository.not_found")
	says(t, b.See("/acme/widgets/commits/"+first+"?path=docs/old.md"), "Write it")

	// A long history comes in parts, which go on where they are whatever is pushed.
	for i := range 52 {
		write(t, dir, map[string]string{"docs/long.txt": fmt.Sprintln(i)})
		w.Git(dir, "add", ".")
		w.Git(dir, "commit", "--quiet", "-m", fmt.Sprintf("Version %d.", i))
	}
	push(w, dir, "main")
	for _, path := range []string{"docs/long.txt", "docs"} {
		r := b.See("/acme/widgets/commits/main?path=" + path)
		says(t, r, "Version 51.", "Version 2.")
		silent(t, r, "Version 1.<")
		next := regexp.MustCompile(`<a rel="next" href="([^"]*)"`).FindStringSubmatch(r.Body)
		if next == nil {
			t.Fatalf("no way on\n%s", r.Body)
		}
		r = b.See(strings.ReplaceAll(next[1], "&amp;", "&"))
		says(t, r, "Version 1.", "Version 0.", "Previous")
		silent(t, r, "Version 2.<", ">Next<")
	}
}

// TestCompare: two revisions are compared in git's order, whatever they are called.
func TestCompare(t *testing.T) {
	t.Parallel()
	s := pailtest.Start(t, pailtest.Options{})
	w := s.World()
	dir := w.Push(1)
	const branch = "topic/a#%25&x+y"
	w.Git(dir, "switch", "--quiet", "-c", branch, "main")
	write(t, dir, map[string]string{"topic.txt": "topic\n"})
	w.Git(dir, "add", ".")
	w.Git(dir, "commit", "--quiet", "-m", "On the topic")
	push(w, dir, branch)
	w.Git(dir, "switch", "--quiet", "main")
	commit(w, dir, "On main", map[string]string{"main.txt": "main\n"})
	w.Git(dir, "switch", "--quiet", "--orphan", "other")
	write(t, dir, map[string]string{"other.txt": "other\n"})
	w.Git(dir, "add", ".")
	w.Git(dir, "commit", "--quiet", "-m", "Elsewhere")
	push(w, dir, "other")
	b, outsider := webtest.As(s, w.Admin), webtest.As(s, w.Outsider)

	form := b.See("/acme/widgets/compare")
	has(t, form, `value="main"`, `<option value="feature/one">`)
	for dots, want := range map[string]string{"3": "...", "2": ".."} {
		r := b.Get("/acme/widgets/compare?" + url.Values{"from": {"main"}, "to": {branch}, "dots": {dots}}.Encode())
		if r.Status != http.StatusSeeOther {
			t.Fatalf("%d\n%s", r.Status, r.Body)
		}
		page := b.See(r.Location())
		if !strings.Contains(r.Location(), "main"+want+"topic/") {
			t.Errorf("%s", r.Location())
		}
		says(t, page, branch, "On the topic", "topic.txt", "Commits of")
		has(t, page, `value="topic/a#%25&amp;x&#43;y"`)
		// Since they parted, main.txt came on main only; of all that differs it is a part.
		if holds := strings.Contains(webtest.Text(t, page), "main.txt"); holds != (dots == "2") {
			t.Errorf("%s: main.txt: %t", r.Location(), holds)
		}
		split := b.See(r.Location() + "?view=split")
		has(t, split, `class="diff split"`)
		encoded := strings.Replace(r.Location(), "topic/", "topic%2F", 1)
		says(t, b.See(encoded), "topic.txt")
	}
	says(t, b.See("/acme/widgets/compare/main...other"), "Elsewhere", "other.txt", "main.txt")
	has(t, b.See("/acme/widgets/compare/main...other"), `href="/acme/widgets/pull-requests/new?from=other&amp;to=main">Open a pull request</a>`)
	silent(t, b.See("/acme/widgets/compare/main...v1.0"), "Open a pull request")
	silent(t, b.See("/acme/widgets/compare/v1.0...main"), "Open a pull request")
	says(t, b.See("/acme/widgets/compare/main..main"), "Both are the same commit.")
	says(t, b.See("/acme/widgets/compare/main...v1.0"), "No commit of v1.0", "Nothing differs.")
	says(t, b.See("/acme/widgets/compare?from=main&to="), "Two names are needed.")
	says(t, b.See("/acme/widgets/compare?from=a..b&to=x"), "is needed in each field")
	for spec, status := range map[string]int{"main": 400, "..main": 400, "main..": 400, "main....x": 400, "a..b..c": 400, "main..nope": 404, "--all..main": 404, "main~1..main": 404} {
		if r := b.Get("/acme/widgets/compare/" + spec); r.Status != status && !(status == 400 && r.Status == 404) {
			t.Errorf("%s: %d", spec, r.Status)
		}
	}
	wants(t, outsider.Get("/acme/widgets/compare/main..other"), 404, "repository.not_found")
	wants(t, outsider.Get("/acme/widgets/compare"), 404, "repository.not_found")
}

// TestHostilePaths: names of files, as bytes of any kind, are shown and can be followed.
func TestHostilePaths(t *testing.T) {
	t.Parallel()
	s := pailtest.Start(t, pailtest.Options{})
	w := s.World()
	dir := w.Push(1)
	names := []string{"<script>alert(1)</script>", "latin\xe9", "turned\u202etxt.exe", "%2e%2e", "a?b#c&d", "\"quo'ted\"", " lead", "new\nline", strings.Repeat("W", 250), "a\\b", "..."}
	files := map[string]string{}
	for _, name := range names {
		files["d/"+strings.ReplaceAll(name, "/", "-")] = "\u2066 <script>alert(2)</script>\n"
	}
	commit(w, dir, "Turned", files)
	b := webtest.As(s, w.Admin)
	list := b.See("/acme/widgets/src/main/d")
	silent(t, list, "<script>alert", "\u202e", "\u2066")
	says(t, list, "turned U+202E txt.exe", "latin\ufffd")
	links := regexp.MustCompile(`<th scope="row"><a href="([^"]*)" dir="ltr">`).FindAllStringSubmatch(list.Body, -1)
	if len(links) != len(names) {
		t.Fatalf("%d links for %d names", len(links), len(names))
	}
	for _, link := range links {
		at := strings.NewReplacer("&amp;", "&", "&#39;", "'", "&#34;", `"`).Replace(link[1])
		page := b.See(at)
		silent(t, page, "<script>alert", "\u202e", "\u2066")
		says(t, page, "U+2066")
		for _, next := range regexp.MustCompile(`href="(/acme/widgets/(?:raw|blame|commits)/[^"]*)"`).FindAllStringSubmatch(page.Body, -1) {
			r := b.Get(strings.NewReplacer("&amp;", "&", "&#39;", "'", "&#34;", `"`).Replace(next[1]))
			if r.Status != 200 {
				t.Errorf("%s: %d", next[1], r.Status)
			}
			if strings.Contains(r.Header.Get("Content-Type"), "html") {
				silent(t, r, "<script>alert", "\u202e", "\u2066")
			}
		}
	}
	silent(t, b.See("/acme/widgets/commit/main"), "<script>alert", "\u2066")
	silent(t, b.See("/acme/widgets/commit/main?view=split"), "<script>alert", "\u2066")
}
