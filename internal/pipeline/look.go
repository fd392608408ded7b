package pipeline

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/pipefile"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// This file is what pages ask.

// Search narrows the pipelines of a repository.
type Search struct {
	Branch        string // or tag; "": any
	Status        string // of Pending to Expired; "": any
	Offset, Limit int
}

// Search finds the pipelines of a repository, the latest first, and whether there are more behind them.
func (room *Room) Search(ctx context.Context, r *repository.Repository, s Search) (rows []Pipeline, more bool, err error) {
	rows, err = database.Collect(ctx, room.DB, scanPipeline, `SELECT `+pipelineColumns+fromPipelines+` AND ($2 = '' OR p.ref_name = $2) AND ($3 = '' OR p.status = $3)
		ORDER BY p.number DESC LIMIT $4 OFFSET $5`, r.ID, s.Branch, s.Status, s.Limit+1, s.Offset)
	if err != nil {
		return nil, false, err
	}
	more = len(rows) > s.Limit
	rows = rows[:min(len(rows), s.Limit)]
	all := make([]*Pipeline, len(rows))
	for i := range rows {
		all[i] = &rows[i]
	}
	return rows, more, fillCreators(ctx, room.DB, all...)
}

// Enabled tells whether the pipelines of a repository are switched on.
func (room *Room) Enabled(ctx context.Context, r *repository.Repository) (bool, error) {
	s, err := readConfig(ctx, room.DB, r.ID)
	return s.enabled, err
}

// Enable switches the pipelines of a repository on or off.
func (room *Room) Enable(ctx context.Context, r *repository.Repository, on bool) error {
	_, err := room.change(ctx, r, func(s *config) error {
		s.enabled = on
		return nil
	})
	return err
}

// Group is a part of a pipeline: a step, steps that run at the same time, or a stage.
type Group struct {
	Stage    string // its name; "" for none
	Serial   bool   // it is a stage: its steps run one after another
	Parallel bool   // its steps run at the same time
	Final    bool   // it runs at the end in any case
	Steps    []Step
}

// Groups are the parts of a pipeline with their steps as they were run last.
func (room *Room) Groups(ctx context.Context, p *Pipeline) ([]Group, error) {
	of, err := room.scriptOf(ctx, room.DB, p)
	if err != nil || of == nil {
		return nil, err
	}
	steps, err := currentSteps(ctx, room.DB, p.ID)
	if err != nil {
		return nil, err
	}
	var all []Group
	n := 0
	for _, i := range of.items() {
		g := Group{Serial: i.serial, Parallel: !i.serial && i.last-i.first > 1}
		if i.stage != nil {
			g.Stage = i.stage.Name
		}
		for ; n < i.last && n < len(steps); n++ {
			g.Steps = append(g.Steps, steps[n])
		}
		all = append(all, g)
	}
	if n < len(steps) {
		all = append(all, Group{Final: true, Steps: steps[n:]})
	}
	return all, nil
}

// Step is a step of a pipeline by its uuid, whatever attempt it is, with or without braces. A *rest.Error says that there is none.
func (room *Room) Step(ctx context.Context, p *Pipeline, name string) (Step, error) {
	none := rest.Refuse(reason.ResourceNotFound, "The pipeline has no step with this uuid.")
	id, ok := rest.Unbraced(name)
	if !ok {
		return Step{}, none
	}
	s, err := stepByID(ctx, room.DB, p.ID, id)
	if errors.Is(err, database.ErrNoRows) {
		return s, none
	}
	return s, err
}

// Attempts are all runs of the step of a pipeline, the first one first.
func (room *Room) Attempts(ctx context.Context, s *Step) ([]Step, error) {
	return database.Collect(ctx, room.DB, scanStep, `SELECT `+stepColumns+fromSteps+` AND s.position = $2 ORDER BY s.attempt`, s.PipelineID, s.Position)
}

// Said is what the file says of a step, with what holds where it says nothing.
func (room *Room) Said(ctx context.Context, p *Pipeline, s *Step) (pipefile.Step, error) {
	of, err := room.scriptOf(ctx, room.DB, p)
	if err != nil || of == nil || s.Position >= len(of.steps) {
		return pipefile.Step{}, err
	}
	return of.stepOf(s.Position), nil
}

// Given are the variables that a pipeline was given. The values of those that are secured are left out.
func (room *Room) Given(ctx context.Context, p *Pipeline) ([]Given, error) {
	return database.Collect(ctx, room.DB, func(row func(...any) error) (g Given, err error) {
		if err = row(&g.Name, &g.Value, &g.Secured); g.Secured {
			g.Value = ""
		}
		return g, err
	}, `SELECT name, value, secured FROM pipeline_input WHERE pipeline_id = $1 ORDER BY position`, p.ID)
}

// Releaser is who has started a step that waited for somebody; nobody for another one.
func (room *Room) Releaser(ctx context.Context, s *Step) (account.Person, error) {
	who := account.Person{Account: account.Known(s.Releaser)}
	return who, account.Meet(ctx, room.DB, &who.Account)
}

