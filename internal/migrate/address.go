package migrate

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/doctor"
)

// address is a URL of Bitbucket Cloud as it is written, without a login.
type address struct {
	scheme string // "https", "http", "git+https"
	host   string // "api.bitbucket.org", "bitbucket.org", "www.bitbucket.org"
	path   string // as it is written, "" or with a slash in front, without a query
	query  bool
	open   bool // goes on with what is not known
	at     int
}

func (a address) known() bool { return a.host != "" }

// String is the address as it may be shown: a query can hold a secret.
func (a address) String() string {
	if !a.known() {
		return ""
	}
	return scrub(a.scheme + "://" + a.host + a.path)
}

// surface is what the address is for.
func (a address) surface() doctor.Surface {
	switch {
	case !a.known():
		return doctor.SurfaceUnknown
	case a.host == "api.bitbucket.org":
		return doctor.SurfaceREST
	case strings.HasPrefix(a.path, "/api/") || strings.HasPrefix(a.path, "/!api/"):
		return doctor.SurfaceREST
	case strings.HasPrefix(a.path, "/site/oauth2"):
		return doctor.SurfaceOther
	}
	if pages.MatchString(a.path) {
		return doctor.SurfaceWebsite
	}
	return doctor.SurfaceGit
}

// pages are addresses of the website below a repository.
var pages = regexp.MustCompile(`^/[^/]+/[^/]+/(?:get|downloads|raw|src|commits|branches|pull-requests|pipelines|admin)(?:/|$)`)

const cloud = "bitbucket.org"

// hostAt tells whether "bitbucket.org" at an offset is one of the service's hosts, and where its name begins. A host
// that only begins or ends like it is somebody's own.
func hostAt(text string, at int) (start int, ok bool) {
	end := at + len(cloud)
	if end < len(text) && (isNameByte(text[end]) || text[end] == '.' && end+1 < len(text) && isNameByte(text[end+1])) {
		return 0, false
	}
	start = at
	for start > 0 && (isNameByte(text[start-1]) || text[start-1] == '.') {
		start--
	}
	switch text[start:at] {
	case "", "api.", "www.":
		return start, true
	}
	return 0, false
}

func isNameByte(c byte) bool {
	return c == '-' || c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// pathFrom reads the path that follows a host at an offset, and says where the address ends. What a program puts
// together from pieces is read on over the pieces.
func pathFrom(text string, at int) (path string, query, open bool, end int) {
	var b strings.Builder
	i := at
	if i < len(text) && text[i] == ':' { // a port
		for i++; i < len(text) && '0' <= text[i] && text[i] <= '9'; i++ {
		}
	}
	limit := min(len(text), at+1024)
loop:
	for i < limit {
		c := text[i]
		switch {
		case c == '$' || c == '{' || c == '<':
			if n := nested(text[i:limit]); n > 1 {
				b.WriteString(text[i : i+n])
				i += n
				continue
			}
			if c == '<' {
				if n := strings.IndexAny(text[i:limit], "> \n/"); n > 0 && text[i+n] == '>' {
					b.WriteString(text[i : i+n+1])
					i += n + 1
					continue
				}
				break loop
			}
		case c == '?' || c == '#':
			query = c == '?'
			for i < limit && strings.IndexByte(" \t\r\n\"'`<>|", text[i]) < 0 {
				i++
			}
			break loop
		case c == '"' || c == '\'' || c == '`':
			piece := pieces.FindStringSubmatch(text[i:limit])
			if piece == nil {
				break loop
			}
			b.WriteString("{" + strings.Trim(piece[1], "{}") + "}")
			i += len(piece[0])
			if piece[2] == "" {
				break loop
			}
			continue
		case c <= ' ' || strings.IndexByte("),;>|\\^]", c) >= 0:
			break loop
		}
		b.WriteByte(c)
		i++
	}
	path = strings.TrimRight(b.String(), ".")
	rest := strings.TrimLeft(text[i:min(len(text), i+8)], "\"'` ")
	open = strings.HasPrefix(rest, "+") || strings.HasPrefix(rest, ". ") || strings.HasPrefix(rest, "..")
	return path, query, open, i
}

// pieces is the end of a string, a piece that is put behind it, and the quotation mark of the next string.
var pieces = regexp.MustCompile("^[\"'`](?:\\s*\\+|\\s+\\.\\s)\\s*([A-Za-z_$][\\w.$]*(?:\\([\\w.]*\\)|\\[[\\w\"']*\\])?)\\s*(?:[+.]\\s*([\"'`]))?")

// addressIn reads the first address of the service in a text.
func addressIn(text string, offset int) address {
	for from := 0; ; {
		n := strings.Index(text[from:], cloud)
		if n < 0 {
			return address{}
		}
		at := from + n
		from = at + len(cloud)
		start, ok := hostAt(text, at)
		if !ok {
			continue
		}
		scheme := "https"
		if before, found := strings.CutSuffix(text[:start], "://"); found {
			scheme = before[strings.LastIndexFunc(before, notScheme)+1:]
		} else if start > 0 && text[start-1] != '@' {
			continue
		}
		a := address{scheme: scheme, host: text[start:from], at: offset + start}
		a.path, a.query, a.open, _ = pathFrom(text, from)
		return a
	}
}

func notScheme(c rune) bool {
	return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '+')
}

