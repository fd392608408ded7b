package gitstore

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// reader is one `git cat-file --batch-command`. One goroutine uses it at a time.
type reader struct {
	id    string
	p     *process
	in    io.WriteCloser
	out   *bufio.Reader
	end   context.CancelFunc // ends the process group
	timer *time.Timer        // ends it when idle for long
	done  chan struct{}      // closed when the process was reaped
	fresh bool               // not used before
}

// errReaderGone says that the process ended under a request.
var errReaderGone = errors.New("the cat-file process is gone")

// header is the first line of an answer.
type header struct {
	hash Hash
	kind string // "commit", "tree", "blob", "tag"; "missing" or "ambiguous" when there is no such object
	size int64
}

// ask sends one command ("info" or "contents") about one object and reads the header of the answer.
// The name was validated: it holds no white space.
func (r *reader) ask(command, name string) (header, error) {
	if _, err := io.WriteString(r.in, command+" "+name+"\n"); err != nil {
		return header{}, errReaderGone
	}
	line, err := r.out.ReadString('\n')
	if err != nil {
		return header{}, errReaderGone
	}
	fields := strings.Fields(line)
	switch {
	case len(fields) == 3:
		size, err := strconv.ParseInt(fields[2], 10, 64)
		if err == nil && size >= 0 && Hash(fields[0]).Valid() {
			return header{Hash(fields[0]), fields[1], size}, nil
		}
	case len(fields) == 2 && (fields[1] == "missing" || fields[1] == "ambiguous"):
		return header{kind: fields[1]}, nil
	}
	return header{}, errReaderGone // out of step: of no use any more
}

// endOfObject reads the line break behind an object's contents.
func (r *reader) endOfObject() error {
	if c, err := r.out.ReadByte(); err != nil || c != '\n' {
		return errReaderGone
	}
	return nil
}

// readerPool keeps cat-file processes. At most max are alive; idle ones give way to other repositories.
type readerPool struct {
	store *Store
	idle  time.Duration
	slots chan struct{} // one token for every reader in use

	mu     sync.Mutex
	alive  map[*reader]bool // true: idle
	closed bool
	order  []*reader // idle ones, the longest idle first
}

func newReaderPool(s *Store, max int, idle time.Duration) *readerPool {
	return &readerPool{store: s, idle: idle, slots: make(chan struct{}, max), alive: map[*reader]bool{}}
}

// with runs f with a reader of the repository, waiting for a free one. When a reader that was idle
// turns out to be dead, f runs again with a new one, so f must not have effects before its first
// successful ask. An error of f that is errReaderGone becomes what really happened.
func (p *readerPool) with(ctx context.Context, id string, f func(*reader) error) error {
	for {
		r, err := p.acquire(ctx, id)
		if err != nil {
			return err
		}
		fresh := r.fresh
		r.fresh = false
		stop := context.AfterFunc(ctx, r.end)
		err = f(r)
		healthy := stop() && !errors.Is(err, errReaderGone)
		p.release(r, healthy)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case !errors.Is(err, errReaderGone):
			return err
		}
		if _, err := p.store.dir(id); err != nil {
			return err
		}
		if fresh {
			return r.gone()
		}
	}
}

// acquire hands out an idle reader of the repository or starts one.
func (p *readerPool) acquire(ctx context.Context, id string) (*reader, error) {
	dir, err := p.store.dir(id)
	if err != nil {
		return nil, err
	}
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		<-p.slots
		return nil, ErrClosed
	}
	for i := len(p.order) - 1; i >= 0; i-- { // the last used is the warmest
		if r := p.order[i]; r.id == id {
			p.takeLocked(r)
			return r, nil
		}
	}
	if len(p.alive) == cap(p.slots) {
		r := p.order[0] // not all are in use, so one is idle
		p.takeLocked(r)
		p.endLocked(r)
	}
	r, err := p.start(id, dir)
	if err != nil {
		<-p.slots
		return nil, err
	}
	p.alive[r] = false
	return r, nil
}

func (p *readerPool) takeLocked(r *reader) {
	r.timer.Stop()
	p.alive[r] = false
	for i := range p.order {
		if p.order[i] == r {
			p.order = append(p.order[:i], p.order[i+1:]...)
			return
		}
	}
}

func (p *readerPool) endLocked(r *reader) {
	delete(p.alive, r)
	r.end()
}

func (p *readerPool) start(id, dir string) (*reader, error) {
	r, err := talk(p.store.command(dir, "--git-dir="+dir, "cat-file", "--batch-command"))
	if err != nil {
		return nil, err
	}
	r.id = id
	return r, nil
}

// talk starts a process that answers each line that it reads, until end is called.
func talk(proc *process) (*reader, error) {
	ctx, cancel := context.WithCancel(context.Background())
	in, out, err := pipes(proc)
	if err != nil {
		cancel()
		return nil, err
	}
	if err := proc.start(ctx); err != nil {
		cancel()
		in.Close()
		out.Close()
		closeChildEnds(proc)
		return nil, err
	}
	closeChildEnds(proc)
	r := &reader{p: proc, in: in, out: bufio.NewReaderSize(out, 32<<10), end: cancel, done: make(chan struct{}), fresh: true}
	go func() {
		<-ctx.Done()
		in.Close() // an idle process ends by itself at the end of its input
	}()
	go func() {
		_ = proc.wait(ctx)
		close(r.done)
		cancel()
		out.Close()
	}()
	return r, nil
}

// gone says how a process ended that should not have.
func (r *reader) gone() error {
	r.end()
	<-r.done
	return &GitError{Command: r.p.name, Exit: -1, Stderr: r.p.scrub(r.p.stderr.String())}
}

// pipes connects a process's standard input and output. Unlike those of os/exec they stay open
// until the caller closes them, so that output is never cut short by Wait.
func pipes(p *process) (in, out *os.File, err error) {
	childIn, in, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	out, childOut, err := os.Pipe()
	if err != nil {
		childIn.Close()
		in.Close()
		return nil, nil, err
	}
	p.Stdin, p.Stdout = childIn, childOut
	return in, out, nil
}

// closeChildEnds closes the server's copies of the ends that the process holds.
func closeChildEnds(p *process) {
	p.Stdin.(*os.File).Close()
	p.Stdout.(*os.File).Close()
}

// release takes a reader back.
func (p *readerPool) release(r *reader, healthy bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	<-p.slots
	if _, known := p.alive[r]; !known { // dropped while in use
		return
	}
	if !healthy || p.closed {
		p.endLocked(r)
		return
	}
	p.alive[r] = true
	p.order = append(p.order, r)
	r.timer = time.AfterFunc(p.idle, func() { p.reap(r) })
}

// reap ends a reader that nobody has used for a while.
func (p *readerPool) reap(r *reader) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.alive[r] {
		p.takeLocked(r)
		p.endLocked(r)
	}
}

// drop ends all readers of a repository, also those in use.
func (p *readerPool) drop(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for r, idle := range p.alive {
		if r.id == id {
			if idle {
				p.takeLocked(r)
			}
			p.endLocked(r)
		}
	}
}

// count is how many processes are alive.
func (p *readerPool) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.alive)
}

func (p *readerPool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for r, idle := range p.alive {
		if idle {
			p.takeLocked(r)
		}
		p.endLocked(r)
	}
}
