package migrate

import (
	"encoding/base64"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/doctor"
)

// node is a group of named values in a structured file: a mapping, an object, a block, an element.
type node struct {
	label    string // the key, the block's type, the element's name
	labels   []string
	parent   *node
	fields   []field
	children []*node
	encoded  bool // values are base64
}

type field struct {
	name  string
	value value
}

func (n *node) child(label string) *node {
	c := &node{label: label, parent: n}
	n.children = append(n.children, c)
	return c
}

// get is the first of the named fields that is there. Names are in lower case without "-" and "_"; "bitbucket" in
// front of them does not count.
func (n *node) get(names ...string) (field, bool) {
	for _, want := range names {
		for _, f := range n.fields {
			if strings.TrimPrefix(plainName(f.name), "bitbucket") == want && f.value.form != absent {
				return f, true
			}
		}
	}
	return field{}, false
}

var plainNames = strings.NewReplacer("-", "", "_", "", ".", "")

func plainName(s string) string { return plainNames.Replace(strings.ToLower(s)) }

// belongs is what the surroundings of a login say about which service it is for.
type belongs struct {
	cloud, other bool
	address      address
	named        bool // only by a name that has "bitbucket" in it
	tool         string
}

var (
	otherHost  = regexp.MustCompile(`^(?:https?|git\+https?|ssh)://`)
	bareHost   = regexp.MustCompile(`^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}$`)
	cloudWords = map[string]bool{"bitbucket": true, "bitbucketcloud": true, "bitbucket.org": true, "api.bitbucket.org": true, "bitbucketorg": true}
)

// look reads what the values of a node say. Deep looks into the groups below too.
func (b *belongs) look(n *node, deep bool) {
	for _, f := range n.fields {
		v := f.value.text
		name := plainName(f.name)
		switch {
		case f.value.form == absent || len(v) > 2000:
		case strings.Contains(v, cloud):
			a := addressIn(v, f.value.at)
			if !a.known() && (v == cloud || v == "api."+cloud || strings.HasPrefix(v, "//"+cloud)) {
				a = address{scheme: "https", host: strings.TrimPrefix(v, "//"), at: f.value.at}
			}
			if a.known() && (!b.address.known() || a.host != cloud) {
				b.cloud, b.address = true, a
			}
		case hostField(name) && (otherHost.MatchString(v) || bareHost.MatchString(v)):
			b.other = true
		case (name == "platform" || name == "hosttype" || name == "provider" || name == "type" || name == "matchhost") && cloudWords[strings.ToLower(v)]:
			b.cloud = true
			if name == "platform" || name == "hosttype" || name == "matchhost" {
				b.tool = "renovate"
			}
		case (name == "platform" || name == "hosttype" || name == "provider" || name == "type") && strings.HasPrefix(strings.ToLower(v), "bitbucket"):
			b.other = true // bitbucket-server, bitbucket-data-center
		case (name == "name" || name == "id" || name == "description" || name == "credentialsid") && names.bitbucket.MatchString(v):
			b.named = b.named || !onPremises.MatchString(v)
		}
	}
	if deep {
		for _, c := range n.children {
			if c.label == "metadata" {
				b.look(c, false)
			}
		}
	}
}

var onPremises = regexp.MustCompile(`(?i)server|data-?\s?center|stash|on-?prem|bitbucket-dc`)

func hostField(name string) bool {
	for _, w := range []string{"url", "host", "endpoint", "repo", "server", "remote", "address", "registry", "base"} {
		if strings.Contains(name, w) {
			return true
		}
	}
	return false
}

// around tells which service the login in a node is for, from the node itself, and then from what is above it.
func (n *node) around() belongs {
	var b belongs
	b.look(n, false)
	if b.cloud || b.other {
		return b
	}
	for at, up := n, 0; at != nil && up < 4; at, up = at.parent, up+1 {
		label := strings.ToLower(at.label)
		if cloudWords[label] {
			b.cloud = true
			return b
		}
		if strings.HasPrefix(label, "bitbucket") && onPremises.MatchString(label) {
			b.other = true
			return b
		}
		for _, l := range at.labels {
			b.cloud = b.cloud || cloudWords[strings.ToLower(l)]
		}
		if b.cloud {
			return b
		}
		if up > 0 {
			b.look(at, true)
			if b.cloud || b.other {
				return b
			}
		}
	}
	return b
}

var (
	userFields   = []string{"username", "user", "login", "gituser", "authusername"}
	secretFields = []string{"password", "apppassword", "pass", "authpassword"}
)

