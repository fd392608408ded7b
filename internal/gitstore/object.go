package gitstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Object is an object held in memory.
type Object struct {
	Hash Hash
	Type string // "commit", "tree", "blob" or "tag"
	Data []byte
}

// ObjectInfo is what an object is, without its contents.
type ObjectInfo struct {
	Hash Hash
	Type string
	Size int64 // bytes
}

// Resolve gives the object that a revision names, annotated tags followed to what they tag.
// In this order: a full object name, "HEAD", a full reference name (refs/...), a branch, a tag,
// the first digits (at least 4) of one object. Everything else, such as "a..b" or "main~1", is
// ErrNotFound and never gets to git. Digits that several objects begin with are the one commit among them, and otherwise
// ErrAmbiguous, which names them.
func (s *Store) Resolve(ctx context.Context, id, revision string) (Hash, error) {
	info, err := s.resolve(ctx, id, revision)
	return info.Hash, err
}

func (s *Store) resolve(ctx context.Context, id, revision string) (ObjectInfo, error) {
	names, note := spellings(revision)
	var found ObjectInfo
	ambiguous := ""
	if len(names) > 0 {
		if err := s.readers.with(ctx, id, func(r *reader) error {
			for _, name := range names {
				h, err := r.ask("info", name+"^{}")
				if err != nil {
					return err
				}
				if h.kind == "missing" && isHex(name) {
					// Several that begin so are missing too, as long as it is what they lead to that is asked for.
					if h, err = r.ask("info", name); err != nil {
						return err
					}
					if h.kind == "ambiguous" {
						ambiguous = name
					}
					continue
				}
				if h.kind == "missing" {
					continue
				}
				found = ObjectInfo{h.hash, h.kind, h.size}
				if mayMislead(name) {
					// What answers may be "<anything>-g<digits>", which git reads as an object name.
					if ok, err := s.refExists(ctx, id, name); err != nil {
						return err
					} else if !ok {
						found = ObjectInfo{}
						continue
					}
				}
				return nil
			}
			return nil
		}); err != nil {
			return ObjectInfo{}, err
		}
	} else if _, err := s.dir(id); err != nil {
		return ObjectInfo{}, err
	}
	switch {
	case found.Hash != "":
		return found, nil
	case ambiguous != "":
		return s.oneCommit(ctx, id, ambiguous)
	}
	return ObjectInfo{}, fail(ErrNotFound, "revision", revision, note)
}

// maxCandidates is how many objects an error names at most.
const maxCandidates = 10

// oneCommit finds the commit whose name begins with digits that other objects begin with too.
func (s *Store) oneCommit(ctx context.Context, id, digits string) (ObjectInfo, error) {
	dir, err := s.dir(id)
	if err != nil {
		return ObjectInfo{}, err
	}
	out, err := s.output(ctx, dir, nil, 1<<20, "--git-dir="+dir, "rev-parse", "--disambiguate="+digits)
	if err != nil {
		return ObjectInfo{}, err
	}
	var commits, others []ObjectInfo
	for _, name := range strings.Fields(string(out)) {
		info, err := s.Stat(ctx, id, Hash(name))
		if err != nil {
			return ObjectInfo{}, err
		}
		if info.Type == "commit" {
			commits = append(commits, info)
		} else {
			others = append(others, info)
		}
		if len(commits)+len(others) > maxCandidates {
			break
		}
	}
	if len(commits) == 1 && len(others) < maxCandidates {
		return commits[0], nil
	}
	var names []string
	for _, c := range append(commits, others...) {
		names = append(names, c.Type+" "+string(c.Hash))
	}
	if len(names) > maxCandidates {
		names = append(names[:maxCandidates], "others")
	}
	return ObjectInfo{}, fail(ErrAmbiguous, "revision", digits, strings.Join(names, ", "))
}

// spellings gives the exact names that a revision may stand for, the likeliest first.
func spellings(revision string) (names []string, note string) {
	lower := strings.ToLower(revision)
	switch {
	case Hash(lower).Valid():
		return []string{lower}, ""
	case revision == "HEAD":
		return []string{"HEAD"}, ""
	case strings.HasPrefix(revision, "refs/"):
		if ValidRefName(revision) {
			return []string{revision}, ""
		}
		return nil, "it cannot be a reference name"
	}
	if ValidRefName(BranchPrefix + revision) {
		names = append(names, BranchPrefix+revision, TagPrefix+revision)
	}
	if len(lower) >= 4 && len(lower) < 40 && isHex(lower) {
		names = append(names, lower)
	}
	if names == nil {
		note = "a branch, a tag or a commit hash is needed"
	}
	return names, note
}

