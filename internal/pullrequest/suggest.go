package pullrequest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/commit"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/markup"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// A comment on lines of the changes can suggest what to put in their place: in a block that begins with ```suggestion. Whoever may
// write to the source branch makes a commit of it there. A comment follows its lines, and stays with those that are left when some are
// changed; so what the lines were when the suggestion was written is kept as a hash, and it is applied to no others.

// maxSuggestedFile is the largest file, in bytes, in which a suggestion is applied.
const maxSuggestedFile = 4 << 20

// suggestedSum is a hash of the lines that a comment stands on, if text suggests something in their place; "" if it does not, or there
// are no such lines.
func (room *Room) suggestedSum(ctx context.Context, m *Comment, repositoryID, text string) (string, error) {
	if m.To == 0 || m.Parent != 0 || len(markup.Suggestions([]byte(text))) == 0 {
		return "", nil
	}
	lines, err := room.linesOf(ctx, repositoryID, m.Source, m.Place)
	if _, refused := errors.AsType[*rest.Error](err); refused {
		return "", nil
	}
	if err != nil {
		return "", ignoreGone(err)
	}
	return lines.sum(), nil
}

func saveSum(ctx context.Context, tx *database.Tx, repositoryID string, id int64, sum string) error {
	_, err := tx.Exec(ctx, `UPDATE pull_request_comment SET suggested_sum = $3 WHERE repository_id = $1 AND id = $2 AND suggested_sum <> $3`, repositoryID, id, sum)
	return err
}

// lines are those that a comment stands on, and what is around them.
type lines struct{ before, these, behind []byte }

func (l *lines) sum() string {
	sum := sha256.Sum256(l.these)
	return hex.EncodeToString(sum[:])
}

