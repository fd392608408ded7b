package cli

import (
	"strings"

	"github.com/pailforge/pail/internal/api"
	"github.com/pailforge/pail/internal/catalog"
	"github.com/spf13/cobra"
)

// completeOperation completes a method and a path from the catalogue, one segment at a time: what was written for a
// parameter stays as it is. Where a parameter comes next, its template is proposed only where templates are taken;
// otherwise it is said what to write.
func completeOperation(templates bool) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		method := ""
		if len(args) > 0 && isMethod(args[len(args)-1]) {
			method = strings.ToUpper(args[len(args)-1])
		}
		found := completePath(method, typed, templates)
		if method == "" && !strings.Contains(typed, "/") {
			for _, m := range []string{"GET", "POST", "PUT", "DELETE"} {
				if strings.HasPrefix(m, typed) {
					found = append(found, m)
				}
			}
		}
		return found, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
	}
}

// completePath proposes what can follow a path that is not finished. method may be empty.
func completePath(method, typed string, templates bool) (found []string) {
	base := "/"
	for _, prefix := range []string{api.Prefix + "/", api.Prefix[1:] + "/"} {
		if strings.HasPrefix(typed, prefix) {
			base = prefix
			break
		}
	}
	done := strings.Split(strings.TrimPrefix(typed, base), "/")
	last := len(done) - 1
	before := base + strings.Join(append(done[:last:last], ""), "/")
	seen := map[string]bool{}
	for _, op := range append(catalog.All(), catalog.Own()...) {
		segments := strings.Split(op.Template[1:], "/")
		if op.Removed != nil || op.AppOnly() || method != "" && op.Method != method && !(method == "HEAD" && op.Method == "GET") || !fits(segments, done) {
			continue
		}
		next := before + segments[last]
		if len(segments) > len(done) {
			next += "/"
		}
		if seen[next] {
			continue
		}
		seen[next] = true
		switch {
		case strings.Contains(segments[last], "{") && !templates:
			found = cobra.AppendActiveHelp(found, "a value for "+segments[last])
		case len(segments) == len(done):
			found = append(found, cobra.CompletionWithDesc(next, op.Summary))
		default:
			found = append(found, next)
		}
	}
	return found
}

// fits tells whether a template can go on from the segments that are there, the last of which is not finished.
func fits(template, done []string) bool {
	if len(template) < len(done) {
		return false
	}
	for i, have := range done {
		want := template[i]
		last := i == len(done)-1
		switch {
		case last && have == "", strings.HasPrefix(want, "{") && have != "" && (!last || strings.HasPrefix(want, have)):
		case last && strings.HasPrefix(want, have), want == have:
		default:
			return false
		}
	}
	return true
}
