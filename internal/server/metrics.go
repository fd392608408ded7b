package server

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// maxOperations bounds the values of the label operation. The catalogue has fewer; more would mean that somebody
// puts what a client sent into the trace.
const maxOperations = 1000

// metrics are the numbers of the front. Every label takes few values: operations of the catalogue, methods of HTTP,
// classes of status, codes of reasons.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	refusals *prometheus.CounterVec
	in, out  prometheus.Counter

	series     sync.Map // seriesKey → series, so that a request need not look up by label
	operations sync.Map // operation → struct{}
	known      atomic.Int64
}

type seriesKey struct {
	operation, method string
	class             byte
}

type series struct {
	requests prometheus.Counter
	duration prometheus.Observer
}

// newMetrics registers with registry, or with a new one that also has the Go runtime and the process, others too. A name that
// is taken is an error.
func newMetrics(registry *prometheus.Registry, flight *inFlight, others ...prometheus.Collector) (*metrics, error) {
	m := &metrics{
		registry: registry,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pail_http_requests_total",
			Help: "Requests answered, by operation of the catalogue (none outside of it), method and class of status."}, []string{"operation", "method", "class"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "pail_http_request_duration_seconds",
			Help:    "Time from the headers of a request to the end of its answer.",
			Buckets: []float64{.002, .01, .05, .2, 1, 5, 30, 300}}, []string{"operation"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pail_http_refusals_total",
			Help: "Requests refused, by reason code."}, []string{"reason"}),
		in: prometheus.NewCounter(prometheus.CounterOpts{Name: "pail_http_received_bytes_total",
			Help: "Bytes of request bodies, pushes included."}),
		out: prometheus.NewCounter(prometheus.CounterOpts{Name: "pail_http_sent_bytes_total",
			Help: "Bytes of answer bodies, clones included."}),
	}
	all := []prometheus.Collector{m.requests, m.duration, m.refusals, m.in, m.out,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "pail_http_requests_in_flight", Help: "Requests being answered."},
			func() float64 { return float64(flight.n.Load()) })}
	if registry == nil {
		m.registry = prometheus.NewRegistry()
		all = append(all, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	}
	var errs []error
	for _, c := range append(all, others...) {
		if err := m.registry.Register(c); err != nil {
			errs = append(errs, fmt.Errorf("metrics: %w", err))
		}
	}
	return m, errors.Join(errs...)
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}

func (m *metrics) observe(method string, e *exchange, took time.Duration) {
	s := m.find(seriesKey{m.operation(e.trace.Operation), knownMethod(method), byte(e.status / 100)})
	s.requests.Inc()
	s.duration.Observe(took.Seconds())
	if e.trace.Reason != "" {
		m.refusals.WithLabelValues(string(e.trace.Reason)).Inc()
	}
	if e.body.in > 0 {
		m.in.Add(float64(e.body.in))
	}
	if e.out > 0 {
		m.out.Add(float64(e.out))
	}
}

func (m *metrics) find(key seriesKey) *series {
	if s, ok := m.series.Load(key); ok {
		return s.(*series)
	}
	class := "none"
	if key.class >= 1 && key.class <= 5 {
		class = string('0'+rune(key.class)) + "xx"
	}
	s := &series{m.requests.WithLabelValues(key.operation, key.method, class), m.duration.WithLabelValues(key.operation)}
	m.series.Store(key, s)
	return s
}

// operation is the label for an operation's key.
func (m *metrics) operation(key string) string {
	if key == "" {
		return "none"
	}
	if _, ok := m.operations.Load(key); ok {
		return key
	}
	if m.known.Load() >= maxOperations {
		return "other"
	}
	if _, ok := m.operations.LoadOrStore(key, struct{}{}); !ok {
		m.known.Add(1)
	}
	return key
}

func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// inFlight counts requests and lets a stop wait for the last one.
type inFlight struct {
	n    atomic.Int64
	wake atomic.Pointer[chan struct{}] // closed by the request that leaves last, when somebody waits
}

func (f *inFlight) enter() { f.n.Add(1) }

func (f *inFlight) leave() {
	if f.n.Add(-1) == 0 {
		if c := f.wake.Swap(nil); c != nil {
			close(*c)
		}
	}
}

// wait returns when no request is in flight, or after the longest time to wait.
func (f *inFlight) wait(longest time.Duration) {
	c := make(chan struct{})
	f.wake.Store(&c)
	if f.n.Load() == 0 {
		return
	}
	t := time.NewTimer(longest)
	defer t.Stop()
	select {
	case <-c:
	case <-t.C:
	}
}
