package story

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/pailtest"
	"pgregory.net/rapid"
)

// model is what a sequence of calls should have led to.
type model struct {
	repositories map[string]string // slug to description
	moved        map[string]string // a former slug to the present one
	secrets      map[string]string // id to secret, alive
	revoked      []string          // secrets
}

// TestSequences: after any sequence of calls, each answers as a plain model of the server says it must.
func TestSequences(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		admin := everything(w)
		cookie, csrf := session(w)
		signed := func(r *http.Request) {
			r.Header.Set("Cookie", cookie)
			r.Header.Set(access.CSRFHeader, csrf)
		}
		rapid.Check(t, func(rt *rapid.T) {
			m := &model{repositories: map[string]string{}, moved: map[string]string{}, secrets: map[string]string{}}
			slugs := rapid.SampledFrom([]string{"a", "b", "c-1", "D", "e.f"})
			want := func(a *pailtest.Answer, status int, reason string) {
				if a.Status != status || a.Reason() != reason {
					rt.Fatalf("%d %q, want %d %q: %s", a.Status, a.Reason(), status, reason, a.Body)
				}
			}
			rt.Repeat(map[string]func(*rapid.T){
				"create": func(rt *rapid.T) {
					slug := strings.ToLower(slugs.Draw(rt, "slug"))
					a := w.Do(admin, "POST", "/2.0/repositories/acme/"+slug, `{"description":"new"}`)
					if _, ok := m.repositories[slug]; ok {
						want(a, 400, "conflict.exists")
						return
					}
					want(a, 200, "")
					m.repositories[slug] = "new"
					delete(m.moved, slug)
				},
				"describe": func(rt *rapid.T) {
					slug, text := slugs.Draw(rt, "slug"), rapid.StringMatching(`[a-zü ]{0,20}`).Draw(rt, "text")
					a := w.Do(admin, "PUT", "/2.0/repositories/acme/"+slug, map[string]string{"description": text})
					status := 201 // PUT makes what is not there
					if _, ok := m.repositories[strings.ToLower(slug)]; ok {
						status = 200
					}
					want(a, status, "")
					m.repositories[strings.ToLower(slug)] = text
					delete(m.moved, strings.ToLower(slug))
				},
				"rename": func(rt *rapid.T) {
					from, to := strings.ToLower(slugs.Draw(rt, "from")), slugs.Draw(rt, "to")
					text, ok := m.repositories[from]
					if !ok {
						rt.Skip("nothing to rename")
					}
					a := w.Do(admin, "PUT", "/2.0/repositories/acme/"+from, map[string]string{"name": to})
					if _, taken := m.repositories[strings.ToLower(to)]; taken && strings.ToLower(to) != from {
						want(a, 400, "conflict.exists")
						return
					}
					want(a, 200, "")
					delete(m.repositories, from)
					m.repositories[strings.ToLower(to)] = text
					for old, now := range m.moved {
						if now == from {
							m.moved[old] = strings.ToLower(to)
						}
					}
					m.moved[from] = strings.ToLower(to)
					delete(m.moved, strings.ToLower(to))
				},
				"delete": func(rt *rapid.T) {
					slug := slugs.Draw(rt, "slug")
					a := w.Do(admin, "DELETE", "/2.0/repositories/acme/"+slug, nil)
					if _, ok := m.repositories[strings.ToLower(slug)]; !ok {
						if _, moved := m.moved[strings.ToLower(slug)]; moved {
							want(a, 308, "repository.moved")
							return
						}
						want(a, 404, "repository.not_found")
						return
					}
					want(a, 204, "")
					for old, now := range m.moved {
						if now == strings.ToLower(slug) {
							delete(m.moved, old)
						}
					}
					delete(m.repositories, strings.ToLower(slug))
				},
				"mint": func(rt *rapid.T) {
					a := w.Do(signed, "POST", mintPath, asked().with("scopes", []string{"read:user:bitbucket"}))
					want(a, 201, "")
					m.secrets[a.String("id")] = a.String("token")
				},
				"revoke": func(rt *rapid.T) {
					for id, secret := range m.secrets {
						want(w.Do(signed, "DELETE", mintPath+"/"+id, nil), 204, "")
						m.revoked = append(m.revoked, secret)
						delete(m.secrets, id)
						break
					}
				},
				"": func(rt *rapid.T) {
					for _, secret := range m.secrets {
						want(w.Do(pailtest.Basic(w.Admin.Email, secret), "GET", "/2.0/user", nil), 200, "")
					}
					for _, secret := range m.revoked[max(0, len(m.revoked)-3):] {
						want(w.Do(pailtest.Basic(w.Admin.Email, secret), "GET", "/2.0/user", nil), 401, "token.revoked")
					}
					list := w.Do(admin, "GET", "/2.0/repositories/acme?pagelen=100&sort=slug", nil)
					want(list, 200, "")
					found := map[string]string{}
					for i := range list.Get("values").([]any) {
						found[list.String(fmt.Sprintf("values.%d.slug", i))] = list.String(fmt.Sprintf("values.%d.description", i))
					}
					delete(found, "widgets")
					if fmt.Sprint(found) != fmt.Sprint(m.repositories) {
						rt.Fatalf("there are %v, want %v", found, m.repositories)
					}
				},
			})
			for slug := range m.repositories {
				want(w.Do(admin, "DELETE", "/2.0/repositories/acme/"+slug, nil), 204, "")
			}
			for id := range m.secrets {
				want(w.Do(signed, "DELETE", mintPath+"/"+id, nil), 204, "")
			}
		})
		consistent(w)
	})
}

