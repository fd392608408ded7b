package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/mattn/go-isatty"
	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/doctor/probe"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/token"
)

// probed asks the service about the first credential of the cases, if that is wanted, and returns the cases with what
// came back. Every form of the doctor goes through here.
func (o *doctorOptions) probed(ctx context.Context, cases []doctor.Case) ([]doctor.Case, error) {
	at := slices.IndexFunc(cases, func(c doctor.Case) bool { _, ok := probeOf(c); return ok })
	if at < 0 {
		if o.probe {
			fmt.Fprintln(o.err, "pail: nothing is probed: there is no credential that could be sent")
		}
		return cases, nil
	}
	asked := cases[at]
	if asked.Answer != nil || asked.Output != "" {
		return cases, nil // the answer is there
	}
	if !o.probe && !o.agreed() {
		return cases, nil
	}
	if f := elsewhere(asked); f != "" {
		fmt.Fprintf(o.err, "pail: nothing is probed: the address is at fault (%s), and no credential is sent to it\n", f)
		return cases, nil
	}
	options, _ := probeOf(asked)
	options.Say = func(line string) { fmt.Fprintln(o.err, "pail: sending", line) }
	result, err := probe.Run(ctx, options)
	if errors.Is(err, probe.ErrCannotSend) {
		fmt.Fprintf(o.err, "pail: nothing is probed: %v\n", err)
		return cases, nil
	}
	if err != nil {
		return nil, err
	}
	o.add("probe", result)
	if !o.json {
		if err := o.showProbe(result); err != nil {
			return nil, err
		}
	}
	return slices.Concat(cases[:at], withAnswers(asked, result.Cases), cases[at+1:]), nil
}

// withAnswers gives the case that was asked about its answer, and returns it with the other cases of the probe. The case
// keeps what its reader knows of the client. A refusal of the credential holds for every address of the service, so it is
// an answer to any.
func withAnswers(asked doctor.Case, answered []doctor.Case) []doctor.Case {
	if len(answered) == 0 {
		return []doctor.Case{asked}
	}
	_, path, _ := cutRoot(asked.URL.Text)
	at := slices.IndexFunc(answered, func(c doctor.Case) bool {
		_, other, _ := cutRoot(c.URL.Text)
		return other == path && path != ""
	})
	if first := &answered[0]; first.Answer == nil && first.Output != "" || first.Answer != nil && first.Answer.Status == http.StatusUnauthorized {
		at = 0
	}
	switch {
	case at >= 0:
		its := answered[at]
		asked.Answer, asked.Output, asked.Sent, asked.Notes = its.Answer, its.Output, its.Sent, append(asked.Notes, its.Notes...)
		if asked.API == "" {
			asked.API = its.API
		}
		answered[at] = asked
	case path != "":
		answered = append(answered, asked) // its path was mended before it was sent
	default:
		answered[0].Notes = append(answered[0].Notes, asked.Notes...)
		if len(asked.Header) > 0 {
			answered[0].Header, answered[0].Login = asked.Header, asked.Login
		}
	}
	return answered
}

// elsewhere names the reason why a credential must not be sent to the address of a case; "" when it may.
func elsewhere(c doctor.Case) reason.Code {
	for _, f := range doctor.Examine(c).Findings {
		if family := f.Reason.Family(); (family == "host" && f.Reason != reason.HostWebsite && f.Reason != reason.HostScheme || family == "url") && f.Certainty != doctor.Possible {
			return f.Reason
		}
	}
	return ""
}

// probeOf says how a case is probed. It is not ok without a credential, and for what is neither REST nor git over HTTP.
func probeOf(c doctor.Case) (probe.Options, bool) {
	o := probe.Options{API: c.API, Method: c.Method}
	switch l := c.Login; {
	case len(c.Header) > 0:
		login, ok := fromHeader(c.Header)
		if !ok {
			return o, false
		}
		o.Login = login
	case l == nil || l.Secret.Open || l.User.Open || l.Secret.Text == "":
		return o, false
	default:
		o.Login = *l
	}
	root, path, ok := cutRoot(c.URL.Text)
	if c.Surface == doctor.SurfaceGit {
		if !ok || path == "" {
			return o, false
		}
		o.Git = root + path
		return o, true
	}
	if c.Surface == doctor.SurfaceOther || c.URL.Open {
		return o, false
	}
	o.Path = path
	switch {
	case !ok && strings.Contains(c.URL.Text, "://"):
		return o, false
	case !ok, isCloud(root):
		return o, true
	case o.API == "":
		at := strings.Index(path, "/2.0/")
		if at < 0 {
			return o, false // not known to be the API
		}
		o.API, o.Path = root+path[:at], path[at:]
	}
	return o, true
}

