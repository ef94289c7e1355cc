package source

import (
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
	"github.com/dockworthy/dockworthy/text"
)

// A kubeIndex finds what the manifests of a project say of an image or of a
// workload, made once: there may be as many manifests as there are files.
type kubeIndex struct {
	files       map[string]*kubeFile
	containers  []*deploy.Container // that name an image and are no init containers, in order
	byImage     map[string][]int    // in containers, by the familiar name
	byRepo      map[string][]int    // in containers, by the name without its tag
	unknown     map[string]bool     // names without tags of images that not everybody knows
	byFolder    map[string][]int    // in containers, by the last element of the name
	services    map[string][]*kubeService
	fileOf      map[*deploy.Container]*text.File
	jobs        map[*deploy.Container]bool // that end, so that nobody probes them
	makers      map[string]int             // of images under a name, whatever their tags: Dockerfiles and stages
	dockerfiles int
}

// A kubeService is a Service. One that stands in a file for development says
// nothing of what is deployed.
type kubeService struct {
	*deploy.KubeService
	development bool
}

func newKubeIndex(p *Snapshot) *kubeIndex {
	x := &kubeIndex{files: map[string]*kubeFile{}, byImage: map[string][]int{}, byRepo: map[string][]int{}, unknown: map[string]bool{}, byFolder: map[string][]int{}, services: map[string][]*kubeService{}, fileOf: map[*deploy.Container]*text.File{}, jobs: map[*deploy.Container]bool{}, makers: map[string]int{}}
	for _, recipes := range p.composed {
		makes := map[string]bool{} // by name and stage
		for _, r := range recipes {
			for _, image := range r.images {
				if repo := repoOf(image); !makes[repo+"\x00"+r.target] {
					makes[repo+"\x00"+r.target] = true
					x.makers[repo]++
				}
			}
		}
	}
	for _, k := range p.kube {
		x.files[k.file.Name] = k
		for _, w := range k.manifest.Workloads {
			for _, c := range w.Containers {
				if !c.Init && c.Image.Set {
					name := familiar(c.Image.Text)
					x.byImage[name] = append(x.byImage[name], len(x.containers))
					repo := repoOf(c.Image.Text)
					x.byRepo[repo] = append(x.byRepo[repo], len(x.containers))
					if dir := folderOf(c.Image.Text); dir != "" {
						x.unknown[repo] = true
						x.byFolder[dir] = append(x.byFolder[dir], len(x.containers))
					}
					x.containers = append(x.containers, c)
					x.fileOf[c] = k.file
					if w.IsJob {
						x.jobs[c] = true
					}
				}
			}
		}
		development := len(k.manifest.Services) > 0 && p.development(k.file.Name, KubernetesFile) != ""
		for _, s := range k.manifest.Services {
			// One of its labels leads to it.
			for _, name := range sortedKeys(s.Selector)[:min(1, len(s.Selector))] {
				label := name + "=" + s.Selector[name]
				x.services[label] = append(x.services[label], &kubeService{s, development})
			}
		}
	}
	for _, u := range p.Units {
		if u.Kind == Dockerfile && u.Service == "" {
			x.dockerfiles++
		}
	}
	return x
}

// Receivers are the containers of a workload that Services of the project send to,
// each with the first of these: those that have the Service's port, or where none has
// it, those that have some and one that is alone in its pod. A Service of a test sends
// to nothing that is deployed.
func (b *Build) Receivers(w *deploy.Workload) map[*deploy.Container]*deploy.KubeService {
	var at map[string][]*deploy.Container // by number and name of their ports
	var open []*deploy.Container          // that have some port, or are alone
	to := map[*deploy.Container]*deploy.KubeService{}
	send := func(list []*deploy.Container, s *deploy.KubeService) {
		for _, c := range list {
			if to[c] == nil {
				to[c] = s
			}
		}
	}
	left, spread := maxServices, false
	for _, name := range sortedKeys(w.Labels) {
		for _, s := range b.project.links.services[name+"="+w.Labels[name]] {
			if left--; left < 0 {
				return to
			}
			if !s.Selects(w) || s.development && b.development == "" {
				continue
			}
			if at == nil {
				at, open = portsOf(w)
			}
			owned := false
			for _, p := range s.Ports {
				if list := at[p.Text]; len(list) > 0 {
					owned = true
					send(list, s.KubeService)
				}
			}
			if !owned && !spread {
				spread = true
				send(open, s.KubeService)
			}
		}
	}
	return to
}

// maxServices is how many Services are asked for one workload.
const maxServices = 1000

// portsOf are the containers of a workload by the numbers and names of their ports,
// and those that may receive something.
func portsOf(w *deploy.Workload) (at map[string][]*deploy.Container, open []*deploy.Container) {
	at = map[string][]*deploy.Container{}
	var all []*deploy.Container
	for _, c := range w.Containers {
		if c.Init {
			continue
		}
		all = append(all, c)
		if len(c.Ports) > 0 {
			open = append(open, c)
		}
		for _, p := range c.Ports {
			number, _, _ := strings.Cut(p.Text, "/")
			for _, key := range []string{number, p.Name.Text} {
				if list := at[key]; key != "" && (len(list) == 0 || list[len(list)-1] != c) {
					at[key] = append(list, c)
				}
			}
		}
	}
	if len(all) == 1 {
		open = all
	}
	return at, open
}

