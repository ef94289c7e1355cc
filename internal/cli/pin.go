package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/attest"
	"github.com/dockworthy/dockworthy/internal/bake"
	"github.com/dockworthy/dockworthy/internal/files"
	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/image/read"
	"github.com/dockworthy/dockworthy/internal/image/remote"
	"github.com/dockworthy/dockworthy/internal/pin"
	"github.com/dockworthy/dockworthy/internal/redact"
	"github.com/dockworthy/dockworthy/internal/rewrite"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/tags"
	"github.com/dockworthy/dockworthy/text"
)

type pinFlags struct {
	update, literal, full bool
	check, offline        bool
	diff, allowDirty      bool
	noLock, notes         bool
	minAge, asOf          string
	mirrors, platforms    []string
	format, export        string
	output                string
	timeout               time.Duration
}

func pinCommand(c Command) *cobra.Command {
	var f pinFlags
	cmd := &cobra.Command{
		Use:   "pin [PATH…]",
		Short: "Pin images by the digests that their tags stand for",
		Long: `pin writes the digest of each image behind its tag: python:3.12-slim becomes
python:3.12-slim@sha256:…, in Dockerfiles (FROM, COPY --from, mounts, # syntax=,
ONBUILD, and the ARG that carries the tag), Compose files, Kubernetes manifests, Bake
files, and workflows and actions of GitHub. The digest is that of the index, which is
good for all platforms. No other byte of a file changes.

What the tags stood for is kept in dockworthy.lock, with the day on which it was first
seen. What is there already is taken from there; --update asks anew.

PATH is a folder or a file, "-" a Dockerfile from standard input, which is written to
standard output. Nothing is written when a file changed meanwhile, is read-only or
generated, or has changes that git does not hold; either all files are written, or
none.

Exit status: 0 when there is nothing to do; 1 when something was changed, or would be,
or when --check has a remark; 2 when something could not be done.`,
		Example: `  dockworthy pin
  dockworthy pin --diff .
  dockworthy pin --update --min-age 7d
  dockworthy pin --check --offline
  dockworthy pin --export policy -o policy.json`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), c, args) },
	}
	fl := cmd.Flags()
	fl.BoolVar(&f.update, "update", false, "also give what is pinned the digest that its tag stands for now")
	fl.BoolVar(&f.literal, "literal", false, "write the whole reference into a FROM with variables, rather than the digest into the ARG that carries the tag")
	fl.BoolVar(&f.full, "full-version", false, "replace a tag that moves by the full version that is the same image, where the registry has one")
	fl.BoolVar(&f.check, "check", false, "write nothing, and say which pins are missing, outdated, gone, or not for all platforms")
	fl.BoolVar(&f.offline, "offline", false, "ask no registry: what dockworthy.lock has is all that is known")
	fl.BoolVar(&f.diff, "diff", false, "print the difference, and write nothing")
	fl.BoolVar(&f.allowDirty, "allow-dirty", false, "also edit files with changes that are not committed")
	fl.BoolVar(&f.noLock, "no-lock", false, "neither read nor write dockworthy.lock")
	fl.BoolVar(&f.notes, "notes", false, "with --update, say what changed between two digests: platforms, date, version, source revision, and the packages in both images")
	fl.StringVar(&f.minAge, "min-age", "", "take only digests that were first seen this long ago: 7d, 36h (needs dockworthy.lock)")
	fl.StringVar(&f.asOf, "as-of", "", "the day that counts as today, YYYY-MM-DD (default: today)")
	fl.StringArrayVar(&f.mirrors, "registry-map", nil, "where images of a registry are asked for: docker.io=mirror.example.com/hub; names stay as they are written")
	fl.StringSliceVar(&f.platforms, "platform", nil, "with --check, a platform that every image is needed for: linux/arm64")
	fl.StringVar(&f.format, "format", "text", "text, json (the plan: nothing is written), or sarif with --check")
	fl.StringVar(&f.export, "export", "", "print the pins and edit nothing: policy (a source policy of BuildKit) or rego (a policy of buildx, Dockerfile.rego)")
	fl.StringVarP(&f.output, "output", "o", "", "write to this file instead of standard output")
	fl.DurationVar(&f.timeout, "timeout", 20*time.Second, "the limit for each question to a registry")
	return cmd
}

