package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/files"
	"github.com/dockworthy/dockworthy/internal/fix"
	"github.com/dockworthy/dockworthy/internal/git"
	"github.com/dockworthy/dockworthy/internal/redact"
	"github.com/dockworthy/dockworthy/internal/rewrite"
	"github.com/dockworthy/dockworthy/text"
)

type fixFlags struct {
	checkFlags
	unsafe, diff, interactive bool
	allowDirty, proving       bool
	onlyChanged               string
	env                       []string
}

func fixCommand(c Command) *cobra.Command {
	var f fixFlags
	cmd := &cobra.Command{
		Use:   "fix [PATH…]",
		Short: "Mend what check finds, and look again",
		Long: `fix mends what check finds in the files under the given paths (default: the current
folder), as far as it knows how: what cannot change what the container does, and with
--unsafe also what is right in almost all cases. Each fix is tried on a copy and looked
at again: one that does not quiet its finding, raises another one, or leaves a file that
cannot be read is taken back, and that is told. No other byte of a file changes.

"-" reads a Dockerfile from standard input, and writes it to standard output.

With --prove each Dockerfile that was mended is built and run as it is and as it would be.
What makes it worse (it does not build, does not run, or breaks a rule that it keeps) is
taken back, one check after the other, and the two are shown side by side.

Nothing is written when a file changed meanwhile, is read-only or generated, or has
changes that git does not hold; either all files are written, or none.

Exit status: 0 when there is nothing to mend; 1 when something was mended, or would be;
2 when something could not be read or written.`,
		Example: `  dockworthy fix
  dockworthy fix --unsafe --diff .
  dockworthy fix --interactive docker/Dockerfile
  dockworthy fix --only layer-cache --only-changed origin/main`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), c, args) },
	}
	fl := cmd.Flags()
	fl.StringVarP(&f.file, "file", "f", "", "the Dockerfile; PATH is then its build context")
	fl.StringVar(&f.context, "context", "", "the build context (default: from Compose, the config or the Dockerfile's COPY)")
	fl.StringArrayVar(&f.targets, "target", nil, "the stage to look at (default: the stages that the project builds)")
	fl.StringArrayVar(&f.args, "build-arg", nil, "a build argument, NAME=VALUE")
	fl.StringArrayVar(&f.envFrom, "env-from", nil, "an environment variable that Compose files may use (default: only .env)")
	fl.StringVar(&f.profile, "profile", "", "standard or banking (default: from the config, else standard)")
	fl.StringSliceVar(&f.only, "only", nil, "mend only what these rules or checks find")
	fl.StringSliceVar(&f.skip, "skip", nil, "leave what these rules or checks find")
	fl.StringVar(&f.asOf, "as-of", "", "the date for end-of-life checks, YYYY-MM-DD (default: today)")
	fl.BoolVar(&f.unsafe, "unsafe", false, "also mend what may change what the container does, in rare cases that are named")
	fl.BoolVar(&f.diff, "diff", false, "print the difference, and write nothing")
	fl.BoolVarP(&f.interactive, "interactive", "i", false, "ask about each fix")
	fl.BoolVar(&f.allowDirty, "allow-dirty", false, "also edit files with changes that are not committed")
	fl.StringVar(&f.onlyChanged, "only-changed", "", "only what stands in lines that changed since this git revision")
	fl.BoolVar(&f.proving, "prove", false, "build and run each Dockerfile as it is and as it would be, and take back what makes it worse")
	fl.StringArrayVarP(&f.env, "env", "e", nil, "with --prove, an environment variable of the container, NAME=VALUE")
	fl.StringVar(&f.format, "format", "text", "text, or json (the plan: nothing is written)")
	fl.StringVar(&f.color, "color", "auto", "auto, always or never")
	f.failOn = "never"
	return cmd
}

