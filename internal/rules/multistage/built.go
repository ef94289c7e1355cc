package multistage

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/run"
)

// managersOf are the package managers, as the data names them, by ecosystem.
var managersOf = map[image.Ecosystem]string{image.Deb: "apt", image.Apk: "apk", image.Rpm: "dnf", image.Pypi: "pip", image.Npm: "npm"}

// A kept is a tool that is in the image.
type kept struct {
	name  string
	class class
	layer int
}

// keptTools are the build tools in the image, by its package databases and by
// what lies in the folders of programs.
func keptTools(ev check.Evidence) []kept {
	img := ev.Image
	var out []kept
	seen := map[string]bool{}
	add := func(name string, c class, layer int) {
		if c == none || c == devTool || seen[name] || ev.Source != nil && wanted(ev.Source, name) {
			return
		}
		seen[name] = true
		out = append(out, kept{name, c, layer})
	}
	asked := askedFor(img)
	for _, p := range img.Packages {
		if p.Ecosystem == image.Pypi && asked[distribution(p.Name)] {
			seen[p.Name] = true // its program is not told either
			continue
		}
		switch p.Ecosystem {
		case image.Deb, image.Apk, image.Rpm:
			add(p.Name, classOf(managersOf[p.Ecosystem], p.Name), p.Layer)
		case image.Pypi:
			if c := classOf("pip", p.Name); c == projectManager {
				add(p.Name, c, p.Layer)
			}
		}
	}
	byPackage := len(out) > 0
	for _, dir := range knowledge.ProgramFolders.Names() {
		for _, f := range img.Tree.Dir(dir) {
			name := path.Base(f.Path)
			c := class(knowledge.FoundTool(name))
			if c == "" || seen[name] {
				continue
			}
			target, err := img.Tree.Lookup(f.Path)
			if err != nil || target.ELF == nil && target.Script == nil || strings.Contains(target.Path, "busybox") {
				continue
			}
			if byPackage && strings.HasPrefix(dir, "/usr/bin") && ownedByPackage(out, name) {
				continue
			}
			add(name, c, target.Layer)
		}
	}
	return out
}

// ownedByPackage tells whether a package that was told brings a program: gcc-12
// and gcc are one tool to a reader.
func ownedByPackage(list []kept, program string) bool {
	for _, k := range list {
		if k.name == program || strings.HasPrefix(k.name, program+"-") || program == "cc" && strings.HasPrefix(k.name, "gcc") || knowledge.ProgramOf(k.name) == program {
			return true
		}
	}
	return false
}

// builtTools judges what the Dockerfile's own layers hold; base judges the base
// image's.
func builtTools(ev check.Evidence, base bool) check.Verdict {
	if ev.Image.Platform.OS == "windows" {
		return check.None()
	}
	if ev.Source != nil && ev.Source.Toolbox() {
		return check.Judge(nil)
	}
	_, known := ev.Own()
	if base && !known {
		return check.None()
	}
	byLayer := map[int][]kept{}
	var layers []int
	for _, k := range keptTools(ev) {
		if ev.FromBase(k.layer) != base {
			continue
		}
		if byLayer[k.layer] == nil {
			layers = append(layers, k.layer)
		}
		byLayer[k.layer] = append(byLayer[k.layer], k)
	}
	slices.Sort(layers)
	var found []check.Finding
	for _, l := range layers {
		var heavy, light []tool
		for _, k := range byLayer[l] {
			if k.class.Builds() {
				heavy = append(heavy, tool{name: k.name, class: k.class})
			} else {
				light = append(light, tool{name: k.name, class: k.class})
			}
		}
		all := append(heavy, light...)
		if base && len(heavy) == 0 {
			continue // a project manager or git of the base: not what an image is built on for
		}
		f := check.Finding{Place: ev.LayerPlace(l), Cause: check.Cause("tools of layer").Of(l)}
		f.Message = fmt.Sprintf("the image contains %s (layer %d, %s)", names(all), l+1, image.Bytes(ev.Image.Layers[l].Size))
		if base {
			f.Message = fmt.Sprintf("the base image contains %s (layer %d, %s)", names(all), l+1, image.Bytes(ev.Image.Layers[l].Size))
		}
		if len(heavy) == 0 || base && !strong(heavy) {
			f.Severity = check.Warning
		}
		found = append(found, f)
	}
	return check.Judge(found)
}

