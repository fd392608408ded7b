package code

import (
	"bytes"
	"fmt"
	"html/template"
	"image"
	_ "image/gif"  // the size of a picture
	_ "image/jpeg" // the size of a picture
	_ "image/png"  // the size of a picture
	"io"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/codeowners"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/highlight"
	"github.com/pailforge/pail/internal/markup"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
)

// Limits of what a page shows of files.
const (
	maxItems  = 500     // of a directory
	maxFile   = 1 << 20 // bytes
	maxLines  = 20_000
	maxPicker = 100 // branches, and tags, to choose from
)

// picker leads to the same path of other branches and tags.
type picker struct {
	Kind, Name     string // of what is shown
	Branches, Tags []page.Link
	All            string // address of the repository
}

// at is what every page about a path of a revision shows.
type at struct {
	within
	Picker picker
	Crumbs []page.Link // the last one is the page itself, and leads nowhere
}

// place begins a page about a path. An address in which slashes of a branch's name stand as they are leads to the right one,
// which comes back.
func (p *Pages) place(r *page.Request, repo *repository.Repository, kind string) (found *repository.Place, moved string, err error) {
	found, err = p.Repositories.Place(r.Context(), repo, r.PathValue("rev"), r.PathValue("path"))
	if err != nil {
		return nil, "", err
	}
	if found.Revision != r.PathValue("rev") {
		moved = source(repo, kind, found.Revision, found.Path)
		if r.URL.RawQuery != "" {
			moved += "?" + r.URL.RawQuery
		}
	}
	return found, moved, nil
}

// at is the frame of a page of a kind (src, blame) about a path; the crumbs lead to directories.
func (p *Pages) at(r *page.Request, repo *repository.Repository, kind string, found *repository.Place) (at, error) {
	a := at{within: within{repo, address(repo)}}
	var err error
	if a.Picker, err = p.picker(r, repo, found.Revision, func(revision string) string { return source(repo, kind, revision, found.Path) }); err != nil {
		return a, err
	}
	a.Crumbs = []page.Link{{Name: repo.Slug, Href: source(repo, "src", found.Revision, "")}}
	if found.Path != "" {
		so := ""
		for part := range strings.SplitSeq(found.Path, "/") {
			so = path.Join(so, part)
			a.Crumbs = append(a.Crumbs, page.Link{Name: highlight.Visible(part), Href: source(repo, "src", found.Revision, so)})
		}
	}
	a.Crumbs[len(a.Crumbs)-1].Href = ""
	return a, nil
}

// picker lists branches and tags; to is where one leads.
func (p *Pages) picker(r *page.Request, repo *repository.Repository, revision string, to func(revision string) string) (picker, error) {
	chosen := picker{Kind: "branch", Name: revision, All: address(repo)}
	branches, tags, _, err := p.Repositories.Names(r.Context(), repo, maxPicker)
	if err != nil {
		return chosen, err
	}
	known := map[string]bool{}
	for _, name := range branches {
		known[name] = true
		full := name
		if gitstore.Hash(name).Valid() || name == "HEAD" { // its short name means something else
			full = gitstore.BranchPrefix + name
		}
		chosen.Branches = append(chosen.Branches, page.Link{Name: name, Href: to(full), Current: revision == full || revision == gitstore.BranchPrefix+name})
	}
	for _, name := range tags { // by its full name: a branch may have the short one
		full := gitstore.TagPrefix + name
		chosen.Tags = append(chosen.Tags, page.Link{Name: name, Href: to(full), Current: revision == full || revision == name && !known[name]})
	}
	if short, ok := strings.CutPrefix(revision, gitstore.TagPrefix); ok {
		chosen.Kind, chosen.Name = "tag", short
	} else if short, ok := strings.CutPrefix(revision, gitstore.BranchPrefix); ok {
		chosen.Name = short
	} else if hash := gitstore.Hash(strings.ToLower(revision)); hash.Valid() {
		chosen.Kind, chosen.Name = "commit", hash.Short()
	}
	return chosen, nil
}

// sources leads to the files of the main branch.
func (p *Pages) sources(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	if repo.MainBranch == "" { // there is nothing yet: the overview says how to begin
		return page.Redirect(address(repo)), nil
	}
	return page.Redirect(source(repo, "src", repo.MainBranch, "")), nil
}

