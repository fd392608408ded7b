package pipeline

import (
	"context"

	"github.com/pailforge/pail/internal/runnerapi"
)

// Taker is taker.
type Taker = taker

// Claim, Renew, Finish and Expire are what a runner's operations stand on.
func (room *Room) Claim(ctx context.Context, by Taker) (Step, bool, error) {
	return room.claim(ctx, by)
}
func (room *Room) Renew(ctx context.Context, runnerID, stepID, phase string) (bool, error) {
	return room.renew(ctx, runnerID, stepID, phase)
}
func (room *Room) Finish(ctx context.Context, runnerID, stepID string, r runnerapi.Result) error {
	return room.finish(ctx, runnerID, stepID, r)
}
func (room *Room) Expire(ctx context.Context) error { return room.expire(ctx) }

// StepsOf are the steps of a pipeline as they were run last.
func (room *Room) StepsOf(ctx context.Context, pipelineID string) ([]Step, error) {
	return currentSteps(ctx, room.DB, pipelineID)
}
