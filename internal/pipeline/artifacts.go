package pipeline

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/filestore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/runnerapi"
)

// Artifact is a set of files that a step has left: a tar file, compressed by gzip.
type Artifact struct {
	ID           string
	StepID       string
	RepositoryID string
	Name         string
	Kind         string // of pipefile.Shared, Scoped and TestReports
	Size         int64  // bytes
	Hash         string // SHA-256 in hex
	Created      time.Time
}

// Limits of artifacts: of one in bytes, of those of one step, and of a repository's together in bytes. One GiB is Bitbucket Cloud's.
const (
	MaxArtifact      = 1 << 30
	maxArtifacts     = 50
	maxArtifactBytes = 50 << 30
)

// artifactJSON is an artifact as the API writes it. Bitbucket Cloud has none.
type artifactJSON struct {
	Type      string               `json:"type"`
	UUID      string               `json:"uuid"`
	StepUUID  string               `json:"step_uuid"`
	Name      string               `json:"name"`
	Kind      string               `json:"artifact_type"`
	Size      int64                `json:"file_size_bytes"`
	CreatedOn rest.Time            `json:"created_on"`
	ExpiresOn rest.Time            `json:"expires_on"`
	Links     map[string]rest.Link `json:"links"`
}

const (
	artifactColumns = `f.id, f.step_id, f.repository_id, f.name, f.kind, f.size, f.hash, f.created_on`
	fromArtifacts   = ` FROM pipeline_artifact f WHERE f.step_id = $1`
)

func scanArtifact(row func(...any) error) (a Artifact, err error) {
	var created int64
	err = row(&a.ID, &a.StepID, &a.RepositoryID, &a.Name, &a.Kind, &a.Size, &a.Hash, &created)
	a.Created = database.Time(created)
	return a, err
}

var artifactFields = bbql.Fields{
	"uuid":            {Column: "f.id", Kind: bbql.UUID},
	"name":            {Column: "f.name", Kind: bbql.String},
	"artifact_type":   {Column: "f.kind", Kind: bbql.String},
	"file_size_bytes": {Column: "f.size", Kind: bbql.Number},
	"created_on":      {Column: "f.created_on", Kind: bbql.Time},
}

func (room *Room) renderArtifact(r *repository.Repository, s *Step, a *Artifact) artifactJSON {
	return artifactJSON{"pipeline_artifact", rest.Braced(a.ID), rest.Braced(a.StepID), a.Name, a.Kind, a.Size, rest.Time(a.Created), rest.Time(a.Created.Add(room.Keep.artifacts())),
		map[string]rest.Link{"self": room.URLs.API("repositories", r.Workspace.Slug, r.Slug, "pipelines", rest.Braced(s.PipelineID), "steps", rest.Braced(s.ID), "artifacts", rest.Braced(a.ID))}}
}

func (room *Room) listArtifacts(c *access.Call, r *repository.Repository) (any, error) {
	s, err := room.leftStep(c, r)
	if err != nil {
		return nil, err
	}
	return rest.Listing[Artifact]{Columns: artifactColumns, From: fromArtifacts, Args: []any{s.ID}, Order: `f.created_on, f.id`, Fields: artifactFields, Scan: scanArtifact}.
		Answer(c.Context(), room.DB, c.Request, func(a *Artifact) any { return room.renderArtifact(r, &s, a) })
}

// Artifacts are what a step has left, in the order in which it came: at most maxArtifacts.
func (room *Room) Artifacts(ctx context.Context, stepID string) ([]Artifact, error) {
	return database.Collect(ctx, room.DB, scanArtifact, `SELECT `+artifactColumns+fromArtifacts+` ORDER BY f.created_on, f.id`, stepID)
}

func (room *Room) findArtifact(c *access.Call, r *repository.Repository) (Artifact, error) {
	s, err := room.leftStep(c, r)
	if err != nil {
		return Artifact{}, err
	}
	absent := rest.Refusef(reason.ResourceNotFound, "The step has no artifact with this uuid. This server keeps artifacts for %d days.", int(room.Keep.artifacts().Hours()/24))
	return named(c, "artifact_uuid", absent, func(ctx context.Context, id string) (Artifact, error) {
		return scanArtifact(room.DB.Row(ctx, `SELECT `+artifactColumns+fromArtifacts+` AND f.id = $2`, s.ID, id).Scan)
	})
}

func (room *Room) getArtifact(c *access.Call, r *repository.Repository) (any, error) {
	a, err := room.findArtifact(c, r)
	if err != nil {
		return nil, err
	}
	return room.opened(c, a.RepositoryID, a.ID, rest.Content{Type: runnerapi.Archive, Tag: a.Hash, Name: a.FileName(), Size: a.Size})
}

