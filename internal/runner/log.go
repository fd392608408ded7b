package runner

import (
	"context"
	"sync"
)

// logWriter sends what is written to it to the log of a step: the first octets at once, and what comes while a part is on its way with
// the next one. It holds no more than two parts; a step that prints faster than the server takes it waits.
type logWriter struct {
	send func(offset int64, part []byte) (next int64, full bool, err error)

	mu      sync.Mutex
	changed sync.Cond // of everything below
	part    []byte    // to be sent
	closed  bool
	err     error // the server takes no more: what comes is dropped
	full    bool
	done    chan struct{}
}

// mostPart is the size of a part of a log, in octets.
const mostPart = 2 << 20

// newLog makes one. ctx ends the attempts to send.
func newLog(ctx context.Context, c *client, step, log string) *logWriter {
	return startLog(func(offset int64, part []byte) (next int64, full bool, err error) {
		err = retry(ctx, func() error {
			w, err := c.log(ctx, step, log, offset, part)
			next, full = w.Next, w.Full
			return err
		})
		return next, full, err
	})
}

func startLog(send func(int64, []byte) (int64, bool, error)) *logWriter {
	w := &logWriter{send: send, done: make(chan struct{})}
	w.changed.L = &w.mu
	go w.run()
	return w
}

// Write always takes all of p: what a step prints is no reason for it to fail.
func (w *logWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for rest := p; len(rest) > 0; {
		if w.err != nil || w.full || w.closed {
			break
		}
		n := min(len(rest), mostPart-len(w.part))
		if n == 0 {
			w.changed.Wait()
			continue
		}
		w.part, rest = append(w.part, rest[:n]...), rest[n:]
		w.changed.Broadcast()
	}
	return len(p), nil
}

func (w *logWriter) run() {
	defer close(w.done)
	var offset int64
	var sending []byte
	for {
		w.mu.Lock()
		for len(w.part) == 0 && !w.closed {
			w.changed.Wait()
		}
		if len(w.part) == 0 || w.full || w.err != nil {
			w.mu.Unlock()
			return
		}
		sending, w.part = w.part, sending[:0]
		w.changed.Broadcast()
		w.mu.Unlock()

		for begin := offset; offset < begin+int64(len(sending)); {
			next, full, err := w.send(offset, sending[offset-begin:])
			if err != nil || full || next <= offset || next > begin+int64(len(sending)) {
				w.mu.Lock()
				w.err, w.full = err, err == nil
				w.changed.Broadcast()
				w.mu.Unlock()
				return
			}
			offset = next
		}
	}
}

// Close waits until everything is sent, or the server takes no more, which is the error.
func (w *logWriter) Close() error {
	w.mu.Lock()
	w.closed = true
	w.changed.Broadcast()
	w.mu.Unlock()
	<-w.done
	return w.err
}
