package webtest

import (
	"context"
	"fmt"
	"net/http"

	"github.com/pailforge/pail/internal/issue"
	"github.com/pailforge/pail/internal/pailtest"
)

// issues switches the issue tracker on, and fills it: the first issue has one of everything.
func (s *Scene) issues() {
	s.T.Helper()
	ctx := context.Background()
	must := func(err error) {
		s.T.Helper()
		if err != nil {
			s.T.Fatal(err)
		}
	}
	s.Exec(`UPDATE repository SET has_issues = TRUE WHERE id = $1`, s.Repository.ID)
	for kind, name := range map[issue.Labels]string{issue.Components: "Gears", issue.Milestones: "Spring", issue.Versions: "1.0"} {
		_, err := s.Issues.AddLabel(ctx, s.Repository, kind, name)
		must(err)
	}
	const all = "/2.0/repositories/acme/widgets/issues"
	member, admin := s.World.Token(s.Member, "read:issue", "write:issue", "write:user"), s.World.Token(s.Admin, "read:issue", "write:issue")
	post := func(c pailtest.Credential, below, body string) {
		s.T.Helper()
		s.Want(s.Do(c, http.MethodPost, all+below, body), http.StatusCreated)
	}
	post(member, "", fmt.Sprintf(`{"title":"The gears grind when it is cold, and then the whole machine stops","content":{"raw":%q},"priority":"critical","assignee":{"username":%q},
		"component":{"name":"Gears"},"milestone":{"name":"Spring"},"version":{"name":"1.0"}}`, readme+"\nIt began with #2.\n", s.Admin.Username))
	for i, state := range issue.States {
		post(admin, "", fmt.Sprintf(`{"title":"Something that is %s","state":%q,"kind":%q,"priority":%q}`, state, state, issue.Kinds[i%4], issue.Priorities[i%5]))
	}
	post(admin, "/1/comments", `{"content":{"raw":"How cold is it? See #2 and pull request #1.\n\n| a | b |\n| --- | --- |\n| 1 | 2 |"}}`)
	post(member, "/1/comments", `{"content":{"raw":"Very."}}`)
	post(admin, "/1/changes", `{"changes":{"state":{"new":"open"},"kind":{"new":"task"},"assignee":{"new":""},"title":{"new":"The gears grind when it is cold"}},"message":{"raw":"I look at it."}}`)
	post(admin, "/1/changes", fmt.Sprintf(`{"changes":{"content":{"new":%q},"assignee":{"new":%q},"milestone":{"new":""}}}`, readme+"\nIt began with #2.\n", s.Member.Username))
	post(admin, "/1/changes", `{"changes":{"milestone":{"new":"Spring"}}}`)
	s.Want(s.Do(member, http.MethodPut, all+"/1/vote", nil), http.StatusNoContent)
	s.Want(s.Do(member, http.MethodPost, all+"/1/attachments", pailtest.Multipart("--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"grinding.wav\"\r\n\r\nkrrr\r\n--b--\r\n")), http.StatusCreated)
	must(s.Issues.SaveFilter(ctx, s.Repository, s.Admin.ID, "Of the gears", "component=Gears"))
}
