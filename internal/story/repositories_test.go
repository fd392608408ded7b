package story

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"github.com/pailforge/pail/internal/pailtest"
)

// TestManyRepositories: a list of more than a thousand repositories leads on from page to page, and says how many there are only where
// a filter leaves fewer.
func TestManyRepositories(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		for i := range 1001 {
			w.Exec(`INSERT INTO repository (id, workspace_id, project_id, slug, name, description, language, mainbranch, creator_id, created_on, updated_on)
				VALUES ($1, $2, $3, $4, $4, '', 'go', '', $5, $6, $6)`, uuid.NewString(), w.Workspace.ID, w.Project.ID, fmt.Sprintf("filler-%04d", i), w.Admin.ID, i+1)
		}
		token := w.Token(w.Admin, "read:repository")
		a := w.Want(w.Do(token, "GET", "/2.0/repositories/acme?pagelen=100&page=10", nil), 200)
		if a.Get("size") != nil || a.String("next") == "" || a.String("values.0.slug") != "filler-0900" {
			t.Errorf("page 10: %.300s", a.Body)
		}
		a = w.Want(w.Do(token, "GET", "/2.0/repositories/acme?pagelen=100&page=11", nil), 200)
		if a.Get("next") != nil || a.String("values.1.slug") != "widgets" {
			t.Errorf("page 11: %.300s", a.Body)
		}
		a = w.Want(w.Do(token, "GET", "/2.0/repositories/acme?q=slug+~+%22filler-00%22&pagelen=100", nil), 200)
		if a.String("size") != "100" || a.Get("next") != nil {
			t.Errorf("filtered: %.300s", a.Body)
		}
	})
}
