// Package server puts Pail together and runs it. This file is the table of contents: what there is, what stands on
// what, and which part answers which path. run.go listens and stops, middleware.go surrounds every request, git.go
// lets git in through the same gate as the API, ssh.go does so for SSH, and package wire answers what net/http would reject without a word.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/api"
	"github.com/pailforge/pail/internal/branching"
	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/commit"
	"github.com/pailforge/pail/internal/config"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/deploykey"
	"github.com/pailforge/pail/internal/download"
	"github.com/pailforge/pail/internal/event"
	"github.com/pailforge/pail/internal/filestore"
	"github.com/pailforge/pail/internal/githttp"
	"github.com/pailforge/pail/internal/gitserve"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/issue"
	"github.com/pailforge/pail/internal/markup"
	"github.com/pailforge/pail/internal/oauth"
	"github.com/pailforge/pail/internal/outbound"
	"github.com/pailforge/pail/internal/pipeline"
	"github.com/pailforge/pail/internal/pullrequest"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/seal"
	"github.com/pailforge/pail/internal/search"
	"github.com/pailforge/pail/internal/snippet"
	"github.com/pailforge/pail/internal/web"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/web/signin"
	"github.com/pailforge/pail/internal/webhook"
	"github.com/pailforge/pail/internal/wiki"
	"github.com/pailforge/pail/internal/workspace"
)

// Server is Pail with all its parts. Commands use the rooms directly; Run serves them.
type Server struct {
	Config       config.Config
	Log          *slog.Logger
	DB           *database.DB
	Git          *gitstore.Store
	Gate         *access.Gate
	Credentials  *access.Credentials
	Accounts     *account.Room
	Workspaces   *workspace.Room
	Repositories *repository.Room
	Commits      *commit.Room
	Downloads    *download.Room
	Branching    *branching.Room
	PullRequests *pullrequest.Room
	Issues       *issue.Room
	DeployKeys   *deploykey.Room
	Search       *search.Room
	Snippets     *snippet.Room
	Wikis        *wiki.Room
	Webhooks     *webhook.Room
	Pipelines    *pipeline.Room
	OAuth        *oauth.Room
	API          *api.API
	Site         *page.Site

	rest    *rest.API
	upkeep  *repository.Upkeep
	handler http.Handler
	ssh     *sshServer // nil: Git over SSH is off
}

// Open opens the store that cfg names and builds every part on it. The caller closes the server.
func Open(ctx context.Context, cfg config.Config, log *slog.Logger) (*Server, error) {
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	git, err := gitstore.New(filepath.Join(cfg.Data, "repositories"), gitstore.Options{Git: cfg.Git, MaxPushBytes: cfg.PushLimit(),
		KeepDeleted: days(cfg.Repositories.KeepDeleted)})
	if err != nil {
		return nil, err
	}
	db, err := database.Open(ctx, cfg.Database)
	if err != nil {
		return nil, errors.Join(err, git.Close())
	}
	s := &Server{Config: cfg, Log: log, DB: db, Git: git}
	if err := s.assemble(); err != nil {
		return nil, errors.Join(err, s.Close(ctx))
	}
	lost, err := s.Pipelines.Reseal(ctx)
	if err != nil {
		return nil, errors.Join(err, s.Close(ctx))
	}
	if lost > 0 {
		log.Error("secrets cannot be opened with the keys that are here: put the key back that they were sealed with", "secrets", lost, "file", cfg.Secrets.KeyFile)
	}
	return s, nil
}

