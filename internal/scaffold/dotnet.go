package scaffold

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/stack"
)

// dotnet writes the container of a .NET project.
func (p *plan) dotnet() error {
	s, n, d := p.s, p.s.DotNet, &p.d
	builder, err := p.netBuilder()
	if err != nil {
		return err
	}
	final, err := p.netFinal()
	if err != nil {
		return err
	}
	p.ships = final
	d.line("# syntax=docker/dockerfile:1")
	if n.Node != nil {
		if err := p.nodeBeside(n.Node.At, "the build runs npm"); err != nil {
			return err
		}
	}
	d.part("The SDK stays in this stage: the final stage copies only what it publishes.")
	p.from(builder, "build")
	d.line("ENV DOTNET_CLI_TELEMETRY_OPTOUT=1 \\\n    DOTNET_NOLOGO=1")
	if build := p.natives(builder, stack.Native.ToBuild); len(build) > 0 {
		slices.Sort(build)
		d.apt(build)
	}
	if n.Node != nil {
		p.nodeCopied()
	}
	d.line("WORKDIR /src")
	p.manifests(n.Files)
	p.netBuild()
	p.stages()
	d.part("")
	p.from(final, "runtime")
	p.env()
	if runtime := p.natives(final, stack.Native.ToRun); len(runtime) > 0 {
		slices.Sort(runtime)
		d.apt(runtime)
	}
	p.system()
	// Source: github.com/dotnet/dotnet-docker: the user app, since .NET 8.
	if knowledge.Compare(s.Version.Spec, "8") >= 0 {
		p.number = "1654"
	} else {
		p.user()
	}
	d.line("WORKDIR %s", p.work)
	p.early()
	d.line("COPY --from=build /out ./")
	p.copies(n.Data)
	p.writable(p.work)
	p.become(p.number + ":" + p.number)
	if s.Port.Known() {
		d.line("EXPOSE %s", s.Port.Value)
	}
	if s.Kind == stack.Service && s.Port.Known() {
		d.line("# bash asks by itself: the image has no curl.")
		d.line("HEALTHCHECK --interval=15s --timeout=4s --start-period=30s --retries=3 \\\n    CMD %s", exec([]string{"bash", "-c", p.bashProbe()}))
	}
	p.begins(s.Exec, s.Args)
	return nil
}

// netVariant is the release of Ubuntu that images of a version of .NET are built on.
// Source: github.com/dotnet/dotnet-docker: README.aspnet.md, supported tags.
func netVariant(version string) string {
	switch {
	case knowledge.Compare(version, "8") >= 0:
		return "noble"
	case knowledge.Compare(version, "6") >= 0:
		return "jammy"
	}
	return "focal"
}

// netBuilder picks the SDK: the one that global.json asks for, else that of the version
// that the program is for.
func (p *plan) netBuilder() (Base, error) {
	n := p.s.DotNet
	of := line(p.s.Version.Spec)
	if n.SDK != "" && knowledge.Compare(n.SDK, of) > 0 {
		of = line(n.SDK)
	}
	w := Want{Repo: "mcr.microsoft.com/dotnet/sdk", Product: "dotnet sdk " + of, Variant: netVariant(of), Spec: p.s.Version.Spec, Spare: 3}
	w.Fits = func(v string) bool { return knowledge.Compare(v, of) == 0 }
	if n.SDK != "" {
		w.Spec = n.SDK + " (global.json)"
		w.Fits = func(v string) bool { return netFits(v, n.SDK, n.Roll) }
		w.Relax = append(w.Relax, func(v string) bool { return knowledge.Compare(v, of) == 0 })
	}
	b, err := p.opt.Pick(w)
	if err != nil {
		return b, err
	}
	p.chose("base "+b.String(), b.Why)
	if n.SDK != "" && !netFits(b.Version, n.SDK, n.Roll) {
		n.Files = slices.DeleteFunc(n.Files, func(f string) bool { return strings.HasSuffix(f, "global.json") })
		n.Code = slices.DeleteFunc(n.Code, func(f string) bool { return strings.HasSuffix(f, "global.json") })
		p.Unknown = append(p.Unknown, fmt.Sprintf("global.json asks for the SDK %s (rollForward %s), and the image has %s: it is built without global.json, as it would stop the build; rollForward latestMinor lets both do", n.SDK, n.Roll, b.Version))
	}
	return b, nil
}

