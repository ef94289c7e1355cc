package packages

import (
	"strings"

	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

// Compiles tells whether a command builds a program from source, and with
// what: "go build", "npm run build", "make".
func Compiles(c *shell.Command) (what string, ok bool) {
	program, args := c.Underlying()
	return compiles(program, args, 0)
}

func compiles(program string, args []shell.Word, depth int) (string, bool) {
	if depth > 4 {
		return "", false
	}
	// Most commands are none of these, so their options are not taken apart.
	options := func() getopt.Options { return getopt.Split(args, false) }
	verb := ""
	for _, a := range args {
		if t := a.Text; t != "" && t[0] != '-' && t[0] != '+' {
			verb = t
			break
		}
	}
	for _, a := range args {
		if a.Text == "--version" || a.Text == "--help" {
			return "", false
		}
	}
	both := program + " " + verb
	switch program {
	case "go":
		if verb == "install" { // with a version it is an Install, too
			return both, true
		}
		return both, verb == "build"
	case "cargo":
		switch verb {
		case "chef":
			return "cargo chef cook", word(args, 1) == "cook"
		case "build", "install", "b", "rustc", "leptos", "auditable", "zigbuild", "xbuild":
			return both, true
		}
	case "mvn", "mvnw":
		for _, w := range options().Operands {
			switch w.Text {
			case "package", "install", "verify", "compile", "deploy":
				return program + " " + w.Text, true
			}
			if strings.HasSuffix(w.Text, ":build") || strings.HasSuffix(w.Text, ":repackage") || strings.HasSuffix(w.Text, ":native") {
				return program + " " + w.Text, true
			}
		}
	case "gradle", "gradlew":
		for _, w := range options().Operands {
			switch task := w.Text[strings.LastIndexByte(w.Text, ':')+1:]; task {
			case "build", "assemble", "bootJar", "bootWar", "jar", "war", "shadowJar", "installDist", "distTar", "distZip", "nativeCompile", "compileJava", "compileKotlin", "classes", "fatJar", "buildFatJar", "installBootDist", "publishToMavenLocal", "uberJar", "quarkusBuild":
				return program + " " + task, true
			}
		}
	case "npm", "pnpm", "yarn", "yarnpkg", "bun":
		return script(program, args)
	case "npx", "bunx", "pnpx":
		if len(options().Operands) > 0 {
			return compiles(options().Operands[0].Text, options().Operands[1:], depth+1)
		}
	case "tsc", "webpack", "esbuild", "rollup", "parcel", "gulp", "grunt", "swc", "babel", "tsup":
		return program, true
	case "vite", "next", "ng", "nuxt", "nuxi", "nest", "vue-cli-service", "react-scripts", "gatsby", "astro", "ember", "turbo", "nx", "remix", "expo", "hugo", "docusaurus", "svelte-kit", "quasar":
		if program == "hugo" && verb == "" {
			return program, true
		}
		if (program == "turbo" || program == "nx") && verb == "run" {
			return program + " run " + word(args, 1), strings.HasPrefix(word(args, 1), "build")
		}
		return both, verb == "build" || verb == "generate" && strings.HasPrefix(program, "nux")
	case "make", "gmake", "ninja", "samu", "bazel", "bazelisk", "scons", "meson", "waf", "xmake", "b2", "bjam":
		switch program {
		case "bazel", "bazelisk":
			return both, verb == "build" || verb == "run"
		case "meson":
			return both, verb == "compile" || verb == "install"
		}
		for _, w := range options().Operands {
			switch w.Text {
			case "clean", "distclean", "mrproper":
				if len(options().Operands) == 1 {
					return "", false
				}
			}
		}
		return program, true
	case "cmake":
		if options().Has("--build") {
			return "cmake --build", true
		}
		if options().Has("--install", "-E") {
			return "", false
		}
		return "cmake", len(args) > 0
	case "gcc", "g++", "cc", "c++", "clang", "clang++", "rustc", "javac", "kotlinc", "scalac", "ghc", "gfortran", "nasm", "nvcc", "gnatmake", "crystal", "nim", "musl-gcc", "x86_64-linux-musl-gcc", "dmd", "ldc2", "valac", "gdc", "gccgo", "ocamlopt", "emcc", "native-image", "pyinstaller", "nuitka":
		if options().Has("-v", "-dumpversion", "-dumpmachine", "-version", "-E", "-print-prog-name") || len(args) == 0 {
			return "", false
		}
		return program, true
	case "dotnet":
		return both, verb == "build" || verb == "publish" || verb == "msbuild" || verb == "pack"
	case "msbuild", "xbuild":
		return program, true
	case "configure", "bootstrap", "autogen.sh", "bootstrap.sh":
		return program, true
	case "swift", "zig", "dune", "shards", "wasm-pack", "trunk", "dub", "pyo3", "maturin", "gleam":
		return both, verb == "build" || program == "zig" && (verb == "cc" || verb == "c++" || strings.HasPrefix(verb, "build-"))
	case "stack", "cabal":
		return both, (verb == "build" || verb == "install" || verb == "v2-build" || verb == "new-build") && !options().Has("--only-dependencies", "--dependencies-only")
	case "sbt":
		for _, w := range options().Operands {
			for _, task := range []string{"assembly", "compile", "package", "stage", "dist"} {
				if strings.HasSuffix(w.Text, task) {
					return "sbt " + task, true
				}
			}
		}
	case "lein":
		return both, verb == "uberjar" || verb == "jar" || verb == "compile"
	case "mix":
		if verb == "do" {
			for _, part := range tasks(args) {
				if len(part) > 0 && (part[0].Text == "compile" || part[0].Text == "release" || part[0].Text == "deps.compile") {
					return both + " " + part[0].Text, true
				}
			}
			return both, false
		}
		return both, verb == "compile" || verb == "release" || verb == "deps.compile" || verb == "assets.deploy" || verb == "phx.digest"
	case "rebar3":
		return both, verb == "compile" || verb == "release" || verb == "as"
	case "flutter":
		return both, verb == "build"
	case "dart":
		return both, verb == "compile"
	case "deno":
		return both, verb == "compile" || verb == "bundle"
	case "build": // python -m build
		return "python -m build", true
	case "phpize", "docker-php-ext-install", "pecl":
		if program == "pecl" {
			return both, verb == "install"
		}
		return program, true
	case "corepack":
		return "", false
	}
	if shell.IsPython(program) {
		for i, a := range args {
			if strings.HasSuffix(a.Text, "setup.py") && i+1 < len(args) {
				switch v := args[i+1].Text; v {
				case "build_ext", "build", "bdist_wheel", "install", "build_py", "develop":
					return "setup.py " + v, true
				}
			}
		}
	}
	return "", false
}

// script tells whether npm, yarn, pnpm or bun run a build script.
func script(program string, args []shell.Word) (string, bool) {
	o := getopt.Split(args, false, "--prefix", "--cwd", "-C", "--dir", "-w", "--workspace", "-F", "--filter")
	words := o.Operands
	if program == "yarn" && len(words) > 2 && words[0].Text == "workspace" {
		words = words[2:]
	}
	if len(words) == 0 {
		return "", false
	}
	name := words[0].Text
	if name == "run" || name == "run-script" || name == "exec" || name == "dlx" || name == "x" {
		if len(words) < 2 {
			return "", false
		}
		if name == "exec" || name == "dlx" || name == "x" {
			what, ok := compiles(words[1].Text, words[2:], 1)
			return program + " " + name + " " + what, ok
		}
		name = words[1].Text
		return program + " run " + name, isBuildScript(name)
	}
	if program == "npm" { // npm build is another thing
		return "", false
	}
	if program == "bun" && name == "build" {
		return "bun build", true
	}
	if isBuildScript(name) {
		return program + " " + name, true
	}
	if program == "yarn" || program == "pnpm" {
		what, ok := compiles(name, words[1:], 2)
		return program + " " + what, ok
	}
	return "", false
}

func isBuildScript(name string) bool {
	switch name {
	case "compile", "dist", "bundle", "generate", "prod", "production", "tsc":
		return true
	}
	return name == "build" || strings.HasPrefix(name, "build:") || strings.HasPrefix(name, "build-") || strings.HasSuffix(name, ":build") || strings.HasSuffix(name, "-build")
}

// word is the nth argument's text that is no option.
func word(args []shell.Word, n int) string {
	for _, a := range args {
		if a.Text != "" && a.Text[0] != '-' && a.Text[0] != '+' {
			if n == 0 {
				return a.Text
			}
			n--
		}
	}
	return ""
}
