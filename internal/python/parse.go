package python

import (
	"regexp"
	"slices"
	"strings"
)

// Parse reads a file.
func Parse(src []byte) *Module {
	p := &parser{tokens: lex(string(src)), m: &Module{}, names: map[string]string{}}
	p.block(scope{})
	return p.m
}

type parser struct {
	tokens []token
	at     int
	deep   int
	m      *Module
	names  map[string]string // what names of imports stand for
	in     scope
	last   string // the keyword of the compound statement that was read last
}

// A scope is what a statement stands in.
type scope struct {
	def   *Def
	class *Class
	inner string // the class inside the class
	main  bool
	cond  bool // below a condition
	some  bool // below an if, an else, an except: on a way that may not be taken
	tried bool // in a try
}

func (p *parser) peek() token { return p.tokens[min(p.at, len(p.tokens)-1)] }

func (p *parser) next() token {
	t := p.peek()
	p.at++
	return t
}

func (p *parser) is(k kind, text string) bool {
	t := p.peek()
	return t.kind == k && t.text == text
}

func (p *parser) eat(k kind, text string) bool {
	if p.is(k, text) {
		p.at++
		return true
	}
	return false
}

// block reads statements until the block ends.
func (p *parser) block(in scope) {
	for {
		switch t := p.peek(); t.kind {
		case end:
			return
		case dedent:
			p.at++
			return
		case indent: // a block that nobody opened
			p.at++
			p.block(in)
		case newline:
			p.at++
		default:
			p.statement(in)
		}
	}
}

// body reads what follows a colon: the rest of the line, or a block below.
func (p *parser) body(in scope) {
	if p.peek().kind != newline {
		p.simple(in)
		return
	}
	p.at++
	if p.peek().kind == indent {
		p.at++
		if p.deep++; p.deep < maxDepth {
			p.block(in)
		} else {
			p.skipBlock()
		}
		p.deep--
	}
}

func (p *parser) skipBlock() {
	for depth := 1; depth > 0; {
		switch p.next().kind {
		case indent:
			depth++
		case dedent:
			depth--
		case end:
			return
		}
	}
}

func (p *parser) statement(in scope) {
	p.in = in
	t := p.peek()
	if t.kind == op && t.text == "@" {
		p.decorated(in)
		return
	}
	if t.kind == name {
		switch t.text {
		case "async":
			if p.at+1 < len(p.tokens) {
				p.at++
				if p.is(name, "def") {
					p.def(in, nil, true)
					return
				}
				p.statement(in)
				return
			}
		case "def":
			p.def(in, nil, false)
			return
		case "class":
			p.class(in, nil)
			return
		case "if", "elif", "while", "for", "with", "try", "else", "except", "finally", "match", "case":
			if p.compound(in, t) {
				return
			}
		}
	}
	p.simple(in)
}

// compound reads a statement that opens a block; match and case are names as
// well.
func (p *parser) compound(in scope, t token) bool {
	start := p.at
	p.at++
	main := false
	if t.text == "if" && p.is(name, "__name__") {
		p.at++
		if p.eat(op, "==") && p.peek().kind == str && p.peek().text == "__main__" {
			main = true
		}
	}
	p.expressions(func(t token) bool { return t.kind == op && t.text == ":" })
	if !p.eat(op, ":") {
		if t.text == "match" || t.text == "case" {
			p.at = start
			return false
		}
		p.line()
		return true
	}
	if main && p.m.Main == 0 {
		p.m.Main = t.line
	}
	in.main = in.main || main
	switch t.text {
	case "if", "elif", "else", "while", "for", "except":
		in.cond = true
	}
	switch t.text {
	case "try":
		in.tried = true
	case "if":
		in.some = in.some || !main
	case "elif", "except", "case":
		in.some = true
	case "else": // that of a try or a loop is the way that is meant
		in.some = in.some || p.last == "if" || p.last == "elif"
	}
	from := p.at
	p.body(in)
	if t.text == "while" {
		p.loop(in, p.tokens[start+1:from-1], p.tokens[min(from, len(p.tokens)):min(p.at, len(p.tokens))], t.line)
	}
	p.last = t.text
	return true
}

// stopRE is a condition on which a program is told to end.
var stopRE = regexp.MustCompile(`(?i)stop|shut|exit|quit|kill|signal|terminat|running|cancel|alive`)

