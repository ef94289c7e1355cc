package engine

import (
	"errors"
	"testing"

	"github.com/dockworthy/dockworthy/internal/run"
)

func TestStartCause(t *testing.T) {
	for _, c := range []struct {
		start run.Start
		kind  run.CauseKind
		path  string
	}{
		{run.Start{Error: `exec: "uvicorn": executable file not found in $PATH`}, run.NotFound, "uvicorn"},
		{run.Start{Error: `exec: "/srv/app": stat /srv/app: no such file or directory`}, run.NotFound, "/srv/app"},
		{run.Start{Error: `exec: "/srv/app": permission denied`}, run.NotExecutable, "/srv/app"},
		{run.Start{Error: "unable to find user web: no matching entries in passwd file"}, run.NoUser, "web"},
		{run.Start{Ended: true, Code: 1, Logs: []string{"exec /srv/run.sh: no such file or directory"}}, run.NoInterpreter, "/srv/run.sh"},
		{run.Start{Ended: true, Code: 1, Logs: []string{"standard_init_linux.go:228: exec user process caused: no such file or directory"}}, run.NoInterpreter, ""},
		{run.Start{Ended: true, Code: 1, Logs: []string{"exec /srv/app: exec format error"}}, run.NotExecutable, "/srv/app"},
		{run.Start{Ended: true, Code: 127, Logs: []string{"app: error while loading shared libraries: libpq.so.5: cannot open shared object file: No such file or directory"}}, run.NoLibrary, "libpq.so.5"},
		{run.Start{Ended: true, Code: 1, Logs: []string{"Traceback", "ModuleNotFoundError: No module named 'flask'"}}, run.NoModule, "flask"},
		{run.Start{Ended: true, Code: 1, Logs: []string{"Error: Cannot find module '/srv/index.js'"}}, run.NoModule, "/srv/index.js"},
		{run.Start{Ended: true, Code: 2, Logs: []string{"python: can't open file '/srv/app.py': [Errno 13] Permission denied"}}, run.NotReadable, "/srv/app.py"},
		{run.Start{Ended: true, Code: 1, Logs: []string{"OSError: [Errno 30] Read-only file system: '/srv/data/x.db'"}}, run.ReadOnly, "/srv/data/x.db"},
		{run.Start{Ended: true, Code: 1, Logs: []string{"nginx: [emerg] mkdir() \"/var/cache/nginx/client_temp\" failed (30: Read-only file system)"}}, run.ReadOnly, ""},
		{run.Start{Ended: true, Code: 1, Logs: []string{"setgid(101) failed (1: Operation not permitted)"}}, run.NoPermission, ""},
		{run.Start{Ended: true, Code: 1, Logs: []string{"KeyError: 'DATABASE_URL'"}}, run.NoConfig, "DATABASE_URL"},
		{run.Start{Ended: true, Code: 1, Logs: []string{"Error: environment variable API_BASE_URL is not set"}}, run.NoConfig, "API_BASE_URL"},
		{run.Start{Ended: true, Code: 1, Logs: []string{"psycopg.OperationalError: could not translate host name \"db\" to address"}}, run.NoNetwork, ""},
		{run.Start{Ended: true, Code: 1, Logs: []string{"KeyError: 'DATABASE_URL'", "x.py:1: UserWarning: the API is unreachable: Temporary failure in name resolution"}}, run.NoConfig, "DATABASE_URL"},
		{run.Start{Ended: true, Code: 1, Logs: []string{"x.py:1: UserWarning: the API is unreachable: Temporary failure in name resolution"}}, run.NoNetwork, ""},
		{run.Start{Ended: true, Code: 1, Logs: []string{"  Value error, Sentry is not set [type=value_error, input_value={'DATABASE_URL': 'postgresql://x'}, input_type=dict]"}}, run.Crashed, ""},
		{run.Start{Ended: true, Code: 1, Logs: []string{"SENTRY_DSN", "  field required (type=value_error.missing)"}}, run.NoConfig, "SENTRY_DSN"},
		{run.Start{Ended: true, Code: 1, Logs: []string{"__root__", "  KEY_FILE is required (type=value_error)"}}, run.NoConfig, "KEY_FILE"},
		{run.Start{Ended: true, Code: 1, Logs: []string{`  DATABASE_AUTH_TOKEN: [ "Must be set when NODE_ENV is 'production'" ]`}}, run.NoConfig, "DATABASE_AUTH_TOKEN"},
		{run.Start{Ended: true, Code: 137, OOM: true}, run.OutOfMemory, ""},
		{run.Start{Ended: true, Code: 1, Logs: []string{"", "ValueError: boom", ""}}, run.Crashed, ""},
	} {
		got := startCause(c.start)
		if got == nil || got.Kind != c.kind || got.Path != c.path {
			t.Errorf("%+v: %+v, want %s about %q", c.start, got, c.kind, c.path)
		}
	}
	// What a program says last may be where to read about it.
	for want, logs := range map[string][]string{
		"ValueError: boom": {"Traceback", "ValueError: boom", ""},
		"Value error, Sentry is not set": {
			"pydantic_core._pydantic_core.ValidationError: 1 validation error for Config",
			"  Value error, Sentry is not set [type=value_error, input_value={'DATABASE_URL': 'postgresql://x'}, input_type=dict]",
			"    For further information visit https://errors.pydantic.dev/2.9/v/value_error",
		},
		"WORKERS: Input should be a valid integer, unable to parse string as an integer": {
			"ValidationError: 1 validation error for Settings",
			"WORKERS",
			"  Input should be a valid integer, unable to parse string as an integer [type=int_parsing, input_value='', input_type=str]",
			"    For further information visit https://errors.pydantic.dev/2.9/v/int_parsing",
		},
		"limits.burst: value is not a valid integer": {
			"ValidationError: 1 validation error for Settings",
			"limits -> burst",
			"  value is not a valid integer (type=type_error.integer)",
		},
	} {
		got := startCause(run.Start{Ended: true, Code: 1, Logs: logs})
		if got == nil || got.Kind != run.Crashed || got.Text != want {
			t.Errorf("%q: %+v, want %q", logs, got, want)
		}
	}
	if got := startCause(run.Start{Ended: true, Code: 1}); got != nil {
		t.Errorf("a silent end has the cause %+v", got)
	}
}

func TestStartError(t *testing.T) {
	for in, want := range map[string]string{
		`Error response from daemon: OCI runtime create failed: container_linux.go:380: starting container process caused: exec: "x": executable file not found in $PATH: unknown`:                 `exec: "x": executable file not found in $PATH`,
		`failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "x": permission denied: unknown`: `exec: "x": permission denied`,
		`crun: executable file x not found in $PATH: No such file or directory: OCI runtime attempted to invoke a command that was not found`:                                                      `executable file x not found in $PATH: No such file or directory: OCI runtime attempted to invoke a command that was not found`,
	} {
		if got := startError(errors.New(in)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
