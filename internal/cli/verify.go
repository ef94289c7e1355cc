package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/attest"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/redact"
	"github.com/dockworthy/dockworthy/internal/rules"
	"github.com/dockworthy/dockworthy/registry"
)

type verifyFlags struct {
	key, bundle, layout, format string
	require                     []string
	timeout                     time.Duration
}

func verifyCommand(c Command) *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify [REF]",
		Short: "Verify and show the signed evidence of an image",
		Long: `verify finds the attestations of an image, verifies that they are signed with the
key and are about the image's digest, and prints their contents. It looks for them
in the registry of REF; with --layout in an OCI layout, where REF may be a tag, a
digest or omitted; with --bundle in a file, for the digest in REF. The last two use
no network.

Exit status: 0 when an attestation by dockworthy verifies, 1 when it verifies but
a rule that --require names does not hold in it, 2 when none verifies.`,
		Example: `  dockworthy verify registry.example/app:1.4.2 --key dockworthy.pub
  dockworthy verify registry.example/app:1.4.2 --key dockworthy.pub --require non-root,secrets
  dockworthy verify --layout build/image --key dockworthy.pub
  dockworthy verify app@sha256:… --bundle app.sigstore.json --key dockworthy.pub`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ref := ""
			if len(args) > 0 {
				ref = args[0]
			}
			return f.run(cmd.Context(), c, ref)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.key, "key", "", "the public key of the signer that you trust, as written by keygen or cosign (required)")
	fl.StringVar(&f.bundle, "bundle", "", "read the attestation from this file")
	fl.StringVar(&f.layout, "layout", "", "read from this OCI layout, a folder")
	fl.StringVar(&f.format, "format", "text", "text or json")
	fl.StringSliceVar(&f.require, "require", nil, "exit 1 unless these rules hold, or \"all\"")
	fl.DurationVar(&f.timeout, "timeout", time.Minute, "the time limit for all requests to the registry")
	return cmd
}

// A verification is what verify has to say.
type verification struct {
	Version      int              `json:"version"`
	Image        string           `json:"image,omitempty"`
	Digest       attest.Digest    `json:"digest"`
	Key          string           `json:"key"`
	Verified     bool             `json:"verified"`
	Attestations []verifiedBundle `json:"attestations"`
	Required     []requiredRule   `json:"required,omitempty"`

	audits []attest.Audit // that verified, the newest first
	silent int            // attestations that verified and are nothing of ours
}

type verifiedBundle struct {
	Manifest      attest.Digest    `json:"manifest,omitempty"`
	Verified      bool             `json:"verified"`
	Problem       string           `json:"problem,omitempty"`
	Key           string           `json:"key,omitempty"`
	PredicateType string           `json:"predicateType,omitempty"`
	Subject       []attest.Subject `json:"subject,omitempty"`
	Predicate     json.RawMessage  `json:"predicate,omitempty"`

	summary *attest.Summary
}

type requiredRule struct {
	Rule    string         `json:"rule"`
	Outcome attest.Outcome `json:"outcome"`
	OK      bool           `json:"ok"`
}

func (f *verifyFlags) run(ctx context.Context, c Command, ref string) error {
	if f.format != "text" && f.format != "json" {
		return fmt.Errorf("--format %q is not one of text, json", f.format)
	}
	require, err := f.rules()
	if err != nil {
		return err
	}
	if f.key == "" {
		return errors.New("--key is missing: give the public key (.pub) of the signer that you trust")
	}
	data, err := readSome(f.key, attest.MaxKey)
	if err != nil {
		return fmt.Errorf("read the key: %w", err)
	}
	key, err := attest.ParsePublicKey(data)
	if err != nil {
		return fmt.Errorf("read the key %s: %w", f.key, err)
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	v := &verification{Version: 1, Key: key.Hint(), Attestations: []verifiedBundle{}}
	found, err := f.find(ctx, ref, v)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("%w (--timeout, %s)", err, f.timeout)
	}
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return fmt.Errorf("no attestation refers to %s: `dockworthy prove --attest` creates one", v.name())
	}
	for _, a := range found {
		v.add(a, key)
	}
	slices.SortStableFunc(v.audits, func(a, b attest.Audit) int { return b.FinishedOn.Compare(a.FinishedOn) })
	if v.Verified {
		for _, rule := range require {
			r := requiredRule{Rule: rule}
			if len(v.audits) > 0 {
				o := v.audits[0].Scorecard.Rule(rule)
				r.Outcome, r.OK = o, o == attest.Holds || o == attest.NotApplicable
			}
			v.Required = append(v.Required, r)
		}
	}
	format := redact.Text
	if f.format == "json" {
		format = redact.JSON
	}
	w := c.list(format)
	outcome := v.outcome(len(require) > 0)
	if err := v.write(w, f.format); err != nil {
		return err
	}
	if f.format == "text" {
		fmt.Fprintf(w, "\n%s; exit %d\n", v.verdict(outcome), exitOf(outcome))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if f.format == "text" && outcome != nil && !errors.Is(outcome, errFindings) {
		return errTrouble // the verdict says it
	}
	return outcome
}

