package issue

import (
	"archive/zip"
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"time"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/repository"
)

var errNotExist = fs.ErrNotExist

// exportPage is how many rows of an export are in memory at once.
const exportPage = 200

// export writes the archive of a tracker, as it is at one moment.
func (room *Room) export(ctx context.Context, j *job) error {
	from, to := io.Pipe()
	wrote := make(chan struct{})
	go func() {
		defer close(wrote)
		to.CloseWithError(room.DB.View(ctx, func(q database.Queryer) error {
			w := &archiveWriter{room: room, q: q, j: j, r: j.r, zip: zip.NewWriter(to), lost: map[string]bool{}}
			return w.write(ctx)
		}))
	}()
	size, hash, err := room.Archives.Keep(j.r.ID, j.id, from)
	_ = from.CloseWithError(err) // it never writes to nobody
	<-wrote
	if err != nil {
		return err
	}
	return room.DB.Update(ctx, func(tx *database.Tx) error { return room.finish(ctx, tx, j, size, hash) })
}

// archiveWriter writes an archive. The files come first: what was removed since the moment that q shows is in no list then.
type archiveWriter struct {
	room *Room
	q    database.Queryer
	j    *job
	r    *repository.Repository
	zip  *zip.Writer
	out  *bufio.Writer
	json *json.Encoder
	lost map[string]bool // ids of files that are gone
}

func (w *archiveWriter) write(ctx context.Context) error {
	var issues, comments, changes, files int64
	if err := w.q.Row(ctx, `SELECT (SELECT COUNT(*) FROM issue WHERE repository_id = $1), (SELECT COUNT(*) FROM issue_comment WHERE repository_id = $1),
		(SELECT COUNT(*) FROM issue_change WHERE repository_id = $1), (SELECT COUNT(*) FROM issue_attachment WHERE repository_id = $1)`, w.r.ID).Scan(&issues, &comments, &changes, &files); err != nil {
		return err
	}
	if w.j.files {
		w.j.begin("Attachments", files)
		if err := w.files(ctx); err != nil {
			return err
		}
	}
	document, err := w.zip.CreateHeader(&zip.FileHeader{Name: documentName, Method: zip.Deflate, Modified: w.room.Now()})
	if err != nil {
		return err
	}
	w.out = bufio.NewWriterSize(document, 64<<10)
	w.json = json.NewEncoder(w.out)
	w.json.SetEscapeHTML(false)
	if err := w.meta(ctx); err != nil {
		return err
	}
	for _, kind := range []Labels{Components, Milestones, Versions} {
		if err := w.list(kind.kind+"s", func(add func(any) error) error { return w.labels(ctx, kind, add) }); err != nil {
			return err
		}
	}
	for _, l := range []struct {
		key   string
		total int64
		write func(context.Context, func(any) error) error
	}{{"issues", issues, w.issues}, {"comments", comments + changes, w.comments}, {"logs", changes, w.logs}, {"attachments", files, w.attachments}} {
		w.j.begin(phases[l.key], l.total)
		if err := w.list(l.key, func(add func(any) error) error { return l.write(ctx, add) }); err != nil {
			return err
		}
	}
	if _, err := w.out.WriteString("}\n"); err != nil {
		return err
	}
	if err := w.out.Flush(); err != nil {
		return err
	}
	return w.zip.Close()
}

// phases are what a job is at, by the list that it goes through, in Bitbucket's words.
var phases = map[string]string{"issues": "Issues", "comments": "Comments", "logs": "Logs", "attachments": "Attachments"}

// list writes one list of the document.
func (w *archiveWriter) list(key string, fill func(add func(any) error) error) error {
	if _, err := fmt.Fprintf(w.out, ",\n%q: [\n", key); err != nil {
		return err
	}
	first := true
	if err := fill(func(v any) error {
		if !first {
			if err := w.out.WriteByte(','); err != nil {
				return err
			}
		}
		first = false
		return w.json.Encode(v) // with a line break behind
	}); err != nil {
		return err
	}
	return w.out.WriteByte(']')
}

// meta begins the document.
func (w *archiveWriter) meta(ctx context.Context) error {
	var text string
	err := w.q.Row(ctx, `SELECT meta FROM issue_tracker WHERE repository_id = $1`, w.r.ID).Scan(&text)
	if err != nil && !errors.Is(err, database.ErrNoRows) {
		return err
	}
	kind := "bug"
	meta := archivedMeta{DefaultKind: &kind}
	if text != "" {
		meta.DefaultKind = nil
		if err := json.Unmarshal([]byte(text), &meta); err != nil {
			return err
		}
	}
	if _, err := w.out.WriteString(`{"meta": `); err != nil {
		return err
	}
	return w.json.Encode(meta)
}

