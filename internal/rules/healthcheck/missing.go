package healthcheck

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/presence"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
	"github.com/dockworthy/dockworthy/text"
)

var missing = &check.Check{
	Name:     "missing",
	Claim:    "an image that serves has a HEALTHCHECK",
	Why:      "without a probe, the container engine knows that the process runs, not that it responds: a program that hangs stays in service",
	Mend:     "add a HEALTHCHECK with a probe that can run in the image and that queries the program's port",
	Quiet:    "For jobs and images without a port, and where a parent stage or the base image has a probe. The finding is a note where Kubernetes probes cover the image, and a warning where Compose or the platform has a health check.",
	Severity: check.Error,
	Since:    "0.1.0",
	RestsOn:  []source.Subject{source.Contents, source.Deployments, source.Variants},
	Aliases:  []string{"trivy DS-0026", "checkov CKV_DOCKER_2", "CIS 4.6"},
	Image:    builtMissing,
	Run:      ranMissing,
	Source: func(b *source.Build) check.Verdict {
		if !b.Runnable() {
			return check.None()
		}
		step, inherited, known := b.Health()
		if step != nil || inherited {
			return check.Judge(nil)
		}
		role := b.Role()
		if role == source.Unclear && !known && !b.Start().Known() {
			return check.Unknown(check.ByBases, fmt.Sprintf("whether %s serves, and whether it has a health check, is not known", b.Base().String()))
		}
		if role == source.Unclear {
			if why := b.MayServe(); why != "" {
				return check.Unknown(check.ByRun, why+", and nothing says whether it does")
			}
		}
		if role == source.Unclear || role == source.Job {
			return check.Judge(nil)
		}
		if !known {
			return check.Unknown(check.ByBases, fmt.Sprintf("it is not known whether %s has a health check", b.Base().String()))
		}
		f := check.Finding{
			Place:   check.Place{File: b.Text(), Span: fromSpan(b)},
			Message: "the image serves" + onPorts(b) + ", but has no HEALTHCHECK",
			Help:    advice(b),
			Missing: true,
			Group:   "missing",
		}
		switch {
		case role == source.Develop:
			f.Severity = check.Note
		case b.KubeProbes():
			f.Severity = check.Note
			f.Message += "; in Kubernetes the probes of its workload cover it"
		case composeHas(b):
			f.Severity = check.Warning
			f.Message += "; Compose has a health check, which applies only when Compose runs it"
		case platform(b) != "":
			f.Severity = check.Warning
			f.Message += "; only " + platform(b) + " has a health check"
		}
		if f.Severity != check.Note {
			port := askable(b)
			if port == "PORT" {
				port = b.UsualPort()
			}
			if grpcPort(b) != "" {
				port = ""
			}
			a := recipe.Probe(b, port)
			f.Fixes, f.Unfixed = a.Fixes, a.Unfixed
		}
		return check.Judge([]check.Finding{f})
	},
}

func fromSpan(b *source.Build) text.Span {
	if w := b.Target.From.Words(); len(w) > 0 {
		return w[0].Span
	}
	return b.Target.From.Span
}

// onPorts names the exposed ports for a message.
func onPorts(b *source.Build) string {
	list := exposed(b)
	switch len(list) {
	case 0:
		return ""
	case 1:
		return " on port " + list[0]
	}
	return " on ports " + strings.Join(list, ", ")
}

// exposed are the numbers of the exposed ports, in order.
func exposed(b *source.Build) []string {
	var list []string
	for _, p := range b.Ports() {
		if !slices.Contains(list, p.Number) { // 53/tcp and 53/udp
			list = append(list, p.Number)
		}
	}
	slices.SortFunc(list, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) })
	return list
}

