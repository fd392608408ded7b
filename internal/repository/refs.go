package repository

import (
	"errors"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// refJSON is a branch or a tag as the API writes it (schemas branch and tag).
type refJSON struct {
	Type   string               `json:"type"`
	Name   string               `json:"name"`
	Target *commitJSON          `json:"target,omitempty"`
	Links  map[string]rest.Link `json:"links"`

	// of branches
	MergeStrategies      []string `json:"merge_strategies,omitempty"`
	DefaultMergeStrategy string   `json:"default_merge_strategy,omitempty"`

	*tagJSON
}

// tagJSON is what only tags have; a light tag has nulls.
type tagJSON struct {
	Message *string     `json:"message"`
	Date    rest.Time   `json:"date" api:"nullable"`
	Tagger  *authorJSON `json:"tagger"`
}

// mergeStrategies are the ways to merge into a branch, the default one first.
var mergeStrategies = []string{"merge_commit", "squash", "fast_forward", "squash_fast_forward", "rebase_fast_forward", "rebase_merge"}

func (room *Room) renderRef(r *Repository, within *Summary, ref *gitstore.Reference, p people) refJSON {
	kind, folder := "branch", "branches"
	if strings.HasPrefix(ref.Name, gitstore.TagPrefix) {
		kind, folder = "tag", "tags"
	}
	name := ref.Short()
	j := refJSON{Type: kind, Name: name, Links: map[string]rest.Link{
		"self": room.link(r, "refs", folder, name), "commits": room.link(r, "commits", name), "html": room.URLs.Web(r.Workspace.Slug, r.Slug, "branch", name)}}
	if ref.Commit != nil {
		target := room.renderCommit(r, within, ref.Commit, p)
		j.Target = &target
	}
	if kind == "branch" {
		j.MergeStrategies, j.DefaultMergeStrategy = mergeStrategies, mergeStrategies[0]
		return j
	}
	j.tagJSON = &tagJSON{}
	j.Links["html"] = room.URLs.Web(r.Workspace.Slug, r.Slug, "commits", "tag", name)
	if t := ref.Tag; t != nil {
		tagger := p.author("author", t.Tagger)
		j.Message, j.Date, j.Tagger = &t.Message, rest.Time(t.Tagger.When), &tagger
	}
	return j
}

// refFields are what filters and orders of branches and tags may name.
var refFields = bbql.Fields{
	"name":              {Kind: bbql.String},
	"type":              {Kind: bbql.String},
	"target.hash":       {Kind: bbql.String},
	"target.date":       {Kind: bbql.Time},
	"target.message":    {Kind: bbql.String},
	"target.author.raw": {Kind: bbql.String},
}

func refField(ref *gitstore.Reference) func(string) any {
	return func(field string) any {
		switch field {
		case "name":
			return ref.Short()
		case "type":
			if strings.HasPrefix(ref.Name, gitstore.TagPrefix) {
				return "tag"
			}
			return "branch"
		case "target.hash":
			return string(ref.Target)
		}
		if ref.Commit == nil {
			return nil
		}
		switch field {
		case "target.date":
			return ref.Commit.Committer.When
		case "target.message":
			return ref.Commit.Message
		case "target.author.raw":
			return ref.Commit.Author.Raw
		}
		return nil
	}
}

func (room *Room) branches(c *access.Call, r *Repository) (any, error) {
	refs, err := room.Git.Branches(c.Context(), r.ID)
	return room.refPage(c, r, refs, err)
}

func (room *Room) tags(c *access.Call, r *Repository) (any, error) {
	refs, err := room.Git.Tags(c.Context(), r.ID)
	return room.refPage(c, r, refs, err)
}

func (room *Room) refs(c *access.Call, r *Repository) (any, error) {
	refs, err := room.Git.Branches(c.Context(), r.ID)
	if err != nil {
		return nil, err
	}
	tags, err := room.Git.Tags(c.Context(), r.ID)
	return room.refPage(c, r, append(refs, tags...), err)
}

func (room *Room) refPage(c *access.Call, r *Repository, refs []gitstore.Reference, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	p, err := c.Paging(rest.DefaultPagelen)
	if err != nil {
		return nil, err
	}
	refs, err = selectRefs(refs, c.Query().Get("q"), c.Query().Get("sort"))
	if err != nil {
		return nil, err
	}
	from := min(p.Offset(), len(refs))
	page := refs[from:min(from+p.Pagelen, len(refs))]
	values, err := room.renderRefs(c, r, page)
	if err != nil {
		return nil, err
	}
	return rest.Counted(c.Request, p, values, len(refs)), nil
}

func (room *Room) renderRefs(c *access.Call, r *Repository, refs []gitstore.Reference) ([]refJSON, error) {
	var commits []*gitstore.Commit
	for i := range refs {
		if refs[i].Commit != nil {
			commits = append(commits, refs[i].Commit)
		}
		if t := refs[i].Tag; t != nil {
			commits = append(commits, &gitstore.Commit{Author: t.Tagger})
		}
	}
	who, err := room.peopleOf(c.Context(), commits...)
	if err != nil {
		return nil, err
	}
	within := room.Summarize(r)
	values := make([]refJSON, len(refs))
	for i := range refs {
		values[i] = room.renderRef(r, &within, &refs[i], who)
	}
	return values, nil
}

func (room *Room) branch(c *access.Call, r *Repository) (any, error) {
	return room.oneRef(c, r, gitstore.BranchPrefix)
}

func (room *Room) tag(c *access.Call, r *Repository) (any, error) {
	return room.oneRef(c, r, gitstore.TagPrefix)
}

func (room *Room) oneRef(c *access.Call, r *Repository, prefix string) (any, error) {
	ref, err := room.Git.Ref(c.Context(), r.ID, prefix+c.Param("name"))
	if errors.Is(err, gitstore.ErrNotFound) || errors.Is(err, gitstore.ErrInvalid) {
		kind := "Branch"
		if prefix == gitstore.TagPrefix {
			kind = "Tag"
		}
		return nil, rest.Refusef(reason.RevisionNotFound, "The repository has no such %s.", strings.ToLower(kind)).
			WithMessage("%s %q does not exist.", kind, c.Param("name"))
	}
	if err != nil {
		return nil, err
	}
	values, err := room.renderRefs(c, r, []gitstore.Reference{*ref})
	if err != nil {
		return nil, err
	}
	return values[0], nil
}

// selectRefs filters and orders refs, which git lists by name.
func selectRefs(refs []gitstore.Reference, filter, sort string) ([]gitstore.Reference, error) {
	parsed, err := bbql.Parse(filter)
	if err != nil {
		return nil, queryError("q", err)
	}
	bound, err := parsed.Bind(refFields)
	if err != nil {
		return nil, queryError("q", err)
	}
	order, err := bbql.ParseSort(sort, refFields)
	if err != nil {
		return nil, queryError("sort", err)
	}
	kept := refs[:0]
	for i := range refs {
		ok, err := bound.Match(refField(&refs[i]))
		if err != nil {
			return nil, err
		}
		if ok {
			kept = append(kept, refs[i])
		}
	}
	err = bbql.Sort(order, kept, func(ref gitstore.Reference, field string) any { return refField(&ref)(field) })
	return kept, err
}
