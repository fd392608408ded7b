package pullrequest

import (
	"context"
	"maps"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/event"
	"github.com/pailforge/pail/internal/repository"
)

// emit tells of something that happened to a pull request of r, with more beside it. more may be nil.
func (room *Room) emit(ctx context.Context, tx *database.Tx, key event.Key, r *repository.Repository, pr *PullRequest, more func() (event.Payload, error)) error {
	room.stirred(tx, pr)
	return room.Repositories.Emit(ctx, tx, key, r, func() (event.Payload, error) {
		shown, err := room.renderOne(ctx, tx, nil, r, pr)
		p := event.Payload{"pullrequest": shown}
		if err != nil || more == nil {
			return p, err
		}
		beside, err := more()
		maps.Copy(p, beside)
		return p, err
	})
}