// consistent fails unless rows and directories belong together.
func consistent(w *pailtest.World) {
	w.T.Helper()
	ids, err := w.Repositories.IDs(context.Background())
	check(w, err)
	dirs, err := w.Repositories.Git.IDs(context.Background())
	check(w, err)
	for _, id := range dirs {
		if !ids[id] {
			w.T.Errorf("there is a directory %s, and no row", id)
		}
	}
	if len(dirs) != len(ids) {
		w.T.Errorf("%d directories, %d rows", len(dirs), len(ids))
	}
}

// TestConcurrentCalls: many callers at the same few names. Each call ends in one of the answers that it may have, at
// most one caller makes a name, and in the end everything fits together.
func TestConcurrentCalls(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		admin := everything(w)
		cookie, csrf := session(w)
		var mu sync.Mutex
		balance := 1 // widgets
		var callers sync.WaitGroup
		for i := range 8 {
			callers.Go(func() {
				random := rand.New(rand.NewPCG(uint64(i), 1))
				for n := range 30 {
					slug := fmt.Sprintf("shared-%d", random.IntN(3))
					method, body, allowed, change := "GET", "", []string{"200 ", "301 repository.moved", "404 repository.not_found"}, map[int]int{}
					switch random.IntN(6) {
					case 0, 1:
						method, body, allowed, change = "POST", "{}", []string{"200 ", "400 conflict.exists"}, map[int]int{200: 1}
					case 2:
						method, allowed, change = "DELETE", []string{"204 ", "308 repository.moved", "404 repository.not_found"}, map[int]int{204: -1}
					case 3:
						method, body = "PUT", fmt.Sprintf(`{"name":"shared-%d"}`, random.IntN(3))
						allowed, change = []string{"200 ", "201 ", "400 conflict.exists", "404 repository.not_found"}, map[int]int{201: 1}
					case 4:
						a := w.Do(func(r *http.Request) { r.Header.Set("Cookie", cookie); r.Header.Set(access.CSRFHeader, csrf) }, "POST", mintPath, asked())
						if a.Status != 201 {
							t.Errorf("mint: %d %s", a.Status, a.Body)
						}
						use := pailtest.Basic(w.Admin.Email, a.String("token"))
						if u := w.Do(use, "GET", "/2.0/user", nil); u.Status != 200 {
							t.Errorf("a new token: %d %s", u.Status, u.Body)
						}
						if d := w.Do(func(r *http.Request) { r.Header.Set("Cookie", cookie); r.Header.Set(access.CSRFHeader, csrf) }, "DELETE", mintPath+"/"+a.String("id"), nil); d.Status != 204 {
							t.Errorf("revoke: %d %s", d.Status, d.Body)
						}
						if u := w.Do(use, "GET", "/2.0/user", nil); u.Reason() != "token.revoked" {
							t.Errorf("a revoked token: %d %s", u.Status, u.Body)
						}
						continue
					}
					a := w.Do(admin, method, "/2.0/repositories/acme/"+slug, body)
					if !slices.Contains(allowed, fmt.Sprintf("%d %s", a.Status, a.Reason())) {
						t.Errorf("call %d: %s %s: %d %s", n, method, slug, a.Status, a.Body)
					}
					mu.Lock()
					balance += change[a.Status]
					mu.Unlock()
				}
			})
		}
		callers.Wait()
		consistent(w)
		ids, err := w.Repositories.IDs(t.Context())
		check(w, err)
		if len(ids) != balance {
			t.Errorf("%d repositories, and by the answers there are %d", len(ids), balance)
		}
	})
}

