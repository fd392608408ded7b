package markup

import (
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// suggested is the info string of a block that suggests what lines should be, and the class of what is made of it.
const suggested = "suggestion"

// Suggestions are what a comment suggests to put in place of the lines that it stands on: each of its blocks that begin with
// ```suggestion, in order, with a line end behind each of its lines. "" is to take the lines away.
func Suggestions(source []byte) (all []string) {
	if len(source) > MaxSource || demanding(string(source)) {
		return nil
	}
	_ = ast.Walk(converter.Parser().Parse(text.NewReader(source)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if block, ok := n.(*ast.FencedCodeBlock); ok && entering && string(block.Language(source)) == suggested {
			var lines strings.Builder
			for i := range block.Lines().Len() {
				at := block.Lines().At(i)
				lines.Write(at.Value(source))
			}
			said := strings.ReplaceAll(lines.String(), "\r\n", "\n")
			if said != "" && !strings.HasSuffix(said, "\n") {
				said += "\n"
			}
			all = append(all, said)
		}
		return ast.WalkContinue, nil
	})
	return all
}

// suggestion puts a block that suggests something into a box that says so.
func suggestion(n *html.Node) {
	code := n.FirstChild
	if code == nil || code.DataAtom != atom.Code || code.NextSibling != nil || get(code, "class") != "language-"+suggested {
		return
	}
	element := func(a atom.Atom, more ...html.Attribute) *html.Node {
		return &html.Node{Type: html.ElementNode, DataAtom: a, Data: a.String(), Attr: more}
	}
	box, label, strong := element(atom.Div, html.Attribute{Key: "class", Val: suggested}), element(atom.P), element(atom.Strong)
	replace(n, box)
	strong.AppendChild(&html.Node{Type: html.TextNode, Data: "Suggested change"})
	label.AppendChild(strong)
	box.AppendChild(label)
	if code.FirstChild == nil {
		strong.FirstChild.Data = "Suggested: take these lines away"
		return
	}
	box.AppendChild(n)
}
