package repository

import (
	"context"
	"errors"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// Ref is a branch or a tag as the API writes it (schemas branch and tag).
type Ref struct {
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

// MergeStrategies are the ways to merge into a branch, the default one first.
var MergeStrategies = []string{"merge_commit", "squash", "fast_forward", "squash_fast_forward", "rebase_fast_forward", "rebase_merge"}

func (room *Room) renderRef(r *Repository, within *Summary, ref *gitstore.Reference, p people) Ref {
	kind, folder := "branch", "branches"
	if strings.HasPrefix(ref.Name, gitstore.TagPrefix) {
		kind, folder = "tag", "tags"
	}
	name := ref.Short()
	j := Ref{Type: kind, Name: name, Links: map[string]rest.Link{
		"self": room.link(r, "refs", folder, name), "commits": room.link(r, "commits", name), "html": room.URLs.Web(r.Workspace.Slug, r.Slug, "branch", name)}}
	if ref.Commit != nil {
		target := room.renderCommit(r, within, ref.Commit, p)
		j.Target = &target
	}
	if kind == "branch" {
		j.MergeStrategies, j.DefaultMergeStrategy = MergeStrategies, MergeStrategies[0]
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

func refField(ref *gitstore.Reference, field string) any {
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
	refs, err = selectRows(refs, refFields, c.Query().Get("q"), c.Query().Get("sort"), refField)
	if err != nil {
		return nil, err
	}
	from := min(p.Offset(), len(refs))
	page := refs[from:min(from+p.Pagelen, len(refs))]
	values, err := room.renderRefs(c.Context(), r, page)
	if err != nil {
		return nil, err
	}
	return rest.Counted(c.Request, p, values, len(refs)), nil
}

func (room *Room) renderRefs(ctx context.Context, r *Repository, refs []gitstore.Reference) ([]Ref, error) {
	var commits []*gitstore.Commit
	for i := range refs {
		if refs[i].Commit != nil {
			commits = append(commits, refs[i].Commit)
		}
		if t := refs[i].Tag; t != nil {
			commits = append(commits, &gitstore.Commit{Author: t.Tagger})
		}
	}
	who, err := room.peopleOf(ctx, commits...)
	if err != nil {
		return nil, err
	}
	within := room.Summarize(r)
	values := make([]Ref, len(refs))
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
	return room.renderedRef(c, r, prefix+c.Param("name"))
}

// Branch is a branch as the API writes it; nil when the repository has none of this name.
func (room *Room) Branch(ctx context.Context, r *Repository, name string) (*Ref, error) {
	ref, err := room.Git.Ref(ctx, r.ID, gitstore.BranchPrefix+name)
	if errors.Is(err, gitstore.ErrNotFound) || errors.Is(err, gitstore.ErrInvalid) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	values, err := room.renderRefs(ctx, r, []gitstore.Reference{*ref})
	if err != nil {
		return nil, err
	}
	return &values[0], nil
}

// renderedRef is the reference with this full name. A *rest.Error says that there is none.
func (room *Room) renderedRef(c *access.Call, r *Repository, name string) (Ref, error) {
	ref, err := room.Git.Ref(c.Context(), r.ID, name)
	if errors.Is(err, gitstore.ErrNotFound) || errors.Is(err, gitstore.ErrInvalid) {
		return Ref{}, refNotFound(kindOf(name))
	}
	if err != nil {
		return Ref{}, err
	}
	values, err := room.renderRefs(c.Context(), r, []gitstore.Reference{*ref})
	if err != nil {
		return Ref{}, err
	}
	return values[0], nil
}

// refBody is what creating a branch or a tag reads.
type refBody struct {
	Name   *string `json:"name"`
	Target *struct {
		Hash *string `json:"hash"`
	} `json:"target"`
}

// tagBody is refBody with what makes a tag annotated.
type tagBody struct {
	refBody
	Message *string `json:"message"`
}

// target is the name and the commit that a body asks for. The commit may be named by a hash, the first digits of one, a
// branch or a tag (POST /repositories/{workspace}/{repo_slug}/refs/branches).
func (room *Room) target(c *access.Call, r *Repository, b refBody, valid func(string) bool) (string, gitstore.Hash, error) {
	switch {
	case b.Name == nil:
		return "", "", rest.MissingField("name")
	case !valid(*b.Name):
		return "", "", rest.InvalidField("name", "git takes no such name for it")
	case b.Target == nil || b.Target.Hash == nil:
		return "", "", rest.MissingField("target.hash")
	}
	hash, err := room.Git.Resolve(c.Context(), r.ID, *b.Target.Hash)
	if err == nil {
		_, err = room.Git.Commit(c.Context(), r.ID, hash)
	}
	if named, ok := errors.AsType[*gitstore.Error](err); ok {
		return "", "", rest.InvalidField("target.hash", named.Error())
	}
	return *b.Name, hash, err
}

func (room *Room) createBranch(c *access.Call, r *Repository) (any, error) {
	var b refBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	name, hash, err := room.target(c, r, b, gitstore.ValidBranchName)
	if err != nil {
		return nil, err
	}
	return room.createRef(c, r, gitstore.BranchPrefix+name, hash)
}

// createTag makes a light tag, or an annotated one when there is a message.
func (room *Room) createTag(c *access.Call, r *Repository) (any, error) {
	var b tagBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	name, hash, err := room.target(c, r, b.refBody, gitstore.ValidTagName)
	if err != nil {
		return nil, err
	}
	if b.Message != nil && *b.Message != "" {
		hash, err = room.Git.WriteTag(c.Context(), r.ID, gitstore.TagObject{Name: name, Target: hash, TargetType: "commit", Message: *b.Message, Tagger: room.Signature(c.Principal)})
		if errors.Is(err, gitstore.ErrInvalid) {
			return nil, rest.InvalidField("message", "a tag cannot hold it")
		}
		if err != nil {
			return nil, err
		}
	}
	return room.createRef(c, r, gitstore.TagPrefix+name, hash)
}

// Signature is how the caller signs what is made for them. What is nobody's account signs with the credential's name.
func (room *Room) Signature(p *access.Principal) gitstore.Signature {
	if a := p.Account; a != nil {
		return gitstore.Signature{Name: a.DisplayName, Mail: a.Email, When: room.Now()}
	}
	return gitstore.Signature{Name: p.Name, Mail: p.ID + "@bots." + strings.Split(room.URLs.Host(), ":")[0], When: room.Now()}
}

func (room *Room) createRef(c *access.Call, r *Repository, name string, hash gitstore.Hash) (any, error) {
	if err := room.judge(c, r, RefChange{Ref: name}); err != nil {
		return nil, err
	}
	err := room.Git.CreateRef(c.Context(), r.ID, name, hash)
	kind, short := kindOf(name)
	switch {
	case errors.Is(err, gitstore.ErrExists):
		return nil, rest.Refusef(reason.ConflictExists, "The repository has a %s of this name.", strings.ToLower(kind)).WithMessage("%s %q already exists.", kind, short)
	case errors.Is(err, gitstore.ErrConflict):
		return nil, rest.Refusef(reason.ConflictState, "The repository has a %s whose name is a part of this one, or the other way round: git keeps both in one place.", strings.ToLower(kind))
	case err != nil:
		return nil, err
	}
	// The reference is there: its bookkeeping is done even when the caller has left.
	if err := room.Pushed(context.WithoutCancel(c.Context()), r.ID, gitstore.RefUpdate{Name: name, Old: gitstore.ZeroHash, New: hash}); err != nil {
		return nil, err
	}
	made, err := room.renderedRef(c, r, name)
	if err != nil {
		return nil, err
	}
	return rest.Created(made, made.Links["self"]), nil
}

func (room *Room) deleteBranch(c *access.Call, r *Repository) (any, error) {
	if main, err := room.Git.DefaultBranch(c.Context(), r.ID); err == nil && main == c.Param("name") {
		return nil, rest.Refuse(reason.ConflictState, "This is the main branch. Make another one the main branch first, in the repository's settings or with a PUT on it.")
	}
	return nil, room.deleteRef(c, r, gitstore.BranchPrefix+c.Param("name"))
}

func (room *Room) deleteTag(c *access.Call, r *Repository) (any, error) {
	return nil, room.deleteRef(c, r, gitstore.TagPrefix+c.Param("name"))
}

// deleteRef removes a reference that holds what it held a moment ago: a push in between is not lost.
func (room *Room) deleteRef(c *access.Call, r *Repository, name string) error {
	ref, err := room.Git.Ref(c.Context(), r.ID, name)
	if err == nil {
		if err := room.judge(c, r, RefChange{Ref: name, Deleted: true}); err != nil {
			return err
		}
		err = room.Git.DeleteRef(c.Context(), r.ID, name, ref.Hash)
	}
	kind, short := kindOf(name)
	switch {
	case errors.Is(err, gitstore.ErrNotFound), errors.Is(err, gitstore.ErrInvalid):
		return refNotFound(kind, short)
	case errors.Is(err, gitstore.ErrConflict):
		return rest.Refusef(reason.ConflictState, "Somebody moved the %s at the same moment. Look at it again.", strings.ToLower(kind))
	case err != nil:
		return err
	}
	return room.Pushed(context.WithoutCancel(c.Context()), r.ID, gitstore.RefUpdate{Name: name, Old: ref.Hash, New: gitstore.ZeroHash})
}

// kindOf is what the reference with this full name is called, and its short name.
func kindOf(name string) (kind, short string) {
	if short, ok := strings.CutPrefix(name, gitstore.TagPrefix); ok {
		return "Tag", short
	}
	return "Branch", strings.TrimPrefix(name, gitstore.BranchPrefix)
}

func refNotFound(kind, short string) error {
	return rest.Refusef(reason.RevisionNotFound, "The repository has no such %s.", strings.ToLower(kind)).WithMessage("%s %q does not exist.", kind, short)
}
