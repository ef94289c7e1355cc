package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

// A described is an entry of the catalogue of base images, in the order of
// its fields, made by looking at an image.
type described struct {
	ID             string            `json:"id"`
	Match          match             `json:"match"`
	Kind           string            `json:"kind"`
	OS             string            `json:"os"`
	Libc           string            `json:"libc"`
	Shell          string            `json:"shell"`
	ShellPath      string            `json:"shell_path,omitempty"`
	PackageManager string            `json:"package_manager"`
	User           string            `json:"user"`
	Users          map[string]string `json:"users,omitempty"`
	Tools          map[string]string `json:"tools"`
	Entrypoint     []string          `json:"entrypoint"`
	Cmd            []string          `json:"cmd"`
	Healthcheck    bool              `json:"healthcheck"`
	Workdir        string            `json:"workdir,omitempty"`
	Ports          []string          `json:"ports,omitempty"`
	StopSignal     string            `json:"stopsignal,omitempty"`
	DockerShell    []string          `json:"docker_shell,omitempty"`
	Env            map[string]string `json:"env,omitempty"`
	Notes          string            `json:"notes"`
	Sources        []looked          `json:"source"`
}

type match struct {
	Repos []string `json:"repos"`
	Tags  []string `json:"tags"`
}

// A looked is the image that was looked at.
type looked struct {
	URL  string `json:"url"`
	Date string `json:"date,omitempty"`
}

// runDescribe prints what each image is.
func (f *imageFlags) runDescribe(ctx context.Context, c Command, refs []string) error {
	show := writeJSON
	switch f.format {
	case "text", "json":
	case "yaml":
		show = writeYAML
	default:
		return fmt.Errorf("--describe writes json or yaml, not %s", f.format)
	}
	var day time.Time
	if f.asOf != "" {
		var err error
		if day, err = time.Parse(time.DateOnly, f.asOf); err != nil {
			return fmt.Errorf("--as-of %q is not a date of the form YYYY-MM-DD", f.asOf)
		}
	}
	reading, err := f.reading()
	if err != nil {
		return err
	}
	out, err := f.open(c)
	if err != nil {
		return err
	}
	defer out.abandon()
	var list []described
	for _, ref := range refs {
		img, err := f.readWithin(ctx, c, ref, reading)
		if err != nil {
			return err
		}
		list = append(list, describe(img, day))
	}
	if err := show(out, list); err != nil {
		return fmt.Errorf("write the description: %w", err)
	}
	return out.commit()
}

func writeJSON(w io.Writer, list []described) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	for _, d := range list {
		if err := e.Encode(d); err != nil {
			return err
		}
	}
	return nil
}

