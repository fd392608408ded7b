package code

import (
	"errors"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/highlight"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/diff"
	"github.com/pailforge/pail/internal/web/page"
)

// Limits of what a page shows of a difference. What is beyond them is only named, with a link that shows the one file.
const (
	maxChanged = 10_000    // files that may differ
	filesShown = 100       // on one page
	linesShown = 3000      // of all files on one page
	bytesShown = 256 << 10 // of all files on one page
	fileLines  = 1000      // of one among others
	fileBytes  = 64 << 10
	aloneLines = 20_000 // of one by itself
	aloneBytes = 1 << 20
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
}

// changePart is what changed in one file.
type changePart struct {
	ID             string
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
func (p *Pages) diff(r *page.Request, repo *repository.Repository, from, to gitstore.Hash) (*diffPart, error) {
	query := r.URL.Query()
	part := &diffPart{Split: query.Get("view") == "split"}
	part.Views = []page.Link{{Name: "Unified", Href: r.With("view", ""), Current: !part.Split}, {Name: "Side by side", Href: r.With("view", "split"), Current: part.Split}}
	q := gitstore.DiffQuery{From: from, To: to, Context: 3, Renames: true, Paths: query["path"]}
	if len(q.Paths) > 2 {
		return nil, rest.Refuse(reason.QueryInvalid, "One file can be shown, under its old and its new name.")
	}
	alone := len(q.Paths) > 0
	if alone {
		part.Alone = r.With("path", "")
	}
	d, err := p.difference(r, repo, q)
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
		part.add(repo, from, to, c, d.files[pathOf(c)], alone, "f"+strconv.Itoa(d.begin+i+1))
		if !alone && d.all > 1 {
			last := &part.Changes[len(part.Changes)-1]
			last.Alone = onlyPath(r, c)
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
}

// difference is a part of the files that differ.
type difference struct {
	all, added, removed int // of all files
	begin               int // the number of the first one of shown, from 0
	shown               []gitstore.Change
	files               map[string]file // by pathOf
}

// difference asks git what differs. It is kept for a while.
func (p *Pages) difference(r *page.Request, repo *repository.Repository, q gitstore.DiffQuery) (difference, error) {
	key := differenceKey{repo.ID, q.From, q.To, strings.Join(q.Paths, "\x00"), r.Page()}
	if d, ok := p.differences.get(key); ok {
		return d, nil
	}
	changes, err := p.Repositories.Git.Changes(r.Context(), repo.ID, q, maxChanged)
	if err != nil {
		return difference{}, err
	}
	d := difference{all: len(changes), begin: min((r.Page()-1)*filesShown, len(changes))}
	for _, c := range changes {
		d.added += c.Added
		d.removed += c.Removed
	}
	d.shown = slices.Clone(changes[d.begin:min(d.begin+filesShown, len(changes))])
	if d.files, err = p.lines(r, repo, q, d.shown, len(d.shown) < len(changes)); err != nil {
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

// onlyPath is the address of this page with one file alone.
func onlyPath(r *page.Request, c gitstore.Change) string {
	u := *r.URL
	q := u.Query()
	q.Del("page")
	q.Del("path")
	for _, path := range slices.Compact([]string{c.Old, c.New}) {
		if path != "" {
			q.Add("path", path)
		}
	}
	u.RawQuery = q.Encode()
	return u.RequestURI()
}

// pathOf is where a file is, or was when it is gone.
func pathOf(c gitstore.Change) string {
	if c.New == "" {
		return c.Old
	}
	return c.New
}

// file is what is shown of a file: its hunks, nothing when they are too many.
type file struct {
	hunks []diff.Hunk
	large bool
}

// lines reads the lines of the files that are shown, and no more of the difference than that takes. some: they are not all files
// that differ.
func (p *Pages) lines(r *page.Request, repo *repository.Repository, q gitstore.DiffQuery, shown []gitstore.Change, some bool) (map[string]file, error) {
	files := make(map[string]file, len(shown))
	limit, most, left := fileBytes, fileLines, [2]int{linesShown, bytesShown}
	if len(q.Paths) > 0 {
		limit, most, left = aloneBytes, aloneLines, [2]int{aloneLines, 2 * aloneBytes}
	}
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
	out, err := p.Repositories.Git.Diff(r.Context(), repo.ID, q)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	sections := diff.Read(out, limit)
	for left[0] > 0 && left[1] > 0 {
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
		if f.hunks = append(f.hunks, parsed.Hunks...); lines > most || lines > left[0] {
			f = file{large: true}
		} else {
			left[0] -= lines
			left[1] -= section.Size
		}
		files[name] = f
	}
	return files, nil
}

// add adds what changed in a file.
func (d *diffPart) add(repo *repository.Repository, from, to gitstore.Hash, c gitstore.Change, f file, alone bool, id string) {
	one := changePart{ID: id, New: name(pathOf(c)), Added: c.Added, Removed: c.Removed, Counted: !c.Binary}
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
		one.View = source(repo, "src", string(to), c.New)
	case c.New == "" && from != "" && c.OldMode != "160000":
		one.View = source(repo, "src", string(from), c.Old)
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
		one.Lines, odd = rows(f.hunks, d.Split)
		d.Odd += odd
	}
	d.Changes = append(d.Changes, one)
}

func word(mode string) string {
	if word, ok := modes[mode]; ok {
		return word
	}
	return mode
}

// table writes the rows of a difference. odd counts the characters that mislead.
type table struct {
	strings.Builder
	odd int
}

// rows are hunks as a table, below each other or side by side.
func rows(hunks []diff.Hunk, split bool) (html template.HTML, odd int) {
	var t table
	if split {
		t.WriteString(`<table class="diff split" role="presentation" dir="ltr"><colgroup><col><col><col><col></colgroup><tbody>` + "\n")
	} else {
		t.WriteString(`<table class="diff" role="presentation" dir="ltr"><tbody>` + "\n")
	}
	for i := range hunks {
		h := &hunks[i]
		within, odd := highlight.Escape(h.Within)
		t.odd += odd
		at := fmt.Sprintf("Line %d", max(h.New, 1))
		if h.New == 0 {
			at = fmt.Sprintf("Line %d before", h.Old)
		}
		span := 3
		if split {
			span = 4
		}
		fmt.Fprintf(&t, `<tr class="h"><td colspan="%d">%s <span>%s</span></td></tr>`+"\n", span, at, within)
		if split {
			for _, pair := range h.Pairs() {
				t.WriteString("<tr>")
				t.side(pair.Old, true)
				t.side(pair.New, false)
				t.WriteString("</tr>\n")
			}
			continue
		}
		for j := range h.Lines {
			line := &h.Lines[j]
			t.WriteString("<tr" + sign(line) + "><td>" + lineNumber(line.Old) + "</td><td>" + lineNumber(line.New) + "</td><td>")
			t.text(line)
			t.WriteString("</td></tr>\n")
		}
	}
	t.WriteString("</tbody></table>\n")
	return template.HTML(t.String()), t.odd
}

// side writes one side of a row: two cells.
func (t *table) side(line *diff.Line, old bool) {
	if line == nil {
		t.WriteString(`<td></td><td class="e"></td>`)
		return
	}
	n := line.New
	if old {
		n = line.Old
	}
	t.WriteString("<td>" + lineNumber(n) + "</td><td" + sign(line) + ">")
	t.text(line)
	t.WriteString("</td>")
}

// text writes the text of a line. A carriage return in front of the line break is shown where it may be what changed.
func (t *table) text(line *diff.Line) {
	text := line.Text
	if line.Sign == ' ' {
		text = strings.TrimSuffix(text, "\r")
	}
	shown, odd := highlight.Escape(text)
	t.odd += odd
	t.WriteString(string(shown))
	if line.Open {
		t.WriteString(` <span class="open">no line break at the end</span>`)
	}
}

// sign is the attribute that says whether a line came or went.
func sign(line *diff.Line) string {
	switch line.Sign {
	case '+':
		return ` class="a"`
	case '-':
		return ` class="d"`
	}
	return ""
}

func lineNumber(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
