package source

import "path"

// helmTemplate tells whether a file is a template of a Helm chart: it lies in the
// folder templates beside a Chart.yaml. Helm makes the manifest of it, also where it
// uses no value.
// Source: helm.sh/docs/topics/charts: the chart file structure.
func (p *Snapshot) helmTemplate(name string) bool {
	for dir := path.Dir(name); dir != "." && dir != "/"; dir = path.Dir(dir) {
		if path.Base(dir) != "templates" {
			continue
		}
		if _, err := p.files.stat(path.Join(path.Dir(dir), "Chart.yaml")); err == nil {
			return true
		}
	}
	return false
}
