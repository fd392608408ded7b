package gitremote

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/doctor/netrc"
	"github.com/pailforge/pail/internal/reason"
)

// address looks at one address and adds it, with its case, to the reading.
func (r *reader) address(ctx context.Context, url, place, use string) {
	out := Address{URL: doctor.Shown(withoutQuery(url)), For: use, Place: place, Login: "nowhere", Helpers: []Helper{}, Facts: []Fact{}}
	c := doctor.Case{Surface: doctor.SurfaceGit, Client: "git", URL: doctor.Value{Text: url, Place: place}, API: r.API}
	a, ok := parseAddress(url)
	switch {
	case ok:
		r.login(ctx, a, &out, &c)
		r.facts(a, &out, &c)
	case strings.HasPrefix(url, "ssh://") || !strings.Contains(url, "://") && strings.Contains(url, ":"):
		out.Login = "ssh"
	}
	r.out.Addresses = append(r.out.Addresses, out)
	r.out.Cases = append(r.out.Cases, c)
}

// login finds where git takes the login from: a header that it is told to send, the URL, .netrc (which curl reads inside
// of git), the helpers, somebody who can be asked.
func (r *reader) login(ctx context.Context, a address, out *Address, c *doctor.Case) {
	user, userPlace := a.user, c.URL.Place
	if s, ok := lastOf(r.cfg.credential("username", a)); ok && !a.hasUser {
		user, userPlace = s.value, s.place()
		out.Facts = append(out.Facts, Fact{s.key(), doctor.Shown(s.value)})
	}
	for _, s := range list(r.cfg.credential("helper", a)) {
		out.Helpers = append(out.Helpers, newHelper(s))
	}
	for _, s := range list(r.cfg.http("extraheader", a)) {
		name, value, _ := strings.Cut(s.value, ":")
		if strings.EqualFold(strings.TrimSpace(name), "Authorization") {
			c.Header = append(c.Header, doctor.Field{Name: "Authorization", Value: doctor.Value{Text: strings.TrimLeft(value, " \t"), Place: s.place()}})
		}
	}
	if len(c.Header) > 0 {
		out.Login = "header"
	}
	if a.hasSecret {
		c.Login = &doctor.Login{User: doctor.Value{Text: a.user, Place: c.URL.Place}, Secret: doctor.Value{Text: a.secret, Place: c.URL.Place}, From: "URL"}
		out.Login = "URL"
		// An address that was typed just now is kept nowhere.
		if why := misfit(login{a.user, a.secret}, a); why != "" && r.out.Remote != "" {
			c.Notes = append(c.Notes, r.inURL(why, a, c.URL.Place))
		}
		return
	}
	if len(c.Header) > 0 || r.netrc(a, out, c) {
		return
	}
	if l, h, ok := r.chain(ctx, a, user, out); ok {
		from := "credential helper " + h.Name
		out.Login = from
		c.Login = &doctor.Login{User: doctor.Value{Text: l.user, Place: from}, Secret: doctor.Value{Text: l.secret, Place: from}, From: from}
		if why := misfit(l, a); why != "" {
			where, text, command := r.removal(h, a, l.user)
			c.Notes = append(c.Notes, stored(why, where, from, text, command))
		}
	} else {
		if user != "" {
			c.Login = &doctor.Login{User: doctor.Value{Text: user, Place: userPlace}, Secret: doctor.Value{Open: true, Place: "not known"}, From: userPlace}
		}
		r.nobody(out, c)
	}
	c.Notes = append(c.Notes, r.helperNotes(a, out, c.Login != nil && c.Login.Secret.Text != "")...)
}

func lastOf(s []setting) (setting, bool) {
	if len(s) == 0 {
		return setting{}, false
	}
	return s[len(s)-1], true
}

// inURL is the finding for a wrong login that stands in the remote's address.
func (r *reader) inURL(why string, a address, place string) doctor.Finding {
	command := ""
	if r.out.Remote != "" && safe.MatchString(strings.ReplaceAll(a.path, "/", ".")) && safe.MatchString(r.out.Remote) {
		command = "git remote set-url " + r.out.Remote + " " + a.scheme + "://" + a.hostport() + "/" + a.path
	}
	return stored(why, "the remote's address", place, "Take the login out of the address, and let a credential helper keep it.", command)
}

// netrc takes the login from .netrc, if one is there for the host.
func (r *reader) netrc(a address, out *Address, c *doctor.Case) bool {
	file := netrc.Path(r.home)
	text, err := os.ReadFile(file)
	if err != nil {
		return false
	}
	e := netrc.Find(netrc.Parse(string(text)), a.host, a.user)
	if e == nil || e.Password == "" {
		return false
	}
	place := fmt.Sprintf("line %d of %s", max(e.PasswordLine, e.Line), r.homely(file))
	user := e.Login
	if user == "" {
		user = a.user
	}
	out.Login = ".netrc"
	c.Login = &doctor.Login{User: doctor.Value{Text: user, Place: place}, Secret: doctor.Value{Text: e.Password, Place: place}, From: ".netrc"}
	if why := misfit(login{user, e.Password}, a); why != "" {
		c.Notes = append(c.Notes, stored(why, place, place, "Correct or remove the entry; git tries it before any helper.", ""))
	}
	return true
}

