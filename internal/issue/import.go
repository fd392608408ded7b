package issue

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/filestore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// imports replaces everything in a tracker with what is in an archive, in one transaction: a broken archive changes nothing. First it
// is read whole, and its files are kept, so that the transaction is as short as it can be.
func (room *Room) imports(ctx context.Context, j *job) error {
	file, err := room.Archives.Open(j.r.ID, j.id)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	a, err := openArchive(file, info.Size())
	if err != nil {
		return err
	}
	sum, err := a.check(ctx)
	if err != nil {
		return err
	}
	in := &importer{room: room, j: j, archive: a, sum: sum, known: map[string]*account.Account{}, may: map[string]bool{}}
	landed := false
	defer func() {
		if !landed {
			for _, f := range in.files {
				room.remove(j.r.ID, uuid.UUID(f.id).String())
			}
		}
	}()
	if err := in.keep(ctx); err != nil {
		return err
	}
	var replaced []string
	err = room.DB.Update(ctx, func(tx *database.Tx) error {
		in.tx = tx
		if replaced, err = in.clear(ctx); err != nil {
			return err
		}
		if err := in.write(ctx); err != nil {
			return err
		}
		return room.finish(ctx, tx, j, 0, "")
	})
	if err == nil {
		landed = true
		room.remove(j.r.ID, replaced...)
	}
	return err
}

// importer writes what is in an archive into a tracker.
type importer struct {
	room    *Room
	j       *job
	tx      *database.Tx
	archive *archive
	sum     *summary
	files   []keptFile // in the order of the archive
	known   map[string]*account.Account
	may     map[string]bool // accounts that may read the repository, by id
	foreign *batch
	met     map[string]bool // people without an account who are noted already
}

// keptFile is a file of an archive that was kept.
type keptFile struct {
	id   [16]byte
	hash [32]byte
	size int64
}

// keep keeps the files of issues. They have no rows yet; where something goes wrong the caller takes them away.
func (in *importer) keep(ctx context.Context) error {
	in.j.begin(phases["attachments"], in.sum.files)
	if in.sum.files == 0 {
		return nil
	}
	return each(ctx, in.archive, "attachments", func(at place, f *archivedFile) error {
		entry, content, err := in.archive.open(at, f.Path)
		if err != nil {
			return err
		}
		defer func() { _ = content.Close() }()
		id, err := uuid.NewV7()
		if err != nil {
			return err
		}
		size, hash, err := in.room.Store.Keep(in.j.r.ID, id.String(), &until{ctx, io.LimitReader(content, int64(entry.UncompressedSize64)+1)})
		if broken, ok := errors.AsType[*filestore.ReadError](err); ok && ctx.Err() == nil {
			return brokenZip(clip(f.Path), "the entry cannot be unpacked: the archive is damaged (%v)", broken.Err)
		}
		if err != nil {
			return err
		}
		kept := keptFile{id: id, size: size}
		if _, err := hex.Decode(kept.hash[:], []byte(hash)); err != nil {
			return err
		}
		in.files = append(in.files, kept)
		in.j.step(1)
		if size != int64(entry.UncompressedSize64) {
			return brokenZip(clip(f.Path), "the entry has another size than it says")
		}
		return nil
	})
}

// clear takes everything out of the tracker, and gives the ids of the files that nothing names any more.
func (in *importer) clear(ctx context.Context) (replaced []string, err error) {
	id := in.j.r.ID
	if err := lock(ctx, in.tx, id); err != nil {
		return nil, err
	}
	replaced, err = database.Collect(ctx, in.tx, func(row func(...any) error) (id string, err error) { return id, row(&id) }, `SELECT id FROM issue_attachment WHERE repository_id = $1`, id)
	for _, table := range []string{"issue", Components.table, Milestones.table, Versions.table, "issue_person"} {
		if err == nil {
			_, err = in.tx.Exec(ctx, `DELETE FROM `+table+` WHERE repository_id = $1`, id)
		}
	}
	return replaced, err
}

