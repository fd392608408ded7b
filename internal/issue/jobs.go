package issue

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/filestore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// Limits of exports and imports: how many go on at once, how many wait, how long the archive of an export and what became of either is
// kept, how many are kept of one repository, and how long one that does not move is taken for alive.
const (
	jobsAtOnce = 2
	maxJobs    = 100
	keepJobs   = 24 * time.Hour
	maxKept    = 10
	jobLease   = 30 * time.Second
	jobBeat    = time.Second
)

// The statuses of a job (schema issue_job_status, and in words SUCCESS).
const (
	accepted  = "ACCEPTED"
	started   = "STARTED"
	succeeded = "SUCCESS"
	failed    = "FAILURE"
)

type jobKind string

const (
	exporting jobKind = "export"
	importing jobKind = "import"
)

// jobs are the exports and imports that wait here, or go on.
type jobs struct {
	once    sync.Once
	waiting chan *job
	mu      sync.Mutex
	here    map[string]*job
}

func (q *jobs) channel() chan *job {
	q.once.Do(func() { q.waiting = make(chan *job, maxJobs) })
	return q.waiting
}

func (q *jobs) enter(j *job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.here == nil {
		q.here = map[string]*job{}
	}
	q.here[j.id] = j
}

func (q *jobs) leave(j *job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.here, j.id)
}

// job is an export or an import.
type job struct {
	id    string
	kind  jobKind
	r     *repository.Repository
	files bool // an export: with the files of issues
	now   atomic.Pointer[progress]
}

// progress is how far a job is.
type progress struct {
	status, phase string
	done, total   int64
}

var waiting = progress{status: accepted, phase: "Waiting"}

// begin says what comes now, and how many of it there are.
func (j *job) begin(phase string, total int64) {
	j.now.Store(&progress{started, phase, 0, total})
}

// step says that n more are done.
func (j *job) step(n int64) {
	p := *j.now.Load()
	p.done = min(p.done+n, p.total)
	j.now.Store(&p)
}

// jobJSON is how far an export or an import is (schema issue_job_status). What one has failed of stands in phase, since the schema has
// no other place for it.
type jobJSON struct {
	Type    string `json:"type"`
	Status  string `json:"status"`
	Phase   string `json:"phase"`
	Total   int64  `json:"total"`
	Count   int64  `json:"count"`
	Percent int64  `json:"pct"`
}

func (p *progress) render() jobJSON {
	j := jobJSON{"issue_job_status", p.status, p.phase, p.total, p.done, 0}
	switch {
	case p.status == succeeded:
		j.Percent = 100
	case p.total > 0:
		j.Percent = 100 * p.done / p.total
	}
	return j
}

// archives are the operations on exports and imports. They hold everything in a tracker, so they are its administrators'.
func (room *Room) archives(all string) []access.Operation {
	administers := room.Repositories.Repositories().Needs(access.Admin)
	return []access.Operation{
		access.On("POST "+all+"/export", administers, tracked(room.postExport)).Takes(exportBody{}).Answers(jobJSON{}, http.StatusAccepted),
		access.On("GET "+all+"/export/{repo_name}-issues-{task_id}.zip", administers, tracked(room.getExport)).Answers(jobJSON{}, http.StatusOK, http.StatusAccepted).Delivers(),
		access.On("POST "+all+"/import", administers, tracked(room.postImport)).Answers(jobJSON{}, http.StatusAccepted),
		access.On("GET "+all+"/import", administers, tracked(room.getImport)).Answers(jobJSON{}, http.StatusOK, http.StatusAccepted),
	}
}

// exportBody is what beginning an export reads (schema export_options). Which project of Jira an archive is for, and whether to write
// an e-mail, is accepted and has no meaning here: an archive is the same for everybody, and whoever asks gets its address at once.
type exportBody struct {
	Type               *string `json:"type"`
	ProjectKey         *string `json:"project_key"`
	ProjectName        *string `json:"project_name"`
	SendEmail          *bool   `json:"send_email"`
	IncludeAttachments *bool   `json:"include_attachments"` // without: true
}

