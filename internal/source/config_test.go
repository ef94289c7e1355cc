package source

import (
	"strings"
	"testing"
)

// What a config says has to mean something; where it does not, the line is named,
// and what it may have been meant for.
func TestConfigMeans(t *testing.T) {
	checks := []string{"non-root", "non-root/final-user-root", "secrets"}
	for _, c := range []struct{ src, want string }{
		{"", ""},
		{"profile: banking\nseverities:\n  non-root: note\n  non-root/final-user-root: warning\n", ""},
		{"run:\n  capabilities: [NET_BIND_SERVICE, cap_chown, ALL]\n  stop-limit: 5s\n  ports: [8080]\n", ""},
		{"profil: banking\n", "line 1: field profil is unknown: did you mean profile?"},
		{"profile: bank\n", `line 1: profile "bank" is neither standard nor banking`},
		{"\nchecks-as-of: yesterday\n", `line 2: checks-as-of "yesterday" is not a version such as 0.1.0`},
		{"severities:\n  secrets: note\n  non-root/final-usr-root: note\n", "line 3: severities: there is no rule or check non-root/final-usr-root: did you mean non-root/final-user-root?"},
		{"severities:\n  secrets: high\n", `line 2: severity "high" of secrets is not one of error, warning, note`},
		{"run:\n  capabilities:\n    - CHOWN\n    - NET_BIND\n", "line 4: run.capabilities: there is no capability NET_BIND: did you mean NET_BIND_SERVICE?"},
		{"run:\n  stop-limit: 5\n", "line 2: 5 has no unit: write 5s"},
		{"run:\n  start-limit: -3s\n", "line 2: run.start-limit is negative"},
		{"run:\n  start-limit: soon\n", `line 2: "soon" is not a duration such as 5s`},
		{"runtime-tools: git\n", `line 1: "git" is not a list: write [git]`},
		{"run: {pids: many}\n", `line 1: "many" is not a number`},
		{"run:\n  ports: [1, 70000]\n", "line 2: run.ports: 70000 is not a port"},
		{"run:\n  memory: lots\n", `line 2: run.memory: "lots" is not a size`},
		{"run:\n  volumes: [/data, relative]\n", `line 2: run.volumes: "relative" is not an absolute path of a folder`},
		{"run: {kind: cron}\n", `line 1: run.kind "cron" is none of service, worker, job`},
		{"run: {env: {A=B: c}}\n", `line 1: run.env: "A=B" is not a variable name`},
		{"run:\n  netwrok: none\n", "line 2: field netwrok is unknown: did you mean network?"},
	} {
		_, err := ParseConfig(ConfigName, []byte(c.src), checks)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%q: %v", c.src, err)
		case c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)):
			t.Errorf("%q: %v, not %s", c.src, err, c.want)
		}
	}
}