// loop notes a while with its condition and what stands in it.
func (p *parser) loop(in scope, condition, body []token, line int) {
	l := Loop{Line: line, Always: len(condition) == 1 && (condition[0].text == "True" || condition[0].text == "1")}
	if in.def != nil {
		l.In = in.def.Name
	}
	var words strings.Builder
	for _, t := range condition {
		words.WriteString(t.text)
	}
	l.Ends = !l.Always && !stopRE.MatchString(words.String())
	way, on := "", ""
	for i, t := range body {
		if t.kind != name {
			continue
		}
		switch t.text {
		case "if", "elif", "except", "else":
			way, on = t.text, ""
			for _, c := range body[i+1:] {
				if c.kind == newline {
					break
				}
				on += c.text
			}
		case "return", "break":
			bare := i+1 < len(body) && body[i+1].kind == newline
			l.Ends = l.Ends || !bare || way != "except" && !stopRE.MatchString(on)
		}
	}
	p.m.Loops = append(p.m.Loops, l)
}

// line goes to the end of the logical line.
func (p *parser) line() {
	for {
		switch p.peek().kind {
		case newline:
			p.at++
			return
		case end, indent, dedent:
			return
		}
		p.at++
	}
}

func (p *parser) decorated(in scope) {
	var list []Expr
	for p.eat(op, "@") {
		list = append(list, p.expr())
		p.line()
		for p.peek().kind == newline {
			p.at++
		}
	}
	async := p.eat(name, "async")
	switch {
	case p.is(name, "def"):
		p.def(in, list, async)
	case p.is(name, "class"):
		p.class(in, list)
	}
}

func (p *parser) def(in scope, decorators []Expr, async bool) {
	line := p.next().line
	d := &Def{Line: line, Async: async, Decorators: decorators}
	if t := p.peek(); t.kind == name {
		d.Name = t.text
		p.at++
	}
	if in.class != nil && in.def == nil {
		d.Class = in.class.Name
	}
	p.typeParameters()
	if p.eat(op, "(") {
		p.parameters(d)
	}
	if p.eat(op, "->") {
		p.expressions(func(t token) bool { return t.kind == op && t.text == ":" })
	}
	if in.def != nil {
		d.In = in.def.Name
	}
	p.m.Defs = append(p.m.Defs, d)
	if !p.eat(op, ":") {
		p.line()
		return
	}
	inner := in
	if in.def == nil {
		inner.def, inner.some, inner.tried = d, false, false
	}
	p.body(inner)
}

func (p *parser) typeParameters() {
	if p.is(op, "[") {
		p.expr()
	}
}

// parameters reads a list of parameters up to its closing bracket.
func (p *parser) parameters(d *Def) {
	first := true
	for p.peek().kind != end && !p.eat(op, ")") {
		if p.eat(op, ",") {
			continue
		}
		if p.eat(op, "*") || p.eat(op, "**") {
			if p.peek().kind == name {
				p.at++
			}
			if p.eat(op, ":") {
				p.expr()
			}
			first = false
			continue
		}
		if p.peek().kind != name {
			p.at++ // the / of positional ones, or no Python
			continue
		}
		word := p.next().text
		if !first || word != "self" && word != "cls" {
			d.Names = append(d.Names, word)
		}
		if p.eat(op, ":") {
			// Annotated[User, Depends(current)] says what a default would.
			d.Defaults = append(d.Defaults, p.expr())
		}
		if p.eat(op, "=") {
			e := p.expr()
			d.Defaults = append(d.Defaults, e)
			d.Given = append(d.Given, Arg{word, e})
		} else if !first || word != "self" && word != "cls" {
			d.Needs++
		}
		first = false
	}
}

func (p *parser) class(in scope, _ []Expr) {
	line := p.next().line
	c := &Class{Line: line}
	if t := p.peek(); t.kind == name {
		c.Name = t.text
		p.at++
	}
	p.typeParameters()
	if p.eat(op, "(") {
		for _, a := range p.args() {
			if a.Name == "" && a.Value.Form == Name {
				c.Bases = append(c.Bases, a.Value.Text)
			}
			if a.Name == "" && a.Value.Form == Index && a.Value.Get.Of != "" {
				c.Bases = append(c.Bases, a.Value.Get.Of) // Base[Kind]
			}
			if a.Name != "" {
				c.Keywords = append(c.Keywords, a)
			}
		}
	}
	if !p.eat(op, ":") {
		p.line()
		return
	}
	inner := in
	switch {
	case in.class != nil && in.def == nil:
		inner.inner = c.Name
	case in.def == nil:
		p.m.Classes = append(p.m.Classes, c)
		inner.class = c
	}
	p.body(inner)
}

