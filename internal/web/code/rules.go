package code

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/branching"
	"github.com/pailforge/pail/internal/deploykey"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/sshkey"
	"github.com/pailforge/pail/internal/web/page"
)

// rulesPage is what the settings of branches show.
type rulesPage struct {
	within
	Rows       []rule
	Add, Model *page.Form
	Own        bool // the model is the repository's own, and not its project's
}

// rule is a restriction in a list.
type rule struct {
	What     string // it does
	Branches string
	Pattern  bool // Branches is a pattern
	Passing  string
	Remove   *page.Form
}

// ruleWords say what the kinds of restrictions do, as %d counts where one counts something.
var ruleWords = map[string]string{
	"push":                          "Only some may push",
	"force":                         "History is not rewritten",
	"delete":                        "The branch is not deleted",
	"restrict_merges":               "Only some may merge pull requests",
	"require_tasks_to_be_completed": "Tasks are done before a merge",
	"require_approvals_to_merge":    "At least %d approvals before a merge",
	"require_review_group_approvals_to_merge":       "At least %d approvals of review groups before a merge",
	"require_default_reviewer_approvals_to_merge":   "At least %d approvals of default reviewers before a merge",
	"require_no_changes_requested":                  "No changes are requested at a merge",
	"require_passing_builds_to_merge":               "At least %d builds pass before a merge",
	"require_commits_behind":                        "At most %d commits behind at a merge",
	"reset_pullrequest_approvals_on_change":         "Approvals end with new commits",
	"smart_reset_pullrequest_approvals":             "Approvals end with new commits that change the difference",
	"reset_pullrequest_changes_requested_on_change": "Requests for changes end with new commits",
	"require_all_dependencies_merged":               "What it depends on is merged first",
	"enforce_merge_checks":                          "Merges wait for these checks",
	"allow_auto_merge_when_builds_pass":             "May merge by itself once builds pass",
	"require_all_comments_resolved":                 "Comments are resolved before a merge",
}

// words say what a restriction does.
func words(b branching.Restriction) string {
	text := ruleWords[b.Kind]
	if strings.Contains(text, "%d") && b.Value != nil {
		return fmt.Sprintf(text, *b.Value)
	}
	return text
}

func (p *Pages) rulesContent(r *page.Request, repo *repository.Repository) (rulesPage, error) {
	content := rulesPage{within: within{repo, address(repo)}}
	all, err := p.Branching.Restrictions(r.Context(), repo)
	if err != nil {
		return content, err
	}
	for _, b := range all {
		row := rule{What: words(b), Branches: b.Pattern, Pattern: true, Remove: r.NewForm(address(repo, "settings", "branches", strconv.FormatInt(b.ID, 10)), "Delete")}
		row.Remove.Danger = true
		if b.Type != "" {
			row.Branches, row.Pattern = b.Type+" branches", false
		}
		var passing []string
		for _, u := range b.Users {
			passing = append(passing, u.DisplayName)
		}
		for _, g := range b.Groups {
			passing = append(passing, "the group "+g.Name)
		}
		if row.Passing = strings.Join(passing, ", "); row.Passing == "" && (b.Kind == "push" || b.Kind == "restrict_merges") {
			row.Passing = "nobody"
		}
		content.Rows = append(content.Rows, row)
	}
	content.Add = r.NewForm(address(repo, "settings", "branches"), "Add the restriction", restrictionFields()...)
	model, own, err := p.Branching.Model(r.Context(), repo)
	if err != nil {
		return content, err
	}
	content.Own, content.Model = own, r.NewForm(address(repo, "settings", "branching-model"), "Save the model", modelFields(model, own)...)
	return content, nil
}

