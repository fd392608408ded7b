package webhook

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/database"
)

// Limits of the sending, for each process.
const (
	maxAtOnce  = 16
	maxPerHost = 4
	maxHosts   = maxAtOnce / maxPerHost // that can be busy at the same time

	// claimTime is how long a delivery belongs to the worker that took it. It is far longer than an attempt takes, and clocks of
	// processes may differ by what is between; beyond that a delivery is sent twice, never lost.
	claimTime = time.Minute
	// pollTime is how long what another process has left behind, or what is due again, may wait. What this process writes, rings
	// the bell.
	pollTime = time.Second
)

// retries are how long a delivery waits after its first and second failed attempt; after the third it is given up, as on
// Bitbucket Cloud, which tries twice more.
var retries = [...]time.Duration{10 * time.Second, time.Minute}

// bell wakes a worker.
type bell struct {
	once sync.Once
	c    chan struct{}
}

func (b *bell) rung() <-chan struct{} {
	b.once.Do(func() { b.c = make(chan struct{}, 1) })
	return b.c
}

func (b *bell) ring() {
	b.rung()
	select {
	case b.c <- struct{}{}:
	default:
	}
}

// worker sends the deliveries of a room.
type worker struct {
	room   *Room
	id     string
	client *http.Client
	cut    context.Context // of attempts

	mu      sync.Mutex
	running int
	hosts   map[string]int
	all     sync.WaitGroup
}

// Deliver sends what is to be sent until ctx ends, and then waits for the attempts that it has begun. These are cut when the
// context cut ends, and are made again by whoever comes next.
func (room *Room) Deliver(ctx, cut context.Context) {
	w := &worker{room: room, id: uuid.NewString(), client: room.Out.Client(), cut: cut, hosts: map[string]int{}}
	defer w.all.Wait()
	tick := time.NewTicker(pollTime)
	defer tick.Stop()
	for ctx.Err() == nil {
		if err := w.round(ctx); err != nil && ctx.Err() == nil {
			room.Log.Error("webhooks are not sent", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		case <-room.bell.rung():
		}
	}
}

// round begins as many attempts as may be made at the same time.
func (w *worker) round(ctx context.Context) error {
	for {
		busy, free := w.slots()
		if free == 0 {
			return nil // each attempt that ends rings
		}
		found, err := candidates(ctx, w.room.DB, w.room.Now(), busy, free)
		if err != nil {
			return err
		}
		begun := 0
		for _, c := range found {
			ok, err := w.begin(ctx, c)
			if err != nil {
				return err
			}
			if ok {
				begun++
			}
		}
		if begun == 0 {
			return nil
		}
	}
}

// slots tells which hosts take no more, and how many attempts may be begun.
func (w *worker) slots() (busy [maxHosts]string, free int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for host, running := range w.hosts {
		if running >= maxPerHost {
			busy[n] = host
			n++
		}
	}
	return busy, maxAtOnce - w.running
}

// begin claims a delivery and sends it in the background; false when it is not to be sent now.
func (w *worker) begin(ctx context.Context, c candidate) (bool, error) {
	if !w.take(c.host) {
		return false, nil
	}
	var d Delivery
	var h Hook
	var ok bool
	err := w.room.DB.Record(ctx, func(tx *database.Tx) (err error) {
		now := w.room.Now()
		d, h, ok, err = claim(ctx, tx, c, w.id, now, now.Add(claimTime))
		return err
	})
	if err != nil || !ok {
		w.leave(c.host)
		return false, err
	}
	w.all.Go(func() {
		w.send(&d, &h)
		w.leave(c.host)
		w.room.bell.ring()
	})
	return true, nil
}

func (w *worker) take(host string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.running >= maxAtOnce || w.hosts[host] >= maxPerHost {
		return false
	}
	w.running++
	w.hosts[host]++
	return true
}

func (w *worker) leave(host string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running--
	if w.hosts[host]--; w.hosts[host] == 0 {
		delete(w.hosts, host)
	}
}

// send makes one attempt and writes what came of it.
func (w *worker) send(d *Delivery, h *Hook) {
	w.room.attempt(w.cut, w.client, d, h)
	// The attempt was made: what came of it is written also when the server is about to stop.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.cut), claimTime/2)
	defer cancel()
	err := w.room.DB.Record(ctx, func(tx *database.Tx) error {
		if w.cut.Err() != nil && d.Status == 0 { // it was cut, and the receiver is not to blame
			return release(ctx, tx, d, w.id)
		}
		return finish(ctx, tx, d, w.id)
	})
	if err != nil {
		w.room.Log.Error("what came of a webhook was not noted", "webhook", d.HookID, "delivery", d.ID, "error", err)
	}
}
