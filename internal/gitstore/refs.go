package gitstore

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Reference is a branch, a tag or another reference, with what it leads to.
type Reference struct {
	Name       string     // full: "refs/heads/main"
	Hash       Hash       // what the reference holds; for an annotated tag the tag object
	Tag        *TagObject // of an annotated tag, else nil
	Target     Hash       // Hash, or for annotated tags what they finally tag
	TargetType string     // "commit", in odd repositories "tree" or "blob"
	Commit     *Commit    // the target when it is a commit, else nil
}

// Short is the name without refs/heads/, refs/tags/ or refs/.
func (r *Reference) Short() string {
	for _, prefix := range []string{BranchPrefix, TagPrefix, "refs/"} {
		if short, ok := strings.CutPrefix(r.Name, prefix); ok {
			return short
		}
	}
	return r.Name
}

// Branches lists the branches with the commits that they hold, sorted by name, in one process.
func (s *Store) Branches(ctx context.Context, id string) ([]Reference, error) {
	return s.refs(ctx, id, BranchPrefix)
}

// Tips are the commits that branches and tags lead to, each once; more is true, without any, when there are more than
// limit of them. It reads the files of the references itself where they are plain, which costs a fraction of a process,
// and asks git where they are not.
func (s *Store) Tips(ctx context.Context, id string, limit int) (tips []Hash, more bool, err error) {
	dir, err := s.dir(id)
	if err != nil {
		return nil, false, err
	}
	values, err := s.tipValues(ctx, id, dir)
	if err != nil {
		return nil, false, err
	}
	seen, commits := map[Hash]bool{}, map[Hash]bool{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		h := values[name]
		if seen[h] {
			continue
		}
		seen[h] = true
		if strings.HasPrefix(name, TagPrefix) {
			info, err := s.resolve(ctx, id, string(h))
			if errors.Is(err, ErrNotFound) || err == nil && info.Type != "commit" {
				continue // a tag of a tree or a blob has no history
			}
			if err != nil {
				return nil, false, err
			}
			h = info.Hash
		}
		if commits[h] {
			continue
		}
		if len(tips) == limit {
			return nil, true, nil
		}
		commits[h] = true
		tips = append(tips, h)
	}
	return tips, false, nil
}

// tipValues are branches and tags with what they hold.
func (s *Store) tipValues(ctx context.Context, id, dir string) (map[string]Hash, error) {
	values, ok := readTips(dir)
	if ok {
		return values, nil
	}
	values = map[string]Hash{}
	for _, prefix := range tipPrefixes {
		refs, err := s.refs(ctx, id, prefix)
		if err != nil {
			return nil, err
		}
		for i := range refs {
			values[refs[i].Name] = refs[i].Hash
		}
	}
	return values, nil
}

// Names are the short names of all branches and tags, in order, as cheap as Tips.
func (s *Store) Names(ctx context.Context, id string) (branches, tags []string, err error) {
	dir, err := s.dir(id)
	if err != nil {
		return nil, nil, err
	}
	values, err := s.tipValues(ctx, id, dir)
	if err != nil {
		return nil, nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if branch, ok := strings.CutPrefix(name, BranchPrefix); ok {
			branches = append(branches, branch)
		} else if tag, ok := strings.CutPrefix(name, TagPrefix); ok {
			tags = append(tags, tag)
		}
	}
	return branches, tags, nil
}

var tipPrefixes = []string{BranchPrefix, TagPrefix}

// readTips reads branches and tags from their files; ok is false when one of them is no plain value. Loose files come
// first: git writes the packed ones before it takes the loose ones away, so none is missed in between.
func readTips(dir string) (values map[string]Hash, ok bool) {
	values = map[string]Hash{}
	for _, prefix := range tipPrefixes {
		if readLoose(dir, prefix, values) != nil {
			return nil, false
		}
	}
	packed, err := os.ReadFile(filepath.Join(dir, "packed-refs"))
	if err != nil {
		return values, errors.Is(err, fs.ErrNotExist)
	}
	for line := range strings.Lines(string(packed)) {
		h, name, found := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if !found || !strings.HasPrefix(name, BranchPrefix) && !strings.HasPrefix(name, TagPrefix) || !Hash(h).Valid() {
			continue // the heading, what tags lead to, other references
		}
		if _, loose := values[name]; !loose {
			values[name] = Hash(h)
		}
	}
	return values, true
}