// options are those of a plan.
func (f *pinFlags) options() (opt pin.Options, err error) {
	opt = pin.Options{Update: f.update, Literal: f.literal, Full: f.full, Now: time.Now()}
	if f.asOf != "" {
		if opt.Now, err = time.Parse(time.DateOnly, f.asOf); err != nil {
			return opt, fmt.Errorf("--as-of %q is not a date of the form YYYY-MM-DD", f.asOf)
		}
	}
	if opt.MinAge, err = parseAge(f.minAge); err != nil {
		return opt, err
	}
	for _, x := range []struct {
		both bool
		why  string
	}{
		{f.check && f.diff, "--check and --diff exclude each other"},
		{f.check && f.update, "--check and --update exclude each other"},
		{f.export != "" && (f.check || f.diff), "--export excludes --check and --diff"},
		{f.minAge != "" && f.noLock, "--min-age needs dockworthy.lock, which has the days"},
		{f.offline && f.noLock, "--offline needs dockworthy.lock"},
		{f.offline && (f.update || f.full || f.notes), "--offline asks no registry, which --update, --full-version and --notes do"},
		{len(f.platforms) > 0 && !f.check, "--platform is for --check"},
		{f.format == "sarif" && !f.check, "--format sarif is for --check"},
		{f.notes && !f.update, "--notes is for --update"},
	} {
		if x.both {
			return opt, errors.New(x.why)
		}
	}
	if !slices.Contains([]string{"text", "json", "sarif"}, f.format) {
		return opt, fmt.Errorf("--format %q is not one of text, json, sarif", f.format)
	}
	if !slices.Contains([]string{"", "policy", "rego"}, f.export) {
		return opt, fmt.Errorf("--export %q is not one of policy, rego", f.export)
	}
	for _, p := range f.platforms {
		if _, err := image.ParsePlatform(p); err != nil {
			return opt, fmt.Errorf("--platform: %w", err)
		}
	}
	return opt, nil
}

// parseAge reads 7d, 36h; "" is 0.
func parseAge(s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := time.ParseDuration(days + "h")
		if err == nil && n > 0 && n < 100*365*time.Hour {
			return n * 24, nil
		}
	} else if d, err := time.ParseDuration(s); err == nil && d > 0 {
		return d, nil
	}
	return 0, fmt.Errorf("--min-age %q is not a length of time such as 7d or 36h", s)
}

func (f *pinFlags) run(ctx context.Context, c Command, args []string) error {
	for _, m := range f.mirrors {
		// What is refused below is quoted in a message.
		if at := strings.LastIndexByte(m, '@'); at >= 0 {
			c.red.Give(m[strings.LastIndexAny(m[:at], "/=")+1 : at])
		}
	}
	opt, err := f.options()
	if err != nil {
		return err
	}
	reg, err := f.registry()
	if err != nil {
		return err
	}
	if len(args) == 0 {
		args = []string{"."}
	}
	src := source.Options{AsOf: pin.DayOf(opt.Now).Time, Bake: bake.Parse}
	stdin := slices.Contains(args, "-")
	if stdin && len(args) > 1 {
		return errors.New(`"-" must be the only PATH`)
	}
	pl, err := f.place(c, args, stdin, &src)
	if err != nil {
		return err
	}
	defer pl.close()
	run := &pinning{flags: f, c: c, place: pl, opt: opt, reg: reg, stdin: stdin}
	if !stdin && !f.noLock {
		if err := run.readLock(); err != nil {
			return err
		}
	}
	run.found = pin.Find(pl.fsys, pl.paths, src)
	// What stands in a file that cannot be read stays in the lock.
	run.opt.Lock, run.opt.Whole = run.lock, slices.Contains(pl.paths, ".") && len(run.found.Problems) == 0
	run.problems()
	if f.check {
		return run.check(ctx)
	}
	return run.pin(ctx)
}

// registry is who is asked; the nil Registry is nobody.
func (f *pinFlags) registry() (pin.Registry, error) {
	mirrors := map[string]string{}
	for _, m := range f.mirrors {
		of, at, ok := strings.Cut(m, "=")
		if !ok {
			return nil, fmt.Errorf("--registry-map %q is not REGISTRY=MIRROR, such as docker.io=mirror.example.com/hub", m)
		}
		mirrors[of] = at
	}
	r, err := tags.New(tags.Options{Timeout: f.timeout, UserAgent: "dockworthy/" + dockworthy.Version}, mirrors)
	if err != nil {
		return nil, fmt.Errorf("--registry-map: %w", err)
	}
	if f.offline {
		return noRegistry{}, nil
	}
	return r, nil
}

