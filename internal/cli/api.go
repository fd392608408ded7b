package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/itchyny/gojq"
	"github.com/pailforge/pail/internal/api"
	"github.com/pailforge/pail/internal/profile"
	"github.com/pailforge/pail/internal/token"
	"github.com/spf13/cobra"
)

// apiOptions is one call of pail api.
type apiOptions struct {
	*app
	profile, method, input, jq string
	raw, typed, headers        []string
	paginate, include, silent  bool

	secret string // of the login, for the doctor
	filter *gojq.Code
}

func (a *app) apiCommand() *cobra.Command {
	o := &apiOptions{app: a}
	c := a.command("api [METHOD] PATH", "Send a request to the REST API", `
Api sends a request with the credential of a login, and prints the answer's body. PATH is with or without /2.0; the
method is GET, or POST when fields are given.

-f and -F set fields of a JSON body, or the query of a GET: -f takes the value as text; -F takes true, false, null and
numbers for what they are, and @FILE or @- for a file's or standard input's content. A key reaches inside:
'project[key]=FTO' sets {"project":{"key":"FTO"}}, and 'users[]=ada' adds to a list. --input sends a file as it is.

--paginate fetches all pages and prints one, with the values of all. --jq filters the answer as jq does.

For a status of 400 or above the body is printed all the same, the reason and the way out go to standard error, and the
exit code is 1. The credential goes to no other host, not even by a redirect.`, `
  pail api user
  pail api /2.0/repositories/acme --paginate --jq '.values[].full_name'
  pail api repositories/acme/gadgets -f scm=git -f 'project[key]=FTO' -F is_private=true
  pail api PUT repositories/acme/widgets --input change.json
  pail api DELETE repositories/acme/gadgets -i`, cobra.RangeArgs(1, 2), func(c *cobra.Command, args []string) error { return o.run(c.Context(), args) })
	c.ValidArgsFunction = completeOperation(false)
	f := c.Flags()
	f.StringVarP(&o.method, "method", "X", "", "the `method`, in place of the argument")
	f.StringArrayVarP(&o.raw, "raw-field", "f", nil, "a `key=value`, the value as text; several times")
	f.StringArrayVarP(&o.typed, "field", "F", nil, "a `key=value`, the value by its type; several times")
	f.StringArrayVarP(&o.headers, "header", "H", nil, "a `Name: value` to send; several times")
	f.StringVar(&o.input, "input", "", "send this `file`, or - for standard input, as the body; fields then go to the query")
	f.BoolVar(&o.paginate, "paginate", false, "fetch all pages, and print one with the values of all")
	f.StringVar(&o.jq, "jq", "", "print what this jq `expression` makes of the answer")
	f.BoolVarP(&o.include, "include", "i", false, "print the answer's status line and headers too")
	f.BoolVar(&o.silent, "silent", false, "do not print the body")
	a.bindProfile(c, &o.profile)
	return c
}

// unfilled is a parameter of a template that was left in a path. The braces of a uuid are none.
var unfilled = regexp.MustCompile(`\{[a-z_]+\}`)

func (o *apiOptions) run(ctx context.Context, args []string) error {
	if len(args) == 2 {
		if o.method != "" {
			return misused("the method is there twice: as an argument and with --method")
		}
		o.method = args[0]
	}
	if o.method == "" {
		o.method = http.MethodGet
		if len(o.raw)+len(o.typed) > 0 || o.input != "" {
			o.method = http.MethodPost
		}
	}
	if o.method = strings.ToUpper(o.method); !isMethod(o.method) {
		return misused("%q is no method; use GET, POST, PUT or DELETE", token.Redact(o.method))
	}
	if o.paginate && o.method != http.MethodGet {
		return misused("--paginate is for GET")
	}
	if err := o.compile(); err != nil {
		return err
	}
	s, err := o.profiles()
	if err != nil {
		return err
	}
	p, secret, err := o.loginNamed(s, o.profile)
	if err != nil {
		return err
	}
	target, err := targetOf(p, args[len(args)-1])
	if err != nil {
		return err
	}
	o.secret = secret
	client, err := o.client(p, secret)
	if err != nil {
		return err
	}
	body, err := o.body(target)
	if err != nil {
		return err
	}
	if o.paginate {
		return o.pages(ctx, client, target)
	}
	return o.once(ctx, client, target, body)
}

// targetOf is the URL of a path, which may be one already. It must be of the login's service.
func targetOf(p profile.Profile, path string) (*url.URL, error) {
	base, err := url.Parse(p.API)
	if err != nil {
		return nil, err
	}
	if found := unfilled.FindString(path); found != "" {
		return nil, misused("%s is not filled in; put a value in its place", found)
	}
	whole := strings.Contains(path, "://")
	if !whole {
		path = strings.TrimLeft(path, "/")
		if below, ok := strings.CutPrefix(path, api.Prefix[1:]+"/"); ok {
			path = below
		}
		path = p.API + "/" + path
	}
	target, err := url.Parse(path)
	if err != nil {
		return nil, misused("the path cannot be read: percent signs, spaces and the like must be encoded")
	}
	if target.User != nil {
		return nil, misused("there is a user in front of the host; leave it out: the login has the credential")
	}
	if whole && (target.Scheme != base.Scheme || !strings.EqualFold(target.Host, base.Host)) {
		return nil, misused("%s is not the service of the login %s, which is %s: the credential does not go there; name another login with --profile", target.Host, p.Name, p.API)
	}
	target.Fragment = ""
	return target, nil
}

