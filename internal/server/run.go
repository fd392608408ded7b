package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/pailforge/pail/internal/config"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/prometheus/client_golang/prometheus"
)

// Options are what Run needs beside the configuration. The zero value works.
type Options struct {
	Log     *slog.Logger          // nil: slog.Default
	API     *rest.API             // writes the errors; nil: one made from the configuration
	Version string                // for /healthz
	State   func() map[string]any // for /healthz: what an operator must know, such as whether scopes are enforced

	// Ready says whether the server can do its work, that is whether the database answers. It is asked at most once
	// a second, with a deadline. nil: always.
	Ready func(context.Context) error

	// Listener is used instead of listening on Config.Addr, by callers that must know the port before the handler
	// is made. Run closes it.
	Listener net.Listener

	// OnListen is called once, with the address, when connections are accepted.
	OnListen func(net.Addr)

	// Wire puts itself around the main listener and the http.Server (see wire.Listen), so that what net/http itself
	// refuses is answered in JSON. It also does the TLS; conf is nil without. nil: net/http's own words.
	Wire func(srv *http.Server, ln net.Listener, conf *tls.Config) net.Listener

	// Bounded says whether limits.body and timeouts.request hold for a request. nil: for all but git transfers.
	Bounded func(*http.Request) bool
	// Uploads says whether a request brings files: then limits.upload holds in place of limits.body, and timeouts.request does
	// not. nil: none does.
	Uploads func(*http.Request) bool

	// Registry takes the metrics. nil: a new one, with the Go runtime's and the process's beside.
	Registry *prometheus.Registry

	// Collectors are metrics of others, to be served beside.
	Collectors []prometheus.Collector

	// Again, when closed, ends a stop that is waiting for requests: the second signal. See Signals.
	Again <-chan struct{}
}

// cutGrace is how long the handlers of cut requests may take to notice before Run returns without them.
const cutGrace = 5 * time.Second

// Run serves handler until ctx ends, then stops: it accepts no more, lets requests and pushes in flight finish for
// up to timeouts.shutdown, and cuts what is left. It returns nil after a stop, also one that had to cut (the log
// says how many), and an error when it could not listen, could not read the certificate, or serving broke.
func Run(ctx context.Context, cfg config.Config, handler http.Handler, opts Options) error {
	s, err := newLifecycle(cfg, handler, opts)
	if err != nil {
		if opts.Listener != nil {
			err = errors.Join(err, opts.Listener.Close())
		}
		return err
	}
	return s.run(ctx)
}

// listening is one http.Server with its listener.
type listening struct {
	name string
	srv  *http.Server
	ln   net.Listener
	tls  bool // net/http does the TLS, not the listener
}

// lifecycle is a set of listeners that start and stop together; the first is the main one.
type lifecycle struct {
	cfg       config.Config
	opts      Options
	log       *slog.Logger
	front     *front
	base      context.Context // of all requests; ends when they are cut
	cut       context.CancelCauseFunc
	listeners []listening
}

