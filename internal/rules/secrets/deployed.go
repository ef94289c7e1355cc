package secrets

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/secret"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
	"github.com/dockworthy/dockworthy/text"
)

var composeLiteral = &check.Check{
	Name:     "compose-literal",
	Claim:    "no Compose file contains a secret",
	Why:      "anyone who can read the repository can log in, and changing the secret needs a commit",
	Mend:     "use a variable (${DB_PASSWORD}) and keep its value in an .env file outside the repository, or use secrets:",
	Quiet:    "For ${VARIABLES} without a default, *_FILE, and values encrypted with SOPS. For a placeholder the finding is a note.",
	Unfixed:  "how the command is to get the value is for you to say: most programs also read a variable or a file",
	Severity: check.Error,
	Since:    "0.1.0",
	RestsOn:  []source.Subject{source.Deployments},
	Source: func(b *source.Build) check.Verdict {
		if b.Compose == nil {
			return check.None()
		}
		var found []check.Finding
		uses := &credentialUse{compose: b}
		known := &names{gather: func(n *names) { // of all services: one logs in at another
			for _, name := range b.Names() {
				n.name(name)
			}
			for _, s := range b.Compose.Services {
				n.add(s.Environment, s.Name.Text, s.Image.Text)
			}
		}}
		for _, s := range b.Compose.Services {
			who := "the service " + s.Name.Text
			for _, kv := range s.Environment {
				found = append(found, deployed(b, kv, who, s.Name.Text, known)...)
			}
			if s.Build != nil {
				for _, kv := range s.Build.Args {
					list := deployed(b, kv, "the build of "+s.Name.Text, "", known)
					if list == nil {
						list = uses.given(s, kv, known)
					}
					found = append(found, list...)
				}
			}
			for _, c := range []*deploy.Command{s.Entrypoint, s.Command} {
				if c != nil {
					found = append(found, argv(b, c.Words, who, known)...)
				}
			}
		}
		return check.Judge(found)
	},
}

// deployed judges an environment variable or a build argument of a deployment
// file.
//
// known are the names around it, of which a password may be made.
//
// service is whose variable it is, as its file names it; "" for a build argument.
func deployed(b *source.Build, kv deploy.KeyValue, who, service string, known *names) []check.Finding {
	if !kv.HasValue || kv.From != "" {
		return nil
	}
	value, at := kv.Value.Raw, kv.Value.Span
	if b.Compose != nil && strings.Contains(value, "$") {
		value = defaults(value)
	}
	if value == "" {
		return nil
	}
	f := check.Finding{Place: check.Place{File: b.Text(), Span: entry(kv)}, Secrets: []text.Span{at}}
	if l, ok := setting(kv.Key.Text, value, at, false); ok {
		f.Message = fmt.Sprintf("%s: %s %s", who, kv.Key.Text, l.what)
		if known.tell(l.password, l.user, kv.Key.Text) {
			f.Severity = check.Note
			f.Message += ", which is easy to guess"
			f.Secrets = unlessNamed(f.Secrets, l.password, who)
			f.Unfixed = "it protects nothing, so that it may stay where nothing is to be protected"
			return []check.Finding{f}
		}
		switch {
		case service == "":
			f.Unfixed = "a build argument stays in the image whatever its value comes from: it has to become a secret of the build"
		case b.Kubernetes != nil:
			f = recipe.SecretRef(b, service, kv).To(f)
		default:
			f = recipe.Interpolate(b, service, kv, l.password).To(f)
			if strings.Contains(kv.Value.Raw, "${") {
				f.Help = "take the default out of the variable, and keep the value in an .env file outside the repository, or use secrets:"
			}
		}
		return []check.Finding{f}
	}
	if what := secret.Published(value); what != "" {
		f.Severity, f.Secrets = check.Note, nil
		f.Message = fmt.Sprintf("%s: %s contains %s, which everybody knows", who, kv.Key.Text, what)
		return []check.Finding{f}
	}
	if w := worthUnder(kv.Key.Text, value); nameOf(kv.Key.Text) == strong && (w == dummy || w == later) {
		f.Severity, f.Secrets = check.Note, nil
		f.Message = fmt.Sprintf("%s: %s has a placeholder as its value", who, kv.Key.Text)
		return []check.Finding{f}
	}
	return nil
}

