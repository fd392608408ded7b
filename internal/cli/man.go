package cli

import (
	"fmt"
	"os"

	"github.com/pailforge/pail/internal/server"
	"github.com/pailforge/pail/internal/token"
	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func (a *app) completion() *cobra.Command {
	c := a.command("completion bash|zsh|fish|powershell", "Write a script that completes pail's commands in a shell", `
Completion writes the script that lets a shell complete commands, flags, logins, scopes and the paths of the API. It asks
pail itself for what fits, so it need not be written again after an update.`, `
  source <(pail completion bash)
  pail completion bash > ~/.local/share/bash-completion/completions/pail
  pail completion zsh > "${fpath[1]}/_pail"
  pail completion fish > ~/.config/fish/completions/pail.fish
  pail completion powershell | Out-String | Invoke-Expression`,
		cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs), func(c *cobra.Command, args []string) error {
			root := c.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.out, true)
			case "zsh":
				return root.GenZshCompletion(a.out)
			case "fish":
				return root.GenFishCompletion(a.out, true)
			}
			return root.GenPowerShellCompletionWithDesc(a.out)
		})
	c.ValidArgs = []string{"bash", "zsh", "fish", "powershell"}
	return c
}

func (a *app) man() *cobra.Command {
	return a.command("man DIR", "Write the manual pages", `
Man writes a manual page for each command into a directory, which is made where it is missing: pail.1, pail-api.1 and so
on. They say what --help says.`, `
  pail man /usr/local/share/man/man1
  pail man ./man && man ./man/pail-scopes-for.1`, cobra.ExactArgs(1), func(c *cobra.Command, args []string) error {
		if err := os.MkdirAll(args[0], 0o755); err != nil {
			return err
		}
		header := &doc.GenManHeader{Section: "1", Source: "pail " + server.Version(), Manual: "Pail"}
		if err := doc.GenManTree(c.Root(), header, args[0]); err != nil {
			return err
		}
		fmt.Fprintf(a.err, "Wrote the manual pages to %s.\n", token.Redact(args[0]))
		return nil
	})
}
