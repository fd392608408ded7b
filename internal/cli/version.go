package cli

import (
	"fmt"
	"runtime"

	"github.com/pailforge/pail/internal/server"
	"github.com/spf13/cobra"
)

// versionJSON is what is known about the binary.
type versionJSON struct {
	Version  string `json:"version"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func (a *app) version() *cobra.Command {
	var asJSON bool
	c := a.command("version", "Show the version", "Version shows which Pail this is and what built it.", `
  pail version
  pail version --json`, cobra.NoArgs, func(*cobra.Command, []string) error {
		v := versionJSON{server.Version(), runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
		if asJSON {
			return writeJSON(a.out, v)
		}
		_, err := fmt.Fprintf(a.out, "pail %s %s %s\n", v.Version, v.Go, v.Platform)
		return err
	})
	c.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return c
}
