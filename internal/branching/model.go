package branching

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/workspace"
)

// Settings is a branching model as it is kept: which branches are developed on and delivered from, and what the names of
// others begin with. It is kept as JSON.
type Settings struct {
	Development Trunk    `json:"development"`
	Production  Trunk    `json:"production"`
	Types       []Prefix `json:"branch_types"` // one for each of prefixed, in its order
}

// Trunk is one of the two branches that a model names.
type Trunk struct {
	Name    string `json:"name"` // "" with UseMain
	UseMain bool   `json:"use_mainbranch"`
	Enabled bool   `json:"enabled"` // always for development
}

// Prefix is what the names of the branches of one kind begin with.
type Prefix struct {
	Kind    string `json:"kind"`
	Prefix  string `json:"prefix"`
	Enabled bool   `json:"enabled"`
}

// The types of branches in a model: the two trunks, and those that a prefix tells (schema branching_model).
const (
	development = "development"
	production  = "production"
)

var (
	prefixed = []string{"bugfix", "feature", "hotfix", "release"}
	// Types are all of them.
	Types = append([]string{development, production}, prefixed...)
)

// initial is the model of projects and repositories where nobody set another one.
func initial() Settings {
	s := Settings{Development: Trunk{UseMain: true, Enabled: true}}
	for _, kind := range prefixed {
		s.Types = append(s.Types, Prefix{Kind: kind, Prefix: kind + "/", Enabled: true})
	}
	return s
}

// branch is the trunk's name in a repository whose main branch is main; "" when it has none.
func (t Trunk) branch(main string) string {
	switch {
	case !t.Enabled:
		return ""
	case t.UseMain:
		return main
	}
	return t.Name
}

// Is tells whether a branch is of a type. main is the repository's main branch.
func (s Settings) Is(branch, kind, main string) bool {
	switch kind {
	case development:
		return branch != "" && branch == s.Development.branch(main)
	case production:
		return branch != "" && branch == s.Production.branch(main)
	}
	for _, t := range s.Types {
		if t.Kind == kind {
			return t.Enabled && strings.HasPrefix(branch, t.Prefix)
		}
	}
	return false
}

// mainOf is the name of a repository's main branch, also before anybody has pushed it.
func mainOf(r *repository.Repository) string { return cmp.Or(r.MainBranch, repository.DefaultBranch) }

// effective is the model that holds for a repository: its own where it overrides the project's.
func effective(ctx context.Context, q database.Queryer, r *repository.Repository) (Settings, error) {
	return load(ctx, q, `SELECT m.settings FROM repository r JOIN branching_model m ON (r.overrides_branching_model AND m.repository_id = r.id)
		OR (NOT r.overrides_branching_model AND m.project_id = r.project_id) WHERE r.id = $1`, r.ID)
}

func ofProject(ctx context.Context, q database.Queryer, p *workspace.Project) (Settings, error) {
	return load(ctx, q, `SELECT settings FROM branching_model WHERE project_id = $1`, p.ID)
}

// ofRepository is the repository's own model: what it would be with an override. Without one that was set, it is what holds.
func ofRepository(ctx context.Context, q database.Queryer, r *repository.Repository) (Settings, error) {
	return load(ctx, q, `SELECT COALESCE(own.settings, inherited.settings) FROM repository r LEFT JOIN branching_model own ON own.repository_id = r.id
		LEFT JOIN branching_model inherited ON inherited.project_id = r.project_id WHERE r.id = $1`, r.ID)
}

func load(ctx context.Context, q database.Queryer, query, id string) (s Settings, err error) {
	var text *string
	err = q.Row(ctx, query, id).Scan(&text)
	if errors.Is(err, database.ErrNoRows) || err == nil && text == nil {
		return initial(), nil
	}
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal([]byte(*text), &s)
}

// modelJSON is a model as it applies (schemas branching_model, effective_repo_branching_model and project_branching_model).
type modelJSON struct {
	Type        string               `json:"type"`
	Development trunkJSON            `json:"development"`
	Production  *trunkJSON           `json:"production,omitempty"`
	BranchTypes []typeJSON           `json:"branch_types"`
	Links       map[string]rest.Link `json:"links"`
}

type trunkJSON struct {
	Name    string          `json:"name"`
	UseMain bool            `json:"use_mainbranch"`
	Branch  *repository.Ref `json:"branch,omitempty"` // absent while nobody has pushed it
}

type typeJSON struct {
	Kind   string `json:"kind"`
	Prefix string `json:"prefix"`
}

