package search

import (
	"context"
	"errors"
	"net/url"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/workspace"
)

// Operations lists what this room serves.
func (room *Room) Operations() []access.Operation {
	asks := []access.Parameter{
		{Name: "search_query", Does: "What to search for: words, \"phrases\", AND, OR, NOT, brackets, and the modifiers repo:, project:, path:, ext: and lang:."},
		{Name: "page", Does: "Which page of the results, from 1."},
		{Name: "pagelen", Does: "How many results a page has, from 1 to 100; 10 without it."},
	}
	shelves := room.Repositories.Shelves()
	teams := *shelves
	teams.Params = [2]string{"username"}
	return []access.Operation{
		access.On("GET /workspaces/{workspace}/search/code", shelves.Reads(), room.search).Answers(pageJSON{}).Asks(asks...),
		access.On("GET /teams/{username}/search/code", teams.Reads(), room.search).Answers(pageJSON{}).Asks(asks...),
		access.On("GET /users/{selected_user}/search/code", room.owners(shelves).Reads(), room.search).Answers(pageJSON{}).Asks(asks...),
	}
}

// owners are what Bitbucket Cloud once had as the users that own repositories: workspaces, as repositories name them under
// owner. An account stands for the workspace with its username, as a personal one has it; an account without owns nothing.
func (room *Room) owners(shelves *access.Resource[workspace.Workspace]) *access.Resource[workspace.Workspace] {
	return &access.Resource[workspace.Workspace]{Name: "owner of repositories", Params: [2]string{"selected_user"}, NotFound: account.NotFound,
		Find: func(ctx context.Context, p *access.Principal, name, _ string) (access.Found[workspace.Workspace], error) {
			visible := func(name string) (access.Found[workspace.Workspace], bool, error) {
				found, err := shelves.Find(ctx, p, name, "")
				if errors.Is(err, access.ErrAbsent) {
					return found, false, nil
				}
				return found, err == nil && (found.Level >= access.Read || found.Public), err
			}
			if found, ok, err := visible(name); err != nil || ok {
				return found, err
			}
			a, err := room.Accounts.Find(ctx, room.Accounts.DB, name)
			if errors.Is(err, account.ErrNotFound) {
				return access.Found[workspace.Workspace]{}, access.ErrAbsent
			}
			if err != nil {
				return access.Found[workspace.Workspace]{}, err
			}
			if found, ok, err := visible(a.Username); err != nil || ok {
				return found, err
			}
			return access.Found[workspace.Workspace]{Public: true}, nil
		}}
}

// pageJSON is a page of results (schema search_result_page).
type pageJSON struct {
	Size        int          `json:"size"`
	Page        int          `json:"page"`
	Pagelen     int          `json:"pagelen"`
	Substituted bool         `json:"query_substituted"` // never: a query is searched for as it is, or refused
	Next        string       `json:"next,omitempty"`
	Previous    string       `json:"previous,omitempty"`
	Values      []resultJSON `json:"values"`
}

// resultJSON is a file that fits (schema search_code_search_result).
type resultJSON struct {
	Type    string              `json:"type"`
	Count   int                 `json:"content_match_count"`
	Matches []Match             `json:"content_matches"`
	Path    []Segment           `json:"path_matches"`
	File    repository.FileJSON `json:"file"`
}

func (room *Room) search(c *access.Call, w workspace.Workspace) (any, error) {
	p, err := c.Paging(rest.DefaultPagelen)
	if err != nil {
		return nil, err
	}
	found, err := room.Search(c.Context(), c.Principal, &w, c.Query().Get("search_query"), p.Pagelen, p.Offset())
	if err != nil {
		return nil, err
	}
	values := make([]resultJSON, len(found.Files))
	for i, f := range found.Files {
		values[i] = resultJSON{Type: "code_search_result", Count: f.Count, Matches: f.Matches, Path: f.Name, File: room.Repositories.RenderFile(f.Repository, f.Commit, f.Path)}
		if f.Matches == nil {
			values[i].Matches = []Match{}
		}
	}
	l := rest.Uncounted(c.Request, p, values, p.Offset()+p.Pagelen < found.Size, url.Values{})
	return pageJSON{Size: found.Size, Page: p.Page, Pagelen: p.Pagelen, Next: l.Next, Previous: l.Previous, Values: values}, nil
}
