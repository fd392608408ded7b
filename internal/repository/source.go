package repository

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/markup"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// entryJSON is a file or a directory of a commit as the API writes it (schemas treeentry and commit_file).
type entryJSON struct {
	Type   string               `json:"type"` // commit_file or commit_directory
	Path   string               `json:"path"`
	Commit parentJSON           `json:"commit"`
	Links  map[string]rest.Link `json:"links"`

	*fileJSON
}

// fileJSON is what only files have. A submodule is a file here, as on Bitbucket Cloud.
type fileJSON struct {
	EscapedPath string   `json:"escaped_path"`
	Size        int64    `json:"size"`
	MimeType    *string  `json:"mimetype"`
	Attributes  []string `json:"attributes"`
}

// listed is an entry of a tree at its path.
type listed struct {
	path  string
	entry gitstore.Entry
	info  gitstore.FileInfo // of a file
}

func (l *listed) kind() string {
	if l.entry.Directory() {
		return "commit_directory"
	}
	return "commit_file"
}

// content tells whether it is a file whose bytes are here: no directory, no submodule, and not removed.
func (l *listed) content() bool { return l.entry.File() || l.entry.Mode == symlink }

const symlink = "120000" // mode

// attributes are those of schema commit_file.
func (l *listed) attributes() []string {
	all := []string{}
	for _, a := range []struct {
		name string
		has  bool
	}{
		{"link", l.entry.Mode == symlink}, {"executable", l.entry.Mode == "100755"}, {"subrepository", l.entry.Submodule()},
		{"binary", l.info.Binary}, {"lfs", l.info.LFS},
	} {
		if a.has {
			all = append(all, a.name)
		}
	}
	return all
}

// placed is a commit, and a path in it, as a request names them.
type placed struct {
	revision string // as it was named
	commit   *gitstore.Commit
	path     string // "" is the root
}

// placeOf finds what the parameters commit and path name. The name of a branch may hold slashes, sent as they are: then
// the first of them stand in path.
func (room *Room) placeOf(c *access.Call, r *Repository) (placed, error) {
	return room.place(c.Context(), r, c.Param("commit"), c.Param("path"))
}

func (room *Room) place(ctx context.Context, r *Repository, revision, path string) (placed, error) {
	rest := strings.Trim(path, "/")
	hash, err := room.Git.Resolve(ctx, r.ID, revision)
	for i := 0; i < maxSlashes && rest != "" && (errors.Is(err, gitstore.ErrNotFound) || errors.Is(err, gitstore.ErrAmbiguous)); i++ {
		part, after, _ := strings.Cut(rest, "/")
		revision, rest = revision+"/"+part, after
		if longer, missing := room.Git.Resolve(ctx, r.ID, gitstore.BranchPrefix+revision); missing == nil {
			hash, err = longer, nil
		}
	}
	if err != nil {
		return placed{}, revisionError(err)
	}
	commit, err := room.Git.Commit(ctx, r.ID, hash)
	if err != nil {
		return placed{}, revisionError(err)
	}
	return placed{revision, commit, rest}, nil
}

// maxSlashes is how many slashes of a branch's name are looked for in a path.
const maxSlashes = 5

// pathError is the answer to a path that a commit does not have.
func pathError(err error, p placed) error {
	if errors.Is(err, gitstore.ErrNotFound) || errors.Is(err, gitstore.ErrInvalid) {
		return rest.Refusef(reason.RevisionNotFound, "Commit %s has nothing at this path.", p.commit.Hash.Short()).
			WithMessage("No such file or directory: %s", strings.ToValidUTF8(p.path, "�"))
	}
	return err
}

// mainSource leads to the root of the main branch (GET /repositories/{workspace}/{repo_slug}/src).
func (room *Room) mainSource(c *access.Call, r *Repository) (any, error) {
	if r.MainBranch == "" {
		return nil, rest.Refuse(reason.RevisionNotFound, "The repository has no commits yet.")
	}
	hash, err := room.Git.Resolve(c.Context(), r.ID, gitstore.BranchPrefix+r.MainBranch)
	if err != nil {
		return nil, revisionError(err)
	}
	to := room.link(r, "src", string(hash), "").Href
	if query := c.HTTP.URL.RawQuery; query != "" {
		to += "?" + query
	}
	return rest.Answer{Status: http.StatusFound, Header: http.Header{"Location": {to}}}, nil
}

