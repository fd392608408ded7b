package tokens

import (
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/scope"
)

// area is a part of the product with its scopes.
type area struct {
	Name    string
	Choices []choice
}

// choice is one scope that can be chosen.
type choice struct {
	scope.Info
	Chosen bool
	Opens  int // operations that ask for it, alone or with others
}

// Short is the scope's name without what all names end with.
func (c choice) Short() string { return strings.TrimSuffix(c.Name, ":bitbucket") }

// areas are the scopes that a credential of this place can have, by area. Those that open nothing on this server come
// last, apart: tools made for bitbucket.org may ask for them.
func (p *Pages) areas(at place, chosen scope.Set) (open []area, idle area) {
	asks := map[scope.Scope]int{}
	for _, op := range at.operations() {
		var all scope.Set
		for _, alternative := range at.requirement(op) {
			all = all.Union(alternative)
		}
		for _, s := range all.Scopes() {
			asks[s]++
		}
	}
	idle.Name = "Scopes that open nothing here"
	for _, info := range scope.All() {
		if info.Legacy != at.Legacy() || info.Deprecated && !chosen.Has(info.Scope) {
			continue
		}
		c := choice{info, chosen.Has(info.Scope), asks[info.Scope]}
		if c.Opens == 0 && !slices.ContainsFunc(info.Implies.Scopes(), func(s scope.Scope) bool { return asks[s] > 0 }) {
			idle.Choices = append(idle.Choices, c)
			continue
		}
		if len(open) == 0 || open[len(open)-1].Name != capital(info.Area) {
			i := slices.IndexFunc(open, func(a area) bool { return a.Name == capital(info.Area) })
			if i >= 0 {
				open[i].Choices = append(open[i].Choices, c)
				continue
			}
			open = append(open, area{Name: capital(info.Area)})
		}
		last := &open[len(open)-1]
		last.Choices = append(last.Choices, c)
	}
	return open, idle
}

