package layercache

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
)

// removes tells whether a RUN takes a path away again.
func removes(run *source.Run, name string) bool {
	for _, fx := range run.Effects.Files {
		if fx.Kind != effects.Delete || fx.When != shell.Always {
			continue
		}
		for _, p := range fx.Paths {
			if path.Clean(p.Text) == name {
				return true
			}
		}
	}
	return false
}

// removesLater tells whether a RUN takes away again what one of its commands put
// somewhere, or a folder above it.
func removesLater(run *source.Run, name string, by *shell.Command) bool {
	for _, fx := range run.Effects.Files {
		if fx.Kind != effects.Delete || fx.When != shell.Always || fx.Command == nil || by == nil || fx.Command.Index <= by.Index {
			continue
		}
		for _, p := range fx.Paths {
			dir := path.Clean(p.Text)
			if p.Known && (name == dir || strings.HasPrefix(name, dir+"/")) {
				return true
			}
		}
	}
	return false
}

var chownDuplicates = &check.Check{
	Name:     "chown-duplicates",
	Claim:    "the owner and mode of files are set in the layer that adds them",
	Why:      "a recursive chown or chmod copies every file that it touches into a new layer: the files are in the image twice",
	Mend:     "use COPY --chown and --chmod, or run chown in the RUN that creates the files; better, leave application files owned by root",
	Quiet:    "For folders that the same RUN creates, for folders that were empty before, for files that already have the owner, and without -R. A note where it changes less than 100 kB of files that are copied by name.",
	Severity: check.Warning,
	Since:    "0.1.0",
	Image:    builtTwice,
	Source: func(b *source.Build) check.Verdict {
		if !b.Linux() {
			return check.None()
		}
		d := duplicates{view: newView(b), filled: map[string][]*put{}, copies: map[string]*source.Step{}}
		for step := range b.Steps() {
			if run := step.Run(); run != nil {
				d.run(step, run)
			} else if c := step.Copy; c != nil && (c.FromContext() || c.Stage != nil) && c.Dest.Known {
				d.copies[path.Clean(c.Target)] = step
			}
			d.fill(step)
		}
		recipe.Together(d.found)
		return check.Judge(d.found)
	},
}

// duplicates are the files that a build's steps put into folders, and the steps
// that write them again.
type duplicates struct {
	*view
	filled map[string][]*put       // by folder, and by the folders above it
	copies map[string]*source.Step // copies from the context and from stages by their target
	uids   map[string]string       // of the users that RUNs make; nil = not asked yet
	found  []check.Finding
}

// A put is what one step put somewhere.
type put struct {
	step  *source.Step
	bytes int64    // -1 = a folder, or of a size that nobody knows
	owner string   // user or user:group as written; "" = root
	modes []uint32 // of the files; nil = not known
}

// small is how many bytes may be written twice for a note.
const small = 100_000

// run finds what a RUN changes in the layers below it.
func (d *duplicates) run(step *source.Step, run *source.Run) {
	for _, fx := range run.Effects.Files {
		if fx.Kind != effects.Chown && fx.Kind != effects.Chmod || !fx.Recursive || fx.Partial || fx.When != shell.Always {
			continue
		}
		for _, p := range fx.Paths {
			dir := path.Clean(strings.TrimSuffix(p.Text, "*"))
			if !p.Known || !strings.HasPrefix(dir, "/") || removes(run, dir) {
				continue
			}
			earlier, bytes := d.earlier(fx, dir)
			if earlier == nil {
				continue
			}
			tool := "chown"
			if fx.Kind == effects.Chmod {
				tool = "chmod"
			}
			f := check.Finding{
				Place:   check.Place{File: d.b.Text(), Span: fx.Command.Span},
				Related: []check.Place{{File: d.b.Text(), Span: earlier.Span, Message: "this layer adds the files"}},
				Stage:   step.Stage,
				Group:   step.Stage.Ref(),
				Message: fmt.Sprintf("%s -R copies the files that line %d adds to %s into a second layer", tool, earlier.Line(), dir),
			}
			uid := ""
			if fx.Owner != "" {
				if n := d.uid(fx.Owner); strings.Trim(n, "0123456789") == "" {
					uid = n
				}
			}
			f = recipe.CopyAs(d.b, earlier, fx, uid).To(f)
			if bytes >= 0 && bytes < small {
				f.Severity = check.Note
			}
			d.found = append(d.found, f)
			break
		}
	}
}