// readLoose adds the references below prefix that have a file each.
func readLoose(dir, prefix string, values map[string]Hash) error {
	return filepath.WalkDir(filepath.Join(dir, filepath.FromSlash(prefix)), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasSuffix(path, ".lock") {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // packed or deleted meanwhile
			}
			return err
		}
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		h := Hash(strings.TrimSuffix(string(text), "\n"))
		if err != nil || !h.Valid() {
			return errNotPlain
		}
		name, err := filepath.Rel(dir, path)
		values[filepath.ToSlash(name)] = h
		return err
	})
}

var errNotPlain = errors.New("gitstore: a reference is no plain value")

// Tags lists the tags with what they tag, sorted by name, in one process.
func (s *Store) Tags(ctx context.Context, id string) ([]Reference, error) {
	return s.refs(ctx, id, TagPrefix)
}

// Ref reads one reference by its full name. Errors: ErrNotFound.
func (s *Store) Ref(ctx context.Context, id, fullName string) (*Reference, error) {
	if _, err := s.dir(id); err != nil {
		return nil, err
	}
	if !ValidRefName(fullName) {
		return nil, fail(ErrNotFound, "reference", fullName, "")
	}
	refs, err := s.refs(ctx, id, fullName)
	if err != nil {
		return nil, err
	}
	for i := range refs { // the pattern also matches refs/heads/a/b for refs/heads/a
		if refs[i].Name == fullName {
			return &refs[i], nil
		}
	}
	return nil, fail(ErrNotFound, "reference", fullName, "")
}

// refFormat prints each reference as fields that end with NUL; objects come with their size before
// them, because they may hold any byte. Blobs and trees stay unprinted.
const refFormat = "%(refname)%00%(objectname)%00%(objecttype)%00" +
	"%(if:equals=commit)%(objecttype)%(then)%(raw:size)%00%(raw)%(else)" +
	"%(if:equals=tag)%(objecttype)%(then)%(raw:size)%00%(raw)%(else)0%00%(end)%(end)%00" +
	"%(*objectname)%00%(*objecttype)%00" +
	"%(if:equals=commit)%(*objecttype)%(then)%(*raw:size)%00%(*raw)%(else)0%00%(end)%00"

// maxRefList bounds the output of for-each-ref.
const maxRefList = 512 << 20

func (s *Store) refs(ctx context.Context, id, pattern string) ([]Reference, error) {
	dir, err := s.dir(id)
	if err != nil {
		return nil, err
	}
	out, err := s.output(ctx, dir, nil, maxRefList, "--git-dir="+dir, "for-each-ref", "--format="+refFormat, "--", pattern)
	if err != nil {
		return nil, err
	}
	refs, deep, err := parseRefs(out)
	if err != nil {
		return nil, err
	}
	for _, i := range deep { // tags of tags: rare enough for a question each
		if err := s.peel(ctx, id, &refs[i]); err != nil {
			return nil, err
		}
	}
	return refs, nil
}

// RefAt is the reference of a name while it holds hash, whether or not it does so now, and whether it is still there. Errors:
// ErrNotFound.
func (s *Store) RefAt(ctx context.Context, id, fullName string, hash Hash) (*Reference, error) {
	ref := &Reference{Name: fullName, Hash: hash}
	info, err := s.Stat(ctx, id, hash)
	if err != nil {
		return nil, err
	}
	if info.Type == "tag" {
		o, err := s.Object(ctx, id, hash)
		if err != nil {
			return nil, err
		}
		if ref.Tag, err = parseTag(hash, o.Data); err != nil {
			return nil, err
		}
	}
	return ref, s.peel(ctx, id, ref)
}

// peel follows a tag of a tag to its end.
func (s *Store) peel(ctx context.Context, id string, ref *Reference) error {
	info, err := s.resolve(ctx, id, string(ref.Hash))
	if err != nil {
		return err
	}
	ref.Target, ref.TargetType = info.Hash, info.Type
	if info.Type == "commit" {
		ref.Commit, err = s.Commit(ctx, id, info.Hash)
	}
	return err
}

