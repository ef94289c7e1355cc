package proof

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/attest"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/audit"
	"github.com/dockworthy/dockworthy/internal/rules"
	"github.com/dockworthy/dockworthy/registry"
)

// A Target is where a proved image goes, and whether the proof goes with it.
type Target struct {
	Push   string            // a reference in a registry; "" = none
	Layout string            // a new folder for an OCI layout; "" = none
	Key    *attest.Key       // signs the proof, which is attached to the image; nil = no proof is attached
	Accept func(*Proof) bool // whether an image may go out after all that was seen; nil = any
}

// publish sends the image that was proved, as it is on the engine, and what was
// proved of it.
func (p *prover) publish(ctx context.Context, proof *Proof) error {
	t := p.opt.Target
	if t == nil || t.Push == "" && t.Layout == "" || proof.Image == nil {
		return nil
	}
	if t.Accept != nil && !t.Accept(proof) {
		return nil
	}
	file := filepath.Join(p.dir, "image.tar")
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("create a file for the image: %w", err)
	}
	_, err = p.e.Save(ctx, p.plan.Tag, f)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if t.Push != "" {
		p.opt.say("pushing %s", t.Push)
		img, err := registry.Open(t.Push, registry.Options{UserAgent: "dockworthy/" + dockworthy.Version})
		if err != nil {
			return err
		}
		d, err := img.Push(ctx, file)
		if err != nil {
			return err
		}
		if err := p.sign(ctx, proof, img.Name(), img.Name(), d, img); err != nil {
			return err
		}
	}
	if t.Layout != "" {
		d, err := registry.WriteLayout(t.Layout, file, "proved")
		if err != nil {
			return err
		}
		l, err := registry.OpenLayout(t.Layout, string(d))
		if err != nil {
			return err
		}
		if err := p.sign(ctx, proof, t.Layout, "", d, l); err != nil {
			return err
		}
	}
	return nil
}

// A keeper is where an image with its attestations is kept.
type keeper interface {
	Attach(context.Context, attest.Digest, attest.Bundle) (attest.Digest, error)
}

// sign attaches the audit and its summary to an image, under the digest that
// its keeper answered with. name is where the image went, subject what it is
// called in the evidence: a layout's folder is this machine's business.
func (p *prover) sign(ctx context.Context, proof *Proof, name, subject string, d attest.Digest, k keeper) error {
	// It is there, whether or not the evidence follows.
	proof.Published = append(proof.Published, check.Published{Name: name, Digest: string(d)})
	if key := p.opt.Target.Key; key != nil {
		a := audit.Of(rules.All, proof.Reports()...)
		for i := range a.Findings {
			a.Findings[i].Message = p.opt.Redactor.Said(a.Findings[i].Message)
		}
		a.Tool = attest.Tool{Name: "dockworthy", Version: dockworthy.Version}
		a.StartedOn, a.FinishedOn = proof.Run.Started, time.Now().UTC()
		a.Platform = proof.Image.Platform.String()
		about := attest.NewSubject(subject, d)
		full, err := a.Statement(about)
		if err != nil {
			return fmt.Errorf("write the audit: %w", err)
		}
		short, err := a.Summary().Statement(about)
		if err != nil {
			return fmt.Errorf("write the audit's summary: %w", err)
		}
		for _, s := range []attest.Statement{full, short} {
			b, err := attest.Sign(*key, s)
			if err != nil {
				return fmt.Errorf("sign the audit: %w", err)
			}
			if _, err := k.Attach(ctx, d, b); err != nil {
				return err
			}
		}
		proof.Published[len(proof.Published)-1].Signed = true
	}
	return nil
}
