package access

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/reason"
)

// event is an accepted request made with the credential, d after noon.
func (s *scene) event(id string, d time.Duration) Event {
	return Event{CredentialID: id, At: s.clock.now().Add(d), Authenticated: true, Method: "GET", Path: "/2.0/user", Address: "192.0.2.1", Agent: "curl"}
}

// refusal is an event in which the caller was turned away although the credential was accepted.
func (s *scene) refusal(id string, d time.Duration) Event {
	e := s.event(id, d)
	e.Reason, e.Refused = reason.ScopeMissing, true
	return e
}

// stored is what the store says about a credential when everything recorded is written.
func (s *scene) stored(id string) (Credential, []Event) {
	s.t.Helper()
	must(s.t, s.recorder.Flush(s.t.Context()))
	c, err := s.credentials.Lookup(s.t.Context(), id)
	must(s.t, err)
	events, err := s.recorder.Activity(s.t.Context(), id, 10*maxQueue)
	must(s.t, err)
	return c, events
}

func TestActivityIsBounded(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		busy, _ := s.issue(APIToken)
		quiet, _ := s.issue(APIToken)
		s.recorder.Record(s.event(quiet.ID, 0))
		for batch := range 3 { // more than fit, in one batch and over several
			for i := range MaxActivity/2 + 30 {
				e := s.event(busy.ID, time.Duration(1000*batch+i)*time.Second)
				e.Path = fmt.Sprintf("/%d/%d", batch, i)
				s.recorder.Record(e)
			}
			must(t, s.recorder.Flush(t.Context()))
		}
		_, events := s.stored(busy.ID)
		if len(events) != MaxActivity {
			t.Errorf("%d events are kept, want %d", len(events), MaxActivity)
		}
		if got, want := events[0].Path, fmt.Sprintf("/2/%d", MaxActivity/2+29); got != want {
			t.Errorf("the newest event is %s, want %s", got, want)
		}
		for i := 1; i < len(events); i++ {
			if events[i].At.After(events[i-1].At) {
				t.Fatalf("event %d is newer than the one before it", i)
			}
		}
		if _, events := s.stored(quiet.ID); len(events) != 1 {
			t.Errorf("%d events of the other credential, want 1", len(events))
		}
	})
}

// TestFullQueue: when more events come than can wait, the times are still those of the last ones.
func TestFullQueue(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		c, _ := s.issue(APIToken)
		late, _ := s.issue(APIToken)
		// Nothing is written in between.
		s.recorder.flushing.Lock()
		for i := range maxQueue + 10 {
			s.recorder.Record(s.event(c.ID, time.Duration(i)*time.Millisecond))
		}
		s.recorder.Record(s.refusal(c.ID, time.Hour))
		s.recorder.Record(s.event(late.ID, 2*time.Hour))
		if n := len(s.recorder.events); n != maxQueue {
			t.Errorf("%d events wait, want %d", n, maxQueue)
		}
		s.recorder.flushing.Unlock()
		got, events := s.stored(c.ID)
		if want := s.clock.now().Add(time.Hour); !got.LastAccessed.Equal(want) || !got.LastRefused.Equal(want) || got.LastRefusedReason != reason.ScopeMissing {
			t.Errorf("last accessed %s, last refused %s for %q, want %s and scope.missing", got.LastAccessed, got.LastRefused, got.LastRefusedReason, want)
		}
		if len(events) != MaxActivity {
			t.Errorf("%d events, want %d", len(events), MaxActivity)
		}
		if got, _ := s.stored(late.ID); !got.LastAccessed.Equal(s.clock.now().Add(2 * time.Hour)) {
			t.Errorf("the credential whose only event did not fit was last accessed %s", got.LastAccessed)
		}
	})
}

func TestFlushAndClose(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		c, _ := s.issue(APIToken)
		own := NewRecorder(s.db, slog.New(slog.DiscardHandler))
		for i := range 20 { // each Flush writes what was recorded before it, also while the recorder's own flush runs
			own.Record(s.event(c.ID, time.Duration(i)*time.Second))
			must(t, own.Flush(t.Context()))
			if n := s.count(`SELECT COUNT(*) FROM activity WHERE credential_id = $1`, c.ID); n != i+1 {
				t.Fatalf("%d events are written after flush %d", n, i+1)
			}
		}
		own.Record(s.refusal(c.ID, time.Minute))
		must(t, own.Close(context.Background()))
		got, events := s.stored(c.ID)
		if len(events) != 21 || events[0].Reason != reason.ScopeMissing {
			t.Errorf("%d events after Close, want 21 with the refusal as the last", len(events))
		}
		if !got.LastRefused.Equal(s.clock.now().Add(time.Minute)) {
			t.Errorf("last refused %s", got.LastRefused)
		}
		if got.LastAccessedAddress != "192.0.2.1" || got.LastAccessedAgent != "curl" {
			t.Errorf("accessed from %q by %q", got.LastAccessedAddress, got.LastAccessedAgent)
		}
	})
}

