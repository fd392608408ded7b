package wikis

import (
	"strings"

	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/wiki"
)

// maxTree is how many pages stand beside a page.
const maxTree = 300

// branch is a page in the tree, or a directory with what is in it.
type branch struct {
	page.Link
	Open  bool // the page that is shown lies in the directory
	Below []*branch
}

// tree is the pages beside the one that is shown.
type tree struct {
	Branches []*branch
	More     bool   // pages than are shown
	All      string // address of the list of all
}

// tree finds the pages of a revision, beside current; "" is none. at is the revision that was asked for.
func (p *Pages) tree(r *page.Request, w *wiki.Wiki, commit *gitstore.Commit, current, at string) (tree, error) {
	names, more, err := p.Wikis.Names(r.Context(), w, commit)
	if err != nil {
		return tree{}, err
	}
	t := tree{More: more || len(names) > maxTree, All: address(w, "pages", "", "")}
	root := &branch{}
	for _, name := range names[:min(len(names), maxTree)] {
		root.add(strings.Split(name, "/"), page.Link{Name: label(name), Href: address(w, "page", name, at), Current: name == current})
	}
	t.Branches = root.Below
	return t, nil
}

// add puts a page below a directory. Names come in order: a directory that is there is the last one.
func (b *branch) add(path []string, l page.Link) {
	b.Open = b.Open || l.Current
	if len(path) == 1 {
		b.Below = append(b.Below, &branch{Link: l})
		return
	}
	last := len(b.Below) - 1
	if last < 0 || b.Below[last].Href != "" || b.Below[last].Name != path[0] {
		b.Below = append(b.Below, &branch{Link: page.Link{Name: path[0]}})
		last++
	}
	b.Below[last].add(path[1:], l)
}

// listPage is what the list of all pages shows.
type listPage struct {
	within
	Rows  []page.Link
	More  bool // pages than are looked through
	Pager page.Pager
}

func (p *Pages) list(r *page.Request, w *wiki.Wiki) (page.Answer, error) {
	commit, err := p.Wikis.At(r.Context(), w, "")
	if err != nil {
		return page.Answer{}, err
	}
	names, more, err := p.Wikis.Names(r.Context(), w, commit)
	if err != nil {
		return page.Answer{}, err
	}
	from := min((r.Page()-1)*page.PageLength, len(names))
	to := min(from+page.PageLength, len(names))
	content := listPage{within: around(w), More: more && to == len(names), Pager: r.Pager(to < len(names))}
	for _, name := range names[from:to] {
		content.Rows = append(content.Rows, page.Link{Name: name, Href: address(w, "page", name, "")})
	}
	return p.render(r, w, "list", "Pages of the wiki", content)
}
