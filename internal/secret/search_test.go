package secret

import (
	"math/rand"
	"strings"
	"testing"
)

// Search finds in a stream what Find finds in a text.
func TestSearchIsFind(t *testing.T) {
	random := "a8Fk2LqP9xT4vRz7WcYb3NdHs6JmGe5UoQi1XtBw0ZpCr"
	for _, s := range []string{
		"nothing at all", "AKIAIOSFODNN7EXAMPLE", "a=AKIA" + "Q3EGR5PLTX7M2WSK b", "x ghp_" + random[:36] + " ghp_" + random[1:37],
		"-----BEGIN RSA PRIVATE " + "KEY-----\nMIIEowIBAAKCAQEA" + random + "\n", "AccountKey=" + random + random[:40] + "==",
		"https://x/?a=b&sig=" + random + "\n", "SK" + "9f8e7d6c5b4a32100f1e2d3c4b5a6978", "v ABCDEFGHIJ0123.atlasv1." + random,
		"https://discord.com/api/webhooks/482716390548271639/" + random, "4827163905" + ":AA" + random[:33], "grep 'PRIVATE KEY' x",
	} {
		for _, pad := range []int{0, 1, 100, 5000} {
			text := strings.Repeat("- ", pad) + s + strings.Repeat(" -", pad)
			var got []Match
			Search([]byte(text), 0, len(text), func(m Match) { got = append(got, m) })
			want := Find(text)
			if len(got) != len(want) {
				t.Errorf("%q: %v, want %v", s, got, want)
				continue
			}
			for i := range got {
				if got[i] != want[i] {
					t.Errorf("%q: %v, want %v", s, got[i], want[i])
				}
			}
		}
	}
}

func BenchmarkSearch(b *testing.B) {
	texts := map[string][]byte{"text": prose(1 << 20), "random": noise(1 << 20), "zero": make([]byte, 1<<20)}
	// What begins like a secret at every byte takes no longer than it is worth.
	for _, unit := range []string{"eyJaaaaaaaaaaaaaaaa-", "sk-", "SK0", "PRIVATE KEY", "-----BEGIN PRIVATE KEY-----", "a.atlasv1.", ":AA"} {
		texts["many "+unit] = []byte(strings.Repeat(unit, 1<<20/len(unit)))
	}
	for name, data := range texts {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				Search(data, 0, len(data), func(Match) {})
			}
		})
	}
}

func noise(n int) []byte {
	data := make([]byte, n)
	rand.New(rand.NewSource(1)).Read(data)
	return data
}

// prose is text as source code has it.
func prose(n int) []byte {
	words := strings.Fields("if err != nil { return fmt.Errorf(\"open %s: %w\", path, err) } for _, skip := range list.Skip self.assert sk-learn pip_install key-value SKIP_ALL import os.path dp. SG. r8_x // comment the quick brown fox")
	r := rand.New(rand.NewSource(1))
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(words[r.Intn(len(words))])
		b.WriteByte(' ')
	}
	return []byte(b.String()[:n])
}

// What Search finds lies in the data, once, and looks like a secret to Find.
func FuzzSearch(f *testing.F) {
	for _, s := range []string{"a=AKIA" + "Q3EGR5PLTX7M2WSK b", "-----BEGIN PRIVATE " + "KEY-----\nMIIEowIBAAKCAQEAa8Fk2LqP9xT4\n", "eyJaaaaaaaaaaaa.eyJaaaaaaaaaaaa.aaaaaaaaaaaa-eyJ", "x.atlasv1.", "sk-", "&sig=aaaa"} {
		f.Add([]byte(s), 0, len(s))
	}
	f.Fuzz(func(t *testing.T, data []byte, from, to int) {
		from = max(0, min(from, len(data)))
		to = max(from, min(to, len(data)))
		Search(data, from, to, func(m Match) {
			if m.From < 0 || m.To > len(data) || m.From >= to || m.From >= m.To {
				t.Errorf("%v of %d bytes, looked for in %d-%d", m, len(data), from, to)
			}
			if len(Find(string(data[m.From:m.To]))) == 0 && !strings.Contains(m.What, "access signature") && !strings.Contains(m.What, "webhook") {
				t.Errorf("%q is none", data[m.From:m.To])
			}
		})
	})
}
