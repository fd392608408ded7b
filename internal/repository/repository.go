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
	Language    string
	ForkPolicy  string
	HasIssues   bool
	HasWiki     bool
	MainBranch  string // "" while there are no commits
	Size        int64  // bytes on disk, as of the last push
	Created     time.Time
	Updated     time.Time

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