// render is a model where the main branch is main; branch gives a branch that is there, or nil.
func (s Settings) render(kind string, self rest.Link, main string, branch func(name string) (*repository.Ref, error)) (j modelJSON, err error) {
	j = modelJSON{Type: kind, BranchTypes: []typeJSON{}, Links: map[string]rest.Link{"self": self}}
	trunk := func(t Trunk) (out trunkJSON) {
		out = trunkJSON{Name: t.branch(main), UseMain: t.UseMain}
		if err == nil {
			out.Branch, err = branch(out.Name)
		}
		return out
	}
	j.Development = trunk(s.Development)
	if s.Production.Enabled {
		delivered := trunk(s.Production)
		j.Production = &delivered
	}
	for _, t := range s.Types {
		if t.Enabled {
			j.BranchTypes = append(j.BranchTypes, typeJSON{t.Kind, t.Prefix})
		}
	}
	return j, err
}

// repositoryModel is the model as it applies to the repository, inherited or its own
// (GET /repositories/{workspace}/{repo_slug}/branching-model).
func (room *Room) repositoryModel(c *access.Call, r *repository.Repository) (any, error) {
	return room.applied(c, r, "branching_model", "branching-model")
}

func (room *Room) effectiveModel(c *access.Call, r *repository.Repository) (any, error) {
	return room.applied(c, r, "effective_repo_branching_model", "effective-branching-model")
}

func (room *Room) applied(c *access.Call, r *repository.Repository, kind, below string) (any, error) {
	s, err := effective(c.Context(), room.DB, r)
	if err != nil {
		return nil, err
	}
	return s.render(kind, room.link(r, below), mainOf(r), func(name string) (*repository.Ref, error) {
		return room.Repositories.Branch(c.Context(), r, name)
	})
}

func (room *Room) projectModel(c *access.Call, p workspace.Project) (any, error) {
	s, err := ofProject(c.Context(), room.DB, &p)
	if err != nil {
		return nil, err
	}
	// A project has no main branch: the name is the one that a new repository starts with.
	return s.render("project_branching_model", room.projectLink(&p, "branching-model"), repository.DefaultBranch, func(string) (*repository.Ref, error) { return nil, nil })
}

func (room *Room) link(r *repository.Repository, below ...string) rest.Link {
	return room.URLs.API(append([]string{"repositories", r.Workspace.Slug, r.Slug}, below...)...)
}

func (room *Room) projectLink(p *workspace.Project, below ...string) rest.Link {
	return room.URLs.API(append([]string{"workspaces", p.Workspace.Slug, "projects", p.Key}, below...)...)
}

// settingsJSON is a model as it is set (schema branching_model_settings).
type settingsJSON struct {
	Type        string               `json:"type"`
	Development settingJSON          `json:"development"`
	Production  settingJSON          `json:"production"`
	BranchTypes []Prefix             `json:"branch_types"`
	Links       map[string]rest.Link `json:"links"`
}

type settingJSON struct {
	IsValid *bool  `json:"is_valid,omitempty"` // whether the branch is there; projects have none
	Name    string `json:"name,omitempty"`     // absent with use_mainbranch
	UseMain bool   `json:"use_mainbranch"`
	Enabled *bool  `json:"enabled,omitempty"`
}

// describe is s as it is set. there tells whether a repository has a branch; nil for projects.
func (s Settings) describe(self rest.Link, main string, there func(name string) (bool, error)) (settingsJSON, error) {
	trunk := func(t Trunk) (j settingJSON, err error) {
		j.Name, j.UseMain = t.Name, t.UseMain
		if there != nil && t.Enabled {
			valid := false
			valid, err = there(t.branch(main))
			j.IsValid = &valid
		}
		return j, err
	}
	developed, err := trunk(s.Development)
	if err != nil {
		return settingsJSON{}, err
	}
	delivered, err := trunk(s.Production)
	delivered.Enabled = &s.Production.Enabled
	return settingsJSON{Type: "branching_model_settings", Development: developed, Production: delivered, BranchTypes: s.Types, Links: map[string]rest.Link{"self": self}}, err
}

// ModelDraft is what is asked of a model, as the API reads it; what is nil stays as it is.
type ModelDraft struct {
	Development *TrunkDraft    `json:"development"`
	Production  *TrunkDraft    `json:"production"`
	BranchTypes *[]PrefixDraft `json:"branch_types"`
}

// TrunkDraft is what is asked of one of the two branches that a model names. Enabled is of production only.
type TrunkDraft struct {
	Name    *string `json:"name"`
	UseMain *bool   `json:"use_mainbranch"`
	Enabled *bool   `json:"enabled"`
}

