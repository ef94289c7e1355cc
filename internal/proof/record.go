package proof

import (
	"bytes"
	"encoding/json"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/excerpt"
	"github.com/dockworthy/dockworthy/internal/redact"
)

// Record is the record of a proof's run as JSON, for replays. It shows no
// secret.
func Record(res *check.Result, names excerpt.Names) ([]byte, error) {
	names = names.Guarded()
	var b bytes.Buffer
	w := redact.NewWriter(&b, names.Redactor, redact.JSON)
	for _, rep := range res.Reports {
		if rep.Evidence.Run == nil {
			continue
		}
		data, err := json.MarshalIndent(names.Veil(res, names.Hide(res)).Log(rep.Evidence.Run), "", "  ")
		if err != nil {
			return nil, err
		}
		w.Write(append(data, '\n'))
	}
	err := w.Flush()
	return b.Bytes(), err
}
