package base

import (
	"testing"
	"time"
)

func look(t testing.TB, s string) *Image {
	t.Helper()
	r, err := ParseRef(s)
	if err != nil {
		t.Fatal(err)
	}
	i, _ := Lookup(r)
	return i
}

func TestParseRef(t *testing.T) {
	for _, c := range []struct{ in, repo, tag, digest, familiar string }{
		{"scratch", "scratch", "", "", "scratch"},
		{"python", "docker.io/library/python", "", "", "python"},
		{"python:3.12", "docker.io/library/python", "3.12", "", "python"},
		{"docker.io/python:3", "docker.io/library/python", "3", "", "python"},
		{"gcr.io/distroless/static:nonroot", "gcr.io/distroless/static", "nonroot", "", "gcr.io/distroless/static"},
		{"localhost:5000/a/b:1", "localhost:5000/a/b", "1", "", "localhost:5000/a/b"},
		{"node:22@sha256:4b2f3b1a6c0e8f0f6c1f9f0c6a1f9a3f6b6f6d2d2f5b1e1c8a0d9e7f6a5b4c3d", "docker.io/library/node", "22", "sha256:4b2f3b1a6c0e8f0f6c1f9f0c6a1f9a3f6b6f6d2d2f5b1e1c8a0d9e7f6a5b4c3d", "node"},
	} {
		r, err := ParseRef(c.in)
		if err != nil {
			t.Fatal(err)
		}
		if r.Repo != c.repo || r.Tag != c.tag || r.Digest != c.digest || r.Familiar != c.familiar || r.Raw != c.in {
			t.Errorf("%s: %+v", c.in, r)
		}
	}
	for _, bad := range []string{"", "Python", "a:b:c", "${X}"} {
		if _, err := ParseRef(bad); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestLookup(t *testing.T) {
	for in, id := range map[string]string{
		"ghcr.io/acme/app:1":                     "", // unknown is unknown, never like the default
		"python:3.12-windowsservercore-ltsc2022": "",
		"scratch":                                "scratch",
		"debian":                                 "debian",
		"debian:bookworm-slim":                   "debian-slim",
		"python:3.12":                            "python",
		"python:3.12-slim":                       "python-slim",
		"public.ecr.aws/docker/library/python:3.12-alpine": "python-alpine",
		"ubuntu":                               "ubuntu-since-2304",
		"ubuntu:22.04":                         "ubuntu",
		"eclipse-temurin:21":                   "eclipse-temurin-jdk",
		"eclipse-temurin:21-jre":               "eclipse-temurin-jre",
		"gcr.io/distroless/static:nonroot":     "distroless-static-nonroot",
		"mcr.microsoft.com/dotnet/aspnet:10.0": "dotnet-aspnet",
		"mcr.microsoft.com/dotnet/aspnet:9.0":  "dotnet-aspnet-debian",
		"nginxinc/nginx-unprivileged:1.27":     "nginx-unprivileged",
	} {
		got := ""
		if i := look(t, in); i != nil {
			got = i.ID
		}
		if got != id {
			t.Errorf("%s is %q, want %q", in, got, id)
		}
	}
	digest := "@sha256:4b2f3b1a6c0e8f0f6c1f9f0c6a1f9a3f6b6f6d2d2f5b1e1c8a0d9e7f6a5b4c3d"
	if i := look(t, "python"+digest); i != nil {
		t.Errorf("a digest alone found %s", i.ID)
	}
	if i := look(t, "python:3.12-slim"+digest); i == nil || i.ID != "python-slim" {
		t.Error("a tag beside a digest counts")
	}
}

func TestEnv(t *testing.T) {
	if e := look(t, "mcr.microsoft.com/dotnet/aspnet:8.0").Env["APP_UID"]; e != "1654" {
		t.Errorf("APP_UID of .NET 8 is %q", e)
	}
	if e := look(t, "mcr.microsoft.com/dotnet/aspnet:6.0").Env; e != nil {
		t.Errorf(".NET 6 has %v", e)
	}
	if e := look(t, "golang:1.24-alpine").Env["PATH"]; e != "/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" {
		t.Errorf("golang's PATH is %q", e)
	}
}

func TestUID(t *testing.T) {
	for in, want := range map[string]string{
		"python:3.12":                                        "0",
		"gcr.io/distroless/static:nonroot":                   "65532",
		"gcr.io/distroless/static":                           "0",
		"mcr.microsoft.com/dotnet/aspnet:8.0-noble-chiseled": "1654",
		"nginxinc/nginx-unprivileged":                        "101",
		"jenkins/jenkins:lts":                                "1000",
		"nvidia/cuda:12.6.2-base-ubuntu22.04":                "0",
		"ghcr.io/acme/app":                                   "",
	} {
		if got, known := look(t, in).UID(); got != want || known != (want != "") {
			t.Errorf("%s runs as %q (%v), want %q", in, got, known, want)
		}
	}
	node := look(t, "node:22")
	for user, want := range map[string]string{"node": "1000", "00": "0", "0:0": "0", "root": "0", "node:node": "1000", "nobody2": "", "": "", "1001": "1001"} {
		if got, _ := node.UIDOf(user); got != want {
			t.Errorf("%q is %q, want %q", user, got, want)
		}
	}
}

func TestHasTool(t *testing.T) {
	for _, c := range []struct {
		image, tool string
		want        Answer
	}{
		{"ghcr.io/acme/app", "curl", Unknown},
		{"python:3.12-slim", "curl", No},
		{"python:3.12-slim", "/usr/local/bin/python", Yes},
		{"python:3.12-slim", "python3", Yes},
		{"python:3.12-slim", "ls", Yes},
		{"python:3.12-slim", "timeout", Yes},
		{"python:3.12-slim", "ps", No},
		{"python:3.12-slim", "pgrep", No},
		{"python:3.12", "ps", Unknown},
		{"python:3.12", "curl", Yes},
		{"python:3.12-alpine", "wget", Yes},
		{"python:3.12-alpine", "nc", Yes},
		{"python:3.12-alpine", "bash", No},
		{"node:22-alpine", "node", Yes},
		{"node:22-slim", "npm", Yes},
		{"node:22", "python", Unknown},
		{"node:22", "python3", Yes},
		{"node:22-slim", "gcc", No},
		{"node:22-slim", "g++", No},
		{"scratch", "sh", No},
		{"gcr.io/distroless/static", "sh", No},
		{"gcr.io/distroless/static", "cat", No},
		{"gcr.io/distroless/static:debug", "sh", Yes},
		{"gcr.io/distroless/static", "curl", No},
		{"postgres:16", "pg_isready", Yes},
		{"redis:7-alpine", "redis-cli", Yes},
		{"nginx:1.27", "curl", Yes},
		{"registry.access.redhat.com/ubi9/ubi", "cat", Yes},
		{"mcr.microsoft.com/dotnet/aspnet:8.0", "curl", No},
		{"debian:12", "useradd", Yes},
		{"debian:12", "adduser", Unknown},
		{"debian:12", "ssh", Unknown},
	} {
		if got := look(t, c.image).HasTool(c.tool); got != c.want {
			t.Errorf("%s in %s: %v, want %v", c.tool, c.image, got, c.want)
		}
	}
	for in, want := range map[string]Answer{"gcr.io/distroless/static:debug": No, "scratch": No, "alpine": Yes, "ghcr.io/acme/app": Unknown} {
		if got := look(t, in).HasShell(); got != want {
			t.Errorf("shell of %s: %v, want %v", in, got, want)
		}
	}
}

func TestToolchain(t *testing.T) {
	for in, want := range map[string]Level{
		"ghcr.io/acme/app":                    LevelNone,
		"python:3.12-slim":                    LevelNone,
		"python:3.12-alpine":                  LevelNone,
		"eclipse-temurin:21-jre":              LevelNone,
		"mcr.microsoft.com/dotnet/aspnet:8.0": LevelNone,
		"postgres:16":                         LevelNone,
		"tomcat:11.0.11-jre21":                LevelNone,
		"elasticsearch:9.1.0":                 LevelNone,
		"python:3.12":                         LevelRuntime,
		"node:22":                             LevelRuntime,
		"composer:2":                          LevelOther,
		"continuumio/miniconda3":              LevelOther,
		"golang:1.23":                         LevelSDK,
		"golang:1.23-alpine":                  LevelSDK,
		"rust:1-slim":                         LevelSDK,
		"maven:3.9-eclipse-temurin-21":        LevelSDK,
		"eclipse-temurin:21":                  LevelSDK,
		"tomcat:11.0.11":                      LevelSDK,
		"openjdk:17":                          LevelSDK,
		"amazoncorretto:21":                   LevelSDK,
		"mcr.microsoft.com/dotnet/sdk:8.0":    LevelSDK,
		"buildpack-deps:bookworm":             LevelSDK,
	} {
		if got := look(t, in).Toolchain(); got != want {
			t.Errorf("%s: %v, want %v", in, got, want)
		}
	}
}

func TestEndOfLife(t *testing.T) {
	for in, want := range map[string]string{
		"python":                              "",
		"python:3":                            "",
		"scratch":                             "",
		"ghcr.io/acme/app:3.8":                "",
		"python:3.8-slim-buster":              "python 3.8, debian 10 2024-06-30",
		"python:3.8.20-alpine3.18":            "python 3.8, alpine 3.18 2025-05-09",
		"debian:10":                           "debian 10 2024-06-30",
		"debian:bookworm-slim":                "debian 12 2028-06-30",
		"debian:12.8":                         "debian 12 2028-06-30",
		"ubuntu:20.04":                        "ubuntu 20.04 2025-05-31",
		"ubuntu:focal":                        "ubuntu 20.04 2025-05-31",
		"node:iron-slim":                      "node 20 2026-04-30",
		"postgres:9.6.24":                     "postgres 9.6 2021-11-11",
		"postgres:16.4":                       "postgres 16 2028-11-09",
		"golang:1.20.3":                       "go 1.20 2024-02-06",
		"mcr.microsoft.com/dotnet/aspnet:6.0": "dotnet 6 2024-11-12",
		"centos:7":                            "centos 7 2024-06-30",
		"quay.io/centos/centos:stream8":       "centos-stream 8 2024-05-31",
		"public.ecr.aws/lambda/python:3.8":    "aws-lambda python3.8 2027-03-03",
		"registry.access.redhat.com/ubi8/ubi:8.10": "rhel 8 2029-05-31",
		"gcr.io/distroless/static-debian11":        "debian 11 2026-08-31",
		"amazonlinux:2":                            "amazon-linux 2 2026-06-30",
		"nvidia/cuda:12.1.0-base-ubuntu20.04":      "ubuntu 20.04 2025-05-31",
	} {
		r, err := ParseRef(in)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		list := EndOfLife(r, look(t, in))
		for n, e := range list {
			if n > 0 {
				got += ", "
			}
			got += e.Product + " " + e.Cycle
			if n == len(list)-1 && !e.Date.IsZero() {
				got += " " + e.Date.Format(time.DateOnly)
			}
			if e.Source == "" {
				t.Errorf("%s: %s has no source", in, e.Product)
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
	e := EOL{Date: time.Date(2024, 6, 30, 0, 0, 0, 0, time.UTC)}
	if e.Past(time.Date(2024, 6, 30, 12, 0, 0, 0, time.UTC)) != No || e.Past(time.Date(2024, 7, 1, 0, 0, 0, 0, time.UTC)) != Yes {
		t.Error("the last day is still supported, the next is not")
	}
}

func BenchmarkLookupFirst(b *testing.B) {
	r, _ := ParseRef("python:3.12-slim")
	for range b.N {
		entries.Clear()
		Lookup(r)
	}
}

func BenchmarkLookupAgain(b *testing.B) {
	r, _ := ParseRef("python:3.12-slim")
	for range b.N {
		Lookup(r)
	}
}
