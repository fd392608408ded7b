package issue

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// This file is what pages ask of issue trackers: lists that are cheap to make, and what there is to show of one issue.

// TakesPart is the privilege to make issues, to comment on them and to vote.
func (room *Room) TakesPart() access.Need[*repository.Repository] {
	return room.tracker().Needs(access.Read)
}

// Writes is the privilege to change and to delete the issues of others.
func (room *Room) Writes() access.Need[*repository.Repository] {
	return room.tracker().Needs(access.Write)
}

// Unresolved are the states of what is still to be done.
var Unresolved = []string{"submitted", "new", "open", "on hold"}

// Search says which issues of a repository to list. What is "" or nil does not matter.
type Search struct {
	States                        []string // any of those
	Kind, Priority                string
	Assignee, Reporter            string // usernames
	Unassigned                    bool   // nobody's
	Watcher                       string // the id of an account
	Component, Milestone, Version string // names
	Text                          string // a part of the title or of the content
	Sort                          string // as the parameter of the API; ""  the newest first
	Offset, Limit                 int
}

// MaxText is how long the text of a search may be, in characters.
const MaxText = 255

// searchFields are what searches of pages may ask for beside what filters of the API may.
var searchFields = func() bbql.Fields {
	all := bbql.Fields{"watcher": {Column: "x.account_id", Kind: bbql.UUID, Within: `EXISTS (SELECT 1 FROM issue_watch x WHERE x.repository_id = i.repository_id AND x.number = i.number AND {})`}}
	for name, field := range fields {
		all[name] = field
	}
	return all
}()

// query is the search in the language of filters.
func (s *Search) query() *bbql.Query {
	var all bbql.And
	texts := func(values ...string) (all []bbql.Value) {
		for _, v := range values {
			all = append(all, bbql.Value{Kind: bbql.StringValue, Text: v})
		}
		return all
	}
	is := func(field, value string) {
		if value != "" {
			all = append(all, &bbql.Comparison{Field: field, Op: bbql.Equal, Values: texts(value)})
		}
	}
	if len(s.States) > 0 {
		all = append(all, &bbql.Comparison{Field: "state", Op: bbql.In, Values: texts(s.States...)})
	}
	is("kind", s.Kind)
	is("priority", s.Priority)
	is("assignee.username", s.Assignee)
	is("reporter.username", s.Reporter)
	is("watcher", s.Watcher)
	is("component", s.Component)
	is("milestone", s.Milestone)
	is("version", s.Version)
	if s.Unassigned {
		all = append(all, &bbql.Comparison{Field: "assignee", Op: bbql.Equal, Values: []bbql.Value{{Kind: bbql.NullValue, Text: "null"}}})
	}
	if s.Text != "" {
		all = append(all, bbql.Or{&bbql.Comparison{Field: "title", Op: bbql.Contains, Values: texts(s.Text)}, &bbql.Comparison{Field: "content.raw", Op: bbql.Contains, Values: texts(s.Text)}})
	}
	if len(all) == 0 {
		return &bbql.Query{}
	}
	return &bbql.Query{Root: all}
}

// findable tells whether a search could find anything: no issue holds text that cannot be stored.
func (s *Search) findable() bool {
	return storable(s.Assignee+s.Reporter+s.Component+s.Milestone+s.Version+s.Text) && utf8.RuneCountInString(s.Text) <= MaxText
}

// Search lists issues of a repository. more tells whether others follow. They are not counted. A *rest.Error says what of the search is
// none of what issues may be.
func (room *Room) Search(ctx context.Context, r *repository.Repository, s Search) (rows []Issue, more bool, err error) {
	if !s.findable() {
		return nil, false, nil
	}
	filter, err := s.query().Bind(searchFields)
	if err != nil {
		return nil, false, rest.QueryError(err)
	}
	order, err := bbql.CompileSort(s.Sort, fields)
	if err != nil {
		return nil, false, rest.QueryError(err)
	}
	if order != "" {
		order += ", "
	}
	condition := filter.SQL(2)
	args := append([]any{r.ID}, condition.Args...)
	n := len(args)
	rows, err = database.Collect(ctx, room.DB, scan, `SELECT `+columns+from+`i.repository_id = $1 AND `+condition.SQL+` ORDER BY `+order+`i.number DESC
		LIMIT $`+strconv.Itoa(n+1)+` OFFSET $`+strconv.Itoa(n+2), append(args, s.Limit+1, s.Offset)...)
	if err != nil {
		return nil, false, err
	}
	if more = len(rows) > s.Limit; more {
		rows = rows[:s.Limit]
	}
	return rows, more, fill(ctx, room.DB, rows)
}

