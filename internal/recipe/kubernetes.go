package recipe

import (
	"fmt"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
	"github.com/dockworthy/dockworthy/text"
)

// RunAsNonRoot has the kubelet refuse a pod's images as root, where it is not known that
// one of them would then not start.
func RunAsNonRoot(b *source.Build, w *deploy.Workload, c *deploy.Container) Advice {
	const title = "set runAsNonRoot: true"
	const reason = "an image whose USER is root, or a name, is not started any more: it needs runAsUser"
	for _, other := range w.Containers {
		if uid := other.Security.RunAsUser; uid.Set || w.PodSecurity.RunAsUser.Set {
			continue
		}
		ref, err := base.ParseRef(other.Image.Text)
		if err != nil {
			continue
		}
		known, ok := base.Lookup(ref)
		switch {
		case !ok || known.User == "" || known.User == "unknown":
		case known.User == "root" || known.User == "0":
			return unfixed(fmt.Sprintf("%s runs as root and would not start: an image that does not, or runAsUser, has to come first", other.Image.Text))
		case strings.Trim(known.User, "0123456789:") != "":
			uid, _, _ := strings.Cut(known.Users[known.User], ":")
			if uid == "" || strings.Trim(uid, "0123456789") != "" {
				return unfixed(fmt.Sprintf("the user of %s is a name, so that the kubelet cannot tell who it is: it needs runAsUser", other.Image.Text))
			}
			return unfixed(fmt.Sprintf("the user of %s is a name, so that the kubelet cannot tell who it is: it needs runAsUser: %s, too", other.Image.Text, uid))
		}
	}
	v, ctx, holder := c.Security.RunAsNonRoot, c.Security.Span, text.Span{}
	if !v.Set {
		v, ctx, holder = w.PodSecurity.RunAsNonRoot, w.PodSecurity.Span, w.PodSpan
	}
	return secure(b, v, ctx, holder, "runAsNonRoot", "true", title, reason)
}

// NoEscalation keeps a container from gaining privileges.
func NoEscalation(b *source.Build, c *deploy.Container) Advice {
	const title = "set allowPrivilegeEscalation: false"
	const reason = "a program that has to become root by a setuid program (sudo, ping) does not work any more"
	if v := c.Security.AllowPrivilegeEscalation; !v.Set && c.Security.Span.IsZero() {
		if e, ok := keyBelow(b.Text(), c.Image, "securityContext:\n  allowPrivilegeEscalation: false"); ok {
			return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, reason, b.Text(), e)}}
		}
	}
	return secure(b, c.Security.AllowPrivilegeEscalation, c.Security.Span, c.Span, "allowPrivilegeEscalation", "false", title, reason)
}

// secure writes a value of a securityContext: in a context that is there, or with a new one
// in the mapping that holds it.
func secure(b *source.Build, v deploy.Value, ctx, holder text.Span, key, value, title, reason string) Advice {
	var edit text.Edit
	ok := true
	switch {
	case v.Set:
		return unfixed("somebody set it so, and only you know whether the program needs it")
	case !ctx.IsZero():
		edit, ok = firstKey(b.Text(), ctx, key+": "+value, key+": "+value)
	case !holder.IsZero():
		edit, ok = firstKey(b.Text(), holder, "securityContext:\n  "+key+": "+value, "securityContext: {"+key+": "+value+"}")
	default:
		return Advice{}
	}
	if !ok {
		return unfixed("the manifest is laid out in a way in which nothing can be put in by itself")
	}
	return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, reason, b.Text(), edit)}}
}

// firstKey puts a key in front of the first one of a mapping: lines where it is written as a
// block, above the comments that stand over that one, else flow. ok is false where its first
// line cannot be told from what holds it.
func firstKey(f *text.File, mapping text.Span, lines, flow string) (e text.Edit, ok bool) {
	src := f.Text(mapping)
	if strings.HasPrefix(src, "{") {
		at := mapping.Start + 1
		if strings.TrimSpace(strings.TrimSuffix(src[1:], "}")) != "" {
			flow += ", "
		}
		return text.Edit{Span: text.Span{Start: at, End: at}, New: flow}, true
	}
	n := f.Position(mapping.Start).Line
	before := f.Text(text.Span{Start: f.LineSpan(n).Start, End: mapping.Start})
	if strings.Trim(before, " -") != "" || src == "" || strings.IndexByte("&*!|>", src[0]) >= 0 {
		return e, false
	}
	indent := "\n" + strings.Repeat(" ", len(before))
	put, at := strings.ReplaceAll(lines, "\n", indent)+indent, mapping.Start
	if strings.TrimSpace(before) == "" {
		for n > 1 && strings.HasPrefix(strings.TrimSpace(f.Text(f.LineSpan(n-1))), "#") {
			n--
		}
		put, at = before+strings.TrimSuffix(put, indent)+"\n", f.LineSpan(n).Start
	}
	return text.Edit{Span: text.Span{Start: at, End: at}, New: f.Lined(put)}, true
}

// keyBelow puts a key below that of a value, which stands on one line of a block.
func keyBelow(f *text.File, v deploy.Value, lines string) (e text.Edit, ok bool) {
	line := f.LineSpan(f.Position(v.Span.Start).Line)
	before := f.Text(text.Span{Start: line.Start, End: v.Span.Start})
	key := strings.TrimLeft(before, " -")
	rest := strings.TrimSpace(f.Text(text.Span{Start: v.Span.End, End: line.End}))
	if !v.Set || v.Span.End > line.End || key != "image: " || rest != "" && !strings.HasPrefix(rest, "#") {
		return e, false
	}
	indent := "\n" + strings.Repeat(" ", len(before)-len(key))
	at := line.End
	for at > line.Start && strings.IndexByte("\r\n", f.Data[at-1]) >= 0 {
		at--
	}
	return text.Edit{Span: text.Span{Start: at, End: at}, New: f.Lined(indent + strings.ReplaceAll(lines, "\n", indent))}, true
}
