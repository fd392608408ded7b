package catalog

import (
	"strings"
	"sync"
)

// DataCenterHit says which Cloud operation stands for a path of Bitbucket Data
// Center.
type DataCenterHit struct {
	// From is the Data Center route that was recognized, such as
	// "/rest/api/1.0/projects/{project_key}/permissions/groups".
	From string
	// Operation is the Cloud operation, with the method that was asked for
	// where it exists. It is nil where Cloud has none.
	Operation *Operation
	// Path is the Cloud path after the host, with what the asked path told
	// filled in and the rest left in braces, such as
	// "/2.0/workspaces/{workspace}/projects/FTO/permissions-config/groups".
	// It is empty where Cloud has nothing of the kind.
	Path string
	// Note is one or more sentences for a person to read.
	Note string
}

// maxDataCenterPath is the longest path that DataCenter looks at, in bytes.
const maxDataCenterPath = 2048

// DataCenter recognizes a path of Bitbucket Data Center (or Server) and says
// what it is in Cloud. The path is the whole escaped path of the request,
// without a query. It knows the APIs below /rest, also behind a context path
// such as /bitbucket, the git URLs below /scm, and pieces of such paths used
// below /2.0, such as /2.0/projects/FTO/repos/widgets.
//
// A path that Cloud documents, whatever the method, is never a hit.
func DataCenter(method, path string) (DataCenterHit, bool) {
	if len(path) > maxDataCenterPath || !strings.HasPrefix(path, "/") || !validPath(path) {
		return DataCenterHit{}, false
	}
	path = strings.TrimSuffix(path, "/")
	below, cloud := strings.CutPrefix(path, "/2.0/")
	if cloud {
		if _, outcome := Find(method, "/"+below); outcome != Unknown {
			return DataCenterHit{}, false
		}
		path = "/" + below
	}
	if rest, ok := after(path, "/rest/"); ok {
		return restPath(method, "/"+rest)
	}
	if rest, ok := after(path, "/scm/"); ok && !cloud {
		return gitURL(rest, strings.HasPrefix(path, "/scm/"))
	}
	if cloud {
		return dcTables().fragments.match(method, path)
	}
	return DataCenterHit{}, false
}

// after cuts a prefix off, or a context path of one segment and the prefix.
func after(path, prefix string) (string, bool) {
	if rest, ok := strings.CutPrefix(path, prefix); ok {
		return rest, true
	}
	if path == "" {
		return "", false
	}
	if i := strings.IndexByte(path[1:], '/'); i >= 0 {
		return strings.CutPrefix(path[1+i:], prefix)
	}
	return "", false
}

func restPath(method, path string) (DataCenterHit, bool) {
	if hit, ok := dcTables().plugins.match(method, path); ok {
		return hit, true
	}
	api, ok := strings.CutPrefix(path, "/api/")
	if !ok {
		return DataCenterHit{}, false
	}
	version, rest, _ := strings.Cut(api, "/")
	if version != "1.0" && version != "2.0" && version != "latest" {
		return DataCenterHit{}, false // Jira has /rest/api/2 and /rest/api/3
	}
	if hit, ok := dcTables().core.match(method, "/"+rest); ok {
		return hit, true
	}
	if m, outcome := Find(method, "/"+rest); outcome != Unknown {
		return DataCenterHit{
			From:      "/rest/api/" + version,
			Operation: m.leaf.operation(method),
			Path:      "/2.0/" + rest,
			Note:      "The path is Cloud's, behind the prefix of Data Center. In Cloud it starts with /2.0.",
		}, true
	}
	if version != "1.0" {
		return DataCenterHit{}, false
	}
	return DataCenterHit{
		From: "/rest/api/1.0",
		Note: "This is the API of Bitbucket Data Center. Cloud's API is below /2.0 and names things by workspace.",
	}, true
}

// gitURL recognizes what follows /scm/: {project_key}/{repo_slug}.git, and what
// git adds to it. Behind a context path only what git adds tells it from a file
// in a repository that is called scm.
func gitURL(path string, top bool) (DataCenterHit, bool) {
	project, rest, _ := strings.Cut(path, "/")
	slug, tail, _ := strings.Cut(rest, "/")
	name, dotGit := strings.CutSuffix(slug, ".git")
	service := tail == "info/refs" || tail == "git-upload-pack" || tail == "git-receive-pack"
	if project == "" || name == "" || !service && !(dotGit && top) {
		return DataCenterHit{}, false
	}
	to := "/{workspace}/" + name + ".git"
	if tail != "" {
		to += "/" + tail
	}
	return DataCenterHit{
		From: "/scm/{project_key}/{repo_slug}.git",
		Path: to,
		Note: "Cloud's clone URLs have no /scm and name the workspace, not the project. Fill in {workspace}.",
	}, true
}

// dcTable is a list of routes, the first of which that fits is taken.
type dcTable []dcEntry

type dcEntry struct {
	dcRoute
	segments []string
	shown    string // what From says
}

