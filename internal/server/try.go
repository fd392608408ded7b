package server

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/githttp"
	"github.com/pailforge/pail/internal/gitserve"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// Try tells what would be decided about a request, step by step, in the same place as for a real one. Nothing is carried
// out and nothing is noted, neither with the credential nor in the trace of whoever asks. uri is the path and the query;
// authorization the values of the header as a client would send them, which may be broken. The address of a repository
// stands for a fetch from it.
func (s *Server) Try(ctx context.Context, method, uri string, authorization []string) (access.Trial, error) {
	u, err := url.ParseRequestURI(uri)
	if err != nil {
		return access.Trial{}, rest.Refuse(reason.PathMalformed, "")
	}
	repository := strings.TrimSuffix(u.Path, "/")
	of := strings.TrimSuffix(repository, gitserve.WikiPlace)
	if _, _, is := gitserve.Address(strings.Split(strings.TrimPrefix(repository, "/"), "/"), 0); is && strings.HasSuffix(of, ".git") && method == http.MethodGet {
		u.Path, u.RawPath = repository+"/info/refs", ""
		u.RawQuery = "service=" + gitserve.UploadPack
	}
	hr, err := http.NewRequestWithContext(rest.WithTrace(ctx, &rest.Trace{}), method, u.RequestURI(), nil)
	if err != nil {
		return access.Trial{}, rest.Refuse(reason.RequestMalformed, "")
	}
	if len(authorization) > 0 {
		hr.Header["Authorization"] = authorization
	}
	for _, value := range authorization {
		// A client cannot send these; the server says so before the gate sees the request.
		if strings.ContainsAny(value, "\r\n") {
			return access.TryBroken(rest.Refuse(reason.HeaderLineBreak, "")), nil
		}
		if strings.IndexFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7F }) >= 0 {
			return access.TryBroken(rest.Refuse(reason.HeaderControlCharacter, "")), nil
		}
	}
	if route, ok := githttp.Match(hr); ok {
		if w, ok := strings.CutPrefix(route.Workspace, gitserve.SnippetPlace); ok {
			r, op, need := (&door{s}).asksSnippet(hr, w, route.Repository, route.Write())
			return access.Try(s.Gate, r, access.SurfaceGit, op, need), nil
		}
		if of, ok := strings.CutSuffix(route.Repository, gitserve.WikiPlace); ok {
			r, op, need := (&door{s}).asksWiki(hr, route.Workspace, of, route.Write())
			return access.Try(s.Gate, r, access.SurfaceGit, op, need), nil
		}
		r, op, need := (&door{s}).asks(hr, route.Workspace, route.Repository, route.Write())
		return access.Try(s.Gate, r, access.SurfaceGit, op, need), nil
	}
	return s.API.Try(hr), nil
}
