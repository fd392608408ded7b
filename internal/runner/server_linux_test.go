package runner

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/runnerapi"
)

// fakeServer is the other side, as package runnerapi says, for what a real one cannot be brought to do.
type fakeServer struct {
	*httptest.Server
	runner string

	mu      sync.Mutex
	waiting []runnerapi.Step
	steps   map[string]*fakeStep
	news    chan struct{} // closed when a step came
	octets  map[string][]byte
}

type fakeStep struct {
	step   runnerapi.Step
	mu     sync.Mutex
	log    map[string][]byte
	logged chan struct{} // closed and made anew with each part
	most   int64         // octets of a log that are kept; 0: all
	size   int64
	result runnerapi.Result
	done   chan struct{}
	stop   bool
	lost   bool
	phases []string
}

func newFakeServer(t testing.TB) *fakeServer {
	f := &fakeServer{runner: uuid.NewString(), steps: map[string]*fakeStep{}, news: make(chan struct{}), octets: map[string][]byte{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, secret, _ := q.BasicAuth()
		if secret != "secret" {
			w.WriteHeader(401)
			fmt.Fprint(w, `{"error":"invalid_client","error_description":"no"}`)
			return
		}
		fmt.Fprint(w, `{"access_token":"token","token_type":"bearer","expires_in":3600}`)
	})
	at := "/2.0/runners/" + f.runner
	mux.HandleFunc("POST "+at+"/steps", f.ask)
	on := func(pattern string, do func(w http.ResponseWriter, q *http.Request, s *fakeStep)) {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" "+at+"/steps/{step}"+path, func(w http.ResponseWriter, q *http.Request) {
			f.mu.Lock()
			s := f.steps[q.PathValue("step")]
			f.mu.Unlock()
			if s == nil || s.isLost() {
				w.WriteHeader(http.StatusConflict)
				fmt.Fprint(w, `{"type":"error","error":{"message":"lost","data":{"reason":"pipeline.lease_lost"}}}`)
				return
			}
			do(w, q, s)
		})
	}
	on("PUT ", func(w http.ResponseWriter, q *http.Request, s *fakeStep) {
		var beat runnerapi.Beat
		_ = json.NewDecoder(q.Body).Decode(&beat)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.phases = append(s.phases, beat.Phase)
		_ = json.NewEncoder(w).Encode(runnerapi.Orders{Stop: s.stop})
	})
	on("POST /logs/{log}", func(w http.ResponseWriter, q *http.Request, s *fakeStep) {
		offset, _ := strconv.ParseInt(q.FormValue("offset"), 10, 64)
		part, _ := io.ReadAll(q.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.size = offset + int64(len(part))
		if s.most == 0 {
			s.log[q.PathValue("log")] = append(s.log[q.PathValue("log")][:offset], part...)
		}
		close(s.logged)
		s.logged = make(chan struct{})
		_ = json.NewEncoder(w).Encode(runnerapi.Written{Next: s.size, Full: s.most > 0 && s.size > s.most})
	})
	keep := func(kind string) func(w http.ResponseWriter, q *http.Request, s *fakeStep) {
		return func(w http.ResponseWriter, q *http.Request, s *fakeStep) {
			body, err := io.ReadAll(q.Body)
			if err != nil {
				return
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			f.octets[kind+" "+q.PathValue("name")+q.FormValue("name")+q.FormValue("key")] = body
		}
	}
	give := func(kind string) func(w http.ResponseWriter, q *http.Request, s *fakeStep) {
		return func(w http.ResponseWriter, q *http.Request, s *fakeStep) {
			f.mu.Lock()
			defer f.mu.Unlock()
			body, ok := f.octets[kind+" "+q.PathValue("name")+q.FormValue("key")]
			if !ok {
				w.WriteHeader(404)
				return
			}
			_, _ = w.Write(body)
		}
	}
	on("PUT /artifacts", keep("artifact"))
	on("GET /artifacts/{name}", give("artifact"))
	on("PUT /caches/{name}", keep("cache"))
	on("GET /caches/{name}", give("cache"))
	on("PUT /reports", keep("report"))
	on("POST /result", func(w http.ResponseWriter, q *http.Request, s *fakeStep) {
		_ = json.NewDecoder(q.Body).Decode(&s.result)
		w.WriteHeader(204)
		close(s.done)
	})
	f.Server = httptest.NewServer(mux)
	t.Cleanup(f.Close)
	return f
}

func (s *fakeStep) isLost() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.lost }

func (f *fakeServer) ask(w http.ResponseWriter, q *http.Request) {
	_, _ = io.Copy(io.Discard, q.Body)
	timeout := time.After(runnerapi.Wait)
	for {
		f.mu.Lock()
		news := f.news
		if len(f.waiting) > 0 {
			s := f.waiting[0]
			f.waiting = f.waiting[1:]
			f.mu.Unlock()
			_ = json.NewEncoder(w).Encode(s)
			return
		}
		f.mu.Unlock()
		select {
		case <-news:
		case <-timeout:
			w.WriteHeader(204)
			return
		case <-q.Context().Done():
			return
		}
	}
}

// add gives a step to the next runner that asks.
func (f *fakeServer) add(s runnerapi.Step) *fakeStep { return f.addKeeping(s, 0) }

// addKeeping does the same, and keeps no log but says that it is full behind so many octets; 0: it keeps all.
func (f *fakeServer) addKeeping(s runnerapi.Step, most int64) *fakeStep {
	if s.UUID == "" {
		s.UUID = uuid.NewString()
	}
	if s.MaxTime == 0 {
		s.MaxTime = 60
	}
	step := &fakeStep{step: s, log: map[string][]byte{}, logged: make(chan struct{}), most: most, done: make(chan struct{})}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.steps[s.UUID] = step
	f.waiting = append(f.waiting, s)
	close(f.news)
	f.news = make(chan struct{})
	return step
}

func (s *fakeStep) text() string { s.mu.Lock(); defer s.mu.Unlock(); return string(s.log[s.step.UUID]) }

// until waits for a text in the log.
func (s *fakeStep) until(t testing.TB, text string) {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		s.mu.Lock()
		logged, have := s.logged, strings.Contains(string(s.log[s.step.UUID]), text)
		s.mu.Unlock()
		if have {
			return
		}
		select {
		case <-logged:
		case <-s.done:
			t.Fatalf("the step ended as %+v; log:\n%s", s.result, s.text())
		case <-deadline:
			t.Fatalf("no %q in the log:\n%s", text, s.text())
		}
	}
}

// end waits for the step to end.
func (s *fakeStep) end(t testing.TB) (runnerapi.Result, string) {
	t.Helper()
	select {
	case <-s.done:
	case <-time.After(2 * time.Minute):
		t.Fatalf("the step does not end; log:\n%s", s.text())
	}
	return s.result, s.text()
}

func (f *fakeServer) config(t testing.TB, executors ...string) Config {
	return Config{Version: "test", URL: f.URL, UUID: f.runner, ClientID: "client", ClientSecret: "secret", TokenURL: f.URL + "/token", Executors: executors, Slots: 2,
		Directory: t.TempDir(), Git: "git"}
}

// commands are a script.
func commands(lines ...string) (all []runnerapi.Command) {
	for _, line := range lines {
		all = append(all, runnerapi.Command{Text: line})
	}
	return all
}
