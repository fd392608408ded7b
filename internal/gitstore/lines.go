package gitstore

import (
	"bufio"
	"context"
	"errors"
	"io"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// Shift says where the lines of a file went from one commit to another. The zero value is a file that is gone.
type Shift struct {
	// Path is the file's in the other commit; "" where it is gone, or has become something without lines.
	Path  string
	edits []edit // in order, apart from each other
}

// edit is a place in which lines were replaced.
type edit struct {
	first, next int // old lines that are gone, from 1: first, and the one after the last
	delta       int // how far the lines from next on have moved, up to the next edit
}

// Line is where a line is now, both counted from 1; 0: it is gone, or was changed.
func (s *Shift) Line(n int) int {
	first, _ := s.Lines(n, n)
	return first
}

// Lines is where the lines from first to last are now, without those at the ends that are gone; 0, 0: all of them are.
func (s *Shift) Lines(first, last int) (newFirst, newLast int) {
	if s.Path == "" || first < 1 || last < first {
		return 0, 0
	}
	i := s.at(first)
	for ; i < len(s.edits) && s.edits[i].first <= first; i++ {
		first = s.edits[i].next
	}
	j := s.at(last)
	for ; j < len(s.edits) && s.edits[j].first <= last; j = s.at(last) {
		last = s.edits[j].first - 1
	}
	if last < first {
		return 0, 0
	}
	return first + s.moved(i), last + s.moved(j)
}

// moved is how far lines have moved that have n edits before them.
func (s *Shift) moved(n int) int {
	if n == 0 {
		return 0
	}
	return s.edits[n-1].delta
}

// at is the first edit that ends behind line n.
func (s *Shift) at(n int) int {
	return sort.Search(len(s.edits), func(i int) bool { return s.edits[i].next > n })
}

// Bounds of Follow: paths that are named to git at once, files that are looked at to find where one went, and edits of one file.
const (
	maxFollowed = 200
	maxMoves    = 10_000
	maxEdits    = 100_000
)

// Follow says of files in one commit where their lines are in another one. Files that have moved are followed where git finds the
// move. It takes a few processes of git, however many files there are. Every path is in the answer; one that is in neither commit
// stays as it is. Errors: ErrInvalid; ErrNotFound for a commit; ErrTooLarge when a file has more than maxEdits edits.
func (s *Store) Follow(ctx context.Context, id string, from, to Hash, paths []string) (map[string]*Shift, error) {
	if _, err := s.Commits(ctx, id, []Hash{from, to}); err != nil {
		return nil, err
	}
	shifts := make(map[string]*Shift, len(paths))
	for _, path := range paths {
		shifts[path] = &Shift{Path: path}
	}
	gone := false
	for some := range slices.Chunk(paths, maxFollowed) {
		q := DiffQuery{From: from, To: to, Paths: some}
		changes, err := s.Changes(ctx, id, q, maxMoves)
		if err != nil {
			return nil, err
		}
		q.Paths = nil
		for _, c := range changes {
			switch {
			case shifts[c.Old] == nil: // it is new, or in a directory that was named
			case c.Status == 'D':
				gone, shifts[c.Old] = true, &Shift{}
			case c.Status == 'T' || c.Binary:
				shifts[c.Old] = &Shift{}
			case c.Added+c.Removed > 0:
				q.Paths = append(q.Paths, c.Old)
			}
		}
		if len(q.Paths) > 0 {
			if err := s.edits(ctx, id, q, shifts, "--diff-filter=M"); err != nil {
				return nil, err
			}
		}
	}
	if !gone {
		return shifts, nil
	}
	return shifts, s.moves(ctx, id, DiffQuery{From: from, To: to, Renames: true}, shifts)
}

// moves finds where files went that are gone from where they were. With very many changes it finds none.
func (s *Store) moves(ctx context.Context, id string, q DiffQuery, shifts map[string]*Shift) error {
	changes, err := s.Changes(ctx, id, q, maxMoves)
	if errors.Is(err, ErrTooLarge) {
		return nil
	}
	if err != nil {
		return err
	}
	changed := false
	for _, c := range changes {
		if at := shifts[c.Old]; c.Status == 'R' && at != nil && at.Path == "" && !c.Binary {
			at.Path = c.New
			changed = changed || c.Added+c.Removed > 0
		}
	}
	if !changed {
		return nil
	}
	return s.edits(ctx, id, q, shifts, "--diff-filter=R")
}

// edits reads what was edited in the files that a query is about, and that shifts has.
func (s *Store) edits(ctx context.Context, id string, q DiffQuery, shifts map[string]*Shift, filter string) error {
	out, err := s.diff(ctx, id, q, "--patch", "-U0", "--inter-hunk-context=0", filter)
	if err != nil {
		return err
	}
	defer out.Close()
	return readEdits(bufio.NewReaderSize(out, 64<<10), shifts)
}

// readEdits reads a patch without context, and notes the edits of the files that shifts has, by their old paths.
func readEdits(in *bufio.Reader, shifts map[string]*Shift) error {
	var now *Shift // nil: of another file
	for {
		line, err := readLine(in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch {
		case strings.HasPrefix(line, "diff --git "):
			now = nil
		case strings.HasPrefix(line, "--- "):
			path, ok := unquote(strings.TrimSuffix(line[len("--- "):], "\t")) // the tab is there when a space is
			if !ok {
				return errDiffOutput
			}
			if path, ok = strings.CutPrefix(path, "a/"); ok {
				now = shifts[path]
			}
		case strings.HasPrefix(line, "@@ "):
			e, lines, ok := readHunk(line)
			if !ok {
				return errDiffOutput
			}
			if now != nil {
				if n := len(now.edits); n > 0 {
					if e.first < now.edits[n-1].next {
						return errDiffOutput
					}
					e.delta += now.edits[n-1].delta
				}
				if len(now.edits) == maxEdits {
					return fail(ErrTooLarge, "diff", "", "more than "+strconv.Itoa(maxEdits)+" places in one file")
				}
				now.edits = append(now.edits, e)
			}
			if err := skipLines(in, lines); err != nil {
				return err
			}
		}
	}
}

// skipLines reads the lines of a hunk, which could look like anything else. A note about a missing line break counts for none.
func skipLines(in *bufio.Reader, lines int) error {
	for lines > 0 {
		line, err := readLine(in)
		switch {
		case errors.Is(err, io.EOF):
			return errDiffOutput
		case err != nil:
			return err
		case strings.HasPrefix(line, "+"), strings.HasPrefix(line, "-"):
			lines--
		case !strings.HasPrefix(line, `\`):
			return errDiffOutput
		}
	}
	return nil
}

// readHunk reads "@@ -FIRST,LINES +FIRST,LINES @@": the edit by itself, and how many lines follow. LINES is 1 where it is left out;
// where it is 0, FIRST is the line before.
func readHunk(line string) (e edit, lines int, ok bool) {
	fields := strings.SplitN(line, " ", 5)
	if len(fields) < 4 || fields[0] != "@@" || !strings.HasPrefix(fields[3], "@@") {
		return e, 0, false
	}
	oldFirst, removed, ok1 := readRange(fields[1], "-")
	_, added, ok2 := readRange(fields[2], "+")
	if removed == 0 {
		oldFirst++
	}
	return edit{oldFirst, oldFirst + removed, added - removed}, removed + added, ok1 && ok2 && oldFirst > 0 && removed+added > 0
}

func readRange(field, sign string) (first, lines int, ok bool) {
	const most = 1 << 30
	text, ok := strings.CutPrefix(field, sign)
	firstText, linesText, both := strings.Cut(text, ",")
	if !both {
		linesText = "1"
	}
	first, err1 := strconv.Atoi(firstText)
	lines, err2 := strconv.Atoi(linesText)
	return first, lines, ok && err1 == nil && err2 == nil && first >= 0 && lines >= 0 && first <= most && lines <= most
}
