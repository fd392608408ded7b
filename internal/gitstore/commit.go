package gitstore

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// Signature is who did something and when.
type Signature struct {
	Raw  string    // "Name <mail>" with one space between; the whole text when it has another form
	Name string    // without the spaces around it, may be empty
	Mail string    // without the angle brackets, may be empty
	When time.Time // in the author's own zone; zero when it cannot be read
}

// Commit is a commit object. Texts are valid UTF-8: what is not is replaced by U+FFFD.
type Commit struct {
	Hash      Hash
	Tree      Hash
	Parents   []Hash
	Author    Signature
	Committer Signature
	Message   string // with its final line break, at most 1 MiB of it
}

// Summary is the first line of the message.
func (c *Commit) Summary() string {
	line, _, _ := strings.Cut(strings.TrimLeft(c.Message, "\n"), "\n")
	return strings.TrimSpace(line)
}

// TagObject is an annotated tag.
type TagObject struct {
	Hash       Hash   // of the tag object itself
	Target     Hash   // what it tags
	TargetType string // "commit", "tag", "tree" or "blob"
	Name       string
	Tagger     Signature // zero in tags of the oldest git
	Message    string
}

// maxMessage bounds a message, in bytes.
const maxMessage = 1 << 20

// parseCommit reads the body of a commit object.
func parseCommit(hash Hash, data []byte) (*Commit, error) {
	c := &Commit{Hash: hash}
	encoding := ""
	message := eachHeader(data, func(key, value string) {
		switch key {
		case "tree":
			c.Tree = Hash(value)
		case "parent":
			c.Parents = append(c.Parents, Hash(value))
		case "author":
			c.Author = parseSignature(value)
		case "committer":
			c.Committer = parseSignature(value)
		case "encoding":
			encoding = value
		}
	})
	if !c.Tree.Valid() {
		return nil, fail(ErrInvalid, "commit", string(hash), "it names no tree")
	}
	for _, parent := range c.Parents {
		if !parent.Valid() {
			return nil, fail(ErrInvalid, "commit", string(hash), "it names a parent that cannot be one")
		}
	}
	c.Message = readable(message, encoding)
	c.Author.recode(encoding)
	c.Committer.recode(encoding)
	return c, nil
}

// parseTag reads the body of a tag object.
func parseTag(hash Hash, data []byte) (*TagObject, error) {
	t := &TagObject{Hash: hash}
	message := eachHeader(data, func(key, value string) {
		switch key {
		case "object":
			t.Target = Hash(value)
		case "type":
			t.TargetType = value
		case "tag":
			t.Name = strings.ToValidUTF8(value, "�")
		case "tagger":
			t.Tagger = parseSignature(value)
		}
	})
	if !t.Target.Valid() {
		return nil, fail(ErrInvalid, "tag", string(hash), "it names no object")
	}
	t.Message = readable(message, "")
	t.Tagger.recode("")
	return t, nil
}

// eachHeader calls f for every header line of an object and gives the message behind them.
// Continuation lines (signatures) are left out; only the first of a repeated header counts,
// but for "parent".
func eachHeader(data []byte, f func(key, value string)) (message []byte) {
	seen := map[string]bool{}
	for len(data) > 0 {
		line, rest, _ := bytes.Cut(data, []byte{'\n'})
		data = rest
		if len(line) == 0 {
			return data
		}
		if line[0] == ' ' {
			continue
		}
		key, value, _ := bytes.Cut(line, []byte{' '})
		if k := string(key); k == "parent" || !seen[k] {
			seen[k] = true
			f(k, string(value))
		}
	}
	return nil
}

// parseSignature reads "Name <mail> 1234567890 +0100". Whatever is missing stays empty.
func parseSignature(line string) Signature {
	open, end := strings.IndexByte(line, '<'), strings.LastIndexByte(line, '>')
	if open < 0 || end < open {
		return Signature{Raw: strings.TrimSpace(line), Name: strings.TrimSpace(line)}
	}
	s := Signature{
		Name: strings.TrimSpace(line[:open]),
		Mail: strings.TrimSpace(line[open+1 : end]),
		When: parseWhen(strings.TrimSpace(line[end+1:])),
	}
	s.Raw = strings.TrimSpace(s.Name + " <" + s.Mail + ">")
	return s
}

// lastSecond is the end of the year 9999, the last that RFC 3339 can write.
const lastSecond = 253402300799

// parseWhen reads "1234567890 +0100". Dates that cannot be written in RFC 3339 give the zero time.
func parseWhen(text string) time.Time {
	stamp, zone, _ := strings.Cut(text, " ")
	sec, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || sec < 0 || sec > lastSecond-86400 {
		return time.Time{}
	}
	when := time.Unix(sec, 0).UTC()
	if len(zone) != 5 || zone[0] != '+' && zone[0] != '-' {
		return when
	}
	n, err := strconv.ParseUint(zone[1:], 10, 16)
	if err != nil || n/100 > 23 || n%100 > 59 {
		return when
	}
	offset := int(n/100*60+n%100) * 60
	if zone[0] == '-' {
		offset = -offset
	}
	if offset == 0 {
		return when
	}
	return when.In(time.FixedZone("", offset))
}

func (s *Signature) recode(encoding string) {
	s.Raw, s.Name, s.Mail = readable([]byte(s.Raw), encoding), readable([]byte(s.Name), encoding), readable([]byte(s.Mail), encoding)
}

// readable turns text into valid UTF-8 of bounded length. Latin-1 is the one other encoding that
// old histories commonly declare; bytes of any other are replaced.
func readable(text []byte, encoding string) string {
	text = text[:min(len(text), maxMessage)]
	switch strings.ToLower(encoding) {
	case "iso-8859-1", "iso8859-1", "latin1", "latin-1":
		var b strings.Builder
		for _, c := range text {
			b.WriteRune(rune(c))
		}
		return b.String()
	}
	return strings.ToValidUTF8(string(text), "�")
}

// Unsigned splits a commit into what its signature is made of and the signature, armored; signature is "" where there is none. Git
// keeps it in the header gpgsig, and signs the object without that.
func (o *Object) Unsigned() (signed []byte, signature string) {
	head, message, _ := bytes.Cut(o.Data, []byte("\n\n"))
	var kept [][]byte
	var armored []string
	within := false
	for line := range bytes.SplitSeq(head, []byte{'\n'}) {
		switch value, found := bytes.CutPrefix(line, []byte("gpgsig ")); {
		case found:
			within = true
			armored = append(armored, string(value))
		case within && len(line) > 0 && line[0] == ' ':
			armored = append(armored, string(line[1:]))
		default:
			within = false
			kept = append(kept, line)
		}
	}
	if armored == nil {
		return o.Data, ""
	}
	signed = append(bytes.Join(kept, []byte{'\n'}), "\n\n"...)
	return append(signed, message...), strings.Join(armored, "\n") + "\n"
}