// earlier is, of the steps whose files a chown or chmod of a folder changes, the first
// of those that add most, and how many bytes all of them add; -1 = nobody knows.
func (d *duplicates) earlier(fx effects.File, dir string) (first *source.Step, bytes int64) {
	if dir == "/" {
		return nil, 0 // who changes all of it is beyond advice on layers
	}
	most := int64(0)
	for _, p := range d.filled[dir] {
		if fx.Kind == effects.Chown && !d.changes(fx, p.owner) || fx.Kind == effects.Chmod && (keepsModes(fx.Mode, p.modes) || opens(fx.Mode, p.step)) {
			continue
		}
		if first == nil || most >= 0 && (p.bytes < 0 || p.bytes > most) {
			first, most = p.step, p.bytes
		}
		if p.bytes < 0 || bytes < 0 {
			bytes = -1
		} else {
			bytes += p.bytes
		}
	}
	if first == nil {
		step, bytes := d.copiedInto(d.copies, dir)
		if step == nil || fx.Kind == effects.Chown && !d.changes(fx, step.Copy.Chown.Value) || fx.Kind == effects.Chmod && (keepsModes(fx.Mode, modesOf(step.Copy)) || opens(fx.Mode, step)) {
			return nil, 0
		}
		return step, bytes
	}
	return first, bytes
}

// changes tells whether a chown gives files of an owner to another one.
func (d *duplicates) changes(fx effects.File, owner string) bool {
	if owner == someone {
		return fx.From == ""
	}
	user, group, _ := strings.Cut(owner, ":")
	if fx.From != "" {
		from, _, _ := strings.Cut(fx.From, ":")
		return from == "" || d.uid(from) == d.uid(user)
	}
	sameUser := fx.Owner == "" || d.uid(fx.Owner) == d.uid(user)
	sameGroup := fx.Group == "" || fx.Group == group || group == "" && fx.Group == user || isRoot(fx.Group) && isRoot(cmp.Or(group, user))
	return !sameUser || !sameGroup
}

// uid is a user by its number, where the build says it.
func (d *duplicates) uid(name string) string {
	switch name {
	case "", "root":
		return "0"
	}
	if d.uids == nil {
		d.uids = map[string]string{}
		for step := range d.b.Steps() {
			run := step.Run()
			if run == nil {
				continue
			}
			for _, u := range run.Effects.Users {
				if d.uids[u.Name] == "" {
					d.uids[u.Name] = u.UID
				}
			}
		}
	}
	return cmp.Or(d.uids[name], name)
}

// someone is the owner of files of which nobody knows the owner.
const someone = "?"

// mostPuts bounds how many puts of one folder are remembered: the first tell.
const mostPuts = 64

