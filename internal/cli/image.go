package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/engine"
	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/image/read"
	"github.com/dockworthy/dockworthy/internal/image/remote"
	"github.com/dockworthy/dockworthy/internal/proof"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/report"
)

type imageFlags struct {
	checkFlags
	platform   string
	dockerfile string
	from       string
	timeout    time.Duration
	describe   bool
}

func imageCommand(c Command) *cobra.Command {
	var f imageFlags
	cmd := &cobra.Command{
		Use:   "image REF…",
		Short: "Check built images: config, history, layers",
		Long: `image analyzes built images by their config, their history and their layers. It
runs nothing and does not unpack layers to disk.

REF is a file (an archive of docker save, an OCI archive), a folder (an OCI
layout), "-" for an archive on standard input, or the name of an image. A name is
looked up in the container engine, then in the registry that it names, such as
registry.example.com/app:1 or localhost:5000/app; --from selects one.

With --describe, image checks nothing. It prints the image as an entry of the
catalog of base images, or with --format yaml as an entry for bases: in
.dockworthy.yaml.

With --dockerfile, layers are matched to its instructions, so that a finding shows
the line that made the layer, and layers of the base image are recognized.

Exit status: 0 when no finding is at or above --fail-on, 1 when there is one,
2 when an image cannot be read.`,
		Example: `  dockworthy image myapp:latest --dockerfile Dockerfile
  docker save myapp:latest | dockworthy image -
  dockworthy image --from registry --platform linux/arm64 registry.example.com/myapp:1.4
  dockworthy image --describe --format yaml registry.example.com/team/python:3.13`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.describe {
				return f.runDescribe(cmd.Context(), c, args)
			}
			return f.run(cmd.Context(), c, args)
		},
	}
	fl := cmd.Flags()
	f.printing(fl)
	fl.BoolVar(&f.describe, "describe", false, "print what the image contains, as an entry of the catalog (--format json or yaml)")
	fl.StringVar(&f.platform, "platform", "", "OS/ARCH[/VARIANT] to select from an index (default: linux and this machine's architecture)")
	fl.StringVar(&f.dockerfile, "dockerfile", "", "the Dockerfile that the image was built from")
	fl.StringVar(&f.context, "context", "", "the build context of that Dockerfile")
	fl.StringArrayVar(&f.targets, "target", nil, "the stage that was built")
	fl.StringArrayVar(&f.args, "build-arg", nil, "a build argument that the image was built with, NAME=VALUE")
	fl.StringVar(&f.from, "from", "", "engine, registry, archive or layout (default: detected from REF)")
	fl.DurationVar(&f.timeout, "timeout", 30*time.Minute, "the time limit for reading one image")
	return cmd
}

func (f *imageFlags) run(ctx context.Context, c Command, refs []string) error {
	opt, look, err := f.options()
	if err != nil {
		return err
	}
	look.Banking = opt.Profile == source.Banking
	reading, err := f.reading()
	if err != nil {
		return err
	}
	b, names, done, err := f.build(c, &opt)
	if err != nil {
		return err
	}
	defer done()
	out, err := f.open(c)
	if err != nil {
		return err
	}
	defer out.abandon()
	tally := &check.Tally{}
	trouble := false
	outcome := func() error { return f.outcome(nil, trouble, tally.Worst()) }
	w, err := f.writer(out, report.Options{Names: names, Notes: f.notes}, outcome)
	if err != nil {
		return err
	}
	for _, ref := range refs {
		img, err := f.readWithin(ctx, c, ref, reading)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			trouble = true
			c.complain("%v", err)
			continue
		}
		res := lookInto(img, b, look)
		tally.Add(res)
		if err := w.Result(res); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
	}
	if err := w.Close(nil); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if err := out.commit(); err != nil {
		return err
	}
	return outcome()
}

// build is the build of --dockerfile, nil without one; done closes its files.
func (f *imageFlags) build(c Command, opt *source.Options) (b *source.Build, names report.Names, done func(), err error) {
	if f.dockerfile == "" {
		return nil, names, func() {}, nil
	}
	f.file = f.dockerfile
	pl, err := f.place(c, nil, opt)
	if err != nil {
		return nil, names, nil, err
	}
	defer func() {
		if err != nil {
			pl.close()
		}
	}()
	project := dockworthy.Open(pl.fsys, pl.paths, *opt)
	for _, u := range project.Units() {
		if u.Kind != source.Dockerfile || u.Service != "" {
			continue
		}
		builds, prob := project.Builds(u)
		if prob != nil {
			return nil, names, nil, fmt.Errorf("%s: %w", pl.names.Shown(prob.Path), prob.Err)
		}
		if len(builds) > 1 {
			names := make([]string, len(builds))
			for i, b := range builds {
				names[i] = b.Target.Name
			}
			return nil, pl.names, nil, fmt.Errorf("%s has %d targets (%s): name the one that the image was built from with --target", pl.names.Shown(u.Path), len(builds), strings.Join(names, ", "))
		}
		return builds[0], pl.names, pl.close, nil
	}
	return nil, names, nil, fmt.Errorf("%s cannot be read", f.dockerfile)
}

