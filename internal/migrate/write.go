package migrate

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// refusal is why a file is left as it is.
type refusal string

func (r refusal) Error() string { return string(r) }

// Write writes the change, and notes in Written or Refused what came of it. The error is for what should not happen,
// such as a full disk; the file is then as it was.
//
// A new file takes the place of the old one in one step, with its mode and, where the system lets it, its owner. What is
// not below the path that was named, is reached through a symbolic link, has further names, or was changed since it was
// read, is refused.
func (c *Change) Write() error {
	err := c.write()
	if r, ok := errors.AsType[refusal](err); ok {
		c.Refused = string(r)
		return nil
	}
	c.Written = err == nil
	return err
}

func (c *Change) write() error {
	if c.linked {
		return refusal("the path is a symbolic link")
	}
	below, err := filepath.Rel(c.root, c.file)
	if err != nil || !filepath.IsLocal(below) {
		return refusal("the file is not below the path")
	}
	root, err := os.OpenRoot(c.root)
	if err != nil {
		return err
	}
	defer root.Close()
	name := filepath.ToSlash(below)
	info, err := regular(root, name)
	if err != nil {
		return err
	}
	if err := c.unchanged(root, name); err != nil {
		return err
	}
	temp := path.Join(path.Dir(name), "."+path.Base(name)+".pail-"+strings.ToLower(rand.Text()[:8]))
	if c.kind == kindGit && path.Base(name) == "config" {
		temp = name + ".lock" // git's own way to keep two writers apart
	}
	if err := writeNew(root, temp, c.code.encode(c.after), info); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return refusal("somebody else is writing it: " + path.Base(temp) + " exists")
		}
		return err
	}
	err = func() error {
		again, err := regular(root, name)
		if err != nil {
			return err
		}
		if !os.SameFile(info, again) || !info.ModTime().Equal(again.ModTime()) {
			return refusal("it was changed since it was read")
		}
		return root.Rename(temp, name)
	}()
	if err != nil {
		_ = root.Remove(temp)
	}
	return err
}

// regular makes sure that no part of the name is a symbolic link, and that the file has no other name.
func regular(root *os.Root, name string) (fs.FileInfo, error) {
	var info fs.FileInfo
	for i := range len(name) + 1 {
		if i < len(name) && name[i] != '/' {
			continue
		}
		var err error
		if info, err = root.Lstat(name[:i]); err != nil {
			return nil, err
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			return nil, refusal("it is reached through a symbolic link")
		}
	}
	if !info.Mode().IsRegular() {
		return nil, refusal("it is no regular file")
	}
	if hardLinks(info) > 1 {
		return nil, refusal("it has another name, which a new file would not have")
	}
	return info, nil
}

func (c *Change) unchanged(root *os.Root, name string) error {
	now, err := root.ReadFile(name)
	if err != nil {
		return err
	}
	if !bytes.Equal(now, c.raw) {
		return refusal("it was changed since it was read")
	}
	return nil
}

// writeNew writes a file that does not exist, as like the old one as it can be.
func writeNew(root *os.Root, name string, data []byte, like fs.FileInfo) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, like.Mode().Perm())
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(like.Mode().Perm())
	}
	if err == nil {
		keepOwner(f, like)
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		_ = root.Remove(name)
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