// fill notes the folders into which a step puts files.
func (d *duplicates) fill(step *source.Step) {
	run := step.Run()
	one := func(dir string, p *put, by *shell.Command) {
		dir = path.Clean(dir)
		if !strings.HasPrefix(dir, "/") || run != nil && removesLater(run, dir, by) {
			return
		}
		// The folders above hold it as well.
		for range 32 {
			list := d.filled[dir]
			if len(list) >= mostPuts || len(list) > 0 && list[len(list)-1] == p {
				return
			}
			d.filled[dir] = append(list, p)
			if dir == "/" {
				return
			}
			dir = path.Dir(dir)
		}
	}
	if c := step.Copy; c != nil {
		if c.Dest.Known {
			owner := c.Chown.Value
			if !c.Chown.Known && owner != "" {
				owner = someone
			}
			p := &put{step, d.size(c), owner, modesOf(c)}
			if !c.Parents {
				one(c.Target, p, nil)
			}
			for _, src := range c.Sources[:min(len(c.Sources), mostPuts)] {
				if c.Parents && src.Known && !strings.ContainsAny(src.Value, "*?[") {
					one(path.Join(c.Target, afterPivot(src.Value)), p, nil)
				}
			}
		}
		return
	}
	if run == nil {
		return
	}
	p := &put{step: step, bytes: -1}
	if u := step.Before.User; u != nil && u.Value.Value != "root" && u.Value.Value != "0" {
		p.owner = someone
	}
	for _, in := range run.Effects.Installs {
		if in.When != shell.Always || in.Global || in.System {
			continue
		}
		switch knowledge.EcosystemOf(in.Manager) {
		case "node":
			one(path.Join(in.Command.Dir, "node_modules"), p, in.Command)
		case "composer":
			one(path.Join(in.Command.Dir, "vendor"), p, in.Command)
		}
	}
	for _, fx := range run.Effects.Files {
		if fx.When != shell.Always || len(fx.Paths) != 1 || !fx.Paths[0].Known {
			continue
		}
		if fx.Kind == effects.Venv || fx.Kind == effects.Unpack || fx.Kind == effects.Write && produces(fx) {
			one(fx.Paths[0].Text, p, fx.Command)
		}
	}
	for _, f := range run.Effects.Fetches {
		if f.Tool == "git" && f.When == shell.Always && f.To.Known && f.To.Text != "" {
			one(f.To.Text, p, f.Command)
		}
	}
}

// afterPivot is what of a source's path COPY --parents makes anew at its target: all, or
// what is behind /./.
func afterPivot(src string) string {
	if i := strings.LastIndex(src, "/./"); i >= 0 {
		return src[i+len("/./"):]
	}
	return src
}

// produces tells whether what a command writes to a file may be large: it makes it,
// and does not only say a few words or move what is there.
func produces(fx effects.File) bool {
	if fx.Link || fx.Command == nil {
		return false
	}
	program := fx.Command.Program()
	return program != "" && !knowledge.Speakers.Has(program) && !slices.Contains([]string{"touch", "tee", "sed", "cat", "cp", "mv", "ln", "install", "mkdir"}, program)
}

// isRoot tells whether a user or group is root: "" is, where nothing else is said.
func isRoot(name string) bool { return name == "" || name == "root" || name == "0" }

// modesOf are the modes that the files of a COPY may have: those that it sets, or
// those that git keeps.
func modesOf(c *source.Copy) []uint32 {
	switch {
	case c.Chmod.Value != "":
		if n, err := strconv.ParseUint(c.Chmod.Value, 8, 12); err == nil && c.Chmod.Known {
			return []uint32{uint32(n)}
		}
		return nil
	case c.FromContext() && !c.Add:
		return []uint32{0o644, 0o755}
	}
	return nil
}

// opens tells whether chmod asks for no more than that others may read the files, which
// what another stage or image made lets them, but for odd ones.
func opens(mode string, step *source.Step) bool {
	return step.Copy != nil && step.Copy.From != "" && step.Copy.Chmod.Value == "" && keepsModes(mode, []uint32{0o644, 0o755})
}

// keepsModes tells whether chmod leaves files of these modes as they are.
func keepsModes(mode string, modes []uint32) bool {
	if len(modes) == 0 {
		return false
	}
	for _, m := range modes {
		if after, ok := chmodded(mode, m); !ok || after != m {
			return false
		}
	}
	return true
}