func (room *Room) postExport(c *access.Call, r *repository.Repository) (any, error) {
	var b exportBody
	if c.HTTP.ContentLength != 0 {
		if err := c.Decode(&b); err != nil {
			return nil, err
		}
	}
	j := &job{kind: exporting, r: r, files: b.IncludeAttachments == nil || *b.IncludeAttachments}
	if err := room.begin(c.Context(), j, nil); err != nil {
		return nil, err
	}
	return acceptedAt(room.link(r, "issues", "export", r.Slug+"-issues-"+j.id+".zip")), nil
}

func acceptedAt(place rest.Link) rest.Answer {
	return rest.Answer{Status: http.StatusAccepted, Body: waiting.render(), Header: http.Header{"Location": {place.Href}}}
}

// postImport takes the archive in the field called archive of a form, and begins to import it. It replaces everything in the tracker.
func (room *Room) postImport(c *access.Call, r *repository.Repository) (any, error) {
	parts, ok := c.Parts()
	if !ok {
		return nil, rest.Refuse(reason.MediaTypeUnsupported, "This operation takes multipart/form-data with a file called archive, as curl -F archive=@NAME sends it.")
	}
	for {
		part, err := parts.Next()
		if errors.Is(err, io.EOF) {
			return nil, rest.MissingField("archive")
		}
		if err != nil {
			return nil, err
		}
		if part.File == "" {
			continue // whatever the field is called, as for attachments
		}
		j := &job{kind: importing, r: r}
		if err := room.begin(c.Context(), j, func() error {
			if err := room.keepArchive(r.ID, j.id, part); err != nil {
				return err
			}
			// The rest of the body too: what was cut off is no whole archive.
			if _, err := parts.Next(); !errors.Is(err, io.EOF) {
				if err == nil {
					err = rest.InvalidField("archive", "one file is imported at a time, and nothing comes behind it")
				}
				return err
			}
			return nil
		}); err != nil {
			return nil, err
		}
		return acceptedAt(room.link(r, "issues", "import")), nil
	}
}

func (room *Room) keepArchive(repositoryID, id string, from io.Reader) error {
	_, _, err := room.Archives.Keep(repositoryID, id, from)
	if broken, ok := errors.AsType[*filestore.ReadError](err); ok {
		return rest.BodyError(broken.Err)
	}
	return err
}

// begin notes a job and puts it in the queue. prepare, unless it is nil, brings what it needs while nobody else can begin one. A
// *rest.Error says that one goes on already.
func (room *Room) begin(ctx context.Context, j *job, prepare func() error) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	j.id = id.String()
	j.now.Store(&waiting)
	queue := room.jobs.channel()
	now := room.Now()
	gone, err := room.expire(ctx, j.r.ID)
	room.forget(gone)
	if err != nil {
		return err
	}
	room.jobs.enter(j)
	err = room.DB.Update(ctx, func(tx *database.Tx) error {
		// Whatever was at one that does not move has ended.
		if err := room.bury(ctx, tx, j.r.ID, now); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO issue_job (id, repository_id, kind, status, phase, done, total, refusal, size, hash, created_on, due_on)
			VALUES ($1, $2, $3, $4, $5, 0, 0, '', 0, '', $6, $7)`, j.id, j.r.ID, string(j.kind), accepted, j.now.Load().phase, database.Micros(now), database.Micros(now.Add(jobLease)))
		return err
	})
	if err != nil {
		room.jobs.leave(j)
		switch {
		case database.IsUnique(err):
			return rest.Refuse(reason.IssueJobRunning, "").WithHeader("Retry-After", "5")
		case database.IsReference(err):
			return rest.Refuse(reason.RepositoryNotFound, "The repository was removed while the request ran.")
		}
		return err
	}
	if prepare != nil {
		stop := room.beat(context.WithoutCancel(ctx), j)
		err := prepare()
		stop()
		if err != nil {
			room.jobs.leave(j)
			return errors.Join(err, room.withdraw(context.WithoutCancel(ctx), j))
		}
	}
	select {
	case queue <- j:
		return nil
	default:
		room.jobs.leave(j)
		busy := rest.Refusef(reason.ServerBusy, "%d exports and imports are waiting already.", maxJobs).WithHeader("Retry-After", "30")
		return errors.Join(busy, room.withdraw(context.WithoutCancel(ctx), j))
	}
}

// withdraw takes a job back that was not begun.
func (room *Room) withdraw(ctx context.Context, j *job) error {
	room.forget([]keptArchive{{j.r.ID, j.id}})
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM issue_job WHERE id = $1`, j.id)
		return err
	})
}

