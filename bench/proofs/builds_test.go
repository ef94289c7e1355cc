package main

import (
	"bytes"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLabelsCoverTheBuilds(t *testing.T) {
	labels, err := readLabels("labels.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range ruleNames {
		for _, level := range levelNames {
			if len(labels.Golden[rule][level]) == 0 {
				t.Errorf("golden says nothing of %s at %s", rule, level)
			}
		}
	}
	folders, err := os.ReadDir("builds")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		if labels.Builds[f.Name()] == nil {
			t.Errorf("builds/%s has no label", f.Name())
		}
	}
	for name, b := range labels.Builds {
		dir := t.TempDir()
		if err := b.stage("builds", dir); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, file := range []string{"Dockerfile", b.Edit} {
			data, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if bytes.Contains(data, []byte("@PLANTED@")) {
				t.Errorf("%s/%s: no secret is planted", name, file)
			}
		}
		for rule, levels := range b.Differs {
			for level := range levels {
				if labels.Golden[rule][level] == nil {
					t.Errorf("%s: there is no cell %s/%s", name, rule, level)
				}
			}
		}
	}
}

// The probe is worth something because it shares nothing with what it examines.
func TestProbeIsIndependent(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range f.Imports {
			if strings.Contains(i.Path.Value, "dockworthy/dockworthy") {
				t.Errorf("%s imports %s", name, i.Path.Value)
			}
		}
	}
}

func TestStepsOfAPlainProgress(t *testing.T) {
	got := steps("#5 [build 2/4] RUN pip install x\n#5 CACHED\n#6 [build 3/4] COPY . .\n#6 DONE 0.1s\n")
	if len(got) != 2 || !got[0].cached || got[1].cached {
		t.Errorf("steps: %+v", got)
	}
}

func TestReadReportOfTheText(t *testing.T) {
	card, worst, err := readReport([]byte("warning[healthcheck/vacuous]: it cannot fail\n\n" +
		"                  source          image           run\n" +
		"8 healthcheck     violated        not looked at   not applicable\n"))
	if err != nil {
		t.Fatal(err)
	}
	levels := card["healthcheck"]
	if worst != "warning" || levels["source"].letters()+levels["image"].letters()+levels["run"].letters() != "V-n" {
		t.Errorf("%s %v", worst, card)
	}
}
