package hostile

import (
	"fmt"
	"strings"
)

// workflow is beside a Dockerfile: a pipeline with these steps.
func workflow(make func(n int) string) func(n int) Files {
	return beside(".github/workflows/x.yml", func(n int) string { return "jobs:\n  a:\n    steps:\n" + make(n) })
}

// builders are repositories whose other builders say much of one Dockerfile: Bake
// files, workflows, kustomizations, Dockerfiles in Compose files, probes.
var builders = []Kind{
	{"bake-doubling", beside("docker-bake.hcl", func(n int) string {
		return fill(n, "variable \"V0\" { default = \"xxxxxxxx\" }\ntarget \"a\" { args = { A = V900 } }\n", func(i int) string {
			return fmt.Sprintf("variable \"V%d\" { default = \"${V%d}${V%d}\" }\n", i+1, i, i)
		})
	})},
	{"bake-inherits", beside("docker-bake.hcl", func(n int) string {
		return fill(n, "", func(i int) string {
			return fmt.Sprintf("target \"t%d\" {\n  inherits = [\"t%d\", \"t%d\"]\n}\n", i, i+1, i+2)
		})
	})},
	{"bake-targets", beside("docker-bake.hcl", func(n int) string {
		return fill(n, "", func(i int) string { return fmt.Sprintf("target \"t%d\" {\n  args = { A = \"%d\" }\n}\n", i, i) })
	})},
	{"bake-args", beside("docker-bake.hcl", func(n int) string {
		return fill(n, "target \"a\" {\n  args = {\n", func(i int) string { return fmt.Sprintf("    A%d = \"x\"\n", i) }) + "  }\n}\n"
	})},
	{"bake-loops", beside("docker-bake.hcl", func(n int) string {
		return "target \"a\" {\n  tags = " + nest(n/4, "[for x in [1, 2, 3]: ", "x", "]") + "\n}\n"
	})},
	{"bake-nested", beside("docker-bake.hcl", func(n int) string { return "a = " + nest(n, "[", "1", "]") + "\n" })},
	{"bake-template", beside("docker-bake.json", func(n int) string {
		return `{"target": {"a": {"context": "` + strings.Repeat("${A}", n/4) + `"}}}`
	})},
	{"ci-actions", workflow(func(n int) string {
		return fill(n, "", func(i int) string {
			return fmt.Sprintf("      - uses: docker/build-push-action@v6\n        with: {context: ., build-args: \"A=%d\"}\n", i)
		})
	})},
	{"ci-matrix", workflow(func(n int) string {
		return fill(n, "      - run: true\n", func(i int) string {
			return fmt.Sprintf("  j%d:\n    strategy: {matrix: {a: [1, 2, 3, 4, 5, 6], b: [1, 2, 3, 4, 5, 6], c: [1, 2, 3]}}\n    steps:\n      - {uses: docker/build-push-action@v6, with: {context: ., target: \"x${{ matrix.a }}\", build-args: \"A=${{ matrix.b }}\"}}\n", i)
		})
	})},
	{"ci-commands", workflow(func(n int) string {
		return "      - run: |\n" + fill(n/2, "", func(i int) string { return fmt.Sprintf("          docker build --build-arg A=%d .\n", i) })
	})},
	{"ci-flags", workflow(func(n int) string {
		return "      - run: docker build " + strings.Repeat("--build-arg A=1 ", n/16) + ".\n"
	})},
	{"ci-nested", workflow(func(n int) string { return "      - docker build: " + nest(n, "[", "1", "]") + "\n" })},
	{"ci-many", func(n int) Files {
		f := Files{"Dockerfile": []byte(plain)}
		for i := range f.until(n, none) {
			f[fmt.Sprintf(".github/workflows/w%d.yml", i)] = []byte("jobs: {a: {steps: [{run: docker build .}]}}\n")
		}
		return f
	}},
	{"kustomize-images", beside("kustomization.yaml", func(n int) string {
		return fill(n, "resources: [k.yaml]\nimages:\n", func(i int) string { return fmt.Sprintf("  - {name: i%d, newTag: \"1\"}\n", i) })
	})},
	{"kustomize-chain", func(n int) Files {
		f := Files{"Dockerfile": []byte(plain)}
		for i := range f.until(n, none) {
			f[fmt.Sprintf("k%d/kustomization.yaml", i)] = fmt.Appendf(nil, "resources: [../k%d, ../k%d, d.yaml]\nimages: [{name: a, newTag: \"1\"}]\n", i+1, i+2)
		}
		return f
	}},
	{"kustomize-bomb", beside("kustomization.yaml", func(n int) string { return bomb(n) + "resources: *b12\n" })},
	{"compose-probes", beside("compose.yaml", func(n int) string {
		return fill(n, "services:\n", func(i int) string {
			return fmt.Sprintf("  a%d: {build: ., healthcheck: {test: \"curl -f http://localhost:%d/ || exit 1\"}}\n", i, i)
		})
	})},
	{"compose-commands", beside("compose.yaml", func(n int) string {
		return fill(n, "services:\n", func(i int) string { return fmt.Sprintf("  a%d: {build: ., command: npm start %d}\n", i, i) })
	})},
	{"chown-again", dockerfile(func(n int) string {
		return fill(n, "FROM alpine:3.20\n", func(i int) string { return fmt.Sprintf("COPY a%d /srv/a\nRUN chown -R 1 /srv\n", i) })
	})},
	{"imports", func(n int) Files {
		f := Files{"Dockerfile": []byte("FROM node:22.12.0-alpine3.21\nCOPY . /app/\nENTRYPOINT [\"node\", \"/app/m0.js\"]\n")}
		for i := range f.until(n, none) {
			f[fmt.Sprintf("m%d.js", i)] = fmt.Appendf(nil, "require('./m%d'); require('./m%d')\n", i+1, i+2)
		}
		return f
	}},
}