// source delivers a file, a page of a directory, or what either is (GET .../src/{commit}/{path}).
func (room *Room) source(c *access.Call, r *Repository) (any, error) {
	format := c.Query().Get("format")
	if format != "" && format != "meta" && format != "rendered" {
		return nil, rest.Refuse(reason.QueryInvalid, "format is meta, or rendered, or left out.").WithMessage("Invalid format")
	}
	at, err := room.placeOf(c, r)
	if err != nil {
		return nil, err
	}
	entry, err := room.Git.At(c.Context(), r.ID, at.commit.Tree, at.path)
	if err != nil {
		return nil, pathError(err, at)
	}
	switch {
	case format == "meta":
		rows := []listed{{path: at.path, entry: entry}}
		if err := room.inform(c.Context(), r, rows); err != nil {
			return nil, err
		}
		return room.renderEntry(r, at.commit, &rows[0]), nil
	case entry.Directory():
		return room.directory(c, r, at, entry.Hash)
	case entry.Submodule():
		return nil, rest.Refusef(reason.RevisionNotFound, "This is a submodule: commit %s of another repository, whose files are not here. Its address is in the file .gitmodules.", entry.Hash).
			WithMessage("No such file or directory: %s", at.path)
	case format == "rendered":
		return room.rendered(c.Context(), r, at, entry)
	}
	content, err := FileContent(c.Context(), room.Git, r.ID, at.path, entry)
	if err != nil {
		return nil, err
	}
	return content, nil
}

// rendered is a file of text as HTML: Markdown as what it means, everything else as it stands. Its links lead to other
// files in the same way.
func (room *Room) rendered(ctx context.Context, r *Repository, at placed, entry gitstore.Entry) (any, error) {
	data, err := room.Git.Blob(ctx, r.ID, entry.Hash, markup.MaxSource)
	if errors.Is(err, gitstore.ErrTooLarge) {
		return nil, rest.Refusef(reason.QueryInvalid, "The file has more than %d KiB, the most that is rendered. Leave format out.", markup.MaxSource>>10).WithMessage("Invalid format")
	}
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0 {
		return nil, rest.Refuse(reason.QueryInvalid, "The file is no text, which alone is rendered. Leave format out.").WithMessage("Invalid format")
	}
	var shown template.HTML
	if markup.IsMarkdown(at.path) {
		link := func(path string) string {
			if path != "" && !gitstore.ValidPath(path) {
				return ""
			}
			return room.sourceLink(r, "src", at.commit.Hash, path, false).Href
		}
		dir, _ := path.Split(at.path)
		shown, _, err = room.Document(ctx, room.DB, room.URLs, r, data, markup.Options{Dir: strings.TrimSuffix(dir, "/"), Picture: link, File: func(path string) string {
			to := link(path)
			if to != "" && markup.IsMarkdown(path) {
				to += "?format=rendered"
			}
			return to
		}})
	} else {
		shown, err = markup.Text(data)
	}
	return rest.Content{Type: "text/html" + utf8Text, Size: int64(len(shown)), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(string(shown))), nil
	}}, err
}

const utf8Text = "; charset=utf-8"

// maxDepth and maxEntries bound what one list looks through.
const (
	maxDepth   = 100
	maxEntries = 100_000
)

// entryFields are what filters and orders of files may name.
var entryFields = bbql.Fields{
	"path":         {Kind: bbql.String},
	"escaped_path": {Kind: bbql.String},
	"type":         {Kind: bbql.String},
	"size":         {Kind: bbql.Number},
	"mimetype":     {Kind: bbql.String},
	"attributes":   {Kind: bbql.String},
}

func (l *listed) field(name string) any {
	switch name {
	case "path":
		return strings.ToValidUTF8(l.path, "�")
	case "type":
		return l.kind()
	}
	if l.entry.Directory() {
		return nil
	}
	switch name {
	case "escaped_path":
		return escapedPath(l.path)
	case "size":
		return l.info.Size
	case "mimetype":
		if kind := mimeType(l.path); kind != "" {
			return kind
		}
	case "attributes":
		if all := l.attributes(); len(all) > 0 {
			return strings.Join(all, ",")
		}
	}
	return nil
}

