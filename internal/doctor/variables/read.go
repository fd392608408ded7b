package variables

import (
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/token"
)

// Tool is a program, or a kind of programs, whose variables are set.
type Tool struct {
	Name      string        `json:"name"`
	Variables []Variable    `json:"variables"`
	Cases     []doctor.Case `json:"-"`
}

// Variable is one variable that a tool reads, and what it is to the tool.
type Variable struct {
	Name  string `json:"name"`
	Role  string `json:"role"`
	Value string `json:"value"` // never a secret: "not set", "empty", how it begins and its length
}

// Read looks at an environment, "NAME=value" as os.Environ gives it, and returns the tools whose variables are set, in
// the order of the table. Of a name that stands there twice the last value counts.
func Read(env []string) []Tool {
	values := map[string]string{}
	for _, line := range env {
		if name, value, ok := strings.Cut(line, "="); ok && name != "" {
			values[name] = value
		}
	}
	var found []Tool
	for i := range tools {
		r := &reading{values: values, tool: &tools[i]}
		if r.isMeant() {
			r.read()
			found = r.finish(found)
		}
	}
	for _, t := range paired(values) {
		r := &reading{values: values, tool: &t}
		r.read()
		found = r.finish(found)
	}
	return gitConfig(values, found)
}

// Pipeline tells which of the variables that Bitbucket Pipelines sets by itself are in an environment. They say where a
// step runs and open nothing.
func Pipeline(env []string) []string {
	var names []string
	for _, line := range env {
		if name, _, ok := strings.Cut(line, "="); ok && slices.Contains(pipelines, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// reading is one tool being looked at.
type reading struct {
	values  map[string]string
	tool    *tool
	found   Tool
	skipped bool // the tool talks to something else
}

func (r *reading) finish(found []Tool) []Tool {
	if r.skipped || len(r.found.Cases) == 0 {
		return found
	}
	return append(found, r.found)
}

func (r *reading) isSet(name string) bool {
	_, ok := r.values[name]
	return ok
}

func (r *reading) anySet(names []string) bool { return slices.ContainsFunc(names, r.isSet) }

func (r *reading) isMeant() bool { return r.anySet(r.tool.marks) && !r.anySet(r.tool.unless) }

func (r *reading) read() {
	r.found.Name = r.tool.name
	ways := slices.DeleteFunc(slices.Clone(r.tool.logins), func(l login) bool { return r.anySet(l.instead) || !r.isSet(l.secret) })
	if len(ways) == 0 {
		// A user without a secret: the tool will send half a credential, or none.
		ways = slices.DeleteFunc(slices.Clone(r.tool.logins), func(l login) bool {
			return r.anySet(l.instead) || l.user == "" || !r.isSet(l.user)
		})
	}
	for _, l := range ways {
		r.add(l)
	}
	if len(ways) == 0 && r.isSet(r.tool.base.name) {
		c := doctor.Case{Surface: rest, Client: r.client()}
		r.address(&c)
		r.found.Cases = append(r.found.Cases, c)
	}
	if r.tool.check != nil {
		for i := range r.found.Cases {
			r.tool.check(r, &r.found.Cases[i])
		}
	}
}

// client is the tool's name as a case has it: in small letters, "" for a crowd.
func (r *reading) client() string {
	name, _, _ := strings.Cut(r.tool.name, " ")
	if name == "readers" {
		return ""
	}
	return strings.ToLower(name)
}

func (r *reading) add(l login) {
	c := doctor.Case{Surface: l.surface, Client: r.client()}
	r.address(&c)
	secret := r.value(l.secret)
	switch l.shape {
	case basic:
		r.note(l.user, "user")
		r.note(l.secret, "secret, sent as Basic")
		user := r.value(l.user)
		if l.fixedUser != "" {
			user = doctor.Value{Text: l.fixedUser, Place: r.tool.name}
		}
		c.Login = &doctor.Login{User: user, Secret: secret, From: "variables"}
	case bearer:
		r.note(l.secret, "secret, sent as Bearer")
		c.Login = &doctor.Login{Secret: secret, From: "variables", Bearer: true}
	case pair:
		r.note(l.secret, "user:secret")
		c.Login = r.split(secret)
	case encoded:
		if !r.isBitbucket() {
			r.skipped = true
		}
		r.note(l.secret, "base64 of user:secret, sent behind the word Basic")
		c.Header = []doctor.Field{{Name: "Authorization", Value: doctor.Value{Text: "Basic " + secret.Text, Place: secret.Place}}}
	case alone:
		r.note(l.secret, "secret; who reads it, and how it is sent, is not known")
		c.Login = &doctor.Login{User: doctor.Value{Open: true, Place: "not known"}, Secret: secret, From: "variables"}
		if strings.Contains(secret.Text, ":") {
			c.Login = r.split(secret)
		}
	case client:
		r.note(l.user, "key of an OAuth consumer")
		r.note(l.secret, "secret of an OAuth consumer")
		c.Notes = append(c.Notes, r.consumer(l)...)
	}
	if oidc := r.values["BITBUCKET_STEP_OIDC_TOKEN"]; oidc != "" && oidc == secret.Text {
		c.Notes = append(c.Notes, finding(reason.CredentialKindNotAccepted, doctor.Certain, "The two variables hold the same value.",
			"In "+l.secret+" stands the value of BITBUCKET_STEP_OIDC_TOKEN, with which a step shows other clouds who it is; the API does not take it.", l.secret,
			"Make an access token of the repository, keep it as a secured variable, and give that to the tool.", ""))
	}
	r.found.Cases = append(r.found.Cases, c)
}

// value is a variable as a value of a case.
func (r *reading) value(name string) doctor.Value {
	if name == "" {
		return doctor.Value{}
	}
	text, ok := r.values[name]
	if !ok {
		return doctor.Value{Place: name + ", which is not set"}
	}
	return doctor.Value{Text: text, Place: name}
}

// split takes user:secret apart. Without a colon everything is the secret.
func (r *reading) split(v doctor.Value) *doctor.Login {
	user, secret, ok := strings.Cut(v.Text, ":")
	if !ok {
		user, secret = "", v.Text
	}
	return &doctor.Login{From: "variables",
		User:   doctor.Value{Text: user, Place: v.Place + ", before the colon"},
		Secret: doctor.Value{Text: secret, Place: v.Place + ", after the colon"}}
}

// note adds a variable to those that were looked at.
func (r *reading) note(name, role string) {
	if name == "" || slices.ContainsFunc(r.found.Variables, func(v Variable) bool { return v.Name == name }) {
		return
	}
	value, ok := r.values[name]
	v := Variable{Name: name, Role: role, Value: "not set"}
	switch {
	case ok && value == "":
		v.Value = "empty"
	case ok && (role == "user" || strings.HasPrefix(role, "address")):
		v.Value = doctor.Shown(value)
	case ok:
		v.Value = token.Mask(value)
	}
	r.found.Variables = append(r.found.Variables, v)
}

// address fills in where the tool sends its requests. A variable that is not set leaves the tool's own address.
func (r *reading) address(c *doctor.Case) {
	b := r.tool.base
	value, ok := r.values[b.name]
	if !ok || b.name == "" {
		return
	}
	r.note(b.name, "address")
	place := doctor.Value{Text: value, Place: b.name}
	switch {
	case value == "":
		return
	case b.host && strings.Contains(value, "/"):
		c.Notes = append(c.Notes, finding(reason.HostMalformed, doctor.Certain, "The tool wants the host alone there.",
			b.name+" holds a URL, or a path; a host is wanted.", b.name, "Write the host alone.", b.name+"=bitbucket.org"))
	case b.site && isWebsite(value):
		// The tool knows by itself that the API is elsewhere.
	case b.site && b.host:
		place.Text = "https://" + value
		c.URL = place
	case b.site:
		c.API = value
	default:
		place.Text = strings.TrimSuffix(value, "/") + b.add
		c.URL = place
	}
}

// isWebsite tells whether a host or an address is that of the website.
func isWebsite(s string) bool {
	s = strings.TrimSuffix(strings.TrimPrefix(s, "https://"), "/")
	return strings.EqualFold(s, "bitbucket.org") || strings.EqualFold(s, "api.bitbucket.org")
}

// isBitbucket tells whether something else in the environment speaks of Bitbucket: names that several services use say
// nothing by themselves.
func (r *reading) isBitbucket() bool {
	return r.isSet("BITBUCKET_COMMIT") || r.values["CML_DRIVER"] == "bitbucket" || strings.Contains(r.values["CML_REPO"], "bitbucket.org")
}

// consumer looks at key and secret of an OAuth consumer. They are no login, so a case has no place for them; what they
// look like tells damage all the same.
func (r *reading) consumer(l login) []doctor.Finding {
	var notes []doctor.Finding
	for _, name := range []string{l.user, l.secret} {
		shape := token.Inspect(r.values[name])
		code, _ := shape.Reason()
		switch {
		case !r.isSet(name) || shape.Problem == token.Empty:
			notes = append(notes, finding(reason.TokenEmpty, doctor.Certain, "Key and secret of a consumer go together.",
				r.value(name).Place+", is empty or missing.", name, "Set both from the settings of the consumer.", "test -n \"$"+name+"\" && echo set"))
		case code == reason.TokenNotExpanded || code == reason.TokenWhitespace || code == reason.HeaderSchemeTwice:
			notes = append(notes, finding(code, doctor.Certain, "The value itself shows it.", name+": "+shape.Detail, name, reason.Of(code).Fix[0], ""))
		case shape.Origin != token.OriginUnknown:
			notes = append(notes, finding(reason.CredentialKindNotAccepted, doctor.Likely, "The form is that of "+aKind(shape.Kind)+"; consumers have another.",
				"In "+name+" stands "+aKind(shape.Kind)+", "+token.Mask(r.values[name])+"; key and secret of an OAuth consumer belong there.", name,
				"Take key and secret from the settings of the workspace, under OAuth consumers.", ""))
		}
	}
	return notes
}

func aKind(k token.Kind) string {
	name := k.String()
	if strings.ContainsRune("aeiouAEIO", rune(name[0])) {
		return "an " + name
	}
	return "a " + name
}

// finding is what only this reader can see.
func finding(code reason.Code, how doctor.Certainty, because, evidence, place, fix, command string) doctor.Finding {
	return doctor.Finding{Reason: code, Certainty: how, Because: because, Title: reason.Of(code).Title, Evidence: evidence, Place: place,
		Fix: doctor.Fix{Text: fix, Command: command}, Doc: code.DocPath()}
}
