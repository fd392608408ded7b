package webtest

import (
	"regexp"
	"strings"
)

// parameter is a parameter in the pattern of a path.
var parameter = regexp.MustCompile(`\{([a-z_]+)(\.\.\.)?\}`)

// notPages are paths that serve no page, by the pattern of their path.
var notPages = map[string]string{
	"/style.css":                     "an asset",
	"/script.js":                     "an asset",
	"/account/{username}/avatar":     "a picture",
	"/workspaces/{workspace}/avatar": "a picture",
	"/{workspace}/workspace/projects/{project_key}/avatar": "a picture",
	"/2.0/swagger.json":                             "for programs",
	"/site/oauth2/access_token":                     "for programs",
	"/{workspace}/{repo_slug}/raw/{hash}/{path...}": "files",
	"/setup": "there only before the first account; the flow of the set-up sees it",
}

// values stand for parameters, by name.
func (s *Scene) values() map[string]string {
	return map[string]string{
		"workspace":   "acme",
		"project_key": "FTO",
		"repo_slug":   "widgets",
		"code":        "scope.missing",
		"username":    s.Admin.Username,
		"group_slug":  s.Group.Slug,
		"hash":        s.Commit,
		"ref":         "main",
		"secret":      s.Invitation,
		"slug":        s.Operation,
	}
}

// ids stand for the parameter {id}, by what the pattern begins with.
func (s *Scene) ids() map[string]string {
	return map[string]string{
		"/account/tokens/":                                   s.Token.ID,
		"/{workspace}/settings/consumers/":                   s.Consumer,
		"/account/app-passwords/":                            s.AppPassword.ID,
		"/{workspace}/settings/access-tokens/":               s.WorkspaceToken.ID,
		"/{workspace}/projects/{project_key}/access-tokens/": s.ProjectToken.ID,
		"/{workspace}/{repo_slug}/settings/access-tokens/":   s.RepositoryToken.ID,
	}
}

// Page is a page to look at.
type Page struct{ Pattern, Path string }

// Pages are all pages of the site, each once. It fails for a parameter that it has no value for: whoever adds a page
// says here what to show there.
func (s *Scene) Pages() (all []Page) {
	s.T.Helper()
	values, ids := s.values(), s.ids()
	for _, pattern := range s.Site.Patterns() {
		path, ok := strings.CutPrefix(pattern, "GET ")
		if !ok || notPages[path] != "" {
			continue
		}
		filled := parameter.ReplaceAllStringFunc(path, func(p string) string {
			name := parameter.FindStringSubmatch(p)[1]
			v, ok := values[name]
			for begin, id := range ids {
				if name == "id" && strings.HasPrefix(path, begin) {
					v, ok = id, true
				}
			}
			if !ok {
				s.T.Errorf("webtest: no page is known for {%s} of %s", name, path)
			}
			return v
		})
		if path == "/site/oauth2/authorize" {
			filled += "?response_type=code&client_id=" + s.ConsumerKey
		}
		all = append(all, Page{pattern, strings.ReplaceAll(filled, "{$}", "")})
	}
	return all
}
