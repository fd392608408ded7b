package story

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
)

// TestSnippetsAtOnce: of those who change one revision at the same moment one does, and the others are told; of those who name
// none, nobody's files are lost. What is said meanwhile is all there, and whoever deletes the snippet does so once.
func TestSnippetsAtOnce(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		token := w.Token(w.Admin, "read:snippet", "write:snippet", "delete:snippet")
		one := "/2.0/snippets/acme/" + w.Want(w.Do(token, "POST", "/2.0/snippets/acme", snippetFiles), http.StatusCreated).String("id")
		const many = 6
		together := func(call func(i int) *pailtest.Answer, others int) (did int64) {
			t.Helper()
			var all sync.WaitGroup
			var good atomic.Int64
			for i := range many {
				all.Go(func() {
					switch a := call(i); {
					case a.Status/100 == 2:
						good.Add(1)
					case a.Status != others:
						t.Errorf("%d %s", a.Status, a.Body)
					}
				})
			}
			all.Wait()
			return good.Load()
		}
		file := func(i int) pailtest.Multipart {
			return pailtest.Multipart(strings.ReplaceAll(string(snippetFiles), "notes.txt", fmt.Sprintf("%d.txt", i)))
		}
		first := w.Do(token, "GET", one+"/commits", nil).String("values.0.hash")
		if n := together(func(i int) *pailtest.Answer { return w.Do(token, "PUT", one+"/"+first, file(i)) }, http.StatusMethodNotAllowed); n != 1 {
			t.Errorf("%d changed one revision", n)
		}
		if n := together(func(i int) *pailtest.Answer { return w.Do(token, "PUT", one, file(i)) }, 0); n != many {
			t.Errorf("%d of %d changed the snippet", n, many)
		}
		for i := range many {
			if a := w.Do(token, "GET", fmt.Sprintf("%s/HEAD/files/%d.txt", one, i), nil); a.Status != http.StatusOK {
				t.Errorf("file %d was lost: %d", i, a.Status)
			}
		}
		if a := w.Do(token, "GET", one+"/commits", nil); strings.Count(string(a.Body), `"snippet":{`) != 2+many {
			t.Errorf("not each change is a revision: %s", a.Body)
		}
		together(func(i int) *pailtest.Answer {
			return w.Do(token, "POST", one+"/comments", fmt.Sprintf(`{"content":{"raw":"%d"}}`, i))
		}, 0)
		if got := w.Do(token, "GET", one+"/comments", nil).String("size"); got != fmt.Sprint(many) {
			t.Errorf("%s comments", got)
		}
		if n := together(func(i int) *pailtest.Answer {
			if i%2 == 0 {
				return w.Do(token, "DELETE", one, nil)
			}
			if a := w.Do(token, "PUT", one, file(i)); a.Status != http.StatusOK {
				return a
			}
			return &pailtest.Answer{Status: http.StatusNotFound}
		}, http.StatusNotFound); n != 1 {
			t.Errorf("%d deleted the snippet", n)
		}
	})
}
