package story

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/scope"
	"pgregory.net/rapid"
)

// TestWhoSeesSnippets: a snippet is seen by everybody where it is public, by members of its workspace where it is private, and by
// nobody whose token has not the scope. Whoever may not see one gets the very answer that there is for none. Members change it, and
// whoever made it, or owns the workspace, takes it away.
func TestWhoSeesSnippets(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		people := map[string]account.Account{"owner": w.Admin, "member": w.Member, "stranger": w.Outsider}
		tokens := map[string]pailtest.Credential{}
		with := func(who string, scopes []string) pailtest.Credential {
			if who == "nobody" {
				return pailtest.None
			}
			key := who + strings.Join(scopes, " ")
			if tokens[key] == nil {
				tokens[key] = w.Token(people[who], append([]string{"read:package"}, scopes...)...)
			}
			return tokens[key]
		}
		all := []string{"read:snippet", "write:snippet", "delete:snippet"}
		const one = "/snippets/{workspace}/{encoded_id}"
		calls := []struct {
			key, below string
			body       any
			need       string // to see it, to be somebody who sees it, to be a member, to have made it
		}{
			{"GET " + one, "", nil, "see"}, {"GET " + one + "/files/{path}", "/files/notes.txt", nil, "see"}, {"GET " + one + "/commits", "/commits", nil, "see"}, {"GET " + one + "/comments", "/comments", nil, "see"},
			{"GET " + one + "/{node_id}/files/{path}", "/HEAD/files/notes.txt", nil, "see"}, {"GET " + one + "/{revision}/diff", "/HEAD/diff", nil, "see"},
			{"POST " + one + "/comments", "/comments", `{"content":{"raw":"Why?"}}`, "somebody"}, {"PUT " + one + "/watch", "/watch", nil, "somebody"},
			{"PUT " + one, "", `{"title":"Changed"}`, "member"}, {"DELETE " + one, "", nil, "maker"},
		}
		rapid.Check(t, func(rt *rapid.T) {
			private, maker := rapid.Bool().Draw(rt, "private"), rapid.SampledFrom([]string{"owner", "member"}).Draw(rt, "maker")
			form := pailtest.Multipart(strings.Replace(string(snippetFiles), "--b\r\n", fmt.Sprintf("--b\r\nContent-Disposition: form-data; name=\"is_private\"\r\n\r\n%v\r\n--b\r\n", private), 1))
			id := w.Want(w.Do(with(maker, all), "POST", "/2.0/snippets/acme", form), http.StatusCreated).String("id")
			for range 6 {
				who := rapid.SampledFrom([]string{"nobody", "stranger", "member", "owner"}).Draw(rt, "who")
				scopes := slices.DeleteFunc(slices.Clone(all), func(s string) bool { return !rapid.Bool().Draw(rt, s) })
				c := rapid.SampledFrom(calls).Draw(rt, "call")
				op, _ := catalog.Lookup(c.key)
				var names []string
				for _, s := range scopes {
					names = append(names, s+":bitbucket")
				}
				granted, err := scope.ParseSet(names)
				check(w, err)
				scoped := who == "nobody" || slices.ContainsFunc(op.Scopes, granted.Contains)
				sees := !private || who == "member" || who == "owner"
				may := scoped && sees && map[string]bool{"see": true, "somebody": who != "nobody", "member": who == "member" || who == "owner", "maker": who == "owner" || who == maker}[c.need]
				token := with(who, scopes)
				a := w.Do(token, op.Method, "/2.0/snippets/acme/"+id+c.below, c.body)
				what := fmt.Sprintf("%s with %v: %s of a snippet of the %s's, private %v: %d %s", who, scopes, c.key, maker, private, a.Status, a.Body)
				switch {
				case may:
					if !succeeded(a) && a.Status != http.StatusFound {
						rt.Fatalf("should: %s", what)
					}
				case !sees:
					if none := w.Do(token, op.Method, "/2.0/snippets/acme/zzzzzzzz"+c.below, c.body); none.Status != a.Status || none.Reason() != a.Reason() || none.String("error.message") != a.String("error.message") || a.Status < 400 {
						rt.Fatalf("there seems to be something: %s; of none: %s", what, none.Body)
					}
				case a.Status != http.StatusForbidden && a.Status != http.StatusUnauthorized:
					rt.Fatalf("should not: %s", what)
				}
				if list := w.Do(token, "GET", "/2.0/snippets/acme?pagelen=100", nil); who != "nobody" && slices.Contains(scopes, "read:snippet") && list.Status == http.StatusOK {
					if there := strings.Contains(string(list.Body), `"id":"`+id+`"`); there && !sees {
						rt.Fatalf("the list shows it: %s", what)
					}
				}
				if may && c.need == "maker" {
					return
				}
			}
		})
	})
}
