package scaffold

import (
	"encoding/json"
	"fmt"
	"strings"
)

// RecordName is where what was written last time is kept: with it, what people have
// changed since is told from what the project's own change brings.
const RecordName = ".dockworthy/init.json"

// A Record is what was written, and what it was written for.
type Record struct {
	Version string            `json:"version"` // of dockworthy
	Files   map[string]string `json:"files"`
	Found   []Row             `json:"found"`
}

// A Row is a fact by its name, as people read it.
type Row struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Record is what a plan writes down.
func (p *Plan) Record(version string) ([]byte, error) {
	r := Record{Version: version, Files: map[string]string{}, Found: p.Rows()}
	for _, f := range p.Files {
		r.Files[f.Name] = f.Data
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", RecordName, err)
	}
	return append(data, '\n'), nil
}

// ReadRecord reads what was written down last time; nil where nothing was.
func ReadRecord(data []byte) (*Record, error) {
	if data == nil {
		return nil, nil
	}
	r := &Record{}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("read %s: %w; without it, init does not know what it wrote last time", RecordName, err)
	}
	return r, nil
}

// Rows are what is known of the project, without where it stands.
func (p *Plan) Rows() (rows []Row) {
	s := p.Stack
	add := func(name, value string) {
		if value != "" {
			rows = append(rows, Row{name, value})
		}
	}
	add("language", s.Language.Value)
	add("version", s.Version.Spec)
	add("manager", s.Manager.Value)
	add("framework", s.Framework.Value)
	add("kind", string(s.Kind))
	add("server", s.Server.Value)
	add("start", s.Start.Value)
	add("port", s.Port.Value)
	add("health", s.Health.Value)
	for _, v := range s.Env {
		if v.Required {
			add("needs "+v.Name, "yes")
		}
	}
	for _, v := range s.Services {
		add("talks to "+v.Value, "yes")
	}
	for _, v := range s.Native {
		add(v.Package+" needs", strings.Join(append(append([]string{}, v.Build...), v.Runtime...), " "))
	}
	for _, v := range s.Writes {
		add("writes "+v.Value, "yes")
	}
	return rows
}

// Since are the differences between what was known last time and now, in words.
func (r *Record) Since(p *Plan) (list []string) {
	before := map[string]string{}
	for _, row := range r.Found {
		before[row.Name] = row.Value
	}
	now := map[string]bool{}
	for _, row := range p.Rows() {
		now[row.Name] = true
		switch old, ok := before[row.Name]; {
		case ok && old == row.Value:
		case row.Value == "yes":
			list = append(list, "it now "+row.Name)
		case ok:
			list = append(list, fmt.Sprintf("%s: %s, was %s", row.Name, row.Value, old))
		default:
			list = append(list, fmt.Sprintf("%s: %s, was not known", row.Name, row.Value))
		}
	}
	for _, row := range r.Found {
		switch {
		case now[row.Name]:
		case row.Value == "yes":
			list = append(list, "it no longer "+row.Name)
		default:
			list = append(list, fmt.Sprintf("%s: was %s", row.Name, row.Value))
		}
	}
	return list
}
