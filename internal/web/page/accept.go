package page

import (
	"strconv"
	"strings"
)

// wantsJSON reports whether the Accept headers prefer JSON to HTML. HTML is the answer unless JSON is named: a client
// that takes anything gets the page (RFC 9110, 12.5.1).
func wantsJSON(headers []string) bool {
	json, html := preference{}, preference{}
	for _, header := range headers {
		for part := range strings.SplitSeq(header, ",") {
			media, q := mediaRange(part)
			json.consider(media, q, "application", "json")
			html.consider(media, q, "text", "html")
		}
	}
	if !json.named || json.q == 0 {
		return false
	}
	return json.q > html.q || json.q == html.q && !html.named
}

// preference is how much a client wants one media type. The most specific range that covers it counts.
type preference struct {
	q        float64
	specific int // 0: nothing covers the type, 1: */*, 2: type/*, 3: the type itself
	named    bool
}

func (p *preference) consider(media string, q float64, kind, subtype string) {
	specific := 0
	switch media {
	case kind + "/" + subtype:
		specific, p.named = 3, true
	case kind + "/*":
		specific = 2
	case "*/*":
		specific = 1
	}
	if specific > p.specific || specific != 0 && specific == p.specific && q > p.q {
		p.specific, p.q = specific, q
	}
}

// mediaRange reads one range of an Accept header: its type in lower case and its weight, 0 to 1. A weight that cannot
// be read counts as 0, as if the range were not there.
func mediaRange(part string) (media string, q float64) {
	media, parameters, _ := strings.Cut(part, ";")
	q = 1
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(parameter, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "q") {
			continue
		}
		weight, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil || !(weight >= 0 && weight <= 1) { // also not a number
			weight = 0
		}
		q = weight
	}
	return strings.ToLower(strings.TrimSpace(media)), q
}

// WantsJSON reports whether the visitor is a program that asks for JSON.
func (r *Request) WantsJSON() bool { return wantsJSON(r.Header.Values("Accept")) }
