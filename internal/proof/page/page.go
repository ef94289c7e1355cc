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
	"github.com/dockworthy/dockworthy/internal/origin"
	"github.com/dockworthy/dockworthy/internal/redact"
)

// A Page writes the proofs of one run as one page that needs nothing beside it:
// no network, no font, no script to be read. What it shows comes from files and
// programs that nobody vouches for; it is escaped, and the page forbids itself
// every script, and every style but its own.
type Page struct {
	names  excerpt.Names
	id     Identity
	w      *redact.Writer
	proofs []proofView
}

// An Identity is what the page says of itself beyond what was proved. What it does
// not say is not known.
type Identity struct {
	Origin  origin.Origin // of the project's files
	Command []string      // the command line, as it was typed
	Key     string        // the id of the key that signs what is published
}

// New writes to w when it is closed.
func New(w io.Writer, names excerpt.Names, id Identity) *Page {
	names = names.Guarded()
	return &Page{names: names, id: id, w: redact.NewWriter(w, names.Redactor, redact.HTML)}
}

// Result adds the proof of one build: its runs are parts of it.
func (h *Page) Result(res *check.Result) error {
	if len(res.Reports) > 0 {
		h.proofs = append(h.proofs, viewOf(res, h.names, h.id, fmt.Sprintf("p%d", len(h.proofs)+1)))
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
		Proofs                 []proofView
	}{title, dockworthy.Version, policy, template.CSS(pageStyle), h.proofs})
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

	pageTemplate = template.Must(template.New("page").Parse(pageText))

	// policy lets the page's own style in, and nothing else.
	policy = fmt.Sprintf("default-src 'none'; style-src '%s'; base-uri 'none'; form-action 'none'", fingerprint(pageStyle))
)

func fingerprint(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
