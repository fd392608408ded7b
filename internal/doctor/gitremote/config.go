package gitremote

import (
	"context"
	"path"
	"strings"

	"github.com/pailforge/pail/internal/doctor"
)

// setting is one line of git's configuration.
type setting struct {
	section, sub, name string // section and name in small letters
	value              string
	origin             string // "file:.git/config", "command line:"
}

// key is the setting's name as a person writes it. The URL in it may hold a login.
func (s setting) key() string {
	if s.sub == "" {
		return s.section + "." + s.name
	}
	return s.section + "." + doctor.Shown(s.sub) + "." + s.name
}

// place is the setting's name and where it stands.
func (s setting) place() string {
	return s.key() + " in " + strings.TrimSuffix(strings.TrimPrefix(s.origin, "file:"), ":")
}

// config is all that git reads, in the order in which it reads it.
type config []setting

// load asks git for its configuration; file limits it to one file.
func (g git) load(ctx context.Context, file ...string) (config, error) {
	out, err := g.run(ctx, append([]string{"config", "--list", "--null", "--show-origin"}, file...)...)
	return parseConfig(out), err
}

// parseConfig reads what git config --list --null --show-origin prints: an origin, a zero byte, a key and, behind a line
// break, its value, a zero byte. A key without a line break is "true".
func parseConfig(out string) config {
	var c config
	for out != "" {
		origin, rest, ok := strings.Cut(out, "\x00")
		entry, after, closed := strings.Cut(rest, "\x00")
		if !ok || !closed {
			break
		}
		out = after
		key, value, has := strings.Cut(entry, "\n")
		if !has {
			value = "true"
		}
		first, last := strings.IndexByte(key, '.'), strings.LastIndexByte(key, '.')
		if first < 0 {
			continue
		}
		s := setting{section: strings.ToLower(key[:first]), name: strings.ToLower(key[last+1:]), value: value, origin: origin}
		if last > first {
			s.sub = key[first+1 : last]
		}
		c = append(c, s)
	}
	return c
}

// values are the values of one key, in order.
func (c config) values(section, sub, name string) []setting {
	var list []setting
	for _, s := range c {
		if s.section == section && s.sub == sub && s.name == name {
			list = append(list, s)
		}
	}
	return list
}

// last is the value that counts of a key with one value; ok is false when it is not set.
func (c config) last(section, sub, name string) (setting, bool) {
	list := c.values(section, sub, name)
	if len(list) == 0 {
		return setting{}, false
	}
	return list[len(list)-1], true
}

// remotes are the names of the remotes, in order, each once.
func (c config) remotes() []string {
	var names []string
	seen := map[string]bool{}
	for _, s := range c {
		if s.section == "remote" && s.sub != "" && (s.name == "url" || s.name == "pushurl") && !seen[s.sub] {
			seen[s.sub] = true
			names = append(names, s.sub)
		}
	}
	return names
}

// credential are the settings of a name in section credential that hold for an address: all that match, in order.
// Besides URLs their subsections may be parts of one: a host, "https://".
func (c config) credential(name string, a address) []setting {
	var list []setting
	for _, s := range c {
		if s.section != "credential" || s.name != name {
			continue
		}
		if s.sub == "" {
			list = append(list, s)
		} else if _, ok := matches(s.sub, a); ok || partly(s.sub, a) {
			list = append(list, s)
		}
	}
	return list
}

// http are the settings of a name in section http that hold for an address. One that fits less closely than another
// before it does not count, as git has it.
func (c config) http(name string, a address) []setting {
	var list []setting
	var best fit
	for _, s := range c {
		if s.section != "http" || s.name != name {
			continue
		}
		var f fit
		if s.sub != "" {
			var ok bool
			if f, ok = matches(s.sub, a); !ok {
				continue
			}
		}
		if f.less(best) {
			continue
		}
		best = f
		list = append(list, s)
	}
	return list
}

// list are the values of a setting that collects them: an empty value drops what came before.
func list(settings []setting) []setting {
	for i := len(settings) - 1; i >= 0; i-- {
		if settings[i].value == "" {
			return settings[i+1:]
		}
	}
	return settings
}

// fit is how closely a URL of the configuration fits: the longer the closer.
type fit struct {
	host, path int
	user       bool
}

func (f fit) less(than fit) bool {
	switch {
	case f.host != than.host:
		return f.host < than.host
	case f.path != than.path:
		return f.path < than.path
	}
	return !f.user && than.user
}

// matches tells whether a URL of the configuration holds for an address: the same scheme, host and port, a path that
// begins with its path at a slash, and its user if it names one. A * in the host stands for one name between dots.
func matches(pattern string, a address) (fit, bool) {
	p, ok := parseAddress(pattern)
	if !ok && strings.Contains(pattern, "*") {
		// A star is no character of a host, but of a pattern.
		p, ok = parseAddress(strings.ReplaceAll(pattern, "*", "xstarx"))
		p.host = strings.ReplaceAll(p.host, "xstarx", "*")
	}
	if !ok || p.scheme != a.scheme || p.port != a.port || !hostMatches(p.host, a.host) || p.hasUser && p.user != a.user {
		return fit{}, false
	}
	want := strings.TrimSuffix(path.Clean("/"+p.path), "/")
	have := path.Clean("/" + a.path)
	if have != want && !strings.HasPrefix(have, want+"/") {
		return fit{}, false
	}
	return fit{host: len(p.host), path: len(want) + 1, user: p.hasUser}, true
}

func hostMatches(pattern, host string) bool {
	want, have := strings.Split(pattern, "."), strings.Split(host, ".")
	if len(want) != len(have) {
		return false
	}
	for i := range want {
		if want[i] != "*" && want[i] != have[i] {
			return false
		}
	}
	return true
}

// partly matches the subsections of section credential that are only a part of a URL.
func partly(pattern string, a address) bool {
	scheme, rest, found := strings.Cut(pattern, "://")
	if !found {
		scheme, rest = "", pattern
	}
	authority, p, hasPath := strings.Cut(rest, "/")
	user, host, hasUser := strings.Cut(authority, "@")
	if !hasUser {
		user, host = "", authority
	}
	return (scheme == "" || scheme == a.scheme) && (host == "" || strings.EqualFold(host, a.hostport())) &&
		(!hasUser || user == a.user) && (!hasPath || p == "" || strings.Trim(p, "/") == strings.Trim(a.path, "/"))
}