// noRegistry answers nothing.
type noRegistry struct{}

var errOffline = errors.New("dockworthy.lock does not have it, and --offline asks no registry")

func (noRegistry) Digest(context.Context, string) (attest.Digest, error) { return "", errOffline }
func (noRegistry) Tags(context.Context, string) ([]string, error)        { return nil, errOffline }
func (noRegistry) Manifest(context.Context, string) (*tags.Manifest, error) {
	return nil, errOffline
}
func (noRegistry) Origin(context.Context, string, string) (tags.Origin, error) {
	return tags.Origin{}, errOffline
}

// place is what is looked at. Its files are of one repository, where the lock is.
func (f *pinFlags) place(c Command, args []string, stdin bool, src *source.Options) (*place, error) {
	if stdin {
		data, err := readStdin(c.Stdin)
		if err != nil {
			return nil, err
		}
		pl, err := open([]string{stdinName}, data)
		if err == nil {
			pl.names.Redactor = c.red
			src.Dockerfile, src.NoContext = stdinName, true
		}
		return pl, err
	}
	for _, a := range args {
		if err := exists(a); err != nil {
			return nil, err
		}
	}
	pl, err := open(args, nil)
	if err != nil {
		return nil, err
	}
	pl.names.Redactor = c.red
	for _, a := range args {
		full, err := filepath.Abs(a)
		if err != nil {
			pl.close()
			return nil, fmt.Errorf("find %s: %w", a, err)
		}
		if repository(full) != pl.names.Root {
			pl.close()
			return nil, errors.New("the paths are of several repositories, and each has a dockworthy.lock of its own: pin one after the other")
		}
	}
	return pl, nil
}

// A pinning is one run of the verb.
type pinning struct {
	flags    *pinFlags
	c        Command
	place    *place
	opt      pin.Options
	reg      pin.Registry
	found    *pin.Found
	stdin    bool
	lock     *pin.Lock // nil = there is none
	lockData []byte    // as it is; nil = there is none
	trouble  bool
}

func (r *pinning) readLock() error {
	data, err := files.Read(r.place.fsys, pin.LockName, pin.MaxLock)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("read %s: %w", pin.LockName, reason(err))
	}
	r.lockData = data
	r.lock, err = pin.ReadLock(data)
	return err
}

// problems says what could not be looked at. It is trouble where the user named it.
func (r *pinning) problems() {
	for _, p := range r.found.Problems {
		if p.Limit {
			continue
		}
		if slices.Contains(r.place.paths, p.Path) || p.Config {
			r.trouble = true
		}
		where := r.place.names.Shown(p.Path)
		if p.Line > 0 {
			where = fmt.Sprintf("%s:%d", where, p.Line)
		}
		r.c.complain("%s: %v", where, reason(p.Err))
	}
}

// pin makes the plan, shows it and, where it is to be, writes it.
func (r *pinning) pin(ctx context.Context) error {
	r.leaveGenerated()
	plan, err := pin.New(ctx, r.found.Uses, r.reg, r.opt)
	if err != nil {
		return err
	}
	for _, d := range plan.Decisions {
		if d.Deed == pin.Fail {
			r.trouble = true
		}
	}
	lock := r.newLock(plan)
	var notes []pin.Note
	if r.flags.notes {
		notes = pin.Notes(ctx, plan, r.reg, r.contents)
	}
	changed := len(plan.Changes) > 0 || lock != nil
	end := func() error {
		switch {
		case r.trouble:
			return errTrouble
		case changed:
			return errFindings
		}
		return nil
	}
	switch {
	case r.stdin && !r.flags.diff && r.flags.format == "text" && r.flags.export == "":
		return r.pipe(plan, end)
	case r.flags.export != "":
		if err := r.export(plan); err != nil {
			return err
		}
		changed = false
		r.failures(plan)
		return end()
	case r.flags.format == "json":
		return r.write(redact.JSON, func(w *redact.Writer) error { return r.planJSON(w, plan, lock, notes) }, end)
	case r.flags.diff:
		r.failures(plan)
		return r.write(redact.Text, func(w *redact.Writer) error { return r.diff(ctx, w, plan, lock) }, end)
	}
	if changed {
		if err := r.rewrite(ctx, plan, lock); err != nil {
			return err
		}
	}
	return r.write(redact.Text, func(w *redact.Writer) error {
		r.show(w, plan, lock, notes, exitOf(end()))
		return nil
	}, end)
}