// simple reads statements of one line.
func (p *parser) simple(in scope) {
	p.in = in
	for {
		p.small(in)
		if !p.eat(op, ";") {
			break
		}
	}
	p.line()
}

func (p *parser) small(in scope) {
	t := p.peek()
	if t.kind == name {
		switch t.text {
		case "import":
			p.at++
			p.imports()
			return
		case "from":
			if p.from() {
				return
			}
		case "return":
			p.at++
			if p.peek().kind == newline {
				return
			}
			e := p.list()
			if in.def != nil {
				in.def.Returns = append(in.def.Returns, e)
			}
			return
		case "raise", "assert", "del", "yield", "await", "global", "nonlocal":
			p.at++
			p.expressions(func(t token) bool { return t.kind == op && t.text == ";" })
			return
		}
	}
	p.assign(in)
}

// assign reads `a = b = value`, `a: T = value`, and expressions that are none of
// these.
func (p *parser) assign(in scope) {
	start := p.at
	first := p.list()
	line := p.tokens[start].line
	target := func(e Expr, at int) string {
		if e.Form == Name && p.tokens[at].kind == name {
			// As written, not what an import calls so.
			return dotted(p.tokens[at:p.at])
		}
		if e.Form == Index && p.tokens[at].kind == name && e.Get.Index.Form == String {
			return dotted(p.tokens[at:p.at]) + "[" + e.Get.Index.Text + "]"
		}
		return ""
	}
	word := target(first, start)
	if p.eat(op, ":") {
		from := p.at
		p.expr()
		written := joined(p.tokens[from:p.at])
		var value *Expr
		if p.eat(op, "=") {
			e := p.list()
			value = &e
		}
		p.field(in, word, written, value, line)
		if value != nil {
			p.give(in, word, *value, line)
		}
		return
	}
	words := []string{word}
	var value Expr
	given := false
	for p.is(op, "=") || p.is(op, "+=") || p.is(op, "|=") {
		plain := p.next().text == "="
		at := p.at
		value, given = p.list(), plain
		words = append(words, target(value, at))
	}
	if !given {
		return
	}
	for _, w := range words[:len(words)-1] {
		if w != "" {
			p.field(in, w, "", &value, line)
			p.give(in, w, value, line)
		}
	}
}

func (p *parser) give(in scope, word string, value Expr, line int) {
	a := Assign{word, value, line, in.cond}
	switch {
	case in.def != nil:
		in.def.Assigns = append(in.def.Assigns, a)
	case in.class == nil && word != "":
		p.m.Assigns = append(p.m.Assigns, a)
	}
}

func (p *parser) field(in scope, word, written string, value *Expr, line int) {
	if in.class != nil && in.def == nil && word != "" && !strings.HasSuffix(word, "]") {
		in.class.Fields = append(in.class.Fields, Field{word, written, value, line, in.inner})
	}
}

func dotted(list []token) string {
	var b strings.Builder
	for _, t := range list {
		if t.kind != name && (t.kind != op || t.text != ".") {
			break
		}
		b.WriteString(t.text)
	}
	return b.String()
}

func joined(list []token) string {
	var b strings.Builder
	for _, t := range list {
		b.WriteString(t.text)
	}
	return b.String()
}

func (p *parser) imports() {
	for {
		line := p.peek().line
		module := p.module()
		if module == "" {
			return
		}
		as, _, _ := strings.Cut(module, ".")
		full := as
		if p.eat(name, "as") {
			as, full = p.next().text, module
		}
		p.names[as] = full
		p.take(Import{Module: module, As: as, Line: line})
		if !p.eat(op, ",") {
			return
		}
	}
}

// take notes an import where it stands.
func (p *parser) take(i Import) {
	if i.If = p.in.some; p.in.def != nil {
		i.In = p.in.def.Name
	}
	p.m.Imports = append(p.m.Imports, i)
}

