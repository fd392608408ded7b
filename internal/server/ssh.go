package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/gitserve"
	"github.com/pailforge/pail/internal/gitssh"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/sshkey"
	"github.com/prometheus/client_golang/prometheus"
)

// sshServer is Git over SSH. A key takes the place of the credential; what it may do is decided behind the same door.
type sshServer struct {
	*gitssh.Server
	host sshkey.Host // by which clients know the server

	commands *prometheus.CounterVec
	refusals *prometheus.CounterVec
	logins   *prometheus.CounterVec
	in, out  prometheus.Counter
}

// newSSH makes what listens on ssh.listen; nil when that is off. The host key is kept with the data.
func (s *Server) newSSH(turns *gitserve.Turns) (*sshServer, error) {
	if s.Config.SSH.Listen == "" {
		return nil, nil
	}
	signer, err := gitssh.HostKey(filepath.Join(s.Config.Data, "ssh_host_ed25519_key"))
	if err != nil {
		return nil, err
	}
	counter := func(name, help string) prometheus.CounterOpts {
		return prometheus.CounterOpts{Name: "pail_ssh_" + name, Help: help}
	}
	out := &sshServer{host: sshkey.HostOf(signer.PublicKey(), s.Config.SSHAddress()),
		commands: prometheus.NewCounterVec(counter("commands_total", "Commands of Git over SSH, by service (none for what is none) and how they ended."), []string{"service", "ended"}),
		refusals: prometheus.NewCounterVec(counter("refusals_total", "Commands refused, by reason code."), []string{"reason"}),
		logins:   prometheus.NewCounterVec(counter("logins_failed_total", "Logins that failed: refused, crowded, or broken off."), []string{"how"}),
		in:       prometheus.NewCounter(counter("received_bytes_total", "Bytes received from clients in commands.")),
		out:      prometheus.NewCounter(counter("sent_bytes_total", "Bytes sent to clients in commands.")),
	}
	out.Server = gitssh.New(s.Git, &sshDoor{door{s}}, signer, gitssh.Options{
		Turns: turns, Idle: s.Config.Timeouts.Idle, Stall: s.Config.Timeouts.Stall,
		Observe: func(e gitssh.Event) { out.observe(s.Log, e) },
	})
	return out, nil
}

// SSHHost is the key by which clients of Git over SSH know the server; nil when that is off.
func (s *Server) SSHHost() *sshkey.Host {
	if s.ssh == nil {
		return nil
	}
	return &s.ssh.host
}

// collectors are the numbers of SSH.
func (s *sshServer) collectors() []prometheus.Collector {
	if s == nil {
		return nil
	}
	return []prometheus.Collector{s.commands, s.refusals, s.logins, s.in, s.out}
}

// listenSSH opens the listener, unless the caller has.
func (s *Server) listenSSH(ln net.Listener) (net.Listener, error) {
	if s.ssh == nil || ln != nil {
		return ln, nil
	}
	return net.Listen("tcp", s.Config.SSH.Listen)
}

// sshDoor lets Git over SSH in.
type sshDoor struct{ door }

// Knows tells whether a key may log in.
func (d *sshDoor) Knows(ctx context.Context, fingerprint string) (bool, error) {
	_, err := d.s.Gate.Key(ctx, fingerprint)
	if errors.Is(err, access.ErrUnknownKey) {
		return false, nil
	}
	return err == nil, err
}

// Greet says who somebody is.
func (d *sshDoor) Greet(ctx context.Context, c *gitssh.Client) ([]string, error) {
	trace := &rest.Trace{}
	c.Note = trace
	p, err := d.s.Gate.KeyAlive(ctx, c.Fingerprint)
	if p != nil {
		trace.CredentialKind, trace.CredentialID, trace.AccountID = string(p.Kind), p.ID, p.AccountID()
	}
	if err != nil {
		return nil, d.told(trace, err)
	}
	const noShell = "There is no shell here. Use it through git: git clone, git fetch, git push."
	if p.Account == nil {
		return []string{"Hello. This is the deploy key " + p.Name + ", which reads " + places(p.Places()) + ".", noShell}, nil
	}
	d.s.Gate.Recorder.RecordKey(access.KeyUse{Fingerprint: c.Fingerprint}, d.s.Gate.Now())
	return []string{"Hello " + p.Account.Username + ". This is your SSH key " + p.Name + ".", noShell}, nil
}

func places(n int) string {
	if n == 1 {
		return "one repository, or those of one project"
	}
	return "the repositories and projects that it was added to"
}

