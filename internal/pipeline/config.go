package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// config is what a repository's pipelines are set up with; the zero value where nobody has.
type config struct {
	enabled               bool
	lastBuild             int64
	publicKey, privateKey string // the private one is sealed
}

// configJSON is config as the API writes it (schema pipelines_config).
type configJSON struct {
	Type       string             `json:"type"`
	Enabled    bool               `json:"enabled"`
	Repository repository.Summary `json:"repository"`
}

type configBody struct {
	Enabled *bool `json:"enabled"`
}

// buildNumberJSON is the number that the next pipeline gets (schema pipeline_build_number).
type buildNumberJSON struct {
	Type string `json:"type"`
	Next int64  `json:"next"`
}

type buildNumberBody struct {
	Next *int64 `json:"next"`
}

// maxBuildNumber leaves room for builds after it, and is a number that every client can read.
const maxBuildNumber = 1 << 31

func readConfig(ctx context.Context, q database.Queryer, repositoryID string) (s config, err error) {
	err = q.Row(ctx, `SELECT enabled, last_build_number, public_key, private_key FROM pipeline_config WHERE repository_id = $1`, repositoryID).
		Scan(&s.enabled, &s.lastBuild, &s.publicKey, &s.privateKey)
	if errors.Is(err, database.ErrNoRows) {
		return config{}, nil
	}
	return s, err
}

// change changes what a repository's pipelines are set up with, one after the other.
func (room *Room) change(ctx context.Context, r *repository.Repository, f func(*config) error) (s config, err error) {
	err = room.DB.Update(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO pipeline_config (repository_id, enabled, last_build_number, public_key, private_key) VALUES ($1, FALSE, 0, '', '')
			ON CONFLICT (repository_id) DO UPDATE SET enabled = pipeline_config.enabled`, r.ID)
		if database.IsReference(err) {
			return rest.Refuse(reason.RepositoryNotFound, "")
		}
		if err != nil {
			return err
		}
		if s, err = readConfig(ctx, tx, r.ID); err != nil {
			return err
		}
		if err := f(&s); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE pipeline_config SET enabled = $2, last_build_number = $3, public_key = $4, private_key = $5 WHERE repository_id = $1`,
			r.ID, s.enabled, s.lastBuild, s.publicKey, s.privateKey)
		return err
	})
	return s, err
}

func (room *Room) renderConfig(r *repository.Repository, s config) configJSON {
	return configJSON{"repository_pipelines_configuration", s.enabled, room.Repositories.Summarize(r)}
}

func (room *Room) getConfig(c *access.Call, r *repository.Repository) (any, error) {
	s, err := readConfig(c.Context(), room.DB, r.ID)
	return room.renderConfig(r, s), err
}

func (room *Room) putConfig(c *access.Call, r *repository.Repository) (any, error) {
	var b configBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	if b.Enabled == nil {
		return nil, rest.MissingField("enabled")
	}
	s, err := room.change(c.Context(), r, func(s *config) error {
		s.enabled = *b.Enabled
		return nil
	})
	return room.renderConfig(r, s), err
}

// putBuildNumber has the next pipeline get a number that is higher than all so far (PUT .../pipelines_config/build_number).
func (room *Room) putBuildNumber(c *access.Call, r *repository.Repository) (any, error) {
	var b buildNumberBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	if b.Next == nil {
		return nil, rest.MissingField("next")
	}
	_, err := room.change(c.Context(), r, func(s *config) error {
		if *b.Next <= s.lastBuild || *b.Next > maxBuildNumber {
			return rest.InvalidField("next", fmt.Sprintf("it must be above %d, the last number that was given, and at most %d", s.lastBuild, maxBuildNumber))
		}
		s.lastBuild = *b.Next - 1
		return nil
	})
	if err != nil {
		return nil, err
	}
	return buildNumberJSON{"pipeline_build_number", *b.Next}, nil
}
