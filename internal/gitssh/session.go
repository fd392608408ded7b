package gitssh

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/pailforge/pail/internal/gitserve"
	"github.com/pailforge/pail/internal/gitstore"
)

// session is a channel on which one command runs.
type session struct {
	*connection
	here    context.Context // ends with the connection
	cut     context.Context // ends when the server can wait no longer
	channel ssh.Channel

	protocol string // GIT_PROTOCOL
	event    Event
	stream   *stream
	asked    bool // what a push is to change has come
}

// serve waits for the command and runs it.
func (s *session) serve(requests <-chan *ssh.Request) {
	defer s.channel.Close()
	patience := time.AfterFunc(s.s.o.Idle, func() { _ = s.channel.Close() })
	defer patience.Stop()
	for r := range requests {
		var run func() int
		switch r.Type {
		case "env":
			_ = r.Reply(s.env(r.Payload), nil)
			continue
		case "exec":
			var command struct{ Line string }
			if ssh.Unmarshal(r.Payload, &command) == nil {
				run = func() int { return s.exec(command.Line) }
			}
		case "shell":
			run = s.greet
		}
		if run == nil { // a terminal, a subsystem, forwarding
			_ = r.Reply(false, nil)
			continue
		}
		patience.Stop()
		_ = r.Reply(true, nil)
		go ssh.DiscardRequests(requests)
		s.run(run)
		return
	}
}

// env takes the only variable that there is.
func (s *session) env(payload []byte) bool {
	var variable struct{ Name, Value string }
	if ssh.Unmarshal(payload, &variable) != nil || variable.Name != "GIT_PROTOCOL" || len(variable.Value) > 256 {
		return false
	}
	s.protocol = variable.Value // git gets to see the version in it and nothing else
	return true
}

// run runs a command and tells everybody how it ended.
func (s *session) run(command func() int) {
	begun := time.Now()
	s.stream = &stream{channel: s.channel}
	s.event.Client = s.client
	exit := command()
	s.event.Exit, s.event.Duration = exit, time.Since(begun)
	s.event.In, s.event.Out = s.stream.in.Load(), s.stream.out.Load()
	s.s.o.Observe(s.event)
	_, _ = s.channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{uint32(exit)}))
	_ = s.channel.CloseWrite()
	if s.asked {
		s.drain()
	}
}

// say tells the person at the client something.
func (s *session) say(lines ...string) {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(gitserve.OneLine(line) + "\n")
	}
	_, _ = io.WriteString(s.channel.Stderr(), b.String())
}

// told are the lines for whoever was refused.
func told(err error) []string {
	var refusal gitserve.Refusal
	if !errors.As(err, &refusal) {
		return []string{"The server failed. Its log says why."}
	}
	status, _, lines := refusal.GitAnswer()
	if len(lines) == 0 {
		lines = []string{http.StatusText(status)}
	}
	return lines
}

// Statuses of commands: of what was refused, and of what failed in the middle, as git has it.
const (
	refused = 1
	failed  = 128
)

// greet answers who asks for a shell.
func (s *session) greet() int {
	lines, err := s.s.gate.Greet(s.cut, &s.event.Client)
	if err != nil {
		s.event.Err = err
		s.say(told(err)...)
		return refused
	}
	_, _ = io.WriteString(s.stream, strings.Join(lines, "\n")+"\n")
	return 0
}

// exec runs a command of Git's.
func (s *session) exec(line string) int {
	command, err := ParseCommand(line)
	if wrong, ok := errors.AsType[commandError](err); ok {
		s.event.Err = err
		s.say(wrong...)
		return refused
	}
	s.event.Command = command
	repo, err := s.admit()
	if err != nil {
		s.event.Err = err
		s.say(told(err)...)
		return refused
	}
	s.say(repo.Notice...)
	if command.Write() {
		err = s.receive(repo)
	} else {
		err = s.upload(repo)
	}
	return s.finish(err)
}

func (s *session) admit() (gitserve.Repository, error) {
	c := s.event.Command
	return s.s.gate.Admit(s.cut, &s.event.Client, c.Workspace, c.Repository, c.Write())
}

// turn waits for a free process.
func (s *session) turn(ctx context.Context) (done func(), err error) {
	done, waited, err := s.s.o.Turns.Take(ctx)
	s.event.Waited += waited
	return done, err
}

// begin gives the context that git shall run under: it ends with ctx, and when nothing moves any more, which takes the
// connection along, because nothing else unblocks a read or a write. Call end when done.
func (s *session) begin(ctx context.Context) (_ context.Context, end func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	s.stream.watch = gitserve.NewWatch(s.s.o.Stall, func() {
		cancel(gitserve.ErrStalled)
		_ = s.conn.Close()
	})
	return ctx, func() {
		s.stream.watch.Stop()
		cancel(nil)
	}
}

