package packages

import (
	"strings"

	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

// nodePackage parses [@scope/]name[@version].
func nodePackage(s string) (name, version string) {
	if i := strings.LastIndexByte(s, '@'); i > 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// nodePackages are packages, with git and folder forms told apart.
func nodePackages(words []shell.Word) []Package {
	pkgs := packages(words, nodePackage)
	for i, p := range pkgs {
		if strings.HasPrefix(p.Name, "github:") || strings.HasPrefix(p.Name, "git+") || strings.HasPrefix(p.Name, "link:") || strings.HasPrefix(p.Name, "workspace:") {
			pkgs[i].Path = true
		}
	}
	return pkgs
}

// production tells whether the environment says to leave dev packages out.
func production(c *shell.Command) bool {
	if v, ok := c.Setting("NODE_ENV"); ok && v == "production" {
		return true
	}
	for _, name := range []string{"NPM_CONFIG_OMIT", "npm_config_omit"} {
		if v, ok := c.Setting(name); ok && listed(v, "dev") {
			return true
		}
	}
	return on(c, "NPM_CONFIG_PRODUCTION") || on(c, "npm_config_production") || on(c, "YARN_PRODUCTION")
}

// omitsDev reads the options that npm, yarn, pnpm and bun share.
func omitsDev(c *shell.Command, o getopt.Options) bool {
	omit := production(c)
	for _, f := range o.Flags {
		switch f.Name {
		case "--production", "--prod":
			omit = f.Value.Text != "false"
		case "--omit", "--only", "--include":
			switch {
			case f.Name == "--omit" && listed(f.Value.Text, "dev"):
				omit = true
			case f.Name == "--only" && (f.Value.Text == "prod" || f.Value.Text == "production"):
				omit = true
			case f.Name == "--include" && listed(f.Value.Text, "dev"):
				return false
			}
		case "--no-dev":
			omit = true
		case "--dev", "-D", "--also":
			if f.Name == "--also" {
				omit = false
			}
		}
	}
	return omit
}
