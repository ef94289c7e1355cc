package scaffold

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/stack"
)

// cpp writes the container of a project in C or C++ that CMake builds.
func (p *plan) cpp() error {
	s, c, d := p.s, p.s.CPP, &p.d
	packages := p.linked() || c.Newer != ""
	builder, final, err := p.cppBases(packages)
	if err != nil {
		return err
	}
	build := append(p.natives(builder, stack.Native.ToBuild), c.Tools...)
	p.ships = final
	runtime := p.natives(final, stack.Native.ToRun)
	init := !c.Handles && s.Kind != stack.Job
	if init {
		build = append(build, "tini")
		p.chose("tini", "the program does nothing about SIGTERM, which the first process of a container then never hears; behind an init it ends as everywhere else")
	}
	d.line("# syntax=docker/dockerfile:1")
	d.part("The compiler stays in this stage: the final stage copies only the program.")
	p.from(builder, "build")
	slices.Sort(build)
	d.apt(slices.Compact(build))
	probe := s.Kind == stack.Service && s.Port.Known()
	own := probe && (!packages || c.GRPC) // the final image has no bash, or bash does not do
	if own {
		p.cppProbe()
	}
	if len(s.Writes) > 0 {
		d.line("RUN mkdir -p /out/empty")
	}
	d.line("WORKDIR /src")
	p.copies(c.Code)
	p.cmakeBuild()
	p.stages()
	d.part("")
	p.from(final, "runtime")
	p.env()
	user := "65532:65532"
	if packages {
		runtime = append(runtime, "ca-certificates")
		if !slices.Contains(runtime, "libstdc++6") && slices.Contains(c.Tools, "g++") {
			runtime = append(runtime, "libstdc++6")
		}
		slices.Sort(runtime)
		d.apt(slices.Compact(runtime))
		p.user()
		user = p.number + ":" + p.number
	}
	p.system()
	var names []string
	if init {
		names = append(names, "/usr/bin/tini-static")
	}
	if own {
		names = append(names, "/out/probe")
	}
	if len(names) > 0 {
		d.line("COPY --from=build %s /", strings.Join(names, " "))
	}
	if len(c.Shared) > 0 {
		d.line("COPY --from=build /out/lib /usr/local/lib")
	}
	d.line("COPY --from=build /out/%s %s/", c.Binary, path.Dir(s.Exec[0]))
	for _, x := range c.Installs {
		p.takes(x.Name)
		d.line("COPY %s", words([]string{x.Name, x.To}))
	}
	if len(c.Data) > 0 || len(s.Writes) > 0 || p.keeps() {
		d.line("WORKDIR %s", p.work)
		p.early()
		p.copies(c.Data)
		p.owned(user)
	}
	p.become(user)
	if s.Port.Known() {
		d.line("EXPOSE %s", s.Port.Value)
	}
	if probe {
		words := []string{"/probe"}
		if !own {
			d.line("# bash asks by itself: the image has no curl.")
			words = []string{"bash", "-c", p.cppBash()}
		}
		d.line("HEALTHCHECK --interval=15s --timeout=4s --start-period=15s --retries=3 \\\n    CMD %s", exec(words))
	}
	start := s.Exec
	if init {
		start = append([]string{"/tini-static", "--"}, s.Exec...)
	}
	p.begins(start, s.Args)
	return nil
}

// cppBases picks the image of the builder and that of the program, of one release of
// Debian: what is linked against a newer C library does not start on an older one.
func (p *plan) cppBases(packages bool) (builder, final Base, err error) {
	c := p.s.CPP
	if !packages {
		if builder, err = p.opt.Pick(Want{Repo: "debian", Tag: "bookworm-slim"}); err != nil {
			return builder, final, err
		}
		p.chose("base "+builder.String(), "the release that the image of the program is built on")
		final, err = p.opt.Pick(Want{Repo: "gcr.io/distroless/cc-debian12", Tag: "nonroot"})
		if err == nil {
			p.chose("base "+final.String(), "the C and C++ libraries, certificates, time zones and a user: the program needs no more")
		}
		return builder, final, err
	}
	if builder, err = p.opt.Pick(Want{Repo: "debian", Variant: "%s-slim", Fixed: true}); err != nil {
		return builder, final, err
	}
	why := "the program is linked with packages of Debian: it is built on the release that it runs on"
	if c.Newer != "" {
		why = c.Newer + ", which Debian 12 does not have"
		if builder.release() == "bookworm" || builder.release() == "bullseye" {
			p.Unknown = append(p.Unknown, fmt.Sprintf("%s, and the newest image of Debian that the registry has is %s", c.Newer, builder))
		}
	}
	p.chose("base "+builder.String(), why)
	return builder, builder, nil
}

