package page_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/excerpt"
	"github.com/dockworthy/dockworthy/internal/proof"
	"github.com/dockworthy/dockworthy/internal/proof/page"
	"github.com/dockworthy/dockworthy/internal/redact"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/report"
)

// A leak is a text with a secret in it, and the parts that nothing may show.
type leak struct {
	text  string
	cores []string
}

const (
	lower = "abcdefghijklmnopqrstuvwxyz"
	upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digit = "0123456789"
)

// leaks are sixty kinds of secrets, each in one line.
func leaks() (list []leak) {
	rng := rand.New(rand.NewPCG(7, 7))
	// word is n letters of an alphabet, with one of each sort at its begin.
	word := func(n int, alphabet string) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = alphabet[rng.IntN(len(alphabet))]
		}
		return string(b)
	}
	mixed := func(n int) string { return "q7X" + word(n-3, lower+upper+digit) }
	add := func(format string, cores ...string) {
		args := make([]any, len(cores))
		for i, c := range cores {
			args[i] = c
		}
		list = append(list, leak{fmt.Sprintf(format, args...), cores})
	}
	for _, begin := range []string{"ghp_", "gho_", "github_pat_", "glpat-", "xoxb-", "sk_live_", "rk_live_", "whsec_", "GOCSPX-", "ya29.", "npm_", "pypi-AgE", "sk-ant-", "sk-proj-", "hf_",
		"dckr_pat_", "HRKU-", "hvs.", "sntrys_", "glsa_", "dp.pt.", "gsk_", "r8_", "figd_", "lin_api_", "pscale_tkn_"} {
		add(begin+"%s", mixed(44))
	}
	for _, begin := range []string{"dop_v1_", "shpat_", "sk-or-v1-", "dapi", "pul-", "rubygems_", "sbp_"} {
		n := map[string]int{"shpat_": 32, "dapi": 32, "pul-": 40, "sbp_": 40, "rubygems_": 48}[begin]
		add(begin+"%s", word(max(n, 32)+map[bool]int{true: 32}[n == 0], "0123456789abcdef"))
	}
	add("AKIA%s", word(16, upper+digit))
	add("AIza%s", mixed(35))
	add("SG."+mixed(22)+".%s", mixed(43))
	add("eyJhbGciOiJIUzI1NiJ9.%s.%s", "eyJ"+mixed(30), mixed(43))
	add("AccountKey=%s==", word(86, lower+upper+digit))
	add("https://hooks.slack.com/services/T0AAAAAAA/B0BBBBBBB/%s", mixed(24))
	add("AGE-SECRET-KEY-1%s", word(58, upper+digit))
	add("NRAK-%s", word(27, upper+digit))
	for _, kind := range []string{"PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "PGP PRIVATE KEY BLOCK"} {
		a, b, c := "MII"+mixed(61), mixed(64), mixed(20)+"=="
		add(`-----BEGIN `+kind+`-----\n%s\n%s\n%s\n-----END `+kind+`-----`, a, b, c)
	}
	for _, scheme := range []string{"postgresql", "mysql", "redis", "amqps", "mongodb+srv", "https"} {
		add(scheme+"://user:%s@host.example/db", mixed(14))
	}
	add("https://%s@git.example/a/b.git", mixed(30))
	add("https://h.example/x?X-Amz-Signature=%s", word(64, "0123456789abcdef"))
	add("Authorization: Bearer %s", mixed(24))
	add("Authorization: Basic %s", base64.StdEncoding.EncodeToString([]byte("user:"+mixed(13))))
	add(`{'password': '%s'}`, mixed(12))
	add("DB_PASSWORD=%s", mixed(12))
	add("api_key: %s", mixed(24))
	add("--client-secret %s", mixed(24))
	add("Server=db;Uid=sa;Password=%s;", mixed(12))
	return list
}

