package migrate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/doctor/curlline"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/token"
)

// Cases reads the files below the paths, as Scan does, and makes a case for the doctor of every use: what would be sent
// where. What only the text of a file tells, such as a variable's name, is in the case's notes.
func Cases(ctx context.Context, paths []string, o Options) ([]doctor.Case, Coverage, error) {
	docs, coverage, err := read(ctx, paths, o)
	if err != nil {
		return nil, coverage, err
	}
	var out []doctor.Case
	for _, one := range docs {
		lines, read := curlCases(ctx, one.document)
		out = append(out, lines...)
		// What is encoded for a header is told once, where it is sent.
		encoded := slices.ContainsFunc(lines, func(c doctor.Case) bool {
			return slices.ContainsFunc(c.Header, func(h doctor.Field) bool { return strings.Contains(h.Value.Source, "base64") })
		})
		for _, u := range one.uses {
			c, ok := caseOf(one.document, u)
			if encoded && (u.what == useWrap || u.what == useNewline) {
				continue
			}
			if read && ok && u.tool == "curl" && (u.what == useLogin || u.what == useBearer || u.what == useCall) {
				c, ok = doctor.Case{Notes: c.Notes}, len(c.Notes) > 0
			}
			if ok {
				out = append(out, c)
			}
		}
	}
	return out, coverage, nil
}

// curlCases reads a script as a shell does, and is one case for each request that its curl lines send to the service;
// read is false for what is no script, or cannot be read so. Which variables are set is known from the script alone, so
// that one is not set there means nothing.
func curlCases(ctx context.Context, d *document) (cases []doctor.Case, read bool) {
	if d.kind != kindShell || !strings.Contains(d.text, "curl") {
		return nil, false
	}
	all, err := curlline.Line(ctx, d.text, curlline.Options{})
	if err != nil {
		return nil, false
	}
	in := func(v *doctor.Value) { v.Place = d.path + ", " + v.Place }
	for _, c := range all {
		if !strings.Contains(c.URL.Text, cloud) {
			continue
		}
		in(&c.URL)
		for i := range c.Header {
			h := &c.Header[i]
			in(&h.Value)
			// A value that was worked out from what is not known is not known either.
			one, fault := token.ParseAuthorization([]string{h.Value.Text})
			h.Value.Open = h.Value.Open || strings.Contains(h.Value.Source, "$") && (fault != nil || token.Inspect(one.Secret).Origin == token.OriginUnknown)
		}
		if c.Login != nil {
			login := *c.Login
			in(&login.User)
			in(&login.Secret)
			c.Login = &login
		}
		notes := c.Notes
		c.Notes = nil
		for _, n := range notes {
			if n.Reason != reason.ValueNotExpanded && n.Reason != reason.ValueNotEvaluated {
				n.Place = d.path + ", " + n.Place
				c.Notes = append(c.Notes, n)
			}
		}
		cases = append(cases, c)
	}
	return cases, true
}

func caseOf(d *document, u use) (doctor.Case, bool) {
	if u.beside || u.what == useCall && u.isBase() || u.secret.form == placeholder && !d.kind.configures() {
		return doctor.Case{}, false
	}
	line, column := d.position(u.at)
	place := fmt.Sprintf("%s:%d:%d", d.path, line, column)
	c := doctor.Case{Surface: u.surface, Client: u.tool, Method: u.method}
	if u.address.known() {
		text := u.address.scheme + "://"
		if u.inURL {
			text += u.user.text + ":" + u.secret.text + "@"
		}
		path := plainPath(u.address.path)
		switch {
		case u.surface == doctor.SurfaceGit && strings.Count(path, "/") < 2:
			path = "/WORKSPACE/REPOSITORY" // a login for every repository
		case u.isBase():
			path = "/2.0/"
		}
		text += u.address.host + path
		c.URL = doctor.Value{Text: text, Place: place, Open: u.address.open || u.isBase() || path != u.address.path || u.inURL && (u.user.form == reference || u.secret.form == reference)}
	}
	value := func(v value) doctor.Value {
		return doctor.Value{Text: v.text, Place: place, Open: v.form == reference && !u.asIs || v.form == absent && !u.inURL}
	}
	code, _ := judge(u)
	named := u.secret.form == reference || u.user.form == reference || names.appPassword.MatchString(u.where) && !u.secret.holdsAppPassword()
	switch u.what {
	case useLogin:
		if u.secret.form == absent && u.user.form == absent {
			return c, false
		}
		if !u.inURL || c.URL.Open {
			c.Login = &doctor.Login{From: u.where, User: value(u.user), Secret: value(u.secret)}
			c.URL.Text = strings.Replace(c.URL.Text, u.user.text+":"+u.secret.text+"@", "", 1)
		}
	case useBearer:
		c.Login = &doctor.Login{From: u.where, Secret: value(u.secret), Bearer: true}
	case useCall:
		named = false
		switch {
		case u.header != "":
			c.Header = []doctor.Field{{Name: "Authorization", Value: doctor.Value{Text: u.header, Place: place, Open: strings.Contains(u.header, "$")}}}
		case u.tool != "curl":
			c.Client = "" // what sends the request, and with what, is not known
		}
	default:
		named = true
	}
	if named && code != "" {
		c.Notes = append(c.Notes, u.note(code, place))
	}
	return c, true
}

// note is a finding that only the reader can make: the judge draws no conclusion from a value that is not known.
func (u use) note(code reason.Code, place string) doctor.Finding {
	certainty, because := doctor.Likely, "The name says so; what is in it is not known for certain."
	switch {
	case u.what == useSecret:
		certainty, because = doctor.Certain, "The text has the form of an app password, and Bitbucket Cloud takes none."
	case u.what == useWrap:
		because = "GNU base64 breaks lines after 76 characters, and an e-mail and an API token make more; base64 of macOS does not."
	case u.what == useNewline:
		certainty, because = doctor.Certain, "echo without -n adds a line end, which becomes a part of the secret."
	case code == RuleJenkins || code == RuleGitLogin:
		certainty, because = doctor.Possible, "What the credential holds is not known here; it was an app password unless it was changed already."
	}
	if code == RuleJenkins || code == RuleGitLogin || code == RuleVariable {
		code = reason.AppPasswordDisabled
	}
	_, becomes := judge(u)
	return doctor.Finding{Reason: code, Certainty: certainty, Because: because, Title: RuleOf(code).Title, Evidence: u.evidence() + " (" + place + ")", Place: place,
		Fix: doctor.Fix{Text: becomes}, Doc: code.DocPath()}
}
