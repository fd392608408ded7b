package repository

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// upload is what POST .../src takes: what the commit says, and what it does to files.
type upload struct {
	about url.Values // message, author, parents, branch and files
	edits []gitstore.Edit
	sent  map[string]bool // paths of edits
	told  int             // bytes of about
	dir   string          // of the server, for the contents of files
}

// aboutCommit are the fields of the form that are no files. A file of such a name is sent with a slash in front of it.
var aboutCommit = []string{"message", "author", "parents", "branch", "files"}

const (
	maxEdits = 10_000  // files of one commit
	maxField = 1 << 20 // bytes of all fields that are no files
)

// readUpload reads the form, whose files go into dir: urlencoded, or multipart in any of its kinds, where each part names its
// file in its Content-Disposition (POST .../src).
func readUpload(c *access.Call, dir string) (*upload, error) {
	u := &upload{about: url.Values{}, sent: map[string]bool{}, dir: dir}
	for _, name := range aboutCommit {
		u.about[name] = slices.Clone(c.Query()[name])
	}
	parts, multipart := c.Parts()
	media, _, _ := mime.ParseMediaType(c.HTTP.Header.Get("Content-Type"))
	switch {
	case multipart:
		if err := u.readParts(parts); err != nil {
			return nil, err
		}
	case media == "application/x-www-form-urlencoded" || media == "":
		body, err := io.ReadAll(c.HTTP.Body)
		if err != nil {
			return nil, rest.BodyError(err)
		}
		form, err := url.ParseQuery(strings.TrimSpace(string(body)))
		if err != nil {
			return nil, rest.Refuse(reason.BodyMalformed, "The body is not a form: a percent escape in it is broken.")
		}
		for name, values := range form {
			for _, value := range values {
				if err := u.field(name, "", strings.NewReader(value)); err != nil {
					return nil, err
				}
			}
		}
	default:
		return nil, rest.Refusef(reason.MediaTypeUnsupported, "This operation takes multipart/form-data or application/x-www-form-urlencoded, not %q.", media)
	}
	return u, u.remove()
}

func (u *upload) readParts(parts *rest.Parts) error {
	for {
		part, err := parts.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name := part.Name
		switch {
		case part.File != "" && (name == "" || slices.Contains(aboutCommit, name)):
			name = "/" + strings.TrimPrefix(part.File, "/") // a file by its own name, whatever that is
		case name == "" && strings.HasPrefix(part.Header.Get("Content-Type"), "application/json"):
			err = u.fields(part)
		case name == "":
			err = rest.Refuse(reason.BodyMalformed, "A part of the body has no name: its Content-Disposition needs a name or a filename, which is the path of the file.")
		}
		if err == nil && name != "" {
			err = u.field(name, part.Attributes, part)
		}
		if err != nil {
			return err
		}
	}
}

// fields takes what the commit says from a JSON object.
func (u *upload) fields(from io.Reader) error {
	var all map[string]any
	if err := json.NewDecoder(io.LimitReader(from, maxField)).Decode(&all); err != nil {
		return rest.BodyError(err)
	}
	for _, name := range aboutCommit {
		switch v := all[name].(type) {
		case nil:
		case string:
			u.about.Add(name, v)
		case []any:
			for _, one := range v {
				u.about.Add(name, fmt.Sprint(one))
			}
		default:
			return rest.InvalidField(name, "expected a string or a list of strings")
		}
	}
	return nil
}

// modes are what the attribute of a part makes of a file.
var modes = map[string]string{"": "", "executable": "100755", "link": "120000", "subrepository": "160000"}

// field takes one field of the form: what the commit says, or the contents of a file.
func (u *upload) field(name, attribute string, contents io.Reader) error {
	if slices.Contains(aboutCommit, name) {
		value, err := io.ReadAll(io.LimitReader(contents, maxField+1))
		if err != nil {
			return rest.BodyError(err)
		}
		if u.told += len(value); u.told > maxField {
			return rest.InvalidField(name, "what a commit says of itself may have "+strconv.Itoa(maxField)+" bytes")
		}
		u.about.Add(name, string(value))
		return nil
	}
	mode, known := modes[attribute]
	if !known {
		return rest.InvalidField(name, "x-attributes is executable, link or subrepository")
	}
	edit, err := u.edit(name)
	if err != nil {
		return err
	}
	edit.Mode = mode
	if attribute == "subrepository" {
		hash, err := io.ReadAll(io.LimitReader(contents, 100))
		if err != nil {
			return rest.BodyError(err)
		}
		if edit.Link = gitstore.Hash(strings.TrimSpace(string(hash))); !edit.Link.Valid() {
			return rest.InvalidField(name, "a submodule is the full hash of a commit")
		}
		return nil
	}
	edit.Content = filepath.Join(u.dir, strconv.Itoa(len(u.edits)))
	file, err := os.OpenFile(edit.Content, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, contents)
	if closed := file.Close(); err == nil && closed != nil {
		return closed
	}
	if err != nil {
		return rest.BodyError(err)
	}
	return nil
}