// FileName is what an artifact is called where it is kept.
func (a *Artifact) FileName() string {
	name, ok := filestore.Name(strings.NewReplacer("/", "-", `\`, "-").Replace(a.Name))
	if !ok || name == "" {
		name = "artifact"
	}
	return name + ".tar.gz"
}

// OpenArtifact opens what an artifact holds. Whoever asks has found it with Artifacts.
func (room *Room) OpenArtifact(a Artifact) (io.ReadCloser, error) {
	return room.Store.Open(a.RepositoryID, a.ID)
}

func (room *Room) deleteArtifact(c *access.Call, r *repository.Repository) (any, error) {
	a, err := room.findArtifact(c, r)
	if err != nil {
		return nil, err
	}
	err = room.DB.Update(c.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(c.Context(), `DELETE FROM pipeline_artifact WHERE id = $1`, a.ID)
		return err
	})
	if err == nil {
		room.discard(a.RepositoryID, a.ID)
	}
	return nil, err
}

// discard takes a file away whose row is gone. One that stays is swept later.
func (room *Room) discard(repositoryID string, ids ...string) {
	for _, id := range ids {
		if err := room.Store.Remove(repositoryID, id); err != nil {
			room.Log.Warn("a file of a pipeline is still there", "repository", repositoryID, "file", id, "error", err)
		}
	}
}

// limited is the body of a request, and refuses it when it is longer than most bytes.
func limited(c *access.Call, most int64) (io.Reader, error) {
	if c.HTTP.ContentLength > most {
		return nil, rest.Refusef(reason.BodyTooLarge, "It has %d bytes; up to %d are kept.", c.HTTP.ContentLength, most)
	}
	return http.MaxBytesReader(nil, io.NopCloser(c.HTTP.Body), most), nil
}

// keep writes the body of a request to a new file, and gives its size and hash.
func (room *Room) keep(c *access.Call, repositoryID string, most int64) (id string, size int64, hash string, err error) {
	if id, err = newID(); err != nil {
		return "", 0, "", err
	}
	body, err := limited(c, most)
	if err != nil {
		return "", 0, "", err
	}
	size, hash, err = room.Store.Keep(repositoryID, id, body)
	if err != nil {
		return "", 0, "", bodyOrFault(err)
	}
	return id, size, hash, nil
}

// keepArtifact keeps what a step has left, in place of what it left under the same name.
func (room *Room) keepArtifact(c *access.Call, _ *Runner, s *Step) (any, error) {
	ctx := c.Context()
	name := c.Query().Get("name")
	_, of, err := room.said(ctx, s)
	if err != nil {
		return nil, err
	}
	declared := artifacts(of.Artifacts.Upload)
	i := slices.IndexFunc(declared, func(a runnerapi.Artifact) bool { return a.Name == name })
	if i < 0 {
		return nil, rest.InvalidField("name", "the step has no artifact of this name in the file")
	}
	id, size, hash, err := room.keep(c, s.RepositoryID, MaxArtifact)
	if err != nil {
		return nil, err
	}
	var old string
	err = room.DB.Update(ctx, func(tx *database.Tx) error {
		old = ""
		if err := room.hold(ctx, tx, s); err != nil {
			return err
		}
		var there int
		if err := tx.Row(ctx, `SELECT COUNT(*)`+fromArtifacts, s.ID).Scan(&there); err != nil {
			return err
		}
		err := tx.Row(ctx, `SELECT f.id`+fromArtifacts+` AND f.name = $2`, s.ID, name).Scan(&old)
		if err != nil && !errors.Is(err, database.ErrNoRows) {
			return err
		}
		if old == "" && there >= maxArtifacts {
			return rest.Refusef(reason.ValueInvalid, "A step may leave %d artifacts.", maxArtifacts).WithMessage("Too many artifacts")
		}
		var total int64
		if err := tx.Row(ctx, `SELECT COALESCE(SUM(size), 0) FROM pipeline_artifact WHERE repository_id = $1 AND id <> $2`, s.RepositoryID, old).Scan(&total); err != nil {
			return err
		}
		if total+size > maxArtifactBytes {
			return rest.Refusef(reason.BodyTooLarge, "The artifacts of the repository have %d bytes; up to %d are kept. Delete some that nobody needs any more.", total, int64(maxArtifactBytes))
		}
		if old != "" {
			if _, err := tx.Exec(ctx, `DELETE FROM pipeline_artifact WHERE id = $1`, old); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `INSERT INTO pipeline_artifact (id, step_id, repository_id, name, kind, size, hash, created_on) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			id, s.ID, s.RepositoryID, name, declared[i].Type, size, hash, database.Micros(room.Now()))
		return err
	})
	if err != nil {
		room.discard(s.RepositoryID, id)
		return nil, err
	}
	if old != "" {
		room.discard(s.RepositoryID, old)
	}
	return nil, nil
}

// hold has the row of a step, which its runner still has, for the rest of a transaction.
func (room *Room) hold(ctx context.Context, tx *database.Tx, s *Step) error {
	n, err := tx.Exec(ctx, `UPDATE pipeline_step SET name = name WHERE id = $1 AND runner_id = $2 AND state = '`+InProgress+`'`, s.ID, s.RunnerID)
	if err == nil && n == 0 {
		return errLeaseLost()
	}
	return err
}

// fetchArtifact delivers an artifact of an earlier step of the same pipeline to the runner of a step.
func (room *Room) fetchArtifact(c *access.Call, _ *Runner, s *Step) (any, error) {
	absent := rest.Refuse(reason.ResourceNotFound, "The pipeline of the step has no artifact with this uuid.")
	a, err := named(c, "artifact_uuid", absent, func(ctx context.Context, id string) (Artifact, error) {
		return scanArtifact(room.DB.Row(ctx, `SELECT `+artifactColumns+` FROM pipeline_artifact f JOIN pipeline_step s ON s.id = f.step_id
			WHERE f.id = $1 AND s.pipeline_id = $2`, id, s.PipelineID).Scan)
	})
	if err != nil {
		return nil, err
	}
	return room.opened(c, a.RepositoryID, a.ID, rest.Content{Type: runnerapi.Archive, Tag: a.Hash, Size: a.Size})
}
