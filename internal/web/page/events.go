package page

import (
	"io"
	"net/http"
	"time"
)

// Events is an answer that goes on, and tells a script that its page may look different by now (server-sent events; HTML, 9.2). It
// says nothing else: the script asks for the page again, which is decided about as always.
type Events struct {
	Changed <-chan struct{} // there is something to tell
	Ended   <-chan struct{} // closed: the server stops
	Allowed func() bool     // whether the visitor may still hear of it; asked before everything that is sent
	Stop    func()          // called in the end

	// Beat is how often something is sent though nothing has happened, so that nobody on the way takes it for dead, and that it
	// ends with the session; Longest is after what time a script is to ask anew. 0: 15 seconds, and 10 minutes.
	Beat, Longest time.Duration
}

// again is after what time a script asks anew when the answer has ended, in milliseconds.
const again = "retry: 3000\n\n"

func (e *Events) write(w http.ResponseWriter, r *http.Request) {
	defer e.Stop()
	beat, longest := e.Beat, e.Longest
	if beat == 0 {
		beat = 15 * time.Second
	}
	if longest == 0 {
		longest = 10 * time.Minute
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", Never)
	h.Set("X-Accel-Buffering", "no") // nginx would hold it back
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	send := func(text string) bool {
		if !e.Allowed() {
			return false
		}
		_, err := io.WriteString(w, text)
		return err == nil && http.NewResponseController(w).Flush() == nil
	}
	ticks, end := time.NewTicker(beat), time.NewTimer(longest)
	defer ticks.Stop()
	defer end.Stop()
	for ok := send(again); ok; {
		select {
		case <-e.Changed:
			ok = send("event: changed\ndata:\n\n")
		case <-ticks.C:
			ok = send(":\n\n")
		case <-end.C:
			return
		case <-e.Ended:
			return
		case <-r.Context().Done():
			return
		}
	}
}
