package gitstore

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
)

// DiffQuery says what to compare and how.
type DiffQuery struct {
	From, To Hash     // commits; From "" is nothing at all, as before a first commit
	Paths    []string // only these files and directories; none: all
	Context  int      // lines around each change, 0 to MaxContext
	// IgnoreWhitespace leaves out changes of white space alone.
	IgnoreWhitespace bool
	// Renames tells a file that moved from one that went and one that came.
	Renames bool
	// NoBinary leaves out binary files.
	NoBinary bool
}

// MaxContext is the largest Context.
const MaxContext = 10_000

// emptyTree is the name of the tree without entries, which every repository has.
const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

// arguments are those of git for the query, after the name of the command and the options of the form.
func (q DiffQuery) arguments() ([]string, error) {
	from := string(q.From)
	switch {
	case from == "":
		from = emptyTree
	case !q.From.Valid():
		return nil, fail(ErrInvalid, "object name", from, "a full object name is needed")
	}
	if !q.To.Valid() {
		return nil, fail(ErrInvalid, "object name", string(q.To), "a full object name is needed")
	}
	if q.Context < 0 || q.Context > MaxContext {
		return nil, fail(ErrInvalid, "context", strconv.Itoa(q.Context), "0 to "+strconv.Itoa(MaxContext))
	}
	args := []string{"--no-color", "--no-ext-diff", "--no-textconv", "--no-relative", "--submodule=short", "--diff-algorithm=default",
		"--src-prefix=a/", "--dst-prefix=b/"}
	if q.IgnoreWhitespace {
		args = append(args, "--ignore-all-space")
	}
	if q.Renames {
		args = append(args, "--find-renames")
	} else {
		args = append(args, "--no-renames")
	}
	args = append(args, "--end-of-options", from, string(q.To), "--")
	for _, path := range q.Paths {
		if !ValidPath(path) {
			return nil, fail(ErrInvalid, "path", path, "")
		}
		args = append(args, path)
	}
	return args, nil
}

// Diff is the difference as text, as git writes it, in whatever encoding the files are. Close it. Errors: ErrInvalid.
func (s *Store) Diff(ctx context.Context, id string, q DiffQuery) (io.ReadCloser, error) {
	out, err := s.diff(ctx, id, q, "--patch", "-U"+strconv.Itoa(q.Context))
	if err != nil || !q.NoBinary {
		return out, err
	}
	return struct {
		io.Reader
		io.Closer
	}{&textOnly{in: bufio.NewReaderSize(out, 64<<10)}, out}, nil
}

func (s *Store) diff(ctx context.Context, id string, q DiffQuery, form ...string) (*gitOutput, error) {
	dir, err := s.dir(id)
	if err != nil {
		return nil, err
	}
	args, err := q.arguments()
	if err != nil {
		return nil, err
	}
	return s.outputOf(ctx, dir, nil, append(append([]string{"--git-dir=" + dir, "diff"}, form...), args...)...)
}

// textOnly leaves the parts of a diff out that are about binary files.
type textOnly struct {
	in   *bufio.Reader
	head []byte // of a file, held until it is known to be text
	held bool   // head grows
	out  []byte // to be read
	more bool   // the line that was read last goes on
	drop bool   // that line is left out
	err  error
}

// Read gives whole lines, or parts of a long one.
func (f *textOnly) Read(b []byte) (int, error) {
	for len(f.out) == 0 {
		if f.err != nil {
			return 0, f.err
		}
		f.line()
	}
	n := copy(b, f.out)
	f.out = f.out[n:]
	return n, nil
}

func (f *textOnly) line() {
	line, err := f.in.ReadSlice('\n')
	begins := !f.more
	f.more = errors.Is(err, bufio.ErrBufferFull)
	if err != nil && !f.more {
		f.err = err
	}
	switch {
	case !begins:
	case bytes.HasPrefix(line, []byte("diff --git ")):
		// A file without lines, such as an empty one that is new, ends with its head.
		f.out, f.head, f.held, f.drop = append([]byte(nil), f.head...), nil, true, false
	case f.held && bytes.HasPrefix(line, []byte("Binary files ")):
		f.head, f.held, f.drop = nil, false, true
	case f.held && bytes.HasPrefix(line, []byte("@@ ")):
		f.out, f.head, f.held = append([]byte(nil), f.head...), nil, false
	}
	switch {
	case f.drop:
	case f.held:
		f.head = append(f.head, line...)
	default:
		f.out = append(f.out, line...)
	}
	if f.err != nil {
		f.out, f.head = append(f.out, f.head...), nil
	}
}

