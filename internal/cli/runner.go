package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/config"
	"github.com/pailforge/pail/internal/runner"
	"github.com/pailforge/pail/internal/runnerapi"
	"github.com/pailforge/pail/internal/server"
	"github.com/spf13/cobra"
)

// secretVariable holds the secret of a runner's OAuth client, as that of Bitbucket Cloud's own runner does.
const secretVariable = "OAUTH_CLIENT_SECRET"

// runnerOptions is one call of pail runner.
type runnerOptions struct {
	*app
	secretFile string
	grace      time.Duration
	log        config.Log
	config     runner.Config
}

func (a *app) runner() *cobra.Command {
	o := &runnerOptions{app: a}
	c := a.command("runner", "Run steps of pipelines", `
Runner asks a server for steps of pipelines and runs them, until it gets SIGINT or SIGTERM. It then takes no more, lets those
that run finish within --grace, and ends. It makes all connections itself, over HTTP, and listens nowhere.

A workspace or a repository registers it first and gives it its UUID, and the id and the secret of its OAuth client. They come
from the variables RUNNER_UUID, OAUTH_CLIENT_ID and OAUTH_CLIENT_SECRET, as for Bitbucket Cloud's own runner; ACCOUNT_UUID and
REPOSITORY_UUID may stand there, too, and are not needed. The secret is no flag: others on the machine could read it.

The executor docker runs each step in a container of its own, by the Docker Engine API that DOCKER_HOST names (Docker, or
Podman). The executor shell runs it as a process of the runner's own user, for machines that trust whatever is pushed.`, `
  RUNNER_UUID=UUID OAUTH_CLIENT_ID=ID OAUTH_CLIENT_SECRET=SECRET pail runner --url https://pail.example.com
  pail runner --url https://pail.example.com --runner-uuid UUID --oauth-client-id ID --oauth-client-secret-file /etc/pail/runner.secret
  pail runner --executor shell --steps 4 --working-directory /srv/runner`, cobra.NoArgs, func(c *cobra.Command, _ []string) error {
		return o.run(c.Context())
	})
	f := c.Flags()
	text := func(to *string, name, variable, def, help string) {
		if value := a.getenv(variable); value != "" {
			def = value
		}
		f.StringVar(to, name, "", help+" ("+variable+")")
		*to = def
	}
	text(&o.config.URL, "url", "PAIL_URL", "", "address of the server")
	text(&o.config.UUID, "runner-uuid", "RUNNER_UUID", "", "the runner's UUID")
	text(&o.config.ClientID, "oauth-client-id", "OAUTH_CLIENT_ID", "", "id of the runner's OAuth client")
	text(&o.secretFile, "oauth-client-secret-file", secretVariable+"_FILE", "", "file with the client's secret in its first line, instead of "+secretVariable)
	text(&o.config.Directory, "working-directory", "WORKING_DIRECTORY", "pail-runner", "where steps run, a directory of this runner alone; pail-runner when not set")
	f.StringSliceVar(&o.config.Executors, "executor", []string{runnerapi.Docker}, "what runs steps: docker, shell, or both")
	f.IntVar(&o.config.Slots, "steps", 1, fmt.Sprintf("steps at a time, up to %d", runner.MaxSlots))
	f.StringVar(&o.config.Engine.Network, "network", runner.OwnNetwork, "what containers are connected to: own, a network for each step; engine, what the engine does by itself; or a network or mode of the engine")
	f.StringVar(&o.config.Git, "git", "git", "the git binary")
	f.DurationVar(&o.grace, "grace", 0, "how long a stop waits for steps that run")
	f.StringVar(&o.log.Format, "log-format", "text", "form of the log: text or json")
	return c
}

func (o *runnerOptions) run(ctx context.Context) error {
	ctx, again, release := server.Signals(ctx)
	defer release()
	log, flush := server.NewLog(o.log, o.err)
	defer func() { _ = flush() }()
	o.config.ClientSecret = o.getenv(secretVariable)
	if o.secretFile != "" {
		if o.config.ClientSecret != "" {
			return misused("the secret comes from %s or from a file, not from both", secretVariable)
		}
		var err error
		if o.config.ClientSecret, err = firstLine(o.secretFile); err != nil {
			return err
		}
	}
	if o.config.URL == "" {
		return misused("the server is not known: name it with --url or PAIL_URL")
	}
	o.config.URL = strings.TrimRight(o.config.URL, "/")
	o.config.Version, o.config.Log, o.config.TokenURL = server.Version(), log, o.config.URL+runnerapi.TokenEndpoint
	r, err := runner.New(ctx, o.config)
	if err != nil {
		return stopped(ctx, err)
	}
	log.Info("the runner is ready", "server", o.config.URL, "runner", o.config.UUID, "executors", o.config.Executors, "steps", o.config.Slots)
	last, stop := context.WithCancel(context.Background())
	defer stop()
	defer context.AfterFunc(ctx, func() {
		select {
		case <-again: // a second signal waits for nothing
		case <-time.After(o.grace):
		case <-last.Done():
		}
		stop()
	})()
	return errors.Join(r.Run(ctx, last), r.Close())
}

// firstLine is the first line of a file: a secret.
func firstLine(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if line = strings.TrimSpace(line); line == "" {
		return "", fmt.Errorf("%s: the first line is empty, and should be the secret", file)
	}
	return line, nil
}
