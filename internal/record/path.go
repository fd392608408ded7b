package record

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/token"
)

// prefix is where the API begins on every host.
const prefix = "/2.0"

// hidden stands for a segment of a path that is no word of the API: names of things, and anything else that a client
// may have put there.
const hidden = "{…}"

// maxSegments is how many segments of a path are told.
const maxSegments = 16

// words are the segments of paths that may be told: those of the catalogue's templates, and a few around them.
var words = func() map[string]bool {
	m := map[string]bool{hidden: true, "": true}
	for _, op := range append(catalog.All(), catalog.Own()...) {
		for segment := range strings.SplitSeq(op.Template, "/") {
			if !strings.Contains(segment, "{") {
				m[segment] = true
			}
		}
	}
	for _, w := range strings.Fields(`2.0 1.0 api !api internal rest latest scm repos browse raw pull-requests site oauth2 authorize access_token
		info refs lfs objects batch locks verify git-upload-pack git-receive-pack HEAD wiki pail v1 session api-tokens activity usage
		healthz readyz metrics docs reasons account settings login static`) {
		m[w] = true
	}
	return m
}()

// masked is a path of which only words of the API are left. Masking twice changes nothing.
func masked(path string) string {
	segments := strings.Split(path, "/")
	if len(segments) > maxSegments {
		segments = append(segments[:maxSegments-1], hidden)
	}
	for i, s := range segments {
		if !words[s] && !parameter(s) {
			segments[i] = hidden
		}
	}
	return strings.Join(segments, "/")
}

// parameter tells whether a segment is the name of a parameter, as routes of the catalogue have it.
func parameter(segment string) bool {
	name, ok := strings.CutPrefix(segment, "{")
	name, closed := strings.CutSuffix(name, "}")
	return ok && closed && name != "" && len(name) <= 24 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") == ""
}

// method is a request's method, or OTHER for one that HTTP does not name.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "OTHER"
}

// stray says what a request was that is no operation: its path without names, why it is none, and which operations
// were probably meant.
func stray(verb, path string) Unmatched {
	u := Unmatched{Method: method(verb), Path: masked(path), Reason: reason.PathUnknown, Nearest: []string{}}
	below, versioned := strings.CutPrefix(path, prefix)
	if _, outcome := catalog.Find(verb, below); versioned && outcome == catalog.MethodNotAllowed {
		u.Reason = reason.MethodNotAllowed
		u.near(catalog.Nearest(verb, below, 1))
		return u
	}
	if hit, ok := catalog.DataCenter(verb, path); ok {
		u.Reason = reason.PathDataCenter
		if hit.Operation != nil {
			u.near([]*catalog.Operation{hit.Operation})
		}
		return u
	}
	if versioned {
		u.near(catalog.Nearest(verb, below, 3))
		return u
	}
	if m, outcome := catalog.Find(verb, path); outcome == catalog.Found && !strings.Contains(m.Operation.Template, "{path}") {
		u.Reason = reason.PathVersionMissing
		u.near([]*catalog.Operation{m.Operation})
	} else if i := strings.Index(path, prefix+"/"); i > 0 { // bitbucket.org/api/2.0/…
		if m, outcome := catalog.Find(verb, path[i+len(prefix):]); outcome == catalog.Found {
			u.near([]*catalog.Operation{m.Operation})
		}
	}
	return u
}

func (u *Unmatched) near(ops []*catalog.Operation) {
	for _, op := range ops {
		u.Nearest = append(u.Nearest, full(op.Key))
	}
}

// full is a key of the catalogue with /2.0 in front of the path.
func full(key string) string {
	verb, template, _ := strings.Cut(key, " ")
	return verb + " " + prefix + template
}

// lookup is the operation of a key that full made; nil when there is none.
func lookup(key string) *catalog.Operation {
	verb, path, _ := strings.Cut(key, " ")
	template, ok := strings.CutPrefix(path, prefix)
	op, found := catalog.Lookup(verb + " " + template)
	if !ok || !found {
		return nil
	}
	return op
}

// gitService is what a git request asks for.
type gitService struct {
	repository string // workspace/repository, the same with /wiki behind it, or snippets/workspace/id
	write      bool
	advertise  bool // the first request of a fetch or a push: one each
}

// gitRequest reads a request of Git's smart protocol; ok is false for any other.
func gitRequest(verb string, u *url.URL) (s gitService, ok bool) {
	parts := strings.Split(u.Path, "/")
	place, behind := "", ""
	if parts[0] == "" && len(parts) > 4 && (len(parts) == 6 || verb == http.MethodPost) {
		switch {
		case parts[1]+"/" == snippets:
			place, parts = snippets, slices.Concat([]string{""}, parts[2:])
		case "/"+parts[3] == wiki:
			behind, parts = wiki, slices.Concat(parts[:3], parts[4:])
		}
	}
	if len(parts) < 4 || len(parts) > 5 || parts[0] != "" {
		return s, false
	}
	var service string
	switch {
	case verb == http.MethodGet && len(parts) == 5 && parts[3] == "info" && parts[4] == "refs":
		s.advertise, service = true, u.Query().Get("service")
	case verb == http.MethodPost && len(parts) == 4:
		service = parts[3]
	}
	if service != catalog.GitRead.Key && service != catalog.GitWrite.Key {
		return s, false
	}
	workspace, slug := parts[1], strings.TrimSuffix(parts[2], ".git")
	if !name(workspace) || !name(slug) {
		return s, false
	}
	s.repository, s.write = place+shown(workspace)+"/"+shown(slug)+behind, service == catalog.GitWrite.Key
	return s, true
}

// name tells whether a segment can be the name of a workspace or a repository, or a uuid in braces.
func name(s string) bool {
	if inner, ok := strings.CutPrefix(s, "{"); ok {
		inner, ok = strings.CutSuffix(inner, "}")
		return ok && len(inner) == 36 && strings.Trim(inner, "0123456789abcdefABCDEF-") == ""
	}
	return s != "" && s != "." && s != ".." && len(s) <= 128 &&
		strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") == ""
}

// snippets stands in the addresses of snippets before the workspace, and wiki in those of wikis behind the repository.
const (
	snippets = "snippets/"
	wiki     = "/wiki"
)

// repository tells whether a text is workspace/repository, a wiki's or a snippet's, as gitRequest gives it.
func repository(s string) bool {
	if below, is := strings.CutPrefix(s, snippets); is && strings.Contains(below, "/") {
		s = below
	} else if before, is := strings.CutSuffix(s, wiki); is && strings.Contains(before, "/") {
		s = before
	}
	workspace, slug, ok := strings.Cut(s, "/")
	for _, part := range []string{workspace, slug} {
		ok = ok && (part == hidden || name(part) && shown(part) == part)
	}
	return ok
}

// shown is a name, or a placeholder for one that is a secret in the wrong place.
func shown(s string) string {
	if token.Inspect(s).Kind != token.Unknown {
		return hidden
	}
	return s
}