func (in *importer) write(ctx context.Context) error {
	id, tx := in.j.r.ID, in.tx
	in.met = map[string]bool{}
	in.foreign = &batch{tx: tx, into: `issue_person (repository_id, id, account_id)`}
	var last int64 // of the labels
	for _, kind := range []Labels{Components, Milestones, Versions} {
		labels := &batch{tx: tx, into: kind.table + ` (repository_id, id, name)`}
		for _, name := range in.sum.labels[kind] {
			last++
			if err := labels.add(ctx, place{}, id, last, name); err != nil {
				return err
			}
		}
		if err := labels.flush(ctx); err != nil {
			return err
		}
	}
	for _, part := range []func(context.Context) error{in.issues, in.comments, in.logs, in.attachments, in.foreign.flush} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	var meta []byte
	if in.sum.meta != nil {
		var err error
		if meta, err = json.Marshal(in.sum.meta); err != nil {
			return err
		}
	}
	// What was numbered before keeps its numbers for itself, where nothing in the archive has them.
	greater := func(column, mark string) string {
		return column + ` = CASE WHEN ` + column + ` > ` + mark + ` THEN ` + column + ` ELSE ` + mark + ` END`
	}
	_, err := tx.Exec(ctx, `UPDATE issue_tracker SET issues = $2, meta = $3, `+greater("last_issue", "$4")+`, `+greater("last_entry", "$5")+`, `+greater("last_label", "$6")+` WHERE repository_id = $1`,
		id, in.sum.issues, string(meta), in.sum.last, in.sum.lastEntry, last)
	return err
}

const batchRows = 100

// batch writes many rows with few statements, and finds the one that does not fit.
type batch struct {
	tx     *database.Tx
	into   string // table and columns
	first  *batch // is written before: these rows refer to its rows
	rows   [][]any
	places []place
	unique string // the field that a row like another one repeats
	refers string // the field that names what is not there
}

func (b *batch) add(ctx context.Context, at place, values ...any) error {
	b.rows, b.places = append(b.rows, values), append(b.places, at)
	if len(b.rows) < batchRows {
		return nil
	}
	return b.flush(ctx)
}

func (b *batch) flush(ctx context.Context) error {
	if b.first != nil {
		if err := b.first.flush(ctx); err != nil {
			return err
		}
	}
	if len(b.rows) == 0 {
		return nil
	}
	if _, err := b.tx.Exec(ctx, `SAVEPOINT batch`); err != nil {
		return err
	}
	err := b.insert(ctx, b.rows)
	if b.fits(err) {
		// One of them is why. The others say nothing of it, so each is tried by itself.
		if _, undone := b.tx.Exec(ctx, `ROLLBACK TO SAVEPOINT batch`); undone != nil {
			return errors.Join(err, undone)
		}
		for i, row := range b.rows {
			if one := b.insert(ctx, [][]any{row}); one != nil {
				return b.wrong(b.places[i], one)
			}
		}
		err = nil // whatever it was is gone
	}
	if err != nil {
		return err
	}
	b.rows, b.places = b.rows[:0], b.places[:0]
	_, err = b.tx.Exec(ctx, `RELEASE SAVEPOINT batch`)
	return err
}

func (b *batch) insert(ctx context.Context, rows [][]any) error {
	var query strings.Builder
	var args []any
	query.WriteString(`INSERT INTO ` + b.into + ` VALUES `)
	for i, row := range rows {
		if i > 0 {
			query.WriteByte(',')
		}
		query.WriteString(`(` + database.Marks(len(args)+1, len(row)) + `)`)
		args = append(args, row...)
	}
	_, err := b.tx.Exec(ctx, query.String(), args...)
	return err
}

func (b *batch) fits(err error) bool { return database.IsUnique(err) || database.IsReference(err) }

func (b *batch) wrong(at place, err error) error {
	switch {
	case at.entry == "" || !b.fits(err):
		return err
	case database.IsUnique(err):
		return at.wrong(b.unique, "another one in the archive has this already")
	}
	return at.wrong(b.refers, "the archive has no such issue, or an account was removed while the import ran")
}

// issuesInto are the columns of an issue in the order in which an import writes them.
const issuesInto = `issue (repository_id, number, title, content, state, kind, priority, reporter_id, reporter_credential, reporter_name, assignee_id,
	component, milestone, version, votes, watches, created_on, updated_on, edited_on)`

