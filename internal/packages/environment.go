package packages

import (
	"strings"

	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

// Environments are the folders in which a command makes Python's virtual
// environments: python -m venv, virtualenv, uv venv.
func Environments(program string, args []shell.Word) []shell.Word {
	switch {
	case program == "virtualenv":
		return virtualenv(args)
	case program == "uv":
		if o := getopt.Split(args, true, uvOptions...); o.Verb() == "venv" {
			return o.Operands[:min(1, len(o.Operands))]
		}
	case shell.IsPython(program):
		for i, a := range args {
			switch {
			case a.Text == "-m" && i+1 < len(args) && (args[i+1].Text == "venv" || args[i+1].Text == "virtualenv"):
				return virtualenv(args[i+2:])
			case strings.HasSuffix(a.Text, "setup.py") && i+1 < len(args), !strings.HasPrefix(a.Text, "-"):
				return nil
			}
		}
	}
	return nil
}

func virtualenv(args []shell.Word) []shell.Word {
	return getopt.Split(args, false, "-p", "--python", "--prompt", "--seeder", "--pip", "--setuptools", "--wheel", "--app-data").Operands
}
