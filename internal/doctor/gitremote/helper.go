package gitremote

import (
	"context"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/token"
)

// Helper is one credential helper of the chain, in git's order.
type Helper struct {
	Name   string  `json:"helper"` // as configured, without what may hold a secret
	Origin string  `json:"origin"`
	Answer Outcome `json:"answer"`
	User   string  `json:"user,omitempty"`
	Secret string  `json:"secret,omitempty"` // how it begins, and its length
	Kind   string  `json:"kind,omitempty"`   // "API token"; "" when its form is not known

	command string // as git runs it
}

// Outcome is what became of a helper.
type Outcome string

// The outcomes. A helper is not asked when one before it has answered, when the login comes from elsewhere, and when
// helpers are only to be listed.
const (
	NotAsked Outcome = "not asked"
	Missing  Outcome = "cannot be run"
	Late     Outcome = "did not answer in time"
	Nothing  Outcome = "answers nothing"
	Answers  Outcome = "answers"
)

// newHelper describes a helper of the configuration.
func newHelper(s setting) Helper {
	return Helper{Name: helperName(s.value), Origin: s.place(), Answer: NotAsked, command: s.value}
}

// plainCommand is a shell command that is nothing but a program and its arguments.
var plainCommand = regexp.MustCompile(`^![A-Za-z0-9_./~ -]{1,80}$`)

// helperName is a helper's name for a person. A shell command may hold a secret, so only a plain one is repeated.
func helperName(command string) string {
	if strings.HasPrefix(command, "!") && !plainCommand.MatchString(command) {
		return "a shell command"
	}
	return doctor.Shown(command)
}

// program is a helper's short name: "osxkeychain", "manager", "store"; "" for a shell command.
func (h Helper) program() string {
	if h.command == "" || h.command[0] == '!' {
		return ""
	}
	word := h.command
	if word[0] != '/' && !strings.Contains(word, `:/`) && !strings.Contains(word, `:\`) {
		word, _, _ = strings.Cut(word, " ") // a name; everything else is a path
	} else if at := strings.Index(word, "git-credential-"); at >= 0 {
		word, _, _ = strings.Cut(word[at:], " ") // a path may hold spaces
	}
	word = path.Base(strings.ReplaceAll(strings.Trim(word, `"'`), `\`, "/"))
	return strings.TrimPrefix(strings.TrimSuffix(word, ".exe"), "git-credential-")
}

// isManager tells whether a helper is Git Credential Manager.
func (h Helper) isManager() bool {
	p := h.program()
	return p == "manager" || p == "manager-core" || p == "manager-ui"
}

// login is what a helper answered.
type login struct{ user, secret string }

// ask has git run one helper for an address, and this one alone. user is "" when it is not known.
func (g git) ask(ctx context.Context, h *Helper, a address, user string, limit time.Duration) (login, bool) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	question := "protocol=" + a.scheme + "\nhost=" + a.hostport() + "\n"
	if a.path != "" {
		question += "path=" + a.path + "\n"
	}
	if user != "" {
		question += "username=" + user + "\n"
	}
	out, errs, err := g.exec(ctx, question+"\n", "-c", "credential.helper=", "-c", "credential.helper="+h.command, "credential", "fill")
	switch {
	case ctx.Err() != nil:
		h.Answer = Late
		return login{}, false
	case err != nil && isMissing(errs):
		h.Answer = Missing
		return login{}, false
	case err != nil:
		h.Answer = Nothing
		return login{}, false
	}
	l := parseAnswer(out)
	h.Answer, h.User, h.Secret = Answers, doctor.Shown(l.user), token.Mask(l.secret)
	if shape := token.Inspect(l.secret); shape.Kind != token.Unknown {
		h.Kind = shape.Kind.String()
	}
	return l, true
}

// isMissing tells from what git and the shell print whether a helper's program is not there.
func isMissing(errs string) bool {
	for _, sign := range []string{"is not a git command", "not found", "No such file or directory", "Permission denied", "not recognized as"} {
		if strings.Contains(errs, sign) {
			return true
		}
	}
	return false
}

// parseAnswer reads the lines of git's credential protocol.
func parseAnswer(out string) login {
	var l login
	for line := range strings.Lines(out) {
		switch key, value, _ := strings.Cut(strings.TrimRight(line, "\n"), "="); key {
		case "username":
			l.user = value
		case "password":
			l.secret = value
		}
	}
	return l
}
