package recipe

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
	"github.com/dockworthy/dockworthy/text"
)

// fallback is a Compose variable with a default, and nothing beside it.
var fallback = regexp.MustCompile(`^\$\{([A-Za-z_][A-Za-z0-9_]*):?-[^${}]*\}$`)

// Interpolate takes a value, or the part of it that is secret, out of a Compose file: it
// comes from the environment of who starts Compose, or from .env. service is whose it is.
func Interpolate(b *source.Build, service string, kv deploy.KeyValue, part string) Advice {
	at := kv.Value.Span
	raw := b.Text().Text(at)
	inner, quote := raw, ""
	if len(raw) > 1 && (raw[0] == '"' || raw[0] == '\'') && raw[len(raw)-1] == raw[0] {
		inner, quote = raw[1:len(raw)-1], raw[:1]
	}
	switch {
	case at.Start < kv.Key.Span.End || at.Start-kv.Key.Span.End > 80:
		return unfixed("the value stands elsewhere in the file, where others take it from")
	case inner != kv.Value.Raw:
		return unfixed("the value is not written in one piece")
	}
	name, value := kv.Key.Text, ""
	if m := fallback.FindStringSubmatch(inner); m != nil {
		name = m[1]
	} else {
		switch {
		case strings.Contains(inner, "$"):
			return unfixed("the value is put together of variables")
		case part != "" && part != inner:
			if strings.Count(inner, part) != 1 {
				return unfixed("the secret stands in the value more than once")
			}
			if whose, same := holder(b.Compose, part); same != nil {
				service, kv, name = whose, *same, same.Key.Text
			} else {
				name = strings.TrimSuffix(urlName.ReplaceAllString(name, ""), "_") + "_PASSWORD"
			}
		default:
			part = inner
		}
		if name = Variable(name); name == "" {
			return Advice{}
		}
		if differs(b.Compose, kv) {
			name = Variable(service + "_" + name)
		}
	}
	value = "${" + name + ":?}"
	if part != "" && part != inner && !fallback.MatchString(inner) {
		value = strings.Replace(inner, part, value, 1)
	}
	if quote == "" {
		line := b.Text().Text(text.Span{Start: b.Text().LineSpan(b.Text().Position(at.Start).Line).Start, End: at.Start})
		if strings.ContainsAny(line, "{[") {
			quote = `"`
		}
		if quote != "" && strings.Contains(line, "=") {
			return unfixed("the value stands in a list on one line")
		}
	}
	title := fmt.Sprintf("write ${%s}, and name it in .env.example", name)
	reason := "Compose does not start until " + name + " is set, in .env or in the environment" + rotate
	x := fix(title, check.Unsafe, reason, b.Text(), text.Edit{Span: at, New: quote + value + quote})
	sample(b, &x, name)
	return Advice{Fixes: []check.Fix{x}}
}

// urlName is the end of a variable's name that says how its value is put together.
var urlName = regexp.MustCompile(`(?i)_?(URL|URI|DSN|CONNECTION(_?STRING)?|CONN)$`)

// holder is the variable of a service whose whole value is a secret that also stands
// elsewhere, and that service; nil = there is none.
func holder(c *deploy.Compose, secret string) (service string, kv *deploy.KeyValue) {
	if c == nil {
		return "", nil
	}
	for _, s := range c.Services {
		for i, kv := range s.Environment {
			if kv.HasValue && kv.Value.Raw == secret {
				return s.Name.Text, &s.Environment[i]
			}
		}
	}
	return "", nil
}

// differs tells whether another service has another value under a key.
func differs(c *deploy.Compose, kv deploy.KeyValue) bool {
	if c == nil {
		return false
	}
	return slices.ContainsFunc(c.Services, func(s *deploy.Service) bool {
		return slices.ContainsFunc(s.Environment, func(o deploy.KeyValue) bool {
			return o.Key.Text == kv.Key.Text && o.HasValue && o.Value.Raw != kv.Value.Raw && !strings.Contains(o.Value.Raw, "$")
		})
	})
}

// valueKey is the key before the value of a container's variable, and what stands before it.
var valueKey = regexp.MustCompile(`^(.*?)\bvalue:[ \t]+$`)

// SecretRef has the value of a container's variable come from a Secret, which is named like
// its workload.
func SecretRef(b *source.Build, workload string, kv deploy.KeyValue) Advice {
	f := b.Text()
	at := kv.Value.Span
	if at.Start < kv.Key.Span.End {
		return Advice{}
	}
	line := f.LineSpan(f.Position(at.Start).Line)
	m := valueKey.FindStringSubmatch(f.Text(text.Span{Start: line.Start, End: at.Start}))
	if m == nil || f.Position(at.Start).Line != f.Position(at.End).Line || !kubeName.MatchString(workload) || !kubeKey.MatchString(kv.Key.Text) {
		return unfixed("the value is not written on one line behind its key")
	}
	secret := workload + "-secrets"
	put := fmt.Sprintf("valueFrom: {secretKeyRef: {name: %s, key: %s}}", secret, kv.Key.Text)
	if strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(m[1]), "-")) == "" {
		indent := "\n" + strings.Repeat(" ", len(m[1]))
		put = f.Lined("valueFrom:" + indent + "  secretKeyRef:" + indent + "    name: " + secret + indent + "    key: " + kv.Key.Text)
	}
	span := text.Span{Start: line.Start + len(m[1]), End: at.End}
	title := fmt.Sprintf("take %s from the Secret %s", kv.Key.Text, secret)
	reason := "the Secret has to be there before, filled from a store (ExternalSecret, SealedSecret, SOPS) or by `kubectl create secret generic " + secret + " --from-env-file`" + rotate
	return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, reason, f, text.Edit{Span: span, New: put})}}
}

var (
	kubeName = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,200}[a-z0-9])?$`)
	kubeKey  = regexp.MustCompile(`^[-._a-zA-Z0-9]{1,253}$`)
)
