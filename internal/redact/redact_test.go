package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html/template"
	"net/url"
	"strings"
	"testing"

	"github.com/dockworthy/dockworthy/text"
)

// What is no secret is left as it is.
func TestHideLeaves(t *testing.T) {
	for _, s := range []string{
		"INFO:     Uvicorn running on http://0.0.0.0:8000 (Press CTRL+C to quit)",
		"the password is too short", "password: ", "PASSWORD=", "password = $DB_PASSWORD", "token: ${TOKEN}", `{"password": null}`, "--password-stdin",
		"https://example.com/path?x=1", "http://localhost:8080", "postgresql://$USER:$PASS@db/app", "git@github.com:a/b.git",
		"DB_PASSWORD_FILE=/run/secrets/db", "TOKENIZERS_PARALLELISM=false", "author = Jane Doe", "KEY=value", "max_tokens=4096", "COPY --from=build /opt/venv /opt/venv",
		"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "RUN --mount=type=secret,id=token cat /run/secrets/token", "Authorization: $HEADER",
		"no bearer of that name", "ARG NPM_TOKEN", "ENV SECRET_NAME=prod/db", "the secret token goes into a mount",
		"FROM python:3.12.1-Bookworm@sha256:0123456789abcdef", "docker run -u 1000:1000 app", "mailto:someone@example.com", "git+ssh://git@github.com/a/b", "`docker login --password-stdin` takes it",
	} {
		r := &Redactor{}
		if got := r.Hide(s); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
}

func TestHide(t *testing.T) {
	for s, secret := range map[string]string{
		"connect to postgresql://app:s3cr3t-Pa55@db:5432/app failed":    "s3cr3t-Pa55",
		"redis://:onlyPass123@cache:6379/0":                             "onlyPass123",
		"amqp://guest:guest9@mq/":                                       "guest9",
		"GET /hook?token=ab12CD34ef HTTP/1.1":                           "ab12CD34ef",
		"https://h.example/x?sig=Zm9vYmFyYmF6cXV4&x=1":                  "Zm9vYmFyYmF6cXV4",
		"Authorization: Bearer abc.def-123":                             "abc.def-123",
		"Authorization: Basic dXNlcjpwYXNz":                             "dXNlcjpwYXNz",
		`'authorization': 'token 9f8e7d6c5b'`:                           "9f8e7d6c5b",
		`{"user":"x","password":"hunter2!"}`:                            "hunter2!",
		`{\"password\":\"hunter2!\"}`:                                   "hunter2!",
		`{'api_key': 'k-123456'}`:                                       "k-123456",
		"DB_PASSWORD=hunter22 ./app":                                    "hunter22",
		"app --password hunter22 --host db":                             "hunter22",
		"app --api-key=hunter22":                                        "hunter22",
		"Server=db;User Id=sa;Password=Str0ng!Pass;":                    "Str0ng!Pass",
		"ValueError: bad secret_key: 'dj4ngo-insecure'":                 "dj4ngo-insecure",
		"X-Api-Key: 0123456789abcdef":                                   "0123456789abcdef",
		"Set-Cookie: session=0123456789abcdef; Path=/":                  "0123456789abcdef",
		"using ghp_x8Kq2LmZ9xTb4WcV7nRd3YpE6sHj1Gf0UiOa":                "ghp_x8Kq2LmZ9xTb4WcV7nRd3YpE6sHj1Gf0UiOa",
		"OPENAI says sk-proj-Ab12Cd34Ef56Gh78Ij90Kl12 is wrong":         "sk-proj-Ab12Cd34Ef56Gh78Ij90Kl12",
		"jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlMTIz": "eyJzdWIiOiIxMjM0In0",
		"git clone https://aB3xK9zQ7mW2pL5vN8@github.com/a/b.git":       "aB3xK9zQ7mW2pL5vN8",
		`v: '{''password'': ''aB3xK9zQ7mW2''}'`:                         "aB3xK9zQ7mW2",
		"whether u:aB3xK9zQ7mW2@reg/x:1 carries a toolchain":            "aB3xK9zQ7mW2",
		"GET https://h/x?X-Amz-Signature=G9U0GB4B9rZSFlRlskDj":          "G9U0GB4B9rZSFlRlskDj",
		`CMD ["--token","Xq7cmdtok99aaaa","x"]`:                         "Xq7cmdtok99aaaa",
		`CMD ["--token" "Xq7cmdtok99aaaa"]`:                             "Xq7cmdtok99aaaa",
		"curl -u a:Xq7hcpw99aaa localhost":                              "Xq7hcpw99aaa",
		`PGPASSWORD="pa ss'w0rd" psql`:                                  "pa ss'w0rd",
		"password => 'hunter22'":                                        "hunter22",
	} {
		r := &Redactor{}
		if got := r.Hide(s); strings.Contains(got, secret) || !strings.Contains(got, hidden) {
			t.Errorf("%q became %q", s, got)
		}
		var none *Redactor
		if got := none.Hide(s); strings.Contains(got, secret) {
			t.Errorf("by nobody, %q became %q", s, got)
		}
	}
}

const body1, body2, body3 = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgKopT9EPc+ahfT452", "A4cJF/9vxxqhRANCAASfxa8wSRBVWx5/xDjgPGcGbhm9uVWcHhA8NnN2RifpamLo", "uJ96Wy3zNrQ="

func key(eol string) string {
	return strings.Join([]string{"-----BEGIN PRIVATE KEY-----", body1, body2, body3, "-----END PRIVATE KEY-----"}, eol)
}

// A private key is hidden whole, however its lines are parted, whether its end
// is there, and each of its lines wherever it comes out again.
func TestKeys(t *testing.T) {
	for what, s := range map[string]string{
		"lines": key("\n"), "escaped": key(`\n`), "twice escaped": key(`\\n`), "CRLF": key("\r\n"), "blanks": key(" "), "one line": key(""),
		"indented": "  key: |\n    " + key("\n    "), "listing": " 3 | " + key("\n 4 | "), "cut off": strings.Split(key("\n"), "-----END")[0] + "and so on", "quoted": `"` + key(`" +`+"\n\"") + `"`,
	} {
		r := &Redactor{}
		got := r.Hide("before " + s + " after")
		for _, line := range []string{body1, body2, body3} {
			if strings.Contains(got, line) {
				t.Errorf("%s: %q shows %s", what, got, line)
			}
			if out := r.Hide("line " + line + "."); what != "one line" && strings.Contains(out, line) {
				t.Errorf("%s: later %q", what, out)
			}
		}
		if !strings.HasPrefix(got, "before ") || !strings.HasSuffix(got, " after") {
			t.Errorf("%s: %q", what, got)
		}
	}
	var none *Redactor
	lines := none.Lines(strings.Split("a\n"+key("\n")+"\nb", "\n"))
	if all := strings.Join(lines, "\n"); strings.Contains(all, body1) || strings.Contains(all, body2) || strings.Contains(all, body3) || lines[0] != "a" || lines[len(lines)-1] != "b" {
		t.Errorf("lines %q", lines)
	}
}

// What the caller gave is hidden in every form in which it may come out.
func TestGiven(t *testing.T) {
	const v = `Given<Secret>&"77"/+é`
	j, _ := json.Marshal(v)
	jj, _ := json.Marshal(string(j))
	r := &Redactor{}
	r.Give(v, "short", "plainword", "0.0.0.0", "multi line\nOf-The-Second-1")
	for what, s := range map[string]string{
		"as it is": v, "JSON": string(j), "JSON in JSON": string(jj), "others' JSON": `Given<Secret>&\"77\"/+é`, "PHP's JSON": `Given<Secret>&\"77\"\/+\u00e9`, "Python's JSON": `Given<Secret>&\"77\"/+\u00e9`,
		"Python's JSON in JSON": `Given<Secret>&\\\"77\\\"/+\\u00e9`, "HTML": template.HTMLEscapeString(v), "query": url.QueryEscape(v), "path": url.PathEscape(v),
		"base64": base64.StdEncoding.EncodeToString([]byte(v)), "a line's base64": base64.StdEncoding.EncodeToString([]byte(v + "\n")), "basic": base64.StdEncoding.EncodeToString([]byte("user:" + v)),
		"base64 of more": base64.StdEncoding.EncodeToString([]byte("ab" + v + "cd")), "URL base64": base64.RawURLEncoding.EncodeToString([]byte("a" + v)), "hex": hex.EncodeToString([]byte(v)),
		"a line of it": "Of-The-Second-1",
	} {
		out := r.Hide("x" + s + "y")
		if strings.Contains(out, s) || !strings.Contains(out, hidden) {
			t.Errorf("%s: %q became %q", what, s, out)
		}
	}
	// A value with a quote in it, in a quoted setting that does not quote it.
	if out := r.Hide(`{"password": "` + v + `", "dsn": "postgres://u:` + v + `@h/"}`); strings.Contains(out, "77") {
		t.Error(out)
	}
	for _, s := range []string{"short", "plainword", "0.0.0.0:80"} {
		if got := r.Hide(s); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
}

// A child hides more, and what it finds the parent knows.
func TestWith(t *testing.T) {
	r := &Redactor{}
	child := r.With("Only-The-Child-1")
	if got := child.Hide("Only-The-Child-1 postgres://u:Found-Here-22@h"); strings.Contains(got, "Only") || strings.Contains(got, "Found") {
		t.Error(got)
	}
	if got := r.Hide("Only-The-Child-1 Found-Here-22"); got != "Only-The-Child-1 "+Mask("Found-Here-22") {
		t.Error(got)
	}
}

func TestArgv(t *testing.T) {
	r := &Redactor{}
	got := strings.Join(r.Argv([]string{"app", "--password", "hunter22", "-e", "TOKEN=Abcdef-123456", "--password-stdin", "x", "postgres://a:Hidden-Pass1@db"}), " ")
	if got != "app --password **** -e TOKEN=Ab**** --password-stdin x postgres://a:Hi****@db" {
		t.Error(got)
	}
}

func TestSpans(t *testing.T) {
	f := text.NewFile("x", []byte("FROM a\nENV A=1\nRUN curl https://u:Hidden-Pass1@h/\n"+key("\n")+"\n"))
	r := &Redactor{}
	for range 2 {
		var got []string
		for _, s := range r.Spans(f) {
			got = append(got, f.Text(s))
		}
		if len(got) != 2 || got[0] != "Hidden-Pass1" || got[1] != key("\n") {
			t.Fatalf("%q", got)
		}
	}
}

func TestWriter(t *testing.T) {
	r := &Redactor{}
	r.Give("Known-Value-99")
	for _, c := range []struct {
		format Format
		in     string
		want   string
	}{
		{Text, "plain\tline\n", "plain\tline\n"},
		{Text, "\x1b[1;31merror\x1b[0m \x1b]0;title\x07\x1b[2J x\r\u202ey\u009bz\n", "\x1b[1;31merror\x1b[0m  ]0;title  [2J x  y z\n"},
		{Text, "has Known-Value-99 in it", "has " + Mask("Known-Value-99") + " in it"},
		{Text, "##vso[task.setvariable]x ##[group]", "# #vso[task.setvariable]x # #[group]"},
		{JSON, "{\"a\":\"\\u202ex\u202e\u0085\"}", "{\"a\":\"\\u202ex\\u202e\\u0085\"}"},
		{HTML, "<p>\u202e</p>", "<p> </p>"},
		{Text, "bad \xff byte", "bad   byte"},
	} {
		var b bytes.Buffer
		w := NewWriter(&b, r, c.format)
		for i := range len(c.in) { // byte by byte: nothing depends on how it comes
			w.Write([]byte{c.in[i]})
		}
		if err := w.Flush(); err != nil || b.String() != c.want {
			t.Errorf("%q became %q, want %q (%v)", c.in, b.String(), c.want, err)
		}
	}
}

// The time is that of reading the text.
func BenchmarkHide(b *testing.B) {
	for _, unit := range []string{"password=", "password=\"", "authorization: ", "-----BEGIN PRIVATE KEY-----", "https://a:b", "key\\\\\"", "PASSPASS"} {
		for _, n := range []int{100_000, 1_000_000} {
			s := strings.Repeat(unit, n/len(unit))
			b.Run(unit+"/"+string(rune('0'+n/1_000_000)), func(b *testing.B) {
				b.SetBytes(int64(len(s)))
				for b.Loop() {
					(&Redactor{}).Hide(s)
				}
			})
		}
	}
}
