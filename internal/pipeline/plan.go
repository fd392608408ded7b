package pipeline

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/pipefile"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// fileName is the file that says what pipelines do, in the root of a repository.
const fileName = "bitbucket-pipelines.yml"

// Limits: of a file in bytes, of the paths that conditions look at, of the faults that an error tells, and of variables that are given.
const (
	maxFile    = 512 << 10
	maxChanged = 10_000
	maxTold    = 10
	maxInputs  = 100
	maxError   = 4000 // characters
)

// Plan is a pipeline that is not made yet: what it runs, as git has it.
type Plan struct {
	repository *repository.Repository
	target     Target
	source     source
	text       string
	script     *script // nil: there is nothing to run, and key and message say why
	key        string
	message    string
	unchanged  map[int]bool // positions of steps whose condition on changed files does not hold
}

// Plan looks up what is to be run for a target. A *rest.Error says that there is no such reference or commit, no file, no pipeline in it
// for the target, or that it lacks a variable. A file that is broken makes a plan: of a pipeline that ends at once.
func (room *Room) Plan(ctx context.Context, r *repository.Repository, t Target) (*Plan, error) {
	if err := room.settle(ctx, r, &t); err != nil {
		return nil, err
	}
	commit, err := room.Repositories.Git.Commit(ctx, r.ID, t.Commit)
	if err != nil {
		return nil, notThere(err, "commit", string(t.Commit))
	}
	p := &Plan{repository: r, target: t, source: source{repositoryID: r.ID, commit: t.Commit, path: fileName}}
	entry, err := room.Repositories.Git.At(ctx, r.ID, commit.Tree, fileName)
	if err == nil && !entry.File() {
		err = gitstore.ErrNotFound
	}
	var data []byte
	if err == nil {
		data, err = room.Repositories.Git.Blob(ctx, r.ID, entry.Hash, maxFile)
	}
	switch {
	case errors.Is(err, gitstore.ErrTooLarge):
		p.fail(reason.PipelinesBrokenFile, fmt.Sprintf("%s has more than %d KiB.", fileName, maxFile>>10))
		return p, nil
	case errors.Is(err, gitstore.ErrNotFound):
		return nil, rest.Refusef(reason.PipelinesNoFile, "The commit %s has no file %s in its root.", t.Commit.Short(), fileName)
	case err != nil:
		return nil, err
	}
	p.text = storable(data)
	file, faults := pipefile.Parse(data, standing(&t, t.Variables))
	if len(faults) > 0 {
		p.broken(fileName, faults)
		return p, nil
	}
	found, err := p.choose(file)
	if err != nil {
		return nil, err
	}
	if found.Import != nil {
		if err := room.bring(ctx, p, file, found.Import); err != nil || p.key != "" {
			return p, err
		}
	} else {
		p.script = &script{file, found, found.Steps()}
	}
	if p.target.Variables, err = fillIn(p.script.pipeline.Variables, t.Variables); err != nil {
		return nil, err
	}
	if len(p.script.pipeline.Variables) > 0 { // their defaults may stand in the file
		if p.script, faults = read(p.text, &p.target, p.source, p.target.Variables); len(faults) > 0 || p.script == nil {
			p.broken(p.source.path, faults)
			return p, nil
		}
	}
	return p, room.compare(ctx, p, commit)
}

// storable is a file as a text that both databases keep. One that is in order is the same.
func storable(data []byte) string {
	return strings.ToValidUTF8(strings.ReplaceAll(string(data), "\x00", "�"), "�")
}

func (p *Plan) fail(key reason.Code, message string) {
	p.script, p.key, p.message = nil, string(key), message
}

// broken says what is wrong with a file, each fault in a line.
func (p *Plan) broken(name string, faults []pipefile.Fault) {
	lines := make([]string, 0, maxTold+1)
	for i, f := range faults {
		if i == maxTold {
			lines = append(lines, fmt.Sprintf("and %d more", len(faults)-i))
			break
		}
		lines = append(lines, name+":"+f.String())
	}
	p.fail(reason.PipelinesBrokenFile, strings.Join(lines, "\n"))
}

func notThere(err error, what, name string) error {
	if errors.Is(err, gitstore.ErrNotFound) || errors.Is(err, gitstore.ErrInvalid) || errors.Is(err, gitstore.ErrAmbiguous) {
		return rest.Refusef(reason.RevisionNotFound, "The repository has no %s %s.", what, name)
	}
	return err
}

