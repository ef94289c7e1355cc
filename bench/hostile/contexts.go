package hostile

import (
	"fmt"
	"strings"
)

// tree adds files of a few bytes until there are n of them, w to a folder.
func (f Files) tree(count, w int, name string) {
	for i := range count {
		f[fmt.Sprintf("d%d/%s%d", i/w, name, i)] = []byte("x")
	}
}

// contexts are folders and the files that say what of them counts.
var contexts = []Kind{
	{"ignore-patterns-files", func(n int) Files {
		// 40,000 patterns and 10,000 files at a megabyte.
		f := Files{"Dockerfile": []byte("FROM alpine:3.20\nCOPY . /app\n")}
		f.tree(max(1, n/100), 100, ".env.")
		f[".dockerignore"] = []byte(fill(max(1, n-f.Size()), "", func(i int) string { return fmt.Sprintf("**/a%d*b\n", i) }))
		return f
	}},
	{"ignore-patterns-exact", func(n int) Files {
		f := Files{"Dockerfile": []byte("FROM alpine:3.20\nCOPY . /app\n")}
		f.tree(max(1, n/100), 100, "a.pem")
		f[".dockerignore"] = []byte(fill(max(1, n-f.Size()), "", func(i int) string { return fmt.Sprintf("a%d\n", i) }))
		return f
	}},
	{"ignore-patterns-regexp", func(n int) Files {
		f := Files{"Dockerfile": []byte("FROM alpine:3.20\nCOPY . /app\n")}
		f.tree(max(1, n/100), 100, ".env.")
		f[".dockerignore"] = []byte(fill(max(1, n-f.Size()), "", func(i int) string { return fmt.Sprintf("**/[a-z]%d?\n", i) }))
		return f
	}},
	{"ignore-patterns-stars", func(n int) Files {
		f := Files{"Dockerfile": []byte("FROM alpine:3.20\nCOPY . /app\n")}
		f.tree(max(1, n/200), 100, ".env.")
		f[".dockerignore"] = []byte(repeat(max(1, n-f.Size()), "", "**/**/**/**/**/**/**/x\n"))
		return f
	}},
	{"ignore-patterns-negated", func(n int) Files {
		f := Files{"Dockerfile": []byte("FROM alpine:3.20\nCOPY . /app\n")}
		f.tree(max(1, n/200), 100, ".env.")
		f[".dockerignore"] = []byte(repeat(max(1, n-f.Size()), "", "*\n!d*/.env*\n!**/k\n"))
		return f
	}},
	{"ignore-patterns-copies", func(n int) Files {
		return Files{
			"Dockerfile":    []byte(fill(n/2, "FROM alpine:3.20\n", func(i int) string { return fmt.Sprintf("COPY a%d /x\n", i) })),
			".dockerignore": []byte(fill(n/2, "", func(i int) string { return fmt.Sprintf("a%d/*b\n", i) })),
		}
	}},
	{"ignore-pattern-long", func(n int) Files {
		f := Files{"Dockerfile": []byte("FROM alpine:3.20\nCOPY . /app\n"), ".dockerignore": []byte(repeat(n/2, "", strings.Repeat("**/", 20_000)+"x\n"))}
		f.tree(n/200, 100, ".env.")
		return f
	}},
	{"ignore-pattern-stars-long", func(n int) Files {
		f := Files{"Dockerfile": []byte("FROM alpine:3.20\nCOPY . /app\n"), ".dockerignore": []byte(repeat(n/2, "", strings.Repeat("*a", 20_000)+"x\n"))}
		for i := range f.until(n, none) {
			f[fmt.Sprintf("%s%d.pem", strings.Repeat("a", 200), i)] = []byte("x")
		}
		return f
	}},
	{"ignore-pattern-question", func(n int) Files {
		f := Files{"Dockerfile": []byte("FROM alpine:3.20\nCOPY . /app\n"), ".dockerignore": []byte(repeat(n/2, "", strings.Repeat("?*", 20_000)+"x\n"))}
		for i := range f.until(n, none) {
			f[fmt.Sprintf("%s%d.pem", strings.Repeat("a", 200), i)] = []byte("x")
		}
		return f
	}},
	{"ignore-no-files", func(n int) Files {
		return Files{"Dockerfile": []byte("FROM alpine:3.20\nCOPY . /app\n"), ".dockerignore": []byte(fill(n, "", func(i int) string { return fmt.Sprintf("**/[a-z]%d?\n", i) }))}
	}},
	{"ignore-per-dockerfile", func(n int) Files {
		f := Files{}
		for i := range f.until(n, none) {
			f[fmt.Sprintf("Dockerfile.%d", i)] = []byte("FROM alpine:3.20\nCOPY . /app\n")
			f[fmt.Sprintf("Dockerfile.%d.dockerignore", i)] = []byte("*\n!.env\n")
		}
		return f
	}},
	{"ignore-comments", func(n int) Files {
		return Files{"Dockerfile": []byte("FROM alpine:3.20\nCOPY . /app\n"), ".dockerignore": []byte(repeat(n, "", "# c\n\n"))}
	}},
	{"ignore-suppressions", func(n int) Files {
		return Files{"Dockerfile": []byte("FROM alpine:3.20\nCOPY . /app\n"), ".dockerignore": []byte(repeat(n, "", "# dockworthy: allow dockerignore because x\na\n"))}
	}},
	{"gitignore-nested", func(n int) Files {
		// A folder in a folder in a folder, each with its patterns.
		f := Files{"Dockerfile": []byte(plain)}
		dir := ""
		for i := 0; f.Size() < n && i < 200; i++ {
			dir += "d/"
			f[dir+".gitignore"] = []byte(fill(n/200, "", func(i int) string { return fmt.Sprintf("a%d*b\n", i) }))
			f[dir+"Dockerfile"] = []byte(plain)
		}
		return f
	}},
	{"gitignore-nested-files", func(n int) Files {
		f := Files{"Dockerfile": []byte(plain)}
		dir := ""
		for range 50 {
			dir += "d/"
			f[dir+".gitignore"] = []byte(fill(n/150, "", func(i int) string { return fmt.Sprintf("/a%d[b]*\n", i) }))
			for j := range max(1, n/5000) {
				f[fmt.Sprintf("%sf%d", dir, j)] = []byte("x")
			}
		}
		return f
	}},
	{"gitignore-patterns-files", func(n int) Files {
		f := Files{"Dockerfile": []byte(plain)}
		f.tree(max(1, n/100), 100, "f")
		f[".gitignore"] = []byte(fill(max(1, n-f.Size()), "", func(i int) string { return fmt.Sprintf("a%d?*b\n", i) }))
		return f
	}},
	{"gitignore-names-files", func(n int) Files {
		f := Files{"Dockerfile": []byte(plain)}
		f.tree(max(1, n/100), 100, "f")
		f[".gitignore"] = []byte(fill(max(1, n-f.Size()), "", func(i int) string { return fmt.Sprintf("a%d\n*.x%d\n", i, i) }))
		return f
	}},
	{"gitignore-regexps", func(n int) Files {
		f := Files{"Dockerfile": []byte(plain)}
		f.tree(max(1, n/200), 100, "f")
		f[".gitignore"] = []byte(repeat(max(1, n-f.Size()), "", "**/a/**/b/**/c?d[e-f]/**\n"))
		return f
	}},
	{"gitignore-many", func(n int) Files {
		f := Files{"Dockerfile": []byte(plain)}
		for i := range f.until(n, none) {
			f[fmt.Sprintf("d%d/.gitignore", i)] = []byte("*.log\na*b\n")
		}
		return f
	}},
	{"gitignore-pattern-long", func(n int) Files {
		f := Files{"Dockerfile": []byte(plain), ".gitignore": []byte(repeat(n/2, "", strings.Repeat("*a", 20_000)+"x\n"))}
		for i := range f.until(n, none) {
			f[fmt.Sprintf("%s%d", strings.Repeat("a", 200), i)] = []byte("x")
		}
		return f
	}},
	{"files-flat", func(n int) Files {
		f := Files{"Dockerfile": []byte("FROM alpine:3.20\nCOPY . /app\nCOPY *.x /\nCMD [\"/app/x\"]\n")}
		f.tree(n/16, n, ".env.")
		return f
	}},
	{"files-deep", func(n int) Files {
		f := Files{"Dockerfile": []byte("FROM alpine:3.20\nCOPY . /app\n")}
		for i := range f.until(n, none) {
			f[fmt.Sprintf("e%d/%s/.env", i, strings.TrimSuffix(strings.Repeat("d/", 90), "/"))] = []byte("x")
		}
		return f
	}},
	{"files-dockerfiles", func(n int) Files {
		f := Files{}
		for i := range f.until(n, none) {
			f[fmt.Sprintf("d%d/Dockerfile", i)] = []byte("FROM python:3.12\nCOPY . /app\nRUN pip install x\nCMD python /app/x.py\n")
		}
		return f
	}},
	{"files-dockerfiles-flat", func(n int) Files {
		f := Files{}
		for i := range f.until(n, none) {
			f[fmt.Sprintf("Dockerfile.%d", i)] = []byte("FROM python:3.12\nCOPY *.py /app/\nRUN pip install x\nCMD python /app/x.py\n")
		}
		return f
	}},
	{"files-keys", func(n int) Files {
		f := Files{"Dockerfile": []byte("FROM alpine:3.20\nCOPY . /app\n")}
		f.tree(n/60, 100, "service-key.json")
		for name := range f {
			if name != "Dockerfile" {
				f[name+".json"] = []byte(`{"type":"service_account"}`)
			}
		}
		return f
	}},
	{"copy-wildcards", func(n int) Files {
		f := Files{"Dockerfile": []byte(repeat(n/2, "FROM alpine:3.20\n", "COPY */*/*/* /x/\n"))}
		for i := range f.until(n, none) {
			f[fmt.Sprintf("a%d/b%d/c/d%d.sh", i%20, i%7, i)] = []byte("x")
		}
		return f
	}},
	{"copy-wildcards-flat", func(n int) Files {
		f := Files{"Dockerfile": []byte(fill(n/2, "FROM alpine:3.20\n", func(i int) string { return fmt.Sprintf("COPY a*%d /x/\n", i) }) + "CMD [\"/x/a\"]\n")}
		for i := range f.until(n, none) {
			f[fmt.Sprintf("a%d", i)] = []byte("x")
		}
		return f
	}},
	{"copy-wildcards-flat-all", func(n int) Files {
		f := Files{"Dockerfile": []byte(repeat(n/2, "FROM alpine:3.20\n", "COPY * /x/\n") + "CMD [\"/x/a\"]\nENTRYPOINT [\"/x/b\", \"/x/c\"]\n")}
		for i := range f.until(n, none) {
			f[fmt.Sprintf("a%d", i)] = []byte("x")
		}
		return f
	}},
	{"copy-wildcards-stages", func(n int) Files {
		f := Files{"Dockerfile": []byte(fill(n/2, "FROM alpine:3.20 AS s0\nCOPY * /x/\n", func(i int) string {
			return fmt.Sprintf("FROM alpine:3.20 AS s%d\nCOPY * /x/\nCOPY --from=s%d /x /x\n", i+1, i)
		}) + "CMD [\"/x/a\"]\n")}
		for i := range f.until(n, none) {
			f[fmt.Sprintf("a%d", i)] = []byte("x")
		}
		return f
	}},
	{"copy-wildcard-long", func(n int) Files {
		f := Files{"Dockerfile": []byte("FROM alpine:3.20\nCOPY " + strings.Repeat("*a", n/4) + "b /x/\nCMD [\"/x/a\"]\n")}
		for i := range f.until(n, none) {
			f[fmt.Sprintf("%s%d", strings.Repeat("a", 200), i)] = []byte("x")
		}
		return f
	}},
	{"requirements-fan", func(n int) Files {
		// Each file reads the next one twice.
		f := Files{"Dockerfile": []byte("FROM python:3.12\nCOPY . /app\nRUN pip install -r r0.txt\n")}
		for i := range f.until(n, none) {
			f[fmt.Sprintf("r%d.txt", i)] = fmt.Appendf(nil, "-r r%d.txt\n-r r%d.txt\npkg%d\n", i+1, i+1, i)
		}
		f["requirements.txt"] = []byte("-r r0.txt\n")
		return f
	}},
	{"requirements-wide", func(n int) Files {
		f := Files{"Dockerfile": []byte("FROM python:3.12\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\n")}
		f["requirements.txt"] = []byte(fill(n/2, "", func(i int) string { return fmt.Sprintf("-r r%d.txt\n", i%100) }))
		for i := range 100 {
			f[fmt.Sprintf("r%d.txt", i)] = []byte(repeat(n/200, "", "flask\n"))
		}
		return f
	}},
	{"requirements-long", func(n int) Files {
		return Files{"Dockerfile": []byte("FROM python:3.12\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\n"), "requirements.txt": []byte(fill(n, "", func(i int) string { return fmt.Sprintf("pkg%d==1.%d ; python_version < '3' # x\n", i, i) }))}
	}},
	{"requirements-often", func(n int) Files {
		return Files{
			"Dockerfile":       []byte("FROM python:3.12\nCOPY . /app/\n" + repeat(n/2, "", "RUN pip install -r /app/requirements.txt\n")),
			"requirements.txt": []byte(repeat(n/2, "", "pkg==1\npytest\n")),
		}
	}},
	{"requirements-continued", func(n int) Files {
		return Files{"Dockerfile": []byte("FROM python:3.12\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n"), "requirements.txt": []byte(repeat(n, "", "pkg \\\n"))}
	}},
	{"package-json", func(n int) Files {
		return Files{"Dockerfile": []byte("FROM node:20\nCOPY . .\nRUN npm ci && npm run build\nCMD npm start\n"), "package.json": []byte("{\"dependencies\":{" + numbered(n, ",", func(i int) string { return fmt.Sprintf("\"p%d\":\"1\"", i) }) + "}}")}
	}},
	{"package-json-nested", func(n int) Files {
		return Files{"Dockerfile": []byte("FROM node:20\nCOPY . .\nRUN npm ci && npm run build\nCMD npm start\n"), "package.json": []byte("{\"x\":" + nest(n, "[", "1", "]") + "}")}
	}},
	{"package-json-often", func(n int) Files {
		return Files{
			"Dockerfile":   []byte("FROM node:20\nCOPY . .\n" + repeat(n/2, "", "RUN npm ci && npm run build\n") + "CMD npm start\n"),
			"package.json": []byte("{\"devDependencies\":{" + numbered(n/2, ",", func(i int) string { return fmt.Sprintf("\"p%d\":\"1\"", i) }) + "}}"),
		}
	}},
	{"package-json-workspaces", func(n int) Files {
		f := Files{"Dockerfile": []byte("FROM node:20\nCOPY . .\nRUN npm ci && npm run build\nCMD npm start\n")}
		f["package.json"] = []byte("{\"workspaces\":[" + numbered(n/2, ",", func(i int) string { return fmt.Sprintf("\"p*/%d\"", i) }) + "],\"dependencies\":{\"a\":\"workspace:*\"}}")
		for i := range f.until(n, none) {
			f[fmt.Sprintf("p%d/package.json", i)] = []byte("{\"name\":\"x\"}")
		}
		return f
	}},
	{"pyproject", func(n int) Files {
		return Files{"Dockerfile": []byte("FROM python:3.12\nCOPY . .\nRUN pip install .\n"), "pyproject.toml": []byte("[project]\nname='x'\ndependencies=[\n" + fill(n, "", func(i int) string { return fmt.Sprintf("'p%d==1',\n", i) }) + "]\n")}
	}},
	{"pyproject-tables", func(n int) Files {
		return Files{"Dockerfile": []byte("FROM python:3.12\nCOPY . .\nRUN pip install .\n"), "pyproject.toml": []byte(fill(n, "[project]\nname='x'\n", func(i int) string { return fmt.Sprintf("[tool.t%d.a.b.c]\nx=1\n", i) }))}
	}},
	{"pyproject-nested", func(n int) Files {
		return Files{"Dockerfile": []byte("FROM python:3.12\nCOPY . .\nRUN pip install .\n"), "pyproject.toml": []byte("x=" + nest(n, "[", "1", "]") + "\n")}
	}},
	{"pyproject-dotted", func(n int) Files {
		return Files{"Dockerfile": []byte("FROM python:3.12\nCOPY . .\nRUN pip install .\n"), "pyproject.toml": []byte("a" + strings.Repeat(".a", n/2) + "=1\n")}
	}},
	{"manifests-many", func(n int) Files {
		f := Files{"Dockerfile": []byte("FROM node:20\nCOPY . .\nRUN npm ci\n")}
		for i := range f.until(n, none) {
			f[fmt.Sprintf("p%d/package.json", i)] = []byte("{\"name\":\"x\",\"dependencies\":{\"a\":\"1\"}}")
			f[fmt.Sprintf("p%d/requirements.txt", i)] = []byte("a\n")
		}
		return f
	}},
	{"config", beside(".dockworthy.yaml", func(n int) string {
		return "allow-root:\n" + fill(n, "", func(i int) string { return fmt.Sprintf("  - a%d/*\n", i) })
	})},
	{"config-globs", func(n int) Files {
		f := Files{".dockworthy.yaml": []byte("targets:\n" + fill(n/2, "", func(i int) string { return fmt.Sprintf("  d%d/Dockerfile: [a%d]\n", i, i) }))}
		for i := range f.until(n, none) {
			f[fmt.Sprintf("d%d/Dockerfile", i)] = []byte(plain)
		}
		return f
	}},
	{"config-bomb", beside(".dockworthy.yaml", func(n int) string { return bomb(n) + "profile: banking\n" })},
	{"config-nested", beside(".dockworthy.yaml", func(n int) string { return "x: " + nest(n, "[", "1", "]") + "\n" })},
	{"action", beside("action.yml", func(n int) string {
		return "name: x\nruns:\n  using: docker\n  image: Dockerfile\n  args: [" + strings.Repeat("a, ", n/3) + "]\n"
	})},
	{"action-bomb", beside("action.yml", func(n int) string { return bomb(n) + "runs:\n  using: docker\n  image: Dockerfile\n" })},
	{"workflows", func(n int) Files {
		f := Files{"Dockerfile": []byte("FROM alpine:3.20 AS a\nFROM alpine:3.20 AS b\n")}
		for i := range f.until(n, none) {
			f[fmt.Sprintf(".github/workflows/w%d.yml", i)] = []byte("jobs:\n  a:\n    steps:\n    - run: docker build --target a .\n")
		}
		return f
	}},
	{"bake", func(n int) Files {
		return Files{"Dockerfile": []byte("FROM a\nFROM b\nFROM c\nFROM d\n"), "docker-bake.hcl": []byte(fill(n, "", func(i int) string { return fmt.Sprintf("target \"t%d\" { contexts = { a%d = \"x\" } }\n", i, i) }))}
	}},
	{"elsewhere-names", func(n int) Files {
		return Files{"Dockerfile": []byte(fill(n/2, "", func(i int) string { return fmt.Sprintf("FROM name%d\n", i) })), "docker-bake.hcl": []byte(fill(n/2, "", func(i int) string { return fmt.Sprintf("target \"t%d\" { contexts = { a%d = \"x\" } }\n", i, i) }))}
	}},
	{"makefile", func(n int) Files {
		return Files{"Dockerfile": []byte("FROM alpine:3.20 AS a\nFROM alpine:3.20 AS b\n"), "Makefile": []byte(repeat(n, "", "x:\n\tdocker build --target a .\n"))}
	}},
}
