package shelltest

import (
	"path/filepath"
	"testing"

	"golang.org/x/tools/txtar"
)

// Seeds are the programs in the cases of these folders.
func Seeds(t testing.TB, dirs ...string) [][]byte {
	t.Helper()
	var list [][]byte
	for _, dir := range dirs {
		files, _ := filepath.Glob(filepath.Join(dir, "*.txtar"))
		if len(files) == 0 {
			t.Fatalf("no cases in %s", dir)
		}
		for _, name := range files {
			ar, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range ar.Files {
				if filepath.Ext(file.Name) == ".sh" {
					list = append(list, file.Data)
				}
			}
		}
	}
	return list
}
