package record

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/scope"
)

// Text writes the report for people.
func (r *Recording) Text(w io.Writer) error {
	p := &page{}
	p.summary(r)
	p.section("Operations", r.operationRows())
	p.section("Git", r.gitRows())
	p.section("Refused", r.refusedRows())
	p.section("Deprecated or gone", r.deprecatedRows())
	p.section("No operation of the API", r.unmatchedRows())
	for _, note := range r.Notes() {
		p.line("\nNote: %s", note)
	}
	_, err := io.WriteString(w, p.text.String())
	return err
}

// page is a text under way.
type page struct{ text strings.Builder }

func (p *page) line(format string, args ...any) { fmt.Fprintf(&p.text, format+"\n", args...) }

func (p *page) summary(r *Recording) {
	if r.calls() == 0 {
		p.line("No request to a recorded host was seen.")
		return
	}
	p.line("%s in %s, from %s to %s.", plural(r.calls(), "request"), took(r.Window), moment(r.Window.Start), moment(r.Window.End))
	p.line("\nThe least scopes of an API token for all that was let in:")
	p.scopes(r.Scopes.Least, "none")
	if r.Scopes.Granted != nil {
		if r.Scopes.Unused.Empty() {
			p.line("The credential has none beyond what was used.")
		} else {
			p.line("The credential has, and did not use:")
			p.scopes(*r.Scopes.Unused, "nothing")
		}
	}
	if !r.Scopes.Refused.Empty() {
		p.line("Refused calls would have needed as well:")
		p.scopes(r.Scopes.Refused, "nothing")
	}
}

func (p *page) scopes(s scope.Set, none string) {
	for _, name := range s.Names() {
		p.line("  %s", name)
	}
	if s.Empty() {
		p.line("  %s", none)
	}
}

// section writes rows in columns; the first row is the head. Without any other there is no section.
func (p *page) section(title string, rows [][]string) {
	if len(rows) < 2 {
		return
	}
	p.line("\n%s", title)
	t := tabwriter.NewWriter(&p.text, 0, 8, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintf(t, "  %s\n", strings.Join(row, "\t"))
	}
	_ = t.Flush() // into memory
}

// The rows of the sections, the head first.

func (r *Recording) operationRows() [][]string {
	rows := [][]string{{"COUNT", "OPERATION", "STATUSES", "SCOPES"}}
	for i := range r.Operations {
		o := &r.Operations[i]
		rows = append(rows, []string{number(o.Count), o.Method + " " + o.Path, statuses(o.Statuses), o.takes()})
	}
	return rows
}

// takes is what an API token needs, in words.
func (o *Operation) takes() string {
	op := o.operation()
	switch {
	case op.AppOnly():
		return "(installed apps only)"
	case !op.Accepts.Has(catalog.APIToken):
		return "(takes no API token)"
	case !o.needed() && o.Anonymous > 0:
		return "(called without a credential)"
	case o.Scopes.Empty():
		return "none"
	case !o.needed():
		return o.Scopes.String() + " (not let in)"
	}
	return o.Scopes.String()
}

func (r *Recording) gitRows() [][]string {
	rows := [][]string{{"FETCHES", "PUSHES", "REPOSITORY", "SCOPES"}}
	for _, g := range r.Git {
		takes := g.Scopes.String()
		if g.Scopes.Empty() {
			takes = "(without a credential)"
		}
		rows = append(rows, []string{number(g.Fetches), number(g.Pushes), g.Repository, takes})
	}
	return rows
}

func (r *Recording) refusedRows() [][]string {
	rows := [][]string{{"COUNT", "CALL", "STATUS", "WHY"}}
	for i := range r.Refused {
		f := &r.Refused[i]
		rows = append(rows, []string{number(f.Count), f.Method + " " + f.Path, status(f.Status), f.Why()})
	}
	return rows
}

// Why is the reason in words.
func (f *Refused) Why() string {
	switch {
	case f.Reason == "":
		return "the answer does not tell; see pail doctor"
	case !f.Missing.Empty():
		return string(f.Reason) + ": lacks " + f.Missing.String()
	}
	return string(f.Reason) + ": " + reason.Of(f.Reason).Title
}

func (r *Recording) deprecatedRows() [][]string {
	rows := [][]string{{"OPERATION", "STATE", "IN ITS PLACE"}}
	for _, d := range r.Deprecated {
		state, place := "deprecated", "-"
		if d.Removed {
			state = "removed (" + d.Change + ")"
		}
		if len(d.Replacement) > 0 {
			place = strings.Join(d.Replacement, ", ")
		}
		rows = append(rows, []string{d.Method + " " + d.Path, state, place})
	}
	return rows
}

func (r *Recording) unmatchedRows() [][]string {
	rows := [][]string{{"COUNT", "CALL", "STATUSES", "WHY", "PROBABLY MEANT"}}
	for _, u := range r.Unmatched {
		near := "-"
		if len(u.Nearest) > 0 {
			near = u.Nearest[0]
		}
		rows = append(rows, []string{number(u.Count), u.Method + " " + u.Path, statuses(u.Statuses), string(u.Reason), near})
	}
	return rows
}

// Notes says what the numbers do not.
func (r *Recording) Notes() (notes []string) {
	if len(r.Credentials) > 1 {
		notes = append(notes, fmt.Sprintf("%d kinds of credentials were used; what they have is taken together.", len(r.Credentials)))
	}
	if len(r.Git) > 0 && r.Scopes.Granted == nil {
		notes = append(notes, "Answers to git do not tell the credential's scopes.")
	}
	if n := r.Lost.Handshakes; n > 0 {
		notes = append(notes, plural(n, "connection")+" broke off in the TLS handshake: the program does not read the variables that name the recorder's CA; see pail record --help, or use --listen.")
	}
	if n := r.Lost.Unreadable; n > 0 {
		notes = append(notes, plural(n, "request")+" could not be read as HTTP: a line break in a header, for example. pail doctor finds such a fault.")
	}
	if n := r.Lost.Others; n > 0 && r.calls() == 0 {
		notes = append(notes, plural(n, "connection")+" to other hosts passed through unread. Name a host to be recorded with --host.")
	}
	return notes
}

// calls is how many requests to the recorded hosts were seen, a fetch or a push of git counted once.
func (r *Recording) calls() (n int64) {
	for _, o := range r.Operations {
		n = add(n, o.Count)
	}
	for _, g := range r.Git {
		n = add(n, add(g.Fetches, g.Pushes))
	}
	for _, u := range r.Unmatched {
		n = add(n, u.Count)
	}
	for _, f := range r.Refused {
		if strings.HasPrefix(f.Method, "git ") {
			n = add(n, f.Count)
		}
	}
	return n
}

func number(n int64) string { return fmt.Sprint(n) }

func plural(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// statuses is "200 ×3, 404".
func statuses(all map[int]int64) string {
	var parts []string
	for _, code := range slices.Sorted(maps.Keys(all)) {
		text := status(code)
		if code == 0 {
			text = "no answer"
		}
		if all[code] > 1 {
			text += fmt.Sprintf(" ×%d", all[code])
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

func took(w Window) string { return w.End.Sub(w.Start).Round(time.Millisecond).String() }
