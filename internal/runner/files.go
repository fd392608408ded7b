package runner

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// All that a step may have touched is read and written through an os.Root: no link of its making leads anywhere else.

// level is how archives are compressed: what is kept for a day is hardly worth more time.
const level = gzip.BestSpeed

// pack writes an Archive of what walk names: paths with slashes, relative to root. The names within the archive are name of these.
func pack(root *os.Root, w io.Writer, name func(string) string, walk func(add func(p string) error) error) error {
	z, err := gzip.NewWriterLevel(w, level)
	if err != nil {
		return err
	}
	t := tar.NewWriter(z)
	err = walk(func(p string) error { return packOne(root, t, p, name(p)) })
	return errors.Join(err, t.Close(), z.Close())
}

func packOne(root *os.Root, t *tar.Writer, p, name string) error {
	info, err := root.Lstat(p)
	if err != nil {
		return err
	}
	h := &tar.Header{Name: name, Mode: int64(info.Mode().Perm()), ModTime: info.ModTime().Truncate(time.Second)}
	switch {
	case info.IsDir():
		h.Typeflag, h.Name = tar.TypeDir, name+"/"
		return t.WriteHeader(h)
	case info.Mode()&fs.ModeSymlink != 0:
		h.Typeflag = tar.TypeSymlink
		if h.Linkname, err = root.Readlink(p); err != nil {
			return err
		}
		return t.WriteHeader(h)
	case !info.Mode().IsRegular():
		return nil // a socket or the like, which means nothing elsewhere
	}
	f, err := root.Open(p)
	if err != nil {
		return err
	}
	defer f.Close()
	h.Typeflag, h.Size = tar.TypeReg, info.Size()
	if err := t.WriteHeader(h); err != nil {
		return err
	}
	_, err = io.CopyN(t, f, h.Size)
	return err
}

// packDir writes an Archive of a directory, or returns errNothing.
func packDir(root *os.Root, dir string, w io.Writer) error {
	info, err := root.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return errNothing
	}
	if err != nil {
		return err
	}
	sub, err := root.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer sub.Close()
	return pack(sub, w, func(p string) string { return p }, func(add func(string) error) error {
		return fs.WalkDir(sub.FS(), ".", func(p string, _ fs.DirEntry, err error) error {
			if err != nil || p == "." {
				return err
			}
			return add(p)
		})
	})
}

// unpackInto lays an Archive into a directory, which it makes.
func unpackInto(root *os.Root, dir string, archive io.Reader) error {
	if err := root.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	sub, err := root.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer sub.Close()
	return unpack(sub, archive)
}

// unpack lays an Archive into root, over what is there.
func unpack(root *os.Root, archive io.Reader) error {
	return eachEntry(archive, func(h *tar.Header, name string, r io.Reader) error {
		if dir := path.Dir(name); dir != "." {
			if err := root.MkdirAll(dir, 0o755); err != nil {
				return err
			}
		}
		mode := fs.FileMode(h.Mode) & 0o777
		if h.Typeflag == tar.TypeDir {
			if err := root.MkdirAll(name, 0o755); err != nil {
				return err
			}
			return root.Chmod(name, mode|0o700)
		}
		if info, err := root.Lstat(name); err == nil && !info.IsDir() {
			if err := root.Remove(name); err != nil {
				return err
			}
		}
		switch h.Typeflag {
		case tar.TypeSymlink:
			return root.Symlink(h.Linkname, name)
		case tar.TypeLink:
			return root.Link(path.Clean(h.Linkname), name)
		}
		f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode|0o600)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, r)
		return errors.Join(err, f.Close())
	})
}

// eachEntry calls do for each entry of an Archive that may stand in one, with its name.
func eachEntry(archive io.Reader, do func(h *tar.Header, name string, r io.Reader) error) error {
	z, err := gzip.NewReader(archive)
	if err != nil {
		return err
	}
	t := tar.NewReader(z)
	for {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		name := path.Clean(h.Name)
		switch {
		case name == ".":
			continue
		case !filepath.IsLocal(name) || strings.Contains(name, `\`):
			return fmt.Errorf("an archive with the name %q", h.Name)
		case h.Typeflag == tar.TypeLink && !filepath.IsLocal(h.Linkname):
			return fmt.Errorf("an archive with a link to %q", h.Linkname)
		case h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeDir && h.Typeflag != tar.TypeSymlink && h.Typeflag != tar.TypeLink:
			continue
		}
		if err := do(h, name, t); err != nil {
			return err
		}
	}
}

// readUpTo is a regular file, or nil where there is none; longer ones are an error.
func readUpTo(root *os.Root, name string, limit int64) ([]byte, error) {
	info, err := root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil || !info.Mode().IsRegular() {
		return nil, err
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s is larger than %d octets", name, limit)
	}
	return root.ReadFile(name)
}

// giveTree makes a user the owner of everything in root.
func giveTree(root *os.Root, user int) error {
	return fs.WalkDir(root.FS(), ".", func(p string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return root.Lchown(p, user, user)
	})
}
