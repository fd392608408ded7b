package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/server"
)

type operationsJSON struct {
	Operations, Own []operationJSON
	Counts          countsJSON
}

func operations(t *testing.T, args ...string) (list operationsJSON) {
	t.Helper()
	r := command(t, "", append([]string{"operations", "--json"}, args...)...)
	if err := json.Unmarshal([]byte(r.out), &list); err != nil {
		t.Fatalf("%v\n%s", err, r.err)
	}
	return list
}

// TestOperations: the list is the catalogue's, and "served" is what a server really mounts.
func TestOperations(t *testing.T) {
	all := operations(t)
	if len(all.Operations) != len(catalog.All()) || all.Counts.All != len(catalog.All()) {
		t.Errorf("%d operations, counted %d, want %d", len(all.Operations), all.Counts.All, len(catalog.All()))
	}
	if c := all.Counts; c.Served+c.Missing+c.Removed != c.All || c.Served == 0 || c.Removed == 0 {
		t.Errorf("counts do not add up: %+v", c)
	}
	var keys []string
	some := operations(t, "--served")
	for _, o := range append(some.Operations, some.Own...) {
		keys = append(keys, o.Key)
		if o.Status != served || o.Privilege == "" {
			t.Errorf("%s: %q, privilege %q", o.Key, o.Status, o.Privilege)
		}
	}
	slices.Sort(keys)
	store(t).server(func(_ context.Context, s *server.Server) {
		if mounted := s.API.Keys(); !slices.Equal(keys, mounted) {
			t.Errorf("listed as served:\n%s\nserved:\n%s", strings.Join(keys, "\n"), strings.Join(mounted, "\n"))
		}
	})
	if len(some.Own) != len(catalog.Own()) || all.Counts.Served != len(some.Operations) {
		t.Errorf("%d of Pail's own, and %d of %d counted as served", len(some.Own), len(some.Operations), all.Counts.Served)
	}
	missing := operations(t, "--missing")
	if len(missing.Operations) != all.Counts.Missing {
		t.Errorf("--missing lists %d, want %d", len(missing.Operations), all.Counts.Missing)
	}
	for _, o := range missing.Operations {
		if o.Status != absent || slices.Contains(keys, o.Key) {
			t.Errorf("%s is listed as missing and is %s", o.Key, o.Status)
		}
	}
}

func TestOperationsTable(t *testing.T) {
	r := command(t, "", "operations")
	lines := strings.Split(strings.TrimSpace(r.out), "\n")
	if r.code != 0 || len(lines) != len(catalog.All())+len(catalog.Own())+3 {
		t.Fatalf("exit code %d, %d lines, want %d", r.code, len(lines), len(catalog.All())+len(catalog.Own())+3)
	}
	for _, want := range []string{
		`(?)served      GET     /2.0/workspaces/{workspace}/projects/{project_key}/permissions-config/groups `,
		" read:project:bitbucket ", " project admin", " or ", "installed apps only", "Pail's own  GET     /2.0/repositories/{workspace}/{repo_slug}/wiki ", "removed     GET     /2.0/workspaces ",
	} {
		if !strings.Contains(r.out, strings.TrimPrefix(want, "(?)")) {
			t.Errorf("the table lacks %q", want)
		}
	}
	all := operations(t)
	if want := fmt.Sprintf("%d operations: %d served,", all.Counts.All, all.Counts.Served); !strings.HasPrefix(lines[len(lines)-1], want) {
		t.Errorf("the last line is %q, want %q", lines[len(lines)-1], want)
	}
}