// module reads a dotted name, with the dots that a relative one begins with.
func (p *parser) module() string {
	var b strings.Builder
	for {
		t := p.peek()
		if t.kind == op && t.text == "." {
			b.WriteByte('.')
			p.at++
			continue
		}
		if t.kind != name || t.text == "import" || t.text == "as" || b.Len() > 0 && !strings.HasSuffix(b.String(), ".") {
			return b.String()
		}
		b.WriteString(t.text)
		p.at++
	}
}

func (p *parser) from() bool {
	start := p.at
	line := p.next().line
	module := p.module()
	if module == "" || !p.eat(name, "import") {
		p.at = start
		return false
	}
	p.eat(op, "(")
	for {
		t := p.peek()
		if t.kind == op && t.text == "*" {
			p.at++
			p.take(Import{Module: module, Name: "*", As: "*", Line: line})
			return true
		}
		if t.kind != name {
			p.eat(op, ")")
			return true
		}
		p.at++
		as := t.text
		if p.eat(name, "as") {
			as = p.next().text
		}
		full := module + "." + t.text
		if strings.HasSuffix(module, ".") {
			full = module + t.text
		}
		p.names[as] = full
		p.take(Import{Module: module, Name: t.text, As: as, Line: line})
		if !p.eat(op, ",") {
			p.eat(op, ")")
			return true
		}
	}
}

// expressions reads whatever stands before a token, for the calls in it.
func (p *parser) expressions(stop func(token) bool) {
	for {
		t := p.peek()
		if t.kind == newline || t.kind == end || t.kind == indent || t.kind == dedent || stop(t) {
			return
		}
		before := p.at
		p.expr()
		if p.at == before {
			p.at++
		}
	}
}

// list reads expressions with commas between them.
func (p *parser) list() Expr {
	e := p.expr()
	if !p.is(op, ",") {
		return e
	}
	whole := Expr{Form: List, Parts: []Expr{e}}
	for p.eat(op, ",") {
		if t := p.peek(); t.kind == newline || t.kind == op && t.text != "(" && t.text != "[" && t.text != "{" && t.text != "*" && t.text != "-" {
			break
		}
		whole.Parts = append(whole.Parts, p.expr())
	}
	return whole
}

// binders are the words between the operands of an expression.
var binders = []string{"and", "or", "not", "in", "is", "if", "else", "for", "async", "await", "lambda", "yield", "from"}

// operators are the signs between the operands of an expression.
var operators = []string{"+", "-", "*", "/", "//", "%", "**", "|", "&", "^", "~", "<", ">", "==", "!=", "<=", ">=", ":=", "@"}

// expr reads one expression up to a comma, a closing bracket, a colon, an
// assignment or the end of the line. One operand is what it is; several are parts
// of an expression of which no more is known.
func (p *parser) expr() Expr {
	if p.deep++; p.deep > maxDepth {
		p.deep--
		p.at++
		return Expr{}
	}
	defer func() { p.deep-- }()
	var parts []Expr
	mixed := false
	for {
		t := p.peek()
		switch {
		case t.kind == name && t.text == "lambda":
			p.lambda()
			mixed = true
		case t.kind == name && slices.Contains(binders, t.text):
			p.at++
			mixed = mixed || t.text != "await"
		case t.kind == op && slices.Contains(operators, t.text):
			p.at++
			mixed = true
		case t.kind == name || t.kind == number || t.kind == str || t.kind == op && (t.text == "(" || t.text == "[" || t.text == "{" || t.text == "..."):
			parts = append(parts, p.operand())
		default:
			if len(parts) == 1 && !mixed {
				return parts[0]
			}
			return Expr{Parts: parts}
		}
	}
}

// lambda passes over the parameters of a lambda and its colon.
func (p *parser) lambda() {
	p.at++
	for {
		t := p.peek()
		if t.kind == newline || t.kind == end || t.kind == op && (t.text == ")" || t.text == "]" || t.text == "}") {
			return
		}
		if p.eat(op, ":") {
			return
		}
		if p.eat(op, "=") {
			p.expr()
			continue
		}
		p.at++
	}
}

