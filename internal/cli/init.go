package cli

import (
	"bufio"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/internal/existing"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	overlays "github.com/dockworthy/dockworthy/internal/overlay"
	"github.com/dockworthy/dockworthy/internal/redact"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/scaffold"
	"github.com/dockworthy/dockworthy/internal/stack"
	"github.com/dockworthy/dockworthy/text"
)

type initFlags struct {
	app, server, kind string
	port              int
	yes, json, dry    bool
	force             bool
	prove, noProve    bool
	offline           bool
	registry, ca      string
	base              string
	env               []string
	asOf              string
	noCompose, gpu    bool
	from, target      string
	addServer         bool
	kubernetes, aws   bool
	ran               bool // port is where the program was seen to listen
}

func initCommand(c Command) *cobra.Command {
	var f initFlags
	cmd := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Write a golden container for a project, and prove it",
		Long: `init finds out what a project is, from its files alone, and writes a Dockerfile
and a .dockerignore that keep the eight rules. It shows what it found and where,
what it chose and why, and what it could not know. Then it builds the image, runs
it, and proves it, where there is a container engine.

Nothing of the project is run on this machine. A file that is there is never
overwritten without --force: its difference is shown. What init wrote last time it
knows (.dockworthy/init.json): when the project has changed, what was changed by hand
in its files stays, and lines that were changed in two ways are shown.

Exit status: 0 when the files are written and, where they are proved, no finding is
at or above warning; 1 when the proof has one; 2 when nothing could be written or
proved.`,
		Example: `  dockworthy init .
  dockworthy init . --app api.main:app --port 8080
  dockworthy init . --dry-run
  dockworthy init . --json --offline`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := "."
			if len(args) > 0 {
				dir = args[0]
			}
			if f.prove && f.noProve {
				return errors.New("--prove and --no-prove exclude each other")
			}
			return f.run(cmd.Context(), c, dir)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.app, "app", "", "the program to start, where the project has several: module:object, a file, a binary, or the folder of a module")
	fl.StringVar(&f.server, "server", "", "the server that starts it: uvicorn, gunicorn, …")
	fl.BoolVar(&f.addServer, "add-server", false, "where the project declares no server, put it into the manifest and the lock by the project's own manager, in a container, rather than install it in the Dockerfile")
	fl.StringVar(&f.kind, "kind", "", "service, worker or job (default: from the source)")
	fl.IntVar(&f.port, "port", 0, "the port that it listens on")
	fl.BoolVarP(&f.yes, "yes", "y", false, "ask nothing: take what stands as the default, or fail")
	fl.BoolVar(&f.json, "json", false, "print the plan as JSON, and write nothing")
	fl.BoolVar(&f.dry, "dry-run", false, "print the files, and write nothing")
	fl.BoolVar(&f.force, "force", false, "replace files that are there")
	fl.BoolVar(&f.prove, "prove", false, "prove what was written; fail without a container engine")
	fl.BoolVar(&f.noProve, "no-prove", false, "do not build or run anything")
	fl.BoolVar(&f.noCompose, "no-compose", false, "write no Compose file for what the program talks to")
	fl.BoolVar(&f.kubernetes, "kubernetes", false, "also write the manifests for Kubernetes")
	fl.BoolVar(&f.aws, "aws-secrets", false, "also write the manifests for Kubernetes, and what brings the secrets from AWS Secrets Manager (External Secrets Operator)")
	fl.BoolVar(&f.gpu, "gpu", false, "install PyTorch with CUDA")
	fl.StringVar(&f.from, "from", "", "the Dockerfile that the project has: a new one that keeps what it says is shown beside it, both are proved, and --force writes it")
	fl.StringVar(&f.target, "target", "", "with --from, the stage that ships (default: the last one)")
	fl.BoolVar(&f.offline, "offline", false, "ask no registry for versions and digests")
	fl.StringVar(&f.registry, "registry", "", "a registry from which all images come: registry.example.com/hub")
	fl.StringVar(&f.base, "base", "", "what the container stands on, where that can be right: "+strings.Join(scaffold.Families, ", ")+" (default: slim Debian, or nothing for a program that is linked with nothing)")
	fl.StringVar(&f.ca, "ca", "", "a PEM file of certificate authorities that the builds, the programs and the look-ups trust too, as that of a corporate proxy")
	fl.StringArrayVarP(&f.env, "env", "e", nil, "an environment variable of the container that is proved, NAME=VALUE, or NAME to pass the current value")
	fl.StringVar(&f.asOf, "as-of", "", "the date that decides which versions are supported, YYYY-MM-DD (default: today)")
	return cmd
}

