package workspace

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/rest"
)

// Effective is an account that may do something on a project or a repository: how far it reaches there, and what gives
// it that.
type Effective struct {
	User   account.Account
	Level  access.Level
	Grants []Grant // the strongest first; at most maxGrants
	More   int     // grants beyond those
}

// Grant is one way on which an account got a permission.
type Grant struct {
	Place Place
	Level access.Level
	Group Group // without an ID: the account's own; on the workspace that is being its owner
}

// maxGrants bounds what is told about one account: who is in hundreds of groups has the strongest grant first.
const maxGrants = 20

// Effective is one page of the accounts that may do something on a project, whether it is public or not: those with the
// highest level first, then by username. search narrows it to names that hold the text. more says that there is a next
// page.
func (r *Room) Effective(ctx context.Context, p *Project, search string, paging rest.Paging) (page []Effective, more bool, err error) {
	return EffectiveOf(ctx, r.DB, func(of string) string { return Grants("$1", "$2", of) }, []any{p.Workspace.ID, p.ID}, search, paging)
}

// EffectiveOf is Effective for what the query grants gives, which is made like Grants; args are its arguments.
func EffectiveOf(ctx context.Context, q database.Queryer, grants func(of string) string, args []any, search string, paging rest.Paging) (page []Effective, more bool, err error) {
	arg := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	args = slices.Clone(args)
	narrowed := "1 = 1"
	if text := pattern(search); text != everything {
		narrowed = named(arg(text))
	}
	// One statement, so that the levels and the grants are those of one moment.
	query := `WITH page AS (SELECT t.account_id, t.level
			FROM (SELECT x.account_id, MAX(x.permission) AS level FROM (` + grants("") + `) x GROUP BY x.account_id) t
			JOIN account a ON a.id = t.account_id WHERE ` + narrowed + `
			ORDER BY t.level DESC, LOWER(a.username) LIMIT ` + arg(paging.Pagelen+1) + ` OFFSET ` + arg(paging.Offset()) + `),
		ranked AS (SELECT x.account_id, x.permission, x.place, x.group_id,
				ROW_NUMBER() OVER (PARTITION BY x.account_id ORDER BY x.permission DESC, x.place, x.group_id) AS nth,
				COUNT(*) OVER (PARTITION BY x.account_id) AS held
			FROM (` + grants("IN (SELECT account_id FROM page)") + `) x)
		SELECT page.level, ranked.permission, ranked.place, ranked.held,
			COALESCE(g.id, ''), COALESCE(g.slug, ''), COALESCE(g.name, ''), ` + account.Columns + `
		FROM page JOIN ranked ON ranked.account_id = page.account_id AND ranked.nth <= ` + arg(maxGrants) + `
			JOIN account a ON a.id = page.account_id LEFT JOIN user_group g ON g.id = ranked.group_id
		ORDER BY page.level DESC, LOWER(a.username), ranked.nth`
	_, err = database.Collect(ctx, q, func(row func(...any) error) (none struct{}, err error) {
		var e Effective
		var g Grant
		var held int
		if e.User, err = account.Scan(row, &e.Level, &g.Level, &g.Place, &held, &g.Group.ID, &g.Group.Slug, &g.Group.Name); err != nil {
			return none, err
		}
		if n := len(page); n == 0 || page[n-1].User.ID != e.User.ID {
			e.More = max(0, held-maxGrants)
			page = append(page, e)
		}
		last := &page[len(page)-1]
		last.Grants = append(last.Grants, g)
		return none, nil
	}, query, args...)
	page, more = cut(page, paging)
	return page, more, err
}

// Reaching lists the access tokens that reach a project or, with an id of one, a repository in it, each with its level
// there: the strongest first, then by name. There are no more than a workspace, a project and a repository can hold.
func (r *Room) Reaching(ctx context.Context, p *Project, repositoryID string) ([]ReachingToken, error) {
	all, err := r.Accounts.Credentials.Reaching(ctx, access.Bounds{WorkspaceID: p.Workspace.ID, ProjectID: p.ID, RepositoryID: repositoryID})
	if err != nil {
		return nil, err
	}
	tokens := make([]ReachingToken, len(all))
	for i, c := range all {
		tokens[i] = ReachingToken{c, c.Within(p.Workspace.ID, p.ID, repositoryID)}
	}
	slices.SortStableFunc(tokens, func(a, b ReachingToken) int {
		if a.Level != b.Level {
			return int(b.Level) - int(a.Level)
		}
		return strings.Compare(a.Name, b.Name)
	})
	return tokens, nil
}

// ReachingToken is an access token with its level on something.
type ReachingToken struct {
	access.Credential
	Level access.Level
}
