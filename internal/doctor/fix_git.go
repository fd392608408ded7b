package doctor

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/pailforge/pail/internal/token"
)

// Ways out for git.

// gitText says which user git takes.
func (f *facts) gitText() string {
	if f.wantsBearer() {
		return "For git the user of this kind of token is " + gitAccess + "; git asks for the token as the password."
	}
	return "For git the user of an API token is " + gitAPIToken + " or the username, never the e-mail; git asks for the token as the password."
}

// setURL gives the remote the right user and no secret.
func (f *facts) setURL() string {
	user := gitAPIToken
	if f.wantsBearer() {
		user = gitAccess
	}
	return fmt.Sprintf("git remote set-url origin %s", quote(f.gitURL(user)))
}

// gitURL is the address of the repository with a user.
func (f *facts) gitURL(user string) string {
	host := "bitbucket.org"
	scheme := "https"
	if f.service == pail || f.service == unknownService && f.url.host != "" {
		base := takeApart(f.base())
		scheme, host = base.scheme, base.host
		if base.port != "" {
			host += ":" + base.port
		}
	}
	return fmt.Sprintf("%s://%s@%s/%s.git", scheme, user, host, f.repository())
}

var slugForm = regexp.MustCompile(`^[a-zA-Z0-9_.-]{1,100}$`)

// repository is WORKSPACE/REPOSITORY, as far as the address tells it.
func (f *facts) repository() string {
	p := strings.Trim(strings.TrimPrefix(f.url.path, "/2.0/repositories"), "/")
	parts := strings.Split(p, "/")
	const names = "WORKSPACE/REPOSITORY"
	if len(parts) < 2 || isAPIPath(f.url.path) && !strings.HasPrefix(f.url.path, "/2.0/repositories/") || parts[0] == "scm" || parts[0] == "projects" {
		return names
	}
	workspace, repo := parts[0], strings.TrimSuffix(parts[1], ".git")
	if !slugForm.MatchString(workspace) || !slugForm.MatchString(repo) || token.Inspect(workspace).Origin != token.OriginUnknown || token.Inspect(repo).Origin != token.OriginUnknown {
		return names
	}
	return workspace + "/" + repo
}

// forget makes git forget what is stored for the host.
func (f *facts) forget() string {
	host := "bitbucket.org"
	if f.service != cloud && f.url.host != "" {
		host = f.url.host
		if f.url.port != "" {
			host += ":" + f.url.port
		}
	}
	return fmt.Sprintf("printf 'protocol=https\\nhost=%s\\n\\n' | git credential reject", host)
}
