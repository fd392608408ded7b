package web

import "net/http"

// home is the front page: what this server is, and how to send a token to it.
func (p *Pages) home(http.ResponseWriter, *http.Request) (answer, error) {
	a, err := p.render(view{Page: "home", Title: "A Git forge", Content: struct{ Base, API, Clone string }{
		Base:  p.URLs.Base,
		API:   p.URLs.API().Href,
		Clone: p.clone("x-bitbucket-api-token-auth"),
	}})
	a.cache = revalidate
	return a, err
}

// clone is the address that git takes for a repository, with a user but without a secret: git asks for it, and keeps
// it out of the list of processes and of .git/config.
func (p *Pages) clone(user string) string {
	scheme := p.URLs.Base[:len(p.URLs.Base)-len(p.URLs.Host())]
	return scheme + user + "@" + p.URLs.Host() + "/WORKSPACE/REPOSITORY.git"
}
