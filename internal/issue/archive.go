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

	"github.com/pailforge/pail/internal/filestore"
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

// summary is what reading an archive for the first time tells: it is whole, and this is in it.
type summary struct {
	issues, comments, logs, files int64
	last, lastEntry               int64               // the highest number of an issue, and of a comment
	labels                        map[Labels][]string // in the order of the archive
	meta                          *archivedMeta
}

// check reads an archive whole, and holds every value of its document against what a tracker can have. What names something else in it
// (the issue of a comment) the store holds together. A *Broken says what is wrong.
func (a *archive) check(ctx context.Context) (*summary, error) {
	sum, known := &summary{labels: map[Labels][]string{}}, map[Labels]map[string]bool{Components: {}, Milestones: {}, Versions: {}}
	label := func(at place, field string, kind Labels, name *string) error {
		if name == nil || *name == "" || known[kind][*name] {
			return nil
		}
		if err := checkText(at, field, *name, MaxLabel); err != nil {
			return err
		}
		if oneLine(*name) != nil || strings.TrimSpace(*name) != *name {
			return at.wrong(field, "it is one line, without spaces around it")
		}
		if len(sum.labels[kind]) >= maxLabels {
			return at.wrong(field, "a repository has at most %d %ss", maxLabels, kind.kind)
		}
		known[kind][*name] = true
		sum.labels[kind] = append(sum.labels[kind], *name)
		return nil
	}
	kinds := map[string]Labels{"components": Components, "milestones": Milestones, "versions": Versions}
	var late []func() error // labels of issues that are declared in no list: they come behind those that are
	undeclared := map[string]bool{}
	err := a.read(ctx, func(key string, at place, decode func(any) error) error {
		switch key {
		case "components", "milestones", "versions":
			var l archivedLabel
			if err := decode(&l); err != nil {
				return err
			}
			if l.Name == "" {
				return at.wrong("name", "it is missing")
			}
			return label(at, "name", kinds[key], &l.Name)
		case "meta":
			sum.meta = new(archivedMeta)
			if err := decode(sum.meta); err != nil {
				return err
			}
			return sum.meta.check(at)
		case "issues":
			var i archivedIssue
			if err := decode(&i); err != nil {
				return err
			}
			if err := i.check(at); err != nil {
				return err
			}
			for _, l := range []struct {
				field string
				kind  Labels
				name  *string
			}{{"component", Components, i.Component}, {"milestone", Milestones, i.Milestone}, {"version", Versions, i.Version}} {
				if l.name == nil || undeclared[l.field+"\x00"+*l.name] || len(late) > 3*maxLabels {
					continue
				}
				undeclared[l.field+"\x00"+*l.name] = true
				late = append(late, func() error { return label(at, l.field, l.kind, l.name) })
			}
			sum.issues++
			sum.last = max(sum.last, i.ID)
			if sum.issues > maxIssues {
				return at.wrong("", "a repository has at most %d issues", maxIssues)
			}
		case "comments":
			var m archivedComment
			if err := decode(&m); err != nil {
				return err
			}
			if err := m.check(at); err != nil {
				return err
			}
			sum.comments++
			sum.lastEntry = max(sum.lastEntry, m.ID)
		case "logs":
			var l archivedLog
			if err := decode(&l); err != nil {
				return err
			}
			if err := l.check(at); err != nil {
				return err
			}
			sum.logs++
			if l.Comment != nil {
				sum.lastEntry = max(sum.lastEntry, *l.Comment)
			}
		case "attachments":
			var f archivedFile
			if err := decode(&f); err != nil {
				return err
			}
			if err := f.check(at, a); err != nil {
				return err
			}
			sum.files++
			if sum.files > int64(len(a.files)) {
				return at.wrong("path", "there are more files of issues than entries")
			}
		}
		return nil
	})
	for _, f := range late {
		if err == nil {
			err = f()
		}
	}
	if err != nil {
		return nil, err
	}
	return sum, nil
}

// checkText refuses what the store cannot keep, and what is too long.
func checkText(at place, field, s string, limit int) error {
	if !storable(s) {
		return at.wrong(field, "this is not valid text")
	}
	if n := utf8.RuneCountInString(s); n > limit {
		return at.wrong(field, "it has %d characters, and at most %d are kept", n, limit)
	}
	return nil
}

func checkID(at place, field string, id int64, limit int64) error {
	if id < 1 || id > limit {
		return at.wrong(field, "it is a number from 1 to %d", limit)
	}
	return nil
}

