package doctor

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/token"
)

// maxTold is the most of a secret that may be shown in a row.
const maxTold = 12

// secrets are all texts of the case that may hold one.
func (f *facts) secrets() []string {
	var list []string
	for i := range f.sent {
		s := &f.sent[i]
		if p := s.shape.Problem; !s.secret.Open && p != token.NotExpanded && p != token.Empty {
			list = append(list, s.secret.Text)
		}
		if tokenShaped(s.user) {
			list = append(list, s.user.Text)
		}
	}
	for i := range f.Header {
		// Of a header only what is no e-mail counts, or the e-mail could not be named.
		for part := range strings.FieldsSeq(f.Header[i].Value.Text) {
			if user, secret, ok := strings.Cut(part, ":"); ok && isEmail(user) {
				part = secret
			}
			list = append(list, part)
		}
	}
	if at := strings.LastIndexByte(f.URL.Text, '@'); at >= 0 {
		if begin := strings.Index(f.URL.Text[:at], "://"); begin >= 0 {
			login := f.URL.Text[begin+3 : at]
			if _, secret, ok := strings.Cut(login, ":"); ok {
				list = append(list, secret)
			}
		}
	}
	for part := range strings.SplitSeq(f.url.query, "&") {
		_, value, _ := strings.Cut(part, "=")
		list = append(list, value)
	}
	return append(list, shaped.FindAllString(f.URL.Text+"\n"+f.output(), -1)...)
}

// shaped is what has the form of a token, wherever it stands.
var shaped = regexp.MustCompile(`(?i)(ATAT|ATCT|ATBB|PAIL[A-Z]1|BBDC-|gh[pousr]_|github_pat_|glpat-)[A-Za-z0-9_=-]{12,}|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_.-]+`)

// hide is the last guard: no text of the report repeats more of a secret than may be told, whatever a rule wrote.
func (r *Report) hide(secrets []string) {
	runs := runsOf(secrets)
	r.Summary = hidden(r.Summary, runs)
	for i := range r.Findings {
		x := &r.Findings[i]
		for _, text := range []*string{&x.Because, &x.Title, &x.Evidence, &x.Place, &x.Fix.Text, &x.Fix.Command} {
			*text = hidden(*text, runs)
		}
	}
}

// runsOf is every run of a secret that is one character longer than may be told.
func runsOf(secrets []string) map[string]bool {
	runs := map[string]bool{}
	for _, secret := range secrets {
		for i := 0; i+maxTold < len(secret) && len(runs) < maxResponse; i++ {
			runs[secret[i:i+maxTold+1]] = true
		}
	}
	return runs
}

// hidden is a text without the runs of a secret, and without characters that would steer a terminal.
func hidden(text string, runs map[string]bool) string {
	text = shaped.ReplaceAllStringFunc(text, func(s string) string { return token.Mask(s) })
	var b strings.Builder
	for i := 0; i < len(text); {
		if i+maxTold < len(text) && runs[text[i:i+maxTold+1]] {
			i += maxTold + 1
			for i < len(text) && runs[text[i-maxTold:i+1]] {
				i++
			}
			b.WriteString("…")
			continue
		}
		b.WriteByte(text[i])
		i++
	}
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || r < ' ' && r != '\n' || r >= 0x7F && r < 0xA0 {
			return '.'
		}
		return r
	}, b.String())
}