// settle finds the commits of a target. A commit that is given stays, and must be one of the reference.
func (room *Room) settle(ctx context.Context, r *repository.Repository, t *Target) error {
	git := room.Repositories.Git
	if t.RefType != "" && t.Commit == "" {
		prefix := map[string]string{"branch": gitstore.BranchPrefix, "tag": gitstore.TagPrefix}[t.RefType]
		if prefix == "" || !gitstore.ValidRefName(prefix+t.RefName) {
			return rest.Refusef(reason.RevisionNotFound, "The repository has no %s %s.", t.RefType, cut(t.RefName, maxName))
		}
		hash, err := git.Resolve(ctx, r.ID, prefix+t.RefName)
		if err != nil {
			return notThere(err, t.RefType, t.RefName)
		}
		t.Commit = hash
	} else {
		hash, err := git.Resolve(ctx, r.ID, string(t.Commit))
		if err != nil {
			return notThere(err, "commit", string(t.Commit))
		}
		t.Commit = hash
	}
	if t.PullRequest != 0 {
		hash, err := git.Resolve(ctx, r.ID, string(t.IntoCommit))
		if err != nil {
			return notThere(err, "commit", string(t.IntoCommit))
		}
		t.IntoCommit = hash
	}
	return nil
}

// choose finds the pipeline of the file that is for the target, and what names it.
func (p *Plan) choose(file *pipefile.File) (found *pipefile.Pipeline, err error) {
	t := &p.target
	switch {
	case t.Selector.Type != "":
		if found = file.Selected(t.Selector); found == nil {
			return nil, rest.Refusef(reason.PipelinesNoPipeline, "%s of the commit %s has no pipeline %q under %s.", fileName, t.Commit.Short(), cut(t.Selector.Pattern, maxName), t.Selector.Type)
		}
	case t.PullRequest != 0:
		found, t.Selector = file.ForPullRequest(t.RefName, t.Into)
	case t.RefType == "tag":
		found, t.Selector = file.ForTag(t.RefName)
	case t.RefType == "branch":
		found, t.Selector = file.ForBranch(t.RefName)
	default:
		if found = file.Pipelines.Default; found != nil {
			t.Selector = pipefile.Selector{Type: pipefile.SelectDefault}
		}
	}
	if found == nil {
		return nil, rest.Refusef(reason.PipelinesNoPipeline, "%s of the commit %s has no pipeline that runs for this target.", fileName, t.Commit.Short())
	}
	return found, nil
}

// fillIn is what a pipeline's variables hold: what was given, and the defaults of the others. A *rest.Error says that one has no value,
// or one that it may not have.
func fillIn(asked []pipefile.Variable, given []Given) ([]Given, error) {
	all := slices.Clone(given)
	for _, v := range asked {
		i := slices.IndexFunc(all, func(g Given) bool { return g.Name == v.Name })
		switch {
		case i < 0 && v.Default == nil:
			return nil, rest.InvalidField("variables", "the pipeline asks for a value of "+v.Name)
		case i < 0:
			all = append(all, Given{Name: v.Name, Value: *v.Default})
		case len(v.Allowed) > 0 && !slices.Contains(v.Allowed, all[i].Value):
			return nil, rest.InvalidField("variables", v.Name+" is one of "+strings.Join(v.Allowed, ", "))
		}
	}
	return all, nil
}

// bring takes a plan's pipeline from where it is imported.
func (room *Room) bring(ctx context.Context, p *Plan, file *pipefile.File, from *pipefile.Import) error {
	s, r, git := from.Source, p.repository, room.Repositories.Git
	revision := string(p.target.Commit)
	lost := func(why string) error {
		p.fail(reason.PipelinesImport, fmt.Sprintf("%s imports %s, but %s.", fileName, from.Pipeline, why))
		return nil
	}
	if s.Repository != "" {
		found, err := room.sibling(ctx, r, s.Repository)
		if err != nil {
			return err
		}
		if found == nil {
			return lost("the workspace has no repository " + s.Repository)
		}
		r, revision = found, s.Ref
	}
	hash, err := git.Resolve(ctx, r.ID, revision)
	if err == nil {
		var commit *gitstore.Commit
		if commit, err = git.Commit(ctx, r.ID, hash); err == nil {
			var entry gitstore.Entry
			if entry, err = git.At(ctx, r.ID, commit.Tree, s.Path); err == nil {
				var data []byte
				if data, err = git.Blob(ctx, r.ID, entry.Hash, maxFile); err == nil {
					p.text = storable(data)
				}
			}
		}
	}
	if _, known := errors.AsType[*gitstore.Error](err); known {
		return lost(fmt.Sprintf("there is no %s at %s of %s", s.Path, s.Ref, s.Repository))
	}
	if err != nil {
		return err
	}
	p.source = source{r.ID, hash, s.Path, from.Pipeline}
	shared, faults := read(p.text, &p.target, p.source, p.target.Variables)
	switch {
	case len(faults) > 0:
		p.broken(r.Slug+"/"+s.Path, faults)
	case shared == nil:
		return lost(fmt.Sprintf("%s of %s has no such pipeline among its definitions", s.Path, r.Slug))
	case r.ID != p.repository.ID && !shared.file.Export:
		return lost(fmt.Sprintf("%s of %s does not say export: true", s.Path, r.Slug))
	case shared.pipeline.Import != nil:
		return lost(fmt.Sprintf("%s of %s imports it itself", s.Path, r.Slug))
	default:
		p.script = shared
	}
	return nil
}

