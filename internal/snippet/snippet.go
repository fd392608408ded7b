package snippet

import (
	"context"
	"log/slog"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/workspace"
)

// Room serves snippets. Its fields are what it stands on.
type Room struct {
	DB           *database.DB
	Git          *gitstore.Store
	Accounts     *account.Room
	Workspaces   *workspace.Room
	Repositories *repository.Room // which says what is shown of Git
	URLs         rest.URLs
	Log          *slog.Logger
	Now          func() time.Time
	// Changed is told the id of each snippet whose files were changed; it must not wait. nil: nobody is.
	Changed func(id string)
}

func (room *Room) changed(id string) {
	if room.Changed != nil {
		room.Changed(id)
	}
}

// Snippet is a snippet's row. Its files are in the git store under the same ID.
type Snippet struct {
	ID        string
	Encoded   string // its name in addresses
	CreatorID string // of the account that made it; "": none did, or it is gone
	Title     string // may be ""
	Private   bool
	Created   time.Time
	Updated   time.Time

	Workspace workspace.Workspace
}

// Branch is the one branch of a snippet.
const Branch = "main"

const branchRef = gitstore.BranchPrefix + Branch

// Limits of snippets.
const (
	maxSnippets = 10_000   // of one workspace
	maxTitle    = 255      // characters
	maxFiles    = 250      // of one snippet
	maxFile     = 10 << 20 // bytes of one file
	maxBytes    = MaxBytes
)

// MaxBytes is how many bytes all files of a snippet have together, and what one push to it brings.
const MaxBytes = 100 << 20

// Snippets is the snippet that a path names by workspace and encoded id.
//
// A public snippet is for everybody to see, a private one for the members of its workspace, and every member may change the title
// and the files of both (Bitbucket Cloud support, Snippets overview, "Permissions in snippets", for those of a workspace; there
// are no others here). Who may delete one, or make a private one public, is written nowhere: here whoever made it, and
// the owners of the workspace. Of a member's level that is Write and Admin. Collaborators, who reach single projects or repositories,
// are no members. Any account may comment on a public snippet, and watch it (tag Snippets: snippets "by other users that the current
// user is either watching or has collaborated on").
func (room *Room) Snippets() *access.Resource[*Snippet] {
	workspaces := room.Workspaces.Workspaces()
	return &access.Resource[*Snippet]{Name: "snippet", Params: [2]string{"workspace", "encoded_id"}, NotFound: notFound,
		Find: func(ctx context.Context, p *access.Principal, workspaceName, encoded string) (found access.Found[*Snippet], err error) {
			if !validEncoded(encoded) {
				return found, access.ErrAbsent
			}
			within, err := workspaces.Find(ctx, p, workspaceName, "")
			if err != nil {
				return found, err
			}
			s, err := find(ctx, room.DB, within.Value.ID, encoded)
			if err != nil {
				return found, err
			}
			return access.Found[*Snippet]{Value: s, Level: s.level(p, within.Level), Public: !s.Private, WorkspaceID: s.Workspace.ID}, nil
		}}
}

// level is how far p reaches on the snippet, where it reaches as far as held on the workspace. What belongs to the
// whole workspace and to nobody, such as its access tokens, does there what its scopes say.
func (s *Snippet) level(p *access.Principal, held access.Level) access.Level {
	member := held >= access.Write
	switch {
	case held >= access.Admin, member && p.OfResource(), member && s.CreatorID != "" && s.CreatorID == p.AccountID():
		return access.Admin
	case member:
		return access.Write
	case !s.Private && p.Account != nil:
		return access.Read
	}
	return access.None
}

// administers is nil for who acts as p and may do everything with a snippet. A *rest.Error says otherwise.
func (room *Room) administers(ctx context.Context, p *access.Principal, s *Snippet) error {
	names := map[string]string{"workspace": rest.Braced(s.Workspace.ID), "encoded_id": s.Encoded}
	_, err := access.Visit(room.Accounts.Gate, ctx, p, room.Snippets().Needs(access.Admin), func(name string) string { return names[name] })
	return err
}

// notFound is the answer (404) to whoever may not see a snippet, the same whether it exists or not.
func notFound(_, _ string) *rest.Error {
	return rest.Refuse(reason.ResourceNotFound, "There is no such snippet, or this caller may not see it.").WithMessage("Snippet not found.")
}

// Shelves are the workspaces as the list of their snippets sees them: one that holds a public snippet lets everybody in, though it
// is private itself. The list shows what the caller may see.
func (room *Room) Shelves() *access.Resource[workspace.Workspace] {
	workspaces := room.Workspaces.Workspaces()
	return &access.Resource[workspace.Workspace]{Name: "list of snippets", Params: workspaces.Params, NotFound: workspaces.NotFound,
		Find: func(ctx context.Context, p *access.Principal, name, _ string) (access.Found[workspace.Workspace], error) {
			found, err := workspaces.Find(ctx, p, name, "")
			if err == nil && found.Level < access.Read && !found.Public {
				found.Public, err = holdsPublic(ctx, room.DB, found.Value.ID)
			}
			return found, err
		}}
}
