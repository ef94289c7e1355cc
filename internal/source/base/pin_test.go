package base

import "testing"

func TestClassify(t *testing.T) {
	for in, want := range map[string]Pinning{
		"python":        PinNone,
		"python:latest": PinLatest, "cgr.dev/chainguard/python:latest-dev": PinLatest,
		"python:alpine": PinNoVersion, "python:slim": PinNoVersion, "python:slim-bookworm": PinNoVersion, "python:alpine3.20": PinNoVersion,
		"eclipse-temurin:alpine-3.21": PinNoVersion, "ghcr.io/acme/app:prod": PinNoVersion, "gcr.io/distroless/static-debian12:nonroot": PinNoVersion,
		"busybox:glibc": PinNoVersion, "golang:bookworm": PinNoVersion,
		"node:lts": PinMoving, "node:lts-slim": PinMoving, "nginx:stable-alpine": PinMoving, "nginx:mainline": PinMoving, "node:current-slim": PinMoving,
		"ubuntu:rolling": PinMoving, "alpine:edge": PinMoving, "rust:nightly": PinMoving, "ghcr.io/acme/app:main": PinMoving,
		"debian:stable": PinMoving, "debian:testing-slim": PinMoving, "debian:sid": PinMoving, "jenkins/jenkins:lts-jdk17": PinMoving,
		"nginx:stable-alpine3.20": PinMoving, "mysql:innovation": PinMoving,
		"python:3": PinMajor, "node:22-alpine": PinMajor, "node:22-alpine3.20": PinMajor, "gradle:jdk21": PinMajor, "eclipse-temurin:21": PinMajor,
		"eclipse-temurin:21-jre-alpine": PinMajor, "node:iron-slim": PinMajor, "alpine:3": PinMajor, "rockylinux:9": PinMajor, "rockylinux:9-minimal": PinMajor,
		"postgres:16": PinMajor, "postgres:16-alpine3.20": PinMajor, "rust:1-bookworm": PinMajor, "nginx:1.x": PinMajor, "centos:7": PinMajor,
		"pgvector/pgvector:pg16": PinMajor, "ghcr.io/acme/app:v1": PinMajor,
		"python:3.12": PinMinor, "python:3.12-slim": PinMinor, "golang:1.23": PinMinor, "nginx:1.27-alpine-slim": PinMinor, "busybox:1.36": PinMinor,
		"mcr.microsoft.com/dotnet/aspnet:8.0": PinMinor, "mcr.microsoft.com/dotnet/sdk:9.0-alpine": PinMinor, "gradle:8.10-jdk21": PinMinor,
		"postgres:9.6": PinMinor, "python:3.13-rc-slim": PinMinor, "ghcr.io/astral-sh/uv:python3.12-bookworm-slim": PinMinor, "tomcat:10.1-jdk17-temurin": PinMinor,
		"wordpress:6.4-php8.2-apache": PinMinor, "mcr.microsoft.com/devcontainers/python:1-3.12-bookworm": PinMinor, "golang:1.23-alpine3.21": PinMinor,
		"debian:12": PinSeries, "debian:bookworm-slim": PinSeries, "debian:12-slim": PinSeries, "ubuntu:24.04": PinSeries, "ubuntu:jammy": PinSeries,
		"alpine:3.21": PinSeries, "rockylinux:9.4": PinSeries, "fedora:41": PinSeries, "amazonlinux:2023": PinSeries, "amazonlinux:2": PinSeries,
		"registry.access.redhat.com/ubi9/ubi:9.4": PinSeries, "buildpack-deps:bookworm-scm": PinSeries, "quay.io/centos/centos:stream9": PinSeries,
		"bitnami/minideb:bookworm": PinSeries, "public.ecr.aws/docker/library/debian:12": PinSeries, "opensuse/leap:15.6": PinSeries,
		"python:3.12.8": PinFull, "python:3.12.8-slim-bookworm": PinFull, "eclipse-temurin:21.0.5_11-jre": PinFull, "nginx:1.27.3-alpine": PinFull,
		"openjdk:8u392-jdk": PinFull, "ghcr.io/acme/app:v1.2.3": PinFull, "ghcr.io/acme/app:20240101": PinFull, "ghcr.io/acme/app:2024.01.15": PinFull,
		"ghcr.io/acme/app:2024-01-15": PinFull, "ghcr.io/acme/app:sha-abc1234": PinFull, "ghcr.io/acme/app:fc39abc1": PinFull,
		"ghcr.io/acme/app:4f07059567fa4f07059567fa4f07059567fa1234": PinFull, "minio/minio:RELEASE.2024-01-16T16-07-38Z": PinFull,
		"ghcr.io/acme/app:main-4f07059": PinFull, "ghcr.io/acme/app:main-1719560047": PinFull,
		"postgres:16.4": PinFull, "postgres:16.4-alpine": PinFull, "postgres:9.6.24": PinFull, "golang:1.23.0": PinFull, "node:20.1.0-slim": PinFull,
		"mcr.microsoft.com/dotnet/sdk:9.0.101": PinFull, "maven:3.9.9-eclipse-temurin-21": PinFull, "gradle:8.10.2-jdk21": PinFull, "php:8.3.14-fpm": PinFull,
		"amazoncorretto:21.0.5-al2023": PinFull, "busybox:1.36.1": PinFull, "redis:7.4.1": PinFull, "mysql:8.4.3": PinFull, "jenkins/jenkins:2.462": PinFull,
		"debian:12.8": PinFull, "debian:bookworm-20240812-slim": PinFull, "ubuntu:jammy-20240808": PinFull, "alpine:3.21.0": PinFull,
		"registry.access.redhat.com/ubi9/ubi:9.4-1123": PinFull, "pypy:3.10-7.3.17": PinFull, "phusion/baseimage:focal-1.2.0": PinFull,
		"nvidia/cuda:12.4.1-cudnn-devel-ubuntu22.04": PinFull, "apache/airflow:slim-2.10.3-python3.12": PinFull,
	} {
		r, err := ParseRef(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := Classify(r.Tag, look(t, in), r.Repo); got.Pinning != want {
			t.Errorf("%s: %v, want %v", in, got.Pinning, want)
		}
	}
}

func TestVariantMissing(t *testing.T) {
	for in, want := range map[string]bool{
		"python:3.11.8-slim": false, "python:3.11.8-bookworm": false, "python:3.11": false, "alpine:3.21.0": false, "debian:12.8": false,
		"ghcr.io/astral-sh/uv:0.5.4": false, "ghcr.io/acme/app:1.2.3": false,
		"python:3.11.8": true, "node:20.1.0": true, "postgres:16.4": true, "mcr.microsoft.com/dotnet/aspnet:10.0.1": true,
	} {
		r, _ := ParseRef(in)
		if got := Classify(r.Tag, look(t, in), r.Repo); got.VariantMissing != want {
			t.Errorf("%s: %v, want %v", in, got.VariantMissing, want)
		}
	}
}

func TestPublisherWithoutVersions(t *testing.T) {
	for repo, want := range map[string]bool{
		"docker.io/library/python": false, "cgr.dev/acme.com/python": false,
		"cgr.dev/chainguard/python": true, "gcr.io/distroless/static-debian12": true,
	} {
		if got := PublisherWithoutVersions(repo); got != want {
			t.Errorf("%s: %v", repo, got)
		}
	}
}

func FuzzClassify(f *testing.F) {
	for _, s := range []string{"", "3.12.8-slim-bookworm", "v", "v.", "-", "8u392", "21.0.5_11", "alpine-", "sha-", "٣.١"} {
		f.Add(s, "docker.io/library/postgres")
	}
	f.Fuzz(func(t *testing.T, tag, repo string) {
		p := Classify(tag, nil, repo)
		if again := Classify(tag, nil, repo); p.Pinning != again.Pinning || p.Pinning.String() == "" {
			t.Errorf("%q is %v and then %v", tag, p.Pinning, again.Pinning)
		}
		for _, e := range EndOfLife(Ref{Repo: repo, Tag: tag}, nil) {
			if e.Product == "" {
				t.Errorf("%s:%s ends, and nobody says what", repo, tag)
			}
		}
	})
}
