package secrets

import (
	"fmt"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
	"github.com/dockworthy/dockworthy/text"
)

// A credentialUse remembers what the Dockerfiles of a Compose file's services do
// with their build arguments: one that is used as a credential is one, whatever
// it is called.
type credentialUse struct {
	compose *source.Build
	builds  map[string]map[string]*source.Build             // by Dockerfile and service
	uses    map[*source.Build]map[check.Cause]check.Finding // by the argument's cause
}

// of is where the build of a service uses an argument as a credential.
func (u *credentialUse) of(s *deploy.Service, name string) (check.Finding, bool) {
	file := u.compose.DockerfileOf(s)
	if file == "" {
		return check.Finding{}, false
	}
	if u.builds == nil {
		u.builds, u.uses = map[string]map[string]*source.Build{}, map[*source.Build]map[check.Cause]check.Finding{}
	}
	if _, known := u.builds[file]; !known {
		u.builds[file] = u.compose.BuildsFrom(file)
	}
	b := u.builds[file][s.Name.Text]
	if b == nil {
		return check.Finding{}, false
	}
	if u.uses[b] == nil {
		u.uses[b] = usesByCause(b)
	}
	f, ok := u.uses[b][argCause(name)]
	return f, ok
}

// usesByCause are the first findings of a build about each build argument that a
// RUN or an ENV uses as a credential.
func usesByCause(b *source.Build) map[check.Cause]check.Finding {
	uses := map[check.Cause]check.Finding{}
	eachStep(b, func(s *source.Step) {
		list := inStep(b, s, &mountNames{b: b})
		if _, ok := s.Command.(*instructions.EnvCommand); ok {
			list = settings(b, s, "ENV")
		}
		for _, f := range list {
			if _, told := uses[f.Cause]; f.Cause != "" && !told {
				uses[f.Cause] = f
			}
		}
	})
	return uses
}

// given judges one build argument of a service whose name says nothing.
func (u *credentialUse) given(s *deploy.Service, kv deploy.KeyValue, known *names) []check.Finding {
	if !kv.HasValue || kv.From != "" || worthOf(defaults(kv.Value.Raw)) != literal {
		return nil
	}
	use, ok := u.of(s, kv.Key.Text)
	if !ok {
		return nil
	}
	f := check.Finding{
		Place:   check.Place{File: u.compose.Text(), Span: entry(kv)},
		Secrets: []text.Span{kv.Value.Span},
		Message: fmt.Sprintf("the build of %s: %s has a literal value, and %s uses it as a credential", s.Name.Text, kv.Key.Text, use.Place.File.Name),
		Related: []check.Place{{File: use.Place.File, Span: use.Place.Span, Message: use.Message}},
	}
	if known.tell(kv.Value.Raw, "", kv.Key.Text) {
		f.Severity = check.Note
		f.Message += ", but it is easy to guess"
	}
	return []check.Finding{f}
}
