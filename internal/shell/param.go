package shell

import (
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// nearScope is how many scopes a variable is looked for in for nothing.
const nearScope = 16

// get is the value of a variable here.
func (w *walker) get(name string) value {
	for l := w.loops; l != nil; l = l.outer {
		if l.name == name {
			l.used = true
		}
	}
	v, ok, passed := w.env.find(name)
	w.in.Budget.steps.Spent += passed
	if passed > nearScope && !w.spend(passed) {
		return value{}
	}
	if ok {
		return v
	}
	if isPositional(name) {
		return w.positional(name)
	}
	if name == "" || !isName(name[0]) || w.in.Lookup == nil {
		return value{}
	}
	text, ok := w.in.Lookup(name)
	if !ok {
		return value{}
	}
	v = value{state: known, text: text}
	w.root.set(name, v)
	return v
}

func isPositional(name string) bool {
	return name != "" && strings.Trim(name, "0123456789") == ""
}

func (w *walker) positional(name string) value {
	n, err := strconv.Atoi(name)
	params, ok := w.env.get(paramsName)
	if err != nil || n == 0 || !ok || params.state != known {
		return value{}
	}
	if n > len(params.list) {
		return value{state: unset}
	}
	return value{state: known, text: params.list[n-1]}
}

// assign sets a variable in the current scope.
func (w *walker) assign(name string, v value) {
	if len(v.text) > maxValue {
		w.stop(longValue)
		v = value{}
	}
	w.env.set(name, v)
}

// unknownText is how a variable of unknown value stands in a word.
func unknownText(name string) string {
	if len(name) == 1 && !isName(name[0]) {
		return "$" + name
	}
	return "${" + name + "}"
}

// param is the value of a parameter expansion. The text of a value that is not
// certain is what shall stand in the word.
func (w *walker) param(f *field, p *syntax.ParamExp) value {
	raw := func() value {
		return value{text: w.body.source(p.Pos().Offset(), p.End().Offset())}
	}
	if p.Param == nil {
		return raw()
	}
	name := p.Param.Value
	f.vars = append(f.vars, name)
	if p.Excl || p.Names != 0 || p.Width || p.IsSet || p.Flags != nil || len(p.Modifiers) > 0 {
		return raw()
	}
	v := w.get(name)
	if p.Length || p.Exp != nil || p.Slice != nil || p.Repl != nil || v.array {
		// The result may be short, but all of the value is looked at.
		if !w.spend((len(v.text) + stepsOfField/4*len(v.list)) / bytesOfCopy) {
			return raw()
		}
	}
	if v.array {
		switch {
		case p.Length && v.state == known:
			return value{state: known, text: strconv.Itoa(len(v.list))}
		case name == paramsName || name == "*":
			v = value{state: v.state, text: strings.Join(v.list, " ")}
		case p.Index == nil:
			v = element(v, 0)
		default:
			i, ok := p.Index.(*syntax.Word)
			if !ok {
				return raw()
			}
			if lit := i.Lit(); lit == "@" || lit == "*" {
				v = value{state: v.state, text: strings.Join(v.list, " ")}
			} else if n, err := strconv.Atoi(lit); err == nil {
				v = element(v, n)
			} else {
				return raw()
			}
		}
	} else if p.Index != nil {
		return raw()
	} else if name == "*" {
		if all := w.get(paramsName); all.state == known && all.array {
			v = value{state: known, text: strings.Join(all.list, " ")}
		}
	}
	switch {
	case p.Length:
		if v.certain() {
			return value{state: known, text: strconv.Itoa(len([]rune(v.text)))}
		}
		return raw()
	case p.Exp != nil:
		return w.operate(f, name, v, p.Exp, raw)
	case p.Slice != nil:
		return w.slice(v, p.Slice, raw)
	case p.Repl != nil:
		return w.replace(f, v, p.Repl, raw)
	}
	if v.state == unset {
		return value{state: known}
	}
	if v.state == unknown {
		return value{text: unknownText(name)}
	}
	return v
}

func element(v value, n int) value {
	if v.state != known {
		return value{}
	}
	if n < 0 || n >= len(v.list) {
		return value{state: unset}
	}
	return value{state: known, text: v.list[n]}
}

// operate does ${name:-word} and its kin.
func (w *walker) operate(f *field, name string, v value, e *syntax.Expansion, raw func() value) value {
	isSet := Maybe
	switch {
	case v.state == unset:
		isSet = Never
	case v.state == known:
		isSet = Always
		switch e.Op {
		case syntax.DefaultUnsetOrNull, syntax.AssignUnsetOrNull, syntax.AlternateUnsetOrNull, syntax.ErrorUnsetOrNull:
			if v.text == "" {
				isSet = Never
			}
		}
	}
	// The word is expanded only where it may be used, so that a command in it
	// is listed with the right When.
	word := func(used When) value {
		if used == Never || e.Word == nil {
			return value{state: known}
		}
		outer := w.frame
		w.cur = outer.cur.and(used)
		r := w.word(e.Word)
		w.frame = outer
		f.vars = append(f.vars, r.Vars...)
		f.subst = f.subst || r.subst
		if !r.Known || used == Maybe {
			return value{state: guess, text: r.Text}
		}
		return value{state: known, text: r.Text}
	}
	switch e.Op {
	case syntax.DefaultUnset, syntax.DefaultUnsetOrNull, syntax.AssignUnset, syntax.AssignUnsetOrNull:
		if isSet == Always {
			return v
		}
		d := word(isSet.not())
		if v.state == guess && v.text != "" {
			return v
		}
		if e.Op == syntax.AssignUnset || e.Op == syntax.AssignUnsetOrNull {
			w.assign(name, d)
		}
		return d
	case syntax.AlternateUnset, syntax.AlternateUnsetOrNull:
		return word(isSet)
	case syntax.ErrorUnset, syntax.ErrorUnsetOrNull:
		if isSet == Always {
			return v
		}
		return value{text: unknownText(name)}
	}
	if !v.certain() {
		return raw()
	}
	switch e.Op {
	case syntax.RemSmallSuffix, syntax.RemLargeSuffix, syntax.RemSmallPrefix, syntax.RemLargePrefix:
		if e.Word == nil {
			return v
		}
		p := w.pattern(e.Word)
		f.vars = append(f.vars, p.Vars...)
		if !p.Known {
			return raw()
		}
		suffix := e.Op == syntax.RemSmallSuffix || e.Op == syntax.RemLargeSuffix
		longest := e.Op == syntax.RemLargeSuffix || e.Op == syntax.RemLargePrefix
		if !w.spend(trimSteps(v.text[:min(len(v.text), maxTrim)], p.Text)) {
			return raw()
		}
		t, ok := trim(v.text, p.Text, suffix, longest)
		if !ok {
			return raw()
		}
		return value{state: known, text: t}
	case syntax.UpperAll:
		return value{state: known, text: strings.ToUpper(v.text)}
	case syntax.LowerAll:
		return value{state: known, text: strings.ToLower(v.text)}
	}
	return raw()
}

// slice does ${name:offset:length} with plain numbers.
func (w *walker) slice(v value, s *syntax.Slice, raw func() value) value {
	number := func(e syntax.ArithmExpr, otherwise int) (int, bool) {
		if e == nil {
			return otherwise, true
		}
		word, ok := e.(*syntax.Word)
		if !ok {
			return 0, false
		}
		n, err := strconv.Atoi(word.Lit())
		return n, err == nil && n >= 0
	}
	from, ok1 := number(s.Offset, 0)
	length, ok2 := number(s.Length, len(v.text))
	if !ok1 || !ok2 || !v.certain() {
		return raw()
	}
	from = min(from, len(v.text))
	return value{state: known, text: v.text[from:min(len(v.text), from+min(length, len(v.text)))]}
}

// replace does ${name/old/new} where old is plain text.
func (w *walker) replace(f *field, v value, r *syntax.Replace, raw func() value) value {
	old, with := w.pattern(r.Orig), w.word(r.With)
	f.vars = append(append(f.vars, old.Vars...), with.Vars...)
	if !v.certain() || !old.Known || !with.Known || old.Text == "" || strings.ContainsAny(old.Text[:1], "#%") || strings.ContainsAny(old.Text, `*?[\`) {
		return raw()
	}
	n := 1
	if r.All {
		n = -1
	}
	if len(with.Text)*strings.Count(v.text, old.Text) > maxValue {
		return raw()
	}
	return value{state: known, text: strings.Replace(v.text, old.Text, with.Text, n)}
}