// operand reads a name, a literal or a bracket with what is called on it.
func (p *parser) operand() Expr {
	t := p.next()
	var e Expr
	switch t.kind {
	case number:
		e = Expr{Form: Number, Text: strings.ReplaceAll(t.text, "_", "")}
	case str:
		e = Expr{Form: String, Text: t.text}
		plain := t.plain
		for p.peek().kind == str {
			more := p.next()
			e.Text += more.text
			plain = plain && more.plain
		}
		if !plain {
			e = Expr{Text: e.Text}
		}
		if plain && len(e.Text) < 300 && !strings.Contains(e.Text, "\n") {
			p.m.Strings = append(p.m.Strings, Text{e.Text, t.line})
		}
	case name:
		text := t.text
		if full, ok := p.names[text]; ok {
			text = full
		}
		e = Expr{Form: Name, Text: text}
	case op:
		e = p.bracket(t.text)
	}
	for {
		switch {
		case p.is(op, "."):
			p.at++
			if n := p.peek(); n.kind == name {
				p.at++
				switch e.Form {
				case Name:
					e.Text += "." + n.text
				case Invoke:
					// The method of what a call gives: app.add_typer().x
					e = Expr{Form: Name, Text: e.Call.Func + "()." + n.text, Parts: []Expr{e}}
				default:
					e = Expr{Form: Name, Text: "()." + n.text, Parts: []Expr{e}}
				}
			}
		case p.is(op, "("):
			p.at++
			c := &Call{Func: e.Text, Line: t.line, Main: p.in.main, If: p.in.some, Try: p.in.tried}
			if e.Form != Name {
				c.Func = ""
			}
			if p.in.def != nil {
				c.In = p.in.def.Name
			}
			if len(e.Parts) == 1 && strings.Contains(e.Text, "().") {
				on := e.Parts[0]
				c.On = &on
			}
			p.m.Calls = append(p.m.Calls, c)
			c.Args = p.args()
			e = Expr{Form: Invoke, Call: c, Parts: e.Parts}
		case p.is(op, "["):
			p.at++
			index := Expr{}
			if !p.is(op, "]") {
				index = p.list()
			}
			p.close("]")
			g := &Get{Of: e.Text, Index: index, Line: t.line, If: p.in.some || p.in.tried}
			if p.in.def != nil {
				g.In = p.in.def.Name
			}
			if e.Form == Name {
				p.m.Gets = append(p.m.Gets, *g)
			}
			e = Expr{Form: Index, Get: g, Parts: []Expr{e, index}}
		default:
			return e
		}
	}
}

// bracket reads what stands between brackets.
func (p *parser) bracket(open string) Expr {
	closing := map[string]string{"(": ")", "[": "]", "{": "}"}[open]
	if closing == "" {
		return Expr{}
	}
	whole := Expr{Form: List}
	comma := false
	for p.peek().kind != end && !p.is(op, closing) {
		before := p.at
		switch {
		case p.eat(op, ","):
			comma = true
		case p.eat(op, ":"), p.eat(op, "="):
		case p.is(op, ")") || p.is(op, "]") || p.is(op, "}"):
			return whole // brackets that do not match
		default:
			whole.Parts = append(whole.Parts, p.expr())
		}
		if p.at == before {
			p.at++
		}
	}
	p.eat(op, closing)
	if open == "(" && !comma && len(whole.Parts) == 1 {
		return whole.Parts[0]
	}
	return whole
}

// close goes behind a closing bracket.
func (p *parser) close(sign string) {
	for p.peek().kind != end && !p.eat(op, sign) {
		if p.is(op, ")") || p.is(op, "]") || p.is(op, "}") {
			return
		}
		before := p.at
		p.expr()
		if p.at == before {
			p.at++
		}
	}
}

// args reads the arguments of a call up to its closing bracket.
func (p *parser) args() (list []Arg) {
	for p.peek().kind != end && !p.eat(op, ")") {
		if p.is(op, "]") || p.is(op, "}") {
			return list
		}
		before := p.at
		if t := p.peek(); t.kind == name && p.at+1 < len(p.tokens) && p.tokens[p.at+1].kind == op && p.tokens[p.at+1].text == "=" {
			p.at += 2
			list = append(list, Arg{t.text, p.expr()})
		} else if p.eat(op, ",") || p.eat(op, ":") {
			continue
		} else {
			list = append(list, Arg{"", p.expr()})
		}
		if p.at == before {
			p.at++
		}
	}
	return list
}
