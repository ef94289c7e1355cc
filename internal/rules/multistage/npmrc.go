package multistage

import (
	"path"
	"regexp"
	"strings"

	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/source"
)

var (
	// omitsDev is a line of .npmrc by which npm and pnpm leave development
	// dependencies out.
	omitsDev = regexp.MustCompile(`(?m)^\s*(?:omit(?:\[\])?\s*=\s*["']?(?:[a-z, ]*\b)?dev\b|(?:production|prod)\s*=\s*["']?true|only\s*=\s*["']?prod)`)
	// bunOmitsDev is the same in bunfig.toml.
	bunOmitsDev = regexp.MustCompile(`(?m)^\s*(?:dev\s*=\s*false|production\s*=\s*true)`)
	// yarnOmitsDev is the same in the .yarnrc of Yarn 1.
	yarnOmitsDev = regexp.MustCompile(`(?m)^\s*(?:--install\.)?production\s+["']?true`)
)

// settingsOmitDev tells whether a file of settings that is there by then leaves
// development dependencies out of an install of Node's packages.
func (d *deposits) settingsOmitDev(step *source.Step, in packages.Install, dir string) bool {
	for _, w := range in.Command.Args() {
		if strings.HasPrefix(w.Text, "--include") || strings.HasPrefix(w.Text, "--production=false") || strings.HasPrefix(w.Text, "--prod=false") {
			return false
		}
	}
	type settings struct {
		file string
		re   *regexp.Regexp
	}
	var list []settings
	switch in.Manager {
	case "npm", "pnpm":
		list = []settings{{path.Join(dir, ".npmrc"), omitsDev}, {"/root/.npmrc", omitsDev}, {"/usr/local/etc/npmrc", omitsDev}}
	case "yarn":
		list = []settings{{path.Join(dir, ".yarnrc"), yarnOmitsDev}, {path.Join(dir, ".npmrc"), omitsDev}}
	case "bun":
		list = []settings{{path.Join(dir, "bunfig.toml"), bunOmitsDev}}
	}
	for _, s := range list {
		o := d.b.SeesBefore(step, s.file)
		if o == nil {
			continue
		}
		if data, ok := o.Data(); ok && s.re.MatchString(data) {
			return true
		}
	}
	return false
}

// mounted tells whether a folder is on a mount of a RUN, so that nothing of it is
// left when the RUN ends.
func mounted(step *source.Step, dir string) bool {
	run := step.Run()
	if run == nil {
		return false
	}
	for _, m := range run.Mounts {
		target := path.Clean(m.Target)
		if m.Target != "" && !path.IsAbs(target) {
			target = path.Join(step.Before.Workdir.Value, target)
		}
		if m.Target != "" && (target == dir || below(dir, target)) {
			return true
		}
	}
	return false
}