func (f *fixFlags) run(ctx context.Context, c Command, args []string) error {
	opt, look, err := f.options()
	if err != nil {
		return err
	}
	switch {
	case !slices.Contains([]string{"text", "json"}, f.format):
		return fmt.Errorf("--format %q is not one of text, json", f.format)
	case f.proving && slices.Contains(args, "-"):
		return errors.New("--prove builds a project, and standard input is none")
	case len(f.env) > 0 && !f.proving:
		return errors.New("--env is for the containers that --prove runs")
	case f.interactive && (f.diff || f.format == "json"):
		return errors.New("--interactive excludes --diff and --format json")
	}
	opt.Editable, opt.Mending = true, true
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(fixMemory)
	}
	pl, err := f.place(c, args, &opt)
	if err != nil {
		return err
	}
	defer pl.close()
	want := fix.Options{Unsafe: f.unsafe || f.interactive, Check: look}
	only := look.Only
	if len(only) > 0 {
		// What is mended is chosen; whether it raises anything is asked of all rules.
		want.Check.Only = nil
		want.Wants = func(_ check.Unit, r check.Reported) bool {
			return slices.Contains(only, r.ID()) || slices.Contains(only, r.Rule.Name)
		}
	}
	if f.onlyChanged != "" {
		changed, err := since(ctx, pl, f.onlyChanged)
		if err != nil {
			return err
		}
		within := want.Wants
		want.Wants = func(u check.Unit, r check.Reported) bool { return (within == nil || within(u, r)) && changed(r.Place) }
	}
	stdin := pl.names.Stdin != ""
	if f.interactive {
		if stdin {
			return errors.New("--interactive asks on standard input, which is the Dockerfile")
		}
		want.Ask = (&asking{c: c, in: bufio.NewReader(c.Stdin)}).ask
	}
	want.May = func(name string, data []byte) string {
		if stdin && name != stdinName {
			return "only standard input is written"
		}
		return rewrite.Generated(name, data)
	}
	project := dockworthy.Open(pl.fsys, pl.paths, opt)
	var res *fix.Result
	var proved *mending
	if f.proving {
		res, proved, err = f.prove(ctx, c, pl, opt, project, want)
	} else {
		res, err = fix.Run(ctx, project, want)
	}
	if err != nil {
		return err
	}
	trouble := false
	for _, r := range res.After {
		if r.Problem != nil && r.Unit.Named {
			trouble = true
			c.complain("%s: %v", pl.names.Shown(r.Problem.Path), reason(r.Problem.Err))
		}
	}
	for _, p := range project.Problems() {
		if p.Config || !p.Limit && slices.Contains(pl.paths, p.Path) {
			trouble = true
			c.complain("%s: %v", pl.names.Shown(p.Path), reason(p.Err))
		}
	}
	hide(c.red, res)
	end := func() error {
		switch {
		case trouble:
			return errTrouble
		case len(res.Files) > 0:
			return errFindings
		}
		return nil
	}
	s := fixing{f: f, pl: pl, red: c.red, res: res}
	switch {
	case stdin:
		data, err := files.Read(pl.fsys, stdinName, maxStdin)
		if err != nil {
			return err
		}
		if new, ok := res.Files[stdinName]; ok {
			data = new
		}
		if _, err := c.Stdout.Write(data); err != nil {
			return fmt.Errorf("write to standard output: %w", err)
		}
		return end()
	case f.format == "json":
		w := c.list(redact.JSON)
		if err := s.json(w); err != nil {
			return err
		}
		return errors.Join(w.Flush(), end())
	}
	w := c.list(redact.Text)
	if f.diff {
		s.diff(w, isTerminal(c.Stdout) && f.color == "auto" || f.color == "always")
		if err := w.Flush(); err != nil {
			return err
		}
		w = redact.NewWriter(c.Stderr, c.red, redact.Text)
		if proved != nil {
			proved.report(w)
		}
		s.summary(w, "would mend")
		return errors.Join(w.Flush(), end())
	}
	if len(res.Files) > 0 {
		if err := s.write(ctx); err != nil {
			return err
		}
	}
	if proved != nil {
		proved.report(w)
	}
	s.summary(w, "mended")
	return errors.Join(w.Flush(), end())
}

// fixMemory is memory for fix, which keeps what it read of each file to look again: a
// collector that works harder for less would take most of the time.
const fixMemory = 2 << 30

// hide lets the redactor know the secrets of what was looked at.
func hide(red *redact.Redactor, res *fix.Result) {
	for _, r := range res.After {
		for _, rep := range r.Reports {
			for _, at := range rep.Secrets {
				red.Give(at.File.Text(at.Span))
			}
		}
	}
	for _, m := range res.Mended {
		for _, s := range m.Finding.Secrets {
			red.Give(m.Finding.Place.File.Text(s))
		}
	}
}

// A fixing is what is told and written of a result.
type fixing struct {
	f   *fixFlags
	pl  *place
	red *redact.Redactor
	res *fix.Result
}

