package docs_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/web/webtest"
)

func TestEveryOperationHasItsPage(t *testing.T) {
	s := pailtest.Start(t, pailtest.Options{})
	b := webtest.Open(s)
	list := b.See("/docs/operations")
	served := s.API.Keys()
	for _, op := range append(catalog.All(), catalog.Own()...) {
		if !strings.Contains(list.Body, `href="`+op.DocPath()+`"`) {
			t.Errorf("the list does not lead to %s", op.Key)
		}
		page := b.See(op.DocPath())
		text := webtest.Text(t, page)
		want := []string{op.Method + " /2.0" + op.Template, op.Summary}
		for _, sets := range [][][]string{op.Scopes.Names(), op.OAuthScopes.Names()} {
			for _, set := range sets {
				want = append(want, set...)
			}
		}
		want = append(want, op.Params()...)
		switch {
		case op.Removed != nil:
			want = append(append(want, "removed", op.Removed.Change), op.Removed.Replacement...)
		case slices.Contains(served, op.Key):
			want = append(want, "served", "Answers")
		default:
			want = append(want, "not served")
		}
		if op.Own {
			want = append(want, "Pail's own")
		}
		if op.Deprecated {
			want = append(want, "deprecated")
		}
		if op.Accepts.Has(catalog.APIToken) {
			want = append(want, `curl --user "$EMAIL:$TOKEN"`)
		}
		for _, part := range want {
			if !strings.Contains(text, part) {
				t.Errorf("%s: %q is not there", op.Key, part)
			}
		}
	}
	for _, o := range s.API.Keys() {
		op, _ := catalog.Lookup(o)
		if page := b.See(op.DocPath()); !strings.Contains(page.Body, "<dt>Privilege</dt>") {
			t.Errorf("%s shows no privilege", o)
		}
	}
	if r := b.Get("/docs/operations/get-nothing"); r.Status != 404 {
		t.Errorf("an operation that does not exist: %d", r.Status)
	}
}

// The reference is searched without a script.
func TestOperationsAreSearched(t *testing.T) {
	b := webtest.Open(pailtest.Start(t, pailtest.Options{}))
	shown := func(path string) (keys []string) {
		for _, m := range regexp.MustCompile(`<tr data-item><th scope="row"><a href="[^"]+">([^<]+)</a>`).FindAllStringSubmatch(b.See(path).Body, -1) {
			keys = append(keys, m[1])
		}
		return keys
	}
	if got := shown("/docs/operations"); len(got) != len(catalog.All())+len(catalog.Own()) {
		t.Errorf("%d are shown", len(got))
	}
	want := []string{"DELETE", "GET", "PUT"}
	for i := range want {
		want[i] += " /2.0/workspaces/{workspace}/projects/{project_key}/permissions-config/groups/{group_slug}"
	}
	got := shown("/docs/operations?q=project_key+GROUP_slug")
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	for _, key := range shown("/docs/operations?q=write:pullrequest") {
		op, _ := catalog.Lookup(strings.Replace(key, " /2.0", " ", 1))
		if op == nil || !strings.Contains(op.Scopes.String(), "write:pullrequest") {
			t.Errorf("%s was found", key)
		}
	}
	if all, some := shown("/docs/operations"), shown("/docs/operations?served=yes"); len(some) == 0 || len(some) >= len(all) {
		t.Errorf("%d of %d are served", len(some), len(all))
	}
	if got := shown("/docs/operations?q=nothing-has-this"); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

func TestFrontOfTheDocs(t *testing.T) {
	b := webtest.Open(pailtest.Start(t, pailtest.Options{}))
	page := b.See("/docs")
	for _, path := range []string{"/docs/errors", "/docs/operations", "/docs/try", "/2.0/swagger.json"} {
		if !strings.Contains(page.Body, `href="`+path+`"`) {
			t.Errorf("no way to %s", path)
		}
		if r := b.Get(path); r.Status != 200 {
			t.Errorf("%s: %d", path, r.Status)
		}
	}
}