func (w *archiveWriter) labels(ctx context.Context, kind Labels, add func(any) error) error {
	all, err := database.Collect(ctx, w.q, scanLabel, `SELECT l.id, l.name FROM `+kind.table+` l WHERE l.repository_id = $1 ORDER BY l.id`, w.r.ID)
	for _, l := range all {
		if err == nil {
			err = add(archivedLabel{l.Name})
		}
	}
	return err
}

// pages reads all rows, a page at a time: after is given the last row of the page before, nil for the first.
func pages[T any](ctx context.Context, q database.Queryer, scan func(func(...any) error) (T, error), after func(*T) (query string, args []any), f func([]T) error) error {
	var last *T
	for {
		query, args := after(last)
		rows, err := database.Collect(ctx, q, scan, query+` LIMIT `+strconv.Itoa(exportPage), args...)
		if err != nil || len(rows) == 0 {
			return err
		}
		if err := f(rows); err != nil {
			return err
		}
		if len(rows) < exportPage {
			return nil
		}
		last = &rows[len(rows)-1]
	}
}

func (w *archiveWriter) issues(ctx context.Context, add func(any) error) error {
	return pages(ctx, w.q, scan, func(last *Issue) (string, []any) {
		var number int64
		if last != nil {
			number = last.Number
		}
		return `SELECT ` + columns + from + `i.repository_id = $1 AND i.number > $2 ORDER BY i.number`, []any{w.r.ID, number}
	}, func(rows []Issue) error {
		people := w.people()
		for i := range rows {
			people.add(&rows[i].Reporter)
		}
		if err := fill(ctx, w.q, rows); err != nil {
			return err
		}
		if err := people.meet(ctx); err != nil {
			return err
		}
		low, high := rows[0].Number, rows[len(rows)-1].Number
		voters, err := w.tally(ctx, voting, low, high)
		if err != nil {
			return err
		}
		watchers, err := w.tally(ctx, watching, low, high)
		if err != nil {
			return err
		}
		for k := range rows {
			i := &rows[k]
			content, updated := i.Content, i.Created
			a := archivedIssue{ID: i.Number, Title: i.Title, Content: &content, Status: i.State, Kind: i.Kind, Priority: i.Priority,
				Component: orNil(i.Component.Name), Milestone: orNil(i.Milestone.Name), Version: orNil(i.Version.Name),
				Reporter: people.of(i.Reporter), Assignee: people.of(account.Person{Account: i.Assignee}),
				CreatedOn: &archivedTime{i.Created}, UpdatedOn: &archivedTime{i.Updated}, Voters: voters[i.Number], Watchers: watchers[i.Number]}
			if !i.Edited.IsZero() {
				a.EditedOn, updated = &archivedTime{i.Edited}, i.Edited
			}
			a.ContentUpdatedOn = &archivedTime{updated}
			for _, l := range []*[]*archivedPerson{&a.Voters, &a.Watchers} {
				if *l == nil {
					*l = []*archivedPerson{}
				}
			}
			if err := add(a); err != nil {
				return err
			}
		}
		w.j.step(int64(len(rows)))
		return nil
	})
}

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// tally reads who does something to the issues from one number to another, by the number.
func (w *archiveWriter) tally(ctx context.Context, t tally, low, high int64) (map[int64][]*archivedPerson, error) {
	all := map[int64][]*archivedPerson{}
	_, err := database.Collect(ctx, w.q, func(row func(...any) error) (struct{}, error) {
		var number int64
		var p archivedPerson
		var id string
		err := row(&number, &id, &p.DisplayName)
		p.AccountID = &id
		all[number] = append(all[number], &p)
		return struct{}{}, err
	}, `SELECT t.number, a.account_id, a.display_name FROM `+t.table+` t JOIN account a ON a.id = t.account_id
		WHERE t.repository_id = $1 AND t.number BETWEEN $2 AND $3 ORDER BY t.number, a.account_id`, w.r.ID, low, high)
	return all, err
}

// people look up who the people of a page are.
type people struct {
	w       *archiveWriter
	who     []*account.Person
	foreign map[string]string // the account ids of those that came with an import, by what stands for them
}