// ranTools judges the container that ran: with the tools in it nobody has seen
// that the program works without them.
func ranTools(base bool) func(check.Evidence) check.Verdict {
	return func(ev check.Evidence) check.Verdict {
		log := ev.Run
		switch {
		case ev.Image == nil:
			return check.Verdict{}
		case log.Up() == nil:
			return check.Unknown(check.ByRun, "the container did not become ready")
		}
		v := builtTools(ev, base)
		for i := range v.Findings {
			f := &v.Findings[i]
			f.Related = []check.Place{f.Place}
			f.Related[0].Message = "they were added here"
			f.Place = check.Started(log, log.Up())
			f.Message = "the container ran with build tools: " + f.Message
			f.Cause = check.Cause("ran").Of(f.Cause)
		}
		return v
	}
}

// strong tells whether there is something among tools that makes programs, and
// not only a header or a make.
func strong(tools []tool) bool {
	return slices.ContainsFunc(tools, func(t tool) bool { return t.class == compiler || t.class == sdk })
}

// builtBroken asks the layers whether what was copied in can run where it is.
func builtBroken(ev check.Evidence) check.Verdict {
	img := ev.Image
	switch {
	case img.Platform.OS == "windows":
		return check.None()
	case img.NotLookedAt():
		return check.Unknown(check.ByRun, "a layer of the image could not be read")
	}
	var found []check.Finding
	told := map[string]bool{}
	inPath := map[string]bool{}
	p, ok := img.Config.Getenv("PATH")
	if !ok {
		p = image.DefaultPath
	}
	for _, dir := range strings.Split(p, ":") {
		inPath[path.Clean(dir)] = true
	}
	for f := range img.Tree.All() {
		if !copied(ev, f.Layer) {
			continue
		}
		program := f.ELF != nil && f.ELF.Interp != "" && f.Mode.Perm()&0o111 != 0
		script := f.Script != nil && f.Mode.Perm()&0o111 != 0 && inPath[path.Dir(f.Path)]
		module := f.ELF != nil && f.ELF.Interp == "" && strings.Contains(f.Path, "-packages/") && strings.HasSuffix(f.Path, ".so")
		if !program && !script && !module {
			continue
		}
		for _, lack := range img.Missing(f.Path) {
			if lack.Kind == image.CarriageReturn {
				continue // the entrypoint's matter
			}
			key := fmt.Sprint(f.Layer, lack.Kind, lack.Name)
			if told[key] {
				break
			}
			told[key] = true
			one := check.Finding{Place: ev.LayerPlace(f.Layer), Cause: check.Cause("lack").Of(key), Message: lacking(f.Path, lack)}
			if module {
				// A package may get by without one of its modules.
				one.Severity = check.Warning
				one.Message = strings.Replace(one.Message, "cannot start", "cannot be loaded", 1)
			}
			if program && strings.Contains(f.Path, "/node_modules/") && !inPath[path.Dir(f.Path)] {
				one.Severity = check.Note // as without a program: packages bring them for when the system has none
			}
			found = append(found, one)
			break
		}
		if len(found) == 20 {
			break
		}
	}
	return check.Judge(found)
}

// copied tells whether a layer was made by COPY or ADD.
func copied(ev check.Evidence, layer int) bool {
	if s := ev.Maker(layer); s != nil {
		return s.Copy != nil
	}
	if _, known := ev.Own(); known {
		return false
	}
	if s := ev.Image.StepOf(layer); s != nil {
		return s.Keyword == "COPY" || s.Keyword == "ADD" && layer > 0
	}
	return false
}

func lacking(file string, l image.Lack) string {
	by := ""
	if l.By != file {
		by = ", which " + l.By + " needs"
	}
	return fmt.Sprintf("%s cannot start: %s%s", file, l, by)
}

