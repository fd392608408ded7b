package migrate

import (
	"regexp"
	"strings"

	"github.com/pailforge/pail/internal/doctor"
)

var authorization = regexp.MustCompile(`(?i)authorization["'\]]*\s*(?:[:=,]|=>)+\s*[fF$@]?["'` + "`" + `]?\s*bearer(?:\s+|\s*["']\s*[+.]\s*|["']\s*,\s*)([^\s"'` + "`" + `,;)]+(?:\s[^"'` + "`" + `]*?\}\})?)`)

// headers reads Authorization headers that are set outside of command lines.
func (r *reader) headers() {
	if !strings.Contains(r.lower, "bearer") {
		return
	}
	for _, m := range authorization.FindAllStringSubmatchIndex(r.text, -1) {
		at := m[2]
		if r.claimed(at) || r.commented(at) || !r.near(at) {
			continue
		}
		secret := valueOf(r.text[m[2]:m[3]], at)
		joined := strings.ContainsAny(r.text[m[0]:m[2]], "+.,") && r.kind.quotes() && secret.form == literal && !strings.Contains(r.text[m[3]:min(len(r.text), m[3]+1)], `"`)
		if joined {
			secret.form = reference
		}
		r.add(use{what: useBearer, at: m[0], where: "a header", surface: doctor.SurfaceREST, secret: secret, header: r.text[m[0]:m[3]]}, secret.span())
	}
}

// atom is an expression of a program, as far as a pattern can read one.
const atom = `[\w.$\[\]'"{}:@%+-]+(?:\((?:[^()]|\([^()]*\))*\))?`

var authPairs = []*regexp.Regexp{
	regexp.MustCompile(`\bauth\s*=\s*\(\s*(` + atom + `)\s*,\s*(` + atom + `)\s*\)`),                         // Python's requests
	regexp.MustCompile(`\bHTTPBasicAuth\(\s*(` + atom + `)\s*,\s*(` + atom + `)\s*\)`),                       // the same
	regexp.MustCompile(`\bBasicAuth\(\s*(` + atom + `)\s*,\s*(` + atom + `)\s*\)`),                           // aiohttp, Go, resty
	regexp.MustCompile(`\.(?:basic_auth|SetBasicAuth)\(\s*(` + atom + `)\s*,\s*(` + atom + `)\s*\)`),         // Go, Rust, Ruby
	regexp.MustCompile(`\busername["']?\s*:\s*(` + atom + `)\s*,\s*["']?password["']?\s*:\s*(` + atom + `)`), // axios
	// user and secret put together for Basic: "${user}:${pass}", "$($user):$($pass)", f"{user}:{pass}"
	regexp.MustCompile("[\"'`](\\$?\\(?\\{?\\$?\\(?\\$?\\w[\\w.:\\[\\]]*\\)?\\}?\\)?):(\\$\\(?\\{?\\$?\\w[\\w.:\\[\\]]*\\)?\\}?|\\{\\w[\\w.\\[\\]]*\\})[\"'`]"),
	regexp.MustCompile(`\b([A-Za-z_]\w*)\s*\+\s*["']:["']\s*\+\s*([A-Za-z_][\w.]*)`),
}

// together is the first of authPairs for one text that holds both.
const together = 5

// pairs reads user and secret where a program puts them together for Basic.
func (r *reader) pairs() {
	if !r.kind.quotes() && r.kind != kindShell && r.kind != kindYAML && r.kind != kindOther {
		return
	}
	if !strings.Contains(r.text, "api.bitbucket.org") {
		return
	}
	for i, p := range authPairs {
		for _, m := range p.FindAllStringSubmatchIndex(r.text, -1) {
			if r.claimed(m[2]) || r.claimed(m[4]) || r.commented(m[2]) || !r.near(m[0]) {
				continue
			}
			line, start := r.lineAround(m[2])
			if i >= together && !(r.kind.quotes() && encodes.MatchString(r.around(m[2]))) || strings.Contains(line, "://") && strings.Index(line, "://") < m[2]-start && i >= together {
				continue
			}
			user, secret := expression(r.text[m[2]:m[3]], m[2]), expression(r.text[m[4]:m[5]], m[4])
			if i >= together {
				user.form, secret.form = reference, reference
			}
			u := use{what: useLogin, at: m[2], where: "a login for the API", surface: doctor.SurfaceREST, user: user, secret: secret}
			u.address, u.method = r.nearestCall(m[0])
			r.add(u, user.span(), secret.span())
		}
	}
}

// basedOn is an address that begins with a variable: f"{BASE}/path", `${BASE}/path`.
var basedOn = regexp.MustCompile("[\"'`]\\$?\\{(\\w+)\\}(/[^\"'`]*)")

var encodes = regexp.MustCompile(`(?i)base64|btoa|Basic`)

// around is the line of an offset with the three lines before and after it.
func (d *document) around(at int) string {
	n := d.lineOf(at)
	start, end := d.starts[max(0, n-3)], len(d.text)
	if n+4 < len(d.starts) {
		end = d.starts[n+4]
	}
	return d.text[max(start, at-maxLine):min(end, at+maxLine)]
}

// nearestCall is the address of the API that is nearest to an offset, among those that were read.
func (r *reader) nearestCall(at int) (address, string) {
	line, _ := r.lineAround(at)
	if m := basedOn.FindStringSubmatch(line); m != nil {
		if a := r.resolve("$" + m[1] + m[2]); a.known() {
			return a, r.methodNear(at)
		}
	}
	best, found, method := 1<<62, address{}, "GET"
	for _, u := range r.uses {
		if u.what != useCall || u.address.surface() != doctor.SurfaceREST {
			continue
		}
		if away := max(u.at-at, at-u.at); away < best {
			best, found, method = away, u.address, u.method
		}
	}
	return found, method
}

