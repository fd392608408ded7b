package token

import (
	"encoding/base64"
	"strings"
)

// heads begin the secrets that are known here.
var heads = func() []string {
	list := []string{"ATAT", "ATCT", "ATBB", "eyJ"}
	for _, k := range Kinds() {
		list = append(list, k.Prefix())
	}
	for _, f := range foreign {
		list = append(list, f.prefix)
	}
	return list
}()

// shortestSecret is the least that Redact takes for a secret, in bytes: what is shorter is a word.
const shortestSecret = 16

// Redact is a text of unknown origin in a form that may be shown: whatever in it has the form of a secret, plain or in
// base64, is masked, and so is a password before the host of a URL. It guards messages that repeat what somebody typed;
// it cannot know a password that looks like a word, so a text that is known to be a secret goes through [Mask].
func Redact(text string) string {
	var b strings.Builder
	for text != "" {
		n := strings.IndexFunc(text, func(r rune) bool { return !inSecret(r) })
		if n < 0 {
			n = len(text)
		}
		b.WriteString(redactRun(text[:n]))
		text = text[n:]
		if rest, ok := strings.CutPrefix(text, "://"); ok {
			b.WriteString("://")
			text = redactUser(rest, &b)
			continue
		}
		if text != "" {
			b.WriteByte(text[0])
			text = text[1:]
		}
	}
	return b.String()
}

// inSecret tells the characters that secrets, and base64, are made of.
func inSecret(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_=+.", r)
}

// redactUser writes what stands before the host of a URL, the password masked, and returns the rest.
func redactUser(rest string, b *strings.Builder) string {
	end := strings.IndexAny(rest, "/?# \t\r\n\"'")
	if end < 0 {
		end = len(rest)
	}
	at := strings.LastIndexByte(rest[:end], '@')
	if at < 0 {
		return rest
	}
	user, secret, both := strings.Cut(rest[:at], ":")
	b.WriteString(redactRun(user))
	if both {
		b.WriteString(":" + Mask(secret))
	}
	return rest[at:]
}

// redactRun masks a run without white space or other marks when it is a secret, from where the secret begins.
func redactRun(run string) string {
	if len(run) < shortestSecret {
		return run
	}
	begins := len(run)
	for _, head := range heads {
		if i := strings.Index(run, head); i >= 0 && len(run)-i >= shortestSecret {
			begins = min(begins, i)
		}
	}
	if begins < len(run) {
		return run[:begins] + Mask(run[begins:])
	}
	if hidesPair(run) {
		return "… (base64)"
	}
	for _, value := range strings.SplitAfter(run, "=") { // NAME=value
		if random(value) {
			run = strings.Replace(run, value, Mask(value), 1)
		}
	}
	return run
}

// hidesPair tells whether base64 hides a user and a secret.
func hidesPair(run string) bool {
	plain, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(run), "="))
	if err != nil {
		return false
	}
	_, secret, ok := strings.Cut(string(plain), ":")
	return ok && len(secret) > 0 && strings.IndexFunc(string(plain), func(r rune) bool { return r < ' ' || r > '~' }) < 0
}

// random tells what no person wrote: long, and of capitals, small letters and digits together. Hashes and uuids, in
// small letters, are not meant.
func random(s string) bool {
	if len(s) < 24 {
		return false
	}
	var upper, lower, digits int
	for i := range len(s) {
		switch c := s[i]; {
		case 'A' <= c && c <= 'Z':
			upper++
		case 'a' <= c && c <= 'z':
			lower++
		case '0' <= c && c <= '9':
			digits++
		}
	}
	return upper > 1 && lower > 1 && digits > 1
}
