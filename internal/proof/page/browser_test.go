package page_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/dockworthy/dockworthy/internal/excerpt"
)

// TestPageInABrowser lays pages out in headless Chromium. Without one it is
// skipped, aloud; with DOCKWORTHY_BROWSER=required that is a failure. With
// DOCKWORTHY_SHOTS=DIR it leaves what it saw there, to be looked at.
func TestPageInABrowser(t *testing.T) {
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			program = found
			break
		}
	}
	if program == "" {
		if os.Getenv("DOCKWORTHY_BROWSER") == "required" {
			t.Fatal("DOCKWORTHY_BROWSER=required, and there is no chromium in PATH")
		}
		t.Skip("the browser test is skipped: there is no chromium in PATH")
	}
	dir := t.TempDir()
	b := startBrowser(t, program, dir)
	for name, text := range map[string]string{
		"service": render(t, excerpt.Names{}, clock),
		"broken":  render(t, excerpt.Names{}, broken),
		"shop":    render(t, excerpt.Names{}, shop),
		"hostile": render(t, excerpt.Names{}, hostile),
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(dir, name+".html")
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			b.open(t, (&url.URL{Scheme: "file", Path: file}).String())
			for _, width := range []int{360, 768, 1280} {
				b.call(t, "Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false}, nil)
				var wide int
				b.eval(t, `document.documentElement.scrollWidth`, &wide)
				if wide > width {
					var who string
					b.eval(t, `[...document.querySelectorAll("main *")].filter(e => !e.closest("pre") && e.getBoundingClientRect().right > innerWidth + 1).slice(0, 3).map(e => e.outerHTML.slice(0, 200)).join("\n")`, &who)
					t.Errorf("at a width of %d the page is %d wide:\n%s", width, wide, who)
				}
				// A word that is cut off is not read.
				var cut string
				b.eval(t, `[...document.querySelectorAll("td, th, dd, dt, h2, h5, li, p, pre, figcaption")].filter(e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== "inline").slice(0, 3).map(e => e.outerHTML.slice(0, 200)).join("\n")`, &cut)
				if cut != "" {
					t.Errorf("at a width of %d this does not fit its place:\n%s", width, cut)
				}
				b.shot(t, fmt.Sprintf("%s-%d", name, width))
			}
			for _, said := range b.said {
				t.Errorf("the browser says: %s", said)
			}
			if len(b.asked) != 1 {
				t.Errorf("the page asks for %q", b.asked)
			}
			if name == "hostile" {
				return
			}
			for _, scheme := range []string{"light", "dark"} {
				b.call(t, "Emulation.setEmulatedMedia", map[string]any{"media": "screen", "features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
				var faint []string
				b.eval(t, contrast, &faint)
				for _, f := range faint {
					t.Errorf("%s: %s", scheme, f)
				}
			}
			b.shot(t, name+"-dark")
			// A page that hangs together only in the colours that it was made in
			// could be printed white on white.
			b.call(t, "Emulation.setEmulatedMedia", map[string]any{"media": "print", "features": []map[string]string{{"name": "prefers-color-scheme", "value": "dark"}}}, nil)
			var faint []string
			b.eval(t, contrast, &faint)
			for _, f := range faint {
				t.Errorf("print: %s", f)
			}
			// The summary fits one sheet: A4 without its margins, at 96 pixels an inch.
			b.call(t, "Emulation.setDeviceMetricsOverride", map[string]any{"width": 695, "height": 1024, "deviceScaleFactor": 1, "mobile": false}, nil)
			var low float64
			b.eval(t, `document.getElementById("p1-summary").getBoundingClientRect().bottom + scrollY`, &low)
			if low > 1020 {
				t.Errorf("the printed summary is %.0f pixels high", low)
			}
			b.call(t, "Emulation.setEmulatedMedia", map[string]any{"media": ""}, nil)
			var pdf struct{ Data string }
			b.call(t, "Page.printToPDF", map[string]any{"preferCSSPageSize": true}, &pdf)
			data, err := base64.StdEncoding.DecodeString(pdf.Data)
			if err != nil || !bytes.HasPrefix(data, []byte("%PDF-")) || len(data) < 20_000 {
				t.Errorf("printing gives %d bytes: %v", len(data), err)
			}
			// What is long is not printed: the logs have all that a run can show.
			if n := len(sheets.FindAll(data, -1)); n < 2 || n > map[string]int{"service": 5, "broken": 5, "shop": 7}[name] {
				t.Errorf("it is printed on %d sheets", n)
			}
			b.leave(t, name+".pdf", data)
		})
	}
}

// sheets are the pages of a PDF.
var sheets = regexp.MustCompile(`/Type\s*/Page\b`)

// contrast lists words whose colour is too near that of their ground, by WCAG's
// measure: 4.5 to 1.
const contrast = `(() => {
	const lum = c => { const f = c.map(v => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4 }); return .2126 * f[0] + .7152 * f[1] + .0722 * f[2] };
	const parse = s => { const m = s.match(/[\d.]+/g).map(Number); return m.length > 3 && m[3] === 0 ? null : m.slice(0, 3) };
	const bad = new Map();
	for (const e of document.querySelectorAll("body *")) {
		if (e.closest("svg") || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || !e.getClientRects().length || getComputedStyle(e).visibility !== "visible") continue;
		if (e.classList.contains("hidden") || e.tagName === "SCRIPT" || e.tagName === "STYLE") continue;
		let ground = null;
		for (let a = e; a && !ground; a = a.parentElement) ground = parse(getComputedStyle(a).backgroundColor);
		ground = ground || [255, 255, 255];
		const [hi, lo] = [lum(parse(getComputedStyle(e).color)), lum(ground)].sort((a, b) => b - a);
		const ratio = (hi + .05) / (lo + .05);
		if (ratio < 4.5) bad.set(e.className + e.tagName, ratio.toFixed(2) + " to 1: " + e.outerHTML.slice(0, 120));
	}
	return [...bad.values()];
})()`