// edit begins with a path, which may have a slash in front of it, and may not be there twice.
func (u *upload) edit(name string) (*gitstore.Edit, error) {
	path := strings.TrimPrefix(name, "/")
	switch {
	case !gitstore.ValidPath(path):
		return nil, rest.InvalidField(name, "this cannot be the path of a file")
	case u.sent[path]:
		return nil, rest.InvalidField(name, "the file was sent twice")
	case len(u.edits) == maxEdits:
		return nil, rest.Refusef(reason.ValueInvalid, "One commit takes at most %d files.", maxEdits).WithMessage("Too many files")
	}
	u.sent[path] = true
	u.edits = append(u.edits, gitstore.Edit{Path: path})
	return &u.edits[len(u.edits)-1], nil
}

// remove takes the files that are named in files and were not sent: they are to go.
func (u *upload) remove() error {
	for _, name := range u.about["files"] {
		if u.sent[strings.TrimPrefix(name, "/")] {
			continue
		}
		if _, err := u.edit(name); err != nil {
			return err
		}
	}
	return nil
}

// one is the value of a field that cannot be repeated.
func (u *upload) one(name string) (string, error) {
	switch values := u.about[name]; len(values) {
	case 0:
		return "", nil
	case 1:
		return values[0], nil
	}
	return "", rest.InvalidField(name, "it was sent more than once")
}

// authored matches "Name <mail>".
var authored = regexp.MustCompile(`^([^<>\n]*)<([^<>\n]*)>\s*$`)

// describe is the commit that the fields ask for, without its parents.
func (room *Room) describe(c *access.Call, u *upload) (gitstore.NewCommit, error) {
	commit := gitstore.NewCommit{Edits: u.edits, Committer: room.Signature(c.Principal)}
	commit.Author = commit.Committer
	author, err := u.one("author")
	if err != nil {
		return commit, err
	}
	if author != "" {
		parts := authored.FindStringSubmatch(author)
		if parts == nil {
			return commit, rest.InvalidField("author", "it is written as Name <name@example.com>")
		}
		commit.Author.Name, commit.Author.Mail = strings.TrimSpace(parts[1]), strings.TrimSpace(parts[2])
	}
	if commit.Message, err = u.one("message"); err != nil || strings.TrimSpace(commit.Message) != "" {
		return commit, err
	}
	switch len(u.edits) {
	case 0:
		commit.Message = "Begin a branch"
	case 1:
		commit.Message = "Edit " + u.edits[0].Path
	default:
		commit.Message = fmt.Sprintf("Edit %d files", len(u.edits))
	}
	return commit, nil
}

// spot is where a new commit goes.
type spot struct {
	branch  string
	tip     gitstore.Hash // of the branch; ZeroHash: it is new
	parents []gitstore.Hash
	first   bool // of the repository
}

// spotFor finds where a commit goes: on top of the branch, which is the main one when none is named; a new branch begins at
// the parents that are named, or at the main branch. Parents that are named must begin with what the branch holds.
func (room *Room) spotFor(c *access.Call, r *Repository, u *upload, branch string) (spot, error) {
	main, err := room.Git.DefaultBranch(c.Context(), r.ID)
	if err != nil {
		return spot{}, err
	}
	at := spot{branch: branch, tip: gitstore.ZeroHash}
	if branch == "" {
		at.branch = main
	}
	names := []string{gitstore.BranchPrefix + at.branch, gitstore.BranchPrefix + main}
	held, err := room.Git.RefValues(c.Context(), r.ID, names)
	if err != nil {
		return spot{}, err
	}
	if tip := held[names[0]]; tip != "" {
		at.tip = tip
	}
	for _, list := range u.about["parents"] {
		for name := range strings.SplitSeq(list, ",") {
			if name = strings.TrimSpace(name); name == "" {
				continue
			}
			hash, err := room.Git.Resolve(c.Context(), r.ID, name)
			if err == nil {
				_, err = room.Git.Commit(c.Context(), r.ID, hash)
			}
			if named, ok := errors.AsType[*gitstore.Error](err); ok {
				return spot{}, rest.InvalidField("parents", named.Error())
			}
			if err != nil {
				return spot{}, err
			}
			at.parents = append(at.parents, hash)
		}
	}
	if len(at.parents) > maxParents {
		return spot{}, rest.InvalidField("parents", fmt.Sprintf("a commit here has at most %d", maxParents))
	}
	switch {
	case len(at.parents) > 0 && !at.tip.IsZero() && at.parents[0] != at.tip:
		return spot{}, rest.Refusef(reason.ConflictState, "The branch %s holds %s by now, and not the parent that was sent. Look at what changed, and send the files once more.", at.branch, at.tip.Short())
	case len(at.parents) > 0:
	case !at.tip.IsZero():
		at.parents = []gitstore.Hash{at.tip}
	case held[names[1]] != "":
		at.parents = []gitstore.Hash{held[names[1]]}
	default:
		empty, err := room.isEmpty(c, r)
		if err != nil {
			return spot{}, err
		}
		if !empty {
			return spot{}, rest.InvalidField("parents", "the repository has no main branch to begin at, so the parent of the commit must be named")
		}
		at.first = true
	}
	return at, nil
}

