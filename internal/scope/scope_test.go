package scope

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestTable(t *testing.T) {
	seen := map[string]bool{}
	areas := map[string]bool{}
	for i, info := range All() {
		if info.Scope != Scope(i+1) || info.Scope.Info() != info || info.Scope.String() != info.Name {
			t.Errorf("entry %d: %+v", i+1, info)
		}
		if info.Name == "" || seen[info.Name] || info.Area == "" || info.Verb == "" || info.Permits == "" || strings.HasSuffix(info.Permits, ".") {
			t.Errorf("entry %d is not complete or stands twice: %+v", i+1, info)
		}
		seen[info.Name] = true
		areas[info.Area] = true
		if got, err := Parse(info.Name); err != nil || got != info.Scope {
			t.Errorf("Parse(%q) = %v, %v", info.Name, got, err)
		}
		if info.Legacy != info.Scope.Legacy() {
			t.Errorf("%s: legacy %v, but at place %d", info.Name, info.Legacy, i+1)
		}
		if !info.Legacy && info.Scope != AllWiki && !info.Implies.Empty() {
			t.Errorf("the API-token scope %s implies %v", info.Name, info.Implies)
		}
		if info.Implies.Has(info.Scope) {
			t.Errorf("%s implies itself", info.Name)
		}
		// Expand looks one step far, so the table must be closed.
		for _, s := range info.Implies.Scopes() {
			if s.Legacy() != info.Legacy {
				t.Errorf("%s implies %s of the other kind", info.Name, s)
			}
			if !info.Implies.Contains(s.Info().Implies) {
				t.Errorf("%s implies %s, but not what that implies", info.Name, s)
			}
		}
	}
	if len(areas) != 17 {
		t.Errorf("%d areas", len(areas))
	}
	for _, name := range strings.Fields(`read:test:bitbucket write:test:bitbucket read:package:bitbucket write:package:bitbucket
		read:wiki:bitbucket write:wiki:bitbucket delete:wiki:bitbucket wiki:bitbucket read:me read:account manage:org
		account account:write email repository repository:write repository:admin repository:delete pullrequest pullrequest:write
		project project:admin project:write webhook pipeline pipeline:write pipeline:variable runner runner:write issue issue:write
		wiki snippet snippet:write`) {
		if !seen[name] {
			t.Errorf("%s is missing", name)
		}
	}
}

func TestInvalidScopes(t *testing.T) {
	for _, s := range []Scope{0, end, 255} {
		if s.Valid() || s.String() != "" || s.Info() != (Info{}) || s.Legacy() || !NewSet(s).Empty() || NewSet(ReadUser).Has(s) {
			t.Errorf("%d passes for a scope", s)
		}
	}
	if All()[0].Name == "" {
		t.Error("All begins with nothing")
	}
	All()[0].Name = "x"
	if All()[0].Name == "x" {
		t.Error("All hands out the table")
	}
}

func TestParseUnknown(t *testing.T) {
	for _, test := range []struct{ name, shown, nearest string }{
		{"read:repositories:bitbucket", "read:repositories:bitbucket", "read:repository:bitbucket"},
		{"read:repository", "read:repository", "read:repository:bitbucket"},
		{"repository:read", "repository:read", "read:repository:bitbucket"},
		{"repositories:write:bitbucket", "repositories:write:bitbucket", "write:repository:bitbucket"},
		{"read:pull-request:bitbucket", "read:pull-request:bitbucket", "read:pullrequest:bitbucket"},
		{"READ:USER:BITBUCKET", "READ:USER:BITBUCKET", "read:user:bitbucket"},
		{"read:sshkey:bitbucket", "read:sshkey:bitbucket", "read:ssh-key:bitbucket"},
		{"pullrequests:write", "pullrequests:write", "pullrequest:write"},
		{"repositroy:write", "repositroy:write", "repository:write"},
		{"write_issue", "write_issue", "issue:write"},
		{" email", " email", "email"},
		{"completely different", "completely different", ""},
		{"", "", ""},
		{"bitbucket", "bitbucket", ""},
		{":::", ":::", ""},
		{"ATBBabcdefghij0123456789", "ATBBabcdefgh... (24 bytes)", ""},
		{"ATATT3xFfGF0" + strings.Repeat("a", 180), "ATATT3xFfGF0... (192 bytes)", ""},
		{strings.Repeat("a", 41), "aaaaaaaaaaaa... (41 bytes)", ""},
	} {
		_, err := Parse(test.name)
		var unknown *UnknownError
		if !errors.As(err, &unknown) {
			t.Errorf("Parse(%q): %v", test.name, err)
			continue
		}
		if unknown.Name != test.shown || unknown.Nearest != test.nearest {
			t.Errorf("Parse(%q): %q, nearest %q; want %q, nearest %q", test.name, unknown.Name, unknown.Nearest, test.shown, test.nearest)
		}
		if !strings.Contains(err.Error(), "unknown scope") || test.nearest != "" && !strings.Contains(err.Error(), test.nearest) {
			t.Errorf("Parse(%q): %v", test.name, err)
		}
	}
}