// diff prints what changes.
func (s *fixing) diff(w *redact.Writer, colored bool) {
	hidden := shown{s.red}
	for _, name := range slices.Sorted(maps.Keys(s.res.Files)) {
		d := hidden.diff(s.pl.names.Of(name), s.res.Before[name], s.res.Files[name])
		if !colored {
			fmt.Fprint(w, d)
			continue
		}
		for line := range strings.Lines(d) {
			color := ""
			switch {
			case strings.HasPrefix(line, "+++"), strings.HasPrefix(line, "---"):
				color = "1"
			case strings.HasPrefix(line, "+"):
				color = "32"
			case strings.HasPrefix(line, "-"):
				color = "31"
			case strings.HasPrefix(line, "@@"):
				color = "36"
			}
			if color != "" {
				line = "\x1b[" + color + "m" + strings.TrimSuffix(line, "\n") + "\x1b[0m\n"
			}
			fmt.Fprint(w, line)
		}
	}
}

// write writes the files.
func (s *fixing) write(ctx context.Context) error {
	var list []rewrite.File
	for _, name := range slices.Sorted(maps.Keys(s.res.Files)) {
		list = append(list, rewrite.File{Name: name, Before: s.res.Before[name], After: s.res.Files[name]})
	}
	folder, err := rewrite.Open(s.pl.names.Root)
	if err != nil {
		return fmt.Errorf("open the folder: %w", reason(err))
	}
	defer folder.Close()
	if err := folder.Write(ctx, list, rewrite.Options{AllowDirty: s.f.allowDirty}); err != nil {
		return fmt.Errorf("%w\nnothing was written", err)
	}
	return nil
}

// at is a place as people read it.
func (s *fixing) at(p check.Place) string {
	at := s.pl.names.Of(p.File.Name)
	if !p.Span.IsZero() {
		at += fmt.Sprintf(":%d", p.File.Position(p.Span.Start).Line)
	}
	return at
}

// summary tells what was mended, what is left, and how to go on.
func (s *fixing) summary(w *redact.Writer, deed string) {
	for _, m := range s.res.Mended {
		fmt.Fprintf(w, "%s %s: %s: %s\n", deed, s.at(m.Finding.Place), m.Finding.ID(), s.red.Hide(m.Fix.Title))
	}
	unsafe, yours, rest := 0, 0, 0
	for _, l := range s.res.Left {
		switch {
		case l.Fix != nil && l.Fix.Grade == check.Unsafe && !s.f.unsafe:
			unsafe++
		case l.Finding.Severity < check.Warning:
			continue
		case l.Fix != nil && l.Fix.Grade == check.NeedsYou:
			yours++
		default:
			rest++
		}
		if l.Finding.Severity >= check.Warning || l.Fix != nil {
			fmt.Fprintf(w, "left %s: %s: %s\n", s.at(l.Finding.Place), l.Finding.ID(), s.red.Hide(l.Why))
		}
	}
	fmt.Fprintf(w, "%s %d, left %d", deed, len(s.res.Mended), unsafe+yours+rest)
	if unsafe > 0 {
		fmt.Fprintf(w, "; `dockworthy fix --unsafe` mends %d more", unsafe)
	}
	if n := yours + rest; n > 0 {
		fmt.Fprintf(w, "; %d need you", n)
	}
	fmt.Fprintln(w)
}

// A fixPlan is what --format json prints.
type fixPlan struct {
	Mended []fixEntry `json:"mended"`
	Left   []fixEntry `json:"left"`
	Files  []fixFile  `json:"files"`
}

type fixEntry struct {
	Check string `json:"check"`
	File  string `json:"file"`
	Line  int    `json:"line,omitempty"`
	What  string `json:"what,omitempty"`  // what the fix does
	Grade string `json:"grade,omitempty"` // of the fix
	Why   string `json:"why,omitempty"`   // the finding, or why it stays
}

type fixFile struct {
	Name string `json:"name"`
	Diff string `json:"diff"`
}

func (s *fixing) json(w io.Writer) error {
	plan := fixPlan{Mended: []fixEntry{}, Left: []fixEntry{}, Files: []fixFile{}}
	entry := func(f check.Reported) fixEntry {
		e := fixEntry{Check: f.ID(), File: s.pl.names.Of(f.Place.File.Name)}
		if !f.Place.Span.IsZero() {
			e.Line = f.Place.File.Position(f.Place.Span.Start).Line
		}
		return e
	}
	for _, m := range s.res.Mended {
		e := entry(m.Finding)
		e.What, e.Grade, e.Why = s.red.Hide(m.Fix.Title), m.Fix.Grade.String(), s.red.Hide(m.Finding.Message)
		plan.Mended = append(plan.Mended, e)
	}
	for _, l := range s.res.Left {
		e := entry(l.Finding)
		e.Why = s.red.Hide(l.Why)
		if l.Fix != nil {
			e.What, e.Grade = s.red.Hide(l.Fix.Title), l.Fix.Grade.String()
		}
		plan.Left = append(plan.Left, e)
	}
	for _, name := range slices.Sorted(maps.Keys(s.res.Files)) {
		shownName := s.pl.names.Of(name)
		plan.Files = append(plan.Files, fixFile{shownName, (shown{s.red}).diff(shownName, s.res.Before[name], s.res.Files[name])})
	}
	data, err := json.MarshalIndent(plan, "", "  ")
	if err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	_, err = w.Write(append(data, '\n'))
	return err
}

