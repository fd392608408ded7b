package markup

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Kind is a kind of what a document can speak of.
type Kind string

// The kinds, as Bitbucket Cloud writes them: @{account id}, @{uuid} or @nickname; pull request #1; #1 or issue #1; the first 7 digits
// of a commit's name, or more of them.
const (
	Account     Kind = "account"
	PullRequest Kind = "pull request"
	Issue       Kind = "issue"
	Commit      Kind = "commit"
)

// Reference is something that a document speaks of.
type Reference struct {
	Kind Kind
	Name string // a number; digits in lower case; an account's name as it was written, without @ and braces
}

// Target is where a reference leads to.
type Target struct {
	Href  string
	Text  string // what is shown in place of what was written; "": that
	Title string // a line about it; "": none
}

// MaxReferences bounds the different things that one document can lead to, and maxMentions how often it does. What is behind that
// stays text.
const (
	MaxReferences = 50
	maxMentions   = 500
)

// referring matches what may be a reference, each with what it is in a group of its own.
var referring = regexp.MustCompile(`@\{([^{}\s]{1,128})\}|@([A-Za-z0-9_][A-Za-z0-9_-]{0,61})|(?i:pull[ -]request)[ \x{a0}]#([0-9]{1,9})|(?:(?i:issue)[ \x{a0}])?#([0-9]{1,9})|([0-9a-fA-F]{7,40})`)

// groups are the kinds of those groups.
var groups = [...]Kind{Account, Account, PullRequest, Issue, Commit}

// references are those of a text, with where they stand in it.
func references(text string) (refs []Reference, spans [][2]int) {
	for _, m := range referring.FindAllStringSubmatchIndex(text, -1) {
		if !free(text, m[0], m[1]) {
			continue
		}
		for i, kind := range groups {
			from, to := m[2*i+2], m[2*i+3]
			if from < 0 {
				continue
			}
			name := text[from:to]
			switch kind {
			case Commit:
				name = strings.ToLower(name)
			case PullRequest, Issue:
				name = strings.TrimLeft(name, "0")
			}
			if name != "" {
				refs, spans = append(refs, Reference{kind, name}), append(spans, [2]int{m[0], m[1]})
			}
		}
	}
	return refs, spans
}

// free tells whether text[from:to] is a word by itself, and no part of an address, of a path or of a longer name.
func free(text string, from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:from])
	if from > 0 && (wordy(before) || strings.ContainsRune("@#&=./\\-~+$%", before)) {
		return false
	}
	if text[to-1] == '}' {
		return true
	}
	after, n := utf8.DecodeRuneInString(text[to:])
	if to == len(text) {
		return true
	}
	if wordy(after) || after == '@' || after == '=' {
		return false
	}
	next, _ := utf8.DecodeRuneInString(text[to+n:])
	return !strings.ContainsRune("./\\-:+~", after) || to+n == len(text) || !wordy(next)
}

func wordy(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// mention is a reference with the node that is its text.
type mention struct {
	node *html.Node
	ref  Reference
}

// plain are the elements in which nothing is taken for a reference: links, code, and what holds no text to be read.
var plain = []atom.Atom{atom.A, atom.Code, atom.Pre, atom.Kbd, atom.Samp, atom.Tt, atom.Var, atom.Script, atom.Style, atom.Textarea, atom.Title, atom.Iframe,
	atom.Noscript, atom.Noembed, atom.Noframes, atom.Xmp, atom.Plaintext, atom.Template, atom.Svg, atom.Math, atom.Select, atom.Option, atom.Button, atom.Object}

// mentions adds what is spoken of below n to all, and gives each of it a node of its own.
func mentions(n *html.Node, all []mention) []mention {
	for _, child := range slices.Collect(n.ChildNodes()) {
		switch {
		case child.Type == html.TextNode:
			all = split(child, all)
		case child.Type == html.ElementNode && !slices.Contains(plain, child.DataAtom):
			all = mentions(child, all)
		}
	}
	return all
}

// split divides a text into what is a reference and what is not.
func split(n *html.Node, all []mention) []mention {
	text := n.Data
	refs, spans := references(text)
	done := 0
	for i, at := range spans {
		if len(all) == maxMentions {
			break
		}
		part := &html.Node{Type: html.TextNode, Data: text[at[0]:at[1]]}
		n.Parent.InsertBefore(&html.Node{Type: html.TextNode, Data: text[done:at[0]]}, n)
		n.Parent.InsertBefore(part, n)
		all, done = append(all, mention{part, refs[i]}), at[1]
	}
	n.Data = text[done:]
	return all
}

// lead makes a link of a mention.
func (m mention) lead(to Target) {
	link := &html.Node{Type: html.ElementNode, DataAtom: atom.A, Data: "a", Attr: []html.Attribute{{Key: "href", Val: to.Href}}}
	if to.Title != "" {
		link.Attr = append(link.Attr, html.Attribute{Key: "title", Val: to.Title})
	}
	if to.Text != "" {
		m.node.Data = to.Text
	}
	replace(m.node, link)
	link.AppendChild(m.node)
}