// Workloads are the Kubernetes containers that run this build's image: by the
// names that Compose, CI and the config give it, because the project has one
// Dockerfile and its workloads run one image that is nobody else's, or because the
// image is named after the Dockerfile's folder.
func (b *Build) Workloads() []*deploy.Container {
	if b.project == nil || len(b.project.kube) == 0 {
		return nil
	}
	x := b.project.links
	var mine []int
	for _, n := range b.images {
		mine = append(mine, x.byImage[familiar(n)]...)
	}
	for _, n := range b.repos {
		if last, ok := strings.CutPrefix(n, anywhere); ok {
			mine = append(mine, x.byFolder[last]...)
		}
		mine = append(mine, x.byRepo[n]...)
	}
	if len(mine) > 0 {
		slices.Sort(mine)
		var list []*deploy.Container
		for _, i := range slices.Compact(mine) {
			list = append(list, x.containers[i])
		}
		return list
	}
	b.files.ask(aboutUnits, "")
	var list []*deploy.Container
	if repo := x.lone(); repo != "" {
		for _, i := range x.byRepo[repo] {
			list = append(list, x.containers[i])
		}
		return list
	}
	for _, i := range x.byFolder[path.Base(path.Dir(b.Path))] {
		list = append(list, x.containers[i])
	}
	return list
}

// folderOf is the name of a folder that an image is named after; "" where it is one
// that everybody knows.
func folderOf(image string) string {
	ref, err := base.ParseRef(image)
	if err != nil {
		return ""
	}
	if _, known := base.Lookup(ref); known {
		return ""
	}
	return path.Base(ref.Repo)
}

// KubeProbes tells whether every Kubernetes container that runs the image, and not
// in a Job, has a readiness or liveness probe.
func (b *Build) KubeProbes() bool {
	probed := false
	for _, c := range b.Workloads() {
		switch {
		case c.Readiness != nil || c.Liveness != nil:
			probed = true
		case !b.project.links.jobs[c]:
			return false
		}
	}
	return probed
}

// RunBy are the services of Compose files that run this build's image without
// building it, as its name tells: those with its tag, or any where none has it, unless the
// tag tells it from other images of that name; and those that build it with other arguments.
func (b *Build) RunBy() []*Service {
	if b.project == nil {
		return nil
	}
	var list, exact []*Service
	told := map[string]bool{}
	add := func(repo, image string) {
		for _, s := range b.project.running[repo] {
			if s.Development != b.development && s.Development != "" {
				continue
			}
			if image != "" && familiar(s.Image.Text) == familiar(image) {
				exact = append(exact, s)
			}
			if !told[repo] {
				list = append(list, s)
			}
		}
		told[repo] = true
	}
	for _, n := range b.images {
		if repo := repoOf(n); b.apart(repo) {
			told[repo] = true
		}
		add(repoOf(n), n)
	}
	for _, n := range b.repos {
		if !told[n] {
			add(n, "")
		}
	}
	if len(exact) > 0 {
		list = exact // others run another variant of it
	}
	for _, s := range b.alike {
		if s.Development == b.development || s.Development == "" {
			list = append(list, s)
		}
	}
	return list
}

// apart tells whether the tags that the build gives an image tell it from others that the
// project makes under the same name: they are words, and no versions.
func (b *Build) apart(repo string) bool {
	if b.project.links.makers[repo] < 2 {
		return false
	}
	for _, n := range b.images {
		ref, err := base.ParseRef(n)
		if tag := strings.TrimPrefix(ref.Tag, "v"); repoOf(n) == repo && (err != nil || tag == "" || tag == "latest" || knowledge.MovingTags.Has(tag) || tag[0] >= '0' && tag[0] <= '9') {
			return false
		}
	}
	return true
}

// services are the services that pull their images, by the names of these without
// their tags.
func (p *Snapshot) services() map[string][]*Service {
	by := map[string][]*Service{}
	for _, c := range p.compose {
		if p.parents[c.File.Name] {
			continue
		}
		development := p.development(c.File.Name, ComposeFile)
		for _, s := range c.Services {
			if s.Build == nil && s.Extends == nil && s.Image.Set && !s.Image.Unresolved {
				repo := repoOf(s.Image.Text)
				by[repo] = append(by[repo], &Service{s, c, development})
			}
		}
	}
	return by
}

// FileOf is the manifest that a container of Workloads stands in.
func (b *Build) FileOf(c *deploy.Container) *text.File { return b.project.links.fileOf[c] }

// RunsBuild tells whether a Dockerfile of the project makes what a container runs,
// with which it is judged.
func (b *Build) RunsBuild(c *deploy.Container) bool {
	b.files.ask(aboutUnits, "")
	x, repo := b.project.links, repoOf(c.Image.Text)
	return x.lone() == repo || b.project.repos[repo] != "" || b.project.named[folderOf(c.Image.Text)]
}

// lone is the one image, without its tag, that the workloads of a project with one
// Dockerfile run: beside images that everybody knows; "" where there is no such.
func (x *kubeIndex) lone() string {
	switch {
	case x.dockerfiles != 1:
	case len(x.unknown) == 1:
		for repo := range x.unknown {
			return repo
		}
	case len(x.byRepo) == 1:
		for repo := range x.byRepo {
			return repo
		}
	}
	return ""
}
