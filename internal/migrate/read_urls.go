package migrate

import (
	"regexp"
	"strings"

	"github.com/pailforge/pail/internal/doctor"
)

// urls reads the addresses of the service: those with a login, and those of the API.
func (r *reader) urls() {
	text := r.text
	for from := 0; ; {
		n := strings.Index(text[from:], cloud)
		if n < 0 {
			return
		}
		at := from + n
		from = at + len(cloud)
		start, ok := hostAt(text, at)
		if !ok || r.claimed(start) {
			continue
		}
		lineStart := strings.LastIndexByte(text[:start], '\n') + 1
		lineStart = max(lineStart, start-700)
		a := address{scheme: "https", host: text[start:from], at: start}
		var end int
		a.path, a.query, a.open, end = pathFrom(text, from)
		before := text[lineStart:start]
		if strings.HasSuffix(before, "@") {
			begin := strings.LastIndex(before, "://")
			if begin < 0 {
				continue
			}
			user, secret, ok := loginIn(before+cloud, lineStart)
			if !ok {
				continue
			}
			begin += lineStart
			a.scheme = schemeBefore(text, begin)
			if secret.form == absent && user.form != literal {
				continue
			}
			r.urlLogin(use{what: useLogin, at: user.at, address: a, user: user, secret: secret, inURL: true}, begin, end)
			continue
		}
		if scheme, ok := strings.CutSuffix(before, "://"); ok && !r.commented(start) && !strings.Contains(before, pipelinesProxy) {
			a.scheme = scheme[strings.LastIndexFunc(scheme, notScheme)+1:]
			if a.surface() == doctor.SurfaceREST {
				r.add(use{what: useCall, at: start - 3 - len(a.scheme), address: a, surface: doctor.SurfaceREST, method: r.methodNear(start), where: "an address"}, span{start, end})
			}
		}
	}
}

func schemeBefore(text string, at int) string {
	head := text[max(0, at-20):at]
	return head[strings.LastIndexFunc(head, notScheme)+1:]
}

var gitWords = regexp.MustCompile(`\bgit\b[^|;&\n]*?\b(clone|fetch|pull|push|ls-remote|submodule|remote|config)\b`)

// urlLogin adds a login in an address; begin is where "://" stands, end is behind the address.
func (r *reader) urlLogin(u use, begin, end int) {
	line, _ := r.lineAround(u.address.at)
	u.surface = u.address.surface()
	u.tool, u.where = "", "an address"
	if m := gitWords.FindStringSubmatch(line); m != nil {
		u.tool, u.where = "git", "git "+m[1]
		u.pushes = m[1] == "push"
	}
	if u.surface == doctor.SurfaceGit {
		u.pushes = u.pushes || strings.Contains(r.lower, "git push")
		if u.tool == "" {
			u.tool = "git"
		}
	} else {
		u.method = r.methodNear(u.address.at)
	}
	if r.kind == kindStore {
		u.where = "stored credential"
	}
	if r.commented(u.at) && (u.secret.form != literal || !u.secret.holdsAppPassword()) {
		return
	}
	r.add(u, span{begin - len(u.address.scheme), end})
}

var methodWords = regexp.MustCompile(`(?i)(?:\b|_)(get|post|put|delete)(?:\b|\()|-Method\s+["']?(\w+)|NewRequest(?:WithContext)?\([^"]*"(\w+)"|method["']?\s*[:=]\s*["'](\w+)`)

// methodNear is the method that the line of an address names; GET when none does.
func (r *reader) methodNear(at int) string {
	line, start := r.lineAround(at)
	if len(line) > 400 {
		from := max(0, at-start-200)
		line = line[from:min(len(line), from+400)]
	}
	line = addresses.ReplaceAllString(line, "")
	for _, m := range methodWords.FindAllStringSubmatch(line, -1) {
		for _, word := range m[1:] {
			switch w := strings.ToUpper(word); w {
			case "GET", "POST", "PUT", "DELETE":
				return w
			}
		}
	}
	return "GET"
}

var addresses = regexp.MustCompile(`https?://[^\s"'` + "`" + `]*`)

