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

// LogQuery says which commits to list.
type LogQuery struct {
	// Include and Exclude are revisions as in Resolve: commits reachable from any of Include and
	// from none of Exclude. Without Include, and without All, history starts at HEAD.
	Include []string
	Exclude []string
	// All starts at every branch and tag.
	All bool
	// Path keeps the commits that change this file or directory. Empty: all.
	Path string
	// Skip leaves out the first commits; the cost grows with it.
	Skip int
	// Limit is how many commits at most, 1 to MaxLog. 0: 30.
	Limit int
}

// MaxLog is the largest Limit.
const MaxLog = 1000

// logFormat is a commit's parts, one a line, then its message. With -z a NUL ends each commit.
const logFormat = "--format=%H%n%T%n%P%n%an <%ae>%n%ad%n%cn <%ce>%n%cd%n%B"

// Log lists commits, newest first, in one git process. more tells whether there are others after
// the last one. An empty repository has an empty log.
// Errors: ErrNotFound naming the revision, ErrInvalid for the path or the numbers.
func (s *Store) Log(ctx context.Context, id string, q LogQuery) (commits []Commit, more bool, err error) {
	dir, err := s.dir(id)
	if err != nil {
		return nil, false, err
	}
	if q.Limit == 0 {
		q.Limit = 30
	}
	if q.Limit < 0 || q.Limit > MaxLog || q.Skip < 0 {
		return nil, false, fail(ErrInvalid, "page of the log", "", "skip is at least 0, limit 1 to "+strconv.Itoa(MaxLog))
	}
	if q.Path != "" && !ValidPath(q.Path) {
		return nil, false, fail(ErrInvalid, "path", q.Path, "")
	}
	revisions, err := s.logRevisions(ctx, id, q)
	if err != nil || revisions == nil {
		return nil, false, err
	}
	args := []string{"--git-dir=" + dir, "log", "-z", "--no-show-signature", "--no-notes", "--no-color", "--no-decorate",
		"--no-patch", "--date=raw", logFormat, "--max-count=" + strconv.Itoa(q.Limit+1), "--skip=" + strconv.Itoa(q.Skip), "--stdin"}
	if q.All {
		args = append(args, "--branches", "--tags")
	}
	if q.Path != "" {
		args = append(args, "--", q.Path)
	}
	p := s.command(dir, args...)
	p.Stdin = bytes.NewReader(revisions)
	out, err := p.StdoutPipe()
	if err != nil {
		return nil, false, err
	}
	if err := p.start(ctx); err != nil {
		return nil, false, err
	}
	commits, parseErr := readLog(out, q.Limit+1)
	if parseErr != nil {
		p.cancel()
	}
	if err := p.wait(ctx); err != nil && (parseErr == nil || ctx.Err() != nil) {
		return nil, false, err
	}
	if parseErr != nil {
		return nil, false, parseErr
	}
	if len(commits) > q.Limit {
		return commits[:q.Limit], true, nil
	}
	return commits, false, nil
}

// logRevisions writes the starting points for --stdin. It is nil when there is no commit to start from.
func (s *Store) logRevisions(ctx context.Context, id string, q LogQuery) ([]byte, error) {
	var in bytes.Buffer
	in.Grow(64)
	add := func(mark, revision string) error {
		info, err := s.resolve(ctx, id, revision)
		if err != nil {
			return err
		}
		if info.Type != "commit" {
			return fail(ErrNotFound, "revision", revision, "it is a "+info.Type+", not a commit")
		}
		in.WriteString(mark + string(info.Hash) + "\n")
		return nil
	}
	for _, revision := range q.Include {
		if err := add("", revision); err != nil {
			return nil, err
		}
	}
	for _, revision := range q.Exclude {
		if err := add("^", revision); err != nil {
			return nil, err
		}
	}
	if len(q.Include) == 0 && !q.All {
		if err := add("", "HEAD"); errors.Is(err, ErrNotFound) {
			return nil, nil
		} else if err != nil {
			return nil, err
		}
	}
	if in.Len() == 0 {
		return []byte("\n"), nil
	}
	return in.Bytes(), nil
}

var errLogOutput = errors.New("gitstore: log answered in another form than asked for")

// readLog reads at most limit commits.
func readLog(out io.Reader, limit int) ([]Commit, error) {
	in := bufio.NewReaderSize(out, 64<<10)
	commits := make([]Commit, 0, min(limit, 128))
	for len(commits) <= limit {
		record, err := readRecord(in)
		if errors.Is(err, io.EOF) {
			return commits, nil
		}
		if err != nil {
			return nil, err
		}
		c, err := parseLogRecord(record)
		if err != nil {
			return nil, err
		}
		commits = append(commits, c)
	}
	return nil, errLogOutput
}

// readRecord reads up to the next NUL and keeps a bounded part.
func readRecord(in *bufio.Reader) ([]byte, error) {
	var record []byte
	for {
		part, err := in.ReadSlice(0)
		if room := maxMessage + maxHeaders - len(record); room > 0 {
			record = append(record, part[:min(room, len(part))]...)
		}
		switch {
		case err == nil:
			return bytes.TrimSuffix(record, []byte{0}), nil
		case errors.Is(err, bufio.ErrBufferFull):
		case err == io.EOF && len(record) > 0:
			return record, nil
		default:
			return nil, err
		}
	}
}

func parseLogRecord(record []byte) (Commit, error) {
	parts := strings.SplitN(string(record), "\n", 8)
	if len(parts) < 8 || !Hash(parts[0]).Valid() || !Hash(parts[1]).Valid() {
		return Commit{}, errLogOutput
	}
	c := Commit{
		Hash: Hash(parts[0]), Tree: Hash(parts[1]),
		Author:    parseSignature(parts[3] + " " + parts[4]),
		Committer: parseSignature(parts[5] + " " + parts[6]),
		Message:   readable([]byte(parts[7]), ""),
	}
	for parent := range strings.FieldsSeq(parts[2]) {
		c.Parents = append(c.Parents, Hash(parent))
	}
	c.Author.recode("")
	c.Committer.recode("")
	return c, nil
}

// MergeBase is the best common ancestor of two commits. Errors: ErrNotFound when they have none.
func (s *Store) MergeBase(ctx context.Context, id string, a, b Hash) (Hash, error) {
	dir, err := s.dir(id)
	if err != nil {
		return "", err
	}
	if !a.Valid() || !b.Valid() {
		return "", fail(ErrInvalid, "object name", "", "a full object name is needed")
	}
	out, err := s.output(ctx, dir, nil, maxStderr, "--git-dir="+dir, "merge-base", "--end-of-options", string(a), string(b))
	var exit *GitError
	if errors.As(err, &exit) && exit.Exit == 1 {
		return "", fail(ErrNotFound, "common ancestor", a.Short()+".."+b.Short(), "the two histories have nothing in common")
	}
	return Hash(strings.TrimSuffix(string(out), "\n")), err
}
