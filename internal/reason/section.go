package reason

import "slices"

// Section is the reasons that are met at the same point of a request's way: a part of the documentation.
type Section struct {
	ID, Title, Intro string
	Families         []string
	Reasons          []Reason // in the order of the table
}

// sections stand in the order of a request's way. Every family stands in one.
var sections = fillSections([]Section{
	{ID: "request", Title: "The request cannot be read", Intro: "It was refused before anybody looked at the credential.",
		Families: []string{"header", "request", "tls"}},
	{ID: "credential", Title: "The credential is not accepted", Intro: "Wrong kind, wrong user, or not known here.",
		Families: []string{"credential", "app_password", "account"}},
	{ID: "signin", Title: "A person cannot come in", Intro: "The set-up of a server, signing in, and invitations.",
		Families: []string{"setup_link", "login", "oidc", "invitation"}},
	{ID: "secret", Title: "The token is damaged or over", Intro: "Something happened to it on its way, or its time has ended.",
		Families: []string{"token"}},
	{ID: "oauth", Title: "OAuth gives no access", Intro: "What an application asks people for, what it buys tokens with, and the tokens that it bought.",
		Families: []string{"oauth"}},
	{ID: "permission", Title: "The caller may not do this", Intro: "The credential is good, but does not reach so far.",
		Families: []string{"scope", "privilege", "csrf", "rate"}},
	{ID: "resource", Title: "It is not there, or in no state for this", Intro: "What the request speaks of is missing, not for this caller to see, or in another state.",
		Families: []string{"resource", "workspace", "project", "repository", "user", "group", "revision", "conflict", "branch", "pullrequest", "issue", "wiki"}},
	{ID: "webhook", Title: "A webhook is not called, or not answered", Intro: "What deliveries of webhooks fail for; the first is answered to whoever makes one, too.",
		Families: []string{"webhook"}},
	{ID: "pipelines", Title: "A pipeline cannot run, or a step ends too early", Intro: "What stands in the way of the first step, and what ends one that is not its script.",
		Families: []string{"pipelines", "pipeline", "step"}},
	{ID: "path", Title: "The path names no operation", Intro: "The address or the method is not one that the API has.",
		Families: []string{"path", "method", "operation"}},
	{ID: "input", Title: "The input cannot be used", Intro: "Something in the body, the query or a header asks for what cannot be done.",
		Families: []string{"body", "value", "query", "page", "fields", "range", "media_type"}},
	{ID: "server", Title: "The server cannot", Intro: "Whatever the request says.",
		Families: []string{"server"}},
	{ID: "outside", Title: "It never got here, or it is no matter of the token", Intro: "No server answers with these. The doctor finds them in what was typed, configured or seen.",
		Families: []string{"host", "network", "service", "url", "client", "clock", "ssh", "policy", "git"}},
})

func fillSections(all []Section) []Section {
	for i := range all {
		for _, r := range table {
			if slices.Contains(all[i].Families, r.Code.Family()) {
				all[i].Reasons = append(all[i].Reasons, r)
			}
		}
	}
	return all
}

// Sections returns the parts of the documentation with their reasons. They are shared and must not be changed.
func Sections() []Section { return slices.Clone(sections) }

// SectionOf returns the section that a code stands in; the zero Section for a code that does not exist.
func SectionOf(c Code) Section {
	i := slices.IndexFunc(sections, func(s Section) bool { return slices.Contains(s.Families, c.Family()) })
	if i < 0 {
		return Section{}
	}
	return sections[i]
}