// sibling is another repository of the workspace, by its slug or uuid; nil where there is none.
func (room *Room) sibling(ctx context.Context, r *repository.Repository, name string) (*repository.Repository, error) {
	column, value := "slug", strings.ToLower(name)
	if id, ok := rest.Unbraced(name); ok {
		column, value = "id", id
	}
	var id string
	err := room.DB.Row(ctx, `SELECT id FROM repository WHERE workspace_id = $1 AND `+column+` = $2`, r.Workspace.ID, value).Scan(&id)
	if errors.Is(err, database.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	all, err := room.Repositories.ByIDs(ctx, room.DB, id)
	return all[id], err
}

// compare finds the steps whose condition on changed files does not hold.
func (room *Room) compare(ctx context.Context, p *Plan, commit *gitstore.Commit) error {
	var paths []string
	compared := false
	holds := func(c *pipefile.Condition) (bool, error) {
		if c == nil || c.Changesets == nil {
			return true, nil
		}
		if !compared {
			var err error
			if paths, err = room.changed(ctx, p, commit); err != nil {
				return false, err
			}
			compared = true
		}
		return len(paths) > maxChanged || c.Changesets.Holds(paths), nil
	}
	position := 0
	p.unchanged = map[int]bool{}
	for i := range p.script.pipeline.Items {
		item := &p.script.pipeline.Items[i]
		all := true
		if item.Stage != nil {
			var err error
			if all, err = holds(item.Stage.Condition); err != nil {
				return err
			}
		}
		for _, step := range item.Steps() {
			one, err := holds(step.Condition)
			if err != nil {
				return err
			}
			if !one || !all {
				p.unchanged[position] = true
			}
			position++
		}
	}
	return nil
}

// changed are the paths of what a plan's commit has changed: since the push before, since the branches of a pull request parted, else
// since the commit before. More than maxChanged are cut behind one more.
func (room *Room) changed(ctx context.Context, p *Plan, commit *gitstore.Commit) (paths []string, err error) {
	git, id := room.Repositories.Git, p.repository.ID
	before := p.target.Before
	switch {
	case p.target.PullRequest != 0:
		if before, err = git.MergeBase(ctx, id, p.target.IntoCommit, p.target.Commit); errors.Is(err, gitstore.ErrNotFound) {
			before, err = "", nil
		}
	case before.IsZero() && len(commit.Parents) > 0:
		before = commit.Parents[0]
	}
	if err != nil {
		return nil, err
	}
	var from gitstore.Hash
	if !before.IsZero() {
		earlier, err := git.Commit(ctx, id, before)
		if err != nil && !errors.Is(err, gitstore.ErrNotFound) {
			return nil, err
		}
		if err == nil {
			from = earlier.Tree
		}
	}
	err = git.CompareTrees(ctx, id, from, commit.Tree, func(path string, _, _ gitstore.Entry) error {
		if paths = append(paths, path); len(paths) > maxChanged {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) || errors.Is(err, gitstore.ErrTooLarge) {
		return make([]string, maxChanged+1), nil
	}
	return paths, err
}

var errEnough = errors.New("pipeline: more paths than conditions look at")

// disabled refuses what takes pipelines that are switched on.
func disabled(r *repository.Repository) *rest.Error {
	e := rest.Refusef(reason.PipelinesDisabled, "Pipelines of %s are switched off.", r.FullName())
	e.Status = http.StatusBadRequest
	return e
}
