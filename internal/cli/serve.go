package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"

	"github.com/pailforge/pail/internal/config"
	"github.com/pailforge/pail/internal/runner"
	"github.com/pailforge/pail/internal/runnerapi"
	"github.com/pailforge/pail/internal/server"
	"github.com/spf13/cobra"
)

// serveOptions is one call of pail serve.
type serveOptions struct {
	*app
	print bool
	cfg   config.Config
}

func (a *app) serve() *cobra.Command {
	o := &serveOptions{app: a}
	c := a.command("serve", "Run the server", `
Serve runs the server until it gets SIGINT or SIGTERM. It then accepts no more, lets what is in flight finish, and
ends; a second signal ends it at once. While there is no account it prints a link that makes the first one.

Every setting is a flag, a PAIL_* variable or a key of the configuration file, in this order.`, `
  pail serve --data /srv/pail --addr :7990 --external-url https://pail.example.com
  pail serve --config /etc/pail.yaml
  PAIL_LOG_LEVEL=debug pail serve
  pail serve --config /etc/pail.yaml --print-config`, cobra.NoArgs, func(c *cobra.Command, _ []string) (err error) {
		if o.cfg, err = a.load(c); err != nil {
			return err
		}
		return o.run(c.Context())
	})
	config.Bind(c.Flags())
	c.Flags().BoolVar(&o.print, "print-config", false, "show the effective configuration and where each value comes from, and end")
	return c
}

func (o *serveOptions) run(ctx context.Context) error {
	if o.print {
		return o.cfg.Print(o.out)
	}
	told, again, release := server.Signals(ctx)
	ctx = told
	defer release()
	log, flush := server.NewLog(o.cfg.Log, o.err)
	defer func() { _ = flush() }()

	// The port is taken before anything else is touched, and before links are made that carry it.
	ln, err := net.Listen("tcp", o.cfg.Addr)
	if err != nil {
		return fmt.Errorf("%w; name another address with --addr", err)
	}
	o.cfg = o.cfg.WithListener(ln.Addr())
	var ssh net.Listener
	if o.cfg.SSH.Listen != "" {
		if ssh, err = net.Listen("tcp", o.cfg.SSH.Listen); err != nil {
			return errors.Join(fmt.Errorf("%w; name another address with --ssh-listen", err), ln.Close())
		}
		o.cfg = o.cfg.WithSSHListener(ssh.Addr())
	}
	closed := func() error {
		if ssh == nil {
			return ln.Close()
		}
		return errors.Join(ln.Close(), ssh.Close())
	}
	s, err := server.Open(ctx, o.cfg, log)
	if err != nil {
		return stopped(ctx, errors.Join(err, closed()))
	}
	link, err := s.Accounts.SetupLink(ctx)
	if err != nil {
		return stopped(ctx, errors.Join(err, closed(), s.Close(context.WithoutCancel(ctx))))
	}
	var inside *runner.Runner
	if len(o.cfg.Runner.Executors) > 0 {
		if inside, err = o.runnerInside(ctx, log); err != nil {
			return stopped(ctx, errors.Join(fmt.Errorf("runner: %w", err), closed(), s.Close(context.WithoutCancel(ctx))))
		}
		defer inside.Close()
	}
	// The runner inside stops first: how its steps ended is for the server to know.
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	err = s.Run(ctx, server.RunOptions{Listener: ln, SSH: ssh, Again: again, OnListen: func(net.Addr) {
		go func() {
			defer stop()
			if inside != nil {
				if err := inside.Run(told, told); err != nil {
					log.Error("the runner within the server has ended", "error", err)
				}
			}
			<-told.Done()
		}()
		if link != "" {
			fmt.Fprintf(o.out, "There is no account yet. This link makes the first one; it works once, within 24 hours:\n\n  %s\n\n", link)
		}
	}})
	return stopped(ctx, errors.Join(err, s.Close(context.WithoutCancel(ctx))))
}

// runnerInside makes the runner of a machine that is server and runner at once.
func (o *serveOptions) runnerInside(ctx context.Context, log *slog.Logger) (*runner.Runner, error) {
	c := o.cfg.Runner
	secret, err := firstLine(c.ClientSecretFile)
	if err != nil {
		return nil, err
	}
	return runner.New(ctx, runner.Config{Version: server.Version(), URL: o.cfg.ExternalURL, UUID: c.UUID, ClientID: c.ClientID, ClientSecret: secret,
		TokenURL: o.cfg.ExternalURL + runnerapi.TokenEndpoint, Executors: c.Executors, Slots: c.Steps, Directory: c.Directory, Git: o.cfg.Git,
		Engine: runner.Engine{Network: c.Network}, Log: log.With("runner", c.UUID)})
}

// stopped is err, unless it only says that the server was told to stop while it was still starting.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
