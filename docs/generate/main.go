// Command generate writes the pages of docs/rules from the checks'
// declarations. Run it from the module's folder: go run ./docs/generate
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/dockworthy/dockworthy/internal/rules"
)

func main() {
	if err := write("docs/rules"); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

// write makes the folder hold the pages and nothing else.
func write(dir string) error {
	pages := rules.Pages()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(dir, "*.md"))
	if err != nil {
		return err
	}
	for _, path := range old {
		if _, ok := pages[filepath.Base(path)]; !ok {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	for name, page := range pages {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(page), 0o644); err != nil {
			return err
		}
	}
	return nil
}
