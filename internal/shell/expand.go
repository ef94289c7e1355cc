package shell

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// field is a word being put together from its parts.
type field struct {
	buf     []byte
	only    string // the text while it has one part, so that nothing is copied
	parts   int
	known   bool
	quoted  bool
	glob    bool
	subst   bool
	literal bool // nothing but unquoted text without escapes
	vars    []string
	pattern bool // quoted text is escaped, for matching
}

func (f *field) add(s string) {
	switch f.parts {
	case 0:
		f.only = s
	case 1:
		f.buf = append(append(f.buf[:0], f.only...), s...)
	default:
		f.buf = append(f.buf, s...)
	}
	f.parts++
}

// addQuoted adds text that is not a pattern.
func (f *field) addQuoted(s string) {
	f.quoted = true
	if f.pattern && strings.ContainsAny(s, `*?[\`) {
		s = escapePattern(s)
	}
	f.add(s)
}

func (f *field) text() string {
	if f.parts > 1 {
		return string(f.buf)
	}
	return f.only
}

func (f *field) empty() bool { return f.parts == 0 }

// words expands one word with field splitting and appends what comes of it.
func (w *walker) words(dst []Word, sw *syntax.Word) []Word {
	w.in.Budget.steps.Spent++
	if len(sw.Parts) == 1 {
		if lit, ok := sw.Parts[0].(*syntax.Lit); ok && !strings.ContainsAny(lit.Value, `\*?[{`) {
			return append(dst, Word{Text: lit.Value, Known: true, Span: w.body.at.span(lit.ValuePos.Offset(), lit.ValueEnd.Offset())})
		}
	}
	if w.depth > maxDepth {
		w.stop(deepNest)
		return append(dst, w.opaqueWord(sw))
	}
	w.depth++
	defer func() { w.depth-- }()
	span := w.body.at.span(sw.Pos().Offset(), sw.End().Offset())
	first := len(dst)
	f := field{known: true, literal: true}
	flush := func() {
		dst = append(dst, Word{Text: f.text(), Known: f.known, Span: span, Quoted: f.quoted, Glob: f.glob, subst: f.subst})
		f = field{known: true, literal: f.literal, vars: f.vars}
	}
	for _, part := range sw.Parts {
		switch p := part.(type) {
		case *syntax.Lit:
			w.literal(&f, p.Value)
			continue
		case *syntax.DblQuoted:
			f.literal = false
			if list, vars, ok := w.quotedList(p); ok {
				f.vars = append(f.vars, vars...)
				f.quoted = true
				for i, s := range list {
					if i > 0 && len(dst)-first < maxFields && w.spend(stepsOfField) {
						flush()
					}
					f.addQuoted(s)
				}
				continue
			}
		case *syntax.ParamExp, *syntax.CmdSubst, *syntax.ArithmExp:
			f.literal = false
			v := w.part(&f, part)
			if v.state != known {
				if v.state != unset && v.text != "" {
					f.known = false
					f.add(v.text)
				}
				continue
			}
			// An unquoted value is split at blanks.
			if v.text == "" {
				continue
			}
			if isBlank(v.text[0]) && !f.empty() {
				flush()
			}
			for rest := strings.TrimLeft(v.text, blanks); rest != ""; {
				n := strings.IndexAny(rest, blanks)
				if n < 0 {
					f.add(rest)
					f.glob = f.glob || strings.ContainsAny(rest, "*?[")
					break
				}
				f.add(rest[:n])
				f.glob = f.glob || strings.ContainsAny(rest[:n], "*?[")
				rest = strings.TrimLeft(rest[n:], blanks)
				if len(dst)-first >= maxFields || !w.spend(stepsOfField) {
					f.known = false
					w.stop(manyFields)
					break
				}
				flush()
			}
			continue
		}
		f.literal = false
		w.quotedPart(&f, part)
	}
	if !f.empty() || f.quoted {
		flush()
	}
	if f.vars != nil {
		for i := first; i < len(dst); i++ {
			dst[i].Vars = f.vars
		}
	}
	if w.bash && f.literal && len(dst) == first+1 && strings.Contains(dst[first].Text, "{") {
		one := dst[first]
		dst = dst[:first]
		if !w.spend(len(one.Text)) {
			return append(dst, one)
		}
		for _, t := range braces(one.Text, maxUnroll) {
			one.Text = t
			dst = append(dst, one)
		}
	}
	return dst
}

const blanks = " \t\n"

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' }

// word expands one word to a single text, as in an assignment.
func (w *walker) word(sw *syntax.Word) Word { return w.single(sw, false) }

// pattern expands one word to a pattern for match; Quoted parts are escaped.
func (w *walker) pattern(sw *syntax.Word) Word { return w.single(sw, true) }

func (w *walker) single(sw *syntax.Word, pattern bool) Word {
	w.in.Budget.steps.Spent++
	if sw == nil || len(sw.Parts) == 0 {
		return Word{Known: true}
	}
	if len(sw.Parts) == 1 {
		if lit, ok := sw.Parts[0].(*syntax.Lit); ok && !strings.ContainsAny(lit.Value, `\*?[`) {
			return Word{Text: lit.Value, Known: true, Span: w.body.at.span(lit.ValuePos.Offset(), lit.ValueEnd.Offset())}
		}
	}
	if w.depth > maxDepth {
		w.stop(deepNest)
		return w.opaqueWord(sw)
	}
	w.depth++
	defer func() { w.depth-- }()
	f := field{known: true, pattern: pattern}
	for _, part := range sw.Parts {
		switch part := part.(type) {
		case *syntax.Lit:
			w.literal(&f, part.Value)
		case *syntax.ParamExp, *syntax.CmdSubst, *syntax.ArithmExp:
			v := w.part(&f, part)
			f.known = f.known && v.certain()
			if v.text != "" {
				f.add(v.text)
			}
		default:
			w.quotedPart(&f, part)
		}
	}
	return Word{Text: f.text(), Known: f.known, Span: w.body.at.span(sw.Pos().Offset(), sw.End().Offset()), Quoted: f.quoted, Glob: f.glob, Vars: f.vars, subst: f.subst}
}

// opaqueWord is a word that is too deep to be looked into.
func (w *walker) opaqueWord(sw *syntax.Word) Word {
	from, to := sw.Pos().Offset(), sw.End().Offset()
	return Word{Text: w.body.source(from, to), Span: w.body.at.span(from, to), subst: true}
}

// literal adds unquoted text: a backslash keeps the next byte.
func (w *walker) literal(f *field, s string) {
	if strings.ContainsAny(s, "*?[") {
		f.glob = true
	}
	if !strings.Contains(s, `\`) {
		f.add(s)
		return
	}
	f.literal = false
	if f.pattern {
		f.add(s) // match knows backslashes itself
		return
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
			if s[i] == '\n' {
				continue
			}
		}
		b = append(b, s[i])
	}
	f.add(string(b))
}

// quotedPart adds a part that is not split.
func (w *walker) quotedPart(f *field, part syntax.WordPart) {
	switch p := part.(type) {
	case *syntax.SglQuoted:
		if p.Dollar {
			f.addQuoted(ansiC(p.Value))
		} else {
			f.addQuoted(p.Value)
		}
	case *syntax.DblQuoted:
		f.quoted = true
		for _, q := range p.Parts {
			if lit, ok := q.(*syntax.Lit); ok {
				f.addQuoted(unescapeDouble(lit.Value))
				continue
			}
			v := w.part(f, q)
			f.known = f.known && v.certain()
			f.addQuoted(v.text)
		}
	default:
		v := w.part(f, part)
		f.known = f.known && v.certain()
		f.add(v.text)
	}
}

// part is the value of an expansion; the commands in it are walked.
func (w *walker) part(f *field, part syntax.WordPart) value {
	switch p := part.(type) {
	case *syntax.Lit:
		return value{state: known, text: p.Value}
	case *syntax.ParamExp:
		v := w.param(f, p)
		if len(v.text) > maxValue {
			w.stop(longValue)
			return value{text: "${" + p.Param.Value + "}"}
		}
		if !w.spend(len(v.text)) {
			return value{text: "${" + p.Param.Value + "}"}
		}
		return v
	case *syntax.CmdSubst:
		if len(p.Stmts) == 0 {
			return value{state: known} // `# a comment`
		}
		f.subst = true
		w.substitution(p.Stmts)
		return value{text: w.body.source(p.Pos().Offset(), p.End().Offset())}
	case *syntax.ProcSubst:
		f.subst = true
		w.substitution(p.Stmts)
		return value{text: w.body.source(p.Pos().Offset(), p.End().Offset())}
	case *syntax.ArithmExp:
		w.inside(p.X)
		return value{text: w.body.source(p.Pos().Offset(), p.End().Offset())}
	case *syntax.ExtGlob:
		f.glob = true
		return value{state: known, text: w.body.source(p.Pos().Offset(), p.End().Offset())}
	}
	w.inside(part)
	return value{text: w.body.source(part.Pos().Offset(), part.End().Offset())}
}

// inside walks the command substitutions somewhere in an expression.
func (w *walker) inside(n syntax.Node) {
	if n == nil || w.depth > maxDepth {
		return
	}
	syntax.Walk(n, func(n syntax.Node) bool {
		if c, ok := n.(*syntax.CmdSubst); ok {
			w.substitution(c.Stmts)
			return false
		}
		return true
	})
}

// quotedList is the fields of "$@" or "${array[@]}" where they are known.
func (w *walker) quotedList(q *syntax.DblQuoted) (list, vars []string, ok bool) {
	if len(q.Parts) != 1 {
		return nil, nil, false
	}
	p, isParam := q.Parts[0].(*syntax.ParamExp)
	if !isParam || p.Param == nil || p.Exp != nil || p.Slice != nil || p.Repl != nil || p.Excl || p.Length {
		return nil, nil, false
	}
	name := p.Param.Value
	if name != paramsName {
		if i, isWord := p.Index.(*syntax.Word); !isWord || i.Lit() != "@" {
			return nil, nil, false
		}
	}
	v := w.get(name)
	if v.state != known || !v.array || len(v.list) > maxFields {
		return nil, nil, false
	}
	return v.list, []string{name}, true
}

// document expands a here-document's text.
func (w *walker) document(doc *syntax.Word, quoted, dash bool) Word {
	if doc == nil || len(doc.Parts) == 0 {
		return Word{Known: true}
	}
	f := field{known: true}
	for _, part := range doc.Parts {
		if lit, ok := part.(*syntax.Lit); ok {
			s := lit.Value
			if dash {
				s = stripTabs(s, f.empty() || strings.HasSuffix(f.text(), "\n"))
			}
			if !quoted {
				s = unescapeDouble(s)
			}
			f.add(s)
			continue
		}
		v := w.part(&f, part)
		f.known = f.known && v.certain()
		f.add(v.text)
	}
	// The parser lets the last part end after the delimiter.
	end := doc.End().Offset()
	if lit, ok := doc.Parts[len(doc.Parts)-1].(*syntax.Lit); ok {
		from := int(lit.ValuePos.Offset())
		if src := w.body.src; from+len(lit.Value) <= len(src) && string(src[from:from+len(lit.Value)]) == lit.Value {
			end = uint(from + len(lit.Value))
		}
	}
	return Word{Text: f.text(), Known: f.known, Span: w.body.at.span(doc.Pos().Offset(), end), Quoted: quoted, Vars: f.vars, subst: f.subst}
}

func stripTabs(s string, atStart bool) string {
	if !strings.Contains(s, "\t") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\t' && atStart {
			continue
		}
		atStart = s[i] == '\n'
		b = append(b, s[i])
	}
	return string(b)
}

// unescapeDouble takes the backslashes off that matter between double quotes.
func unescapeDouble(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			switch s[i+1] {
			case '$', '`', '"', '\\':
				i++
			case '\n':
				i++
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

// ansiC decodes the common escapes of $'…'.
func ansiC(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\t`, "\t", `\'`, `'`, `\"`, `"`, `\r`, "\r").Replace(s)
}
