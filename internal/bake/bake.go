// Package bake reads Bake files, docker-bake.hcl and docker-bake.json, as far as
// they are literal: targets with their contexts, Dockerfiles, stages, arguments and
// tags. Functions are not evaluated, and a value with one in it is left out.
// Source: docs.docker.com/build/bake/reference.
package bake

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"

	"github.com/dockworthy/dockworthy/internal/meter"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
	"github.com/dockworthy/dockworthy/text"
)

// What is read of a file: bytes, and steps for each byte of it. A body is walked
// once, and inheritance may come to it again.
const (
	maxFile      = 1 << 20
	freeSteps    = 10_000
	stepsPerByte = 4
	maxInherits  = 32
	maxValue     = 64 << 10
	maxList      = 1_000
)

// Parse reads a Bake file.
func Parse(f *text.File) (*deploy.Bake, error) {
	if len(f.Data) > maxFile {
		return nil, errors.New("is larger than a mebibyte, far more than a Bake file is")
	}
	if err := shallow(f.Data); err != nil {
		return nil, err
	}
	r := &reader{file: f, vars: map[string]cty.Value{}, targets: map[string]*hcl.Block{}}
	r.steps.Left = freeSteps + stepsPerByte*len(f.Data)
	body, err := r.parse()
	if err != nil {
		return nil, err
	}
	content, _, _ := body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "variable", LabelNames: []string{"name"}}, {Type: "target", LabelNames: []string{"name"}}, {Type: "group", LabelNames: []string{"name"}}}})
	for _, b := range content.Blocks {
		switch b.Type {
		case "variable":
			r.variable(b)
		case "target":
			r.targets[b.Labels[0]] = b
			r.order = append(r.order, b.Labels[0])
		}
	}
	out := &deploy.Bake{File: f}
	abstract := r.abstract(content.Blocks)
	for _, name := range r.order {
		if !abstract[name] {
			out.Targets = append(out.Targets, r.target(name))
		}
	}
	if r.steps.Left < 0 {
		out.Beyond = fmt.Sprintf("%s: its targets inherit more than is read of a file of its size", f.Name)
	}
	return out, nil
}

// maxDepth is how deep brackets may be nested: the parser descends for each.
const maxDepth = 200

func shallow(data []byte) error {
	depth, most := 0, 0
	for _, c := range data {
		switch c {
		case '{', '[', '(':
			depth++
			most = max(most, depth)
		case '}', ']', ')':
			depth--
		}
	}
	if most > maxDepth {
		return fmt.Errorf("is nested more than %d deep", maxDepth)
	}
	return nil
}

type reader struct {
	file    *text.File
	vars    map[string]cty.Value
	targets map[string]*hcl.Block
	order   []string
	steps   meter.Meter
}

func (r *reader) parse() (hcl.Body, error) {
	var f *hcl.File
	var diags hcl.Diagnostics
	if path.Ext(r.file.Name) == ".json" {
		f, diags = json.Parse(r.file.Data, r.file.Name)
	} else {
		f, diags = hclsyntax.ParseConfig(r.file.Data, r.file.Name, hcl.InitialPos)
	}
	if diags.HasErrors() {
		d := diags.Errs()[0]
		var diag *hcl.Diagnostic
		if errors.As(d, &diag) && diag.Subject != nil {
			return nil, fmt.Errorf("line %d: %s", diag.Subject.Start.Line, diag.Summary)
		}
		return nil, d
	}
	return f.Body, nil
}

// variable keeps the default of a variable: what it is where nobody says.
func (r *reader) variable(b *hcl.Block) {
	attrs, _ := b.Body.JustAttributes()
	if a := attrs["default"]; a != nil {
		if v, ok := r.value(a.Expr); ok {
			r.vars[b.Labels[0]] = v
		}
	}
}

// value is what an expression is, without functions and with the variables that
// have a default.
func (r *reader) value(e hcl.Expression) (cty.Value, bool) {
	src := e.Range().SliceBytes(r.file.Data)
	if !r.steps.Spend(1+len(src)/16) || loop.Match(src) {
		return cty.NilVal, false
	}
	v, diags := e.Value(&hcl.EvalContext{Variables: r.vars})
	if diags.HasErrors() || !small(v) {
		return cty.NilVal, false
	}
	return v, true
}

// loop is an expression or a template that goes over something: a few of them in
// each other take for ever.
var loop = regexp.MustCompile(`\bfor\b|%\{|\[\s*\*|\.\*`)

