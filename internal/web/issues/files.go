package issues

import (
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/highlight"
	"github.com/pailforge/pail/internal/issue"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/web/page"
)

// attached is a file of an issue.
type attached struct {
	issue.Attachment
	Shown  string // its name, so that nothing of it is hidden
	Href   string
	By     *account.Account // nil: nobody who is known
	Detach *page.Form       // nil for who may not
}

// attachments adds the files of an issue.
func (p *Pages) attachments(r *page.Request, repo *repository.Repository, content *showPage) error {
	all, by, err := p.Issues.Files(r.Context(), content.Issue)
	if err != nil {
		return err
	}
	changes := r.Self != nil && p.Issues.MayChange(r.Context(), r.Principal, repo, content.Issue) == nil
	for k, f := range all {
		one := attached{f, highlight.Visible(f.Name), at(repo, content.Issue, "attachments", f.Name), by[k], nil}
		if changes {
			one.Detach = r.NewForm(one.Href, "Delete for good")
			one.Detach.Danger = true
		}
		content.Files = append(content.Files, one)
	}
	return nil
}

// attaching is the form that brings files.
func attaching(r *page.Request, repo *repository.Repository, i *issue.Issue) *page.Form {
	f := r.NewForm(at(repo, i, "attachments"), "Attach", page.Field{Name: "files", Label: "Files", Type: "file", Required: true, Help: "A new one takes the place of one that has the same name."})
	f.Drop = true
	return f
}

func (p *Pages) attach(r *page.Request, repo *repository.Repository, i *issue.Issue) (page.Answer, error) {
	kept, err := p.Issues.Attach(r.Context(), r.Principal, repo, i, r.Parts)
	if err != nil {
		return p.again(r, repo, i, err, func(s *showPage) *page.Form { return s.Attach })
	}
	said := "The file " + highlight.Visible(kept[0].Name) + " is there."
	if len(kept) > 1 {
		said = number(int64(len(kept))) + " files are there."
	}
	return r.Done(at(repo, i)+"#attached", said)
}

// file delivers a file, to be kept and never shown.
func (p *Pages) file(r *page.Request, _ *repository.Repository, i *issue.Issue) (page.Answer, error) {
	content, err := p.Issues.File(r.Context(), i, r.PathValue("filename"))
	if err != nil {
		return page.Answer{}, err
	}
	content.Type = "application/octet-stream"
	return page.Answer{Content: &content}, nil
}

func (p *Pages) detach(r *page.Request, repo *repository.Repository, i *issue.Issue) (page.Answer, error) {
	if err := p.Issues.Detach(r.Context(), r.Principal, repo, i, r.PathValue("filename")); err != nil {
		return page.Answer{}, err
	}
	return r.Done(at(repo, i)+"#attached", "The file "+highlight.Visible(r.PathValue("filename"))+" is deleted.")
}