// A browser speaks Chrome's protocol over a pipe.
type browser struct {
	in      *os.File
	out     chan message
	next    int
	session string
	said    []string // errors and words on the console
	asked   []string // requests
	loaded  bool
}

type message struct {
	ID        int                       `json:"id,omitempty"`
	Method    string                    `json:"method,omitempty"`
	SessionID string                    `json:"sessionId,omitempty"`
	Params    json.RawMessage           `json:"params,omitempty"`
	Result    json.RawMessage           `json:"result,omitempty"`
	Error     *struct{ Message string } `json:"error,omitempty"`
}

func startBrowser(t *testing.T, program, dir string) *browser {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	read, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--hide-scrollbars", "--user-data-dir="+filepath.Join(dir, "profile"), "--remote-debugging-pipe", "about:blank")
	cmd.Env = append(os.Environ(), "HOME="+dir)
	cmd.ExtraFiles = []*os.File{read, write} // descriptors 3 and 4
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read.Close()
	write.Close()
	b := &browser{in: in, out: make(chan message, 1024)}
	go func() {
		defer close(b.out)
		r := bufio.NewReaderSize(out, 1<<20)
		for {
			data, err := r.ReadBytes(0)
			if err != nil {
				return
			}
			var m message
			if json.Unmarshal(bytes.TrimSuffix(data, []byte{0}), &m) == nil {
				b.out <- m
			}
		}
	}()
	t.Cleanup(func() {
		// The browser ends when asked; what remains of it is killed.
		fmt.Fprintf(in, "{\"id\":%d,\"method\":\"Browser.close\"}\x00", b.next+1)
		for range b.out {
			// Until it has closed its end.
		}
		in.Close()
		var exit *exec.ExitError
		if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
			t.Errorf("the browser does not end: %v", err)
		}
		cancel()
		out.Close()
	})
	var target struct{ TargetID string }
	b.call(t, "Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var session struct{ SessionID string }
	b.call(t, "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &session)
	b.session = session.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		b.call(t, domain+".enable", nil, nil)
	}
	return b
}

// call waits for the answer, and takes down what happens meanwhile.
func (b *browser) call(t *testing.T, method string, params, result any) {
	t.Helper()
	b.next++
	raw, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	m := message{ID: b.next, Method: method, SessionID: b.session, Params: raw}
	if params == nil {
		m.Params = json.RawMessage("{}")
	}
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.in.Write(append(data, 0)); err != nil {
		t.Fatalf("%s: %v", method, err)
	}
	for m := range b.out {
		if m.ID == b.next {
			if m.Error != nil {
				t.Fatalf("%s: %s", method, m.Error.Message)
			}
			if result != nil {
				if err := json.Unmarshal(m.Result, result); err != nil {
					t.Fatalf("%s: %v", method, err)
				}
			}
			return
		}
		b.event(m)
	}
	t.Fatalf("%s: the browser ended", method)
}

func (b *browser) event(m message) {
	switch m.Method {
	case "Page.loadEventFired":
		b.loaded = true
	case "Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded":
		b.said = append(b.said, string(m.Params))
	case "Network.requestWillBeSent":
		var p struct{ Request struct{ URL string } }
		if json.Unmarshal(m.Params, &p) == nil {
			b.asked = append(b.asked, p.Request.URL)
		}
	}
}

func (b *browser) open(t *testing.T, address string) {
	t.Helper()
	b.said, b.asked, b.loaded = nil, nil, false
	b.call(t, "Page.navigate", map[string]any{"url": address}, nil)
	for !b.loaded {
		m, ok := <-b.out
		if !ok {
			t.Fatal("the browser ended")
		}
		b.event(m)
	}
}

// eval evaluates an expression on the page; the page's policy does not hold it
// back.
func (b *browser) eval(t *testing.T, expr string, value any) {
	t.Helper()
	var out struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	b.call(t, "Runtime.evaluate", map[string]any{"expression": expr, "returnByValue": true}, &out)
	if out.ExceptionDetails != nil {
		t.Fatalf("%.60s: %s", expr, out.ExceptionDetails)
	}
	if err := json.Unmarshal(out.Result.Value, value); err != nil {
		t.Fatalf("%.60s: %v", expr, err)
	}
}

// shot leaves a picture of the page where one is wanted.
func (b *browser) shot(t *testing.T, name string) {
	t.Helper()
	if os.Getenv("DOCKWORTHY_SHOTS") == "" {
		return
	}
	var png struct{ Data string }
	b.call(t, "Page.captureScreenshot", map[string]any{"captureBeyondViewport": true, "format": "png"}, &png)
	data, err := base64.StdEncoding.DecodeString(png.Data)
	if err != nil {
		t.Fatal(err)
	}
	b.leave(t, name+".png", data)
}

func (b *browser) leave(t *testing.T, name string, data []byte) {
	t.Helper()
	dir := os.Getenv("DOCKWORTHY_SHOTS")
	if dir == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(dir, strings.ReplaceAll(name, "/", "-")), data, 0o644); err != nil {
		t.Fatal(err)
	}
}
