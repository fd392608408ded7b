package pipeline

import (
	"context"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/pipefile"
)

// gate is what steps of a pipeline wait for whose turn it is: another step of their concurrency group in the repository, and another
// pipeline that deploys to their environment. The caller holds the lock of the repository.
func (room *Room) gate(ctx context.Context, tx *database.Tx, p *Pipeline) gate {
	return func(s *Step, of *pipefile.Step) (waits string, skipped bool, err error) {
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
