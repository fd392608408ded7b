package page

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
)

// flashCookie carries the one sentence that the next page says: that what was asked for is done. It is signed with the
// secret of the session, so that nobody else can put words on a page.
const flashCookie = "pail_flash"

// maxFlash is how long a sentence may be, in bytes.
const maxFlash = 600

// Done answers a change that was made: the visitor goes on to the page at to, which says the sentence.
func (r *Request) Done(to, sentence string) (Answer, error) {
	if r.session.Secret != "" && sentence != "" {
		if len(sentence) > maxFlash {
			sentence = strings.ToValidUTF8(sentence[:maxFlash], "") + "…"
		}
		text := base64.RawURLEncoding.EncodeToString([]byte(sentence))
		r.SetCookie(&http.Cookie{Name: flashCookie, Value: text + "." + r.flashSum(text), Path: "/", MaxAge: 60})
	}
	return Redirect(to), nil
}

func (r *Request) flashSum(text string) string {
	m := hmac.New(sha256.New, []byte(r.session.Secret))
	m.Write([]byte("flash " + text))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// flash is the sentence that the page before has left for this one, and takes it away.
func (r *Request) flash() string {
	c, err := r.Cookie(flashCookie)
	if err != nil {
		return ""
	}
	r.SetCookie(&http.Cookie{Name: flashCookie, Path: "/", MaxAge: -1})
	text, sum, _ := strings.Cut(c.Value, ".")
	if r.session.Secret == "" || !hmac.Equal([]byte(sum), []byte(r.flashSum(text))) {
		return ""
	}
	sentence, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return ""
	}
	return string(sentence)
}
