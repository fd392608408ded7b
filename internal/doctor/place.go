package doctor

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/reason"
)

// Where the request goes: the host, and the path there.

const fromAddress = "It follows from the address alone."

// wrongHost judges whose host it is.
func wrongHost(f *facts) []Finding {
	one := func(code reason.Code, c Certainty, because, evidence string) []Finding {
		return []Finding{f.find(code, c, because, evidence).at(f.URL.Place)}
	}
	rest := f.surface == SurfaceREST
	switch f.class {
	case cloudSite:
		switch {
		case f.oauth || strings.HasPrefix(f.url.path, "/site/"):
		case f.surface == SurfaceGit && f.url.host != "www.bitbucket.org":
		case f.surface != SurfaceGit && isAPIPath(f.url.path) && !strings.HasPrefix(f.url.path, "/rest/"):
			return one(reason.HostWebsite, Certain, "Tokens are refused at bitbucket.org/api and bitbucket.org/!api (CHANGE-3052), and bitbucket.org has no /2.0.", fmt.Sprintf("The host is %s.", f.url.host))
		case rest && f.url.path != "" && !strings.HasPrefix(f.url.path, "/rest/"):
			return one(reason.HostWebsite, Certain, fromAddress, fmt.Sprintf("The host is %s; the API's is api.bitbucket.org.", f.url.host))
		case f.surface == SurfaceWebsite && len(f.sent) > 0 && !strings.HasPrefix(f.url.path, "/rest/"):
			return one(reason.HostWebsite, Likely, "Pages of the website take no token.", fmt.Sprintf("The address is a page of %s.", f.url.host))
		case f.surface == SurfaceGit && f.url.host == "www.bitbucket.org":
			return one(reason.HostWebsite, Likely, "git's host is bitbucket.org; www. only redirects, and git does not send a credential after every redirect.", "The host is www.bitbucket.org.")
		}
	case misspelt:
		return one(reason.HostMalformed, Likely, "It differs from api.bitbucket.org or bitbucket.org by a letter or two, or by its ending.", fmt.Sprintf("The host is %q.", f.url.host))
	case atlassian:
		switch {
		case strings.HasPrefix(f.url.path, "/2.0"):
			return one(reason.HostOtherProduct, Certain, fromAddress, fmt.Sprintf("%s is not a host of Bitbucket.", f.url.host))
		case f.Client != "" && f.Client != "curl":
			return one(reason.HostOtherProduct, Likely, "The tool has the address as that of Bitbucket.", fmt.Sprintf("%s is not a host of Bitbucket.", f.url.host))
		}
	case cloudSSH:
		if rest || f.url.scheme == "https" {
			return one(reason.HostMalformed, Certain, fromAddress, fmt.Sprintf("%s speaks SSH only.", f.url.host))
		}
	}
	return nil
}

// plainHTTP finds a credential on its way without encryption to the Cloud.
func plainHTTP(f *facts) []Finding {
	switch {
	case f.class != cloudAPI && f.class != cloudSite:
		return nil
	case f.url.scheme == "http":
		return []Finding{f.find(reason.HostScheme, Certain, fromAddress, "The address begins with http://.").at(f.URL.Place)}
	case f.url.scheme == "" && f.Client == "curl" && f.url.fault == "":
		return []Finding{f.find(reason.HostScheme, Certain, "curl takes http:// where the address has no scheme.", "The address has no https:// in front.").at(f.URL.Place)}
	}
	return nil
}

