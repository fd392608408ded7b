package code

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/diff"
	"github.com/pailforge/pail/internal/web/page"
)

// Limits of what a page shows of a difference. What is beyond them is only named, with a link that shows the one file.
const (
	maxChanged  = 10_000 // files that may differ
	filesShown  = 100    // on one page
	filesListed = 500    // on one page, where all but the first are shown when they come into view
	filesFirst  = 20     // that are shown at once there
	pathsAsked  = 60     // old and new names of files that can be asked for together
)

// budget bounds the lines that a page shows: of each file, and of all together.
type budget struct{ fileLines, fileBytes, lines, bytes int }

var (
	among = budget{1000, 64 << 10, 3000, 256 << 10}
	early = budget{1000, 64 << 10, 1200, 96 << 10} // of the first files
	alone = budget{20_000, 1 << 20, 20_000, 2 << 20}
)

// diffPart is what differs between two commits, on a page.
type diffPart struct {
	Files          int
	Added, Removed int
	TooMany        bool   // files differ; none is listed
	Alone          string // the address of all of it, where one file is shown
	Split          bool
	Views          []page.Link
	Changes        []changePart
	Odd            int // characters that mislead
	Pager          page.Pager

	from, to gitstore.Hash
	show     diff.Show
	view     func(commit gitstore.Hash, path string) string // the address of a file
}

// changePart is what changed in one file.
type changePart struct {
	ID             string
	Version        string  // of all that is shown of it; "" where nothing can be said
	Talked         []int64 // comments on it
	Later          string  // the address to get its lines from once they come into view; "" for what is there
	Length         int     // how many lines it has then, and how high they are, in pixels: about
	Height         int
	Threads, Foot  template.HTML
	Old, New       template.HTML // names; Old is "" unless it is another one
	Word, Look     string        // what happened, and how that looks; "" for a change of the contents
	Added, Removed int
	Counted        bool
	Mode           string // how the mode changed; "" when it did not
	View           string // address of the file
	Alone          string // address that shows it by itself; "" where nothing more is shown there
	Said           string // why no lines are shown
	Lines          template.HTML
}

var happened = map[byte]struct{ word, look string }{'A': {"added", "good"}, 'D': {"deleted", "bad"}, 'R': {"moved", "soon"}, 'T': {"another type", "soon"}}

// modes are the modes of files, in words.
var modes = map[string]string{"100644": "a file", "100755": "executable", "120000": "a link", "160000": "a submodule"}

// diff is what differs between two commits; from is "" before a first commit. The parameters of the request say how it is shown:
// view=split side by side, path one file (the old name and the new one of a file that moved), page a part of the files.
func (p *Pages) diff(r *page.Request, repo *repository.Repository, from, to gitstore.Hash, show diff.Show) (*diffPart, error) {
	return p.differs(r, repo.ID, from, to, show, func(commit gitstore.Hash, path string) string { return source(repo, "src", string(commit), path) })
}

// differs is diff for the git directory with an id, whose files have the addresses that view gives.
func (p *Pages) differs(r *page.Request, id string, from, to gitstore.Hash, show diff.Show, view func(gitstore.Hash, string) string) (*diffPart, error) {
	query := r.URL.Query()
	part := &diffPart{Split: query.Get("view") == "split", from: from, to: to, show: show, view: view}
	part.Views = []page.Link{{Name: "Unified", Href: r.With("view", ""), Current: !part.Split}, {Name: "Side by side", Href: r.With("view", "split"), Current: part.Split}}
	q := gitstore.DiffQuery{From: from, To: to, Context: 3, Renames: true, Paths: query["path"]}
	if show.Later {
		q.Paths = nil
	}
	switch {
	case show.Files == "" && len(q.Paths) > 2:
		return nil, rest.Refuse(reason.QueryInvalid, "One file can be shown, under its old and its new name.")
	case len(q.Paths) > pathsAsked:
		return nil, rest.Refusef(reason.QueryInvalid, "At most %d names of files can be asked for at once.", pathsAsked)
	}
	if len(q.Paths) > 0 {
		part.Alone = cmp.Or(show.All, r.With("path", ""))
	}
	d, err := p.difference(r, id, q, show.Later)
	switch {
	case errors.Is(err, gitstore.ErrTooLarge):
		part.TooMany = true
		return part, nil
	case errors.Is(err, gitstore.ErrInvalid):
		return nil, rest.Refuse(reason.RevisionNotFound, "There is no file of this name in the difference.")
	case err != nil:
		return nil, err
	}
	part.Files, part.Added, part.Removed = d.all, d.added, d.removed
	part.Pager = r.Pager(d.begin+len(d.shown) < d.all)
	for i, c := range d.shown {
		one := changePart{}
		switch {
		case show.Files != "":
			one.Alone = onlyPath(show.Files, query, c)
		case len(q.Paths) == 0 && d.all > 1:
			one.Alone = onlyPath(r.URL.EscapedPath(), query, c)
		}
		if err := part.add(one, c, d.files[pathOf(c)], len(q.Paths) > 0 && len(q.Paths) <= 2, i >= filesFirst); err != nil {
			return nil, err
		}
	}
	return part, nil
}