func (f *initFlags) run(ctx context.Context, c Command, dir string) error {
	if err := exists(dir); err != nil {
		return err
	}
	if !isFolder(dir) {
		return fmt.Errorf("%s is no folder: init takes the folder of the project", dir)
	}
	asOf := time.Now()
	if f.asOf != "" {
		var err error
		if asOf, err = time.Parse(time.DateOnly, f.asOf); err != nil {
			return fmt.Errorf("--as-of %q is not a date like 2026-11-28", f.asOf)
		}
	}
	if f.kind != "" && !slices.Contains([]string{"service", "worker", "job"}, f.kind) {
		return fmt.Errorf("--kind %q is not one of service, worker, job", f.kind)
	}
	pl, err := open([]string{dir}, nil)
	if err != nil {
		return err
	}
	defer pl.close()
	fsys, err := fs.Sub(pl.fsys, pl.paths[0])
	if err != nil {
		return fmt.Errorf("open %s: %w", dir, err)
	}
	var old *past
	if f.from != "" && f.addServer {
		return errors.New("--add-server and --from exclude each other: put the server into the manifest first")
	}
	if f.from != "" {
		if old, err = f.readPast(pl, fsys, dir); err != nil {
			return err
		}
	} else if f.target != "" {
		return errors.New("--target names a stage of the Dockerfile that --from names")
	}
	s, err := f.detect(c, fsys, old)
	if err != nil {
		return err
	}
	certificates, roots, err := f.certificates()
	if err != nil {
		return err
	}
	bar := &status{w: c.Stderr, terminal: isTerminal(c.Stderr)}
	e, engineErr := openEngine(ctx)
	if engineErr == nil {
		defer e.Close()
	} else {
		e = nil
		if f.prove {
			return engineErr
		}
	}
	b := &bases{ctx: ctx, engine: e, offline: f.offline, prefix: f.registry, roots: roots, asOf: asOf, say: bar.say}
	var keep *existing.Build
	if old != nil {
		keep = old.keep
	}
	opt := scaffold.Options{Keep: keep, CA: certificates, Base: f.base, Pick: b.pick, NoCompose: f.noCompose, GPU: f.gpu, Kubernetes: f.kubernetes, AWSSecrets: f.aws, Name: filepath.Base(filepath.Join(pl.names.Root, pl.paths[0]))}
	plan, err := scaffold.New(s, opt)
	if err == nil && f.addServer {
		bar.say("the project's own manager takes the server into its manifest")
		var edited map[string][]byte
		if edited, err = f.manifests(ctx, c, dir, plan, e, engineErr); err == nil && len(edited) > 0 {
			if s, err = f.detect(c, overlays.New(fsys, edited), old); err == nil {
				plan, err = scaffold.New(s, opt)
			}
			if err == nil {
				err = plan.Edit(fsys, edited)
			}
		}
	}
	bar.end()
	if err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(b.found)) {
		base := b.found[key]
		if base.Digest == "" {
			plan.Unknown = append(plan.Unknown, fmt.Sprintf("the digest of %s: no registry answered; `docker buildx imagetools inspect %s` prints it", base, base))
		}
	}
	var names []string
	for _, file := range plan.Files {
		if file.Name == "Dockerfile" && old != nil {
			file.Name = old.name
		}
		if s.Has(file.Name) {
			names = append(names, path.Join(pl.paths[0], file.Name))
		}
	}
	hidden, err := shownOf(ctx, c.red, pl, names)
	if err != nil {
		return err
	}
	out := c.list(redact.Text)
	if f.json {
		out = c.list(redact.JSON)
		for _, v := range s.Env {
			if v.Secret {
				c.red.Give(v.Default)
			}
		}
		data, err := json.MarshalIndent(plan, "", "  ")
		if err != nil {
			return fmt.Errorf("write the plan: %w", err)
		}
		if _, err := out.Write(append(data, '\n')); err != nil {
			return err
		}
		return out.Flush()
	}
	f.show(out, c.red, plan)
	if old != nil {
		return f.refound(ctx, c, out, dir, pl, hidden, old, plan, e, engineErr)
	}
	for _, edit := range plan.Edits {
		if edit.Before == "" {
			fmt.Fprintf(out, "\n%s is new: %d lines\n", edit.Name, strings.Count(edit.Data, "\n"))
		} else if path.Ext(edit.Name) == ".lock" {
			fmt.Fprintf(out, "\n%s changes, as its manager wrote it\n", edit.Name)
		} else {
			fmt.Fprintf(out, "\n%s", hidden.diff(edit.Name, []byte(edit.Before), []byte(edit.Data)))
		}
	}
	if f.dry {
		for _, file := range plan.Files {
			fmt.Fprintf(out, "\n--- %s\n%s", file.Name, file.Data)
		}
		return out.Flush()
	}
	if err := f.write(out, dir, hidden, plan); err != nil {
		out.Flush()
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	learned := 0
	err = f.proof(ctx, c, dir, plan, engineErr, func(log *run.Log) { learned = max(learned, f.learn(s, log)) })
	if learned == 0 {
		return err
	}
	// What was written has the program listen elsewhere than it does: once more, with what was
	// seen.
	fmt.Fprintf(out, "\nit listens on port %d, as was seen when it ran, and not on %s: written and proved once more\n", learned, s.Port.Value)
	f.port, f.ran = learned, true
	if s, err = f.detect(c, fsys, old); err != nil {
		return err
	}
	if plan, err = scaffold.New(s, opt); err != nil {
		return err
	}
	if err := f.write(out, dir, hidden, plan); err != nil {
		out.Flush()
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return f.proof(ctx, c, dir, plan, engineErr, nil)
}

// learn is the port that a program was seen to listen on, where that is another than it was
// taken for; 0 = there is nothing to be learned.
func (f *initFlags) learn(s *stack.Stack, log *run.Log) int {
	if f.port > 0 || s.Kind != stack.Service || log == nil || log.Procs == nil {
		return 0
	}
	port := 0
	for _, l := range log.Procs.Listens {
		switch {
		case strconv.Itoa(l.Port) == s.Port.Value:
			return 0
		case strings.HasPrefix(l.Address, "127.") || l.Address == "::1" || port == l.Port:
		case port > 0:
			return 0 // which of them is meant nobody knows
		default:
			port = l.Port
		}
	}
	return port
}

// detect finds out what the project is, and asks on a terminal what its files do
// not say.
func (f *initFlags) detect(c Command, fsys fs.FS, old *past) (*stack.Stack, error) {
	opt := stack.Options{App: f.app, Server: f.server, Port: f.port, Kind: stack.Kind(f.kind), Seen: f.ran}
	if old != nil {
		opt = scaffold.Asked(old.keep, opt)
	}
	for {
		s, err := stack.Detect(fsys, opt)
		var u *stack.Unclear
		if !errors.As(err, &u) || f.yes || f.json || len(u.Choices) < 2 || !interactive(c) {
			return s, err
		}
		answer, err := ask(c, u)
		if err != nil {
			return nil, err
		}
		opt.App = answer
	}
}

// interactive tells whether a person can be asked.
func interactive(c Command) bool {
	in, ok := c.Stdin.(*os.File)
	return ok && isTerminal(in) && isTerminal(c.Stderr)
}

// ask asks a person one question.
func ask(c Command, u *stack.Unclear) (string, error) {
	fmt.Fprintf(c.Stderr, "%s:\n", u.Question)
	for i, choice := range u.Choices {
		fmt.Fprintf(c.Stderr, "  %d  %s  (%s)\n", i+1, redact.OneLine(choice.Value), redact.OneLine(choice.Why))
	}
	r := bufio.NewReader(c.Stdin)
	for {
		fmt.Fprintf(c.Stderr, "Which one? [1-%d] ", len(u.Choices))
		line, err := r.ReadString('\n')
		if err != nil {
			return "", fmt.Errorf("no answer: %s answers it too", u.Flag)
		}
		if n, err := strconv.Atoi(strings.TrimSpace(line)); err == nil && n >= 1 && n <= len(u.Choices) {
			return u.Choices[n-1].Value, nil
		}
	}
}

// show prints what was found, what was chosen, and what is not known.
func (f *initFlags) show(w *redact.Writer, red *redact.Redactor, p *scaffold.Plan) {
	s := p.Stack
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "  %-10s %s\n", name, value)
		}
	}
	fmt.Fprintln(w, "found")
	row("language", s.Language.String())
	version := s.Version.Spec
	if version != "" {
		version += " (" + s.Version.At.String() + ")"
	}
	row("version", version)
	row("manager", s.Manager.String())
	row("framework", s.Framework.String())
	row("kind", string(s.Kind))
	row("server", s.Server.String())
	row("app", s.App.String())
	row("start", s.Start.String())
	row("port", s.Port.String())
	row("health", s.Health.String())
	for _, v := range s.Env {
		if v.Required {
			row("needs", fmt.Sprintf("%s (%s)", v.Name, v.At))
		}
	}
	for _, v := range s.Services {
		row("talks to", v.String())
	}
	for _, v := range slices.Concat(s.Steps, s.Others) {
		row("also", fmt.Sprintf("%s: %s (%s)", v.Name, strings.Join(v.Exec, " "), v.At))
	}
	if len(p.Chosen) > 0 {
		fmt.Fprintln(w, "chosen")
		for _, x := range p.Chosen {
			fmt.Fprintf(w, "  %s: %s\n", red.Hide(x.What), x.Why)
		}
	}
	if notes := slices.Concat(s.Notes, p.Unknown); len(notes) > 0 {
		fmt.Fprintln(w, "not known, or to be looked at")
		for _, n := range notes {
			fmt.Fprintf(w, "  %s\n", red.Hide(n))
		}
	}
}