// bury notes of the jobs of a repository that do not move any more that they have failed.
func (room *Room) bury(ctx context.Context, tx *database.Tx, repositoryID string, now time.Time) error {
	rows, err := database.Collect(ctx, tx, func(row func(...any) error) (id string, err error) { return id, row(&id) },
		`SELECT id FROM issue_job WHERE repository_id = $1 AND status IN ('ACCEPTED', 'STARTED') AND due_on < $2`, repositoryID, database.Micros(now))
	if err != nil {
		return err
	}
	for _, id := range rows {
		if room.job(id) != nil {
			continue // it is alive, and its beat waits for the store
		}
		text, err := json.Marshal(keptRefusal(interrupted()))
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE issue_job SET status = 'FAILURE', refusal = $2 WHERE id = $1 AND status IN ('ACCEPTED', 'STARTED')`, id, string(text)); err != nil {
			return err
		}
	}
	return nil
}

func interrupted() *rest.Error {
	return rest.Refuse(reason.ServerStopping, "The server was stopped before this was done. Nothing of it is there; begin again.")
}

// job is one that waits or goes on in this process; nil: none.
func (room *Room) job(id string) *job {
	room.jobs.mu.Lock()
	defer room.jobs.mu.Unlock()
	return room.jobs.here[id]
}

// keptArchive is a file in Archives.
type keptArchive struct{ repositoryID, id string }

// expire forgets the jobs that are too old, and those of a repository that are too many. It gives their archives.
func (room *Room) expire(ctx context.Context, repositoryID string) (gone []keptArchive, err error) {
	scan := func(row func(...any) error) (k keptArchive, err error) { return k, row(&k.repositoryID, &k.id) }
	old := database.Micros(room.Now().Add(-keepJobs))
	err = room.DB.Record(ctx, func(tx *database.Tx) error {
		gone, err = database.Collect(ctx, tx, scan, `DELETE FROM issue_job WHERE created_on < $1 AND status IN ('SUCCESS', 'FAILURE') RETURNING repository_id, id`, old)
		if err != nil || repositoryID == "" {
			return err
		}
		more, err := database.Collect(ctx, tx, scan, `DELETE FROM issue_job WHERE repository_id = $1 AND status IN ('SUCCESS', 'FAILURE') AND id NOT IN
			(SELECT id FROM issue_job WHERE repository_id = $1 ORDER BY created_on DESC, id DESC LIMIT $2) RETURNING repository_id, id`, repositoryID, maxKept)
		gone = append(gone, more...)
		return err
	})
	return gone, err
}

// forget removes archives that no job has any more. What fails is swept later.
func (room *Room) forget(gone []keptArchive) {
	for _, k := range gone {
		if err := room.Archives.Remove(k.repositoryID, k.id); err != nil && !errors.Is(err, errNotExist) {
			room.Log.Warn("an archive that nobody needs is still there", "repository", k.repositoryID, "task", k.id, "error", err)
		}
	}
}

// Run exports and imports in the background until ctx ends. What goes on then is given up, and so is what waits: either is said to have
// failed, and nothing of it stays.
func (room *Room) Run(ctx context.Context) {
	var all sync.WaitGroup
	queue := room.jobs.channel()
	for range jobsAtOnce {
		all.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case j := <-queue:
					room.work(ctx, j)
				}
			}
		})
	}
	all.Go(func() {
		often := time.NewTicker(time.Hour)
		defer often.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-often.C:
				gone, err := room.expire(ctx, "")
				if room.forget(gone); err != nil && ctx.Err() == nil {
					room.Log.Warn("old exports are still there", "error", err)
				}
			}
		}
	})
	all.Wait()
	for {
		select {
		case j := <-queue:
			room.settle(context.WithoutCancel(ctx), j, interrupted())
		default:
			return
		}
	}
}

func (room *Room) work(ctx context.Context, j *job) {
	stop := room.beat(ctx, j)
	var err error
	if j.begin("Reading", 0); j.kind == exporting {
		err = room.export(ctx, j)
	} else {
		err = room.imports(ctx, j)
	}
	stop()
	if err != nil && ctx.Err() != nil {
		err = interrupted()
	}
	room.settle(context.WithoutCancel(ctx), j, err)
}

// beat notes how far a job is, time and again, until it is stopped.
func (room *Room) beat(ctx context.Context, j *job) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var one sync.WaitGroup
	one.Go(func() {
		often := time.NewTicker(jobBeat)
		defer often.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-often.C:
			}
			p := j.now.Load()
			err := room.DB.Record(ctx, func(tx *database.Tx) error {
				_, err := tx.Exec(ctx, `UPDATE issue_job SET status = $2, phase = $3, done = $4, total = $5, due_on = $6 WHERE id = $1 AND status IN ('ACCEPTED', 'STARTED')`,
					j.id, p.status, p.phase, p.done, p.total, database.Micros(room.Now().Add(jobLease)))
				return err
			})
			if err != nil && ctx.Err() == nil {
				room.Log.Warn("how far an export or import of issues is was not noted", "task", j.id, "error", err)
			}
		}
	})
	return func() {
		cancel()
		one.Wait()
	}
}

// refusal is why a job has failed, as it is kept.
type refusal struct {
	Reason  reason.Code    `json:"reason"`
	Status  int            `json:"status"`
	Message string         `json:"message"`
	Detail  any            `json:"detail"`
	Data    map[string]any `json:"data,omitempty"`
}

func keptRefusal(e *rest.Error) refusal {
	return refusal{e.Reason, e.Status, e.Message, e.Detail, e.Data}
}

// settle notes what became of a job. What an export has made, and that an import was made, was noted with it.
func (room *Room) settle(ctx context.Context, j *job, outcome error) {
	defer room.jobs.leave(j)
	if j.kind == importing || outcome != nil {
		room.forget([]keptArchive{{j.r.ID, j.id}})
	}
	if outcome == nil {
		return
	}
	var e *rest.Error
	if broken, ok := errors.AsType[*Broken](outcome); ok {
		e = broken.refusal()
	} else if known, ok := errors.AsType[*rest.Error](outcome); ok {
		e = known
	} else {
		room.Log.Error("an export or import of issues failed", "repository", j.r.ID, "task", j.id, "error", outcome)
		e = rest.Fault(outcome)
	}
	text, err := json.Marshal(keptRefusal(e))
	if err == nil {
		p := j.now.Load()
		err = room.DB.Update(ctx, func(tx *database.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE issue_job SET status = 'FAILURE', phase = $2, done = $3, total = $4, refusal = $5 WHERE id = $1 AND status <> 'SUCCESS'`,
				j.id, p.phase, p.done, p.total, string(text))
			return err
		})
	}
	if err != nil {
		room.Log.Error("what became of an export or import of issues was not noted", "task", j.id, "error", err)
	}
}