// Patches are the commits that lead to q.To and not to q.From, the oldest first, as mails that `git am` takes; without
// q.From the one commit q.To. Merges are left out, as git leaves them. Close it. Errors: ErrInvalid.
func (s *Store) Patches(ctx context.Context, id string, from, to Hash) (io.ReadCloser, error) {
	dir, err := s.dir(id)
	if err != nil {
		return nil, err
	}
	if !to.Valid() || from != "" && !from.Valid() {
		return nil, fail(ErrInvalid, "object name", "", "a full object name is needed")
	}
	args := []string{"--git-dir=" + dir, "format-patch", "--stdout", "--no-color", "--no-ext-diff", "--no-textconv", "--no-signature", "--no-cover-letter",
		"--no-thread", "--no-attach", "--no-encode-email-headers", "--no-notes", "--no-base"}
	if from == "" {
		args = append(args, "-1", "--end-of-options", string(to))
	} else {
		args = append(args, "--end-of-options", string(from)+".."+string(to))
	}
	return s.outputOf(ctx, dir, nil, args...)
}

// Change is what happened to one file.
type Change struct {
	Status         byte   // 'A' added, 'D' deleted, 'M' modified, 'R' renamed, 'T' of another type
	Old, New       string // paths, bytes as git keeps them; "" where there is none
	OldMode        string // as in Entry; "" where there is none
	NewMode        string
	OldHash        Hash // "" where there is none
	NewHash        Hash
	Added, Removed int // lines; 0 for a binary file
	Binary         bool
}

// Changes lists what differs, by path, at most limit files. Errors: ErrInvalid; ErrTooLarge when there are more.
func (s *Store) Changes(ctx context.Context, id string, q DiffQuery, limit int) ([]Change, error) {
	out, err := s.diff(ctx, id, q, "-z", "--raw", "--numstat", "--no-abbrev")
	if err != nil {
		return nil, err
	}
	defer out.Close()
	return readChanges(bufio.NewReaderSize(out, 64<<10), limit)
}

var errDiffOutput = errors.New("gitstore: diff answered in another form than asked for")

// readChanges reads the records of --raw and then those of --numstat, which come in the same order. What git counts
// nothing for is left out: a file that differs in white space alone, when that is ignored.
func readChanges(in *bufio.Reader, limit int) ([]Change, error) {
	var changes []Change
	kept, next := 0, 0 // next is the first one of changes that may be counted
	for {
		record, err := readRecord(in)
		if errors.Is(err, io.EOF) {
			return changes[:kept], nil
		}
		if err != nil {
			return nil, err
		}
		text := string(record)
		if strings.HasPrefix(text, ":") {
			if len(changes) == limit {
				return nil, fail(ErrTooLarge, "diff", "", "more than "+strconv.Itoa(limit)+" files")
			}
			c, err := readChange(in, text)
			if err != nil {
				return nil, err
			}
			changes = append(changes, c)
			continue
		}
		n, err := readCount(in, text)
		if err != nil {
			return nil, err
		}
		for next < len(changes) && changes[next].path() != n.path {
			next++
		}
		if next == len(changes) {
			return nil, errDiffOutput
		}
		c := changes[next]
		next++
		c.Added, c.Removed, c.Binary = n.added, n.removed, n.binary
		changes[kept] = c
		kept++
	}
}

// path is where the file is, or was when it is gone.
func (c Change) path() string {
	if c.New == "" {
		return c.Old
	}
	return c.New
}

// readChange reads ":MODE MODE HASH HASH STATUS" and the paths behind it.
func readChange(in *bufio.Reader, head string) (Change, error) {
	fields := strings.Fields(head)
	if len(fields) != 5 || !Hash(fields[2]).Valid() || !Hash(fields[3]).Valid() {
		return Change{}, errDiffOutput
	}
	c := Change{Status: fields[4][0], OldHash: Hash(fields[2]), NewHash: Hash(fields[3]), OldMode: fields[0][1:], NewMode: fields[1]}
	path, err := readRecord(in)
	if err != nil {
		return Change{}, errDiffOutput
	}
	c.Old, c.New = string(path), string(path)
	switch c.Status {
	case 'A':
		c.Old, c.OldHash, c.OldMode = "", "", ""
	case 'D':
		c.New, c.NewHash, c.NewMode = "", "", ""
	case 'R', 'C':
		if path, err = readRecord(in); err != nil {
			return Change{}, errDiffOutput
		}
		c.New = string(path)
	}
	return c, nil
}

type lineCount struct {
	path           string
	added, removed int
	binary         bool
}

// readCount reads "ADDED\tREMOVED\tPATH", where the paths of a rename follow as records of their own.
func readCount(in *bufio.Reader, text string) (lineCount, error) {
	added, rest, ok1 := strings.Cut(text, "\t")
	removed, path, ok2 := strings.Cut(rest, "\t")
	if !ok1 || !ok2 {
		return lineCount{}, errDiffOutput
	}
	n := lineCount{path: path, binary: added == "-"}
	if path == "" {
		for range 2 { // the new path is the last one
			record, err := readRecord(in)
			if err != nil {
				return lineCount{}, errDiffOutput
			}
			n.path = string(record)
		}
	}
	if n.binary {
		return n, nil
	}
	var err1, err2 error
	n.added, err1 = strconv.Atoi(added)
	n.removed, err2 = strconv.Atoi(removed)
	if err1 != nil || err2 != nil {
		return lineCount{}, errDiffOutput
	}
	return n, nil
}
