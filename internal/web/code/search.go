package code

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/search"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/workspace"
)

// searchPage is what the search for code shows.
type searchPage struct {
	Workspace workspace.Workspace
	Text      string // that was searched for
	Problem   string // why it cannot be searched for
	Size      int    // files that fit
	Behind    int    // repositories that are being indexed
	Files     []foundFile
	Pager     page.Pager
}

// foundFile is a file that fits.
type foundFile struct {
	search.File
	Home    string // of the repository
	Address string // of the file
	Parts   []foundPart
	More    bool // places that fit than are shown
}

// foundPart is lines that stand together.
type foundPart struct{ Lines []foundLine }

type foundLine struct {
	search.Line
	Address string
}

// What one page of results shows at most.
const (
	maxFound = 20 // files
	maxParts = 5  // of one file
)

func (p *Pages) search(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	content := searchPage{Workspace: w, Text: r.URL.Query().Get("q")}
	if content.Text != "" {
		found, err := p.Search.Search(r.Context(), r.Principal, &w, content.Text, maxFound, (r.Page()-1)*maxFound)
		if problem, ok := refusal(err); ok {
			content.Problem = problem
		} else if err != nil {
			return page.Answer{}, err
		}
		content.Size, content.Behind = found.Size, found.Behind
		for _, f := range found.Files {
			content.Files = append(content.Files, newFound(f))
		}
		content.Pager = r.Pager(r.Page()*maxFound < found.Size)
	}
	return r.Render(templates, page.View{Template: "search", Title: "Code · " + w.Name, Section: "workspaces", Trail: trail(&w), Content: content})
}

// refusal is what is wrong with a query, in words.
func refusal(err error) (text string, ok bool) {
	e, ok := errors.AsType[*rest.Error](err)
	if !ok || e.Status != http.StatusBadRequest {
		return "", false
	}
	return fmt.Sprint(e.Detail), true
}

// newFound is a file with the addresses of its lines.
func newFound(f search.File) foundFile {
	at := foundFile{File: f, Home: address(f.Repository), Address: address(f.Repository, "src", string(f.Commit), f.Path)}
	shown := f.Matches[:min(len(f.Matches), maxParts)]
	for _, m := range shown {
		var part foundPart
		for _, l := range m.Lines {
			part.Lines = append(part.Lines, foundLine{l, fmt.Sprintf("%s#L%d", at.Address, l.Number)})
		}
		at.Parts = append(at.Parts, part)
	}
	at.More = len(shown) < len(f.Matches)
	return at
}
