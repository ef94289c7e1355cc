package scaffold

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/stack"
)

// rust writes the container of a Rust project.
func (p *plan) rust() error {
	s, r, d := p.s, p.s.Rust, &p.d
	// The final image has the C library of Debian 12: what is linked against a newer one
	// does not start there.
	want := Want{Repo: "rust", Variant: "slim-bookworm", Spec: s.Version.Spec, Spare: 3}
	if least, ok := strings.CutPrefix(s.Version.Spec, ">="); ok {
		want.Fits = func(v string) bool { return knowledge.Compare(v, least) >= 0 }
	} else if s.Version.Spec != "" {
		exact := s.Version.Spec
		want.Fits = func(v string) bool { return knowledge.Compare(v, exact) == 0 }
		want.Relax = append(want.Relax, func(v string) bool { return knowledge.Compare(v, exact) >= 0 })
	}
	builder, err := p.opt.Pick(want)
	if err != nil {
		return err
	}
	p.chose("base "+builder.String(), builder.Why)
	build := p.natives(builder, stack.Native.ToBuild)
	final, err := p.finalRust(p.linked())
	if err != nil {
		return err
	}
	p.ships = final
	runtime := p.natives(final, stack.Native.ToRun)
	init := !r.Handles && s.Kind != stack.Job
	if init {
		build = append(build, "tini")
		p.chose("tini", "the program does nothing about SIGTERM, which the first process of a container then never hears; behind an init it ends as everywhere else")
	}
	d.line("# syntax=docker/dockerfile:1")
	d.part("The toolchain stays in this stage: the final stage copies only the program.")
	p.from(builder, "build")
	if len(build) > 0 {
		slices.Sort(build)
		d.apt(build)
	}
	probe := s.Kind == stack.Service && s.Port.Known()
	out := "/out"
	if len(s.Writes) > 0 {
		out = "/out/empty"
	}
	d.line("WORKDIR /src")
	p.manifests(r.Files)
	if r.Vendor {
		p.copies([]string{"vendor"})
	}
	cargo := "cargo build --release"
	if s.Lock.Known() && !r.Stale {
		cargo += " --locked"
	}
	if len(r.Files) > 2 {
		cargo += " --package " + r.Package
	}
	cargo += " --bin " + r.Binary
	if len(r.Features) > 0 {
		cargo += " --features " + strings.Join(r.Features, ",")
	}
	if r.Offline {
		cargo = "SQLX_OFFLINE=true " + cargo
	}
	const cache = "RUN --mount=type=cache,target=/usr/local/cargo/registry \\\n    "
	d.line("# Empty sources stand in, so that the dependencies are a layer of their own.")
	d.line("RUN %s", strings.Join(p.stubs(), " \\\n && "))
	d.line("%s%s", cache, cargo)
	// Below the dependencies: another port or route builds none of them anew.
	if probe {
		p.rustProbe(out)
	} else if len(s.Writes) > 0 {
		d.line("RUN mkdir -p %s", out)
	}
	p.copies(r.Code)
	var touch []string
	for _, x := range r.Stubs {
		if x.Ours {
			touch = append(touch, x.File)
		}
	}
	d.line("# A source may be older than the one that stood in for it.")
	d.line("%stouch %s \\\n && %s", cache, strings.Join(touch, " "), cargo)
	p.stages()
	d.part("")
	p.from(final, "runtime")
	p.env()
	user := "65532:65532"
	if len(runtime) > 0 {
		runtime = append(runtime, "ca-certificates")
		slices.Sort(runtime)
		d.apt(runtime)
		p.user()
		user = p.number + ":" + p.number
	}
	p.system()
	names := []string{"/src/target/release/" + r.Binary}
	if init {
		names = append(names, "/usr/bin/tini-static")
	}
	if probe {
		names = append(names, "/out/probe")
	}
	d.line("COPY --from=build %s /", strings.Join(names, " "))
	if len(r.Data) > 0 || len(s.Writes) > 0 || p.keeps() {
		d.line("WORKDIR %s", p.work)
		p.early()
		p.data(r.Data, r.DataIn)
		p.owned(user)
	}
	p.become(user)
	if probe {
		d.line("EXPOSE %s", s.Port.Value)
	}
	if s.StopSignal != "" {
		d.line("# %s", s.StopWhy)
		d.line("STOPSIGNAL %s", s.StopSignal)
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

// env sets what the program has to be told.
func (p *plan) env() {
	if len(p.s.Set) == 0 {
		return
	}
	list := make([]string, len(p.s.Set))
	for i, v := range p.s.Set {
		list[i] = v.Name + "=" + v.Version
	}
	p.d.line("ENV %s", strings.Join(list, " \\\n    "))
}

// finalRust picks the image that the program runs in.
func (p *plan) finalRust(packages bool) (Base, error) {
	if packages {
		b, err := p.opt.Pick(Want{Repo: "debian", Tag: "bookworm-slim"})
		if err == nil {
			p.chose("base "+b.String(), "it is linked with packages of Debian, of the release that it is built on")
		}
		return b, err
	}
	b, err := p.opt.Pick(Want{Repo: "gcr.io/distroless/cc-debian12", Tag: "nonroot"})
	if err == nil {
		p.chose("base "+b.String(), "glibc and libgcc, certificates, time zones and a user: a Rust program needs no more")
	}
	return b, err
}

// stubs are the commands that make the files which stand in for sources.
func (p *plan) stubs() (list []string) {
	var dirs, mains, libs []string
	for _, x := range p.s.Rust.Stubs {
		if dir := path.Dir(x.File); dir != "." && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
		if x.Main {
			mains = append(mains, x.File)
		} else {
			libs = append(libs, x.File)
		}
	}
	// A folder is made with those around it.
	dirs = slices.DeleteFunc(slices.Clone(dirs), func(dir string) bool {
		return slices.ContainsFunc(dirs, func(d string) bool { return strings.HasPrefix(d, dir+"/") })
	})
	if len(dirs) > 0 {
		list = append(list, "mkdir -p "+strings.Join(dirs, " "))
	}
	switch {
	case len(mains) == 1:
		list = append(list, "echo 'fn main() {}' > "+mains[0])
	case len(mains) > 1:
		list = append(list, "echo 'fn main() {}' | tee "+strings.Join(mains, " ")+" > /dev/null")
	}
	if len(libs) > 0 {
		list = append(list, "touch "+strings.Join(libs, " "))
	}
	return list
}

// data copies what the program reads where it runs; a package's own lies beside it.
func (p *plan) data(names []string, in string) {
	if in == "." {
		p.copies(names)
		return
	}
	p.takes(names...)
	for _, n := range names {
		to := "./"
		if p.isDir(n) {
			to += path.Base(n)
		}
		p.d.line("COPY %s", words([]string{n, to}))
	}
}

// rustProbe writes a probe of its own: the final image has no shell and no curl.
func (p *plan) rustProbe(out string) {
	d, r := &p.d, p.s.Rust
	route, ok := p.s.Health.Value, `Ok(&head[9..] == b"200")`
	if r.GRPC {
		p.Unknown = append(p.Unknown, "the program speaks gRPC: the probe takes its settings of HTTP/2 for life; grpc.health.v1 that also asks what the program depends on tells more")
	} else if r.Raw {
		p.Unknown = append(p.Unknown, "the program speaks a protocol of its own: the probe takes an accepted connection for life, which a program that hangs has too; a question of that protocol tells more")
		d.line("# The final image has no shell: it brings its own probe.")
		d.line(`COPY <<'EOF' /probe/main.rs
use std::net::TcpStream;
use std::process::exit;
use std::time::Duration;

fn main() {
    let answer = TcpStream::connect_timeout(&([127, 0, 0, 1], %s).into(), Duration::from_secs(3));
    exit(answer.is_err() as i32);
}
EOF`, p.s.Port.Value)
		p.rustc(out)
		return
	} else if route == "" {
		route, ok = "/", "Ok(head[9] < b'5')"
		p.Unknown = append(p.Unknown, "no route tells how the program is: the probe takes any answer below 500 of / for life; a route like /health that also asks what the program depends on tells more")
	}
	ask := fmt.Sprintf(`GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`, route)
	size := 12
	if r.GRPC {
		// RFC 9113: the preface of a client with empty settings, and the head of a server's.
		ask, size, ok = `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0`, 9, "Ok(head[3] == 4)"
	}
	d.line("# The final image has no shell and no curl: it brings its own probe.")
	d.line(`COPY <<'EOF' /probe/main.rs
use std::io::{Read, Result, Write};
use std::net::TcpStream;
use std::process::exit;
use std::time::Duration;

fn answers() -> Result<bool> {
    let limit = Duration::from_secs(3);
    let mut server = TcpStream::connect_timeout(&([127, 0, 0, 1], %s).into(), limit)?;
    server.set_read_timeout(Some(limit))?;
    server.write_all(b"%s")?;
    let mut head = [0; %d];
    server.read_exact(&mut head)?;
    %s
}

fn main() {
    exit(!matches!(answers(), Ok(true)) as i32);
}
EOF`, p.s.Port.Value, ask, size, ok)
	p.rustc(out)
}

// rustc compiles the probe.
func (p *plan) rustc(out string) {
	p.d.line("RUN mkdir -p %s \\\n && rustc --edition 2021 -O -C strip=symbols -o /out/probe /probe/main.rs", out)
}