// logins adds the logins in a tree.
func (r *reader) logins(n *node) {
	if n.label == "encryptedData" {
		return // sealed
	}
	for _, c := range n.children {
		r.logins(c)
	}
	if _, has := n.get(secretFields...); !has {
		r.tokenField(n)
		return
	}
	secret, _ := n.get(secretFields...)
	user, _ := n.get(userFields...)
	b := n.around()
	if b.other && !b.cloud || !b.cloud && !b.named || r.claimed(secret.value.at) {
		return
	}
	u := use{what: useLogin, at: secret.value.at, where: n.where(), tool: b.tool, surface: b.address.surface(), address: b.address, user: user.value, secret: secret.value}
	u.where, u.tool = r.toolOf(n, u)
	if u.tool == "renovate" || u.tool == "terraform" {
		u.surface, u.address, u.method = doctor.SurfaceREST, address{}, ""
	}
	if u.surface == doctor.SurfaceUnknown && (u.tool == "argocd" || u.tool == "flux" || u.tool == "composer") {
		u.surface = doctor.SurfaceGit
	}
	if u.surface == doctor.SurfaceREST && u.method == "" {
		u.method = "GET"
	}
	if u.tool == "jenkins" {
		// What Jenkins wrote is sealed, and good for both.
		u.surface, u.address = doctor.SurfaceUnknown, address{}
		if secret.value.form != literal || !wholeAppPassword(secret.value.text) {
			id, _ := n.get("id")
			r.add(use{what: useJenkins, at: secret.value.at, where: id.value.text, tool: "jenkins", secret: secret.value, user: user.value}, secret.value.span(), user.value.span())
			return
		}
	}
	if user.value.form == absent {
		u.user = value{at: u.at}
	}
	r.add(u, secret.value.span(), user.value.span())
}

// tokenField adds a secret that a tool sends as Bearer.
func (r *reader) tokenField(n *node) {
	f, ok := n.get("token")
	if !ok || r.claimed(f.value.at) {
		return
	}
	b := n.around()
	if b.tool != "renovate" || !b.cloud || b.other {
		return
	}
	r.add(use{what: useBearer, at: f.value.at, where: "renovate's token", tool: "renovate", surface: doctor.SurfaceREST, secret: f.value}, f.value.span())
}

// where names a node for a person.
func (n *node) where() string {
	for at := n; at != nil; at = at.parent {
		if at.label != "" {
			return strings.Join(append([]string{at.label}, at.labels...), " ")
		}
	}
	return "a login"
}

// toolOf tells the tool that a tree is for.
func (r *reader) toolOf(n *node, u use) (where, tool string) {
	base := strings.ToLower(r.path[strings.LastIndexByte(r.path, '/')+1:])
	switch {
	case u.tool == "renovate" || strings.Contains(base, "renovate"):
		return "renovate's " + n.where(), "renovate"
	case r.kind == kindHCL && n.label == "provider":
		return n.where(), "terraform"
	case r.kind == kindXML:
		return n.where(), "jenkins"
	case strings.Contains(r.text, "argoproj.io"):
		return n.where(), "argocd"
	case strings.Contains(r.text, "fluxcd.io"):
		return n.where(), "flux"
	case base == "auth.json":
		return "composer's " + n.where(), "composer"
	}
	return n.where(), ""
}

// decoded reads the values of a Kubernetes Secret's data; positions stay those of the base64.
func decoded(v value) value {
	if v.form != literal || len(v.text) > 64<<10 {
		return v
	}
	text, err := base64.StdEncoding.DecodeString(v.text)
	if err != nil || !utf8.Valid(text) {
		return v
	}
	at := v.at
	v = valueOf(strings.TrimRight(string(text), "\n"), at)
	v.at = at
	return v
}

// hidden adds the logins in an address that stands in base64, such as a .git-credentials file in a Secret.
func (r *reader) hidden(n *node) {
	for _, c := range n.children {
		r.hidden(c)
	}
	if !n.encoded {
		return
	}
	for _, f := range n.fields {
		if user, secret, ok := loginIn(f.value.text, 0); ok && !r.claimed(f.value.at) {
			user.at, secret.at = f.value.at, f.value.at
			a := addressIn(f.value.text, 0)
			a.at = f.value.at
			r.add(use{what: useLogin, at: f.value.at, where: "base64 of " + f.name, tool: "git", surface: a.surface(), address: a, user: user, secret: secret, inURL: true}, span{f.value.at, f.value.at + 1})
		}
	}
}