func (s *Server) assemble() error {
	now, urls := time.Now, rest.URLs{Base: s.Config.ExternalURL, SSH: s.Config.SSHAddress()}
	s.rest = &rest.API{URLs: urls, Log: s.Log, Bare: s.Config.Answers == "bare"}
	s.Credentials = &access.Credentials{DB: s.DB, Now: now}
	s.Gate = access.NewGate(s.DB, access.NewRecorder(s.DB, s.Log), s.Log, now, s.Config.AppPasswordsEnd())

	out, err := outbound.New(s.Config.Outbound.Allow)
	if err != nil {
		return fmt.Errorf("outbound.allow: %w", err)
	}
	events := &event.Hub{} // what happens in the rooms, for those above them

	s.Accounts = &account.Room{DB: s.DB, Gate: s.Gate, Credentials: s.Credentials, URLs: urls, Log: s.Log, Now: now}
	s.Workspaces = &workspace.Room{DB: s.DB, Accounts: s.Accounts, URLs: urls, Log: s.Log, Now: now, Events: events,
		Rules: workspace.Rules{AnybodyCreates: s.Config.Workspaces.Create == "everybody", NewAccounts: s.Config.Invitations.Accounts == "on"}}
	s.Repositories = &repository.Room{DB: s.DB, Git: s.Git, Accounts: s.Accounts, Workspaces: s.Workspaces, URLs: urls, Log: s.Log, Now: now, Events: events}
	s.Commits = &commit.Room{DB: s.DB, Repositories: s.Repositories, URLs: urls, Now: now}
	s.Downloads = &download.Room{DB: s.DB, Repositories: s.Repositories, Store: &filestore.Store{Dir: filepath.Join(s.Config.Data, "downloads"), Now: now}, URLs: urls, Log: s.Log, Now: now}
	s.Branching = &branching.Room{DB: s.DB, Repositories: s.Repositories, URLs: urls}
	s.PullRequests = &pullrequest.Room{DB: s.DB, Repositories: s.Repositories, Commits: s.Commits, Branching: s.Branching, URLs: urls, Log: s.Log, Now: now}
	s.Issues = &issue.Room{DB: s.DB, Repositories: s.Repositories, Store: &filestore.Store{Dir: filepath.Join(s.Config.Data, "attachments"), Now: now},
		Archives: &filestore.Store{Dir: filepath.Join(s.Config.Data, "issue-archives"), Now: now}, URLs: urls, Log: s.Log, Now: now}
	s.Repositories.Judge = s.Branching.Judge
	s.Repositories.Refers = map[markup.Kind]repository.Refer{markup.PullRequest: s.PullRequests.Refer, markup.Issue: s.Issues.Refer}
	s.Repositories.Leaves = func(ctx context.Context, tx *database.Tx, id string) error {
		return errors.Join(s.Branching.Leaves(ctx, tx, id), s.PullRequests.Leaves(ctx, tx, id))
	}
	s.DeployKeys = &deploykey.Room{DB: s.DB, Repositories: s.Repositories, URLs: urls, Now: now}
	s.Search = &search.Room{Repositories: s.Repositories, Accounts: s.Accounts, Dir: s.Config.Search.Dir, Log: s.Log}
	s.upkeep = repository.NewUpkeep(s.Git, s.Log)
	s.upkeep.Look = s.Repositories.FindLanguage
	s.Repositories.Changed = func(id string) {
		s.Search.Changed(id)
		s.upkeep.Changed(id)
		s.PullRequests.Stirred(id)
	}
	s.Snippets = &snippet.Room{DB: s.DB, Git: s.Git, Accounts: s.Accounts, Workspaces: s.Workspaces, Repositories: s.Repositories, URLs: urls, Log: s.Log, Now: now,
		Changed: s.upkeep.Changed}
	s.Wikis = &wiki.Room{Git: s.Git, Repositories: s.Repositories, URLs: urls, Log: s.Log, Now: now, Changed: s.upkeep.Changed}
	s.Repositories.Deleted = s.Wikis.Delete
	s.Webhooks = &webhook.Room{DB: s.DB, Repositories: s.Repositories, Out: out, URLs: urls, Log: s.Log, Now: now}
	events.Listen(s.Webhooks)
	events.Listen(s.PullRequests.Builds())
	keys, err := seal.Load(s.Config.Secrets.KeyFile)
	if err != nil {
		return err
	}
	s.Pipelines = &pipeline.Room{DB: s.DB, Repositories: s.Repositories, Commits: s.Commits, PullRequests: s.PullRequests, Keys: keys, URLs: urls, Log: s.Log, Now: now,
		Credentials: s.Credentials, Store: &filestore.Store{Dir: filepath.Join(s.Config.Data, "pipelines"), Now: now}, Patience: s.Config.Timeouts.Request / 2,
		Keep: pipeline.Keep{Logs: days(s.Config.Pipelines.KeepLogs), Artifacts: days(s.Config.Pipelines.KeepArtifacts), Caches: days(s.Config.Pipelines.KeepCaches)}}
	events.Listen(s.Pipelines)
	s.Repositories.Moved = func(ctx context.Context, id string, updates []gitstore.RefUpdate) error {
		err := s.PullRequests.Moved(ctx, id, updates)
		if failed := s.Pipelines.Triggered(ctx, id); failed != nil { // it is tried again; what was pushed is there all the same
			s.Log.Error("pipelines of a push were not started", "repository", id, "error", failed)
		}
		return err
	}
	s.OAuth = &oauth.Room{DB: s.DB, Credentials: s.Credentials, URLs: urls, Log: s.Log, Now: now}
	s.OAuth.Sold = func(ctx context.Context, id, secret string) (oauth.Tokens, bool, error) {
		bought, runner, err := s.Pipelines.Sell(ctx, id, secret)
		return oauth.Tokens{Access: bought, CredentialID: runner, Kind: access.Runner, Length: access.RunnerTokenLength}, runner != "", err
	}

	served := operations(s.Accounts, s.Workspaces, s.Repositories, s.Commits, s.Downloads, s.Branching, s.PullRequests, s.Issues, s.DeployKeys, s.Search, s.Snippets, s.Wikis, s.Webhooks, s.Pipelines)
	if s.API, err = api.New(s.rest, s.Gate, served...); err != nil {
		return err
	}
	turns := gitserve.NewTurns(s.Config.GitProcesses(), 0)
	if s.ssh, err = s.newSSH(turns); err != nil {
		return err
	}
	own := http.NewServeMux()
	s.Accounts.Mount(own, &rest.API{URLs: urls, Log: s.Log}) // what Bitbucket Cloud does not have is always explained
	s.OAuth.Mount(own, s.rest)
	pages := web.Rooms{Accounts: s.Accounts, Workspaces: s.Workspaces, Repositories: s.Repositories, Commits: s.Commits, Downloads: s.Downloads, Branching: s.Branching, DeployKeys: s.DeployKeys, Search: s.Search, PullRequests: s.PullRequests, Issues: s.Issues, Pipelines: s.Pipelines, Wikis: s.Wikis, Snippets: s.Snippets, Webhooks: s.Webhooks, OAuth: s.OAuth,
		Provider: signin.NewProvider(s.Config.OIDC, urls), Operations: served, Try: s.Try}
	pages.SSH = s.SSHHost()
	if s.Site, err = web.New(pages, urls, s.Log); err != nil {
		return err
	}
	git := githttp.New(s.Git, &door{s}, githttp.Options{Turns: turns})
	s.handler = s.route(git, own)
	return nil
}

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// room is a set of operations.
type room interface{ Operations() []access.Operation }

