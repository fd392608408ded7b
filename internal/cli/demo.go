package cli

import (
	"os"

	"github.com/pailforge/pail/internal/config"
	"github.com/pailforge/pail/internal/demo"
	"github.com/pailforge/pail/internal/server"
	"github.com/spf13/cobra"
)

func (a *app) demo() *cobra.Command {
	o := demo.Options{Stdout: a.out}
	c := a.command("demo", "Run a throw-away server with data, and a story to follow", `
Demo runs a server on a temporary directory, with a workspace, a project, a repository with some history, three
accounts and their tokens, and prints lines to copy into another terminal: what goes wrong with an API token, and how
Pail says so. Started inside a Git clone, it also serves that repository, as acme/self.

Ctrl-C ends it and removes everything, unless --data names a directory to keep.`, `
  pail demo
  pail demo --addr 127.0.0.1:0 --ready-file demo.json
  pail demo --answers=bare
  pail demo --data ./demo-data`, cobra.NoArgs, func(c *cobra.Command, _ []string) error {
		if o.Answers != "explained" && o.Answers != "bare" {
			return misused("--answers is explained or bare, not %q", o.Answers)
		}
		ctx, again, release := server.Signals(c.Context())
		defer release()
		log, flush := server.NewLog(config.Log{Level: "warn", Format: "text"}, a.err)
		defer func() { _ = flush() }()
		o.Log, o.Again = log, again
		if dir, err := os.Getwd(); err == nil {
			o.Clone = dir
		}
		return stopped(ctx, demo.Run(ctx, o))
	})
	c.Flags().StringVar(&o.Addr, "addr", "127.0.0.1:7990", "`host:port` to listen on; port 0 takes a free one")
	c.Flags().StringVar(&o.Data, "data", "", "`directory` to keep everything in, and to take up again from; default: a temporary one")
	c.Flags().StringVar(&o.Answers, "answers", "explained", "how refusals are told: `explained|bare`; bare is as Bitbucket Cloud does, to try out tools")
	c.Flags().StringVar(&o.ReadyFile, "ready-file", "", "`file` to write addresses and credentials to (JSON, mode 0600), once requests are served")
	return c
}