// source shows what is at a path of a revision.
func (p *Pages) source(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	found, moved, err := p.place(r, repo, "src")
	switch {
	case err != nil:
		return page.Answer{}, err
	case moved != "":
		return page.Redirect(moved), nil
	case found.Entry.Directory():
		return p.directory(r, repo, found)
	}
	return p.file(r, repo, found)
}

// directoryPage is what the page of a directory shows.
type directoryPage struct {
	at
	Last    *gitstore.Commit
	Author  Author
	Commit  string // address of Last
	History string
	Up      string // address of the directory above; "" in the root
	Rows    []itemRow
	Pager   page.Pager
	Readme  readmePart
}

// itemRow is what is in a directory, in the list of it.
type itemRow struct {
	Name      template.HTML
	Href      string
	Directory bool
	Size      string
	Marks     []string
}

func (p *Pages) directory(r *page.Request, repo *repository.Repository, found *repository.Place) (page.Answer, error) {
	frame, err := p.at(r, repo, "src", found)
	if err != nil {
		return page.Answer{}, err
	}
	commit, authors, err := p.Repositories.CommitAt(r.Context(), repo, string(found.Commit.Hash))
	if err != nil {
		return page.Answer{}, err
	}
	items, size, err := p.Repositories.Items(r.Context(), repo, found.Entry.Hash, (r.Page()-1)*maxItems, maxItems)
	if err != nil {
		return page.Answer{}, err
	}
	content := directoryPage{at: frame, Last: commit, Author: author(authors, commit.Author), Commit: address(repo, "commit", string(commit.Hash)),
		History: past(repo, found.Revision, found.Path), Pager: r.Pager(r.Page()*maxItems < size)}
	if found.Path != "" {
		content.Up = source(repo, "src", found.Revision, strings.TrimPrefix(path.Dir("/"+found.Path), "/"))
	}
	for i := range items {
		content.Rows = append(content.Rows, itemRow{Name: name(items[i].Entry.Name), Href: source(repo, "src", found.Revision, path.Join(found.Path, items[i].Entry.Name)),
			Directory: items[i].Entry.Directory(), Size: sizeOf(&items[i]), Marks: marks(items[i].Entry, items[i].Info)})
	}
	if content.Readme, err = p.readme(r.Context(), repo, found.Revision, found.Commit, found.Path, found.Entry.Hash); err != nil {
		return page.Answer{}, err
	}
	title := "Source"
	if found.Path != "" {
		title = highlight.Visible(path.Base(found.Path)) + "/"
	}
	return p.render(r, repo, "directory", "src", title, content)
}

// name is the name of a file as HTML.
func name(s string) template.HTML {
	shown, _ := highlight.Escape(s)
	return shown
}

func sizeOf(i *repository.Item) string {
	if i.Entry.File() {
		return page.Size(i.Info.Size)
	}
	return ""
}

// marks say what is unusual about an entry.
func marks(e gitstore.Entry, info gitstore.FileInfo) (all []string) {
	for _, one := range []struct {
		word string
		is   bool
	}{{"link", e.Mode == "120000"}, {"submodule", e.Submodule()}, {"executable", e.Mode == "100755"}, {"LFS", info.LFS}} {
		if one.is {
			all = append(all, one.word)
		}
	}
	return all
}

// filePage is what the page of a file shows.
type filePage struct {
	at
	Acts  []page.Link // other pages about the file
	Facts []string
	Raw   string // where the bytes of the file are; "" where they are not here
	Odd   int    // characters that mislead
	// Faults are what is wrong with it as the file of code owners that it is.
	Faults []codeowners.Fault

	// One of these.
	Said     string // why it is not shown
	To       *page.Link
	Picture  *picturePart
	Document template.HTML
	Code     template.HTML
}

type picturePart struct {
	Src, Alt      string
	Width, Height int // pixels; 0: not known
}