func newLifecycle(cfg config.Config, handler http.Handler, opts Options) (_ *lifecycle, err error) {
	s := &lifecycle{cfg: cfg, opts: opts, log: opts.Log}
	defer func() {
		for _, l := range s.listeners {
			if err != nil && l.ln != opts.Listener {
				err = errors.Join(err, l.ln.Close())
			}
		}
	}()
	if s.log == nil {
		s.log = slog.Default()
	}
	conf, manager, err := newTLS(cfg.TLS, s.log)
	if err != nil {
		return nil, err
	}
	ln := opts.Listener
	if ln == nil {
		if ln, err = net.Listen("tcp", cfg.Addr); err != nil {
			return nil, err
		}
	}
	s.cfg = cfg.WithListener(ln.Addr())
	s.listeners = append(s.listeners, listening{name: "main", ln: ln})
	api := opts.API
	if api == nil {
		api = &rest.API{URLs: rest.URLs{Base: s.cfg.ExternalURL}, Log: s.log}
	}
	s.front = &front{
		next: handler, api: api, log: s.log, limits: cfg.Limits, timeouts: cfg.Timeouts, bounded: opts.Bounded, uploads: opts.Uploads,
		health: &health{api: api, log: s.log, version: opts.Version, state: opts.State, check: opts.Ready},
	}
	if s.front.bounded == nil {
		s.front.bounded = func(r *http.Request) bool { return !gitTransfer(r) }
	}
	if s.front.metrics, err = newMetrics(opts.Registry, &s.front.flight, opts.Collectors...); err != nil {
		return nil, err
	}
	s.base, s.cut = context.WithCancelCause(context.Background())

	main := s.newHTTP(s.front)
	main.TLSConfig = conf
	if opts.Wire != nil {
		ln = opts.Wire(main, ln, conf)
	}
	s.listeners[0] = listening{name: "main", srv: main, ln: ln, tls: conf != nil && opts.Wire == nil}
	if cfg.Metrics.Addr == "" {
		s.front.scrape, s.front.scrapeLocal = s.front.metrics.handler(), true
	} else if cfg.Metrics.Addr == cfg.Addr {
		s.front.scrape = s.front.metrics.handler()
	} else {
		// The same front without the application behind: health and metrics, and 404 for the rest.
		f := &front{api: api, log: s.log, limits: cfg.Limits, timeouts: cfg.Timeouts, bounded: s.front.bounded, health: s.front.health,
			metrics: s.front.metrics, scrape: s.front.metrics.handler(), next: nothing{api}}
		if err := s.listen("metrics", cfg.Metrics.Addr, f); err != nil {
			return nil, err
		}
	}
	if manager != nil && cfg.TLS.ACME.HTTPAddr != "" {
		if err := s.listen("acme http", cfg.TLS.ACME.HTTPAddr, plainHTTP(manager, api, s.cfg.ExternalURL)); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// listen adds a listener without TLS.
func (s *lifecycle) listen(name, addr string, h http.Handler) error {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	s.listeners = append(s.listeners, listening{name: name, srv: s.newHTTP(h), ln: ln})
	return nil
}

// nothing is behind the front of the metrics listener.
type nothing struct{ api *rest.API }

func (n nothing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.api.WriteError(w, r, rest.Refuse(reason.ResourceNotFound, "Only /metrics, /healthz and /readyz are served at this address."))
}

// headerSlack is what net/http adds to MaxHeaderBytes.
const headerSlack = 4 << 10

func (s *lifecycle) newHTTP(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		MaxHeaderBytes:    max(1, int(s.cfg.Limits.Header)-headerSlack),
		ReadHeaderTimeout: s.cfg.Timeouts.ReadHeader,
		IdleTimeout:       s.cfg.Timeouts.Idle,
		HTTP2:             &http.HTTP2Config{WriteByteTimeout: s.cfg.Timeouts.Stall},
		ErrorLog:          log.New(netHTTPLog{s.log}, "", 0),
		BaseContext:       func(net.Listener) context.Context { return s.base },
	}
}

func (s *lifecycle) run(ctx context.Context) error {
	defer s.cut(nil)
	broken := make(chan error, len(s.listeners))
	for _, l := range s.listeners {
		go func() {
			serve := l.srv.Serve
			if l.tls {
				serve = func(ln net.Listener) error { return l.srv.ServeTLS(ln, "", "") }
			}
			err := serve(l.ln)
			if !errors.Is(err, http.ErrServerClosed) {
				broken <- fmt.Errorf("%s listener: %w", l.name, err)
			}
		}()
		s.log.Info("listening", "listener", l.name, "addr", l.ln.Addr().String())
	}
	s.log.Info("serving", "url", s.cfg.ExternalURL, "tls", s.cfg.TLS.Enabled())
	if s.opts.OnListen != nil {
		s.opts.OnListen(s.listeners[0].ln.Addr())
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-broken:
	}
	s.stop()
	return err
}

// stop ends the main listener first; the others answer probes until it is done.
func (s *lifecycle) stop() {
	start := time.Now()
	s.front.health.stopping.Store(true)
	s.log.Info("stopping", "in_flight", s.front.flight.n.Load(), "longest", s.cfg.Timeouts.Shutdown.String())
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.Timeouts.Shutdown)
	defer cancel()
	if s.opts.Again != nil {
		go func() {
			select {
			case <-s.opts.Again:
				cancel()
			case <-ctx.Done():
			}
		}()
	}
	cut := int64(0)
	main := s.listeners[0].srv
	if main.Shutdown(ctx) != nil {
		cut = s.front.flight.n.Load()
		s.cut(ErrStopped)
		_ = main.Close()
		s.front.flight.wait(cutGrace)
	}
	for _, l := range s.listeners[1:] {
		_ = l.srv.Close()
	}
	level := slog.LevelInfo
	if cut > 0 {
		level = slog.LevelWarn
	}
	s.log.Log(context.Background(), level, "stopped", "cut", cut, "left", s.front.flight.n.Load(), "took", time.Since(start).Round(time.Millisecond).String())
}

// Signals returns a context that ends with the first SIGINT or SIGTERM, and a channel that is closed by the second,
// for Options.Again. release gives the signals back.
func Signals(parent context.Context) (ctx context.Context, again <-chan struct{}, release func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	second, done := make(chan struct{}), make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		for n := 0; n < 2; n++ {
			select {
			case <-signals:
			case <-done:
				return
			}
			if n == 0 {
				cancel()
			} else {
				close(second)
			}
		}
	}()
	var released bool
	return ctx, second, func() {
		if !released {
			released = true
			signal.Stop(signals)
			close(done)
			cancel()
		}
	}
}