// reading is the limit for reading the layers of one image.
const reading = 10 * time.Minute

// contents are the packages in an image.
func (r *pinning) contents(ctx context.Context, ref, platform string) ([]image.Package, error) {
	opt := read.Options{NoSecrets: true}
	if p, err := image.ParsePlatform(platform); err == nil {
		opt.Platform = p
	}
	if w, ok := r.reg.(*tags.Resolver); ok {
		ref = w.Where(ref)
	}
	within, cancel := context.WithTimeout(ctx, reading)
	defer cancel()
	img, err := remote.Read(within, ref, opt)
	if err != nil {
		return nil, err
	}
	return img.Packages, nil
}

// leaveGenerated leaves alone what another program writes.
func (r *pinning) leaveGenerated() {
	for _, u := range r.found.Uses {
		if u.Why != "" || u.Carrier == nil {
			continue
		}
		for _, f := range []*text.File{u.File, u.Carrier.File} {
			if why := rewrite.Generated(f.Name, f.Data); why != "" && u.Why == "" {
				u.Why, u.Carrier = r.place.names.Of(f.Name)+" "+why, nil
				if slices.Contains(r.place.paths, f.Name) {
					r.trouble = true
					r.c.complain("%s %s", r.place.names.Shown(f.Name), why)
				}
			}
		}
	}
}

// newLock is the lock as it is to be; nil = it is as it is.
func (r *pinning) newLock(plan *pin.Plan) []byte {
	if r.stdin || r.flags.noLock || r.flags.export != "" || r.lockData == nil && len(plan.Lock.Images) == 0 {
		return nil
	}
	if data := plan.Lock.Bytes(); !bytes.Equal(data, r.lockData) {
		return data
	}
	return nil
}

// rewrite writes the files.
func (r *pinning) rewrite(ctx context.Context, plan *pin.Plan, lock []byte) error {
	var list []rewrite.File
	for _, c := range plan.Changes {
		list = append(list, rewrite.File{Name: c.File.Name, Before: c.File.Data, After: c.After})
	}
	if lock != nil {
		list = append(list, rewrite.File{Name: pin.LockName, Before: r.lockData, After: lock, Ours: true})
	}
	folder, err := rewrite.Open(r.place.names.Root)
	if err != nil {
		return fmt.Errorf("open the folder: %w", reason(err))
	}
	defer folder.Close()
	if err := folder.Write(ctx, list, rewrite.Options{AllowDirty: r.flags.allowDirty}); err != nil {
		return fmt.Errorf("%w\nnothing was written", err)
	}
	return nil
}

// pipe writes a Dockerfile from standard input as it is to be.
func (r *pinning) pipe(plan *pin.Plan, end func() error) error {
	r.failures(plan)
	data, err := files.Read(r.place.fsys, stdinName, maxStdin)
	if err != nil {
		return err
	}
	for _, c := range plan.Changes {
		data = c.After
	}
	// What is no report passes as it is.
	if _, err := r.c.Stdout.Write(data); err != nil {
		return err
	}
	return end()
}

// failures says what the registry did not, on standard error.
func (r *pinning) failures(plan *pin.Plan) {
	var told []string
	for _, d := range plan.Decisions {
		if d.Deed == pin.Fail && !slices.Contains(told, d.Reason) {
			told = append(told, d.Reason)
			r.c.complain("%s:%d: %s", r.place.names.Shown(d.File.Name), d.Line(), d.Reason)
		}
	}
}

// write writes a report to where it goes.
func (r *pinning) write(format redact.Format, put func(*redact.Writer) error, end func() error) error {
	out := &output{Writer: r.c.Stdout}
	if r.flags.output != "" && r.flags.output != "-" {
		var err error
		if out, err = newOutput(r.flags.output); err != nil {
			return err
		}
	}
	defer out.abandon()
	w := redact.NewWriter(out, r.c.red, format)
	if err := put(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := out.commit(); err != nil {
		return err
	}
	return end()
}
