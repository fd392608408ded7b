// Command pail is the server, and the toolkit that finds out why an API token does not work.
package main

import (
	"os"

	"github.com/pailforge/pail/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ())) }
