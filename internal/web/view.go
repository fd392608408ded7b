package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed assets/style.css
var styleSheet []byte

// styleVersion is part of the style sheet's address, so that it can be kept for ever.
var styleVersion = digest(styleSheet)

// view is one page: the template that fills the layout, and what it shows.
type view struct {
	Page    string // name of the file in templates, without .html
	Title   string
	Section string // entry of the navigation that is marked as the current one
	Content any
}

// Style is the address of the style sheet.
func (view) Style() string { return "/style.css?v=" + styleVersion }

// templates holds every page together with the layout, by name. A template that cannot be parsed is a mistake in
// this package, and shows when the program starts.
var templates = func() map[string]*template.Template {
	functions := template.FuncMap{"spans": spans, "words": words, "hyphenated": hyphenated, "status": status, "sentence": sentence}
	const layout = "templates/layout.html"
	base := template.Must(template.New(path.Base(layout)).Funcs(functions).ParseFS(templateFiles, layout))
	files, err := templateFiles.ReadDir("templates")
	if err != nil {
		panic(err)
	}
	all := make(map[string]*template.Template)
	for _, file := range files {
		if file.Name() == path.Base(layout) {
			continue
		}
		page := template.Must(template.Must(base.Clone()).ParseFS(templateFiles, "templates/"+file.Name()))
		all[strings.TrimSuffix(file.Name(), ".html")] = page
	}
	return all
}()

// render makes the page of a view. The caller decides how long it may be kept.
func (p *Pages) render(v view) (answer, error) {
	page := templates[v.Page]
	if page == nil {
		return answer{}, fmt.Errorf("there is no template %q", v.Page)
	}
	var out bytes.Buffer
	if err := page.Execute(&out, v); err != nil {
		return answer{}, fmt.Errorf("page %s: %w", v.Page, err)
	}
	return answer{contentType: "text/html; charset=utf-8", cache: never, body: out.Bytes()}, nil
}

// span is a piece of text that is prose, or code to be copied.
type span struct {
	Text string
	Code bool
}

// spans takes a text apart at its backquotes: what stands between two of them is code. A last backquote without a
// partner is text.
func spans(text string) []span {
	var all []span
	add := func(s string, code bool) {
		if s != "" {
			all = append(all, span{s, code})
		}
	}
	for {
		before, rest, opened := strings.Cut(text, "`")
		code, after, closed := strings.Cut(rest, "`")
		if !opened || !closed {
			add(text, false)
			return all
		}
		add(before, false)
		add(code, true)
		text = after
	}
}

// words are the words of a line of code. Browsers break a line behind a hyphen, also within an option such as -A, unless
// the page keeps hyphenated words together.
func words(code string) []string { return strings.Split(code, " ") }

func hyphenated(word string) bool { return strings.Contains(word, "-") }

// status is a status code with its name: "401 Unauthorized".
func status(code int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", code, http.StatusText(code)))
}

// sentence gives a problem of a field, which begins in lower case and ends without a full stop, the form of a sentence.
func sentence(problem string) string {
	first, size := utf8.DecodeRuneInString(problem)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + strings.TrimSuffix(problem[size:], ".") + "."
}

// style serves the style sheet. With its current version in the address it may be kept for ever.
func style(_ http.ResponseWriter, r *http.Request) (answer, error) {
	a := answer{contentType: "text/css; charset=utf-8", cache: revalidate, body: styleSheet}
	if r.URL.RawQuery == "v="+styleVersion {
		a.cache = forever
	}
	return a, nil
}
