package stack

import (
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"
)

// databases are services of which a program talks to one, by a driver that it chooses.
var databases = []string{"MySQL", "PostgreSQL", "SQL Server"}

var (
	// driverRE is a variable that says which database a program talks to, and driverDefaultRE
	// what it is where nobody says it, in what follows.
	driverRE        = regexp.MustCompile(`\b(?:[A-Z][A-Z0-9]*_)*(?:DB|DATABASE)_?(?:CLIENT|TYPE|DRIVER|DIALECT|ENGINE|VENDOR)\b`)
	driverDefaultRE = regexp.MustCompile(`^[^\n;]{0,160}?(?:default['"]?\s*[:(=]\s*|\|\|\s*|\?\?\s*)['"]([A-Za-z][\w-]*)['"]|^['"]\s*,\s*(?:default\s*=\s*)?['"]([A-Za-z][\w-]*)['"]`)
	// offRE is what a switch is where nobody sets it: off.
	offRE = regexp.MustCompile(`^[^\n;]{0,120}?(?:default['"]?\s*[:(=]\s*|\|\|\s*|\?\?\s*)['"]?(?i:false|0|off|no)\b|^['"]\s*,\s*(?:default\s*=\s*)?['"]?(?i:false|0|off|no)\b`)
)

// driven is the database that the name of a driver means; "" = one in a file.
func driven(driver string) (service string, known bool) {
	switch d := strings.ToLower(driver); {
	case strings.Contains(d, "sqlite"):
		return "", true
	case strings.HasPrefix(d, "pg") || strings.HasPrefix(d, "postgres"):
		return "PostgreSQL", true
	case strings.HasPrefix(d, "mysql") || strings.HasPrefix(d, "maria"):
		return "MySQL", true
	case strings.HasPrefix(d, "mssql") || d == "sqlserver":
		return "SQL Server", true
	}
	return "", false
}

// decide leaves of the services that a program has drivers of those that it talks to as it is
// started: the default of a switch decides; of several databases that nothing decides between,
// none. File tells that it has a driver of one in a file too, and example is the text of the
// project's example of variables.
func (s *Stack) decide(texts iter.Seq2[string, string], file bool, example string) {
	is := func(f Fact) bool { return slices.Contains(databases, f.Value) }
	var names []string
	for _, f := range s.Services {
		if is(f) {
			names = append(names, f.Value)
		}
	}
	drop := func(f Fact, why string) {
		s.Services = slices.DeleteFunc(s.Services, func(o Fact) bool { return o.Value == f.Value })
		s.Notes = append(s.Notes, why)
	}
	for _, f := range slices.Clone(s.Services) {
		if name, at, ok := switchedOff(texts, f.Value); ok {
			drop(f, fmt.Sprintf("%s (%s) is talked to only where %s says so (%s): none is started beside it", f.Value, f.At, name, at))
		}
	}
	if len(names) == 0 || len(names) == 1 && !file {
		return
	}
	choice, at, switched := "", Place{}, false
	for name, text := range texts {
		if !strings.Contains(text, "DB") && !strings.Contains(text, "DATABASE") {
			continue
		}
		for _, m := range driverRE.FindAllStringIndex(text, -1) {
			switched = true
			if d := driverDefaultRE.FindStringSubmatch(text[m[1]:]); d != nil && choice == "" {
				choice, at = d[1]+d[2], Place{name, lineAt(text, m[0])}
			}
		}
	}
	if service, known := driven(choice); known && choice != "" {
		for _, f := range slices.Clone(s.Services) {
			if is(f) && f.Value != service {
				drop(f, fmt.Sprintf("%s (%s) is another database than %s, which it talks to where nobody says otherwise (%s): none is started beside it", f.Value, f.At, choice, at))
			}
		}
		return
	}
	if len(names) == 1 && !switched {
		return
	}
	for _, f := range slices.Clone(s.Services) {
		scheme := map[string]string{"MySQL": "mysql", "PostgreSQL": "postgres", "SQL Server": "sqlserver"}[f.Value]
		if is(f) && !strings.Contains(example, scheme) {
			drop(f, fmt.Sprintf("%s (%s) is one of several databases that it may talk to, and nothing says which: none is started beside it", f.Value, f.At))
		}
	}
}

// switchedOff tells whether a variable has to switch a service on, and where.
func switchedOff(texts iter.Seq2[string, string], service string) (name string, at Place, ok bool) {
	word := strings.ToUpper(strings.ReplaceAll(service, " ", ""))
	re := regexp.MustCompile(`\b(?:[A-Z][A-Z0-9]*_)*(?:` + word + `_(?:ENABLED?|ACTIVE|ON)|(?:USE|ENABLE|WITH)_` + word + `)\b`)
	for file, text := range texts {
		if !strings.Contains(text, word) {
			continue
		}
		for _, m := range re.FindAllStringIndex(text, -1) {
			if offRE.MatchString(text[m[1]:]) {
				return text[m[0]:m[1]], Place{file, lineAt(text, m[0])}, true
			}
		}
	}
	return "", Place{}, false
}

// example is the text of the project's example of variables.
func (t *tree) example() string {
	for _, name := range []string{".env.example", ".env.sample", ".env.template", "example.env", ".env.dist"} {
		if data := t.read(name); data != nil {
			return string(data)
		}
	}
	return ""
}
