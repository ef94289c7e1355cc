package source

import "github.com/dockworthy/dockworthy/source/deploy"

// HasService tells whether a Service of the project sends to a workload's pods.
func (b *Build) HasService(w *deploy.Workload) bool {
	for _, k := range b.project.kube {
		for _, s := range k.manifest.Services {
			if s.Selects(w) {
				return true
			}
		}
	}
	return false
}

// Workloads are the Kubernetes containers that run this build's image: by the
// names that Compose and the config give it, or because the project has one
// Dockerfile and all its workloads run one image that is nobody else's.
func (b *Build) Workloads() []*deploy.Container {
	if b.project == nil || len(b.project.kube) == 0 {
		return nil
	}
	names := map[string]bool{}
	for _, n := range b.images {
		names[familiar(n)] = true
	}
	var all, mine []*deploy.Container
	images := map[string]bool{}
	for _, k := range b.project.kube {
		for _, w := range k.manifest.Workloads {
			for _, c := range w.Containers {
				if c.Init || !c.Image.Set {
					continue
				}
				all = append(all, c)
				images[familiar(c.Image.Text)] = true
				if names[familiar(c.Image.Text)] {
					mine = append(mine, c)
				}
			}
		}
	}
	if len(mine) > 0 {
		return mine
	}
	n := 0
	for _, u := range b.project.Units {
		if u.Kind == Dockerfile {
			n++
		}
	}
	if n == 1 && len(images) == 1 {
		return all
	}
	return nil
}

// KubeProbes tells whether every Kubernetes container that runs the image has
// a readiness or liveness probe.
func (b *Build) KubeProbes() bool {
	list := b.Workloads()
	for _, c := range list {
		if c.Readiness == nil && c.Liveness == nil {
			return false
		}
	}
	return len(list) > 0
}
