package code

import (
	"errors"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/download"
	"github.com/pailforge/pail/internal/highlight"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
)

// downloadsPage is what the list of the files that a repository offers shows.
type downloadsPage struct {
	within
	Rows    []downloadRow
	Pager   page.Pager
	Write   bool // the visitor may bring and take away
	Action  string
	CSRF    string
	Problem string // with what was sent
}

type downloadRow struct {
	Name      string
	Href      string
	Size      string
	Downloads int64
	Created   time.Time
	Hash      string
	By        *Author // nil: nobody who is known
	Remove    *page.Form
}

func (p *Pages) downloads(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	return p.renderDownloads(r, repo, "")
}

func (p *Pages) renderDownloads(r *page.Request, repo *repository.Repository, problem string) (page.Answer, error) {
	files, more, err := p.Downloads.Files(r.Context(), repo, (r.Page()-1)*page.PageLength, page.PageLength)
	if err != nil {
		return page.Answer{}, err
	}
	content := downloadsPage{within: within{repo, address(repo)}, Pager: r.Pager(more), Write: p.may(r, access.Write), Action: address(repo, "downloads"), CSRF: r.CSRF(), Problem: problem}
	who, err := p.bringers(r, files)
	if err != nil {
		return page.Answer{}, err
	}
	for _, f := range files {
		row := downloadRow{Name: highlight.Visible(f.Name), Href: source(repo, "downloads", f.Name, ""), Size: page.Size(f.Size), Downloads: f.Downloads, Created: f.Created, Hash: f.Hash, By: who[f.ByID]}
		if content.Write {
			row.Remove = r.NewForm(row.Href, "Delete")
			row.Remove.Danger = true
		}
		content.Rows = append(content.Rows, row)
	}
	return p.render(r, repo, "downloads", "downloads", "Downloads", content)
}

// bringers are the accounts that brought files, by their ids.
func (p *Pages) bringers(r *page.Request, files []download.File) (map[string]*Author, error) {
	who := map[string]*Author{}
	for _, f := range files {
		if _, known := who[f.ByID]; known || f.ByID == "" {
			continue
		}
		a, err := p.Downloads.By(r.Context(), f)
		if err != nil {
			return nil, err
		}
		if who[f.ByID] = nil; a != nil {
			by := person(a)
			who[f.ByID] = &by
		}
	}
	return who, nil
}

// upload keeps files.
func (p *Pages) upload(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	kept, err := p.Downloads.Keep(r.Context(), repo, r.Principal.AccountID(), r.Parts)
	if err == nil {
		said := "The file " + highlight.Visible(kept[0].Name) + " is there."
		if len(kept) > 1 {
			said = counted(len(kept), "file") + " are there."
		}
		return r.Done(address(repo, "downloads"), said)
	}
	form := r.NewForm(address(repo, "downloads"), "Upload")
	return r.Again(form, err, func() (page.Answer, error) {
		return p.renderDownloads(r, repo, strings.TrimPrefix(problemOf(err), "files: "))
	})
}

// problemOf is what is wrong with what was sent.
func problemOf(err error) string {
	if e, ok := errors.AsType[*rest.Error](err); ok {
		if text, ok := e.Detail.(string); ok && text != "" {
			return text
		}
		return e.Message
	}
	return "It did not work."
}

// download delivers a file, to be kept and never shown.
func (p *Pages) download(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	content, err := p.Downloads.Content(r.Request, repo, r.PathValue("filename"))
	content.Type = "application/octet-stream"
	return page.Answer{Content: &content}, err
}

func (p *Pages) removeDownload(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	if err := p.Downloads.Remove(r.Context(), repo, r.PathValue("filename")); err != nil {
		return page.Answer{}, err
	}
	return r.Done(address(repo, "downloads"), "The file "+highlight.Visible(r.PathValue("filename"))+" is deleted.")
}
