// Package webtest looks at pages as a browser without scripts does: it keeps cookies, sends forms as they stand on the
// page, and holds every page to what is true of all of them. It is for tests only.
package webtest

import (
	"bytes"
	"context"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/reason"
	"golang.org/x/net/html"
)

// Browser is one visitor of a server.
type Browser struct {
	*pailtest.Server
	client *http.Client
}

// Open starts a browser without a session.
func Open(s *pailtest.Server) *Browser {
	jar, _ := cookiejar.New(nil) // it has no errors
	return &Browser{Server: s, client: &http.Client{Jar: jar, Transport: s.Client.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// As starts a browser in which the account, one of the world's, is signed in.
func As(s *pailtest.Server, a account.Account) *Browser {
	s.T.Helper()
	b := Open(s)
	page := b.Get("/signin")
	r := b.Submit(page, "/signin", url.Values{"email": {a.Email}, "password": {pailtest.Password}})
	if r.Status != http.StatusSeeOther {
		s.T.Fatalf("sign-in of %s: %d\n%s", a.Email, r.Status, r.Body)
	}
	return b
}

// Reply is an answer that has been read.
type Reply struct {
	Status int
	Header http.Header
	Body   string
	Path   string // that was asked for
}

// Location is where a redirect leads.
func (r Reply) Location() string { return r.Header.Get("Location") }

// Do sends a request with headers given in pairs.
func (b *Browser) Do(method, path, body string, headers ...string) Reply {
	b.T.Helper()
	r, err := http.NewRequest(method, b.URL+path, strings.NewReader(body))
	if err != nil {
		b.T.Fatal(err)
	}
	r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := b.client.Do(r)
	if err != nil {
		b.T.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	read, err := io.ReadAll(res.Body)
	if err != nil {
		b.T.Fatal(err)
	}
	reply := Reply{res.StatusCode, res.Header, string(read), path}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		Check(b.T, reply)
	}
	return reply
}

// Listen asks for a stream, which goes on until it is closed or ctx ends.
func (b *Browser) Listen(ctx context.Context, path string) *http.Response {
	b.T.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.URL+path, nil)
	if err != nil {
		b.T.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	res, err := b.client.Do(r)
	if err != nil {
		b.T.Fatal(err)
	}
	return res
}

// Get asks for a page.
func (b *Browser) Get(path string, headers ...string) Reply {
	b.T.Helper()
	return b.Do("GET", path, "", headers...)
}

// See asks for a page that must be there (200).
func (b *Browser) See(path string) Reply {
	b.T.Helper()
	r := b.Get(path)
	if r.Status != http.StatusOK {
		b.T.Fatalf("GET %s: %d %s\n%s", path, r.Status, r.Header.Get("X-Pail-Reason"), r.Body)
	}
	return r
}

// Post sends a form as it is given, without a page that it stands on.
func (b *Browser) Post(path string, form url.Values) Reply {
	b.T.Helper()
	return b.Do("POST", path, form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

// File is a file that is chosen in a form.
type File struct{ Field, Name, Content string }

// Upload sends a form with files as it is given: the field csrf first, and then the others by name.
func (b *Browser) Upload(path string, form url.Values, files ...File) Reply {
	b.T.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	write := func(name, value string) {
		if err := w.WriteField(name, value); err != nil {
			b.T.Fatal(err)
		}
	}
	for _, value := range form["csrf"] {
		write("csrf", value)
	}
	for _, name := range slices.Sorted(maps.Keys(form)) {
		for _, value := range form[name] {
			if name != "csrf" {
				write(name, value)
			}
		}
	}
	for _, f := range files {
		part, err := w.CreateFormFile(f.Field, f.Name)
		if err == nil {
			_, err = io.WriteString(part, f.Content)
		}
		if err != nil {
			b.T.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.T.Fatal(err)
	}
	return b.Do("POST", path, body.String(), "Content-Type", w.FormDataContentType())
}

// Files is a form with files, as a browser sends it: fields in pairs of a name and a content, files where the name holds a colon.
func Files(t testing.TB, fields ...string) (body, kind string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(fields); i += 2 {
		name, file, isFile := strings.Cut(fields[i], ":")
		if !isFile {
			if err := w.WriteField(name, fields[i+1]); err != nil {
				t.Fatal(err)
			}
			continue
		}
		part, err := w.CreateFormFile(name, file)
		if err == nil {
			_, err = part.Write([]byte(fields[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

// Submit sends the form of a page whose action is action, with what stands in its fields, and values in place of those
// or beside them, and the files that are chosen. Where several forms have the action, the first that has all the names in values is
// taken.
func (b *Browser) Submit(on Reply, action string, values url.Values, files ...File) Reply {
	b.T.Helper()
	forms := Forms(b.T, on)
	for _, f := range forms {
		if f.Action != action || !f.hasAll(values) {
			continue
		}
		sent := url.Values{}
		for k, v := range f.Values {
			sent[k] = v
		}
		for k, v := range values {
			sent[k] = v
		}
		if f.files {
			return b.Upload(action, sent, files...)
		}
		return b.Post(action, sent)
	}
	b.T.Fatalf("%s has no form for %s with the fields of %v", on.Path, action, values)
	return Reply{}
}

// Follow goes where a redirect leads, and fails when the answer is none or the page is not there.
func (b *Browser) Follow(r Reply) Reply {
	b.T.Helper()
	if r.Status != http.StatusSeeOther {
		b.T.Fatalf("%s: %d %s is no redirect\n%s", r.Path, r.Status, r.Header.Get("X-Pail-Reason"), r.Body)
	}
	return b.See(strings.TrimPrefix(r.Location(), b.URL))
}

// Form is a form on a page, with the names of all its fields and the values that a browser would send.
type Form struct {
	Action, Method string
	Values         url.Values
	names          map[string]bool
	files          bool // it takes files
}

func (f Form) hasAll(values url.Values) bool {
	for name := range values {
		if !f.names[name] {
			return false
		}
	}
	return true
}

// Forms lists the forms of a page.
func Forms(t testing.TB, r Reply) (all []Form) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(r.Body))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && n.Data == "form" {
			all = append(all, readForm(n))
		}
	}
	return all
}

func readForm(n *html.Node) Form {
	f := Form{Action: attr(n, "action"), Method: attr(n, "method"), Values: url.Values{}, names: map[string]bool{}, files: attr(n, "enctype") == "multipart/form-data"}
	for e := range n.Descendants() {
		name := attr(e, "name")
		if e.Type != html.ElementNode || name == "" {
			continue
		}
		f.names[name] = true
		switch e.Data {
		case "input":
			switch attr(e, "type") {
			case "checkbox", "radio":
				if has(e, "checked") {
					f.Values.Add(name, attr(e, "value"))
				}
			case "submit":
			default:
				f.Values.Add(name, attr(e, "value"))
			}
		case "textarea":
			text := ""
			if e.FirstChild != nil {
				text = e.FirstChild.Data
			}
			f.Values.Add(name, text)
		case "select":
			chosen, first := "", true
			for o := range e.Descendants() {
				if o.Type == html.ElementNode && o.Data == "option" && (first || has(o, "selected")) {
					chosen, first = attr(o, "value"), false
				}
			}
			f.Values.Add(name, chosen)
		}
	}
	return f
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

// Text is what a page says, without markup, with runs of space made one.
func Text(t testing.TB, r Reply) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(r.Body))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range root.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
			b.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// Says fails the test unless a page says all of these, as text.
func Says(t testing.TB, r Reply, want ...string) {
	t.Helper()
	text := Text(t, r)
	for _, one := range want {
		if !strings.Contains(text, one) {
			t.Errorf("%s (%d) does not say %q:\n%s", r.Path, r.Status, one, text)
		}
	}
}

// Silent fails the test when a page says any of these.
func Silent(t testing.TB, r Reply, never ...string) {
	t.Helper()
	text := Text(t, r)
	for _, one := range never {
		if strings.Contains(text, one) {
			t.Errorf("%s (%d) says %q:\n%s", r.Path, r.Status, one, text)
		}
	}
}

// Wants fails the test unless an answer has this status and this reason; "" for none.
func Wants(t testing.TB, r Reply, status int, reason string) {
	t.Helper()
	if r.Status != status || r.Header.Get("X-Pail-Reason") != reason {
		t.Errorf("%s: %d %q, want %d %q\n%s", r.Path, r.Status, r.Header.Get("X-Pail-Reason"), status, reason, Text(t, r))
	}
}

// leads is where the form of the consent page may lead.
var leads = regexp.MustCompile(`(form-action 'self') https:( [a-z][a-z0-9+.-]*:)?;`)

// blocked is what of a page the policy would block, or that no page has: inline scripts and styles, handlers, javascript
// addresses, and elements that load something else. "" when there is nothing. It looks at the page as a browser reads it,
// so that a name which merely looks like one of these is none.
func blocked(t testing.TB, body string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "script":
			if n.FirstChild != nil || attr(n, "src") == "" {
				return "an inline script"
			}
		case "style", "iframe", "object", "embed", "base":
			return "<" + n.Data + ">"
		}
		for _, a := range n.Attr {
			switch {
			case a.Key == "style", a.Key == "srcdoc", a.Key == "http-equiv", strings.HasPrefix(a.Key, "on"):
				return "<" + n.Data + " " + a.Key + ">"
			case strings.Contains(" href src action formaction xlink:href ", " "+a.Key+" ") && strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:"):
				return "<" + n.Data + " " + a.Key + "=javascript:>"
			}
		}
	}
	return ""
}

// Check holds a page to what is true of all of them.
func Check(t testing.TB, r Reply) {
	t.Helper()
	if policy := r.Header.Get("Content-Security-Policy"); strings.HasPrefix(r.Path, "/site/oauth2/authorize?") && r.Status == http.StatusOK {
		// The one form that leads to another site.
		r.Header = r.Header.Clone()
		r.Header.Set("Content-Security-Policy", leads.ReplaceAllString(policy, "$1;"))
	}
	for header, want := range map[string]string{
		"Content-Type":               "text/html; charset=utf-8",
		"Content-Security-Policy":    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
		"X-Content-Type-Options":     "nosniff",
		"X-Frame-Options":            "DENY",
		"Referrer-Policy":            "no-referrer",
		"Cross-Origin-Opener-Policy": "same-origin",
	} {
		if got := r.Header.Get(header); got != want {
			t.Errorf("%s: %s: %q", r.Path, header, got)
		}
	}
	if r.Header.Get("Cache-Control") == "" {
		t.Errorf("%s: no Cache-Control", r.Path)
	}
	if r.Body == "" {
		return // HEAD
	}
	if found := blocked(t, r.Body); found != "" {
		t.Errorf("%s: the page holds %s", r.Path, found)
	}
	for _, part := range []string{"<!doctype html>", `<html lang="en">`, "<title>", "<h1>", `href="/style.css?v=`, `id="main"`, "</html>"} {
		if !strings.Contains(r.Body, part) && !(part == "<h1>" && strings.Contains(r.Body, "<h1 ")) {
			t.Errorf("%s: the page lacks %s", r.Path, part)
		}
	}
	if n := strings.Count(r.Body, "<h1"); n != 1 {
		t.Errorf("%s: %d headings of the first rank", r.Path, n)
	}
	if strings.Contains(r.Body, "ZgotmplZ") || strings.Contains(r.Body, "{base}") {
		t.Errorf("%s: the page holds what a template did not fill in", r.Path)
	}
	refused := r.Header.Get("X-Pail-Reason")
	if (r.Status >= 400) != (refused != "") {
		t.Errorf("%s: status %d with the reason %q", r.Path, r.Status, refused)
	}
	if _, ok := reason.Lookup(reason.Code(refused)); refused != "" && !ok {
		t.Errorf("%s: the reason %q is in no list", r.Path, refused)
	}
	if r.Status >= 400 && r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s: a refusal that is kept: %s", r.Path, r.Header.Get("Cache-Control"))
	}
}
