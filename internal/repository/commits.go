package repository

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// commitJSON is a commit as the API writes it (schemas base_commit and commit).
type commitJSON struct {
	BaseCommit
	Parents    []parentJSON         `json:"parents"`
	Repository *Summary             `json:"repository,omitempty"`
	Links      map[string]rest.Link `json:"links"`
}

// fullCommitJSON is a commit as the operation on it writes it.
type fullCommitJSON struct {
	commitJSON
	Participants []participantJSON `json:"participants"`
}

type parentJSON struct {
	Type  string               `json:"type"`
	Hash  string               `json:"hash"`
	Links map[string]rest.Link `json:"links"`
}

// people are the accounts behind the e-mails of commits, by e-mail in lower case.
type people map[string]account.JSON

// peopleOf finds the accounts behind authors and committers, in one query.
func (room *Room) peopleOf(ctx context.Context, commits ...*gitstore.Commit) (people, error) {
	accounts, err := room.authors(ctx, commits...)
	if err != nil {
		return nil, err
	}
	found := make(people, len(accounts))
	for email, a := range accounts {
		found[email] = room.Accounts.Render(&a)
	}
	return found, nil
}

func (room *Room) renderCommit(r *Repository, within *Summary, c *gitstore.Commit, p people) commitJSON {
	j := commitJSON{
		BaseCommit: p.base("commit", c), Repository: within, Parents: make([]parentJSON, len(c.Parents)),
		Links: map[string]rest.Link{
			"self": room.link(r, "commit", string(c.Hash)), "html": room.URLs.Web(r.Workspace.Slug, r.Slug, "commits", string(c.Hash)),
			"diff": room.link(r, "diff", string(c.Hash)), "patch": room.link(r, "patch", string(c.Hash)),
			"approve": room.link(r, "commit", string(c.Hash), "approve"), "comments": room.link(r, "commit", string(c.Hash), "comments"),
			"statuses": room.link(r, "commit", string(c.Hash), "statuses"),
		},
	}
	for i, parent := range c.Parents {
		j.Parents[i] = room.renderParent(r, parent)
	}
	return j
}

// renderParent is a commit inside others, and inside what it holds.
func (room *Room) renderParent(r *Repository, hash gitstore.Hash) parentJSON {
	return parentJSON{Type: "commit", Hash: string(hash), Links: map[string]rest.Link{
		"self": room.link(r, "commit", string(hash)), "html": room.URLs.Web(r.Workspace.Slug, r.Slug, "commits", string(hash))}}
}

// commitPagelen is the default length of a page of commits.
const commitPagelen = 30

// maxRevisions bounds include and exclude together.
const maxRevisions = 200

// commits serves all four forms of the list: with and without a revision in the path, and by GET or POST, which only
// gives the many revisions of include and exclude more room.
func (room *Room) commits(c *access.Call, r *Repository) (any, error) {
	p, err := c.Paging(commitPagelen)
	if err != nil {
		return nil, err
	}
	form := c.Query()
	if c.HTTP.Method == "POST" {
		if form, err = c.Form(); err != nil {
			return nil, err
		}
	}
	q := gitstore.LogQuery{Include: form["include"], Exclude: form["exclude"], Path: strings.Trim(form.Get("path"), "/"), Skip: p.Offset(), Limit: p.Pagelen}
	if revision := c.Param("revision"); revision != "" {
		q.Include = append(q.Include, revision)
	}
	if len(q.Include)+len(q.Exclude) > maxRevisions {
		return nil, rest.Refusef(reason.QueryInvalid, "include and exclude name at most %d revisions together.", maxRevisions).WithMessage("Too many revisions")
	}
	return room.logPage(c, r, p, q, form.Get("ctx"))
}

// Between is the page of the commits that lead to one and not to another, newest first, that the request asks for. Later pages
// go on where the first one began, wherever the branches are by then.
func (room *Room) Between(c *access.Call, r *Repository, to, without gitstore.Hash) (any, error) {
	p, err := c.Paging(commitPagelen)
	if err != nil {
		return nil, err
	}
	return room.logPage(c, r, p, gitstore.LogQuery{Include: []string{string(to)}, Exclude: []string{string(without)}, Skip: p.Offset(), Limit: p.Pagelen}, c.Query().Get("ctx"))
}

// CommitJSON is a commit in a list, for rooms that list some.
type CommitJSON = commitJSON

// logPage is a page of commits. cursor comes from the page before; "" for the first one.
func (room *Room) logPage(c *access.Call, r *Repository, p rest.Paging, q gitstore.LogQuery, cursor string) (any, error) {
	q, err := room.pin(c.Context(), r, q, cursor)
	if err != nil {
		return nil, err
	}
	list, more, err := room.Git.Log(c.Context(), r.ID, q)
	if err != nil {
		return nil, revisionError(err)
	}
	values, err := room.renderCommits(c.Context(), r, list)
	if err != nil {
		return nil, err
	}
	next := url.Values{"ctx": {encodeCursor(q)}}
	if q.Path != "" {
		next.Set("path", q.Path)
	}
	return rest.Uncounted(c.Request, p, values, more, next), nil
}

