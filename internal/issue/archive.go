package issue

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// An archive is a whole tracker in Bitbucket's own format: a zip file with one JSON document, and the files of issues beside it. The
// document is read from its beginning each time that one of its lists is asked for, and of it just one value at a time is in memory.
type archive struct {
	document *zip.File
	files    map[string]*zip.File
	size     int64 // bytes of the zip file
}

const (
	documentName = "db-2.0.json"
	formerName   = "db-1.0.json" // the format before accounts had ids: people are names
	filesFolder  = "attachments"
)

// Limits of archives: in bytes, of the directory of the zip file (some 50,000 entries), of one value of the document, and of what an
// archive holds unpacked, which is so many times its own size or so much in any case.
const (
	maxDirectory = 8 << 20
	maxValue     = 4 << 20
	maxRatio     = 200
	unpackedFree = 256 << 20
	maxImported  = 4 * MaxContent // characters of one text
	maxLogField  = 64             // characters
	maxEntryID   = 1 << 53        // what JSON can say everywhere
	maxNumber    = 1 << 31
)

// The objects of the document. Pointers are to what may be null.
type (
	archivedPerson struct {
		DisplayName string  `json:"display_name"`
		AccountID   *string `json:"account_id"`
		UUID        string  `json:"uuid,omitempty"`  // just read
		Email       string  `json:"email,omitempty"` // just read
	}
	archivedIssue struct {
		Assignee         *archivedPerson   `json:"assignee"`
		Component        *string           `json:"component"`
		Content          *string           `json:"content"`
		ContentUpdatedOn *archivedTime     `json:"content_updated_on"`
		CreatedOn        *archivedTime     `json:"created_on"`
		EditedOn         *archivedTime     `json:"edited_on"`
		ID               int64             `json:"id"`
		Kind             string            `json:"kind"`
		Milestone        *string           `json:"milestone"`
		Priority         string            `json:"priority"`
		Reporter         *archivedPerson   `json:"reporter"`
		Status           string            `json:"status"`
		Title            string            `json:"title"`
		UpdatedOn        *archivedTime     `json:"updated_on"`
		Version          *string           `json:"version"`
		Voters           []*archivedPerson `json:"voters"`
		Watchers         []*archivedPerson `json:"watchers"`
	}
	archivedComment struct {
		Content   *string         `json:"content"` // null where just something was changed
		CreatedOn *archivedTime   `json:"created_on"`
		ID        int64           `json:"id"`
		Issue     int64           `json:"issue"`
		UpdatedOn *archivedTime   `json:"updated_on"` // null: never
		User      *archivedPerson `json:"user"`
		Change    bool            `json:"change,omitempty"` // Pail's own: an entry of the log too, in which no field was changed
	}
	archivedLog struct {
		ChangedFrom *string         `json:"changed_from"`
		ChangedTo   *string         `json:"changed_to"`
		Comment     *int64          `json:"comment"`
		CreatedOn   *archivedTime   `json:"created_on"`
		Field       string          `json:"field"`
		Issue       int64           `json:"issue"`
		User        *archivedPerson `json:"user"`
	}
	archivedFile struct {
		Filename  string          `json:"filename"`
		Issue     int64           `json:"issue"`
		Path      string          `json:"path"`
		User      *archivedPerson `json:"user"`
		CreatedOn *archivedTime   `json:"created_on,omitempty"` // Pail's own
	}
	archivedLabel struct {
		Name string `json:"name"`
	}
	archivedMeta struct {
		DefaultAssignee  *archivedPerson `json:"default_assignee"`
		DefaultComponent *string         `json:"default_component"`
		DefaultKind      *string         `json:"default_kind"`
		DefaultMilestone *string         `json:"default_milestone"`
		DefaultVersion   *string         `json:"default_version"`
	}
)

// UnmarshalJSON also takes the name alone, which is what people were in the former format.
func (p *archivedPerson) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &p.DisplayName)
	}
	type plain archivedPerson
	return json.Unmarshal(b, (*plain)(p))
}

// archivedTime is a moment, with microseconds.
type archivedTime struct{ time.Time }

// MarshalJSON writes it as the API does.
func (t archivedTime) MarshalJSON() ([]byte, error) { return rest.Time(t.Time).MarshalJSON() }

// UnmarshalJSON takes RFC 3339. What other converters write without a zone is UTC.
func (t *archivedTime) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		parsed, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		if t.Time = parsed.UTC().Truncate(time.Microsecond); t.Year() < 1970 || t.Year() > 9999 || t.UnixMicro() == 0 {
			break
		}
		return nil
	}
	return &wrongTime{text}
}

type wrongTime struct{ text string }

func (e *wrongTime) Error() string {
	return fmt.Sprintf("%q is no date and time, such as 2026-01-02T03:04:05.000000+00:00", clip(e.text))
}

