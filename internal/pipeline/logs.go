package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// logRow is a log: of a step, whose id it has, or of one of its services.
type logRow struct {
	id           string
	stepID       string
	repositoryID string
	name         string // of the service; "" of the step
	cut          string // cutByLimit or cutByDisk, where it ends before its end; ""
}

const logColumns = `l.id, l.step_id, l.repository_id, l.name, l.cut`

func scanLog(row func(...any) error) (l logRow, err error) {
	return l, row(&l.id, &l.stepID, &l.repositoryID, &l.name, &l.cut)
}

// findLog is a log of a step; database.ErrNoRows where there is none.
func findLog(ctx context.Context, q database.Queryer, stepID, id string) (logRow, error) {
	return scanLog(q.Row(ctx, `SELECT `+logColumns+` FROM pipeline_log l WHERE l.step_id = $1 AND l.id = $2`, stepID, id).Scan)
}

// addLog makes the row of a log, in tx, unless there is one.
func addLog(ctx context.Context, tx *database.Tx, l logRow, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO pipeline_log (id, step_id, repository_id, name, cut, created_on) VALUES ($1, $2, $3, $4, '', $5) ON CONFLICT (id) DO NOTHING`,
		l.id, l.stepID, l.repositoryID, l.name, database.Micros(now))
	return err
}

// Log is a log as it is kept.
type Log struct {
	ID   string
	Name string // of the service; "" of the step itself
	Cut  string // why it ends before its end: limit, disk; "" for not
	Size int64  // bytes so far
}

// Logs are the logs of a step, its own first; none once they were removed.
func (room *Room) Logs(ctx context.Context, stepID string) ([]Log, error) {
	rows, err := database.Collect(ctx, room.DB, scanLog, `SELECT `+logColumns+` FROM pipeline_log l WHERE l.step_id = $1 ORDER BY CASE WHEN l.id = l.step_id THEN 0 ELSE 1 END, l.name, l.id`, stepID)
	logs := make([]Log, len(rows))
	for i, l := range rows {
		logs[i] = Log{l.id, l.name, l.cut, room.size(&l)}
	}
	return logs, err
}

// size is how long a log is by now, in bytes.
func (room *Room) size(l *logRow) int64 {
	size, err := room.Store.Size(l.repositoryID, l.id)
	if err != nil {
		return 0
	}
	return size
}

const octets = "application/octet-stream"

// accepts tells whether the answer to a request may be of a type (RFC 9110, 12.5.1).
func accepts(r *http.Request, kind string) bool {
	values := r.Header.Values("Accept")
	if len(values) == 0 {
		return true
	}
	top, _, _ := strings.Cut(kind, "/")
	best, accepted := -1, false
	for _, part := range strings.Split(strings.Join(values, ","), ",") {
		media, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		rank := map[string]int{"*/*": 0, top + "/*": 1, kind: 2}
		if at, ok := rank[media]; ok && at > best {
			q, err := strconv.ParseFloat(params["q"], 64)
			best, accepted = at, err != nil || q > 0
		}
	}
	return accepted
}

// stepLog delivers the log of a step (GET .../steps/{step_uuid}/log).
func (room *Room) stepLog(c *access.Call, r *repository.Repository) (any, error) {
	s, err := room.loggedStep(c, r)
	if err != nil {
		return nil, err
	}
	return room.deliverLog(c, &s, s.ID)
}

// oneLog delivers the log of a step or of one of its services (GET .../steps/{step_uuid}/logs/{log_uuid}).
func (room *Room) oneLog(c *access.Call, r *repository.Repository) (any, error) {
	s, err := room.loggedStep(c, r)
	if err != nil {
		return nil, err
	}
	id, ok := rest.Unbraced(c.Param("log_uuid"))
	if !ok {
		return nil, rest.Refuse(reason.ResourceNotFound, "The step has no log with this uuid. That of the step itself has the uuid of the step.")
	}
	return room.deliverLog(c, &s, id)
}

// loggedStep is the step of the path, for who takes octets.
func (room *Room) loggedStep(c *access.Call, r *repository.Repository) (Step, error) {
	if !accepts(c.HTTP, octets) {
		return Step{}, rest.Refuse(reason.NotAcceptable, "A log is application/octet-stream. Send Accept: application/octet-stream, or no header Accept.")
	}
	return room.leftStep(c, r)
}

func (room *Room) deliverLog(c *access.Call, s *Step, id string) (any, error) {
	l, err := findLog(c.Context(), room.DB, s.ID, id)
	if errors.Is(err, database.ErrNoRows) {
		return nil, room.noLog(s, id)
	}
	if err != nil {
		return nil, err
	}
	size, err := room.Store.Size(l.repositoryID, l.id)
	if errors.Is(err, fs.ErrNotExist) { // it has printed nothing yet
		return rest.Content{Type: octets, Tag: l.id + "-0", Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("")), nil }}, nil
	}
	if err != nil {
		return nil, err
	}
	return room.opened(c, l.repositoryID, l.id, rest.Content{Type: octets, Tag: fmt.Sprintf("%s-%d", l.id, size), Size: size})
}

func (room *Room) noLog(s *Step, id string) error {
	switch {
	case id == s.ID && s.Started.IsZero():
		return rest.Refuse(reason.ResourceNotFound, "The step has not run: it has no log yet.")
	case id == s.ID:
		return rest.Refusef(reason.ResourceNotFound, "The log of this step was removed: this server keeps logs for %d days.", int(room.Keep.logs().Hours()/24))
	}
	return rest.Refuse(reason.ResourceNotFound, "The step has no log with this uuid. That of the step itself has the uuid of the step.")
}