// outcome is what a verification ends with: nil where it is as it is asked to be.
func (v *verification) outcome(required bool) error {
	switch {
	case !v.Verified && v.silent > 0:
		return fmt.Errorf("%s: attestations verify, but none of them is by dockworthy", v.name())
	case !v.Verified:
		return fmt.Errorf("%s: no attestation verifies", v.name())
	case required && len(v.audits) == 0:
		return fmt.Errorf("%s: --require needs an audit, and there is none", v.name())
	case slices.ContainsFunc(v.Required, func(r requiredRule) bool { return !r.OK }):
		return errFindings
	}
	return nil
}

// verdict is what was verified, by which key, and what came of it, in a line.
func (v *verification) verdict(outcome error) string {
	if !v.Verified {
		return fmt.Sprintf("not verified with the key %s: %v", v.Key, outcome)
	}
	summaries := 0
	for _, b := range v.Attestations {
		if b.Verified && b.summary != nil {
			summaries++
		}
	}
	var parts []string
	if len(v.audits) > 0 {
		parts = append(parts, check.Count(len(v.audits), "audit"))
	}
	switch {
	case summaries == 1:
		parts = append(parts, "1 summary")
	case summaries > 1:
		parts = append(parts, fmt.Sprintf("%d summaries", summaries))
	}
	line := fmt.Sprintf("verified: %s of %s, signed with the key %s", check.List(parts), v.name(), v.Key)
	if len(v.audits) > 0 {
		line += ", the newest of " + v.audits[0].FinishedOn.Format(time.RFC3339)
	}
	switch n := len(v.Required); {
	case n == 0:
		line += "; authentic, and no rule is required to hold"
	case len(v.audits) == 0:
		line += "; --require needs an audit, and there is none"
	default:
		var broken []string
		for _, r := range v.Required {
			if !r.OK {
				broken = append(broken, r.Rule)
			}
		}
		if broken == nil {
			line += fmt.Sprintf("; every required rule holds or is not applicable (%d)", n)
		} else {
			line += fmt.Sprintf("; %d of %d required rules do not hold: %s", len(broken), n, check.List(broken))
		}
	}
	return line
}

// rules are the rules that have to hold.
func (f *verifyFlags) rules() ([]string, error) {
	var list []string
	for _, name := range f.require {
		if name == "all" {
			for _, r := range rules.All {
				list = append(list, r.Name)
			}
			continue
		}
		found, err := rules.Find(name)
		if err != nil {
			return nil, fmt.Errorf("--require: %w", err)
		}
		if len(found) > 1 || found[0].Check != nil {
			return nil, fmt.Errorf("--require %q is not a rule; `dockworthy rules` lists them", name)
		}
		list = append(list, found[0].Rule.Name)
	}
	return list, nil
}

// find fetches what there is to verify, and the digest to verify it for.
func (f *verifyFlags) find(ctx context.Context, ref string, v *verification) ([]registry.Attestation, error) {
	var err error
	v.Image = ref
	if name, digest, ok := strings.Cut("@"+ref, "@sha"); ok {
		v.Image = strings.TrimPrefix(name, "@")
		if v.Digest, err = attest.ParseDigest("sha" + digest); err != nil {
			return nil, err
		}
	}
	var layout *registry.Layout
	if f.layout != "" {
		if layout, err = registry.OpenLayout(f.layout, ref); err != nil {
			return nil, err
		}
		if v.Digest, err = layout.Digest(ctx); err != nil {
			return nil, err
		}
	}
	switch {
	case f.bundle != "":
		if v.Digest == "" {
			return nil, errors.New("--bundle needs the image's digest, as NAME@sha256:…, because a tag can move to another image")
		}
		data, err := readSome(f.bundle, attest.MaxBundle)
		if err != nil {
			return nil, fmt.Errorf("read the bundle: %w", err)
		}
		a := registry.Attestation{}
		a.Bundle, a.Err = attest.ParseBundle(data)
		return []registry.Attestation{a}, nil
	case layout != nil:
		return layout.Attestations(ctx, v.Digest)
	case v.Image == "":
		return nil, errors.New("there is no image to verify: name one, such as registry.example/app:1, or give --layout, or --bundle with NAME@sha256:…")
	}
	if isPath(ref) {
		return nil, fmt.Errorf("%s is a path, not the name of an image in a registry: name a folder with --layout, a file with --bundle", ref)
	}
	image, err := registry.Open(ref, registry.Options{Timeout: f.timeout, UserAgent: "dockworthy/" + dockworthy.Version})
	if err != nil {
		return nil, err
	}
	if v.Digest == "" {
		if v.Digest, err = image.Digest(ctx); err != nil {
			return nil, err
		}
	}
	return image.Attestations(ctx, v.Digest)
}

