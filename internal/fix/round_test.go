package fix_test

import (
	"context"
	"maps"
	"testing"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/fix"
	"github.com/dockworthy/dockworthy/internal/overlay"
	"github.com/dockworthy/dockworthy/text"
)

// A shelf is a project of three files: a and b are bad and can be mended, and to mend b makes
// c bad, which is edited by no fix.
type shelf map[string]string

var shelfRule = &check.Rule{Name: "shelf", Checks: []*check.Check{{Name: "bad", Severity: check.Error}}}

func (s shelf) Edit(changes overlay.Changes) shelf {
	next := maps.Clone(s)
	for name, data := range changes {
		next[name] = string(data)
	}
	return next
}

func (s shelf) Check(_ context.Context, _ check.Options, emit func(*check.Result) error) error {
	for _, name := range []string{"a", "b", "c"} {
		res := &check.Result{Unit: check.Unit{Path: name}}
		file := text.NewFile(name, []byte(s[name]))
		f := check.Reported{Rule: shelfRule, Check: shelfRule.Checks[0], Level: check.Source}
		f.Severity, f.Place = check.Error, check.Place{File: file}
		switch {
		case name != "c" && s[name] == "bad":
			f.Fixes = []check.Fix{{Title: "mend " + name, Grade: check.Safe, Edits: []check.Edit{{File: file, Edit: text.Edit{Span: text.Span{Start: 0, End: 3}, New: "good"}}}}}
			res.Findings = append(res.Findings, f)
		case name == "c" && s["b"] == "good":
			res.Findings = append(res.Findings, f)
		}
		if err := emit(res); err != nil {
			return err
		}
	}
	return nil
}

// What goes wrong where nothing is edited is no fault of all fixes that are tried at once.
func TestFaultElsewhere(t *testing.T) {
	res, err := fix.Run(t.Context(), shelf{"a": "bad", "b": "bad", "c": ""}, fix.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Mended) != 1 || res.Mended[0].Unit.Path != "a" || string(res.Files["a"]) != "good" {
		t.Errorf("mended %v, files %v", res.Mended, res.Files)
	}
	if len(res.Left) != 1 || res.Left[0].Unit.Path != "b" || res.Left[0].Why != "its fix was tried and taken back: it raises shelf/bad in c" {
		t.Errorf("left %v", res.Left)
	}
}