// replaced is the file with text in place of the lines, with the line ends that they have.
func (l *lines) replaced(text string) []byte {
	if bytes.Contains(l.these, []byte("\r\n")) {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	if len(l.behind) == 0 && !bytes.HasSuffix(l.these, []byte("\n")) {
		text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	}
	return bytes.Join([][]byte{l.before, []byte(text), l.behind}, nil)
}

// cannot is the answer to a suggestion that cannot be applied.
func cannot(why string, args ...any) *rest.Error {
	return rest.Refusef(reason.PullRequestSuggestion, why, args...)
}

// linesOf finds the lines of a place in a commit. A *rest.Error says why there are none.
func (room *Room) linesOf(ctx context.Context, id string, hash gitstore.Hash, at commit.Place) (*lines, error) {
	git := room.Repositories.Git
	c, err := git.Commit(ctx, id, hash)
	if err != nil {
		return nil, err
	}
	e, err := git.At(ctx, id, c.Tree, at.Path)
	if errors.Is(err, gitstore.ErrNotFound) || err == nil && !e.File() {
		return nil, cannot("The source has no file %q any more.", at.Path)
	}
	if err != nil {
		return nil, err
	}
	data, err := git.Blob(ctx, id, e.Hash, maxSuggestedFile)
	if errors.Is(err, gitstore.ErrTooLarge) {
		return nil, cannot("The file has more than %d MiB.", maxSuggestedFile>>20)
	}
	if err != nil {
		return nil, err
	}
	begin, end, n := -1, -1, 0
	for i := 0; i < len(data) && end < 0; {
		n++
		next := len(data)
		if at := bytes.IndexByte(data[i:], '\n'); at >= 0 {
			next = i + at + 1
		}
		if n == cmp.Or(at.StartTo, at.To) {
			begin = i
		}
		if n == at.To {
			end = next
		}
		i = next
	}
	if begin < 0 || end < 0 {
		return nil, cannot("The file has %d lines, and the comment stands behind them.", n)
	}
	return &lines{data[:begin], data[begin:end], data[end:]}, nil
}

// Suggestion is what a comment suggests.
type Suggestion struct {
	Comment *Comment
	Now     string   // the lines as they are; "" where it cannot be applied
	Instead []string // what may be put in their place, at least one; "" takes them away
	Refused error    // a *rest.Error: why it cannot be applied, by nobody or not by who asks; nil

	source *repository.Repository
	lines  *lines
}

// Suggestion tells what a comment on a pull request suggests, to who acts as p. A *rest.Error says that there is no such comment (404),
// or that it suggests nothing.
func (room *Room) Suggestion(ctx context.Context, p *access.Principal, r *repository.Repository, pr *PullRequest, id int64) (*Suggestion, error) {
	room.keepUp(ctx, pr)
	m, err := findComment(ctx, room.DB, p, pr, id)
	if err != nil {
		return nil, err
	}
	s := &Suggestion{Comment: m, Instead: markup.Suggestions([]byte(m.Text))}
	switch {
	case len(s.Instead) == 0:
		return nil, cannot("The comment suggests nothing: it has no block that begins with ```suggestion.")
	case m.Parent != 0 || m.Path == "":
		return nil, cannot("The comment stands on no line: what it suggests has no place.")
	}
	s.Refused = room.ready(ctx, p, r, pr, s)
	if _, refused := errors.AsType[*rest.Error](s.Refused); s.Refused != nil && !refused {
		return nil, s.Refused
	}
	return s, nil
}

// ready finds what a suggestion is applied to. A *rest.Error says why it cannot be.
func (room *Room) ready(ctx context.Context, p *access.Principal, r *repository.Repository, pr *PullRequest, s *Suggestion) error {
	m := s.Comment
	switch {
	case pr.State != Open:
		return closed(pr)
	case m.To == 0:
		return cannot("The comment stands on lines that the changes take away.")
	case m.Outdated:
		return cannot("The lines that the comment stands on were changed since.")
	case m.Pending:
		return cannot("The comment is pending: nobody else has seen it yet.")
	case m.Source != pr.SourceHash:
		return cannot("The source branch has moved in this moment. Look at the comment again.")
	}
	var sum string
	if err := room.DB.Row(ctx, `SELECT suggested_sum FROM pull_request_comment WHERE repository_id = $1 AND id = $2`, r.ID, m.ID).Scan(&sum); err != nil {
		return err
	}
	found, err := room.linesOf(ctx, r.ID, m.Source, m.Place)
	if err != nil {
		return err
	}
	if found.sum() != sum {
		return cannot("Some of the lines that the comment stood on were changed since.")
	}
	s.lines, s.Now = found, string(found.these)
	if s.source, err = room.Of(ctx, r, pr); err != nil {
		return err
	}
	if s.source == nil {
		return rest.Refuse(reason.ConflictState, "The fork that the pull request comes from is gone.")
	}
	at := map[string]string{"workspace": rest.Braced(s.source.Workspace.ID), "repo_slug": rest.Braced(s.source.ID)}
	if _, err := access.Visit(room.Repositories.Accounts.Gate, ctx, p, room.Repositories.Repositories().Needs(access.Write), func(name string) string { return at[name] }); err != nil {
		if _, refused := errors.AsType[*rest.Error](err); refused { // whether they may see it, it does not tell
			return rest.Refuse(reason.PrivilegeMissing, "Who may write to the repository that the pull request comes from can apply a suggestion.")
		}
		return err
	}
	name := gitstore.BranchPrefix + pr.SourceBranch
	said, err := room.Repositories.Judge(ctx, p, s.source, []repository.RefChange{{Ref: name}})
	if o, refused := said.Refused[name]; err == nil && refused {
		return rest.Refuse(reason.BranchRestricted, o.Why).With("branch_restriction", o.Restriction)
	}
	return err
}

// Apply makes a commit of what a comment suggests, by who acts as p, on the source branch, and gives it. which is one of the
// suggestions, from 0. A *rest.Error says that it is not there, that it cannot be applied to the lines as they are, that who acts as p
// may not, or that the branch has moved (409).
func (room *Room) Apply(ctx context.Context, p *access.Principal, r *repository.Repository, pr *PullRequest, id int64, which int) (gitstore.Hash, error) {
	s, err := room.Suggestion(ctx, p, r, pr, id)
	if err == nil {
		err = s.Refused
	}
	if err != nil {
		return "", err
	}
	if which < 0 || which >= len(s.Instead) {
		return "", rest.InvalidField("suggestion", fmt.Sprintf("the comment has %d", len(s.Instead)))
	}
	now := s.lines.replaced(s.Instead[which])
	if bytes.Equal(now, bytes.Join([][]byte{s.lines.before, s.lines.these, s.lines.behind}, nil)) {
		return "", cannot("The lines are already what is suggested.")
	}
	git := room.Repositories.Git
	dir, remove, err := git.Spool()
	if err != nil {
		return "", err
	}
	defer remove()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, now, 0o600); err != nil {
		return "", err
	}
	author := room.Repositories.Signature(p)
	hash, err := git.WriteCommit(ctx, s.source.ID, gitstore.NewCommit{Parents: []gitstore.Hash{pr.SourceHash}, Edits: []gitstore.Edit{{Path: s.Comment.Path, Content: file}},
		Message: room.suggestedBy(p, pr, s), Author: author, Committer: author})
	if known, ok := errors.AsType[*gitstore.Error](err); ok && (errors.Is(err, gitstore.ErrInvalid) || errors.Is(err, gitstore.ErrNotFound)) {
		return "", cannot("Git does not take it: %s.", known)
	}
	if err != nil {
		return "", err
	}
	name := gitstore.BranchPrefix + pr.SourceBranch
	err = git.UpdateRef(ctx, s.source.ID, name, pr.SourceHash, hash)
	if errors.Is(err, gitstore.ErrConflict) || errors.Is(err, gitstore.ErrNotFound) {
		return "", cannot("The source branch has moved in this moment, or is gone. Look at the comment again.")
	}
	if err != nil {
		return "", err
	}
	// The commit is on its branch: the bookkeeping is done even when the caller has left.
	return hash, room.Repositories.Pushed(context.WithoutCancel(ctx), s.source.ID, gitstore.RefUpdate{Name: name, Old: pr.SourceHash, New: hash})
}

// suggestedBy is the message of the commit. Who has suggested it is named with an address that no mail goes to: theirs is nobody's to
// know.
func (room *Room) suggestedBy(p *access.Principal, pr *PullRequest, s *Suggestion) string {
	name := strings.ToValidUTF8(s.Comment.Path, "\uFFFD")
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		name = name[i+1:]
	}
	text := fmt.Sprintf("Apply a suggestion to %s\n\nSuggested in pull request #%d.\n", name, pr.Number)
	switch who := s.Comment.Author; {
	case who.Is(p):
		return text
	case who.Account != nil:
		return text + coAuthor(who.Account.DisplayName, who.Account.AccountID+"@users."+room.host())
	case who.Credential != "":
		return text + coAuthor(who.Name, who.Credential+"@bots."+room.host())
	}
	return text
}

// host is the name of the server, without a port.
func (room *Room) host() string { return strings.Split(room.URLs.Host(), ":")[0] }

// coAuthor is the trailer for somebody beside the author.
func coAuthor(name, mail string) string {
	name = strings.Join(strings.FieldsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '<' || r == '>' }), " ")
	return fmt.Sprintf("\nCo-authored-by: %s <%s>\n", name, mail)
}
