package bench

import (
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/pailtest"
)

const (
	repositories    = 10_000 // of one workspace
	limitRepository = 10 * time.Millisecond
	fewOf           = 100 // of what is listed, to compare many with
	limitMany       = 1.5 // times as long as with few
)

// shelf is a server with so many of what is listed.
type shelf struct {
	w     *pailtest.World
	token pailtest.Credential
	below string // path of the list
}

func (s *shelf) take(path string) time.Duration {
	began := time.Now()
	s.w.Want(s.w.Do(s.token, "GET", s.below+path, nil), 200)
	return time.Since(began)
}

// question is what is asked of a shelf: a path below that of the list.
type question struct{ name, path string }

// filtered is a question with a filter and an order.
func filtered(name, filter, sort string) question {
	return question{name, "?" + url.Values{"q": {filter}, "sort": {sort}}.Encode()}
}

// lists measures how long questions take: the median in milliseconds, against a limit, and as a multiple of what they take with few,
// unless that is nil. The first one of each is the slowest, and counts as one.
func lists(b *testing.B, few, many *shelf, limit time.Duration, questions ...question) {
	b.Helper()
	for _, q := range questions {
		b.Run(q.name, func(b *testing.B) {
			var took, with []time.Duration
			for b.Loop() {
				took = append(took, many.take(q.path))
				if few != nil {
					with = append(with, few.take(q.path))
				}
			}
			b.ReportMetric(float64(took[0].Microseconds())/1000, "first-ms")
			median := middle(took)
			b.ReportMetric(float64(median.Microseconds())/1000, "p50-ms")
			against(b, median, limit)
			if few != nil {
				times := float64(median) / float64(middle(with))
				b.ReportMetric(times, "times-few")
				b.ReportMetric(times/limitMany, "of-limit-few")
			}
		})
	}
}

func middle(took []time.Duration) time.Duration {
	slices.Sort(took)
	return took[len(took)/2]
}

// BenchmarkRepositories measures the first page of the repositories of a workspace that has many, as it is, ordered, and filtered.
func BenchmarkRepositories(b *testing.B) {
	fill := func(n int) *shelf {
		w := pailtest.Start(b, pailtest.Options{}).World()
		now := database.Micros(time.Now())
		for i := range n {
			w.Exec(`INSERT INTO repository (id, workspace_id, project_id, slug, name, description, language, mainbranch, creator_id, created_on, updated_on)
				VALUES ($1, $2, $3, $4, $5, 'One of many', $6, 'main', $7, $8, $8)`,
				uuid.NewString(), w.Workspace.ID, w.Project.ID, fmt.Sprintf("filler-%d", i), fmt.Sprintf("Filler %d", i), []string{"go", "c", "rust"}[i%3], w.Admin.ID, now-int64(i)*60_000_000)
		}
		return &shelf{w, w.Token(w.Admin, "read:repository"), "/2.0/repositories/acme"}
	}
	lists(b, fill(fewOf), fill(repositories), limitRepository,
		question{"list", ""}, question{"recent", "?sort=-updated_on"}, question{"page 5", "?page=5"}, question{"as a member", "?role=member"}, question{"one", "/widgets"},
		filtered("slug", `slug = "filler-77"`, ""), filtered("name", `name = "Filler 77"`, ""), filtered("updated", `updated_on > 2020-01-01T00:00:00Z`, "-updated_on"),
		filtered("project", `project.key = "FTO"`, "-created_on"))
}
