package pullrequest

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/workspace"
)

// stateNames are what the parameter state takes (schema pullrequest). Drafts are open ones that say so; nothing is ever QUEUED.
var stateNames = []string{Open, "DRAFT", "QUEUED", Merged, Declined, Superseded}

// fields are what filters and orders of pull requests may name.
var fields = bbql.Fields{
	"id":                          {Column: "pr.number", Kind: bbql.Number},
	"title":                       {Column: "pr.title", Kind: bbql.String},
	"description":                 {Column: "pr.description", Kind: bbql.String},
	"state":                       {Column: "pr.state", Kind: bbql.Enum, Values: []string{Open, Merged, Declined, Superseded}},
	"draft":                       {Column: "pr.draft", Kind: bbql.Bool},
	"reason":                      {Column: "pr.reason", Kind: bbql.String},
	"close_source_branch":         {Column: "pr.close_source", Kind: bbql.Bool},
	"comment_count":               {Column: "pr.comment_count", Kind: bbql.Number},
	"task_count":                  {Column: "pr.task_count", Kind: bbql.Number},
	"created_on":                  {Column: "pr.created_on", Kind: bbql.Time},
	"updated_on":                  {Column: "pr.updated_on", Kind: bbql.Time},
	"source.branch.name":          {Column: "pr.source_branch", Kind: bbql.String},
	"source.commit.hash":          {Column: "pr.source_hash", Kind: bbql.String},
	"source.repository.uuid":      {Column: "(SELECT sr.id" + fromSource + ")", Kind: bbql.UUID},
	"source.repository.full_name": {Column: "(SELECT sw.slug || '/' || sr.slug" + fromSource + ")", Kind: bbql.String},
	"destination.branch.name":     {Column: "pr.destination_branch", Kind: bbql.String},
	"destination.commit.hash":     {Column: "pr.destination_hash", Kind: bbql.String},
	"merge_commit.hash":           {Column: "NULLIF(pr.merge_hash, '')", Kind: bbql.String},
	"author.uuid":                 {Column: "pr.author_id", Kind: bbql.UUID},
	"author.account_id":           {Column: "(SELECT au.account_id FROM account au WHERE au.id = pr.author_id)", Kind: bbql.String},
	"author.nickname":             {Column: "(SELECT au.username FROM account au WHERE au.id = pr.author_id)", Kind: bbql.String},
	"author.display_name":         {Column: "(SELECT au.display_name FROM account au WHERE au.id = pr.author_id)", Kind: bbql.String},
	"closed_by.uuid":              {Column: "pr.closer_id", Kind: bbql.UUID},
	"reviewers.uuid":              {Column: "t.account_id", Kind: bbql.UUID, Within: reviewing},
	"reviewers.account_id":        {Column: "ra.account_id", Kind: bbql.String, Within: reviewing},
	"reviewers.nickname":          {Column: "ra.username", Kind: bbql.String, Within: reviewing},
	"participants.user.uuid":      {Column: "t.account_id", Kind: bbql.UUID, Within: strings.Replace(reviewing, " AND t.role = 'REVIEWER'", "", 1)},
}

// fromSource finds, for filters, the repository that a pull request comes from. Of a private fork nothing is found: a filter would
// tell its name to whoever guesses it.
const fromSource = ` FROM repository sr JOIN workspace sw ON sw.id = sr.workspace_id WHERE sr.id = pr.source_id AND (sr.id = pr.repository_id OR NOT sr.is_private)`

const reviewing = `EXISTS (SELECT 1 FROM pull_request_participant t JOIN account ra ON ra.id = t.account_id
	WHERE t.repository_id = pr.repository_id AND t.number = pr.number AND t.role = 'REVIEWER' AND {})`

// fieldsBesideState are fields without the state.
var fieldsBesideState = func() bbql.Fields {
	others := maps.Clone(fields)
	delete(others, "state")
	return others
}()

// namesState tells whether a filter says something of the state. What cannot be read does not.
func namesState(q string) bool {
	query, err := bbql.Parse(q)
	if err != nil {
		return false
	}
	_, err = query.Bind(fieldsBesideState)
	unknown, ok := errors.AsType[*bbql.Error](err)
	return ok && unknown.Field == "state"
}

// inState is the condition that the parameter state of a request asks for.
func inState(c *access.Call) (string, error) {
	asked := c.Query()["state"]
	if len(asked) == 0 {
		if namesState(c.Query().Get("q")) {
			return "", nil
		}
		return " AND pr.state = 'OPEN'", nil
	}
	var conditions, plain []string
	for _, values := range asked {
		for name := range strings.SplitSeq(values, ",") {
			switch name = strings.ToUpper(strings.TrimSpace(name)); {
			case !slices.Contains(stateNames, name):
				return "", rest.Refuse(reason.QueryInvalid, "state is one of "+strings.Join(stateNames, ", ")+", and may be given several times.").WithMessage("Invalid state")
			case name == "DRAFT":
				conditions = append(conditions, "(pr.state = 'OPEN' AND pr.draft)")
			default:
				plain = append(plain, "'"+name+"'")
			}
		}
	}
	if len(plain) > 0 {
		slices.Sort(plain)
		conditions = append(conditions, "pr.state IN ("+strings.Join(slices.Compact(plain), ", ")+")")
	}
	return " AND (" + strings.Join(conditions, " OR ") + ")", nil
}

