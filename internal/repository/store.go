package repository

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/workspace"
)

// grants is the rule of privileges as a query: what is granted in a workspace and on a project (workspace.Grants)
// reaches their repositories, and there are grants on the repository itself.
func grants(workspaceID, projectID, repositoryID, of string) string {
	return workspace.Grants(workspaceID, projectID, of) + `
		UNION ALL ` + workspace.GrantsOn(workspace.OnRepository, repositoryID, of)
}

// level is the permission that the account $1 has on repository r. A project's create-repo (3) stands above write (2)
// and below admin (4) here as it does there.
var level = workspace.Highest(grants("r.workspace_id", "r.project_id", "r.id", "= $1"))

// columns is the repository with its workspace and its project, packed into one column for unpack.
var columns = database.Packed("r.id", "r.slug", "r.name", "r.description", "r.is_private", "r.language", "r.language_said", "r.fork_policy",
	"r.has_issues", "r.has_wiki", "r.mainbranch", "r.size", "COALESCE(r.parent_id, '')", "r.created_on", "r.updated_on",
	workspace.WorkspaceColumn, workspace.ProjectColumn)

const from = ` FROM repository r JOIN workspace w ON w.id = r.workspace_id JOIN project p ON p.id = r.project_id`

func unpack(row *database.Unpacked) *Repository {
	r := &Repository{ID: row.Text(), Slug: row.Text(), Name: row.Text(), Description: row.Text(), Private: row.Bool(),
		Language: row.Text(), LanguageSaid: row.Bool(), ForkPolicy: row.Text(), HasIssues: row.Bool(), HasWiki: row.Bool(), MainBranch: row.Text(),
		Size: row.Int(), ParentID: row.Text(), Created: row.Time(), Updated: row.Time(),
		Workspace: workspace.WorkspaceOf(row), Project: workspace.ProjectOf(row)}
	r.Project.Workspace = &r.Workspace
	return r
}

// scan reads columns and, behind them, extra.
func scan(row func(...any) error, extra ...any) (*Repository, error) {
	var packed string
	if err := row(append([]any{&packed}, extra...)...); err != nil {
		return nil, err
	}
	return unpack(database.Unpack(packed)), nil
}

// byName are the queries for a repository with the account's level, by how the path names workspace and repository:
// by slug at index 0, by uuid at index 1.
var byName = [2][2]string{
	{selectWithLevel + `w.slug = $2 AND r.slug = $3`, selectWithLevel + `w.slug = $2 AND r.id = $3`},
	{selectWithLevel + `w.id = $2 AND r.slug = $3`, selectWithLevel + `w.id = $2 AND r.id = $3`},
}

var selectWithLevel = `SELECT ` + database.Packed(level, columns) + from + ` WHERE `

