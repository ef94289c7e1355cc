package effects

import (
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/text"
)

// User is a user account that is made or changed.
type User struct {
	Name         string
	UID          string // as written; "" lets the tool choose
	Group        string // the primary group, by name or number; "" is the tool's choice
	MakesGroup   bool   // a group of the user's name is made too
	System       bool
	NoCreateHome bool
	Home, Shell  string     // "" is the tool's default
	Groups       []string   // supplementary groups
	NonUnique    bool       // -o: somebody else may have the UID
	Known        bool       // Name and UID are certain
	Tool         string     // useradd, adduser, usermod or passwd-line
	File         shell.Word // passwd-line: the file that the line is written to
	Span         text.Span
	Command      *shell.Command
	When         shell.When
}

// Group is a group that is made or changed.
type Group struct {
	Name    string
	GID     string // as written; "" lets the tool choose
	System  bool
	Lenient bool // -o or -f: the tool does not fail where the GID or the name is taken
	Known   bool
	Tool    string // groupadd, addgroup, groupmod; "" for a line of /etc/group
	Span    text.Span
	Command *shell.Command
	When    shell.When
}

// Membership puts a user into a supplementary group.
type Membership struct {
	User, Group string
	Span        text.Span
	Command     *shell.Command
	When        shell.When
}

// Deleted is a user or group that is taken away.
type Deleted struct {
	Name    string
	Group   bool
	Command *shell.Command
	When    shell.When
}
