package image

import (
	"slices"
	"strings"
	"testing"
)

func TestSteps(t *testing.T) {
	for _, c := range []struct{ createdBy, text, args string }{
		{"", "", ""},
		{"# debian.sh --arch 'amd64' out/ 'bookworm' '@1704067200'", "# debian.sh --arch 'amd64' out/ 'bookworm' '@1704067200'", ""},
		{"bazel build ...", "bazel build ...", ""},
		{"RUN /bin/sh -c apt-get update # buildkit", "RUN apt-get update", ""},
		{"RUN |2 A=x B=y /bin/sh -c make -j2 # buildkit", "RUN make -j2", "A=x B=y"},
		{"RUN |1 FLAGS=-O2 -g /bin/sh -c make # buildkit", "RUN make", "FLAGS=-O2 -g"},
		{"RUN |0 /bin/sh -c true # buildkit", "RUN true", ""},
		{"RUN /bin/bash -o pipefail -c curl x | sh # buildkit", "RUN curl x | sh", ""},
		{"RUN app --init # buildkit", "RUN app --init", ""},
		{"COPY /src /app # buildkit", "COPY /src /app", ""},
		{"ENV A=b", "ENV A=b", ""},
		{`CMD ["python3"]`, `CMD ["python3"]`, ""},
		{"/bin/sh -c #(nop)  CMD [\"python3\"]", `CMD ["python3"]`, ""},
		{"/bin/sh -c #(nop) COPY file:ab in /x ", "COPY file:ab in /x", ""},
		{"/bin/sh -c apt-get update", "RUN apt-get update", ""},
		{"|1 A=x /bin/sh -c make", "RUN make", "A=x"},
		{"/bin/sh -ec make", "RUN make", ""},
		{"|x", "|x", ""},
		{"|99999999999999999999 /bin/sh -c x", "|99999999999999999999 /bin/sh -c x", ""},
		{"powershell -Command $x # buildkit", "powershell -Command $x", ""},
		{"RUN /bin/sh -c echo '# buildkit' # buildkit", "RUN echo '# buildkit'", ""},
	} {
		s := ParseStep(c.createdBy)
		if s.Text != c.text || strings.Join(s.Args, " ") != c.args {
			t.Errorf("%q: %q with %q, want %q with %q", c.createdBy, s.Text, s.Args, c.text, c.args)
		}
	}
}

// Where the history and the layers differ in number, no layer is put down to a
// step, and that is said.
func TestUnpaired(t *testing.T) {
	img := imageOf(Description{Steps: []Step{ParseStep("a"), ParseStep("b")}}, layerOf())
	if img.Paired || img.Steps[0].Layer != -1 || img.StepOf(0) != nil || len(img.Problems) != 1 {
		t.Errorf("%+v", img)
	}
	if got := img.Text.Text(img.LayerSpan(0)); !strings.HasPrefix(got, "layer 1 ") {
		t.Errorf("the layer's line is %q", got)
	}
}

func TestFromDockerfile(t *testing.T) {
	var steps []Step
	for _, s := range []string{
		"/bin/sh -c #(nop) ADD file:1 in / ", `CMD ["bash"]`, "ENV PATH=/usr/local/bin:/usr/bin", "RUN /bin/sh -c apt-get update && apt-get install -y curl # buildkit", `CMD ["python3"]`,
		"WORKDIR /app", "COPY requirements.txt ./ # buildkit", "RUN |1 V=1 /bin/sh -c pip install -r requirements.txt # buildkit", "ENV APP_VERSION=1", "COPY . . # buildkit", "USER 10001:10001", `CMD ["python" "app.py"]`, "LABEL built-by=ci",
	} {
		steps = append(steps, ParseStep(s))
	}
	var chain []Instruction
	for _, in := range []string{
		"FROM python:3.12-slim", "WORKDIR /app", "COPY --chown=app requirements.txt ./", "ARG V=1", "RUN pip install \\\n  -r requirements.txt", "ENV APP_VERSION=$V", "COPY . .", "USER 10001:10001", `CMD ["python", "app.py"]`,
	} {
		chain = append(chain, Instruction{Text: in})
	}
	want := []int{-1, -1, -1, -1, -1, 1, 2, 4, 5, 6, 7, 8, -1}
	if got := fromDockerfile(steps, chain); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