// finish notes in the transaction that ends a job that it is done.
func (room *Room) finish(ctx context.Context, tx *database.Tx, j *job, size int64, hash string) error {
	p := j.now.Load()
	n, err := tx.Exec(ctx, `UPDATE issue_job SET status = 'SUCCESS', phase = $2, done = $3, total = $3, size = $4, hash = $5 WHERE id = $1 AND status IN ('ACCEPTED', 'STARTED')`,
		j.id, p.phase, p.total, size, hash)
	if err == nil && n == 0 {
		err = interrupted() // it was taken for dead, and another may have begun
	}
	return err
}

// state is how far a job is that the store has.
type state struct {
	progress
	id, hash string
	size     int64
	created  time.Time
	why      *rest.Error // of one that has failed
}

// look reads how far a job is: that with an id, or the last of its kind with "". ErrNoRows: there is none.
func (room *Room) look(ctx context.Context, repositoryID string, kind jobKind, id string) (s state, err error) {
	query, args := `SELECT id, status, phase, done, total, refusal, size, hash, created_on, due_on FROM issue_job WHERE repository_id = $1 AND kind = $2`, []any{repositoryID, string(kind)}
	if id != "" {
		query, args = query+` AND id = $3`, append(args, id)
	}
	var text string
	var created, due int64
	err = room.DB.Row(ctx, query+` ORDER BY created_on DESC, id DESC LIMIT 1`, args...).Scan(&s.id, &s.status, &s.phase, &s.done, &s.total, &text, &s.size, &s.hash, &created, &due)
	if err != nil {
		return s, err
	}
	s.created = database.Time(created)
	if s.status == accepted || s.status == started {
		if j := room.job(s.id); j != nil {
			s.progress = *j.now.Load()
		} else if room.Now().After(database.Time(due)) {
			s.status, s.why = failed, interrupted()
		}
	}
	if s.status == failed && s.why == nil {
		var why refusal
		if err := json.Unmarshal([]byte(text), &why); err != nil {
			return s, err
		}
		s.why = rest.Refuse(why.Reason, "")
		s.why.Status, s.why.Message, s.why.Detail, s.why.Data = why.Status, why.Message, why.Detail, why.Data
	}
	return s, nil
}

