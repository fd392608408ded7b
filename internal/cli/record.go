package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/pailforge/pail/internal/record"
	"github.com/spf13/cobra"
)

// reportOptions say how and where a recording is reported.
type reportOptions struct {
	*app
	json, html bool
	file       string
}

func (o *reportOptions) bind(c *cobra.Command) {
	f := c.Flags()
	f.BoolVar(&o.json, "json", false, "write JSON, which pail record merge reads")
	f.BoolVar(&o.html, "html", false, "write one self-contained page")
	f.StringVar(&o.file, "report", "", "write the report to `FILE` in place of standard output")
	c.MarkFlagsMutuallyExclusive("json", "html")
}

// write reports r.
func (o *reportOptions) write(r *record.Recording) (err error) {
	w := o.out
	if o.file != "" {
		file, err := os.OpenFile(o.file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		w = file
	}
	switch {
	case o.json:
		return writeJSON(w, r)
	case o.html:
		return r.HTML(w)
	}
	return r.Text(w)
}

// recordOptions is one call of pail record.
type recordOptions struct {
	reportOptions
	hosts            []string
	listen, upstream string
}

func (a *app) record() *cobra.Command {
	o := &recordOptions{reportOptions: reportOptions{app: a}}
	c := a.command("record [flags] -- COMMAND [ARGUMENT...]", "Find out which scopes an automation needs, from its traffic", `
Record runs a command and watches its requests to bitbucket.org, api.bitbucket.org and the hosts given with --host. It
reports the operations that were called, the least API-token scopes for exactly those, what the credential has beyond
them, what was refused and why, and what is deprecated or unknown. The command's output passes through, its exit code
is passed on, and the report follows on standard output, or in --report FILE. If the command cannot be started, the
exit code is 127 when it is not there and 126 otherwise.

The command, and it alone, gets a proxy on loopback and a throw-away certificate authority by its environment:
HTTPS_PROXY and its kin, and the variables for certificates that curl, git, Go, Node, Python and Java read. The
authority's key stays in memory. Other hosts pass through untouched and unread. A proxy and certificates that the
environment names already are used on the way out.

What to know about single tools:
  Go      never uses a proxy for localhost and 127.0.0.1; on macOS and Windows it reads the system's certificates
          only. Use --listen there.
  Node    reads proxy variables from version 24 on. Before, a small file named in NODE_OPTIONS leads fetch, and the
          default agents of http and https, to the proxy.
  Java    says on standard error that it picked up JAVA_TOOL_OPTIONS.
  curl -q, --noproxy, --cacert, git's http.proxy and http.sslCAInfo, and the like in other tools, win over variables.
          A tool that pins certificates cannot be recorded so.

With --listen and --upstream, record is a server in front of another, for tools that take a base URL, until it is
interrupted. Bodies pass unchanged: a "next" link in one leads to the upstream itself.

An operation counts for the least scopes when a call of it was let in: any answer but 401, 403, 410 and 501. Scopes
that only refused calls lacked are told apart. A recording holds no secrets, bodies or query values, and of paths only what
the catalogue says; only the repositories that git talks to are named.`, `
  pail record -- ./deploy.sh production
  pail record --json --report ci.json -- make release
  pail record --host http://127.0.0.1:7990 -- curl -u "$EMAIL:$TOKEN" http://127.0.0.1:7990/2.0/user
  pail record --listen 127.0.0.1:8099 --upstream https://api.bitbucket.org
  pail record merge monday.json tuesday.json`, cobra.ArbitraryArgs,
		func(c *cobra.Command, args []string) error {
			switch {
			case (o.listen == "") != (o.upstream == ""):
				return misused("--listen and --upstream go together")
			case o.listen != "" && len(args) > 0:
				return misused("--listen records what comes to it; it runs no command")
			case o.listen != "" && len(o.hosts) > 0:
				return misused("--host is for recording a command; --listen records --upstream")
			case o.listen != "":
				return o.serve(c.Context())
			case len(args) == 0:
				return misused("say what to run: pail record -- COMMAND; see pail record --help")
			}
			return o.run(args)
		})
	f := c.Flags()
	f.SetInterspersed(false)
	f.StringArrayVar(&o.hosts, "host", nil, "record this `HOST`, HOST:PORT or URL too; several times")
	f.StringVar(&o.listen, "listen", "", "serve on this `ADDRESS` in place of running a command; loopback unless it names a host")
	f.StringVar(&o.upstream, "upstream", "", "the `URL` to pass requests on to, with --listen")
	o.bind(c)
	c.AddCommand(a.recordMerge())
	return c
}

func (o *recordOptions) run(args []string) error {
	hosts := record.DefaultHosts
	for _, text := range o.hosts {
		h, err := record.ParseHost(text)
		if err != nil {
			return misused("--host: %v", err)
		}
		hosts = append(hosts[:len(hosts):len(hosts)], h)
	}
	recording, code, err := record.Run(record.Command{Args: args, Env: o.env, Stdin: o.in, Stdout: o.out, Stderr: o.err, Hosts: hosts})
	if errors.Is(err, record.ErrStart) {
		return &childError{code, err}
	}
	if recording != nil {
		err = errors.Join(err, o.write(recording))
	}
	if code != 0 {
		return &childError{code, err}
	}
	return err
}

// childError passes a command's exit code on. There may be nothing to say.
type childError struct {
	code int
	err  error
}

func (e *childError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (o *recordOptions) serve(ctx context.Context) error {
	upstream, err := url.Parse(o.upstream)
	if err != nil || upstream.Host == "" || upstream.Scheme != "http" && upstream.Scheme != "https" || upstream.User != nil || upstream.RawQuery != "" {
		return misused("--upstream: use http://HOST or https://HOST, without a user and a query")
	}
	addr := o.listen
	if strings.HasPrefix(addr, ":") {
		addr = "127.0.0.1" + addr
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	fmt.Fprintf(o.err, "Recording %s://%s on http://%s, until interrupted.\n", upstream.Scheme, upstream.Host, ln.Addr())
	if ip := ln.Addr().(*net.TCPAddr).IP; !ip.IsLoopback() {
		fmt.Fprintln(o.err, "Others on the network can reach it, and what they send to it is not encrypted.")
	}
	recording, err := record.Serve(ctx, ln, upstream, o.env)
	if err != nil {
		return err
	}
	return o.write(recording)
}

func (a *app) recordMerge() *cobra.Command {
	o := &reportOptions{app: a}
	c := a.command("merge FILE...", "Add recordings up", `
Merge reads recordings that pail record --json wrote, and reports them as one: the scopes that all of them together
need. - is standard input. The order makes no difference, and what comes out can be merged again.`, `
  pail record merge monday.json tuesday.json
  pail record merge --json --report week.json mon.json tue.json wed.json
  pail record merge --html --report week.html week.json`, cobra.MinimumNArgs(1), func(_ *cobra.Command, args []string) error {
		var all []*record.Recording
		for _, name := range args {
			r, err := o.read(name)
			if err != nil {
				return err
			}
			all = append(all, r)
		}
		return o.write(record.Merge(all...))
	})
	o.bind(c)
	return c
}

func (o *reportOptions) read(name string) (*record.Recording, error) {
	from := o.in
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer func() { _ = file.Close() }()
		from = file
	}
	r, err := record.Read(from)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}
