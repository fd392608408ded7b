package access

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pailforge/pail/internal/reason"
)

// days is what a credential was used for: day before today → operation → let in and turned away.
func (s *scene) days(id string, n int) map[int]map[string][2]int64 {
	s.t.Helper()
	must(s.t, s.recorder.Flush(s.t.Context()))
	all, err := s.recorder.Days(s.t.Context(), id, s.clock.now(), n)
	must(s.t, err)
	m := map[int]map[string][2]int64{}
	for _, c := range all {
		ago := int(s.clock.now().Truncate(dayLength).Sub(c.Day) / dayLength)
		if m[ago] == nil {
			m[ago] = map[string][2]int64{}
		}
		key := ""
		if c.Operation != nil {
			key = c.Operation.Key
		}
		m[ago][key] = [2]int64{c.Count, c.Refused}
	}
	return m
}

func (s *scene) turnedAway(id, operation string, second int, why reason.Code) {
	e := s.event(id, time.Duration(second)*time.Second)
	e.Operation, e.Reason, e.Refused = operation, why, true
	s.recorder.Record(e)
}

// TestDays: requests are counted by day and operation, those let in as in Usage, and those turned away beside them. What
// is no operation has one row, whatever paths were tried.
func TestDays(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		c, _ := s.issue(APIToken)
		other, _ := s.issue(APIToken)
		const day = 24 * 60 * 60
		s.use(c.ID, "GET /user", 1, "")
		s.use(c.ID, "GET /user", 2, "")
		s.turnedAway(c.ID, "GET /user", 3, reason.ScopeMissing)
		s.turnedAway(c.ID, "GET /repositories/{workspace}/{repo_slug}", 3, reason.RepositoryNotFound) // let in, and not there
		s.turnedAway(c.ID, "", 4, reason.PathUnknown)
		s.turnedAway(c.ID, "GET /x", 4, reason.PathUnknown)
		s.use(c.ID, "GET /user", -day, "")
		s.use(c.ID, GitRead.Key, -12*60*60-1, "") // the last second of yesterday
		s.use(c.ID, "GET /user", -40*day, "")
		s.use(other.ID, "GET /user", 1, "")
		want := map[int]map[string][2]int64{
			0:  {"GET /user": {2, 1}, "GET /repositories/{workspace}/{repo_slug}": {1, 0}, "": {0, 2}},
			1:  {"GET /user": {1, 0}, GitRead.Key: {1, 0}},
			40: {"GET /user": {1, 0}},
		}
		if diff := cmp.Diff(want, s.days(c.ID, KeptDays)); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		s.use(c.ID, "GET /user", 5, "")
		s.turnedAway(c.ID, GitRead.Key, -day, reason.TokenExpired)
		want[0]["GET /user"], want[1][GitRead.Key] = [2]int64{3, 1}, [2]int64{1, 1}
		delete(want, 40)
		if diff := cmp.Diff(want, s.days(c.ID, 30)); diff != "" {
			t.Errorf("of 30 days, after more (-want +got):\n%s", diff)
		}
		var sum int64
		all, err := s.recorder.Days(t.Context(), c.ID, s.clock.now(), KeptDays)
		must(t, err)
		for _, one := range all {
			sum += one.Count
		}
		for _, n := range s.counts(c.ID) {
			sum -= n[0]
		}
		if sum != 0 {
			t.Errorf("the days have %d requests more than the usage", sum)
		}
	})
}

// TestDaysAreBounded: days that are over for long go, also those of credentials that nobody uses any more.
func TestDaysAreBounded(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		idle, _ := s.issue(APIToken)
		c, _ := s.issue(APIToken)
		s.use(idle.ID, "GET /user", 0, "")
		s.use(idle.ID, "GET /user", 24*60*60, "")
		s.use(c.ID, "GET /user", 0, "")
		must(t, s.recorder.Flush(t.Context()))
		s.clock.forward(KeptDays * dayLength)
		s.use(c.ID, "GET /user", 0, "")
		if got := s.days(c.ID, 10*KeptDays); len(got) != 1 || got[0] == nil {
			t.Errorf("kept of one in use: %v", got)
		}
		if got := s.days(idle.ID, 10*KeptDays); len(got) != 1 || got[KeptDays-1] == nil {
			t.Errorf("kept of an idle one: %v", got)
		}
		if n := s.count(`SELECT COUNT(*) FROM credential_day`); n != 2 {
			t.Errorf("%d rows", n)
		}
	})
}

// TestDaysBefore: when the counts are new, they begin with what the activity still knows.
func TestDaysBefore(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		c, _ := s.issue(APIToken)
		s.use(c.ID, "GET /user", 1, "")
		s.use(c.ID, "GET /user", 2, "")
		s.use(c.ID, "GET /user", -24*60*60, "")
		s.use(c.ID, "GET /user/emails", 3, reason.ScopeMissing)
		must(t, s.recorder.Flush(t.Context()))
		s.remake("credential_day", "0005_tokens.sql")
		want := map[int]map[string][2]int64{0: {"GET /user": {2, 0}}, 1: {"GET /user": {1, 0}}}
		if diff := cmp.Diff(want, s.days(c.ID, KeptDays)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
