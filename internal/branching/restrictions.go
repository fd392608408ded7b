package branching

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/workspace"
)

// Restriction is what may not become of the branches that it matches.
type Restriction struct {
	ID      int64
	Kind    string
	Pattern string // of the names that it matches, where * stands for any characters; "" with Type
	Type    string // of the branches that it matches, in the branching model; "" with Pattern
	Value   *int   // how many, for kinds that count something
	Users   []account.Account
	Groups  []workspace.Group

	exempt bool // the caller is one of Users, or in one of Groups
}

// The kinds of restrictions (schema branchrestriction).
const (
	kindPush   = "push"
	kindForce  = "force"
	kindDelete = "delete"
	kindMerge  = "restrict_merges"
)

var (
	// Kinds are all of them.
	Kinds = []string{kindPush, kindDelete, kindForce, kindMerge, "require_tasks_to_be_completed", "require_approvals_to_merge",
		"require_review_group_approvals_to_merge", "require_default_reviewer_approvals_to_merge", "require_no_changes_requested",
		"require_passing_builds_to_merge", "require_commits_behind", "reset_pullrequest_approvals_on_change", "smart_reset_pullrequest_approvals",
		"reset_pullrequest_changes_requested_on_change", "require_all_dependencies_merged", "enforce_merge_checks",
		"allow_auto_merge_when_builds_pass", "require_all_comments_resolved"}
	// counting are the kinds with a value, and the least one.
	counting = map[string]int{"require_approvals_to_merge": 1, "require_review_group_approvals_to_merge": 1,
		"require_default_reviewer_approvals_to_merge": 1, "require_passing_builds_to_merge": 1, "require_commits_behind": 0}
	// exempting are the kinds that let some users and groups pass.
	exempting = []string{kindPush, kindMerge}
)

// Limits of restrictions: of one repository, of the users and groups of one, of a pattern in bytes, and of a value.
const (
	maxRestrictions = 500
	maxExempt       = 500
	maxPattern      = 255
	maxValue        = 1_000_000
)

// Matches tells whether a branch is restricted. s is the model that holds, main the main branch.
func (b *Restriction) Matches(branch string, s Settings, main string) bool {
	if b.Type != "" {
		return s.Is(branch, b.Type, main)
	}
	return glob(b.Pattern, branch)
}

// glob tells whether name is of a pattern, in which * stands for any characters, slashes too
// (POST /repositories/{workspace}/{repo_slug}/branch-restrictions).
func glob(pattern, name string) bool {
	first, rest, star := strings.Cut(pattern, "*")
	name, ok := strings.CutPrefix(name, first)
	if !ok || !star {
		return ok && name == ""
	}
	for {
		part, after, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(name, part)
		}
		i := strings.Index(name, part)
		if i < 0 {
			return false
		}
		name, rest = name[i+len(part):], after
	}
}

// Judge says which changes of branches are refused to a caller, and which branches may move forward only. The keys are full
// names of references, the values name the restriction. Where several restrictions match a branch, all of them hold.
func (room *Room) Judge(ctx context.Context, p *access.Principal, r *repository.Repository, changes []repository.RefChange) (v repository.Judgement, err error) {
	all, err := database.Collect(ctx, room.DB, scanJudged, judged+` WHERE b.repository_id = $1 AND b.kind IN ('push', 'force', 'delete') ORDER BY b.id`, r.ID, p.AccountID())
	if err != nil || len(all) == 0 {
		return v, err
	}
	model, err := effective(ctx, room.DB, r)
	if err != nil {
		return v, err
	}
	main := mainOf(r)
	v = repository.Judgement{Refused: map[string]repository.Objection{}, Kept: map[string]repository.Objection{}}
	for _, change := range changes {
		name, ok := change.Branch()
		if !ok {
			continue
		}
		for _, b := range all {
			if b.exempt || !b.Matches(name, model, main) {
				continue
			}
			said := repository.Objection{Restriction: b.ID, Why: b.objection(name)}
			switch {
			case b.Kind == kindPush, b.Kind == kindDelete && change.Deleted:
				if _, first := v.Refused[change.Ref]; !first {
					v.Refused[change.Ref] = said
				}
			case b.Kind == kindForce && !change.Deleted:
				v.Kept[change.Ref] = said
			}
		}
	}
	return v, nil
}

