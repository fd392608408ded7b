package server

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

const (
	readyFor     = time.Second     // how long one answer of Options.Ready is good: probes must not load the database
	readyTimeout = 3 * time.Second // how long the database may take
)

// health answers /healthz (the process is up) and /readyz (it can serve).
type health struct {
	api      *rest.API
	log      *slog.Logger
	version  string
	state    func() map[string]any
	check    func(context.Context) error
	stopping atomic.Bool

	mu      sync.Mutex
	checked time.Time
	err     error
}

// alive answers 200 as long as the process can answer at all.
func (h *health) alive(w http.ResponseWriter, r *http.Request) {
	if !h.get(w, r) {
		return
	}
	answer := map[string]any{"status": "ok", "version": h.version}
	if h.state != nil {
		answer["state"] = h.state()
	}
	h.write(w, answer)
}

// ready answers 200 when the database is reachable and the server is not stopping, else 503.
func (h *health) ready(w http.ResponseWriter, r *http.Request) {
	if !h.get(w, r) {
		return
	}
	if h.stopping.Load() {
		h.api.WriteError(w, r, rest.Refuse(reason.ServerStopping, ""))
		return
	}
	if h.reachable(r.Context()) != nil {
		h.api.WriteError(w, r, rest.Refuse(reason.ServerBusy, "The database cannot be reached.").WithHeader("Retry-After", "2"))
		return
	}
	h.write(w, map[string]any{"status": "ready"})
}

// reachable asks Options.Ready, at most once for readyFor.
func (h *health) reachable(ctx context.Context) error {
	if h.check == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.checked.IsZero() && time.Since(h.checked) < readyFor {
		return h.err
	}
	// One probe's client going away must not make the next one's answer.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyTimeout)
	defer cancel()
	before := h.err
	h.err = h.check(ctx)
	h.checked = time.Now()
	switch {
	case h.err != nil && before == nil:
		h.log.Error("not ready: the database cannot be reached", "error", h.err)
	case h.err == nil && before != nil:
		h.log.Info("ready again")
	}
	return h.err
}

func (h *health) get(w http.ResponseWriter, r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	h.api.WriteError(w, r, rest.Refuse(reason.MethodNotAllowed, "").WithHeader("Allow", "GET, HEAD"))
	return false
}

func (h *health) write(w http.ResponseWriter, answer map[string]any) {
	body, err := json.Marshal(answer)
	if err != nil { // a state that is no JSON is a mistake in the wiring; the process is up all the same
		body = []byte(`{"status":"ok"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(append(body, '\n'))
}