var errRefOutput = errors.New("gitstore: for-each-ref answered in another form than asked for")

// parseRefs reads what refFormat printed. deep are the indexes of tags whose target is a tag.
func parseRefs(out []byte) (refs []Reference, deep []int, err error) {
	field := func() string {
		value, rest, ok := bytes.Cut(out, []byte{0})
		if !ok {
			err = errRefOutput
		}
		out = rest
		return string(value)
	}
	object := func() []byte {
		n, bad := strconv.Atoi(field())
		if bad != nil || n < 0 || n >= len(out) || out[n] != 0 {
			err = errRefOutput
			return nil
		}
		data := out[:n]
		out = out[n+1:]
		return data
	}
	for len(out) > 0 && err == nil {
		name, hash, kind := field(), Hash(field()), field()
		if err != nil {
			break
		}
		body := object()
		peeled, peeledKind := Hash(field()), field()
		if err != nil {
			break
		}
		peeledBody := object()
		if err != nil || !bytes.HasPrefix(out, []byte{'\n'}) {
			return nil, nil, errRefOutput
		}
		out = out[1:]
		ref := Reference{Name: strings.ToValidUTF8(name, "�"), Hash: hash, Target: hash, TargetType: kind}
		if kind == "tag" {
			if ref.Tag, err = parseTag(hash, body); err != nil {
				return nil, nil, err
			}
			ref.Target, ref.TargetType, body = peeled, peeledKind, peeledBody
			if peeledKind == "tag" {
				deep = append(deep, len(refs))
			}
		}
		if ref.TargetType == "commit" {
			if ref.Commit, err = parseCommit(ref.Target, body); err != nil {
				return nil, nil, err
			}
		}
		refs = append(refs, ref)
	}
	return refs, deep, err
}

// RefValues tells what each of the references holds (for annotated tags the tag object), by full
// name. Those that do not exist, or cannot, are left out.
func (s *Store) RefValues(ctx context.Context, id string, fullNames []string) (map[string]Hash, error) {
	var values map[string]Hash
	err := s.readers.with(ctx, id, func(r *reader) error {
		values = make(map[string]Hash, len(fullNames))
		for _, name := range fullNames {
			if !ValidRefName(name) {
				continue
			}
			h, err := r.ask("info", name)
			if err != nil {
				return err
			}
			if h.hash == "" {
				continue
			}
			if mayMislead(name) {
				if ok, err := s.refExists(ctx, id, name); err != nil {
					return err
				} else if !ok {
					continue
				}
			}
			values[name] = h.hash
		}
		return nil
	})
	return values, err
}

// refExists tells whether a reference of exactly this name is there.
func (s *Store) refExists(ctx context.Context, id, name string) (bool, error) {
	dir, err := s.dir(id)
	if err != nil {
		return false, err
	}
	_, err = s.output(ctx, dir, nil, maxStderr, "--git-dir="+dir, "show-ref", "--verify", "--quiet", "--end-of-options", name)
	var exit *GitError
	if errors.As(err, &exit) && exit.Exit == 1 {
		return false, nil
	}
	return err == nil, err
}

// DefaultBranch is the short name of the branch that HEAD names; it may not have commits yet.
func (s *Store) DefaultBranch(ctx context.Context, id string) (string, error) {
	dir, err := s.dir(id)
	if err != nil {
		return "", err
	}
	// The file is read as it stands: a process for one line would cost hundreds of times as much.
	head, err := os.ReadFile(filepath.Join(dir, "HEAD"))
	if err != nil {
		return "", hidePath(err)
	}
	name, ok := strings.CutPrefix(strings.TrimSuffix(string(head), "\n"), "ref: "+BranchPrefix)
	if !ok || !ValidRefName(BranchPrefix+name) {
		return "", fail(ErrNotFound, "default branch", "", "HEAD names no branch")
	}
	return name, nil
}

// SetDefaultBranch makes HEAD name a branch (short name). The branch need not exist.
// Errors: ErrInvalid.
func (s *Store) SetDefaultBranch(ctx context.Context, id, branch string) error {
	dir, err := s.dir(id)
	if err != nil {
		return err
	}
	if !ValidBranchName(branch) {
		return fail(ErrInvalid, "branch", branch, "")
	}
	_, err = s.output(ctx, dir, nil, maxStderr, "--git-dir="+dir, "symbolic-ref", "HEAD", BranchPrefix+branch)
	return err
}