func (room *Room) list(c *access.Call, r *repository.Repository) (any, error) {
	var last int64
	if err := room.DB.Row(c.Context(), `SELECT last_pull_request FROM repository WHERE id = $1`, r.ID).Scan(&last); err != nil {
		return nil, err
	}
	until, err := bound(c, last)
	if err != nil {
		return nil, err
	}
	// The plus keeps a planner from reading all numbers up to it where an index holds the order that is asked for.
	return room.page(c, rest.Listing[PullRequest]{From: from + `pr.repository_id = $1 AND +pr.number <= $2`, Args: []any{r.ID, until}, Order: `pr.number DESC`}, until)
}

// page is the page that a request asks for of a list of pull requests, the newest first. until is the cursor that the list ends at:
// what is made after the first page was read comes on none of its pages.
func (room *Room) page(c *access.Call, l rest.Listing[PullRequest], until int64) (any, error) {
	state, err := inState(c)
	if err != nil {
		return nil, err
	}
	l.Columns, l.Fields, l.Scan = columns, fields, scan
	l.From += state
	for mended := false; ; mended = true {
		p, rows, size, err := l.Page(c.Context(), room.DB, c.Request)
		if err != nil {
			return nil, err
		}
		if !mended && room.mend(c.Context(), rows) {
			continue
		}
		if err := fill(c.Context(), room.DB, rows); err != nil {
			return nil, err
		}
		values, err := room.renderAll(c.Context(), room.DB, c.Principal, rows)
		if err != nil {
			return nil, err
		}
		return rest.Counted(c.Request, p, values, size).At(rest.Link{Href: room.URLs.Base + c.HTTP.URL.EscapedPath()}, url.Values{"ctx": {strconv.FormatInt(until, 10)}}), nil
	}
}

// listOfUser lists the pull requests that somebody has made, in the repositories of a workspace that the caller may read
// (GET /workspaces/{workspace}/pullrequests/{selected_user}).
func (room *Room) listOfUser(c *access.Call, w workspace.Workspace) (any, error) {
	author, err := room.Repositories.Accounts.Find(c.Context(), room.DB, c.Param("selected_user"))
	if errors.Is(err, account.ErrNotFound) {
		return nil, account.NotFound(c.Param("selected_user"), "")
	}
	if err != nil {
		return nil, err
	}
	until, err := bound(c, database.Micros(room.Now()))
	if err != nil {
		return nil, err
	}
	tables, where, args, err := room.Repositories.Visible(c.Principal, &w)
	if err != nil {
		return nil, err
	}
	args = append(args, author.ID, until)
	return room.page(c, rest.Listing[PullRequest]{Args: args, Order: `pr.created_on DESC, pr.repository_id, pr.number`,
		From: ` FROM pull_request pr WHERE pr.repository_id IN (SELECT r.id FROM ` + tables + where + `) AND pr.author_id = $` + strconv.Itoa(len(args)-1) + ` AND pr.created_on <= $` + strconv.Itoa(len(args))}, until)
}

// maxOfCommit bounds the pull requests that a commit is looked for in.
const maxOfCommit = 1000

// listOfCommit lists the pull requests that brought a commit, or are about to: those that it is a commit of, and those that it was
// made by (GET .../commit/{commit}/pullrequests).
func (room *Room) listOfCommit(c *access.Call, r *repository.Repository) (any, error) {
	hash, err := room.Repositories.CommitHash(c.Context(), r, c.Param("commit"))
	if err != nil {
		return nil, err
	}
	names, err := room.Repositories.Git.Containing(c.Context(), r.ID, hash, strings.TrimSuffix(refPrefix, "/"), strings.TrimSuffix(gitstore.BranchPrefix, "/"))
	if err != nil {
		return nil, err
	}
	has := make(map[string]bool, len(names))
	var numbers []int64
	for _, name := range names {
		has[name] = true
		if n, which := numberOf(name); which == refFrom {
			numbers = append(numbers, n)
		}
	}
	merged, err := database.Collect(c.Context(), room.DB, func(row func(...any) error) (n int64, err error) { return n, row(&n) },
		`SELECT pr.number`+from+`pr.repository_id = $1 AND pr.merge_hash = $2`, r.ID, string(hash))
	if err != nil {
		return nil, err
	}
	numbers = append(numbers, merged...)
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	numbers = numbers[max(0, len(numbers)-maxOfCommit):]
	rows, err := numbered(c.Context(), room.DB, r.ID, numbers)
	if err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(pr PullRequest) bool {
		into := ref(pr.Number, refTo)
		if pr.State == Open {
			into = gitstore.BranchPrefix + pr.DestinationBranch
		}
		return has[into] && pr.MergeHash != hash
	})
	slices.Reverse(rows)
	p, err := c.Paging(rest.DefaultPagelen)
	if err != nil {
		return nil, err
	}
	at := min(p.Offset(), len(rows))
	values, err := room.renderAll(c.Context(), room.DB, c.Principal, rows[at:min(at+p.Pagelen, len(rows))])
	if err != nil {
		return nil, err
	}
	return rest.Counted(c.Request, p, values, len(rows)), nil
}
