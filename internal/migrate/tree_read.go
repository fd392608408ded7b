package migrate

import (
	"encoding/xml"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// maxTree is the longest structured file that is parsed; a longer one is read as text only.
const maxTree = 1 << 20

// yaml reads the logins in a YAML file. A template that is no YAML is read as text only.
func (r *reader) yaml() {
	if len(r.text) > maxTree {
		return
	}
	file, err := parser.ParseBytes([]byte(r.text), 0)
	if err != nil {
		return
	}
	roots := make([]*node, 0, len(file.Docs))
	for _, doc := range file.Docs {
		root := &node{}
		r.yamlNode(root, doc.Body, 0)
		roots = append(roots, root)
	}
	referred := fluxSecrets(roots)
	for _, root := range roots {
		if kind, _ := root.get("kind"); kind.value.text == "Secret" {
			for _, c := range root.children {
				switch {
				case c.label == "metadata":
					if name, _ := c.get("name"); referred[name.value.text].known() {
						root.fields = append(root.fields, field{"url", value{text: referred[name.value.text].String(), form: literal}})
					}
				case c.label == "data":
					c.encoded = true
					for i := range c.fields {
						c.fields[i].value = decoded(c.fields[i].value)
					}
				}
			}
		}
		r.logins(root)
		r.hidden(root)
	}
}

// fluxSecrets is which Secrets Flux's sources of the service refer to.
func fluxSecrets(roots []*node) map[string]address {
	out := map[string]address{}
	for _, root := range roots {
		for _, spec := range root.children {
			if spec.label != "spec" {
				continue
			}
			url, _ := spec.get("url")
			if a := addressIn(url.value.text, 0); a.known() {
				for _, ref := range spec.children {
					if name, ok := ref.get("name"); ok && ref.label == "secretRef" {
						out[name.value.text] = a
					}
				}
			}
		}
	}
	return out
}

func (r *reader) yamlNode(into *node, n ast.Node, depth int) {
	if n == nil || depth > 60 {
		return
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		for _, v := range n.Values {
			r.yamlPair(into, v, depth)
		}
	case *ast.MappingValueNode:
		r.yamlPair(into, n, depth)
	case *ast.SequenceNode:
		for _, v := range n.Values {
			r.yamlNode(into.child(""), v, depth+1)
		}
	case *ast.AnchorNode:
		r.yamlNode(into, n.Value, depth+1)
	case *ast.TagNode:
		r.yamlNode(into, n.Value, depth+1)
	}
}

func (r *reader) yamlPair(into *node, pair *ast.MappingValueNode, depth int) {
	if pair == nil || pair.Key == nil || pair.Value == nil {
		return
	}
	key := strings.Trim(pair.Key.String(), `"' `)
	v := pair.Value
	switch tagged := v.(type) {
	case *ast.AnchorNode:
		v = tagged.Value
	case *ast.TagNode:
		v = tagged.Value
	}
	switch v := v.(type) {
	case *ast.StringNode:
		t := v.GetToken()
		if t == nil || t.Position == nil {
			return
		}
		into.fields = append(into.fields, field{key, r.locate(t.Position.Line, v.Value)})
	case *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode:
		r.yamlNode(into.child(key), v, depth+1)
	}
}

// locate finds where a value stands, given its line. The parser's own columns count differently behind some characters.
func (r *reader) locate(line int, text string) value {
	if text == "" || line < 1 || line > len(r.starts) {
		return value{}
	}
	at := r.starts[line-1]
	first, _, _ := strings.Cut(text, "\n")
	if n := strings.LastIndex(r.line(line-1), first); n >= 0 {
		at += n
	}
	v := valueOf(text, at)
	return v
}

// hcl reads the logins in Terraform's files.
func (r *reader) hcl() {
	if len(r.text) > maxTree || strings.Count(r.text, "{")+strings.Count(r.text, "(")+strings.Count(r.text, "[") > 20_000 {
		return
	}
	file, _ := hclsyntax.ParseConfig([]byte(r.text), r.path, hcl.InitialPos)
	if file == nil {
		return
	}
	if body, ok := file.Body.(*hclsyntax.Body); ok {
		root := &node{}
		r.hclBody(root, body, 0)
		r.logins(root)
	}
}

func (r *reader) hclBody(into *node, body *hclsyntax.Body, depth int) {
	if depth > 40 {
		return
	}
	for name, a := range body.Attributes {
		rng := a.Expr.Range()
		if rng.Start.Byte < 0 || rng.End.Byte > len(r.text) || rng.Start.Byte > rng.End.Byte {
			continue
		}
		if object, ok := a.Expr.(*hclsyntax.ObjectConsExpr); ok {
			child := into.child(name)
			for _, item := range object.Items {
				k, v := item.KeyExpr.Range(), item.ValueExpr.Range()
				key := strings.Trim(r.text[k.Start.Byte:k.End.Byte], `"`)
				child.fields = append(child.fields, field{key, expression(r.text[v.Start.Byte:v.End.Byte], v.Start.Byte)})
			}
			continue
		}
		into.fields = append(into.fields, field{name, expression(r.text[rng.Start.Byte:rng.End.Byte], rng.Start.Byte)})
	}
	for _, b := range body.Blocks {
		child := into.child(b.Type)
		child.labels = b.Labels
		r.hclBody(child, b.Body, depth+1)
	}
}

// xml reads the logins in Jenkins' files. Jenkins writes XML 1.1, which Go's reader knows only as 1.0.
func (r *reader) xml() {
	text := r.text
	if strings.HasPrefix(text, "<?xml version='1.1'") || strings.HasPrefix(text, `<?xml version="1.1"`) {
		text = text[:len("<?xml version='1.")] + "0" + text[len("<?xml version='1.1"):]
	}
	dec := xml.NewDecoder(strings.NewReader(text))
	dec.Strict = false
	root := &node{}
	at, depth := root, 0
	data, begin := "", 0
	for {
		start := int(dec.InputOffset())
		t, err := dec.RawToken()
		if err != nil {
			break
		}
		switch t := t.(type) {
		case xml.StartElement:
			if depth++; depth > 200 {
				return
			}
			at, data = at.child(t.Name.Local), ""
		case xml.CharData:
			data, begin = string(t), start
		case xml.EndElement:
			if at.parent == nil {
				continue
			}
			depth--
			leaf := at
			at = at.parent
			if len(leaf.children) == 0 && len(leaf.fields) == 0 {
				at.children = at.children[:len(at.children)-1]
				at.fields = append(at.fields, field{leaf.label, valueOf(data, begin)})
			}
			data = ""
		}
	}
	r.logins(root)
	r.jenkinsJobs(root)
}

// jenkinsJobs adds the credentials that jobs use for the service.
func (r *reader) jenkinsJobs(n *node) {
	for _, c := range n.children {
		r.jenkinsJobs(c)
	}
	id, ok := n.get("credentialsid")
	if !ok || r.claimed(id.value.at) || sshID.MatchString(id.value.text) {
		return
	}
	var b belongs
	b.look(n, false)
	url, _ := n.get("url", "remote", "serverurl")
	plugin := strings.Contains(n.label, "bitbucket") && !b.other
	if !plugin && !(b.cloud && strings.HasPrefix(url.value.text, "http")) {
		return
	}
	u := use{what: useJenkins, at: id.value.at, where: id.value.text, tool: "jenkins", secret: value{id.value.text, id.value.at, reference}, address: b.address}
	if strings.Count(b.address.path, "/") < 2 {
		u.address = address{}
	}
	u.surface = u.address.surface()
	r.add(u, id.value.span())
}