// host is an address of any service in a document, to tell which service a nearby credential is for.
type host struct {
	at    int
	cloud bool
}

// near tells whether the address that is nearest to an offset is the service's. Addresses of schemas do not count.
func (d *document) near(at int) bool {
	if !d.hosted {
		d.hosted = true
		for from := 0; ; {
			n := strings.Index(d.text[from:], "://")
			if n < 0 {
				break
			}
			from += n + 3
			rest := d.text[from:min(len(d.text), from+300)]
			if end := strings.IndexAny(rest, "\n\r\t"); end >= 0 {
				rest = rest[:end]
			}
			if strings.HasPrefix(rest, "json.schemastore") || strings.HasPrefix(rest, "www.w3.org") || strings.HasPrefix(rest, "schemas.") {
				continue
			}
			end := strings.IndexAny(rest, "/ \"'`")
			if end < 0 {
				end = len(rest)
			}
			name := rest[:end]
			d.hosts = append(d.hosts, host{from, strings.HasSuffix(strings.TrimRight(name, ":0123456789"), cloud)})
		}
	}
	i, _ := slices.BinarySearchFunc(d.hosts, at, func(h host, at int) int { return h.at - at })
	best, ours := 1<<62, false
	for _, h := range d.hosts[max(0, i-1):min(len(d.hosts), i+1)] {
		if away := max(h.at-at, at-h.at); away < best {
			best, ours = away, h.cloud
		}
	}
	return ours
}

var (
	reference1 = regexp.MustCompile(`\$\{\{.*?\}\}|\{\{.*?\}\}|\$?\{[^{}/]*\}|\$\([^()/]*\)|\$\$?[A-Za-z_]\w*|%[svdq]|<[^<>/]*>|%[A-Z_]+%`)
	fullName   = regexp.MustCompile(`\$\{?BITBUCKET_REPO_FULL_NAME\}?`) // workspace and repository in one
	colon      = regexp.MustCompile(`/:[A-Za-z_]\w*`)
)

// plainPath is a path in which every reference is one plain segment or a part of one.
func plainPath(path string) string {
	path = fullName.ReplaceAllString(path, "x/x")
	return colon.ReplaceAllString(reference1.ReplaceAllString(path, "x"), "/x")
}

// below is the path after /2.0; ok is false for an address that is no address of the API 2.0.
func (a address) below() (string, bool) {
	path := plainPath(a.path)
	if a.host == "bitbucket.org" || a.host == "www.bitbucket.org" {
		for _, prefix := range []string{"/api", "/!api"} {
			path = strings.TrimPrefix(path, prefix)
		}
	}
	return strings.CutPrefix(path, "/2.0")
}

// operation finds the operation that an address is of; nearest tells that it is only like it.
func (a address) operation(method string) (op *catalog.Operation, nearest bool) {
	path, ok := a.below()
	if hit, is := catalog.DataCenter(method, plainPath(a.path)); is && hit.Operation != nil && a.host == "api.bitbucket.org" {
		return hit.Operation, true
	}
	if !ok || strings.Trim(path, "/") == "" || a.surface() != doctor.SurfaceREST {
		return nil, false
	}
	if m, outcome := catalog.Find(method, path); outcome == catalog.Found {
		return m.Operation, false
	}
	if a.open {
		return nil, false
	}
	if near := catalog.Nearest(method, path, 1); len(near) == 1 {
		return near[0], true
	}
	return nil, false
}
