// Package web is the pages that people see. Each area of them is a package below this one, and stands on package page,
// which has what all pages share; this package puts them together, and has the front page and the pictures.
//
//	web.go      New, the table of contents
//	home.go     the front page
//	avatar.go   pictures of accounts and workspaces
//
// What does not live here: rules. A page asks a room and shows what it says; who may see it, package access decides; the
// words of refusals come from package reason.
package web

import (
	"embed"
	"log/slog"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/docs"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/web/signin"
	"github.com/pailforge/pail/internal/workspace"
)

//go:embed templates/*.html
var files embed.FS

var templates = page.Parse(files, "templates/*.html")

// Rooms is what the pages stand on.
type Rooms struct {
	Accounts   *account.Room
	Workspaces *workspace.Room
}

// New makes the site with all its pages.
func New(rooms Rooms, urls rest.URLs, log *slog.Logger) (*page.Site, error) {
	s, err := page.NewSite(urls, log, rooms.Accounts.Gate, workspace.Reserved)
	if err != nil {
		return nil, err
	}
	page.Open(s, "GET /{$}", home)
	s.Raw("GET /account/{username}/avatar", avatar("username", round))
	s.Raw("GET /workspaces/{workspace}/avatar", avatar("workspace", square))
	(&signin.Pages{Accounts: rooms.Accounts, URLs: urls, Log: log}).Mount(s)
	(&docs.Pages{URLs: urls}).Mount(s)
	return s, nil
}
