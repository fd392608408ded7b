package page

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/pailforge/pail/internal/rest"
)

// The ways an answer may be kept.
const (
	Never      = "no-store"                            // it is somebody's own, holds a secret, or is an error
	Revalidate = "no-cache"                            // kept, but asked for again with its ETag
	Hour       = "public, max-age=3600"                // documentation: changes with the version
	Day        = "public, max-age=86400"               // pictures
	Forever    = "public, max-age=31536000, immutable" // the address changes with the content
)

// Answer is a whole answer, ready to be sent.
type Answer struct {
	Status      int // 0: 200
	ContentType string
	Cache       string // Cache-Control; "": Never
	ByAccept    bool   // another Accept header gets another answer
	Body        []byte
	Header      http.Header // beside those of every page; replaces what they have
	// Content is sent in place of all this: the bytes of a file, which run nothing where they are opened.
	Content *rest.Content
	// Events is sent in place of all this: an answer that goes on.
	Events *Events

	location string
}

// Redirect sends the visitor on to a path of this site, with GET (303).
func Redirect(to string) Answer { return Answer{Status: http.StatusSeeOther, location: to} }

// Moved tells that what is asked for has another path, for good (308).
func Moved(to string) Answer {
	return Answer{Status: http.StatusPermanentRedirect, Cache: Day, location: to}
}

// Write sends the answer.
func (a Answer) Write(w http.ResponseWriter, r *http.Request) {
	if a.Status == 0 {
		a.Status = http.StatusOK
	}
	h := w.Header()
	for name, values := range a.Header {
		h[name] = values
	}
	if a.Cache == "" {
		a.Cache = Never
	}
	h.Set("Cache-Control", a.Cache)
	if a.location != "" {
		h.Set("Location", a.location)
		w.WriteHeader(a.Status)
		return
	}
	h.Set("Content-Type", a.ContentType)
	if a.ByAccept {
		h.Add("Vary", "Accept")
	}
	if compresses(a.ContentType) {
		h.Add("Vary", "Accept-Encoding")
	}
	if a.Status == http.StatusOK && a.Cache != Never {
		tag := `"` + digest(a.Body) + `"`
		h.Set("ETag", "W/"+tag) // the same content may travel in other bytes (RFC 9110, 8.8.1)
		if noneMatch(r.Header.Values("If-None-Match"), tag) {
			h.Del("Content-Type")
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	body := a.Body
	if compresses(a.ContentType) && len(body) > smallest && takesGzip(r.Header.Values("Accept-Encoding")) {
		body = compressed(body)
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(a.Status)
	_, _ = w.Write(body) // the client went away: nothing is left to tell it
}

// smallest is the size, in bytes, up to which a body travels as well uncompressed.
const smallest = 1 << 10

// compresses tells which bodies are text. Compression gives nothing away here: the only secret that a page repeats is
// its CSRF token, which is another one every time.
func compresses(contentType string) bool {
	return strings.HasPrefix(contentType, "text/") || strings.HasPrefix(contentType, "application/json") || contentType == "image/svg+xml"
}

var gzips = sync.Pool{New: func() any { z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed); return z }}

func compressed(body []byte) []byte {
	var out bytes.Buffer
	z := gzips.Get().(*gzip.Writer)
	defer gzips.Put(z)
	z.Reset(&out)
	_, _ = z.Write(body) // into memory: it does not fail
	_ = z.Close()
	return out.Bytes()
}

// takesGzip reports whether the Accept-Encoding headers name gzip with a weight above 0.
func takesGzip(headers []string) bool {
	for _, header := range headers {
		for part := range strings.SplitSeq(header, ",") {
			if coding, q := mediaRange(part); coding == "gzip" && q > 0 {
				return true
			}
		}
	}
	return false
}

// digest names a content, in 16 digits.
func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:8])
}

// noneMatch reports whether one of the tags of If-None-Match is tag, compared weakly (RFC 9110, 13.1.2): the client
// has this content already.
func noneMatch(headers []string, tag string) bool {
	for _, header := range headers {
		for one := range strings.SplitSeq(header, ",") {
			if one = strings.TrimSpace(one); one == "*" || strings.TrimPrefix(one, "W/") == tag {
				return true
			}
		}
	}
	return false
}
