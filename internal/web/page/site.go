package page

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// Site is all pages together. Its fields are what they stand on; On and Raw add to it before it serves.
type Site struct {
	URLs rest.URLs
	Log  *slog.Logger
	Gate *access.Gate
	// Reserved tells which first segments of a path can be no workspace's.
	Reserved func(segment string) bool

	routes  routes
	uploads map[string]bool // patterns of pages that take files
	origin  *http.CrossOriginProtection
}

// NewSite makes a site without pages.
func NewSite(urls rest.URLs, log *slog.Logger, gate *access.Gate, reserved func(string) bool) (*Site, error) {
	s := &Site{URLs: urls, Log: log, Gate: gate, Reserved: reserved, origin: http.NewCrossOriginProtection(), uploads: map[string]bool{}}
	// Behind a proxy that changes the Host header the origin of the server's own pages is still the external URL's.
	if u, err := url.Parse(urls.Base); err == nil && u.Host != "" {
		if err := s.origin.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
			return nil, err
		}
	}
	s.asset("/style.css", "text/css; charset=utf-8", styleSheet)
	s.asset("/script.js", "text/javascript; charset=utf-8", script)
	s.asset("/assets/live.js", "text/javascript; charset=utf-8", live)
	return s, nil
}

// Handler makes the answer to one request. What it returns as an error becomes an error page.
type Handler func(*Request) (Answer, error)

// On adds a page. pattern is a method and a path, as http.ServeMux takes them; GET serves HEAD too. Who passes need
// reaches h, with the resource that the parameters of the path name. Who is not signed in and would have to be is sent
// to sign in; what a visitor may not see answers 404. Two pages for one pattern are a mistake that ends the program.
func On[T any](s *Site, pattern string, need access.Need[T], h func(*Request, T) (Answer, error)) {
	s.add(pattern, false, 0, visited(s, need, h))
}

// Long adds a page as On does, which takes a form of at most so many bytes, as it comes over the wire: for what people write that is
// longer than MaxForm.
func Long[T any](s *Site, pattern string, most int64, need access.Need[T], h func(*Request, T) (Answer, error)) {
	s.add(pattern, false, most, visited(s, need, h))
}

// Upload adds a page as On does, which takes a form with files (multipart/form-data). Its first field is csrf. The handler reads
// the files one after the other from Parts; limits.upload bounds them together.
func Upload[T any](s *Site, pattern string, need access.Need[T], h func(*Request, T) (Answer, error)) {
	s.add(pattern, true, 0, visited(s, need, h))
}

func visited[T any](s *Site, need access.Need[T], h func(*Request, T) (Answer, error)) Handler {
	return func(r *Request) (Answer, error) {
		resource, err := access.Visit(s.Gate, r.Context(), r.Principal, need, r.PathValue)
		if moved, ok := errors.AsType[*access.Moved](err); ok && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			return Redirect(s.URLs.Base + moved.Location(r.Request)), nil
		}
		if err != nil {
			return Answer{}, err
		}
		return h(r, resource)
	}
}

// May tells whether the visitor passes a need with the parameters of this page's path. What needs it decides itself; here it is asked,
// not to show a way that leads nowhere.
func May[T any](r *Request, need access.Need[T]) bool {
	_, err := access.Visit(r.Site.Gate, r.Context(), r.Principal, need, r.PathValue)
	return err == nil
}

// Uploads tells whether a request goes to a page that takes files.
func (s *Site) Uploads(r *http.Request) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	found, ok := s.routes.find(r, s.Reserved(first))
	return ok && s.uploads[r.Method+" "+found.path]
}

// Open adds a page for everybody, signed in or not.
func Open(s *Site, pattern string, h Handler) {
	On(s, pattern, access.Anyone, func(r *Request, _ struct{}) (Answer, error) { return h(r) })
}

// Raw adds a path that is no page and looks after itself, such as an endpoint for programs: no session, no form, no
// layout. Pattern is as in On.
func (s *Site) Raw(pattern string, h http.HandlerFunc) {
	method, path := s.routes.split(pattern)
	s.routes.add(method, path, h)
}

func (s *Site) add(pattern string, files bool, most int64, h Handler) {
	method, path := s.routes.split(pattern)
	if files {
		s.uploads[pattern] = true
	}
	s.routes.add(method, path, func(w http.ResponseWriter, hr *http.Request) {
		rest.TraceOf(hr.Context()).Operation = method + " " + path
		r := &Request{Request: hr, Site: s, w: w, files: files, most: most}
		a, err := s.serve(r, h)
		if err == nil && a.Content != nil {
			if err = rest.WriteContent(w, hr, *a.Content); err == nil {
				return
			}
		}
		if err != nil {
			s.refuse(r, err)
			return
		}
		if a.Events != nil {
			a.Events.write(w, hr)
			return
		}
		a.Write(w, hr)
	})
}

func (s *Site) serve(r *Request, h Handler) (Answer, error) {
	if err := r.identify(); err != nil {
		return Answer{}, err
	}
	a, err := h(r)
	if refused, ok := errors.AsType[*rest.Error](err); ok && refused.Status == http.StatusUnauthorized && r.Principal.Anonymous() &&
		(r.Method == http.MethodGet || r.Method == http.MethodHead) && !wantsJSON(r.Header.Values("Accept")) && refused.Reason == reason.CredentialMissing {
		return Redirect("/signin?next=" + url.QueryEscape(r.URL.RequestURI())), nil
	}
	return a, err
}

// Match is what answers a request; nil when no page has its path. A path that has pages, but none for the request's
// method, is refused here, with a body.
func (s *Site) Match(r *http.Request) http.Handler {
	first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	found, ok := s.routes.find(r, s.Reserved(first))
	if !ok {
		return nil
	}
	return http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		secure(w.Header())
		method := hr.Method
		if method == http.MethodHead {
			method = http.MethodGet
		}
		if serve := found.methods[method]; serve != nil {
			found.mux.ServeHTTP(w, hr) // sets the path's values
			return
		}
		allow := strings.Join(found.allowed(), ", ")
		s.refuse(&Request{Request: hr, Site: s, w: w, Principal: &access.Principal{}}, rest.Refusef(reason.MethodNotAllowed, "This page takes %s.", allow).
			With("allowed", found.allowed()).WithHeader("Allow", allow))
	})
}

// Patterns lists what the site serves, as On and Raw were called, in order of the paths.
func (s *Site) Patterns() []string { return s.routes.patterns() }

// policy is the Content-Security-Policy of every page: nothing but the server's own style sheet, script, pictures and
// forms.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// FormsLeadTo are the headers of a page whose form leads to another site: browsers hold a form to form-action through
// every redirect. What is there may be led on by https, so no single host is named.
func FormsLeadTo(scheme string) http.Header {
	allowed := "form-action 'self' https:"
	if scheme != "https" {
		allowed += " " + scheme + ":"
	}
	return http.Header{"Content-Security-Policy": {strings.Replace(policy, "form-action 'self'", allowed, 1)}}
}

// secure sets the headers that every answer begins with, also one that sends on to the clean form of a path.
func secure(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY") // frame-ancestors, for old browsers
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
}