func (p *archivedPerson) check(at place, field string) error {
	if p == nil {
		return nil
	}
	for _, s := range []string{p.DisplayName, orEmpty(p.AccountID), p.UUID, p.Email} {
		if err := checkText(at, field, s, MaxTitle); err != nil {
			return err
		}
		if oneLine(s) != nil {
			return at.wrong(field, "it is one line, without control characters")
		}
	}
	return nil
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (i *archivedIssue) check(at place) error {
	if err := checkID(at, "id", i.ID, maxNumber); err != nil {
		return err
	}
	i.Title = archivedTitle(i.Title)
	if i.Title == "" {
		return at.wrong("title", "it is missing")
	}
	if err := checkText(at, "title", i.Title, MaxTitle); err != nil {
		return err
	}
	if err := checkText(at, "content", orEmpty(i.Content), maxImported); err != nil {
		return err
	}
	for _, f := range []struct {
		field, value string
		values       []string
	}{{"status", i.Status, States}, {"kind", i.Kind, Kinds}, {"priority", i.Priority, Priorities}} {
		if !slices.Contains(f.values, f.value) {
			return at.wrong(f.field, "%q is none of %s", clip(f.value), strings.Join(f.values, ", "))
		}
	}
	for field, value := range map[string]*archivedTime{"created_on": i.CreatedOn, "updated_on": i.UpdatedOn} {
		if value == nil {
			return at.wrong(field, "it is missing")
		}
	}
	for field, p := range map[string]*archivedPerson{"assignee": i.Assignee, "reporter": i.Reporter} {
		if err := p.check(at, field); err != nil {
			return err
		}
	}
	for field, people := range map[string][]*archivedPerson{"voters": i.Voters, "watchers": i.Watchers} {
		for _, p := range people {
			if err := p.check(at, field); err != nil {
				return err
			}
		}
	}
	return nil
}

// archivedTitle is a title on one line: other trackers have had some with line breaks.
func archivedTitle(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r > 0 && r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s))
}

func (m *archivedComment) check(at place) error {
	if err := checkID(at, "id", m.ID, maxEntryID); err != nil {
		return err
	}
	if err := checkID(at, "issue", m.Issue, maxNumber); err != nil {
		return err
	}
	if m.CreatedOn == nil {
		return at.wrong("created_on", "it is missing")
	}
	if err := m.User.check(at, "user"); err != nil {
		return err
	}
	return checkText(at, "content", orEmpty(m.Content), maxImported)
}

func (l *archivedLog) check(at place) error {
	if err := checkID(at, "issue", l.Issue, maxNumber); err != nil {
		return err
	}
	if l.Comment != nil {
		if err := checkID(at, "comment", *l.Comment, maxEntryID); err != nil {
			return err
		}
	}
	if l.CreatedOn == nil {
		return at.wrong("created_on", "it is missing")
	}
	if l.Field == "" || oneLine(l.Field) != nil {
		return at.wrong("field", "it is missing, or has control characters")
	}
	for _, f := range []struct {
		name, value string
		limit       int
	}{{"field", l.Field, maxLogField}, {"changed_from", orEmpty(l.ChangedFrom), maxImported}, {"changed_to", orEmpty(l.ChangedTo), maxImported}} {
		if err := checkText(at, f.name, f.value, f.limit); err != nil {
			return err
		}
	}
	return l.User.check(at, "user")
}

func (f *archivedFile) check(at place, a *archive) error {
	if err := checkID(at, "issue", f.Issue, maxNumber); err != nil {
		return err
	}
	if name, ok := filestore.Name(f.Filename); !ok || name == "" || name != f.Filename {
		return at.wrong("filename", "%q cannot be the name of a file", clip(f.Filename))
	}
	if entry := a.files[f.Path]; entry == nil || strings.HasSuffix(entry.Name, "/") || entry == a.document {
		return at.wrong("path", "the archive has no entry %q", clip(f.Path))
	}
	return f.User.check(at, "user")
}

func (m *archivedMeta) check(at place) error {
	for field, s := range map[string]*string{"default_component": m.DefaultComponent, "default_milestone": m.DefaultMilestone, "default_version": m.DefaultVersion, "default_kind": m.DefaultKind} {
		if err := checkText(at, field, orEmpty(s), MaxLabel); err != nil {
			return err
		}
	}
	return m.DefaultAssignee.check(at, "default_assignee")
}
