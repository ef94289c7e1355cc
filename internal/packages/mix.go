package packages

import (
	"strings"

	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func mix(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, false, "--only")
	verb := o.Verb()
	if verb == "do" {
		for _, part := range tasks(args) {
			mix(b, c, program, part)
		}
		return
	}
	if verb == "deps.get" {
		only := o.Get("--only").Text
		env, _ := c.Setting("MIX_ENV")
		b.install(c, Install{Manager: "mix", Verb: "install", OmitDev: only == "prod" || only == "$MIX_ENV" && env == "prod", Frozen: o.Has("--check-locked")})
	}
}

// tasks are those of mix do, which commas or plus signs part.
func tasks(args []shell.Word) (list [][]shell.Word) {
	var one []shell.Word
	for _, w := range args {
		if w.Text == "do" {
			continue
		}
		text, end := strings.CutSuffix(w.Text, ",")
		if end = end || w.Text == "+"; w.Text != "+" {
			w.Text = text
			one = append(one, w)
		}
		if end {
			list, one = append(list, one), nil
		}
	}
	return append(list, one)
}
