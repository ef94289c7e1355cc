package stack

import (
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/secret"
)

var (
	schemaRE   = regexp.MustCompile(`(?m)^\s*['"]?([A-Z][A-Z0-9_]{2,})['"]?\s*:\s*(?:Joi|joi|z|yup|str|num|url|port|bool|email|host|env\.\w+|Type|S)\s*[.(]`)
	propertyRE = regexp.MustCompile(`(?m)^\s*['"]?([A-Z][A-Z0-9_]{2,})['"]?\s*:\s*\{\s*['"]?type['"]?\s*:`)
	requiredRE = regexp.MustCompile(`(?s)\brequired['"]?\s*:\s*\[([^\]]*)\]`)
	quotedRE   = regexp.MustCompile(`['"]([A-Z][A-Z0-9_]{2,})['"]`)
	mayBeRE    = regexp.MustCompile(`(?i)optional\(|default|nullish\(`)
	// givenRE is a default in a property of JSON Schema.
	givenRE = regexp.MustCompile(`\bdefault['"]?\s*:\s*(?:['"]([^'"\n]*)['"]|([\w.-]+))?`)
	// wholeRE is all variables handed to something: schema.parse(process.env).
	validRE = regexp.MustCompile(`(?i)schema|valid`)
	wholeRE = regexp.MustCompile(`[(,:]\s*process\.env\s*[,})]`)
	fromRE  = regexp.MustCompile(`(?:\bfrom\s*|\brequire\(\s*)['"](\.[^'"]+)['"]`)
)

// expression is what stands in a text from a place on, to the end of the expression.
func expression(text string, from int) string {
	depth, quote := 0, byte(0)
	for i := from; i < len(text); i++ {
		c := text[i]
		switch {
		case quote != 0:
			if c == '\\' {
				i++
			} else if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'' || c == '`':
			quote = c
		case c == '(' || c == '{' || c == '[':
			depth++
		case c == ')' || c == '}' || c == ']':
			if depth--; depth < 0 {
				return text[from:i]
			}
		case depth == 0 && (c == ',' || c == ';'):
			return text[from:i]
		}
	}
	return text[from:]
}

// checked are the files whose schemas are of variables: surely where they name a package
// that checks these or are handed to what checks all at once, and likely where they read one.
func (p *nodeProject) checked() (surely, likely map[string]bool) {
	surely, likely = map[string]bool{}, map[string]bool{}
	var hands []script
	for _, f := range p.js {
		named := slices.ContainsFunc(knowledge.VariableCheckers.Names(), func(n string) bool {
			return strings.Contains(f.text, `"`+n+`"`) || strings.Contains(f.text, "'"+n+"'")
		})
		surely[f.file] = surely[f.file] || named
		likely[f.file] = strings.Contains(f.text, "process.env") || strings.Contains(f.text, "fluent-json-schema")
		if named && validRE.MatchString(f.text) || wholeRE.MatchString(f.text) {
			hands = append(hands, f)
		}
	}
	for _, f := range hands {
		for _, m := range fromRE.FindAllStringSubmatch(f.text, -1) {
			if file := p.resolve(f.file, m[1]); file != "" {
				surely[file] = true
			}
		}
	}
	return surely, likely
}

// validated finds the variables that a schema asks for: of Joi, zod, envalid, TypeBox, or
// JSON Schema as fastify's env has it.
func (p *nodeProject) validated() {
	add := func(name string, need bool, def string, at Place) {
		if known[name] || name == "NODE_ENV" {
			return
		}
		for i := range p.s.Env {
			if p.s.Env[i].Name == name {
				p.s.Env[i].Required = p.s.Env[i].Required || need
				return
			}
		}
		p.s.Env = append(p.s.Env, Variable{Name: name, At: at, Required: need, Default: def, Secret: secret.Named(name)})
	}
	surely, likely := p.checked()
	for _, f := range p.js {
		p.withoutFile(f)
		for _, v := range classVariables(f) {
			add(v.Name, v.Required, "", v.At)
		}
		if !surely[f.file] && !likely[f.file] {
			continue
		}
		for _, m := range schemaRE.FindAllStringSubmatchIndex(f.text, -1) {
			rest := expression(f.text, m[3]+strings.IndexByte(f.text[m[3]:], ':')+1)
			need := strings.Contains(rest, "required()") || !strings.Contains(f.text, "oi.") && !mayBeRE.MatchString(rest)
			add(f.text[m[2]:m[3]], need, "", Place{f.file, lineAt(f.text, m[2])})
		}
		for _, m := range fluentRE.FindAllStringSubmatchIndex(f.text, -1) {
			rest := f.text[m[4]:m[5]] + pick(f.text, m, 6)
			add(f.text[m[2]:m[3]], strings.Contains(rest, ".required()") && !strings.Contains(rest, ".default("), "", Place{f.file, lineAt(f.text, m[0])})
		}
		given := map[string]bool{}
		for _, m := range propertyRE.FindAllStringSubmatchIndex(f.text, -1) {
			if !surely[f.file] {
				break
			}
			name, def := f.text[m[2]:m[3]], ""
			if d := givenRE.FindStringSubmatch(expression(f.text, m[3]+strings.IndexByte(f.text[m[3]:], ':')+1)); d != nil {
				def, given[name] = d[1]+d[2], true
			}
			add(name, false, def, Place{f.file, lineAt(f.text, m[2])})
		}
		for _, m := range requiredRE.FindAllStringSubmatchIndex(f.text, -1) {
			for _, q := range quotedRE.FindAllStringSubmatch(f.text[m[2]:m[3]], -1) {
				add(q[1], !given[q[1]], "", Place{f.file, lineAt(f.text, m[0])})
			}
		}
	}
}

// fluentRE is a property of a schema that fluent-json-schema puts together:
// .prop("NAME", S.string().required()), .prop("NAME", S.string()).required().
var fluentRE = regexp.MustCompile(`\.prop\(\s*['"]([A-Z][A-Z0-9_]{2,})['"]\s*((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)(\s*\.required\(\))?`)

var (
	classFieldRE = regexp.MustCompile(`^(?:public\s+|readonly\s+|declare\s+)*([A-Z][A-Z0-9_]{2,})([?!]?)\s*:\s*[^=;]+(=)?`)
	decoratorRE  = regexp.MustCompile(`^(?:@\w+\([^;]*\)\s*)+`)
)

// classVariables are the variables that a class of class-validator asks for, as NestJS has
// its settings checked. One that is asked for on a condition alone may be missing.
// Source: docs.nestjs.com: configuration, custom validate function.
func classVariables(f script) (list []Variable) {
	if !strings.Contains(f.text, "class-validator") {
		return nil
	}
	decorators, n := "", 0
	for line := range strings.Lines(f.text) {
		n++
		line = strings.TrimSpace(line)
		if at := decoratorRE.FindString(line); at != "" {
			decorators += at
			line = strings.TrimSpace(line[len(at):])
		}
		m := classFieldRE.FindStringSubmatch(line)
		switch {
		case m != nil && decorators != "":
			need := m[2] != "?" && m[3] == "" && !strings.Contains(decorators, "@IsOptional") && !strings.Contains(decorators, "@ValidateIf")
			list = append(list, Variable{Name: m[1], At: Place{f.file, n}, Required: need})
			decorators = ""
		case line != "" && !strings.HasPrefix(line, "@") && m == nil && strings.HasSuffix(line, ";"):
			decorators = ""
		case strings.HasPrefix(line, "@"):
			decorators += line // it goes on
		}
	}
	return list
}
