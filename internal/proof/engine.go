package proof

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/dockworthy/dockworthy/internal/engine"
	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/image/read"
	"github.com/dockworthy/dockworthy/internal/run"
)

// An Engine is what a proof asks of a container engine. What the builds and
// programs do wrong is in what comes back; an error is an engine that fails, or
// an interruption, and says which deed it was.
type Engine interface {
	About() run.Engine // what it is

	Build(context.Context, engine.BuildPlan) (*run.Build, error)
	Resolve(context.Context, *run.Build)                   // adds what the engine knows of the bases
	Size(ctx context.Context, image string) (int64, error) // in bytes
	Same(ctx context.Context, a, b string) (bool, error)   // whether two names are one image
	Saver

	Has(ctx context.Context, image string) bool
	Pull(ctx context.Context, image string) error
	Network(ctx context.Context, id string) (string, error) // a private one, for a run
	Accompany(ctx context.Context, id string, c engine.Companion) (*run.Companion, error)

	Probe(ctx context.Context, image string, s run.Settings, log *run.Log) error // runs it and fills the log
	Swarm(ctx context.Context, image string, log *run.Log) error                 // the same in a swarm

	Remove(ctx context.Context, id string) error // all that bears the run's id
}

// A Saver writes an image of an engine as docker save does, and says how many
// bytes it is.
type Saver interface {
	Save(ctx context.Context, image string, w io.Writer) (int64, error)
}

var _ Engine = (*engine.Engine)(nil)

// ReadEngine reads an image of an engine: it is saved to a file, and that is
// read as a stream. name is what the image is called in findings.
func ReadEngine(ctx context.Context, e Saver, ref, name string, opt read.Options) (*image.Image, error) {
	f, err := os.CreateTemp("", "dockworthy-image-*.tar")
	if err != nil {
		return nil, fmt.Errorf("create a file for the image: %w", err)
	}
	defer f.Close()
	// Where the system can do that the file loses its name at once, so that
	// nothing is left of it whatever happens.
	if os.Remove(f.Name()) != nil {
		defer os.Remove(f.Name())
	}
	size, err := e.Save(ctx, ref, f)
	if err != nil {
		return nil, err
	}
	return read.Archive(ctx, name, f, size, opt)
}