func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// place is where something is in an archive.
type place struct {
	entry  string // of the zip file; "": the zip file itself
	offset int64  // bytes into the document, at which the value begins that it is in; -1: none
	value  string // of the document, such as "issues[17]"
}

// Broken says what is wrong with an archive, and where.
type Broken struct {
	Entry   string // of the zip file; "": the zip file itself
	Offset  int64  // bytes into that entry, at which the value begins; -1: none
	Field   string // of the document, such as "issues[17].status"
	Problem string
}

// Error says all of it.
func (b *Broken) Error() string {
	where := b.Entry
	if where == "" {
		where = "the zip file"
	}
	if b.Field != "" {
		where += ", " + b.Field
	}
	if b.Offset >= 0 {
		where += fmt.Sprintf(" (in the value at byte %d)", b.Offset)
	}
	return where + ": " + b.Problem
}

// refusal is it as an answer.
func (b *Broken) refusal() *rest.Error {
	e := rest.Refuse(reason.IssueArchiveBroken, b.Error()).With("entry", b.Entry)
	if b.Field != "" {
		e = e.With("field", b.Field)
	}
	if b.Offset >= 0 {
		e = e.With("offset", b.Offset)
	}
	return e
}

func (at place) wrong(field, format string, args ...any) *Broken {
	whole := at.value
	if field != "" {
		whole = strings.TrimPrefix(whole+"."+field, ".")
	}
	return &Broken{at.entry, at.offset, whole, fmt.Sprintf(format, args...)}
}

func brokenZip(entry, format string, args ...any) *Broken {
	return &Broken{entry, -1, "", fmt.Sprintf(format, args...)}
}

// budget reads a part of a file, and not more than so much of it.
type budget struct {
	from io.ReaderAt
	left int64
}

var errBudget = errors.New("the directory of the zip file is too large")

func (b *budget) ReadAt(p []byte, offset int64) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, errBudget
	}
	return b.from.ReadAt(p, offset)
}

// openArchive reads the directory of a zip file of size bytes, and nothing else. A *Broken says what is wrong with it.
func openArchive(from io.ReaderAt, size int64) (*archive, error) {
	limited := &budget{from, maxDirectory}
	read, err := zip.NewReader(limited, size)
	if errors.Is(err, errBudget) || limited.left < 0 {
		return nil, brokenZip("", "its directory has more than %d bytes: it holds too many files", maxDirectory)
	}
	if err != nil {
		return nil, brokenZip("", "this is no zip file, or the end of it is missing (%v)", err)
	}
	limited.left = 1 << 62 // what follows has its own limits
	a := &archive{files: make(map[string]*zip.File, len(read.File)), size: size}
	var unpacked uint64
	for _, f := range read.File {
		name := strings.TrimSuffix(f.Name, "/")
		switch {
		case !fs.ValidPath(name) || strings.ContainsAny(name, "\\\x00") || !utf8.ValidString(name):
			return nil, brokenZip(clip(f.Name), "an entry is called by a path below the archive, without . and .. in it")
		case a.files[name] != nil:
			return nil, brokenZip(clip(name), "two entries have this name")
		case f.Flags&1 != 0:
			return nil, brokenZip(clip(name), "the entry is encrypted")
		case f.Method != zip.Store && f.Method != zip.Deflate:
			return nil, brokenZip(clip(name), "the entry is compressed in a way (%d) that is not known here; use deflate", f.Method)
		}
		a.files[name] = f
		if unpacked += f.UncompressedSize64; f.UncompressedSize64 > 1<<60 || unpacked > uint64(max(unpackedFree, maxRatio*size)) {
			return nil, brokenZip(clip(name), "unpacked the archive has more than %d times its size", maxRatio)
		}
	}
	for _, name := range []string{documentName, formerName} {
		if a.document = a.files[name]; a.document != nil {
			return a, nil
		}
	}
	return nil, brokenZip(documentName, "the archive has no such entry; it is not in a folder")
}

// paced reads the document, and stops where one value of it is too large.
type paced struct {
	from      io.Reader
	read, end int64
}

var errValue = errors.New("a value is too large")

func (p *paced) Read(b []byte) (int, error) {
	if p.read >= p.end {
		return 0, errValue
	}
	// As much as there is room for: the decoder looks at what lies before a value again after each read.
	n, err := io.ReadFull(p.from, b[:min(int64(len(b)), p.end-p.read)])
	p.read += int64(n)
	if n > 0 && errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil // the next read tells the end
	}
	return n, err
}

// scanner goes through the document.
type scanner struct {
	*json.Decoder
	paced *paced
	at    place
}

// next allows for one more value.
func (s *scanner) next(value string) {
	s.at.offset, s.at.value = s.InputOffset(), value
	s.paced.end = s.at.offset + maxValue
}

