// Command proofs holds dockworthy's verdicts against an independent probe and
// against labels, on builds that are kept in builds/. The probe shares no code
// with dockworthy: it asks the docker client, reads saved images and /proc. It
// needs an engine on this machine, buildx, and to be root.
//
//	CGO_ENABLED=0 go build -o /tmp/dockworthy ./cmd/dockworthy
//	go run ./bench/proofs -dockworthy /tmp/dockworthy [NAME…]
//
// For each build it prints a line of cells for dockworthy, the probe and the
// labels (H holds, V violated, u undecided, n not applicable, - not looked at, a
// dot where nobody judged), then every cell in which they differ.
//
// Everything that the probe makes on the engine bears the label
// dockworthy.probe=1 and is removed when a build has been looked at.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	tool := flag.String("dockworthy", "dockworthy", "the program that is examined")
	dir := flag.String("dir", "bench/proofs", "where labels.yaml and builds/ are")
	keep := flag.String("keep", "", "a folder for what dockworthy and the probe saw of each build")
	stage := flag.String("stage", "", "only write the builds into this folder, each whole")
	noProbe := flag.Bool("no-probe", false, "leave the probe out: dockworthy and the labels alone")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p := proofs{tool: *tool, builds: filepath.Join(*dir, "builds"), keep: *keep, noProbe: *noProbe, out: os.Stdout}
	differ, err := p.run(ctx, filepath.Join(*dir, "labels.yaml"), *stage, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "proofs:", err)
		os.Exit(2)
	}
	if differ > 0 {
		os.Exit(1)
	}
}

type proofs struct {
	tool, builds, keep string
	noProbe            bool
	out                io.Writer
	labels             Labels
	cells              map[string]*tally
}

// A tally counts the cells of one level that were compared, and those that
// agreed.
type tally struct{ labels, labelsAgree, probe, probeAgree int }

func (p *proofs) run(ctx context.Context, labels, stage string, names []string) (differ int, err error) {
	if p.labels, err = readLabels(labels); err != nil {
		return 0, err
	}
	if len(names) == 0 {
		names = slices.Sorted(maps.Keys(p.labels.Builds))
	}
	p.cells = map[string]*tally{}
	for _, level := range levelNames {
		p.cells[level] = &tally{}
	}
	if stage == "" {
		fmt.Fprintf(p.out, "%-22s            ", "")
		for i := range ruleNames {
			fmt.Fprintf(p.out, " %-9d", i+1)
		}
		fmt.Fprintln(p.out)
	}
	for _, name := range names {
		b := p.labels.Builds[name]
		if b == nil {
			return differ, fmt.Errorf("no label for %s", name)
		}
		if stage != "" {
			if err := b.stage(p.builds, filepath.Join(stage, name)); err != nil {
				return differ, err
			}
			continue
		}
		n, err := p.one(ctx, b)
		if err != nil {
			return differ, fmt.Errorf("%s: %w", name, err)
		}
		differ += n
	}
	if stage != "" {
		return 0, nil
	}
	fmt.Fprintln(p.out)
	for _, level := range levelNames {
		t := p.cells[level]
		fmt.Fprintf(p.out, "%-7s dockworthy agrees with the label in %d of %d cells, with the probe in %d of %d\n", level, t.labelsAgree, t.labels, t.probeAgree, t.probe)
	}
	return differ, nil
}

// one examines one build and gives the number of cells that differ.
func (p *proofs) one(ctx context.Context, b *Build) (int, error) {
	dir, err := os.MkdirTemp("", "proofs-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if err := b.stage(p.builds, dir); err != nil {
		return 0, err
	}
	started := time.Now()
	said, problems, err := p.prove(ctx, b, dir)
	if err != nil {
		return 0, err
	}
	proved := time.Since(started)
	probe, facts := Card{}, (*Facts)(nil)
	if !p.noProbe {
		defer clean()
		if facts, err = observe(ctx, b, p.builds, dir); err != nil {
			return 0, err
		}
		probe = judge(facts, filepath.Join(dir, "Dockerfile"))
	}
	if p.keep != "" {
		if err := p.save(b.Name+".json", facts); err != nil {
			return 0, err
		}
	}

	label := Card{}
	for _, rule := range ruleNames {
		for _, level := range levelNames {
			label.set(rule, level, p.labels.label(b, rule, level)...)
		}
	}
	for _, row := range []struct {
		who  string
		card Card
	}{{"dockworthy", said}, {"probe", probe}, {"label", label}} {
		name := ""
		if row.who == "dockworthy" {
			name = b.Name
		}
		fmt.Fprintf(p.out, "%-22s %-10s ", name, row.who)
		for _, rule := range ruleNames {
			cells := []string{}
			for _, level := range levelNames {
				letters := row.card[rule][level].letters()
				switch {
				case letters == "":
					letters = "."
				case len(letters) > 1:
					letters = "*" // one of several will do
				}
				cells = append(cells, letters)
			}
			fmt.Fprintf(p.out, " %-9s", strings.Join(cells, " "))
		}
		if row.who == "dockworthy" {
			fmt.Fprintf(p.out, " %.0f s", proved.Seconds())
		}
		fmt.Fprintln(p.out)
	}
	differ := 0
	for _, problem := range problems {
		differ++
		fmt.Fprintf(p.out, "    %s\n", problem)
	}
	for _, rule := range ruleNames {
		for _, level := range levelNames {
			d, o, l := said[rule][level], probe[rule][level], label[rule][level]
			t := p.cells[level]
			t.labels++
			if d.agrees(l) && len(d) > 0 {
				t.labelsAgree++
			}
			if len(o) > 0 {
				t.probe++
				if d.agrees(o) {
					t.probeAgree++
				}
			}
			if d.agrees(l) && d.agrees(o) && o.agrees(l) {
				continue
			}
			differ++
			fmt.Fprintf(p.out, "    %s/%s: dockworthy %s, probe %s, label %s\n", rule, level,
				strings.Join(d, "|"), strings.Join(o, "|"), strings.Join(l, "|"))
		}
	}
	return differ, nil
}

// prove runs the program that is examined. Problems are what is wrong beside
// the cells.
func (p *proofs) prove(ctx context.Context, b *Build, dir string) (Card, []string, error) {
	cmd := exec.CommandContext(ctx, p.tool, "prove", "--trust-config", "--format", "json", dir)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return nil, nil, err
	}
	if p.keep != "" {
		if err := os.MkdirAll(p.keep, 0o755); err != nil {
			return nil, nil, err
		}
		os.WriteFile(filepath.Join(p.keep, b.Name+".dockworthy.json"), out.Bytes(), 0o644)
		os.WriteFile(filepath.Join(p.keep, b.Name+".dockworthy.err"), said.Bytes(), 0o644)
	}
	card, worst, err := readReport(out.Bytes())
	if err != nil {
		return nil, nil, fmt.Errorf("dockworthy's report: %w: %s", err, said.String())
	}
	var problems []string
	want := b.Exit
	if want == 0 && worst != "note" {
		want = 1
	}
	if got := cmd.ProcessState.ExitCode(); got != want {
		problems = append(problems, fmt.Sprintf("exit status %d, expected %d", got, want))
	}
	if b.Says != "" && !strings.Contains(out.String()+said.String(), b.Says) {
		problems = append(problems, fmt.Sprintf("dockworthy does not say %q", b.Says))
	}
	return card, problems, nil
}

func (p *proofs) save(name string, facts *Facts) error {
	data, err := json.MarshalIndent(facts, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(p.keep, name), data, 0o644)
}
