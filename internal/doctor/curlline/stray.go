package curlline

import (
	"strings"

	"github.com/pailforge/pail/internal/doctor"
)

// meant puts right what a shell cut in pieces: a header without quotes leaves words that curl takes for addresses. What
// was meant is read on, so that the other faults are found too, and the cut is noted.
func (p *parser) meant(op *operation) {
	var kept, stray []operand
	for i, u := range op.urls {
		behind := i > 0 && len(stray) > 0 && stray[len(stray)-1] == op.urls[i-1] && takesNext(op.urls[i-1].text)
		if u.option == "the address" && (behind || isStray(u)) {
			stray = append(stray, u)
		} else {
			kept = append(kept, u)
		}
	}
	if len(kept) == 0 || len(stray) == 0 {
		return
	}
	op.urls = kept
	var pieces, words []string
	dash := false
	for _, s := range stray {
		switch {
		case strings.TrimSpace(s.text) == "":
		case s.nth > 0:
			pieces = append(pieces, s.text)
		default:
			words = append(words, s.text)
			dash = dash || isDash(s.text)
		}
	}
	if len(pieces) > 0 {
		// -H "Authorization: Basic "$(… | base64): without quotes the shell cuts at the line breaks of base64.
		for i := range op.headers {
			if h := &op.headers[i]; h.source != "" && h.source == stray[len(stray)-1].source {
				h.text += "\n" + strings.Join(pieces, "\n")
			}
		}
	}
	if len(words) == 0 {
		return
	}
	evidence, because, fix := cutSomewhere,
		"A shell cuts at every blank that is not in quotes, and curl takes each word that belongs to no option for an address.", "Put the whole value in double quotes."
	for i := range op.headers {
		h := &op.headers[i]
		if name, rest, ok := strings.Cut(h.text, ":"); ok && strings.TrimSpace(rest) == "" && !dash {
			evidence = "The header " + clip(name) + " is cut after its colon: it has no quotes."
			h.text = name + ": " + strings.Join(words, " ")
			break
		}
	}
	if dash {
		evidence, because, fix = "An option begins with a long dash, as word processors make it.", "curl takes the word, and the value behind it, for addresses.", "Type the dash again: `-`, or `--` for a long name."
		p.rejoin(op, words)
	}
	if len(op.notes) > 0 && evidence == cutSomewhere {
		return // an option that curl does not know has left its value
	}
	f := commandLine(p.placeOf(stray[0].arg, "the words"), evidence, because, fix)
	f.Certainty = doctor.Certain
	op.notes = append(op.notes, f)
}

const cutSomewhere = "Words that are no addresses reach curl as addresses: a value is cut at its blanks."

// rejoin reads words that begin with a long dash as the options that they were.
func (p *parser) rejoin(op *operation, words []string) {
	for i := 0; i+1 < len(words); i++ {
		if !isDash(words[i]) {
			continue
		}
		switch dashed(words[i]).name {
		case "user":
			op.user = &operand{arg{text: words[i+1]}, "-u"}
		case "header":
			op.headers = append(op.headers, operand{arg{text: words[i+1]}, "-H"})
		case "request":
			op.method = &operand{arg{text: words[i+1]}, "-X"}
		}
	}
}

// takesNext tells whether a stray word has one more with it: a scheme and its secret, an option and its value.
func takesNext(s string) bool { return isScheme(s) || isDash(s) && dashed(s).kind == valued }

// dashed is the option that a word with a long dash was to be.
func dashed(s string) option {
	name := strings.TrimLeft(s, "–—−-")
	if len(name) == 1 {
		return shortOption(name[0])
	}
	return longOption(name)
}

func isScheme(s string) bool {
	switch strings.ToLower(s) {
	case "basic", "bearer", "token":
		return true
	}
	return false
}

func isDash(s string) bool {
	return strings.HasPrefix(s, "–") || strings.HasPrefix(s, "—") || strings.HasPrefix(s, "−")
}

// isStray tells what cannot be an address.
func isStray(u operand) bool {
	switch {
	case hasMark(u.text):
		return u.nth > 0
	case strings.Contains(u.text, "://"):
		return false
	case u.nth > 0 || isScheme(u.text) || isDash(u.text) || strings.TrimSpace(u.text) == "":
		return true
	case strings.EqualFold(u.text, "localhost"):
		return false
	}
	return !strings.ContainsAny(u.text, ".:/[{")
}