var (
	section  = regexp.MustCompile(`^\s*\[\s*([\w.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]`)
	setting  = regexp.MustCompile(`^\s*([A-Za-z][\w-]*)\s*=\s*(.*?)\s*$`)
	basicSet = regexp.MustCompile(`(?i)authorization:\s*(basic|bearer)\s+(\S+)`)
)

// gitConfig reads git's configuration: remotes, submodules, and the users that are set for the service.
func (r *reader) gitConfig() {
	name, sub := "", ""
	for n := range r.starts {
		line := r.line(n)
		if m := section.FindStringSubmatch(line); m != nil {
			name, sub = strings.ToLower(m[1]), m[2]
			continue
		}
		m := setting.FindStringSubmatchIndex(line)
		if m == nil {
			continue
		}
		key, text := strings.ToLower(line[m[2]:m[3]]), line[m[4]:m[5]]
		at := r.starts[n] + m[4]
		switch {
		case (key == "url" || key == "pushurl") && (name == "remote" || name == "submodule") && strings.Contains(text, cloud):
			user, secret, ok := loginIn(text, at)
			if !ok {
				continue
			}
			u := use{what: useLogin, at: at, where: name + " " + sub, tool: "git", surface: doctor.SurfaceGit, address: addressIn(text, at),
				user: user, secret: secret, inURL: true, pushes: key == "pushurl"}
			if secret.form == literal {
				begin, stop := strings.Index(text, "://")+3, strings.LastIndexByte(text[:u.address.at-at], '@')+1
				u.edits = []edit{{at + begin, at + stop, ""}}
			}
			if user.form == absent && secret.form == absent {
				continue
			}
			r.add(u, span{at, at + len(text)})
		case key == "username" && name == "credential" && strings.Contains(sub, cloud):
			user := valueOf(text, at)
			if user.isEmail() {
				r.add(use{what: useLogin, at: at, where: "credential " + cloud, tool: "git", surface: doctor.SurfaceGit, user: user,
					address: address{scheme: "https", host: cloud, at: at}}, user.span())
			}
		case key == "extraheader" && (name == "http" && strings.Contains(sub, cloud)):
			if b := basicSet.FindStringSubmatchIndex(text); b != nil && strings.EqualFold(text[b[2]:b[3]], "bearer") {
				secret := valueOf(text[b[4]:b[5]], at+b[4])
				r.add(use{what: useBearer, at: at, where: "http.extraHeader", tool: "git", surface: doctor.SurfaceGit, secret: secret,
					address: address{scheme: "https", host: cloud, at: at}, header: text[b[2]:b[5]]}, span{at, at + len(text)})
			}
		}
	}
}

// netrc reads the entries for the service in a .netrc file.
func (r *reader) netrc() {
	type entry struct {
		machine        string
		at             int
		user, password value
	}
	var e entry
	done := func() {
		defer func() { e = entry{} }()
		a := addressIn("https://"+e.machine, e.at-len("https://"))
		if e.machine == "" || !a.known() || a.path != "" || e.password.form == absent {
			return
		}
		u := use{what: useLogin, at: e.at, where: "machine " + e.machine, tool: "git", surface: a.surface(), address: a, user: e.user, secret: e.password}
		if u.surface == doctor.SurfaceREST {
			u.tool = "curl"
		}
		a.at = e.at
		r.add(u, span{e.at, e.at + len(e.machine)}, e.user.span(), e.password.span())
	}
	key := ""
	for n := range r.starts {
		line := r.line(n)
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for i := 0; i < len(line); {
			if line[i] == ' ' || line[i] == '\t' {
				i++
				continue
			}
			end := i
			for end < len(line) && line[end] != ' ' && line[end] != '\t' {
				end++
			}
			w, at := line[i:end], r.starts[n]+i
			i = end
			switch key {
			case "machine":
				e.machine, e.at = w, at
			case "login":
				e.user = valueOf(w, at)
			case "password":
				e.password = valueOf(w, at)
			default:
				if w == "machine" || w == "default" {
					done()
				}
				switch w {
				case "machine", "login", "password", "account", "macdef":
					key = w
					continue
				}
			}
			key = ""
		}
	}
	done()
}
