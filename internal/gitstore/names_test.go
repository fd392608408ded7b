package gitstore

import (
	"os/exec"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestValidRefName(t *testing.T) {
	for name, want := range map[string]bool{
		"refs/heads/main":                        true,
		"refs/heads/feature/a-b_c.d":             true,
		"refs/heads/-x":                          true,
		"refs/heads/ü":                           true,
		"refs/heads/@":                           true,
		"refs/pull-requests/1/from":              true,
		"refs/x":                                 true,
		"refs/heads/a.lockx":                     true,
		"":                                       false,
		"main":                                   false,
		"HEAD":                                   false,
		"refs/":                                  false,
		"refs":                                   false,
		"-refs/heads/x":                          false,
		"/refs/heads/x":                          false,
		"refs/heads/":                            false,
		"refs/heads//x":                          false,
		"refs/heads/a..b":                        false,
		"refs/heads/../x":                        false,
		"refs/heads/.x":                          false,
		"refs/heads/x.":                          false,
		"refs/heads/x.lock":                      false,
		"refs/heads/x.lock/y":                    false,
		"refs/heads/a b":                         false,
		"refs/heads/a\nb":                        false,
		"refs/heads/a\x00b":                      false,
		"refs/heads/a\x7fb":                      false,
		"refs/heads/a~1":                         false,
		"refs/heads/a^":                          false,
		"refs/heads/a:b":                         false,
		"refs/heads/a?":                          false,
		"refs/heads/a*":                          false,
		"refs/heads/[a":                          false,
		`refs/heads/a\b`:                         false,
		"refs/heads/a@{1}":                       false,
		"refs/heads/\xff":                        false,
		"refs/heads/refs/heads/x":                false,
		"refs/tags/refs/x":                       false,
		"refs/heads/refs":                        false,
		"refs/heads/refsx":                       true,
		"refs/heads/" + strings.Repeat("a", 250): true,
		"refs/heads/" + strings.Repeat("a", 251): false,
		"refs/heads/" + strings.Repeat("a/", 500):       false,
		"refs/heads/" + strings.Repeat("a/", 490) + "b": true,
	} {
		if got := ValidRefName(name); got != want {
			t.Errorf("ValidRefName(%q) = %v, want %v", name, got, want)
		}
	}
}

func TestValidBranchName(t *testing.T) {
	for name, want := range map[string]bool{"main": true, "a/b": true, "v-1": true, "": false, "-x": false, "HEAD": false, "refs/x": false, "a b": false, "HEAD/x": true} {
		if got := ValidBranchName(name); got != want {
			t.Errorf("ValidBranchName(%q) = %v, want %v", name, got, want)
		}
		if got := ValidTagName(name); got != want {
			t.Errorf("ValidTagName(%q) = %v, want %v", name, got, want)
		}
	}
}

func TestValidPath(t *testing.T) {
	for path, want := range map[string]bool{
		"a": true, "a/b.c": true, "-x": true, "--": true, "a/-b": true, "ü/ö": true, "a b": true, ":(glob)**": true, "*": true, ".gitignore": true, "..a": true,
		"": false, "/": false, "/a": false, "a/": false, "a//b": false, ".": false, "..": false, "a/../b": false, "./a": false,
		"a\x00b": false, "a\nb": false, "a\x7f": false, ".git": false, ".GIT/config": false, "a/.git": false,
		strings.Repeat("a", 256): false, strings.Repeat("a/", 2500) + "b": false,
	} {
		if got := ValidPath(path); got != want {
			t.Errorf("ValidPath(%q) = %v, want %v", path, got, want)
		}
	}
}

func TestValidID(t *testing.T) {
	for id, want := range map[string]bool{
		"0189c3a0-7b1e-4a52-9d3c-0123456789ab": true,
		"0189C3A0-7b1e-4a52-9d3c-0123456789ab": false,
		"0189c3a0x7b1e-4a52-9d3c-0123456789ab": false,
		"0189c3a0-7b1e-4a52-9d3c-0123456789a":  false,
		"../c3a0-7b1e-4a52-9d3c-0123456789abc": false,
		"":                                     false,
	} {
		if got := ValidID(id); got != want {
			t.Errorf("ValidID(%q) = %v, want %v", id, got, want)
		}
	}
}

// The rules are those of the real git, for many names in one shell.
func TestRefNamesAgreeWithGit(t *testing.T) {
	piece := rapid.SampledFrom([]string{
		"a", "b", "main", ".", "..", "/", "//", "@", "{", "@{", "}", "-", ".lock", "lock", "~", "^", ":", "?", "*", "[", "]", `\`, " ", "\t", "\x7f", "\x01", "ü", "HEAD", "refs/", "heads/",
	})
	name := rapid.Custom(func(t *rapid.T) string {
		prefix := rapid.SampledFrom([]string{"refs/heads/", "refs/", "x"}).Draw(t, "prefix")
		return prefix + strings.Join(rapid.SliceOfN(piece, 1, 5).Draw(t, "pieces"), "")
	})
	rapid.Check(t, func(rt *rapid.T) {
		names := rapid.SliceOfN(name, 10, 10).Draw(rt, "names")
		out, err := exec.Command("sh", append([]string{"-c", `for n; do git check-ref-format "$n" && echo yes || echo no; done`, "sh"}, names...)...).Output()
		if err != nil {
			rt.Fatal(err)
		}
		for i, answer := range strings.Fields(string(out)) {
			if got := wellFormedRef(names[i]); got != (answer == "yes") {
				rt.Errorf("%q: %v here, %s from git", names[i], got, answer)
			}
			if ValidRefName(names[i]) && answer == "no" {
				rt.Errorf("%q passes here and not in git", names[i])
			}
		}
	})
}

func FuzzValidRefName(f *testing.F) {
	for _, seed := range []string{"refs/heads/main", "refs/heads/a..b", "refs/heads/x.lock", "refs/heads/@{", "-x", "refs/heads/\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if !ValidRefName(name) {
			return
		}
		if len(name) > MaxRefName || !strings.HasPrefix(name, "refs/") || strings.ContainsAny(name, " \n\x00~^:?*[\\\x7f") ||
			strings.Contains(name, "..") || strings.Contains(name, "//") || strings.HasSuffix(name, "/") || strings.HasSuffix(name, ".lock") {
			t.Errorf("%q passes", name)
		}
	})
}

func FuzzValidPath(f *testing.F) {
	for _, seed := range []string{"a/b", "../a", "a/./b", "-x", "a\x00", ".git/config"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if !ValidPath(path) {
			return
		}
		if len(path) > MaxPath || strings.ContainsAny(path, "\x00\n\r\x7f") || strings.HasPrefix(path, "/") ||
			strings.Contains("/"+path+"/", "/../") || strings.Contains("/"+path+"/", "/./") || strings.Contains("/"+path+"/", "//") {
			t.Errorf("%q passes", path)
		}
	})
}
