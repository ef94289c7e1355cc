package recipe

import (
	"regexp"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

// Numeric writes a user's number in the place of its name: the engine takes its group and
// its home from /etc/passwd all the same.
func Numeric(b *source.Build, step *source.Step, name, uid string) Advice {
	rest := step.Rest()
	if rest.Text != name && !strings.HasPrefix(rest.Text, name+":") {
		return Advice{} // it is put together of variables
	}
	title := "write USER " + uid + rest.Text[len(name):]
	at := text.Span{Start: rest.Span.Start, End: rest.Span.Start + len(name)}
	return Advice{Help: title, Fixes: []check.Fix{fix(title, check.Unsafe, "another version of the image may number its user otherwise", b.Text(), text.Edit{Span: at, New: uid})}}
}

var localhostRE = regexp.MustCompile(`(^|://|[\s"'=])localhost([:/\s"']|$)`)

// Loopback writes 127.0.0.1 in the place of localhost in a command. known tells that the
// program listens there.
func Loopback(at check.Place, known bool) Advice {
	if at.Span.IsZero() {
		return Advice{}
	}
	var edits []text.Edit
	part := at.File.Text(at.Span)
	for _, m := range localhostRE.FindAllStringSubmatchIndex(part, -1) {
		start := at.Span.Start + m[3]
		edits = append(edits, text.Edit{Span: text.Span{Start: start, End: start + len("localhost")}, New: "127.0.0.1"})
	}
	if len(edits) == 0 {
		return Advice{}
	}
	title := "write 127.0.0.1 in place of localhost"
	if known {
		return Advice{Fixes: []check.Fix{fix(title, check.Safe, "", at.File, edits...)}}
	}
	return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, "a program that listens on IPv6 only is not asked any more", at.File, edits...)}}
}
