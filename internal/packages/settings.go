package packages

import (
	"strings"

	"github.com/dockworthy/dockworthy/internal/shell"
)

// Settings are the environment variables that steer a package manager, for
// shell.Input.Watch; none for other programs.
func Settings(program string) []string {
	switch program {
	case "npm", "yarn", "pnpm", "bun":
		return nodeSettings
	case "pip", "pip3":
		return pipSettings
	case "uv":
		return uvSettings
	case "bundle", "bundler":
		return bundleSettings
	case "composer":
		return composerSettings
	case "mix":
		return mixSettings
	}
	return nil
}

var (
	nodeSettings     = []string{"NODE_ENV", "NPM_CONFIG_PRODUCTION", "npm_config_production", "NPM_CONFIG_OMIT", "npm_config_omit", "YARN_PRODUCTION"}
	pipSettings      = []string{"PIP_NO_CACHE_DIR", "PIP_REQUIRE_HASHES"}
	uvSettings       = []string{"UV_NO_DEV", "UV_FROZEN", "UV_LOCKED", "UV_NO_CACHE", "UV_PROJECT_ENVIRONMENT", "UV_PYTHON", "VIRTUAL_ENV"}
	bundleSettings   = []string{"BUNDLE_WITHOUT", "BUNDLE_DEPLOYMENT", "BUNDLE_FROZEN"}
	composerSettings = []string{"COMPOSER_NO_DEV"}
	mixSettings      = []string{"MIX_ENV"}
)

// on tells whether a setting is known for a command and means yes.
func on(c *shell.Command, name string) bool {
	v, ok := c.Setting(name)
	return ok && truthy(v)
}

func truthy(v string) bool {
	switch strings.ToLower(v) {
	case "", "0", "false", "no", "off":
		return false
	}
	return true
}
