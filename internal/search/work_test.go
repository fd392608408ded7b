package search

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
)

// A repository that changes while it is in work is looked at once more, and once only however often it changes; who waits is
// told at the end.
func TestQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q queue
		behind := func() (n int) {
			q.behind(func(string) { n++ })
			return n
		}
		settled := make(chan error, 1)
		go func() { settled <- q.settled(context.Background()) }()
		synctest.Wait()
		if _, ok, _ := q.take(); ok {
			t.Error("something is waiting")
		}
		q.add("a", "b", "a")
		q.reviewed()
		if id, ok, _ := q.take(); !ok || id != "a" || behind() != 2 {
			t.Errorf("took %q of %d", id, behind())
		}
		q.add("a", "a")
		if behind() != 2 {
			t.Errorf("%d are behind", behind())
		}
		q.done()
		for _, want := range []string{"b", "a"} {
			if id, ok, _ := q.take(); !ok || id != want {
				t.Errorf("took %q, want %q", id, want)
			}
			synctest.Wait()
			select {
			case <-settled:
				t.Error("settled, and somebody is waiting")
			default:
			}
			q.done()
		}
		if err := <-settled; err != nil || behind() != 0 {
			t.Errorf("%v, %d are behind", err, behind())
		}
		_, _, more := q.take()
		q.add("c")
		<-more
		ctx, cancel := context.WithCancelCause(context.Background())
		cancel(errStop)
		if err := q.settled(ctx); !errors.Is(err, errStop) {
			t.Errorf("settled: %v", err)
		}
	})
}

var errStop = fmt.Errorf("stop")