func (in *importer) issues(ctx context.Context) error {
	in.j.begin(phases["issues"], in.sum.issues)
	id := in.j.r.ID
	issues := &batch{tx: in.tx, into: issuesInto, unique: "id", refers: "component, milestone or version"}
	votes := &batch{tx: in.tx, into: `issue_vote (repository_id, number, account_id)`, first: issues, unique: "voters", refers: "voters"}
	watches := &batch{tx: in.tx, into: `issue_watch (repository_id, number, account_id)`, first: issues, unique: "watchers", refers: "watchers"}
	err := each(ctx, in.archive, "issues", func(at place, i *archivedIssue) error {
		reporter, err := in.person(ctx, i.Reporter)
		if err != nil {
			return err
		}
		var lost []string // of people who are not known here, or may not see the repository
		assignee, err := in.reader(ctx, i.Assignee)
		if err != nil {
			return err
		}
		if i.Assignee != nil && assignee == nil {
			lost = append(lost, "Assignee: "+i.Assignee.name())
		}
		voters, names, err := in.crowd(ctx, i.Voters, in.account)
		if err != nil {
			return err
		}
		if len(names) > 0 {
			lost = append(lost, "Voters: "+strings.Join(names, ", "))
		}
		watchers, names, err := in.crowd(ctx, i.Watchers, in.reader)
		if err != nil {
			return err
		}
		if len(names) > 0 {
			lost = append(lost, "Watchers: "+strings.Join(names, ", "))
		}
		content := orEmpty(i.Content)
		if len(lost) > 0 {
			content = strings.TrimPrefix(strings.TrimRight(content, "\r\n")+"\n\n*"+strings.Join(lost, ". ")+".*", "\n\n")
		}
		var edited time.Time
		if i.EditedOn != nil {
			edited = i.EditedOn.Time
		}
		if err := issues.add(ctx, at, id, i.ID, archivedTitle(i.Title), content, i.Status, i.Kind, i.Priority, reporter.ID(), reporter.Credential, reporter.Name, account.Person{Account: assignee}.ID(),
			orNull(orEmpty(i.Component)), orNull(orEmpty(i.Milestone)), orNull(orEmpty(i.Version)), len(voters), len(watchers),
			database.Micros(i.CreatedOn.Time), database.Micros(i.UpdatedOn.Time), database.Micros(edited)); err != nil {
			return err
		}
		for _, crowd := range []struct {
			into *batch
			ids  []string
		}{{votes, voters}, {watches, watchers}} {
			for _, who := range crowd.ids {
				if err := crowd.into.add(ctx, at, id, i.ID, who); err != nil {
					return err
				}
			}
		}
		in.j.step(1)
		return nil
	})
	for _, b := range []*batch{issues, votes, watches} {
		if err == nil {
			err = b.flush(ctx)
		}
	}
	return err
}

// crowd are the ids of the accounts of some people, each once, and the names of those who have none.
func (in *importer) crowd(ctx context.Context, all []*archivedPerson, find func(context.Context, *archivedPerson) (*account.Account, error)) (ids, names []string, err error) {
	for _, p := range all {
		if p == nil {
			continue
		}
		switch a, err := find(ctx, p); {
		case err != nil:
			return nil, nil, err
		case a != nil && !slices.Contains(ids, a.ID):
			ids = append(ids, a.ID)
		case a == nil && !slices.Contains(names, p.name()):
			names = append(names, p.name())
		}
	}
	return ids, names, nil
}

// name is what a person is called in a text, without what Markdown makes something of.
func (p *archivedPerson) name() string {
	name := p.DisplayName
	if name == "" {
		name = orEmpty(p.AccountID)
	}
	if name == "" {
		return "somebody"
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("\\`*_{}[]()<>#+!|~&@:", r) {
			return ' '
		}
		return r
	}, name)
}

// comments writes the comments. One without a text is just what entries of the log hang on.
func (in *importer) comments(ctx context.Context) error {
	in.j.begin(phases["comments"], in.sum.comments)
	id := in.j.r.ID
	comments := &batch{tx: in.tx, into: `issue_comment (repository_id, id, number, account_id, credential, name, content, created_on, updated_on)`, unique: "id", refers: "issue"}
	changes := &batch{tx: in.tx, into: changesInto, unique: "id", refers: "issue"}
	err := each(ctx, in.archive, "comments", func(at place, m *archivedComment) error {
		who, err := in.person(ctx, m.User)
		if err != nil {
			return err
		}
		created, updated := database.Micros(m.CreatedOn.Time), database.Micros(m.CreatedOn.Time)
		if m.UpdatedOn != nil {
			updated = database.Micros(m.UpdatedOn.Time)
		}
		in.j.step(1)
		if m.Change {
			if err := changes.add(ctx, at, id, m.ID, m.Issue, who.ID(), who.Credential, who.Name, `{}`, created); err != nil {
				return err
			}
		}
		if orEmpty(m.Content) == "" {
			return nil
		}
		return comments.add(ctx, at, id, m.ID, m.Issue, who.ID(), who.Credential, who.Name, *m.Content, created, updated)
	})
	for _, b := range []*batch{comments, changes} {
		if err == nil {
			err = b.flush(ctx)
		}
	}
	return err
}

const changesInto = `issue_change (repository_id, id, number, account_id, credential, name, changes, created_on)`

