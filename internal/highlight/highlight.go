package highlight

import (
	"html/template"
	"strings"
	"time"

	"github.com/alecthomas/chroma/v2"
	"github.com/alecthomas/chroma/v2/lexers"
)

// Limits of what is coloured. What is larger is shown without colours.
const (
	MaxSource = 256 << 10 // bytes
	maxLine   = 4 << 10   // bytes of one line
	maxTime   = 250 * time.Millisecond
)

// Code is a file to be shown.
type Code struct {
	Lines    []template.HTML // without their ends; a last line break ends a line and begins none, as git counts
	Language string          // that it was read as; "" for none
	Odd      int             // how many characters it holds that mislead a reader, and are shown by their numbers
	Cut      bool            // it was coloured in part only, because that took too long
}

// slots bounds how many files are coloured at a time: a file can be made to take long.
var slots = make(chan struct{}, 2)

// File makes lines of a file. Its name tells in what language it is. What is no UTF-8 in it is replaced by U+FFFD.
func File(name string, source []byte) Code {
	code := strings.TrimPrefix(strings.ReplaceAll(strings.ToValidUTF8(string(source), "\ufffd"), "\r\n", "\n"), "\ufeff")
	lexer := language(name, code)
	if lexer == nil {
		return plain(code)
	}
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
	case <-time.After(maxTime):
		return plain(code)
	}
	return colour(lexer, code)
}

// Plain makes lines of a file without colours.
func Plain(source []byte) Code {
	return plain(strings.TrimPrefix(strings.ReplaceAll(strings.ToValidUTF8(string(source), "\ufffd"), "\r\n", "\n"), "\ufeff"))
}

func plain(code string) Code {
	var w writer
	w.write(code, "")
	return w.code(code)
}

// code is what was written of a text.
func (w *writer) code(code string) Code {
	if code != "" && !strings.HasSuffix(code, "\n") {
		w.end()
	}
	return Code{Lines: w.lines, Odd: w.odd}
}

// language is how a file is to be read; nil when that is not known, or would take too long.
func language(name, code string) chroma.Lexer {
	if len(code) > MaxSource {
		return nil
	}
	for line := range strings.Lines(code) {
		if len(line) > maxLine {
			return nil
		}
	}
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		name = name[i+1:]
	}
	if len(name) > 255 {
		return nil
	}
	lexer := lexers.Match(name)
	if lexer == nil || lexer.Config().Name == "plaintext" {
		return nil
	}
	return lexer
}

// colour lets a lexer read the text. Whatever it does, the text comes out as it is: what it leaves out is added at the end
// without colours, and when it changes something nothing of what it says counts.
func colour(lexer chroma.Lexer, code string) (made Code) {
	defer func() {
		if recover() != nil { // a lexer that its own rules lead astray
			made = plain(code)
		}
	}()
	next, err := lexer.Tokenise(&chroma.TokeniseOptions{State: "root"}, code)
	if err != nil {
		return plain(code)
	}
	var w writer
	rest, end, late := code, time.Now().Add(maxTime), false
	var held strings.Builder // of one class
	last := ""
	for token := next(); token != chroma.EOF && rest != ""; token = next() {
		value := token.Value
		if value == rest+"\n" { // some lexers need a line break at the end
			value = rest
		}
		if !strings.HasPrefix(rest, value) {
			return plain(code)
		}
		rest = rest[len(value):]
		if c := class(token.Type); c != last {
			w.write(held.String(), last)
			held.Reset()
			last = c
		}
		held.WriteString(value)
		if late = time.Now().After(end); late {
			break
		}
	}
	w.write(held.String(), last)
	w.write(rest, "")
	made = w.code(code)
	made.Language, made.Cut = lexer.Config().Name, late
	return made
}