// gitAddress judges the form of an address that git gets.
func gitAddress(f *facts) []Finding {
	if f.surface != SurfaceGit || f.service != cloud || f.url.fault != "" || f.url.host == "" {
		return nil
	}
	one := func(evidence string) []Finding {
		return []Finding{f.find(reason.URLShape, Certain, fromAddress, evidence).at(f.URL.Place)}
	}
	path := strings.Trim(f.url.path, "/")
	parts := strings.Split(path, "/")
	switch {
	case f.class == cloudAPI:
		return one("api.bitbucket.org is the REST API; git's host is bitbucket.org.")
	case f.url.scheme == "ssh" && f.url.port != "" && !decimal(f.url.port):
		return one("After ssh:// the path follows the host with a slash, not with a colon.")
	case isAPIPath(f.url.path) && !strings.HasPrefix(path, "rest/"):
		return one("The address is one of the REST API.")
	case strings.HasPrefix(path, "rest/") || strings.HasPrefix(path, "scm/") || strings.HasPrefix(path, "projects/"):
		return nil // Data Center's, or the API's: told by path
	case path == "":
		return one("The address has no workspace and no repository.")
	case len(parts) == 1:
		return one("The address has one part after the host; it takes a workspace and a repository.")
	case len(parts) > 2 && !isGitPath(f.url.path) && !strings.HasPrefix(parts[len(parts)-1], "info"):
		return one(fmt.Sprintf("After workspace and repository comes /%s: this is a page of the website.", clip(parts[2])))
	}
	return nil
}

func clip(text string) string {
	if len(text) > 24 {
		return text[:24] + "…"
	}
	return text
}

// dataCenter finds a path of the other product. Elsewhere such a path may be right.
func dataCenter(f *facts) []Finding {
	if f.service != cloud && f.service != pail || f.path == "" {
		return nil
	}
	hit, ok := catalog.DataCenter(f.method, f.path)
	if !ok {
		if parts := strings.Split(strings.Trim(f.path, "/"), "/"); f.surface == SurfaceGit && len(parts) >= 4 && parts[0] == "projects" && parts[2] == "repos" {
			return []Finding{f.find(reason.PathDataCenter, Certain, fromAddress, "/projects/KEY/repos/NAME is a page of Bitbucket Data Center.").at(f.URL.Place)}
		}
		return nil
	}
	evidence := fmt.Sprintf("The path %s is Data Center's %s.", f.shownPath(), hit.From)
	if hit.Path != "" {
		evidence += " In the Cloud it is " + hit.Path + "."
	}
	if hit.Operation != nil && len(hit.Operation.Scopes) > 0 {
		evidence += " An API token needs " + hit.Operation.Scopes.String() + " for it."
	}
	x := f.find(reason.PathDataCenter, Certain, hit.Note, evidence).at(f.URL.Place)
	if f.Client != "" && f.Client != "curl" && f.Client != "git" {
		y := f.find(reason.HostDataCenter, Certain, "A tool that asks for such a path is set to Data Center.", fmt.Sprintf("%s asks for a path of Data Center.", f.Client)).at(f.URL.Place)
		return []Finding{y, x}
	}
	return []Finding{x}
}

var (
	uuidForm    = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)
	bracedUUID  = regexp.MustCompile(`\{[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}\}`)
	otherVerson = regexp.MustCompile(`^/(v2|v2\.0|2|2\.0\.0|V2\.0)(/|$)`)
	badPercent  = regexp.MustCompile(`%($|[^0-9A-Fa-f]|[0-9A-Fa-f]($|[^0-9A-Fa-f]))`)
	twiceCoded  = regexp.MustCompile(`%25(7B|7D|2F|20|40)`)
)

