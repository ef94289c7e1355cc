package stack

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write what is found into the cases")

// TestCases holds what is found in small projects against what is right. Each is a
// row of a table: the prose says what is told, and the trap in it.
func TestCases(t *testing.T) {
	list, err := filepath.Glob("testdata/*/*.txtar")
	if err != nil || len(list) < 30 {
		t.Fatalf("%d cases: %v", len(list), err)
	}
	for _, name := range list {
		t.Run(strings.TrimSuffix(strings.TrimPrefix(name, "testdata/"), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if len(a.Comment) < 20 {
				t.Error("it does not say what it is for")
			}
			in := fstest.MapFS{}
			want, opt, at := "", Options{}, -1
			for i, f := range a.Files {
				switch f.Name {
				case "want":
					want, at = string(f.Data), i
				case "flags":
					f := strings.Fields(string(f.Data))
					for i := 0; i+1 < len(f); i += 2 {
						switch f[i] {
						case "--kind":
							opt.Kind = Kind(f[i+1])
						case "--port":
							fmt.Sscan(f[i+1], &opt.Port)
						}
					}
				case "options":
					opt.App = strings.TrimSpace(string(f.Data))
				default:
					in[f.Name] = &fstest.MapFile{Data: f.Data}
				}
			}
			got := told(Detect(in, opt))
			if *update && at >= 0 {
				a.Files[at].Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("found\n%s\nwant\n%s", got, want)
			}
			if again := told(Detect(in, opt)); again != got {
				t.Errorf("another time it finds\n%s", again)
			}
			places(t, in, opt)
		})
	}
}