// entry is an entry of the log that is put together of the fields that it changed.
type entry struct {
	at      place
	id      int64
	issue   int64
	who     account.Person
	created int64
	changes map[string]FieldChange
}

// logs writes the log. What hangs on one comment is one entry, wherever it is in the list; what hangs on none has a number of its own.
func (in *importer) logs(ctx context.Context) error {
	in.j.begin(phases["logs"], in.sum.logs)
	var now *entry
	err := each(ctx, in.archive, "logs", func(at place, l *archivedLog) error {
		who, err := in.person(ctx, l.User)
		if err != nil {
			return err
		}
		in.j.step(1)
		created := database.Micros(l.CreatedOn.Time)
		same := now != nil && now.issue == l.Issue && (l.Comment != nil && now.id == *l.Comment || l.Comment == nil && now.id == 0 && now.created == created)
		if !same {
			if err := in.entry(ctx, now); err != nil {
				return err
			}
			now = &entry{at: at, issue: l.Issue, who: who, created: created, changes: map[string]FieldChange{}}
			if l.Comment != nil {
				now.id = *l.Comment
			}
		}
		field, change := l.Field, FieldChange{orEmpty(l.ChangedFrom), orEmpty(l.ChangedTo)}
		for here, there := range logFields {
			if field == there {
				field = here
			}
		}
		if field == "assignee" {
			for _, name := range []*string{&change.Old, &change.New} {
				a, err := in.account(ctx, &archivedPerson{AccountID: name})
				if err != nil {
					return err
				}
				if a != nil {
					*name = a.ID
				}
			}
		}
		now.changes[field] = change
		if len(now.changes) > maxLogFields {
			return at.wrong("field", "an edit changes at most %d fields", maxLogFields)
		}
		return nil
	})
	if err == nil {
		err = in.entry(ctx, now)
	}
	return err
}

const maxLogFields = 50

// entry writes an entry of the log, or adds to the one that is there.
func (in *importer) entry(ctx context.Context, e *entry) error {
	if e == nil {
		return nil
	}
	id, tx := in.j.r.ID, in.tx
	if e.id == 0 {
		in.sum.lastEntry++
		e.id = in.sum.lastEntry
	} else {
		var issue int64
		err := tx.Row(ctx, `SELECT number FROM issue_comment WHERE repository_id = $1 AND id = $2`, id, e.id).Scan(&issue)
		if err == nil && issue != e.issue {
			return e.at.wrong("comment", "it is of another issue, number %d", issue)
		}
		if err != nil && !errors.Is(err, database.ErrNoRows) {
			return err
		}
		var text string
		err = tx.Row(ctx, `SELECT number, changes FROM issue_change WHERE repository_id = $1 AND id = $2`, id, e.id).Scan(&issue, &text)
		if err == nil {
			if issue != e.issue {
				return e.at.wrong("comment", "entries of two issues have it: number %d is the other", issue)
			}
			return in.merge(ctx, e, text)
		}
		if !errors.Is(err, database.ErrNoRows) {
			return err
		}
	}
	changes, err := json.Marshal(e.changes)
	if err != nil {
		return err
	}
	one := &batch{tx: tx, into: changesInto, unique: "comment", refers: "issue"}
	if err := one.add(ctx, e.at, id, e.id, e.issue, e.who.ID(), e.who.Credential, e.who.Name, string(changes), e.created); err != nil {
		return err
	}
	return one.flush(ctx)
}

func (in *importer) merge(ctx context.Context, e *entry, text string) error {
	all := map[string]FieldChange{}
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		return err
	}
	for field, change := range e.changes {
		all[field] = change
	}
	if len(all) > maxLogFields {
		return e.at.wrong("field", "an edit changes at most %d fields", maxLogFields)
	}
	changes, err := json.Marshal(all)
	if err == nil {
		_, err = in.tx.Exec(ctx, `UPDATE issue_change SET changes = $3 WHERE repository_id = $1 AND id = $2`, in.j.r.ID, e.id, string(changes))
	}
	return err
}

// attachments writes the rows of the files that keep has kept.
func (in *importer) attachments(ctx context.Context) error {
	if in.sum.files == 0 {
		return nil
	}
	files := &batch{tx: in.tx, into: `issue_attachment (id, repository_id, number, name, size, hash, account_id, created_on)`, unique: "filename", refers: "issue"}
	i, now := 0, in.room.Now()
	err := each(ctx, in.archive, "attachments", func(at place, f *archivedFile) error {
		kept := &in.files[i]
		i++
		who, err := in.account(ctx, f.User)
		if err != nil {
			return err
		}
		created := now
		if f.CreatedOn != nil {
			created = f.CreatedOn.Time
		} else if modified := in.archive.files[f.Path].Modified; modified.Year() > 1980 && modified.Before(now) { // before that: the zip file says nothing
			created = modified
		}
		return files.add(ctx, at, uuid.UUID(kept.id).String(), in.j.r.ID, f.Issue, f.Filename, kept.size, hex.EncodeToString(kept.hash[:]), account.Person{Account: who}.ID(), database.Micros(created))
	})
	if err == nil {
		err = files.flush(ctx)
	}
	return err
}