// entry is the place of KEY: value; the key's alone where the value is an
// alias of something elsewhere.
func entry(kv deploy.KeyValue) text.Span {
	if gap := kv.Value.Span.Start - kv.Key.Span.End; gap < 0 || gap > 80 {
		return kv.Key.Span
	}
	return kv.Key.Span.Join(kv.Value.Span)
}

// defaults is a Compose value with its variables replaced by their defaults;
// "" where one of them has none, for then the value is not in the file.
func defaults(raw string) string {
	raw = strings.ReplaceAll(raw, "$$", "\x00")
	for range 8 {
		i := strings.IndexByte(raw, '$')
		if i < 0 {
			return strings.ReplaceAll(raw, "\x00", "$")
		}
		rest := raw[i+1:]
		if !strings.HasPrefix(rest, "{") {
			return ""
		}
		end, open := -1, 0
		for j := 0; j < len(rest) && end < 0; j++ {
			switch rest[j] {
			case '{':
				open++
			case '}':
				if open--; open == 0 {
					end = j
				}
			}
		}
		if end < 0 {
			return ""
		}
		_, value, ok := strings.Cut(rest[1:end], "-")
		if !ok {
			return ""
		}
		raw = raw[:i] + value + rest[end+1:]
	}
	return ""
}

// argv are the literals of a command's words: vendors' secrets, passwords in
// URLs, and what follows an option for a secret.
//
// known are the names around it, of which a password may be made.
func argv(b *source.Build, words []deploy.Value, who string, known *names) []check.Finding {
	var found []check.Finding
	add := func(v deploy.Value, what, key, password, user string) {
		f := check.Finding{
			Place:   check.Place{File: b.Text(), Span: v.Span},
			Message: fmt.Sprintf("the command of %s %s", strings.TrimPrefix(who, "the "), what),
			Secrets: []text.Span{v.Span},
		}
		if password != "" && (known.tell(password, user, key) || slices.Contains(accounts(words), strings.ToLower(password))) {
			f.Severity = check.Note
			f.Message += ", which is easy to guess"
			f.Secrets = unlessNamed(f.Secrets, password, f.Message)
		}
		found = append(found, f)
	}
	for i, w := range words {
		if strings.Contains(w.Raw, "$") {
			continue
		}
		name, value, joined := strings.Cut(w.Raw, "=")
		switch {
		case len(vendors(w.Raw)) > 0:
			add(w, "contains "+vendors(w.Raw)[0].what, "", "", "")
		case joined && !strings.ContainsAny(name, " \n") && nameOf(name) == strong && worthUnder(name, value) == literal:
			add(w, "sets "+clean(name)+" to a literal value", name, value, "")
		case strings.HasPrefix(w.Raw, "-") && !joined && !strings.ContainsAny(w.Raw, " \n") && nameOf(w.Raw) == strong && i+1 < len(words):
			if v := words[i+1]; !strings.HasPrefix(v.Raw, "-") && !strings.Contains(v.Raw, "$") && worthUnder(w.Raw, v.Raw) == literal {
				add(v, "sets "+clean(w.Raw)+" to a literal value", w.Raw, v.Raw, "")
			}
		default:
			for _, l := range logins(w.Raw) {
				if l.Bare() {
					add(w, "contains "+l.Who(), "", l.Password, l.User)
					break
				}
			}
		}
	}
	return found
}

// accounts are the users and databases that a command's options name, in lower case.
func accounts(words []deploy.Value) (list []string) {
	for i, w := range words {
		name, value, joined := strings.Cut(w.Raw, "=")
		if !joined && strings.HasPrefix(name, "-") && i+1 < len(words) {
			value = words[i+1].Raw
		}
		if parts := secret.NameParts(name); value != "" && len(parts) > 0 && knowledge.AccountWords.Has(strings.ToLower(parts[len(parts)-1])) {
			list = append(list, strings.ToLower(value))
		}
	}
	return list
}

