package webtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/pailforge/pail/internal/pailtest"
)

// proposed are branches with one commit each that there are pull requests of. All but the first conflict with main.
var proposed = []string{"merged", "declined", "draft", "superseded"}

// talk has people discuss the first pull request: on the whole and on a line, with what is resolved, deleted, pending and outdated.
func (s *Scene) talk(member, admin pailtest.Credential) {
	s.T.Helper()
	const one = "/2.0/repositories/acme/widgets/pullrequests/1"
	post := func(c pailtest.Credential, below, body string) {
		s.Want(s.Do(c, http.MethodPost, one+below, body), http.StatusCreated)
	}
	post(admin, "/comments", `{"content":{"raw":"Rather:\n\n~~~suggestion\nmuch more, and said in a line that is so long that a telephone has to scroll it by itself, as it does with code\n~~~\n\nor nothing:\n\n~~~suggestion\n~~~\n"},"inline":{"path":"more.txt","to":1}}`)
	post(admin, "/comments", `{"content":{"raw":"Is it **enough**?\n\n| a | b |\n| --- | --- |\n| 1 | 2 |"}}`)
	post(member, "/comments", `{"content":{"raw":"It is."},"parent":{"id":2}}`)
	post(admin, "/comments", `{"content":{"raw":"Never mind."}}`)
	post(member, "/comments", `{"content":{"raw":"I do mind."},"parent":{"id":4}}`)
	s.Want(s.Do(admin, http.MethodDelete, one+"/comments/4", nil), http.StatusNoContent)
	post(admin, "/comments", `{"content":{"raw":"Let me think."},"pending":true}`)
	post(admin, "/comments", `{"content":{"raw":"More of what?"},"inline":{"path":"more.txt","to":1}}`)
	post(member, "/comments", `{"content":{"raw":"Of everything."},"parent":{"id":7}}`)
	post(admin, "/comments", `{"content":{"raw":"And the name?"},"inline":{"path":"more.txt"}}`)
	post(member, "/comments", `{"content":{"raw":"It was here."},"inline":{"path":"more.txt","to":1}}`)
	s.Exec(`UPDATE pull_request_comment SET outdated = TRUE, source_hash = $1 WHERE id = 10`, strings.Repeat("0", 40))
	s.Want(s.Do(member, http.MethodPost, one+"/comments/9/resolve", nil), http.StatusOK)
	post(admin, "/tasks", `{"content":{"raw":"Say what."},"comment":{"id":7}}`)
	post(member, "/tasks", `{"content":{"raw":"Tell everybody."}}`)
	s.Want(s.Do(member, http.MethodPut, one+"/tasks/2", `{"state":"RESOLVED"}`), http.StatusOK)
}

// pullRequests makes one in each state, by the member: the first is open, was reviewed, and has checks to satisfy.
func (s *Scene) pullRequests(n names) {
	s.T.Helper()
	const all = "/2.0/repositories/acme/widgets/pullrequests"
	member, admin := s.World.Token(s.Member, "read:pullrequest", "write:pullrequest"), s.World.Token(s.Admin, "read:pullrequest", "write:pullrequest", "admin:repository", "read:repository", "write:repository")
	s.Want(s.Do(admin, http.MethodPut, "/2.0/repositories/acme/widgets/default-reviewers/"+s.Admin.Username, nil), http.StatusOK)
	for _, rule := range []string{`"kind":"require_approvals_to_merge","value":2`, `"kind":"require_no_changes_requested"`, `"kind":"require_commits_behind","value":5`} {
		s.Want(s.Do(admin, http.MethodPost, "/2.0/repositories/acme/widgets/branch-restrictions", `{"branch_match_kind":"glob","pattern":"main",`+rule+`}`), http.StatusCreated)
	}
	for i, branch := range append([]string{n.branch}, proposed...) {
		body, err := json.Marshal(map[string]any{"title": "More of it: " + branch[:min(len(branch), 100)], "description": readme, "draft": branch == "draft", "close_source_branch": i == 0,
			"source": map[string]any{"branch": map[string]any{"name": branch}}, "destination": map[string]any{"branch": map[string]any{"name": "main"}}})
		if err != nil {
			s.T.Fatal(err)
		}
		s.Want(s.Do(member, http.MethodPost, all, string(body)), http.StatusCreated)
	}
	say := func(n int, what, body string) {
		var sent any
		if body != "" {
			sent = body
		}
		s.Want(s.Do(admin, http.MethodPost, fmt.Sprintf("%s/%d/%s", all, n, what), sent), http.StatusOK)
	}
	say(1, "request-changes", "")
	say(2, "approve", "")
	say(2, "merge", "")
	say(3, "decline", `{"reason":"Not like this."}`)
	s.Exec(`UPDATE pull_request SET state = 'SUPERSEDED' WHERE number = 5`)
	s.talk(member, admin)
	s.Indexed()
}
