package story

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
)

// TestLanguage: a repository's language is what most of its main branch is written in, unless somebody says another one.
func TestLanguage(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		dir := w.Push(1)
		token := w.Token(w.Admin, "read:repository", "write:repository", "admin:repository")
		secret := w.Secret(w.Admin, "read:repository", "write:repository")
		push := func(files map[string]string) {
			t.Helper()
			for name, text := range files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			w.Git(dir, "add", ".")
			w.Git(dir, "commit", "--quiet", "-m", "More")
			w.Git(dir, "push", "--quiet", w.Remote("x-bitbucket-api-token-auth", secret, "acme/widgets"), "main")
		}
		becomes := func(want string) {
			t.Helper()
			pailtest.Until(t, func() bool {
				return w.Do(token, "GET", "/2.0/repositories/acme/widgets", nil).String("language") == want
			})
		}
		push(map[string]string{"main.go": "package main\n\nfunc main() {}\n", "tool.py": "pass\n"})
		becomes("go")
		w.Want(w.Do(token, "PUT", "/2.0/repositories/acme/widgets", `{"language":"Cobol"}`), 200)
		push(map[string]string{"more.py": "print('longer than all the Go that there is in this repository')\n"})
		if err := s.Repositories.FindLanguage(t.Context(), w.Repository.ID); err != nil {
			t.Fatal(err)
		}
		if got := w.Do(token, "GET", "/2.0/repositories/acme/widgets", nil).String("language"); got != "cobol" {
			t.Errorf("what somebody said became %q", got)
		}
		w.Want(w.Do(token, "PUT", "/2.0/repositories/acme/widgets", `{"language":""}`), 200)
		becomes("python")
		fork := w.Do(token, "POST", "/2.0/repositories/acme/widgets/forks", `{"name":"second","workspace":{"slug":"acme"}}`)
		w.Want(fork, 201)
		if got := fork.String("language"); got != "python" {
			t.Errorf("the fork's language is %q", got)
		}
	})
}
