package rest

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"regexp"
	"strings"

	"github.com/pailforge/pail/internal/reason"
)

// Parts are the parts of a multipart body of any kind, one after the other, without holding them in memory.
type Parts struct {
	from     *multipart.Reader
	body     *tail
	boundary string
}

// Parts reads the body as multipart. ok is false when it is something else.
func (r *Request) Parts() (p *Parts, ok bool) { return PartsOf(r.HTTP) }

// PartsOf reads the body of a request that is none of the API as multipart.
func PartsOf(r *http.Request) (p *Parts, ok bool) {
	media, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if !strings.HasPrefix(media, "multipart/") || params["boundary"] == "" {
		return nil, false
	}
	body := &tail{from: r.Body}
	return &Parts{multipart.NewReader(body, params["boundary"]), body, params["boundary"]}, true
}

// Part is one part of a multipart body.
type Part struct {
	io.Reader
	Header     textproto.MIMEHeader
	Name       string // of the field
	File       string // the name of a file, with directories as they were sent
	Attributes string // x-attributes of Bitbucket's src: executable, link or subrepository
}

// Next is the next part, io.EOF behind the last one. A *Error says that the body is broken, too large, or cut off.
func (p *Parts) Next() (*Part, error) {
	part, err := p.from.NextRawPart()
	if errors.Is(err, io.EOF) {
		if !bytes.Contains(p.body.last, []byte("--"+p.boundary+"--")) {
			return nil, Refuse(reason.BodyMalformed, "The body ends before the boundary that ends it: a part of it is missing.")
		}
		return nil, io.EOF
	}
	if err != nil {
		return nil, BodyError(err)
	}
	one := &Part{Reader: part, Header: part.Header}
	one.Name, one.File, one.Attributes = disposition(part.Header)
	return one, nil
}

// tail keeps the last bytes that were read. A multipart body that was cut off right behind a boundary looks whole to package
// multipart: only the boundary at its end tells that nothing is missing.
type tail struct {
	from io.Reader
	last []byte
}

const tailLength = 16 << 10 // more than package multipart reads ahead

func (t *tail) Read(b []byte) (int, error) {
	n, err := t.from.Read(b)
	t.last = append(t.last, b[max(0, n-tailLength):n]...)
	if over := len(t.last) - tailLength; over > 0 {
		t.last = append(t.last[:0], t.last[over:]...)
	}
	return n, err
}

// attributed finds x-attributes in a Content-Disposition, which Bitbucket's documentation writes with a colon: then the header
// is none that a parser takes.
var attributed = regexp.MustCompile(`(?i);\s*x-attributes\s*[:=]\s*"?([a-z]+)"?`)

// disposition reads what a part says of itself. A file name may be a path, with directories.
func disposition(h textproto.MIMEHeader) (name, file, attributes string) {
	text := h.Get("Content-Disposition")
	if found := attributed.FindStringSubmatch(text); found != nil {
		attributes = strings.ToLower(found[1])
		text = attributed.ReplaceAllString(text, "")
	}
	_, params, err := mime.ParseMediaType(text)
	if err != nil {
		return "", "", ""
	}
	return params["name"], params["filename"], attributes
}
