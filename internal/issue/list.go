package issue

import (
	"errors"
	"net/url"
	"strconv"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// fields are what filters and orders of issues may name. The priorities happen to be in the order of the alphabet.
var fields = bbql.Fields{
	"id":                    {Column: "i.number", Kind: bbql.Number},
	"title":                 {Column: "i.title", Kind: bbql.String},
	"content.raw":           {Column: "i.content", Kind: bbql.String},
	"state":                 {Column: "i.state", Kind: bbql.Enum, Values: States},
	"kind":                  {Column: "i.kind", Kind: bbql.Enum, Values: Kinds},
	"priority":              {Column: "i.priority", Kind: bbql.Enum, Values: Priorities},
	"votes":                 {Column: "i.votes", Kind: bbql.Number},
	"watches":               {Column: "i.watches", Kind: bbql.Number},
	"created_on":            {Column: "i.created_on", Kind: bbql.Time},
	"updated_on":            {Column: "i.updated_on", Kind: bbql.Time},
	"edited_on":             {Column: "NULLIF(i.edited_on, 0)", Kind: bbql.Time},
	"component":             {Column: "i.component", Kind: bbql.String},
	"component.name":        {Column: "i.component", Kind: bbql.String},
	"component.id":          {Column: "(SELECT l.id FROM issue_component l WHERE l.repository_id = i.repository_id AND l.name = i.component)", Kind: bbql.Number},
	"milestone":             {Column: "i.milestone", Kind: bbql.String},
	"milestone.name":        {Column: "i.milestone", Kind: bbql.String},
	"milestone.id":          {Column: "(SELECT l.id FROM issue_milestone l WHERE l.repository_id = i.repository_id AND l.name = i.milestone)", Kind: bbql.Number},
	"version":               {Column: "i.version", Kind: bbql.String},
	"version.name":          {Column: "i.version", Kind: bbql.String},
	"version.id":            {Column: "(SELECT l.id FROM issue_version l WHERE l.repository_id = i.repository_id AND l.name = i.version)", Kind: bbql.Number},
	"reporter":              {Column: "i.reporter_id", Kind: bbql.UUID},
	"reporter.uuid":         {Column: "i.reporter_id", Kind: bbql.UUID},
	"reporter.account_id":   {Column: "a.account_id", Kind: bbql.String, Within: reporting},
	"reporter.nickname":     {Column: "a.username", Kind: bbql.String, Within: reporting},
	"reporter.username":     {Column: "a.username", Kind: bbql.String, Within: reporting},
	"reporter.display_name": {Column: "a.display_name", Kind: bbql.String, Within: reporting},
	"assignee":              {Column: "i.assignee_id", Kind: bbql.UUID},
	"assignee.uuid":         {Column: "i.assignee_id", Kind: bbql.UUID},
	"assignee.account_id":   {Column: "a.account_id", Kind: bbql.String, Within: assigned},
	"assignee.nickname":     {Column: "a.username", Kind: bbql.String, Within: assigned},
	"assignee.username":     {Column: "a.username", Kind: bbql.String, Within: assigned},
	"assignee.display_name": {Column: "a.display_name", Kind: bbql.String, Within: assigned},
}

// An account is looked for first, and then the issues that are indexed by it.
const (
	reporting = `i.reporter_id IN (SELECT a.id FROM account a WHERE {})`
	assigned  = `i.assignee_id IN (SELECT a.id FROM account a WHERE {})`
)

// counted is how many issues a filter may find for the list to tell how many they are. Counting more would take longer than the page.
const counted = 1000

// list lists the issues of a repository, the newest first. Later pages go on from the moment at which the first one was asked for:
// what is made meanwhile comes on none of them.
func (room *Room) list(c *access.Call, r *repository.Repository) (any, error) {
	var last, all int64
	err := room.DB.Row(c.Context(), `SELECT last_issue, issues FROM issue_tracker WHERE repository_id = $1`, r.ID).Scan(&last, &all)
	if err != nil && !errors.Is(err, database.ErrNoRows) {
		return nil, err
	}
	until := last
	if text := c.Query().Get("ctx"); text != "" {
		if until, err = strconv.ParseInt(text, 10, 64); err != nil || until < 0 {
			return nil, rest.Refuse(reason.PageInvalid, "ctx is no cursor of this list. Follow the next link as it is.").WithMessage("Invalid ctx")
		}
	}
	// The + keeps the number from being what the rows are looked up by: nearly all of them are older.
	l := rest.Listing[Issue]{Columns: columns, From: from + `i.repository_id = $1 AND +i.number <= $2`, Args: []any{r.ID, until}, Order: `i.number DESC`,
		Fields: fields, Scan: scan, CountTo: counted}
	p, rows, size, err := l.Page(c.Context(), room.DB, c.Request)
	if err != nil {
		return nil, err
	}
	if err := fill(c.Context(), room.DB, rows); err != nil {
		return nil, err
	}
	written := make([]string, len(rows))
	for i := range rows {
		written[i] = rows[i].Content
	}
	texts, err := room.Repositories.Texts(c.Context(), room.DB, room.URLs, r, written...)
	if err != nil {
		return nil, err
	}
	values := make([]JSON, len(rows))
	for i := range rows {
		values[i] = room.render(r, &rows[i], texts)
	}
	here, pinned := rest.Link{Href: room.URLs.Base + c.HTTP.URL.EscapedPath()}, url.Values{"ctx": {strconv.FormatInt(until, 10)}}
	if size > counted && c.Query().Get("q") == "" {
		// The tracker knows how many there are. What came since is what is counted.
		var newer int64
		if err := room.DB.Row(c.Context(), `SELECT COUNT(*)`+from+`i.repository_id = $1 AND i.number > $2`, r.ID, until).Scan(&newer); err != nil {
			return nil, err
		}
		size = int(all - newer)
	} else if size > counted {
		return rest.Uncounted(c.Request, p, values, len(rows) == p.Pagelen, nil).At(here, pinned), nil
	}
	return rest.Counted(c.Request, p, values, size).At(here, pinned), nil
}
