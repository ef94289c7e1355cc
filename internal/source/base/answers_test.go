package base

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestEveryEntryAnswers(t *testing.T) {
	eachLine(t, basesData, func(_ int, i *Image) {
		var open []string
		say := func(what string, answered bool) {
			if !answered {
				open = append(open, what)
			}
		}
		unsaid := func(s string) bool { return s == "" || s == "unknown" && i.Notes == "" }
		say("user", !unsaid(i.User))
		say("shell", !unsaid(i.Shell))
		say("package manager", !unsaid(i.PackageManager))
		say("healthcheck", i.Healthcheck != nil)
		if user, _, _ := strings.Cut(i.User, ":"); strings.Trim(user, "0123456789") != "" && user != "root" && user != "unknown" {
			say("uid of "+user, i.Users[user] != "")
		}
		for _, tool := range append([]string{"sh"}, CommonTools...) {
			if tool == "python" {
				tool = "python3"
			}
			_, said := i.answer(tool)
			say(tool, said)
		}
		for tool, a := range i.Tools {
			say("why "+tool+" is unknown", a != Unknown || i.Notes != "")
		}
		if len(open) > 0 {
			slices.Sort(open)
			t.Errorf("%s (%s): no answer to %s", i.ID, i.Match.Repos[0], strings.Join(open, ", "))
		}
	})
}

// A rule that leaves a program open says why.
func TestRulesHaveSources(t *testing.T) {
	for line := range bytes.Lines(toolsData) {
		r := new(toolRule)
		if err := json.Unmarshal(line, r); err != nil {
			t.Fatal(err)
		}
		if r.Source == "" || r.When == (toolRule{}.When) {
			t.Errorf("no source, or holds for every image: %.80s", line)
		}
	}
}
