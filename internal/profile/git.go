package profile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
)

// Ask is what git says to a credential helper. What it says beside that (capabilities, challenges, states) is not needed
// to answer, and left out.
type Ask struct {
	Protocol string // "https"
	Host     string // with the port where it is not the protocol's own
	Path     string // only with credential.useHttpPath
	Username string // "" when git does not know one
	Password string // only with store and erase
}

// maxAsk bounds what is read from git, in bytes.
const maxAsk = 1 << 20

// ReadAsk reads what git writes: lines of "key=value" up to an empty line or the end. A value with a control character,
// by which a URL could smuggle in a line of its own, is an error; so is a line without "=". The error holds no value.
func ReadAsk(r io.Reader) (Ask, error) {
	var a Ask
	lines := bufio.NewReader(io.LimitReader(r, maxAsk+1))
	for n, read := 1, 0; ; n++ {
		line, err := lines.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return Ask{}, err
		}
		if read += len(line); read > maxAsk {
			return Ask{}, errors.New("git says more than a credential needs")
		}
		ended := err != nil
		if line = strings.TrimSuffix(line, "\n"); line == "" {
			return a, nil
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			return Ask{}, fmt.Errorf("line %d is no key=value", n)
		}
		if err := a.set(key, value); err != nil {
			return Ask{}, err
		}
		if ended {
			return a, nil
		}
	}
}

func (a *Ask) set(key, value string) error {
	field := map[string]*string{"protocol": &a.Protocol, "host": &a.Host, "path": &a.Path, "username": &a.Username, "password": &a.Password}[key]
	if field == nil {
		return nil
	}
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return fmt.Errorf("the %s holds a control character", key)
	}
	*field = value
	return nil
}

// Matches tells whether a profile is for what git asks about: the same protocol, host and port, so that no secret goes
// out over http that belongs to https.
func (a Ask) Matches(p Profile) bool {
	git, err := url.Parse(p.Git)
	if err != nil || a.Host == "" || a.Protocol != "https" && a.Protocol != "http" || strings.ContainsAny(a.Host, "/?#@ \\") {
		return false
	}
	return sameOrigin(&url.URL{Scheme: a.Protocol, Host: a.Host}, git)
}

// ForGit finds the profile that answers git: one that belongs to the user that git names, else one that any name will do
// for; the default first.
func (s *Store) ForGit(a Ask) (Profile, bool) {
	var found *Profile
	best := 0
	for i := range s.Profiles {
		p := &s.Profiles[i]
		exact, ok := p.speaksFor(a.Username)
		if !ok || !a.Matches(*p) {
			continue
		}
		rank := 1
		if exact {
			rank += 2
		}
		if p.Name == s.Default {
			rank++
		}
		if rank > best {
			found, best = p, rank
		}
	}
	if found == nil {
		return Profile{}, false
	}
	return *found, true
}

// WriteAnswer tells git the user name and the secret.
func (p *Profile) WriteAnswer(w io.Writer, secret string) error {
	user := p.GitUser()
	if strings.ContainsAny(user+secret, "\r\n\x00") || user == "" || secret == "" {
		return errors.New("the login cannot be told to git: its user name or secret is empty or holds a line break; see pail auth status")
	}
	text := fmt.Sprintf("username=%s\npassword=%s\n", user, secret)
	if !p.Expires.IsZero() {
		text += fmt.Sprintf("password_expiry_utc=%d\n", p.Expires.Unix())
	}
	_, err := io.WriteString(w, text+"\n")
	return err
}