// small tells whether a value is a text, a number, a truth value, or a short list of
// such: variables that double each other grow without end.
func small(v cty.Value) bool {
	if v.IsNull() || !v.IsKnown() {
		return false
	}
	switch {
	case v.Type() == cty.String:
		return len(v.AsString()) <= maxValue
	case v.Type().IsPrimitiveType():
		return true
	case !v.Type().IsTupleType() && !v.Type().IsListType() || v.LengthInt() > maxList:
		return false
	}
	for _, e := range v.AsValueSlice() {
		if !e.Type().IsPrimitiveType() || !small(e) {
			return false
		}
	}
	return true
}

// abstract are the targets that others inherit and no group builds.
func (r *reader) abstract(blocks hcl.Blocks) map[string]bool {
	inherited, grouped := map[string]bool{}, map[string]bool{}
	for _, b := range blocks {
		key, set := "inherits", inherited
		switch b.Type {
		case "group":
			key, set = "targets", grouped
		case "variable":
			continue
		}
		attrs, _ := b.Body.JustAttributes()
		if a := attrs[key]; a != nil {
			if v, ok := r.value(a.Expr); ok {
				for _, name := range texts(v) {
					set[name] = true
				}
			}
		}
	}
	for name := range grouped {
		delete(inherited, name)
	}
	return inherited
}

// target is a target with what it inherits.
func (r *reader) target(name string) *deploy.BakeTarget {
	t := &deploy.BakeTarget{Name: name, Args: map[string]string{}, Contexts: map[string]string{}}
	r.fill(t, name, nil)
	return t
}

// fill takes over the attributes of a target, those that it inherits first.
func (r *reader) fill(t *deploy.BakeTarget, name string, trail []string) {
	b := r.targets[name]
	if b == nil || slices.Contains(trail, name) || len(trail) > maxInherits || !r.steps.Spend(8) {
		return
	}
	attrs, _ := b.Body.JustAttributes()
	if a := attrs["inherits"]; a != nil {
		if v, ok := r.value(a.Expr); ok {
			for _, parent := range texts(v) {
				r.fill(t, parent, append(trail, name))
			}
		}
	}
	one := func(key string, to *string) {
		if a := attrs[key]; a != nil {
			if v, ok := r.value(a.Expr); ok && v.Type() == cty.String {
				*to = v.AsString()
			}
		}
	}
	one("context", &t.Context)
	one("dockerfile", &t.Dockerfile)
	one("target", &t.Target)
	if a := attrs["dockerfile-inline"]; a != nil {
		t.Inline = true
	}
	if a := attrs["output"]; a != nil {
		t.Output = nil
		if v, ok := r.value(a.Expr); ok {
			t.Output = texts(v)
		}
	}
	if a := attrs["tags"]; a != nil {
		if v, ok := r.value(a.Expr); ok {
			t.Tags = texts(v)
		}
	}
	r.mapping(attrs["args"], t.Args)
	r.mapping(attrs["contexts"], t.Contexts)
}

// mapping takes over the literal entries of an object, one by one: a function in one
// of them leaves the others.
func (r *reader) mapping(a *hcl.Attribute, to map[string]string) {
	if a == nil {
		return
	}
	pairs, diags := hcl.ExprMap(a.Expr)
	if diags.HasErrors() {
		return
	}
	for _, p := range pairs {
		key, ok := r.value(p.Key)
		if !ok || key.Type() != cty.String {
			continue
		}
		delete(to, key.AsString()) // what is inherited is not what counts
		v, ok := r.value(p.Value)
		if !ok || !v.Type().IsPrimitiveType() {
			continue
		}
		if s, ok := text1(v); ok && len(s) <= maxValue {
			to[key.AsString()] = s
		}
	}
}

// text1 is a string, a number or a truth value as Bake hands it on.
func text1(v cty.Value) (string, bool) {
	switch v.Type() {
	case cty.String:
		return v.AsString(), true
	case cty.Bool:
		return fmt.Sprint(v.True()), true
	case cty.Number:
		return v.AsBigFloat().Text('f', -1), true
	}
	return "", false
}

// texts are the strings of a list.
func texts(v cty.Value) (list []string) {
	if !v.CanIterateElements() {
		return nil
	}
	for _, e := range v.AsValueSlice() {
		if s, ok := text1(e); ok && !strings.ContainsAny(s, "\n") {
			list = append(list, s)
		}
	}
	return list
}
