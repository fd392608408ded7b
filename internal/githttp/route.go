package githttp

import (
	"net/http"
	"strings"
)

// The two services of Git's smart protocol.
const (
	UploadPack  = "git-upload-pack"  // clone and fetch
	ReceivePack = "git-receive-pack" // push
)

// Route is what a Git request asks for.
type Route struct {
	Workspace  string // slug or {uuid}, as in the URL
	Repository string // slug or {uuid}, as in the URL, without ".git"
	Service    string // UploadPack, ReceivePack, or empty for a request of the dumb protocol
	Advertise  bool   // GET info/refs, else POST
}

// Write tells whether the request leads to a push.
func (r Route) Write() bool { return r.Service == ReceivePack }

// Match tells whether a request is Git's: GET /{workspace}/{repository}[.git]/info/refs, or POST
// on git-upload-pack or git-receive-pack beside it, where both names can be names. Everything
// else belongs to somebody else.
func Match(r *http.Request) (Route, bool) {
	parts := strings.Split(r.URL.Path, "/")
	if len(parts) < 4 || parts[0] != "" {
		return Route{}, false
	}
	route := Route{Workspace: parts[1], Repository: strings.TrimSuffix(parts[2], ".git")}
	switch rest := parts[3:]; {
	case r.Method == http.MethodGet && len(rest) == 2 && rest[0] == "info" && rest[1] == "refs":
		route.Advertise = true
		if service := r.URL.Query().Get("service"); service == UploadPack || service == ReceivePack {
			route.Service = service
		}
	case r.Method == http.MethodPost && len(rest) == 1 && (rest[0] == UploadPack || rest[0] == ReceivePack):
		route.Service = rest[0]
	default:
		return Route{}, false
	}
	if !validName(route.Workspace) || !validName(route.Repository) {
		return Route{}, false
	}
	return route, true
}

// validName tells whether a part of the URL can be a slug or a UUID in braces.
func validName(name string) bool {
	if inner, ok := strings.CutPrefix(name, "{"); ok {
		inner, ok = strings.CutSuffix(inner, "}")
		return ok && len(inner) == 36 && onlyOf(inner, "-")
	}
	return name != "" && name != "." && name != ".." && len(name) <= 128 && onlyOf(name, "-._")
}

// onlyOf tells whether s holds only ASCII letters, digits and the others given.
func onlyOf(s, others string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && strings.IndexByte(others, c) < 0 {
			return false
		}
	}
	return true
}