// directory is a page of what is in a directory and, down to max_depth, in those below it.
func (room *Room) directory(c *access.Call, r *Repository, at placed, tree gitstore.Hash) (any, error) {
	p, err := c.Paging(rest.DefaultPagelen)
	if err != nil {
		return nil, err
	}
	depth := 1
	if text := c.Query().Get("max_depth"); text != "" {
		if depth, err = strconv.Atoi(text); err != nil || depth < 1 || depth > maxDepth {
			return nil, rest.Refusef(reason.QueryInvalid, "max_depth is a number from 1 to %d.", maxDepth).WithMessage("Invalid max_depth")
		}
	}
	filter, sort := c.Query().Get("q"), c.Query().Get("sort")
	enough := maxEntries + 1
	if depth > 1 && filter == "" && sort == "" {
		enough = min(enough, p.Offset()+p.Pagelen+1)
	}
	prefix := ""
	if at.path != "" {
		prefix = at.path + "/"
	}
	var rows []listed
	if err := room.Git.Walk(c.Context(), r.ID, tree, depth, func(path string, e gitstore.Entry) bool {
		rows = append(rows, listed{path: prefix + path, entry: e})
		return len(rows) < enough
	}); err != nil {
		return nil, err
	}
	if len(rows) > maxEntries {
		return nil, rest.Refusef(reason.QueryInvalid, "There are more than %d files and directories to list. Ask for a directory below, or with a smaller max_depth.", maxEntries).WithMessage("Too many entries")
	}
	if filter != "" || sort != "" {
		if text := filter + sort; strings.Contains(text, "size") || strings.Contains(text, "attributes") {
			if err := room.inform(c.Context(), r, rows); err != nil {
				return nil, err
			}
		}
		if rows, err = selectRows(rows, entryFields, filter, sort, (*listed).field); err != nil {
			return nil, err
		}
	}
	from := min(p.Offset(), len(rows))
	page := rows[from:min(from+p.Pagelen, len(rows))]
	if err := room.inform(c.Context(), r, page); err != nil {
		return nil, err
	}
	values := make([]entryJSON, len(page))
	for i := range page {
		values[i] = room.renderEntry(r, at.commit, &page[i])
	}
	// The next page is of this commit, whatever the branch leads to by then.
	here := room.sourceLink(r, "src", at.commit.Hash, at.path, true)
	if enough <= maxEntries {
		return rest.Uncounted(c.Request, p, values, from+len(page) < len(rows), nil).At(here, nil), nil
	}
	return rest.Counted(c.Request, p, values, len(rows)).At(here, nil), nil
}

// inform looks up what the files among rows are.
func (room *Room) inform(ctx context.Context, r *Repository, rows []listed) error {
	var hashes []gitstore.Hash
	for i := range rows {
		if rows[i].content() {
			hashes = append(hashes, rows[i].entry.Hash)
		}
	}
	infos, err := room.Git.Files(ctx, r.ID, hashes)
	if err != nil {
		return err
	}
	for i := range rows {
		if rows[i].content() {
			rows[i].info, infos = infos[0], infos[1:]
		}
	}
	return nil
}

func (room *Room) renderEntry(r *Repository, commit *gitstore.Commit, l *listed) entryJSON {
	self := room.sourceLink(r, "src", commit.Hash, l.path, l.entry.Directory())
	j := entryJSON{Type: l.kind(), Path: strings.ToValidUTF8(l.path, "�"), Commit: room.renderParent(r, commit.Hash),
		Links: map[string]rest.Link{"self": self, "meta": {Href: self.Href + "?format=meta"}}}
	if l.entry.Directory() {
		return j
	}
	j.Links["history"] = room.sourceLink(r, "filehistory", commit.Hash, l.path, false)
	j.fileJSON = &fileJSON{EscapedPath: escapedPath(l.path), Size: l.info.Size, Attributes: l.attributes()}
	if kind := mimeType(l.path); kind != "" {
		j.MimeType = &kind
	}
	return j
}

// sourceLink is the address of a path of a commit; that of a directory ends with a slash.
func (room *Room) sourceLink(r *Repository, operation string, commit gitstore.Hash, path string, directory bool) rest.Link {
	segments := []string{operation, string(commit)}
	if path != "" {
		segments = append(segments, strings.Split(path, "/")...)
	}
	if directory {
		segments = append(segments, "")
	}
	return room.link(r, segments...)
}

// escapedPath is a path as it stands in a diff: in quotes, with escapes as in C, when it holds what needs them.
func escapedPath(path string) string {
	if utf8.ValidString(path) && !strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f || r == '"' || r == '\\' }) {
		return path
	}
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(path); {
		r, size := utf8.DecodeRuneInString(path[i:])
		switch c := path[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case strings.IndexByte("\a\b\t\n\v\f\r", c) >= 0:
			b.WriteByte('\\')
			b.WriteByte("abtnvfr"[c-'\a'])
		case c < ' ' || c == 0x7f || r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteString(path[i : i+size])
		}
		i += size
	}
	b.WriteByte('"')
	return b.String()
}

