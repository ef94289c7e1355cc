package healthcheck

import (
	"fmt"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/presence"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
	"github.com/dockworthy/dockworthy/text"
)

// probes are all that ask what a build makes: its own HEALTHCHECK, those of the
// Compose services that build it, and the exec probes of the Kubernetes containers
// that run it. Those of services and containers whose images nobody builds here
// are judged with their own files.
func probes(b *source.Build) []*probe {
	var list []*probe
	if b.Target != nil {
		if p := inForce(b); p != nil {
			list = append(list, p)
		}
		for _, s := range b.Services {
			l := ofService(b, s.Service, s.File.File)
			for _, p := range l {
				p.mild = s.Development != ""
			}
			list = append(list, l...)
		}
		for _, w := range b.Workloads() {
			list = append(list, ofContainer(b, w, b.FileOf(w))...)
		}
		return list
	}
	if b.Compose != nil {
		for _, s := range b.Compose.Services {
			if s.Healthcheck != nil && s.Build == nil && s.Extends == nil && s.Image.Set && !s.Image.Unresolved && !b.MadeHere(s.Image.Text) {
				list = append(list, ofService(nil, s, b.Text()).published(s.Image.Text)...)
			}
		}
	}
	if b.Kubernetes != nil {
		for _, w := range b.Kubernetes.Workloads {
			for _, c := range w.Containers {
				if probed := c.Readiness != nil || c.Liveness != nil || c.Startup != nil; probed && c.Image.Set && !b.RunsBuild(c) && !b.MadeHere(c.Image.Text) {
					list = append(list, ofContainer(nil, c, b.Text()).published(c.Image.Text)...)
				}
			}
		}
	}
	return list
}

// A probeList is probes of one service or container.
type probeList []*probe

// published says which image the probes ask.
func (l probeList) published(name string) probeList {
	for _, p := range l {
		p.published = name
	}
	return l
}

// ofService is the probe of a Compose service.
func ofService(b *source.Build, s *deploy.Service, file *text.File) probeList {
	h := s.Healthcheck
	if h == nil || h.Disable || len(h.Test) == 0 {
		return nil
	}
	return probeList{newProbe(b, "the health check of the service "+s.Name.Text, file, h.Test, h.Shell)}
}

// ofContainer are the exec probes of a Kubernetes container, and those of its
// other probes that ask a port.
func ofContainer(b *source.Build, c *deploy.Container, file *text.File) (list probeList) {
	for _, x := range []struct {
		name  string
		probe *deploy.Probe
	}{{"readiness", c.Readiness}, {"liveness", c.Liveness}, {"startup", c.Startup}} {
		if x.probe == nil {
			continue
		}
		who := fmt.Sprintf("the %s probe of the container %s", x.name, c.Name.Text)
		switch x.probe.Kind {
		case "exec":
			if len(x.probe.Command) > 0 {
				list = append(list, newProbe(b, who, file, x.probe.Command, false))
			}
		case "http", "tcp", "grpc":
			list = append(list, &probe{who: who, build: b, at: check.Place{File: file, Span: x.probe.Span}, asks: x.probe.Port})
		}
	}
	return list
}

// newProbe is the probe of a deployment by its words, or by the text for a shell
// that the one word is.
func newProbe(b *source.Build, who string, file *text.File, words []deploy.Value, inShell bool) *probe {
	p := &probe{who: who, build: b, shell: inShell, at: check.Place{File: file, Span: words[0].Span}}
	if last := words[len(words)-1].Span; last.End > p.at.Span.Start && !words[0].Span.IsZero() {
		p.at.Span = p.at.Span.Join(last)
	}
	in := shell.Input{}
	if b != nil {
		in.Lookup, in.Dir = b.RuntimeEnv, b.Target.Final.Workdir.Value
	}
	if inShell {
		p.test = []string{"CMD-SHELL", words[0].Text}
		in.Src, in.Shell = []byte(words[0].Text), "sh"
		p.script = shell.Parse(in)
		return p
	}
	p.test = []string{"CMD"}
	var argv []shell.Word
	for _, w := range words {
		p.test = append(p.test, w.Text)
		argv = append(argv, shell.Word{Text: w.Text, Known: !w.Unresolved, Quoted: true})
	}
	p.script = shell.FromWords(in, argv)
	return p
}

// each judges all probes: the worst that is found is the verdict, and what is not
// known of one leaves the check open where nothing is found.
func each(b *source.Build, judge func(*probe) check.Verdict) check.Verdict {
	if !b.Runnable() && b.Compose == nil && b.Kubernetes == nil {
		return check.None()
	}
	var found []check.Finding
	var open *check.Verdict
	list := probes(b)
	for _, p := range list {
		v := judge(p)
		for i := range v.Findings {
			if p.mild {
				v.Findings[i].Severity = check.Note
			}
		}
		found = append(found, v.Findings...)
		if v.Outcome == check.Undecided && open == nil {
			open = &v
		}
	}
	switch {
	case len(found) == 0 && open != nil:
		return *open
	case len(found) == 0 && !b.Runnable() && len(list) == 0:
		return check.None()
	}
	return check.Judge(found)
}

// image is what the probe asks.
func (p *probe) image() *presence.Image {
	if p.img == nil && p.build == nil {
		p.img = presence.Published(p.published)
	} else if p.img == nil {
		p.img = presence.Of(p.build)
	}
	return p.img
}

// group is what the probes of one file that lack one program have in common.
func (p *probe) group(program string) string {
	if p.step != nil {
		return ""
	}
	return p.at.File.Name + " " + p.image().Base() + " " + program
}
