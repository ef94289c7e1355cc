package shell

// Ending is one way in which a program ends: the last command of one of its
// paths.
type Ending struct {
	// Command is what the path ends in; nil where there is none.
	Command *Command
	// Prev is the foreground command that ran before Command on that path or
	// on the way to it; nil where there is none.
	Prev *Command
	When When
	Exec bool // the shell is replaced by Command
	Exit bool // exit, or return from the script
	Code string
	Wait bool // the wait builtin
	Loop bool // a loop in last place; Command is the last in its body
	// Falls tells that the path comes to the program's end without running
	// anything there: an if without else, a test, an assignment.
	Falls bool

	hidden bool // what Command runs is not seen: source, eval of unknown text
}

// Signalled tells whether a trap catches one of the signals, given without
// SIG. A trap that ignores them does not count.
func (s *Script) Signalled(signals ...string) bool {
	for _, t := range s.Traps {
		if t.Reset || t.When == Never || t.Handler.Known && t.Handler.Text == "" {
			continue
		}
		for _, have := range t.Signals {
			for _, want := range signals {
				if signalName(have) == want {
					return true
				}
			}
		}
	}
	return false
}

func signalName(s string) string {
	switch s {
	case "15":
		return "TERM"
	case "2":
		return "INT"
	case "1":
		return "HUP"
	case "3":
		return "QUIT"
	case "0":
		return "EXIT"
	}
	if len(s) > 3 && (s[:3] == "SIG" || s[:3] == "sig") {
		return s[3:]
	}
	return s
}

// Endings are the ways in which the program can end, exec and exit on the way
// included. ok is false when the last command hides what it runs (source, an
// eval of unknown text) or when the program was not followed to its end.
func (s *Script) Endings() (ends []Ending, ok bool) {
	ends = append(append(ends, s.early...), s.tail...)
	for i := range ends {
		if ends[i].hidden {
			return ends, false
		}
	}
	return ends, s.Err == nil && !s.Truncated
}

// early notes an ending on the way.
func (w *walker) early(e Ending) {
	const enough = 1000 // a loop may pass the same exit many times
	if w.cur != Never && len(w.script.early) < enough {
		w.script.early = append(w.script.early, e)
	}
}
