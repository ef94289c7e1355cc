package run

import (
	"strings"
	"testing"
)

func TestNeed(t *testing.T) {
	for _, c := range []struct{ line, want, first string }{
		{`psycopg.OperationalError: connection to server at "db" (172.18.0.2), port 5432 failed: Connection refused`, "PostgreSQL at db:5432", "  db:"},
		{`could not translate host name "postgres" to address: Temporary failure in name resolution (libpq)`, "PostgreSQL at postgres", "  postgres:"},
		{`Error: getaddrinfo ENOTFOUND cache`, "another service at cache", ""},
		{`redis.exceptions.ConnectionError: Error -2 connecting to redis:6379. Name or service not known.`, "Redis at redis:6379", "  redis:"},
		{`Error: connect ECONNREFUSED 127.0.0.1:27017`, "MongoDB at 127.0.0.1:27017", "  mongo:"},
		{`dial tcp: lookup mysql on 127.0.0.11:53: no such host`, "MySQL at mysql", "  mysql:"},
		{"psycopg.OperationalError: [Errno -3] Temporary failure in name resolution\nINFO: Uvicorn running on http://0.0.0.0:8000", "PostgreSQL", "  db:"},
		{`socket.gaierror: [Errno -3] Temporary failure in name resolution`, "", ""},
	} {
		n := (&Start{Logs: strings.Split(c.line, "\n"), Cause: &Cause{Kind: NoNetwork}}).Need()
		if got := n.String(); got != c.want {
			t.Errorf("%s\ngot  %q\nwant %q", c.line, got, c.want)
		}
		lines := n.Lines()
		if c.first == "" && lines != nil || c.first != "" && (len(lines) < 3 || lines[1] != c.first) {
			t.Errorf("%s: lines %q", c.line, lines)
		}
	}
	if n := (&Start{Logs: []string{"db:5432"}, Cause: &Cause{Kind: Crashed}}).Need(); n.String() != "" {
		t.Errorf("a crash needs %s", n)
	}
}