// objection says what the restriction forbids, to whoever was about to do it.
func (b *Restriction) objection(branch string) string {
	what := "nobody may push to it but the users and groups that the restriction names"
	switch b.Kind {
	case kindDelete:
		what = "it may not be deleted"
	case kindForce:
		what = "its history may not be rewritten, so a push must build on what is there"
	}
	match := fmt.Sprintf("the pattern %q", b.Pattern)
	if b.Type != "" {
		match = b.Type + " branches"
	}
	return fmt.Sprintf("Branch restriction %d (%s, for %s) holds for %s: %s.", b.ID, b.Kind, match, branch, what)
}

// Leaves lets nobody pass any more: the repository leaves the workspace of those whom its restrictions name.
func (room *Room) Leaves(ctx context.Context, tx *database.Tx, repositoryID string) error {
	for _, table := range []string{"branch_restriction_user", "branch_restriction_group"} {
		if _, err := tx.Exec(ctx, `DELETE FROM `+table+` WHERE restriction_id IN (SELECT id FROM branch_restriction WHERE repository_id = $1)`, repositoryID); err != nil {
			return err
		}
	}
	return nil
}

// restrictionJSON is a restriction as the API writes it (schema branchrestriction).
type restrictionJSON struct {
	Type       string                `json:"type"`
	ID         int64                 `json:"id"`
	Kind       string                `json:"kind"`
	MatchKind  string                `json:"branch_match_kind"`
	BranchType string                `json:"branch_type,omitempty"`
	Pattern    string                `json:"pattern"`
	Value      *int                  `json:"value,omitempty"`
	Users      []account.JSON        `json:"users"`
	Groups     []workspace.GroupJSON `json:"groups"`
	Links      map[string]rest.Link  `json:"links"`
}

const (
	byModel = "branching_model"
	byGlob  = "glob"
)

func (room *Room) render(r *repository.Repository, b *Restriction) restrictionJSON {
	j := restrictionJSON{Type: "branchrestriction", ID: b.ID, Kind: b.Kind, MatchKind: byGlob, BranchType: b.Type, Pattern: b.Pattern, Value: b.Value,
		Users: []account.JSON{}, Groups: []workspace.GroupJSON{},
		Links: map[string]rest.Link{"self": room.link(r, "branch-restrictions", strconv.FormatInt(b.ID, 10))}}
	if b.Type != "" {
		j.MatchKind = byModel
	}
	for i := range b.Users {
		j.Users = append(j.Users, room.Repositories.Accounts.Render(&b.Users[i].Account))
	}
	for i := range b.Groups {
		j.Groups = append(j.Groups, room.Repositories.Workspaces.RenderGroup(&r.Workspace, &b.Groups[i]))
	}
	return j
}

// Draft is what is asked of a restriction, as the API reads it; what is nil stays as it is.
type Draft struct {
	Kind       *string      `json:"kind"`
	MatchKind  *string      `json:"branch_match_kind"`
	BranchType *string      `json:"branch_type"`
	Pattern    *string      `json:"pattern"`
	Value      *int         `json:"value"`
	Users      *[]UserName  `json:"users"`
	Groups     *[]GroupName `json:"groups"`
}

// UserName names a member of the workspace by one of its names.
type UserName struct {
	UUID      *string `json:"uuid"`
	AccountID *string `json:"account_id"`
	Username  *string `json:"username"`
}

// GroupName names a group of the repository's workspace by one of its names.
type GroupName struct {
	UUID     *string `json:"uuid"`
	Slug     *string `json:"slug"`
	FullSlug *string `json:"full_slug"`
}

// change makes b what a body says; what the body leaves out stays as it is.
func (room *Room) change(ctx context.Context, r *repository.Repository, b *Restriction, in Draft) error {
	if in.Kind != nil {
		if b.Kind = *in.Kind; !slices.Contains(Kinds, b.Kind) {
			return rest.InvalidField("kind", "use "+strings.Join(Kinds, ", "))
		}
	}
	if b.Kind == "" {
		return rest.MissingField("kind")
	}
	if err := b.match(in); err != nil {
		return err
	}
	if in.Value != nil {
		b.Value = in.Value
	}
	switch least, counts := counting[b.Kind]; {
	case !counts && in.Value != nil:
		return rest.InvalidField("value", "a restriction of this kind has none")
	case !counts:
		b.Value = nil
	case b.Value == nil:
		return rest.MissingField("value")
	case *b.Value < least || *b.Value > maxValue:
		return rest.InvalidField("value", fmt.Sprintf("it goes from %d to %d", least, maxValue))
	}
	return room.changeExempt(ctx, r, b, in)
}

