package code

import (
	"github.com/pailforge/pail/internal/commit"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/web/page"
)

// build is a word for the state of builds, and how it looks.
type build struct {
	Word    string
	Look    string // good, soon, bad or ""
	Address string // of where it stands in full; "" there
}

var states = map[string]build{
	commit.Successful: {Word: "passed", Look: "good"},
	commit.Failed:     {Word: "failed", Look: "bad"},
	commit.InProgress: {Word: "running", Look: "soon"},
	commit.Stopped:    {Word: "stopped"},
}

// builds are the verdicts on commits, by hash.
func (p *Pages) builds(r *page.Request, repo *repository.Repository, hashes []gitstore.Hash) (map[gitstore.Hash]*build, error) {
	verdicts, err := p.Commits.Verdicts(r.Context(), repo, hashes)
	if err != nil {
		return nil, err
	}
	all := make(map[gitstore.Hash]*build, len(verdicts))
	for hash, v := range verdicts {
		b := states[v.State]
		b.Address = address(repo, "commit", string(hash))
		all[hash] = &b
	}
	return all, nil
}

// statusRow is a status on the page of its commit.
type statusRow struct {
	commit.Status
	Shown build
}

// reportPart is a report on the page of its commit.
type reportPart struct {
	commit.Report
	Shown       build
	Annotations []annotationRow
	More        bool // annotations than are shown
}

type annotationRow struct {
	commit.Annotation
	Look string
}

// maxShown is how many annotations of a report are shown.
const maxShown = 100

var results = map[string]build{"PASSED": {Word: "passed", Look: "good"}, "FAILED": {Word: "failed", Look: "bad"}, "PENDING": {Word: "pending", Look: "soon"}}

var severities = map[string]string{"CRITICAL": "bad", "HIGH": "bad", "MEDIUM": "soon"}

// said is what builds and analyses say of a commit.
func (p *Pages) said(r *page.Request, repo *repository.Repository, hash gitstore.Hash) (rows []statusRow, parts []reportPart, err error) {
	if rows, err = p.statuses(r, repo, hash); err != nil {
		return nil, nil, err
	}
	reports, err := p.Commits.Reports(r.Context(), repo, hash)
	if err != nil {
		return nil, nil, err
	}
	for _, report := range reports {
		part := reportPart{Report: report, Shown: results[report.Result]}
		found, err := p.Commits.Annotations(r.Context(), report.ID, maxShown+1)
		if err != nil {
			return nil, nil, err
		}
		if part.More = len(found) > maxShown; part.More {
			found = found[:maxShown]
		}
		for _, a := range found {
			part.Annotations = append(part.Annotations, annotationRow{a, severities[a.Severity]})
		}
		parts = append(parts, part)
	}
	return rows, parts, nil
}

// statuses are what builds say of a commit.
func (p *Pages) statuses(r *page.Request, repo *repository.Repository, hash gitstore.Hash) (rows []statusRow, err error) {
	all, err := p.Commits.Statuses(r.Context(), repo, hash)
	for _, s := range all {
		rows = append(rows, statusRow{s, states[s.State]})
	}
	return rows, err
}

// commentPart is a comment on the page of its commit.
type commentPart struct {
	commit.Comment
	By Author
}

// maxHeard is how many comments are shown.
const maxHeard = 200

// heard puts what people say of a commit on its page.
func (p *Pages) heard(r *page.Request, repo *repository.Repository, content *commitPage) error {
	approvals, err := p.Repositories.Approvals(r.Context(), repo, content.Hash)
	if err != nil {
		return err
	}
	for _, a := range approvals {
		content.Approvals = append(content.Approvals, person(&a.By.Account))
	}
	comments, err := p.Commits.Comments(r.Context(), repo, content.Hash, maxHeard+1)
	if err != nil {
		return err
	}
	if content.More = len(comments) > maxHeard; content.More {
		comments = comments[:maxHeard]
	}
	for _, c := range comments {
		part := commentPart{Comment: c, By: stranger("An access token")}
		switch {
		case c.Author != nil:
			part.By = person(&c.Author.Account)
		case c.By == "":
			part.By = stranger("Somebody who left")
		}
		content.Comments = append(content.Comments, part)
	}
	return nil
}
