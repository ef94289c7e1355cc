package hostile

import (
	"fmt"
	"strings"
)

// bomb is YAML of about n bytes in which every mapping merges the one before it
// many times.
func bomb(n int) string {
	return fill(n, "b0: &b0 {k: v}\n", func(i int) string {
		return fmt.Sprintf("b%d: &b%d\n  <<: [%s*b%d]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*b%d,", i), 8), i)
	})
}

// aliases is YAML of about n bytes in which every list has the one before it
// many times.
func aliases(n int) string {
	return fill(n, "b0: &b0 [x, y]\n", func(i int) string {
		return fmt.Sprintf("b%d: &b%d [%s*b%d]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*b%d,", i), 8), i)
	})
}

// pod is a Kubernetes manifest whose container has these lines besides.
func pod(more string) string {
	return "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    image: x\n" + more
}

// deployments are Compose files and Kubernetes manifests.
var deployments = []Kind{
	{"compose-merge-bomb", beside("compose.yaml", func(n int) string {
		return bomb(n) + "services:\n  a:\n    <<: *b13\n    image: x\n"
	})},
	{"compose-merge-bomb-small", beside("compose.yaml", func(n int) string {
		return bomb(900) + "services:\n" + fill(n, "", func(i int) string {
			return fmt.Sprintf("  a%d:\n    <<: *b13\n    image: x\n    environment: *b12\n", i)
		})
	})},
	{"compose-merge-bomb-empty", beside("compose.yaml", func(n int) string {
		return strings.Replace(bomb(n), "{k: v}", "{}", 1) + "services:\n  a:\n    <<: *b13\n    image: x\n"
	})},
	{"compose-alias-bomb", beside("compose.yaml", func(n int) string {
		return aliases(n) + "services:\n  a:\n    image: x\n    environment: *b13\n    ports: *b12\n    command: *b9\n"
	})},
	{"compose-alias-list", beside("compose.yaml", func(n int) string {
		return "x: &x\n" + repeat(n/2, "", "  - A=b\n") + "services:\n" + fill(n/2, "", func(i int) string { return fmt.Sprintf("  a%d: {image: x, environment: *x}\n", i) })
	})},
	{"compose-merge-list", beside("compose.yaml", func(n int) string {
		return "x: &x\n" + fill(n/2, "", func(i int) string { return fmt.Sprintf("  k%d: v\n", i) }) + "services:\n" + fill(n/2, "", func(i int) string { return fmt.Sprintf("  a%d: {image: x, environment: {<<: *x}}\n", i) })
	})},
	{"compose-merge-service", beside("compose.yaml", func(n int) string {
		return "x: &x\n  image: y\n  environment:\n" + fill(n/2, "", func(i int) string { return fmt.Sprintf("    k%d: v\n", i) }) + "services:\n" + fill(n/2, "", func(i int) string { return fmt.Sprintf("  a%d: {<<: *x}\n", i) })
	})},
	{"compose-merge-chain", beside("compose.yaml", func(n int) string {
		return fill(n, "b0: &b0 {k: v}\n", func(i int) string { return fmt.Sprintf("b%d: &b%d {<<: *b%d}\n", i+1, i+1, i) }) + "services:\n  a: {<<: *b900, image: x}\n"
	})},
	{"compose-nested", beside("compose.yaml", func(n int) string { return "services:\n  a:\n    image: x\nx: " + nest(n, "[", "1", "]") + "\n" })},
	{"compose-nested-maps", beside("compose.yaml", func(n int) string { return "services:\n  a:\n    image: x\nx: " + nest(n, "{a: ", "1", "}") + "\n" })},
	{"compose-nested-open", beside("compose.yaml", func(n int) string { return "x: " + strings.Repeat("[", n) + "\n" })},
	{"compose-nested-block", beside("compose.yaml", func(n int) string {
		var b strings.Builder
		for i := 0; b.Len() < n; i++ {
			b.WriteString(strings.Repeat(" ", i) + "a:\n")
		}
		return b.String()
	})},
	{"compose-nested-dashes", beside("compose.yaml", func(n int) string { return "x:\n  " + strings.Repeat("- ", n/2) + "a\n" })},
	{"compose-nested-questions", beside("compose.yaml", func(n int) string { return strings.Repeat("? ", n/2) + "a\n" })},
	{"compose-flow-long", beside("compose.yaml", func(n int) string {
		return "services: {" + numbered(n, ", ", func(i int) string { return fmt.Sprintf("a%d: {image: x}", i) }) + "}\n"
	})},
	{"compose-flow-keys", beside("compose.yaml", func(n int) string { return "services: {a: {image: x}}\nx: [" + strings.Repeat("a: b, ", n/6) + "]\n" })},
	{"compose-flow-line-build", beside("compose.yaml", func(n int) string {
		return "services: {" + numbered(n, ", ", func(i int) string { return fmt.Sprintf("a%d: {build: ., environment: [A=b], ports: ['80:80']}", i) }) + "}\n"
	})},
	{"compose-plain-multiline", beside("compose.yaml", func(n int) string {
		return "services:\n  a:\n    image: x\n    command: a\n" + strings.Repeat("      b\n", n/8)
	})},
	{"compose-anchors", beside("compose.yaml", func(n int) string {
		return fill(n, "services: {a: {image: x}}\n", func(i int) string { return fmt.Sprintf("x%d: &x%d a\n", i, i) })
	})},
	{"compose-tags", beside("compose.yaml", func(n int) string { return repeat(n, "services: {a: {image: x}}\nx:\n", "  - !!str a\n") })},
	{"compose-comments", beside("compose.yaml", func(n int) string {
		return repeat(n, "services: {a: {image: x}}\n", "# dockworthy: allow secrets because x\n")
	})},
	{"compose-comments-inside", beside("compose.yaml", func(n int) string {
		return repeat(n, "services:\n  a:\n    image: x\n    environment:\n", "      # c\n      - A=b # d\n")
	})},
	{"compose-documents", beside("compose.yaml", func(n int) string { return repeat(n, "services: {a: {image: x}}\n", "---\na: b\n") })},
	{"compose-duplicate-keys", beside("compose.yaml", func(n int) string { return repeat(n, "services:\n", "  a: {image: x}\n") })},
	{"compose-services", beside("compose.yaml", func(n int) string {
		return fill(n, "services:\n", func(i int) string {
			return fmt.Sprintf("  a%d: {image: x, privileged: true, environment: {PASSWORD: hunter%d}}\n", i, i)
		})
	})},
	{"compose-services-one-dockerfile", beside("compose.yaml", func(n int) string {
		return fill(n, "services:\n", func(i int) string { return fmt.Sprintf("  a%d: {build: .}\n", i) })
	})},
	{"compose-services-one-dockerfile-args", func(n int) Files {
		return Files{"Dockerfile": []byte("ARG A\nFROM alpine:$A\nUSER a\nRUN apk add x\n"), "compose.yaml": []byte(fill(n, "services:\n", func(i int) string {
			return fmt.Sprintf("  a%d: {build: {context: ., args: {A: '%d'}}, user: root, ports: ['80']}\n", i, i)
		}))}
	}},
	{"compose-services-one-big-dockerfile", func(n int) Files {
		return Files{"Dockerfile": []byte(repeat(n/2, "ARG A\nFROM alpine:$A\n", "RUN apk add x\n")), "compose.yaml": []byte(fill(n/2, "services:\n", func(i int) string { return fmt.Sprintf("  a%d: {build: {context: ., args: {A: '%d'}}}\n", i, i) }))}
	}},
	{"compose-services-contexts", func(n int) Files {
		f := Files{"Dockerfile": []byte(plain)}
		b := book{size: n / 2}
		b.addf("services:\n")
		for i := range f.until(n, b.Len) {
			f[fmt.Sprintf("d%d/x", i)] = []byte("x")
			b.addf("  a%d: {build: {context: d%d, dockerfile: ../Dockerfile}}\n", i, i)
		}
		f["compose.yaml"] = []byte(b.String())
		return f
	}},
	{"compose-services-dockerfiles", func(n int) Files {
		f := Files{}
		b := book{size: n / 2}
		b.addf("services:\n")
		for i := range f.until(n, b.Len) {
			f[fmt.Sprintf("d%d/Dockerfile", i)] = []byte("FROM alpine:3.20\nUSER a\nEXPOSE 80\n")
			b.addf("  a%d: {build: d%d, image: i%d, depends_on: [a%d]}\n", i, i, i, i-1)
		}
		f["compose.yaml"] = []byte(b.String())
		return f
	}},
	{"compose-files-dockerfiles", func(n int) Files {
		f := Files{}
		for i := range f.until(n, none) {
			f[fmt.Sprintf("d%d/Dockerfile", i)] = []byte("FROM alpine:3.20\nUSER a\nEXPOSE 80\n")
			f[fmt.Sprintf("d%d/compose.yaml", i)] = fmt.Appendf(nil, "services:\n  a: {build: ., image: i%d}\n", i)
		}
		return f
	}},
	{"compose-files-flat", func(n int) Files {
		f := Files{"Dockerfile": []byte("FROM alpine:3.20\nUSER a\nEXPOSE 80\n")}
		for i := range f.until(n, none) {
			f[fmt.Sprintf("compose.%d.yaml", i)] = fmt.Appendf(nil, "services:\n  a: {build: ., image: i%d}\n", i)
		}
		return f
	}},
	{"compose-extends-chain", beside("compose.yaml", func(n int) string {
		return fill(n, "services:\n  s0: {image: x, environment: [A=b]}\n", func(i int) string {
			return fmt.Sprintf("  s%d: {extends: s%d, environment: [A=b]}\n", i+1, i)
		})
	})},
	{"compose-extends-builds", beside("compose.yaml", func(n int) string {
		return fill(n, "services:\n  s0: {build: {context: ., args: [A=b]}, ports: ['80'], environment: [A=b]}\n", func(i int) string {
			return fmt.Sprintf("  s%d: {extends: s%d, build: {args: [A%d=b]}, ports: ['81']}\n", i+1, i, i)
		})
	})},
	{"compose-extends-one", beside("compose.yaml", func(n int) string {
		return "services:\n  s0:\n    build: .\n    environment:\n" + fill(n/2, "", func(i int) string { return fmt.Sprintf("      - A%d=b\n", i) }) + fill(n/2, "", func(i int) string { return fmt.Sprintf("  t%d: {extends: s0}\n", i) })
	})},
	{"compose-extends-files", func(n int) Files {
		f := Files{"Dockerfile": []byte(plain), "compose.yaml": []byte("services: {a: {extends: {file: c0.yaml, service: a}, build: .}}\n")}
		for i := range f.until(n, none) {
			f[fmt.Sprintf("c%d.yaml", i)] = fmt.Appendf(nil, "services:\n  a: {extends: {file: c%d.yaml, service: a}, environment: [A=b]}\n  b: {extends: {file: c%d.yaml, service: a}}\n", i+1, i+1)
		}
		return f
	}},
	{"compose-include-chain", func(n int) Files {
		f := Files{"Dockerfile": []byte(plain), "compose.yaml": []byte("include: [c0.yaml, c0.yaml]\nservices: {a: {build: .}}\n")}
		for i := range f.until(n, none) {
			f[fmt.Sprintf("c%d.yaml", i)] = fmt.Appendf(nil, "include: [c%d.yaml, c%d.yaml]\nservices: {a%d: {image: x}}\n", i+1, i+1, i)
		}
		return f
	}},
	{"compose-include-many", func(n int) Files {
		f := Files{"Dockerfile": []byte(plain)}
		f["compose.yaml"] = []byte("include:\n" + fill(n/2, "", func(i int) string { return fmt.Sprintf("  - c%d.yaml\n", i) }) + "services: {a: {build: .}}\n")
		for i := range f.until(n, none) {
			f[fmt.Sprintf("c%d.yaml", i)] = fmt.Appendf(nil, "services: {a%d: {image: x}}\n", i)
		}
		return f
	}},
	{"compose-environment", beside("compose.yaml", func(n int) string {
		return fill(n, "services:\n  a:\n    build: .\n    environment:\n", func(i int) string { return fmt.Sprintf("      SECRET_KEY%d: hunter%d\n", i, i) })
	})},
	{"compose-ports", beside("compose.yaml", func(n int) string {
		return repeat(n, "services:\n  a:\n    build: .\n    ports:\n", "      - '80:80'\n")
	})},
	{"compose-volumes", beside("compose.yaml", func(n int) string {
		return fill(n, "services:\n  a:\n    build: .\n    volumes:\n", func(i int) string { return fmt.Sprintf("      - ./a%d:/b%d:ro\n", i, i) })
	})},
	{"compose-volume-colons", beside("compose.yaml", func(n int) string {
		return "services:\n  a:\n    build: .\n    volumes:\n      - '" + strings.Repeat("a:", n/2) + "'\n"
	})},
	{"compose-command-long", beside("compose.yaml", func(n int) string {
		return "services:\n  a:\n    build: .\n    command: " + strings.Repeat("a ", n/2) + "\n"
	})},
	{"compose-command-vars", beside("compose.yaml", func(n int) string {
		return "services:\n  a:\n    build: .\n    command: " + strings.Repeat("$A ", n/3) + "\n"
	})},
	{"compose-env-list-line", beside("compose.yaml", func(n int) string {
		return "services: {a: {build: ., environment: [" + strings.Repeat("A=b, ", n/5) + "]}}\n"
	})},
	{"compose-env-files", func(n int) Files {
		f := Files{"Dockerfile": []byte(plain)}
		b := book{size: n / 2}
		b.addf("services:\n  a:\n    build: .\n    env_file:\n")
		for b.more() {
			b.addf("      - .env.one\n")
		}
		f["compose.yaml"] = []byte(b.String())
		f[".env.one"] = []byte(repeat(n/2, "", "A=$A$A\nPASSWORD=hunter2\n"))
		return f
	}},
	{"compose-env-files-many", func(n int) Files {
		f := Files{"Dockerfile": []byte(plain), ".env.one": []byte(repeat(n/2, "", "A=b\nPASSWORD=hunter2\n"))}
		f["compose.yaml"] = []byte(fill(n/2, "services:\n", func(i int) string { return fmt.Sprintf("  a%d: {build: ., env_file: .env.one}\n", i) }))
		return f
	}},
	{"compose-secrets", beside("compose.yaml", func(n int) string {
		return fill(n/2, "services:\n  a:\n    build: .\n    secrets:\n", func(i int) string { return fmt.Sprintf("      - s%d\n", i) }) + fill(n/2, "secrets:\n", func(i int) string { return fmt.Sprintf("  s%d: {file: ./x%d}\n", i, i) })
	})},
	{"compose-inline", func(n int) Files {
		return Files{"compose.yaml": []byte(fill(n, "services:\n", func(i int) string {
			return fmt.Sprintf("  a%d: {build: {dockerfile_inline: \"FROM alpine\\nRUN x\"}}\n", i)
		}))}
	}},
	{"kubernetes-documents", beside("k.yaml", func(n int) string {
		return fill(n, "", func(i int) string {
			return fmt.Sprintf("---\napiVersion: v1\nkind: Pod\nmetadata: {name: a%d}\nspec: {containers: [{name: a, image: x}]}\n", i)
		})
	})},
	{"kubernetes-tiny-documents", beside("k.yaml", func(n int) string { return "apiVersion: v1\nkind: Pod\n" + strings.Repeat("---\n", n/4) })},
	{"kubernetes-services", beside("k.yaml", func(n int) string {
		return fill(n, pod(""), func(i int) string {
			return fmt.Sprintf("---\napiVersion: v1\nkind: Service\nmetadata: {name: a%d}\nspec: {selector: {app: a}, ports: [{port: 80}]}\n", i)
		})
	})},
	{"kubernetes-services-workloads", beside("k.yaml", func(n int) string {
		return fill(n, "", func(i int) string {
			return fmt.Sprintf("---\napiVersion: v1\nkind: Service\nmetadata: {name: a%d}\nspec: {selector: {app: a%d}, ports: [{port: 80}]}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: a%d, labels: {app: a%d}}\nspec: {containers: [{name: a, image: x, ports: [{containerPort: 80}]}]}\n", i, i, i, i)
		})
	})},
	{"kubernetes-services-containers", beside("k.yaml", func(n int) string {
		head := "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {app: a}}\nspec:\n  containers:\n"
		return fill(n/2, head, func(i int) string {
			return fmt.Sprintf("  - {name: a%d, image: x, ports: [{containerPort: %d}]}\n", i, i)
		}) +
			fill(n/2, "", func(i int) string {
				return fmt.Sprintf("---\napiVersion: v1\nkind: Service\nmetadata: {name: a%d}\nspec: {selector: {app: a}, ports: [{port: x}]}\n", i)
			})
	})},
	{"kubernetes-containers", beside("k.yaml", func(n int) string {
		return pod(fill(n, "", func(i int) string { return fmt.Sprintf("  - {name: a%d, image: x}\n", i) }))
	})},
	{"kubernetes-env", beside("k.yaml", func(n int) string {
		return pod("    env:\n" + fill(n, "", func(i int) string { return fmt.Sprintf("    - {name: PASSWORD%d, value: hunter%d}\n", i, i) }))
	})},
	{"kubernetes-secrets", beside("k.yaml", func(n int) string {
		return fill(n, "", func(i int) string {
			return fmt.Sprintf("---\napiVersion: v1\nkind: Secret\nmetadata: {name: s%d}\ndata: {password: aHVudGVyMg==}\n", i)
		})
	})},
	{"kubernetes-secret-data", beside("k.yaml", func(n int) string {
		return "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata:\n" + fill(n, "", func(i int) string { return fmt.Sprintf("  password%d: aHVudGVyMg==\n", i) })
	})},
	{"kubernetes-bomb", beside("k.yaml", func(n int) string { return bomb(n) + "---\n" + bomb(1000) + pod("    <<: *b13\n    env: *b12\n") })},
	{"kubernetes-bomb-many", beside("k.yaml", func(n int) string {
		return repeat(n, "", "---\n"+bomb(900)+pod("    <<: *b12\n    env: *b11\n"))
	})},
	{"kubernetes-alias-containers", beside("k.yaml", func(n int) string {
		return "x: &x\n" + repeat(n/2, "", "- {name: a, image: x}\n") + "apiVersion: v1\nkind: List\nitems:\n" + repeat(n/2, "", "- {apiVersion: v1, kind: Pod, spec: {containers: *x}}\n")
	})},
	{"kubernetes-nested", beside("k.yaml", func(n int) string { return pod("") + "x: " + nest(n, "[", "1", "]") + "\n" })},
	{"kubernetes-list", beside("k.yaml", func(n int) string {
		return "apiVersion: v1\nkind: List\nitems:\n" + repeat(n, "", "- {apiVersion: v1, kind: Pod, spec: {containers: [{name: a, image: x}]}}\n")
	})},
	{"kubernetes-list-nested", beside("k.yaml", func(n int) string {
		return "apiVersion: v1\nkind: List\nitems: [" + nest(n, "{apiVersion: v1, kind: List, items: [", "x", "]}") + "]\n"
	})},
	{"kubernetes-files-images", func(n int) Files {
		f := Files{"compose.yaml": []byte(fill(n/3, "services:\n", func(i int) string { return fmt.Sprintf("  a%d: {build: d%d, image: i%d}\n", i, i, i) }))}
		for i := range f.until(n, none) {
			f[fmt.Sprintf("d%d/Dockerfile", i)] = []byte(plain)
			f[fmt.Sprintf("d%d/k.yaml", i)] = fmt.Appendf(nil, "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: i%d}]}\n", i)
		}
		return f
	}},
	{"kubernetes-templates", func(n int) Files {
		f := Files{"Dockerfile": []byte(plain), "chart/Chart.yaml": []byte("name: x\n"), "chart/values.yaml": []byte(repeat(n/2, "", "a: b\n"))}
		f["chart/templates/x.yaml"] = []byte("apiVersion: v1\nkind: Pod\n" + repeat(n/2, "", "a: {{ .Values.x }}\n"))
		return f
	}},
	{"yaml-files", func(n int) Files {
		f := Files{"Dockerfile": []byte(plain)}
		for i := range f.until(n, none) {
			f[fmt.Sprintf("y%d.yaml", i)] = []byte("apiVersion: v1\nkind: Pod\nspec: {containers: [{image: x}]}\n")
		}
		return f
	}},
}