// netFits tells whether an SDK does for the one that global.json asks for.
// Source: learn.microsoft.com/dotnet/core/tools/global-json: rollForward.
func netFits(have, want, roll string) bool {
	if knowledge.Compare(have, want) < 0 {
		return false
	}
	parts := func(v string) (major, minor, band string) {
		list := append(strings.Split(v, "."), "0", "0")
		return list[0], list[1], list[2][:1]
	}
	a, b, c := parts(have)
	x, y, z := parts(want)
	switch strings.ToLower(roll) {
	case "disable":
		return have == want
	case "patch", "latestpatch":
		return a == x && b == y && c == z
	case "feature", "latestfeature":
		return a == x && b == y
	case "minor", "latestminor":
		return a == x
	}
	return true
}

// netFinal picks the image that the program runs in.
func (p *plan) netFinal() (Base, error) {
	n := p.s.DotNet
	repo, why := "mcr.microsoft.com/dotnet/runtime", ".NET without its compiler"
	switch {
	case n.Native:
		repo, why = "mcr.microsoft.com/dotnet/runtime-deps", "what a program of the machine is linked with, and no .NET"
	case n.Web:
		repo, why = "mcr.microsoft.com/dotnet/aspnet", "ASP.NET Core without a compiler"
	}
	spec := p.s.Version.Spec
	b, err := p.opt.Pick(Want{Repo: repo, Product: "dotnet", Variant: netVariant(spec), Spec: spec, Spare: 3, Fits: func(v string) bool { return knowledge.Compare(v, spec) == 0 }})
	if err == nil {
		p.chose("base "+b.String(), why+"; "+b.Why)
	}
	return b, err
}

// netBuild restores from the project files alone, then publishes.
func (p *plan) netBuild() {
	d, n := &p.d, p.s.DotNet
	mounts := "--mount=type=cache,target=/root/.nuget/packages"
	for _, name := range n.Secrets {
		mounts += fmt.Sprintf(" --mount=type=secret,id=%s,env=%s,required=true", name, name)
	}
	if n.Token != "" {
		mounts += fmt.Sprintf(" --mount=type=secret,id=nuget,target=/src/%s,required=true", n.Token)
		p.chose("secret nuget", n.Token+" holds a password: docker build --secret id=nuget,src="+n.Token)
	}
	for _, name := range n.Secrets {
		p.chose("secret "+name, "nuget.config asks for it: docker build --secret id="+name)
	}
	restore, publish := "dotnet restore "+n.Project, "dotnet publish "+n.Project+" --configuration Release --output /out"
	if p.s.Lock.Known() {
		restore += " --locked-mode"
		publish += " -p:RestoreLockedMode=true"
	}
	if n.Several {
		publish += " --framework " + n.Framework
	}
	if len(n.Flags) > 0 {
		publish += " " + strings.Join(n.Flags, " ")
	}
	d.line("RUN %s \\\n    %s", mounts, restore)
	p.copies(n.Code)
	d.line("RUN %s \\\n    %s", mounts, publish)
}

// bashProbe is a script of one line that asks the server how it is, with nothing but
// bash.
func (p *plan) bashProbe() string {
	route, ok := p.s.Health.Value, "= 200"
	if route == "" {
		route, ok = "/", "-lt 500"
		p.Unknown = append(p.Unknown, "no route tells how the program is: the probe takes any answer below 500 of / for life; a route like /healthz that also asks what the program depends on tells more")
	}
	return fmt.Sprintf(`exec 3<>/dev/tcp/127.0.0.1/%s && printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' >&3 && read -r -t 3 _ code _ <&3 && [ "$code" %s ] || exit 1`, p.s.Port.Value, route, ok)
}