func (s *scanner) fail(err error) error {
	if field, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return s.at.wrong(field.Field, "this is a %s, and something else is wanted", field.Value)
	}
	if wrong, ok := errors.AsType[*wrongTime](err); ok {
		return s.at.wrong("", "%s", wrong.Error())
	}
	syntax, _ := errors.AsType[*json.SyntaxError](err)
	switch {
	case errors.Is(err, errValue):
		return s.at.wrong("", "this is larger than %d bytes", maxValue)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return s.at.wrong("", "the document ends in the middle of this")
	case errors.Is(err, zip.ErrChecksum), errors.Is(err, zip.ErrFormat):
		return s.at.wrong("", "the entry does not fit its checksum or its size: the archive is damaged")
	case syntax != nil:
		return s.at.wrong("", "this is no JSON: %v", syntax)
	}
	return s.at.wrong("", "the entry cannot be unpacked: the archive is damaged (%v)", err)
}

// skipped is a value that nobody asks for.
type skipped struct{}

// UnmarshalJSON lets it be.
func (*skipped) UnmarshalJSON([]byte) error { return nil }

// visit is called with the values of the document, as the document has them: section is the key, i the place in its list, -1 where it
// has none. It decodes the value, or leaves it.
type visit func(section string, at place, decode func(any) error) error

// document reads the whole document. A *Broken says what is wrong with it; an error of v comes back as it is.
func (a *archive) read(ctx context.Context, v visit) error {
	content, err := a.document.Open()
	if err != nil {
		return brokenZip(a.document.Name, "the entry cannot be read (%v)", err)
	}
	defer func() { _ = content.Close() }()
	p := &paced{from: content}
	s := &scanner{json.NewDecoder(p), p, place{entry: a.document.Name}}
	s.next("")
	if first, err := s.Token(); err != nil || first != json.Delim('{') {
		if err == nil {
			return s.at.wrong("", "the document is no object")
		}
		return s.fail(err)
	}
	seen := map[string]bool{}
	for {
		s.next("")
		if !s.More() {
			break
		}
		token, err := s.Token()
		if err != nil {
			return s.fail(err)
		}
		key := token.(string) // the decoder lets nothing else be a key
		if seen[key] {
			return s.at.wrong(clip(key), "this is there twice")
		}
		seen[key] = true
		if err := s.section(ctx, key, v); err != nil {
			return err
		}
		if len(seen) > 100 {
			return s.at.wrong("", "the document has too many keys")
		}
	}
	if _, err := s.Token(); err != nil {
		return s.fail(err)
	}
	s.next("")
	if _, err := s.Token(); !errors.Is(err, io.EOF) {
		if _, syntax := errors.AsType[*json.SyntaxError](err); err != nil && !syntax {
			return s.fail(err) // the checksum is told with the end
		}
		return s.at.wrong("", "something follows the end of the document")
	}
	for _, key := range []string{"issues", "comments"} {
		if !seen[key] {
			s.at.value = ""
			return s.at.wrong(key, "the document has no such list")
		}
	}
	return nil
}

// lists are what the document holds lists of.
var lists = []string{"issues", "comments", "attachments", "logs", "components", "milestones", "versions"}

func (s *scanner) section(ctx context.Context, key string, v visit) error {
	decode := func(into any) error {
		if err := s.Decode(into); err != nil {
			return s.fail(err)
		}
		return nil
	}
	if !slices.Contains(lists, key) {
		s.next(clip(key))
		before := s.InputOffset()
		if err := v(key, s.at, decode); err != nil {
			return err
		}
		if s.InputOffset() == before { // nobody wanted it
			return decode(new(skipped))
		}
		return nil
	}
	s.next(key)
	switch first, err := s.Token(); {
	case err != nil:
		return s.fail(err)
	case first == nil:
		return nil // null: none
	case first != json.Delim('['):
		return s.at.wrong("", "this is no list")
	}
	for i := 0; ; i++ {
		s.next(fmt.Sprintf("%s[%d]", key, i))
		if !s.More() {
			break
		}
		if i%64 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		before := s.InputOffset()
		if err := v(key, s.at, decode); err != nil {
			return err
		}
		if s.InputOffset() == before {
			if err := decode(new(skipped)); err != nil {
				return err
			}
		}
	}
	if _, err := s.Token(); err != nil {
		return s.fail(err)
	}
	return nil
}

// each goes through one list of the document.
func each[T any](ctx context.Context, a *archive, section string, f func(place, *T) error) error {
	return a.read(ctx, func(key string, at place, decode func(any) error) error {
		if key != section {
			return nil
		}
		var one T
		if err := decode(&one); err != nil {
			return err
		}
		return f(at, &one)
	})
}

// open opens a file of an issue.
func (a *archive) open(at place, path string) (*zip.File, io.ReadCloser, error) {
	f := a.files[path]
	if f == nil || strings.HasSuffix(f.Name, "/") {
		return nil, nil, at.wrong("path", "the archive has no entry %q", clip(path))
	}
	content, err := f.Open()
	if err != nil {
		return nil, nil, brokenZip(clip(path), "the entry cannot be read (%v)", err)
	}
	return f, content, nil
}
