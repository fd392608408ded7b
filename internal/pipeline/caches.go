package pipeline

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/runnerapi"
)

// cache is a directory that steps of a repository keep from pipeline to pipeline: a tar file, compressed by gzip.
type cache struct {
	id           string
	repositoryID string
	pipelineID   string // that filled it, which may be gone
	stepID       string
	name         string
	key          string
	path         string
	size         int64
	hash         string // SHA-256 in hex
	created      time.Time
}

// Limits of caches: of one in bytes, of a repository's in number and in bytes together. Those that were not used for longest go first.
// One GiB and a week are Bitbucket Cloud's.
const (
	MaxCache      = 1 << 30
	maxCaches     = 50
	maxCacheBytes = 5 << 30
	maxCacheName  = 255
)

// cacheJSON is a cache as the API writes it (schema pipeline_cache).
type cacheJSON struct {
	Type         string    `json:"type"`
	UUID         string    `json:"uuid"`
	PipelineUUID string    `json:"pipeline_uuid"`
	StepUUID     string    `json:"step_uuid"`
	Name         string    `json:"name"`
	KeyHash      string    `json:"key_hash"`
	Path         string    `json:"path"`
	Size         int64     `json:"file_size_bytes"`
	CreatedOn    rest.Time `json:"created_on"`
}

// contentURIJSON is where the content of a cache is (schema pipeline_cache_content_uri).
type contentURIJSON struct {
	URI string `json:"uri"`
}

func (k *cache) render() cacheJSON {
	return cacheJSON{"pipeline_cache", rest.Braced(k.id), rest.Braced(k.pipelineID), rest.Braced(k.stepID), k.name, k.key, k.path, k.size, rest.Time(k.created)}
}

const (
	cacheColumns = `k.id, k.repository_id, k.pipeline_id, k.step_id, k.name, k.key, k.path, k.size, k.hash, k.created_on`
	fromCaches   = ` FROM pipeline_cache k WHERE k.repository_id = $1`
)

func scanCache(row func(...any) error) (k cache, err error) {
	var created int64
	err = row(&k.id, &k.repositoryID, &k.pipelineID, &k.stepID, &k.name, &k.key, &k.path, &k.size, &k.hash, &created)
	k.created = database.Time(created)
	return k, err
}

var cacheFields = bbql.Fields{
	"uuid":            {Column: "k.id", Kind: bbql.UUID},
	"name":            {Column: "k.name", Kind: bbql.String},
	"key_hash":        {Column: "k.key", Kind: bbql.String},
	"file_size_bytes": {Column: "k.size", Kind: bbql.Number},
	"created_on":      {Column: "k.created_on", Kind: bbql.Time},
}

func (room *Room) listCaches(c *access.Call, r *repository.Repository) (any, error) {
	return rest.Listing[cache]{Columns: cacheColumns, From: fromCaches, Args: []any{r.ID}, Order: `k.created_on DESC, k.id`, Fields: cacheFields, Scan: scanCache}.
		Answer(c.Context(), room.DB, c.Request, func(k *cache) any { return k.render() })
}

func (room *Room) findCache(c *access.Call, r *repository.Repository) (cache, error) {
	return named(c, "cache_uuid", rest.Refuse(reason.ResourceNotFound, "The repository has no cache with this uuid."), func(ctx context.Context, id string) (cache, error) {
		return scanCache(room.DB.Row(ctx, `SELECT `+cacheColumns+fromCaches+` AND k.id = $2`, r.ID, id).Scan)
	})
}

// deleteCaches deletes the caches with a name (DELETE .../pipelines-config/caches). A *rest.Error says that there is none.
func (room *Room) deleteCaches(c *access.Call, r *repository.Repository) (any, error) {
	name := c.Query().Get("name")
	if name == "" {
		return nil, rest.InvalidField("name", "the name of the caches to delete, in the query")
	}
	return nil, room.dropCaches(c.Context(), r.ID, ` AND k.name = $2`, name)
}

func (room *Room) deleteCache(c *access.Call, r *repository.Repository) (any, error) {
	k, err := room.findCache(c, r)
	if err != nil {
		return nil, err
	}
	return nil, room.dropCaches(c.Context(), r.ID, ` AND k.id = $2`, k.id)
}

