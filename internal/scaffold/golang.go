package scaffold

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/stack"
)

// golang writes the container of a Go project.
func (p *plan) golang() error {
	s, g, d := p.s, p.s.Go, &p.d
	least := strings.TrimPrefix(s.Version.Spec, ">=")
	want := Want{Repo: "golang", Product: "go", Variant: "%s", Spec: s.Version.Spec, Spare: 3}
	if least != "" {
		want.Fits = func(v string) bool { return knowledge.Compare(v, least) >= 0 }
	}
	builder, err := p.opt.Pick(want)
	if err != nil {
		return err
	}
	p.chose("base "+builder.String(), builder.Why)
	final, err := p.final(g.CGO, p.linked())
	if err != nil {
		return err
	}
	p.ships = final
	runtimePackages := p.natives(final, stack.Native.ToRun)
	d.line("# syntax=docker/dockerfile:1")
	d.part("The toolchain stays in this stage: the final stage copies only the program.")
	init := !g.Handles && s.Kind != stack.Job
	if g.CGO || init {
		p.from(builder, "build")
	} else {
		p.from(builder, "build", "--platform=$BUILDPLATFORM")
		d.line("ARG TARGETOS")
		d.line("ARG TARGETARCH")
	}
	build := slices.DeleteFunc(p.natives(builder, stack.Native.ToBuild), func(name string) bool {
		return name == "gcc" || name == "libc6-dev" || name == "build-essential" // golang's image has them
	})
	if init {
		build = append(build, "tini")
		p.chose("tini", "the program does nothing about SIGTERM: as the first process of a container Go then ends with status 2; behind an init it ends as everywhere else")
	}
	if len(build) > 0 {
		slices.Sort(build)
		d.apt(build)
	}
	d.line("WORKDIR /src")
	p.manifests(g.Files)
	const cache = "RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \\\n    "
	if !g.Vendor {
		d.line("RUN --mount=type=cache,target=/go/pkg/mod go mod download")
	}
	probe := s.Kind == stack.Service && s.Port.Known()
	if probe {
		p.goProbe(init)
	}
	p.copies(g.Code)
	setting := "CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH"
	switch {
	case g.CGO:
		setting = "CGO_ENABLED=1"
	case init:
		setting = "CGO_ENABLED=0"
	}
	if g.Experiment != "" {
		setting = "GOEXPERIMENT=" + g.Experiment + " " + setting
		p.chose("GOEXPERIMENT="+g.Experiment, "the program imports packages that are not there without")
	}
	tags := ""
	if g.Zones {
		tags = "-tags timetzdata "
		p.chose("-tags timetzdata", "the program asks for time zones: it brings them, whatever the final image has")
	}
	if len(s.Writes) > 0 {
		d.line("RUN mkdir -p /out/empty")
	}
	d.line("%s%s go build -buildvcs=false -trimpath %s-ldflags=-s -o /out/%s %s", cache, setting, tags, g.Binary, g.Main)
	p.stages()
	d.part("")
	p.from(final, "runtime")
	if len(s.Set) > 0 {
		list := make([]string, len(s.Set))
		for i, v := range s.Set {
			list[i] = v.Name + "=" + v.Version
		}
		d.line("ENV %s", strings.Join(list, " \\\n    "))
	}
	user := "65532:65532"
	if len(runtimePackages) > 0 {
		slices.Sort(runtimePackages)
		d.apt(runtimePackages)
		p.user()
		user = p.number + ":" + p.number
	}
	p.system()
	names := []string{"/out/" + g.Binary}
	if init {
		names = append(names, "/usr/bin/tini-static")
	}
	if probe {
		names = append(names, "/out/probe")
	}
	d.line("COPY --from=build %s /", strings.Join(names, " "))
	if len(g.Data) > 0 || len(s.Writes) > 0 || p.keeps() {
		d.line("WORKDIR %s", p.work)
		p.early()
		p.copies(g.Data)
		p.owned(user)
	}
	p.become(user)
	if s.Port.Known() {
		d.line("EXPOSE %s", s.Port.Value)
	}
	if probe {
		d.line("HEALTHCHECK --interval=15s --timeout=4s --start-period=15s --retries=3 \\\n    CMD %s", exec([]string{"/probe"}))
	}
	start := s.Exec
	if init {
		start = append([]string{"/tini-static", "--"}, s.Exec...)
	}
	p.begins(start, s.Args)
	return nil
}

// final picks the image that a program without an interpreter runs in: one with
// nothing in it but what it is linked with.
func (p *plan) final(linked, packages bool) (Base, error) {
	if packages {
		want := Want{Repo: "debian", Variant: "%s-slim", Fixed: true}
		p.likes(&want)
		b, err := p.opt.Pick(want)
		if err == nil {
			p.chose("base "+b.String(), "it is linked with packages of Debian")
		}
		return b, err
	}
	repo, why := "gcr.io/distroless/static-debian12", "nothing in it but certificates, time zones and a user: the program is linked with nothing"
	if linked {
		repo, why = "gcr.io/distroless/base-debian12", "glibc, certificates, time zones and a user: the program is linked with C"
	}
	b, err := p.opt.Pick(Want{Repo: repo, Tag: "nonroot"})
	if err == nil {
		p.chose("base "+b.String(), why)
	}
	return b, err
}

// owned makes the folders that the program writes in an image without a shell: they
// are copied from a stage that has one.
func (p *plan) owned(user string) {
	if len(p.s.Writes) == 0 {
		return
	}
	var dirs []string
	p.d.line("# The only folders that the program may write.")
	for _, w := range p.s.Writes {
		dir := w.Value
		if !path.IsAbs(dir) {
			dir = path.Join(p.work, dir)
		}
		dirs = append(dirs, dir)
		if !p.isDir(w.Value) {
			p.d.line("COPY --from=build --chown=%s /out/empty %s", user, dir)
		}
		p.chose("volume "+dir, fmt.Sprintf("the program writes there (%s)", w.At))
	}
	p.d.line("VOLUME %s", exec(dirs))
}

// goProbe writes a probe of its own: the final image has no shell and no curl.
func (p *plan) goProbe(native bool) {
	route, ok := p.s.Health.Value, "r.StatusCode != http.StatusOK"
	if route == "" {
		route, ok = "/", "r.StatusCode >= 500"
		p.Unknown = append(p.Unknown, "no route tells how the program is: the probe takes any answer below 500 of / for life; a route like /healthz that also asks what the program depends on tells more")
	}
	p.d.line("# The final image has no shell and no curl: it brings its own probe.")
	p.d.line("%s", recipe.GoProbe(p.s.Port.Value, route, ok))
	setting := "CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH"
	if p.s.Go.CGO || native {
		setting = "CGO_ENABLED=0"
	}
	p.d.line("RUN --mount=type=cache,target=/root/.cache/go-build \\\n    %s GOTOOLCHAIN=local GOWORK=off go build -trimpath -ldflags=-s -o /out/probe /probe/main.go", setting)
}
