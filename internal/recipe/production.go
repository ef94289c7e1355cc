package recipe

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

// productionFlags are what installs what the program needs alone, by manager and the word of
// the command behind which they stand.
//
// Source: the managers' own references: npm ci, yarn install (1), pnpm install, bun install,
// composer install, uv sync, poetry install.
var productionFlags = map[string]string{"npm ci": "--omit=dev", "npm install": "--omit=dev", "npm i": "--omit=dev", "pnpm install": "--prod", "pnpm i": "--prod", "bun install": "--production",
	"composer install": "--no-dev", "uv sync": "--no-dev", "poetry install": "--only main"}

const notInProduction = "a program that needs one of them where it runs, though it is listed for development, does not start"

// Production installs without what only people at work need, where nothing is built with it
// in the stage. at is the word that asks for it, where one does.
func Production(b *source.Build, step *source.Step, at text.Span) Advice {
	run := step.Run()
	if b.Inline || run == nil || run.Opaque != "" {
		return Advice{}
	}
	for _, in := range run.Effects.Installs {
		if in.Manager == "pip" || in.Manager == "uv" && in.Verb == "install" {
			if edits, title := withoutWord(b, step, in, at); len(edits) > 0 {
				return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, notInProduction, b.Text(), edits...)}}
			}
		}
	}
	for _, s := range step.Stage.Steps {
		if r := s.Run(); r != nil && slices.ContainsFunc(r.Commands(), func(c *shell.Command) bool { _, ok := packages.Compiles(c); return ok }) {
			return unfixed("the stage also builds with them: build in a stage of its own, and install here only what the program needs")
		}
	}
	for _, in := range run.Effects.Installs {
		if in.Manager == "bundle" && in.Verb == "install" {
			const without = "ENV BUNDLE_WITHOUT=development:test"
			return Advice{Fixes: []check.Fix{fix("add `"+without+"`", check.Unsafe, notInProduction, b.Text(), b.File.Above(step.Instruction, without))}}
		}
	}
	for _, c := range run.Commands() {
		program, args := c.Underlying()
		if len(args) == 0 || c.Inner {
			continue
		}
		flag := productionFlags[program+" "+args[0].Text]
		if flag == "" || args[0].Span.IsZero() {
			continue
		}
		at := args[0].Span.End
		title := fmt.Sprintf("install by `%s %s %s`", program, args[0].Text, flag)
		return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, notInProduction, b.Text(), text.Edit{Span: text.Span{Start: at, End: at}, New: " " + flag})}}
	}
	return unfixed("the manager has no flag for that which is known here for its version")
}

// withoutWord takes a list, an extra or a package out of an install by pip that is there for
// development.
func withoutWord(b *source.Build, step *source.Step, in packages.Install, at text.Span) (edits []text.Edit, title string) {
	i := slices.IndexFunc(in.Command.Words, func(w shell.Word) bool { return !at.IsZero() && w.Span == at })
	if i < 1 || !within(step, in.Command) {
		return nil, ""
	}
	words := in.Command.Words
	cut := text.Edit{Span: text.Span{Start: words[i-1].Span.End, End: at.End}}
	for _, m := range in.Manifests {
		if m.Span != at {
			continue
		}
		if len(in.Manifests) > 1 && (words[i-1].Text == "-r" || words[i-1].Text == "--requirement") && i > 1 {
			cut.Span.Start = words[i-2].Span.End
			return []text.Edit{cut}, "leave " + m.Text + " out"
		}
		return otherList(b, step, in, m)
	}
	for _, p := range in.Packages {
		if p.Span != at && p.Word.Span != at {
			continue
		}
		raw := b.Text().Text(at)
		if open, end := strings.IndexByte(raw, '['), strings.IndexByte(raw, ']'); open >= 0 && end > open {
			extras := slices.DeleteFunc(strings.Split(raw[open+1:end], ","), func(s string) bool { return knowledge.DevGroups.Has(strings.ToLower(strings.TrimSpace(s))) })
			now := raw[:open] + raw[end+1:]
			if len(extras) > 0 {
				now = raw[:open+1] + strings.Join(extras, ",") + raw[end:]
			}
			return []text.Edit{{Span: at, New: now}}, "install " + now
		}
		if len(in.Packages)+len(in.Manifests) > 1 {
			return []text.Edit{cut}, "leave " + p.Name + " out"
		}
	}
	return nil, ""
}