// fromHeader reads the credential of an Authorization header. It is not ok when there are several, or none that can be
// read.
func fromHeader(headers []doctor.Field) (doctor.Login, bool) {
	var values []string
	var place doctor.Value
	for _, h := range headers {
		if strings.EqualFold(h.Name, "Authorization") {
			values, place = append(values, h.Value.Text), h.Value
		}
	}
	credential, fault := token.ParseAuthorization(values)
	if len(values) != 1 || fault != nil || place.Open || credential.Scheme == token.NoScheme {
		return doctor.Login{}, false
	}
	return doctor.Login{User: doctor.Value{Text: credential.User, Place: place.Place}, Secret: doctor.Value{Text: credential.Secret, Place: place.Place},
		From: "the header Authorization", Bearer: credential.Scheme == token.Bearer}, true
}

// cutRoot splits an address behind its host, and leaves out a login. It is not ok for what is no http or https address;
// a path alone is returned as it is.
func cutRoot(address string) (root, path string, ok bool) {
	if strings.HasPrefix(address, "/") {
		return "", address, false
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", "", false
	}
	root = u.Scheme + "://" + u.Host
	return root, strings.TrimSuffix(u.RequestURI(), "/"), true
}

func isCloud(root string) bool {
	_, host, _ := strings.Cut(strings.ToLower(root), "://")
	return host == "bitbucket.org" || strings.HasSuffix(host, ".bitbucket.org")
}

// agreed offers the probe to a person, where there is one.
func (o *doctorOptions) agreed() bool {
	if o.json || !o.interactive() || o.setting("CI") != "" {
		return false
	}
	fmt.Fprintf(o.err, "Send at most %d read-only requests with this credential, to find out more? [y/N] ", probe.Limit)
	line, _ := bufio.NewReader(o.in).ReadString('\n')
	answer := strings.ToLower(strings.TrimSpace(line))
	return answer == "y" || answer == "yes"
}

// setting is a variable of the environment, "" when it is not set.
func (o *doctorOptions) setting(name string) string {
	for _, pair := range slices.Backward(o.env) {
		if key, value, _ := strings.Cut(pair, "="); key == name {
			return value
		}
	}
	return ""
}

// interactive tells whether a person sits in front: input and errors are a terminal.
func (o *doctorOptions) interactive() bool {
	if o.person != nil {
		return o.person()
	}
	in, ok := o.in.(*os.File)
	errs, also := o.app.err.(*os.File)
	return ok && also && isatty.IsTerminal(in.Fd()) && isatty.IsTerminal(errs.Fd())
}

// showProbe tells a person what the service said.
func (o *doctorOptions) showProbe(r probe.Result) error {
	credential := map[probe.State]string{probe.Yes: "valid", probe.No: "refused", probe.Unknown: "not known to be valid"}[r.Valid]
	if r.As != "" {
		credential += " as " + r.As
	}
	scopes := strings.Join(r.Scopes, ", ")
	if r.Scopes != nil && scopes == "" {
		scopes = "none"
	}
	pairs := []string{"Requests", fmt.Sprint(len(r.Requests)), "Credential", credential, "Account", r.Account, "Kind", r.Kind, "Scopes", scopes,
		"Missing", strings.Join(r.Missing, ", "), "Fetch", string(r.Fetch), "Push", string(r.Push)}
	for _, s := range r.Seen {
		pairs = append(pairs, "Can see", s.Name+": "+string(s.Visible))
	}
	if err := fields(o.out, pairs...); err != nil {
		return err
	}
	_, err := fmt.Fprintln(o.out)
	return err
}

// add puts something beside the report, for --json.
func (o *doctorOptions) add(name string, what any) {
	if o.beside == nil {
		o.beside = map[string]any{}
	}
	o.beside[name] = what
}

// joined is the report as JSON, with what stands beside it.
func (o *doctorOptions) joined(r doctor.Report) (any, error) {
	if len(o.beside) == 0 {
		return r, nil
	}
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	whole := map[string]any{}
	if err := json.Unmarshal(text, &whole); err != nil {
		return nil, err
	}
	maps.Copy(whole, o.beside)
	return whole, nil
}