// readSome reads a file of at most limit bytes, and one byte of any larger
// one, so that whoever parses it can say that it is too large.
func readSome(name string, limit int64) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, limit+1))
}

// add verifies one attestation and keeps what it says.
func (v *verification) add(a registry.Attestation, key attest.PublicKey) {
	b := verifiedBundle{Manifest: a.Manifest, Key: a.Bundle.Hint()}
	defer func() { v.Attestations = append(v.Attestations, b) }()
	if a.Err != nil {
		b.Problem = a.Err.Error()
		return
	}
	s, err := attest.Verify(a.Bundle, key, v.Digest)
	if err != nil {
		b.Problem = err.Error()
		return
	}
	if s.Empty() {
		b.Problem = "its predicate is empty: it contains nothing about the image"
		return
	}
	b.PredicateType, b.Subject, b.Predicate = s.PredicateType, s.Subject, s.Predicate
	b.Key = key.Hint()
	ours := false
	switch s.PredicateType {
	case attest.AuditType:
		audit, err := attest.ParseAudit(s)
		if err != nil {
			b.Problem = err.Error()
			return
		}
		v.audits = append(v.audits, audit)
		ours = true
	case attest.SummaryType:
		sum, err := attest.ParseSummary(s)
		if err != nil {
			b.Problem = err.Error()
			return
		}
		b.summary = &sum
		ours = strings.HasPrefix(sum.Verifier.ID, attest.VerifierPrefix)
	}
	b.Verified = true
	if ours {
		v.Verified = true
	} else {
		v.silent++
	}
}

// name is the image, for messages.
func (v *verification) name() string {
	if v.Image == "" {
		return string(v.Digest)
	}
	return v.Image + "@" + string(v.Digest)
}

func (v *verification) write(w io.Writer, format string) error {
	if format == "json" {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(v)
	}
	fmt.Fprintf(w, "%s\n", v.name())
	for i, a := range v.audits {
		if i > 0 {
			fmt.Fprintf(w, "\nverified: an older audit, of %s\n", a.FinishedOn.Format(time.RFC3339))
			continue
		}
		writeAudit(w, a)
	}
	for _, b := range v.Attestations {
		switch {
		case !b.Verified:
			fmt.Fprintf(w, "\nnot verified%s: %s\n", where(b), clean(b.Problem))
		case b.summary != nil:
			fmt.Fprintf(w, "\nverified: summary by %s, %s\n", clean(b.summary.Verifier.ID), b.summary.TimeCreated.Format(time.RFC3339))
			for _, p := range b.summary.Properties {
				fmt.Fprintf(w, "  %s\n", clean(p))
			}
		case b.PredicateType != attest.AuditType:
			fmt.Fprintf(w, "\nverified: %s, which dockworthy does not interpret\n", clean(b.PredicateType))
		}
	}
	if len(v.Required) > 0 {
		fmt.Fprintln(w)
	}
	for _, r := range v.Required {
		verdict := "is required and holds"
		switch {
		case len(v.audits) == 0:
			verdict = "is required, but there is no audit"
		case !r.OK:
			verdict = "is required but does not hold: " + r.Outcome.String()
		case r.Outcome == attest.NotApplicable:
			verdict = "is required but not applicable"
		}
		fmt.Fprintf(w, "%s %s\n", r.Rule, verdict)
	}
	return nil
}

func where(b verifiedBundle) string {
	if b.Manifest == "" {
		return ""
	}
	return " (" + string(b.Manifest) + ")"
}

