package snippet

import (
	"context"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/workspace"
)

// fields are what filters and orders of snippets may name.
var fields = bbql.Fields{
	"id":           {Column: "s.encoded_id", Kind: bbql.String},
	"title":        {Column: "s.title", Kind: bbql.String},
	"is_private":   {Column: "s.is_private", Kind: bbql.Bool},
	"creator.uuid": {Column: "s.creator_id", Kind: bbql.UUID},
	"created_on":   {Column: "s.created_on", Kind: bbql.Time},
	"updated_on":   {Column: "s.updated_on", Kind: bbql.Time},
}

// Conditions on snippet s, where ACCOUNT stands for the caller.
const (
	member  = `s.workspace_id IN (SELECT m.workspace_id FROM workspace_member m WHERE m.account_id = ACCOUNT AND m.role >= 2)`
	watched = `s.id IN (SELECT x.snippet_id FROM snippet_watcher x WHERE x.account_id = ACCOUNT)`
	made    = `s.creator_id = ACCOUNT`
)

// roles are the values of the parameter role (GET /snippets). The one who owns a snippet is there who made it.
var roles = map[string]string{
	"":            "",
	"owner":       made,
	"contributor": "(" + made + " OR " + watched + ")",
	"member":      "(" + member + " OR " + watched + ")",
}

// order is that of lists: the newest first.
const order = `s.created_on DESC, s.id`

// seen is the condition on the snippets that who acts as p may see: those of a workspace, "" for all, to which p stands as role says.
// A *rest.Error says that there is no such role.
func seen(p *access.Principal, workspaceID, role string) (condition string, args []any, err error) {
	stands, ok := roles[role]
	if !ok {
		return "", nil, rest.Refuse(reason.QueryInvalid, "role is one of owner, contributor and member.").WithMessage("Invalid role")
	}
	var where []string
	if workspaceID != "" {
		where, args = []string{"s.workspace_id = $1"}, []any{workspaceID}
	}
	whole := p.OfResource() && p.Bounds.WorkspaceID == workspaceID && p.Bounds.ProjectID+p.Bounds.RepositoryID == ""
	if !whole {
		where = append(where, "(NOT s.is_private OR "+member+")")
	}
	if stands != "" {
		where = append(where, stands)
	}
	condition = strings.Join(where, " AND ")
	if strings.Contains(condition, "ACCOUNT") {
		args = append(args, p.AccountID())
		condition = strings.ReplaceAll(condition, "ACCOUNT", "$"+strconv.Itoa(len(args)))
	}
	return condition, args, nil
}

// Search says which snippets to list.
type Search struct {
	Role   string // owner, contributor or member, as in the API; "": of everybody
	Text   string // part of the title, in whatever case; "": all
	Offset int
	Limit  int // at least 1
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// Search lists the snippets of a workspace that who acts as p may see, the newest first; w is nil for those of all workspaces. more
// tells whether others follow. A *rest.Error says that there is no such role.
func (room *Room) Search(ctx context.Context, p *access.Principal, w *workspace.Workspace, s Search) (found []*Snippet, more bool, err error) {
	of := ""
	if w != nil {
		of = w.ID
	}
	condition, args, err := seen(p, of, s.Role)
	if err != nil {
		return nil, false, err
	}
	if strings.ContainsRune(s.Text, 0) || !utf8.ValidString(s.Text) {
		return nil, false, nil // no title holds that
	}
	if s.Text != "" {
		args = append(args, "%"+likeEscaper.Replace(s.Text)+"%")
		condition += ` AND LOWER(s.title) LIKE LOWER($` + strconv.Itoa(len(args)) + `) ESCAPE '\'`
	}
	n := len(args)
	found, err = database.Collect(ctx, room.DB, scan, `SELECT `+columns+from+` WHERE `+condition+` ORDER BY `+order+` LIMIT $`+strconv.Itoa(n+1)+` OFFSET $`+strconv.Itoa(n+2),
		append(args, s.Limit+1, s.Offset)...)
	if err != nil || len(found) <= s.Limit {
		return found, false, err
	}
	return found[:s.Limit], true, nil
}

// list lists the snippets of a workspace that the caller may see, the newest first (GET /snippets/{workspace}).
func (room *Room) list(c *access.Call, w workspace.Workspace) (any, error) {
	condition, args, err := seen(c.Principal, w.ID, c.Query().Get("role"))
	if err != nil {
		return nil, err
	}
	l := rest.Listing[*Snippet]{Columns: columns, From: from + ` WHERE ` + condition, Args: args, Order: order, Fields: fields, Scan: scan}
	p, rows, size, err := l.Page(c.Context(), room.DB, c.Request)
	if err != nil {
		return nil, err
	}
	known := map[string]*account.JSON{}
	values := make([]JSON, len(rows))
	for i, s := range rows {
		who, ok := known[s.CreatorID]
		if !ok {
			if who, err = room.Accounts.Shown(c.Context(), room.DB, s.CreatorID); err != nil {
				return nil, err
			}
			known[s.CreatorID] = who
		}
		values[i] = room.render(s, who)
	}
	return rest.Counted(c.Request, p, values, size), nil
}
