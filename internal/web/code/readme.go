package code

import (
	"context"
	"html/template"
	"path"
	"strings"
	"sync"

	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/markup"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// readmePart is the README of a directory on a page.
type readmePart struct {
	Name     string // "" when there is none
	HTML     template.HTML
	TooLarge bool // it is not shown
}

// readme is the README of a directory of a commit; revision is what the page calls the commit.
func (p *Pages) readme(ctx context.Context, repo *repository.Repository, revision string, commit *gitstore.Commit, dir string, tree gitstore.Hash) (readmePart, error) {
	file, err := p.Repositories.Readme(ctx, repo, tree, markup.MaxSource)
	if err != nil || file == nil {
		return readmePart{}, err
	}
	if file.Data == nil {
		return readmePart{Name: file.Name, TooLarge: true}, nil
	}
	shown, err := p.document(ctx, repo, revision, commit, path.Join(dir, file.Name), file.Hash, file.Data)
	return readmePart{Name: file.Name, HTML: shown}, err
}

// document is a file of a commit as HTML: Markdown as what it means, everything else as text.
func (p *Pages) document(ctx context.Context, repo *repository.Repository, revision string, commit *gitstore.Commit, file string, hash gitstore.Hash, data []byte) (shown template.HTML, err error) {
	key := documentKey{address(repo), revision, file, commit.Hash, hash}
	if shown, ok := p.documents.get(key); ok {
		return shown, nil
	}
	lasting := true
	if markup.IsMarkdown(file) {
		dir := path.Dir(file)
		if dir == "." {
			dir = ""
		}
		shown, lasting, err = p.Repositories.Document(ctx, p.Repositories.DB, rest.URLs{}, repo, data, markup.Options{Dir: dir, Picture: func(path string) string {
			if pictures[extension(path)] == "" || !gitstore.ValidPath(path) {
				return ""
			}
			return source(repo, "raw", string(commit.Hash), path)
		}, File: func(path string) string {
			if path != "" && !gitstore.ValidPath(path) {
				return ""
			}
			return source(repo, "src", revision, path)
		}})
	} else {
		shown, err = markup.Text(data)
	}
	if err == nil && lasting {
		p.documents.put(key, shown, len(shown))
	}
	return shown, err
}

// documentKey says what the HTML of a document depends on: the file, and what stands in the addresses that it has.
type documentKey struct {
	address, revision, path string
	commit, file            gitstore.Hash
}

// maxKept bounds what is kept of each kind of HTML, in bytes. Above it all is dropped.
const maxKept = 8 << 20

// kept keeps HTML that costs more to make than everything else on a page together.
type kept[K comparable, V any] struct {
	mu   sync.Mutex
	size int
	made map[K]V
}

func (c *kept[K, V]) get(k K) (v V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok = c.made[k]
	return v, ok
}

// put keeps v, which takes size bytes.
func (c *kept[K, V]) put(k K, v V, size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.made == nil || c.size+size > maxKept {
		c.made, c.size = map[K]V{}, 0
	}
	c.made[k] = v
	c.size += size
}

// pictures are the types of the files that are shown as pictures, by the ends of their names.
var pictures = map[string]string{".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp", ".avif": "image/avif", ".svg": "image/svg+xml"}

// maxPicture is the largest picture that is shown, in bytes.
const maxPicture = 8 << 20

func extension(name string) string { return strings.ToLower(path.Ext(name)) }