// mayMislead tells whether git may read a reference name that does not exist as the output of
// `git describe`, and so find an object by its digits.
func mayMislead(ref string) bool {
	i := strings.LastIndex(ref, "-g")
	return strings.HasPrefix(ref, "refs/") && i >= 0 && isHex(strings.ToLower(ref[i+2:]))
}

// Stat tells what an object is. Errors: ErrNotFound.
func (s *Store) Stat(ctx context.Context, id string, hash Hash) (ObjectInfo, error) {
	if !hash.Valid() {
		return ObjectInfo{}, s.noObject(id, hash)
	}
	var info ObjectInfo
	err := s.readers.with(ctx, id, func(r *reader) error {
		h, err := r.ask("info", string(hash))
		if err != nil {
			return err
		}
		if h.hash == "" {
			return fail(ErrNotFound, "object", string(hash), "")
		}
		info = ObjectInfo{h.hash, h.kind, h.size}
		return nil
	})
	return info, err
}

// Object reads an object into memory. Errors: ErrNotFound; ErrTooLarge above Options.MaxObjectBytes.
func (s *Store) Object(ctx context.Context, id string, hash Hash) (*Object, error) {
	if !hash.Valid() {
		return nil, s.noObject(id, hash)
	}
	var o *Object
	err := s.readers.with(ctx, id, func(r *reader) (err error) {
		o, err = s.object(r, hash)
		return err
	})
	return o, err
}

func (s *Store) object(r *reader, hash Hash) (*Object, error) {
	var o *Object
	if err := stream(r, hash, func(info ObjectInfo, contents io.Reader) error {
		if info.Size > s.maxObject {
			return fail(ErrTooLarge, "object", string(hash), "")
		}
		o = &Object{Hash: info.Hash, Type: info.Type, Data: make([]byte, info.Size)}
		if _, err := io.ReadFull(contents, o.Data); err != nil {
			return errReaderGone
		}
		return nil
	}); err != nil {
		return nil, err
	}
	return o, nil
}

// Stream hands the contents of an object to use without holding them in memory. The reader is
// good only until use returns; what use leaves unread is dropped. use is called at most once, and
// its error is returned as it is. Errors: ErrNotFound.
func (s *Store) Stream(ctx context.Context, id string, hash Hash, use func(info ObjectInfo, contents io.Reader) error) error {
	if !hash.Valid() {
		return s.noObject(id, hash)
	}
	called := false
	return s.readers.with(ctx, id, func(r *reader) error {
		err := stream(r, hash, func(info ObjectInfo, contents io.Reader) error {
			called = true
			return use(info, contents)
		})
		if called && errors.Is(err, errReaderGone) {
			r.end()
			return &GitError{Command: "cat-file", Exit: -1, Stderr: "it ended while object " + string(hash) + " was read"}
		}
		return err
	})
}

// dropInstead is how much unread content is cheaper to read than a new process is to start.
const dropInstead = 1 << 20

func stream(r *reader, hash Hash, use func(ObjectInfo, io.Reader) error) error {
	h, err := r.ask("contents", string(hash))
	if err != nil {
		return err
	}
	if h.hash == "" {
		return fail(ErrNotFound, "object", string(hash), "")
	}
	contents := &io.LimitedReader{R: r.out, N: h.size}
	err = use(ObjectInfo{h.hash, h.kind, h.size}, contents)
	if err != nil && contents.N > dropInstead || contents.N > 16*dropInstead {
		r.end() // the next user finds it gone and starts another
		return err
	}
	if _, skip := io.Copy(io.Discard, contents); skip != nil || contents.N > 0 {
		return errReaderGone
	}
	if end := r.endOfObject(); end != nil {
		return end
	}
	return err
}

