package migrate

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"
	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/token"
)

// Change is what Fix would do to a file.
type Change struct {
	File     string    `json:"file"`
	Findings []Finding `json:"findings"` // that are gone afterwards
	Diff     string    `json:"diff"`     // unified, without context, secrets masked
	// Remotes tells that logins were taken out of remotes, so that git needs another place to find one.
	Remotes bool `json:"remotes"`
	Written bool `json:"written"`
	// Refused says why the file was left as it is; "" when it was not.
	Refused string `json:"refused,omitempty"`

	reading
	after string
}

// Fix reads the files below the paths, as Scan does, and finds what can be changed safely. Nothing is written.
//
// Safe is: a login with a literal secret in a remote of git's configuration is taken out; base64 that makes a header is
// kept from breaking lines; an API token that curl sends as Bearer goes in --user, where the file knows exactly one
// variable for the e-mail.
func Fix(ctx context.Context, paths []string, o Options) ([]Change, Coverage, error) {
	docs, coverage, err := read(ctx, paths, o)
	if err != nil {
		return nil, coverage, err
	}
	var out []Change
	for _, one := range docs {
		c := Change{File: one.path, reading: one}
		var edits []edit
		for _, u := range one.uses {
			if code, _ := judge(u); code == "" || len(u.edits) == 0 {
				continue
			}
			c.Findings = append(c.Findings, findings(one.document, []use{u})...)
			c.Remotes = c.Remotes || one.kind == kindGit && u.surface == doctor.SurfaceGit
			edits = append(edits, u.edits...)
		}
		if len(edits) == 0 {
			continue
		}
		if !slices.Equal(one.code.encode(one.text), one.raw) {
			continue // not every byte would come back as it was
		}
		c.after = apply(one.text, edits)
		c.Diff = c.diff()
		out = append(out, c)
	}
	return out, coverage, nil
}

// apply makes the edits in a text. Of two that overlap the first counts.
func apply(text string, edits []edit) string {
	edits = slices.Clone(edits)
	slices.SortFunc(edits, func(a, b edit) int { return cmp.Or(a.start-b.start, a.end-b.end) })
	var b strings.Builder
	at := 0
	for i, e := range edits {
		if e.start < at || i > 0 && e == edits[i-1] {
			continue
		}
		b.WriteString(text[at:e.start])
		b.WriteString(e.text)
		at = e.end
	}
	b.WriteString(text[at:])
	return b.String()
}

// diff shows the change. There is no context around it, since the lines around can hold anything.
func (c *Change) diff() string {
	before, after := c.masked(c.text), c.masked(c.after)
	text, err := udiff.ToUnified(c.File, c.File, before, udiff.Lines(before, after), 0)
	if err != nil {
		return ""
	}
	return strings.ReplaceAll(text, "\r\n", "\n")
}

var (
	anyLogin  = regexp.MustCompile(`(://[^/\s:@"']*:)([^/\s@"']+)(@)`)
	anySecret = regexp.MustCompile(`(?i)((?:key|token|secret|password|passwd|pass|pwd)["']?\s*[:=]\s*["']?)([^\s"'$,;)]{4,})`)
)

// masked is a text whose secrets may be shown: those that were found, whatever has the form of a token, every login in
// an address, and what a name says is a secret.
func (c *Change) masked(text string) string {
	text = scrub(text)
	for _, u := range c.uses {
		if u.secret.form == literal && len(u.secret.text) >= 4 && u.secret.at < len(c.text) && strings.HasPrefix(c.text[u.secret.at:], u.secret.text) {
			text = strings.ReplaceAll(text, u.secret.text, token.Mask(u.secret.text))
		}
	}
	mask := func(r *regexp.Regexp, text string) string {
		return r.ReplaceAllStringFunc(text, func(s string) string {
			m := r.FindStringSubmatch(s)
			if isReference(m[2]) || strings.Contains(m[2], "…") {
				return s
			}
			return m[1] + token.Mask(m[2]) + strings.Join(m[3:], "")
		})
	}
	return mask(anySecret, mask(anyLogin, text))
}
