// Package page writes proofs as a page for a browser.
package page

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/excerpt"
	"github.com/dockworthy/dockworthy/internal/redact"
)

// A Page writes the proofs of one run as one page that needs nothing beside it:
// no network, no font, no script to be read. What it shows comes from files and
// programs that nobody vouches for; it is escaped, and the page forbids itself
// every script and style but its own.
type Page struct {
	names  excerpt.Names
	w      *redact.Writer
	proofs []proofView
}

// New writes to w when it is closed.
func New(w io.Writer, names excerpt.Names) *Page {
	names = names.Guarded()
	return &Page{names: names, w: redact.NewWriter(w, names.Redactor, redact.HTML)}
}

// Result adds the proofs of one result.
func (h *Page) Result(res *check.Result) error {
	for _, rep := range res.Reports {
		h.proofs = append(h.proofs, viewOf(res, rep, h.names, fmt.Sprintf("p%d", len(h.proofs)+1)))
	}
	return nil
}

// Close writes the page.
func (h *Page) Close([]check.Problem) error {
	title := "No proof"
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