var (
	// piped is a text with a colon that goes into base64.
	piped = regexp.MustCompile(`\b(echo|printf)([ \t]+(?:-[neE]+|'%s'|"%s"|%s|'%s:%s'|"%s:%s"))*[ \t]+(\\?["']?)([^|\n]*?[:"][^|\n]*?)(\\?["']?)[ \t]*\|[ \t]*((?:openssl[ \t]+(?:enc[ \t]+-)?)?base64)\b([^|)` + "`" + `\n"';&]*)((?:\|[^|)` + "`" + `\n;&]*)?)`)
	here  = regexp.MustCompile(`\b(base64)([ \t]+-[^<\n]*)?[ \t]*<<<[ \t]*["']?([^"'\n)]*:[^"'\n)]*)["']?`)
	// wrapping are functions of programs that break lines.
	wrapping = regexp.MustCompile(`\bbase64\.(?:encodestring|encodebytes)\(|\bBase64\.encode64\(|\bBase64\.getMimeEncoder\(|MIME::Base64::encode_base64\(|\bchunk_split\(\s*base64_encode\(|\.encode\(['"]base64['"]\)`)
	unwraps  = regexp.MustCompile(`-w ?0|--wrap[= ]0|-b ?0|-A\b|tr +-d|tr +--delete`)
)

// recipes reads where user and secret are encoded for a header in a way that breaks the line.
func (r *reader) recipes() {
	if !strings.Contains(r.lower, "base64") {
		return
	}
	for _, m := range piped.FindAllStringSubmatchIndex(r.text, -1) {
		echo, text, tool := r.text[m[2]:m[3]], r.text[m[8]:m[9]], r.text[m[12]:m[13]]
		options, then := r.text[m[14]:m[15]], r.text[m[16]:m[17]]
		at := m[12]
		if r.kind == kindCode || r.commented(at) || !strings.Contains(text, ":") && !strings.Contains(r.text[m[0]:m[8]], "%s:%s") || decodes.MatchString(options) || !r.ours(m[0], text) {
			continue
		}
		u := use{at: at, where: strings.TrimSpace(tool), tool: "curl", surface: doctor.SurfaceREST}
		u.user, u.secret = splitLogin(strings.Trim(text, `"' \`), m[8])
		if !unwraps.MatchString(options) && !unwraps.MatchString(then) {
			u.what = useWrap
			if strings.TrimSpace(then) == "" {
				u.edits = r.wrapEdit(tool, m[13], m[15])
			}
			r.add(u)
		}
		if flags := r.text[m[0]:m[8]]; echo == "echo" && !strings.Contains(flags, " -n") && !strings.HasSuffix(text, `\c`) {
			u.what, u.at, u.edits = useNewline, m[2], nil
			r.add(u)
		}
	}
	for _, m := range here.FindAllStringSubmatchIndex(r.text, -1) {
		text := r.text[m[6]:m[7]]
		if r.commented(m[2]) || !r.ours(m[0], text) {
			continue
		}
		u := use{what: useWrap, at: m[2], where: "base64", tool: "curl", surface: doctor.SurfaceREST}
		u.user, u.secret = splitLogin(text, m[6])
		rest, _ := r.lineAround(m[2])
		if !unwraps.MatchString(r.text[m[0]:m[1]]) && !unwraps.MatchString(rest) {
			r.add(u)
		}
		u.what = useNewline
		r.add(u)
	}
	for _, m := range wrapping.FindAllStringIndex(r.text, -1) {
		if !r.commented(m[0]) && r.near(m[0]) && !strings.Contains(r.text[m[0]:min(len(r.text), m[0]+160)], "replace(") && encodesHeader.MatchString(r.text) {
			r.add(use{what: useWrap, at: m[0], where: strings.TrimSuffix(r.text[m[0]:m[1]], "("), surface: doctor.SurfaceREST})
		}
	}
}

var (
	decodes       = regexp.MustCompile(`(?:^|\s)(?:-d|-D|--decode)\b`)
	encodesHeader = regexp.MustCompile(`(?i)authorization|Basic `)
	assignedTo    = regexp.MustCompile(`([A-Za-z_]\w*)\s*[:?]?=\s*["']?(?:\$\(|\x60|\$\(shell)\s*$`)
)

// ours tells whether what is encoded at an offset is for the service: by its names, by the command that it is an
// argument of, or by where its variable is sent.
func (r *reader) ours(at int, text string) bool {
	if names.bitbucket.MatchString(text) {
		return true
	}
	line, start := r.lineAround(at)
	if m := assignedTo.FindStringSubmatch(line[:min(len(line), at-start)]); m != nil {
		if sent, err := regexp.Compile(`(?i)basic[ \t]+\$\(?\{?` + m[1] + `\b`); err == nil {
			if where := sent.FindStringIndex(r.text); where != nil {
				return r.near(where[0])
			}
		}
		return false
	}
	return encodesHeader.MatchString(line) && r.near(at)
}

// wrapEdit keeps base64 from breaking lines: by an option where the tool is surely GNU's or openssl, and else by tr.
func (r *reader) wrapEdit(tool string, end, tail int) []edit {
	options := strings.TrimSpace(r.text[end:tail])
	if strings.HasPrefix(options, ">") {
		options, tail = "", end
	}
	switch {
	case strings.HasPrefix(tool, "openssl"):
		if options != "" {
			return nil
		}
		return []edit{{end, end, " -A"}}
	case options != "" && options != "-":
		return nil
	case r.kind == kindShell || r.kind == kindMake:
		at := end + len(strings.TrimRight(r.text[end:tail], " \t"))
		return []edit{{at, at, ` | tr -d '\n'`}}
	}
	return []edit{{end, end, " -w0"}}
}
