package packages

import (
	"path"

	"github.com/dockworthy/dockworthy/internal/shell"
)

// php notes what Composer does where PHP is told to run it: php composer.phar install.
func php(b *Book, c *shell.Command, program string, args []shell.Word) {
	for i := 0; i < len(args); i++ {
		switch a := args[i].Text; {
		case a == "-d" || a == "-c":
			i++ // the setting, or the file of settings
		case len(a) > 0 && a[0] == '-':
		case path.Base(a) == "composer" || path.Base(a) == "composer.phar":
			composer(b, c, "composer", args[i+1:])
			return
		default:
			return
		}
	}
}