var kubeLiteral = &check.Check{
	Name:     "kube-literal",
	Claim:    "no Kubernetes manifest contains a secret",
	Why:      "anyone who can read the repository can log in, and base64 is not encryption",
	Mend:     "refer to a Secret (valueFrom.secretKeyRef) that is filled from a secret store: ExternalSecret, SealedSecret, SOPS",
	Quiet:    "For valueFrom, SealedSecrets and values encrypted with SOPS. For a placeholder the finding is a note.",
	Unfixed:  "what fills the Secret in its place is for you to say: an ExternalSecret, a SealedSecret, SOPS",
	Severity: check.Error,
	Since:    "0.1.0",
	RestsOn:  []source.Subject{source.Deployments},
	Source: func(b *source.Build) check.Verdict {
		if b.Kubernetes == nil {
			return check.None()
		}
		var found []check.Finding
		for _, w := range b.Kubernetes.Workloads {
			for _, c := range w.Containers {
				who := "the container " + c.Name.Text
				known := &names{gather: func(n *names) { n.add(c.Env, c.Name.Text, c.Image.Text) }}
				for _, kv := range c.Env {
					found = append(found, deployed(b, kv, who, w.Name.Text, known)...)
				}
				found = append(found, argv(b, append(c.Command[:len(c.Command):len(c.Command)], c.Args...), who, known)...)
			}
		}
		for _, s := range b.Kubernetes.Secrets {
			if s.Encrypted {
				continue
			}
			entries := append(s.StringData[:len(s.StringData):len(s.StringData)], s.Data...)
			known := &names{gather: func(n *names) { n.add(entries, s.Name.Text, "") }}
			for _, kv := range entries {
				found = append(found, stored(b, kv, s.Name.Text, known)...)
			}
		}
		return check.Judge(found)
	},
}

// openKey tells whether a key of a Secret names what need not be one: username,
// ca.crt, clientID.
func openKey(key string) bool {
	low := strings.ToLower(key)
	if knowledge.OpenKeys.Has(low) {
		return true
	}
	if nameOf(key) != notSecret {
		return false
	}
	words := secret.NameParts(key)
	return len(words) > 0 && knowledge.OpenKeys.Has(strings.ToLower(words[len(words)-1]))
}

// stored judges a literal of a Secret: whatever lies there is meant to be one,
// unless its key says otherwise.
func stored(b *source.Build, kv deploy.KeyValue, name string, known *names) []check.Finding {
	if !kv.HasValue {
		return nil
	}
	f := check.Finding{
		Place:   check.Place{File: b.Text(), Span: entry(kv)},
		Message: fmt.Sprintf("the Secret %s contains the value of %s in plain text", name, kv.Key.Text),
		Secrets: []text.Span{kv.Value.Span},
	}
	if kv.Value.Raw != kv.Value.Text {
		f.Message = fmt.Sprintf("the Secret %s contains the value of %s only base64-encoded, which is not encryption", name, kv.Key.Text)
	}
	l, hidden := setting(kv.Key.Text, kv.Value.Text, kv.Value.Span, false)
	w := worthUnder(kv.Key.Text, kv.Value.Text)
	open := openKey(kv.Key.Text)
	inside := lines(kv.Value.Text)
	switch {
	case hidden, w == literal && !open && nameOf(kv.Key.Text) != notSecret:
	case len(inside) > 0:
		if !slices.ContainsFunc(inside, func(l line) bool { return !known.tell(kv.Value.Text[l.From:l.To], "", l.Name) }) {
			f.Severity = check.Note
		}
	case w == literal && !open && !strings.ContainsAny(kv.Value.Text, " \n") && len(kv.Value.Text) >= 8:
		if strings.Trim(kv.Value.Text, "abcdefghijklmnopqrstuvwxyz-_.@:/") == "" {
			f.Severity = check.Note // words under a name that says nothing
		}
	case (w == later || w == dummy) && !open:
		f.Severity, f.Secrets = check.Note, nil
		f.Message = fmt.Sprintf("the Secret %s contains a placeholder for %s", name, kv.Key.Text)
	default:
		return nil
	}
	if known.tell(l.password, l.user, kv.Key.Text) {
		f.Severity = check.Note
		f.Secrets = unlessNamed(f.Secrets, l.password, name)
	}
	return []check.Finding{f}
}

// unlessNamed are the secrets of a finding, without a password that is no more than
// a part of the name which the finding tells.
func unlessNamed(secrets []text.Span, password, name string) []text.Span {
	if strings.Contains(strings.ToLower(name), strings.ToLower(password)) {
		return nil
	}
	return secrets
}
