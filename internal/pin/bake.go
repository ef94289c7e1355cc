package pin

import (
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/dockworthy/dockworthy/internal/bake"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
	"github.com/dockworthy/dockworthy/text"
)

// bake finds the images that a Bake file names as build contexts, and notes the
// arguments that it gives.
func (f *finder) bake(name string) {
	file := f.file(name)
	if file == nil {
		return
	}
	if _, err := bake.Parse(file); err != nil { // which knows its limits
		f.problem(name, err)
		return
	}
	f.out.Files++
	allows := source.AllowsIn(file)
	allowed := func(at text.Span) *source.Allow { return f.covers(allows, at) }
	context := func(target, key, value string, w word, span text.Span) {
		if image, ok := strings.CutPrefix(value, imageScheme); ok {
			f.single(&Use{File: file, Span: span, What: "build context " + key + " of the target " + target, Written: value}, image, w, none, allowed)
		}
	}
	if path.Ext(name) == ".json" {
		err := deploy.Scalars(file, func(keys []string, v deploy.Value) {
			if len(keys) != 4 || keys[0] != "target" {
				return
			}
			if strings.Contains(v.Raw, "${") || strings.Contains(v.Raw, "%{") {
				if keys[2] == "contexts" && strings.Contains(v.Raw, imageScheme) {
					f.out.Uses = append(f.out.Uses, &Use{File: file, Span: v.Span, What: "build context " + keys[3] + " of the target " + keys[1], Written: v.Raw, Why: workedOut})
				}
				return
			}
			w := word{v.Raw, file, v.Span.End}.quoted()
			switch keys[2] {
			case "contexts":
				context(keys[1], keys[3], v.Raw, w, v.Span)
			case "args":
				f.given[keys[3]] = append(f.given[keys[3]], gift{v.Raw, w})
			}
		})
		if err != nil {
			f.problem(name, err)
		}
		return
	}
	parsed, diags := hclsyntax.ParseConfig(file.Data, name, hcl.InitialPos)
	if diags.HasErrors() {
		return // which bake.Parse says
	}
	body, ok := parsed.Body.(*hclsyntax.Body)
	if !ok {
		return
	}
	for _, block := range body.Blocks {
		if block.Type != "target" || len(block.Labels) != 1 {
			continue
		}
		for _, key := range []string{"contexts", "args"} {
			attr := block.Body.Attributes[key]
			if attr == nil {
				continue
			}
			object, ok := attr.Expr.(*hclsyntax.ObjectConsExpr)
			if !ok {
				continue
			}
			for _, item := range object.Items {
				k, kd := item.KeyExpr.Value(nil)
				value, ok := literalOf(item.ValueExpr)
				r := item.ValueExpr.Range()
				span := text.Span{Start: r.Start.Byte, End: r.End.Byte}
				if kd.HasErrors() || k.Type() != cty.String || !ok {
					if key == "contexts" && strings.Contains(file.Text(span), imageScheme) {
						f.out.Uses = append(f.out.Uses, &Use{File: file, Span: span, What: "build context of the target " + block.Labels[0], Written: file.Text(span), Why: workedOut})
					}
					continue
				}
				w := word{file.Text(span), file, span.End}
				if key == "args" {
					f.given[k.AsString()] = append(f.given[k.AsString()], gift{value, w})
				} else {
					context(block.Labels[0], k.AsString(), value, w, span)
				}
			}
		}
	}
}

const workedOut = "the Bake file works it out of variables, which may be given elsewhere"

// literalOf is the value of an expression that is one text in quotes.
func literalOf(e hclsyntax.Expression) (string, bool) {
	t, ok := e.(*hclsyntax.TemplateExpr)
	if !ok || !t.IsStringLiteral() {
		return "", false
	}
	v, diags := t.Value(nil)
	if diags.HasErrors() || v.Type() != cty.String {
		return "", false
	}
	return v.AsString(), true
}
