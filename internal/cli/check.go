package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/files"
	"github.com/dockworthy/dockworthy/internal/rules"
	"github.com/dockworthy/dockworthy/internal/secret"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/report"
)

type checkFlags struct {
	file, context  string
	targets, args  []string
	envFrom        []string
	only, skip     []string
	profile        string
	failOn         string
	asOf           string
	format, output string
	color          string
	notes          bool
	more           []string // formats beyond those of every verb
}

func checkCommand(c Command) *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check [PATH…]",
		Short: "Check Dockerfiles, Compose files and Kubernetes manifests",
		Long: `check analyzes the Dockerfiles, Compose files and Kubernetes manifests under the
given folders and files (default: the current folder). It reads only the files:
it needs no container engine and uses no network. "-" reads a Dockerfile from
standard input.

Exit status: 0 when no finding is at or above --fail-on, 1 when there is one,
2 when a path that you named cannot be read or parsed.`,
		Example: `  dockworthy check .
  dockworthy check -f docker/Dockerfile .
  dockworthy check --profile banking --format sarif --output report.sarif .
  dockworthy check - --context . < Dockerfile`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd.Context(), c, args)
		},
	}
	f.judging(cmd.Flags())
	return cmd
}

// judging are the flags of every verb that judges a project.
func (f *checkFlags) judging(fl *pflag.FlagSet) {
	fl.StringVarP(&f.file, "file", "f", "", "the Dockerfile; PATH is then its build context")
	fl.StringVar(&f.context, "context", "", "the build context (default: from Compose, the config or the Dockerfile's COPY)")
	fl.StringArrayVar(&f.targets, "target", nil, "the stage to check (default: the stages that the project builds)")
	fl.StringArrayVar(&f.args, "build-arg", nil, "a build argument, NAME=VALUE")
	fl.StringArrayVar(&f.envFrom, "env-from", nil, "an environment variable that Compose files may use (default: only .env)")
	f.printing(fl)
}

// printing are the flags of every verb that judges anything.
func (f *checkFlags) printing(fl *pflag.FlagSet) {
	fl.StringVar(&f.profile, "profile", "", "standard or banking (default: from the config, else standard)")
	fl.StringSliceVar(&f.only, "only", nil, "run only these rules or checks")
	fl.StringSliceVar(&f.skip, "skip", nil, "skip these rules or checks")
	fl.StringVar(&f.failOn, "fail-on", "warning", "exit 1 for findings of this severity or higher: error, warning or never")
	fl.StringVar(&f.asOf, "as-of", "", "the date for end-of-life checks, YYYY-MM-DD (default: today)")
	fl.StringVar(&f.format, "format", "text", "text, json or sarif")
	fl.BoolVar(&f.notes, "notes", false, "also print notes; without it the text only counts them")
	fl.StringVarP(&f.output, "output", "o", "", "write to this file instead of standard output")
	fl.StringVar(&f.color, "color", "auto", "auto, always or never")
}

// formats are formats that a verb writes beyond text, json and sarif.
func (f *checkFlags) formats(fl *pflag.FlagSet, more ...string) {
	f.more = more
	fl.Lookup("format").Usage = "text, json, sarif or " + strings.Join(more, ", ")
}

// fails tells whether findings up to this severity end the run with 1.
func (f *checkFlags) fails(worst check.Severity) bool {
	least, ok := check.ParseSeverity(f.failOn)
	return ok && worst >= least
}

// manyUnits is how many units are shown with their lines and the words underlined:
// nobody reads the screens of more.
const manyUnits = 10