// writeAudit prints an audit for people.
func writeAudit(w io.Writer, a attest.Audit) {
	fmt.Fprintf(w, "\nverified: audit by %s %s, %s\n", clean(a.Tool.Name), clean(a.Tool.Version), a.FinishedOn.Format(time.RFC3339))
	unit := []string{}
	for _, part := range []struct{ name, value string }{
		{"", a.Unit.Dockerfile}, {"target ", a.Unit.Target}, {"context ", a.Unit.Context}, {"profile ", a.Unit.Profile}, {"", a.Platform},
	} {
		if part.value != "" {
			unit = append(unit, part.name+clean(part.value))
		}
	}
	fmt.Fprintf(w, "  %s\n", strings.Join(unit, " · "))
	if s := a.Source; s != nil {
		modified := ""
		if s.Modified {
			modified = ", with uncommitted changes"
		}
		fmt.Fprintf(w, "  source %s %s%s\n", clean(s.URI), clean(s.Revision), modified)
	}
	fmt.Fprintln(w)

	tw := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(tw, "  rule\tsource\timage\trun")
	for _, rule := range inOrder(a.Scorecard) {
		row := a.Scorecard[rule]
		fmt.Fprintf(tw, "  %s\t%s\t%s\t%s\n", clean(rule), row[attest.BySource], row[attest.ByImage], row[attest.ByRun])
	}
	tw.Flush()

	if len(a.Findings) > 0 {
		fmt.Fprintln(w)
	}
	for _, f := range a.Findings {
		place := ""
		if f.Place != "" {
			place = " (" + clean(f.Place) + ")"
		}
		fmt.Fprintf(w, "  %s[%s] at %s: %s%s\n", clean(f.Severity), clean(f.ID), clean(string(f.Level)), clean(f.Message), place)
	}
	writeControls(w, a)
}

// writeControls prints a line for each standard, each control once, with the
// worst that a rule for it came to. It never speaks of compliance: a control
// may ask for more than a rule can see.
func writeControls(w io.Writer, a attest.Audit) {
	type line struct {
		standard string
		strength attest.Strength
	}
	type item struct {
		id    string
		worst attest.Outcome
	}
	var order []line
	lines := map[line][]item{}
	blank := map[string]bool{}
	for rule := range a.Scorecard {
		blank[rule] = true
	}
	for _, c := range a.Controls {
		delete(blank, c.Rule)
		l := line{strings.TrimSpace(c.Standard + " " + c.Version), c.Strength}
		if lines[l] == nil {
			order = append(order, l)
		}
		if i := slices.IndexFunc(lines[l], func(o item) bool { return o.id == c.ID }); i < 0 {
			lines[l] = append(lines[l], item{c.ID, c.Outcome})
		} else if badness(c.Outcome) > badness(lines[l][i].worst) {
			lines[l][i].worst = c.Outcome
		}
	}
	if len(order) == 0 {
		return
	}
	fmt.Fprintln(w, "\n  controls that the rules support, with the outcomes of the rules at the levels that were looked at")
	for _, l := range order {
		texts := make([]string, len(lines[l]))
		for i, o := range lines[l] {
			texts[i] = clean(o.id) + " " + o.worst.String()
		}
		fmt.Fprintf(w, "  %s (%s): %s\n", clean(l.standard), clean(string(l.strength)), strings.Join(texts, ", "))
	}
	if len(blank) > 0 {
		fmt.Fprintf(w, "  rules without controls: %s\n", clean(strings.Join(slices.Sorted(maps.Keys(blank)), ", ")))
	}
}

// badness orders outcomes for people: what nobody looked at is worse than what
// holds.
func badness(o attest.Outcome) int {
	return slices.Index([]attest.Outcome{attest.NotApplicable, attest.Holds, attest.NotLookedAt, attest.Undecided, attest.Violated}, o)
}

// inOrder are a scorecard's rules, in the order of the eight, then any other.
func inOrder(s attest.Scorecard) []string {
	number := map[string]int{}
	for _, r := range rules.All {
		number[r.Name] = r.Number
	}
	place := func(rule string) int { return cmp.Or(number[rule], len(number)+1) }
	return slices.SortedFunc(maps.Keys(s), func(a, b string) int {
		return cmp.Or(place(a)-place(b), strings.Compare(a, b))
	})
}

// clean is text that somebody else wrote, without what a terminal would obey.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control) {
			return '\uFFFD'
		}
		return r
	}, s)
}
