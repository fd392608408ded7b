package snippets

import (
	"crypto/sha256"
	"encoding/hex"
	"html/template"
	"net/url"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/highlight"
	"github.com/pailforge/pail/internal/snippet"
	"github.com/pailforge/pail/internal/web/diff"
	"github.com/pailforge/pail/internal/web/page"
)

// Limits of what one page shows of the files of a snippet. What is beyond them is only named, with a link that shows the one file.
const (
	filesShown = 50
	bytesShown = 512 << 10 // of all files together
)

// filePart is a file on the page of a snippet.
type filePart struct {
	ID    string // where the API leads to
	Name  template.HTML
	Facts []string
	Acts  []page.Link
	Shown template.HTML
	Alone string // the address that shows it, where it is not shown here
}

// showPage is what the page of a snippet shows.
type showPage struct {
	within
	Creator account.Person
	Files   []filePart
	All     string // the address of all files, where one is shown
	Clones  []clone

	Watch     *page.Form // nil for nobody
	Watchers  []account.Account
	MoreWatch bool
	Talk      *talk
}

// maxWatchers is how many of those who watch a snippet its page names.
const maxWatchers = 20

func (p *Pages) show(r *page.Request, s *snippet.Snippet) (page.Answer, error) {
	revision, err := p.Snippets.Revision(r.Context(), s, "")
	if err != nil {
		return page.Answer{}, err
	}
	content := showPage{within: of(s), Clones: p.clones(s)}
	creators, err := p.Snippets.Creators(r.Context(), s)
	if err != nil {
		return page.Answer{}, err
	}
	content.Creator.Account = creators[s.CreatorID]
	if content.Files, content.All, err = p.parts(r, s, revision, address(s)); err != nil {
		return page.Answer{}, err
	}
	if content.Watchers, content.MoreWatch, err = p.Snippets.Watchers(r.Context(), s, maxWatchers); err != nil {
		return page.Answer{}, err
	}
	if r.Self != nil {
		watches, err := p.Snippets.Watches(r.Context(), r.Principal, s)
		if err != nil {
			return page.Answer{}, err
		}
		content.Watch = watchForm(r, s, watches)
	}
	if content.Talk, err = p.hears(r, s); err != nil {
		return page.Answer{}, err
	}
	return p.render(r, s, "show", "", name(s), content)
}

func watchForm(r *page.Request, s *snippet.Snippet, watches bool) *page.Form {
	submit := "Watch"
	if watches {
		submit = "Stop watching"
	}
	return r.NewForm(address(s, "watch"), submit, page.Field{Name: "watch", Type: "hidden", Value: strconv.FormatBool(!watches)})
}

// watch makes the visitor a watcher, or none any more.
func (p *Pages) watch(r *page.Request, s *snippet.Snippet) (page.Answer, error) {
	watching := r.Form.Get("watch") == "true"
	if err := p.Snippets.Watch(r.Context(), r.Principal, s, watching); err != nil {
		return page.Answer{}, err
	}
	if watching {
		return r.Done(address(s), "You watch this snippet.")
	}
	return r.Done(address(s), "You no longer watch this snippet.")
}

// parts are the files of a revision, on the page at an address. The parameters of the request say how they are shown: path one alone,
// view=source as its source. all is the address of all files, where one is shown.
func (p *Pages) parts(r *page.Request, s *snippet.Snippet, revision *gitstore.Commit, at string) (parts []filePart, all string, err error) {
	var list []snippet.File
	alone, asSource := r.URL.Query().Get("path"), r.URL.Query().Get("view") == "source"
	if alone != "" {
		f, err := p.Snippets.File(r.Context(), s, revision, alone)
		if err != nil {
			return nil, "", err
		}
		list, all = []snippet.File{f}, at
	} else if list, err = p.Snippets.Files(r.Context(), s, revision); err != nil {
		return nil, "", err
	}
	size := int64(0)
	for i, f := range list {
		part := filePart{ID: "file-" + strings.ToValidUTF8(f.Path, "\ufffd")}
		part.Name, _ = highlight.Escape(f.Path)
		raw := rawAt(s, revision.Hash, f.Path)
		if size += f.Info.Size; alone == "" && (i >= filesShown || size > bytesShown) {
			part.Alone = only(at, f.Path, false)
		} else {
			b := blob(f)
			b.Raw, b.Source = raw, asSource
			if alone == "" {
				b.Lines = lineID(f.Path)
			}
			var views string
			part.Shown, part.Facts, views, err = p.Code.Contents(r, s.ID, b, func(path string) string { return rawAt(s, revision.Hash, path) }, func(path string) string { return only(at, path, false) })
			if err != nil {
				return nil, "", err
			}
			if views != "" {
				part.Acts = []page.Link{{Name: views, Href: only(at, f.Path, false), Current: !asSource}, {Name: "Source", Href: only(at, f.Path, true), Current: asSource}}
			}
		}
		if f.Entry.Mode == "100755" {
			part.Facts = append(part.Facts, "executable")
		}
		part.Acts = append(part.Acts, page.Link{Name: "Raw", Href: raw})
		parts = append(parts, part)
	}
	return parts, all, nil
}

// blob is a file as pages show it.
func blob(f snippet.File) diff.Blob {
	return diff.Blob{Path: f.Path, Hash: f.Entry.Hash, Info: f.Info}
}

// rawAt is the address of the bytes of a file.
func rawAt(s *snippet.Snippet, revision gitstore.Hash, path string) string {
	return address(s, append([]string{"raw", string(revision)}, strings.Split(path, "/")...)...)
}

// only is the address of a page with one of its files alone, as its source or as what it means.
func only(at, path string, asSource bool) string {
	q := url.Values{"path": {path}}
	if asSource {
		q.Set("view", "source")
	}
	return at + "?" + q.Encode()
}

// lineID is what the ids of a file's lines begin with, whatever other files there are.
func lineID(path string) string {
	sum := sha256.Sum256([]byte(path))
	return "f-" + hex.EncodeToString(sum[:6]) + "-"
}

// clone is one way to clone a snippet.
type clone struct {
	Title string
	Note  string // backquotes stand around code
	Line  string // for a shell
}

// gitUserAPIToken is the user in git that stands for no account (support document "Using API tokens").
const gitUserAPIToken = "x-bitbucket-api-token-auth"

// clones are the ways to clone a snippet, for whoever looks.
func (p *Pages) clones(s *snippet.Snippet) (all []clone) {
	scheme, path := strings.TrimSuffix(p.URLs.Base, p.URLs.Host()), strings.Join(s.Path(), "/")
	if !s.Private {
		all = append(all, clone{"Without a credential", "Everybody may read this snippet.", "git clone " + scheme + p.URLs.Host() + "/" + path + ".git"})
	}
	all = append(all, clone{"HTTPS with an API token", "Git asks for a password: give it the token, which needs `read:snippet:bitbucket`, and `write:snippet:bitbucket` to push.",
		"git clone " + scheme + gitUserAPIToken + "@" + p.URLs.Host() + "/" + path + ".git"})
	if p.SSH != nil {
		all = append(all, clone{"SSH key", "For the SSH keys of your account. The server's key is `" + p.SSH.Fingerprint + "`.", "git clone " + p.URLs.SSHRemote(path)})
	}
	return all
}