func (w *archiveWriter) people() *people { return &people{w: w, foreign: map[string]string{}} }

func (p *people) add(who *account.Person) { p.who = append(p.who, who) }

func (p *people) meet(ctx context.Context) error {
	var accounts []**account.Account
	ids := map[string]bool{}
	for _, who := range p.who {
		accounts = append(accounts, &who.Account)
		if who.Credential != "" {
			ids[who.Credential] = true
		}
	}
	if err := account.Meet(ctx, p.w.q, accounts...); err != nil || len(ids) == 0 {
		return err
	}
	args := []any{p.w.r.ID}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		args = append(args, id)
	}
	_, err := database.Collect(ctx, p.w.q, func(row func(...any) error) (struct{}, error) {
		var id, accountID string
		err := row(&id, &accountID)
		p.foreign[id] = accountID
		return struct{}{}, err
	}, `SELECT id, account_id FROM issue_person WHERE repository_id = $1 AND id IN (`+database.Marks(2, len(ids))+`)`, args...)
	return err
}

// of is a person as archives have them; nil for nobody.
func (p *people) of(who account.Person) *archivedPerson {
	switch {
	case who.Account != nil:
		return &archivedPerson{DisplayName: who.Account.DisplayName, AccountID: &who.Account.AccountID}
	case who.Credential != "":
		return &archivedPerson{DisplayName: who.Name, AccountID: orNil(p.foreign[who.Credential])}
	}
	return nil
}

// said is a comment, or an entry of the log without one, which has no text.
type said struct {
	Comment
	text    *string
	nothing bool // an entry in which no field was changed
}

// comments writes the comments. In Bitbucket's format an entry of the log hangs on a comment, which has no text where nothing was said.
func (w *archiveWriter) comments(ctx context.Context, add func(any) error) error {
	const query = `SELECT * FROM (SELECT m.id, m.number, COALESCE(m.account_id, '') AS account_id, m.credential, m.name, m.content, m.created_on, m.updated_on,
			EXISTS (SELECT 1 FROM issue_change v WHERE v.repository_id = m.repository_id AND v.id = m.id AND v.changes = '{}') AS bare
			FROM issue_comment m WHERE m.repository_id = $1 AND m.id > $2 ORDER BY m.id LIMIT $3) m
		UNION ALL SELECT * FROM (SELECT v.id, v.number, COALESCE(v.account_id, '') AS account_id, v.credential, v.name, NULL AS content, v.created_on, v.created_on AS updated_on, v.changes = '{}' AS bare
			FROM issue_change v WHERE v.repository_id = $1 AND v.id > $2 AND NOT EXISTS (SELECT 1 FROM issue_comment m WHERE m.repository_id = v.repository_id AND m.id = v.id)
			ORDER BY v.id LIMIT $3) v
		ORDER BY 1`
	return pages(ctx, w.q, func(row func(...any) error) (m said, err error) {
		var created, updated int64
		var who string
		err = row(&m.ID, &m.Number, &who, &m.Who.Credential, &m.Who.Name, &m.text, &created, &updated, &m.nothing)
		m.Who.Account, m.Created, m.Updated = account.Known(who), database.Time(created), database.Time(updated)
		return m, err
	}, func(last *said) (string, []any) {
		var id int64
		if last != nil {
			id = last.ID
		}
		return query, []any{w.r.ID, id, exportPage}
	}, func(rows []said) error {
		people := w.people()
		for k := range rows {
			people.add(&rows[k].Who)
		}
		if err := people.meet(ctx); err != nil {
			return err
		}
		for k := range rows {
			m := &rows[k]
			a := archivedComment{Content: m.text, CreatedOn: &archivedTime{m.Created}, ID: m.ID, Issue: m.Number, User: people.of(m.Who), Change: m.nothing}
			if m.Updated != m.Created {
				a.UpdatedOn = &archivedTime{m.Updated}
			}
			if err := add(a); err != nil {
				return err
			}
		}
		w.j.step(int64(len(rows)))
		return nil
	})
}

// logFields are the fields of the log that are called otherwise in archives, by what they are called here.
var logFields = map[string]string{"state": "status"}