func operations(rooms ...room) []access.Operation {
	var all []access.Operation
	for _, r := range rooms {
		all = append(all, r.Operations()...)
	}
	return all
}

// Operations lists what a server serves, without opening one.
func Operations() []access.Operation {
	accounts := &account.Room{}
	workspaces := &workspace.Room{Accounts: accounts}
	repositories := &repository.Room{Accounts: accounts, Workspaces: workspaces}
	return operations(accounts, workspaces, repositories, &commit.Room{Repositories: repositories}, &download.Room{Repositories: repositories},
		&branching.Room{Repositories: repositories}, &pullrequest.Room{Repositories: repositories}, &issue.Room{Repositories: repositories}, &deploykey.Room{Repositories: repositories},
		&search.Room{Repositories: repositories, Accounts: accounts}, &snippet.Room{Accounts: accounts, Workspaces: workspaces, Repositories: repositories}, &wiki.Room{Repositories: repositories}, &webhook.Room{Repositories: repositories}, &pipeline.Room{Repositories: repositories})
}

// route says which part answers which path. Whatever is nobody's goes to the API, which explains it.
func (s *Server) route(git *githttp.Handler, own *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := githttp.Match(r); ok {
			git.ServeHTTP(w, r)
			return
		}
		if !strings.HasPrefix(r.URL.Path, api.Prefix+"/") {
			if _, pattern := own.Handler(r); pattern != "" {
				own.ServeHTTP(w, r)
				return
			}
			if page := s.Site.Match(r); page != nil {
				page.ServeHTTP(w, r)
				return
			}
		}
		s.API.ServeHTTP(w, r)
	})
}

// RunOptions are what a caller of Run may want to know or decide.
type RunOptions struct {
	Listener net.Listener    // used instead of listening on the configured address
	SSH      net.Listener    // the same for Git over SSH, where that is on
	OnListen func(net.Addr)  // called once when requests are served
	Again    <-chan struct{} // closed: a stop no longer waits

	// OrphanAge is how old an unknown git directory must be before it is taken for what a crash left. 0: ten minutes,
	// because another node may be making a repository in this moment.
	OrphanAge time.Duration
}

