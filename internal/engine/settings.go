package engine

import (
	"time"

	"github.com/dockworthy/dockworthy/internal/run"
)

// Harden fills the settings that nobody gave with the hardest that a program
// should work under.
func Harden(s run.Settings) run.Settings {
	s.ReadOnly, s.NoNewPrivs = true, true
	if s.Capabilities == nil {
		s.Capabilities = []string{}
	}
	if s.Writable == nil {
		s.Writable = []string{"/tmp"}
	}
	if s.Memory == 0 {
		s.Memory = 512 << 20
	}
	if s.Pids == 0 {
		s.Pids = 128
	}
	if s.Network == "" {
		s.Network = "none"
	}
	if s.StopLimit == 0 {
		s.StopLimit = 2 * time.Second
	}
	if s.StartLimit == 0 {
		s.StartLimit = 60 * time.Second
	} else {
		s.StartGiven = true
	}
	if s.HangLimit == 0 {
		s.HangLimit = 45 * time.Second
	}
	return s
}

// relax lets a program write where it likes in its own container. What protects
// this machine stays: no new privileges, no capabilities but those that the
// caller gave, the limits.
func relax(s run.Settings) run.Settings {
	s.ReadOnly, s.Writable, s.Volumes = false, nil, nil
	return s
}