// askable is the port that a probe over HTTP asks; "" where none is known on which it
// is spoken, and in the clear.
func askable(b *source.Build) string {
	if p, ok := b.ListenPort(); ok {
		if knowledge.OtherPorts.Has(p) {
			return ""
		}
		return p
	}
	list := served(b)
	if len(list) == 0 {
		return "PORT" // nothing says which one: better none than a wrong one
	}
	// Where several are named, the first is the program's own as a rule, and what comes
	// behind it is for metrics and profiles.
	if i := slices.IndexFunc(list, func(p string) bool { return !knowledge.OtherPorts.Has(p) }); i >= 0 {
		return list[i]
	}
	return ""
}

// served are the numbers of the ports on which the image serves, as they are named:
// exposed, mapped by services, or else exposed by the base image.
func served(b *source.Build) (list []string) {
	for _, p := range b.Ports() {
		if p.Protocol != "udp" && numeric(p.Number) {
			list = append(list, p.Number)
		}
	}
	if len(list) > 0 {
		return list
	}
	var mapped []string
	for _, s := range slices.Concat(b.Services, b.RunBy()) {
		for _, p := range s.Ports {
			if number, protocol, _ := strings.Cut(p.Text, "/"); protocol == "tcp" && numeric(number) {
				mapped = append(mapped, number)
			}
		}
	}
	if len(mapped) > 0 {
		return mapped
	}
	if known := b.Base().Known; known != nil {
		for _, p := range known.Ports {
			number, _, _ := strings.Cut(p, "/")
			list = append(list, number)
		}
	}
	return list
}

