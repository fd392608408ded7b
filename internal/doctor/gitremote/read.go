package gitremote

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/reason"
)

// Options say what to read.
type Options struct {
	Remote string   // a remote's name or an address; "" for the one of the current branch, or origin
	Dir    string   // where git runs; "" for the current directory
	Env    []string // "NAME=value"; the process's own is not looked at
	API    string   // goes into the cases

	// Terminal tells that git could ask a person, so that a missing login is no fault.
	Terminal bool
	// NoHelpers lists helpers without asking them. HelperTime is how long each may take; 0 is ten seconds.
	NoHelpers  bool
	HelperTime time.Duration
	// Say gets a line before a helper is run; nil drops it.
	Say func(line string)
}

// Reading is what git knows about a remote.
type Reading struct {
	Remote    string        `json:"remote,omitempty"`
	Addresses []Address     `json:"addresses"`
	Cases     []doctor.Case `json:"-"` // one for each address
}

// Address is one address of a remote, and what git would do there.
type Address struct {
	URL     string   `json:"url"` // without a secret
	For     string   `json:"for"` // "fetch", "push", "fetch and push", "lfs"
	Place   string   `json:"place"`
	Login   string   `json:"login"` // where the login comes from: "URL", ".netrc", "credential helper store", "header", "nowhere", "ssh"
	Helpers []Helper `json:"helpers"`
	Facts   []Fact   `json:"settings"`
}

// Fact is a setting that has to do with the login or the way.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// ErrNothing is that there is no remote to look at. What wraps it says why and what there is.
var ErrNothing = errors.New("no remote to look at")

// reader is one reading under way.
type reader struct {
	Options
	git  git
	home string
	cfg  config
	out  Reading
}

// Read finds out what git would do with a remote. Errors: ErrNothing, and git's own when it cannot be run or cannot read
// its configuration.
func Read(ctx context.Context, o Options) (Reading, error) {
	r := &reader{Options: o, git: git{dir: o.Dir, env: o.Env}}
	if r.HelperTime == 0 {
		r.HelperTime = 10 * time.Second
	}
	if r.Say == nil {
		r.Say = func(string) {}
	}
	for _, name := range []string{"USERPROFILE", "HOME"} {
		if home := r.env(name); home != "" {
			r.home = home
		}
	}
	var err error
	if r.cfg, err = r.git.load(ctx); errors.Is(err, exec.ErrNotFound) {
		return Reading{}, fmt.Errorf("git is not to be found: %w", err)
	} else if err != nil {
		return Reading{}, fmt.Errorf("git cannot read its configuration: %w", err)
	}
	if isURL(o.Remote) {
		err = r.byURL(ctx)
	} else {
		err = r.byName(ctx)
	}
	return r.out, err
}

func (r *reader) env(name string) string {
	for _, line := range slices.Backward(r.Env) {
		if key, value, _ := strings.Cut(line, "="); key == name {
			return value
		}
	}
	return ""
}

// byURL looks at an address that somebody typed.
func (r *reader) byURL(ctx context.Context) error {
	url := r.rewritten(ctx, r.Remote)
	r.address(ctx, url, r.rewrittenPlace("the command line", r.Remote, url, "insteadof"), "fetch and push")
	return nil
}

// rewritten is an address, or the address of a remote, after url.*.insteadOf.
func (r *reader) rewritten(ctx context.Context, remote string) string {
	out, err := r.git.run(ctx, "ls-remote", "--get-url", "--", remote)
	if url := strings.TrimRight(out, "\r\n"); err == nil && url != "" {
		return url
	}
	return remote
}