// ranBroken judges what was copied by how the build and the start went.
func ranBroken(ev check.Evidence) check.Verdict {
	log := ev.Run
	if b := log.Build; b != nil && b.Error != "" {
		if strings.Contains(b.Step, "COPY --from=") || strings.Contains(b.Step, "ADD --from=") {
			return check.Judge([]check.Finding{{Place: check.Seen(log, run.TopicBuild, ""), Message: "the build fails: " + b.Error}})
		}
		return check.Verdict{}
	}
	s := log.Failed()
	if s == nil {
		return ranProbe(log)
	}
	if s.Cause == nil {
		return check.Unknown(check.ByRun, "the reason why the container did not become ready is not known")
	}
	f := check.Finding{Place: check.Started(log, s), Cause: check.StartCause, Message: "the program cannot run in the image: " + s.Cause.Text}
	switch s.Cause.Kind {
	case run.NoInterpreter:
		if badLine(ev.Image, s) {
			return notUp() // the script's own first line, which no copy broke
		}
	case run.NoLibrary:
	case run.NoModule:
		if at := elsewhereInstalled(ev.Image, s.Cause.Path); at != "" {
			f.Message += fmt.Sprintf("; it is in %s, which is not on this user's Python path", at)
			f.Help = "install into a virtual environment (/opt/venv) rather than with --user: pip's user folder depends on HOME, which differs for this user"
		}
	case run.NotFound:
		if ev.Image == nil || ev.Image.LookPath(s.Cause.Path) != nil {
			return notUp()
		}
	default:
		return notUp()
	}
	return check.Judge([]check.Finding{f})
}

// badLine tells whether what was started is a script whose first line ends in a
// carriage return.
func badLine(img *image.Image, s *run.Start) bool {
	if img == nil || len(s.Argv) == 0 {
		return false
	}
	f := img.LookPath(s.Argv[0])
	return f != nil && f.Script != nil && f.Script.CRLF
}

// notUp is the verdict where the container failed for a reason that is another
// check's: whether the rest would have run nobody saw.
func notUp() check.Verdict {
	return check.Unknown(check.ByRun, "the container did not become ready for another reason")
}

// ranProbe judges what was copied where the program itself came up: its health
// check may be what does not run.
func ranProbe(log *run.Log) check.Verdict {
	switch h := log.Health; {
	case log.Up() == nil:
		return check.Unknown(check.ByRun, "the container was not started")
	case h == nil || h.Healthy:
		return check.Judge(nil)
	case strings.Contains(h.Last, "error while loading shared libraries") || strings.Contains(h.Last, "Error loading shared library"):
		return check.Judge([]check.Finding{{Place: check.Seen(log, run.TopicHealth, ""), Message: "the probe cannot run in the image: " + lastLine(h.Last)}})
	}
	return check.Unknown(check.ByRun, "the health check fails, and it is not known whether something is missing in the image")
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// elsewhereInstalled is the site-packages folder that holds a Python module; ""
// where none does.
func elsewhereInstalled(img *image.Image, module string) string {
	if img == nil || module == "" {
		return ""
	}
	top, _, _ := strings.Cut(module, ".")
	for f := range img.Tree.All() {
		dir, base := path.Split(f.Path)
		if (base == top && f.IsDir() || base == top+".py") && strings.HasSuffix(strings.TrimSuffix(dir, "/"), "-packages") {
			return strings.TrimSuffix(dir, "/")
		}
	}
	return ""
}

// ranToolchain judges the toolchain by how the build went.
func ranToolchain(ev check.Evidence) check.Verdict {
	b := ev.Run.Build
	switch {
	case b == nil:
		return check.Unknown(check.ByRun, "the image was not built")
	case b.Error == "":
		return check.Judge(nil)
	case !strings.Contains(b.Error, "headers are missing") && !strings.Contains(b.Error, "a header is missing") && !strings.Contains(b.Error, "no C compiler") && !strings.Contains(b.Error, "no linker"):
		return check.Verdict{}
	}
	return check.Judge([]check.Finding{{Severity: check.Error, Place: check.Seen(ev.Run, run.TopicBuild, ""), Message: "the build fails: " + b.Error}})
}
