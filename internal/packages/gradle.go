package packages

import (
	"strings"

	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func gradle(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, false, "-b", "--build-file", "-p", "--project-dir", "-c", "-I", "--init-script", "-x", "--exclude-task", "-g", "--gradle-user-home")
	for _, t := range o.Operands {
		task := strings.ToLower(t.Text[strings.LastIndexByte(t.Text, ':')+1:])
		if task == "dependencies" || strings.Contains(task, "resolvedep") || strings.Contains(task, "downloaddep") || strings.Contains(task, "resolveall") {
			b.install(c, Install{Manager: "gradle", Verb: "dependencies", Manifests: o.All("-b", "--build-file"), Offline: o.Has("--offline"), Target: o.Get("-p", "--project-dir")})
			return
		}
	}
}