// chmodded is a file's mode after chmod; ok is false for what is not read.
func chmodded(mode string, m uint32) (after uint32, ok bool) {
	if n, err := strconv.ParseUint(mode, 8, 12); err == nil {
		return uint32(n), true
	}
	for clause := range strings.SplitSeq(mode, ",") {
		i := strings.IndexAny(clause, "+-=")
		if i < 0 || clause[i] == '=' {
			return 0, false
		}
		who, what := clause[:i], clause[i+1:]
		if who == "" {
			who = "a"
		}
		var bits uint32
		for _, w := range what {
			switch {
			case w == 'r':
				bits |= 4
			case w == 'w':
				bits |= 2
			case w == 'x' || w == 'X' && m&0o111 != 0:
				bits |= 1
			case w != 'X':
				return 0, false
			}
		}
		var mask uint32
		for _, w := range who {
			shift, known := map[rune]uint32{'u': 0o100, 'g': 0o10, 'o': 1, 'a': 0o111}[w]
			if !known {
				return 0, false
			}
			mask |= bits * shift
		}
		if clause[i] == '+' {
			m |= mask
		} else {
			m &^= mask
		}
	}
	return m, true
}

// size is how many bytes the files are that a COPY names; -1 where it takes a
// folder, or what is not here.
func (d *duplicates) size(c *source.Copy) (bytes int64) {
	if !c.FromContext() || d.b.Context == nil || c.Add {
		return -1
	}
	for _, src := range c.Sources {
		if !src.Known || strings.ContainsAny(src.Value, "*?[") {
			return -1
		}
		e, err := d.b.Context.Stat(source.Clean(src.Value))
		if err != nil || e.Dir {
			return -1
		}
		bytes += e.Size
	}
	return bytes
}

// copiedInto is the earlier COPY that brings a folder of the context to dir, as
// part of a folder that it copies, and how many bytes the folder has; -1 = nobody knows.
func (v *view) copiedInto(copies map[string]*source.Step, dir string) (step *source.Step, bytes int64) {
	if v.b.Context == nil {
		return nil, 0
	}
	for at := path.Dir(dir); ; at = path.Dir(at) {
		if step := copies[at]; step != nil {
			asked := mostCopies
			for _, src := range step.Copy.Sources {
				name, ok := v.folderOf(step.Copy, path.Join(source.Clean(src.Value), strings.TrimPrefix(dir, at)), &asked)
				switch {
				case ok && step.Copy.FromContext():
					return step, -1
				case ok:
					return step, v.folderSize(name)
				}
			}
		}
		if at == "/" || at == "." {
			return nil, 0
		}
	}
}

// mostCopies bounds the copies that are followed through stages for one folder.
const mostCopies = 64

// folderOf is the folder of the context that a COPY takes as a path of its source, from
// the context or from a stage into which it was copied.
func (v *view) folderOf(c *source.Copy, name string, asked *int) (folder string, ok bool) {
	if *asked--; *asked < 0 {
		return "", false
	}
	if c.FromContext() {
		name = source.Clean(name)
		e, err := v.b.Context.Stat(name)
		return name, err == nil && e.Dir && v.b.Context.Has(name)
	}
	name = path.Join("/", name)
	for s := c.Stage; s != nil; s = s.Parent {
		for _, step := range slices.Backward(s.Steps) {
			in := step.Copy
			if in == nil || !in.Dest.Known || !strings.HasPrefix(in.Target, "/") || !within(path.Clean(in.Target), name) {
				continue
			}
			for _, src := range in.Sources {
				if folder, ok := v.folderOf(in, path.Join(source.Clean(src.Value), strings.TrimPrefix(name, path.Clean(in.Target))), asked); ok {
					return folder, true
				}
			}
		}
	}
	return "", false
}

// folderSize is how many bytes the build sends of a folder of the context; -1 where it
// has more files than are looked at.
func (v *view) folderSize(dir string) (bytes int64) {
	left := maxEntries
	var add func(dir string)
	add = func(dir string) {
		for _, e := range v.b.Context.Dir(dir) {
			if left--; left < 0 {
				return
			}
			if e.Dir {
				add(e.Path)
			} else if sent, _ := v.b.Context.Sent(e.Path, false); sent {
				bytes += e.Size
			}
		}
	}
	add(dir)
	if left < 0 {
		return -1
	}
	return bytes
}
