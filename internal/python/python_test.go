package python

import (
	"fmt"
	"strings"
	"testing"
)

const server = `#!/usr/bin/env python
"""A service.

app = Nothing()  # in a text
"""
from __future__ import annotations
import os, uvicorn as uv
from fastapi import (
    FastAPI as F,  # renamed
    APIRouter,
)
from .settings import Settings
from . import jobs
router = APIRouter(prefix="/v1", tags=[f"x{1}"])

PORT: int = int(os.environ.get("PORT", "8080"))
token = os.environ['API_TOKEN']
a = b = {"k": [1, 2], **{}}
app.config["KEY"] = f"/{a}"

class Config(Settings, metaclass=M):
    name: str
    debug: bool = False
    class Config:
        env_prefix = "APP_"
    def method(self, x, y=1, *, z): return os.getenv("IN_METHOD")

@router.get("/health", status_code=200)
async def health(q: str = "a:b", *args, k: dict[str, int] = {}, **kw) -> dict[str, str]:
    match = {"a": 1}
    match["a"] = 2
    return {"status": "ok"}

def create_app(config=None):
    app = F(title="a" "b")
    app.include_router(router,
        prefix='/api')
    if config: app.state.x = lambda a, b=(1): a
    return app

try:
    app = create_app()
except Exception as e:
    raise SystemExit(f"no {e}")

if __name__ == "__main__":
    uv.run("main:app", host="0.0.0.0", port=PORT, reload=True)
`

func TestParse(t *testing.T) {
	m := Parse([]byte(strings.ReplaceAll(server, "\n", "\r\n")))
	var imports []string
	for _, i := range m.Imports {
		imports = append(imports, fmt.Sprintf("%s %s %s %d", i.Module, i.Name, i.As, i.Line))
	}
	if fmt.Sprint(imports) != "[__future__ annotations annotations 6 os  os 7 uvicorn  uv 7 fastapi FastAPI F 8 fastapi APIRouter APIRouter 8 .settings Settings Settings 12 . jobs jobs 13]" {
		t.Errorf("imports: %v", imports)
	}
	var names []string
	for _, a := range m.Assigns {
		names = append(names, a.Name)
	}
	if fmt.Sprint(names) != "[router PORT token a b app.config[KEY] app]" {
		t.Errorf("assigned: %v", names)
	}
	if c := m.Assigned("router").Value.Call; c == nil || c.Func != "fastapi.APIRouter" {
		t.Errorf("router: %+v", c)
	} else if s, _ := c.Arg("prefix", -1).Literal(); s != "/v1" {
		t.Errorf("prefix: %q", s)
	}
	if calls := m.Assigned("PORT").Value.Calls(); len(calls) != 2 || calls[1].Func != "os.environ.get" || fmt.Sprint(calls[1].Arg("", 1).Text) != "8080" {
		t.Errorf("PORT: %+v", calls)
	}
	if len(m.Gets) == 0 || m.Gets[0].Of != "os.environ" || m.Gets[0].Index.Text != "API_TOKEN" || m.Gets[0].Line != 17 {
		t.Errorf("gets: %+v", m.Gets)
	}
	if len(m.Classes) != 1 || fmt.Sprint(m.Classes[0].Bases) != "[.settings.Settings]" || len(m.Classes[0].Fields) != 3 || m.Classes[0].Fields[2].In != "Config" || m.Classes[0].Fields[0].Value != nil {
		t.Errorf("classes: %+v", m.Classes[0])
	}
	if v := m.Assigned("app.config[KEY]").Value; v.Form != Other || v.Text != "/{a}" {
		t.Errorf("a subscript's value: %+v", v)
	}
	d := m.Def("create_app")
	if d == nil || d.Needs != 0 || len(d.Returns) != 1 || d.Returns[0].Text != "app" || len(d.Assigns) == 0 || d.Assigns[0].Value.Call.Func != "fastapi.FastAPI" {
		t.Errorf("create_app: %+v", d)
	}
	h := m.Def("health")
	if h == nil || !h.Async || h.Needs != 0 || len(h.Decorators) != 1 || h.Decorators[0].Call.Func != "fastapi.APIRouter" && h.Decorators[0].Call.Func != "router.get" {
		t.Errorf("health: %+v", h)
	}
	if m.Main != 46 {
		t.Errorf("main guard at %d", m.Main)
	}
	last := m.Calls[len(m.Calls)-1]
	if last.Func != "uvicorn.run" || !last.Main || last.Arg("port", -1).Text != "PORT" || last.Arg("app", 0).Text != "main:app" {
		t.Errorf("%+v", last)
	}
	if m.Defs[0].Class != "Config" || m.Defs[0].Needs != 2 {
		t.Errorf("method: %+v", m.Defs[0])
	}
}

// TestWays: what stands on a way that may not be taken is known as such; the guard of a
// program, a loop and the else of a try are none.
func TestWays(t *testing.T) {
	m := Parse([]byte(`
def main(port=80, *, host: str = "::"):
    if dev:
        from . import debug
        one()
    else:
        two()
    while True:
        three()
    try:
        four()
    except OSError:
        five()
    else:
        six()
    while True:
        if seven():
            break
    while busy: pass
    while not stopped():
        try: pass
        except KeyboardInterrupt:
            break
if __name__ == "__main__":
    main()
    if x: eight()
`))
	var got []string
	for _, c := range m.Calls {
		got = append(got, fmt.Sprint(c.Func, c.If))
	}
	if s := strings.Join(got, " "); s != "onetrue twotrue threefalse fourfalse fivetrue sixfalse sevenfalse stoppedfalse mainfalse eighttrue" {
		t.Error(s)
	}
	if fmt.Sprint(m.Loops) != "[{8 main true false} {16 main true true} {19 main false true} {20 main false false}]" {
		t.Error(m.Loops)
	}
	if i := m.Imports[0]; i.In != "main" || !i.If {
		t.Errorf("%+v", i)
	}
	if d := m.Def("main"); len(d.Given) != 2 || d.Given[0].Name != "port" || d.Given[1].Value.Text != "::" {
		t.Errorf("%+v", d)
	}
}

// TestParseAnything: what is no Python is passed over.
func TestParseAnything(t *testing.T) {
	for _, s := range []string{"", "(", ")", "def", "class", "@", "from", "import", "a = '''open", "if x", "x[", "f(a=", "lambda", "\\", "async", "async def", "match x:\n case [1]:\n  pass\n", "print 'two'\n", strings.Repeat("(", 1000), strings.Repeat(" x:\n ", 400), strings.Repeat("if x:\n", 3), "\t\x00\xff=("} {
		if m := Parse([]byte(s)); m == nil {
			t.Errorf("%q gives nothing", s)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(server))
	f.Add([]byte("a = f'{x'\nb[1:2] = c if d else e\nlambda: (yield)"))
	f.Add([]byte(strings.Repeat("a(b[c{", 100)))
	f.Fuzz(func(t *testing.T, data []byte) {
		m := Parse(data)
		lines := strings.Count(string(data), "\n") + 1
		for _, c := range m.Calls {
			if c.Line < 1 || c.Line > lines {
				t.Errorf("a call at line %d of %d", c.Line, lines)
			}
		}
	})
}
