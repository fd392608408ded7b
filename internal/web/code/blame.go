package code

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/highlight"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
)

// Limits of what is asked who made it.
const (
	maxBlamed = 10_000 // lines
	blameTime = 10 * time.Second
)

// blameKey says what an answer depends on.
type blameKey struct {
	repository string
	commit     gitstore.Hash
	path       string
}

// blame shows a file with the commit that brought each line.
func (p *Pages) blame(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	found, moved, err := p.place(r, repo, "blame")
	if err != nil || moved != "" {
		return page.Redirect(moved), err
	}
	if !found.Entry.File() {
		return page.Answer{}, rest.Refuse(reason.ResourceNotFound, "There is no file at this path.")
	}
	frame, err := p.at(r, repo, "blame", found)
	if err != nil {
		return page.Answer{}, err
	}
	content := filePage{at: frame, Facts: append([]string{page.Size(found.Info.Size)}, marks(found.Entry, found.Info)...),
		Acts: []page.Link{{Name: "File", Href: source(repo, "src", found.Revision, found.Path)}, {Name: "Raw", Href: source(repo, "raw", found.Revision, found.Path)},
			{Name: "Blame", Href: r.URL.EscapedPath(), Current: true}, {Name: "History", Href: past(repo, found.Revision, found.Path)}}}
	data, ok, err := p.Repositories.Bytes(r.Context(), repo, found, maxFile)
	switch {
	case err != nil:
		return page.Answer{}, err
	case !ok || strings.Count(string(data), "\n") > maxBlamed:
		content.Said = "This file is too large to say who made which line."
	case found.Info.Binary:
		content.Said = "This is a binary file: it has no lines."
	case len(data) == 0:
		content.Said = "This file is empty."
	default:
		if err := p.blamed(r, repo, found, data, &content); err != nil {
			return page.Answer{}, err
		}
	}
	return p.render(r, repo, "file", "src", "Blame of "+highlight.Visible(found.Path[strings.LastIndexByte(found.Path, '/')+1:]), content)
}

// blamed finds the commits of the lines.
func (p *Pages) blamed(r *page.Request, repo *repository.Repository, found *repository.Place, data []byte, content *filePage) error {
	key := blameKey{repo.ID, found.Commit.Hash, found.Path}
	runs, ok := p.blames.get(key)
	if !ok {
		ctx, cancel := context.WithTimeout(r.Context(), blameTime)
		defer cancel()
		var err error
		runs, err = p.Repositories.Git.Blame(ctx, repo.ID, found.Commit.Hash, found.Path, maxBlamed+1)
		switch {
		case errors.Is(err, context.DeadlineExceeded) && r.Context().Err() == nil:
			content.Said = "The history of this file is so long that it takes too long to say who made which line. Ask in a clone: `git blame`."
			return nil
		case errors.Is(err, gitstore.ErrInvalid):
			return rest.Refuse(reason.ResourceNotFound, "There is no file at this path.")
		case err != nil:
			return err
		}
		p.blames.put(key, runs, 200*len(runs)+len(found.Path))
	}
	var hashes []gitstore.Hash
	known := map[gitstore.Hash]int{}
	for _, run := range runs {
		if _, ok := known[run.Commit]; !ok {
			known[run.Commit] = len(hashes)
			hashes = append(hashes, run.Commit)
		}
	}
	commits, authors, err := p.Repositories.CommitsAt(r.Context(), repo, hashes)
	if err != nil {
		return err
	}
	// The lines as the page of the file shows them, without colours: they are for finding out who, not for reading.
	code := highlight.Plain(data)
	content.Odd = code.Odd
	content.Facts = append(content.Facts, counted(len(code.Lines), "line"), counted(len(hashes), "commit"))
	var b strings.Builder
	b.WriteString(`<table class="src blame" role="presentation" dir="ltr"><tbody>` + "\n")
	for i, run := range runs {
		c := commits[known[run.Commit]]
		for n := run.First; n < run.First+run.Lines && n <= len(code.Lines); n++ {
			number := strconv.Itoa(n)
			b.WriteString(`<tr id="L` + number + `"`)
			if n == run.First {
				if i > 0 {
					b.WriteString(` class="b"`)
				}
				fmt.Fprintf(&b, `><th rowspan="%d" scope="rowgroup">`, run.Lines)
				p.told(&b, repo, run, c, author(authors, c.Author))
				b.WriteString("</th")
			}
			b.WriteString(`><td><a href="#L` + number + `" tabindex="-1">` + number + `</a></td><td>` + string(code.Lines[n-1]) + "</td></tr>\n")
		}
	}
	b.WriteString("</tbody></table>\n")
	content.Code = template.HTML(b.String())
	return nil
}

// told writes what is said of a run: the commit, who, when, the way to what was there before, and on a second line why.
func (p *Pages) told(b *strings.Builder, repo *repository.Repository, run gitstore.Run, c *gitstore.Commit, by Author) {
	when := ""
	if !c.Author.When.IsZero() {
		when = `<time datetime="` + c.Author.When.UTC().Format(time.RFC3339) + `">` + c.Author.When.UTC().Format("2006-01-02") + "</time>"
	}
	why := template.HTMLEscapeString(highlight.Visible(c.Summary()))
	fmt.Fprintf(b, `<div><a href="%s" title="%s"><code>%.8s</code></a><bdi>%s</bdi>%s`, address(repo, "commit", string(run.Commit)), why, run.Commit,
		template.HTMLEscapeString(highlight.Visible(by.Name)), when)
	if before := run.Before; before.Commit != "" && gitstore.ValidPath(before.Path) {
		fmt.Fprintf(b, `<a href="%s" title="Blame before this commit" aria-label="Blame before this commit">↰</a>`, source(repo, "blame", string(before.Commit), before.Path))
	}
	b.WriteString("</div>")
	if run.Lines > 1 {
		b.WriteString(`<div class="quiet"><bdi>` + why + "</bdi></div>")
	}
}
