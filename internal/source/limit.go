package source

import (
	"fmt"
	"sync"
)

// A Subject is a kind of question that a build is asked, whose answers may stop
// short: what is asked of a build grows with what stands in its files, but some
// of it grows faster, and that is followed up to a budget.
type Subject uint8

// The subjects.
const (
	Variables   Subject = iota // what ARG and ENV stand for
	Programs                   // what shell programs do
	Contents                   // where a file of a stage comes from
	Contexts                   // what of a build context is sent
	Deployments                // what Compose and Kubernetes say
	Variants                   // how else the Dockerfile is built
	subjects
)

// A Limit is something of a build that was not followed to its end.
type Limit struct {
	Subject Subject
	Reason  string // what was not, and beyond which limit
}

// limits are the first limit of each subject that a build or its Dockerfile
// came to.
type limits struct {
	mu    sync.Mutex
	first [subjects]string
}

// note tells of a limit. Only the first of each subject counts.
func (l *limits) note(s Subject, format string, args ...any) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.first[s] == "" {
		l.first[s] = fmt.Sprintf(format, args...)
	}
}

func (l *limits) reason(s Subject) string {
	if l == nil {
		return ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first[s]
}

// Limits is what of this build was not followed to its end, so far as anybody
// has asked: what rests on it is not known.
func (b *Build) Limits() []Limit {
	var list []Limit
	for s := range subjects {
		reason := b.beyond.reason(s)
		if reason == "" && b.Target != nil {
			reason = b.Target.eval.beyond.reason(s)
		}
		if reason == "" && s == Contexts && b.Context != nil {
			reason = b.Context.beyond()
		}
		if reason == "" && s == Deployments {
			reason = b.deployedBeyond()
		}
		if reason != "" {
			list = append(list, Limit{s, reason})
		}
	}
	return list
}

// deployedBeyond is why something is missing of what deploys the build.
func (b *Build) deployedBeyond() string {
	switch {
	case b.Compose != nil:
		return b.Compose.Beyond
	case b.Kubernetes != nil:
		return b.Kubernetes.Beyond
	}
	for _, s := range b.Services {
		if s.File.Beyond != "" {
			return s.File.Beyond
		}
		if reason := b.project.extended[s.File]; reason != "" {
			return reason
		}
	}
	return ""
}