func (f *checkFlags) run(ctx context.Context, c Command, args []string) error {
	opt, look, err := f.options()
	if err != nil {
		return err
	}
	pl, err := f.place(c, args, &opt)
	if err != nil {
		return err
	}
	defer pl.close()
	project := dockworthy.Open(pl.fsys, pl.paths, opt)
	out, err := f.open(c)
	if err != nil {
		return err
	}
	defer out.abandon()
	tally := &check.Tally{}
	trouble := false
	outcome := func() error { return f.outcome(err, trouble, tally.Worst()) }
	w, err := f.writer(out, report.Options{Names: pl.names, Notes: f.notes, Brief: len(project.Units()) > 1, Compact: len(project.Units()) > manyUnits}, outcome)
	if err != nil {
		return err
	}
	dockerfiles, failed := 0, 0
	bar := newProgress(c.Stderr, len(project.Units()))
	err = project.Check(ctx, look, func(res *check.Result) error {
		bar.step()
		tally.Add(res)
		if res.Problem != nil && res.Unit.Named {
			trouble = true
		}
		if res.Unit.Kind == source.Dockerfile {
			if dockerfiles++; res.Problem != nil {
				failed++
			}
		}
		return w.Result(res)
	})
	bar.end()
	if err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("write the report: %w", err)
	}
	if err == nil && len(f.targets) > 0 && dockerfiles > 0 && failed == dockerfiles {
		trouble = true
		c.complain("no Dockerfile here has the stage %s", strings.Join(f.targets, ", "))
	}
	// Also after Ctrl-C: what is written must be whole.
	var rest []source.Problem
	forPeople := f.format == "text"
	for _, p := range project.Problems() {
		mine := p.Config || !p.Limit && slices.Contains(pl.paths, p.Path)
		if mine || forPeople && errors.Is(p.Err, files.ErrOutside) {
			trouble = trouble || mine
			c.complain("%s: %v", pl.names.Shown(p.Path), reason(p.Err))
			continue
		}
		rest = append(rest, p)
	}
	// Some were met while builds were judged, several at a time.
	slices.SortStableFunc(rest, func(a, b source.Problem) int { return strings.Compare(a.Path, b.Path) })
	if cerr := w.Close(rest); cerr != nil {
		return fmt.Errorf("write the report: %w", cerr)
	}
	if forPeople && tally.Units == 0 && len(rest) == len(project.Problems()) {
		fmt.Fprintln(out, "no Dockerfile, Compose file or Kubernetes manifest here")
	}
	if cerr := out.commit(); cerr != nil {
		return cerr
	}
	return outcome()
}

// outcome is what a run ends with: the error that broke it off, trouble that is told
// already, or findings.
func (f *checkFlags) outcome(err error, trouble bool, worst check.Severity) error {
	switch {
	case err != nil:
		return err
	case trouble:
		return errTrouble
	case f.fails(worst):
		return errFindings
	}
	return nil
}

