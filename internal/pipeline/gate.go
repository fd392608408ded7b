package pipeline

import (
	"context"
	"maps"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/pipefile"
)

// gate is what steps of a pipeline wait for whose turn it is: an administrator, where only they deploy to their environment, another step
// of their concurrency group in the repository, and another pipeline that deploys to their environment. Where the condition of one does
// not hold over the variables, it is left out. The caller holds the lock of the repository.
func (room *Room) gate(ctx context.Context, tx *database.Tx, p *Pipeline, in *script, steps []Step) gate {
	return func(s *Step, of *pipefile.Step) (waits string, skipped bool, err error) {
		for _, condition := range in.conditions(s.Position) {
			if condition.State == nil {
				continue
			}
			variables, err := room.moment(ctx, tx, p, steps)
			if err != nil {
				return "", false, err
			}
			if !condition.State.Holds(pipefile.Context{Variables: variables}) {
				return "", true, nil
			}
		}
		if s.Environment != "" && !s.Released {
			guarded, err := exist(ctx, tx, `SELECT COUNT(*) FROM deployment_environment e WHERE e.repository_id = $1 AND e.slug = $2 AND e.admin_only AND NOT EXISTS
				(SELECT 1 FROM pipeline_step s WHERE s.pipeline_id = $3 AND s.environment = $2 AND s.is_current AND s.released)`, s.RepositoryID, s.Environment, p.ID)
			if err != nil || guarded {
				return ForSomebody, false, err
			}
		}
		if s.Group != "" {
			busy, err := exist(ctx, tx, `SELECT COUNT(*) FROM pipeline_step s WHERE s.repository_id = $1 AND s.concurrency_group = $2 AND s.is_current AND s.state IN ('READY', 'IN_PROGRESS')`,
				s.RepositoryID, s.Group)
			if err != nil || busy {
				return ForGroup, false, err
			}
		}
		if s.Environment != "" {
			busy, err := room.deploying(ctx, tx, p, s)
			if err != nil || busy {
				return ForEnvironment, false, err
			}
		}
		return "", false, nil
	}
}

// deploying tells whether another pipeline deploys to the environment of a step at this moment, and so the step has to wait.
func (room *Room) deploying(ctx context.Context, tx *database.Tx, p *Pipeline, s *Step) (bool, error) {
	return exist(ctx, tx, `SELECT COUNT(*) FROM pipeline_step s WHERE s.repository_id = $1 AND s.environment = $2 AND s.pipeline_id <> $3 AND s.is_current AND s.state IN ('READY', 'IN_PROGRESS')`,
		s.RepositoryID, s.Environment, p.ID)
}

func exist(ctx context.Context, q database.Queryer, count string, args ...any) (bool, error) {
	var n int
	err := q.Row(ctx, count, args...).Scan(&n)
	return n > 0, err
}

// conditions are those of a step and, of the first one of a stage, that of the stage.
func (s *script) conditions(position int) (all []*pipefile.Condition) {
	if stage := s.stageOf(position); stage != nil && stage.Condition != nil {
		all = append(all, stage.Condition)
	}
	if own := s.steps[position].Condition; own != nil {
		all = append(all, own)
	}
	return all
}

// moment are the variables that conditions look at: what the pipeline is run for and was given, and what its steps have left.
func (room *Room) moment(ctx context.Context, q database.Queryer, p *Pipeline, steps []Step) (map[string]string, error) {
	given, err := room.inputs(ctx, q, p.ID)
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for i := range steps {
		maps.Copy(all, steps[i].Outputs)
	}
	for _, v := range given {
		all[v.Name] = v.Value
	}
	maps.Copy(all, standing(&p.Target, nil))
	return all, nil
}