// routes are all tables: core is for paths after /rest/api/{version}, plugins for those after /rest, fragments for those
// after /2.0.
type routes struct{ core, plugins, fragments dcTable }

// dcTables are made when the first path is Data Center's.
var dcTables = sync.OnceValue(func() routes {
	var core, plugins, fragments dcTable
	const (
		rest       = "/rest/api/1.0"
		project    = "/projects/{project_key}"
		repository = project + "/repos/{repo_slug}"
		inCloud    = "/repositories/{workspace}/{repo_slug}"
		workspace  = "/workspaces/{workspace}"
	)
	// below adds each route under one place to the table: at is where a path
	// starts, dc where Data Center has it, to where Cloud has it.
	below := func(t *dcTable, routes []dcRoute, at, dc, to string) {
		for _, r := range routes {
			e := dcEntry{dcRoute: r, shown: dc + strings.ReplaceAll(r.from, "...", "")}
			e.from = at + r.from
			e.to = to + r.to
			e.segments = strings.Split(e.from, "/")[1:]
			*t = append(*t, e)
		}
	}
	server := func(t *dcTable, routes []dcRoute) { below(t, routes, "", rest, "") }
	below(&core, dcRepository, repository, rest+repository, inCloud)
	below(&core, dcRepository, "/users/{selected_user}/repos/{repo_slug}", rest+"/users/{selected_user}/repos/{repo_slug}", inCloud)
	below(&core, dcProject, project, rest+project, workspace+project)
	server(&core, dcServer)

	for _, r := range dcPlugins {
		e := dcEntry{dcRoute: r, shown: "/rest" + strings.NewReplacer("{version}", "1.0", "...", "").Replace(r.from)}
		e.segments = strings.Split(e.from, "/")[1:]
		plugins = append(plugins, e)
	}

	below(&fragments, dcRepository, repository, rest+repository, inCloud)
	below(&fragments, dcRepository, workspace+repository, rest+repository, inCloud)
	below(&fragments, dcRepository, inCloud, rest+repository, inCloud)
	below(&fragments, dcProject, project, rest+project, workspace+project)
	below(&fragments, dcProject, workspace+project, rest+project, workspace+project)
	for _, r := range dcServer {
		switch first := strings.Split(r.from, "/")[1]; first {
		case "projects":
			below(&fragments, []dcRoute{r}, "", rest, "")
			below(&fragments, []dcRoute{r}, workspace, rest, "")
		case "inbox", "dashboard", "profile", "application-properties", "admin":
			below(&fragments, []dcRoute{r}, "", rest, "")
		}
	}
	return routes{core, plugins, fragments}
})

// match finds the first route for the path whose method fits or, when none
// does, the first for the path.
func (t dcTable) match(method, path string) (DataCenterHit, bool) {
	segments := strings.Split(path, "/")[1:]
	var other *dcEntry
	for i := range t {
		e := &t[i]
		if !e.fits(segments) {
			continue
		}
		if e.method == "" || e.method == method {
			return e.hit(method, segments), true
		}
		if other == nil {
			other = e
		}
	}
	if other == nil {
		return DataCenterHit{}, false
	}
	return other.hit(method, segments), true
}

func (e *dcEntry) fits(segments []string) bool {
	for i, want := range e.segments {
		if strings.HasSuffix(want, "...}") {
			return i < len(segments) && segments[i] != ""
		}
		if i >= len(segments) {
			return false
		}
		if strings.HasPrefix(want, "{") {
			if segments[i] == "" {
				return false
			}
		} else if segments[i] != want {
			return false
		}
	}
	return len(segments) == len(e.segments)
}

func (e *dcEntry) hit(method string, segments []string) DataCenterHit {
	hit := DataCenterHit{From: e.shown, Note: e.note}
	if e.to == "" {
		return hit
	}
	hit.Path = "/2.0"
	var missing []string
	for part := range strings.SplitSeq(e.to[1:], "/") {
		if value, ok := e.value(part, segments); ok {
			part = value
		} else if strings.HasPrefix(part, "{") {
			missing = append(missing, part)
		}
		hit.Path += "/" + part
	}
	hit.Operation = operationAt(method, e.to)
	if hit.Note == "" {
		hit.Note = "This is a path of Bitbucket Data Center. Cloud has another one for it."
	}
	if len(missing) > 0 {
		hit.Note += " Fill in " + strings.Join(missing, " and ") + "."
	}
	return hit
}

// value returns what the asked path has for a parameter of the Cloud template.
func (e *dcEntry) value(part string, segments []string) (string, bool) {
	if !strings.HasPrefix(part, "{") {
		return "", false
	}
	greedy := part[:len(part)-1] + "...}"
	for i, name := range e.segments {
		if name == part {
			return segments[i], true
		}
		if name == greedy {
			return strings.Join(segments[i:], "/"), true
		}
	}
	return "", false
}

// operationAt returns the operation of a template for a method.
func operationAt(method, template string) *Operation {
	for _, l := range leaves {
		if l.template == template {
			return l.operation(method)
		}
	}
	return nil
}
