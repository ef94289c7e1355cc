package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"github.com/dockworthy/dockworthy/internal/proof"
	"html/template"
	"io"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/internal/redact"
	"github.com/dockworthy/dockworthy/internal/source"
)

// HTML writes the proofs of one run as one page that needs nothing beside it:
// no network, no font, no script to be read. What it shows comes from files and
// programs that nobody vouches for; it is escaped, and the page forbids itself
// every script and style but its own.
type HTML struct {
	names  Names
	w      *redact.Writer
	proofs []proofView
}

// NewHTML writes to w.
func NewHTML(w io.Writer, names Names) *HTML {
	names = names.guarded()
	return &HTML{names: names, w: redact.NewWriter(w, names.Redactor, redact.HTML)}
}

// Proof adds one proof. The page is written by Close.
func (h *HTML) Proof(u source.Unit, p *proof.Proof) error {
	h.proofs = append(h.proofs, viewOf(p, u, h.names, fmt.Sprintf("p%d", len(h.proofs)+1)))
	return nil
}

// Close writes the page.
func (h *HTML) Close() error {
	title := "Nothing was proved"
	switch len(h.proofs) {
	case 0:
	case 1:
		title = "Proof of " + h.proofs[0].Path
	default:
		title = fmt.Sprintf("Proofs of %d builds", len(h.proofs))
		for i := range h.proofs {
			h.proofs[i].Path += ", target " + h.proofs[i].Target
		}
	}
	err := pageTemplate.Execute(h.w, struct {
		Title, Version, Policy string
		Style                  template.CSS
		Script                 template.JS
		Proofs                 []proofView
	}{title, dockworthy.Version, policy, template.CSS(pageStyle), template.JS(pageScript), h.proofs})
	if err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return h.w.Flush()
}

var (
	//go:embed page/page.html
	pageText string
	//go:embed page/page.css
	pageStyle string
	//go:embed page/page.js
	pageScript string

	pageTemplate = template.Must(template.New("page").Parse(pageText))

	// policy lets the page's own style and script in, and nothing else.
	policy = fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'", fingerprint(pageStyle), fingerprint(pageScript))
)

func fingerprint(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
