package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/pailforge/pail/internal/migrate"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/server"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
)

func (a *app) migrate() *cobra.Command {
	return a.group("migrate", "Move configuration and scripts off app passwords", `
Bitbucket Cloud has refused app passwords since 28 July 2026. Migrate finds them and their uses in files, says what each
becomes with an API token and which scopes the use needs, and changes what is safe to change.`, `
  pail migrate scan .
  pail migrate fix .`,
		a.migrateScan(), a.migrateFix())
}

// scanOptions is one call of pail migrate scan.
type scanOptions struct {
	*app
	json, sarif, noIgnore bool
}

func (a *app) migrateScan() *cobra.Command {
	o := &scanOptions{app: a}
	c := a.command("scan PATH...", "Find app passwords and their uses", `
Scan reads files and folders and finds app passwords of Bitbucket Cloud and their uses: in remotes, .netrc and
.git-credentials, in pipelines of Bitbucket, GitHub, GitLab and others, Jenkins, Terraform, Renovate, Argo CD and Flux,
Dockerfiles, scripts, programs and .env files. For each it says what it is, what it becomes, and which scopes the use
needs where that can be read off. It sends nothing, and prints no secret.

What .gitignore leaves out and folders of other people's code, such as node_modules and vendor, are left out and
counted; --no-ignore reads them. A file that is named directly is always read. Binary files and files of more than
4 MiB are left out. Documents and lock files are searched for whole app passwords only, and test code not at all, since
tests make secrets up.

The exit code is 0 when nothing was found, 1 when something was, 2 when nothing could be read.`, `
  pail migrate scan .
  pail migrate scan ~/src ~/.netrc ~/.git-credentials
  pail migrate scan --json . | jq -r '.findings[].file' | sort -u
  pail migrate scan --sarif . > pail.sarif`, cobra.MinimumNArgs(1), func(c *cobra.Command, args []string) error { return o.run(c.Context(), args) })
	c.Flags().BoolVar(&o.json, "json", false, "write JSON")
	c.Flags().BoolVar(&o.sarif, "sarif", false, "write SARIF 2.1.0")
	c.Flags().BoolVar(&o.noIgnore, "no-ignore", false, "read what .gitignore leaves out, and other people's code")
	c.MarkFlagsMutuallyExclusive("json", "sarif")
	return c
}

func (o *scanOptions) run(ctx context.Context, paths []string) error {
	show, done := o.progress("reading")
	result, err := migrate.Scan(ctx, paths, migrate.Options{NoIgnore: o.noIgnore, Progress: show})
	done()
	if err != nil {
		return err
	}
	switch {
	case o.json:
		err = writeJSON(o.out, result)
	case o.sarif:
		err = result.WriteSARIF(o.out, server.Version())
	default:
		err = o.text(result, paths)
	}
	if err != nil {
		return err
	}
	if err := o.unread(result.Coverage); err != nil {
		return err
	}
	if len(result.Findings) > 0 {
		return exitCode(1)
	}
	return nil
}

// unread is an error when nothing could be read at all; what else could not be read is told on standard error.
func (a *app) unread(c migrate.Coverage) error {
	for _, u := range c.Unread {
		fmt.Fprintf(a.err, "pail: %s: %s\n", printable(u.Path), u.Error)
	}
	if c.Files == 0 && len(c.Unread) > 0 {
		return misused("nothing could be read")
	}
	return nil
}

// progress is a bar on standard error, where that is a terminal; done removes it.
func (a *app) progress(what string) (show func(files int), done func()) {
	file, ok := a.err.(*os.File)
	if !ok || !isatty.IsTerminal(file.Fd()) {
		return nil, func() {}
	}
	bar := progressbar.NewOptions(-1, progressbar.OptionSetWriter(file), progressbar.OptionSetDescription(what), progressbar.OptionShowCount(),
		progressbar.OptionSetItsString("files"), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	return func(n int) { _ = bar.Add(n) }, func() { _ = bar.Finish() }
}

func (o *scanOptions) text(r migrate.Result, paths []string) error {
	var b strings.Builder
	file := ""
	fixable := 0
	counts := map[reason.Code]int{}
	files := 0
	for _, f := range r.Findings {
		if f.File != file {
			file = f.File
			files++
			fmt.Fprintf(&b, "%s\n", printable(file))
		}
		counts[f.Rule]++
		fix := ""
		if f.Fixable {
			fixable++
			fix = " [fix]"
		}
		fmt.Fprintf(&b, "  %d:%d  %s  %s%s\n", f.Line, f.Column, f.Rule, f.Title, fix)
		fmt.Fprintf(&b, "      is       %s\n      becomes  %s\n", printable(f.Evidence), printable(f.Becomes))
		if len(f.Scopes) > 0 {
			fmt.Fprintf(&b, "      scopes   %s, read off %s\n", strings.Join(f.Scopes, ", "), f.ScopesFrom)
		}
	}
	if len(r.Findings) > 0 {
		fmt.Fprintf(&b, "\n%s in %s:\n", plural(len(r.Findings), "finding"), plural(files, "file"))
		codes := make([]reason.Code, 0, len(counts))
		for c := range counts {
			codes = append(codes, c)
		}
		slices.SortFunc(codes, func(x, y reason.Code) int {
			if counts[x] != counts[y] {
				return counts[y] - counts[x]
			}
			return strings.Compare(string(x), string(y))
		})
		for _, c := range codes {
			fmt.Fprintf(&b, "  %4d  %s\n", counts[c], c)
		}
	} else {
		b.WriteString("Nothing found.\n")
	}
	fmt.Fprintf(&b, "%s read%s.\n", plural(r.Coverage.Files, "file"), leftOut(r.Coverage))
	if len(r.Findings) > 0 {
		b.WriteString("\nNext: make API tokens at https://id.atlassian.com/manage-profile/security/api-tokens (\"with scopes\", Bitbucket).\n")
		if fixable > 0 {
			fmt.Fprintf(&b, "pail migrate fix %s shows what can be changed safely: %s, marked [fix].\n", strings.Join(paths, " "), plural(fixable, "finding"))
		}
		b.WriteString("Where scopes are not told, pail record -- COMMAND finds the least that a run needs. Revoke every app password that stood in a file.\n")
	}
	_, err := io.WriteString(o.out, b.String())
	return err
}

func leftOut(c migrate.Coverage) string {
	var parts []string
	add := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	add(c.Ignored, "by .gitignore")
	add(c.Vendored, "folders of other people's code")
	add(c.Binary, "binary")
	add(c.Huge, "of more than 4 MiB")
	add(c.Links, "symbolic links")
	add(len(c.Unread), "that could not be read")
	if len(parts) == 0 {
		return ""
	}
	text := "; left out: " + strings.Join(parts, ", ")
	if c.Ignored+c.Vendored > 0 {
		text += " (--no-ignore reads what is ignored or other people's)"
	}
	return text
}

func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