// upload serves a clone or a fetch.
func (s *session) upload(repo gitserve.Repository) error {
	done, err := s.turn(s.here)
	if err != nil {
		return err
	}
	defer done()
	ctx, end := s.begin(s.here)
	defer end()
	return s.s.store.UploadPack(ctx, repo.ID, gitstore.ServeOptions{Protocol: s.protocol, Open: true}, gitserve.Limit(s.stream, s.s.o.MaxFetchRequest), s.stream)
}

// receive serves a push, in the two steps that it has over HTTP: git lists the references, and then gets what the client
// asks for once that was judged. In between no process waits.
func (s *session) receive(repo gitserve.Repository) error {
	done, err := s.turn(s.here)
	if err != nil {
		return err
	}
	ctx, end := s.begin(s.cut) // what has arrived whole is carried to its end
	defer end()
	err = s.s.store.ReceivePack(ctx, repo.ID, gitstore.ServeOptions{StatelessRPC: true, AdvertiseRefs: true}, nil, s.stream)
	if done(); err != nil {
		return err
	}
	in := bufio.NewReaderSize(s.stream, 32<<10)
	c, err := gitserve.ReadCommands(in, gitserve.CommandLimits{Count: s.s.o.MaxRefs, Bytes: gitserve.MaxCommandBytes})
	if err != nil || len(c.Updates) == 0 {
		return err
	}
	s.asked = true
	if repo, err = s.admit(); err != nil { // the right was lost in between
		lines := told(err)
		_, _ = s.stream.Write(c.Refusal(lines, func(string) string { return lines[0] }))
		return err
	}
	if done, err = s.turn(s.cut); err != nil {
		return err
	}
	defer done()
	s.event.Updates, err = gitserve.Push(ctx, s.s.store, repo, c, in, s.stream, gitstore.ServeOptions{StatelessRPC: true, Open: true})
	return err
}

// finish tells the client how a command ended that git has dealt with, where git has not, and gives its status.
func (s *session) finish(err error) int {
	s.event.Err = err
	var refusal gitserve.Refusal
	switch {
	case err == nil:
		return 0
	case errors.As(err, &refusal): // told already
		return refused
	case errors.Is(err, gitserve.ErrBusy):
		s.say("The server is busy with other Git requests.", "Try again in half a minute.")
		return refused
	case errors.Is(err, gitserve.ErrTooMany):
		s.say("A push can change at most "+strconv.Itoa(s.s.o.MaxRefs)+" references.", "Push them in parts.")
		return refused
	case errors.Is(err, gitserve.ErrTooLong):
		s.say("The request to fetch is too long.")
	case errors.Is(err, gitserve.ErrPacket), errors.Is(err, gitserve.ErrNoCommand):
		s.say("This is not what a Git client sends.")
	case errors.Is(err, gitstore.ErrNotFound):
		s.say("The repository is not there.")
	case Gone(err), s.here.Err() != nil:
	case s.stream.out.Load() == 0:
		s.say("Git failed on the server. Its log says why.")
	}
	return failed
}

// Gone tells whether an Event's error is no more than that the client left.
func Gone(err error) bool {
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, context.Canceled) || gitstore.InputFailed(err)
}

// drainWait is how long a client may send nothing of what it still has after the answer to a push.
const drainWait = 10 * time.Second

// drain lets a client that sends its pack first read the answer then. One that waits for the end of the channel with its own
// end open is not waited for: it closes when it has read the answer.
func (s *session) drain() {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		gitserve.Drop(s.stream, gitserve.MaxDropped)
	}()
	for last := int64(-1); last != s.stream.in.Load(); {
		last = s.stream.in.Load()
		select {
		case <-ended:
			return
		case <-s.here.Done():
			return
		case <-time.After(drainWait):
		}
	}
}

// stream is a channel with both directions watched and counted.
type stream struct {
	channel ssh.Channel
	reading sync.Mutex // of two who read at once a channel would wake but one at its end
	watch   *gitserve.Watch
	in, out atomic.Int64
}

// Read reads what the client sends. Its end and that of the connection are the same here; Git knows what is whole.
func (s *stream) Read(p []byte) (int, error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	n, err := s.channel.Read(p)
	if n > 0 {
		s.in.Add(int64(n))
		s.watch.Touch()
	}
	return n, err
}

// Write sends what git says.
func (s *stream) Write(p []byte) (int, error) {
	n, err := s.channel.Write(p)
	s.out.Add(int64(n))
	if s.watch != nil {
		s.watch.Touch()
	}
	return n, err
}