// TestNothingIsLost: changes of different fields at the same time all stay, also beside the first push.
func TestNothingIsLost(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		dir := w.Push(1)
		admin := everything(w)
		secret := w.Secret(w.Admin, "read:repository", "write:repository")
		for round := range 10 {
			slug := fmt.Sprintf("busy-%d", round)
			w.Want(w.Do(admin, "POST", "/2.0/repositories/acme/"+slug, `{}`), 200)
			var calls sync.WaitGroup
			for _, body := range []string{`{"description":"d"}`, `{"language":"go"}`, `{"has_wiki":true}`, `{"fork_policy":"no_forks"}`, `{"has_issues":true}`} {
				calls.Go(func() {
					if a := w.Do(admin, "PUT", "/2.0/repositories/acme/"+slug, body); a.Status != 200 {
						t.Errorf("%d %s", a.Status, a.Body)
					}
				})
			}
			calls.Go(func() {
				if out, err := w.TryGit(dir, "push", "--quiet", w.Remote("acme-admin", secret, "acme/"+slug), "main"); err != nil {
					t.Errorf("%v %s", err, out)
				}
			})
			for range 5 {
				calls.Go(func() { w.Do(admin, "PUT", "/2.0/repositories/acme/"+slug, `{"is_private":true}`) })
			}
			calls.Wait()
			a := w.Want(w.Do(admin, "GET", "/2.0/repositories/acme/"+slug, nil), 200)
			for field, want := range map[string]string{"description": "d", "language": "go", "has_wiki": "true", "fork_policy": "no_forks", "has_issues": "true", "mainbranch.name": "main"} {
				if got := a.String(field); got != want {
					t.Errorf("round %d: %s is %q, want %q", round, field, got, want)
				}
			}
			if a.String("size") == "0" {
				t.Errorf("round %d: the size of the push was lost", round)
			}
		}
	})
}

