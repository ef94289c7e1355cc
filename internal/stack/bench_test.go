package stack

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkDetect finds out what a project of ten thousand files is, of which a fifth
// is source.
func BenchmarkDetect(b *testing.B) {
	for _, lang := range []string{"python", "node", "go"} {
		b.Run(lang, func(b *testing.B) {
			dir := b.TempDir()
			write := func(name, data string) {
				path := filepath.Join(dir, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					b.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
					b.Fatal(err)
				}
			}
			ext, source := "", ""
			switch lang {
			case "python":
				write("requirements.txt", "fastapi==0.121.0\nuvicorn==0.38.0\n")
				write("main.py", "from fastapi import FastAPI\nfrom app.m1 import f\napp = FastAPI()\n")
				ext, source = ".py", "import os\n\n\ndef f(a, b=1):\n    x = {\"a\": [1, 2]}\n    return x[a] + b\n\n\nclass C:\n    y: int = 3\n"
			case "node":
				write("package.json", `{"scripts": {"start": "node server.js"}, "dependencies": {"express": "4.21.2"}}`)
				write("server.js", "const app = require('express')();\napp.listen(process.env.PORT || 3000);\n")
				ext, source = ".js", "const x = require('./y');\nmodule.exports = function f(a) { return x(a) + 1; };\n"
			case "go":
				write("go.mod", "module example.com/x\n\ngo 1.25\n")
				write("main.go", "package main\n\nimport \"net/http\"\n\nfunc main() { http.ListenAndServe(\":8080\", nil) }\n")
				ext, source = ".go", "package app\n\nfunc f(a int) int { return a + 1 }\n"
			}
			for i := range 2000 {
				write(fmt.Sprintf("app/p%d/m%d%s", i/50, i, ext), source)
			}
			for i := range 8000 {
				write(fmt.Sprintf("data/d%d/f%d.json", i/100, i), "{}\n")
			}
			fsys := os.DirFS(dir)
			for b.Loop() {
				if _, err := Detect(fsys, Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