// getExport tells how far an export is, and delivers it once it is done. One that has failed is refused for what it has failed of.
func (room *Room) getExport(c *access.Call, r *repository.Repository) (any, error) {
	none := rest.Refuse(reason.ResourceNotFound, "The repository has no such export, or none any more: they are kept for a day.")
	id, ok := rest.Unbraced(c.Param("task_id"))
	if !ok {
		return nil, none
	}
	s, err := room.look(c.Context(), r.ID, exporting, id)
	if errors.Is(err, database.ErrNoRows) || err == nil && s.status == succeeded && room.Now().Sub(s.created) > keepJobs {
		return nil, none
	}
	switch {
	case err != nil:
		return nil, err
	case s.status == failed:
		return nil, s.why
	case s.status != succeeded:
		return rest.Answer{Status: http.StatusAccepted, Body: s.render()}, nil
	}
	file, err := room.Archives.Open(r.ID, s.id)
	if errors.Is(err, errNotExist) {
		return nil, none
	}
	if err != nil {
		return nil, err
	}
	context.AfterFunc(c.Context(), func() { _ = file.Close() }) // also when nothing of it is read
	return rest.Content{Type: "application/zip", Tag: s.hash, Name: r.Slug + "-issues-" + s.id + ".zip", Size: s.size, Open: func() (io.ReadCloser, error) { return file, nil }}, nil
}

// getImport tells how far the last import is: 202 while it goes on, 200 with SUCCESS or FAILURE once it is done.
func (room *Room) getImport(c *access.Call, r *repository.Repository) (any, error) {
	s, err := room.look(c.Context(), r.ID, importing, "")
	if errors.Is(err, database.ErrNoRows) {
		return nil, rest.Refuse(reason.ResourceNotFound, "Nothing was imported into this repository, or not of late.")
	}
	if err != nil {
		return nil, err
	}
	shown := s.render()
	switch s.status {
	case failed:
		shown.Phase = s.said()
		return rest.Answer{Status: http.StatusOK, Body: shown, Header: http.Header{"X-Pail-Reason": {string(s.why.Reason)}}}, nil
	case succeeded:
		return shown, nil
	}
	return rest.Answer{Status: http.StatusAccepted, Body: shown}, nil
}

// said is why a job has failed, in one sentence behind the code of the reason.
func (s *state) said() string {
	detail, _ := s.why.Detail.(string)
	return string(s.why.Reason) + ": " + detail
}
