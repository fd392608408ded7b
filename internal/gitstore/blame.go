package gitstore

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Run is some lines of a file, one after the other, that one commit made what they are.
type Run struct {
	Commit Hash
	First  int    // line, from 1
	Lines  int    // how many
	Path   string // of the file in Commit
	// Before is where the file was before Commit changed it: a parent and the path there. Hash is "" where the lines
	// came with the file.
	Before struct {
		Commit Hash
		Path   string
	}
}

// Blame tells which commit brought each line of the file at path in a commit, following the file through its names. The runs
// come in order and leave no line out. It takes as long as git walks through the history; ctx ends it.
// Errors: ErrInvalid for the commit or the path, ErrNotFound when no file is there, ErrTooLarge above maxLines lines.
func (s *Store) Blame(ctx context.Context, id string, commit Hash, path string, maxLines int) ([]Run, error) {
	dir, err := s.dir(id)
	switch {
	case err != nil:
		return nil, err
	case !ValidPath(path):
		return nil, fail(ErrInvalid, "path", path, "")
	case !commit.Valid():
		return nil, fail(ErrInvalid, "object name", string(commit), "a full object name is needed")
	}
	// git says the same of every failure: what is not there is found out first.
	c, err := s.Commit(ctx, id, commit)
	if err != nil {
		return nil, err
	}
	if e, err := s.At(ctx, id, c.Tree, path); err != nil {
		return nil, err
	} else if !e.File() {
		return nil, fail(ErrNotFound, "file", path, "")
	}
	out, err := s.outputOf(ctx, dir, nil, "--git-dir="+dir, "blame", "--incremental", "--no-progress", string(commit), "--", path)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	return readBlame(bufio.NewReaderSize(out, 64<<10), maxLines)
}

var errBlameOutput = errors.New("gitstore: blame answered in another form than asked for")

// readBlame reads entries of --incremental: "HASH LINE-THEN LINE-NOW LINES", what is to be said of the commit, and at the end
// of each "filename PATH". They come in whatever order git finds them.
func readBlame(in *bufio.Reader, maxLines int) ([]Run, error) {
	var runs []Run
	var run *Run
	total := 0
	for {
		line, err := readLine(in)
		if errors.Is(err, io.EOF) && run == nil {
			return joinRuns(runs)
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = errBlameOutput
			}
			return nil, err
		}
		if run == nil {
			fields := strings.Fields(line)
			if len(fields) != 4 || !Hash(fields[0]).Valid() {
				return nil, errBlameOutput
			}
			now, err1 := strconv.Atoi(fields[2])
			lines, err2 := strconv.Atoi(fields[3])
			if err1 != nil || err2 != nil || now < 1 || lines < 1 || lines > maxLines-total {
				if err1 == nil && err2 == nil && now >= 1 && lines >= 1 {
					return nil, fail(ErrTooLarge, "file", "", "more than "+strconv.Itoa(maxLines)+" lines")
				}
				return nil, errBlameOutput
			}
			total += lines
			run = &Run{Commit: Hash(fields[0]), First: now, Lines: lines}
			continue
		}
		key, value, _ := strings.Cut(line, " ")
		switch key {
		case "previous":
			hash, quoted, _ := strings.Cut(value, " ")
			path, ok := unquote(quoted)
			if !ok || !Hash(hash).Valid() {
				return nil, errBlameOutput
			}
			run.Before.Commit, run.Before.Path = Hash(hash), path
		case "filename":
			var ok bool
			if run.Path, ok = unquote(value); !ok {
				return nil, errBlameOutput
			}
			runs = append(runs, *run)
			run = nil
		}
	}
}

// joinRuns puts runs in order, and makes one of neighbours that are alike.
func joinRuns(runs []Run) ([]Run, error) {
	slices.SortFunc(runs, func(a, b Run) int { return a.First - b.First })
	joined, next := runs[:0], 1
	for _, run := range runs {
		if run.First != next {
			return nil, errBlameOutput
		}
		next += run.Lines
		if n := len(joined); n > 0 && joined[n-1].Commit == run.Commit && joined[n-1].Path == run.Path {
			joined[n-1].Lines += run.Lines
			continue
		}
		joined = append(joined, run)
	}
	return joined, nil
}

// readLine reads a line without its end. Of one that is longer than the buffer the rest is dropped.
func readLine(in *bufio.Reader) (string, error) {
	part, err := in.ReadSlice('\n')
	line := string(bytes.TrimSuffix(part, []byte("\n")))
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = in.ReadSlice('\n')
	}
	if errors.Is(err, io.EOF) && line != "" {
		return line, nil
	}
	return line, err
}

// unquote reads a path as git prints it: as it is, or in quotes with escapes as in C when it holds what needs them.
func unquote(s string) (path string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		return s, true
	}
	if len(s) < 2 || !strings.HasSuffix(s, `"`) {
		return "", false
	}
	s = s[1 : len(s)-1]
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '"' {
			return "", false
		}
		if s[i] != '\\' {
			b = append(b, s[i])
			continue
		}
		if i++; i == len(s) {
			return "", false
		}
		if at := strings.IndexByte(`abtnvfr"\`, s[i]); at >= 0 {
			b = append(b, "\a\b\t\n\v\f\r\"\\"[at])
			continue
		}
		if i+3 > len(s) {
			return "", false
		}
		c, err := strconv.ParseUint(s[i:i+3], 8, 8)
		if err != nil {
			return "", false
		}
		b = append(b, byte(c))
		i += 2
	}
	return string(b), true
}
