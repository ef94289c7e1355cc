package page_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/excerpt"
	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/image/read"
	"github.com/dockworthy/dockworthy/internal/origin"
	"github.com/dockworthy/dockworthy/internal/proof"
	"github.com/dockworthy/dockworthy/internal/proof/page"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source"
)

// readLog reads a recorded run. service.json is the recording of a small
// service, with all that a run can have seen; the build of broken.json fails.
func readLog(t *testing.T, name string) *run.Log {
	t.Helper()
	data, err := os.ReadFile("testdata/page/" + name)
	if err != nil {
		t.Fatal(err)
	}
	log := &run.Log{}
	if err := json.Unmarshal(data, log); err != nil {
		t.Fatal(err)
	}
	return log
}

// A layer is a layer of a test's image: the instruction, and files by name. A
// name with .wh. before it removes the file.
type layer struct {
	by    string
	files [][2]string
}

// imageOf packs an image as docker save does, and reads it.
func imageOf(t *testing.T, layers ...layer) *image.Image {
	t.Helper()
	pack := func(files ...[2]string) []byte {
		var b bytes.Buffer
		tw := tar.NewWriter(&b)
		for _, f := range files {
			if err := tw.WriteHeader(&tar.Header{Name: f[0], Mode: 0o755, Size: int64(len(f[1]))}); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(tw, f[1]); err != nil {
				t.Fatal(err)
			}
		}
		if err := tw.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	var history []map[string]any
	var ids, names []string
	var files [][2]string
	for i, l := range layers {
		data := pack(l.files...)
		ids = append(ids, fmt.Sprintf("sha256:%x", sha256.Sum256(data)))
		names = append(names, fmt.Sprintf("%d.tar", i))
		files = append(files, [2]string{names[i], string(data)})
		history = append(history, map[string]any{"created_by": l.by})
	}
	config, err := json.Marshal(map[string]any{
		"architecture": "amd64", "os": "linux", "history": history,
		"config": map[string]any{"User": "65532:65532", "Entrypoint": []string{"/clock"}, "Healthcheck": map[string]any{"Test": []string{"CMD", "/clock"}, "Interval": 15e9, "Timeout": 4e9}},
		"rootfs": map[string]any{"type": "layers", "diff_ids": ids},
	})
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := json.Marshal([]map[string]any{{"Config": "config.json", "RepoTags": []string{"clock:1"}, "Layers": names}})
	if err != nil {
		t.Fatal(err)
	}
	data := pack(append([][2]string{{"config.json", string(config)}, {"manifest.json", string(manifest)}}, files...)...)
	img, err := read.Archive(t.Context(), check.ImageOf+"Dockerfile", bytes.NewReader(data), int64(len(data)), read.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// proofOf is the result of a project's Dockerfile with an image and a log.
func proofOf(t *testing.T, files map[string]string, img *image.Image, log *run.Log) *check.Result {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, data := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(data)}
	}
	p := dockworthy.Open(fsys, []string{"."}, source.Options{})
	for _, u := range p.Units() {
		if u.Kind != source.Dockerfile {
			continue
		}
		builds, prob := p.Builds(u)
		if prob != nil {
			t.Fatal(prob.Err)
		}
		proof := &proof.Proof{Evidence: check.Evidence{Source: builds[0], Image: img, Run: log}}
		proof.Report = dockworthy.Look(proof.Evidence, check.Options{})
		return proof.Result(u)
	}
	t.Fatal("there is no Dockerfile")
	return nil
}

const clockDockerfile = `FROM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY main.go ./
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build -buildvcs=false -trimpath -ldflags=-s -o /out/clock .

# dockworthy: allow pinned-base because the tag is what our mirror freezes until 2099-01-01
FROM gcr.io/distroless/static-debian12:nonroot AS runtime
COPY --from=build /out/clock /clock
EXPOSE 8080
USER 65532:65532
HEALTHCHECK --interval=15s --timeout=4s CMD ["/clock", "-probe", "http://127.0.0.1:8080/health"]
ENTRYPOINT ["/clock"]
CMD ["-listen", "0.0.0.0:8080"]
`

func clock(t *testing.T) *check.Result {
	big := strings.Repeat("wasted bytes and used ones\n", 20_000)
	return proofOf(t, map[string]string{"Dockerfile": clockDockerfile, ".dockerignore": "*\n!go.mod\n!main.go\n", "go.mod": "module clock\n", "main.go": "package main\n"},
		imageOf(t,
			layer{"COPY / # buildkit", [][2]string{{"etc/passwd", "root:x:0:0::/root:/sbin/nologin\nnonroot:x:65532:65532::/home/nonroot:/sbin/nologin\n"}, {"usr/share/zones", big[:200_000]}}},
			layer{"COPY /out/clock /clock # buildkit", [][2]string{{"clock", big}, {"tmp/left.tar", big[:300_000]}}},
			layer{"RUN /bin/sh -c rm /tmp/left.tar # buildkit", [][2]string{{"tmp/.wh.left.tar", ""}, {"clock", big}}},
		), readLog(t, "service.json"))
}

const brokenDockerfile = `FROM python:3.11-slim-bookworm as builder
WORKDIR /app
RUN apt-get update && apt-get install -y --no-install-recommends gcc && rm -rf /var/lib/apt/lists/*
COPY requirements.txt .
RUN pip install --user -r requirements.txt
FROM python:3.11-slim-bookworm as runtime
RUN addgroup --system appgroup && adduser --system --group appuser
COPY --from=builder /root/.local /root/.local
COPY --from=builder /usr/bin/curl /usr/bin/curl
COPY --chown=appuser:appgroup . .
USER appuser
EXPOSE 8000
HEALTHCHECK CMD curl -f http://localhost:8000/health || exit 1
ENTRYPOINT ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8000"]
`

func broken(t *testing.T) *check.Result {
	return proofOf(t, map[string]string{"Dockerfile": brokenDockerfile, ".dockerignore": ".git\n.env\n", "requirements.txt": "uvicorn\n", "main.py": "app = None\n"}, nil, readLog(t, "broken.json"))
}

// identity is what the pages say of themselves.
var identity = page.Identity{
	Origin:  origin.Origin{Repository: "https://git.example/team/clock.git", Commit: "0123456789abcdef0123456789abcdef01234567", Compared: true, Modified: 1},
	Command: []string{"dockworthy", "prove", "--format", "html", "--env", "API_TOKEN=Zx81qqP0wLmN55t", "a b"},
	Key:     "the-key",
}

// page writes proofs as one page.
func render(t *testing.T, names excerpt.Names, proofs ...func(*testing.T) *check.Result) string {
	t.Helper()
	var b bytes.Buffer
	w := page.New(&b, names, identity)
	for _, proof := range proofs {
		if err := w.Result(proof(t)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(nil); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// An element is one element of a page.
type element struct {
	name   string
	attrs  map[string]string
	parent *element
	inside []*element
	text   strings.Builder // its own and that of what is in it
}

func (e *element) walk(f func(*element)) {
	f(e)
	for _, c := range e.inside {
		c.walk(f)
	}
}

func (e *element) all(name string) (list []*element) {
	e.walk(func(e *element) {
		if e.name == name {
			list = append(list, e)
		}
	})
	return list
}

// words is an element's text with its white space folded.
func (e *element) words() string { return strings.Join(strings.Fields(e.text.String()), " ") }

func (e *element) id(id string) (found *element) {
	e.walk(func(e *element) {
		if e.attrs["id"] == id {
			found = e
		}
	})
	return found
}

// parse reads a page strictly, as XML: what does not close what it opens, or
// leaves a value without quotes, is an error.
func parse(t *testing.T, page string) *element {
	t.Helper()
	root := &element{name: "#root"}
	at := root
	dec := xml.NewDecoder(strings.NewReader(page))
	for {
		tok, err := dec.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("the page is not well formed: %v", err)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			e := &element{name: tok.Name.Local, attrs: map[string]string{}, parent: at}
			for _, a := range tok.Attr {
				e.attrs[a.Name.Local] = a.Value
			}
			at.inside = append(at.inside, e)
			at = e
		case xml.EndElement:
			switch at.name {
			case "code", "span", "b", "em", "mark", "a":
			default:
				// What is laid out apart is apart.
				for e := at; e != nil; e = e.parent {
					e.text.WriteByte(' ')
				}
			}
			at = at.parent
		case xml.CharData:
			for e := at; e != nil; e = e.parent {
				e.text.Write(tok)
			}
		}
	}
	return root
}

// sound holds what every page has to keep.
func sound(t *testing.T, page string) *element {
	t.Helper()
	doc := parse(t, page)
	if strings.Contains(page, "ZgotmplZ") {
		t.Error("a value was refused by its place")
	}
	ids := map[string]bool{}
	level := 0
	doc.walk(func(e *element) {
		if id := e.attrs["id"]; id != "" {
			if ids[id] {
				t.Errorf("the id %s stands twice", id)
			}
			ids[id] = true
		}
		for name := range e.attrs {
			if name == "style" || name == "src" || strings.HasPrefix(name, "on") {
				t.Errorf("<%s> has %s=%q", e.name, name, e.attrs[name])
			}
		}
		switch e.name {
		case "h1", "h2", "h3", "h4", "h5":
			n := int(e.name[1] - '0')
			if n > level+1 {
				t.Errorf("heading %q of level %d follows one of level %d", e.words(), n, level)
			}
			level = n
			if e.words() == "" {
				t.Errorf("an empty <%s>", e.name)
			}
		case "th":
			if e.attrs["scope"] == "" {
				t.Errorf("header %q has no scope", e.words())
			}
		case "svg":
			if e.attrs["aria-hidden"] == "" && e.attrs["aria-label"] == "" {
				t.Error("a drawing is neither named nor hidden")
			}
		case "link", "img", "iframe", "object", "embed", "base", "form", "audio", "video", "image":
			t.Errorf("the page has <%s>", e.name)
		}
	})
	doc.walk(func(e *element) {
		if href, ok := e.attrs["href"]; ok {
			if id, inside := strings.CutPrefix(href, "#"); !inside || !ids[id] {
				t.Errorf("<%s href=%q> leads nowhere", e.name, href)
			}
		}
	})
	for _, name := range []string{"style", "h1", "main", "head"} {
		if got := len(doc.all(name)); got != 1 {
			t.Errorf("%d <%s>", got, name)
		}
	}
	if len(doc.all("script")) > 0 {
		t.Error("the page has a script")
	}
	if got := len(doc.all("head")[0].all("title")); got != 1 {
		t.Errorf("%d titles", got)
	}
	if html := doc.all("html"); len(html) != 1 || html[0].attrs["lang"] != "en" {
		t.Error("the page does not name its language")
	}
	return doc
}

// cells are the words of a rule's row in the scorecard, with their classes.
func cells(t *testing.T, doc *element, rule string) (words, classes []string) {
	t.Helper()
	for _, tr := range doc.id("p1-scorecard").all("tr") {
		head := tr.all("th")[0]
		if !strings.Contains(" "+head.words()+" ", " "+rule+" ") {
			continue
		}
		for _, td := range tr.all("td") {
			words = append(words, td.words())
			classes = append(classes, td.attrs["class"])
		}
	}
	if len(words) != 3 {
		t.Fatalf("%s has %d cells", rule, len(words))
	}
	return words, classes
}

func says(t *testing.T, e *element, words ...string) {
	t.Helper()
	if e == nil {
		t.Fatal("there is no such part")
	}
	all := e.words()
	for _, w := range words {
		if !strings.Contains(all, w) {
			t.Errorf("%q is not in: %.3000s", w, all)
		}
	}
}

func TestPage(t *testing.T) {
	text := render(t, excerpt.Names{}, clock)
	if len(text) > 150_000 {
		t.Errorf("the page has %d bytes", len(text))
	}
	doc := sound(t, text)
	says(t, doc.id("p1"), "Dockerfile", "Target runtime", "Profile standard", "2 March 2026, 09:14:07 UTC", "Docker Engine 20.10.24+dfsg1", "dockworthy "+dockworthy.Version)
	says(t, doc.id("p1"), "violated", "entrypoint")
	for _, rule := range []string{"multi-stage", "non-root", "layer-cache", "pinned-base", "secrets", "dockerignore", "entrypoint", "healthcheck"} {
		cells(t, doc, rule)
	}
	words, classes := cells(t, doc, "non-root")
	if classes[0] != "holds" || classes[2] != "violated" || !strings.HasPrefix(words[2], "violated") {
		t.Errorf("non-root: %q %q", words, classes)
	}
	says(t, doc.id("p1-scorecard"), "the levels disagree")
	says(t, doc.id("p1-image"), "wasted", "/tmp/left.tar", "of layer 2, deleted in layer 3", "copied by layer 3 to change its mode", "COPY /out/clock /clock", "line 10")
	says(t, doc.id("p1-build"), "After an edit to main.go the build takes 2.6 s, and 5 of 8 steps come from the cache.", "stage build", "stage runtime", "55 s", "cached", "ab12ab12",
		"test_data/rows.csv file in the build context found layer 2 /srv/test_data/rows.csv", "GITHUB_TOKEN build argument found history 7 config env TOKEN", ".env file in the build context not found")
	says(t, doc.id("p1-run"), "every process frozen until unhealthy", "resumed until healthy again", "within 57 s",
		"SIGTERM: exited with status 0 after 0.07 s, without open connections", "still running after 10 s, killed", "limit 2.0 s",
		"uid 65532, gid 65532", "uid 0, gid 0: root", "NET_BIND_SERVICE, SYS_ADMIN", "zombie", "only from inside the container", "on every interface",
		"--dockworthy-override reaches the program", "1 zombie", "/var/lib/clock/state.db", "--read-only", "listening on 0.0.0.0:8080",
		"the frozen task was replaced after 18 s")
	says(t, doc.id("p1-open"), "orphans The program ended before it could be asked.", "The tag is what our mirror freezes.", "2099-01-01")
	says(t, doc.id("p1-checks"), "non-root/final-user-root", "supports CIS Docker Benchmark")
}

// Each finding stands on the page, with its id, its words and what to do.
func TestPageTellsEveryFinding(t *testing.T) {
	for _, proof := range []func(*testing.T) *check.Result{clock, broken} {
		doc := sound(t, render(t, excerpt.Names{}, proof))
		findings := proof(t).Findings
		if len(findings) == 0 {
			t.Fatal("there is nothing to tell")
		}
		for _, f := range findings {
			says(t, doc.id("p1-findings"), f.ID(), strings.ReplaceAll(f.Message, "`", ""), f.Check.Why)
		}
		causes := check.ByCause(findings)
		if got := len(doc.id("p1-findings").all("article")); got != len(causes) {
			t.Errorf("%d findings on the page, want %d", got, len(causes))
		}
		// What to do is a line for each cause that counts, the errors first.
		want, seen := 0, ""
		for _, g := range causes {
			if g[0].Severity > check.Note {
				want++
			}
		}
		for _, li := range doc.id("p1-todo").all("li") {
			if seen == "warning" && li.attrs["class"] == "error" {
				t.Error("an error stands below a warning")
			}
			if seen = li.attrs["class"]; seen == "note" {
				t.Error("a note is among what to do")
			}
		}
		if got := len(doc.id("p1-todo").all("li")); got != min(want, 6) {
			t.Errorf("%d things to do, want %d", got, want)
		}
	}
}

func TestPageOfABuildThatFails(t *testing.T) {
	text := render(t, excerpt.Names{}, broken)
	doc := sound(t, text)
	says(t, doc.id("p1-failure"), "The build fails", "/usr/bin/curl is not in builder", "COPY --from=builder /usr/bin/curl", "failed to calculate checksum")
	says(t, doc.id("p1-summary").all("ul")[0], "Does not build: ", "/usr/bin/curl is not in builder")
	if strings.Index(text, `id="p1-failure"`) > strings.Index(text, `id="p1-findings"`) {
		t.Error("what stopped it does not come first of the details")
	}
	for _, rule := range []string{"non-root", "secrets", "entrypoint", "healthcheck"} {
		words, classes := cells(t, doc, rule)
		for _, i := range []int{1, 2} {
			if classes[i] != "not-looked-at" || !strings.HasPrefix(words[i], "not looked at") {
				t.Errorf("%s: %q %q", rule, words, classes)
			}
		}
	}
	if doc.id("p1-image") != nil {
		t.Error("there is an image")
	}
	says(t, doc.id("p1-build"), "failed")
	says(t, doc.id("p1-run"), "was not run")
}

// What is undecided is neither good nor bad, and says what would settle it.
func TestPageOfDoubt(t *testing.T) {
	doc := sound(t, render(t, excerpt.Names{}, func(t *testing.T) *check.Result {
		return proofOf(t, map[string]string{"Dockerfile": "FROM registry.example/team/base:1.2.3@sha256:" + strings.Repeat("0", 64) + "\nENTRYPOINT [\"/app\"]\n"}, nil, &run.Log{Name: check.RunOf + "Dockerfile"})
	}))
	words, classes := cells(t, doc, "non-root")
	if classes[0] != "undecided" || !strings.HasPrefix(words[0], "undecided") {
		t.Errorf("non-root: %q %q", words, classes)
	}
	says(t, doc.id("p1"), "No rule is violated, and", "cannot be decided")
	says(t, doc.id("p1-open"), "non-root/final-user-root", "describe the base image under bases: in .dockworthy.yaml")
}

func TestPageOfAProgramThatDoesNotComeUp(t *testing.T) {
	doc := sound(t, render(t, excerpt.Names{}, func(t *testing.T) *check.Result {
		res := clock(t)
		log := readLog(t, "service.json")
		bad := *log.Start
		bad.Up, bad.Ended, bad.Code, bad.Logs = false, true, 1, []string{"open /data: read-only file system"}
		bad.Cause = &run.Cause{Kind: run.ReadOnly, Path: "/data", Text: "it must write to /data, which is read-only"}
		log.Start, log.Relaxed = &bad, &bad
		log.Procs, log.Health, log.Stop, log.StopBusy, log.Override, log.Orphan = nil, nil, nil, nil, nil, nil
		ev := res.Reports[0].Evidence
		ev.Run = log
		return check.ResultOf(res.Unit, dockworthy.Look(ev, check.Options{}))
	}))
	says(t, doc.id("p1-failure"), "The program ends by itself", "After 0.89 s with status 1: it must write to /data", "open /data: read-only file system")
	says(t, doc.id("p1-run"), "With a writable root file system", "ended by itself after 0.89 s with status 1: it must write to /data")
}

// A step that ran again after the edit has its cause beside it.
func TestPageCauses(t *testing.T) {
	log := readLog(t, "service.json")
	n := 0
	for i := range log.Rebuild.Steps {
		if s := &log.Rebuild.Steps[i]; s.Index > 1 && !s.Cached {
			n++
			s.Because = fmt.Sprintf("its parent COPY main.go ./ (line %d) ran again", n)
		}
	}
	if n == 0 {
		t.Fatal("nothing ran again in the recording")
	}
	doc := sound(t, render(t, excerpt.Names{}, func(t *testing.T) *check.Result {
		return proofOf(t, map[string]string{"Dockerfile": "FROM alpine:latest\n"}, nil, log)
	}))
	for i := range n {
		says(t, doc.id("p1-build"), fmt.Sprintf("cause: its parent COPY main.go ./ (line %d) ran again", i+1))
	}
}

// evil is what would be markup where it is not escaped, and too long for a line.
var evil = `"><script>alert(1)</script><img src=x onerror=alert(2)>` + "'`</style></title>&lt;--><!--" + "\x1b[31m\u202e" + strings.Repeat("long", 100)

// hostile is a proof in which everything that can be said is evil.
func hostile(t *testing.T) *check.Result {
	log := readLog(t, "service.json")
	log.ID, log.Engine.Name, log.Image = evil, evil, evil
	log.Settings.Writable = []string{"/" + evil}
	log.Settings.Command = []string{evil}
	log.Build.Bases[0].Ref = evil
	for i := range log.Build.Steps {
		s := &log.Build.Steps[i]
		s.Stage, s.Instr, s.Name = s.Stage+evil, s.Instr+evil, s.Name+evil
	}
	log.Rebuild.Touched = evil
	for i := range log.Rebuild.Steps {
		log.Rebuild.Steps[i].Because = evil
	}
	log.Start.Argv, log.Start.User, log.Start.Logs, log.Start.Wrote = []string{evil}, evil, []string{evil}, []string{evil}
	log.Procs.List[0].Argv = []string{evil}
	log.Procs.List[0].State = evil
	log.Procs.Listens[0].Address = evil
	log.Health.Test = []string{evil}
	log.Health.Healthy, log.Health.Last = false, evil
	log.Stop.Signal = evil
	log.Override.Seen, log.Override.Word = evil, evil
	log.Canaries.Planted[0] = run.Canary{Kind: evil, Name: evil, Found: []string{evil}}
	log.Swarm.Error = evil
	log.Unseen = map[string]string{evil: evil}
	return proofOf(t, map[string]string{
		"Dockerfile": "FROM alpine:latest AS build\n# dockworthy: allow secrets because " + strings.ReplaceAll(evil, "\n", " ") + "\nRUN echo '" + evil + "'\nENV PASSWORD=" + `"x<b>y</b>"` + "\nCMD echo " + evil + "\n",
	}, imageOf(t, layer{"RUN " + evil, [][2]string{{"a" + evil, "some bytes"}}}, layer{"RUN rm " + evil, [][2]string{{"a" + evil, "some other bytes"}}}), log)
}

// Nothing that a Dockerfile, a builder or a program says can become markup.
func TestPageEscapes(t *testing.T) {
	failing := func(t *testing.T) *check.Result {
		log := readLog(t, "broken.json")
		log.Build.Error, log.Build.Step, log.Build.Tail = evil, evil, []string{evil}
		return proofOf(t, map[string]string{"<b>/Dockerfile": "FROM alpine:latest\n"}, nil, log)
	}
	text := render(t, excerpt.Names{}, hostile, failing)
	doc := sound(t, text)
	says(t, doc.id("p1-run"), `<script>alert(1)</script><img src=x onerror=alert(2)>`)
	says(t, doc.id("p2-failure"), `<script>alert(1)</script>`)
	says(t, doc.id("p2"), "<b>/Dockerfile")
	if strings.ContainsAny(text, "\x1b\u202e") {
		t.Error("a control character is on the page")
	}
	// The page may run its own script alone, and ask nobody for anything.
	for _, meta := range doc.all("meta") {
		if meta.attrs["http-equiv"] == "Content-Security-Policy" {
			if p := meta.attrs["content"]; !strings.HasPrefix(p, "default-src 'none'; style-src 'sha256-") || strings.Contains(p, "unsafe") {
				t.Errorf("the policy is %s", p)
			}
			return
		}
	}
	t.Error("there is no policy")
}

// No secret, no value of the environment and no folder of this machine is shown,
// wherever it turns up.
func TestPageHides(t *testing.T) {
	const secret = "Zx81qqP0wLmN55t"
	const token, env, root = "ghp_x8Kq2LmZ9xTb4WcV7nRd3YpE6sHj1Gf0UiOa", "postgres://app:S3cretWord@db/app", "/home/somebody/project"
	text := render(t, excerpt.Names{Root: root, From: root}, func(t *testing.T) *check.Result {
		log := readLog(t, "service.json")
		for i := range log.Build.Steps {
			log.Build.Steps[i].Instr += " --password " + secret
		}
		log.Start.Logs = []string{"connecting to " + env, "token " + token, "password " + secret}
		log.Procs.List[0].Argv = append(log.Procs.List[0].Argv, "--password", secret, token)
		log.Settings.Env = map[string]string{"DATABASE_URL": env}
		log.Unseen = map[string]string{"orphans": "open " + root + "/main.go: no"}
		log.Rebuild.Error = "lstat " + root + "/src: no such file"
		log.Start.Up, log.Start.Ended, log.Start.Error = false, true, "exec "+root+"/x with "+env
		log.Health.Healthy, log.Health.Last = false, secret
		log.Override.Seen = secret
		res := proofOf(t, map[string]string{"Dockerfile": "FROM python:3.12.8-slim-bookworm\nENV DB_PASSWORD=" + secret + "\nCMD python app.py --password " + secret + "\n"},
			imageOf(t, layer{"ENV DB_PASSWORD=" + secret, [][2]string{{"app.py", "password = '" + token + "'"}}}), log)
		res.Proof.Given = append(res.Proof.Given, "Another0ne!") // a build argument
		log.Build.Bases[0].Ref = "x Another0ne! y"
		return res
	})
	sound(t, text)
	for _, word := range []string{secret, token, env, "S3cretWord", root} {
		if strings.Contains(text, word) {
			at := strings.Index(text, word)
			t.Errorf("%s is shown: …%s…", word, text[max(0, at-100):at+len(word)])
		}
	}
	if !strings.Contains(text, "DATABASE_URL") || !strings.Contains(text, "secrets/in-env") {
		t.Error("the names are not shown, so this shows nothing")
	}
}

func TestPageIsTheSameEachTime(t *testing.T) {
	first := render(t, excerpt.Names{}, clock, broken)
	for range 8 {
		if render(t, excerpt.Names{}, clock, broken) != first {
			t.Fatal("the same proofs give another page")
		}
	}
	doc := sound(t, first)
	if n := len(doc.all("nav")[0].all("li")); n != 2 {
		t.Errorf("the list of proofs has %d entries", n)
	}
	says(t, doc, "Proofs of 2 builds")
}

func TestEmptyPage(t *testing.T) {
	says(t, sound(t, render(t, excerpt.Names{})), "There is no proof.")
}

// Every outcome has a word and a sign of its own: nothing is told by colour
// alone.
func TestOutcomesOnThePage(t *testing.T) {
	doc := sound(t, render(t, excerpt.Names{}, clock))
	var seen []string
	for _, dl := range doc.id("p1-scorecard").all("dl") {
		for _, dt := range dl.all("dt") {
			use := dt.all("use")
			if len(use) != 1 || doc.id(strings.TrimPrefix(use[0].attrs["href"], "#")) == nil || slices.Contains(seen, use[0].attrs["href"]) {
				t.Errorf("%s has no sign of its own", dt.words())
			}
			seen = append(seen, use[0].attrs["href"], dt.words())
		}
	}
	for _, word := range []string{"holds", "violated", "undecided", "not applicable", "not looked at"} {
		if !slices.Contains(seen, word) {
			t.Errorf("%q is not explained", word)
		}
	}
}

// The summary comes before all details and identifies what was proved.
func TestSummary(t *testing.T) {
	text := render(t, excerpt.Names{}, clock)
	doc := sound(t, text)
	sum := doc.id("p1-summary")
	for _, part := range []string{"p1-scorecard", "p1-todo", "p1-identity"} {
		inside := false
		for e := doc.id(part); e != nil; e = e.parent {
			inside = inside || e == sum
		}
		if !inside {
			t.Errorf("%s is not in the summary", part)
		}
	}
	if strings.Index(text, `id="p1-summary"`) > strings.Index(text, `id="p1-findings"`) {
		t.Error("the summary does not come first")
	}
	says(t, sum, "It was healthy in ", "Repository https://git.example/team/clock.git", "Commit 0123456789abcdef0123456789abcdef01234567, dirty: 1 changed file", "not published, so it has no manifest digest",
		"Config none", "Signature not signed", "dockworthy prove --format html --env API_TOKEN=", "'a b'")
	if strings.Contains(text, "Zx81qqP0wLmN55t") || strings.Contains(text, "the-key") {
		t.Error("the summary shows a secret, or a key that signed nothing")
	}
	identity := doc.id("p1-identity").words()
	doc = sound(t, render(t, excerpt.Names{}, func(t *testing.T) *check.Result {
		res := clock(t)
		res.Proof.Published = []check.Published{{Name: "registry.example/clock:1", Digest: "sha256:" + strings.Repeat("ab", 32), Signed: true}}
		return res
	}))
	says(t, doc.id("p1-identity"), "Manifest registry.example/clock:1@sha256:abab", "the results are signed with the key the-key")
	if strings.Contains(identity, "Manifest") {
		t.Error("there is a manifest of what was not published")
	}
	// What nobody said is not known.
	var b bytes.Buffer
	w := page.New(&b, excerpt.Names{}, page.Identity{})
	if err := errors.Join(w.Result(clock(t)), w.Close(nil)); err != nil {
		t.Fatal(err)
	}
	says(t, parse(t, b.String()).id("p1-identity"), "Repository not known", "Commit not known", "Command not known")
}

// shop is one image that is run as two services: one came up, the other one ended.
func shop(t *testing.T) *check.Result {
	res := clock(t)
	web, worker := readLog(t, "service.json"), readLog(t, "service.json")
	worker.Name += ", worker"
	web.Settings.Role, worker.Settings.Role = "web", "worker"
	web.Companions = []run.Companion{{Name: "db", Image: "postgres:17", Until: run.Healthy, Ready: true, Seconds: 4.2, Left: []string{"the bind of /etc/passwd"}}}
	web.Settings.Taken, web.Settings.Left = []string{"command", "environment"}, []string{"devices: nothing of the machine"}
	web.Health.From, web.Health.Need = "compose.yaml, web", 30
	worker.Health, worker.Stop, worker.StopBusy, worker.Swarm, worker.Override, worker.Orphan, worker.Procs = nil, nil, nil, nil, nil, nil, nil
	worker.Relaxed = nil
	worker.Start = &run.Start{Argv: []string{"/clock", "-work"}, User: "65532:65532", Ended: true, Lived: true, Code: 3, Seconds: 4, Lasted: 4.2, During: "the freeze", Cause: &run.Cause{Kind: run.Crashed, Text: "panic: lost the queue"}, Logs: []string{"working", "panic: lost the queue"}}
	src, img := res.Reports[0].Evidence.Source, res.Reports[0].Evidence.Image
	var reports []*check.Report
	for _, log := range []*run.Log{web, worker} {
		reports = append(reports, dockworthy.Look(check.Evidence{Source: src, Image: img, Run: log}, check.Options{}))
	}
	two := check.ResultOf(res.Unit, reports...)
	two.Proof = res.Proof
	return two
}

// Runs of one image are one proof: one build, one image, and a part for each run.
func TestPageOfRuns(t *testing.T) {
	text := render(t, excerpt.Names{}, shop)
	doc := sound(t, text)
	if strings.Contains(text, "Proofs of") || doc.id("p2") != nil {
		t.Error("the runs are proofs of their own")
	}
	for _, h := range []string{"Build", "Image", "All checks", "What is not known", "Scorecard", "Run as web", "Run as worker"} {
		n := 0
		for _, e := range doc.all("h3") {
			if e.words() == h {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%q stands %d times", h, n)
		}
	}
	says(t, doc.id("p1-summary").all("ul")[0], "web was healthy in", "worker came up, and ended by itself after 4.2 s with status 3: panic: lost the queue.")
	says(t, doc.id("p1-scorecard"), "The worst of all runs counts: web, worker.")
	says(t, doc.id("p1-failure"), "The program ends by itself, as worker", "After 4.2 s with status 3: panic: lost the queue.", "working panic: lost the queue")
	says(t, doc.id("p1-run"), "Services beside it", "db postgres:17", "healthy after 4.2 s", "not taken: the bind of /etc/passwd", "Taken from Compose command, environment", "Not taken devices: nothing of the machine",
		"Probe, from compose.yaml, web:", "may wait 30 s before it fails")
	says(t, doc.id("p1-run2"), "came up, and ended by itself after 4.2 s with status 3: panic: lost the queue, during the freeze")
	says(t, doc.id("p1-findings"), "only run as worker")
	if words, classes := cells(t, doc, "entrypoint"); classes[2] != "violated" {
		t.Errorf("entrypoint: %q", words)
	}
}

// A service that is not ready is told with its last words, and the program was not run.
func TestPageOfABlockedRun(t *testing.T) {
	doc := sound(t, render(t, excerpt.Names{}, func(t *testing.T) *check.Result {
		log := &run.Log{Name: check.RunOf + "Dockerfile", Build: &run.Build{Seconds: 1}, Settings: run.Settings{Role: "web"}}
		log.Companions = []run.Companion{{Name: "db", Image: "postgres:17", Until: run.Healthy, Why: "it ended with status 1", Logs: []string{"no password"}}}
		return proofOf(t, map[string]string{"Dockerfile": clockDockerfile}, nil, log)
	}))
	says(t, doc.id("p1-failure"), "The container was not started, as web", "The service db was not healthy: it ended with status 1.", "no password", "the last output lines of the service db")
	says(t, doc.id("p1-run"), "web was not started: the service db was not healthy", "not healthy: it ended with status 1")
}

// Each bar of the build begins at 0: nothing is drawn at another place.
func TestTimelineBeginsAtZero(t *testing.T) {
	doc := sound(t, render(t, excerpt.Names{}, clock))
	bars := 0
	for _, table := range doc.id("p1-build").all("table") {
		if table.attrs["class"] != "timeline" {
			continue
		}
		for _, e := range table.all("rect") {
			bars++
			if x := e.attrs["x"]; x != "" && x != "0" {
				t.Errorf("a bar begins at %s", x)
			}
		}
	}
	if bars == 0 {
		t.Error("there are no bars")
	}
}

// What is long is folded, so that it is not printed.
func TestFolded(t *testing.T) {
	doc := sound(t, render(t, excerpt.Names{}, clock))
	for _, table := range doc.all("table") {
		folded := false
		for e := table; e != nil; e = e.parent {
			folded = folded || e.name == "details"
		}
		switch class := table.attrs["class"]; class {
		case "checks", "layers", "timeline", "waste":
			if !folded {
				t.Errorf("%s is not folded", class)
			}
		case "card", "starts":
			if folded {
				t.Errorf("%s is folded", class)
			}
		}
	}
}
