package record

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"time"
)

// Command is a program to be run and recorded.
type Command struct {
	Args   []string // the program and its arguments
	Env    []string // "NAME=value"
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	Hosts  []Host // what to record; other hosts pass through unread
}

// ErrStart says that the program could not be started: it is not there, or the system does not let it run.
var ErrStart = errors.New("the program could not be started")

// Run runs a program with its requests to the hosts recorded, and returns the recording and the program's exit code,
// which is 128 and the signal's number for one that a signal ended. Signals to this process are passed on to it.
func Run(c Command) (recording *Recording, code int, err error) {
	ca, err := newAuthority(time.Now())
	if err != nil {
		return nil, 0, err
	}
	out := newOutside(c.Env)
	files, err := writeFiles(ca, out, c.Env)
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, files.Remove()) }()
	recorder := NewRecorder(time.Now)
	proxy, err := newProxy(c.Hosts, ca, out, recorder)
	if err != nil {
		return nil, 0, err
	}
	code, err = c.run(environment(c.Env, proxy.Addr, files))
	proxy.Close()
	return recorder.Recording(), code, err
}

func (c *Command) run(env []string) (code int, err error) {
	cmd := exec.Command(c.Args[0], c.Args[1:]...)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = env, c.Stdin, c.Stdout, c.Stderr
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, forwarded...) // before the start: a signal must not end the recorder and leave the files behind
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
			return 127, fmt.Errorf("%w: %w", ErrStart, err)
		}
		return 126, fmt.Errorf("%w: %w", ErrStart, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			if !reaches(s) {
				_ = cmd.Process.Signal(s) // it may have ended meanwhile
			}
		case err = <-ended:
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				return 1, err // what it wrote could not be passed on
			}
			if code, ok := signalled(cmd.ProcessState); ok {
				return code, nil
			}
			return cmd.ProcessState.ExitCode(), nil
		}
	}
}

// Serve records what comes to the listener and passes it on to upstream, until the context ends. env is for the way
// out, as for a Command.
func Serve(ctx context.Context, ln net.Listener, upstream *url.URL, env []string) (*Recording, error) {
	recorder := NewRecorder(time.Now)
	handler := forwarder(recorder.Watch(newOutside(env).transport), func(r *httputil.ProxyRequest) {
		query := r.In.URL.RawQuery
		r.SetURL(upstream)
		r.Out.URL.RawQuery = query
	})
	own := "http://" + ln.Addr().String()
	handler.ModifyResponse = func(res *http.Response) error {
		// A redirect that stays with the server stays with the recorder.
		if to, ok := strings.CutPrefix(res.Header.Get("Location"), upstream.Scheme+"://"+upstream.Host); ok && strings.HasPrefix(to, "/") && upstream.Path == "" {
			res.Header.Set("Location", own+to)
		}
		return nil
	}
	var requests requests
	counted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.read.Add(1)
		handler.ServeHTTP(w, r)
	})
	server := &http.Server{Handler: counted, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: handshakeTimeout, IdleTimeout: idleTimeout, ConnState: requests.state}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ln) }()
	select {
	case err := <-ended:
		return nil, err
	case <-ctx.Done():
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	if server.Shutdown(closing) != nil {
		_ = server.Close()
	}
	recorder.note(requests.lost)
	return recorder.Recording(), nil
}