// One letter wrong in a long name still finds the name.
func TestNearestForgivesOneLetter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		info := rapid.SampledFrom(All()).Draw(t, "scope")
		if len(info.Name) < 20 {
			return
		}
		at := rapid.IntRange(0, len(info.Name)-1).Draw(t, "at")
		if strings.IndexByte(":-", info.Name[at]) >= 0 {
			return
		}
		name := info.Name[:at] + "x" + info.Name[at+1:]
		var unknown *UnknownError
		if _, err := Parse(name); errors.As(err, &unknown) && unknown.Nearest != info.Name {
			t.Fatalf("%q: nearest %q", name, unknown.Nearest)
		}
	})
}

func TestExpand(t *testing.T) {
	for _, test := range []struct{ granted, want string }{
		{"", ""},
		{"write:repository:bitbucket", "write:repository:bitbucket"},
		{"admin:project:bitbucket", "admin:project:bitbucket"},
		{"wiki:bitbucket", "read:wiki:bitbucket write:wiki:bitbucket delete:wiki:bitbucket wiki:bitbucket"},
		{"read:wiki:bitbucket write:wiki:bitbucket delete:wiki:bitbucket", "read:wiki:bitbucket write:wiki:bitbucket delete:wiki:bitbucket wiki:bitbucket"},
		{"read:wiki:bitbucket write:wiki:bitbucket", "read:wiki:bitbucket write:wiki:bitbucket"},
		{"project", "project repository"},
		{"project:admin", "project:admin"},
		{"repository:admin", "repository:admin"},
		{"repository:delete", "repository:delete"},
		{"repository:write", "repository repository:write"},
		{"pullrequest", "repository pullrequest"},
		{"pullrequest:write", "repository repository:write pullrequest pullrequest:write"},
		{"issue:write", "issue issue:write"},
		{"snippet:write", "snippet snippet:write"},
		{"account:write", "account account:write email"},
		{"pipeline:variable", "pipeline pipeline:write pipeline:variable"},
		{"runner:write", "runner runner:write"},
	} {
		granted, err := ParseSet(strings.Fields(test.granted))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(granted.Expand().Names(), " "); got != test.want {
			t.Errorf("%s permits %s, want %s", test.granted, got, test.want)
		}
	}
}

func drawSet(t *rapid.T, label string) Set {
	return NewSet(rapid.SliceOf(rapid.Map(rapid.IntRange(1, int(end)-1), func(i int) Scope { return Scope(i) })).Draw(t, label)...)
}

func TestSetLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawSet(t, "a"), drawSet(t, "b")
		u := a.Union(b)
		if u != b.Union(a) || !u.Contains(a) || !u.Contains(b) || u.Without(a).Union(a) != u {
			t.Fatal("union and difference disagree")
		}
		if a.Len() != len(a.Scopes()) || a.Len() != len(a.Names()) || a.Empty() != (a.Len() == 0) {
			t.Fatal("length")
		}
		if !slices.IsSorted(a.Scopes()) || NewSet(a.Scopes()...) != a {
			t.Fatal("scopes")
		}
		if parsed, err := ParseSet(a.Names()); err != nil || parsed != a {
			t.Fatal("names", err)
		}
		e := a.Expand()
		if !e.Contains(a) || e.Expand() != e {
			t.Fatal("expanding twice differs")
		}
		if !u.Expand().Contains(e) {
			t.Fatal("a larger grant permits less")
		}
		data, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		var back Set
		if err := json.Unmarshal(data, &back); err != nil || back != a {
			t.Fatal(err, back)
		}
	})
}

