package secrets

import (
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/secret"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
)

// names are those around a password: of the service, its image, its users and
// databases. A password that is made of them protects nothing, and everybody who
// starts such a service for a try gives it one.
type names struct {
	// gather adds them when the first password is judged: most files have none.
	gather func(*names)
	set    map[string]bool
}

// add takes the names of a service, its image and what is set for it.
func (n *names) add(env []deploy.KeyValue, service, image string) {
	n.name(service)
	image, _, _ = strings.Cut(image, "@")
	image, _, _ = strings.Cut(path.Base(image), ":")
	n.name(image)
	for _, kv := range env {
		if !kv.HasValue {
			continue
		}
		v := kv.Value.Text // as of a Secret's base64
		if strings.Contains(kv.Value.Raw, "$") {
			v = defaults(kv.Value.Raw)
		}
		n.account(kv.Key.Text, v)
	}
}

// account takes the value of a variable that names a user or a database.
func (n *names) account(name, value string) {
	parts := secret.NameParts(name)
	if len(parts) > 0 && knowledge.AccountWords.Has(strings.ToLower(parts[len(parts)-1])) {
		n.name(value)
	}
}

// name takes a name and its words, in lower case.
func (n *names) name(s string) {
	if n.set == nil {
		n.set = map[string]bool{}
	}
	for _, w := range secret.NameParts(s) {
		n.set[strings.ToLower(w)] = true
	}
	if s = strings.ToLower(s); s != "" {
		n.set[s] = true
	}
}

// leet are the letters for which people write signs.
var leet = [2]*strings.Replacer{
	strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s"),
	strings.NewReplacer("0", "o", "1", "l", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s"),
}

// plainSpellings are the words that a password spells with signs for letters, as
// umbr4; none where it has none.
func plainSpellings(low string) (list []string) {
	if !strings.ContainsAny(low, "013457@$") || len(low) > 32 {
		return nil
	}
	for _, r := range leet {
		if plain := r.Replace(low); strings.Trim(plain, "abcdefghijklmnopqrstuvwxyz") == "" {
			list = append(list, plain)
		}
	}
	return list
}

// tell tells whether a password is one that everybody knows, or made of these
// names and such words: umbra, umbra-password, umbra123, testpassword. user is
// whose it is, and key the name under which it stands.
func (n *names) tell(password, user, key string) bool {
	low := strings.ToLower(password)
	if gather := n.gather; gather != nil {
		n.gather = nil
		gather(n)
	}
	if low == "" || weakPassword(low) || n.set[low] || strings.EqualFold(password, user) {
		return low != ""
	}
	for _, plain := range plainSpellings(low) {
		if weakPassword(plain) || n.set[plain] || strings.EqualFold(plain, user) {
			return true
		}
	}
	own := secret.NameParts(key)
	known := func(w string) (ok, telling bool) {
		return n.set[w] && (len(w) > 2 || w == low) || weakPassword(w) || secret.Filler(w) || slices.Contains(own, strings.ToUpper(w)), false
	}
	for _, w := range secret.NameParts(low) {
		w = strings.ToLower(w)
		if year := len(w) <= 4 && strings.Trim(w, "0123456789") == ""; year || n.set[w] {
			continue
		}
		if ok, _ := secret.Spelled(w, known); !ok {
			return false
		}
	}
	return true
}