// maxParents bounds the parents of a commit that is made over the API.
const maxParents = 16

// isEmpty tells whether the repository has neither branches nor tags.
func (room *Room) isEmpty(c *access.Call, r *Repository) (bool, error) {
	tips, more, err := room.Git.Tips(c.Context(), r.ID, 1)
	return len(tips) == 0 && !more, err
}

// upload makes a commit of the files of a form, and moves the branch to it (POST .../src).
func (room *Room) upload(c *access.Call, r *Repository) (any, error) {
	dir, remove, err := room.Git.Spool()
	if err != nil {
		return nil, err
	}
	defer remove()
	u, err := readUpload(c, dir)
	if err != nil {
		return nil, err
	}
	commit, err := room.describe(c, u)
	if err != nil {
		return nil, err
	}
	branch, err := u.one("branch")
	if err != nil {
		return nil, err
	}
	if branch != "" && !gitstore.ValidBranchName(branch) {
		return nil, rest.InvalidField("branch", "git takes no such name for it")
	}
	hash, err := room.land(c, r, u, commit, branch)
	if err != nil {
		return nil, err
	}
	made, err := room.fullCommit(c, r, hash)
	if err != nil {
		return nil, err
	}
	return rest.Created(made, room.link(r, "commit", string(hash))), nil
}

// maxAttempts is how often a commit is put on top of a branch that others move meanwhile.
const maxAttempts = 25

// land stores the commit and moves its branch. Without parents it goes on top of whatever the branch holds: a push at the
// same moment is no reason to refuse it.
func (room *Room) land(c *access.Call, r *Repository, u *upload, commit gitstore.NewCommit, branch string) (gitstore.Hash, error) {
	for attempt := 1; ; attempt++ {
		at, err := room.spotFor(c, r, u, branch)
		if err != nil {
			return "", err
		}
		if err := room.judge(c, r, RefChange{Ref: gitstore.BranchPrefix + at.branch}); err != nil {
			return "", err
		}
		if len(u.edits) == 0 && !(at.tip.IsZero() && len(at.parents) > 0) {
			return "", rest.MissingField("files")
		}
		commit.Parents = at.parents
		hash, err := room.Git.WriteCommit(c.Context(), r.ID, commit)
		if named, ok := errors.AsType[*gitstore.Error](err); ok && (errors.Is(err, gitstore.ErrNotFound) || errors.Is(err, gitstore.ErrInvalid)) {
			return "", rest.InvalidField("files", named.Error())
		}
		if err != nil {
			return "", err
		}
		err = room.Git.UpdateRef(c.Context(), r.ID, gitstore.BranchPrefix+at.branch, at.tip, hash)
		switch moved := errors.Is(err, gitstore.ErrConflict) || errors.Is(err, gitstore.ErrExists); {
		case moved && len(u.about["parents"]) == 0 && attempt < maxAttempts:
			continue
		case moved:
			return "", rest.Refusef(reason.ConflictState, "The branch %s was moved at the same moment, or another one is in the way of its name. Nothing was changed. Look at it again, and send the files once more.", at.branch)
		case err != nil:
			return "", err
		}
		// The commit is on its branch: the bookkeeping is done even when the caller has left.
		ctx := context.WithoutCancel(c.Context())
		if at.first {
			if err := room.Git.SetDefaultBranch(ctx, r.ID, at.branch); err != nil {
				return "", err
			}
		}
		return hash, room.Pushed(ctx, r.ID, gitstore.RefUpdate{Name: gitstore.BranchPrefix + at.branch, Old: at.tip, New: hash})
	}
}