func restrictionFields() []page.Field {
	kinds := page.Field{Name: "kind", Label: "Rule", Type: "select", Required: true}
	for _, kind := range branching.Kinds {
		kinds.Options = append(kinds.Options, page.Option{Value: kind, Name: strings.Replace(ruleWords[kind], "%d", "this many", 1)})
	}
	branches := page.Field{Name: "branch_type", Label: "Branches", Type: "select", Options: []page.Option{{Name: "that match the pattern"}}}
	for _, kind := range branching.Types {
		branches.Options = append(branches.Options, page.Option{Value: kind, Name: kind + " branches of the model"})
	}
	return []page.Field{kinds, branches,
		{Name: "pattern", Label: "Pattern", Direction: "ltr", Max: 255, Placeholder: "release/*", Help: "The name of a branch; a star stands for any characters."},
		{Name: "value", Label: "How many", Type: "number", Help: "For the rules that count."},
		{Name: "users", Label: "Users who may", Direction: "ltr", Max: 10000, Help: "Their usernames with commas between, for the rules that let only some. Left empty with groups: nobody may."},
		{Name: "groups", Label: "Groups who may", Direction: "ltr", Max: 10000, Help: "Their slugs with commas between."}}
}

func modelFields(s branching.Settings, own bool) []page.Field {
	fields := []page.Field{
		{Name: "own", Label: "This repository has a model of its own, not its project's", Type: "checkbox", Value: "true", Checked: own},
		{Name: "development", Label: "Development branch", Direction: "ltr", Max: 255, Value: s.Development.Name, Help: "Left empty, it is the main branch."},
		{Name: "production.enabled", Label: "There is a production branch", Type: "checkbox", Value: "true", Checked: s.Production.Enabled},
		{Name: "production", Label: "Production branch", Direction: "ltr", Max: 255, Value: s.Production.Name, Help: "Left empty, it is the main branch."}}
	for _, t := range s.Types {
		f := page.Field{Name: t.Kind, Label: "Prefix of " + t.Kind + " branches", Direction: "ltr", Max: 100}
		if t.Enabled {
			f.Value = t.Prefix
		}
		fields = append(fields, f)
	}
	return fields
}

func (p *Pages) renderRules(r *page.Request, repo *repository.Repository, content rulesPage) (page.Answer, error) {
	return p.render(r, repo, "rules", "settings", "Branches", content)
}

func (p *Pages) rules(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	content, err := p.rulesContent(r, repo)
	if err != nil {
		return page.Answer{}, err
	}
	return p.renderRules(r, repo, content)
}

// rulesAgain shows the page once more after one of its forms was refused.
func (p *Pages) rulesAgain(r *page.Request, repo *repository.Repository, refused error, which func(rulesPage) *page.Form) (page.Answer, error) {
	content, err := p.rulesContent(r, repo)
	if err != nil {
		return page.Answer{}, err
	}
	return r.Again(which(content), refused, func() (page.Answer, error) { return p.renderRules(r, repo, content) })
}

// names are the names in a field with commas between.
func names(text string) (all []string) {
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name != "" {
			all = append(all, name)
		}
	}
	return all
}

func (p *Pages) restrict(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	kind, pattern, branches, by := r.Form.Get("kind"), strings.TrimSpace(r.Form.Get("pattern")), r.Form.Get("branch_type"), "glob"
	if branches != "" {
		by = "branching_model"
	}
	users, groups := []branching.UserName{}, []branching.GroupName{}
	for _, name := range names(r.Form.Get("users")) {
		users = append(users, branching.UserName{Username: &name})
	}
	for _, name := range names(r.Form.Get("groups")) {
		groups = append(groups, branching.GroupName{Slug: &name})
	}
	draft := branching.Draft{Kind: &kind, MatchKind: &by, Pattern: &pattern, BranchType: &branches, Users: &users, Groups: &groups}
	var err error
	if text := strings.TrimSpace(r.Form.Get("value")); text != "" {
		n, invalid := strconv.Atoi(text)
		if invalid != nil {
			err = rest.InvalidField("value", "a number is needed")
		}
		draft.Value = &n
	}
	if err == nil {
		_, err = p.Branching.Restrict(r.Context(), repo, draft)
	}
	if err != nil {
		return p.rulesAgain(r, repo, err, func(s rulesPage) *page.Form { return s.Add })
	}
	return r.Done(address(repo, "settings", "branches"), "The restriction holds from now on.")
}

func (p *Pages) lift(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	if err := p.Branching.Lift(r.Context(), repo, r.PathValue("id")); err != nil {
		return page.Answer{}, err
	}
	return r.Done(address(repo, "settings", "branches"), "The restriction is gone.")
}