// RefUpdate is one change of a reference. Old is what it must hold now: ZeroHash when it must not
// exist, empty when anything goes. New is what it shall hold: ZeroHash deletes it.
type RefUpdate struct {
	Name string
	Old  Hash
	New  Hash
}

// CreateRef makes a reference. Errors: ErrInvalid (name), ErrNotFound (object), ErrExists,
// ErrConflict (a reference whose name is a directory of this one, or the other way round).
func (s *Store) CreateRef(ctx context.Context, id, name string, target Hash) error {
	return s.UpdateRefs(ctx, id, []RefUpdate{{Name: name, Old: ZeroHash, New: target}})
}

// UpdateRef moves a reference from old to target. Errors: as UpdateRefs.
func (s *Store) UpdateRef(ctx context.Context, id, name string, old, target Hash) error {
	return s.UpdateRefs(ctx, id, []RefUpdate{{Name: name, Old: old, New: target}})
}

// DeleteRef removes a reference that holds old. Errors: as UpdateRefs.
func (s *Store) DeleteRef(ctx context.Context, id, name string, old Hash) error {
	return s.UpdateRefs(ctx, id, []RefUpdate{{Name: name, Old: old, New: ZeroHash}})
}

// UpdateRefs makes all changes or none. Errors: ErrInvalid for a name or a value that cannot be
// one, ErrNotFound for a new object that is not there, ErrExists for a reference that must not
// exist and does, ErrConflict for one that does not hold its old value.
func (s *Store) UpdateRefs(ctx context.Context, id string, updates []RefUpdate) error {
	dir, err := s.dir(id)
	if err != nil {
		return err
	}
	var in bytes.Buffer
	create := true
	for _, u := range updates {
		if !ValidRefName(u.Name) {
			return fail(ErrInvalid, "reference", u.Name, "")
		}
		if !u.New.Valid() || u.Old != "" && !u.Old.Valid() {
			return fail(ErrInvalid, "object name", string(u.New), "a full object name is needed")
		}
		create = create && u.Old.IsZero() && u.Old != ""
		switch {
		case u.New.IsZero() && u.Old.IsZero() && u.Old != "":
			return fail(ErrInvalid, "change of reference", u.Name, "it neither exists before nor after")
		case u.New.IsZero():
			in.WriteString("delete " + u.Name + "\x00" + string(u.Old) + "\x00")
		default:
			in.WriteString("update " + u.Name + "\x00" + string(u.New) + "\x00" + string(u.Old) + "\x00")
		}
	}
	if in.Len() == 0 {
		return nil
	}
	_, err = s.output(ctx, dir, &in, maxStderr, "--git-dir="+dir, "update-ref", "--stdin", "-z")
	return refError(err, updates, create)
}

// refError gives the failures of update-ref their kind. Git runs with LC_ALL=C, so its words are stable.
func refError(err error, updates []RefUpdate, create bool) error {
	var exit *GitError
	if !errors.As(err, &exit) {
		return err
	}
	name := updates[0].Name
	for _, u := range updates {
		if strings.Contains(exit.Stderr, "'"+u.Name+"'") {
			name = u.Name
			break
		}
	}
	says := func(text string) bool { return strings.Contains(exit.Stderr, text) }
	switch {
	case says("reference already exists"):
		return fail(ErrExists, "reference", name, "")
	case says("nonexistent object"):
		return fail(ErrNotFound, "object", "", "reference "+name+" cannot point to it")
	case says("non-commit object"):
		return fail(ErrInvalid, "object", "", "branch "+name+" can only point to a commit")
	case says("' exists; cannot create"), says("cannot process '") && says("at the same time"):
		return fail(ErrConflict, "reference", name, "another reference is in the way")
	case says("but expected"), says("unable to resolve reference"), says("reference is missing"), says("Unable to create"):
		return fail(ErrConflict, "reference", name, "it does not hold the expected value")
	case create && says("cannot lock ref"):
		return fail(ErrConflict, "reference", name, "")
	}
	return err
}