// match reads which branches are restricted.
func (b *Restriction) match(in Draft) error {
	by := byGlob
	switch {
	case in.MatchKind != nil:
		by = *in.MatchKind
	case in.BranchType != nil && *in.BranchType != "", in.Pattern == nil && b.Type != "":
		by = byModel
	}
	switch by {
	case byGlob:
		if in.Pattern != nil {
			b.Pattern = *in.Pattern
		}
		if b.Pattern == "" {
			return rest.MissingField("pattern")
		}
		if len(b.Pattern) > maxPattern || !utf8.ValidString(b.Pattern) || strings.ContainsFunc(b.Pattern, unicode.IsControl) {
			return rest.InvalidField("pattern", fmt.Sprintf("names of branches and * for any characters, at most %d bytes", maxPattern))
		}
		b.Type = ""
	case byModel:
		if in.BranchType != nil {
			b.Type = *in.BranchType
		}
		if b.Type == "" {
			return rest.MissingField("branch_type")
		}
		if !slices.Contains(Types, b.Type) {
			return rest.InvalidField("branch_type", "use "+strings.Join(Types, ", "))
		}
		b.Pattern = ""
	default:
		return rest.InvalidField("branch_match_kind", "use glob or branching_model")
	}
	return nil
}

// changeExempt reads whom the restriction lets pass.
func (room *Room) changeExempt(ctx context.Context, r *repository.Repository, b *Restriction, in Draft) error {
	if !slices.Contains(exempting, b.Kind) {
		b.Users, b.Groups = nil, nil
		everybody := "a restriction of this kind holds for everybody; only " + strings.Join(exempting, " and ") + " let some pass"
		switch {
		case in.Users != nil && len(*in.Users) > 0:
			return rest.InvalidField("users", everybody)
		case in.Groups != nil && len(*in.Groups) > 0:
			return rest.InvalidField("groups", everybody)
		}
		return nil
	}
	if in.Users != nil && len(*in.Users) > maxExempt {
		return rest.InvalidField("users", fmt.Sprintf("a restriction names at most %d; make a group of them", maxExempt))
	}
	if in.Groups != nil && len(*in.Groups) > maxExempt {
		return rest.InvalidField("groups", fmt.Sprintf("a restriction names at most %d", maxExempt))
	}
	if in.Users != nil {
		b.Users = nil
		for i, u := range *in.Users {
			field := fmt.Sprintf("users[%d]", i)
			m, err := room.Repositories.Workspaces.FindMember(ctx, r.Workspace.ID, first(u.UUID, u.AccountID, u.Username))
			if errors.Is(err, workspace.ErrNotFound) {
				return rest.InvalidField(field, "the workspace has no such member; name the uuid, account_id or username of one")
			}
			if err != nil {
				return err
			}
			if !slices.ContainsFunc(b.Users, func(a account.Account) bool { return a.ID == m.User.ID }) {
				b.Users = append(b.Users, m.User)
			}
		}
	}
	if in.Groups != nil {
		b.Groups = nil
		for i, g := range *in.Groups {
			name := first(g.UUID, g.Slug, g.FullSlug)
			found, err := workspace.GroupBySlug(ctx, room.DB, r.Workspace.ID, strings.TrimPrefix(name, r.Workspace.Slug+":"))
			if errors.Is(err, workspace.ErrNotFound) {
				return rest.InvalidField(fmt.Sprintf("groups[%d]", i), "the workspace has no such group; name the slug of one")
			}
			if err != nil {
				return err
			}
			if !slices.ContainsFunc(b.Groups, func(g workspace.Group) bool { return g.ID == found.ID }) {
				b.Groups = append(b.Groups, found)
			}
		}
	}
	return nil
}

// first is the first name that was sent.
func first(names ...*string) string {
	for _, name := range names {
		if name != nil && *name != "" {
			return *name
		}
	}
	return ""
}

const columns = `b.id, b.kind, b.pattern, b.branch_type, b.value`

func scanRestriction(row func(...any) error) (b Restriction, err error) {
	err = row(&b.ID, &b.Kind, &b.Pattern, &b.Type, &b.Value)
	return b, err
}

// judged reads restrictions with whether they let the account $2 pass.
const judged = `SELECT b.id, b.kind, b.pattern, b.branch_type, b.value,
	EXISTS (SELECT 1 FROM branch_restriction_user u WHERE u.restriction_id = b.id AND u.account_id = $2)
	OR EXISTS (SELECT 1 FROM branch_restriction_group g JOIN group_member m ON m.group_id = g.group_id WHERE g.restriction_id = b.id AND m.account_id = $2)
	FROM branch_restriction b`