// writeYAML writes what bases: of .dockworthy.yaml takes. Values are written
// as JSON, which YAML reads as it is.
func writeYAML(w io.Writer, list []described) error {
	b := bytes.NewBufferString("bases:\n")
	for _, d := range list {
		name := d.Match.Repos[0]
		if tag := d.Match.Tags[0]; tag != "*" {
			name += ":" + tag
		}
		fmt.Fprintf(b, "  # %s\n  %s:\n", d.Notes, name)
		for _, field := range []struct {
			name  string
			value any
		}{
			{"kind", d.Kind}, {"os", d.OS}, {"libc", d.Libc}, {"shell", d.Shell}, {"user", d.User}, {"users", d.Users}, {"tools", d.Tools},
			{"entrypoint", d.Entrypoint}, {"cmd", d.Cmd}, {"workdir", d.Workdir}, {"healthcheck", d.Healthcheck}, {"env", d.Env},
		} {
			value, err := json.Marshal(field.value)
			if err != nil {
				return err
			}
			if s := string(value); s != `""` && s != "{}" {
				fmt.Fprintf(b, "    %s: %s\n", field.name, strings.ReplaceAll(s, `","`, `", "`))
			}
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// describe is what can be seen of an image; day is when it was looked at,
// zero = the day that it was made.
func describe(img *image.Image, day time.Time) described {
	cfg := &img.Config
	d := described{
		Match:          match{[]string{img.Name}, []string{"*"}},
		OS:             system(img),
		Libc:           img.Libc(),
		PackageManager: img.PackageManager(),
		User:           cfg.User,
		Tools:          tools(img),
		Entrypoint:     append([]string{}, cfg.Entrypoint...),
		Cmd:            append([]string{}, cfg.Cmd...),
		Healthcheck:    cfg.Healthcheck != nil && len(cfg.Healthcheck.Test) > 0 && cfg.Healthcheck.Test[0] != "NONE",
		Workdir:        cfg.WorkingDir,
		StopSignal:     cfg.StopSignal,
		DockerShell:    cfg.Shell,
		Env:            settings(cfg),
	}
	if r, err := base.ParseRef(img.Name); err == nil && !isPath(img.Name) {
		d.Match.Repos[0] = r.Repo
		if r.Tag != "" {
			d.Match.Tags[0] = r.Tag
		}
		d.ID = r.Familiar
	} else {
		d.Match.Repos[0], _, _ = strings.Cut(path.Base(img.Name), ".")
		d.ID = d.Match.Repos[0]
	}
	if tag := d.Match.Tags[0]; tag != "*" {
		d.ID += "-" + tag
	}
	d.ID = strings.NewReplacer("/", "-", ":", "-").Replace(d.ID)
	d.Shell, d.ShellPath = img.Shell()
	if d.User == "" {
		d.User = "0"
	}
	for _, p := range cfg.ExposedPorts {
		d.Ports = append(d.Ports, strings.TrimSuffix(p, "/tcp"))
	}
	d.Users = ownUsers(img, d.OS)
	d.Kind = kind(img, &d)

	digest := img.Digest
	if digest == "" {
		digest = img.ID
	}
	if day.IsZero() {
		day = img.Created
	}
	src := looked{URL: d.Match.Repos[0] + "@" + digest}
	d.Notes = "Made by looking at " + digest
	if !day.IsZero() {
		src.Date = day.UTC().Format(time.DateOnly)
		d.Notes += " on " + src.Date
	}
	d.Notes += "."
	if img.NotLookedAt() {
		d.Notes += " Not every layer could be looked at, so what is not found may be there."
	}
	d.Sources = []looked{src}
	return d
}

// systems are the names of the catalogue for IDs of os-release that differ
// from them; {v} is the version, {m} its first number.
var systems = map[string]string{
	"rocky": "rockylinux", "ol": "oraclelinux", "arch": "archlinux", "chainguard": "wolfi",
	"rhel": "ubi{m}", "amzn": "amazonlinux-{v}", "azurelinux": "azurelinux-{v}", "mariner": "cbl-mariner",
}

// system is the distribution, in the catalogue's words.
func system(img *image.Image) string {
	id := img.OS.ID
	switch {
	case id == "" && img.IsBusybox("sh"):
		return "busybox"
	case id == "":
		return "none"
	case id == "debian" && img.PackageManager() == "none":
		return "distroless-debian"
	}
	name, ok := systems[id]
	if !ok {
		return id
	}
	major, _, _ := strings.Cut(img.OS.VersionID, ".")
	return strings.NewReplacer("{v}", img.OS.VersionID, "{m}", major).Replace(name)
}

// tools are the programs that probes, start scripts and advice name, by
// whether PATH finds them.
func tools(img *image.Image) map[string]string {
	m := map[string]string{}
	for _, name := range base.CommonTools {
		program := name
		if name == "python" {
			program = "python3"
		}
		switch {
		case img.LookPath(program) != nil && name != "wget":
			m[name] = "yes"
		case img.LookPath(program) != nil && img.IsBusybox(program):
			m[name] = "busybox"
		case img.LookPath(program) != nil:
			m[name] = "gnu"
		case img.NotLookedAt(), name == "python" && img.LookPath("python") != nil: // Python 2 alone is none of the answers
			m[name] = "unknown"
		default:
			m[name] = "no"
		}
	}
	return m
}

// ownUsers are the users that the distribution does not bring, and those that
// it makes for people to run as.
func ownUsers(img *image.Image, os string) map[string]string {
	plain := (&base.Image{OS: os, Kind: base.KindOS}).Accounts(base.Ref{})
	m := map[string]string{}
	for _, a := range img.Accounts() {
		if a.UID == 0 || a.Name == "nobody" || a.UID < 1000 && plain.HasUser(a.Name) == base.Yes {
			continue
		}
		m[a.Name] = strconv.Itoa(a.UID) + ":" + strconv.Itoa(a.GID)
	}
	return m
}

// settings are the variables of the image that say where things are; others
// may be secrets, and are nobody's business.
func settings(cfg *image.Config) map[string]string {
	m := map[string]string{}
	for _, v := range cfg.Env {
		switch {
		case v.Name == "PATH" && v.Value == image.DefaultPath:
		case v.Name == "PATH", strings.HasSuffix(v.Name, "_HOME"),
			slices.Contains([]string{"GOPATH", "VIRTUAL_ENV", "NODE_PATH", "APP_UID", "PORT", "ASPNETCORE_HTTP_PORTS"}, v.Name):
			m[v.Name] = v.Value
		}
	}
	return m
}

// languages are the programs that run a language; Python counts where it is
// not the system's own.
var languages = []string{"python3", "node", "ruby", "php", "java", "bun", "deno", "dotnet"}

// kind is what the image is for, by what is in it: the compilers and build
// systems of a language, a service that it starts, a language, a C compiler,
// no shell.
func kind(img *image.Image, d *described) string {
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return img.LookPath(n) != nil })
	}
	runs := func(name string) bool {
		f := img.LookPath(name)
		return f != nil && !(name == "python3" && strings.HasPrefix(f.Path, "/usr/bin/") && !started(d, "python"))
	}
	switch {
	case has("go", "cargo", "rustc", "javac", "mvn", "gradle", "ghc", "swiftc"):
		return base.KindToolchain
	case len(d.Ports) > 0 && !slices.ContainsFunc(languages, func(n string) bool { return started(d, strings.TrimSuffix(n, "3")) }):
		return base.KindService
	case slices.ContainsFunc(languages, runs):
		return base.KindRuntime
	case has("gcc", "clang"):
		return base.KindToolchain
	case d.Shell == "none", d.PackageManager == "none":
		return base.KindMinimal
	}
	return base.KindOS
}

// started tells whether a program of that name, or of a version of it, is the
// one that the image starts.
func started(d *described, name string) bool {
	argv := slices.Concat(d.Entrypoint, d.Cmd)
	return slices.ContainsFunc(argv, func(word string) bool { return strings.HasPrefix(path.Base(word), name) })
}