// otherList installs from the list of what the program needs in the place of one for
// development, where the project has one.
func otherList(b *source.Build, step *source.Step, in packages.Install, m shell.Word) (edits []text.Edit, title string) {
	for _, s := range step.Stage.Steps[:step.Index] {
		if s.Copy == nil || !s.Copy.FromContext() || b.Context == nil || s.JSON {
			continue
		}
		for i, src := range s.Copy.Sources {
			if !src.Known || path.Base(source.Clean(src.Value)) != path.Base(m.Text) {
				continue
			}
			for _, name := range productionLists(source.Clean(src.Value)) {
				if ok, _ := b.Context.Sent(name, false); !ok || !b.Context.Has(name) {
					continue
				}
				edits = []text.Edit{{Span: m.Span, New: path.Join(path.Dir(m.Text), path.Base(name))}}
				if !slices.ContainsFunc(s.Copy.Sources, func(o source.Text) bool { return source.Clean(o.Value) == name }) {
					edits = append(edits, text.Edit{Span: s.SourcePlace(i), New: name})
				}
				return edits, "install from " + name
			}
		}
		if root, ok := below(s.Copy, in.Command.Dir); ok {
			for _, name := range productionLists(path.Join(root, m.Text)) {
				if ok, _ := b.Context.Sent(name, false); ok && b.Context.Has(name) {
					return []text.Edit{{Span: m.Span, New: path.Join(path.Dir(m.Text), path.Base(name))}}, "install from " + name
				}
			}
		}
	}
	return nil, ""
}

// productionLists are how the list of what a program needs may be called that lies beside one
// for development: requirements-dev.txt, requirements/dev.txt, dev-requirements.txt. Beside
// another one there is none.
func productionLists(name string) []string {
	dir, ext := path.Dir(name), path.Ext(name)
	if !slices.ContainsFunc(strings.FieldsFunc(strings.TrimSuffix(path.Base(name), ext), func(r rune) bool { return strings.ContainsRune("-_.", r) }), func(part string) bool {
		return knowledge.DevGroups.Has(strings.ToLower(part))
	}) {
		return nil
	}
	if knowledge.DevGroups.Has(strings.ToLower(strings.TrimSuffix(path.Base(name), ext))) {
		return []string{path.Join(dir, "prod"+ext), path.Join(dir, "production"+ext), path.Join(dir, "main"+ext), path.Join(dir, "base"+ext), path.Join(dir, "requirements"+ext)}
	}
	return []string{path.Join(dir, "requirements"+ext)}
}

// Prune takes what only a build needs away at the end of the stage that installs it, before
// the folder is copied out of it.
func Prune(b *source.Build, step *source.Step) Advice {
	run := step.Run()
	if b.Inline || run == nil || run.Opaque != "" || step.Stage == b.Target {
		return Advice{}
	}
	for _, in := range run.Effects.Installs {
		command := pruning(b, step, in)
		if command == "" {
			continue
		}
		last := step
		for _, s := range step.Stage.Steps[step.Index:] {
			if s.Keyword == "RUN" {
				last = s
			}
		}
		line := "RUN " + mounts(step) + inFolder(in.Command.Dir, last.Before.Workdir.Value) + command
		return Advice{Fixes: []check.Fix{fix("run `"+command+"` at the end of the stage", check.Unsafe, notInProduction, b.Text(), b.File.Below(last.Instruction, line))}}
	}
	return unfixed("the stage that installs them may build with them: a stage of its own has to install what the program needs")
}

// pruning takes out again what an install brings for development; "" = no command is known
// that does.
func pruning(b *source.Build, step *source.Step, in packages.Install) string {
	if in.OmitDev || in.Command.Dir == "" || len(in.Packages) > 0 {
		return ""
	}
	switch in.Manager {
	case "npm":
		return "npm prune --omit=dev"
	case "pnpm":
		return "CI=true pnpm prune --prod"
	case "uv":
		if in.Verb == "sync" && within(step, in.Command) {
			return strings.TrimSpace(b.Text().Text(in.Command.Span)) + " --no-dev"
		}
	}
	return ""
}
