package filestore

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// ErrGap is what Append says of a part that begins behind the end of the file.
var ErrGap = errors.New("filestore: a part begins behind the end of the file")

// buffers are what parts are copied through.
var buffers = sync.Pool{New: func() any { b := make([]byte, 128<<10); return &b }}

// Append adds a part to a file that grows, and makes the file where there is none. The part begins at offset of the file: what is there
// already stays as it is, so that a part may be sent again. Beyond most bytes nothing is kept. It gives the size of the file then, and
// whether something was not kept. ErrGap says that the part before this one is missing; an error of from comes back as a *ReadError,
// and what came before it is kept.
func (s *Store) Append(repositoryID, id string, offset, most int64, from io.Reader) (size int64, full bool, err error) {
	file, err := s.growing(s.path(repositoryID, id))
	if err != nil {
		return 0, false, err
	}
	defer func() {
		if closed := file.Close(); err == nil {
			err = closed
		}
	}()
	info, err := file.Stat()
	if err != nil {
		return 0, false, err
	}
	if size = info.Size(); offset < 0 || offset > size {
		return size, false, ErrGap
	}
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	part := noting{from}
	if _, err = io.CopyN(bare{io.Discard}, part, size-offset); errors.Is(err, io.EOF) {
		return size, size >= most, nil
	}
	if err != nil {
		return size, false, err
	}
	n, err := io.CopyBuffer(bare{io.NewOffsetWriter(file, size)}, io.LimitReader(part, max(0, most-size)), *buffer)
	if size += n; err != nil || size < most {
		return size, false, err
	}
	return size, true, nil
}

// bare hides how a writer would read by itself: everything goes through the one buffer.
type bare struct{ io.Writer }

// growing opens a file to be written where it is not yet.
func (s *Store) growing(path string) (*os.File, error) {
	const flags = os.O_CREATE | os.O_WRONLY
	file, err := os.OpenFile(path, flags, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, err
		}
		file, err = os.OpenFile(path, flags, 0o600)
	}
	return file, err
}