// capital begins a name with a capital.
func capital(name string) string {
	if name == "" {
		return ""
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// operations are those that take a credential of this kind at all, git's first.
func (at place) operations() []*catalog.Operation {
	all := slices.Concat(catalog.Git(), catalog.All(), catalog.Own())
	return slices.DeleteFunc(all, func(op *catalog.Operation) bool { return !at.Shelf.Kind.Takes(op) || op.Removed != nil })
}

// requirement is what an operation asks of a credential of this place.
func (at place) requirement(op *catalog.Operation) scope.Requirement {
	if at.Legacy() {
		return op.OAuthScopes
	}
	return op.Scopes
}

// opening is a chapter of the reference with the operations that a choice opens.
type opening struct {
	Tag        string
	Operations []opened
}

type opened struct {
	Name    string // "GET /2.0/user", "git fetch"
	Summary string
	Served  bool // this server has it
}

// opens is what a choice of scopes opens.
type opens struct {
	Count    int
	Served   int
	Openings []opening
	Excludes []choice // chosen scopes with what people wrongly expect of them
}

func (p *Pages) opens(at place, chosen scope.Set) opens {
	var o opens
	for _, op := range at.operations() {
		need := at.requirement(op)
		if len(need) == 0 {
			continue // takes no scope: any credential, and most of it nobody at all, may call it
		}
		if _, ok := need.Missing(chosen); !ok {
			continue
		}
		one := opened{op.Method + " /2.0" + op.Template, op.Summary, p.served[op.Key]}
		tag := op.Tag
		if name := op.GitName(); name != "" {
			one.Name, tag = strings.Replace(name, "git fetch", "git clone, git fetch", 1), "Git"
		}
		i := slices.IndexFunc(o.Openings, func(x opening) bool { return x.Tag == tag })
		if i < 0 {
			i = len(o.Openings)
			o.Openings = append(o.Openings, opening{Tag: tag})
		}
		o.Openings[i].Operations = append(o.Openings[i].Operations, one)
		o.Count++
		if one.Served {
			o.Served++
		}
	}
	for _, s := range chosen.Scopes() {
		if info := s.Info(); info.Excludes != "" {
			o.Excludes = append(o.Excludes, choice{Info: info})
		}
	}
	return o
}

// preset is a choice of scopes for a purpose that many have.
type preset struct {
	ID, Name, About string
	scopes, legacy  scope.Set
	Href            string
	Current         bool
}

// presets are made from what the tools' own documents ask for, and from the operations that the purpose takes.
var presets = []preset{
	{ID: "clone", Name: "Clone only", About: "Clone and fetch repositories.",
		scopes: scope.NewSet(scope.ReadRepository), legacy: scope.NewSet(scope.LegacyRepository)},
	{ID: "build", Name: "CI build", About: "Clone, and report build statuses and code insights.",
		scopes: scope.NewSet(scope.ReadRepository, scope.ReadPullRequest, scope.ReadPipeline, scope.WritePipeline), legacy: scope.NewSet(scope.LegacyRepositoryWrite, scope.LegacyPullRequest)},
	{ID: "bot", Name: "Pull-request bot", About: "Read pull requests and their diffs, comment, approve, and set build statuses.",
		scopes: scope.NewSet(scope.ReadUser, scope.ReadRepository, scope.ReadPullRequest, scope.WritePullRequest), legacy: scope.NewSet(scope.LegacyPullRequestWrite)},
	{ID: "renovate", Name: "Renovate", About: "What Renovate's documentation asks for: push branches, open and update pull requests.",
		scopes: scope.NewSet(scope.ReadUser, scope.ReadWorkspace, scope.ReadRepository, scope.WriteRepository, scope.ReadPullRequest, scope.WritePullRequest),
		legacy: scope.NewSet(scope.LegacyPullRequestWrite)},
	{ID: "terraform", Name: "Terraform", About: "Manage projects, repositories, permissions, branch restrictions, webhooks and deploy keys.",
		scopes: scope.NewSet(scope.ReadUser, scope.ReadWorkspace, scope.ReadProject, scope.AdminProject, scope.ReadRepository, scope.WriteRepository, scope.AdminRepository, scope.DeleteRepository,
			scope.ReadPullRequest, scope.ReadPipeline, scope.AdminPipeline, scope.ReadWebhook, scope.WriteWebhook, scope.DeleteWebhook, scope.ReadSSHKey, scope.WriteSSHKey, scope.DeleteSSHKey,
			scope.ReadPermission, scope.WritePermission, scope.DeletePermission)},
	{ID: "backup", Name: "Backup", About: "Read everything, and change nothing.",
		scopes: scope.NewSet(scope.ReadUser, scope.ReadWorkspace, scope.ReadProject, scope.ReadRepository, scope.ReadPullRequest, scope.ReadIssue, scope.ReadWiki, scope.ReadSnippet,
			scope.ReadWebhook, scope.ReadPipeline),
		legacy: scope.NewSet(scope.LegacyAccount, scope.LegacyProject, scope.LegacyRepository, scope.LegacyPullRequest, scope.LegacyIssue, scope.LegacyWiki, scope.LegacySnippet)},
}

// presets are those that a credential of this place can have.
func (at place) presets(current string) []preset {
	var all []preset
	for _, one := range presets {
		if one.choice(at).Empty() {
			continue
		}
		one.Href, one.Current = query(at.Path+"/new", "preset", one.ID), one.ID == current
		all = append(all, one)
	}
	return all
}

// choice is the preset's scopes, of the kind that the place takes. An access token has none that are about a person.
func (one preset) choice(at place) scope.Set {
	if !at.Legacy() {
		return one.scopes
	}
	if at.AccessToken() {
		return one.legacy.Without(scope.NewSet(scope.LegacyAccount))
	}
	return one.legacy
}

// presetNamed is the choice of a preset; ok is false for no or another name.
func (at place) presetNamed(id string) (scope.Set, bool) {
	for _, one := range presets {
		if one.ID == id {
			return one.choice(at), true
		}
	}
	return scope.Set{}, false
}
