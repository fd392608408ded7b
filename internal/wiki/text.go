package wiki

import (
	"context"
	"html/template"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/markup"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// Address is the address of a part of a wiki's pages: kind is page, edit, history, diff or raw, "" for the front one. at is the
// revision that is looked at, "" for the newest one.
func Address(urls rest.URLs, r *repository.Repository, kind, name, at string) string {
	segments := append(r.Path(), "wiki")
	if kind != "" {
		segments = append(segments, kind)
	}
	if name != "" {
		segments = append(segments, strings.Split(name, "/")...)
	}
	to := urls.Web(segments...).Href
	if at != "" {
		to += "?" + url.Values{"at": {at}}.Encode()
	}
	return to
}

// Raw is the address of the bytes of a file of a revision.
func Raw(urls rest.URLs, r *repository.Repository, revision gitstore.Hash, name string) string {
	return urls.Web(slices.Concat(r.Path(), []string{"wiki", "raw", string(revision)}, strings.Split(name, "/"))...).Href
}

// HTML is what a page says, as HTML: Markdown as what it means, everything else as text. Its links lead to other pages, and to files
// of the wiki; those without an end of a name to the page with one, which people may have meant to make. urls make the addresses, as
// for repository.Document.
func (room *Room) HTML(ctx context.Context, urls rest.URLs, p *Page) (template.HTML, error) {
	return room.Preview(ctx, urls, p.Wiki, p.Commit, p.Path, p.At, p.Text)
}

// Preview is HTML for a text that is not saved, as if it were the page at name. commit may be nil.
func (room *Room) Preview(ctx context.Context, urls rest.URLs, w *Wiki, commit *gitstore.Commit, name, at, text string) (template.HTML, error) {
	if !markup.IsMarkdown(name) {
		return markup.Text([]byte(text))
	}
	var files []string
	looked := false
	there := func(path string) bool {
		if !looked {
			looked = true
			files, _, _ = room.files(ctx, w, commit) // without them links lead to pages that are to be made
			slices.Sort(files)
		}
		_, found := slices.BinarySearch(files, path)
		return found
	}
	revision := gitstore.Hash("")
	if commit != nil {
		revision = commit.Hash
	}
	raw := func(path string) string {
		if revision == "" || !gitstore.ValidPath(path) {
			return ""
		}
		return Raw(urls, w.Repository, revision, path)
	}
	dir := path.Dir(name)
	if dir == "." {
		dir = ""
	}
	shown, _, err := room.Repositories.Document(ctx, room.Repositories.DB, urls, w.Repository, []byte(text), markup.Options{Dir: dir, Picture: raw, File: func(to string) string {
		if to == "" {
			return Address(urls, w.Repository, "", "", "")
		}
		if !ValidName(to) && path.Ext(to) == "" && ValidName(to+".md") && !there(to) {
			for end := range markups {
				if there(to + end) {
					return Address(urls, w.Repository, "page", to+end, at)
				}
			}
			to += ".md"
		}
		if ValidName(to) {
			return Address(urls, w.Repository, "page", to, at)
		}
		return raw(to)
	}})
	return shown, err
}