func (p *Pages) file(r *page.Request, repo *repository.Repository, found *repository.Place) (page.Answer, error) {
	frame, err := p.at(r, repo, "src", found)
	if err != nil {
		return page.Answer{}, err
	}
	content := filePage{at: frame, Facts: marks(found.Entry, found.Info)}
	kind := pictures[extension(found.Path)]
	switch {
	case found.Entry.Submodule():
		content.Said = fmt.Sprintf("This is a submodule: commit `%s` of another repository, whose files are not here. Its address is in the file `.gitmodules`.", found.Entry.Hash)
	case found.Link():
		err = p.link(r, repo, found, &content)
	case found.Info.LFS:
		content.Said = "Git LFS keeps this file elsewhere: here is only a pointer to it."
	case kind != "" && found.Info.Size <= maxPicture && r.URL.Query().Get("view") != "source":
		err = p.picture(r, repo, found, &content)
	case found.Info.Binary:
		content.Said = "This is a binary file."
	default:
		err = p.text(r, repo, found, &content)
	}
	if err != nil {
		return page.Answer{}, err
	}
	if !found.Entry.Submodule() {
		content.Raw = source(repo, "raw", found.Revision, found.Path)
		content.Facts = append([]string{page.Size(found.Info.Size)}, content.Facts...)
		content.Acts = append(content.Acts, page.Link{Name: "Raw", Href: content.Raw})
		if gitstore.ValidPath(found.Path) {
			if found.Entry.File() && !found.Info.Binary && found.Info.Size <= maxFile {
				content.Acts = append(content.Acts, page.Link{Name: "Blame", Href: source(repo, "blame", found.Revision, found.Path)})
			}
			content.Acts = append(content.Acts, page.Link{Name: "History", Href: past(repo, found.Revision, found.Path)})
		}
	}
	return p.render(r, repo, "file", "src", highlight.Visible(path.Base(found.Path)), content)
}

// link says where a symbolic link leads.
func (p *Pages) link(r *page.Request, repo *repository.Repository, found *repository.Place, content *filePage) error {
	data, ok, err := p.Repositories.Bytes(r.Context(), repo, found, gitstore.MaxPath)
	if err != nil {
		return err
	}
	target := string(data)
	at := path.Join(path.Dir(found.Path), target)
	if !ok || path.IsAbs(target) || at == ".." || strings.HasPrefix(at, "../") || at != "." && !gitstore.ValidPath(at) {
		content.Said = "This is a symbolic link to something outside of the repository."
		if ok {
			content.Said = "This is a symbolic link to `" + strings.ReplaceAll(highlight.Visible(target), "`", "'") + "`, outside of the repository."
		}
		return nil
	}
	content.To = &page.Link{Name: highlight.Visible(at), Href: source(repo, "src", found.Revision, strings.TrimPrefix(at, "."))}
	if at != "." {
		content.To.Href = source(repo, "src", found.Revision, at)
	}
	return nil
}

// picture shows a picture: as one, and an SVG also as its source.
func (p *Pages) picture(r *page.Request, repo *repository.Repository, found *repository.Place, content *filePage) error {
	data, ok, err := p.Repositories.Bytes(r.Context(), repo, found, maxPicture)
	if err != nil || !ok {
		return err
	}
	shown := picturePart{Src: source(repo, "raw", string(found.Commit.Hash), found.Path), Alt: highlight.Visible(path.Base(found.Path))}
	if about, _, err := image.DecodeConfig(bytes.NewReader(data)); err == nil {
		shown.Width, shown.Height = about.Width, about.Height
		content.Facts = append(content.Facts, fmt.Sprintf("%d × %d", about.Width, about.Height))
	}
	content.Picture = &shown
	if !found.Info.Binary {
		content.Acts = views(repo, found, false, "Picture")
	}
	return nil
}

// views lead to a file as what it means, and as what it is.
func views(repo *repository.Repository, found *repository.Place, asSource bool, meaning string) []page.Link {
	here := source(repo, "src", found.Revision, found.Path)
	return []page.Link{{Name: meaning, Href: here, Current: !asSource}, {Name: "Source", Href: here + "?view=source", Current: asSource}}
}

