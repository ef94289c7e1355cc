package report

import (
	"io"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/excerpt"
)

// A Remark is something amiss at a place of a file that no check says.
type Remark struct {
	ID       string
	Severity check.Severity
	Place    check.Place
	Message  string
	Identity string // what stays when lines move
}

// A RemarkKind is what remarks of one id have in common.
type RemarkKind struct {
	ID               string
	Severity         check.Severity
	Claim, Why, Mend string
}

// WriteRemarks writes remarks as a SARIF log of one run. failed tells that not
// everything could be looked at.
func WriteRemarks(w io.Writer, names Names, kinds []RemarkKind, list []Remark, failed bool) error {
	s := newSARIF(w, names.Guarded())
	s.index, s.failed = map[string]int{}, failed
	rules := make([]sarifRule, len(kinds))
	for i, k := range kinds {
		s.index[k.ID] = i
		rules[i] = sarifRule{
			ID: k.ID, Name: k.ID,
			ShortDescription: sarifText{excerpt.Sentence(k.Claim)},
			FullDescription:  sarifText{excerpt.Sentence(k.Why)},
			Help:             sarifHelp{Text: k.Why + "\n" + k.Mend, Markdown: k.Why + "\n\n" + k.Mend},
			Default:          sarifLevel{k.Severity.String()},
			Properties:       map[string]any{"family": 4, "tags": []string{"container", "security", "pinned-base"}},
		}
	}
	s.head(rules)
	for _, r := range list {
		s.result(sarifResult{
			RuleID: r.ID, RuleIndex: s.index[r.ID], Level: r.Severity.String(),
			Message:      sarifText{s.names.Redactor.Hide(excerpt.Sentence(r.Message))},
			Locations:    []sarifLocation{s.location(r.Place, 0, nil)},
			Fingerprints: map[string]string{"dockworthy/v1": digest(r.ID, r.Place.File.Name, r.Identity)},
		})
	}
	return s.Close(nil)
}
