package gitstore

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
)

// FileInfo is what a file is, without its contents.
type FileInfo struct {
	Size   int64 // bytes
	Binary bool  // its first bytes hold a NUL, as git decides it; of files above a mebibyte it is not known, and false
	LFS    bool  // it stands for a file that Git LFS keeps elsewhere
}

const (
	looksInto   = 1 << 20 // how large a file is looked into
	firstBytes  = 8000    // that decide whether a file is binary, as in git
	largestLFS  = 1024    // bytes of a pointer of Git LFS
	lfsBegins   = "version https://git-lfs.github.com/spec/v"
	cachedFiles = 1 << 16
)

// Files tells what files are, in the order given. Errors: ErrNotFound, also when one is no file.
func (s *Store) Files(ctx context.Context, id string, hashes []Hash) ([]FileInfo, error) {
	infos := make([]FileInfo, len(hashes))
	var unknown []int
	for i, hash := range hashes {
		if !hash.Valid() {
			return nil, s.noObject(id, hash)
		}
		var ok bool
		if infos[i], ok = s.files.Get(hash); !ok {
			unknown = append(unknown, i)
		}
	}
	if len(unknown) == 0 {
		return infos, nil
	}
	err := s.readers.with(ctx, id, func(r *reader) error {
		for _, i := range unknown {
			info, err := look(r, hashes[i])
			if err != nil {
				return err
			}
			s.files.Add(hashes[i], info)
			infos[i] = info
		}
		return nil
	})
	return infos, err
}

func look(r *reader, hash Hash) (FileInfo, error) {
	h, err := r.ask("info", string(hash))
	if err != nil {
		return FileInfo{}, err
	}
	switch {
	case h.hash == "":
		return FileInfo{}, fail(ErrNotFound, "file", string(hash), "")
	case h.kind != "blob":
		return FileInfo{}, fail(ErrNotFound, "file", string(hash), "it is a "+h.kind)
	}
	info := FileInfo{Size: h.size}
	if h.size == 0 || h.size > looksInto {
		return info, nil
	}
	err = stream(r, hash, func(_ ObjectInfo, contents io.Reader) error {
		first, err := io.ReadAll(io.LimitReader(contents, firstBytes))
		if err != nil {
			return errReaderGone
		}
		info.begins(first)
		return nil
	})
	return info, err
}

// begins tells from the first bytes of a file what it is.
func (i *FileInfo) begins(first []byte) {
	i.Binary = bytes.IndexByte(first, 0) >= 0
	i.LFS = i.Size <= largestLFS && bytes.HasPrefix(first, []byte(lfsBegins))
}

// Texts reads files, and gives those to use that are text of at most limit bytes: no binary, and no pointer of Git LFS. Others
// it gives as nil. They come in the order given, and hold only during the call. Errors: ErrNotFound, also when one is no file.
func (s *Store) Texts(ctx context.Context, id string, hashes []Hash, limit int64, use func(i int, text []byte)) error {
	return s.readers.with(ctx, id, func(r *reader) error {
		var buffer bytes.Buffer
		for i, hash := range hashes {
			if !hash.Valid() {
				return s.noObject(id, hash)
			}
			h, err := r.ask("info", string(hash))
			switch {
			case err != nil:
				return err
			case h.hash == "" || h.kind != "blob":
				return fail(ErrNotFound, "file", string(hash), "")
			case h.size > limit:
				use(i, nil)
				continue
			}
			if err := stream(r, hash, func(info ObjectInfo, contents io.Reader) error {
				buffer.Reset()
				if _, err := buffer.ReadFrom(contents); err != nil {
					return errReaderGone
				}
				text := buffer.Bytes()
				file := FileInfo{Size: info.Size}
				if file.begins(text[:min(len(text), firstBytes)]); file.Binary || file.LFS {
					use(i, nil)
					return nil
				}
				use(i, text)
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	})
}

// Open reads a file of any size, from its first byte to its last. Who reads slowly keeps none of the processes that
// others wait for. Close it. Errors: ErrNotFound.
func (s *Store) Open(ctx context.Context, id string, hash Hash) (io.ReadCloser, error) {
	if !hash.Valid() {
		return nil, s.noObject(id, hash)
	}
	dir, err := s.dir(id)
	if err != nil {
		return nil, err
	}
	return s.outputOf(ctx, dir, nil, "--git-dir="+dir, "cat-file", "blob", string(hash))
}

// outputOf starts git and hands out what it prints. At its end it is io.EOF only when git ended well, else a *GitError.
// At most maxOutputs are open at a time; others wait.
func (s *Store) outputOf(ctx context.Context, dir string, stdin io.Reader, args ...string) (*gitOutput, error) {
	select {
	case s.outputs <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	p := s.command(dir, args...)
	p.Stdin = stdin
	out, childOut, err := os.Pipe()
	if err != nil {
		<-s.outputs
		return nil, hidePath(err)
	}
	p.Stdout = childOut
	ctx, cancel := context.WithCancelCause(ctx)
	err = p.start(ctx)
	childOut.Close()
	if err != nil {
		cancel(nil)
		out.Close()
		<-s.outputs
		return nil, err
	}
	return &gitOutput{store: s, p: p, out: out, ctx: ctx, cancel: cancel}, nil
}

// maxOutputs bounds the processes behind outputOf.
const maxOutputs = 64

// gitOutput is what a git process prints.
type gitOutput struct {
	store  *Store
	p      *process
	out    *os.File
	ctx    context.Context
	cancel context.CancelCauseFunc
	ended  bool
	err    error // of the end
}

var errOutputClosed = errors.New("gitstore: closed before its end")

// Read gives io.EOF only when git ended well.
func (o *gitOutput) Read(b []byte) (int, error) {
	if o.ended {
		return 0, o.err
	}
	n, err := o.out.Read(b)
	if err != nil {
		o.end()
		if o.err == nil && err == io.EOF {
			o.err = io.EOF
		} else if o.err == nil {
			o.err = hidePath(err)
		}
		return n, o.err
	}
	return n, nil
}

func (o *gitOutput) end() {
	if o.ended {
		return
	}
	o.ended = true
	o.err = o.p.wait(o.ctx)
	o.cancel(nil)
	o.out.Close()
	<-o.store.outputs
}

// Close ends git when it has not ended yet. How it ended is not told any more.
func (o *gitOutput) Close() error {
	o.cancel(errOutputClosed)
	o.end()
	return nil
}
