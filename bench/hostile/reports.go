package hostile

import (
	"fmt"
	"strings"
)

// reports are files of which there is much to say.
var reports = []Kind{
	{"suppressions", dockerfile(func(n int) string { return repeat(n, "FROM alpine:3.20\n", "# dockworthy: allow non-root because x\n") })},
	{"suppressions-used", dockerfile(func(n int) string {
		return repeat(n, "FROM alpine\n", "# dockworthy: allow secrets because x\nENV PASSWORD=hunter2x\n")
	})},
	{"suppressions-times-findings", dockerfile(func(n int) string {
		return repeat(n/2, "FROM alpine\n", "# dockworthy: allow layer-cache because x\nRUN a\n") + repeat(n/2, "", "ENV PASSWORD=hunter2x\n")
	})},
	{"suppressions-head", dockerfile(func(n int) string {
		return repeat(n/2, "", "# dockworthy: allow non-root/final-user-root because x\n") + repeat(n/2, "FROM alpine\n", "RUN sudo a\n")
	})},
	{"suppressions-ids", dockerfile(func(n int) string {
		return "# dockworthy: allow " + strings.Repeat("non-root, ", n/10) + "secrets because x\nFROM alpine\nENV PASSWORD=hunter2x\n"
	})},
	{"suppressions-inside", dockerfile(func(n int) string {
		return "FROM alpine\nRUN a \\\n" + repeat(n, "", "# dockworthy: allow non-root because x\n && sudo x \\\n") + " && y\n"
	})},
	{"findings-sudo", dockerfile(func(n int) string { return repeat(n, "FROM alpine\n", "RUN sudo a\n") })},
	{"findings-add", dockerfile(func(n int) string { return repeat(n, "FROM alpine\n", "ADD https://x/a.tar.gz /a\n") })},
	{"findings-from", dockerfile(func(n int) string { return repeat(n, "", "FROM alpine\n") })},
	{"findings-from-named", dockerfile(func(n int) string {
		return fill(n, "", func(i int) string { return fmt.Sprintf("FROM alpine AS a%d\nUSER root\n", i) })
	})},
	{"findings-copy-from-image", dockerfile(func(n int) string { return repeat(n, "FROM alpine\n", "COPY --from=nginx /a /b\n") })},
	{"findings-secrets", dockerfile(func(n int) string {
		return fill(n, "FROM alpine\n", func(i int) string { return fmt.Sprintf("ENV PASSWORD%d=hunter%dx\n", i, i) })
	})},
	{"findings-secrets-one-line", dockerfile(func(n int) string {
		return "FROM alpine\nENV" + fill(n, "", func(i int) string { return fmt.Sprintf(" PASSWORD%d=hunter%dx", i, i) }) + "\n"
	})},
	{"findings-secrets-one-run", run(func(n int) string {
		return numbered(n, next, func(i int) string { return fmt.Sprintf("export PASSWORD%d=hunter%dx", i, i) })
	})},
	{"findings-secrets-keys", dockerfile(func(n int) string {
		return "FROM alpine\nRUN <<END\n" + repeat(n, "", "echo '-----BEGIN RSA PRIVATE KEY-----'\n") + "END\n"
	})},
	{"findings-one-run", run(func(n int) string { return joined(n, "sudo apt-get install x", next) })},
	{"findings-one-run-chmod", run(func(n int) string { return joined(n, "chmod 777 /a && chown root /b", next) })},
	{"findings-pip", dockerfile(func(n int) string {
		return repeat(n, "FROM python\nCOPY . .\n", "RUN pip install -r requirements.txt\n")
	})},
	{"findings-apt", dockerfile(func(n int) string {
		return repeat(n, "FROM debian\n", "RUN apt-get update\nRUN apt-get install -y gcc make\n")
	})},
	{"findings-related", dockerfile(func(n int) string {
		return repeat(n/2, "FROM debian\n", "COPY id_rsa /a\n") + repeat(n/2, "", "RUN rm /a\n")
	})},
	{"findings-related-own", dockerfile(func(n int) string {
		return fill(n, "FROM debian\n", func(i int) string { return fmt.Sprintf("COPY f%d /f%d\nRUN chown a /f%d && rm -rf /f%d\n", i, i, i, i) })
	})},
	{"findings-long-line", dockerfile(func(n int) string {
		// Each finding's line is long.
		return "FROM alpine\n" + repeat(n, "", "RUN sudo "+strings.Repeat("x ", 30_000)+"; sudo a; sudo b; sudo c\n")
	})},
	{"findings-one-line", run(func(n int) string { return joined(min(n, 60_000), "sudo a", ";") })},
	{"findings-tall", run(func(n int) string { return "sudo a \\\n" + strings.Repeat(" x \\\n", n/5) + " y" })},
	{"secrets-files", func(n int) Files {
		// Each file has a secret of its own.
		f := Files{}
		for i := range f.until(n, none) {
			f[fmt.Sprintf("d%d/Dockerfile", i)] = fmt.Appendf(nil, "FROM alpine\nENV API_TOKEN=k9Qz%08dXw7Lm2Rt\n", i*7919)
		}
		return f
	}},
	{"secrets-tokens", dockerfile(func(n int) string {
		return fill(n, "FROM alpine\n", func(i int) string {
			return fmt.Sprintf("RUN curl -H 'Authorization: Bearer k9Qz%08dXw7Lm2Rt' https://x/\n", i*7919)
		})
	})},
	{"secrets-compose-files", func(n int) Files {
		f := Files{}
		for i := range f.until(n, none) {
			f[fmt.Sprintf("d%d/compose.yaml", i)] = fmt.Appendf(nil, "services: {a: {image: x, environment: {API_TOKEN: k9Qz%08dXw7Lm2Rt}}}\n", i*7919)
		}
		return f
	}},
	{"secrets-key-heads", dockerfile(func(n int) string { return repeat(n, "FROM alpine\n", "RUN echo '-----BEGIN RSA PRIVATE KEY-----'\n") })},
	{"findings-dockerfiles", func(n int) Files {
		f := Files{}
		for i := range f.until(n, none) {
			f[fmt.Sprintf("d%d/Dockerfile", i)] = []byte("FROM python\nCOPY . .\nENV PASSWORD=hunter2x\nRUN sudo pip install -r requirements.txt\nRUN apt-get install gcc\n")
		}
		return f
	}},
	{"findings-targets", func(n int) Files {
		df := repeat(n/2, "FROM alpine AS a\n", "RUN sudo x\n") + "FROM a AS t0\nFROM a AS t1\nFROM a AS t2\nFROM a AS t3\nFROM a AS t4\nFROM a AS t5\nFROM a AS t6\nFROM a AS t7\nFROM a AS t8\nFROM a AS t9\n"
		return Files{"Dockerfile": []byte(df), "compose.yaml": []byte(fill(n/2, "services:\n", func(i int) string { return fmt.Sprintf("  a%d: {build: {context: ., target: t%d}}\n", i, i%10) }))}
	}},
	{"findings-targets-many", func(n int) Files {
		return Files{
			"Dockerfile":   []byte(fill(n/2, "FROM alpine\n", func(i int) string { return fmt.Sprintf("FROM alpine AS t%d\nRUN sudo x\n", i) })),
			"compose.yaml": []byte(fill(n/2, "services:\n", func(i int) string { return fmt.Sprintf("  a%d: {build: {context: ., target: t%d}}\n", i, i) })),
		}
	}},
	{"binary", func(n int) Files {
		return Files{"Dockerfile": []byte("FROM alpine\n" + strings.Repeat("\x00\xff\x01", n/3) + "\n")}
	}},
	{"unicode", dockerfile(func(n int) string { return repeat(n, "FROM alpine\n", "RUN sudo \u202e é 世界 \u0301\n") })},
	{"carriage-returns", dockerfile(func(n int) string { return repeat(n, "FROM alpine\r\n", "RUN sudo a\r\n") })},
}