// A change is what becomes of one file.
type change struct {
	name, data string
	deed       string // wrote, updated, merged, replaced, unchanged, kept away
}

// write writes the files, all or none. What it wrote last time is known: what a
// person has changed since stays.
func (f *initFlags) write(w *redact.Writer, dir string, hidden shown, p *scaffold.Plan) error {
	remembered, err := readFile(dir, scaffold.RecordName)
	if err != nil {
		return err
	}
	last, err := scaffold.ReadRecord(remembered)
	if err != nil && !f.force {
		return err
	}
	var list []change
	var refused []string
	for _, file := range p.Files {
		have, err := readFile(dir, file.Name)
		if err != nil {
			return err
		}
		c := change{file.Name, file.Data, ""}
		base, wrote := "", false
		if last != nil {
			base, wrote = last.Files[file.Name]
		}
		switch {
		case have == nil && wrote && !f.force:
			c.deed = "not written again, since it was removed:"
		case have == nil:
			c.deed = "wrote"
		case string(have) == file.Data:
			c.deed = "unchanged"
		case f.force:
			c.deed = "replaced"
		case wrote && string(have) == base:
			c.deed = "updated"
		case wrote:
			merged, ok := text.Merge([]byte(base), have, []byte(file.Data))
			if !ok {
				refused = append(refused, file.Name)
				fmt.Fprintf(w, "\nwhat was changed in %s since it was written:\n%s", file.Name, hidden.diff(file.Name, []byte(base), have))
				fmt.Fprintf(w, "\nwhat the project's change brings:\n%s", hidden.diff(file.Name, []byte(base), []byte(file.Data)))
				continue
			}
			c.data, c.deed = string(merged), "merged, keeping what was changed by hand:"
			if string(merged) == string(have) {
				c.deed = "unchanged"
			}
		default:
			refused = append(refused, file.Name)
			fmt.Fprintf(w, "\n%s", hidden.diff(file.Name, have, []byte(file.Data)))
		}
		list = append(list, c)
	}
	for _, e := range p.Edits {
		have, err := readFile(dir, e.Name)
		if err != nil {
			return err
		}
		if string(have) != e.Before {
			return fmt.Errorf("%s changed while the manager edited it: nothing was written", e.Name)
		}
		list = append(list, change{e.Name, e.Data, "updated"})
	}
	if len(refused) > 0 {
		why := "is there already"
		if last != nil {
			why = "has the same lines changed in two ways"
		}
		hint := ""
		if last == nil && slices.Contains(refused, "Dockerfile") {
			hint = "; --from Dockerfile keeps what it says of ports, packages, commands and the like"
		}
		return fmt.Errorf("%s %s: nothing was written; --force writes what the difference shows%s", strings.Join(refused, " and "), why, hint)
	}
	if last != nil {
		if since := last.Since(p); len(since) > 0 {
			fmt.Fprintln(w, "since the last time")
			for _, s := range since {
				fmt.Fprintf(w, "  %s\n", s)
			}
		}
	}
	record, err := p.Record(dockworthy.Version)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(scaffold.RecordName)), 0o755); err != nil {
		return fmt.Errorf("write %s: %w", scaffold.RecordName, reason(err))
	}
	var made []*output
	defer func() {
		for _, o := range made {
			o.abandon()
		}
	}()
	for _, c := range append(slices.Clone(list), change{scaffold.RecordName, string(record), "record"}) {
		if c.deed == "unchanged" || strings.HasPrefix(c.deed, "not ") {
			continue
		}
		o, err := newOutput(filepath.Join(dir, c.name))
		if err != nil {
			return err
		}
		made = append(made, o)
		if _, err := o.Write([]byte(c.data)); err != nil {
			return fmt.Errorf("write %s: %w", c.name, err)
		}
	}
	for _, o := range made {
		if err := o.commit(); err != nil {
			return err
		}
	}
	fmt.Fprintln(w)
	for len(list) > 0 {
		deed := list[0].deed
		var names []string
		list = slices.DeleteFunc(list, func(c change) bool {
			if c.deed == deed {
				names = append(names, c.name)
			}
			return c.deed == deed
		})
		fmt.Fprintf(w, "%s %s\n", deed, strings.Join(names, ", "))
	}
	return nil
}