// PrefixDraft is what is asked of one type of branches.
type PrefixDraft struct {
	Kind    *string `json:"kind"`
	Enabled *bool   `json:"enabled"`
	Prefix  *string `json:"prefix"`
}

// change makes t what a body says; field is its name there. there tells whether a repository has a branch; nil for projects,
// which may name any.
func (t *Trunk) change(field string, b *TrunkDraft, there func(name string) (bool, error)) error {
	if b == nil {
		return nil
	}
	if b.Name != nil && *b.Name != "" {
		if !gitstore.ValidBranchName(*b.Name) {
			return rest.InvalidField(field+".name", "git takes no such name for a branch")
		}
		t.Name, t.UseMain = *b.Name, false
	}
	if b.UseMain != nil {
		t.UseMain = *b.UseMain
	}
	if t.UseMain {
		t.Name = ""
	}
	if b.Enabled != nil && field == production {
		t.Enabled = *b.Enabled
	}
	if !t.Enabled {
		return nil
	}
	if !t.UseMain && t.Name == "" {
		return rest.InvalidField(field, "name a branch, or set use_mainbranch to true")
	}
	if there != nil && !t.UseMain {
		ok, err := there(t.Name)
		if err != nil {
			return err
		}
		if !ok {
			return rest.InvalidField(field+".name", "the repository has no such branch")
		}
	}
	return nil
}

// maxPrefix is how long the prefix of a type of branch may be, in bytes.
const maxPrefix = 100

// change makes s what a body says (PUT .../branching-model/settings).
func (s *Settings) change(b ModelDraft, there func(name string) (bool, error)) error {
	if err := s.Development.change(development, b.Development, there); err != nil {
		return err
	}
	if err := s.Production.change(production, b.Production, there); err != nil {
		return err
	}
	if b.BranchTypes == nil {
		return nil
	}
	for i, change := range *b.BranchTypes {
		field := fmt.Sprintf("branch_types[%d]", i)
		if change.Kind == nil {
			return rest.MissingField(field + ".kind")
		}
		known := false
		for j := range s.Types {
			t := &s.Types[j]
			if t.Kind != *change.Kind {
				continue
			}
			known = true
			if change.Enabled != nil {
				t.Enabled = *change.Enabled
			}
			if change.Prefix != nil {
				t.Prefix = *change.Prefix
			}
			if len(t.Prefix) > maxPrefix || t.Enabled && (t.Prefix == "" || strings.Contains(t.Prefix, "*") || !gitstore.ValidBranchName(t.Prefix+"x")) {
				return rest.InvalidField(field+".prefix", fmt.Sprintf("names of branches cannot begin with it, or it is longer than %d characters", maxPrefix))
			}
		}
		if !known {
			return rest.InvalidField(field+".kind", "use "+strings.Join(prefixed, ", "))
		}
	}
	for _, a := range s.Types {
		for _, b := range s.Types {
			if a.Kind != b.Kind && a.Enabled && b.Enabled && strings.HasPrefix(b.Prefix, a.Prefix) {
				return rest.InvalidField("branch_types", fmt.Sprintf("the prefix of %s, %q, is the beginning of that of %s, %q: a branch could be both", a.Kind, a.Prefix, b.Kind, b.Prefix))
			}
		}
	}
	return nil
}

// there tells whether r has a branch.
func (room *Room) there(ctx context.Context, r *repository.Repository) func(name string) (bool, error) {
	return func(name string) (bool, error) {
		values, err := room.Repositories.Git.RefValues(ctx, r.ID, []string{gitstore.BranchPrefix + name})
		return values[gitstore.BranchPrefix+name] != "", err
	}
}

func (room *Room) repositorySettings(c *access.Call, r *repository.Repository) (any, error) {
	s, err := ofRepository(c.Context(), room.DB, r)
	if err != nil {
		return nil, err
	}
	return s.describe(room.link(r, "branching-model", "settings"), mainOf(r), room.there(c.Context(), r))
}

// putRepositorySettings changes the repository's own model, which holds from then on: whoever sets one means it to
// (PUT /repositories/{workspace}/{repo_slug}/branching-model/settings).
func (room *Room) putRepositorySettings(c *access.Call, r *repository.Repository) (any, error) {
	var b ModelDraft
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	s, err := room.SetModel(c.Context(), r, b)
	if err != nil {
		return nil, err
	}
	return s.describe(room.link(r, "branching-model", "settings"), mainOf(r), room.there(c.Context(), r))
}

