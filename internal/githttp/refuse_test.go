package githttp

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// What the gate says is what the person at the client reads, whichever request it refuses.
func TestRefusalsShow(t *testing.T) {
	challenge := http.Header{"WWW-Authenticate": {`Basic realm="Bitbucket.org HTTP"`}}
	for on, statuses := range map[string][]int{http.MethodGet: {401, 403, 404, 410}, http.MethodPost: {401, 403, 410}} {
		for _, status := range statuses {
			t.Run(on+" "+strconv.Itoa(status), func(t *testing.T) {
				f := newForge(t, Options{})
				dir := f.work()
				f.commit(dir, "a", "1")
				f.git(dir, "push", "-q", "origin", "main")
				f.commit(dir, "a", "2")
				f.set(func(f *forge) {
					f.admit = func(r *http.Request, _ bool) error {
						if r.Method != on {
							return nil
						}
						header := http.Header(nil)
						if status == 401 {
							header = challenge
						}
						return &refused{status, header, []string{"token.expired: this token ended yesterday", "See /docs/token-expired"}}
					}
				})
				withUser := strings.Replace(f.url, "http://", "http://ann:secret@", 1)
				for _, args := range [][]string{
					{"clone", withUser, t.TempDir() + "/x"},
					{"-c", "protocol.version=0", "clone", withUser, t.TempDir() + "/x"},
					{"push", withUser, "main"},
				} {
					out, err := f.try(dir, args...)
					if err == nil || !strings.Contains(out, "token.expired: this token ended yesterday") {
						t.Errorf("git %v, %v, does not show the reason:\n%s", args, err, out)
					}
				}
			})
		}
	}
}
