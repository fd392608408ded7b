package webtest

import (
	"regexp"
	"strings"
)

// parameter is a parameter in the pattern of a path.
var parameter = regexp.MustCompile(`\{([a-z_]+)(\.\.\.)?\}`)

// notPages are paths that serve no page, by the pattern of their path.
var notPages = map[string]string{
	"/style.css":                        "an asset",
	"/script.js":                        "an asset",
	"/account/{username}/avatar":        "a picture",
	"/workspaces/{workspace}/avatar":    "a picture",
	"/2.0/swagger.json":                 "for programs",
	"/site/oauth2/access_token":         "for programs",
	"/.well-known/openid-configuration": "for programs",
	"/setup":                            "there only before the first account; the flow of the set-up sees it",
}

// values stand for parameters, by the pattern of a path where a name means something else there, or for all.
func (s *Scene) values() map[string]string {
	return map[string]string{
		"workspace":               "acme",
		"project_key":             "FTO",
		"repo_slug":               "widgets",
		"code":                    "scope.missing",
		"username":                s.Admin.Username,
		"group_slug":              s.Group.Slug,
		"/account/tokens/{id} id": s.Token.ID,
	}
}

// Page is a page to look at.
type Page struct{ Pattern, Path string }

// Pages are all pages of the site, each once. It fails for a parameter that it has no value for: whoever adds a page
// says here what to show there.
func (s *Scene) Pages() (all []Page) {
	s.T.Helper()
	values := s.values()
	for _, pattern := range s.Site.Patterns() {
		path, ok := strings.CutPrefix(pattern, "GET ")
		if !ok || notPages[path] != "" {
			continue
		}
		filled := parameter.ReplaceAllStringFunc(path, func(p string) string {
			name := parameter.FindStringSubmatch(p)[1]
			if v, ok := values[path+" "+name]; ok {
				return v
			}
			v, ok := values[name]
			if !ok {
				s.T.Errorf("webtest: no page is known for {%s} of %s", name, path)
			}
			return v
		})
		all = append(all, Page{pattern, strings.ReplaceAll(filled, "{$}", "")})
	}
	return all
}
