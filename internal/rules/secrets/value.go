package secrets

import "github.com/dockworthy/dockworthy/internal/secret"

// worth is what a value that stands under a secret's name is worth.
type worth = secret.Worth

const (
	nothing = secret.Nothing
	dummy   = secret.Dummy
	later   = secret.Later
	literal = secret.Literal
)

// worthOf judges a value without its quotes.
func worthOf(v string) worth { return secret.WorthOf(v) }

// worthUnder judges a value by the name under which it stands, too.
func worthUnder(name, v string) worth {
	w := worthOf(v)
	if w == literal && secret.SelfNamed(name, v) && !weakPassword(v) {
		return dummy
	}
	if w == literal && secret.Asks(name, v) {
		return later
	}
	return w
}

// random tells whether a value looks as if a machine had made it.
func random(v string) bool { return secret.Random(v) }

// mixed tells whether a value has digits and letters of both cases.
func mixed(v string) bool { return secret.Mixed(v) }

// A find is a secret that shows by its look, at bytes [from, to) of a text.
type find struct {
	from, to int
	what     string // with its article
	public   bool
}

// vendors finds what has the shape of a vendor's secret.
func vendors(s string) []find {
	var found []find
	for _, m := range secret.Find(s) {
		found = append(found, find{m.From, m.To, m.What, m.Public})
	}
	return found
}