// asking asks a person about each fix.
type asking struct {
	c     Command
	in    *bufio.Reader
	all   bool
	every map[string]bool // by check: all, or none
}

func (a *asking) ask(x fix.Candidate) (bool, error) {
	id := x.Finding.ID()
	if yes, ok := a.every[id]; ok {
		return yes, nil
	}
	if a.all {
		return true, nil
	}
	one := check.Fix{Edits: x.Fix.Edits, Create: x.Fix.Create}
	out, err := one.Apply()
	if err != nil {
		return false, nil
	}
	w := redact.NewWriter(a.c.Stdout, a.c.red, redact.Text)
	fmt.Fprintf(w, "\n%s: %s\n", id, a.c.red.Hide(x.Finding.Message))
	before := map[string][]byte{}
	for _, e := range x.Fix.Edits {
		before[e.File.Name] = e.File.Data
	}
	for _, name := range slices.Sorted(maps.Keys(out)) {
		fmt.Fprint(w, (shown{a.c.red}).diff(name, before[name], out[name]))
	}
	if x.Fix.Reason != "" {
		fmt.Fprintf(w, "unsafe: %s\n", a.c.red.Hide(x.Fix.Reason))
	}
	if err := w.Flush(); err != nil {
		return false, err
	}
	for {
		fmt.Fprintf(a.c.Stdout, "mend it? [y]es, [n]o, [a]ll, all of this [c]heck, [s]kip this check, [q]uit: ")
		line, err := a.in.ReadString('\n')
		if err != nil {
			return false, errors.New("no answer: nothing was written")
		}
		if !a.echoed() {
			fmt.Fprintln(a.c.Stdout)
		}
		if a.every == nil {
			a.every = map[string]bool{}
		}
		switch strings.ToLower(strings.TrimSpace(line)) {
		case "y", "yes":
			return true, nil
		case "n", "no", "":
			return false, nil
		case "a", "all":
			a.all = true
			return true, nil
		case "c":
			a.every[id] = true
			return true, nil
		case "s":
			a.every[id] = false
			return false, nil
		case "q", "quit":
			return false, errors.New("nothing was written")
		}
	}
}

// echoed tells whether the answer, and the end of its line, stand on the terminal.
func (a *asking) echoed() bool {
	in, ok := a.c.Stdin.(*os.File)
	return ok && term.IsTerminal(int(in.Fd()))
}

// since tells of places whether they stand in lines that changed since a revision. What
// the whole file is said of, as something that is missing, stands in any that changed.
func since(ctx context.Context, pl *place, ref string) (func(check.Place) bool, error) {
	repo, err := git.Open(pl.names.Root)
	if err != nil {
		return nil, fmt.Errorf("--only-changed: %w", err)
	}
	commit, err := repo.Commit(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("--only-changed: %w", err)
	}
	entries, err := repo.Tree(ctx, commit)
	if err != nil {
		return nil, fmt.Errorf("--only-changed: %w", err)
	}
	byName := map[string]git.Entry{}
	for _, e := range entries {
		byName[e.Path] = e
	}
	spans := map[string][]text.Span{}
	seen := map[string]bool{}
	return func(p check.Place) bool {
		name := path.Clean(filepath.ToSlash(p.File.Name))
		if !seen[name] {
			seen[name] = true
			var before []byte
			if e, ok := byName[name]; ok {
				if err := repo.Contents(ctx, []git.Entry{e}, func(_ git.Entry, n int64, r io.Reader) error {
					before, err = io.ReadAll(io.LimitReader(r, maxStdin))
					return err
				}); err != nil {
					return true // rather too much than too little
				}
			}
			spans[name] = fix.Changed(before, p.File.Data)
		}
		if p.Span.IsZero() {
			return len(spans[name]) > 0
		}
		return slices.ContainsFunc(spans[name], func(s text.Span) bool { return s.Start < p.Span.End && p.Span.Start < s.End })
	}, nil
}