// readFile is a file of the project; nil where it is not there.
func readFile(dir, name string) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(dir, name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", filepath.Join(dir, name), reason(err))
	case data == nil:
		data = []byte{}
	}
	return data, nil
}

// proof proves what was written.
func (f *initFlags) proof(ctx context.Context, c Command, dir string, p *scaffold.Plan, engineErr error, seen func(*run.Log)) error {
	s := p.Stack
	if f.noProve {
		return nil
	}
	if engineErr != nil {
		c.complain("not proved: %v", engineErr)
		return nil
	}
	fmt.Fprintln(c.Stdout)
	args := []string{dir}
	given := map[string]bool{}
	for _, e := range f.env {
		args = append(args, "--env", e)
		name, _, _ := strings.Cut(e, "=")
		given[name] = true
	}
	for _, v := range s.Set {
		given[v.Name] = true
	}
	for name := range p.Given {
		given[name] = true
	}
	var made []string
	for _, v := range s.Env {
		if v.Required && !given[v.Name] {
			args = append(args, "--env", v.Name+"="+madeUp(v))
			made = append(made, v.Name)
		}
	}
	if len(made) > 0 {
		fmt.Fprintf(c.Stdout, "the proof runs with made-up values of %s: --env gives it others\n\n", strings.Join(made, ", "))
	}
	if kind := f.kind; kind != "" || s.Kind == stack.Worker {
		args = append(args, "--kind", cmp.Or(kind, string(stack.Worker)))
	}
	prove := (&proveFlags{seen: seen}).command(c)
	prove.SetArgs(args)
	prove.SilenceErrors, prove.SilenceUsage = true, true
	prove.SetOut(c.Stdout)
	prove.SetErr(c.Stderr)
	return prove.ExecuteContext(ctx)
}