func scanJudged(row func(...any) error) (b Restriction, err error) {
	err = row(&b.ID, &b.Kind, &b.Pattern, &b.Type, &b.Value, &b.exempt)
	return b, err
}

// restrictionFields are what filters and orders of restrictions may name.
var restrictionFields = bbql.Fields{
	"id":          {Column: "b.id", Kind: bbql.Number},
	"kind":        {Column: "b.kind", Kind: bbql.Enum, Values: Kinds},
	"pattern":     {Column: "b.pattern", Kind: bbql.String},
	"branch_type": {Column: "b.branch_type", Kind: bbql.String},
	"value":       {Column: "b.value", Kind: bbql.Number},
}

func (room *Room) list(c *access.Call, r *repository.Repository) (any, error) {
	l := rest.Listing[Restriction]{Columns: columns, From: ` FROM branch_restriction b WHERE b.repository_id = $1`, Args: []any{r.ID},
		Order: `b.id`, Fields: restrictionFields, Scan: scanRestriction}
	for _, field := range []string{"kind", "pattern"} {
		if c.Query().Has(field) {
			l.Args = append(l.Args, c.Query().Get(field))
			l.From += fmt.Sprintf(" AND b.%s = $%d", field, len(l.Args))
		}
	}
	p, rows, size, err := l.Page(c.Context(), room.DB, c.Request)
	if err != nil {
		return nil, err
	}
	values := make([]restrictionJSON, len(rows))
	for i := range rows {
		if err := room.fillExempt(c.Context(), room.DB, &rows[i]); err != nil {
			return nil, err
		}
		values[i] = room.render(r, &rows[i])
	}
	return rest.Counted(c.Request, p, values, size), nil
}

// Restrictions are all of a repository, in the order in which they were made.
func (room *Room) Restrictions(ctx context.Context, r *repository.Repository) ([]Restriction, error) {
	all, err := database.Collect(ctx, room.DB, scanRestriction, `SELECT `+columns+` FROM branch_restriction b WHERE b.repository_id = $1 ORDER BY b.id`, r.ID)
	for i := range all {
		if err == nil {
			err = room.fillExempt(ctx, room.DB, &all[i])
		}
	}
	return all, err
}

// fillExempt reads whom b lets pass.
func (room *Room) fillExempt(ctx context.Context, q database.Queryer, b *Restriction) (err error) {
	if !slices.Contains(exempting, b.Kind) {
		return nil
	}
	b.Users, err = database.Collect(ctx, q, func(row func(...any) error) (account.Account, error) { return account.Scan(row) },
		`SELECT `+account.Columns+` FROM branch_restriction_user u JOIN account a ON a.id = u.account_id WHERE u.restriction_id = $1 ORDER BY LOWER(a.username), a.id`, b.ID)
	if err != nil {
		return err
	}
	b.Groups, err = database.Collect(ctx, q, func(row func(...any) error) (workspace.Group, error) { return workspace.ScanGroup(row) },
		`SELECT `+workspace.GroupColumns+` FROM branch_restriction_group r JOIN user_group g ON g.id = r.group_id WHERE r.restriction_id = $1 ORDER BY g.slug`, b.ID)
	return err
}

// find finds the restriction with an id as a path names it. A *rest.Error says that there is none.
func (room *Room) find(ctx context.Context, q database.Queryer, r *repository.Repository, name string) (Restriction, error) {
	id, err := strconv.ParseInt(name, 10, 64)
	if err != nil {
		return Restriction{}, rest.Refuse(reason.ResourceNotFound, "The id of a branch restriction is a number.")
	}
	b, err := scanRestriction(q.Row(ctx, `SELECT `+columns+` FROM branch_restriction b WHERE b.repository_id = $1 AND b.id = $2`, r.ID, id).Scan)
	if errors.Is(err, database.ErrNoRows) {
		return b, rest.Refuse(reason.ResourceNotFound, "The repository has no branch restriction with this id.")
	}
	if err != nil {
		return b, err
	}
	return b, room.fillExempt(ctx, q, &b)
}

func (room *Room) get(c *access.Call, r *repository.Repository) (any, error) {
	b, err := room.find(c.Context(), room.DB, r, c.Param("id"))
	if err != nil {
		return nil, err
	}
	return room.render(r, &b), nil
}

func (room *Room) create(c *access.Call, r *repository.Repository) (any, error) {
	var in Draft
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	b, err := room.Restrict(c.Context(), r, in)
	if err != nil {
		return nil, err
	}
	made := room.render(r, &b)
	return rest.Created(made, made.Links["self"]), nil
}

