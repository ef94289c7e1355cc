package image

import (
	"context"
	"os"
	"testing"
)

// BenchmarkReal reads the archive that DOCKWORTHY_IMAGES names.
func BenchmarkReal(b *testing.B) {
	file := os.Getenv("DOCKWORTHY_IMAGES")
	if file == "" {
		b.Skip("DOCKWORTHY_IMAGES names no image")
	}
	for _, quiet := range []bool{false, true} {
		name := "secrets"
		if quiet {
			name = "plain"
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := ReadPath(context.Background(), file, Options{NoSecrets: quiet}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
