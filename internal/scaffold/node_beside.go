package scaffold

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/dockworthy/dockworthy/internal/stack"
)

// nodeBeside begins a stage from which the build of a program in another language takes
// Node.js.
func (p *plan) nodeBeside(at stack.Place, why string) error {
	b, err := p.opt.Pick(p.nodeWant(p.s.AssetsVersion))
	if err != nil {
		return err
	}
	p.chose("base "+b.String(), fmt.Sprintf("%s (%s); %s", why, at, b.Why))
	p.d.part("Where Node.js comes from, for the build alone.")
	p.from(b, "node")
	return nil
}

// nodeCopied takes Node.js and npm from its stage. Its programs lie where they did, so
// that the links between them hold.
func (p *plan) nodeCopied() {
	p.d.line("COPY --from=node /usr/local/bin /usr/local/bin")
	p.d.line("COPY --from=node /usr/local/lib/node_modules /usr/local/lib/node_modules")
}

// assets is a stage that builds the files that a program in another language gives out,
// beside its packages, which may have a part in them.
func (p *plan) assets() error {
	d := &p.d
	b, err := p.opt.Pick(p.nodeWant(p.s.AssetsVersion))
	if err != nil {
		return err
	}
	p.chose("base "+b.String(), "package.json builds the assets; "+b.Why)
	d.part("The assets, with what only their build needs.")
	p.from(b, "assets")
	d.line("WORKDIR %s", p.work)
	p.nodeInstall(nil, true)
	if p.s.PHP != nil && p.s.PHP.Composer {
		d.line("COPY --from=build %s/vendor ./vendor", p.work)
	}
	p.nodeBuild()
	return nil
}

// js is what is known of the part of the project that Node.js builds or is.
func (p *plan) js() *stack.Node { return cmp.Or(p.s.Node, p.s.Assets) }

// nodeWant is the Node.js that a version asks for: one with long support.
func (p *plan) nodeWant(v stack.Version) Want {
	w := Want{Repo: "node", Variant: "%s-slim", Spec: v.Spec, Spare: 3, LTS: true}
	if spec := v.Spec; spec != "" {
		w.Fits = nodeFits(spec)
		if v.Soft {
			major, _, _ := strings.Cut(spec, ".")
			w.Relax = append(w.Relax, nodeFits(major))
			if v.Also != "" {
				w.Relax = append(w.Relax, nodeFits(v.Also))
			}
		}
	}
	return w
}
