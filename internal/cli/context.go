package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/internal/redact"
	"github.com/dockworthy/dockworthy/internal/source"
)

func contextCommand(c Command) *cobra.Command {
	var f checkFlags
	var format string
	var all bool
	cmd := &cobra.Command{
		Use:   "context [PATH]",
		Short: "List the files that a build context sends, with their size",
		Long: `context lists the files of the build context that are sent to the builder,
largest first, with the pattern that decided, then the files that are excluded.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var opt source.Options
			pl, err := f.place(c, args, &opt)
			if err != nil {
				return err
			}
			defer pl.close()
			p := dockworthy.Open(pl.fsys, pl.paths, opt)
			var lists []*contextList
			seen := map[string]bool{}
			for _, u := range p.Units() {
				if u.Kind != source.Dockerfile {
					continue
				}
				builds, prob := p.Builds(u)
				if prob != nil {
					c.complain("%s: %v", pl.names.Of(prob.Path), prob.Err)
					continue
				}
				for _, b := range builds {
					if b.Context == nil {
						continue
					}
					key := b.Context.Root
					if b.Context.File != nil {
						key += "\x00" + b.Context.File.Name
					}
					if seen[key] {
						continue
					}
					seen[key] = true
					l, err := listContext(b.Context)
					if err != nil {
						return fmt.Errorf("walk the build context %s: %w", pl.names.Of(b.Context.Root), err)
					}
					l.Dockerfile, l.Root = pl.names.Of(u.Path), pl.names.Of(b.Context.Root)
					if b.Context.File != nil {
						l.Ignore = pl.names.Of(b.Context.File.Name)
					}
					lists = append(lists, l)
				}
			}
			if len(lists) == 0 {
				return fmt.Errorf("there is no Dockerfile with a build context under %s", strings.Join(pl.paths, ", "))
			}
			switch format {
			case "json":
				w := c.list(redact.JSON)
				enc := json.NewEncoder(w)
				enc.SetIndent("", "  ")
				return errors.Join(enc.Encode(lists), w.Flush())
			case "text":
				w := c.list(redact.Text)
				for _, l := range lists {
					l.print(w, all)
				}
				return w.Flush()
			}
			return fmt.Errorf("--format %q is not one of text, json", format)
		},
	}
	cmd.Flags().StringVarP(&f.file, "file", "f", "", "the Dockerfile; PATH is then its build context")
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	cmd.Flags().BoolVar(&all, "all", false, "list all files, not only the largest")
	return cmd
}

// A contextList is what one context sends.
type contextList struct {
	Dockerfile string         `json:"dockerfile"`
	Root       string         `json:"context"`
	Ignore     string         `json:"ignoreFile,omitempty"`
	Files      int            `json:"files"`
	Bytes      int64          `json:"bytes"`
	Sent       []contextEntry `json:"sent"`
	Kept       []contextEntry `json:"keptOut"`
}

type contextEntry struct {
	Path    string `json:"path"`
	Bytes   int64  `json:"bytes"`
	Pattern string `json:"pattern,omitempty"` // the pattern that decided; "" = none matched
	Line    int    `json:"line,omitempty"`
}

func listContext(ctx *source.Context) (*contextList, error) {
	l := &contextList{Sent: []contextEntry{}, Kept: []contextEntry{}}
	entry := func(e source.Entry) contextEntry {
		out := contextEntry{Path: e.Path, Bytes: e.Size}
		if _, by := ctx.Sent(e.Path, e.Dir); by != nil {
			out.Pattern, out.Line = by.Raw, ctx.File.Position(by.Span.Start).Line
		}
		return out
	}
	err := ctx.Walk(func(e source.Entry) bool {
		l.Files++
		l.Bytes += e.Size
		l.Sent = append(l.Sent, entry(e))
		return true
	})
	for _, e := range ctx.Dir(".") {
		if sent, _ := ctx.Sent(e.Path, e.Dir); !sent {
			out := entry(e)
			if e.Dir {
				out.Path += "/"
			}
			l.Kept = append(l.Kept, out)
		}
	}
	sort.SliceStable(l.Sent, func(i, j int) bool { return l.Sent[i].Bytes > l.Sent[j].Bytes })
	return l, err
}

func (l *contextList) print(w *redact.Writer, all bool) {
	ignore := l.Ignore
	if ignore == "" {
		ignore = "no ignore file"
	}
	w.Printf("%s\n", redact.OneLine(fmt.Sprintf("%s  context %s · %s", l.Dockerfile, l.Root, ignore)))
	fmt.Fprintf(w, "  sent: %d files, %s\n", l.Files, size(l.Bytes))
	for i, e := range l.Sent {
		if i == 20 && !all {
			fmt.Fprintf(w, "  %10s  … and %d more (--all lists them)\n", "", len(l.Sent)-i)
			break
		}
		w.Printf("  %10s  %s\n", size(e.Bytes), redact.OneLine(e.Path+e.by()))
	}
	if len(l.Kept) > 0 {
		fmt.Fprintln(w, "  excluded, at the top level:")
		for _, e := range l.Kept {
			w.Printf("  %10s  %s\n", "", redact.OneLine(e.Path+e.by()))
		}
	}
	fmt.Fprintln(w)
}

func (e contextEntry) by() string {
	if e.Pattern == "" {
		return ""
	}
	return fmt.Sprintf("  (%s, line %d)", e.Pattern, e.Line)
}

// size is a number of bytes for people, in powers of 1024.
func size(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	case n < 1<<30:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
}
