package hostile

import (
	"fmt"
	"strings"
)

// joined is a program of one line after another, joined by a connector.
func joined(n int, line, by string) string {
	return strings.Repeat(line+by, max(1, n/(len(line)+len(by)))) + line
}

// numbered is joined where each line has its number.
func numbered(n int, by string, line func(i int) string) string {
	b := book{size: n}
	for i := 0; b.more(); i++ {
		if i > 0 {
			b.WriteString(by)
		}
		b.WriteString(line(i))
	}
	return b.String()
}

const next = " && \\\n "

// programs are shell programs, in RUN, in here-documents and in start scripts.
var programs = []Kind{
	{"run-cd", run(func(n int) string { return joined(n, "cd a", " && \\\n") })},
	{"run-cd-heredoc", heredoc(func(n int) string { return joined(n, "cd a", "\n") })},
	{"run-cd-script", script(func(n int) string { return joined(n, "cd a", "\n") })},
	{"run-cd-back", run(func(n int) string { return joined(n, "cd a && cd -", " && \\\n") })},
	{"run-cd-files", run(func(n int) string { return joined(n, "cd a && touch b", " && \\\n") })},
	{"run-pushd", run(func(n int) string { return joined(n, "pushd a", " && \\\n") + " && " + joined(n/4, "popd", ";") })},
	{"run-eval", run(func(n int) string { return joined(n, "eval", " \\\n") + " x" })},
	{"run-eval-line", heredoc(func(n int) string { return joined(min(n, 60_000), "eval", " ") + " x\n" + joined(n, "eval x", "\n") })},
	{"run-eval-quoted", run(func(n int) string { return joined(n, "eval 'eval \"eval x y z\"'", next) })},
	{"run-eval-growing", run(func(n int) string { return "A=x" + next + joined(n, "A=\"$A;$A\" && eval \"$A\"", next) })},
	{"run-sh-c", run(func(n int) string { return joined(n, "sh -c 'sh -c \"sh -c x\"'", next) })},
	{"run-sh-c-words", run(func(n int) string { return joined(n, "sh -c", " \\\n") + " x" })},
	{"run-wrappers", run(func(n int) string { return joined(n, "env", " \\\n") + " x" })},
	{"run-wrappers-mixed", run(func(n int) string {
		return joined(n, "exec env A=b nice nohup timeout 5 sudo -u a xargs -n 1 time", " \\\n") + " x"
	})},
	{"run-xargs", run(func(n int) string { return joined(n, "echo a b c | xargs -n1 sh -c 'rm $0'", next) })},
	{"run-xargs-find", run(func(n int) string { return joined(n, "find . -name x -exec rm {} +", next) })},
	{"run-find-exec-nested", run(func(n int) string { return joined(n, "find . -exec", " \\\n") + " x" })},
	{"run-subshells", run(func(n int) string { return joined(n, "(cd a; x)", next) })},
	{"run-subshells-nested", run(func(n int) string {
		return nest(min(n, 3000), "( ", "x", " )") + next + joined(n, nest(400, "( ", "x", " )"), next)
	})},
	{"run-braces-nested", run(func(n int) string { return joined(n, nest(400, "{ ", "x", "; }"), next) })},
	{"run-substitutions", run(func(n int) string { return joined(n, "a $(b $(c $(d)))", next) })},
	{"run-substitutions-nested", run(func(n int) string { return joined(n, nest(1000, "$(", "x", ")"), next) })},
	{"run-substitutions-assigned", run(func(n int) string { return joined(n, "A=$(echo $A$(echo $A))", next) })},
	{"run-backticks", run(func(n int) string { return joined(n, "a `b c`", next) })},
	{"run-substitution-default", run(func(n int) string { return joined(n, nest(700, "${X:-$(a ", "x", ")}"), next) })},
	{"run-if-nested", heredoc(func(n int) string { return joined(n, nest(800, "if a; then\n", "b", "\nfi\n"), "\n") })},
	{"run-if-deep-vars", heredoc(func(n int) string {
		return joined(n, nest(3000, "if a; then A=$B; B=$A$A; cd x\n", "b", "\nelse B=$C; fi\n"), "\n")
	})},
	{"run-elif", heredoc(func(n int) string { return "if a; then b\n" + repeat(n, "", "elif a; then A=$A; cd x\n") + "fi\n" })},
	{"run-elif-names", heredoc(func(n int) string {
		return "if a; then b\n" + fill(n, "", func(i int) string { return fmt.Sprintf("elif a; then A%d=x\n", i) }) + "fi\n"
	})},
	{"run-case", heredoc(func(n int) string { return "case $A in\n" + repeat(n, "", "a*b*c*|d*) X=$X; x;;\n") + "esac\n" })},
	{"run-case-names", heredoc(func(n int) string {
		return "case $A in\n" + fill(n, "", func(i int) string { return fmt.Sprintf("a%d) A%d=x; exit 1;;\n", i, i) }) + "esac\n"
	})},
	{"run-case-known", heredoc(func(n int) string {
		return "A=" + strings.Repeat("a", min(n/4, 60_000)) + "\ncase $A in\n" + repeat(n/2, "", "*a*a*a*b) x;;\n") + "esac\n"
	})},
	{"run-case-patterns", heredoc(func(n int) string {
		return "A=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\ncase $A in\n" + joined(n/2, "*a*a*a*a*b", "|") + ") x;;\nesac\n"
	})},
	{"run-case-empty-arms", heredoc(func(n int) string {
		return joined(n, "case $A in\na) B=1;;\nb) B=2;;\nc) B=3; exit;;\nesac", "\n")
	})},
	{"run-for", heredoc(func(n int) string {
		return joined(n, "for i in a b c; do for j in d e f; do x $i $j; done; done", "\n")
	})},
	{"run-for-nested", heredoc(func(n int) string { return joined(n, nest(500, "for i in a b c; do ", "x $i", "; done"), "\n") })},
	{"run-for-nested-names", heredoc(func(n int) string {
		var open, end strings.Builder
		for i := range 40 {
			fmt.Fprintf(&open, "for i%d in a b c d; do ", i)
			end.WriteString("; done")
		}
		return joined(n, open.String()+"x $i0 $i1 $i2 $i3 $i4 $i5 $i6 $i7 $i8 $i9 $i10 $i11"+end.String(), "\n")
	})},
	{"run-for-long", heredoc(func(n int) string {
		return joined(n, "for i in "+strings.Repeat("a ", 64)+"; do x $i; y $i; z $i; done", "\n")
	})},
	{"run-for-words", heredoc(func(n int) string { return "for i in " + strings.Repeat("a ", n/2) + "; do x $i; done\n" })},
	{"run-for-body", heredoc(func(n int) string {
		return "for i in " + strings.Repeat("a ", 64) + "; do " + joined(n, "rm $i", "\n") + "; done\n"
	})},
	{"run-for-doubling", heredoc(func(n int) string { return "A=x\n" + joined(n, "for i in 1 2 3 4; do A=$A$A; x $A; done", "\n") })},
	{"run-for-list-doubling", heredoc(func(n int) string { return "A='x y'\n" + joined(n, "A=\"$A $A\"; for i in $A; do x $i; done", "\n") })},
	{"run-while", heredoc(func(n int) string { return joined(n, "while read a; do A=$A$a; x $A; done", "\n") })},
	{"run-while-nested", heredoc(func(n int) string { return joined(n, nest(600, "while a; do ", "x", "; done"), "\n") })},
	{"run-while-body-nested", heredoc(func(n int) string { return nest(n, "while a; do\nA=x; cd y\n", "x", "\ndone\n") })},
	{"run-while-deep-vars", heredoc(func(n int) string {
		return joined(n, nest(3000, "while a; do A=$B; B=$C\n", "x $A", "\ndone\n"), "\n")
	})},
	{"run-functions", heredoc(func(n int) string {
		// Each calls the one before it twice.
		return fill(n, "f0() { x; }\n", func(i int) string { return fmt.Sprintf("f%d() { f%d; f%d; }\n", i+1, i, i) }) + "f20\nf11\nf10\n"
	})},
	{"run-functions-many-calls", heredoc(func(n int) string {
		return fill(n/2, "f0() { x $1; }\n", func(i int) string { return fmt.Sprintf("f%d() { f%d $1 $1; }\n", i+1, i) }) + fill(n/2, "", func(i int) string { return fmt.Sprintf("f%d a b\n", i) })
	})},
	{"run-functions-one", heredoc(func(n int) string { return "f() {\n" + joined(n/2, "x $1", "\n") + "\n}\n" + joined(n/2, "f a", "\n") })},
	{"run-functions-recursive", heredoc(func(n int) string { return joined(n, "f() { f; g; f; }\ng() { g; f; g; }\nf", "\n") })},
	{"run-functions-locals", heredoc(func(n int) string { return "f() { local A=$A$A; g $A; }\ng() { f $A$A; }\n" + joined(n, "f x", "\n") })},
	{"run-traps", heredoc(func(n int) string { return joined(n, "trap 'rm a; exit' EXIT", "\n") })},
	{"run-aliases", heredoc(func(n int) string { return joined(n, "alias a='b a b'\na x", "\n") })},
	{"run-braces", run(func(n int) string { return joined(n, "x {a,b}{c,d}{e,f}{g,h}", next) })},
	{"run-braces-expand", heredoc(func(n int) string {
		return joined(n, "x {a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}", "\n")
	})},
	{"run-braces-range", heredoc(func(n int) string { return joined(n, "x {1..4000}", "\n") })},
	{"run-braces-bash", dockerfile(func(n int) string {
		return "FROM alpine:3.20\nSHELL [\"/bin/bash\", \"-c\"]\nRUN <<END\n" + joined(n, "x {1..4000}{1..4000} {a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}", "\n") + "\nEND\n"
	})},
	{"run-braces-nested-bash", dockerfile(func(n int) string {
		return "FROM alpine:3.20\nSHELL [\"/bin/bash\", \"-c\"]\nRUN <<END\n" + joined(n, "x "+nest(300, "{a,", "b", "}"), "\n") + "\nEND\n"
	})},
	{"run-variables-doubling", heredoc(func(n int) string { return "A=xxxxxxxxxxxxxxxx\n" + joined(n, "A=$A$A; x $A", "\n") })},
	{"run-variables-doubling-and", run(func(n int) string { return "A=xxxxxxxxxxxxxxxx" + next + joined(n, "A=$A$A", next) })},
	{"run-variables-wide", heredoc(func(n int) string { return "A=" + strings.Repeat("x ", 30_000) + "\n" + joined(n, "x $A", "\n") })},
	{"run-variables-wide-env", dockerfile(func(n int) string {
		return "FROM alpine:3.20\nENV A=" + strings.Repeat("x", 8000) + "\nRUN <<END\n" + joined(n, "x $A", "\n") + "\nEND\n"
	})},
	{"run-variables-wide-runs", dockerfile(func(n int) string {
		return "FROM alpine:3.20\nENV A=" + strings.Repeat("x", 8000) + "\n" + joined(n, "RUN x \"$A$A$A$A$A$A$A$A\" $A$A$A$A$A$A$A", "\n") + "\n"
	})},
	{"run-variables-wide-fields", dockerfile(func(n int) string {
		return "FROM alpine:3.20\nENV A=\"" + strings.Repeat("x ", 4000) + "\"\n" + joined(n, "RUN apt-get install $A$A$A$A$A$A$A", "\n") + "\n"
	})},
	{"run-variables-names", run(func(n int) string {
		return numbered(n, next, func(i int) string { return fmt.Sprintf("A%d=$A%d", i, i-1) })
	})},
	{"run-variables-unset", dockerfile(func(n int) string {
		return fill(n/2, "FROM alpine:3.20\n", func(i int) string { return fmt.Sprintf("ENV A%d=x\n", i) }) + "RUN " + numbered(n/2, next, func(i int) string { return fmt.Sprintf("x $B%d", i) }) + "\n"
	})},
	{"run-variables-env", dockerfile(func(n int) string {
		return fill(n/2, "FROM alpine:3.20\n", func(i int) string { return fmt.Sprintf("ENV A%d=x\n", i) }) + fill(n/2, "", func(i int) string { return "RUN x $A0 $PATH\n" })
	})},
	{"run-variables-pattern", heredoc(func(n int) string {
		return "A=" + strings.Repeat("a", min(60_000, n)) + "\n" + joined(n, "x ${A##*a*a*b}", "\n")
	})},
	{"run-variables-pattern-long", heredoc(func(n int) string {
		return "A=" + strings.Repeat("a", 20_000) + "\n" + joined(n, "x ${A%%"+strings.Repeat("*a", 2000)+"b}", "\n")
	})},
	{"run-variables-replace", heredoc(func(n int) string {
		return "A=aaaaaaaaaaaaaaaaaaaaaa\n" + joined(n, "A=${A/a/aaaa}; x ${A//a/bbbb}", "\n")
	})},
	{"run-variables-nested", heredoc(func(n int) string { return joined(n, "x "+nest(600, "${X:-", "y", "}"), "\n") })},
	{"run-variables-nested-deep", heredoc(func(n int) string { return "x " + nest(n, "${X:-", "y", "}") + "\n" })},
	{"run-variables-upper", heredoc(func(n int) string {
		return "A=" + strings.Repeat("a", 60_000) + "\n" + joined(n, "x ${A^^} ${#A} ${A:1}", "\n")
	})},
	{"run-arrays", heredoc(func(n int) string {
		return "a=(1 2 3)\n" + joined(n, "a=(\"${a[@]}\" \"${a[@]}\"); x \"${a[@]}\"", "\n")
	})},
	{"run-arrays-append", heredoc(func(n int) string { return joined(n, "a+=(x)\nb+=x", "\n") })},
	{"run-array-long", heredoc(func(n int) string {
		return "a=(" + strings.Repeat("x ", n/2) + ")\nfor i in \"${a[@]}\"; do y $i; done"
	})},
	{"run-params", heredoc(func(n int) string { return joined(n, "set -- \"$@\" \"$@\" a; x \"$@\"", "\n") })},
	{"run-params-long", heredoc(func(n int) string {
		return "set -- " + strings.Repeat("x ", 4000) + "\n" + joined(n, "x \"$@\"; y $*; shift", "\n")
	})},
	{"run-arithmetic", heredoc(func(n int) string { return joined(n, "x $((A + 1 + (2 * 3) + $(echo 3)))", "\n") })},
	{"run-arithmetic-nested", heredoc(func(n int) string { return joined(n, "x $(("+nest(800, "(", "1", ")")+"))", "\n") })},
	{"run-arithmetic-long", heredoc(func(n int) string { return joined(n, "x $((1"+strings.Repeat("+1", 4000)+"))", "\n") })},
	{"run-arithmetic-c", heredoc(func(n int) string { return joined(n, "for ((i=0;i<9;i++)); do x $i; done; ((A++)); let B=1", "\n") })},
	{"run-tests", heredoc(func(n int) string { return joined(n, "[ -f a ] && [ -n \"$A\" -o x = y ] || test -d b", "\n") })},
	{"run-tests-long", heredoc(func(n int) string { return "[ " + joined(n, "-f a", " -o ") + " ]\n" })},
	{"run-tests-nested", heredoc(func(n int) string {
		return "[ " + strings.Repeat("! ( ", n/9) + "a" + strings.Repeat(" )", n/9) + " ]\n"
	})},
	{"run-tests-bash", heredoc(func(n int) string { return joined(n, "[[ "+nest(600, "( ", "-f a", " )")+" && $A == b* ]]", "\n") })},
	{"run-and", run(func(n int) string { return joined(n, "a", next) })},
	{"run-or", run(func(n int) string { return joined(n, "a", " || \\\n ") })},
	{"run-or-true", run(func(n int) string { return joined(n, "a || true", next) })},
	{"run-or-echo", run(func(n int) string { return joined(n, "a || echo x", " || \\\n") })},
	{"run-or-exit", run(func(n int) string { return joined(n, "a || exit 1", next) })},
	{"run-test-or", run(func(n int) string { return joined(n, "[ -f a ] || b", " && ") })},
	{"run-test-and", run(func(n int) string { return joined(n, "[ -f a ]", " && ") })},
	{"run-test-chain-ends", script(func(n int) string { return joined(n, "[ -f a ] && b", " || ") })},
	{"run-semicolons", run(func(n int) string { return joined(n, "a", "; \\\n") })},
	{"run-pipes", run(func(n int) string { return joined(n, "a", " | \\\n") })},
	{"run-background", run(func(n int) string { return joined(n, "a &", " \\\n") })},
	{"run-redirects", run(func(n int) string { return "x" + strings.Repeat(" > /a 2>&1", n/10) })},
	{"run-negations", run(func(n int) string { return joined(n, "! a", next) })},
	{"run-assigns", run(func(n int) string { return fill(n, "", func(i int) string { return fmt.Sprintf("A%d=b ", i) }) + "x" })},
	{"run-exports", heredoc(func(n int) string {
		return "export" + fill(n, "", func(i int) string { return fmt.Sprintf(" A%d=b", i) })
	})},
	{"run-words", run(func(n int) string { return "apt-get install" + strings.Repeat(" x", n/2) })},
	{"run-words-names", run(func(n int) string {
		return "apt-get install -y" + fill(n, "", func(i int) string { return fmt.Sprintf(" pkg%d", i) })
	})},
	{"run-words-options", run(func(n int) string { return "pip install" + strings.Repeat(" -r a.txt", n/9) })},
	{"run-options", run(func(n int) string { return "apt-get install" + strings.Repeat(" -o a", n/5) + " x" })},
	{"run-quotes", run(func(n int) string { return "x " + strings.Repeat("'a'\"b\"", n/6) })},
	{"run-quoted-long", run(func(n int) string { return "x '" + strings.Repeat("a b\\\n", n/5) + "'" })},
	{"run-escapes", run(func(n int) string { return "x " + strings.Repeat("\\a", n/2) })},
	{"run-dollars", run(func(n int) string { return "x " + strings.Repeat("$", n) })},
	{"run-dollar-names", run(func(n int) string { return "x " + strings.Repeat("$A", n/2) })},
	{"run-dollar-names-apart", run(func(n int) string { return "x " + strings.Repeat("$A ", n/3) })},
	{"run-globs", run(func(n int) string { return "rm " + strings.Repeat("*?[a]", n/5) })},
	{"run-equals", run(func(n int) string { return strings.Repeat("a=", n/2) })},
	{"run-parens", run(func(n int) string { return strings.Repeat("(", n) })},
	{"run-open-quote", run(func(n int) string { return "x '" + strings.Repeat("a ", n/2) })},
	{"run-open-substs", run(func(n int) string { return "x " + strings.Repeat("$(", n/2) })},
	{"run-open-braces", run(func(n int) string { return "x " + strings.Repeat("${a", n/3) })},
	{"run-open-heredocs", heredoc(func(n int) string { return joined(n, "cat <<A", "\n") })},
	{"run-inner-heredocs", heredoc(func(n int) string { return joined(n, "cat <<A > /f\nx $B\nA", "\n") })},
	{"run-inner-heredoc-huge", heredoc(func(n int) string { return "cat <<A > /f\n" + joined(n, "x $B $(c)", "\n") + "\nA" })},
	{"run-pip", run(func(n int) string { return joined(n, "pip install a", next) })},
	{"run-apt", run(func(n int) string { return joined(n, "apt-get install a", next) })},
	{"run-apt-remove", run(func(n int) string {
		return numbered(n, next, func(i int) string { return fmt.Sprintf("apt-get install a%d && apt-get purge a%d", i, i) })
	})},
	{"run-apt-marks", run(func(n int) string {
		return numbered(n, next, func(i int) string {
			return fmt.Sprintf("apt-mark auto a%d && apt-get install a%d && apt-get autoremove", i, i)
		})
	})},
	{"run-apk-virtual", run(func(n int) string {
		return numbered(n, next, func(i int) string { return fmt.Sprintf("apk add -t .v%d a && apk del .v%d", i, i) })
	})},
	{"run-users", run(func(n int) string {
		return numbered(n, next, func(i int) string { return fmt.Sprintf("adduser -D u%d", i) })
	})},
	{"run-users-usermod", run(func(n int) string {
		return numbered(n, next, func(i int) string { return fmt.Sprintf("useradd u%d && usermod -u %d u%d && groupadd g%d", i, i, i, i) })
	})},
	{"run-passwd-lines", run(func(n int) string { return joined(n, "echo 'a:x:1:1::/:/bin/sh' >> /etc/passwd", next) })},
	{"run-files", run(func(n int) string {
		return numbered(n, next, func(i int) string { return fmt.Sprintf("touch /a/f%d && chmod 777 /a/f%d && rm /a/f%d", i, i, i) })
	})},
	{"run-files-copy", run(func(n int) string {
		return numbered(n, next, func(i int) string { return fmt.Sprintf("cp /a/f%d /a/f%d && mv /a/f%d /b", i, i+1, i+1) })
	})},
	{"run-fetches", run(func(n int) string {
		return numbered(n, next, func(i int) string {
			return fmt.Sprintf("curl -o /a%d https://x/a%d && tar xf /a%d && rm /a%d", i, i, i, i)
		})
	})},
	{"run-python", run(func(n int) string { return joined(n, "python -c 'import os; os.system(\"pip install x\")'", next) })},
	{"run-python-long", run(func(n int) string { return "python -c '" + joined(n, "import os", "; ") + "'" })},
	{"run-venvs", run(func(n int) string {
		return numbered(n, next, func(i int) string {
			return fmt.Sprintf("python -m venv /v%d && /v%d/bin/pip install x && . /v%d/bin/activate", i, i, i)
		})
	})},
	{"run-npx", run(func(n int) string { return joined(n, "npx", " \\\n") + " x" })},
	{"run-npm-scripts", func(n int) Files {
		return Files{
			"Dockerfile":   []byte("FROM node:20\nCOPY package.json .\nRUN " + joined(n/2, "npm run build", next) + "\nCMD [\"npm\",\"start\"]\n"),
			"package.json": []byte("{\"scripts\":{" + numbered(n/2, ",", func(i int) string { return fmt.Sprintf("\"s%d\":\"npm run s%d && npm run s%d\"", i, i+1, i+1) }) + ",\"start\":\"npm run s0\",\"build\":\"npm run s1\"}}"),
		}
	}},
	{"run-mix-do", run(func(n int) string { return "mix do" + strings.Repeat(" do", n/3) })},
	{"run-secrets", run(func(n int) string {
		return joined(n, "export TOKEN=ghp_abcdefghijklmnopqrstuvwxyz0123456789 && curl -H \"Authorization: Bearer $TOKEN\" https://user:pw@x/", next)
	})},
	{"run-secret-word", run(func(n int) string { return "echo " + strings.Repeat("ghp_abcdefghijklmnopqrstuvwxyz0123456789", n/40) })},
	{"run-base64", run(func(n int) string { return "echo " + strings.Repeat("QUFB", n/4) })},
	{"run-sourced", func(n int) Files {
		// Scripts that source each other twice.
		f := Files{"Dockerfile": []byte("FROM alpine:3.20\nCOPY . /app/\nENTRYPOINT [\"/app/s0.sh\"]\n")}
		for i := range f.until(n, none) {
			f[fmt.Sprintf("s%d.sh", i)] = fmt.Appendf(nil, "#!/bin/sh\n. /app/s%d.sh\n. /app/s%d.sh\n/app/s%d.sh\nexec /app/s%d.sh\n", i+1, i+1, i+1, i+1)
		}
		return f
	}},
	{"run-sourced-run", func(n int) Files {
		f := Files{"Dockerfile": []byte("FROM alpine:3.20\nCOPY . /app/\nRUN " + joined(n/2, "/app/s0.sh", next) + "\n")}
		for i := range f.until(n, none) {
			f[fmt.Sprintf("s%d.sh", i)] = fmt.Appendf(nil, "#!/bin/sh\nsh /app/s%d.sh\n/app/s%d.sh\nexec /app/s%d.sh\n", i+1, i+1, i+1)
		}
		return f
	}},
	{"run-script-big-often", func(n int) Files {
		return Files{
			"Dockerfile": []byte("FROM alpine:3.20\nCOPY a.sh /a.sh\n" + joined(n/2, "RUN /a.sh", "\n") + "\nCMD /a.sh\n"),
			"a.sh":       []byte("#!/bin/sh\n" + joined(n/2, "apk add x", "\n")),
		}
	}},
	{"run-starts-many", func(n int) Files {
		return Files{
			"Dockerfile": []byte("FROM alpine:3.20\nCOPY a.sh /a.sh\nCMD " + joined(n/2, "/a.sh", "; ") + "\n"),
			"a.sh":       []byte("#!/bin/sh\n" + joined(n/2, "exec x", " || ")),
		}
	}},
	{"cmd-exec-words", dockerfile(func(n int) string { return "FROM alpine:3.20\nCMD [\"x\"" + strings.Repeat(",\"a\"", n/4) + "]\n" })},
	{"cmd-wrappers", dockerfile(func(n int) string {
		return "FROM alpine:3.20\nCMD [\"x\"" + strings.Repeat(",\"env\"", n/6) + "]\nENTRYPOINT [\"env\"" + strings.Repeat(",\"env\"", n/6) + "]\n"
	})},
	{"cmd-shell", dockerfile(func(n int) string { return "FROM alpine:3.20\nCMD " + joined(n, "exec a", " && \\\n ") + "\n" })},
	{"healthcheck-shell", dockerfile(func(n int) string {
		return "FROM alpine:3.20\nHEALTHCHECK CMD " + joined(n, "curl -f localhost", " || \\\n ") + "\n"
	})},
}
