package code

import (
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/web/page"
)

// clone is one way to clone a repository: what it takes, and the line for it.
type clone struct {
	Title string // the kind of credential
	Note  string // what is to be known about it; backquotes stand around code
	Line  string // for a shell
	Also  string // another line that does the same; ""
	Open  bool   // the way that most take
}

// The users in git that stand for no account (support documents "Using API tokens" and "Using access tokens").
const (
	gitUserAPIToken    = "x-bitbucket-api-token-auth"
	gitUserAccessToken = "x-token-auth"
)

// remote is the address that git takes, with a user and without a secret: git asks for it, and so it stands in no
// list of processes and in no configuration.
func (p *Pages) remote(repo *repository.Repository, user string) string {
	scheme := strings.TrimSuffix(p.URLs.Base, p.URLs.Host())
	if user != "" {
		user += "@"
	}
	return scheme + user + p.URLs.Host() + "/" + repo.FullName() + ".git"
}

// clones are the ways to clone a repository, for whoever looks.
func (p *Pages) clones(r *page.Request, repo *repository.Repository) []clone {
	username := "USERNAME"
	if r.Self != nil {
		username = r.Self.Username
	}
	line := func(user string) string { return "git clone " + p.remote(repo, user) }
	var all []clone
	if !repo.Private {
		all = append(all, clone{Title: "Without a credential", Note: "Everybody may read this repository. To push, take one of the other lines.", Line: line(""), Open: true})
	}
	all = append(all,
		clone{Title: "API token", Note: "Git asks for a password: give it the token, which needs `read:repository:bitbucket`, and `write:repository:bitbucket` to push. The user is the one below or your username, never the e-mail.",
			Line: line(gitUserAPIToken), Also: line(username), Open: repo.Private},
		clone{Title: "Access token or OAuth", Note: "For the access tokens of a repository, project or workspace, and for the tokens that an OAuth consumer gets. Git asks for a password: give it the token.",
			Line: line(gitUserAccessToken)})
	if p.SSH != nil {
		all = append(all, clone{Title: "SSH key", Note: "For the SSH keys of your account, and for the deploy keys of the repository, which read only. The server's key is `" + p.SSH.Fingerprint + "`.",
			Line: "git clone " + p.URLs.SSHRemote(repo.FullName())})
	}
	if old, ok := appPassword(r.Site.Gate); ok {
		all = append(all, clone{Title: "App password", Note: old + " Git asks for a password: give it the app password.", Line: line(username)})
	}
	return all
}

// appPassword is what there is to say about app passwords; ok is false when none works here any more.
func appPassword(g *access.Gate) (note string, ok bool) {
	switch until := g.AppPasswordsUntil; {
	case until.IsZero():
		return "App passwords are the old way; an API token does the same with fewer rights.", true
	case g.Now().Before(until):
		return "App passwords work here until " + until.Add(-time.Second).UTC().Format("2 January 2006") + ". Make an API token in time.", true
	}
	return "", false
}

// firstPush are the lines that bring the first commits into an empty repository, whoever it is that pushes.
func (p *Pages) firstPush(repo *repository.Repository, branch string) (fresh, existing string) {
	remote := p.remote(repo, gitUserAPIToken)
	fresh = strings.Join([]string{
		"git clone " + remote, "cd " + repo.Slug, "git switch -c " + shell(branch), "echo '# " + repo.Slug + "' > README.md",
		"git add README.md", "git commit -m 'First commit'", "git push -u origin " + shell(branch)}, "\n")
	existing = strings.Join([]string{"git remote add origin " + remote, "git push -u origin --all", "git push origin --tags"}, "\n")
	return fresh, existing
}

// shell is s as one word of a POSIX shell, quoted where it has to be.
func shell(s string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-"
	if s != "" && strings.Trim(s, plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
