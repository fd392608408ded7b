package gitremote

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/token"
)

// misfit says in a sentence why a login can never be right for git at an address, as far as its form shows; "" when it
// may be right. Such a login is not only wrong: it is kept somewhere, and comes back until it is removed there.
func misfit(l login, a address) string {
	shape := token.Inspect(l.secret)
	switch {
	case shape.Kind == token.AppPassword && a.cloud():
		return "It is an app password, and bitbucket.org takes none any more."
	case shape.Kind == token.APIToken && strings.Contains(l.user, "@"):
		return "It is an API token with an e-mail as the user; for git the user is the username or x-bitbucket-api-token-auth."
	case shape.Kind == token.APIToken && l.user == "x-token-auth":
		return "It is an API token with the user of access tokens; for git the user is the username or x-bitbucket-api-token-auth."
	case shape.Kind == token.AccessToken && l.user != "x-token-auth":
		return "It is an access token, whose user for git is x-token-auth."
	}
	return ""
}

// stored is the finding for a login that must be removed where it is kept. place is that of the secret in the case, so
// that what the doctor finds about the same secret is one with it.
func stored(why, where, place, text, command string) doctor.Finding {
	return finding(reason.CredentialStored, doctor.Certain, why, "Git gets this login from "+where+", each time before it asks anybody.", place, text, command)
}

// safe is a user that can stand in a command as it is.
var safe = regexp.MustCompile(`^[A-Za-z0-9._@+-]{1,80}$`)

// question is what a helper must be told to find a login, as a command that prints it.
func (r *reader) question(a address, user string) string {
	q := `protocol=` + a.scheme + `\nhost=` + a.hostport() + `\n`
	if r.usesPath(a) && safe.MatchString(strings.ReplaceAll(a.path, "/", ".")) {
		q += `path=` + a.path + `\n`
	}
	if safe.MatchString(user) && token.Inspect(user).Origin == token.OriginUnknown {
		q += `username=` + user + `\n`
	}
	return "printf '" + q + `\n'`
}

// removal says how the login is removed from one helper, and where exactly it is kept when that can be told.
func (r *reader) removal(h Helper, a address, user string) (where, text, command string) {
	where, text = "the credential helper "+h.Name, "Remove it there; git asks again, or another helper answers."
	question := r.question(a, user)
	switch p := h.program(); p {
	case "store":
		file, line := r.storeLine(h, a, user)
		if line > 0 {
			where = fmt.Sprintf("line %d of %s", line, r.homely(file))
			text = "Remove it; the command deletes that line, and only that."
		}
		return where, text, question + " | git credential-" + strings.TrimPrefix(h.command, "git-credential-") + " erase"
	case "cache":
		return where, text, "git credential-cache exit"
	case "osxkeychain", "libsecret", "gnome-keyring", "manager", "manager-core":
		return where, text, question + " | git credential-" + p + " erase"
	case "wincred":
		return where, text, "cmdkey /delete:git:" + a.scheme + "://" + a.hostport()
	}
	return where, text, question + " | git credential reject"
}

// storeLine finds the line of a store helper's file that answered; 0 when it is not found.
func (r *reader) storeLine(h Helper, a address, user string) (file string, line int) {
	for _, file := range r.storeFiles(h) {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		n := 0
		for one := range strings.Lines(string(text)) {
			n++
			kept, ok := parseAddress(strings.TrimSpace(one))
			if ok && kept.scheme == a.scheme && kept.hostport() == a.hostport() && kept.hasSecret && (user == "" || kept.user == user) &&
				(!r.usesPath(a) || kept.path == a.path) {
				return file, n
			}
		}
	}
	return "", 0
}

// storeFiles are the files that the store helper looks into, in its order.
func (r *reader) storeFiles(h Helper) []string {
	if _, rest, ok := strings.Cut(h.command, "--file"); ok {
		rest = strings.TrimLeft(rest, "= ")
		file, _, _ := strings.Cut(rest, " ")
		return []string{r.absolute(strings.Trim(file, `"'`))}
	}
	files := []string{r.absolute("~/.git-credentials")}
	if xdg := r.env("XDG_CONFIG_HOME"); xdg != "" {
		return append(files, filepath.Join(xdg, "git", "credentials"))
	}
	return append(files, r.absolute("~/.config/git/credentials"))
}

// absolute replaces a ~ in front by the home, and takes other paths from where git runs.
func (r *reader) absolute(file string) string {
	if rest, ok := strings.CutPrefix(file, "~/"); ok {
		return filepath.Join(r.home, rest)
	}
	if !filepath.IsAbs(file) {
		return filepath.Join(r.git.dir, file)
	}
	return file
}

// homely is a path with ~ for the home, as people write it.
func (r *reader) homely(file string) string {
	if rest, ok := strings.CutPrefix(file, r.home+string(filepath.Separator)); ok && r.home != "" {
		return "~/" + filepath.ToSlash(rest)
	}
	return file
}

// finding is what only this reader can see.
func finding(code reason.Code, how doctor.Certainty, because, evidence, place, fix, command string) doctor.Finding {
	return doctor.Finding{Reason: code, Certainty: how, Because: because, Title: reason.Of(code).Title, Evidence: evidence, Place: place,
		Fix: doctor.Fix{Text: fix, Command: command}, Doc: code.DocPath()}
}