func (p *Pages) model(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	if r.Form.Get("own") != "true" {
		if err := p.Branching.Inherit(r.Context(), repo); err != nil {
			return page.Answer{}, err
		}
		return r.Done(address(repo, "settings", "branches"), "The branching model of the project holds.")
	}
	trunk := func(field string) *branching.TrunkDraft {
		name := strings.TrimSpace(r.Form.Get(field))
		main, enabled := name == "", r.Form.Get(field+".enabled") == "true"
		return &branching.TrunkDraft{Name: &name, UseMain: &main, Enabled: &enabled}
	}
	draft := branching.ModelDraft{Development: trunk("development"), Production: trunk("production"), BranchTypes: &[]branching.PrefixDraft{}}
	for _, kind := range branching.Types {
		if !r.Form.Has(kind) || kind == "development" || kind == "production" {
			continue
		}
		prefix := strings.TrimSpace(r.Form.Get(kind))
		enabled := prefix != ""
		change := branching.PrefixDraft{Kind: &kind, Enabled: &enabled}
		if enabled {
			change.Prefix = &prefix
		}
		*draft.BranchTypes = append(*draft.BranchTypes, change)
	}
	if _, err := p.Branching.SetModel(r.Context(), repo, draft); err != nil {
		return p.rulesAgain(r, repo, err, func(s rulesPage) *page.Form { return s.Model })
	}
	return r.Done(address(repo, "settings", "branches"), "The branching model is saved.")
}

// keysPage is what the list of deploy keys shows.
type keysPage struct {
	within
	Rows []keyRow
	Add  *page.Form
	SSH  *sshkey.Host // nil: Git over SSH is off
	Line string       // that clones with a key
}

type keyRow struct {
	deploykey.Key
	Remove *page.Form
}

func (p *Pages) keysContent(r *page.Request, repo *repository.Repository) (keysPage, error) {
	content := keysPage{within: within{repo, address(repo)}, SSH: p.SSH,
		Line: `GIT_SSH_COMMAND="ssh -i deploy_key -o IdentitiesOnly=yes" git clone ` + p.URLs.SSHRemote(repo.FullName())}
	keys, err := p.DeployKeys.Keys(r.Context(), repo)
	if err != nil {
		return content, err
	}
	for _, k := range keys {
		row := keyRow{k, r.NewForm(address(repo, "settings", "deploy-keys", strconv.FormatInt(k.ID, 10)), "Delete")}
		row.Remove.Danger = true
		content.Rows = append(content.Rows, row)
	}
	content.Add = r.NewForm(address(repo, "settings", "deploy-keys"), "Add the key",
		page.Field{Name: "label", Label: "Label", Max: 255},
		page.Field{Name: "key", Label: "Public key", Type: "textarea", Direction: "ltr", Required: true, Max: 16384, Help: "The line of a .pub file, such as ~/.ssh/id_ed25519.pub."})
	return content, nil
}

func (p *Pages) keys(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	content, err := p.keysContent(r, repo)
	if err != nil {
		return page.Answer{}, err
	}
	return p.render(r, repo, "keys", "settings", "Deploy keys", content)
}

func (p *Pages) addKey(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	key, label := r.Form.Get("key"), strings.TrimSpace(r.Form.Get("label"))
	_, err := p.DeployKeys.Add(r.Context(), repo, deploykey.Draft{Key: &key, Label: &label}, r.Principal.AccountID())
	if err == nil {
		return r.Done(address(repo, "settings", "deploy-keys"), "The key is added.")
	}
	content, missing := p.keysContent(r, repo)
	if missing != nil {
		return page.Answer{}, missing
	}
	return r.Again(content.Add, err, func() (page.Answer, error) { return p.render(r, repo, "keys", "settings", "Deploy keys", content) })
}

func (p *Pages) removeKey(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	if err := p.DeployKeys.Remove(r.Context(), repo, r.PathValue("id")); err != nil {
		return page.Answer{}, err
	}
	return r.Done(address(repo, "settings", "deploy-keys"), "The key is gone.")
}