// maxMet is how many people an import remembers. Whoever comes after is looked up again.
const maxMet = 10_000

// account is the account of a person, nil for none: that of its account id or its uuid, or that of its e-mail where the account may
// read the repository without being everybody: an archive must not tell whose an e-mail is.
func (in *importer) account(ctx context.Context, p *archivedPerson) (*account.Account, error) {
	if p == nil || p.UUID == "" && p.Email == "" && orEmpty(p.AccountID) == "" {
		return nil, nil
	}
	key := orEmpty(p.AccountID) + "\x00" + p.UUID + "\x00" + p.Email
	if a, ok := in.known[key]; ok {
		return a, nil
	}
	a, err := in.find(ctx, p)
	if err != nil {
		return nil, err
	}
	if len(in.known) >= maxMet {
		clear(in.known)
	}
	in.known[key] = a
	return a, nil
}

func (in *importer) find(ctx context.Context, p *archivedPerson) (*account.Account, error) {
	accounts := in.room.Repositories.Accounts
	if id := orEmpty(p.AccountID); id != "" {
		if a, err := accounts.ByAccountID(ctx, in.tx, id); !errors.Is(err, account.ErrNotFound) {
			return &a, err
		}
	}
	if id, ok := rest.Unbraced(p.UUID); ok {
		if a, err := accounts.Find(ctx, in.tx, rest.Braced(id)); !errors.Is(err, account.ErrNotFound) {
			return &a, err
		}
	}
	if p.Email == "" {
		return nil, nil
	}
	email := strings.ToLower(p.Email)
	found, err := accounts.ByEmails(ctx, map[string]bool{email: true})
	who, ok := found[email]
	if err != nil || !ok {
		return nil, err
	}
	closed := *in.j.r
	closed.Private = true
	level, err := in.room.Repositories.LevelOf(ctx, &closed, who.ID)
	if err != nil || level < access.Read {
		return nil, err
	}
	return &account.Account{Account: who}, nil
}

// reader is the account of a person who may read the repository, nil for none: issues are given to nobody else, and nobody else watches.
func (in *importer) reader(ctx context.Context, p *archivedPerson) (*account.Account, error) {
	a, err := in.account(ctx, p)
	if a == nil || err != nil {
		return nil, err
	}
	may, ok := in.may[a.ID]
	if !ok {
		level, err := in.room.Repositories.LevelOf(ctx, in.j.r, a.ID)
		if err != nil {
			return nil, err
		}
		may = a.Active && level >= access.Read
		if len(in.may) >= maxMet {
			clear(in.may)
		}
		in.may[a.ID] = may
	}
	if !may {
		return nil, nil
	}
	return a, nil
}

// foreigners is the namespace of the ids that stand for people without an account. The ids of credentials are none of its.
var foreigners = uuid.MustParse("5f0c1c2e-6d0b-5e7a-9c57-0d1f6a3b8e42")

// person is who did something: an account, or somebody who has none here, and keeps the name.
func (in *importer) person(ctx context.Context, p *archivedPerson) (account.Person, error) {
	a, err := in.account(ctx, p)
	if err != nil || p == nil || a != nil {
		return account.Person{Account: a}, err
	}
	accountID, name := orEmpty(p.AccountID), p.DisplayName
	if name == "" {
		if name = accountID; name == "" {
			return account.Person{}, nil
		}
	}
	key := "name:" + name
	if accountID != "" {
		key = "account:" + accountID
	}
	who := account.Person{Credential: uuid.NewSHA1(foreigners, []byte(key)).String(), Name: name}
	if accountID == "" || in.met[who.Credential] {
		return who, nil
	}
	if len(in.met) >= maxPeople {
		return who, rest.Refusef(reason.IssueArchiveBroken, "The archive has more than %d people who have no account here.", maxPeople)
	}
	in.met[who.Credential] = true
	return who, in.foreign.add(ctx, place{}, in.j.r.ID, who.Credential, accountID)
}

// maxPeople bounds the people of a tracker who have no account.
const maxPeople = 100_000
