package workspace

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/rest"
)

// This file has the lists as people look through them: narrowed by a text that they search for, without a count of the
// whole.

// maxSearch bounds a text that is searched for, in characters. No name is longer.
const maxSearch = maxName

// everything is the pattern of an empty search.
const everything = "%%"

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// pattern is the argument of LIKE for whatever holds search. What no name can hold is taken out.
func pattern(search string) string {
	search = strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(search, ""), "\x00", ""))
	if n := maxSearch; utf8.RuneCountInString(search) > n {
		search = string([]rune(search)[:n])
	}
	return "%" + likeEscaper.Replace(search) + "%"
}

// holds is the condition that one of the columns holds what the argument, made by pattern, searches for. As in filters,
// the case of ASCII letters does not count.
func holds(arg string, columns ...string) string {
	for i, c := range columns {
		columns[i] = `LOWER(` + c + `) LIKE LOWER(` + arg + `) ESCAPE '\'`
	}
	return `(` + strings.Join(columns, ` OR `) + `)`
}

// named is holds for the names of account a. Its e-mail is not among them: searching would tell it.
func named(arg string) string { return holds(arg, "a.username", "a.display_name") }

// cut takes the one row off that was read beyond the page to see whether there are more.
func cut[T any](rows []T, p rest.Paging) (page []T, more bool) {
	if len(rows) > p.Pagelen {
		return rows[:p.Pagelen], true
	}
	return rows, false
}

// Own is a workspace that somebody belongs to.
type Own struct {
	Workspace
	Role Role
}

// ListOwn is one page of the workspaces that an account belongs to, by slug.
func (r *Room) ListOwn(ctx context.Context, accountID, search string, p rest.Paging) ([]Own, bool, error) {
	rows, err := database.Collect(ctx, r.DB, func(row func(...any) error) (o Own, err error) {
		o.Workspace, err = scanWorkspace(row, &o.Role)
		return o, err
	}, `SELECT `+WorkspaceColumn+`, m.role FROM workspace_member m JOIN workspace w ON w.id = m.workspace_id
		WHERE m.account_id = $1 AND `+holds("$2", "w.slug", "w.name")+` ORDER BY w.slug LIMIT $3 OFFSET $4`,
		accountID, pattern(search), p.Pagelen+1, p.Offset())
	page, more := cut(rows, p)
	return page, more, err
}

// ListMembers is one page of those who belong to a workspace, whatever their role: owners first, then by username. emails
// lets search look at e-mails too; that is for those who administer the workspace.
func (r *Room) ListMembers(ctx context.Context, workspaceID, search string, emails bool, p rest.Paging) ([]Membership, bool, error) {
	where := named("$2")
	if emails {
		where = holds("$2", "a.username", "a.display_name", "a.email")
	}
	rows, err := database.Collect(ctx, r.DB, scanMembership, `SELECT `+membershipColumns+fromMembers+`m.workspace_id = $1 AND `+where+`
		ORDER BY m.role DESC, LOWER(a.username) LIMIT $3 OFFSET $4`, workspaceID, pattern(search), p.Pagelen+1, p.Offset())
	page, more := cut(rows, p)
	return page, more, err
}

// ListProjects is one page of the workspace's projects that an account may read, by key. The account of nobody ("") may
// read those that are public.
func (r *Room) ListProjects(ctx context.Context, w *Workspace, accountID, search string, p rest.Paging) ([]Project, bool, error) {
	rows, err := database.Collect(ctx, r.DB, func(row func(...any) error) (Project, error) {
		var packed string
		if err := row(&packed); err != nil {
			return Project{}, err
		}
		p := ProjectOf(database.Unpack(packed))
		p.Workspace = w
		return p, nil
	}, `SELECT `+ProjectColumn+` FROM project p WHERE p.workspace_id = $2 AND `+visible+` AND `+holds("$3", "p.key", "p.name")+`
		ORDER BY p.key LIMIT $4 OFFSET $5`, accountID, w.ID, pattern(search), p.Pagelen+1, p.Offset())
	page, more := cut(rows, p)
	return page, more, err
}