func (room *Room) renderCommits(ctx context.Context, r *Repository, list []gitstore.Commit) ([]commitJSON, error) {
	commits := make([]*gitstore.Commit, len(list))
	for i := range list {
		commits[i] = &list[i]
	}
	who, err := room.peopleOf(ctx, commits...)
	if err != nil {
		return nil, err
	}
	within := room.Summarize(r)
	values := make([]commitJSON, len(list))
	for i, commit := range commits {
		values[i] = room.renderCommit(r, &within, commit, who)
	}
	return values, nil
}

// pin replaces the names in q by the commits that they stand for now, or stood for when the first page was made, so
// that a push between two pages shifts nothing. Without include the list starts at every branch and tag; where those
// are too many for a link, the next page starts at what they are then.
func (room *Room) pin(ctx context.Context, r *Repository, q gitstore.LogQuery, cursor string) (gitstore.LogQuery, error) {
	if cursor != "" {
		include, exclude, ok := decodeCursor(cursor)
		if !ok {
			return q, rest.Refuse(reason.PageInvalid, "ctx is no cursor of this list. Follow the next link as it is.").WithMessage("Invalid ctx")
		}
		q.Include, q.Exclude, q.All = include, exclude, len(include) == 0
		return q, nil
	}
	if len(q.Include) == 0 {
		tips, more, err := room.Git.Tips(ctx, r.ID, maxRevisions)
		if err != nil {
			return q, err
		}
		for _, h := range tips {
			q.Include = append(q.Include, string(h))
		}
		q.All = more || len(tips) == 0 // too many, or nothing to list
	}
	for _, names := range [][]string{q.Include, q.Exclude} {
		for i, name := range names {
			hash, err := room.Git.Resolve(ctx, r.ID, name)
			if err != nil {
				return q, revisionError(err)
			}
			names[i] = string(hash)
		}
	}
	return q, nil
}

// A cursor is the pinned commits of a list in base64: how many are included, as one byte, and then 20 bytes each, the
// included ones first. Without included ones the list starts at all branches and tags.
func encodeCursor(q gitstore.LogQuery) string {
	b := []byte{byte(len(q.Include))}
	for _, h := range slices.Concat(q.Include, q.Exclude) {
		b, _ = hex.AppendDecode(b, []byte(h)) // pinned: nothing but object names
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func decodeCursor(s string) (include, exclude []string, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) == 0 || len(b)%hashSize != 1 || len(b) > 1+2*maxRevisions*hashSize {
		return nil, nil, false
	}
	count, hashes := int(b[0]), []string{}
	for chunk := range slices.Chunk(b[1:], hashSize) {
		hashes = append(hashes, hex.EncodeToString(chunk))
	}
	if count > len(hashes) {
		return nil, nil, false
	}
	return hashes[:count:count], hashes[count:], true
}

const hashSize = 20 // bytes of an object name

// CommitHash is the full hash of the commit that a revision names. A *rest.Error says that there is none.
func (room *Room) CommitHash(ctx context.Context, r *Repository, revision string) (gitstore.Hash, error) {
	hash, err := room.Git.Resolve(ctx, r.ID, revision)
	if err == nil {
		_, err = room.Git.Commit(ctx, r.ID, hash)
	}
	return hash, revisionError(err)
}

func (room *Room) commit(c *access.Call, r *Repository) (any, error) {
	hash, err := room.Git.Resolve(c.Context(), r.ID, c.Param("commit"))
	if err != nil {
		return nil, revisionError(err)
	}
	return room.fullCommit(c, r, hash)
}

// mergeBase is where the histories of two commits part (GET /repositories/{workspace}/{repo_slug}/merge-base/{revspec}).
func (room *Room) mergeBase(c *access.Call, r *Repository) (any, error) {
	from, to, ok := strings.Cut(c.Param("revspec"), "..")
	if !ok || from == "" || to == "" || strings.Contains(to, "..") || strings.HasPrefix(to, ".") {
		return nil, rest.Refuse(reason.RevisionSpecNotAccepted, "Two revisions with two dots in between are needed, such as main..feature.")
	}
	ends := [2]gitstore.Hash{}
	for i, revision := range []string{from, to} {
		var err error
		if ends[i], err = room.CommitHash(c.Context(), r, revision); err != nil {
			return nil, err
		}
	}
	base, err := room.Git.MergeBase(c.Context(), r.ID, ends[0], ends[1])
	if err != nil {
		return nil, revisionError(err)
	}
	return room.fullCommit(c, r, base)
}

func (room *Room) fullCommit(c *access.Call, r *Repository, hash gitstore.Hash) (any, error) {
	commit, err := room.Git.Commit(c.Context(), r.ID, hash)
	if err != nil {
		return nil, revisionError(err)
	}
	who, err := room.peopleOf(c.Context(), commit)
	if err != nil {
		return nil, err
	}
	approvals, err := room.Approvals(c.Context(), r, hash)
	if err != nil {
		return nil, err
	}
	within := room.Summarize(r)
	full := fullCommitJSON{room.renderCommit(r, &within, commit, who), make([]participantJSON, len(approvals))}
	for i := range approvals {
		full.Participants[i] = room.renderApproval(&approvals[i])
	}
	return full, nil
}