// pathForm judges the form of the path: what is wrong whatever operation it should be.
func pathForm(f *facts) []Finding {
	if f.surface != SurfaceREST || f.path == "" && f.url.path == "" || f.service == elsewhere || f.service == unknownService {
		return nil
	}
	var list []Finding
	add := func(code reason.Code, c Certainty, because, evidence string) {
		list = append(list, f.find(code, c, because, evidence).at(f.URL.Place))
	}
	if f.Globs && bracedUUID.MatchString(f.url.path) {
		add(reason.PathBraces, Certain, "curl takes braces in a URL for a list of alternatives and leaves them out.", "A uuid in the path has its braces as they are.")
	}
	if strings.Contains(f.path, "//") {
		add(reason.PathDoubleSlash, Likely, "The service does not take an empty part for nothing.", fmt.Sprintf("Two slashes stand together at character %d of the path.", strings.Index(f.path, "//")+1))
	}
	if badPercent.MatchString(f.path) && !f.URL.Open && !holeInside.MatchString(f.path) {
		add(reason.PathMalformed, Certain, fromAddress, "A percent sign in the path is not followed by two hexadecimal digits.")
	} else if twiceCoded.MatchString(f.path) {
		add(reason.PathMalformed, Likely, "%25 is the percent sign itself: the path was encoded twice.", "In the path stands %25 before two hexadecimal digits.")
	}
	if strings.ContainsAny(f.URL.Text, " ") && !f.URL.Open && strings.Contains(strings.TrimSpace(f.URL.Text), " ") {
		add(reason.RequestSpaceInTarget, Certain, fromAddress, fmt.Sprintf("A space stands in the address at character %d.", strings.Index(f.URL.Text, " ")+1))
	}
	plain, single := f.path, strings.ReplaceAll(f.path, "//", "/")
	switch {
	case strings.HasPrefix(single, "/1.0/") || strings.HasPrefix(single, "/api/1.0/") || strings.HasPrefix(single, "/!api/1.0/"):
		add(reason.PathVersionGone, Certain, "API 1.0 was switched off.", "The path begins with API version 1.0.")
	case strings.HasPrefix(single, "/2.0/teams"):
		add(reason.PathVersionGone, Certain, "Teams became workspaces, and their operations were removed.", "The path begins with /2.0/teams.")
	case strings.HasPrefix(single, "/2.0"), strings.HasPrefix(single, "/pail/v1/"), strings.HasPrefix(single, "/rest/"):
	case (strings.HasPrefix(single, "/api/2.0") || strings.HasPrefix(single, "/!api/2.0")) && f.class == cloudSite:
		// the host is at fault, and the way to mend it has the right path
	case strings.HasPrefix(single, "/api/2.0"):
		add(reason.PathUnknown, Certain, fromAddress, "The path begins with /api/2.0; the API's begins with /2.0.")
	case otherVerson.MatchString(single):
		add(reason.PathVersionMissing, Likely, "The version is written 2.0.", "The path begins with another form of the version than /2.0.")
	default:
		if _, outcome := catalog.Find(f.method, plain); outcome != catalog.Unknown && f.class != cloudSite {
			add(reason.PathVersionMissing, Certain, "With /2.0 in front the path is one of the API.", fmt.Sprintf("The path %s lacks /2.0.", f.shownPath()))
		}
	}
	return append(list, f.names()...)
}

// names judges the values in the path.
func (f *facts) names() []Finding {
	var list []Finding
	add := func(code reason.Code, c Certainty, because, evidence string) {
		list = append(list, f.find(code, c, because, evidence).at(f.URL.Place))
	}
	below, ok := strings.CutPrefix(f.mendedPath(), "/2.0")
	if !ok {
		return nil
	}
	m, outcome := catalog.Find(f.method, below)
	if outcome != catalog.Found {
		return nil
	}
	for name, value := range m.Params() {
		if hole(value) != "" {
			continue
		}
		switch name {
		case "workspace", "repo_slug", "selected_user", "username":
		default:
			continue
		}
		switch {
		case name == "workspace" && strings.HasPrefix(value, "~"):
			add(reason.PathPersonalWorkspace, Certain, "No slug begins with a tilde.", "The workspace is written with a tilde, as Data Center names a person's own project.")
		case uuidForm.MatchString(value):
			add(reason.PathBraces, Likely, "A uuid goes in braces; without them it is taken for a slug.", fmt.Sprintf("The uuid in the place of {%s} has no braces: perhaps the shell or curl has eaten them.", name))
		case strings.ContainsAny(value, " +&'\",()") && !strings.HasPrefix(value, "{"):
			add(reason.PathName, Likely, "No slug has such a character.", fmt.Sprintf("What stands in the place of {%s} looks like a display name.", name))
		}
	}
	return list
}