// OpenLog opens a log of a step, and tells its size by now. fs.ErrNotExist says that it has printed nothing yet, or that it was removed; a
// *rest.Error that the step has no such log.
func (room *Room) OpenLog(ctx context.Context, s *Step, id string) (io.ReadSeekCloser, int64, error) {
	l, err := findLog(ctx, room.DB, s.ID, id)
	if errors.Is(err, database.ErrNoRows) {
		return nil, 0, rest.Refuse(reason.ResourceNotFound, "The step has no such log, or none any more.")
	}
	if err != nil {
		return nil, 0, err
	}
	file, err := room.Store.Open(l.repositoryID, l.id)
	if err != nil {
		return nil, 0, err
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	return file, size, nil
}

// NoLog tells whether an error of OpenLog says that there is nothing to read yet.
func NoLog(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// Runnable is a pipeline of the file that can be run for a branch.
type Runnable struct {
	Selector  pipefile.Selector
	Variables []pipefile.Variable // that whoever starts it is asked for
}

// Runnables are the pipelines that can be run for a branch as its head has them: that of the branch, and those that are run by hand alone.
// A *rest.Error says that there is no such branch, no file, or what is wrong with it.
func (room *Room) Runnables(ctx context.Context, r *repository.Repository, branch string) ([]Runnable, error) {
	file, err := room.fileAt(ctx, r, branch)
	if err != nil {
		return nil, err
	}
	var all []Runnable
	if p, selector := file.ForBranch(branch); p != nil {
		all = append(all, Runnable{selector, nil})
	}
	for selector, p := range file.All() {
		if selector.Type == pipefile.SelectCustom {
			all = append(all, Runnable{selector, p.Variables})
		}
	}
	return all, nil
}

// fileAt is what the file of a branch says.
func (room *Room) fileAt(ctx context.Context, r *repository.Repository, branch string) (*pipefile.File, error) {
	git := room.Repositories.Git
	ref, err := git.Ref(ctx, r.ID, gitstore.BranchPrefix+branch)
	if err == nil && ref.Commit == nil {
		err = gitstore.ErrNotFound
	}
	if errors.Is(err, gitstore.ErrNotFound) || errors.Is(err, gitstore.ErrInvalid) {
		return nil, rest.Refusef(reason.RevisionNotFound, "The repository has no branch %s.", branch)
	}
	if err != nil {
		return nil, err
	}
	entry, err := git.At(ctx, r.ID, ref.Commit.Tree, fileName)
	if err == nil && !entry.File() {
		err = gitstore.ErrNotFound
	}
	if errors.Is(err, gitstore.ErrNotFound) {
		return nil, rest.Refusef(reason.PipelinesNoFile, "The branch %s has no file %s in its root.", branch, fileName)
	}
	if err != nil {
		return nil, err
	}
	data, err := git.Blob(ctx, r.ID, entry.Hash, maxFile)
	if err != nil {
		return nil, err
	}
	t := Target{RefType: "branch", RefName: branch, Commit: ref.Commit.Hash}
	file, faults := pipefile.Parse(data, standing(&t, nil))
	if len(faults) > 0 {
		return nil, rest.Refusef(reason.PipelinesBrokenFile, "%s of %s: %s", fileName, branch, faults[0].String())
	}
	return file, nil
}

// LastExecution is what came of the last time of each schedule of a repository, by the schedule's id.
func (room *Room) LastExecution(ctx context.Context, r *repository.Repository) (map[string]Execution, error) {
	type of struct {
		schedule string
		Execution
	}
	rows, err := database.Collect(ctx, room.DB, func(row func(...any) error) (o of, err error) {
		o.Execution, err = scanExecution(func(to ...any) error { return row(append(to, &o.schedule)...) })
		return o, err
	}, `SELECT x.id, COALESCE(x.pipeline_id, ''), x.error_key, x.error_message, x.due_on, x.schedule_id FROM pipeline_schedule_execution x JOIN pipeline_schedule s ON s.id = x.schedule_id
		WHERE s.repository_id = $1 AND x.due_on = (SELECT MAX(y.due_on) FROM pipeline_schedule_execution y WHERE y.schedule_id = x.schedule_id)`, r.ID)
	if err != nil {
		return nil, err
	}
	ids := []any{r.ID}
	for _, o := range rows {
		if o.pipelineID != "" {
			ids = append(ids, o.pipelineID)
		}
	}
	var found []Pipeline
	if len(ids) > 1 {
		if found, err = database.Collect(ctx, room.DB, scanPipeline, `SELECT `+pipelineColumns+fromPipelines+` AND p.id IN (`+database.Marks(2, len(ids)-1)+`)`, ids...); err != nil {
			return nil, err
		}
	}
	last := map[string]Execution{}
	for _, o := range rows {
		if i := slices.IndexFunc(found, func(p Pipeline) bool { return p.ID == o.pipelineID }); i >= 0 {
			o.Pipeline = &found[i]
		}
		last[o.schedule] = o.Execution
	}
	return last, nil
}

// Environment is something that is deployed to.
type Environment struct {
	ID        string // "" for a new one
	Name      string
	Slug      string
	Kind      string // of EnvironmentKinds
	AdminOnly bool   // only administrators deploy to it
}

// EnvironmentKinds are what environments are for, in the order in which something is deployed to them.
func EnvironmentKinds() []string { return slices.Clone(kinds) }

// Environments are those of a repository, in the order in which something is deployed to them.
func (room *Room) Environments(ctx context.Context, r *repository.Repository) ([]Environment, error) {
	rows, err := room.environments(ctx, room.DB, r)
	all := make([]Environment, len(rows))
	for i, e := range rows {
		all[i] = Environment{e.ID, e.name, e.slug, kinds[e.kind], e.adminOnly}
	}
	return all, err
}

// SaveEnvironment makes an environment, or changes the one with the id. A *rest.Error says what is wrong with it, or that there is no such.
func (room *Room) SaveEnvironment(ctx context.Context, r *repository.Repository, e Environment) error {
	b := environmentBody{Name: &e.Name, Kind: &kindBody{&e.Kind}, Restrictions: &restrictionsBody{&e.AdminOnly}}
	if e.ID == "" {
		_, err := room.createEnvironment(ctx, r, b)
		return err
	}
	_, err := room.alterEnvironment(ctx, r, b, func(tx *database.Tx) (environment, error) {
		found, err := scanEnvironment(tx.Row(ctx, `SELECT `+environmentColumns+fromEnvironments+` AND e.id = $2`, r.ID, e.ID).Scan)
		if errors.Is(err, database.ErrNoRows) {
			return found, rest.Refuse(reason.ResourceNotFound, "The repository has no environment with this uuid.")
		}
		return found, err
	})
	return err
}

// RemoveEnvironment removes an environment with its variables. What ran there stays.
func (room *Room) RemoveEnvironment(ctx context.Context, r *repository.Repository, id string) error {
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM deployment_environment WHERE repository_id = $1 AND id = $2`, r.ID, id)
		return err
	})
}

// Place is what variables belong to.
type Place struct{ place }

// OfWorkspace, OfRepository and OfEnvironment are the places of variables that steps are given.
func OfWorkspace(id string) Place { return Place{place{"workspace", id, "pipeline_variable"}} }

// OfRepository: see OfWorkspace.
func OfRepository(id string) Place { return Place{place{"repository", id, "pipeline_variable"}} }

// OfEnvironment: see OfWorkspace.
func OfEnvironment(id string) Place { return Place{place{"environment", id, "deployment_variable"}} }

// Variable is one that steps are given.
type Variable struct {
	ID      string
	Name    string
	Value   string // "" of a secured one, which is never told again
	Secured bool
}

// Variables are those of a place, in the order in which they were made.
func (room *Room) Variables(ctx context.Context, p Place) ([]Variable, error) {
	rows, err := database.Collect(ctx, room.DB, scanVariable, `SELECT `+variableColumns+p.from()+` ORDER BY v.created_on, v.id`, p.id)
	all := make([]Variable, len(rows))
	for i, v := range rows {
		all[i] = Variable{v.id, v.name, v.value, v.secured}
		if v.secured {
			all[i].Value = ""
		}
	}
	return all, err
}

// SaveVariable gives a place a variable, or the one with that name another value. A *rest.Error says what is wrong with it.
func (room *Room) SaveVariable(ctx context.Context, p Place, name, value string, secured bool) error {
	b := variableBody{Key: &name, Value: &value, Secured: &secured}
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		if err := p.lock(ctx, tx); err != nil {
			return err
		}
		v, err := scanVariable(tx.Row(ctx, `SELECT `+variableColumns+p.from()+` AND v.name = $2`, p.id, name).Scan)
		there := err == nil
		if err != nil && !errors.Is(err, database.ErrNoRows) {
			return err
		}
		if !there {
			if v.id, err = newID(); err != nil {
				return err
			}
		}
		if err := b.take(&v, room.Keys); err != nil {
			return err
		}
		if there {
			_, err = tx.Exec(ctx, `UPDATE pipeline_variable SET value = $2, secured = $3 WHERE id = $1`, v.id, v.value, v.secured)
			return err
		}
		return room.insertVariable(ctx, tx, p.place, &v)
	})
}

// RemoveVariable takes a variable away from a place.
func (room *Room) RemoveVariable(ctx context.Context, p Place, id string) error {
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM pipeline_variable WHERE `+p.what+`_id = $1 AND id = $2`, p.id, id)
		return err
	})
}

// EnableRunner has a runner get steps, or no more.
func (room *Room) EnableRunner(ctx context.Context, id string, on bool) error {
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE pipeline_runner SET disabled = $2, updated_on = $3 WHERE id = $1`, id, !on, database.Micros(room.Now()))
		return err
	})
}

// RunnerConfig is what a runner that was just made is started with: variables, and the command.
func (room *Room) RunnerConfig(w *Runner, secret string) string {
	return "export RUNNER_UUID='" + rest.Braced(w.ID) + "'\nexport OAUTH_CLIENT_ID='" + w.ClientID + "'\nexport OAUTH_CLIENT_SECRET='" + secret + "'\npail runner --url " + room.URLs.Base + "\n"
}
