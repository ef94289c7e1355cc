package multistage

import (
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

// catFile is a command substitution that says the lines of a file.
var catFile = regexp.MustCompile("^(?:\\$\\(|`)\\s*(?:<|(?:cat|grep|egrep|sed|awk|tr|cut|sort|xargs)\\s.*?)\\s*([^\\s'\"|<>)`]+)\\s*(?:\\|[^)`]*)?[)`]$")

// mostListed bounds the tools that are told of a list or a script.
const mostListed = 50

// listed adds the packages that a file names for the system's package manager:
// xargs -a FILE apt-get install, apk add $(cat FILE).
func (br *bring) listed(b *source.Build, step *source.Step, in packages.Install) {
	if !in.System || in.Target.Text != "" || in.Verb == "download" || in.Verb == "source" {
		return
	}
	for _, w := range in.Manifests {
		br.names(b, step, in, w.Text, w.Known)
	}
	for _, p := range in.Packages {
		if m := catFile.FindStringSubmatch(p.Word.Text); !p.Known && m != nil {
			br.names(b, step, in, m[1], true)
		}
	}
}

// names adds the packages that are named in one file.
func (br *bring) names(b *source.Build, step *source.Step, in packages.Install, name string, known bool) {
	if !path.IsAbs(name) {
		if !path.IsAbs(in.Command.Dir) {
			known = false
		}
		name = path.Join(in.Command.Dir, name)
	}
	var o *source.Origin
	if known {
		o = b.Sees(step, name)
	}
	if o == nil {
		br.list = name
		return
	}
	data, ok := o.Data()
	if !ok {
		br.list = name
		return
	}
	found := ""
	if o.Context != nil && o.Span.IsZero() {
		found = o.Context.Once("tools of "+in.Manager+" in "+o.Path, func() string {
			// What is read here is what the answer hangs on.
			list, _ := o.Context.Read(o.Path)
			return toolsIn(string(list), in.Manager)
		})
	} else {
		found = toolsIn(data[:min(len(data), 4<<10)], in.Manager)
	}
	for _, one := range strings.Fields(found) {
		name, at, _ := strings.Cut(one, "@")
		from, _ := strconv.Atoi(at)
		from += o.Span.Start
		place := &check.Place{File: o.File, Span: text.Span{Start: from, End: from + len(name)}, Message: "the package is named here"}
		br.add(b, tool{name, classOf(in.Manager, name), in.Command.Span, false, place}, in.When)
	}
}

// toolsIn are the build tools that a list of packages names, each with its place:
// gcc@120 make@124.
func toolsIn(data, manager string) string {
	var found []string
	at := 0
	for line := range strings.Lines(data[:min(len(data), 64<<10)]) {
		words, _, _ := strings.Cut(line, "#")
		for _, name := range strings.Fields(words) {
			if i := strings.IndexAny(name, "=/~<>:@"); i > 0 {
				name = name[:i]
			}
			if classOf(manager, name) != none && len(found) < mostListed {
				found = append(found, fmt.Sprintf("%s@%d", name, at+strings.Index(line, name)))
			}
		}
		at += len(line)
	}
	return strings.Join(found, " ")
}

// called adds what a script of the project installs that the RUN runs, without
// what the RUN removes after it.
func (br *bring) called(b *source.Build, step *source.Step, run *source.Run, c *source.Called) {
	own := bring{}
	for _, in := range c.Effects.Kept() {
		if len(own.tools) >= mostListed {
			break
		}
		if c.Command.When != shell.Always {
			in.When = c.Command.When
		}
		own.installed(b, in)
		own.listed(b, step, in)
	}
	for _, t := range own.tools {
		if removedAfter(run, t.name, c.Command.Index) {
			continue
		}
		if c.HandsOver {
			br.tools = append(br.tools, t)
			continue
		}
		if t.listed == nil {
			t.listed = &check.Place{File: c.Origin.File, Span: t.span, Message: "the script installs it here"}
		}
		t.span = c.Command.Span
		br.tools = append(br.tools, t)
	}
	if own.maybe != "" && br.maybe == "" {
		br.maybe = own.maybe
	}
	if own.list != "" {
		br.list = own.list
	}
}

// removedAfter tells whether a RUN removes a package after a command.
func removedAfter(run *source.Run, name string, after int) bool {
	for _, r := range run.Effects.Removes {
		if r.Command.Index <= after {
			continue
		}
		if r.Virtual != "" || r.AutoRemove && len(r.Packages) == 0 {
			return true
		}
		for _, p := range r.Packages {
			if ok, _ := path.Match(p.Name, name); ok || !p.Known {
				return true
			}
		}
	}
	return false
}