// Admit decides about one command.
func (d *sshDoor) Admit(ctx context.Context, c *gitssh.Client, workspace, name string, write bool) (gitserve.Repository, error) {
	trace := &rest.Trace{RequestID: requestID(nil)}
	c.Note = trace
	// To the decision a command is a request for the repository's address.
	service := gitserve.UploadPack
	if write {
		service = gitserve.ReceivePack
	}
	of, wiki := strings.CutSuffix(name, gitserve.WikiPlace)
	hr, err := http.NewRequestWithContext(rest.WithTrace(ctx, trace), http.MethodPost, "/"+workspace+"/"+of+".git"+strings.TrimPrefix(name, of)+"/"+service, nil)
	if err != nil {
		return gitserve.Repository{}, d.told(trace, rest.Refuse(reason.RepositoryNotFound, ""))
	}
	hr.RemoteAddr = c.Address
	hr.Header.Set("User-Agent", c.Agent)
	if w, ok := strings.CutPrefix(workspace, gitserve.SnippetPlace); ok {
		r, op, need := d.asksSnippet(hr, w, name, write)
		p, s, err := access.DecideKey(d.s.Gate, r, c.Fingerprint, op, need)
		if err != nil {
			return gitserve.Repository{}, d.told(trace, err)
		}
		d.s.Gate.Recorder.RecordKey(access.KeyUse{Fingerprint: c.Fingerprint}, d.s.Gate.Now())
		return d.admittedSnippet(p, s), nil
	}
	r, op, need := d.asks(hr, workspace, of, write)
	if wiki {
		r, op, need = d.asksWiki(hr, workspace, of, write)
	}
	p, repo, err := access.DecideKey(d.s.Gate, r, c.Fingerprint, op, need)
	if err != nil {
		return gitserve.Repository{}, d.told(trace, err)
	}
	d.s.Gate.Recorder.RecordKey(access.KeyUse{Fingerprint: c.Fingerprint, ProjectID: repo.Project.ID, RepositoryID: repo.ID}, d.s.Gate.Now())
	admitted := d.admitted(p, repo)
	if wiki {
		if admitted, err = d.admittedWiki(ctx, p, repo); err != nil {
			return gitserve.Repository{}, d.told(trace, err)
		}
	}
	// Over HTTP a client is sent to where the repository is now. Here it is served, and told.
	if asked := workspace + "/" + of; !strings.Contains(asked, "{") && !strings.EqualFold(asked, repo.FullName()) {
		to := d.s.rest.URLs.SSHRemote(repo.FullName())
		if wiki {
			to += gitserve.WikiPlace
		}
		admitted.Notice = []string{asked + " is " + repo.FullName() + " now: git remote set-url origin " + to}
	}
	return admitted, nil
}

// told is a refusal in lines, the first of which says what is wrong.
func (d *sshDoor) told(trace *rest.Trace, err error) error {
	e := d.fault(trace, err)
	trace.Reason = e.Reason
	g := &gitRefusal{refused: e}
	if d.s.rest.Bare {
		return bareRefusal(e, false)
	}
	message := e.Message
	if e.Status == http.StatusNotFound && e.Reason != reason.WikiOff {
		message = "Repository not found. " + gitMessage
	}
	g.lines = d.lines(e, message)
	return g
}

// observe counts and logs what was dealt with.
func (s *sshServer) observe(log *slog.Logger, e gitssh.Event) {
	if e.Login {
		how, level := "broken off", slog.LevelDebug
		switch {
		case errors.Is(e.Err, gitssh.ErrCrowded):
			how, level = "crowded", slog.LevelWarn
		case gitssh.Refused(e.Err):
			how, level = "refused", slog.LevelInfo
		}
		s.logins.WithLabelValues(how).Inc()
		log.Log(context.Background(), level, "ssh login failed", "how", how, "remote", e.Address, "error", clip(e.Err.Error(), 300))
		return
	}
	trace, _ := e.Note.(*rest.Trace)
	if trace == nil {
		trace = &rest.Trace{}
	}
	service, ended := e.Command.Service, "done"
	if service == "" {
		service = "none"
	}
	level := slog.LevelInfo
	switch {
	case e.Err == nil:
	case trace.Reason != "":
		ended = "refused"
		s.refusals.WithLabelValues(string(trace.Reason)).Inc()
		if trace.Reason == reason.ServerFault {
			level = slog.LevelError
		} else if trace.Reason != reason.RepositoryNotFound {
			level = slog.LevelWarn
		}
	case gitssh.Gone(e.Err):
		ended = "gone"
	default:
		ended = "failed"
	}
	s.commands.WithLabelValues(service, ended).Inc()
	s.in.Add(float64(e.In))
	s.out.Add(float64(e.Out))
	attrs := []any{"service", service, "ended", ended, "exit", e.Exit, "bytes", e.Out, "us", e.Duration.Microseconds(), "remote", e.Address, "key", e.Fingerprint}
	optional := func(key, value string) {
		if value != "" {
			attrs = append(attrs, key, value)
		}
	}
	if e.Command.Workspace != "" {
		attrs = append(attrs, "repository", safePath("/" + e.Command.Workspace + "/" + e.Command.Repository)[1:])
	}
	optional("request_id", trace.RequestID)
	optional("credential", trace.CredentialKind)
	optional("credential_id", trace.CredentialID)
	optional("account", trace.AccountID)
	optional("reason", string(trace.Reason))
	if e.In > 0 {
		attrs = append(attrs, "body_bytes", e.In)
	}
	if ended == "failed" {
		attrs = append(attrs, "error", clip(e.Err.Error(), 300))
	}
	if e.Waited > time.Millisecond {
		attrs = append(attrs, "waited_us", e.Waited.Microseconds())
	}
	log.Log(context.Background(), level, "ssh command", attrs...)
}