// CountUnresolved is how many issues of a repository are still to be done, as far as max.
func (room *Room) CountUnresolved(ctx context.Context, r *repository.Repository, max int) (n int, err error) {
	args := []any{r.ID, max}
	for _, state := range Unresolved {
		args = append(args, state)
	}
	err = room.DB.Row(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM issue WHERE repository_id = $1 AND state IN (`+database.Marks(3, len(Unresolved))+`) LIMIT $2) x`, args...).Scan(&n)
	return n, err
}

// People are at most limit of those whose issues of a repository are, and of those who reported some, in order of their usernames. Each
// is looked for behind the one before, so it takes as long as there are people, however many issues there are.
func (room *Room) People(ctx context.Context, r *repository.Repository, limit int) (assignees, reporters []account.Account, err error) {
	for column, to := range map[string]*[]account.Account{"i.assignee_id": &assignees, "i.reporter_id": &reporters} {
		ids, err := database.Collect(ctx, room.DB, func(row func(...any) error) (id string, err error) { return id, row(&id) },
			`WITH RECURSIVE p (id, n) AS (SELECT MIN(`+column+`), 1`+from+`i.repository_id = $1
				UNION ALL SELECT (SELECT MIN(`+column+`)`+from+`i.repository_id = $1 AND `+column+` > p.id), p.n + 1 FROM p WHERE p.id IS NOT NULL AND p.n < $2)
			SELECT p.id FROM p WHERE p.id IS NOT NULL`, r.ID, limit)
		if err != nil {
			return nil, nil, err
		}
		found, err := account.ByIDs(ctx, room.DB, ids)
		if err != nil {
			return nil, nil, err
		}
		for _, a := range found {
			*to = append(*to, *a)
		}
		slices.SortFunc(*to, func(a, b account.Account) int {
			return strings.Compare(strings.ToLower(a.Username), strings.ToLower(b.Username))
		})
	}
	return assignees, reporters, nil
}

// Written are texts that people have written in a repository, as pages show them.
func (room *Room) Written(ctx context.Context, r *repository.Repository, texts ...string) (repository.Texts, error) {
	return room.Repositories.Texts(ctx, room.DB, rest.URLs{}, r, texts...)
}

// Entry is one thing that happened to an issue: what somebody changed, said, or both at once.
type Entry struct {
	ID      int64
	Who     account.Person
	On      time.Time
	Changes map[string]FieldChange // of an assignee, names
	Said    *Comment               // nil: nothing
}

// History is what happened to an issue, in its order: the newest entries, at most limit of them. more tells that there were others before.
func (room *Room) History(ctx context.Context, i *Issue, limit int) (all []Entry, more bool, err error) {
	newest := func(id string) string { return ` ORDER BY ` + id + ` DESC LIMIT $3` }
	changes, err := database.Collect(ctx, room.DB, scanChange, `SELECT `+changeColumns+fromChanges+newest("v.id"), i.RepositoryID, i.Number, limit+1)
	if err != nil {
		return nil, false, err
	}
	comments, err := database.Collect(ctx, room.DB, scanComment, `SELECT `+commentColumns+fromComments+newest("m.id"), i.RepositoryID, i.Number, limit+1)
	if err != nil {
		return nil, false, err
	}
	people, err := peopleIn(ctx, room.DB, changes)
	if err != nil {
		return nil, false, err
	}
	var authors []**account.Account
	for k := range comments {
		authors = append(authors, &comments[k].Who.Account)
	}
	if err := account.Meet(ctx, room.DB, authors...); err != nil {
		return nil, false, err
	}
	at := map[int64]int{}
	for k := range changes {
		v := &changes[k]
		if change, ok := v.Changes["assignee"]; ok {
			for _, name := range []*string{&change.Old, &change.New} {
				switch a := people[*name]; {
				case a != nil:
					*name = a.DisplayName
				case *name != "":
					*name = "somebody" // whose account is gone
				}
			}
			v.Changes["assignee"] = change
		}
		at[v.ID] = len(all)
		all = append(all, Entry{ID: v.ID, Who: v.Who, On: v.Created, Changes: v.Changes})
	}
	for k := range comments {
		m := &comments[k]
		if n, ok := at[m.ID]; ok {
			all[n].Said = m
		} else {
			all = append(all, Entry{ID: m.ID, Who: m.Who, On: m.Created, Said: m})
		}
	}
	slices.SortFunc(all, func(a, b Entry) int { return int(a.ID - b.ID) })
	if n := len(all) - limit; n > 0 {
		all, more = all[n:], true
	}
	return all, more, nil
}

// Files are those of an issue, in the order in which they came, with who brought them: nil for nobody who is known.
func (room *Room) Files(ctx context.Context, i *Issue) ([]Attachment, []*account.Account, error) {
	files, err := database.Collect(ctx, room.DB, scanAttachment, `SELECT `+attachmentColumns+fromAttachments+` ORDER BY f.created_on, f.id`, i.RepositoryID, i.Number)
	if err != nil {
		return nil, nil, err
	}
	by, people := make([]*account.Account, len(files)), []**account.Account{}
	for k := range files {
		by[k] = account.Known(files[k].ByID)
		people = append(people, &by[k])
	}
	return files, by, account.Meet(ctx, room.DB, people...)
}

// MayUnsay refuses who acts as p, where that may not take a comment away.
func (room *Room) MayUnsay(ctx context.Context, p *access.Principal, r *repository.Repository, m *Comment) error {
	return room.mine(ctx, p, r, m, true)
}

// Wrote tells whether who acts as p wrote a comment.
func (m *Comment) Wrote(p *access.Principal) bool { return m.Who.Is(p) }

// Vote has who acts as p vote for an issue, or not any more.
func (room *Room) Vote(ctx context.Context, p *access.Principal, i *Issue, votes bool) error {
	return room.become(ctx, p, voting, i, votes)
}

// Watch has who acts as p watch an issue, or not any more.
func (room *Room) Watch(ctx context.Context, p *access.Principal, i *Issue, watches bool) error {
	return room.become(ctx, p, watching, i, watches)
}

// Follows tells whether an account votes for an issue, and whether it watches it.
func (room *Room) Follows(ctx context.Context, i *Issue, accountID string) (votes, watches bool, err error) {
	if votes, err = voting.has(ctx, room.DB, i, accountID); err == nil {
		watches, err = watching.has(ctx, room.DB, i, accountID)
	}
	return votes, watches, err
}
