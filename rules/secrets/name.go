package secrets

import (
	"strings"
)

// strength says how surely a variable's name is a secret's.
type strength uint8

const (
	notSecret strength = iota
	weak               // it takes a random value to tell
	strong
)

// stems are found in every name that can be a secret's; most names are done
// with after a look for them.
var stems = []string{"PASS", "PWD", "SECRET", "TOKEN", "KEY", "CRED", "AUTH", "PAT", "SALT", "PEPPER"}

// hasStem tells whether a text in upper case has one of the stems in it.
func hasStem(upper string) bool { return anyOf(upper, stems...) }

// nameOf judges a name as people give them to variables, options and keys:
// DB_PASSWORD, --api-key, dbPassword, //registry.npmjs.org/:_authToken.
func nameOf(name string) strength {
	if len(name) > 200 {
		return notSecret
	}
	upper := strings.ToUpper(name)
	if !hasStem(upper) {
		return notSecret
	}
	data := nameData()
	for _, p := range data.prefixes {
		if strings.HasPrefix(upper, p) {
			return notSecret
		}
	}
	words := nameParts(name)
	best := notSecret
	for i := range words {
		start, s := data.endsAt(words, i)
		if s == notSecret {
			continue
		}
		// Only the last of several decides: ACCESS_TOKEN_SECRET, TOKEN_SECRET_NAME.
		best = data.around(words[:start], words[i+1:], s)
	}
	return best
}

// endsAt tells whether a secret's word or phrase ends at word i, and where it
// begins.
func (d *nameWords) endsAt(words []string, i int) (start int, s strength) {
	w := words[i]
	if d.is["never"][w] {
		return i, notSecret
	}
	for _, p := range d.phrases {
		if len(p) > i+1 {
			continue
		}
		same := true
		for j, want := range p {
			if got := words[i+1-len(p)+j]; got != want && got != want+"S" {
				same = false
				break
			}
		}
		if same {
			return i + 1 - len(p), strong
		}
	}
	if d.is["secret"][w] {
		return i, strong
	}
	for _, e := range d.endings {
		if strings.HasSuffix(w, e) {
			return i, strong
		}
	}
	if d.is["secret-after-a-word"][w] && (i > 0 || w == "PASS" && len(words) == 1) {
		return i, strong
	}
	if d.is["weak"][w] {
		return i, weak
	}
	return i, notSecret
}

// around weighs the words before and after.
func (d *nameWords) around(before, after []string, s strength) strength {
	for _, w := range before {
		if d.is["quiet-before"][w] || s == weak && d.is["quiet-before-weak"][w] {
			return notSecret
		}
	}
	for _, w := range after {
		switch {
		case d.is["quiet-after"][w]:
			return notSecret
		case d.is["neutral-after"][w] || w >= "0" && w < ":":
		default:
			s = weak
		}
	}
	return s
}

// nameParts are the words of a name in upper case: parted by what is neither
// letter nor digit, before a capital after a small letter, and before digits
// at a word's end.
func nameParts(name string) []string {
	var parts []string
	from := -1
	end := func(i int) {
		if from >= 0 && i > from {
			w := strings.ToUpper(name[from:i])
			stem := strings.TrimRight(w, "0123456789")
			if stem != "" && stem != w && !(strings.HasSuffix(stem, "SHA") || strings.HasSuffix(stem, "BASE") || strings.HasSuffix(stem, "B")) {
				parts = append(parts, stem)
			} else {
				parts = append(parts, w)
			}
		}
		from = -1
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		lower, capital := c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z'
		if !lower && !capital && !(c >= '0' && c <= '9') {
			end(i)
			continue
		}
		if capital && from >= 0 && name[i-1] >= 'a' && name[i-1] <= 'z' {
			end(i)
		}
		if from < 0 {
			from = i
		}
	}
	end(len(name))
	return parts
}

// forEverybody tells whether a name says that its value is handed to every
// visitor, as a front end's keys are: by its prefix, as VITE_, or by a word, as
// SUPABASE_ANON_KEY and GOOGLE_MAPS_KEY.
func forEverybody(name string) bool {
	upper := strings.ToUpper(name)
	for _, p := range nameData().prefixes {
		if strings.HasPrefix(upper, p) {
			return true
		}
	}
	for _, w := range nameParts(name) {
		switch w {
		case "PUBLIC", "ANON", "PUBLISHABLE", "FIREBASE", "MAPS", "BROWSER", "FRONTEND":
			return true
		}
	}
	return false
}

// Named tells whether a name says that its value is a secret, as that of a
// build argument.
func Named(name string) bool { return nameOf(name) == strong }