// Restrict makes a restriction. A *rest.Error names what is wrong with it, or says that there is one for the same branches.
func (room *Room) Restrict(ctx context.Context, r *repository.Repository, in Draft) (b Restriction, err error) {
	if err := room.change(ctx, r, &b, in); err != nil {
		return b, err
	}
	if slices.Contains(exempting, b.Kind) {
		switch {
		case in.Users == nil:
			return b, rest.MissingField("users")
		case in.Groups == nil:
			return b, rest.MissingField("groups")
		}
	}
	err = room.DB.Update(ctx, func(tx *database.Tx) error {
		if err := tx.Row(ctx, `UPDATE counter SET value = value + 1 WHERE name = 'branch_restriction' RETURNING value`).Scan(&b.ID); err != nil {
			return err
		}
		var others int
		if err := tx.Row(ctx, `SELECT COUNT(*) FROM branch_restriction WHERE repository_id = $1`, r.ID).Scan(&others); err != nil {
			return err
		}
		if others >= maxRestrictions {
			return rest.Refusef(reason.ValueInvalid, "A repository has at most %d branch restrictions.", maxRestrictions).WithMessage("Too many branch restrictions")
		}
		_, err := tx.Exec(ctx, `INSERT INTO branch_restriction (id, repository_id, workspace_id, kind, pattern, branch_type, value) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			b.ID, r.ID, r.Workspace.ID, b.Kind, b.Pattern, b.Type, b.Value)
		if err != nil {
			return alike(err)
		}
		return exempt(ctx, tx, r, &b)
	})
	return b, err
}

// alike is the answer (409) to a restriction of which there is one for the same branches; other errors pass.
func alike(err error) error {
	if database.IsUnique(err) {
		return rest.Refuse(reason.ConflictExists, "The repository has a restriction of this kind for the same branches. Change that one with a PUT.")
	}
	return err
}

// exempt keeps whom b lets pass. A *rest.Error says that one of them left the workspace in this moment.
func exempt(ctx context.Context, tx *database.Tx, r *repository.Repository, b *Restriction) error {
	for _, u := range b.Users {
		if _, err := tx.Exec(ctx, `INSERT INTO branch_restriction_user (restriction_id, workspace_id, account_id) VALUES ($1, $2, $3)`, b.ID, r.Workspace.ID, u.ID); err != nil {
			return left("users", err)
		}
	}
	for _, g := range b.Groups {
		if _, err := tx.Exec(ctx, `INSERT INTO branch_restriction_group (restriction_id, workspace_id, group_id) VALUES ($1, $2, $3)`, b.ID, r.Workspace.ID, g.ID); err != nil {
			return left("groups", err)
		}
	}
	return nil
}

func left(field string, err error) error {
	if database.IsReference(err) {
		return rest.InvalidField(field, "one of them has just left the workspace")
	}
	return err
}

func (room *Room) put(c *access.Call, r *repository.Repository) (any, error) {
	var in Draft
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	var b Restriction
	err := room.DB.Update(c.Context(), func(tx *database.Tx) error {
		// One change after the other: what the body leaves out stays as the one before made it.
		if _, err := tx.Exec(c.Context(), `UPDATE branch_restriction SET kind = kind WHERE repository_id = $1`, r.ID); err != nil {
			return err
		}
		var err error
		if b, err = room.find(c.Context(), tx, r, c.Param("id")); err != nil {
			return err
		}
		if err := room.change(c.Context(), r, &b, in); err != nil {
			return err
		}
		if _, err := tx.Exec(c.Context(), `UPDATE branch_restriction SET kind = $2, pattern = $3, branch_type = $4, value = $5 WHERE id = $1`, b.ID, b.Kind, b.Pattern, b.Type, b.Value); err != nil {
			return alike(err)
		}
		for _, table := range []string{"branch_restriction_user", "branch_restriction_group"} {
			if _, err := tx.Exec(c.Context(), `DELETE FROM `+table+` WHERE restriction_id = $1`, b.ID); err != nil {
				return err
			}
		}
		return exempt(c.Context(), tx, r, &b)
	})
	if err != nil {
		return nil, err
	}
	return room.render(r, &b), nil
}

func (room *Room) delete(c *access.Call, r *repository.Repository) (any, error) {
	return nil, room.Lift(c.Context(), r, c.Param("id"))
}

// Lift deletes the restriction with an id. A *rest.Error says that there is none.
func (room *Room) Lift(ctx context.Context, r *repository.Repository, id string) error {
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		b, err := room.find(ctx, tx, r, id)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM branch_restriction WHERE id = $1`, b.ID)
		return err
	})
}
