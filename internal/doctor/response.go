package doctor

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
)

const (
	maxResponse = 1 << 20  // how much of a saved answer is read, in bytes
	maxBody     = 64 << 10 // how much of its body is kept
	maxBefore   = 16       // how many answers on the way to it
)

var (
	statusLine = regexp.MustCompile(`^HTTP/[\d.]+ ([1-5]\d\d)\b`)
	statusWord = regexp.MustCompile(`^(?:HTTP |<Response \[)?([1-5]\d\d)(?:\]>$|\s+[A-Z][A-Za-z ]+$|$)`)
	headerLine = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*:( |$)`)
)

// ReadResponse reads a saved answer: status line, headers and body as "curl -i" prints them, the same with "< " in front
// from "curl -v", or a body alone, whose status is then 0. Lines end with LF or CRLF. Of several answers the last one
// counts; redirects and refusals of a proxy before it are kept in Before. The error is one of r, or says that there was
// nothing to read.
func ReadResponse(r io.Reader) (Answer, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxResponse))
	if err != nil {
		return Answer{}, fmt.Errorf("read the answer: %w", err)
	}
	text := plainText(string(raw))
	if strings.TrimSpace(text) == "" {
		return Answer{}, errors.New("there is no answer: nothing was read")
	}
	p := responseReader{verbose: regexp.MustCompile(`(?m)^< HTTP/`).MatchString(text)}
	for line := range strings.Lines(text) {
		p.line(strings.TrimRight(line, "\r\n"), line)
	}
	return p.done(), nil
}

// plainText is a text as UTF-8: Windows PowerShell writes UTF-16, others put a mark in front.
func plainText(text string) string {
	if len(text) >= 2 && (text[:2] == "\xff\xfe" || text[:2] == "\xfe\xff") {
		order := binary.ByteOrder(binary.LittleEndian)
		if text[0] == 0xfe {
			order = binary.BigEndian
		}
		units := make([]uint16, 0, len(text)/2)
		for i := 2; i+1 < len(text); i += 2 {
			units = append(units, order.Uint16([]byte(text[i:i+2])))
		}
		return string(utf16.Decode(units))
	}
	return strings.TrimPrefix(text, "\ufeff")
}

// responseReader reads line by line. Every line is a status line, a header, or a part of the body.
type responseReader struct {
	verbose bool // "curl -v": what the server says has "< " in front
	answers []Answer
	headers bool   // the next line may be a header
	last    string // name of the header that a folded line continues
	body    strings.Builder
}

func (p *responseReader) line(text, whole string) {
	if p.verbose {
		said, ok := strings.CutPrefix(text, "<")
		switch {
		case ok:
			text = strings.TrimPrefix(said, " ")
		case strings.HasPrefix(text, "> "), text == ">", strings.HasPrefix(text, "* "), strings.HasPrefix(text, "{ ["), strings.HasPrefix(text, "} ["):
			return
		default:
			p.add(whole)
			return
		}
	}
	if m := statusLine.FindStringSubmatch(text); m != nil && p.mayBegin() {
		p.begin(m[1])
		return
	}
	if len(p.answers) == 0 && p.body.Len() == 0 {
		if m := statusWord.FindStringSubmatch(strings.TrimSpace(text)); m != nil {
			p.begin(m[1])
			return
		}
		if text == "" {
			return
		}
		if headerLine.MatchString(text) {
			p.begin("0")
		}
	}
	switch {
	case !p.headers:
		p.add(whole)
	case text == "":
		p.headers = false
	case !p.header(text):
		p.headers = false
		p.add(whole)
	}
}

// mayBegin tells whether an answer can begin here: not in the middle of another one's body, which may be a log.
func (p *responseReader) mayBegin() bool {
	if len(p.answers) == 0 {
		return p.verbose || strings.TrimSpace(p.body.String()) == ""
	}
	status := p.answers[len(p.answers)-1].Status
	return p.verbose || strings.TrimSpace(p.body.String()) == "" || status < 200 || status >= 300 && status < 400 || status == 407
}

func (p *responseReader) begin(status string) {
	code, _ := strconv.Atoi(status)
	p.answers = append(p.answers, Answer{Status: code, Header: http.Header{}})
	p.headers, p.last = true, ""
	p.body.Reset()
}

// header adds one header; false when the line is none.
func (p *responseReader) header(text string) bool {
	h := p.answers[len(p.answers)-1].Header
	if (text[0] == ' ' || text[0] == '\t') && p.last != "" {
		values := h[p.last]
		values[len(values)-1] += " " + strings.TrimSpace(text)
		return true
	}
	name, value, ok := strings.Cut(text, ":")
	if !ok || name == "" || strings.ContainsAny(name, " \t{}\"<") {
		return false
	}
	p.last = textproto.CanonicalMIMEHeaderKey(name)
	h.Add(p.last, strings.TrimSpace(value))
	return true
}

func (p *responseReader) add(text string) {
	if room := maxBody - p.body.Len(); room > 0 {
		p.body.WriteString(text[:min(len(text), room)])
	}
}

// done gives the last answer. What a proxy said to CONNECT, and "100 Continue", are no answers of their own.
func (p *responseReader) done() Answer {
	if len(p.answers) == 0 {
		return Answer{Body: []byte(p.body.String())}
	}
	last := p.answers[len(p.answers)-1]
	if len(last.Header) == 0 {
		last.Header = nil
	}
	last.Body = []byte(p.body.String())
	for _, a := range p.answers[:len(p.answers)-1] {
		if a.Status >= 300 && len(last.Before) < maxBefore {
			last.Before = append(last.Before, a)
		}
	}
	return last
}
