// Package netrc reads .netrc files, from which curl, git and others take logins, the way curl reads them.
package netrc

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Entry is one machine's login.
type Entry struct {
	Machine         string // "" for the default entry
	Login, Password string
	// Line is where the entry begins, the others where its login and its password stand, from 1; 0 when there is none.
	Line, LoginLine, PasswordLine int
	// Unfinished tells that a word ends in the middle: a quotation mark is missing, or nothing follows a keyword.
	Unfinished bool
}

// Parse reads a file. It takes any text: what curl would not understand is left out or marked.
func Parse(text string) []Entry {
	p := parser{text: strings.ReplaceAll(text, "\r\n", "\n"), line: 1}
	var list []Entry
	for {
		word, ok := p.word()
		if !ok {
			break
		}
		switch strings.ToLower(word) {
		case "machine":
			e := Entry{Line: p.at}
			e.Machine, ok = p.word()
			e.Unfinished = !ok || p.torn
			list = append(list, e)
		case "default":
			list = append(list, Entry{Line: p.at})
		case "login", "password", "account":
			value, ok := p.word()
			if len(list) == 0 {
				continue
			}
			e := &list[len(list)-1]
			e.Unfinished = e.Unfinished || !ok || p.torn
			switch strings.ToLower(word) {
			case "login":
				e.Login, e.LoginLine = value, p.at
			case "password":
				e.Password, e.PasswordLine = value, p.at
			}
		case "macdef":
			p.macro()
		}
	}
	return list
}

// Find returns the entry that counts for a host: the first one for it that has a password, with this login when one is
// given, or the default. Nil when there is none.
func Find(list []Entry, host, login string) *Entry {
	for i := range list {
		e := &list[i]
		if e.Machine != "" && !strings.EqualFold(e.Machine, host) || e.Password == "" && e.Login == "" {
			continue
		}
		if login == "" || e.Login == "" || e.Login == login {
			return e
		}
	}
	return nil
}

// Path is where the file is for a person with this home, "" without a home. On Windows the name may also begin with an
// underscore.
func Path(home string) string {
	if home == "" {
		return ""
	}
	path := filepath.Join(home, ".netrc")
	if _, err := os.Stat(path); err != nil && runtime.GOOS == "windows" {
		return filepath.Join(home, "_netrc")
	}
	return path
}

// parser cuts a file into words.
type parser struct {
	text string
	line int  // of text's first byte
	at   int  // the line of the last word
	torn bool // the last word's quotation mark was missing
}

// word returns the next word: up to white space, or in double quotes with backslashes as curl reads them. A line that
// begins with # is skipped.
func (p *parser) word() (string, bool) {
	for {
		begins := p.line == 1 && p.at == 0
		for p.text != "" && strings.IndexByte(" \t\n", p.text[0]) >= 0 {
			begins = begins || p.text[0] == '\n'
			p.step()
		}
		if !begins || !strings.HasPrefix(p.text, "#") {
			break
		}
		for p.text != "" && p.text[0] != '\n' {
			p.step()
		}
		p.at = max(p.at, 1)
	}
	p.at, p.torn = p.line, false
	if p.text == "" {
		return "", false
	}
	if p.text[0] == '"' {
		return p.quoted()
	}
	end := strings.IndexAny(p.text, " \t\n")
	if end < 0 {
		end = len(p.text)
	}
	word := p.text[:end]
	p.text = p.text[end:]
	return word, true
}

func (p *parser) quoted() (string, bool) {
	var b strings.Builder
	p.step()
	for p.text != "" && p.text[0] != '\n' {
		c := p.text[0]
		p.step()
		switch {
		case c == '"':
			return b.String(), true
		case c == '\\' && p.text != "" && p.text[0] != '\n':
			c = p.text[0]
			p.step()
			if at := strings.IndexByte("nrt", c); at >= 0 {
				c = "\n\r\t"[at]
			}
		}
		b.WriteByte(c)
	}
	p.torn = true
	return b.String(), true
}

// macro skips a macro, which ends with an empty line.
func (p *parser) macro() {
	for p.text != "" && !strings.HasPrefix(p.text, "\n\n") {
		p.step()
	}
}

func (p *parser) step() {
	if p.text[0] == '\n' {
		p.line++
	}
	p.text = p.text[1:]
}