// request makes a request, with the headers that were given.
func (o *apiOptions) request(ctx context.Context, target *url.URL, body io.Reader) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, o.method, target.String(), body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range o.headers {
		name, value, ok := strings.Cut(h, ":")
		if name = strings.TrimSpace(name); !ok || name == "" || strings.ContainsAny(name+value, "\r\n") || strings.ContainsAny(name, " \t") {
			return nil, misused("-H: a header is \"Name: value\"")
		}
		r.Header.Set(name, strings.TrimSpace(value))
	}
	return r, nil
}

// once sends one request and prints the answer.
func (o *apiOptions) once(ctx context.Context, client *profile.Client, target *url.URL, body io.Reader) error {
	r, err := o.request(ctx, target, body)
	if err != nil {
		return err
	}
	res, err := client.Do(r)
	if err != nil {
		return sendError(err)
	}
	defer func() { _ = res.Body.Close() }()
	if err := o.head(res); err != nil {
		return err
	}
	if res.StatusCode >= http.StatusBadRequest {
		return o.refused(client.Profile, r, res)
	}
	if err := o.write(res.Body); err != nil {
		return err
	}
	if res.StatusCode >= http.StatusMultipleChoices && res.StatusCode != http.StatusNotModified {
		return fmt.Errorf("%s answered %s and points elsewhere, where a %s is not sent on to", client.Profile.Name, res.Status, o.method)
	}
	return nil
}

// sendError is an error of the network without a secret that a URL in it may hold.
func sendError(err error) error { return fmt.Errorf("%s", token.Redact(err.Error())) }

// head prints status line and headers, when they were asked for.
func (o *apiOptions) head(res *http.Response) error {
	if !o.include {
		return nil
	}
	fmt.Fprintf(o.out, "%s %s\r\n", res.Proto, res.Status)
	names := make([]string, 0, len(res.Header))
	for name := range res.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range res.Header[name] {
			fmt.Fprintf(o.out, "%s: %s\r\n", name, printable(value))
		}
	}
	_, err := io.WriteString(o.out, "\r\n")
	return err
}

// refused prints the body of a refusal, and explains it.
func (o *apiOptions) refused(p profile.Profile, r *http.Request, res *http.Response) error {
	first, err := io.ReadAll(io.LimitReader(res.Body, profile.MaxExplained))
	if err != nil {
		return err
	}
	if !o.silent {
		if err := o.print(io.MultiReader(bytes.NewReader(first), res.Body)); err != nil {
			return err
		}
	}
	lines := o.explain(refusedCall{Profile: p, Method: r.Method, Path: r.URL.EscapedPath(), Status: res.StatusCode, Header: res.Header, Body: first, Secret: o.secret})
	return &problemsError{append([]string{fmt.Sprintf("%s %s: %s", r.Method, token.Redact(r.URL.EscapedPath()), res.Status)}, lines...)}
}

// write prints the body of a success: filtered, or as it is.
func (o *apiOptions) write(body io.Reader) error {
	switch {
	case o.silent:
		return nil
	case o.filter == nil:
		return o.print(body)
	}
	var v any
	d := json.NewDecoder(body)
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return fmt.Errorf("--jq: the answer is no JSON: %w", err)
	}
	return o.apply(v)
}

// print copies a body. A person gets JSON with line breaks.
func (o *apiOptions) print(body io.Reader) error {
	if !o.toTerminal() {
		_, err := io.Copy(o.out, body)
		return err
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	var pretty bytes.Buffer
	if json.Indent(&pretty, text, "", "  ") == nil {
		text = append(pretty.Bytes(), '\n')
	}
	_, err = o.out.Write(text)
	return err
}

// compile reads the jq expression.
func (o *apiOptions) compile() error {
	if o.jq == "" {
		return nil
	}
	query, err := gojq.Parse(o.jq)
	if err != nil {
		return misused("--jq: %v", err)
	}
	if o.filter, err = gojq.Compile(query, gojq.WithEnvironLoader(func() []string { return nil })); err != nil {
		return misused("--jq: %v", err)
	}
	return nil
}

// apply prints what the jq expression makes of a value, texts without quotation marks.
func (o *apiOptions) apply(v any) error {
	for results := o.filter.Run(v); ; {
		result, ok := results.Next()
		if !ok {
			return nil
		}
		if err, ok := result.(error); ok {
			return fmt.Errorf("--jq: %w", err)
		}
		text, isText := result.(string)
		if !isText {
			b, err := gojq.Marshal(result)
			if err != nil {
				return err
			}
			text = string(b)
		}
		if _, err := fmt.Fprintln(o.out, text); err != nil {
			return err
		}
	}
}

// body is the request's body. Fields that do not belong there go to the target's query: those of a GET, and those beside
// a body that is a file.
func (o *apiOptions) body(target *url.URL) (io.Reader, error) {
	given := len(o.raw)+len(o.typed) > 0
	if given && (o.input != "" || o.method == http.MethodGet || o.method == http.MethodHead) {
		query, err := o.query()
		if err != nil {
			return nil, err
		}
		more := query.Encode()
		if target.RawQuery != "" {
			more = target.RawQuery + "&" + more
		}
		target.RawQuery = more
		given = false
	}
	switch {
	case o.input == "-":
		return o.in, nil
	case o.input != "":
		text, err := os.ReadFile(o.input)
		return bytes.NewReader(text), err
	case !given:
		return nil, nil
	}
	fields, err := o.fields()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(fields)
	return bytes.NewReader(text), err
}