// differenceKey says what a difference depends on: two commits stay what they are.
type differenceKey struct {
	repository string
	from, to   gitstore.Hash
	paths      string
	part       int
	later      bool
}

// difference is a part of the files that differ.
type difference struct {
	all, added, removed int // of all files
	begin               int // the number of the first one of shown, from 0
	shown               []gitstore.Change
	files               map[string]file // by pathOf
}

// difference asks git what differs. It is kept for a while. later: the lines of the first files are enough.
func (p *Pages) difference(r *page.Request, id string, q gitstore.DiffQuery, later bool) (difference, error) {
	key := differenceKey{id, q.From, q.To, strings.Join(q.Paths, "\x00"), r.Page(), later}
	if d, ok := p.differences.get(key); ok {
		return d, nil
	}
	changes, err := p.Repositories.Git.Changes(r.Context(), id, q, maxChanged)
	if err != nil {
		return difference{}, err
	}
	most, first, within := filesShown, filesShown, among
	switch {
	case later:
		most, first, within = filesListed, filesFirst, early
	case len(q.Paths) > 0 && len(q.Paths) <= 2:
		within = alone
	}
	d := difference{all: len(changes), begin: min((r.Page()-1)*most, len(changes))}
	for _, c := range changes {
		d.added += c.Added
		d.removed += c.Removed
	}
	d.shown = slices.Clone(changes[d.begin:min(d.begin+most, len(changes))])
	if first = min(first, len(d.shown)); first == len(changes) {
		d.files, err = p.lines(r, id, q, d.shown, false, within)
	} else {
		d.files, err = p.lines(r, id, q, d.shown[:first], true, within)
	}
	if err != nil {
		return difference{}, err
	}
	held := 400 * len(d.shown)
	for _, f := range d.files {
		for _, h := range f.hunks {
			for _, line := range h.Lines {
				held += 100 + len(line.Text)
			}
		}
	}
	p.differences.put(key, d, held)
	return d, nil
}

// onlyPath is the address of the page at an escaped path with one file alone, that is shown else as query says.
func onlyPath(at string, query url.Values, c gitstore.Change) string {
	q := url.Values{}
	for name, values := range query {
		if name != "page" && name != "path" {
			q[name] = values
		}
	}
	for _, path := range slices.Compact([]string{c.Old, c.New}) {
		if path != "" {
			q.Add("path", path)
		}
	}
	return at + "?" + q.Encode()
}

// fileID names a file on a page, whatever comes and goes before it.
func fileID(path string) string {
	sum := sha256.Sum256([]byte(path))
	return "f-" + hex.EncodeToString(sum[:6])
}

// pathOf is where a file is, or was when it is gone.
func pathOf(c gitstore.Change) string {
	if c.New == "" {
		return c.Old
	}
	return c.New
}

// file is what is shown of a file: its hunks, nothing when they are too many.
type file struct{ hunks []diff.Hunk }

