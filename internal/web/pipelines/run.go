package pipelines

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/pipefile"
	"github.com/pailforge/pail/internal/pipeline"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
)

// runPage is what the page shows on which a pipeline is run.
type runPage struct {
	within
	Branches  []page.Option // empty where there are too many
	Branch    string
	Pipelines []page.Option
	Problem   string     // why nothing can be run for the branch; "" for nothing
	Form      *page.Form // nil: nothing can be run
}

// maxChoices is how many branches a list to choose from may have.
const maxChoices = 200

// Names of fields: what begins so is a variable that the pipeline asks for.
const ofVariable = "variable."

// selected is the name that a form has for a pipeline of the file.
func selected(s pipefile.Selector) string { return string(s.Type) + ":" + s.Pattern }

// shown is what it is called.
func shown(s pipefile.Selector) string {
	switch s.Type {
	case pipefile.SelectDefault:
		return "default, as after a push"
	case pipefile.SelectBranches:
		return s.Pattern + ", as after a push"
	}
	return s.Pattern
}

func (p *Pages) runContent(r *page.Request, repo *repository.Repository, branch, which string) (*runPage, error) {
	content := &runPage{within: p.about(r, repo, "pipelines"), Branch: branch}
	branches, err := p.Repositories.Branches(r.Context(), repo, "", 0, maxChoices)
	if err != nil {
		return nil, err
	}
	if branch == "" {
		content.Branch = repo.MainBranch
	}
	if !branches.More {
		for i := range branches.List {
			name := branches.List[i].Short()
			content.Branches = append(content.Branches, page.Option{Value: name, Name: name, Selected: name == content.Branch})
		}
	}
	runnables, err := p.Pipelines.Runnables(r.Context(), repo, content.Branch)
	if refusal, ok := errors.AsType[*rest.Error](err); ok {
		content.Problem, _ = refusal.Detail.(string)
		if content.Problem == "" {
			content.Problem = refusal.Message
		}
		return content, nil
	}
	if err != nil {
		return nil, err
	}
	if len(runnables) == 0 {
		content.Problem = "The file of this branch has no pipeline that could be run for it."
		return content, nil
	}
	chosen := max(slices.IndexFunc(runnables, func(one pipeline.Runnable) bool { return selected(one.Selector) == which }), 0)
	for i, one := range runnables {
		content.Pipelines = append(content.Pipelines, page.Option{Value: selected(one.Selector), Name: shown(one.Selector), Selected: i == chosen})
	}
	content.Form = r.NewForm(address(repo, "pipelines", "new"), "Run it", page.Field{Name: "branch", Type: "hidden", Value: content.Branch},
		page.Field{Name: "pipeline", Type: "hidden", Value: selected(runnables[chosen].Selector)})
	for _, v := range runnables[chosen].Variables {
		f := page.Field{Name: ofVariable + v.Name, Label: v.Name, Help: v.Description, Direction: "ltr", Max: maxValue, Required: v.Default == nil}
		if v.Default != nil {
			f.Value = *v.Default
		}
		if len(v.Allowed) > 0 {
			f.Type = "select"
			for _, value := range v.Allowed {
				f.Options = append(f.Options, page.Option{Value: value, Name: value, Selected: value == f.Value})
			}
		}
		content.Form.Fields = append(content.Form.Fields, f)
	}
	content.Form.Fields = append(content.Form.Fields, page.Field{Name: "more", Label: "More variables", Type: "textarea", Rows: 3, Direction: "ltr", Max: 4 * maxValue, Help: "One in a line, as NAME=value. They go over those of the repository."})
	return content, nil
}

// maxValue is the longest value of a variable in a form, in characters.
const maxValue = 32 << 10

func (p *Pages) new(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	q := r.URL.Query()
	content, err := p.runContent(r, repo, q.Get("branch"), q.Get("pipeline"))
	if err != nil {
		return page.Answer{}, err
	}
	return p.render(r, repo, "run", "pipelines", "Run a pipeline", content)
}

// run starts a pipeline.
func (p *Pages) run(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	kind, pattern, _ := strings.Cut(r.Form.Get("pipeline"), ":")
	t := pipeline.Target{RefType: "branch", RefName: r.Form.Get("branch"), Selector: pipefile.Selector{Type: pipefile.SelectorType(kind), Pattern: pattern}}
	var names []string
	for name := range r.Form {
		if strings.HasPrefix(name, ofVariable) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		t.Variables = append(t.Variables, pipeline.Given{Name: strings.TrimPrefix(name, ofVariable), Value: page.Lines(r.Form.Get(name))})
	}
	more, err := given(r.Form.Get("more"))
	var of pipeline.Pipeline
	if err == nil {
		t.Variables = append(t.Variables, more...)
		of, err = p.Pipelines.StartNow(r.Context(), repo, t, pipeline.Starter{Who: account.PersonOf(r.Principal), Trigger: pipeline.Manual})
	}
	if err != nil {
		content, fault := p.runContent(r, repo, t.RefName, r.Form.Get("pipeline"))
		if fault != nil {
			return page.Answer{}, fault
		}
		if content.Form == nil {
			return page.Answer{}, err
		}
		r.As(address(repo, "pipelines", "new"), url.Values{"branch": {t.RefName}, "pipeline": {r.Form.Get("pipeline")}})
		return r.Again(content.Form, err, func() (page.Answer, error) { return p.render(r, repo, "run", "pipelines", "Run a pipeline", content) })
	}
	return r.Done(at(repo, &of), "The pipeline is started.")
}

// given reads variables that somebody has written down, one in a line.
func given(text string) (all []pipeline.Given, err error) {
	for line := range strings.Lines(page.Lines(text)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.TrimSpace(line) == "" {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if name = strings.TrimSpace(name); !ok || name == "" {
			return nil, rest.InvalidField("more", "each line is NAME=value")
		}
		all = append(all, pipeline.Given{Name: name, Value: value})
	}
	return all, nil
}
