package gitstore

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
)

// FileQuery says which part of the history of a file to list.
type FileQuery struct {
	From    Hash   // the commit that the history is seen from
	Path    string // of the file in From
	Renames bool   // goes on with the file under the names that it had before
	Skip    int    // leaves out the first versions; the cost grows with it
	Limit   int    // at least 1
}

// FileVersion is a file as a commit left it.
type FileVersion struct {
	Commit Hash
	Entry  Entry  // Mode is "" where the commit removed the file
	Path   string // of the file in Commit

	merge bool // what Entry is has to be looked up
}

var errHistoryOutput = errors.New("gitstore: log answered in another form than asked for")

// FileHistory lists the commits that changed a file, newest first, in one git process. more tells whether there are others
// after the last one. Errors: ErrInvalid for the commit, the path or the numbers.
func (s *Store) FileHistory(ctx context.Context, id string, q FileQuery) (versions []FileVersion, more bool, err error) {
	dir, err := s.dir(id)
	switch {
	case err != nil:
		return nil, false, err
	case !ValidPath(q.Path):
		return nil, false, fail(ErrInvalid, "path", q.Path, "")
	case !q.From.Valid():
		return nil, false, fail(ErrInvalid, "object name", string(q.From), "a full object name is needed")
	case q.Skip < 0 || q.Limit < 1:
		return nil, false, fail(ErrInvalid, "page of the history", "", "")
	}
	args := []string{"--git-dir=" + dir, "log", "-z", "--raw", "--no-abbrev", "--no-show-signature", "--no-notes", "--no-color", "--no-decorate", "--format=%H",
		"--max-count=" + strconv.Itoa(q.Skip+q.Limit+1)}
	if q.Renames {
		args = append(args, "--follow", "--find-renames")
	} else {
		args = append(args, "--no-renames")
	}
	out, err := s.outputOf(ctx, dir, nil, append(args, "--end-of-options", string(q.From), "--", q.Path)...)
	if err != nil {
		return nil, false, err
	}
	defer out.Close()
	versions, err = readHistory(bufio.NewReaderSize(out, 64<<10), q.Path, q.Skip, q.Limit+1)
	if err != nil {
		return nil, false, err
	}
	if more = len(versions) > q.Limit; more {
		versions = versions[:q.Limit]
	}
	for i := range versions {
		if v := &versions[i]; v.merge {
			if err := s.lookAtMerge(ctx, id, v); err != nil {
				return nil, false, err
			}
		}
	}
	return versions, more, nil
}

// lookAtMerge finds what a merge made of the file: git lists it, but does not say.
func (s *Store) lookAtMerge(ctx context.Context, id string, v *FileVersion) error {
	c, err := s.Commit(ctx, id, v.Commit)
	if err != nil {
		return err
	}
	e, err := s.At(ctx, id, c.Tree, v.Path)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	v.Entry.Mode, v.Entry.Hash = e.Mode, e.Hash
	return err
}

// readHistory reads commits, each followed by what it did to the file; only a merge is followed by nothing. path is the file's
// where nothing says another one.
func readHistory(in *bufio.Reader, path string, skip, limit int) ([]FileVersion, error) {
	var versions []FileVersion
	var commit Hash // whose change is still to come
	add := func(v FileVersion) {
		if commit = ""; skip > 0 {
			skip--
			return
		}
		v.Entry.Name = v.Path
		versions = append(versions, v)
	}
	for len(versions) < limit {
		record, err := readRecord(in)
		end := errors.Is(err, io.EOF)
		if err != nil && !end {
			return nil, err
		}
		head, change := strings.CutPrefix(strings.TrimPrefix(string(record), "\n"), ":")
		if !change {
			if commit != "" {
				add(FileVersion{Commit: commit, Path: path, merge: true})
			}
			if end {
				return versions, nil
			}
			if commit = Hash(record); !commit.Valid() {
				return nil, errHistoryOutput
			}
			continue
		}
		fields := strings.Fields(head)
		c, err := readChange(in, ":"+head)
		if err != nil || commit == "" { // one change for each commit: the file's
			return nil, errHistoryOutput
		}
		v := FileVersion{Commit: commit, Path: c.path(), Entry: Entry{Hash: c.NewHash}}
		if c.New != "" {
			v.Entry.Mode = fields[1]
		}
		add(v)
	}
	return versions, nil
}
