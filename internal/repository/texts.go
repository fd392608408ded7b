package repository

import (
	"context"
	"html/template"
	"net/url"
	"slices"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/markup"
	"github.com/pailforge/pail/internal/rest"
)

// Refer finds where those of the names lead to that there are, by name: names are of one kind, all different, and of texts of a
// repository. urls make the addresses: of texts of the API they are whole, and of pages (without a base) they begin at the root. What
// it gives may be seen by everybody who may read the repository: nobody is asked who reads the text.
type Refer func(ctx context.Context, q database.Queryer, urls rest.URLs, r *Repository, names []string) (map[string]markup.Target, error)

// refers are the kinds of what texts can lead to. Kinds that nobody finds stay text.
func (room *Room) refers() map[markup.Kind]Refer {
	all := map[markup.Kind]Refer{markup.Account: room.referAccounts, markup.Commit: room.referCommits}
	for kind, refer := range room.Refers {
		all[kind] = refer
	}
	return all
}

// maxReferred bounds how many names are looked for at once.
const maxReferred = 500

// targets are those of references that there are.
func (room *Room) targets(ctx context.Context, q database.Queryer, urls rest.URLs, r *Repository, refs []markup.Reference) (map[markup.Reference]markup.Target, error) {
	found := map[markup.Reference]markup.Target{}
	for kind, refer := range room.refers() {
		var names []string
		for _, ref := range refs {
			if ref.Kind == kind {
				names = append(names, ref.Name)
			}
		}
		slices.Sort(names)
		for part := range slices.Chunk(slices.Compact(names), maxReferred) {
			to, err := refer(ctx, q, urls, r, part)
			if err != nil {
				return nil, err
			}
			for name, target := range to {
				found[markup.Reference{Kind: kind, Name: name}] = target
			}
		}
	}
	return found, nil
}

// referAccounts leads to accounts, which everybody may see. Pages have none of an account: there they lead to its pull requests.
func (room *Room) referAccounts(ctx context.Context, q database.Queryer, urls rest.URLs, r *Repository, names []string) (map[string]markup.Target, error) {
	accounts, err := room.Accounts.Named(ctx, q, names)
	found := make(map[string]markup.Target, len(accounts))
	for name, a := range accounts {
		to := markup.Target{Href: urls.Web(rest.Braced(a.ID)).Href, Text: "@" + a.DisplayName, Title: a.Username}
		if urls.Base == "" {
			to.Href = urls.Web(append(r.Path(), "pull-requests")...).Href + "?" + url.Values{"author": {a.Username}, "state": {"all"}}.Encode()
			to.Title = "Pull requests by " + a.Username
		}
		found[name] = to
	}
	return found, err
}

// referCommits leads to commits of the repository.
func (room *Room) referCommits(ctx context.Context, _ database.Queryer, urls rest.URLs, r *Repository, names []string) (map[string]markup.Target, error) {
	commits, err := room.Git.Abbreviated(ctx, r.ID, names)
	found := make(map[string]markup.Target, len(commits))
	for name, hash := range commits {
		found[name] = markup.Target{Href: urls.Web(append(r.Path(), "commits", string(hash))...).Href}
	}
	return found, err
}

// Texts are texts as HTML.
type Texts map[string]template.HTML

// Of is one of the texts; one that was too large to be made into HTML is shown as it was written.
func (t Texts) Of(raw string) template.HTML {
	if text, ok := t[raw]; ok {
		return text
	}
	return template.HTML(template.HTMLEscapeString(raw))
}

// Texts makes HTML of what people have written in a repository, each of texts once. What they speak of is looked for together: with
// one query for each kind, and one conversation with git. A text that is too large is left out.
func (room *Room) Texts(ctx context.Context, q database.Queryer, urls rest.URLs, r *Repository, texts ...string) (Texts, error) {
	return room.written(ctx, q, urls, r, markup.Parse, texts)
}

// Messages are texts as Texts makes them, of what is not in Markdown: messages of commits.
func (room *Room) Messages(ctx context.Context, q database.Queryer, urls rest.URLs, r *Repository, texts ...string) (Texts, error) {
	return room.written(ctx, q, urls, r, markup.Plain, texts)
}

func (room *Room) written(ctx context.Context, q database.Queryer, urls rest.URLs, r *Repository, parse func([]byte) (*markup.Document, error), texts []string) (Texts, error) {
	documents, made, refs := map[string]*markup.Document{}, Texts{}, []markup.Reference{}
	for _, text := range texts {
		if documents[text] != nil {
			continue
		}
		if d, err := parse([]byte(text)); err == nil {
			documents[text] = d
			refs = append(refs, d.References()...)
		}
	}
	found, err := room.targets(ctx, q, urls, r, refs)
	if err != nil {
		return nil, err
	}
	for text, d := range documents {
		if made[text], err = d.HTML(markup.Options{}, found); err != nil {
			return nil, err
		}
	}
	return made, nil
}

// Document makes HTML of a document in Markdown that is a file of a repository. lasting tells that it stays what it is whatever else
// changes: it speaks of nothing that can come and go. The error is markup.ErrTooLarge, or a fault.
func (room *Room) Document(ctx context.Context, q database.Queryer, urls rest.URLs, r *Repository, source []byte, o markup.Options) (shown template.HTML, lasting bool, err error) {
	d, err := markup.Parse(source)
	if err != nil {
		return "", false, err
	}
	known := room.refers()
	refs := slices.DeleteFunc(d.References(), func(ref markup.Reference) bool { return known[ref.Kind] == nil })
	found, err := room.targets(ctx, q, urls, r, refs)
	if err != nil {
		return "", false, err
	}
	shown, err = d.HTML(o, found)
	return shown, len(refs) == 0, err
}
