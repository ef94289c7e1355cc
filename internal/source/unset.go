package source

import (
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/dockworthy/dockworthy/internal/source/base"
)

// unset are the variables for which a word of a step certainly has no value, though
// it needs one: nothing in the stage declares or sets them, nor does the base image.
// An ARG above the first FROM has no value in a stage that does not declare it
// again. ok is false where one of the word's variables may have a value.
func (b *Build) unset(step *Step, word string) (names []string, ok bool) {
	return b.unsetIn(step.Env, word, maxNesting)
}

func (b *Build) unsetIn(env *Env, word string, depth int) (names []string, ok bool) {
	if depth == 0 {
		return nil, false
	}
	for _, name := range sortedKeys(needed(word)) {
		v, found := env.Lookup(name)
		switch {
		case !found && !isPlatformArg(name) && b.plainEnv():
			names = append(names, name)
		case !found || !v.Set || v.Value != "" || v.Arg || v.Step == nil:
			return nil, false // it has a value, or the builder may give it one
		default:
			// ENV NAME=$OTHER: what OTHER lacks, NAME lacks.
			more, ok := b.unsetIn(v.Step.Env, v.Step.envWord(name), depth-1)
			if !ok {
				return nil, false
			}
			names = append(names, more...)
		}
	}
	return names, true
}

// envWord is the value that an ENV gives a variable, as it is written.
func (s *Step) envWord(name string) string {
	word := ""
	if cmd, ok := s.Command.(*instructions.EnvCommand); ok {
		for _, kv := range cmd.Env {
			if kv.Key == name {
				word = kv.Value
			}
		}
	}
	return word
}

// plainEnv tells whether the base image is known to set no variables of users: the
// official systems and languages set those of their own versions and folders.
func (b *Build) plainEnv() bool {
	img := b.Base()
	switch {
	case img.Scratch:
		return true
	case img.Known == nil || img.Local != nil || img.Known.Kind == base.KindService:
		return false
	}
	return img.Known.Kind == base.KindOS || strings.HasPrefix(img.Ref.Repo, "docker.io/library/")
}

// Declared is the ARG above the first FROM that declares a name; nil where none does.
func (b *Build) Declared(name string) *Step {
	for _, step := range b.Meta {
		for _, v := range step.Vars {
			if v.Name == name {
				return step
			}
		}
	}
	return nil
}
