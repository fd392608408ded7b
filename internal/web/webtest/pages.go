package webtest

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/wiki"
)

// parameter is a parameter in the pattern of a path.
var parameter = regexp.MustCompile(`\{([a-z_]+)(\.\.\.)?\}`)

// notPages are paths that serve no page, by the pattern of their path.
var notPages = map[string]string{
	"/style.css":                     "an asset",
	"/script.js":                     "an asset",
	"/assets/live.js":                "an asset",
	"/account/{username}/avatar":     "a picture",
	"/workspaces/{workspace}/avatar": "a picture",
	"/{workspace}/workspace/projects/{project_key}/avatar": "a picture",
	"/2.0/swagger.json":                                                                     "for programs",
	"/site/oauth2/access_token":                                                             "for programs",
	"/{workspace}/{repo_slug}/raw/{rev}/{path...}":                                          "files",
	"/{workspace}/{repo_slug}/downloads/{filename}":                                         "files",
	"/{workspace}/{repo_slug}/pull-requests/{id}/events":                                    "for the script",
	"/{workspace}/{repo_slug}/issues/{id}/attachments/{filename}":                           "files",
	"/{workspace}/{repo_slug}/wiki/raw/{rev}/{page...}":                                     "files",
	"/snippets/{workspace}/{encoded_id}/raw/{revision}/{path...}":                           "files",
	"/snippets/{workspace}/{encoded_id}/patch/{revision}":                                   "a text",
	"/{workspace}/{repo_slug}/pipelines/results/{number}/events":                            "for the script",
	"/{workspace}/{repo_slug}/pipelines/results/{number}/steps/{step}/logs/{log}":           "a text",
	"/{workspace}/{repo_slug}/pipelines/results/{number}/steps/{step}/artifacts/{artifact}": "files",
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
		"rev":         "main",
		"path":        s.File,
		"spec":        "main..." + s.Branch,
		"secret":      s.Invitation,
		"slug":        s.Operation,
		"number":      "1",
		"comment":     "1",
		"task":        "1",
		"filename":    "grinding.wav",
		"labels":      "components",
		"label":       "1",
		"page":        wiki.Start,
		"encoded_id":  s.Snippet,
		"revision":    "main",
		"step":        s.Step,
		"schedule":    s.Schedule,
		"runner":      s.Runner,
		"environment": "staging",
	}
}

// ids stand for the parameter {id}, by what the pattern begins with.
func (s *Scene) ids() map[string]string {
	return map[string]string{
		"/account/tokens/":                                     s.Token.ID,
		"/{workspace}/settings/consumers/":                     s.Consumer,
		"/{workspace}/settings/webhooks/":                      s.WorkspaceHook,
		"/{workspace}/{repo_slug}/settings/webhooks/":          s.RepositoryHook,
		"/{workspace}/{repo_slug}/settings/branches/":          s.Restriction,
		"/{workspace}/{repo_slug}/settings/deploy-keys/":       s.DeployKey,
		"/{workspace}/{repo_slug}/pull-requests/":              "1",
		"/{workspace}/{repo_slug}/issues/":                     "1",
		"/{workspace}/{repo_slug}/settings/default-reviewers/": s.Admin.ID,
		"/account/app-passwords/":                              s.AppPassword.ID,
		"/{workspace}/settings/access-tokens/":                 s.WorkspaceToken.ID,
		"/{workspace}/projects/{project_key}/access-tokens/":   s.ProjectToken.ID,
		"/{workspace}/{repo_slug}/settings/access-tokens/":     s.RepositoryToken.ID,
	}
}

// Page is a page to look at.
type Page struct{ Pattern, Path string }