// Model is the repository's own branching model, and whether that holds and not its project's.
func (room *Room) Model(ctx context.Context, r *repository.Repository) (s Settings, own bool, err error) {
	if s, err = ofRepository(ctx, room.DB, r); err != nil {
		return s, false, err
	}
	err = room.DB.Row(ctx, `SELECT overrides_branching_model FROM repository WHERE id = $1`, r.ID).Scan(&own)
	return s, own, err
}

// SetModel changes the repository's own branching model, which holds from then on. A *rest.Error names what is wrong with it.
func (room *Room) SetModel(ctx context.Context, r *repository.Repository, b ModelDraft) (s Settings, err error) {
	err = room.DB.Update(ctx, func(tx *database.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE repository SET overrides_branching_model = TRUE WHERE id = $1`, r.ID); err != nil {
			return err
		}
		if s, err = ofRepository(ctx, tx, r); err != nil {
			return err
		}
		if err := s.change(b, room.there(ctx, r)); err != nil {
			return err
		}
		return save(ctx, tx, "repository_id", r.ID, s)
	})
	return s, err
}

// Inherit makes the project's branching model that of the repository again; its own one is kept.
func (room *Room) Inherit(ctx context.Context, r *repository.Repository) error {
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE repository SET overrides_branching_model = FALSE WHERE id = $1`, r.ID)
		return err
	})
}

// save keeps the model of what column names.
func save(ctx context.Context, tx *database.Tx, column, id string, s Settings) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO branching_model (`+column+`, settings) VALUES ($1, $2) ON CONFLICT (`+column+`) DO UPDATE SET settings = excluded.settings`, id, string(text))
	return err
}

func (room *Room) projectSettings(c *access.Call, p workspace.Project) (any, error) {
	s, err := ofProject(c.Context(), room.DB, &p)
	if err != nil {
		return nil, err
	}
	return s.describe(room.projectLink(&p, "branching-model", "settings"), "", nil)
}

func (room *Room) putProjectSettings(c *access.Call, p workspace.Project) (any, error) {
	var b ModelDraft
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	var s Settings
	err := room.DB.Update(c.Context(), func(tx *database.Tx) error {
		if _, err := tx.Exec(c.Context(), `UPDATE project SET name = name WHERE id = $1`, p.ID); err != nil { // one change after the other
			return err
		}
		var err error
		if s, err = ofProject(c.Context(), tx, &p); err != nil {
			return err
		}
		if err := s.change(b, nil); err != nil {
			return err
		}
		return save(c.Context(), tx, "project_id", p.ID, s)
	})
	if err != nil {
		return nil, err
	}
	return s.describe(room.projectLink(&p, "branching-model", "settings"), "", nil)
}

// overridesJSON tells which settings are the repository's own, and not its project's (schema repository_inheritance_state).
type overridesJSON struct {
	Type     string       `json:"type"`
	Settings overrideJSON `json:"override_settings"`
}

type overrideJSON struct {
	MergeStrategy  bool `json:"default_merge_strategy"`
	BranchingModel bool `json:"branching_model"`
}

type overridesBody struct {
	Settings *struct {
		MergeStrategy  *bool `json:"default_merge_strategy"`
		BranchingModel *bool `json:"branching_model"`
	} `json:"override_settings"`
}

func (room *Room) overrides(c *access.Call, r *repository.Repository) (any, error) {
	j := overridesJSON{Type: "repository_inheritance_state"}
	err := room.DB.Row(c.Context(), `SELECT overrides_merge_strategy, overrides_branching_model FROM repository WHERE id = $1`, r.ID).
		Scan(&j.Settings.MergeStrategy, &j.Settings.BranchingModel)
	return j, err
}

// putOverrides says which settings are the repository's own. An own branching model starts as the one that held before
// (PUT /repositories/{workspace}/{repo_slug}/override-settings).
func (room *Room) putOverrides(c *access.Call, r *repository.Repository) (any, error) {
	var b overridesBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	if b.Settings == nil {
		return nil, rest.MissingField("override_settings")
	}
	return nil, room.DB.Update(c.Context(), func(tx *database.Tx) error {
		if _, err := tx.Exec(c.Context(), `UPDATE repository SET overrides_merge_strategy = COALESCE($2, overrides_merge_strategy),
			overrides_branching_model = COALESCE($3, overrides_branching_model) WHERE id = $1`, r.ID, b.Settings.MergeStrategy, b.Settings.BranchingModel); err != nil {
			return err
		}
		if b.Settings.BranchingModel == nil || !*b.Settings.BranchingModel {
			return nil
		}
		s, err := ofRepository(c.Context(), tx, r)
		if err != nil {
			return err
		}
		return save(c.Context(), tx, "repository_id", r.ID, s)
	})
}