// told is what is found, a line each.
func told(s *Stack, err error) string {
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	if err != nil {
		line("error", err.Error())
		return b.String()
	}
	line("language", s.Language.String())
	version := s.Version.Spec
	if version != "" {
		version += " (" + s.Version.At.String() + ")"
	}
	line("version", version)
	if s.Version.Below != "" {
		line("below", s.Version.Below+": "+s.Version.Why)
	}
	line("manager", s.Manager.String())
	line("lock", s.Lock.Value)
	line("framework", s.Framework.String())
	line("kind", string(s.Kind))
	line("server", s.Server.String())
	line("app", s.App.String())
	line("exec", strings.Join(append(slices.Clone(s.Exec), s.Args...), " "))
	line("port", s.Port.String())
	line("health", s.Health.String())
	for _, v := range s.Set {
		line("set", v.Name+"="+v.Version)
	}
	for _, v := range s.Env {
		x := v.Name
		if v.Required {
			x += " required"
		}
		if v.Secret {
			x += " secret"
		}
		if v.Default != "" {
			x += " default " + v.Default
		}
		if v.Service != "" {
			x += " of " + v.Service
		}
		if v.Form != "" {
			x += ", a " + v.Form
		}
		line("env", x+" ("+v.At.String()+")")
	}
	for _, v := range s.Extensions {
		line("extension", v.String())
	}
	for _, v := range s.Services {
		line("talks to", v.String())
	}
	for _, v := range s.Native {
		line("native", strings.TrimSpace(fmt.Sprintf("%s build %v runtime %v: %s", v.Package, v.Build, v.Runtime, v.Why)))
	}
	for _, v := range s.Writes {
		line("writes", v.String())
	}
	for _, v := range s.Steps {
		line("step", v.Name+": "+strings.Join(v.Exec, " "))
	}
	for _, v := range s.Others {
		line("other", v.Name+": "+strings.Join(v.Exec, " "))
	}
	if py := s.Python; py != nil {
		in := py.Install
		line("install", strings.TrimSpace(in.By+" "+strings.Join(in.Files, " ")))
		if in.Tool.Name != "" {
			line("tool", in.Tool.Name+" "+in.Tool.Version)
		}
		line("locals", strings.Join(in.Locals, " "))
		for _, a := range py.Add {
			line("add", a.Name+" "+a.Version)
		}
		if in.Project {
			line("package", in.Package+" of "+strings.Join(in.Modules, " "))
		}
		if py.Root != "." {
			line("root", py.Root)
		}
	}
	if g := s.Go; g != nil {
		line("download", strings.Join(g.Files, " "))
		line("main", g.Main+" as "+g.Binary)
		line("code", strings.Join(g.Code, " "))
		if g.CGO {
			line("cgo", "yes")
		}
		if g.Handles {
			line("signals", "handled")
		}
	}
	if n := s.Node; n != nil {
		tool := n.Manager
		if n.Tool.Name != "" {
			tool += ", " + n.Tool.Name + " " + n.Tool.Version
		}
		line("install", tool+" "+strings.Join(n.Files, " "))
		line("build", n.Script)
		if n.Member != "" {
			var uses []string
			for _, u := range n.Uses {
				uses = append(uses, u.Name)
			}
			line("member", n.Member+" uses "+strings.Join(uses, " "))
		}
		line("output", strings.Join(n.Output, " "))
		line("public", n.Public)
		line("code", strings.Join(n.Code, " "))
		for _, f := range []struct {
			name string
			is   bool
		}{{"packages where it runs", n.Runtime}, {"signals handled", n.Handles}, {"bun", n.Bun}, {"pnp", n.PnP}, {"every path is its index", n.SPA}} {
			if f.is {
				line(f.name, "yes")
			}
		}
	}
	if r := s.Rust; r != nil {
		line("download", strings.Join(r.Files, " "))
		line("binary", strings.TrimSpace(r.Package+" "+r.Binary+" "+strings.Join(r.Features, ",")))
		var stubs []string
		for _, x := range r.Stubs {
			stubs = append(stubs, x.File)
		}
		line("stubs", strings.Join(stubs, " "))
		line("code", strings.Join(r.Code, " "))
		if r.Handles {
			line("signals", strings.TrimSpace("handled "+s.StopSignal))
		}
		if r.Offline {
			line("sqlx", "offline")
		}
		if r.Raw {
			line("speaks", "a protocol of its own")
		}
		if r.GRPC {
			line("speaks", "gRPC")
		}
	}
	if j := s.Java; j != nil {
		line("build files", strings.Join(j.Files, " "))
		line("module", j.Module)
		line("jar", strings.Join(strings.Fields(string(j.Shape)+" "+j.Layers+" "+j.Jar), " "))
		line("flags", strings.Join(j.Flags, " "))
		line("probe port", j.Probe)
		line("wrapper", j.Wrapper)
		line("least", j.Least)
		if j.Reports {
			line("reports", "with plugins of their own")
		}
		line("code", strings.Join(j.Code, " "))
	}
	for _, h := range s.Asks {
		line("asks", h.Name+": "+h.Version)
	}
	if r := s.Ruby; r != nil {
		line("install", strings.Join(append(slices.Clone(r.Files), r.Paths...), " "))
		line("without", strings.Join(r.Without, " "))
		line("rails", r.Rails)
		for _, f := range []struct {
			name string
			is   bool
		}{{"git", r.Git}, {"assets", r.Assets}, {"a JavaScript of the system", r.Engine}, {"bootsnap", r.Bootsnap}} {
			if f.is {
				line(f.name, "yes")
			}
		}
		line("dummies", strings.Join(r.Dummies, " "))
	}
	if h := s.PHP; h != nil {
		line("install", strings.Join(append(slices.Clone(h.Files), h.Paths...), " "))
		for _, a := range h.Asks {
			line("for", a.Spec+" by "+a.By+" ("+a.At.String()+")")
		}
		line("extensions", strings.Join(h.Extensions, " "))
		line("root", h.Root)
		line("auth", h.Auth)
		line("scripts", strings.Join(h.Scripts, " "))
		for _, c := range h.Console {
			line("console", strings.Join(c, " "))
		}
		line("made", strings.Join(h.Made, " "))
		line("public", h.Public)
		for _, d := range h.Dummies {
			line("dummy", d.Name+"="+d.Version)
		}
		for _, f := range []struct {
			name string
			is   bool
		}{{"git", h.Git}, {"no .env", h.Dotenv}, {"link to uploads", h.Link}} {
			if f.is {
				line(f.name, "yes")
			}
		}
	}
	if n := s.Assets; n != nil {
		line("node", strings.TrimSpace(n.Manager+" "+n.Tool.Version)+": "+strings.Join(n.Files, " ")+" and "+strings.Join(n.Code, " "))
	}
	if n := s.DotNet; n != nil {
		line("restore", strings.Join(n.Files, " "))
		line("project", n.Project+" as "+n.Assembly+", "+n.Framework)
		line("sdk", strings.TrimSpace(n.SDK+" "+n.Roll))
		for _, f := range []struct {
			name string
			is   bool
		}{{"one of several frameworks", n.Several}, {"ASP.NET Core", n.Web}, {"a program of the machine", n.Native}, {"npm in the build", n.Node != nil}} {
			if f.is {
				line(f.name, "yes")
			}
		}
		line("flags", strings.Join(n.Flags, " "))
		line("secrets", strings.TrimSpace(strings.Join(n.Secrets, " ")+" "+n.Token))
		line("code", strings.Join(n.Code, " "))
	}
	if c := s.CPP; c != nil {
		line("target", strings.TrimSuffix(c.Target+" as "+c.Out+"/"+c.Binary+" by preset "+c.Preset, " by preset "))
		line("shared", strings.Join(c.Shared, " "))
		line("off", strings.Join(c.Off, " "))
		line("tools", strings.Join(c.Tools, " "))
		line("newer", c.Newer)
		line("code", strings.Join(c.Code, " "))
		for _, d := range c.Installs {
			line("installs", d.Name+" to "+d.To)
		}
		for _, f := range []struct {
			name string
			is   bool
		}{{"fetches", c.Fetches}, {"signals handled", c.Handles}, {"a protocol of its own", c.Raw}, {"gRPC", c.GRPC}} {
			if f.is {
				line(f.name, "yes")
			}
		}
	}
	if w := s.Site; w != nil {
		line("root", w.Root)
		line("error page", w.Error)
	}
	line("sources", strings.Join(s.Sources, " "))
	for _, n := range s.Notes {
		line("note", n)
	}
	return b.String()
}

// places holds every place that is told to the files: it is there, and has that
// line.
func places(t *testing.T, in fs.FS, opt Options) {
	t.Helper()
	s, err := Detect(in, opt)
	if err != nil {
		return
	}
	list := []Place{s.Language.At, s.Version.At, s.Manager.At, s.Lock.At, s.Framework.At, s.Server.At, s.App.At, s.Start.At, s.Port.At, s.Health.At}
	for _, v := range s.Env {
		list = append(list, v.At)
	}
	for _, v := range slices.Concat(s.Services, s.Writes) {
		list = append(list, v.At)
	}
	for _, p := range list {
		if p.File == "" {
			continue
		}
		data, err := fs.ReadFile(in, strings.TrimSuffix(p.File, "/"))
		if err != nil && !strings.HasSuffix(p.File, "/") {
			t.Errorf("%s is told, and is not there", p)
		} else if n := strings.Count(string(data), "\n") + 1; p.Line > n {
			t.Errorf("%s is told, which has %d lines", p, n)
		}
	}
}
