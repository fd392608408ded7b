package web

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/rest"
)

// The ways an answer may be kept.
const (
	never      = "no-store"                            // it holds a secret, or is an error
	revalidate = "no-cache"                            // kept, but asked for again with its ETag
	hour       = "public, max-age=3600"                // documentation: changes with the version
	day        = "public, max-age=86400"               // pictures
	forever    = "public, max-age=31536000, immutable" // the address changes with the content
)

// answer is a whole answer, ready to be sent.
type answer struct {
	status      int // 0: 200
	contentType string
	cache       string // Cache-Control
	byAccept    bool   // another Accept header gets another answer
	body        []byte
}

// refusing makes a the answer to a refusal.
func (a *answer) refusing(w http.ResponseWriter, e *rest.Error) {
	a.status, a.cache = e.Status, never
	w.Header().Set("X-Pail-Reason", string(e.Reason))
}

func (a answer) write(w http.ResponseWriter, r *http.Request) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	h := w.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("Cache-Control", a.cache)
	if a.byAccept {
		h.Add("Vary", "Accept")
	}
	if a.status == http.StatusOK && a.cache != never {
		tag := `"` + digest(a.body) + `"`
		h.Set("ETag", tag)
		if noneMatch(r.Header.Values("If-None-Match"), tag) {
			h.Del("Content-Type")
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // the client went away: nothing is left to tell it
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
