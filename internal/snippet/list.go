package snippet

import (
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/bbql"
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

// list lists the snippets of a workspace that the caller may see, the newest first (GET /snippets/{workspace}).
func (room *Room) list(c *access.Call, w workspace.Workspace) (any, error) {
	role, ok := roles[c.Query().Get("role")]
	if !ok {
		return nil, rest.Refuse(reason.QueryInvalid, "role is one of owner, contributor and member.").WithMessage("Invalid role")
	}
	where, args := []string{"s.workspace_id = $1"}, []any{w.ID}
	whole := c.Principal.OfResource() && c.Principal.Bounds.WorkspaceID == w.ID && c.Principal.Bounds.ProjectID+c.Principal.Bounds.RepositoryID == ""
	if !whole {
		where = append(where, "(NOT s.is_private OR "+member+")")
	}
	if role != "" {
		where = append(where, role)
	}
	text := strings.Join(where, " AND ")
	if strings.Contains(text, "ACCOUNT") {
		args = append(args, c.Principal.AccountID())
		text = strings.ReplaceAll(text, "ACCOUNT", "$"+strconv.Itoa(len(args)))
	}
	l := rest.Listing[*Snippet]{Columns: columns, From: from + ` WHERE ` + text, Args: args, Order: `s.created_on DESC, s.id`, Fields: fields, Scan: scan}
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