func numeric(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// advice is a probe that suits the image.
func advice(b *source.Build) string {
	if line, by := composeProbe(b); line != "" {
		return fmt.Sprintf("add `HEALTHCHECK %s`, which the service %s has in Compose", line, by)
	}
	if port := grpcPort(b); port != "" {
		if probe := grpcProbe(b); probe != "" {
			return fmt.Sprintf(`add HEALTHCHECK --interval=20s --timeout=3s CMD ["%s", "-addr=127.0.0.1:%s"]: the program speaks gRPC there, and no HTTP`, probe, port)
		}
		return fmt.Sprintf("add a HEALTHCHECK in exec form that asks port %s by gRPC: with grpc_health_probe, copied into the image in a fixed version, or with a flag by which the program asks itself; HTTP is not spoken there", port)
	}
	img := b.Base()
	port := askable(b)
	if port == "" {
		return ""
	}
	if port == "PORT" {
		port = cmp.Or(b.UsualPort(), port)
	}
	has := presence.Of(b)
	known := img.Known
	route, unless := recipe.Route(b, port), ""
	if route == "" {
		route, unless = "/", "; where the program does not answer / with 200, ask a route on which it does"
	}
	url := "http://127.0.0.1:" + port + route
	node := has.Word("node")
	switch {
	case known == nil:
	case img.Ref.Familiar == "php" && port == "9000":
		return "add a HEALTHCHECK that asks php-fpm for its ping page over FastCGI on port 9000 (ping.path in its pool's settings, and cgi-fcgi of libfcgi-bin); HTTP is not spoken there"
	case known.HasTool("wget") == base.Yes && known.HasShell() == base.No && known.ShellPath != "":
		return fmt.Sprintf(`add HEALTHCHECK --interval=20s --timeout=3s CMD ["%s/wget", "-q", "-O", "/dev/null", "%s"]: there is no /bin/sh, so it has to be in exec form`, path.Dir(known.ShellPath), url) + unless
	case known.HasTool("wget") == base.Yes:
		return fmt.Sprintf("add `HEALTHCHECK --interval=20s --timeout=3s CMD wget -q -O /dev/null %s || exit 1`", url) + unless
	}
	curl := has.Program("curl")
	switch {
	case curl == base.Yes && has.Shell() == base.Yes:
		return fmt.Sprintf("add `HEALTHCHECK --interval=20s --timeout=3s CMD curl -fsS -o /dev/null %s || exit 1`", url) + unless
	case known == nil:
	case node != "" && strings.HasPrefix(node, "/"):
		return fmt.Sprintf(`add a HEALTHCHECK in exec form that runs %s -e "fetch('%s').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))": node is not in PATH`, node, url) + unless
	case known.HasTool("node") == base.Yes:
		return fmt.Sprintf(`add a HEALTHCHECK that runs node -e "fetch('%s').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"`, url) + unless
	case known.HasTool("python") == base.Yes:
		help := fmt.Sprintf("add a HEALTHCHECK that queries port %s with python's http.client (urllib would use HTTP_PROXY)", port)
		if curl == base.No {
			help += "; curl is not in the image"
		}
		return help
	case known.HasShell() == base.No:
		return "the image has no shell: add a flag with which the program checks itself, and run it in exec form"
	}
	return ""
}

// grpcPort is the port on which the program speaks gRPC, as the probes of its workloads say, or
// its number where there is no other; "" = nothing says so.
// Source: grpc.io: quick starts, which listen on 50051.
func grpcPort(b *source.Build) string {
	for _, c := range b.Workloads() {
		for _, p := range []*deploy.Probe{c.Readiness, c.Liveness} {
			if p != nil && p.Kind == "grpc" && numeric(p.Port.Text) {
				return p.Port.Text
			}
		}
	}
	if p, ok := b.ListenPort(); ok && p != "50051" && grpcProbe(b) == "" {
		return ""
	}
	if list := served(b); len(list) == 1 && (list[0] == "50051" || grpcProbe(b) != "") {
		return list[0]
	}
	return ""
}

// grpcProbe is the path at which a step of the image puts grpc_health_probe; "" = none does.
func grpcProbe(b *source.Build) string {
	for step := range b.Steps() {
		if step.Run() == nil && step.Copy == nil {
			continue
		}
		for _, m := range grpcProbePath.FindAllString(step.File().Text(step.Span), -1) {
			return m
		}
	}
	return ""
}

// grpcProbePath matches that path behind an option, or as a word.
var grpcProbePath = regexp.MustCompile(`/(?:usr/local/bin|usr/bin|bin|app)/grpc_health_probe\b`)

// composeProbe is how a program of the image checks itself, as a service of Compose has
// it for a health check, and the service; "" = none has, or it takes values of Compose.
func composeProbe(b *source.Build) (line, service string) {
	for _, s := range slices.Concat(b.Services, b.RunBy()) {
		h := s.Healthcheck
		if h == nil || h.Disable || len(h.Test) == 0 || h.Shell {
			continue
		}
		program := path.Base(h.Test[0].Text)
		if knowledge.Shells.Has(program) || knowledge.Probes.Has(program) || knowledge.Clients.Has(program) {
			continue
		}
		var words []string
		for _, w := range h.Test {
			if w.Unresolved || strings.Contains(w.Raw, "$") || strings.ContainsAny(w.Text, "\n`") {
				return "", ""
			}
			words = append(words, w.Text)
		}
		return "CMD " + jsonWords(words), s.Name.Text
	}
	return "", ""
}

// jsonWords are words as the array of an exec form.
func jsonWords(words []string) string {
	var quoted []string
	for _, w := range words {
		q, _ := json.Marshal(w)
		quoted = append(quoted, string(q))
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// composeHas tells whether every Compose service that builds the image has a check,
// or every one that only runs it.
func composeHas(b *source.Build) bool { return checked(b.Services) || checked(b.RunBy()) }

// checked tells whether there are services, all of which have a health check. Nobody asks
// those that do something and end, or that run something else of the image which nobody
// reaches.
func checked(services []*source.Service) bool {
	some := false
	for _, s := range services {
		has := s.Healthcheck != nil && !s.Healthcheck.Disable && len(s.Healthcheck.Test) > 0
		if !has && !source.RunsOnce(s.File, s.Service) && !source.Unreached(s.Service) {
			return false
		}
		some = some || has
	}
	return some
}

// platform is a hosting platform's file with a check in it, or "".
func platform(b *source.Build) string {
	for _, p := range knowledge.Platforms() {
		if data, ok := b.Context.Read(p.File); ok && strings.Contains(string(data), p.Word) {
			return p.File
		}
	}
	return ""
}