// Commit reads one commit. Errors: ErrNotFound, also when the object is not a commit.
func (s *Store) Commit(ctx context.Context, id string, hash Hash) (*Commit, error) {
	commits, err := s.Commits(ctx, id, []Hash{hash})
	if err != nil {
		return nil, err
	}
	return commits[0], nil
}

// Commits reads several commits, in the order given. Errors: ErrNotFound naming the first that is
// not there or not a commit.
func (s *Store) Commits(ctx context.Context, id string, hashes []Hash) ([]*Commit, error) {
	for _, hash := range hashes {
		if !hash.Valid() {
			return nil, s.noObject(id, hash)
		}
	}
	var commits []*Commit
	err := s.readers.with(ctx, id, func(r *reader) error {
		commits = make([]*Commit, 0, len(hashes))
		for _, hash := range hashes {
			if err := stream(r, hash, func(info ObjectInfo, contents io.Reader) error {
				if info.Type != "commit" {
					return fail(ErrNotFound, "commit", string(hash), "it is a "+info.Type)
				}
				data, err := io.ReadAll(io.LimitReader(contents, maxMessage+maxHeaders))
				if err != nil {
					return errReaderGone
				}
				c, err := parseCommit(info.Hash, data)
				commits = append(commits, c)
				return err
			}); err != nil {
				return err
			}
		}
		return nil
	})
	return commits, err
}

// Abbreviated are the commits whose names begin with digits: 4 or more in lower case, and of one commit alone. Those that begin no
// commit, and those that begin other objects, too, are left out. One conversation with git, however many there are.
func (s *Store) Abbreviated(ctx context.Context, id string, digits []string) (map[string]Hash, error) {
	found := map[string]Hash{}
	digits = slices.DeleteFunc(slices.Clone(digits), func(name string) bool { return len(name) < 4 || len(name) > 64 || !isHex(name) })
	if len(digits) == 0 {
		return found, nil
	}
	err := s.readers.with(ctx, id, func(r *reader) error {
		for _, name := range digits {
			h, err := r.ask("info", name)
			if err != nil {
				return err
			}
			// A branch may be called like a commit: then git answers with that.
			if h.kind == "commit" && strings.HasPrefix(string(h.hash), name) {
				found[name] = h.hash
			}
		}
		return nil
	})
	return found, err
}

// maxHeaders bounds what stands before the message of a commit (parents, signatures).
const maxHeaders = 1 << 20

func (s *Store) noObject(id string, hash Hash) error {
	if _, err := s.dir(id); err != nil {
		return err
	}
	return fail(ErrNotFound, "object", string(hash), "a full object name is needed")
}

// WriteTag stores an annotated tag; no reference names it yet. Of t it takes Name, Target, TargetType, Message, and of the
// tagger Name, Mail and When. Errors: ErrInvalid for what cannot stand in a tag, ErrNotFound when the target is not there.
func (s *Store) WriteTag(ctx context.Context, id string, t TagObject) (Hash, error) {
	dir, err := s.dir(id)
	if err != nil {
		return "", err
	}
	if !ValidTagName(t.Name) || !t.Target.Valid() || strings.ContainsRune(t.Message, 0) || !utf8.ValidString(t.Message) {
		return "", fail(ErrInvalid, "tag", t.Name, "")
	}
	if _, err := s.Stat(ctx, id, t.Target); err != nil {
		return "", err
	}
	text := fmt.Sprintf("object %s\ntype %s\ntag %s\ntagger %s\n\n%s\n", t.Target, t.TargetType, t.Name, signed(t.Tagger), strings.TrimRight(t.Message, "\n"))
	out, err := s.output(ctx, dir, strings.NewReader(text), maxStderr, "--git-dir="+dir, "mktag")
	if err != nil {
		return "", err
	}
	return Hash(strings.TrimSuffix(string(out), "\n")), nil
}

// signed is a signature as objects hold it. What would end a part of it is left out.
func signed(s Signature) string {
	crumbs := strings.NewReplacer("<", "", ">", "", "\n", " ", "\r", " ", "\x00", "")
	name, mail := strings.TrimSpace(crumbs.Replace(s.Name)), strings.TrimSpace(crumbs.Replace(s.Mail))
	return fmt.Sprintf("%s <%s> %d %s", name, mail, s.When.Unix(), s.When.Format("-0700"))
}
