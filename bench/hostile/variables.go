package hostile

import (
	"fmt"
	"strings"
)

// variables grow by being expanded.
var variables = []Kind{
	{"dotenv-doubling", func(n int) Files {
		return Files{"Dockerfile": []byte(plain), ".env": []byte(repeat(n, "A=xxxxxxxxxxxxxxxx\n", "A=$A$A\n")), "compose.yaml": []byte("services: {a: {image: x}}\n")}
	}},
	{"dotenv-doubling-default", func(n int) Files {
		return Files{"Dockerfile": []byte(plain), ".env": []byte(repeat(n, "A=xxxxxxxxxxxxxxxx\n", "A=${B:-$A$A}${A:+$A}\n")), "compose.yaml": []byte("services: {a: {image: x, build: {context: ., args: {A: '${A}'}}}}\n")}
	}},
	{"dotenv-names", func(n int) Files {
		return Files{"Dockerfile": []byte(plain), ".env": []byte(fill(n, "A=xxxxxxxxxxxxxxxx\n", func(i int) string { return fmt.Sprintf("B%d=${A}$B%d\n", i, i-1) })), "compose.yaml": []byte("services: {a: {image: x}}\n")}
	}},
	{"dotenv-open-quotes", func(n int) Files {
		return Files{"Dockerfile": []byte(plain), ".env": []byte(repeat(n, "", "A=\"\nB='\n\\\"\n")), "compose.yaml": []byte("services: {a: {image: x}}\n")}
	}},
	{"dotenv-one-quote", func(n int) Files {
		return Files{"Dockerfile": []byte(plain), ".env": []byte(repeat(n, "A=\"\n", "x\n")), "compose.yaml": []byte("services: {a: {image: x}}\n")}
	}},
	{"dotenv-many-services", func(n int) Files {
		// One .env beside many Compose files.
		f := Files{"Dockerfile": []byte(plain), ".env": []byte(repeat(n/2, "", "A=$A$A\nLONG=value\n"))}
		for i := range f.until(n, none) {
			f[fmt.Sprintf("compose.%d.yaml", i)] = []byte("services: {a: {image: x}}\n")
		}
		return f
	}},
	{"dotenv-wide", func(n int) Files {
		return Files{"Dockerfile": []byte(plain), ".env": []byte("A=" + strings.Repeat("x", n/2) + "\n"), "compose.yaml": []byte(repeat(n/2, "services:\n  a:\n    image: x\n    environment:\n", "      - $A$A$A$A$A$A\n"))}
	}},
	{"compose-interpolation-nested", beside("compose.yaml", func(n int) string {
		return "services:\n  a:\n    image: \"" + nest(n, "${X:-", "y", "}") + "\"\n"
	})},
	{"compose-interpolation-open", beside("compose.yaml", func(n int) string {
		return "services:\n  a:\n    image: \"" + strings.Repeat("${X:-", n/6) + "\"\n"
	})},
	{"compose-interpolation-long", beside("compose.yaml", func(n int) string {
		return "services:\n  a:\n    image: \"" + strings.Repeat("${X:-a}$Y", n/9) + "\"\n"
	})},
	{"compose-interpolation-many", beside("compose.yaml", func(n int) string {
		return fill(n, "services:\n  a:\n    image: x\n    environment:\n", func(i int) string { return fmt.Sprintf("      A%d: ${A%d:-${B:-${C:-x}}}\n", i, i-1) })
	})},
	{"env-doubling", dockerfile(func(n int) string { return repeat(n, "FROM alpine:3.20\nENV A=xxxxxxxxxxxxxxxx\n", "ENV A=$A$A\n") })},
	{"env-doubling-names", dockerfile(func(n int) string {
		return fill(n, "FROM alpine:3.20\nENV A0=xxxxxxxxxxxxxxxx\n", func(i int) string { return fmt.Sprintf("ENV A%d=$A%d$A%d\n", i+1, i, i) })
	})},
	{"env-doubling-default", dockerfile(func(n int) string {
		return repeat(n, "FROM alpine:3.20\nENV A=xxxxxxxxxxxxxxxx\n", "ENV A=${B:-$A$A}\n")
	})},
	{"arg-doubling", dockerfile(func(n int) string { return repeat(n, "ARG A=xxxxxxxxxxxxxxxx\n", "ARG A=$A$A\n") + "FROM alpine:$A\n" })},
	{"env-one-line", dockerfile(func(n int) string {
		return "FROM alpine:3.20\nENV A=1\nENV" + fill(n, "", func(i int) string { return fmt.Sprintf(" A%d=$A%d", i, i-1) }) + "\n"
	})},
	{"env-one-instruction", dockerfile(func(n int) string {
		return wrapped(n, "FROM alpine:3.20\nENV A=1", func(i int) string { return fmt.Sprintf("K%d=v", i) })
	})},
	{"env-one-instruction-secrets", dockerfile(func(n int) string {
		return wrapped(n, "FROM alpine:3.20\nENV A=1", func(i int) string { return fmt.Sprintf("P%d_PASSWORD=aB3xY9zQ%d", i, i) })
	})},
	{"label-one-instruction", dockerfile(func(n int) string {
		return wrapped(n, "FROM alpine:3.20\nLABEL a=1", func(i int) string { return fmt.Sprintf("k%d=v", i) })
	})},
	{"copy-one-instruction", dockerfile(func(n int) string {
		return wrapped(n, "FROM alpine:3.20\nCOPY", func(int) string { return "a" }) + " \\\n /x/\n"
	})},
	{"env-then-all", dockerfile(func(n int) string {
		half := fill(n/2, "FROM alpine:3.20\n", func(i int) string { return fmt.Sprintf("ENV A%d=x\n", i) })
		return half + fill(n/2, "", func(i int) string { return fmt.Sprintf("LABEL l%d=$A%d\n", i, i) })
	})},
	{"env-then-word", dockerfile(func(n int) string {
		half := fill(n/2, "FROM alpine:3.20\n", func(i int) string { return fmt.Sprintf("ENV A%d=x\n", i) })
		return half + "COPY " + fill(n/2, "", func(i int) string { return fmt.Sprintf("$A%d", i) }) + " /x\n"
	})},
	{"env-then-unset", dockerfile(func(n int) string {
		half := fill(n/2, "FROM alpine:3.20\n", func(i int) string { return fmt.Sprintf("ENV A%d=x\n", i) })
		return half + fill(n/2, "", func(i int) string { return "USER $NONE\nRUN echo $NONE $A0\n" })
	})},
	{"env-nested-default", dockerfile(func(n int) string { return "FROM alpine:3.20\nENV A=" + nest(min(n, 60_000), "${X:-", "y", "}") + "\n" })},
	{"env-nested-many", dockerfile(func(n int) string {
		return repeat(n, "FROM alpine:3.20\n", "ENV A="+nest(6000, "${X:-", "y", "}")+"\n")
	})},
	{"env-pattern", dockerfile(func(n int) string {
		return repeat(n, "FROM alpine:3.20\nENV A="+strings.Repeat("a", 8000)+"\n", "ENV B=${A##*a*a*a*a*a*b}${A//a*a*b/c}\n")
	})},
	{"env-pattern-long", dockerfile(func(n int) string {
		return repeat(n, "FROM alpine:3.20\nENV A="+strings.Repeat("a", 8000)+"\n", "ENV B=${A%%"+strings.Repeat("*a", 3000)+"b}\n")
	})},
	{"env-replace-grow", dockerfile(func(n int) string {
		return repeat(n, "FROM alpine:3.20\nENV A=aaaaaaaaaaaaaaaa\n", "ENV A=${A//a/aaaaaaaa}\nENV C=${B:-${A//a/$A}}\n")
	})},
	{"env-word-long", dockerfile(func(n int) string {
		return repeat(n, "FROM alpine:3.20\nENV A="+strings.Repeat("a", 8000)+"\n", "ENV B=\"$A$A$A$A$A$A$A$A$A$A$A$A$A$A$A$A$A$A$A$A$A$A$A$A\"\nLABEL a=$A$A$A$A$A$A$A$A$A$A$A$A$A$A$A$A$A$A$A$A$A$A\n")
	})},
	{"env-user-long", dockerfile(func(n int) string {
		return repeat(n, "FROM alpine:3.20\nENV A="+strings.Repeat("a", 8000)+"\n", "USER $A$A$A$A$A$A$A$A$A$A$A$A$A$A$A$A$A$A$A$A$A$A\nEXPOSE $A$A$A$A$A$A$A$A$A$A$A$A\nCOPY $A$A$A$A$A$A$A$A$A $A$A$A$A$A$A$A/\n")
	})},
	{"workdir-relative", dockerfile(func(n int) string { return repeat(n, "FROM alpine:3.20\nWORKDIR /a\n", "WORKDIR a\n") })},
	{"workdir-long", dockerfile(func(n int) string {
		return repeat(n, "FROM alpine:3.20\nWORKDIR /a\n", "WORKDIR a\nCOPY x y\n")
	})},
	{"expose-many", dockerfile(func(n int) string { return repeat(n, "FROM alpine:3.20\n", "EXPOSE 1 2 3\n") })},
	{"expose-range", dockerfile(func(n int) string { return repeat(n, "FROM alpine:3.20\n", "EXPOSE 1-65535/tcp\n") })},
}
