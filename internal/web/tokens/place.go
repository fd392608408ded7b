package tokens

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/workspace"
)

// place is where the credentials of one kind are kept, and how its pages speak of it.
type place struct {
	Shelf access.Shelf
	Path  string // of the list
	Name  string // of one: "API token"
	Title string // of the list: "API tokens"
	About string // what they are for, a sentence or two
	Trail []page.Link

	Self       *access.Account // whose they are; nil for access tokens
	Workspace  string          // the slug of the workspace that access tokens are for or in
	Repository string          // and of the repository
	Project    string          // or the key of the project

	Until time.Time // when app passwords end, or ended; the zero time: never, or of no concern here
	Ended bool      // none can be made any more
}

// Legacy reports whether the scopes here are legacy ones.
func (at place) Legacy() bool { return at.Shelf.Kind != access.APIToken }

// Endless reports whether a credential here may be made without an end.
func (at place) Endless() bool { return at.Shelf.Kind.AccessToken() }

// APIToken and AppPassword tell which kind this is.
func (at place) APIToken() bool    { return at.Shelf.Kind == access.APIToken }
func (at place) AppPassword() bool { return at.Shelf.Kind == access.AppPassword }

// AccessToken tells whether it is a kind of access token.
func (at place) AccessToken() bool { return at.Shelf.Kind.AccessToken() }

// of is the path of one credential, or of a page about it.
func (at place) of(c access.Credential, more ...string) string {
	return strings.Join(append([]string{at.Path, c.ID}, more...), "/")
}

func ofAccount(self *access.Account) place {
	return place{Shelf: access.Shelf{Kind: access.APIToken, AccountID: self.ID}, Path: "/account/tokens", Name: "API token", Title: "API tokens", Self: self,
		About: "What your scripts and tools sign in with, in your name. A token opens what its scopes say, where you yourself may go."}
}

func (p *Pages) appPasswords(self *access.Account) place {
	return place{Shelf: access.Shelf{Kind: access.AppPassword, AccountID: self.ID}, Path: "/account/app-passwords", Name: "app password", Title: "App passwords", Self: self,
		Until: p.Accounts.Gate.AppPasswordsUntil, Ended: p.Accounts.Gate.AppPasswordsEnded(),
		About: "The old way for scripts and tools to sign in. API tokens take their place: they expire, and their scopes say exactly what they open."}
}

const accessTokens = "They belong to nobody, open nothing else, and go on working when people leave."

func ofWorkspace(w workspace.Workspace) place {
	return place{Shelf: access.Shelf{Kind: access.WorkspaceToken, Bounds: access.Bounds{WorkspaceID: w.ID}},
		Path: "/" + w.Slug + "/settings/access-tokens", Name: "workspace access token", Title: "Access tokens", Workspace: w.Slug,
		About: "What programs sign in with to work on this workspace, its projects and its repositories. " + accessTokens,
		Trail: []page.Link{{Name: w.Name, Href: "/" + w.Slug}}}
}

func ofProject(v workspace.Project) place {
	w := v.Workspace
	at := "/" + w.Slug + "/projects/" + v.Key
	return place{Shelf: access.Shelf{Kind: access.ProjectToken, Bounds: access.Bounds{WorkspaceID: w.ID, ProjectID: v.ID}},
		Path: at + "/access-tokens", Name: "project access token", Title: "Access tokens", Workspace: w.Slug, Project: v.Key,
		About: "What programs sign in with to work on this project and its repositories. " + accessTokens,
		Trail: []page.Link{{Name: w.Name, Href: "/" + w.Slug}, {Name: v.Name, Href: at}}}
}

func ofRepository(v *repository.Repository) place {
	at := rest.URLs{}.Web(v.Path()...).Href
	return place{Shelf: access.Shelf{Kind: access.RepositoryTok, Bounds: access.Bounds{WorkspaceID: v.Workspace.ID, RepositoryID: v.ID}},
		Path: at + "/settings/access-tokens", Name: "repository access token", Title: "Access tokens", Workspace: v.Workspace.Slug, Repository: v.Slug,
		About: "What programs sign in with to work on this repository. " + accessTokens,
		Trail: []page.Link{{Name: v.Workspace.Name, Href: "/" + v.Workspace.Slug}, {Name: v.Name, Href: at}}}
}

// view is a page of this place. Those below the list lead back to it.
func (at place) view(template, title string, below bool, content any) page.View {
	v := page.View{Template: template, Title: title, Section: "tokens", Trail: at.Trail, Content: content}
	if at.Self == nil {
		v.Section = "workspaces"
		if at.Shelf.Kind == access.WorkspaceToken && !below {
			v.Tabs = page.SettingsTabs(at.Workspace, at.Path)
		}
	} else if !below {
		v.Tabs = page.AccountTabs(at.Path)
	}
	if below {
		v.Trail = append(v.Trail[:len(v.Trail):len(v.Trail)], page.Link{Name: at.Title, Href: at.Path})
	}
	return v
}

// find is the credential that the path names, also one that is revoked, with bookkeeping up to this moment.
func (p *Pages) find(r *page.Request, at place) (access.Credential, error) {
	missing := rest.Refusef(reason.ResourceNotFound, "There is no %s with this id here.", at.Name)
	id, ok := rest.Unbraced(r.PathValue("id"))
	if !ok {
		return access.Credential{}, missing
	}
	if err := p.flush(r.Context()); err != nil {
		return access.Credential{}, err
	}
	c, err := p.Accounts.Credentials.Find(r.Context(), at.Shelf, id)
	if errors.Is(err, access.ErrNotFound) {
		return c, missing
	}
	return c, err
}

// flush writes the bookkeeping that waits, so that a page tells the truth up to this moment.
func (p *Pages) flush(ctx context.Context) error { return p.Accounts.Gate.Recorder.Flush(ctx) }

// soon is how long before its end a credential is marked.
const soon = 14 * 24 * time.Hour

// standing is how a credential stands at a moment.
type standing struct {
	State string // active, soon, expired or revoked
	End   time.Time
}

func (p *Pages) standing(c access.Credential) standing {
	now := p.Now()
	switch {
	case !c.Revoked.IsZero():
		return standing{"revoked", c.Revoked}
	case !c.Expires.IsZero() && !now.Before(c.Expires):
		return standing{"expired", c.Expires}
	case !c.Expires.IsZero() && c.Expires.Sub(now) <= soon:
		return standing{"soon", c.Expires}
	}
	return standing{"active", c.Expires}
}

// Alive reports whether the credential works.
func (s standing) Alive() bool { return s.State == "active" || s.State == "soon" }

// Soon reports whether it ends in less than two weeks.
func (s standing) Soon() bool { return s.State == "soon" }

// query is a path with parameters, given in pairs.
func query(path string, pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Add(pairs[i], pairs[i+1])
	}
	return path + "?" + q.Encode()
}
