package gitstore

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Options tune a Store. The zero value is fine.
type Options struct {
	// Git is the git binary: a path, or a name to look up. Empty: "git".
	Git string
	// MaxReaders bounds the long-lived cat-file processes of the store. 0: 16.
	MaxReaders int
	// ReaderIdle is how long an unused cat-file process stays alive. 0: 10 seconds.
	ReaderIdle time.Duration
	// MaxPushBytes bounds the pack of one push. 0: no limit.
	MaxPushBytes int64
	// MaxObjectBytes bounds what Object holds in memory. 0: 64 MiB. Open has no limit.
	MaxObjectBytes int64
	// KeepDeleted is how long the files of deleted repositories stay in the folder trash. 0: not at all.
	KeepDeleted time.Duration
}

// Store is a directory of bare repositories. It is safe for concurrent use, also by several
// processes that share the file system. Root and Git are for reading.
type Store struct {
	Root string // absolute
	Git  string // absolute path of the git binary

	env       []string
	maxPush   int64
	maxObject int64
	maxTrees  int
	readers   *readerPool
	files     *lru.Cache[Hash, FileInfo]
	plain     *lru.Cache[Hash, struct{}] // trees without .gitattributes in or below them
	outputs   chan struct{}              // one token for every process of outputOf
	scratches chan struct{}              // one token for every scratch
	shifts    shifts
	keep      time.Duration
}

// New opens the store at root, making the directory when it is missing. It fails with ErrGit,
// saying what is wrong, when git is missing or older than 2.38.
func New(root string, o Options) (*Store, error) {
	git, err := checkGit(o.Git)
	if err != nil {
		return nil, err
	}
	if root, err = filepath.Abs(root); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, err
	}
	// Git reports resolved paths; errors are scrubbed of this one.
	if root, err = filepath.EvalSymlinks(root); err != nil {
		return nil, err
	}
	for _, sub := range []string{"tmp", "trash", "home"} {
		if err := os.MkdirAll(filepath.Join(root, sub), 0o700); err != nil {
			return nil, err
		}
	}
	if o.MaxReaders <= 0 {
		o.MaxReaders = 16
	}
	if o.ReaderIdle <= 0 {
		o.ReaderIdle = 10 * time.Second
	}
	if o.MaxObjectBytes <= 0 {
		o.MaxObjectBytes = 64 << 20
	}
	s := &Store{
		Root: root, Git: git, env: environment(filepath.Join(root, "home")),
		maxPush: o.MaxPushBytes, maxObject: o.MaxObjectBytes, keep: o.KeepDeleted, maxTrees: maxTrees,
	}
	s.readers = newReaderPool(s, o.MaxReaders, o.ReaderIdle)
	s.outputs = make(chan struct{}, maxOutputs)
	s.scratches = make(chan struct{}, maxScratches)
	if s.files, err = lru.New[Hash, FileInfo](cachedFiles); err != nil {
		return nil, err
	}
	s.plain, err = lru.New[Hash, struct{}](plainTrees)
	return s, err
}

// Close ends the long-lived processes. Calls under way fail; later ones that read give ErrClosed.
func (s *Store) Close() error {
	s.readers.close()
	return nil
}

// path is where the repository is or would be.
func (s *Store) path(id string) (string, error) {
	if !ValidID(id) {
		return "", fail(ErrInvalid, "repository id", id, "a lower-case UUID is needed")
	}
	return filepath.Join(s.Root, id[:2], id+".git"), nil
}

// dir is where the repository is; ErrNotFound when it is not there.
func (s *Store) dir(id string) (string, error) {
	dir, err := s.path(id)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(dir, "HEAD")); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return "", fail(ErrNotFound, "repository", id, "")
		}
		return "", hidePath(err)
	}
	return dir, nil
}

// Exists tells whether the repository is there. An id that cannot be one does not exist.
func (s *Store) Exists(id string) bool {
	_, err := s.dir(id)
	return err == nil
}

