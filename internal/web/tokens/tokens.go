package tokens

import (
	"embed"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/workspace"
)

//go:embed templates/*.html
var files embed.FS

var templates = page.Parse(files, "templates/*.html")

// Pages are the pages of this area. Its fields are what it stands on.
type Pages struct {
	Accounts     *account.Room
	Workspaces   *workspace.Room
	Repositories *repository.Room
	URLs         rest.URLs
	Now          func() time.Time

	served map[string]bool // the keys of the operations that this server has
}

// Mount adds the pages to a site.
func (p *Pages) Mount(s *page.Site) {
	p.served = map[string]bool{}
	for _, op := range append(catalog.Git(), catalog.Own()...) {
		p.served[op.Key] = true
	}
	for _, room := range []interface{ Operations() []access.Operation }{p.Accounts, p.Workspaces, p.Repositories} {
		for _, op := range room.Operations() {
			p.served[op.Key()] = true
		}
	}
	mount(p, s, "/account/tokens", access.Self, ofAccount)
	mount(p, s, "/account/app-passwords", access.Self, p.appPasswords)
	mount(p, s, "/{workspace}/settings/access-tokens", p.Workspaces.Workspaces().Needs(access.Admin), ofWorkspace)
	mount(p, s, "/{workspace}/projects/{project_key}/access-tokens", p.Workspaces.Projects().Needs(access.Admin), ofProject)
	mount(p, s, "/{workspace}/{repo_slug}/settings/access-tokens", p.Repositories.Repositories().Needs(access.Admin), ofRepository)
}

// mount adds the pages of one kind of credential below base. Who passes need may see and change what is kept at the place
// that its resource is.
func mount[T any](p *Pages, s *page.Site, base string, need access.Need[T], at func(T) place) {
	on := func(pattern string, h func(*page.Request, place) (page.Answer, error)) {
		page.On(s, pattern, need, func(r *page.Request, v T) (page.Answer, error) { return h(r, at(v)) })
	}
	one := func(pattern string, h func(*page.Request, place, access.Credential) (page.Answer, error)) {
		on(pattern, func(r *page.Request, at place) (page.Answer, error) {
			c, err := p.find(r, at)
			if err != nil {
				return page.Answer{}, err
			}
			return h(r, at, c)
		})
	}
	on("GET "+base, p.list)
	on("POST "+base, p.create)
	on("GET "+base+"/new", p.new)
	on("POST "+base+"/new", p.preview)
	one("GET "+base+"/{id}", p.show)
	one("GET "+base+"/{id}/activity", p.activity)
	one("GET "+base+"/{id}/narrow", p.showNarrow)
	one("POST "+base+"/{id}/narrow", p.narrow)
	one("GET "+base+"/{id}/rotate", p.showRotate)
	one("POST "+base+"/{id}/rotate", p.rotate)
	one("POST "+base+"/{id}/revoke", p.revoke)
}
