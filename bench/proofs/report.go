package main

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
)

var (
	cardLine    = regexp.MustCompile(`(?m)^ +source +image +run *$`)
	findingLine = regexp.MustCompile(`(?m)^(error|warning)\[`)
)

// readReport reads dockworthy's scorecard and its worst severity, "note" where
// there is none worse: from JSON, or from the text that a person reads.
func readReport(data []byte) (Card, string, error) {
	card, worst := Card{}, "note"
	rank := map[string]int{"note": 0, "warning": 1, "error": 2}
	var report struct {
		Scorecard map[string]map[string]string
		Findings  []struct{ Severity string }
	}
	if json.Unmarshal(data, &report) == nil {
		for rule, levels := range report.Scorecard {
			for level, outcome := range levels {
				card.set(rule, level, outcome)
			}
		}
		for _, f := range report.Findings {
			if rank[f.Severity] > rank[worst] {
				worst = f.Severity
			}
		}
		return card, worst, nil
	}
	text := string(data)
	for _, m := range findingLine.FindAllStringSubmatch(text, -1) {
		if rank[m[1]] > rank[worst] {
			worst = m[1]
		}
	}
	at := cardLine.FindStringIndex(text)
	if at == nil {
		return nil, "", errors.New("neither JSON nor a scorecard")
	}
	head, rows := text[at[0]:at[1]], strings.Split(text[at[1]:], "\n")
	for _, row := range rows {
		words := strings.Fields(row)
		if len(words) < 3 || len(words[0]) != 1 {
			continue
		}
		for i, level := range levelNames {
			from, to := strings.Index(head, level), len(row)
			if i+1 < len(levelNames) {
				to = min(to, strings.Index(head, levelNames[i+1]))
			}
			if from < to {
				card.set(words[1], level, strings.ReplaceAll(strings.TrimSpace(row[from:to]), " ", "-"))
			}
		}
	}
	return card, worst, nil
}