// reading is how images are read.
func (f *imageFlags) reading() (opt read.Options, err error) {
	if f.platform != "" {
		if opt.Platform, err = image.ParsePlatform(f.platform); err != nil {
			return opt, fmt.Errorf("--platform: %w", err)
		}
	}
	switch f.from {
	case "", "engine", "registry", "archive", "layout":
	default:
		return opt, fmt.Errorf("--from %q is not one of engine, registry, archive, layout", f.from)
	}
	return opt, nil
}

// readWithin is read, with a limit of time.
func (f *imageFlags) readWithin(ctx context.Context, c Command, ref string, opt read.Options) (*image.Image, error) {
	within, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	img, err := f.read(within, c, ref, opt)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("read %s: it took more than %s (--timeout)", ref, f.timeout)
	}
	return img, err
}

// read reads an image from where it is.
func (f *imageFlags) read(ctx context.Context, c Command, ref string, opt read.Options) (*image.Image, error) {
	from := f.from
	if from == "" {
		switch info, err := os.Stat(ref); {
		case ref == "-":
			from = "archive"
		case err == nil && info.IsDir() && !isPath(ref) && !isLayout(ref):
			// A project's folder often has the name of the image that it makes.
		case err == nil && info.IsDir():
			from = "layout"
		case err == nil, isPath(ref):
			from = "archive"
		}
	}
	switch from {
	case "archive", "layout":
		if ref == "-" {
			return read.Stream(ctx, "stdin", c.Stdin, opt)
		}
		return read.Path(ctx, ref, opt)
	case "registry":
		return remote.Read(ctx, ref, opt)
	}
	e, err := openEngine(ctx)
	if err == nil {
		defer e.Close()
		if e.Has(ctx, ref) {
			img, err := proof.ReadEngine(ctx, e, ref, ref, opt)
			if err != nil || from == "engine" || f.platform == "" || suits(img.Platform, opt.Platform) {
				return img, err
			}
			// The engine holds one platform of it, and the registry perhaps the other.
			if other, err := remote.Read(ctx, ref, opt); err == nil {
				return other, nil
			}
			return nil, fmt.Errorf("the container engine has %s for %s alone, and its registry does not have it for %s", ref, img.Platform, opt.Platform)
		}
		err = fmt.Errorf("the container engine has no image %s", ref)
	}
	if from == "engine" {
		return nil, err
	}
	img, rerr := remote.Read(ctx, ref, opt)
	if rerr != nil {
		return nil, errors.Join(rerr, fmt.Errorf("the container engine does not have it either: %w", err))
	}
	return img, nil
}

// suits tells whether an image is for the platform that was asked for.
func suits(have, want image.Platform) bool {
	return have.OS == want.OS && have.Arch == want.Arch && (want.Variant == "" || have.Variant == "" || have.Variant == want.Variant)
}

// isLayout tells whether a folder holds an image.
func isLayout(dir string) bool {
	for _, name := range []string{"oci-layout", "index.json", "manifest.json"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	return false
}

// isPath tells whether a name is written as a path is, and as no image's.
func isPath(ref string) bool {
	for _, begin := range []string{"/", "./", "../", "~", `.\`, `..\`} {
		if strings.HasPrefix(ref, begin) {
			return true
		}
	}
	return ref == "." || ref == ".." || filepath.IsAbs(ref) || strings.HasSuffix(ref, ".tar") || strings.HasSuffix(ref, ".tgz") || strings.HasSuffix(ref, ".tar.gz")
}

// openEngine connects to the engine that this machine means.
func openEngine(ctx context.Context) (*engine.Engine, error) {
	host, err := engine.ResolveHost()
	if err != nil {
		return nil, err
	}
	return engine.Open(ctx, host)
}

// lookInto judges an image, with the build that it was made by where that
// is known; b may be nil.
func lookInto(img *image.Image, b *source.Build, opt check.Options) *check.Result {
	rep := dockworthy.Look(check.Evidence{Source: b, Image: img}, opt)
	if b != nil {
		// The Dockerfile is there to hold the image against it; its own
		// findings are another verb's.
		rep = rep.At(check.Image)
	}
	return check.ResultOf(check.Unit{Path: img.Name, Named: true}, rep)
}
