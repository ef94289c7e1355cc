package base

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

// eachLine decodes every line of a data file, and fails on a field that the
// code does not know.
func eachLine[T any](t *testing.T, data []byte, do func(n int, v *T)) {
	t.Helper()
	for n, line := range bytes.Split(bytes.TrimSpace(data), []byte{'\n'}) {
		v := new(T)
		d := json.NewDecoder(bytes.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(v); err != nil {
			t.Fatalf("line %d: %v", n+1, err)
		}
		do(n+1, v)
	}
}

func TestBasesAreWhole(t *testing.T) {
	ids, count := map[string]bool{}, 0
	eachLine(t, basesData, func(n int, i *Image) {
		count++
		if i.ID == "" || ids[i.ID] {
			t.Errorf("line %d: id %q is empty or twice", n, i.ID)
		}
		ids[i.ID] = true
		if len(i.Sources) == 0 {
			t.Errorf("%s: no source", i.ID)
		}
		for _, s := range i.Sources {
			if s.URL == "" && (s.Repo == "" || s.Path == "" || s.Commit == "") {
				t.Errorf("%s: source without a place: %+v", i.ID, s)
			}
		}
		if len(i.Match.Repos) == 0 || len(i.Match.Tags) == 0 {
			t.Errorf("%s: matches nothing", i.ID)
		}
		for _, g := range append(append([]string{}, i.Match.Tags...), append(i.Match.NotTags, i.EnvNotTags...)...) {
			if strings.ContainsAny(g, "?[]\\") {
				t.Errorf("%s: glob %q has more than stars", i.ID, g)
			}
		}
		if i.UsersWhole && i.Kind != KindService {
			t.Errorf("%s: users_whole is for services", i.ID)
		}
		switch i.Kind {
		case KindOS, KindRuntime, KindToolchain, KindMinimal, KindService:
		default:
			t.Errorf("%s: kind %q", i.ID, i.Kind)
		}
	})
	if count < 560 {
		t.Errorf("%d entries, the catalogue has 560", count)
	}
}

// What is written of a tool is one of the words that an Answer knows.
func TestToolsOfBasesAreKnown(t *testing.T) {
	for line := range bytes.Lines(basesData) {
		var i struct {
			ID    string
			Tools map[string]string
		}
		if err := json.Unmarshal(line, &i); err != nil {
			t.Fatal(err)
		}
		for tool, word := range i.Tools {
			var a Answer
			if err := a.UnmarshalText([]byte(word)); err != nil || a == Unknown && word != "unknown" {
				t.Errorf("%s: tool %s is %q", i.ID, tool, word)
			}
		}
	}
}

// Lookups read the head of a line before its rest.
func TestLinesBeginAsLookupsExpect(t *testing.T) {
	for line := range bytes.Lines(basesData) {
		head, _, ok := bytes.Cut(line, []byte(matchEnd))
		if !ok || !bytes.HasPrefix(line, []byte(`{"id":"`)) || !json.Valid(append(bytes.Clone(head), '}')) {
			t.Errorf("bases.jsonl: %.60s", line)
		}
	}
	for line := range bytes.Lines(eolData) {
		if !bytes.HasPrefix(line, []byte(`{"product":"`)) {
			t.Errorf("eol.jsonl: %.60s", line)
		}
	}
}

func TestEndOfLifeIsWhole(t *testing.T) {
	count := 0
	eachLine(t, eolData, func(n int, c *cycle) {
		count++
		if c.Product == "" || c.Cycle == "" || c.Source == "" || c.AsOf == "" {
			t.Errorf("line %d: incomplete: %+v", n, c)
		}
		for _, day := range []string{c.EOL, c.ExtendedUntil, c.ActiveUntil, c.LTSFrom} {
			if _, err := time.Parse(time.DateOnly, day); err != nil && day != "" && day != "unknown" && day != "ended" && day != "supported" {
				t.Errorf("line %d: date %q", n, day)
			}
		}
	})
	if count < 1167 {
		t.Errorf("%d cycles, the catalogue has 1167", count)
	}
}

func TestVersionsAndToolsAreWhole(t *testing.T) {
	repos := map[string]bool{}
	eachLine(t, versionsData, func(n int, p *product) {
		if p.Source == "" || len(p.Repos) == 0 && p.Prefix == "" {
			t.Errorf("versions line %d: incomplete", n)
		}
		for _, r := range p.Repos {
			if repos[r] {
				t.Errorf("versions line %d: %s is twice", n, r)
			}
			repos[r] = true
		}
		if p.EOL != "" && len(cyclesOf(p.EOL)) == 0 {
			t.Errorf("versions line %d: no cycles for %s", n, p.EOL)
		}
	})
	eachLine(t, toolsData, func(n int, r *toolRule) {
		if r.Source == "" || len(r.Yes)+len(r.No)+len(r.Unknown) == 0 || r.When == (toolRule{}.When) {
			t.Errorf("tools line %d: incomplete", n)
		}
	})
	for _, s := range knowledge.Systems() {
		if len(cyclesOf(s.Product)) == 0 {
			t.Errorf("%v: no cycles for %s", s.Words, s.Product)
		}
	}
}

func TestAccountsAreWhole(t *testing.T) {
	eachLine(t, accountsData, func(n int, a *distribution) {
		if len(a.OS) == 0 || len(a.Users) == 0 || len(a.Groups) == 0 || a.Source == "" {
			t.Errorf("line %d: no os, users, groups or source", n)
		}
		for name := range a.UIDs {
			if !slices.Contains(a.Users, name) {
				t.Errorf("line %d: %s has a UID and is no user", n, name)
			}
		}
		for name := range a.GIDs {
			if !slices.Contains(a.Groups, name) {
				t.Errorf("line %d: %s has a GID and is no group", n, name)
			}
		}
	})
}
