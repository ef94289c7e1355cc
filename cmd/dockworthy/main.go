// Command dockworthy judges container builds by eight rules.
package main

import (
	"os"

	"github.com/dockworthy/dockworthy/internal/cli"
)

func main() {
	os.Exit(cli.Command{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}.Main(os.Args[1:]))
}
