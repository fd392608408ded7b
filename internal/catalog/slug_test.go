package catalog

import (
	"net/url"
	"testing"
)

func TestSlugs(t *testing.T) {
	seen := map[string]string{}
	for _, op := range All() {
		slug := op.Slug()
		if other, is := seen[slug]; is {
			t.Errorf("%s and %s are both %s", other, op.Key, slug)
		}
		seen[slug] = op.Key
		if url.PathEscape(slug) != slug {
			t.Errorf("%s cannot stand in a path", slug)
		}
		if found, ok := LookupSlug(slug); !ok || found != op {
			t.Errorf("%s leads to %v", slug, found)
		}
	}
	if _, ok := LookupSlug("get-nothing"); ok {
		t.Error("found an operation that does not exist")
	}
	op, _ := Lookup("GET /workspaces/{workspace}/projects/{project_key}/permissions-config/groups")
	if got := op.DocPath(); got != "/docs/operations/get-workspaces-workspace-projects-project-key-permissions-config-groups" {
		t.Error(got)
	}
}
