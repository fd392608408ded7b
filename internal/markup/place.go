package markup

import (
	"net/url"
	"path"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Prefix begins every id of a document, so that none is taken for one of the page's own.
const Prefix = "doc-"

// place puts what is below n in its place on the page. linked: n stands inside of a link.
func (o Options) place(n *html.Node, linked bool) {
	for _, child := range slices.Collect(n.ChildNodes()) {
		if child.Type != html.ElementNode {
			continue
		}
		inside := linked || child.DataAtom == atom.A
		name(child)
		o.place(child, inside)
		switch child.DataAtom {
		case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5:
			below(child)
		case atom.A:
			o.link(child)
		case atom.Img:
			o.picture(child, linked)
		case atom.Input:
			checkbox(child)
		case atom.Table:
			scroll(child)
		case atom.Div:
			if get(child, "class") == suggested {
				remove(child, "class") // it is not said by whoever writes, but below
			}
		case atom.Pre:
			suggestion(child)
		}
	}
}

// name puts the prefix before an id, and makes an id of the old name of an anchor.
func name(n *html.Node) {
	id := get(n, "id")
	if id == "" && n.DataAtom == atom.A {
		id = get(n, "name")
	}
	remove(n, "name")
	if id != "" {
		set(n, "id", Prefix+id)
	}
}

// below makes a heading one level lower: the page has its own first one.
func below(n *html.Node) {
	n.Data = "h" + string(n.Data[1]+1)
	n.DataAtom = atom.Lookup([]byte(n.Data))
}

// link keeps links within the document, to files of the repository and to other sites.
func (o Options) link(n *html.Node) {
	remove(n, "rel")
	remove(n, "target")
	to, ok := attribute(n, "href")
	if !ok {
		return // an anchor
	}
	if fragment, ok := strings.CutPrefix(to, "#"); ok {
		if fragment != "" {
			fragment = Prefix + fragment
		}
		set(n, "href", "#"+fragment)
		return
	}
	u, remote := outside(to)
	switch {
	case remote:
		set(n, "href", u.String())
		set(n, "rel", "nofollow noopener")
	case u != nil && u.Scheme == "mailto":
	case u != nil && u.Scheme == "" && u.Host == "" && u.Path != "" && o.File != nil && o.File(o.inside(u)) != "":
		to := o.File(o.inside(u))
		if fragment := u.Fragment; fragment != "" {
			if IsMarkdown(u.Path) {
				fragment = Prefix + fragment
			}
			to += "#" + (&url.URL{Fragment: fragment}).EscapedFragment()
		}
		set(n, "href", to)
	default:
		unwrap(n)
	}
}

// inside is the path, from the root of the repository, that an address in the document leads to.
func (o Options) inside(u *url.URL) string {
	at := u.Path
	if !strings.HasPrefix(at, "/") {
		at = o.Dir + "/" + at
	}
	return strings.TrimPrefix(path.Clean("/"+at), "/")
}

// outside reads an address; remote says that it is one of another site. u is nil for what is no address.
func outside(address string) (u *url.URL, remote bool) {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil {
		return nil, false
	}
	if u.Scheme == "" && u.Host != "" {
		u.Scheme = "https"
	}
	return u, u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// picture shows a picture of the repository. One from elsewhere becomes a link to it, so that no other site learns who
// reads the page; inside of a link its text is left.
func (o Options) picture(n *html.Node, linked bool) {
	src := get(n, "src")
	if strings.HasPrefix(src, "data:") {
		return
	}
	u, remote := outside(src)
	if u != nil && !remote && u.Scheme == "" && o.Picture != nil {
		file := o.inside(u)
		if address := o.Picture(file); file != "" && address != "" {
			set(n, "src", address)
			set(n, "loading", "lazy")
			return
		}
	}
	text := strings.TrimSpace(get(n, "alt"))
	if text == "" && u != nil {
		text = path.Base(u.Path)
	}
	if text == "" || text == "." || text == "/" {
		text = "picture"
	}
	instead := &html.Node{Type: html.TextNode, Data: text}
	if remote && !linked {
		words := instead
		instead = &html.Node{Type: html.ElementNode, DataAtom: atom.A, Data: "a", Attr: []html.Attribute{
			{Key: "href", Val: u.String()}, {Key: "rel", Val: "nofollow noopener"}}}
		instead.AppendChild(words)
	}
	replace(n, instead)
}

// checkbox makes a letter of the box of a task: nobody can tick it here.
func checkbox(n *html.Node) {
	if !strings.EqualFold(get(n, "type"), "checkbox") {
		return
	}
	box := "☐"
	if _, ok := attribute(n, "checked"); ok {
		box = "☑"
	}
	replace(n, &html.Node{Type: html.TextNode, Data: box})
}

// scroll puts a table into a box that scrolls, also by keyboard.
func scroll(n *html.Node) {
	box := &html.Node{Type: html.ElementNode, DataAtom: atom.Div, Data: "div", Attr: []html.Attribute{{Key: "class", Val: "scroll"}, {Key: "tabindex", Val: "0"}}}
	replace(n, box)
	box.AppendChild(n)
}

func replace(n, by *html.Node) {
	n.Parent.InsertBefore(by, n)
	n.Parent.RemoveChild(n)
}

// unwrap leaves what is in n in its place.
func unwrap(n *html.Node) {
	for _, child := range slices.Collect(n.ChildNodes()) {
		n.RemoveChild(child)
		n.Parent.InsertBefore(child, n)
	}
	n.Parent.RemoveChild(n)
}

func attribute(n *html.Node, key string) (value string, ok bool) {
	i := slices.IndexFunc(n.Attr, func(a html.Attribute) bool { return a.Key == key })
	if i < 0 {
		return "", false
	}
	return n.Attr[i].Val, true
}

func get(n *html.Node, key string) string {
	value, _ := attribute(n, key)
	return value
}

func remove(n *html.Node, key string) {
	n.Attr = slices.DeleteFunc(n.Attr, func(a html.Attribute) bool { return a.Key == key })
}

func set(n *html.Node, key, value string) {
	remove(n, key)
	n.Attr = append(n.Attr, html.Attribute{Key: key, Val: value})
}
