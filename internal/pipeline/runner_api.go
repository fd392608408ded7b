package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/filestore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/runnerapi"
)

// This file is the server's side of package runnerapi: what a runner asks and sends. Each operation is of one runner, which is named by
// the path and by the token, and all but the first are about a step that it holds the lease of.

// ofRunner is the runner that the path names: for its own token, and for nobody else.
func (room *Room) ofRunner() *access.Resource[Runner] {
	return &access.Resource[Runner]{
		Name: "runner", Params: [2]string{"runner_uuid"},
		NotFound: func(string, string) *rest.Error {
			return rest.Refuse(reason.ResourceNotFound, "The token is of no runner with this uuid.")
		},
		Find: func(ctx context.Context, p *access.Principal, uuid, _ string) (access.Found[Runner], error) {
			id, ok := rest.Unbraced(uuid)
			if !ok || p.Kind != access.Runner || p.ID != id {
				return access.Found[Runner]{}, access.ErrAbsent
			}
			w, err := room.runner(ctx, id)
			if errors.Is(err, database.ErrNoRows) {
				err = access.ErrAbsent
			}
			return access.Found[Runner]{Value: w, Level: access.Admin}, err
		},
	}
}

func (room *Room) runner(ctx context.Context, id string) (Runner, error) {
	return scanRunner(room.DB.Row(ctx, `SELECT `+runnerColumns+` FROM pipeline_runner u WHERE u.id = $1`, id).Scan)
}

// forRunners are the operations that runners call.
func (room *Room) forRunners() []access.Operation {
	const steps = "/runners/{runner_uuid}/steps"
	const step = steps + "/{step_uuid}"
	need := room.ofRunner().Needs(access.Admin)
	name := access.Parameter{Name: "name", Does: "What it is called."}
	key := access.Parameter{Name: "key", Does: "What the cache is kept under."}
	offset := access.Parameter{Name: "offset", Does: "Where in the log the part begins, in bytes."}
	of := func(h func(*access.Call, *Runner, *Step) (any, error)) func(*access.Call, Runner) (any, error) {
		return func(c *access.Call, w Runner) (any, error) {
			s, err := room.leased(c, &w)
			if err != nil {
				return nil, err
			}
			return h(c, &w, &s)
		}
	}
	return []access.Operation{
		access.On("POST "+steps, need, room.ask).Takes(runnerapi.Ask{}).Answers(runnerapi.Step{}, http.StatusOK, http.StatusNoContent),
		access.On("PUT "+step, need, of(room.beat)).Takes(runnerapi.Beat{}).Answers(runnerapi.Orders{}),
		access.On("POST "+step+"/logs/{log_uuid}", need, of(room.appendLog)).Answers(runnerapi.Written{}).Asks(offset),
		access.On("GET "+step+"/artifacts/{artifact_uuid}", need, of(room.fetchArtifact)).Answers(nil, http.StatusOK).Delivers(),
		access.On("PUT "+step+"/artifacts", need, of(room.keepArtifact)).Answers(nil).Asks(name),
		access.On("GET "+step+"/caches/{name}", need, of(room.fetchCache)).Answers(nil, http.StatusOK).Delivers().Asks(key),
		access.On("PUT "+step+"/caches/{name}", need, of(room.keepCache)).Answers(nil).Asks(key),
		access.On("PUT "+step+"/reports", need, of(room.readReport)).Answers(nil).Asks(name),
		access.On("POST "+step+"/result", need, of(room.result)).Takes(runnerapi.Result{}).Answers(nil),
	}
}

// ByRunners tells whether an operation brings the bytes of a file from a runner: such bodies are not held in memory.
func ByRunners(key string) bool { return slices.Contains(bringing, key) }

var bringing = []string{
	"POST /runners/{runner_uuid}/steps/{step_uuid}/logs/{log_uuid}", "PUT /runners/{runner_uuid}/steps/{step_uuid}/artifacts",
	"PUT /runners/{runner_uuid}/steps/{step_uuid}/caches/{name}", "PUT /runners/{runner_uuid}/steps/{step_uuid}/reports",
}

// leased is the step that the path names, where the runner holds its lease. The repository must still be one that the runner works for: it
// may have gone to another workspace. Anything else is answered alike, so that a runner learns nothing of steps that are not its own.
func (room *Room) leased(c *access.Call, w *Runner) (Step, error) {
	return named(c, "step_uuid", errLeaseLost(), func(ctx context.Context, id string) (Step, error) {
		return scanStep(room.DB.Row(ctx, `SELECT `+stepColumns+` FROM pipeline_step s JOIN repository p ON p.id = s.repository_id
			WHERE s.id = $1 AND s.runner_id = $2 AND s.state = '`+InProgress+`' AND (p.id = $3 OR p.workspace_id = $4)`, id, w.ID, w.RepositoryID, w.WorkspaceID).Scan)
	})
}

