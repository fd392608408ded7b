package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"

	"github.com/pailforge/pail/internal/config"
	"github.com/pailforge/pail/internal/server"
	"github.com/spf13/pflag"
)

// Options are what Run can be told.
type Options struct {
	Addr      string          // host:port to listen on; port 0 takes a free one
	Data      string          // directory to keep everything in; "": a temporary one, removed at the end
	ReadyFile string          // where to write the ready file; "": nowhere
	Answers   string          // "explained" or "bare", as the setting of that name; "": explained
	Clone     string          // a directory: when it is in a Git clone, that is served as acme/self; "": nothing is
	Stdout    io.Writer       // gets the story
	Log       *slog.Logger    // nil: slog.Default
	Again     <-chan struct{} // closed: the stop no longer waits for requests in flight
}

// Run serves the demo until ctx ends, then removes what is temporary. It fails when the address is taken, or when Data
// holds a store that no demo has made.
func Run(ctx context.Context, o Options) (err error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Data == "" {
		if o.Data, err = os.MkdirTemp("", "pail-demo-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(o.Data)) }()
	}
	if o.ReadyFile != "" {
		// Nobody must take an earlier run's file for this one's, nor this one's for a server that still runs.
		if err := removeFile(o.ReadyFile); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, removeFile(o.ReadyFile)) }()
	}
	// The listener comes first: every link carries its port.
	ln, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return fmt.Errorf("%w; name another address with --addr", err)
	}
	ssh, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	s, err := open(ctx, o, ln.Addr(), ssh.Addr())
	if err != nil {
		return errors.Join(err, ln.Close(), ssh.Close())
	}
	defer func() { err = errors.Join(err, s.Close(context.WithoutCancel(ctx))) }()
	w, err := seed(ctx, s, o)
	if err != nil {
		return errors.Join(err, ln.Close(), ssh.Close())
	}
	var told error
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	err = s.Run(ctx, server.RunOptions{Listener: ln, SSH: ssh, Again: o.Again, OnListen: func(net.Addr) {
		if told = w.tell(o); told != nil {
			stop()
		}
	}})
	return errors.Join(err, told)
}

// tell writes the ready file and the story.
func (w *world) tell(o Options) error {
	if o.ReadyFile != "" {
		if err := w.writeReady(o.ReadyFile); err != nil {
			return err
		}
	}
	if o.Stdout == nil {
		return nil
	}
	_, err := io.WriteString(o.Stdout, w.story(w.Config.Answers == "bare"))
	return err
}

// open opens the store. Only the options count: a demo does not read the settings of a server beside it.
func open(ctx context.Context, o Options, addr, ssh net.Addr) (*server.Server, error) {
	flags := pflag.NewFlagSet("demo", pflag.ContinueOnError)
	config.Bind(flags)
	if o.Answers == "" {
		o.Answers = "explained"
	}
	for name, value := range map[string]string{"addr": o.Addr, "data": o.Data, "answers": o.Answers, "ssh-listen": ssh.String()} {
		if err := flags.Set(name, value); err != nil {
			return nil, err
		}
	}
	cfg, err := config.Load(config.Source{Flags: flags})
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	return server.Open(ctx, cfg.WithListener(addr), o.Log)
}

func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
