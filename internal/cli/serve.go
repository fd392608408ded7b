package cli

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/pailforge/pail/internal/config"
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
	ctx, again, release := server.Signals(ctx)
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
	err = s.Run(ctx, server.RunOptions{Listener: ln, SSH: ssh, Again: again, OnListen: func(net.Addr) {
		if link != "" {
			fmt.Fprintf(o.out, "There is no account yet. This link makes the first one; it works once, within 24 hours:\n\n  %s\n\n", link)
		}
	}})
	return stopped(ctx, errors.Join(err, s.Close(context.WithoutCancel(ctx))))
}

// stopped is err, unless it only says that the server was told to stop while it was still starting.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
