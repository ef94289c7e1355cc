package shell

import "mvdan.cc/sh/v3/syntax"

// A Connector is what stands between two commands of a list. The zero Connector
// is None.
type Connector uint8

// The connectors.
const (
	None Connector = iota // no command stands there
	Next                  // ; or a new line; then, do and the like
	And                   // &&
	Or                    // ||
	Pipe                  // |
	Amp                   // &
)

// String is the connector as it is written.
func (c Connector) String() string { return [...]string{"", ";", "&&", "||", "|", "&"}[c] }

// behind is what ends a statement of a list.
func behind(s *syntax.Stmt) Connector {
	if s.Background || s.Disown || s.Coprocess {
		return Amp
	}
	return Next
}

// connects is the connector of && and ||.
func connects(op syntax.BinCmdOperator) Connector {
	if op == syntax.AndStmt {
		return And
	}
	return Or
}

// follow notes what stands behind the last command of a statement. The innermost
// list of which it is not the last has said so before.
func (r result) follow(c Connector) {
	if r.last != nil && r.last.After == None {
		r.last.After = c
	}
}