// versionJSON is a file as a commit left it (schema commit_file).
type versionJSON struct {
	Type   string               `json:"type"`
	Path   string               `json:"path"`
	Commit commitJSON           `json:"commit"`
	Links  map[string]rest.Link `json:"links"`

	fileJSON
}

// versionFields are what filters and orders of the history of a file may name.
var versionFields = bbql.Fields{
	"path":              {Kind: bbql.String},
	"size":              {Kind: bbql.Number},
	"commit.hash":       {Kind: bbql.String},
	"commit.date":       {Kind: bbql.Time},
	"commit.message":    {Kind: bbql.String},
	"commit.author.raw": {Kind: bbql.String},
}

// version is a listed file with its commit.
type version struct {
	listed
	commit *gitstore.Commit
}

func (v *version) field(name string) any {
	switch name {
	case "commit.hash":
		return string(v.commit.Hash)
	case "commit.date":
		return v.commit.Committer.When
	case "commit.message":
		return v.commit.Message
	case "commit.author.raw":
		return v.commit.Author.Raw
	}
	return v.listed.field(name)
}

// maxVersions bounds the history that is filtered or put in another order.
const maxVersions = 10_000

// fileHistory lists the commits that changed a file, newest first (GET .../filehistory/{commit}/{path}).
func (room *Room) fileHistory(c *access.Call, r *Repository) (any, error) {
	p, err := c.Paging(commitPagelen)
	if err != nil {
		return nil, err
	}
	renames, err := truth(c, "renames", true)
	if err != nil {
		return nil, err
	}
	at, err := room.placeOf(c, r)
	if err != nil {
		return nil, err
	}
	filter, sort := c.Query().Get("q"), c.Query().Get("sort")
	q := gitstore.FileQuery{From: at.commit.Hash, Path: at.path, Renames: renames, Skip: p.Offset(), Limit: p.Pagelen}
	selected := filter != "" || sort != ""
	if selected {
		q.Skip, q.Limit = 0, maxVersions
	}
	found, more, err := room.Git.FileHistory(c.Context(), r.ID, q)
	if err == nil && len(found) == 0 && q.Skip == 0 {
		err = gitstore.ErrNotFound
	}
	if err != nil {
		return nil, pathError(err, at)
	}
	if selected && more {
		return nil, rest.Refusef(reason.QueryInvalid, "More than %d commits changed the file: they are listed without q and sort only.", maxVersions).WithMessage("Too many commits")
	}
	rows, err := room.versions(c.Context(), r, found)
	if err != nil {
		return nil, err
	}
	here := room.sourceLink(r, "filehistory", at.commit.Hash, at.path, false)
	if !selected {
		values, err := room.renderVersions(c.Context(), r, rows)
		return rest.Uncounted(c.Request, p, values, more, nil).At(here, nil), err
	}
	if rows, err = selectRows(rows, versionFields, filter, sort, (*version).field); err != nil {
		return nil, err
	}
	from := min(p.Offset(), len(rows))
	values, err := room.renderVersions(c.Context(), r, rows[from:min(from+p.Pagelen, len(rows))])
	return rest.Counted(c.Request, p, values, len(rows)).At(here, nil), err
}

// versions looks up the commits of a history, and what the file is in each.
func (room *Room) versions(ctx context.Context, r *Repository, found []gitstore.FileVersion) ([]version, error) {
	hashes, files := make([]gitstore.Hash, len(found)), make([]listed, len(found))
	for i, v := range found {
		hashes[i], files[i] = v.Commit, listed{path: v.Path, entry: v.Entry}
	}
	commits, err := room.Git.Commits(ctx, r.ID, hashes)
	if err == nil {
		err = room.inform(ctx, r, files)
	}
	if err != nil {
		return nil, err
	}
	rows := make([]version, len(found))
	for i := range rows {
		rows[i] = version{files[i], commits[i]}
	}
	return rows, nil
}

func (room *Room) renderVersions(ctx context.Context, r *Repository, rows []version) ([]versionJSON, error) {
	commits := make([]*gitstore.Commit, len(rows))
	for i := range rows {
		commits[i] = rows[i].commit
	}
	who, err := room.peopleOf(ctx, commits...)
	if err != nil {
		return nil, err
	}
	values := make([]versionJSON, len(rows))
	for i := range rows {
		v := &rows[i]
		file := room.renderEntry(r, v.commit, &v.listed)
		values[i] = versionJSON{Type: file.Type, Path: file.Path, Commit: room.renderCommit(r, nil, v.commit, who), Links: file.Links, fileJSON: *file.fileJSON}
	}
	return values, nil
}