// seenEvery is how exact the time is at which a runner was last seen.
const seenEvery = 10 * time.Second

// seen notes that a runner is there, and what it is.
func (room *Room) seen(ctx context.Context, w *Runner, version string) error {
	now := room.Now()
	if version == "" {
		version = w.Version
	}
	if now.Sub(w.Seen) < seenEvery && version == w.Version {
		return nil
	}
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE pipeline_runner SET seen_on = $2, version = $3 WHERE id = $1`, w.ID, database.Micros(now), version)
		return err
	})
}

// maxVersion is how long a program may say that its version is, in bytes.
const maxVersion = 100

// ask gives a runner a step, as soon as there is one for it; the answer is empty when none came up.
func (room *Room) ask(c *access.Call, w Runner) (any, error) {
	var b runnerapi.Ask
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	for _, e := range b.Executors {
		if e != runnerapi.Docker && e != runnerapi.Shell {
			return nil, rest.InvalidField("executors", "of "+runnerapi.Docker+" and "+runnerapi.Shell)
		}
	}
	if len(b.Executors) == 0 {
		return nil, rest.InvalidField("executors", "a runner needs one to run a step")
	}
	if _, err := rest.Text("version", &b.Version, maxVersion); err != nil {
		return nil, err
	}
	ctx := c.Context()
	if !room.asking.begin(w.ID) {
		return nil, rest.Refusef(reason.RateLimited, "%d requests of this runner wait for a step already.", maxAsking).WithHeader("Retry-After", "10")
	}
	defer room.asking.end(w.ID)
	if err := room.seen(ctx, &w, b.Version); err != nil {
		return nil, err
	}
	wait := runnerapi.Wait
	if room.Patience > 0 {
		wait = min(wait, room.Patience)
	}
	over := time.NewTimer(wait)
	defer over.Stop()
	poll := time.NewTicker(polls)
	defer poll.Stop()
	for {
		woken := room.offers.wait() // from before the look: what comes up while it lasts is not missed
		s, ok, err := room.offer(ctx, w.ID, b.Executors)
		if err != nil {
			return nil, err
		}
		if ok {
			return s, nil
		}
		if room.stopped.Load() {
			return nil, nil
		}
		select {
		case <-woken:
		case <-poll.C: // what other nodes have done
		case <-over.C:
			return nil, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// maxAsking is how many requests of one runner may wait for a step: it has as many as it runs steps at a time.
const maxAsking = 100

// asking counts the requests of runners that wait for a step, by the runner.
type asking struct {
	mu  sync.Mutex
	all map[string]int
}

func (a *asking) begin(id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.all == nil {
		a.all = map[string]int{}
	}
	if a.all[id] >= maxAsking {
		return false
	}
	a.all[id]++
	return true
}

func (a *asking) end(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.all[id]--; a.all[id] <= 0 {
		delete(a.all, id)
	}
}

// offer is a step for a runner, as it is told of it; ok is false when there is none. One that cannot be told ends, and the next is looked for.
func (room *Room) offer(ctx context.Context, runnerID string, executors []string) (*runnerapi.Step, bool, error) {
	for {
		w, err := room.runner(ctx, runnerID) // it may have been disabled while it waited
		if errors.Is(err, database.ErrNoRows) || err == nil && (w.Disabled || w.Cordoned) {
			return nil, false, nil
		}
		if err != nil {
			return nil, false, err
		}
		s, ok, err := room.claim(ctx, taker{ID: w.ID, WorkspaceID: w.WorkspaceID, RepositoryID: w.RepositoryID, Labels: w.Labels, Executors: executors})
		if !ok || err != nil {
			return nil, false, err
		}
		told, err := room.prepare(ctx, &w, &s)
		if err == nil {
			return told, true, nil
		}
		// It is this step that cannot be run, and no other must wait for it. Whoever reads it learns why; the log has the rest.
		room.Log.Error("a step was not given to its runner", "step", s.ID, "error", err)
		message := "The server could not make the step ready. Its log says why."
		if refused, ok := errors.AsType[*rest.Error](err); ok && refused.Cause == nil {
			message, _ = refused.Detail.(string)
		}
		if err := room.finish(ctx, w.ID, s.ID, runnerapi.Result{Outcome: runnerapi.Errored, Reason: runnerapi.RunnerFault, Message: message}); err != nil {
			return nil, false, err
		}
	}
}

func (room *Room) beat(c *access.Call, w *Runner, s *Step) (any, error) {
	var b runnerapi.Beat
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	switch b.Phase {
	case runnerapi.SetUp, runnerapi.Script, runnerapi.AfterScript, runnerapi.TearDown:
	default:
		return nil, rest.InvalidField("phase", "of setup, script, after-script and teardown")
	}
	stop, err := room.renew(c.Context(), w.ID, s.ID, b.Phase)
	if err != nil {
		return nil, err
	}
	return runnerapi.Orders{Stop: stop}, room.seen(c.Context(), w, "")
}

func (room *Room) result(c *access.Call, w *Runner, s *Step) (any, error) {
	var b runnerapi.Result
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	if b.Reason != "" && !slices.Contains(stepReasons, b.Reason) {
		return nil, rest.InvalidField("reason", "a code of the family step")
	}
	for name := range b.Outputs {
		if !variableName.MatchString(name) || len(name) > maxVariableName {
			return nil, rest.InvalidField("outputs", "a name has letters, digits and underscores, and no digit in front")
		}
	}
	return nil, room.finish(c.Context(), w.ID, s.ID, b)
}

// stepReasons are why a step ended without an exit code of its own.
var stepReasons = []string{runnerapi.TimedOut, runnerapi.OutOfMemory, runnerapi.ImageMissing, runnerapi.CloneFailed, runnerapi.ServiceFailed, runnerapi.DiskFull,
	runnerapi.NoExecutor, runnerapi.Killed, runnerapi.RunnerGone, runnerapi.RunnerFault}

// MaxLog is how long a log may be, in bytes. What follows is not kept.
const MaxLog = 100 << 20

// cutLine stands at the end of a log that was longer.
const cutLine = "\n[The log is longer than 100 MiB. What follows was not kept.]\n"

// Why a log ends before its end.
const (
	cutByLimit = "limit"
	cutByDisk  = "disk"
)

// appendLog writes a part of a log. A part that comes again changes nothing; one of which the part before is missing is refused.
func (room *Room) appendLog(c *access.Call, _ *Runner, s *Step) (any, error) {
	ctx := c.Context()
	offset, err := strconv.ParseInt(c.Query().Get("offset"), 10, 64)
	if err != nil || offset < 0 {
		return nil, rest.InvalidField("offset", "where the part begins, in bytes")
	}
	l, err := named(c, "log_uuid", errLeaseLost(), func(ctx context.Context, id string) (logRow, error) { return findLog(ctx, room.DB, s.ID, id) })
	if err != nil {
		return nil, err
	}
	if l.cut != "" {
		return runnerapi.Written{Next: offset, Full: true}, nil
	}
	size, full, err := room.Store.Append(s.RepositoryID, l.id, offset, MaxLog, c.HTTP.Body)
	switch {
	case errors.Is(err, filestore.ErrGap):
		return nil, rest.InvalidField("offset", fmt.Sprintf("the part begins at %d, and the log has %d bytes: what is between them is missing", offset, size)).With("next", size)
	case diskFull(err):
		// The step goes on without a log: it is not its fault, and what there is is kept.
		room.Log.Error("a log was cut: the disk is full", "step", s.ID, "log", l.id)
		return runnerapi.Written{Next: size, Full: true}, room.cutLog(ctx, l.id, cutByDisk)
	case err != nil:
		return nil, bodyOrFault(err)
	}
	if full {
		if _, _, err := room.Store.Append(s.RepositoryID, l.id, size, MaxLog+int64(len(cutLine)), strings.NewReader(cutLine)); err != nil && !diskFull(err) {
			return nil, err
		}
		return runnerapi.Written{Next: size, Full: true}, room.cutLog(ctx, l.id, cutByLimit)
	}
	return runnerapi.Written{Next: size}, nil
}

func (room *Room) cutLog(ctx context.Context, logID, why string) error {
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE pipeline_log SET cut = $2 WHERE id = $1`, logID, why)
		return err
	})
}

// diskFull tells whether there is no room for more on the disk, or for whom the server runs as.
func diskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// bodyOrFault tells an error of what was sent from one of the server.
func bodyOrFault(err error) error {
	if broken, ok := errors.AsType[*filestore.ReadError](err); ok {
		return rest.BodyError(broken.Err)
	}
	if diskFull(err) {
		e := rest.Refuse(reason.ServerDiskFull, "")
		e.Cause = err
		return e
	}
	return err
}

// opened is a file of the store as the answer to a request.
func (room *Room) opened(c *access.Call, repositoryID, id string, as rest.Content) (any, error) {
	file, err := room.Store.Open(repositoryID, id)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(c.HTTP.Context(), func() { _ = file.Close() }) // also when nothing of it is read
	as.Open = func() (io.ReadCloser, error) { return file, nil }
	return as, nil
}
