package workspace

// reserved are the names that begin the addresses of something else: pages, Pail's own operations, the API, and the
// paths of the API as people type them without its prefix. No workspace may have one.
var reserved = func() map[string]bool {
	all := map[string]bool{}
	for _, name := range []string{
		// pages and what stands beside them
		"account", "admin", "assets", "docs", "favicon.ico", "healthz", "help", "internal", "invitations", "login", "logout", "metrics", "oidc", "pail",
		"readyz", "robots.txt", "script.js", "security", "settings", "setup", "signin", "signout", "site", "static", "style.css", "support", "workspace",
		// the API, here and of Data Center
		"1.0", "2.0", "api", "rest", "scm", "plugins",
		"addon", "groups", "hook_events", "pipelines-config", "projects", "pullrequests", "repositories", "snippets", "teams", "user", "users", "workspaces",
	} {
		all[name] = true
	}
	return all
}()

// Reserved reports whether a name, the first segment of a path, can be no workspace's slug.
func Reserved(name string) bool { return reserved[name] }