// TestRevocationAtOnce: the request after a revocation is refused, two hundred times, while others load the server.
func TestRevocationAtOnce(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		var stop atomic.Bool
		var load sync.WaitGroup
		busy := w.Token(w.Admin, "read:user")
		for range 4 {
			load.Go(func() {
				for !stop.Load() {
					if a := w.Do(busy, "GET", "/2.0/user", nil); a.Status != 200 {
						t.Errorf("%d %s", a.Status, a.Body)
						return
					}
				}
			})
		}
		defer load.Wait()
		defer stop.Store(true)
		for i := range 200 {
			c, secret := w.APIToken(w.Admin, "read:user", "read:repository")
			use := pailtest.Basic(w.Admin.Email, secret)
			w.Want(w.Do(use, "GET", "/2.0/user", nil), 200)
			var others sync.WaitGroup // the token is in use in the moment of its end
			for range 3 {
				others.Go(func() { w.Do(use, "GET", "/2.0/user", nil) })
			}
			check(w, w.Credentials.Revoke(t.Context(), w.Admin.ID, access.APIToken, c.ID))
			if a := w.Do(use, "GET", "/2.0/user", nil); a.Status != 401 || a.Reason() != "token.revoked" {
				t.Fatalf("round %d: %d %s", i, a.Status, a.Body)
			}
			others.Wait()
			w.Want(w.Do(use, "GET", "/2.0/user", nil), 401, "token.revoked")
			if err := w.Credentials.Revoke(t.Context(), w.Admin.ID, access.APIToken, c.ID); !errors.Is(err, access.ErrNotFound) {
				t.Fatalf("revoked twice: %v", err)
			}
		}
	})
}

// TestGrantsAtOnce: so do changes of who may do what.
func TestGrantsAtOnce(t *testing.T) {
	w := pailtest.Start(t, pailtest.Options{}).World()
	dir := w.Push(1)
	c, secret := w.APIToken(w.Member, "read:repository", "write:repository")
	use := pailtest.Basic(w.Member.Email, secret)
	admin := w.Token(w.Admin, "admin:project", "read:project", "write:permission", "delete:permission")
	const grant = "/2.0/workspaces/acme/projects/FTO/permissions-config/groups/developers"
	for range 20 {
		w.Want(w.Do(use, "GET", "/2.0/repositories/acme/widgets", nil), 200)
		w.Want(w.Do(admin, "DELETE", grant, nil), 204)
		w.Want(w.Do(use, "GET", "/2.0/repositories/acme/widgets", nil), 404, "repository.not_found")
		w.Want(w.Do(admin, "PUT", grant, `{"permission":"write"}`), 200)
	}
	check(w, os.WriteFile(filepath.Join(dir, "more"), []byte("x"), 0o600))
	w.Git(dir, "push", "--quiet", w.Remote("acme-member", secret, "acme/widgets"), "HEAD:refs/heads/member")
	w.Want(w.Do(admin, "PUT", grant, `{"permission":"read"}`), 200)
	if out, err := w.TryGit(dir, "push", w.Remote("acme-member", secret, "acme/widgets"), "HEAD:refs/heads/again"); err == nil || !strings.Contains(out, "privilege.missing") {
		t.Errorf("%v %s", err, out)
	}
	if u := w.Used(c.ID); u.Reason != "privilege.missing" {
		t.Errorf("%+v", u)
	}
}

// TestSameNames: of many who want the same name at once, one gets it.
func TestSameNames(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		token := everything(w)
		for name, f := range map[string]func(i int) bool{
			"repository": func(int) bool {
				return w.Do(token, "POST", "/2.0/repositories/acme/wanted", `{}`).Status == 200
			},
			"project": func(int) bool {
				return w.Do(token, "POST", "/2.0/workspaces/acme/projects", `{"key":"WANTED","name":"x"}`).Status == 201
			},
			"account": func(i int) bool {
				_, err := w.Accounts.Create(t.Context(), account.New{Email: fmt.Sprintf("p%d@acme.example", i), Username: []string{"Wanted", "wanted"}[i%2], Password: pailtest.Password})
				return err == nil
			},
		} {
			var got atomic.Int32
			var all sync.WaitGroup
			for i := range 8 {
				all.Go(func() {
					if f(i) {
						got.Add(1)
					}
				})
			}
			all.Wait()
			if got.Load() != 1 {
				t.Errorf("%d got the same %s", got.Load(), name)
			}
		}
		consistent(w)
	})
}