// byName looks at a remote of the repository.
func (r *reader) byName(ctx context.Context) error {
	name, err := r.remote(ctx)
	if err != nil {
		return err
	}
	r.out.Remote = name
	raw := ""
	place := "remote." + name
	if s, ok := r.cfg.last("remote", name, "url"); ok {
		raw, place = r.cfg.values("remote", name, "url")[0].value, s.place()
	}
	fetch := r.rewritten(ctx, name)
	pushes := []string{fetch}
	if out, err := r.git.run(ctx, "remote", "get-url", "--push", "--all", name); err == nil {
		pushes = strings.FieldsFunc(out, func(c rune) bool { return c == '\n' || c == '\r' })
	}
	use := "fetch and push"
	if !slices.Contains(pushes, fetch) {
		use = "fetch"
	}
	r.address(ctx, fetch, r.rewrittenPlace(place, raw, fetch, "insteadof"), use)
	for _, push := range pushes {
		if push == fetch {
			continue
		}
		from, at := raw, place
		if s, ok := r.cfg.last("remote", name, "pushurl"); ok {
			from, at = s.value, s.place()
		}
		r.address(ctx, push, r.rewrittenPlace(at, from, push, "pushinsteadof"), "push")
	}
	r.lfs(ctx, name, fetch)
	return nil
}

// remote is the name of the remote that is meant.
func (r *reader) remote(ctx context.Context) (string, error) {
	names := r.cfg.remotes()
	there := "there is none"
	if len(names) > 0 {
		there = "there are: " + strings.Join(names, ", ")
	}
	if r.Remote != "" {
		if !slices.Contains(names, r.Remote) {
			return "", fmt.Errorf("%w: no remote is called %s; %s", ErrNothing, doctor.Shown(r.Remote), there)
		}
		return r.Remote, nil
	}
	if branch, err := r.git.run(ctx, "symbolic-ref", "--short", "--quiet", "HEAD"); err == nil {
		if s, ok := r.cfg.last("branch", strings.TrimSpace(branch), "remote"); ok && slices.Contains(names, s.value) {
			return s.value, nil
		}
	}
	switch {
	case slices.Contains(names, "origin"):
		return "origin", nil
	case len(names) == 1:
		return names[0], nil
	case len(names) == 0:
		return "", fmt.Errorf("%w: git knows no remote here; name an address", ErrNothing)
	}
	return "", fmt.Errorf("%w: name one; %s", ErrNothing, there)
}

// rewrittenPlace adds which setting made one address of another.
func (r *reader) rewrittenPlace(place, from, to, name string) string {
	if from == "" || from == to {
		return place
	}
	var by setting
	for _, s := range r.cfg {
		if s.section == "url" && (s.name == name || s.name == "insteadof") && strings.HasPrefix(from, s.value) && strings.HasPrefix(to, s.sub) &&
			len(s.value) > len(by.value) {
			by = s
		}
	}
	if by.section == "" {
		return place
	}
	return place + ", rewritten by " + by.place()
}

// lfs looks at the address that Git LFS has of its own.
func (r *reader) lfs(ctx context.Context, remote, fetch string) {
	cfg := r.cfg
	if top, err := r.git.run(ctx, "rev-parse", "--show-toplevel"); err == nil {
		if own, err := r.git.load(ctx, "--file", filepath.Join(strings.TrimSpace(top), ".lfsconfig")); err == nil {
			cfg = append(own, cfg...) // git's own configuration wins
		}
	}
	s, ok := cfg.last("lfs", "", "url")
	if one, has := cfg.last("remote", remote, "lfsurl"); has {
		s, ok = one, true
	}
	if !ok || s.value == "" {
		return
	}
	theirs, isHTTP := parseAddress(s.value)
	ours, _ := parseAddress(fetch)
	r.address(ctx, s.value, s.place(), "lfs")
	c := &r.out.Cases[len(r.out.Cases)-1]
	if isHTTP && theirs.hostport() != ours.hostport() {
		c.Notes = append(c.Notes, finding(reason.GitLFS, doctor.Possible, "It may be meant so, and have a login of its own.",
			"Git LFS has the address "+doctor.Shown(withoutQuery(s.value))+" of its own, on another host than the remote.", s.place(),
			"Give the helper a login for that host too, or remove the setting.", "git lfs env"))
	}
}