// holdsPublic reports whether a workspace has a repository that everybody may read.
func holdsPublic(ctx context.Context, db *database.DB, workspaceID string) (bool, error) {
	var one int
	err := db.Row(ctx, `SELECT 1 FROM repository WHERE workspace_id = $1 AND NOT is_private LIMIT 1`, workspaceID).Scan(&one)
	if errors.Is(err, database.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// find looks a repository up by workspace and repository, each a slug or a uuid, with the account's level.
func find(ctx context.Context, db *database.DB, accountID, workspaceName, name string) (*Repository, access.Level, error) {
	w, workspaceIndex := identifier(workspaceName)
	n, nameIndex := identifier(name)
	row, err := db.ReadPacked(ctx, byName[workspaceIndex][nameIndex], accountID, w, n)
	if errors.Is(err, database.ErrNoRows) {
		return nil, access.None, access.ErrAbsent
	}
	if err != nil {
		return nil, access.None, err
	}
	l := access.Level(row.Int())
	return unpack(row), l, nil
}

// findMoved looks for the repository that once had a name, with the account's level on it.
func findMoved(ctx context.Context, db *database.DB, accountID, workspaceName, name string) (*Repository, access.Level, error) {
	w, byID := identifier(workspaceName)
	var id, now string
	err := db.Row(ctx, `SELECT a.repository_id, r.workspace_id FROM repository_alias a JOIN repository r ON r.id = a.repository_id JOIN workspace w ON w.id = a.workspace_id
		WHERE `+[2]string{"w.slug", "w.id"}[byID]+` = $1 AND a.slug = $2`, w, name).Scan(&id, &now)
	if errors.Is(err, database.ErrNoRows) {
		return nil, access.None, access.ErrAbsent
	}
	if err != nil {
		return nil, access.None, err
	}
	return find(ctx, db, accountID, rest.Braced(now), rest.Braced(id))
}

// identifier is a slug, or a uuid without its braces, with its index in byName.
func identifier(s string) (value string, index int) {
	if id, ok := rest.Unbraced(s); ok {
		return id, 1
	}
	return s, 0
}

// checkPrivacy refuses a public repository where its project or its workspace keeps things private (schema project). The
// project's row is locked first, so that it cannot turn private at the same time.
func checkPrivacy(ctx context.Context, tx *database.Tx, r *Repository) error {
	if r.Private {
		return nil
	}
	if _, err := tx.Exec(ctx, `UPDATE project SET name = name WHERE id = $1`, r.Project.ID); err != nil {
		return err
	}
	var project, workspace bool
	err := tx.Row(ctx, `SELECT p.is_private, w.is_privacy_enforced FROM project p JOIN workspace w ON w.id = p.workspace_id WHERE p.id = $1`, r.Project.ID).Scan(&project, &workspace)
	switch {
	case err != nil:
		return err
	case workspace:
		return rest.InvalidField("is_private", "the workspace keeps everything in it private")
	case project:
		return rest.InvalidField("is_private", "the project is private, and a private project holds no public repositories")
	}
	return nil
}

// oldestProject is the key of the workspace's first project, "" when it has none.
func oldestProject(ctx context.Context, q database.Queryer, workspaceID string) (key string, err error) {
	err = q.Row(ctx, `SELECT key FROM project WHERE workspace_id = $1 ORDER BY created_on, id LIMIT 1`, workspaceID).Scan(&key)
	if errors.Is(err, database.ErrNoRows) {
		return "", nil
	}
	return key, err
}

func insert(ctx context.Context, tx *database.Tx, r *Repository, creatorID string) error {
	_, err := tx.Exec(ctx, `INSERT INTO repository (id, workspace_id, project_id, slug, name, description, is_private, language, language_said,
			fork_policy, has_issues, has_wiki, mainbranch, size, parent_id, creator_id, created_on, updated_on)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, NULLIF($15, ''), NULLIF($16, ''), $17, $18)`,
		r.ID, r.Workspace.ID, r.Project.ID, r.Slug, r.Name, r.Description, r.Private, r.Language, r.LanguageSaid, r.ForkPolicy, r.HasIssues,
		r.HasWiki, r.MainBranch, r.Size, r.ParentID, creatorID, database.Micros(r.Created), database.Micros(r.Updated))
	if err != nil {
		return err
	}
	if err := takeName(ctx, tx, r); err != nil || creatorID == "" {
		return err
	}
	return watch(ctx, tx, r.ID, creatorID, r.Created)
}

// takeName makes a name that another repository had that of r.
func takeName(ctx context.Context, tx *database.Tx, r *Repository) error {
	_, err := tx.Exec(ctx, `DELETE FROM repository_alias WHERE workspace_id = $1 AND slug = $2`, r.Workspace.ID, r.Slug)
	return err
}

// leaveName sends whoever asks for a name that r had to where it is now.
func leaveName(ctx context.Context, tx *database.Tx, r *Repository, workspaceID, slug string) error {
	_, err := tx.Exec(ctx, `INSERT INTO repository_alias (workspace_id, slug, repository_id) VALUES ($1, $2, $3)
		ON CONFLICT (workspace_id, slug) DO UPDATE SET repository_id = excluded.repository_id`, workspaceID, slug, r.ID)
	return err
}

// lock reads a repository to change it. The row is written before it is read, which keeps others from changing it
// until the transaction ends: nothing that they wrote before is lost. access.ErrAbsent when it is not there.
func lock(ctx context.Context, tx *database.Tx, id string, now time.Time) (*Repository, error) {
	n, err := tx.Exec(ctx, `UPDATE repository SET updated_on = $2 WHERE id = $1`, id, database.Micros(now))
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, access.ErrAbsent
	}
	return scan(tx.Row(ctx, `SELECT `+columns+from+` WHERE r.id = $1`, id).Scan)
}

func update(ctx context.Context, tx *database.Tx, r *Repository) error {
	_, err := tx.Exec(ctx, `UPDATE repository SET workspace_id = $2, project_id = $3, slug = $4, name = $5, description = $6, is_private = $7, language = $8,
			fork_policy = $9, has_issues = $10, has_wiki = $11, mainbranch = $12, size = $13, language_said = $14 WHERE id = $1`,
		r.ID, r.Workspace.ID, r.Project.ID, r.Slug, r.Name, r.Description, r.Private, r.Language, r.ForkPolicy, r.HasIssues, r.HasWiki,
		r.MainBranch, r.Size, r.LanguageSaid)
	return err
}

// query is a list of repositories: what the caller may see, narrowed.
type query struct {
	principal   *access.Principal
	workspaceID string       // "" for all
	minimum     access.Level // of the caller's own permission; None also lists what is public
	owned       bool         // in workspaces that the caller owns
	text        string       // part of name, slug or description
	project     string       // key
	parent      string       // id of what they were forked from
	ids         []string     // only these; nil: all
	fields      bbql.Fields  // that filter and sort may name; nil: fields
	filter      string       // q
	sort        string
	paging      rest.Paging
}

// known are the fields that filter and sort may name.
func (l query) known() bbql.Fields {
	if l.fields == nil {
		return fields
	}
	return l.fields
}

// fields are what filters and orders of repositories may name (REST introduction, Filtering).
var fields = bbql.Fields{
	"uuid":            {Column: "r.id", Kind: bbql.UUID},
	"slug":            {Column: "r.slug", Kind: bbql.String},
	"name":            {Column: "r.name", Kind: bbql.String},
	"full_name":       {Column: "(w.slug || '/' || r.slug)", Kind: bbql.String},
	"description":     {Column: "r.description", Kind: bbql.String},
	"is_private":      {Column: "r.is_private", Kind: bbql.Bool},
	"language":        {Column: "r.language", Kind: bbql.String},
	"fork_policy":     {Column: "r.fork_policy", Kind: bbql.String},
	"has_issues":      {Column: "r.has_issues", Kind: bbql.Bool},
	"has_wiki":        {Column: "r.has_wiki", Kind: bbql.Bool},
	"size":            {Column: "r.size", Kind: bbql.Number},
	"mainbranch.name": {Column: "r.mainbranch", Kind: bbql.String},
	"parent.uuid":     {Column: "r.parent_id", Kind: bbql.UUID},
	"created_on":      {Column: "r.created_on", Kind: bbql.Time},
	"updated_on":      {Column: "r.updated_on", Kind: bbql.Time},
	"project.key":     {Column: "p.key", Kind: bbql.String},
	"project.name":    {Column: "p.name", Kind: bbql.String},
	"project.uuid":    {Column: "p.id", Kind: bbql.UUID},
	"workspace.slug":  {Column: "w.slug", Kind: bbql.String},
	"workspace.uuid":  {Column: "w.id", Kind: bbql.UUID},
	"owner.username":  {Column: "w.slug", Kind: bbql.String},
	"owner.uuid":      {Column: "w.id", Kind: bbql.UUID},
}

// counted is how many repositories a list may have for it to tell how many they are. Counting more would take longer than the page.
const counted = 1000

// pageOf is a page of repositories, or of something of each of them, where the list has size of them, as list gives it.
func pageOf[T any](c *access.Call, p rest.Paging, values []T, size int) rest.List {
	if size > counted {
		return rest.Uncounted(c.Request, p, values, len(values) == p.Pagelen, nil)
	}
	return rest.Counted(c.Request, p, values, size)
}

// list returns one page and the size of the whole list, counted+1 where it is larger than counted. Only what the caller may see is
// counted. A filter or an order that cannot be is a *rest.Error.
func list(ctx context.Context, q database.Queryer, l query) ([]*Repository, int, error) {
	where, args, err := l.where()
	if err != nil {
		return nil, 0, err
	}
	order, err := bbql.CompileSort(l.sort, l.known())
	if err != nil {
		return nil, 0, queryError("sort", err)
	}
	if order == "" {
		order = "r.created_on, r.id"
	}
	var size int
	if err := q.Row(ctx, `SELECT COUNT(*) FROM (SELECT 1`+from+where+` LIMIT `+strconv.Itoa(counted+1)+`) counted`, args...).Scan(&size); err != nil {
		return nil, 0, err
	}
	rows, err := l.rows(ctx, q, order, l.paging.Pagelen, l.paging.Offset())
	return rows, size, err
}

// rows returns a part of the list, without counting it. order is SQL.
func (l query) rows(ctx context.Context, q database.Queryer, order string, limit, offset int) ([]*Repository, error) {
	where, args, err := l.where()
	if err != nil {
		return nil, err
	}
	n := len(args)
	return database.Collect(ctx, q, func(s func(...any) error) (*Repository, error) { return scan(s) },
		`SELECT `+columns+from+where+` ORDER BY `+order+`, r.id LIMIT $`+strconv.Itoa(n+1)+` OFFSET $`+strconv.Itoa(n+2), append(args, limit, offset)...)
}

// where is the condition of the list with its arguments.
func (l query) where() (string, []any, error) {
	var args []any
	arg := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	var cond []string
	if b := l.principal.Bounds; l.principal.OfResource() {
		cond = append(cond, "r.workspace_id = "+arg(b.WorkspaceID))
		if b.ProjectID != "" {
			cond = append(cond, "r.project_id = "+arg(b.ProjectID))
		}
		if b.RepositoryID != "" {
			cond = append(cond, "r.id = "+arg(b.RepositoryID))
		}
	} else {
		account := arg(l.principal.AccountID())
		least := max(l.minimum, access.Read)
		visible := workspace.Reached("r.workspace_id", "r.project_id", account, least) + " OR " + workspace.ReachedOn(workspace.OnRepository, "r.id", account, least)
		if l.minimum == access.None {
			visible = "NOT r.is_private OR " + visible
		}
		cond = append(cond, "("+visible+")")
		if l.owned {
			cond = append(cond, "EXISTS (SELECT 1 FROM workspace_member m WHERE m.workspace_id = r.workspace_id AND m.account_id = "+account+" AND m.role = 3)")
		}
	}
	if l.workspaceID != "" {
		cond = append(cond, "r.workspace_id = "+arg(l.workspaceID))
	}
	if l.project != "" {
		cond = append(cond, "p.key = "+arg(strings.ToUpper(l.project)))
	}
	if l.parent != "" {
		cond = append(cond, "r.parent_id = "+arg(l.parent))
	}
	if l.ids != nil {
		these := make([]string, len(l.ids))
		for i, id := range l.ids {
			these[i] = arg(id)
		}
		cond = append(cond, "r.id IN ("+strings.Join(these, ", ")+")")
	}
	if l.text != "" {
		like := " LIKE LOWER(" + arg("%"+likeEscaper.Replace(l.text)+"%") + `) ESCAPE '\'`
		cond = append(cond, "(LOWER(r.name)"+like+" OR r.slug"+like+" OR LOWER(r.description)"+like+")")
	}
	if l.filter != "" {
		c, err := bbql.Compile(l.filter, l.known(), len(args)+1)
		if err != nil {
			return "", nil, queryError("q", err)
		}
		cond, args = append(cond, "("+c.SQL+")"), append(args, c.Args...)
	}
	return ` WHERE ` + strings.Join(cond, ` AND `), args, nil
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func queryError(parameter string, err error) error {
	return rest.Refusef(reason.QueryInvalid, "%s: %v", parameter, err)
}
