package multistage

import (
	"fmt"
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/internal/source"
)

// mostIncluded bounds the files of requirements that are read for one install.
const mostIncluded = 32

// included says which development dependencies a file of requirements brings
// through the files that it includes, or by the extras that its lines ask for; ""
// where it brings none that are known.
func (d *deposits) included(step *source.Step, name, dir string) string {
	if !path.IsAbs(name) {
		if !path.IsAbs(dir) {
			return ""
		}
		name = path.Join(dir, name)
	}
	seen := map[string]bool{name: true}
	todo := []string{name}
	for len(todo) > 0 && len(seen) <= mostIncluded {
		file := todo[0]
		todo = todo[1:]
		o := d.b.Sees(step, file)
		if o == nil {
			continue
		}
		for _, r := range o.Requirements() {
			if extra := devExtra("[" + r.Extras + "]"); extra != "" && r.Path != "" {
				return fmt.Sprintf("%s asks for the extra [%s], which is for development", path.Base(file), extra)
			}
			if r.Name != "" && strings.Contains(path.Base(file), "local") && classOf("pip", r.Name) == devTool {
				return fmt.Sprintf("%s lists %s, a tool for development", path.Base(file), r.Name)
			}
			if r.Include == "" || strings.Contains(r.Include, "://") {
				continue
			}
			next := path.Join(path.Dir(file), r.Include)
			if devRequirements(next) {
				return fmt.Sprintf("%s includes %s, a development list", path.Base(file), r.Include)
			}
			if !seen[next] {
				seen[next] = true
				todo = append(todo, next)
			}
		}
	}
	return ""
}