func (w *archiveWriter) logs(ctx context.Context, add func(any) error) error {
	return pages(ctx, w.q, func(row func(...any) error) (v Change, err error) {
		var created int64
		var who, changes string
		if err = row(&v.ID, &v.Number, &who, &v.Who.Credential, &v.Who.Name, &changes, &created); err != nil {
			return v, err
		}
		v.Who.Account, v.Created = account.Known(who), database.Time(created)
		return v, json.Unmarshal([]byte(changes), &v.Changes)
	}, func(last *Change) (string, []any) {
		var id int64
		if last != nil {
			id = last.ID
		}
		return `SELECT v.id, v.number, COALESCE(v.account_id, ''), v.credential, v.name, v.changes, v.created_on FROM issue_change v WHERE v.repository_id = $1 AND v.id > $2 ORDER BY v.id`, []any{w.r.ID, id}
	}, func(rows []Change) error {
		people := w.people()
		var ids []string
		for k := range rows {
			people.add(&rows[k].Who)
			if change := rows[k].Changes["assignee"]; change != (FieldChange{}) {
				ids = append(ids, change.Old, change.New)
			}
		}
		if err := people.meet(ctx); err != nil {
			return err
		}
		assignees, err := account.ByIDs(ctx, w.q, ids)
		if err != nil {
			return err
		}
		for k := range rows {
			v := &rows[k]
			for _, field := range slices.Sorted(maps.Keys(v.Changes)) {
				change, name := v.Changes[field], field
				if field == "assignee" {
					for _, id := range []*string{&change.Old, &change.New} {
						if a := assignees[*id]; a != nil {
							*id = a.AccountID
						}
					}
				}
				if other := logFields[field]; other != "" {
					name = other
				}
				if err := add(archivedLog{ChangedFrom: &change.Old, ChangedTo: &change.New, Comment: &v.ID, CreatedOn: &archivedTime{v.Created}, Field: name, Issue: v.Number, User: people.of(v.Who)}); err != nil {
					return err
				}
			}
		}
		w.j.step(int64(len(rows)))
		return nil
	})
}

// attached goes through the files of all issues.
func (w *archiveWriter) attached(ctx context.Context, f func([]Attachment) error) error {
	return pages(ctx, w.q, scanAttachment, func(last *Attachment) (string, []any) {
		var number int64
		var name string
		if last != nil {
			number, name = last.Number, last.Name
		}
		return `SELECT ` + attachmentColumns + ` FROM issue_attachment f WHERE f.repository_id = $1 AND (f.number, f.name) > ($2, $3) ORDER BY f.number, f.name`, []any{w.r.ID, number, name}
	}, f)
}

// archivedPath is where a file is in an archive. Its name has no directory in it.
func archivedPath(a *Attachment) string {
	return path.Join(filesFolder, strconv.FormatInt(a.Number, 10), a.Name)
}

func (w *archiveWriter) files(ctx context.Context) error {
	return w.attached(ctx, func(rows []Attachment) error {
		for k := range rows {
			if err := w.file(ctx, &rows[k]); err != nil {
				return err
			}
			w.j.step(1)
		}
		return nil
	})
}

func (w *archiveWriter) file(ctx context.Context, a *Attachment) error {
	from, err := w.room.Store.Open(w.r.ID, a.ID)
	if errors.Is(err, fs.ErrNotExist) {
		w.lost[a.ID] = true
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()
	to, err := w.zip.CreateHeader(&zip.FileHeader{Name: archivedPath(a), Method: zip.Deflate, Modified: a.Created.Truncate(time.Second)})
	if err == nil {
		_, err = io.Copy(to, &until{ctx, from})
	}
	return err
}

// until reads until its context ends.
type until struct {
	ctx  context.Context
	from io.Reader
}

func (u *until) Read(b []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.from.Read(b)
}

func (w *archiveWriter) attachments(ctx context.Context, add func(any) error) error {
	if !w.j.files {
		return nil
	}
	return w.attached(ctx, func(rows []Attachment) error {
		people := w.people()
		who := make([]account.Person, len(rows))
		for k := range rows {
			who[k].Account = account.Known(rows[k].ByID)
			people.add(&who[k])
		}
		if err := people.meet(ctx); err != nil {
			return err
		}
		for k := range rows {
			a := &rows[k]
			if w.lost[a.ID] {
				continue
			}
			if err := add(archivedFile{Filename: a.Name, Issue: a.Number, Path: archivedPath(a), User: people.of(who[k]), CreatedOn: &archivedTime{a.Created}}); err != nil {
				return err
			}
		}
		w.j.step(int64(len(rows)))
		return nil
	})
}
