package page

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/access"
)

//go:embed templates/*.html
var templateFiles embed.FS

// Templates are the pages of one area. Each fills the layout by defining "main".
type Templates struct {
	// all gives them by the names of their files without .html. They are parsed when the first one is needed: what is no
	// server starts without that work.
	all func() map[string]*template.Template
}

var shared = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("layout.html").Funcs(template.FuncMap{
		"spans": spans, "words": words, "hyphenated": hyphenated, "status": StatusText, "sentence": sentence, "moment": moment, "day": day, "size": Size, "count": func(n int, thing string) string { return count(n, thing) },
	}).ParseFS(templateFiles, "templates/layout.html", "templates/parts.html"))
})

// own are the pages of this package.
var own = Parse(templateFiles, "templates/error.html", "templates/style.html")

// Parse reads the templates of an area; patterns are as in fs.Glob. What parts.html defines, all of the area's can use. A
// template that cannot be parsed is a mistake in the program.
func Parse(files fs.FS, patterns ...string) Templates {
	return Templates{sync.OnceValue(func() map[string]*template.Template { return parse(files, patterns) })}
}

func parse(files fs.FS, patterns []string) map[string]*template.Template {
	all := map[string]*template.Template{}
	for _, pattern := range patterns {
		names, err := fs.Glob(files, pattern)
		if err != nil || len(names) == 0 {
			panic(fmt.Sprintf("no templates at %s: %v", pattern, err))
		}
		base := shared()
		for _, name := range names {
			if path.Base(name) == "parts.html" {
				base = template.Must(template.Must(shared().Clone()).ParseFS(files, name))
			}
		}
		for _, name := range names {
			if path.Base(name) != "parts.html" {
				all[strings.TrimSuffix(path.Base(name), ".html")] = template.Must(template.Must(base.Clone()).ParseFS(files, name))
			}
		}
	}
	return all
}

// Part makes the HTML of what the area's parts.html defines as name, for a page of another area.
func (t Templates) Part(name string, data any) (template.HTML, error) {
	var out bytes.Buffer
	for _, page := range t.all() { // each has all parts
		err := page.ExecuteTemplate(&out, name, data)
		return template.HTML(out.String()), err
	}
	return "", fmt.Errorf("there is no template with the part %q", name)
}

// View is one page: the template that fills the layout, and what it shows.
type View struct {
	Template string // name of the file, without .html
	Title    string // of the window; the page's own heading is the template's
	Section  string // entry of the navigation that is the current one: workspaces, tokens, docs
	Trail    []Link // where the page is, from the outside in, without the page itself
	Tabs     []Link // the pages beside this one
	Narrow   bool   // text to be read, not a list to be looked through
	Live     bool   // several people work on what it shows, and it follows them
	Content  any
}

// Link is a name that leads somewhere.
type Link struct {
	Name, Href string
	Current    bool
	Count      int // beside the name; 0: none is shown
}

// frame is what the layout gets: the view, and what it knows of the visitor.
type frame struct {
	View
	Self  *access.Account
	CSRF  string
	Flash string
	Path  string // of the page, for the way back after signing in
}

// Style, Script and LiveScript are the addresses of the style sheet and of the scripts.
func (frame) Style() string  { return "/style.css?v=" + digest(styleSheet) }
func (frame) Script() string { return "/script.js?v=" + digest(script) }

func (frame) LiveScript() string { return "/assets/live.js?v=" + digest(live) }

// Render makes the page of a view. It is not to be kept, unless the caller says otherwise in the answer.
func (r *Request) Render(t Templates, v View) (Answer, error) {
	page := t.all()[v.Template]
	if page == nil {
		return Answer{}, fmt.Errorf("there is no template %q", v.Template)
	}
	var out bytes.Buffer
	f := frame{View: v, Self: r.Self, CSRF: r.CSRF(), Flash: r.flash(), Path: r.URL.RequestURI()}
	if r.Method != http.MethodGet {
		f.Path = "/"
	}
	if err := page.Execute(&out, f); err != nil {
		return Answer{}, fmt.Errorf("page %s: %w", v.Template, err)
	}
	return Answer{ContentType: "text/html; charset=utf-8", Cache: Never, Body: out.Bytes()}, nil
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

// StatusText is a status code with its name: "401 Unauthorized".
func StatusText(code int) string {
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

// Moment is a time in the forms that a page needs.
type Moment struct{ Machine, Exact, Near string }

// moment is a time as a page shows it: exact, and how far away it is. The zero time has no form.
func moment(t time.Time) *Moment {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &Moment{Machine: t.Format(time.RFC3339), Exact: t.Format("2 January 2006, 15:04:05 UTC"), Near: near(t, time.Now())}
}

// near says how far t is from now, in one unit.
func near(t, now time.Time) string {
	d := now.Sub(t)
	ahead := d < 0
	if ahead {
		d = -d
	}
	// What is past is as old as it says, at least; what is ahead is rounded: a token that was just made for 30 days ends in 30.
	in := func(unit time.Duration, name string) string {
		if ahead {
			return count(int64(d.Round(unit)/unit), name)
		}
		return count(int64(d/unit), name)
	}
	var text string
	switch {
	case d < time.Minute:
		if ahead {
			return "in a moment"
		}
		return "just now"
	case d < time.Hour:
		text = in(time.Minute, "minute")
	case d < 48*time.Hour:
		text = in(time.Hour, "hour")
	case d < 60*24*time.Hour:
		text = in(24*time.Hour, "day")
	default:
		return "on " + day(t)
	}
	if ahead {
		return "in " + text
	}
	return text + " ago"
}

// day is the date of a time, in UTC.
func day(t time.Time) string { return t.UTC().Format("2 January 2006") }

// count is a number of things: "1 token", "3 tokens".
func count[N int | int64](n N, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// Size is a number of bytes for people.
func Size(n int64) string {
	if n < 1024 {
		return strconv.FormatInt(n, 10) + " B"
	}
	f, unit := float64(n), ""
	for _, unit = range []string{"KiB", "MiB", "GiB", "TiB"} {
		if f /= 1024; f < 1024 {
			break
		}
	}
	if f < 10 {
		return fmt.Sprintf("%.1f %s", f, unit)
	}
	return fmt.Sprintf("%.0f %s", f, unit)
}
