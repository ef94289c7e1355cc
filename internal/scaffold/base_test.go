package scaffold

import (
	"strings"
	"testing"
	"time"

	"github.com/dockworthy/dockworthy/internal/python"
)

func TestChoose(t *testing.T) {
	asOf := time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
	tags := []string{"latest", "3", "3.13", "3.13-slim", "slim", "3.13.0-slim-bookworm", "3.13.0-alpine3.20", "3.12.1-slim-bookworm", "3.12.11-slim-bookworm", "3.12.11-slim-trixie",
		"3.12.9-slim-trixie", "3.9.2-slim-bookworm", "3.15.0rc1-slim-bookworm", "2.7.18-slim-buster"}
	fits := func(spec string) func(string) bool { return func(v string) bool { return python.Fits(v, spec) } }
	for _, c := range []struct {
		name string
		want Want
		tag  string
		why  string
	}{
		{"newest", Want{}, "3.13.0-slim-bookworm", "the newest supported version, the registry has it"},
		{"inside the constraint, newest patch, newest Debian", Want{Fits: fits("<3.13"), Spec: "<3.13"}, "3.12.11-slim-trixie", "the newest supported version for <3.13, the registry has it"},
		{"one version alone", Want{Fits: fits("3.12.1"), Spec: "3.12.1"}, "3.12.1-slim-bookworm", "for 3.12.1"},
		{"a version before its end is preferred", Want{Fits: fits(">=3.9"), Prefers: fits("<3.13"), Spec: ">=3.9"}, "3.12.11-slim-trixie", "supported"},
		{"what builds comes before what is supported", Want{Prefers: fits("<3.10")}, "3.9.2-slim-bookworm", "past its end of life"},
		{"the nearest where none is preferred", Want{Prefers: fits("<3.5"), Fits: fits(">3.9.2")}, "3.12.11-slim-trixie", "the oldest supported version"},
		{"past its end, where nothing else does", Want{Fits: fits("3.9"), Spec: "3.9"}, "3.9.2-slim-bookworm", "past its end of life"},
	} {
		c.want.Repo, c.want.Variant, c.want.Spare = "python", "slim-%s", 3
		got, err := Choose(c.want, tags, "the registry has it", asOf)
		if err != nil || got.Tag != c.tag || !strings.Contains(got.Why, c.why) {
			t.Errorf("%s: %+v %v", c.name, got, err)
		}
	}
	want := Want{Repo: "python", Variant: "slim-%s", Spare: 3, Fits: fits("3.10"), Spec: "3.10"}
	if _, err := Choose(want, tags, "the registry", asOf); err == nil || !strings.Contains(err.Error(), "the registry has no tag of a full version of python 3.10") {
		t.Errorf("%v", err)
	}
	// Eclipse Temurin's versions have a sign of their own; a tag of a major version does
	// where there is none of a full one, the newest Ubuntu first.
	jre := Want{Repo: "eclipse-temurin", Variant: "jre-%s", Systems: ubuntus, Spare: 3, Loose: true, Fits: fits(">=17"), Prefers: fits("17"), LTS: true}
	for _, c := range []struct {
		tags []string
		tag  string
	}{
		{[]string{"17-jre-jammy", "17.0.13_11-jre-jammy", "17.0.9_9-jre-noble", "21.0.5_11-jre-noble", "17.0.13_11-jre-noble"}, "17.0.13_11-jre-noble"},
		{[]string{"21-jre-jammy", "17-jre", "17-jre-jammy", "17-jdk-jammy"}, "17-jre-jammy"},
		{[]string{"11-jre-jammy", "21.0.5_11-jre-jammy", "25.0.1_8-jre-jammy"}, "21.0.5_11-jre-jammy"},
	} {
		if got, err := Choose(jre, c.tags, "the registry", asOf); err != nil || got.Tag != c.tag {
			t.Errorf("%v: %+v %v", c.tags, got, err)
		}
	}
	jre.Fits, jre.Prefers = fits("8"), nil
	if got, err := Choose(jre, []string{"8u432-b06-jre-jammy", "8u422-b05-jre-jammy"}, "the registry", asOf); err != nil || got.Tag != "8u432-b06-jre-jammy" {
		t.Errorf("%+v %v", got, err)
	}
	// Without a registry, what was known when the data was read.
	got, err := Choose(Want{Repo: "python", Variant: "slim-%s", Spare: 3, Fits: fits("3.12"), Spec: "3.12"}, nil, "", asOf)
	if err != nil || !strings.HasPrefix(got.Tag, "3.12.") || !strings.HasSuffix(got.Tag, "-slim-trixie") || !strings.Contains(got.Why, "known on 2026-") {
		t.Errorf("%+v %v", got, err)
	}
	if s := (Base{Repo: "python", Tag: "3.13.0", Digest: "sha256:ab"}).String(); s != "python:3.13.0@sha256:ab" {
		t.Error(s)
	}
}
