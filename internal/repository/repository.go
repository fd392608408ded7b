package repository

import (
	"time"

	"github.com/pailforge/pail/internal/workspace"
)

// Repository is a repository's row. Its commits are in the git store under the same ID.
type Repository struct {
	ID          string
	Slug        string
	Name        string
	Description string
	Private     bool
	Language    string // in lower case
	// LanguageSaid tells that somebody said so; else it is what most of the code on the main branch is written in.
	LanguageSaid bool
	ForkPolicy   string
	HasIssues    bool
	HasWiki      bool
	MainBranch   string // "" while there are no commits
	Size         int64  // bytes on disk, as of the last push
	ParentID     string // of the repository that it was forked from, while that is there; ""
	Created      time.Time
	Updated      time.Time

	Workspace workspace.Workspace
	Project   workspace.Project
}

// FullName is the repository's name within the server: workspace/slug.
func (r *Repository) FullName() string { return r.Workspace.Slug + "/" + r.Slug }

// The fork policies (schema repository).
const (
	AllowForks    = "allow_forks"
	NoPublicForks = "no_public_forks"
	NoForks       = "no_forks"
)

// DefaultBranch is the branch that a new repository starts with, unless the first push brings other ones.
const DefaultBranch = "main"
