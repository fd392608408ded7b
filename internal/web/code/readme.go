package code

import (
	"context"
	"html/template"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/markup"
	"github.com/pailforge/pail/internal/web/page"
)

// readme is the README of a commit as HTML, with its name; the name is "" when there is none.
func (p *Pages) readme(ctx context.Context, repo *repository.Repository, commit *gitstore.Commit) (name string, shown template.HTML, tooLarge bool, err error) {
	file, err := p.Repositories.Readme(ctx, repo, commit, markup.MaxSource)
	if err != nil || file == nil {
		return "", "", false, err
	}
	if file.Data == nil {
		return file.Name, "", true, nil
	}
	key := readmeKey{address(repo), commit.Hash, file.Hash}
	if shown, ok := p.readmes.get(key); ok {
		return file.Name, shown, false, nil
	}
	switch strings.ToLower(path.Ext(file.Name)) {
	case ".md", ".markdown":
		shown, err = markup.Markdown(file.Data, markup.Options{Picture: func(path string) string {
			if pictures[extension(path)] == "" || !gitstore.ValidPath(path) {
				return ""
			}
			return address(repo, "raw", string(commit.Hash), path)
		}})
	default:
		shown, err = markup.Text(file.Data)
	}
	if err == nil {
		p.readmes.put(key, shown)
	}
	return file.Name, shown, false, err
}

// readmeKey says what the HTML of a README depends on: the file, and what stands in the addresses of its pictures.
type readmeKey struct {
	address      string
	commit, file gitstore.Hash
}

// maxReadmes bounds what is kept of READMEs, in bytes of HTML. Above it all are dropped.
const maxReadmes = 16 << 20

// readmes keeps the HTML of READMEs: making it costs more than everything else on the page together.
type readmes struct {
	mu   sync.Mutex
	size int
	html map[readmeKey]template.HTML
}

func (c *readmes) get(k readmeKey) (shown template.HTML, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	shown, ok = c.html[k]
	return shown, ok
}

func (c *readmes) put(k readmeKey, shown template.HTML) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.html == nil || c.size+len(shown) > maxReadmes {
		c.html, c.size = map[readmeKey]template.HTML{}, 0
	}
	c.html[k] = shown
	c.size += len(shown)
}

// pictures are the types of the files that a README may show, by the ends of their names.
var pictures = map[string]string{".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp", ".avif": "image/avif", ".svg": "image/svg+xml"}

// maxPicture is the largest picture that is served, in bytes.
const maxPicture = 8 << 20

// picturePolicy: a picture runs nothing and loads nothing, also when it is opened by itself.
const picturePolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

func extension(name string) string { return strings.ToLower(path.Ext(name)) }

// raw serves a picture of a commit. What stands at an address of a full hash stays the same, but whether somebody may
// see it does not: it is kept by the browser alone, and not for long.
func (p *Pages) raw(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	file := r.PathValue("path")
	kind := pictures[extension(file)]
	if kind == "" {
		return page.Answer{}, page.Instead(rest.Refuse(reason.ResourceNotFound, "Only pictures are shown by themselves."),
			"Clone the repository to get its files: `git clone "+p.remote(repo, gitUserAPIToken)+"`.")
	}
	commit, _, err := p.Repositories.CommitAt(r.Context(), repo, r.PathValue("hash"))
	if err != nil {
		return page.Answer{}, err
	}
	data, err := p.Repositories.File(r.Context(), repo, commit, file, maxPicture)
	if err != nil {
		return page.Answer{}, err
	}
	cache := "private, max-age=3600"
	if !gitstore.Hash(r.PathValue("hash")).Valid() { // a branch goes on
		cache = "private, no-cache"
	}
	return page.Answer{ContentType: kind, Cache: cache, Body: data, Header: http.Header{"Content-Security-Policy": {picturePolicy}}}, nil
}
