package cli

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The help of each verb names each of its options once, in order.
func TestHelp(t *testing.T) {
	option := regexp.MustCompile(`--[a-z][a-z-]*`)
	for _, verb := range []string{"check", "context", "doctor", "explain", "fix", "image", "init", "keygen", "pin", "prove", "rules", "verify"} {
		var out bytes.Buffer
		if status := (Command{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out}).Main([]string{"help", verb}); status != 0 {
			t.Fatalf("help %s exits with %d", verb, status)
		}
		usage, flags, ok := strings.Cut(out.String(), "\nFlags:\n")
		if !ok {
			t.Fatalf("help %s lists no options", verb)
		}
		_, usage, _ = strings.Cut(usage, "\nUsage:\n")
		usage, _, _ = strings.Cut(usage, "\n\n")
		if option.MatchString(usage) {
			t.Errorf("help %s has options in its usage, which are listed below it: %s", verb, usage)
		}
		var names []string
		for line := range strings.Lines(flags) {
			if len(line) > 6 && strings.TrimSpace(line[:6]) != line[:6] || strings.HasPrefix(line, "  -") {
				if name := option.FindString(line[:min(len(line), 30)]); name != "" {
					names = append(names, name)
				}
			}
		}
		if len(names) < 2 && verb != "doctor" && verb != "explain" || !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
			t.Errorf("help %s lists %q", verb, names)
		}
	}
}