// cmakeBuild configures and compiles. What was compiled, and what was downloaded, is kept
// for the next time in caches that are in no layer.
// Source: cmake.org/cmake/help: CMAKE_CXX_COMPILER_LAUNCHER, FETCHCONTENT_BASE_DIR; ccache.dev.
func (p *plan) cmakeBuild() {
	c := p.s.CPP
	mounts := "--mount=type=cache,target=/root/.cache/ccache"
	words := []string{"cmake -S . -B /build -G Ninja"}
	if c.Preset != "" {
		words = append(words, "--preset "+c.Preset)
	} else {
		words = append(words, "-DCMAKE_BUILD_TYPE=Release")
	}
	if slices.Contains(c.Tools, "g++") {
		words = append(words, "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache")
	}
	words = append(words, "-DCMAKE_C_COMPILER_LAUNCHER=ccache")
	for _, o := range c.Off {
		words = append(words, "-D"+o+"=OFF")
	}
	if c.Fetches {
		mounts += " --mount=type=cache,target=/deps,sharing=locked"
		words = append(words, "-DFETCHCONTENT_BASE_DIR=/deps")
	}
	if len(c.Shared) > 0 {
		words = append(words, "-DCMAKE_LIBRARY_OUTPUT_DIRECTORY=/out/lib", "-DCMAKE_BUILD_WITH_INSTALL_RPATH=ON", "'-DCMAKE_INSTALL_RPATH=$ORIGIN/../lib'")
	}
	configure := strings.Join(words, " ")
	if len(configure) > 110 {
		configure = words[0] + " " + words[1] + " \\\n      " + strings.Join(words[2:], " \\\n      ")
	}
	p.d.line("RUN %s \\\n    %s \\\n && cmake --build /build --target %s \\\n && install -D -s %s/%s /out/%s", mounts, configure, c.Target, c.Out, c.Binary, c.Binary)
}

// cppBash is a script of one line that asks the program how it is, with nothing but bash.
func (p *plan) cppBash() string {
	if p.s.CPP.Raw {
		p.raw()
		return "exec 3<>/dev/tcp/127.0.0.1/" + p.s.Port.Value
	}
	return p.bashProbe()
}

// raw tells what the probe of a protocol of its own does not see.
func (p *plan) raw() {
	p.Unknown = append(p.Unknown, "the program speaks a protocol of its own: the probe takes an accepted connection for life, which a program that hangs has too; a question of that protocol tells more")
}

// cppProbe writes a probe of its own.
func (p *plan) cppProbe() {
	d, c, s := &p.d, p.s.CPP, p.s
	route, ok := s.Health.Value, "atoi(head + 9) != 200"
	size := 12
	switch {
	case c.GRPC:
		p.Unknown = append(p.Unknown, "the program speaks gRPC: the probe takes its settings of HTTP/2 for life; grpc.health.v1 that also asks what the program depends on tells more")
		// RFC 9113: the preface of a client with empty settings, and the head of a server's.
		size, ok = 9, "head[3] != 4"
	case c.Raw:
		p.raw()
	case route == "":
		route, ok = "/", "atoi(head + 9) >= 500"
		p.Unknown = append(p.Unknown, "no route tells how the program is: the probe takes any answer below 500 of / for life; a route like /healthz that also asks what the program depends on tells more")
	}
	ask := fmt.Sprintf(`GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`, route)
	if c.GRPC {
		ask = `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0`
	}
	talk := fmt.Sprintf(`    if (write(s, ask, sizeof ask - 1) < 0 || recv(s, head, %[1]d, MSG_WAITALL) != %[1]d)
        return 1;
    return %[2]s;
`, size, ok)
	vars := fmt.Sprintf("    const char ask[] = \"%s\";\n    char head[%d] = {0};\n", ask, size+1)
	if c.Raw {
		talk, vars = "    return 0;\n", ""
	}
	d.line("# The final image has no shell and no curl: it brings its own probe.")
	d.line(`COPY <<'EOF' /probe/main.c
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int main(void) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(%s), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval limit = {.tv_sec = 3};
%s    int s = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(s, (struct sockaddr *)&to, sizeof to) != 0)
        return 1;
%s}
EOF`, s.Port.Value, vars, talk)
	d.line("RUN mkdir -p /out \\\n && gcc -O2 -s -o /out/probe /probe/main.c")
}