// Create makes an empty repository whose HEAD names defaultBranch (a short name, "main" when
// empty). It appears whole or not at all, and is on disk when Create returns.
// Errors: ErrInvalid for the id or the branch, ErrExists.
func (s *Store) Create(ctx context.Context, id, defaultBranch string) error {
	final, err := s.path(id)
	if err != nil {
		return err
	}
	if defaultBranch == "" {
		defaultBranch = "main"
	}
	if !ValidBranchName(defaultBranch) {
		return fail(ErrInvalid, "branch", defaultBranch, "")
	}
	if _, err := os.Lstat(final); err == nil {
		return fail(ErrExists, "repository", id, "")
	}
	made := filepath.Join(s.Root, "tmp", id+"-"+rand.Text()+".git")
	defer os.RemoveAll(made)
	if _, err := s.output(ctx, s.Root, nil, maxStderr, "init", "--quiet", "--bare", "--template=",
		"--object-format=sha1", "--initial-branch="+defaultBranch, made); err != nil {
		return err
	}
	if err := syncTree(made); err != nil {
		return hidePath(err)
	}
	fan := filepath.Dir(final)
	if err := os.Mkdir(fan, 0o700); err == nil {
		if err := syncDir(s.Root); err != nil {
			return hidePath(err)
		}
	} else if !errors.Is(err, fs.ErrExist) {
		return hidePath(err)
	}
	if err := os.Rename(made, final); err != nil {
		if errors.Is(err, fs.ErrExist) || errors.Is(err, syscall.ENOTEMPTY) {
			return fail(ErrExists, "repository", id, "")
		}
		return hidePath(err)
	}
	return hidePath(syncDir(fan))
}

// Delete removes the repository: it is gone at once for everybody. Its files stay in the folder trash for KeepDeleted, under the
// repository's id, until a Sweep removes them. Errors: ErrInvalid, ErrNotFound.
func (s *Store) Delete(id string) error {
	if s.keep == 0 {
		return s.Remove(id)
	}
	_, err := s.discard(id)
	return err
}

// Remove removes a repository that nobody has seen, files and all. Errors: ErrInvalid, ErrNotFound.
func (s *Store) Remove(id string) error {
	gone, err := s.discard(id)
	if err != nil {
		return err
	}
	return hidePath(os.RemoveAll(gone))
}

// discard moves a repository into the trash and returns where it is there.
func (s *Store) discard(id string) (gone string, err error) {
	dir, err := s.dir(id)
	if err != nil {
		return "", err
	}
	// A rename does not change the time of what is moved: the time of deletion is what counts.
	now := time.Now()
	if err := os.Chtimes(dir, now, now); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", hidePath(err)
	}
	gone = filepath.Join(s.Root, "trash", id+"-"+rand.Text()+".git")
	if err := os.Rename(dir, gone); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return "", fail(ErrNotFound, "repository", id, "")
		}
		return "", hidePath(err)
	}
	s.readers.drop(id)
	return gone, hidePath(syncDir(filepath.Dir(dir)))
}

// IDs lists the repositories, sorted.
func (s *Store) IDs(ctx context.Context) ([]string, error) {
	fans, err := os.ReadDir(s.Root)
	if err != nil {
		return nil, hidePath(err)
	}
	var ids []string
	for _, fan := range fans {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		if len(fan.Name()) != 2 || !isHex(fan.Name()) {
			continue
		}
		entries, err := os.ReadDir(filepath.Join(s.Root, fan.Name()))
		if err != nil {
			return nil, hidePath(err)
		}
		for _, entry := range entries {
			if id, ok := strings.CutSuffix(entry.Name(), ".git"); ok && ValidID(id) && id[:2] == fan.Name() {
				ids = append(ids, id)
			}
		}
	}
	sort.Strings(ids)
	return ids, nil
}

// Size is the space that the repository's files take, in bytes.
func (s *Store) Size(ctx context.Context, id string) (int64, error) {
	dir, err := s.dir(id)
	if err != nil {
		return 0, err
	}
	var size int64
	err = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return hidePath(ignoreGone(err))
		}
		if info, err := entry.Info(); err != nil {
			return hidePath(ignoreGone(err))
		} else if info.Mode().IsRegular() {
			size += info.Size()
		}
		return nil
	})
	return size, err
}

// ignoreGone lets a walk go on when a file vanished under it.
func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// syncTree puts a small tree of new files on disk.
func syncTree(root string) error {
	return filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return syncDir(path)
	})
}

// syncDir puts a directory (or a file) on disk. File systems that cannot sync directories are left alone.
func syncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return err
	}
	return nil
}