func TestSetJSON(t *testing.T) {
	var v struct {
		Scopes Set `json:"scopes"`
	}
	if err := json.Unmarshal([]byte(`{"scopes":["read:user:bitbucket","read:repository:bitbucket","read:user:bitbucket"]}`), &v); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(v)
	if err != nil || string(out) != `{"scopes":["read:repository:bitbucket","read:user:bitbucket"]}` {
		t.Errorf("%s, %v", out, err)
	}
	if err := json.Unmarshal([]byte(`{"scopes":null}`), &v); err != nil || !v.Scopes.Empty() {
		t.Errorf("null: %v, %v", v.Scopes, err)
	}
	if out, _ := json.Marshal(v); string(out) != `{"scopes":[]}` {
		t.Errorf("the empty set is %s", out)
	}
	before := NewSet(ReadUser)
	v.Scopes = before
	var unknown *UnknownError
	if err := json.Unmarshal([]byte(`{"scopes":["email","nothing"]}`), &v); !errors.As(err, &unknown) || v.Scopes != before {
		t.Errorf("unknown name: %v, %v", err, v.Scopes)
	}
	for _, bad := range []string{`{"scopes":"email"}`, `{"scopes":[1]}`, `{"scopes":{}}`} {
		if err := json.Unmarshal([]byte(bad), &v); err == nil || v.Scopes != before {
			t.Errorf("%s: %v, %v", bad, err, v.Scopes)
		}
	}
}

func TestRequirementMissing(t *testing.T) {
	comment := Need(ReadIssue).Or(ReadIssue, WriteIssue)
	remove := Need(DeleteIssue).Or(WriteIssue)
	for _, test := range []struct {
		name     string
		r        Requirement
		granted  Set
		missing  Set
		required Set
		ok       bool
	}{
		{"nothing required", nil, Set{}, Set{}, Set{}, true},
		{"the empty alternative", Requirement{{}}, Set{}, Set{}, Set{}, true},
		{"one of one", Need(ReadUser), NewSet(ReadUser), Set{}, NewSet(ReadUser), true},
		{"none of one", Need(ReadUser), NewSet(WriteUser), NewSet(ReadUser), NewSet(ReadUser), false},
		{"all missing are named", Need(AdminProject, WritePermission), NewSet(ReadProject), NewSet(AdminProject, WritePermission), NewSet(AdminProject, WritePermission), false},
		{"half of two", Need(AdminProject, WritePermission), NewSet(AdminProject), NewSet(WritePermission), NewSet(AdminProject, WritePermission), false},
		{"write is not read", Need(ReadRepository), NewSet(WriteRepository, AdminRepository), NewSet(ReadRepository), NewSet(ReadRepository), false},
		{"legacy implies", Need(LegacyRepository), NewSet(LegacyPullRequestWrite), Set{}, NewSet(LegacyRepository), true},
		{"wiki implies", Need(ReadWiki), NewSet(AllWiki), Set{}, NewSet(ReadWiki), true},
		{"wiki is implied", Need(AllWiki), NewSet(ReadWiki, WriteWiki, DeleteWiki), Set{}, NewSet(AllWiki), true},
		{"the first alternative", comment, NewSet(ReadIssue), Set{}, NewSet(ReadIssue), true},
		{"the second alternative", remove, NewSet(WriteIssue), Set{}, NewSet(WriteIssue), true},
		{"the first of equals", remove, NewSet(ReadIssue), NewSet(DeleteIssue), NewSet(DeleteIssue), false},
		{"the nearest", Need(ReadUser, WriteUser).Or(ReadIssue, WriteIssue), NewSet(WriteIssue), NewSet(ReadIssue), NewSet(ReadIssue, WriteIssue), false},
	} {
		missing, ok := test.r.Missing(test.granted)
		if missing != test.missing || ok != test.ok {
			t.Errorf("%s: missing %v, %v; want %v, %v", test.name, missing, ok, test.missing, test.ok)
		}
		if got := test.r.Nearest(test.granted); got != test.required {
			t.Errorf("%s: required %v, want %v", test.name, got, test.required)
		}
	}
	if got := comment.String(); got != "read:issue:bitbucket or read:issue:bitbucket + write:issue:bitbucket" {
		t.Error(got)
	}
	if got := Requirement(nil).String(); got != "nothing" {
		t.Error(got)
	}
	if got := remove.Names(); len(got) != 2 || got[0][0] != "delete:issue:bitbucket" || got[1][0] != "write:issue:bitbucket" {
		t.Error(got)
	}
}

