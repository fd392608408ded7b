package story

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
)

// TestSaidAtOnce: what many say of a commit at the same moment is all kept, once each, and no answer is a fault.
func TestSaidAtOnce(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		w.Push(1)
		token := w.Token(w.Admin, "read:repository", "write:repository")
		const many = 12
		together := func(name string, call func(i int) *pailtest.Answer, want ...int) {
			t.Helper()
			var all sync.WaitGroup
			for i := range many {
				all.Go(func() {
					a := call(i)
					for _, status := range want {
						if a.Status == status {
							return
						}
					}
					t.Errorf("%s: %d %s", name, a.Status, a.Body)
				})
			}
			all.Wait()
		}
		size := func(path string, want int) {
			t.Helper()
			if got := w.Do(token, "GET", path+"?fields=size", nil).String("size"); got != fmt.Sprint(want) {
				t.Errorf("%s has %s, want %d", path, got, want)
			}
		}
		together("comments", func(i int) *pailtest.Answer {
			return w.Do(token, "POST", onMainPath+"/comments", fmt.Sprintf(`{"content":{"raw":"%d"}}`, i))
		}, http.StatusCreated)
		size(onMainPath+"/comments", many)
		together("one status", func(i int) *pailtest.Answer {
			return w.Do(token, "POST", onMainPath+"/statuses/build", fmt.Sprintf(`{"key":"ci","state":"FAILED","name":"%d"}`, i))
		}, http.StatusCreated)
		size(onMainPath+"/statuses", 1)
		together("one report", func(i int) *pailtest.Answer {
			return w.Do(token, "PUT", onMainPath+"/reports/scan", fmt.Sprintf(`{"title":"%d"}`, i))
		}, http.StatusOK)
		size(onMainPath+"/reports", 1)
		together("annotations", func(i int) *pailtest.Answer {
			return w.Do(token, "PUT", fmt.Sprintf("%s/reports/scan/annotations/%d", onMainPath, i%4), `{"annotation_type":"BUG","summary":"x"}`)
		}, http.StatusOK)
		size(onMainPath+"/reports/scan/annotations", 4)
		together("approvals", func(int) *pailtest.Answer { return w.Do(token, "POST", onMainPath+"/approve", nil) }, http.StatusOK)
		together("one download", func(int) *pailtest.Answer {
			return w.Do(token, "POST", "/2.0/repositories/acme/widgets/downloads", artifact)
		}, http.StatusCreated)
		size("/2.0/repositories/acme/widgets/downloads", 1)
		if a := w.Do(token, "GET", "/2.0/repositories/acme/widgets/downloads/widget.tar", nil); string(a.Body) != "whole" {
			t.Errorf("the file is %d %q", a.Status, a.Body)
		}
		// Two fields of one status, changed at the same moment: neither change is lost.
		together("fields", func(i int) *pailtest.Answer {
			field := []string{`{"name":"new"}`, `{"description":"new"}`}[i%2]
			return w.Do(token, "PUT", onMainPath+"/statuses/build/ci", field)
		}, http.StatusOK)
		a := w.Do(token, "GET", onMainPath+"/statuses/build/ci", nil)
		if a.String("name") != "new" || a.String("description") != "new" {
			t.Errorf("a change was lost: %s", a.Body)
		}
	})
}
