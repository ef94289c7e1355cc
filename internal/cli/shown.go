package cli

import (
	"context"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/redact"
	"github.com/dockworthy/dockworthy/text"
)

// A shown is what of a project's own files may be shown: what its checks find to be
// a secret in them is hidden, and what is one by what stands around it.
type shown struct {
	red *redact.Redactor
}

// shownOf looks for secrets in files of a project.
func shownOf(ctx context.Context, red *redact.Redactor, pl *place, files []string) (shown, error) {
	p := dockworthy.Open(pl.fsys, files, dockworthy.Options{})
	err := p.Check(ctx, check.Options{}, func(res *check.Result) error {
		for _, rep := range res.Reports {
			for _, at := range rep.Secrets {
				red.Give(at.File.Text(at.Span))
			}
		}
		return nil
	})
	return shown{red}, err
}

// diff is the difference between two contents of a file.
func (s shown) diff(name string, before, after []byte) string {
	return s.red.Hide(string(text.Diff("a/"+name, "b/"+name, before, after)))
}