// Granting what is missing is enough, and granting less is not.
func TestMissingIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Requirement(rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Set { return drawSet(t, "alternative") }), 0, 3).Draw(t, "requirement"))
		granted := drawSet(t, "granted")
		missing, ok := r.Missing(granted)
		if ok != missing.Empty() {
			t.Fatalf("missing %v, ok %v", missing, ok)
		}
		if _, ok := r.Missing(granted.Union(missing)); !ok {
			t.Fatal("not enough with what was missing")
		}
		if !r.Nearest(granted).Contains(missing) {
			t.Fatal("missing is not of the nearest alternative")
		}
	})
}

func TestMissingDoesNotAllocate(t *testing.T) {
	r := Need(ReadIssue).Or(ReadIssue, WriteIssue)
	granted := NewSet(LegacyPullRequestWrite, AllWiki, WriteIssue)
	if n := testing.AllocsPerRun(100, func() { r.Missing(granted) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestOrLeavesTheFirstAlone(t *testing.T) {
	base := Need(ReadUser)
	a, b := base.Or(ReadIssue), base.Or(ReadWiki)
	if len(base) != 1 || a[1] == b[1] {
		t.Error(base, a, b)
	}
}

func TestMigrate(t *testing.T) {
	for _, test := range []struct{ legacy, want string }{
		{"", ""},
		{"repository", "read:repository:bitbucket"},
		{"repository:write", "read:repository:bitbucket write:repository:bitbucket"},
		{"repository:admin", "admin:repository:bitbucket write:permission:bitbucket delete:permission:bitbucket"},
		{"pullrequest:write", "read:repository:bitbucket write:repository:bitbucket read:pullrequest:bitbucket write:pullrequest:bitbucket"},
		{"project", "read:repository:bitbucket read:project:bitbucket"},
		{"email", "read:user:bitbucket"},
		{"account", "read:workspace:bitbucket read:user:bitbucket read:ssh-key:bitbucket read:gpg-key:bitbucket"},
		{"webhook", "read:webhook:bitbucket write:webhook:bitbucket delete:webhook:bitbucket"},
		{"pipeline:write", "read:pipeline:bitbucket write:pipeline:bitbucket"},
		{"wiki", "read:wiki:bitbucket write:wiki:bitbucket delete:wiki:bitbucket"},
		{"email read:me", "read:user:bitbucket read:me"},
	} {
		legacy, err := ParseSet(strings.Fields(test.legacy))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(Migrate(legacy).Names(), " "); got != test.want {
			t.Errorf("%s becomes %s, want %s", test.legacy, got, test.want)
		}
	}
	for _, info := range All() {
		got := Migrate(NewSet(info.Scope))
		if got.Empty() {
			t.Errorf("%s becomes nothing", info.Name)
		}
		for _, s := range got.Scopes() {
			if s.Legacy() {
				t.Errorf("%s becomes the legacy scope %s", info.Name, s)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, info := range All() {
		f.Add(info.Name)
	}
	f.Add("")
	f.Add(":::bitbucket")
	f.Add(strings.Repeat("read:", 12))
	f.Add("ATATT3xFfGF0abc=0A1B2C3D")
	f.Fuzz(func(t *testing.T, name string) {
		s, err := Parse(name)
		if err == nil {
			if s.String() != name {
				t.Fatalf("%q became %q", name, s)
			}
			return
		}
		var unknown *UnknownError
		if s != 0 || !errors.As(err, &unknown) {
			t.Fatalf("%q: %v, %v", name, s, err)
		}
		if unknown.Nearest != "" {
			if _, err := Parse(unknown.Nearest); err != nil {
				t.Fatalf("%q: nearest %v", name, err)
			}
		}
		if len(name) > maxShown && strings.Contains(err.Error(), name) {
			t.Fatalf("%q is shown whole", name)
		}
	})
}

func FuzzSetJSON(f *testing.F) {
	f.Add([]byte(`["email","read:me"]`))
	f.Add([]byte(`null`))
	f.Add([]byte(`[null]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var s Set
		if json.Unmarshal(data, &s) != nil {
			return
		}
		out, err := json.Marshal(s)
		var back Set
		if err != nil || json.Unmarshal(out, &back) != nil || back != s {
			t.Fatalf("%s: %s, %v", data, out, err)
		}
	})
}

func BenchmarkMissing(b *testing.B) {
	r := Need(ReadRepository, WriteRepository)
	granted := NewSet(ReadRepository, ReadPullRequest, LegacyPullRequestWrite)
	b.ReportAllocs()
	for b.Loop() {
		r.Missing(granted)
	}
}
