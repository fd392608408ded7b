// Package filestore keeps the bytes of files that people bring on disk, beside the store that has their rows: in one directory for
// each repository, under an id that the server made. What a file is called is in its row alone, so nothing that a request names is
// ever a path here.
package filestore

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"mime"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Store is the files of one kind. Its fields are what it stands on.
type Store struct {
	Dir string
	Now func() time.Time
}

// path is where the bytes of a file are. Both ids are uuids that the server made.
func (s *Store) path(repositoryID, id string) string { return filepath.Join(s.Dir, repositoryID, id) }

// coming is how the names of files end that are still being written.
const coming = ".part"

// Keep writes a file to disk, whole or not at all, and gives its size in bytes and its SHA-256 in hex. An error of from comes back as
// a *ReadError; all others are the disk's.
func (s *Store) Keep(repositoryID, id string, from io.Reader) (size int64, hash string, err error) {
	path := s.path(repositoryID, id)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return 0, "", err
	}
	file, err := os.OpenFile(path+coming, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, "", err
	}
	sum := sha256.New()
	size, err = io.Copy(io.MultiWriter(file, sum), noting{from})
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(path+coming, path)
	}
	if err != nil {
		_ = os.Remove(path + coming)
		return 0, "", err
	}
	return size, hex.EncodeToString(sum.Sum(nil)), nil
}

// ReadError is an error of what was to be kept, and none of the disk.
type ReadError struct{ Err error }

// Error is the text of what went wrong.
func (e *ReadError) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *ReadError) Unwrap() error { return e.Err }

// noting tells an error of what is read from one of the disk.
type noting struct{ from io.Reader }

func (n noting) Read(b []byte) (int, error) {
	read, err := n.from.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &ReadError{err}
	}
	return read, err
}

// Open opens a file that was kept, to be read.
func (s *Store) Open(repositoryID, id string) (*os.File, error) {
	return os.Open(s.path(repositoryID, id))
}

// Size is how long a file is by now, in bytes. An error that is fs.ErrNotExist says that there is none.
func (s *Store) Size(repositoryID, id string) (int64, error) {
	info, err := os.Stat(s.path(repositoryID, id))
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Remove takes a file away.
func (s *Store) Remove(repositoryID, id string) error { return os.Remove(s.path(repositoryID, id)) }

// Sweep removes the files that are not known: of repositories that are gone, of uploads that a crash cut off. Files that are younger
// than age may be on their way in. known has the ids of files, and those of repositories all of whose files stay.
func (s *Store) Sweep(known map[string]bool, age time.Duration) error {
	repositories, err := os.ReadDir(s.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, repository := range repositories {
		if known[repository.Name()] {
			continue
		}
		dir := filepath.Join(s.Dir, repository.Name())
		files, err := os.ReadDir(dir)
		if err != nil {
			continue // it went away
		}
		for _, file := range files {
			info, err := file.Info()
			if err != nil || known[file.Name()] || s.Now().Sub(info.ModTime()) < age {
				continue
			}
			if err := os.Remove(filepath.Join(dir, file.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		_ = os.Remove(dir) // fails unless it is empty
	}
	return nil
}

// maxName is how long the name of a file may be, in bytes.
const maxName = 255

// Name is the name of a file that somebody sent, without the directories that it has on their side. ok is false for one that no file
// can have, or that would be shown as another one; a file that was sent without a name has "".
func Name(sent string) (name string, ok bool) {
	if i := strings.LastIndexAny(sent, `/\`); i >= 0 {
		sent = sent[i+1:]
	}
	odd := func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }
	return sent, len(sent) <= maxName && sent != "." && sent != ".." && utf8.ValidString(sent) && !strings.ContainsFunc(sent, odd)
}

// Type is the media type of a file, by the end of its name.
func Type(name string) string {
	if kind := mime.TypeByExtension(path.Ext(name)); kind != "" {
		return kind
	}
	return "application/octet-stream"
}
