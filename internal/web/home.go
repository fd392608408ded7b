package web

import "github.com/pailforge/pail/internal/web/page"

// home is the front page: what this server is, and how to send a token to it.
func home(r *page.Request) (page.Answer, error) {
	urls := r.Site.URLs
	a, err := r.Render(templates, page.View{Template: "home", Title: "A Git forge", Narrow: true, Content: struct{ Base, API, Clone string }{
		Base: urls.Base, API: urls.API().Href, Clone: clone(urls.Base, urls.Host(), "x-bitbucket-api-token-auth")}})
	if r.Self == nil {
		a.Cache = page.Revalidate
	}
	return a, err
}

// clone is the address that git takes for a repository, with a user but without a secret: git asks for it, and keeps
// it out of the list of processes and of .git/config.
func clone(base, host, user string) string {
	return base[:len(base)-len(host)] + user + "@" + host + "/WORKSPACE/REPOSITORY.git"
}
