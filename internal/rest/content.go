package rest

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/reason"
)

// Content is the body of an answer that is the bytes of a file, or what git prints, and no JSON.
type Content struct {
	Type string // of the media, such as "text/plain; charset=utf-8"
	Tag  string // entity tag without quotes: the same bytes, the same tag; "": none
	Name string // under which it is offered to be kept; "": it is shown
	// Cache is how long it may be kept, as in Cache-Control; "": who may see it is asked again each time.
	Cache string
	Size  int64 // bytes; Unknown: not known before its end, then no part of it can be asked for
	// Open begins to read. It is called once at most, and not at all when the caller has the bytes already.
	Open func() (io.ReadCloser, error)
}

// Unknown is the size of what is made while it is sent.
const Unknown = -1

// contentPolicy keeps a browser that opens the address itself from running anything of it: whoever may push would act as
// whoever looks.
const contentPolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

// WriteContent sends a content, or the part of it that Range asks for (RFC 9110, 13 and 14). When reading fails after the
// beginning, the connection is cut: half of a file must not pass for the whole.
func WriteContent(w http.ResponseWriter, r *http.Request, c Content) error {
	h := w.Header()
	h.Set("Content-Type", c.Type)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", contentPolicy)
	if h.Set("Cache-Control", "private, no-cache"); c.Cache != "" {
		h.Set("Cache-Control", c.Cache)
	}
	if c.Name != "" {
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": c.Name}))
	}
	if c.Tag != "" {
		h.Set("ETag", `"`+c.Tag+`"`)
	}
	if c.Size == Unknown {
		return writeStream(w, r, c)
	}
	if strings.Contains(r.Header.Get("Range"), ",") {
		// Several parts may lie in any order, and the content is read once, forwards. The whole is a right answer too.
		r = r.Clone(r.Context())
		r.Header.Del("Range")
	}
	from := &forward{content: c}
	defer from.close()
	out := &noRefusal{ResponseWriter: w}
	http.ServeContent(out, r, "", time.Time{}, from)
	switch {
	case from.err != nil:
		panic(http.ErrAbortHandler)
	case out.status != 0:
		return forget(w, Refusef(reason.RangeNotSatisfiable, "The file has %d bytes, and the header Range asks for none of them.", c.Size))
	}
	return nil
}

// noRefusal holds a refusal of net/http back, which has a text of its own.
type noRefusal struct {
	http.ResponseWriter
	status int // of the refusal
}

func (w *noRefusal) WriteHeader(status int) {
	if status >= http.StatusBadRequest {
		w.status = status
		return
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *noRefusal) Write(b []byte) (int, error) {
	if w.status != 0 {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}

// ReadFrom lets the connection take the bytes in its own way.
func (w *noRefusal) ReadFrom(from io.Reader) (int64, error) {
	if w.status != 0 {
		return io.Copy(io.Discard, from)
	}
	return io.Copy(w.ResponseWriter, from)
}

// writeStream sends what has no known size. What fails before the first byte is answered.
func writeStream(w http.ResponseWriter, r *http.Request, c Content) error {
	if tag := w.Header().Get("ETag"); tag != "" && matches(r.Header.Get("If-None-Match"), "W/"+tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	body, err := c.Open()
	if err != nil {
		return forget(w, err)
	}
	defer body.Close()
	first := make([]byte, 32<<10)
	n, err := io.ReadFull(body, first)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		body = io.NopCloser(strings.NewReader(""))
	case err != nil:
		return forget(w, err)
	}
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	if _, err := w.Write(first[:n]); err != nil {
		return nil // the client went away
	}
	read := &failing{from: body}
	if _, _ = io.Copy(w, read); read.err != nil {
		panic(http.ErrAbortHandler)
	}
	return nil
}

// forget takes back what was said about a content that cannot be sent.
func forget(w http.ResponseWriter, err error) error {
	for _, name := range []string{"Content-Type", "Content-Security-Policy", "Cache-Control", "ETag", "Accept-Ranges", "Content-Length", "Content-Disposition", "X-Content-Type-Options"} {
		w.Header().Del(name)
	}
	return err
}

// failing remembers why reading failed.
type failing struct {
	from io.Reader
	err  error
}

func (f *failing) Read(b []byte) (int, error) {
	n, err := f.from.Read(b)
	if err != nil && err != io.EOF {
		f.err = err
	}
	return n, err
}

// forward is a content as http.ServeContent wants to read it: it looks for the end, goes where it begins and reads on.
type forward struct {
	content Content
	at      int64 // where the next Read begins
	body    io.ReadCloser
	read    int64 // of body
	err     error
}

func (f *forward) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
		f.at = offset
	case io.SeekCurrent:
		f.at += offset
	case io.SeekEnd:
		f.at = f.content.Size + offset
	}
	return f.at, nil
}

func (f *forward) Read(b []byte) (int, error) {
	if f.at >= f.content.Size {
		return 0, io.EOF
	}
	if f.err == nil && f.body == nil {
		f.body, f.err = f.content.Open()
	}
	if f.err == nil && f.at > f.read {
		if seeker, ok := f.body.(io.Seeker); ok && f.read == 0 {
			f.read, f.err = seeker.Seek(f.at, io.SeekStart)
		} else {
			var n int64
			n, f.err = io.CopyN(io.Discard, f.body, f.at-f.read)
			f.read += n
		}
	}
	if f.err == nil && f.at < f.read {
		f.err = fmt.Errorf("rest: a content is read backwards, from %d to %d", f.read, f.at)
	}
	if f.err != nil {
		return 0, f.err
	}
	n, err := f.body.Read(b)
	f.read += int64(n)
	f.at += int64(n)
	if err == io.EOF && f.at < f.content.Size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil && err != io.EOF {
		f.err = err
	}
	return n, err
}

func (f *forward) close() {
	if f.body != nil {
		_ = f.body.Close()
	}
}
