package pulls

import (
	"html/template"
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/pullrequest"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/web/page"
)

// listPage is what the list of pull requests shows.
type listPage struct {
	within
	States   []page.Option
	Authors  []page.Option
	Text     string // that was searched for
	Rows     []row
	Narrowed bool // to some of all that there are
	First    bool // there is none at all
	New      string
	Pager    page.Pager
}

// row is a pull request in the list.
type row struct {
	*pullrequest.PullRequest
	Address string
	Shown   mark
	Voices  []voice
	Others  int // who take part, beside Voices
	Build   template.HTML
}

// Limits of what is shown of the people in a list, and of those to choose from.
const (
	maxVoices  = 5
	maxAuthors = 100
)

func (p *Pages) list(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	q := r.URL.Query()
	search := pullrequest.Search{State: strings.ToUpper(q.Get("state")), Author: q.Get("author"), Title: q.Get("q"), Offset: (r.Page() - 1) * page.PageLength, Limit: page.PageLength}
	content := listPage{within: within{repo, address(repo)}, Text: search.Title, New: address(repo, "pull-requests", "new")}
	if !slices.Contains(pullrequest.States, search.State) && search.State != "ALL" {
		search.State = pullrequest.Open
	}
	for _, state := range append(pullrequest.States, "ALL") {
		word := states[state].Word
		if state == "ALL" {
			word = "all"
		}
		content.States = append(content.States, page.Option{Value: word, Name: word, Selected: state == search.State})
	}
	content.Narrowed = search.Title != "" || search.Author != "" || search.State != pullrequest.Open
	if search.State == "ALL" {
		search.State = ""
	}
	rows, more, err := p.PullRequests.Search(r.Context(), repo, search)
	if err != nil {
		return page.Answer{}, err
	}
	content.Pager = r.Pager(more)
	hashes := make([]gitstore.Hash, len(rows))
	for i := range rows {
		hashes[i] = rows[i].SourceHash
	}
	builds, err := p.Code.Builds(r, repo, hashes)
	if err != nil {
		return page.Answer{}, err
	}
	for i := range rows {
		one := row{PullRequest: &rows[i], Address: at(repo, &rows[i]), Shown: stateOf(&rows[i]), Voices: voices(&rows[i]), Build: builds[rows[i].SourceHash]}
		if n := len(one.Voices) - maxVoices; n > 0 {
			one.Voices, one.Others = one.Voices[:maxVoices], n
		}
		content.Rows = append(content.Rows, one)
	}
	authors, err := p.PullRequests.Authors(r.Context(), repo, maxAuthors)
	if err != nil {
		return page.Answer{}, err
	}
	content.First = len(authors) == 0 && len(rows) == 0 && !content.Narrowed && r.Page() == 1
	content.Authors = []page.Option{{Name: "of anybody"}}
	if search.Author != "" && !slices.ContainsFunc(authors, func(a account.Account) bool { return strings.EqualFold(a.Username, search.Author) }) {
		content.Authors = append(content.Authors, page.Option{Value: search.Author, Name: "of " + search.Author, Selected: true})
	}
	for _, a := range authors {
		content.Authors = append(content.Authors, page.Option{Value: a.Username, Name: "of " + a.DisplayName, Selected: strings.EqualFold(a.Username, search.Author)})
	}
	return p.render(r, repo, "list", "pull-requests", "Pull requests", content)
}