// text shows a file of text.
func (p *Pages) text(r *page.Request, repo *repository.Repository, found *repository.Place, content *filePage) error {
	data, ok, err := p.Repositories.Bytes(r.Context(), repo, found, maxFile)
	if err != nil {
		return err
	}
	if ok {
		if content.Faults, err = p.PullRequests.OwnerFaults(r.Context(), repo, found.Commit, found.Path, data); err != nil {
			return err
		}
	}
	asSource := r.URL.Query().Get("view") == "source"
	switch {
	case !ok:
		content.Said = "This file is too large to be shown here."
		return nil
	case len(data) == 0:
		content.Said = "This file is empty."
		return nil
	case pictures[extension(found.Path)] != "":
		content.Acts = views(repo, found, true, "Picture")
	case markup.IsMarkdown(found.Path) && len(data) <= markup.MaxSource:
		content.Acts = views(repo, found, asSource, "Document")
		if !asSource {
			content.Document, err = p.document(r.Context(), repo, found.Revision, found.Commit, found.Path, found.Entry.Hash, data)
			return err
		}
	}
	shown := p.code(found.Path, found.Entry.Hash, data)
	if shown.lines > maxLines {
		content.Said = fmt.Sprintf("This file has %d lines: too many to be shown here.", shown.lines)
		return nil
	}
	content.Code, content.Odd = shown.html, shown.odd
	content.Facts = append(content.Facts, counted(shown.lines, "line"))
	if shown.language != "" {
		content.Facts = append(content.Facts, shown.language)
	}
	if !utf8.Valid(data) {
		content.Facts = append(content.Facts, "not UTF-8")
	}
	return nil
}

func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// codeKey says what the HTML of a file depends on.
type codeKey struct {
	extension string // and with it the language; the whole name where it has none
	file      gitstore.Hash
}

// codePart is a file as HTML.
type codePart struct {
	html     template.HTML
	lines    int
	odd      int
	language string
}

// code is a file as numbered lines, which is kept for a while.
func (p *Pages) code(file string, hash gitstore.Hash, data []byte) codePart {
	key := codeKey{path.Base(file), hash}
	if made, ok := p.codes.get(key); ok {
		return made
	}
	lines := bytes.Count(data, []byte("\n"))
	if lines > maxLines {
		return codePart{lines: lines}
	}
	code := highlight.File(file, data)
	made := codePart{html: numbered(code.Lines), lines: len(code.Lines), odd: code.Odd, language: code.Language}
	if !code.Cut {
		p.codes.put(key, made, len(made.html)+len(key.extension))
	}
	return made
}

// numbered are lines as rows of a table, of which each can be linked to as #L1. The numbers are not among what the Tab key goes
// through: there may be thousands of them.
func numbered(lines []template.HTML) template.HTML {
	var b strings.Builder
	b.WriteString(`<table class="src" role="presentation" dir="ltr"><tbody>` + "\n")
	for i, line := range lines {
		n := strconv.Itoa(i + 1)
		b.WriteString(`<tr id="L` + n + `"><td><a href="#L` + n + `" tabindex="-1">` + n + `</a></td><td>` + string(line) + "</td></tr>\n")
	}
	b.WriteString("</tbody></table>\n")
	return template.HTML(b.String())
}

// raw serves the bytes of a file. Nothing of it runs: pictures are pictures, text is plain text, and everything else is kept, not
// shown. What stands at an address of a full hash stays the same, but whether somebody may see it does not: it is kept by the
// browser alone, and not for long.
func (p *Pages) raw(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	found, moved, err := p.place(r, repo, "raw")
	if err != nil || moved != "" {
		return page.Redirect(moved), err
	}
	return p.bytes(r, repo, found)
}

// bytes serves those of what is at a place.
func (p *Pages) bytes(r *page.Request, repo *repository.Repository, found *repository.Place) (page.Answer, error) {
	if found.Entry.Directory() || found.Entry.Submodule() {
		return page.Answer{}, rest.Refuse(reason.ResourceNotFound, "There is no file at this path.")
	}
	content := rest.Content{Tag: string(found.Entry.Hash), Size: found.Info.Size, Type: pictures[extension(found.Path)],
		Open: func() (io.ReadCloser, error) { return p.Repositories.Git.Open(r.Context(), repo.ID, found.Entry.Hash) }}
	if gitstore.Hash(found.Revision).Valid() { // a branch goes on
		content.Cache = "private, max-age=3600"
	}
	if content.Size <= maxFile {
		data, _, err := p.Repositories.Bytes(r.Context(), repo, found, maxFile)
		if err != nil {
			return page.Answer{}, err
		}
		if content.Type == "" && !found.Info.Binary {
			content.Type = "text/plain"
			if utf8.Valid(data) {
				content.Type += "; charset=utf-8"
			}
		}
		content.Open = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	}
	if content.Type == "" || content.Size > maxPicture {
		content.Type, content.Name = "application/octet-stream", strings.ToValidUTF8(path.Base(found.Path), "\ufffd")
	}
	return page.Answer{Content: &content}, nil
}
