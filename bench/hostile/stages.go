package hostile

import (
	"fmt"
	"strings"
)

// stages ask for what other stages hold, and they for what others do.
var stages = []Kind{
	{"stages-copy-all", dockerfile(func(n int) string {
		return fill(n, "FROM alpine:3.20 AS s0\n", func(i int) string { return fmt.Sprintf("FROM s%d AS s%d\nCOPY --from=s%d / /\n", i, i+1, i) })
	})},
	{"stages-30-copy-all", dockerfile(func(int) string {
		var b strings.Builder
		b.WriteString("FROM alpine:3.20 AS s0\n")
		for i := range 30 {
			fmt.Fprintf(&b, "FROM s%d AS s%d\nCOPY --from=s%d / /\n", i, i+1, i)
		}
		return b.String()
	})},
	{"stages-30-copy-two-back", dockerfile(func(int) string {
		var b strings.Builder
		b.WriteString("FROM alpine:3.20 AS s0\nFROM alpine:3.20 AS s1\n")
		for i := range 30 {
			fmt.Fprintf(&b, "FROM s%d AS s%d\nCOPY --from=s%d / /\nCOPY --from=s%d /app /app\n", i+1, i+2, i, i+1)
		}
		return b.String()
	})},
	{"stages-30-scratch-two-back", dockerfile(func(int) string {
		var b strings.Builder
		b.WriteString("FROM scratch AS s0\nFROM scratch AS s1\n")
		for i := range 30 {
			fmt.Fprintf(&b, "FROM scratch AS s%d\nCOPY --from=s%d / /\nCOPY --from=s%d / /\n", i+2, i, i+1)
		}
		return b.String() + "ENTRYPOINT [\"/start.sh\"]\n"
	})},
	{"stages-scratch-two-back", dockerfile(func(n int) string {
		return fill(n, "FROM scratch AS s0\nFROM scratch AS s1\n", func(i int) string {
			return fmt.Sprintf("FROM scratch AS s%d\nCOPY --from=s%d / /\nCOPY --from=s%d / /\n", i+2, i, i+1)
		}) + "ENTRYPOINT [\"/start.sh\"]\n"
	})},
	{"stages-30-folders-two-back", dockerfile(func(int) string {
		// Each stage gives what it takes two names.
		var b strings.Builder
		b.WriteString("FROM alpine AS s0\nRUN pip install flask && npm ci && python -m venv /a\nFROM alpine AS s1\n")
		for i := range 30 {
			fmt.Fprintf(&b, "FROM python:3.12 AS s%d\nCOPY --from=s%d /a /a\nCOPY --from=s%d /b /a\nCOPY --from=s%d /a /b\nCOPY --from=s%d /b /b/\nCOPY --from=s%d /a/b /b/a/\n", i+2, i, i+1, i, i+1, i)
		}
		return b.String() + "ENTRYPOINT [\"/a/start.sh\"]\n"
	})},
	{"stages-folders-two-back", dockerfile(func(n int) string {
		return fill(n, "FROM alpine AS s0\nRUN pip install flask && npm ci && python -m venv /a\nFROM alpine AS s1\n", func(i int) string {
			return fmt.Sprintf("FROM python:3.12 AS s%d\nCOPY --from=s%d /a /a\nCOPY --from=s%d /b /a\nCOPY --from=s%d /a /b\nCOPY --from=s%d /b /b/\n", i+2, i, i+1, i, i+1)
		}) + "ENTRYPOINT [\"/a/start.sh\"]\n"
	})},
	{"stages-copy-two-back", dockerfile(func(n int) string {
		return fill(n, "FROM alpine:3.20 AS s0\nFROM alpine:3.20 AS s1\n", func(i int) string {
			return fmt.Sprintf("FROM s%d AS s%d\nCOPY --from=s%d / /\nCOPY --from=s%d / /\n", i+1, i+2, i, i+1)
		})
	})},
	{"stages-copy-scratch", dockerfile(func(n int) string {
		return fill(n, "FROM alpine:3.20 AS s0\nFROM alpine:3.20 AS s1\nRUN pip install flask\n", func(i int) string {
			return fmt.Sprintf("FROM scratch AS s%d\nCOPY --from=s%d / /\nCOPY --from=s%d / /\nUSER app\n", i+2, i, i+1)
		}) + "ENTRYPOINT [\"/app/start.sh\"]\n"
	})},
	{"stages-copy-with-context", dockerfile(func(n int) string {
		return fill(n, "FROM alpine:3.20 AS s0\nFROM alpine:3.20 AS s1\nRUN pip install flask\n", func(i int) string {
			return fmt.Sprintf("FROM python:3.12 AS s%d\nCOPY --from=s%d /app /app\nCOPY --from=s%d /srv /app\nCOPY . /app\nRUN pip install -r /app/requirements.txt && chown -R app /app && /app/x.sh\n", i+2, i, i+1)
		}) + "ENTRYPOINT [\"/app/start.sh\"]\n"
	})},
	{"stages-copy-every", dockerfile(func(n int) string {
		// Every stage takes from every other one before it.
		b := book{size: n}
		b.addf("FROM alpine:3.20 AS s0\n")
		for i := 1; b.more(); i++ {
			b.addf("FROM alpine:3.20 AS s%d\n", i)
			for j := range i {
				b.addf("COPY --from=s%d / /\n", j)
			}
		}
		b.addf("CMD [\"/app/run.sh\"]\n")
		return b.String()
	})},
	{"stages-copy-one-many", dockerfile(func(n int) string {
		return repeat(n/2, "FROM alpine:3.20 AS s0\n", "COPY a /a\n") + repeat(n/2, "FROM alpine:3.20\n", "COPY --from=s0 /a /b\n") + "CMD [\"/b/c\"]\n"
	})},
	{"stages-copy-from-deep", dockerfile(func(n int) string {
		// A long chain of stages, and much that is taken from its end.
		i := 0
		chain := fill(n/2, "FROM golang:1.23 AS s0\n", func(k int) string {
			i = k + 1
			return fmt.Sprintf("FROM s%d AS s%d\nRUN make x\n", k, k+1)
		})
		return chain + "FROM debian:12\n" + fill(n/2, "", func(k int) string {
			from := [...]string{"/usr/bin/git /usr/bin/", "/app/.env /", "/root/.local /root/.local", "/app/node_modules /app/node_modules", "/venv /venv", "/out/bin /bin/x", "/usr/local/go /usr/local/go", "/app/id_rsa /x"}[k%8]
			return fmt.Sprintf("COPY --from=s%d %s\n", i, from)
		})
	})},
	{"stages-mounts", dockerfile(func(n int) string {
		return fill(n, "FROM alpine:3.20 AS s0\nFROM alpine:3.20 AS s1\n", func(i int) string {
			return fmt.Sprintf("FROM alpine:3.20 AS s%d\nRUN --mount=type=bind,from=s%d,target=/a --mount=type=bind,from=s%d,target=/b cp -r /a /b /c && /a/x.sh\n", i+2, i, i+1)
		})
	})},
	{"stages-chain", dockerfile(func(n int) string {
		return fill(n, "FROM alpine:3.20 AS s0\n", func(i int) string { return fmt.Sprintf("FROM s%d AS s%d\n", i, i+1) })
	})},
	{"stages-chain-steps", dockerfile(func(n int) string {
		return fill(n, "FROM alpine:3.20 AS s0\n", func(i int) string {
			return fmt.Sprintf("FROM s%d AS s%d\nENV A%d=b\nRUN apk add curl\nCOPY a /app/\nUSER app%d\n", i, i+1, i, i)
		})
	})},
	{"stages-chain-named-late", dockerfile(func(n int) string {
		return fill(n, "", func(i int) string { return fmt.Sprintf("FROM alpine:3.20 AS s%d\nCOPY --from=s%d /a /a\n", i, i+1) }) + "FROM scratch\n"
	})},
	{"stages-fan", dockerfile(func(n int) string {
		return fill(n, "FROM alpine:3.20 AS base\nRUN apk add curl\n", func(i int) string { return fmt.Sprintf("FROM base AS s%d\nRUN make x%d\n", i, i) })
	})},
	{"stages-long-base-fan", dockerfile(func(n int) string {
		return repeat(n/2, "FROM alpine:3.20 AS base\n", "RUN apk add curl\nCOPY a /a\n") + fill(n/2, "", func(i int) string { return fmt.Sprintf("FROM base AS s%d\nUSER a\n", i) })
	})},
	{"stages-targets", func(n int) Files {
		df := fill(n/2, "FROM alpine:3.20 AS s0\n", func(i int) string { return fmt.Sprintf("FROM s%d AS s%d\nRUN apk add x\n", i, i+1) })
		count := strings.Count(df, "FROM") - 1
		return Files{"Dockerfile": []byte(df), "compose.yaml": []byte(fill(n/2, "services:\n", func(i int) string {
			return fmt.Sprintf("  a%d: {build: {context: ., target: s%d}}\n", i, i%count)
		}))}
	}},
	{"onbuild-many", dockerfile(func(n int) string {
		return repeat(n, "FROM alpine:3.20\n", "ONBUILD RUN apk add curl\nONBUILD COPY . /a\n")
	})},
	{"onbuild-from-local", func(n int) Files {
		return Files{
			"base/Dockerfile": []byte(repeat(n/2, "FROM alpine:3.20\n", "ONBUILD RUN apk add curl\n")),
			"app/Dockerfile":  []byte(fill(n/2, "", func(i int) string { return fmt.Sprintf("FROM base AS s%d\nUSER a\n", i) })),
			"compose.yaml":    []byte("services: {base: {image: base, build: base}, app: {build: app}}\n"),
		}
	}},
	{"local-bases-chain", func(n int) Files {
		f := Files{}
		b := book{size: n / 2}
		b.addf("services:\n")
		for i := range f.until(n, b.Len) {
			f[fmt.Sprintf("d%d/Dockerfile", i)] = fmt.Appendf(nil, "FROM img%d\nRUN apk add curl\nUSER app\n", i-1)
			b.addf("  s%d: {image: img%d, build: d%d}\n", i, i, i)
		}
		f["compose.yaml"] = []byte(b.String())
		return f
	}},
	{"local-bases-two-back", func(n int) Files {
		f := Files{}
		b := book{size: n / 2}
		b.addf("services:\n")
		for i := range f.until(n, b.Len) {
			f[fmt.Sprintf("d%d/Dockerfile", i)] = fmt.Appendf(nil, "FROM img%d AS a\nFROM img%d\nCOPY --from=a / /\nCOPY --from=img%d / /\n", i-1, i-2, i-3)
			b.addf("  s%d: {image: img%d, build: d%d}\n", i, i, i)
		}
		f["compose.yaml"] = []byte(b.String())
		return f
	}},
	{"instructions-mixed", dockerfile(func(n int) string {
		return fill(n, "FROM debian:bookworm-slim\n", func(i int) string {
			return [...]string{
				"ENV NAME=value\n", "RUN apt-get update && apt-get install -y curl\n", "COPY --chown=app:app src /app/\n", "USER app\n", "LABEL l=v\n", "ARG X=1\n", "WORKDIR /app\n", "EXPOSE 80\n", "VOLUME /data\n", "HEALTHCHECK CMD curl -f http://localhost/\n", "CMD [\"/a\"]\n", "ENTRYPOINT [\"/b\"]\n", "STOPSIGNAL 9\n", "SHELL [\"/bin/bash\", \"-c\"]\n", "ADD https://example.com/x.tar /x\n",
			}[i%15]
		})
	})},
	{"instructions-user", dockerfile(func(n int) string { return repeat(n, "FROM alpine:3.20\n", "USER a\n") })},
	{"instructions-user-adduser", dockerfile(func(n int) string {
		return fill(n, "FROM alpine:3.20\n", func(i int) string { return fmt.Sprintf("RUN adduser -D -u %d u%d\nUSER u%d\n", i+1000, i, i) })
	})},
	{"instructions-health", dockerfile(func(n int) string {
		return repeat(n, "FROM alpine:3.20\n", "HEALTHCHECK CMD curl -f http://localhost/\n")
	})},
	{"instructions-cmd", dockerfile(func(n int) string { return repeat(n, "FROM alpine:3.20\n", "CMD a b\nENTRYPOINT [\"x\"]\n") })},
	{"instructions-run", dockerfile(func(n int) string { return repeat(n, "FROM debian:12\n", "RUN apt-get install x\n") })},
	{"instructions-run-install", dockerfile(func(n int) string {
		return fill(n, "FROM python:3.12\n", func(i int) string {
			return fmt.Sprintf("RUN pip install p%d && npm install q%d\nCOPY f%d /app/f%d\nRUN rm -rf /app/f%d\n", i, i, i, i, i)
		})
	})},
	{"instructions-copy", dockerfile(func(n int) string {
		return fill(n, "FROM debian:12\n", func(i int) string { return fmt.Sprintf("COPY a%d /b/%d/\n", i, i) }) + "USER app\nCMD [\"/b/0/x\"]\n"
	})},
	{"instructions-copy-run", dockerfile(func(n int) string {
		return fill(n, "FROM debian:12\n", func(i int) string {
			return fmt.Sprintf("COPY a%d.sh /b/\nRUN chmod +x /b/a%d.sh && chown a /b && /b/a%d.sh\n", i, i, i)
		}) + "USER app\nCMD [\"/b/x\"]\n"
	})},
	{"instructions-secret", dockerfile(func(n int) string {
		return fill(n, "FROM debian:12\n", func(i int) string {
			return fmt.Sprintf("ENV API_TOKEN_%d=ghp_%036d\nARG PASSWORD%d=hunter%d\n", i, i, i, i)
		})
	})},
	{"instructions-secret-alike", dockerfile(func(n int) string {
		return repeat(n, "FROM debian:12\n", "ENV PASSWORD=hunter2x\nRUN echo hunter2x\n")
	})},
	{"copy-sources", dockerfile(func(n int) string {
		return "FROM alpine:3.20\nCOPY" + fill(n, "", func(i int) string { return fmt.Sprintf(" f%d", i) }) + " /x/\nCMD [\"/x/start.sh\"]\n"
	})},
	{"copy-sources-json", dockerfile(func(n int) string {
		return "FROM alpine:3.20\nCOPY [" + fill(n, "\"a\"", func(i int) string { return fmt.Sprintf(",\"f%d\"", i) }) + ",\"/x/\"]\nCMD [\"/x/start.sh\"]\n"
	})},
	{"copy-flags", dockerfile(func(n int) string {
		return "FROM alpine:3.20\nCOPY" + fill(n, "", func(i int) string { return fmt.Sprintf(" --exclude=f%d", i) }) + " . /x/\n"
	})},
	{"run-mounts", dockerfile(func(n int) string {
		return "FROM alpine:3.20\nRUN" + fill(n, "", func(i int) string { return fmt.Sprintf(" --mount=type=secret,id=f%d", i) }) + " make\n"
	})},
	{"continuations", dockerfile(func(n int) string { return "FROM alpine:3.20\nRUN x" + strings.Repeat(" \\\n", n/3) + " y\n" })},
	{"continuation-comments", dockerfile(func(n int) string { return "FROM alpine:3.20\nRUN x \\\n" + strings.Repeat("# c\n", n/4) + " y\n" })},
	{"continuation-words", dockerfile(func(n int) string { return "FROM alpine:3.20\nRUN x" + strings.Repeat(" a \\\n", n/5) + " y\n" })},
	{"continuation-label", dockerfile(func(n int) string { return "FROM alpine:3.20\nLABEL" + strings.Repeat(" a=b \\\n", n/7) + " y=z\n" })},
	{"continuation-json", dockerfile(func(n int) string { return "FROM alpine:3.20\nCMD [\"x\"" + strings.Repeat(", \\\n\"a\"", n/8) + "]\n" })},
	{"comments", dockerfile(func(n int) string { return repeat(n, "FROM alpine:3.20\n", "# comment\n") })},
	{"blank-lines", dockerfile(func(n int) string { return repeat(n, "FROM alpine:3.20\n", "\n") + "RUN x\n" })},
	{"heredocs-many", dockerfile(func(n int) string { return repeat(n, "FROM alpine:3.20\n", "RUN <<A\nx\nA\n") })},
	{"heredocs-one-line", dockerfile(func(n int) string {
		k := n / 14
		head := fill(k*7, "RUN cat", func(i int) string { return fmt.Sprintf(" <<A%d", i) })
		body := ""
		var b strings.Builder
		for i := range strings.Count(head, "<<") {
			fmt.Fprintf(&b, "A%d\n", i)
		}
		body = b.String()
		return "FROM alpine:3.20\n" + head + "\n" + body
	})},
	{"heredoc-huge", dockerfile(func(n int) string { return "FROM alpine:3.20\nCOPY <<A /x\n" + repeat(n, "", "line of text\n") + "A\n" })},
	{"heredoc-huge-script", dockerfile(func(n int) string { return "FROM alpine:3.20\nRUN <<A\n" + repeat(n, "", "apk add x\n") + "A\n" })},
	{"heredoc-copied-script", dockerfile(func(n int) string {
		return "FROM alpine:3.20\nCOPY <<A /start.sh\n" + repeat(n, "#!/bin/sh\n", "apk add x\n") + "A\nENTRYPOINT [\"/start.sh\"]\n"
	})},
	{"line-long", dockerfile(func(n int) string { return "FROM alpine:3.20\nRUN echo " + strings.Repeat("x", n) + "\n" })},
	{"line-long-label", dockerfile(func(n int) string {
		return "FROM alpine:3.20\n" + repeat(n, "", "LABEL a="+strings.Repeat("x", 60_000)+"\n")
	})},
	{"lines-long", dockerfile(func(n int) string {
		return "FROM alpine:3.20\n" + repeat(n, "", "RUN apt-get install "+strings.Repeat("x ", 30_000)+"\n")
	})},
	{"errors", dockerfile(func(n int) string { return repeat(n, "FROM alpine:3.20\n", "NOPE x\n") })},
}
