package access

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/scope"
)

// counts is a usage in a form that can be compared: operation → requests, first and last in seconds after noon.
func (s *scene) counts(id string) map[string][3]int64 {
	s.t.Helper()
	must(s.t, s.recorder.Flush(s.t.Context()))
	all, err := s.recorder.Usage(s.t.Context(), id)
	must(s.t, err)
	m := map[string][3]int64{}
	for _, u := range all {
		m[u.Operation.Key] = [3]int64{u.Count, int64(u.First.Sub(s.clock.now()).Seconds()), int64(u.Last.Sub(s.clock.now()).Seconds())}
	}
	return m
}

func (s *scene) use(id, operation string, second int, why reason.Code) {
	e := s.event(id, time.Duration(second)*time.Second)
	e.Operation, e.Reason = operation, why
	s.recorder.Record(e)
}

// TestUsage: what was let in is counted, however it ended; what was turned away is not, nor what is no operation.
func TestUsage(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		c, _ := s.issue(APIToken)
		other, _ := s.issue(APIToken)
		s.use(c.ID, "GET /user", 5, "")
		s.use(c.ID, "GET /user", 3, "") // requests end in another order than they began
		s.use(c.ID, "PUT /repositories/{workspace}/{repo_slug}", 4, reason.ValueInvalid)
		s.use(c.ID, "GET /repositories/{workspace}/{repo_slug}", 4, reason.RepositoryNotFound)
		s.use(c.ID, GitRead.Key, 6, "")
		for _, why := range []reason.Code{reason.ScopeMissing, reason.PrivilegeMissing, reason.CredentialKindNotAccepted, reason.PathRemoved, reason.OperationNotServed} {
			s.use(c.ID, "GET /workspaces/{workspace}", 7, why)
		}
		s.use(c.ID, "GET /pail/v1/user/api-tokens", 7, "")
		s.use(c.ID, "", 7, reason.PathUnknown)
		unaccepted := s.event(c.ID, 0)
		unaccepted.Operation, unaccepted.Authenticated, unaccepted.Reason = "GET /user/emails", false, reason.CredentialBearerNotAccepted
		s.recorder.Record(unaccepted)
		s.use("no-such-credential", "GET /user", 1, "")

		want := map[string][3]int64{
			"GET /user": {2, 3, 5}, "PUT /repositories/{workspace}/{repo_slug}": {1, 4, 4},
			"GET /repositories/{workspace}/{repo_slug}": {1, 4, 4}, GitRead.Key: {1, 6, 6},
		}
		if diff := cmp.Diff(want, s.counts(c.ID)); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		s.use(c.ID, "GET /user", 1, "")
		s.use(c.ID, GitWrite.Key, 9, "")
		s.use(c.ID, GitRead.Key, 2, "")
		want["GET /user"], want[GitRead.Key], want[GitWrite.Key] = [3]int64{3, 1, 5}, [3]int64{2, 2, 6}, [3]int64{1, 9, 9}
		if diff := cmp.Diff(want, s.counts(c.ID)); diff != "" {
			t.Errorf("after more (-want +got):\n%s", diff)
		}
		if got := s.counts(other.ID); len(got) != 0 {
			t.Errorf("the other credential has %v", got)
		}
	})
}

// TestUsageOfABurst: requests are counted one by one also when more come than are kept.
func TestUsageOfABurst(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		c, _ := s.issue(APIToken)
		for i := range maxQueue + 10 {
			s.use(c.ID, "GET /user", i, "")
		}
		if got := s.counts(c.ID)["GET /user"]; got != [3]int64{maxQueue + 10, 0, maxQueue + 9} {
			t.Errorf("counted %v", got)
		}
	})
}

// TestUsageBefore: when the counts are new, they begin with what the activity still knows.
func TestUsageBefore(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		c, _ := s.issue(APIToken)
		s.use(c.ID, "GET /user", 1, "")
		s.use(c.ID, "GET /user", 2, "")
		s.use(c.ID, "GET /user/emails", 3, reason.ScopeMissing)
		must(t, s.recorder.Flush(t.Context()))
		s.remake("credential_usage", "0002_usage.sql")
		if diff := cmp.Diff(map[string][3]int64{"GET /user": {2, 1, 2}}, s.counts(c.ID)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// remake drops a table and runs again what a migration says about it, on the rows that are there.
func (s *scene) remake(table, migration string) {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "database", "migrations", migration))
	must(s.t, err)
	s.exec(`DROP TABLE ` + table)
	for statement := range strings.SplitSeq(string(text), ";\n") {
		if strings.Contains(statement, table) {
			s.exec(statement)
		}
	}
}

func TestLeastScopes(t *testing.T) {
	all := []Usage{{Operation: used("GET /user")}, {Operation: GitRead}, {Operation: GitWrite}}
	for kind, want := range map[Kind]scope.Set{
		APIToken:      scope.NewSet(scope.ReadUser, scope.ReadRepository, scope.WriteRepository),
		AppPassword:   scope.NewSet(scope.LegacyAccount, scope.LegacyRepositoryWrite),
		RepositoryTok: scope.NewSet(scope.LegacyAccount, scope.LegacyRepositoryWrite),
	} {
		if got := kind.LeastScopes(all); got != want {
			t.Errorf("%s: %v, want %v", kind, got, want)
		}
	}
}