// places put a line into what a project, an image, a build or a program says.
var places = map[string]func(line string, files map[string]string, log *run.Log) (image layer){
	"env": func(l string, f map[string]string, _ *run.Log) layer {
		f["Dockerfile"] += "ENV V=" + quote(l) + "\n"
		return layer{"ENV V=" + l, nil}
	},
	"label": func(l string, f map[string]string, _ *run.Log) layer {
		f["Dockerfile"] += "LABEL v=" + quote(l) + "\n"
		return layer{"LABEL v=" + l, nil}
	},
	"arg": func(l string, f map[string]string, _ *run.Log) layer {
		f["Dockerfile"] += "ARG V=" + quote(l) + "\n"
		return layer{}
	},
	"run": func(l string, f map[string]string, _ *run.Log) layer {
		f["Dockerfile"] += "RUN apt-get install -y gcc && echo " + quote(l) + " > /x\n"
		return layer{"RUN /bin/sh -c echo " + l, nil}
	},
	"heredoc": func(l string, f map[string]string, _ *run.Log) layer {
		f["Dockerfile"] += "COPY <<'EOF' /x\n" + l + "\nEOF\n"
		return layer{}
	},
	"a key over lines": func(l string, f map[string]string, _ *run.Log) layer {
		f["Dockerfile"] += "COPY <<'EOF' /x\n" + strings.ReplaceAll(l, `\n`, "\n") + "\nEOF\n"
		return layer{}
	},
	"command": func(l string, f map[string]string, _ *run.Log) layer {
		f["Dockerfile"] += "CMD app " + quote(l) + "\n"
		return layer{}
	},
	"health check": func(l string, f map[string]string, _ *run.Log) layer {
		f["Dockerfile"] += "HEALTHCHECK CMD curl " + quote(l) + " || true\n"
		return layer{}
	},
	"suppression": func(l string, f map[string]string, _ *run.Log) layer {
		f["Dockerfile"] = "# dockworthy: allow secrets because " + l + "\n" + f["Dockerfile"]
		return layer{}
	},
	"compose": func(l string, f map[string]string, _ *run.Log) layer {
		f["compose.yaml"] = "services:\n  app:\n    build: {context: ., args: {A: " + single(l) + "}}\n    privileged: true\n    environment: {V: " + single(l) + "}\n    command: [" + single(l) + "]\n"
		return layer{}
	},
	"compose block": func(l string, f map[string]string, _ *run.Log) layer {
		f["compose.yaml"] = "services:\n  app:\n    image: app:latest\n    privileged: true\n    environment:\n      V: |\n        " + strings.ReplaceAll(l, `\n`, "\n        ") + "\n"
		return layer{}
	},
	"dotenv": func(l string, f map[string]string, _ *run.Log) layer {
		f[".env"] = "V='" + strings.ReplaceAll(l, "'", `"`) + "'\n"
		f["compose.yaml"] = "services:\n  app:\n    build: {context: ., args: {U: \"${V}\"}}\n"
		f["Dockerfile"] += "ARG U\nUSER $U\n"
		return layer{}
	},
	"kubernetes": func(l string, f map[string]string, _ *run.Log) layer {
		f["k.yaml"] = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  v: |\n    " + strings.ReplaceAll(l, `\n`, "\n    ") + "\n  password: " + single(l) + "\n"
		return layer{}
	},
	"build": func(l string, _ map[string]string, log *run.Log) layer {
		log.Build.Error, log.Build.Step, log.Build.Tail = "the command said "+l, "RUN x "+l, strings.Split(l, `\n`)
		return layer{}
	},
	"steps": func(l string, _ map[string]string, log *run.Log) layer {
		log.Build.Steps = append(log.Build.Steps, run.BuildStep{Name: "[1/2] RUN " + l, Instr: "RUN " + l, Index: 1, Error: l})
		return layer{}
	},
	"program": func(l string, _ map[string]string, log *run.Log) layer {
		log.Start.Logs, log.Start.Up, log.Start.Ended, log.Start.Code = strings.Split("first\n"+strings.ReplaceAll(l, `\n`, "\n"), "\n"), false, true, 1
		log.Start.Cause = &run.Cause{Kind: run.Crashed, Text: "KeyError: " + l}
		return layer{}
	},
	"argv": func(l string, _ map[string]string, log *run.Log) layer {
		log.Procs.List[0].Argv = append(log.Procs.List[0].Argv, strings.Fields(l)...)
		log.Start.Argv = append(log.Start.Argv, l)
		return layer{}
	},
	"probe": func(l string, _ map[string]string, log *run.Log) layer {
		log.Health.Healthy, log.Health.Last = false, "said "+l
		log.Override.Seen = l
		return layer{}
	},
	"reasons": func(l string, _ map[string]string, log *run.Log) layer {
		log.Unseen = map[string]string{"processes": "cannot: " + l}
		log.Rebuild.Error = l
		log.Rebuild.Steps[len(log.Rebuild.Steps)-1].Because = "RUN " + l + " (line 1) above it ran again"
		return layer{}
	},
	"files of the image": func(l string, _ map[string]string, _ *run.Log) layer {
		return layer{"COPY . /", [][2]string{{"app/.env", "V=" + strings.ReplaceAll(l, `\n`, "\n") + "\n"}, {"app/key.pem", strings.ReplaceAll(l, `\n`, "\n")}}}
	},
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`\n`, `\\n`, `"`, `\"`, "$", `\$`).Replace(s) + `"`
}
func single(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// TestNoSecretLeaves plants sixty kinds of secrets in twenty places and looks at
// all that is written, in every format.
func TestNoSecretLeaves(t *testing.T) {
	kinds := leaks()
	if len(kinds) < 60 || len(places) < 20 {
		t.Fatalf("%d kinds in %d places", len(kinds), len(places))
	}
	names := excerpt.Names{}
	for where, put := range places {
		t.Run(where, func(t *testing.T) {
			for some := range slices.Chunk(kinds, 10) {
				var k leak
				for _, one := range some {
					k.text += one.text + " "
					k.cores = append(k.cores, one.cores...)
				}
				files := map[string]string{"Dockerfile": "FROM python:latest\n"}
				log := readLog(t, "service.json")
				img := imageOf(t, layer{"RUN x", [][2]string{{"clock", "x"}}}, put(k.text, files, log))
				res := proofOf(t, files, img, log)
				fsys := fstest.MapFS{}
				for name, data := range files {
					fsys[name] = &fstest.MapFile{Data: []byte(data)}
				}
				for format, text := range written(t, names, fsys, res) {
					// A build's output is indented; what is split over lines by
					// the format itself is looked for as one.
					for _, core := range k.cores {
						if at := strings.Index(text, core); at >= 0 {
							t.Errorf("%s shows %q of %q: …%s…", format, core, k.text, text[max(0, at-80):at+len(core)])
						}
					}
				}
			}
		})
	}
}

// written is what every writer makes of a project and of a proof of it.
func written(t *testing.T, names excerpt.Names, fsys fstest.MapFS, res *check.Result) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, format := range report.Formats {
		var b bytes.Buffer
		w, err := report.New(format, &b, report.Options{Names: names, Notes: true})
		if err != nil {
			t.Fatal(err)
		}
		project := dockworthy.Open(fsys, []string{"."}, source.Options{})
		if err := project.Check(context.Background(), check.Options{}, w.Result); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(project.Problems()); err != nil {
			t.Fatal(err)
		}
		out["check "+format] = b.String()
	}
	for _, format := range append([]string{"html"}, report.Formats...) {
		var b bytes.Buffer
		var w report.Writer = page.New(&b, names, page.Identity{})
		if format != "html" {
			var err error
			if w, err = report.New(format, &b, report.Options{Names: names, Notes: true}); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(w.Result(res), w.Close(nil)); err != nil {
			t.Fatal(err)
		}
		out["prove "+format] = b.String()
	}
	record, err := proof.Record(res, names)
	if err != nil {
		t.Fatal(err)
	}
	out["prove record"] = string(record)
	return out
}

// Nothing in a file, an image or an output acts on the terminal or on the log in
// which a report is read.
func TestNothingActs(t *testing.T) {
	const evil = "\x1b]0;t\x07\x1b[2J\x1b[5mX\x9b31m\u202e\u2066\r\n::error::x ##vso[task.setvariable variable=a]b ##[command]"
	res := hostile(t)
	log := res.Reports[0].Evidence.Run
	log.ID = evil
	log.Start.Logs = append(log.Start.Logs, evil)
	log.Build.Bases[0].Ref = evil
	log.Unseen = map[string]string{evil: evil}
	fsys := fstest.MapFS{
		"Dockerfile":              &fstest.MapFile{Data: []byte("FROM " + strings.Fields(evil)[0] + ":latest AS \u202ex\nRUN echo '\x1b[2J\u202e' && apt-get update\nUSER \u009b31m\n")},
		"a\x1b[2J/Dockerfile":     &fstest.MapFile{Data: []byte("FROM x\n")},
		"b\n::error::/Dockerfile": &fstest.MapFile{Data: []byte("FROM x:latest\n")},
	}
	for format, text := range written(t, excerpt.Names{}, fsys, res) {
		for i, r := range text {
			if r != '\n' && r != '\t' && redact.Unsafe(r) || r == '\r' {
				t.Errorf("%s writes %U: %q", format, r, text[max(0, i-40):min(len(text), i+20)])
				break
			}
		}
		if strings.Contains(format, "json") || strings.Contains(format, "sarif") || format == "prove record" {
			continue
		}
		for _, command := range []string{"\n::", "##vso[", "##["} {
			if at := strings.Index(text, command); at >= 0 {
				t.Errorf("%s writes %q: %q", format, command, text[max(0, at-40):at+20])
			}
		}
	}
}
