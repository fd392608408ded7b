package githttp

import (
	"net/http"
	"strings"

	"github.com/pailforge/pail/internal/gitserve"
)

// Route is what a Git request asks for.
type Route struct {
	Workspace  string // slug or {uuid}, as in the URL; see gitserve.Address for that of a snippet
	Repository string // slug or {uuid}, as in the URL, without ".git"; see gitserve.Address for that of a wiki; or the id of a snippet
	Service    string // git-upload-pack, git-receive-pack, or empty for a request of the dumb protocol
	Advertise  bool   // GET info/refs, else POST
}

// Write tells whether the request leads to a push.
func (r Route) Write() bool { return r.Service == gitserve.ReceivePack }

// Match tells whether a request is Git's: GET /{workspace}/{repository}[.git]/info/refs, or POST
// on git-upload-pack or git-receive-pack beside it, where both names can be names; or the same
// behind /{workspace}/{repository}[.git]/wiki or /snippets/{workspace}/{id}[.git]. Everything else belongs to somebody else.
func Match(r *http.Request) (Route, bool) {
	parts := strings.Split(r.URL.Path, "/")
	if len(parts) < 4 || parts[0] != "" {
		return Route{}, false
	}
	var route Route
	last, rest := parts[len(parts)-1], 1
	switch {
	case r.Method == http.MethodGet && last == "refs" && parts[len(parts)-2] == "info":
		route.Advertise, rest = true, 2
		if service := r.URL.Query().Get("service"); service == gitserve.UploadPack || service == gitserve.ReceivePack {
			route.Service = service
		}
	case r.Method == http.MethodPost && (last == gitserve.UploadPack || last == gitserve.ReceivePack):
		route.Service = last
	default:
		return Route{}, false
	}
	var ok bool
	if route.Workspace, route.Repository, ok = gitserve.Address(parts[1:], rest); !ok {
		return Route{}, false
	}
	return route, true
}