// Run serves until ctx ends and stops gracefully. First it removes what a crash has left in the git store; what is too
// young for that, because the crash was a moment ago, goes when it has come of age.
func (s *Server) Run(ctx context.Context, o RunOptions) error {
	age := o.OrphanAge
	if age == 0 {
		age = orphanAge
	}
	ssh, err := s.listenSSH(o.SSH)
	if err == nil {
		err = s.sweep(ctx, age)
	}
	if err != nil {
		for _, ln := range []net.Listener{o.Listener, ssh} {
			if ln != nil {
				err = errors.Join(err, ln.Close())
			}
		}
		return err
	}
	running, stop := context.WithCancel(ctx)
	if err := s.Search.Open(); err != nil {
		s.Log.Warn("the search for code has no index yet", "error", err)
	}
	var behind sync.WaitGroup
	behind.Go(func() { s.sweepAfter(running, age) })
	behind.Go(func() { s.Search.Run(running) })
	behind.Go(func() { s.upkeep.Run(running) })
	behind.Go(func() { s.PullRequests.Run(running) })
	behind.Go(func() { s.Issues.Run(running) })
	behind.Go(func() { s.Pipelines.Run(running) })
	cut, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	behind.Go(func() { s.Webhooks.Deliver(running, cut) })
	if s.ssh != nil {
		s.Log.Info("listening", "listener", "ssh", "addr", ssh.Addr().String(), "host_key", s.ssh.host.Fingerprint)
		behind.Go(func() {
			if err := s.ssh.Serve(running, cut, ssh); err != nil {
				s.Log.Error("Git over SSH ended", "error", err)
			}
		})
	}
	context.AfterFunc(running, func() { // what was begun gets the time that requests get
		defer cancel()
		select {
		case <-o.Again:
		case <-cut.Done():
		case <-time.After(s.Config.Timeouts.Shutdown):
		}
	})
	defer func() {
		stop()
		behind.Wait()
		if err := s.Search.Close(); err != nil {
			s.Log.Error("the search index was not closed well", "error", err)
		}
	}()
	return Run(ctx, s.Config, s.handler, Options{
		Log: s.Log, API: s.rest, Version: Version(), State: s.state, Ready: s.DB.Ping,
		Listener: o.Listener, OnListen: o.OnListen, Again: o.Again, Wire: s.wire,
		Bounded: func(r *http.Request) bool { _, git := githttp.Match(r); return !git },
		Uploads: s.uploads, Collectors: s.ssh.collectors(),
	})
}

// uploads tells requests that bring files, which are not held in memory.
func (s *Server) uploads(r *http.Request) bool {
	if r.Method != http.MethodPost && r.Method != http.MethodPut {
		return false
	}
	below, ok := strings.CutPrefix(r.URL.EscapedPath(), api.Prefix)
	if ok && strings.HasPrefix(below, "/runners/") {
		m, outcome := catalog.FindHere(r.Method, below)
		return outcome == catalog.Found && pipeline.ByRunners(m.Operation.Key)
	}
	if !strings.HasPrefix(strings.ToLower(r.Header.Get("Content-Type")), "multipart/") {
		return false
	}
	if !ok {
		return s.Site.Uploads(r)
	}
	m, outcome := catalog.Find(r.Method, below)
	if outcome != catalog.Found {
		return false
	}
	switch m.Operation.Key {
	case "POST /repositories/{workspace}/{repo_slug}/src", "POST /repositories/{workspace}/{repo_slug}/downloads",
		"POST /repositories/{workspace}/{repo_slug}/issues/{issue_id}/attachments", "POST /repositories/{workspace}/{repo_slug}/issues/import",
		"POST /snippets", "POST /snippets/{workspace}", "PUT /snippets/{workspace}/{encoded_id}", "PUT /snippets/{workspace}/{encoded_id}/{node_id}":
		return true
	}
	return false
}

const orphanAge = 10 * time.Minute

func (s *Server) sweep(ctx context.Context, age time.Duration) error {
	ids, err := s.Repositories.IDs(ctx)
	if err != nil {
		return err
	}
	snippets, err := s.Snippets.IDs(ctx)
	if err != nil {
		return err
	}
	for id := range maps.Clone(ids) {
		ids[wiki.ID(id)] = true
	}
	for _, id := range snippets {
		ids[id] = true
	}
	if _, err = s.Git.Sweep(ctx, func(id string) bool { return ids[id] }, age); err != nil {
		return err
	}
	return errors.Join(s.Downloads.Sweep(ctx, age), s.Issues.Sweep(ctx, age), s.Pipelines.Sweep(ctx, age))
}

// sweepAfter sweeps once more after age: then everything from before the start is old enough, and nothing that was
// begun since.
func (s *Server) sweepAfter(ctx context.Context, age time.Duration) {
	timer := time.NewTimer(age)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return
	case <-timer.C:
	}
	if err := s.sweep(ctx, age); err != nil && ctx.Err() == nil {
		s.Log.Error("what a crash has left was not removed", "error", err)
	}
}

// state is what /healthz tells an operator.
func (s *Server) state() map[string]any {
	return map[string]any{"scopes": "enforced", "app_passwords": s.Config.AppPasswords.Until.String(), "database": s.DB.Dialect(),
		"operations_served": s.API.Count(), "search_behind": s.Search.Behind()}
}

// Version is the version of this build: the module's, or the commit it was built from.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, kv := range info.Settings {
		if kv.Key == "vcs.revision" {
			return kv.Value
		}
	}
	return "development"
}

// Close writes what is not written yet and closes the store.
func (s *Server) Close(ctx context.Context) error {
	var err error
	if s.Gate != nil {
		err = s.Gate.Recorder.Close(ctx)
	}
	return errors.Join(err, s.Git.Close(), s.DB.Close())
}