// noOperation judges whether the path is an operation, and one that is still there.
func noOperation(f *facts) []Finding {
	if f.surface != SurfaceREST || f.path == "" || f.service != cloud && f.service != pail || f.oauth {
		return nil
	}
	below, ok := strings.CutPrefix(f.mendedPath(), "/2.0")
	if !ok || below == "" || below == "/" {
		return nil
	}
	m, outcome := catalog.Find(f.method, below)
	switch {
	case outcome == catalog.Found && m.Operation.Removed != nil:
		return []Finding{f.find(reason.PathRemoved, Certain, fmt.Sprintf("bitbucket.org removed it in April 2026 (%s).", m.Operation.Removed.Change), fmt.Sprintf("%s is gone.", m.Operation.Key)).at(f.URL.Place)}
	case outcome == catalog.Found && f.service == cloud && !f.now.Before(issuesEnd) && (strings.Contains(m.Operation.Template, "/issues") || strings.Contains(m.Operation.Template, "/wiki")):
		return []Finding{f.find(reason.PathVersionGone, Likely, "Issues and wikis were removed from bitbucket.org on 2026-08-20.", fmt.Sprintf("%s is of the issue tracker.", m.Operation.Key)).at(f.URL.Place)}
	case outcome == catalog.MethodNotAllowed:
		return []Finding{f.find(reason.MethodNotAllowed, Likely, "The published API has no such method there.", fmt.Sprintf("The path takes %s, not %s.", strings.Join(m.Allowed(), ", "), f.method)).at(f.URL.Place)}
	case outcome == catalog.Unknown && strings.HasPrefix(f.path, "/2.0/") && !f.URL.Open && !strings.HasPrefix(below, "/teams"):
		if _, dc := catalog.DataCenter(f.method, f.path); dc {
			return nil
		}
		evidence := fmt.Sprintf("No operation has the path %s.", f.shownPath())
		if near := catalog.Nearest(f.method, below, 2); len(near) > 0 {
			keys := make([]string, len(near))
			for i, op := range near {
				keys[i] = op.Method + " /2.0" + op.Template
			}
			evidence += " Near it: " + strings.Join(keys, "; ") + "."
		}
		return []Finding{f.find(reason.PathUnknown, Likely, "The published API has no such path; there may be some that are not published.", evidence).at(f.URL.Place)}
	}
	return nil
}

// mendedPath is the path as it was meant, as far as that can be told; the path itself where nothing is wrong with it.
func (f *facts) mendedPath() string {
	p := f.path
	for strings.Contains(p, "//") {
		p = strings.ReplaceAll(p, "//", "/")
	}
	for _, prefix := range []string{"/!api/", "/api/"} {
		if rest, ok := strings.CutPrefix(p, prefix); ok && strings.HasPrefix(rest, "2.0/") {
			p = "/" + rest
		}
	}
	if loc := otherVerson.FindStringSubmatchIndex(p); loc != nil {
		p = "/2.0" + p[loc[3]:]
	}
	if f.service == cloud || f.service == pail || f.service == unknownService {
		if hit, ok := catalog.DataCenter(f.method, p); ok && hit.Path != "" {
			return hit.Path
		}
	}
	if !strings.HasPrefix(p, "/2.0") {
		if _, outcome := catalog.Find(f.method, p); outcome != catalog.Unknown {
			return "/2.0" + p
		}
	}
	return p
}

// shownPath is the path in a form that may be printed.
func (f *facts) shownPath() string {
	if len(f.path) > 200 {
		return f.path[:200] + "…"
	}
	return f.path
}
