package cli

import (
	"context"
	"crypto/subtle"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/profile"
	"github.com/spf13/cobra"
)

// gitCredentialOptions is one call of pail git-credential.
type gitCredentialOptions struct {
	*app
	profile string
}

func (a *app) gitCredential() *cobra.Command {
	o := &gitCredentialOptions{app: a}
	c := a.command("git-credential get|store|erase", "Answer git with the right user name and secret", `
Git-credential is a credential helper: git runs it, and asks on standard input. It answers for the hosts that there is a
login for, and only over the same protocol, with the user name that the credential's kind takes:
x-bitbucket-api-token-auth for an API token, x-token-auth for an access token, the username for an app password. The
e-mail, which the REST API wants, never reaches git.

git says "erase" when a server refused the credential. The login is then kept, and marked: servers also refuse when they
are in trouble, and a token that was not at fault would be lost. pail auth status shows the mark; the next success
removes it.`, `
  pail auth setup-git
  git config --global credential.https://bitbucket.org.helper '!pail git-credential'
  printf 'protocol=https\nhost=bitbucket.org\n\n' | pail git-credential get`, cobra.ExactArgs(1), func(_ *cobra.Command, args []string) error { return o.run(args[0]) })
	c.ValidArgs = []string{"get", "store", "erase"}
	a.bindProfile(c, &o.profile)
	return c
}

func (o *gitCredentialOptions) run(action string) error {
	switch action {
	case "get", "store", "erase":
	default:
		return nil // git's rule: a helper ignores what it does not know
	}
	ask, err := profile.ReadAsk(o.in)
	if err != nil {
		return misused("what git says cannot be read: %v", err)
	}
	s, err := o.profiles()
	if err != nil {
		return err
	}
	p, secret, ok, err := o.forGit(s, ask)
	if !ok || err != nil {
		return err
	}
	if action == "get" {
		if !p.Expires.IsZero() && time.Now().After(p.Expires) {
			fmt.Fprintf(o.err, "pail: the login %s expired on %s; make a new token and run: pail login\n", p.Name, day(p.Expires, ""))
		}
		return p.WriteAnswer(o.out, secret)
	}
	if subtle.ConstantTimeCompare([]byte(ask.Password), []byte(secret)) != 1 || p.Stored == profile.Environment {
		return nil // another one's
	}
	if action == "store" {
		if p.Refused.IsZero() {
			return nil
		}
		p.Refused = time.Time{}
		return s.Update(p)
	}
	p.Refused = time.Now().UTC().Truncate(time.Second)
	fmt.Fprintf(o.err, "pail: %s refused the %s of the login %s. It is kept; to see why: pail auth status --profile %s\n", ask.Host, p.Kind.Title(), p.Name, p.Name)
	return s.Update(p)
}

// forGit is the login that answers what git asks; ok is false where there is none.
func (o *gitCredentialOptions) forGit(s *profile.Store, ask profile.Ask) (p profile.Profile, secret string, ok bool, err error) {
	if o.profile != "" {
		if p, ok = s.Find(o.profile); !ok || !ask.Matches(p) {
			return p, "", false, nil
		}
		secret, err = s.Secret(p)
		return p, secret, err == nil, err
	}
	p, secret, ok, err = o.environment()
	if err != nil || ok && ask.Matches(p) {
		return p, secret, ok, err
	}
	if p, ok = s.ForGit(ask); !ok {
		return p, "", false, nil
	}
	secret, err = s.Secret(p)
	return p, secret, err == nil, err
}

func (a *app) authSetupGit() *cobra.Command {
	var name string
	c := a.command("setup-git", "Let git ask pail for a login's host", `
Setup-git writes into your global git configuration that for the host of a login git asks pail, and no other helper: a
password that another one still keeps would be tried first, again and again.`, `
  pail auth setup-git
  pail auth setup-git --profile pail.example.com`, cobra.NoArgs, func(c *cobra.Command, _ []string) error {
		s, err := a.profiles()
		if err != nil {
			return err
		}
		p, _, err := a.loginNamed(s, name)
		if err != nil {
			return err
		}
		return a.configureGit(c.Context(), p)
	})
	a.bindProfile(c, &name)
	return c
}

// setUpGit sets git up when it was asked for, and else shows how to.
func (o *loginOptions) setUpGit(ctx context.Context, p profile.Profile) error {
	if o.git {
		return o.configureGit(ctx, p)
	}
	text := "\nTo let git use it: pail auth setup-git, which does\n"
	for _, args := range gitSettings(p) {
		text += "\n  git " + shellLine(args)
	}
	return o.say("%s", text)
}

func (a *app) configureGit(ctx context.Context, p profile.Profile) error {
	for _, args := range gitSettings(p) {
		cmd := exec.CommandContext(ctx, "git", args...)
		cmd.Env = a.env
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("git %s: %w %s", shellLine(args), err, clean(string(out)))
		}
	}
	return a.say("git asks pail for %s from now on, as %s.", p.Git, p.GitUser())
}

// gitSettings are the commands that make git ask pail for a login's host. The empty helper comes first: it keeps git
// from asking those that are set for all hosts.
func gitSettings(p profile.Profile) [][]string {
	key := "credential." + p.Git + ".helper"
	lines := [][]string{
		{"config", "--global", "--replace-all", key, ""},
		{"config", "--global", "--add", key, "!" + ownCommand() + " git-credential"},
	}
	if p.CA != "" {
		lines = append(lines, []string{"config", "--global", "http." + p.Git + ".sslCAInfo", filepath.ToSlash(p.CA)})
	}
	return lines
}

// ownCommand is how a shell runs this program: by its name where PATH leads to it, else by its path. git runs helpers
// with a POSIX shell everywhere, also on Windows.
func ownCommand() string {
	self, err := os.Executable()
	if err != nil {
		return "pail"
	}
	if found, err := exec.LookPath("pail"); err == nil {
		a, errA := os.Stat(found)
		b, errB := os.Stat(self)
		if errA == nil && errB == nil && os.SameFile(a, b) {
			return "pail"
		}
	}
	return shellWord(filepath.ToSlash(self))
}

// shellWord quotes a word for a POSIX shell where it has to be.
func shellWord(word string) string {
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=@,+", r))
	}) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func shellLine(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = shellWord(w)
	}
	return strings.Join(quoted, " ")
}