// Pages are all pages of the site, each once. It fails for a parameter that it has no value for: whoever adds a page
// says here what to show there.
func (s *Scene) Pages() (all []Page) {
	s.T.Helper()
	for _, page := range s.paths("GET") {
		path := strings.TrimPrefix(page.Pattern, "GET ")
		bare := page.Path
		switch path {
		case "/{workspace}/search":
			page.Path += "?q=main"
		case "/{workspace}/{repo_slug}/pull-requests":
			page.Path += "?state=all"
		case "/site/oauth2/authorize":
			page.Path += "?response_type=code&client_id=" + s.ConsumerKey
		case "/{workspace}/{repo_slug}/pull-requests/{id}/files":
			page.Path += "?path=more.txt"
		}
		all = append(all, page)
		for _, look := range looks[path] {
			all = append(all, Page{page.Pattern + " " + look.name, bare + strings.NewReplacer("{path}", s.File, "{branch}", s.Branch, "{first}", s.WikiFirst, "{revision}", s.WikiRevision).Replace(look.query)})
		}
		if path == "/{workspace}/{repo_slug}/pull-requests/{id}" {
			for i, state := range proposed {
				all = append(all, Page{page.Pattern + " " + state, strings.TrimSuffix(bare, "1") + strconv.Itoa(i+2)})
			}
		}
		if path == "/{workspace}/{repo_slug}/pipelines/results/{number}" {
			for n, state := range map[string]string{"2": "that failed", "3": "that runs", "4": "that was stopped", "5": "that is broken"} {
				all = append(all, Page{page.Pattern + " " + state, strings.TrimSuffix(bare, "1") + n})
			}
		}
		if strings.HasPrefix(path, "/snippets/{workspace}/{encoded_id}") {
			all = append(all, Page{page.Pattern + " without files", strings.Replace(bare, s.Snippet, s.EmptySnippet, 1)})
		}
	}
	return all
}

// Forms are all that forms are sent to in workspaces, of their repositories and their snippets, each once, for what is private.
func (s *Scene) Forms() (all []Page) {
	s.T.Helper()
	for _, form := range s.paths("POST") {
		if strings.HasPrefix(form.Pattern, "POST /{workspace}/") || strings.HasPrefix(form.Pattern, "POST /snippets/{workspace}/") {
			form.Path = strings.Replace(form.Path, s.Snippet, s.EmptySnippet, 1) // the other one is public
			all = append(all, form)
		}
	}
	return all
}

func (s *Scene) paths(method string) (all []Page) {
	s.T.Helper()
	values, ids := s.values(), s.ids()
	for _, pattern := range s.Site.Patterns() {
		path, ok := strings.CutPrefix(pattern, method+" ")
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
		all = append(all, Page{pattern, strings.ReplaceAll(filled, "{$}", "")})
	}
	return all
}

// looks are other ways to show a page, by its path.
var looks = map[string][]struct{ name, query string }{
	"/{workspace}/{repo_slug}/commit/{hash}":                           {{"side by side", "?view=split"}},
	"/{workspace}/{repo_slug}/commits/{ref...}":                        {{"of a directory", "?path=src"}, {"of a file", "?path={path}"}},
	"/{workspace}/{repo_slug}/compare/{spec...}":                       {{"side by side", "?view=split"}},
	"/{workspace}/{repo_slug}/issues":                                  {{"of any kind", "?state=any&kind=bug&assignee=nobody-here"}, {"in any state", "?state=any&sort=priority"}, {"without any", "?q=nothing+has+this+title"}},
	"/{workspace}/{repo_slug}/wiki/diff/{page...}":                     {{"side by side", "?view=split"}, {"of a renamed page", "?from={first}&to={revision}"}},
	"/{workspace}/{repo_slug}/wiki/page/{page...}":                     {{"in an old revision", "?at={revision}"}},
	"/{workspace}/{repo_slug}/pull-requests":                           {{"without any", "?q=nothing+has+this+title"}},
	"/{workspace}/{repo_slug}/pipelines":                               {{"of a branch", "?branch=nothing&state=failed"}},
	"/{workspace}/{repo_slug}/pipelines/new":                           {{"with variables", "?branch=to-build&pipeline=custom%3Anightly"}, {"of a branch", "?branch=to-build"}},
	"/{workspace}/{repo_slug}/pipelines/results/{number}/steps/{step}": {{"with what was found", "?q=ok"}, {"without anything found", "?q=nothing+has+this"}},
	"/{workspace}/{repo_slug}/pull-requests/new":                       {{"that is there", "?from={branch}&to=main"}, {"of branches", "?from=draft&to=declined"}},
	"/{workspace}/{repo_slug}/pull-requests/{id}":                      {{"side by side", "?view=split"}},
	"/{workspace}/{repo_slug}/pull-requests/{id}/files":                {{"side by side", "?path=more.txt&view=split"}},
	"/snippets":                          {{"without any", "?q=nothing+has+this+title"}},
	"/snippets/{workspace}/{encoded_id}": {{"one file as its source", "?path=README.md&view=source"}},
	"/snippets/{workspace}/{encoded_id}/diff/{revision}": {{"side by side", "?view=split"}},
}