func TestActivityText(t *testing.T) {
	for name, text := range map[string]string{
		"NUL": "a\x00b", "invalid": "\xff\xfe/\xc3", "alternating": strings.Repeat("\xffa", 150), "long": strings.Repeat("x", 5000),
		"cut in a rune": strings.Repeat("x", maxTextLength-1) + "é" + strings.Repeat("x", 50), "long NULs": strings.Repeat("\x00", 5000), "empty": "",
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, s *scene) {
				c, _ := s.issue(APIToken)
				e := s.event(c.ID, 0)
				e.Path, e.Agent = text, text
				e.Method = strings.Repeat("M", 5000)
				s.recorder.Record(e)
				got, events := s.stored(c.ID)
				if len(events) != 1 {
					t.Fatalf("%d events, want 1", len(events))
				}
				for field, v := range map[string]string{"path": events[0].Path, "agent": events[0].Agent, "last agent": got.LastAccessedAgent, "method": events[0].Method} {
					if len(v) > maxTextLength || !utf8.ValidString(v) || strings.Contains(v, "\x00") {
						t.Errorf("%s is stored as %.40q…, %d bytes", field, v, len(v))
					}
				}
			})
		})
	}
	if got := clip("/2.0/user"); got != "/2.0/user" {
		t.Errorf("plain text became %q", got)
	}
}

func TestDeletedCredentialInBatch(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		gone, _ := s.issue(APIToken)
		stays, _ := s.issue(APIToken)
		s.recorder.flushing.Lock() // the event waits until its credential is gone
		s.recorder.Record(s.event(gone.ID, 0))
		s.recorder.Record(s.event(stays.ID, 0))
		s.recorder.Record(s.refusal(gone.ID, time.Second))
		s.exec(`DELETE FROM credential WHERE id = $1`, gone.ID)
		s.recorder.flushing.Unlock()
		if _, events := s.stored(stays.ID); len(events) != 1 {
			t.Errorf("%d events of the credential that stays, want 1", len(events))
		}
		if n := s.count(`SELECT COUNT(*) FROM activity WHERE credential_id = $1`, gone.ID); n != 0 {
			t.Errorf("%d events of the credential that is gone", n)
		}
	})
}

func TestOldEventsMoveNothingBack(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		c, _ := s.issue(APIToken)
		s.recorder.Record(s.refusal(c.ID, time.Hour))
		s.stored(c.ID)
		old := s.refusal(c.ID, time.Minute) // another node writes later what happened earlier
		old.Address, old.Reason = "192.0.2.99", reason.TokenExpired
		s.recorder.Record(old)
		got, events := s.stored(c.ID)
		if want := s.clock.now().Add(time.Hour); !got.LastAccessed.Equal(want) || !got.LastRefused.Equal(want) {
			t.Errorf("last accessed %s, last refused %s, want %s", got.LastAccessed, got.LastRefused, want)
		}
		if got.LastAccessedAddress != "192.0.2.1" || got.LastRefusedReason != reason.ScopeMissing {
			t.Errorf("accessed from %s, refused for %s", got.LastAccessedAddress, got.LastRefusedReason)
		}
		if len(events) != 2 || events[1].Reason != reason.TokenExpired {
			t.Errorf("the older event is not in its place: %+v", events)
		}
		// The same within one batch.
		s.recorder.flushing.Lock()
		s.recorder.Record(s.event(c.ID, 3*time.Hour))
		s.recorder.Record(s.event(c.ID, 2*time.Hour))
		s.recorder.flushing.Unlock()
		if got, _ := s.stored(c.ID); !got.LastAccessed.Equal(s.clock.now().Add(3 * time.Hour)) {
			t.Errorf("last accessed %s, want three hours past noon", got.LastAccessed)
		}
	})
}

// TestNeitherAcceptedNorRefused: a request that was wrong in itself says nothing about access, and is still shown.
func TestNeitherAcceptedNorRefused(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		c, _ := s.issue(APIToken)
		e := s.event(c.ID, 0)
		e.Authenticated, e.Reason = false, reason.BodyMalformed
		s.recorder.Record(e)
		got, events := s.stored(c.ID)
		if !got.LastAccessed.IsZero() || !got.LastRefused.IsZero() || len(events) != 1 {
			t.Errorf("accessed %s, refused %s, %d events", got.LastAccessed, got.LastRefused, len(events))
		}
	})
}
