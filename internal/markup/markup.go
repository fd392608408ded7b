package markup

import (
	"bytes"
	"errors"
	"html/template"
	"path"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	renderer "github.com/yuin/goldmark/renderer/html"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// MaxSource is the largest document that is made into HTML, in bytes. What is larger is for downloading.
const MaxSource = 256 << 10

// ErrTooLarge says that a document has more than MaxSource bytes.
var ErrTooLarge = errors.New("the document is too large to be shown")

// Options say what surrounds a document.
type Options struct {
	// Picture is where the page gets a file of the repository that the document shows as a picture; "" for what cannot be
	// shown. path is relative to the root of the repository, valid and clean. nil: no file can be shown.
	Picture func(path string) string
	// File is where the page leads to for a file or directory of the repository that the document links to, in the same way.
	// nil: such a link is left as its text.
	File func(path string) string
	// Dir is the directory that the document is in, which its relative links begin at; "" is the root.
	Dir string
}

// converter makes HTML of GFM. Raw HTML passes: the policy decides about all HTML alike, wherever it comes from.
var converter = goldmark.New(
	goldmark.WithExtensions(extension.Linkify, extension.Strikethrough, extension.TaskList,
		extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute))),
	goldmark.WithParserOptions(parser.WithAutoHeadingID()),
	goldmark.WithRendererOptions(renderer.WithUnsafe()),
)

// IsMarkdown tells by its name whether a file is written in Markdown.
func IsMarkdown(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".md", ".markdown":
		return true
	}
	return false
}

// Document is a document in Markdown that was read, before it is made into HTML.
type Document struct {
	body     *html.Node
	text     template.HTML // in place of body
	mentions []mention
}

// Parse reads a document in Markdown, for who wants to know what it speaks of before it is made into HTML. The error is ErrTooLarge.
func Parse(source []byte) (*Document, error) {
	if len(source) > MaxSource {
		return nil, ErrTooLarge
	}
	if !demanding(string(source)) {
		var out bytes.Buffer
		if err := converter.Convert(source, &out, parser.WithContext(parser.NewContext(parser.WithIDs(newAnchors())))); err != nil {
			return nil, err
		}
		body := &html.Node{Type: html.ElementNode, DataAtom: atom.Body, Data: "body"}
		if nodes, err := html.ParseFragment(&out, body); err == nil {
			for _, n := range nodes {
				body.AppendChild(n)
			}
			return &Document{body: body, mentions: mentions(body, nil)}, nil
		}
	}
	text, err := Text(source)
	return &Document{text: text}, err
}

// Plain reads a text that is not in Markdown, such as the message of a commit: what it speaks of can lead somewhere, and everything else
// is shown as it was written. The error is ErrTooLarge.
func Plain(source []byte) (*Document, error) {
	if len(source) > MaxSource {
		return nil, ErrTooLarge
	}
	body := &html.Node{Type: html.ElementNode, DataAtom: atom.Body, Data: "body"}
	body.AppendChild(&html.Node{Type: html.TextNode, Data: printable(source)})
	return &Document{body: body, mentions: mentions(body, nil)}, nil
}

// printable is a text without what HTML cannot hold.
func printable(source []byte) string {
	return strings.ReplaceAll(strings.ToValidUTF8(string(source), "�"), "\x00", "�")
}

// References are the different things that the document speaks of, at most MaxReferences.
func (d *Document) References() (all []Reference) {
	for _, m := range d.mentions {
		if len(all) < MaxReferences && !slices.Contains(all, m.ref) {
			all = append(all, m.ref)
		}
	}
	return all
}

// HTML makes HTML of the document, once. What it speaks of and what is in found is a link to there.
func (d *Document) HTML(o Options, found map[Reference]Target) (template.HTML, error) {
	if d.body == nil {
		return d.text, nil
	}
	o.place(d.body, false)
	for _, m := range d.mentions {
		if to, ok := found[m.ref]; ok {
			m.lead(to)
		}
	}
	var out bytes.Buffer
	for n := range d.body.ChildNodes() {
		if err := html.Render(&out, n); err != nil {
			return "", err
		}
	}
	return template.HTML(policy.SanitizeReader(&out).String()), nil
}

// Markdown makes HTML of a document in Markdown that leads to nothing of what it speaks of. A document that would take too long, or
// that no HTML can be made of, because things stand inside of each other many times, comes back as Text.
func Markdown(source []byte, o Options) (template.HTML, error) {
	d, err := Parse(source)
	if err != nil {
		return "", err
	}
	return d.HTML(o, nil)
}

// Text makes HTML of plain text, line by line.
func Text(source []byte) (template.HTML, error) {
	if len(source) > MaxSource {
		return "", ErrTooLarge
	}
	return "<pre>" + template.HTML(template.HTMLEscapeString(printable(source))) + "</pre>", nil
}