// chain asks the helpers in order until one answers in full.
func (r *reader) chain(ctx context.Context, a address, user string, out *Address) (login, Helper, bool) {
	if r.NoHelpers {
		return login{}, Helper{}, false
	}
	for i := range out.Helpers {
		h := &out.Helpers[i]
		r.Say("Asking the credential helper " + h.Name + " (" + h.Origin + "), as git does before a fetch.")
		if l, ok := r.git.ask(ctx, h, a, user, r.HelperTime); ok {
			return l, *h, true
		}
	}
	return login{}, Helper{}, false
}

// nobody looks who could be asked for what no helper knows.
func (r *reader) nobody(out *Address, c *doctor.Case) {
	program, name := r.env("GIT_ASKPASS"), "GIT_ASKPASS"
	if s, ok := r.cfg.last("core", "", "askpass"); program == "" && ok {
		program, name = s.value, s.place()
	}
	if program == "" {
		program, name = r.env("SSH_ASKPASS"), "SSH_ASKPASS"
	}
	asks := len(out.Helpers) > 0 && r.NoHelpers
	if program != "" {
		out.Facts = append(out.Facts, Fact{name, doctor.Shown(program)})
		if _, err := exec.LookPath(r.absolute(program)); err == nil || !strings.ContainsAny(program, `/\`) {
			asks, out.Login = true, "asked for by "+doctor.Shown(program)
		} else {
			c.Notes = append(c.Notes, finding(reason.CredentialHelper, doctor.Certain, "There is no program at that path.",
				"Git is told to ask with "+doctor.Shown(program)+", which cannot be run.", name, "Remove the setting, or install the program.", ""))
		}
	}
	if !asks && r.Terminal && r.env("GIT_TERMINAL_PROMPT") != "0" {
		asks, out.Login = true, "asked for on the terminal"
	}
	c.NoHelper = !asks
}

// helperNotes are the findings about the helpers themselves. found tells that one of them answered.
func (r *reader) helperNotes(a address, out *Address, found bool) []doctor.Finding {
	var notes []doctor.Finding
	for _, h := range out.Helpers {
		how, because := doctor.Certain, "Git said so when it ran the helper."
		if found {
			how, because = doctor.Possible, "Git goes on to the next helper, and that one answered."
		}
		switch h.Answer {
		case Missing:
			notes = append(notes, finding(reason.CredentialHelper, how, because, "The helper "+h.Name+" cannot be run.", h.Origin,
				"Install it, or remove the setting.", "git config --show-origin --get-all credential.helper"))
		case Late:
			if !found {
				how, because = doctor.Likely, "It may wait for somebody to answer on a screen."
			}
			notes = append(notes, finding(reason.CredentialHelper, how, because, fmt.Sprintf("The helper %s had not answered after %s.", h.Name, r.HelperTime), h.Origin,
				"Run it by hand and see what it waits for.", r.question(a, "")+" | git credential fill"))
		case Nothing:
			if h.isManager() && a.cloud() && !found && !r.managerIsSet(a) {
				notes = append(notes, finding(reason.CredentialHelperTests, doctor.Likely, "It knows nothing for this host, as when it has refused to keep a token; it may also never have been given one.",
					"The helper is Git Credential Manager, and it has no login for "+a.host+".", h.Origin,
					"Let it take what it is given, or use another helper.", "git config --global credential.bitbucketAuthModes basic"))
			}
		}
	}
	return notes
}

// managerIsSet tells whether Git Credential Manager was told how to log in.
func (r *reader) managerIsSet(a address) bool {
	return r.env("GCM_BITBUCKET_AUTHMODES") != "" || len(r.cfg.credential("bitbucketauthmodes", a)) > 0
}

// usesPath tells whether logins are kept for each repository.
func (r *reader) usesPath(a address) bool {
	s, ok := lastOf(r.cfg.credential("usehttppath", a))
	switch strings.ToLower(s.value) {
	case "true", "yes", "on", "1":
		return ok
	}
	return false
}

// facts are the settings that have to do with the way, and the one mistake in them that can be seen from here.
func (r *reader) facts(a address, out *Address, c *doctor.Case) {
	for _, s := range [][]setting{r.cfg.credential("usehttppath", a), r.cfg.credential("bitbucketauthmodes", a), r.cfg.http("proxy", a), r.cfg.http("sslverify", a)} {
		if last, ok := lastOf(s); ok {
			out.Facts = append(out.Facts, Fact{last.key(), doctor.Shown(last.value)})
		}
	}
	file, place := r.env("GIT_SSL_CAINFO"), "GIT_SSL_CAINFO"
	if s, ok := lastOf(r.cfg.http("sslcainfo", a)); file == "" && ok {
		file, place = s.value, s.place()
	}
	if file == "" || a.scheme != "https" {
		return
	}
	out.Facts = append(out.Facts, Fact{place, doctor.Shown(file)})
	if path := r.absolute(file); filepath.IsAbs(path) {
		if _, err := os.Stat(path); err != nil {
			c.Notes = append(c.Notes, finding(reason.NetworkTLS, doctor.Certain, "The file is not there.",
				"Git is told to take the certificates of "+doctor.Shown(file)+", which cannot be read.", place, "Correct the path, or remove the setting.", "git config --show-origin --get-all http.sslCAInfo"))
		}
	}
}