// lines reads the lines of the files that are shown, and no more of the difference than that takes. some: they are not all files
// that differ.
func (p *Pages) lines(r *page.Request, id string, q gitstore.DiffQuery, shown []gitstore.Change, some bool, within budget) (map[string]file, error) {
	files := make(map[string]file, len(shown))
	text := 0
	if some {
		q.Paths = nil
	}
	for _, c := range shown {
		if some {
			q.Paths = append(q.Paths, slices.DeleteFunc(slices.Compact([]string{c.Old, c.New}), func(s string) bool { return s == "" || !gitstore.ValidPath(s) })...)
		}
		text += c.Added + c.Removed
	}
	if text == 0 {
		return files, nil
	}
	out, err := p.Repositories.Git.Diff(r.Context(), id, q)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	sections := diff.Read(out, within.fileBytes)
	for within.lines > 0 && within.bytes > 0 {
		section, err := sections.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if section.Text == nil {
			continue // what is not there is too large
		}
		parsed, err := diff.Parse(section.Text)
		if err != nil {
			continue // a name that no parser takes: the file is named, and not shown
		}
		name := parsed.New
		if name == "" {
			name = parsed.Old
		}
		lines := 0
		for _, h := range parsed.Hunks {
			lines += len(h.Lines)
		}
		f := files[name] // a file of another type comes as one that went and one that came
		if f.hunks = append(f.hunks, parsed.Hunks...); lines > within.fileLines || lines > within.lines {
			f = file{}
		} else {
			within.lines -= lines
			within.bytes -= section.Size
		}
		files[name] = f
	}
	return files, nil
}

// add adds what changed in a file, to one, which has the address that shows it by itself. alone: this is that page; late: it stands
// behind the first files.
func (d *diffPart) add(one changePart, c gitstore.Change, f file, alone, late bool) error {
	one.ID, one.New, one.Added, one.Removed, one.Counted = fileID(pathOf(c)), name(pathOf(c)), c.Added, c.Removed, !c.Binary
	if what, ok := happened[c.Status]; ok {
		one.Word, one.Look = what.word, what.look
	}
	if c.Old != "" && c.New != "" {
		if c.Old != c.New {
			one.Old = name(c.Old)
		}
		if c.OldMode != c.NewMode {
			one.Mode = fmt.Sprintf("%s → %s", word(c.OldMode), word(c.NewMode))
		}
	}
	switch {
	case c.New != "" && c.NewMode != "160000":
		one.View = d.view(d.to, c.New)
	case c.New == "" && d.from != "" && c.OldMode != "160000":
		one.View = d.view(d.from, c.Old)
	}
	if d.show.Talk != nil {
		var version string
		one.Talked, version = d.show.Talk.About(c)
		one.Version = digest(string(c.OldHash), string(c.NewHash), c.OldMode, c.NewMode, c.Old, version, strconv.FormatBool(d.Split))
	}
	if large := c.Added+c.Removed > among.fileLines; d.show.Later && (late || len(f.hunks) == 0 && c.Added+c.Removed > 0 && !large) {
		one.Later = one.Alone
		one.measure(c, d.Split, large)
		d.Changes = append(d.Changes, one)
		return nil
	}
	var threads *diff.Threads
	if d.show.Talk != nil {
		all, foot, err := d.show.Talk.Threads(c)
		if err != nil {
			return err
		}
		threads, one.Foot = diff.Hand(all), foot
	}
	switch {
	case c.Binary:
		one.Said = "The file is binary."
	case c.Added+c.Removed == 0 && c.Status == 'R':
		one.Said = "The file has another name, and the same contents."
	case c.Added+c.Removed == 0 && one.Mode != "":
		one.Said = "The contents are the same."
	case c.Added+c.Removed == 0:
		one.Said = "The file is empty."
	case len(f.hunks) == 0 && alone:
		one.Said = "The changes in this file are too many to be shown here. See them in a clone."
	case len(f.hunks) == 0:
		one.Said = "The changes in this file are not shown among so many."
	default:
		var odd int
		one.Lines, odd = rows(f.hunks, d.Split, threads)
		d.Odd += odd
	}
	if threads != nil {
		one.Threads = threads.Rest()
	}
	d.Changes = append(d.Changes, one)
	return nil
}

// digest is a short sum of texts.
func digest(texts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(texts, "\x00")))
	return hex.EncodeToString(sum[:6])
}

// Heights in pixels, as in the style sheet: of a line, and of what stands around the lines of a file.
const (
	lineHeight = 20
	restHeight = 42
)

// measure says how much room the lines take once they are there, as far as one knows without them: each change has a few lines around.
func (one *changePart) measure(c gitstore.Change, split, large bool) {
	one.Height = restHeight
	if large || c.Added+c.Removed == 0 {
		return
	}
	one.Length = c.Added + c.Removed
	rows := one.Length
	if split {
		rows = max(c.Added, c.Removed)
	}
	if c.Added > 0 && c.Removed > 0 || c.Old != "" && c.New != "" {
		one.Length, rows = one.Length+6, rows+6
	}
	one.Height += (rows + 1) * lineHeight
}

func word(mode string) string {
	if word, ok := modes[mode]; ok {
		return word
	}
	return mode
}