// reason is an error of the file system without the operation and the path,
// which the message already names.
func reason(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// ids are the rules and checks that words name.
func ids(words []string) (list []string, err error) {
	for _, w := range words {
		found, err := rules.Find(w)
		if err != nil {
			return nil, err
		}
		for _, n := range found {
			list = append(list, n.ID())
		}
	}
	return list, nil
}

func (f *checkFlags) options() (source.Options, check.Options, error) {
	opt := source.Options{Targets: f.targets}
	var look check.Options
	var err error
	if look.Only, err = ids(f.only); err != nil {
		return opt, look, err
	}
	if look.Skip, err = ids(f.skip); err != nil {
		return opt, look, err
	}
	if opt.Profile, err = source.ParseProfile(f.profile); err != nil {
		return opt, look, err
	}
	switch f.failOn {
	case "error", "warning", "never":
	default:
		return opt, look, fmt.Errorf("--fail-on %q is not one of error, warning, never", f.failOn)
	}
	if known := append([]string{"text", "json", "sarif"}, f.more...); !slices.Contains(known, f.format) {
		if f.format == "html" {
			return opt, look, errors.New("only prove can write an HTML page: dockworthy prove --format html -o proof.html")
		}
		return opt, look, fmt.Errorf("--format %q is not one of %s", f.format, strings.Join(known, ", "))
	}
	switch f.color {
	case "auto", "always", "never":
	default:
		return opt, look, fmt.Errorf("--color %q is not one of auto, always, never", f.color)
	}
	opt.AsOf = time.Now().UTC().Truncate(24 * time.Hour)
	if f.asOf != "" {
		day, err := time.Parse(time.DateOnly, f.asOf)
		if err != nil {
			return opt, look, fmt.Errorf("--as-of %q is not a date of the form YYYY-MM-DD", f.asOf)
		}
		opt.AsOf = day
	}
	if opt.BuildArgs, err = pairs("--build-arg", f.args); err != nil {
		return opt, look, err
	}
	opt.Environ, err = environment(f.envFrom)
	return opt, look, err
}

// place turns paths, --file and --context into what is looked at.
func (f *checkFlags) place(c Command, args []string, opt *source.Options) (*place, error) {
	for _, given := range []map[string]string{opt.BuildArgs, opt.Environ} {
		for name, value := range given {
			if secret.Named(name) {
				c.red.Give(value)
			}
		}
	}
	pl, err := f.find(c, args, opt)
	if err == nil {
		pl.names.Redactor = c.red
	}
	return pl, err
}

func (f *checkFlags) find(c Command, args []string, opt *source.Options) (*place, error) {
	if len(args) == 0 && f.file == "" {
		args = []string{"."}
	}
	var stdin []byte
	if slices.Contains(args, "-") || f.file == "-" {
		data, err := readStdin(c.Stdin)
		if err != nil {
			return nil, err
		}
		stdin = data
	}
	if f.file != "" {
		// docker build -f FILE CONTEXT
		ctx := f.context
		args = slices.DeleteFunc(slices.Clone(args), func(a string) bool { return a == "-" })
		switch {
		case len(args) == 1 && ctx == "":
			ctx = args[0]
		case len(args) > 0:
			return nil, errors.New("with --file, give at most one PATH: the build context")
		case ctx == "":
			ctx = "."
			if f.file != "-" {
				ctx = ""
			}
		}
		return f.single(f.file, ctx, stdin, opt)
	}
	if stdin != nil {
		if len(args) > 1 {
			return nil, errors.New(`"-" must be the only PATH: give the build context with --context`)
		}
		return f.single("-", f.context, stdin, opt)
	}
	pl, err := open(args, nil)
	if err != nil {
		return nil, err
	}
	if f.context != "" {
		if err := exists(f.context); err != nil {
			return nil, fmt.Errorf("the build context %w", err)
		}
		both, err := open(append(slices.Clone(args), f.context), nil)
		if err != nil {
			return nil, err
		}
		pl = both
		opt.Context = pl.paths[len(pl.paths)-1]
		pl.paths = pl.paths[:len(pl.paths)-1]
	}
	return pl, nil
}

// single is one Dockerfile with its context.
func (f *checkFlags) single(file, ctx string, stdin []byte, opt *source.Options) (*place, error) {
	name := file
	if file == "-" {
		name = stdinName
	}
	paths := []string{name}
	if ctx != "" {
		if err := exists(ctx); err != nil {
			return nil, fmt.Errorf("the build context %w", err)
		}
		paths = append(paths, ctx)
	}
	pl, err := open(paths, stdin)
	if err != nil {
		return nil, err
	}
	opt.Dockerfile = pl.paths[0]
	switch {
	case ctx != "":
		opt.Context = pl.paths[1]
	case file == "-":
		opt.NoContext = true
	}
	pl.paths = pl.paths[:1]
	return pl, nil
}

// writer is the writer of the format that was asked for. Its last line names the exit
// status of what the run ends with.
func (f *checkFlags) writer(out *output, opt report.Options, outcome func() error) (report.Writer, error) {
	opt.Color, opt.Exit = f.colored(out), func() int { return exitOf(outcome()) }
	return report.New(f.format, out, opt)
}

// colored tells whether text for this output is coloured.
func (f *checkFlags) colored(out *output) bool {
	if f.color != "auto" {
		return f.color == "always"
	}
	return out.terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// A progress line on a terminal says how far long work is.
type progress struct {
	w     io.Writer
	total int
	done  int
	start time.Time
	shown time.Time
}

func newProgress(w io.Writer, total int) *progress {
	if !isTerminal(w) || total < 2 {
		w = nil
	}
	return &progress{w: w, total: total, start: time.Now()}
}

func (p *progress) step() {
	p.done++
	if p.w == nil || time.Since(p.start) < time.Second || time.Since(p.shown) < 100*time.Millisecond {
		return
	}
	p.shown = time.Now()
	fmt.Fprintf(p.w, "\r%s\rchecked %d of %d files\r", strings.Repeat(" ", 40), p.done, p.total)
}

func (p *progress) end() {
	if p.w != nil && !p.shown.IsZero() {
		fmt.Fprintf(p.w, "\r%s\r", strings.Repeat(" ", 40))
	}
}
