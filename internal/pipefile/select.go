package pipefile

import "iter"

// SelectorType is a part of the file that pipelines are found in.
type SelectorType string

// The parts, as the API names them. PullRequests is what a pull request's target has.
const (
	SelectDefault      SelectorType = "default"
	SelectBranches     SelectorType = "branches"
	SelectTags         SelectorType = "tags"
	SelectPullRequests SelectorType = "pull-requests"
	SelectCustom       SelectorType = "custom"
)

// Selector names a pipeline of a file, as selector of a pipeline_ref_target does (POST /repositories/{workspace}/{repo_slug}/pipelines).
type Selector struct {
	Type    SelectorType `json:"type"`
	Pattern string       `json:"pattern,omitempty"` // empty of the default
}

// ForBranch is the pipeline that runs when a branch is pushed: that of the pattern which is most special, or the default. nil: none.
// A name goes before patterns; of patterns the one that says more characters, then the one with fewer ** and *, then the first.
func (f *File) ForBranch(branch string) (*Pipeline, Selector) {
	if p := pick(f.Pipelines.Branches, func(p *Pipeline) []*form { return []*form{p.Pattern.best(branch)} }); p != nil {
		return p, Selector{SelectBranches, p.Name}
	}
	if p := f.Pipelines.Default; p != nil {
		return p, Selector{Type: SelectDefault}
	}
	return nil, Selector{}
}

// ForTag is the pipeline that runs when a tag is pushed, as ForBranch, but without the default. nil: none.
func (f *File) ForTag(tag string) (*Pipeline, Selector) {
	if p := pick(f.Pipelines.Tags, func(p *Pipeline) []*form { return []*form{p.Pattern.best(tag)} }); p != nil {
		return p, Selector{SelectTags, p.Name}
	}
	return nil, Selector{}
}

// ForPullRequest is the pipeline that runs for a pull request between two branches, beside that of the source branch. The pattern of
// the source counts before that of the destination. nil: none.
func (f *File) ForPullRequest(source, destination string) (*Pipeline, Selector) {
	p := pick(f.Pipelines.PullRequests, func(p *Pipeline) []*form {
		forms := []*form{p.Pattern.best(source)}
		if p.Destination != nil {
			forms = append(forms, p.Destination.best(destination))
		}
		return forms
	})
	if p == nil {
		return nil, Selector{}
	}
	return p, Selector{SelectPullRequests, p.Name}
}

// pick is the pipeline with the most special forms. One that has nil among its forms does not match.
func pick(pipelines []Pipeline, forms func(*Pipeline) []*form) (found *Pipeline) {
	var best []*form
	for i := range pipelines {
		of := forms(&pipelines[i])
		if matches(of) && (found == nil || over(of, best)) {
			found, best = &pipelines[i], of
		}
	}
	return found
}

func matches(forms []*form) bool {
	for _, f := range forms {
		if f == nil {
			return false
		}
	}
	return true
}

// over tells whether forms are more special than others, the first ones first. Where all are alike, more of them are.
func over(a, b []*form) bool {
	for i := range min(len(a), len(b)) {
		switch {
		case a[i].over(b[i]):
			return true
		case b[i].over(a[i]):
			return false
		}
	}
	return len(a) > len(b)
}

// Selected is the pipeline that a selector names. nil: there is none.
func (f *File) Selected(s Selector) *Pipeline {
	for selector, p := range f.All() {
		if selector == s {
			return p
		}
	}
	return nil
}

// All are all pipelines of the file with what names them, in the order in which Bitbucket Cloud documents its parts.
func (f *File) All() iter.Seq2[Selector, *Pipeline] {
	return func(yield func(Selector, *Pipeline) bool) {
		if p := f.Pipelines.Default; p != nil && !yield(Selector{Type: SelectDefault}, p) {
			return
		}
		for _, part := range []struct {
			of        SelectorType
			pipelines []Pipeline
		}{{SelectBranches, f.Pipelines.Branches}, {SelectPullRequests, f.Pipelines.PullRequests}, {SelectTags, f.Pipelines.Tags}, {SelectCustom, f.Pipelines.Custom}} {
			for i := range part.pipelines {
				if !yield(Selector{part.of, part.pipelines[i].Name}, &part.pipelines[i]) {
					return
				}
			}
		}
	}
}
