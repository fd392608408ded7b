package reason

import (
	"fmt"
	"strings"
)

// Markdown writes the whole table as a document, for people without a server at hand. base is the external base URL
// that the commands are shown with. The pages of a server show the same text.
func Markdown(base string) string {
	var b strings.Builder
	b.WriteString(`# Errors

Every refusal of a Pail server has a code: in ` + "`error.data.reason`" + ` of the answer, in the header ` + "`X-Pail-Reason`" + `, in what
git prints after ` + "`remote: Reason:`" + `, in the activity of a token, and in what the doctor finds. Each code has a page on the
server, at ` + "`/docs/errors/{code}`" + `, with the text that stands here.

In the commands ` + "`$EMAIL`" + ` is the e-mail of your account, ` + "`$USERNAME`" + ` its user name and ` + "`$TOKEN`" + ` an API token; export them, so
that git sees them. ` + "`$ACCESS_TOKEN`" + ` is an access token of a repository, project or workspace, or one of OAuth. ` + "`$KEY`" + ` and
` + "`$SECRET`" + ` are an OAuth consumer's, ` + "`$CODE`" + ` and ` + "`$REFRESH_TOKEN`" + ` what it was given. WORKSPACE, PROJECT and REPOSITORY are
names of yours. A command marked as *brings it about* shows the refusal with a token or a consumer that is good.
`)
	for _, s := range sections {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", s.Title, s.Intro)
		for i := range s.Reasons {
			s.Reasons[i].markdown(&b, base)
		}
	}
	return b.String()
}

func (r *Reason) markdown(b *strings.Builder, base string) {
	fmt.Fprintf(b, "\n### %s\n\n`%s`", r.Title, r.Code)
	if !r.Local() {
		fmt.Fprintf(b, " · %d · %q", r.Status, r.Message)
	}
	fmt.Fprintf(b, "\n\n%s\n", r.Why)
	commands(b, "See it", r.Show, base)
	b.WriteString("\nMend it:\n\n")
	for i, step := range r.Steps(base) {
		fmt.Fprintf(b, "%d. %s\n", i+1, step)
	}
	commands(b, "So that it goes right", r.Mend, base)
	near := make([]string, len(r.See))
	for i, c := range r.See {
		near[i] = "`" + string(c) + "`"
	}
	fmt.Fprintf(b, "\nEasily taken for it: %s.\n", strings.Join(near, ", "))
}

func commands(b *strings.Builder, title string, list []Command, base string) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s:\n\n```sh\n", title)
	for i, c := range list {
		if i > 0 {
			b.WriteString("\n")
		}
		says := strings.ReplaceAll(c.Says, "`", "")
		if c.Provokes {
			says = "Brings it about. " + says
		}
		fmt.Fprintf(b, "# %s\n%s\n", says, c.Line(base))
	}
	b.WriteString("```\n")
}