// madeUp is a value of a variable with which a program may start that only needs one.
func madeUp(v stack.Variable) string {
	name := v.Name
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(name, w) })
	}
	if key := knowledge.MadeUpKey(name); key != "" {
		return key
	}
	switch v.Form {
	case "number":
		return "1"
	case "boolean":
		return "false"
	case "duration":
		return "5s"
	}
	switch {
	case name == "APP_KEY": // of Laravel: 32 bytes
		return "base64:" + base64.StdEncoding.EncodeToString([]byte("made-up-for-the-proof-0123456789"))
	case strings.HasSuffix(name, "LEVEL"):
		return "info"
	case strings.HasSuffix(name, "EMAIL") || strings.HasSuffix(name, "EMAIL_FROM"):
		return "nobody@example.org"
	case has("REGION"):
		return "eu-central-1"
	case has("TELEGRAM") || has("BOT") && has("TOKEN"):
		return "123456789:made-up-for-the-proof-made-up-for-pr"
	case has("HOSTS", "ORIGINS"):
		return "127.0.0.1,localhost"
	case has("PORT", "TIMEOUT", "COUNT", "SIZE", "LIMIT", "WORKERS", "_SECONDS", "_MINUTES", "_HOURS", "_DAYS", "_POOL", "_TTL", "_MAX", "_MIN"):
		return "1"
	case has("DEBUG", "ENABLE"):
		return "false"
	case has("URL", "URI", "ENDPOINT"):
		return "http://127.0.0.1"
	case has("HOST"):
		return "127.0.0.1"
	}
	return "made-up-for-the-proof"
}
