package githttp

import (
	"net/http"
	"strings"

	"github.com/pailforge/pail/internal/gitserve"
)

// Route is what a Git request asks for.
type Route struct {
	Workspace  string // slug or {uuid}, as in the URL
	Repository string // slug or {uuid}, as in the URL, without ".git"
	Service    string // git-upload-pack, git-receive-pack, or empty for a request of the dumb protocol
	Advertise  bool   // GET info/refs, else POST
}

// Write tells whether the request leads to a push.
func (r Route) Write() bool { return r.Service == gitserve.ReceivePack }

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
		if service := r.URL.Query().Get("service"); service == gitserve.UploadPack || service == gitserve.ReceivePack {
			route.Service = service
		}
	case r.Method == http.MethodPost && len(rest) == 1 && (rest[0] == gitserve.UploadPack || rest[0] == gitserve.ReceivePack):
		route.Service = rest[0]
	default:
		return Route{}, false
	}
	if !gitserve.ValidName(route.Workspace) || !gitserve.ValidName(route.Repository) {
		return Route{}, false
	}
	return route, true
}
