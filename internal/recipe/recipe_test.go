package recipe_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
)

// Each recipe on the bases and in the forms that it has to tell apart: the file
// after the best fix, "" where it gives none, and then its words.
func TestRecipes(t *testing.T) {
	const app = "FROM python:3.13.1-slim-bookworm\nCOPY main.py .\nUSER 10001:10001\n"
	for _, c := range []struct {
		name, id string
		src      string
		grade    check.Grade
		want     string
		words    string // that its help has
	}{
		// A user.
		{"Debian", "non-root/final-user-root", "FROM debian:12.8\nCOPY app /app\nENTRYPOINT [\"/app\"]\n", check.Unsafe,
			"FROM debian:12.8\nRUN groupadd -g 10001 app && useradd -u 10001 -g app --no-log-init --no-create-home app\nCOPY app /app\nUSER 10001:10001\nENTRYPOINT [\"/app\"]\n", "useradd -u 10001"},
		{"BusyBox", "non-root/final-user-root", "FROM alpine:3.21.0\nCOPY app /app\n", check.Unsafe,
			"FROM alpine:3.21.0\nRUN addgroup -g 10001 app && adduser -D -H -u 10001 -G app app\nCOPY app /app\nUSER 10001:10001\n", "adduser -D -H"},
		{"RPM with shadow-utils", "non-root/final-user-root", "FROM registry.access.redhat.com/ubi9/ubi:9.5\nRUN echo x\n", check.Unsafe,
			"FROM registry.access.redhat.com/ubi9/ubi:9.5\nRUN groupadd -g 10001 app && useradd -u 10001 -g app --no-log-init --no-create-home app\nRUN echo x\nUSER 10001:10001\n", "useradd"},
		{"RPM without shadow-utils", "non-root/final-user-root", "FROM registry.access.redhat.com/ubi9/ubi-minimal:9.5\nRUN echo x\n", check.Unsafe,
			"FROM registry.access.redhat.com/ubi9/ubi-minimal:9.5\nRUN microdnf install -y shadow-utils && groupadd -g 10001 app && useradd -u 10001 -g app --no-log-init --no-create-home app && microdnf clean all\nRUN echo x\nUSER 10001:10001\n", "microdnf install -y shadow-utils"},
		{"RPM without a package manager", "non-root/final-user-root", "FROM registry.access.redhat.com/ubi9/ubi-micro:9.5\nCOPY app /app\nCMD [\"/app\"]\n", check.Unsafe,
			"FROM registry.access.redhat.com/ubi9/ubi-micro:9.5\nCOPY app /app\nUSER 10001:10001\nCMD [\"/app\"]\n", "a number needs no entry"},
		{"openSUSE", "non-root/final-user-root", "FROM opensuse/leap:15.6\nCOPY app /app\nCMD [\"/app\"]\n", check.Unsafe,
			"FROM opensuse/leap:15.6\nRUN zypper --non-interactive install --no-recommends shadow && groupadd -g 10001 app && useradd -u 10001 -g app --no-log-init --no-create-home app && zypper clean --all\nCOPY app /app\nUSER 10001:10001\nCMD [\"/app\"]\n", "install --no-recommends shadow"},
		{"a service with a user of its own", "non-root/final-user-root", "FROM grafana/grafana:11.3.0\nUSER root\nRUN apk add --no-cache curl\n", check.Unsafe,
			"FROM grafana/grafana:11.3.0\nUSER root\nRUN apk add --no-cache curl\nUSER 472:0\n", "the default user of"},
		{"a user that not every release has", "non-root/final-user-root", "FROM eclipse-temurin:21.0.5_11-jre\nCOPY app /app\nCMD [\"/app\"]\n", check.Unsafe,
			"FROM eclipse-temurin:21.0.5_11-jre\nRUN groupadd -g 10001 app && useradd -u 10001 -g app --no-log-init --no-create-home app\nCOPY app /app\nUSER 10001:10001\nCMD [\"/app\"]\n", "useradd"},
		{"an ARG above FROM", "non-root/final-user-root", "ARG ID=10001\nFROM alpine:3.21.0\nCOPY app /app\nUSER $ID\nCMD [\"/app\"]\n", check.Unsafe,
			"ARG ID=10001\nFROM alpine:3.21.0\nARG ID\nCOPY app /app\nUSER $ID\nCMD [\"/app\"]\n", "declare it again below FROM"},
		{"a base with a user of its own", "non-root/final-user-root", "FROM node:20.18.1-bookworm-slim\nCOPY app /app\nCMD [\"node\", \"/app\"]\n", check.Unsafe,
			"FROM node:20.18.1-bookworm-slim\nCOPY app /app\nUSER 1000:1000\nCMD [\"node\", \"/app\"]\n", "the node user that"},
		{"scratch", "non-root/final-user-root", "FROM scratch\nCOPY app /app\nENTRYPOINT [\"/app\"]\n", check.Unsafe,
			"FROM scratch\nCOPY app /app\nUSER 10001:10001\nENTRYPOINT [\"/app\"]\n", "a number needs no entry"},
		{"nginx", "non-root/final-user-root", "FROM nginx:1.27.3\nCOPY a /usr/share/nginx/html/\n", check.Unsafe, "FROM nginxinc/nginx-unprivileged:1.27.3\nCOPY a /usr/share/nginx/html/\n", "nginxinc/nginx-unprivileged"},
		{"a root window that stays open", "non-root/final-user-root", "FROM jenkins/jenkins:2.479-jdk17\nUSER root\nRUN apt-get update && apt-get install -y x\n", check.Unsafe,
			"FROM jenkins/jenkins:2.479-jdk17\nUSER root\nRUN apt-get update && apt-get install -y x\nUSER 1000:1000\n", "the default user of"},
		{"a last USER root", "non-root/final-user-root", "FROM debian:12.8\nRUN x\n# why\nUSER root # not a comment\n", 0, "", ""},
		{"USER root at the end", "non-root/final-user-root", "FROM debian:12.8\nRUN x\nUSER root\nCMD [\"x\"]\n", check.Unsafe,
			"FROM debian:12.8\nRUN groupadd -g 10001 app && useradd -u 10001 -g app --no-log-init --no-create-home app\nRUN x\nUSER 10001:10001\nCMD [\"x\"]\n", ""},
		{"a user that is made and never becomes", "non-root/final-user-root", "FROM debian:12.8\nRUN groupadd -g 2000 svc && useradd -u 2001 -g svc svc\nCOPY app /app\n", check.Unsafe,
			"FROM debian:12.8\nRUN groupadd -g 2000 svc && useradd -u 2001 -g svc svc\nCOPY app /app\nUSER 2001:2000\n", "the user svc that line 2 creates"},
		{"CRLF and no last line break", "non-root/final-user-root", "FROM scratch\r\nCOPY app /app\r\nENTRYPOINT [\"/app\"]", check.Unsafe,
			"FROM scratch\r\nCOPY app /app\r\nUSER 10001:10001\r\nENTRYPOINT [\"/app\"]", ""},
		{"the program lies in /root", "non-root/final-user-root", "FROM python:3.13.1-slim-bookworm\nRUN pip install --user x\nCMD [\"x\"]\n", check.Unsafe,
			"FROM python:3.13.1-slim-bookworm\nRUN groupadd -g 10001 app && useradd -u 10001 -g app --no-log-init --no-create-home app\nRUN pip install --user x\nRUN install -d -o 10001 -g 10001 /root\nENV HOME=/root\nUSER 10001:10001\nCMD [\"x\"]\n", "USER 10001:10001"},
		{"a user of the base whom files are given to", "non-root/final-user-root", "FROM debian:12.9-slim\nRUN usermod -d /home www-data && chown www-data:www-data /home\nCMD [\"/srv/x\"]\n", check.Unsafe,
			"FROM debian:12.9-slim\nRUN usermod -d /home www-data && chown www-data:www-data /home\nUSER 33:33\nCMD [\"/srv/x\"]\n", "USER 33:33"},

		// Exec form.
		{"words", "entrypoint/shell-form", app + "CMD python main.py --port 8000\n", check.Safe, app + "CMD [\"python\", \"main.py\", \"--port\", \"8000\"]\n", "[\"python\""},
		{"quotes", "entrypoint/shell-form", app + "CMD python -c 'print(\"a b\")' \"c d\"\n", check.Safe, app + "CMD [\"python\", \"-c\", \"print(\\\"a b\\\")\", \"c d\"]\n", ""},
		{"exec", "entrypoint/shell-form", app + "CMD exec python main.py\n", check.Safe, app + "CMD [\"python\", \"main.py\"]\n", ""},
		{"continued", "entrypoint/shell-form", app + "CMD python main.py \\\n    --port 8000\n", check.Safe, app + "CMD [\"python\", \"main.py\", \"--port\", \"8000\"]\n", ""},
		{"a comment within", "entrypoint/shell-form", app + "CMD python main.py \\\n    # the port\n    --port 8000\n", check.Unsafe, app + "CMD [\"python\", \"main.py\", \"--port\", \"8000\"]\n", ""},
		{"a variable", "entrypoint/shell-form", app + "CMD python main.py --port $PORT\n", check.Unsafe, app + "CMD [\"sh\", \"-c\", \"exec python main.py --port $PORT\"]\n", "variables need a shell"},
		{"two commands", "entrypoint/shell-form", app + "CMD python migrate.py && python main.py\n", check.Unsafe, app + "CMD [\"sh\", \"-c\", \"python migrate.py && exec python main.py\"]\n", "more than one command"},
		{"a pattern", "entrypoint/shell-form", app + "CMD java -jar *.jar\n", check.Unsafe, app + "CMD [\"sh\", \"-c\", \"exec java -jar *.jar\"]\n", "patterns need a shell"},
		{"another shell", "entrypoint/shell-form", app + "SHELL [\"bash\", \"-eo\", \"pipefail\", \"-c\"]\nCMD python main.py --port $PORT\n", 0, "", ""},
		{"a loop", "entrypoint/shell-form", app + "CMD while true; do python main.py; done\n", 0, "", ""},
		{"a pipe", "entrypoint/shell-form", app + "CMD python main.py | tee log\n", 0, "", ""},
		{"an assignment", "entrypoint/shell-form", app + "CMD A=1 python main.py\n", 0, "", "set them with ENV"},
		{"a builtin", "entrypoint/shell-form", app + "CMD cd /x\n", 0, "", "a shell builtin"},
		{"ENTRYPOINT with arguments", "entrypoint/shell-form", app + "ENTRYPOINT gunicorn --bind 0.0.0.0 app:app\n", check.Safe, app + "ENTRYPOINT [\"gunicorn\"]\nCMD [\"--bind\", \"0.0.0.0\", \"app:app\"]\n", ""},
		{"ENTRYPOINT that passes over CMD", "entrypoint/shell-form", app + "ENTRYPOINT python main.py\nCMD [\"--help\"]\n", 0, "", "ignores CMD"},
		{"behind an ENTRYPOINT", "entrypoint/shell-form", app + "ENTRYPOINT [\"/usr/bin/env\"]\nCMD python main.py\n", check.Unsafe, app + "ENTRYPOINT [\"/usr/bin/env\"]\nCMD [\"python\", \"main.py\"]\n", ""},

		// Package lists.
		{"the next RUN", "layer-cache/update-alone", "FROM debian:12.8\nRUN apt-get update\nRUN apt-get install -y curl\n", check.Safe, "FROM debian:12.8\nRUN apt-get update && apt-get install -y curl\n", "remove this RUN"},
		{"several below", "layer-cache/update-alone", "FROM debian:12.8 AS a\nRUN apt-get -qq update\nCOPY x /x\nRUN set -e; apt-get install -y curl; rm -f /x\nFROM a\nRUN DEBIAN_FRONTEND=noninteractive apt-get install -y git\n", check.Safe,
			"FROM debian:12.8 AS a\nCOPY x /x\nRUN set -e; apt-get update && apt-get install -y curl; rm -f /x\nFROM a\nRUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y git\n", ""},
		{"one that reads them already", "layer-cache/update-alone", "FROM debian:12.8\nRUN apt-get update\nRUN apt-get update && apt-get install -y curl\n", check.Unsafe, "FROM debian:12.8\nRUN apt-get update && apt-get install -y curl\n", ""},
		{"apk", "layer-cache/update-alone", "FROM alpine:3.21.0\nRUN apk update\nRUN apk add curl git\n", check.Safe, "FROM alpine:3.21.0\nRUN apk add --no-cache curl git\n", "apk add --no-cache"},
		{"nothing is installed", "layer-cache/update-alone", "FROM debian:12.8\nRUN apt-get update\nCMD [\"x\"]\n", check.Unsafe, "FROM debian:12.8\nCMD [\"x\"]\n", "no later instruction"},
		{"a script may install", "layer-cache/update-alone", "FROM debian:12.8\nRUN apt-get update\nRUN bash setup.sh\n", check.Unsafe, "FROM debian:12.8\nRUN apt-get update && bash setup.sh\n", ""},
		{"a Makefile may install", "layer-cache/update-alone", "FROM debian:12.8\nRUN apt-get update\nRUN make setup\n", check.Unsafe, "FROM debian:12.8\nRUN apt-get update && make setup\n", ""},
		{"a Makefile that builds", "layer-cache/update-alone", "FROM debian:12.8\nRUN apt-get update\nRUN apt-get install -y make\nRUN make -j 4 CC=gcc && make install\n", check.Safe, "FROM debian:12.8\nRUN apt-get update && apt-get install -y make\nRUN make -j 4 CC=gcc && make install\n", ""},
		{"in a condition", "layer-cache/update-alone", "FROM debian:12.8\nARG DEV\nRUN sudo apt-get update -qq --allow-releaseinfo-change\nRUN if [ \"$DEV\" ]; then sudo apt-get install -y vim; fi\n", check.Safe,
			"FROM debian:12.8\nARG DEV\nRUN sudo apt-get update --allow-releaseinfo-change && if [ \"$DEV\" ]; then sudo apt-get install -y vim; fi\n", ""},
		{"with other commands", "layer-cache/update-alone", "FROM debian:12.8\nRUN echo 'deb http://x y z' >> /etc/apt/sources.list && apt-get update\nRUN apt-get install -y curl\n", check.Safe,
			"FROM debian:12.8\nRUN echo 'deb http://x y z' >> /etc/apt/sources.list\nRUN apt-get update && apt-get install -y curl\n", ""},
		{"before other commands", "layer-cache/update-alone", "FROM debian:12.8\nRUN apt-get update \\\n && printf x\nRUN apt-get install -y curl\n", check.Safe,
			"FROM debian:12.8\nRUN printf x\nRUN apt-get update && apt-get install -y curl\n", ""},
		{"before a group", "layer-cache/update-alone", "FROM debian:12.8\nRUN apt-get update && (echo a; true)\nRUN apt-get install -y curl\n", 0, "", ""},
		{"behind a semicolon", "layer-cache/update-alone", "FROM debian:12.8\nRUN echo a; apt-get update && echo b\nRUN apt-get install -y curl\n", check.Safe,
			"FROM debian:12.8\nRUN echo a; echo b\nRUN apt-get update && apt-get install -y curl\n", ""},
		{"for an upgrade", "layer-cache/update-alone", "FROM debian:12.8\nRUN apt-get update && apt-get upgrade -y\nRUN apt-get install -y curl\n", check.Safe,
			"FROM debian:12.8\nRUN apt-get update && apt-get upgrade -y\nRUN apt-get update && apt-get install -y curl\n", ""},
		{"in a pipe", "layer-cache/update-alone", "FROM debian:12.8\nRUN apt-get update\nRUN yes | apt-get install curl\n", check.Safe, "FROM debian:12.8\nRUN apt-get update && yes | apt-get install curl\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			fsys := fstest.MapFS{"Dockerfile": {Data: []byte(c.src)}}
			p := dockworthy.Open(fsys, []string{"."}, options)
			u := p.Units()[0]
			var found *check.Reported
			for _, f := range judged(t, p, u).Findings {
				if f.ID() == c.id {
					found = &f
				}
			}
			if found == nil {
				if c.want == "" && c.words == "" {
					return // it is no violation at all
				}
				t.Fatalf("%s does not speak", c.id)
			}
			if !strings.Contains(found.Help, c.words) {
				t.Errorf("its words are %q, without %q", found.Help, c.words)
			}
			if len(found.Fixes) == 0 {
				if c.want != "" {
					t.Error("there is no fix")
				}
				return
			}
			x := found.Fixes[0]
			if c.want == "" {
				t.Fatalf("there is a fix: %v", x)
			}
			if x.Grade != c.grade || (x.Grade == check.Safe) != (x.Reason == "") {
				t.Errorf("it is %s (%s), not %s", x.Grade, x.Reason, c.grade)
			}
			got, err := x.Apply()
			if err != nil || string(got["Dockerfile"]) != c.want {
				t.Fatalf("%q\nnot\n%q (%v)", got["Dockerfile"], c.want, err)
			}
			try(t, fsys, p, u, *found, x)
		})
	}
}