func (room *Room) dropCaches(ctx context.Context, repositoryID, which string, arg any) error {
	var ids []string
	err := room.DB.Update(ctx, func(tx *database.Tx) (err error) {
		if ids, err = database.Collect(ctx, tx, scanID, `SELECT k.id`+fromCaches+which, repositoryID, arg); err != nil {
			return err
		}
		for _, id := range ids {
			if _, err := tx.Exec(ctx, `DELETE FROM pipeline_cache WHERE id = $1`, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && len(ids) == 0 {
		return rest.Refuse(reason.ResourceNotFound, "The repository has no such cache.")
	}
	if err == nil {
		room.discard(repositoryID, ids...)
	}
	return err
}

func scanID(row func(...any) error) (id string, err error) { return id, row(&id) }

// cacheURI tells where the content of a cache is. Bitbucket Cloud answers with an address that is open to whoever has it; here it takes the
// credential that this operation takes (GET .../pipelines-config/caches/{cache_uuid}/content-uri).
func (room *Room) cacheURI(c *access.Call, r *repository.Repository) (any, error) {
	k, err := room.findCache(c, r)
	if err != nil {
		return nil, err
	}
	return contentURIJSON{room.URLs.API("repositories", r.Workspace.Slug, r.Slug, "pipelines-config", "caches", rest.Braced(k.id), "content").Href}, nil
}

func (room *Room) cacheContent(c *access.Call, r *repository.Repository) (any, error) {
	k, err := room.findCache(c, r)
	if err != nil {
		return nil, err
	}
	return room.opened(c, r.ID, k.id, rest.Content{Type: runnerapi.Archive, Tag: k.hash, Name: "cache.tar.gz", Size: k.size})
}

// cacheKey reads what a runner calls a cache.
func cacheKey(c *access.Call) (name, key string, err error) {
	name, key = c.Param("name"), c.Query().Get("key")
	for field, s := range map[string]string{"name": name, "key": key} {
		if s == "" && field == "name" || len(s) > maxCacheName || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
			return "", "", rest.InvalidField(field, "up to 255 bytes, without control characters")
		}
	}
	return name, key, nil
}

// fetchCache delivers a cache of the repository to the runner of a step.
func (room *Room) fetchCache(c *access.Call, _ *Runner, s *Step) (any, error) {
	name, key, err := cacheKey(c)
	if err != nil {
		return nil, err
	}
	ctx, now := c.Context(), room.Now()
	k, err := scanCache(room.DB.Row(ctx, `SELECT `+cacheColumns+fromCaches+` AND k.name = $2 AND k.key = $3 AND k.created_on > $4`,
		s.RepositoryID, name, key, database.Micros(now.Add(-room.Keep.caches()))).Scan)
	if errors.Is(err, database.ErrNoRows) {
		return nil, rest.Refuse(reason.ResourceNotFound, "There is no such cache (any more).")
	}
	if err != nil {
		return nil, err
	}
	if err := room.DB.Record(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE pipeline_cache SET used_on = $2 WHERE id = $1`, k.id, database.Micros(now))
		return err
	}); err != nil {
		return nil, err
	}
	return room.opened(c, s.RepositoryID, k.id, rest.Content{Type: runnerapi.Archive, Tag: k.hash, Size: k.size})
}

// keepCache keeps what a step has filled, in place of what was under the same name and key. What a repository has too much goes, that
// which was not used for longest first.
func (room *Room) keepCache(c *access.Call, _ *Runner, s *Step) (any, error) {
	name, key, err := cacheKey(c)
	if err != nil {
		return nil, err
	}
	in, of, err := room.said(c.Context(), s)
	if err != nil {
		return nil, err
	}
	declared := caches(in.file, of.Caches)
	i := slices.IndexFunc(declared, func(k runnerapi.Cache) bool { return k.Name == name })
	if i < 0 {
		return nil, rest.InvalidField("name", "the step has no cache of this name in the file")
	}
	id, size, hash, err := room.keep(c, s.RepositoryID, MaxCache)
	if err != nil {
		return nil, err
	}
	ctx, now := c.Context(), database.Micros(room.Now())
	var gone []string
	err = room.DB.Update(ctx, func(tx *database.Tx) (err error) {
		// The repository's row first: what it may have is counted.
		if err := (place{what: "repository", id: s.RepositoryID}).lock(ctx, tx); err != nil {
			return err
		}
		if _, err := room.held(ctx, tx, s.RunnerID, s.ID); err != nil {
			return err
		}
		if gone, err = database.Collect(ctx, tx, scanID, `SELECT k.id`+fromCaches+` AND k.name = $2 AND k.key = $3`, s.RepositoryID, name, key); err != nil {
			return err
		}
		all, err := database.Collect(ctx, tx, scanCache, `SELECT `+cacheColumns+fromCaches+` AND NOT (k.name = $2 AND k.key = $3) ORDER BY k.used_on DESC, k.id`, s.RepositoryID, name, key)
		if err != nil {
			return err
		}
		total := size
		for i, k := range all {
			if total += k.size; i >= maxCaches-1 || total > maxCacheBytes {
				gone = append(gone, k.id)
			}
		}
		for _, id := range gone {
			if _, err := tx.Exec(ctx, `DELETE FROM pipeline_cache WHERE id = $1`, id); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `INSERT INTO pipeline_cache (id, repository_id, pipeline_id, step_id, name, key, path, size, hash, created_on, used_on)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)`, id, s.RepositoryID, s.PipelineID, s.ID, name, key, declared[i].Path, size, hash, now)
		return err
	})
	if err != nil {
		room.discard(s.RepositoryID, id)
		return nil, err
	}
	room.discard(s.RepositoryID, gone...)
	return nil, nil
}
