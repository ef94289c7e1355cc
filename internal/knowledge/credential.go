package knowledge

import (
	"slices"
	"sync"
)

// A CredentialForm is how a credential stands among the arguments of a program.
type CredentialForm string

// The forms.
const (
	PasswordForm CredentialForm = "password" // the value of an option is the credential
	LoginForm    CredentialForm = "login"    // the value of an option is USER:PASSWORD
	JoinedForm   CredentialForm = "joined"   // the credential is joined to the option's letter
	LastForm     CredentialForm = "last"     // the last argument is the credential
	HostForm     CredentialForm = "host"     // it follows the name of the host that it is for
)

// A Credential is one line of credentials.jsonl: where a program takes a
// password or a token that its options' names do not tell.
type Credential struct {
	Programs []string       `json:"programs"`
	After    string         `json:"after"`   // a word that is among the arguments; "" = none
	Options  []string       `json:"options"` // nil for LastForm and HostForm
	Form     CredentialForm `json:"form"`
	origin
}

type credentials struct{ of map[string][]*Credential }

var credentialsOnce = sync.OnceValue(func() *credentials {
	x := &credentials{map[string][]*Credential{}}
	for _, c := range decode("credentials.jsonl", credentialsData, func() *Credential { return new(Credential) }) {
		for _, p := range c.Programs {
			x.of[p] = append(x.of[p], c)
		}
	}
	return x
})

// CredentialsOf are the places where a program takes a credential; nil where it
// has none but those that a name tells.
func CredentialsOf(program string) []*Credential { return credentialsOnce().of[program] }

// Has tells whether a word is one of the options.
func (c *Credential) Has(option string) bool { return slices.Contains(c.Options, option) }
