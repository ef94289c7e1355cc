package scaffold

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/internal/stack"
)

// java writes the container of a Java project.
func (p *plan) java() error {
	s, j, d := p.s, p.s.Java, &p.d
	jre := p.jre()
	p.likes(&jre, "eclipse-temurin", "openjdk", "amazoncorretto", "maven", "gradle")
	if p.opt.Base == "alpine" {
		jre.Variant, jre.Systems = "jre-alpine-%s", alpines()
	}
	final, err := p.opt.Pick(jre)
	if err != nil {
		return err
	}
	jdk, _, _ := strings.Cut(final.Version, ".")
	if p.opt.Base == "distroless" {
		if final, err = p.opt.Pick(Want{Repo: fmt.Sprintf(distrolessJava, jdk), Tag: "nonroot"}); err != nil {
			return err
		}
		final.Why, p.number = "Java "+jdk+" and what it is linked with", "65532"
	}
	p.ships = final
	builder, err := p.opt.Pick(p.javaBuilder(jdk))
	if err != nil {
		return err
	}
	p.chose("base "+builder.String(), builder.Why)
	p.chose("base "+final.String(), "the Java of the builder without its compiler; "+final.Why)
	d.line("# syntax=docker/dockerfile:1")
	d.part("The JDK stays in this stage: the final stage copies only the application.")
	p.from(builder, "build")
	probe := s.Kind == stack.Service && s.Port.Known()
	if probe {
		p.javaProbe()
	}
	d.line("WORKDIR /src")
	p.manifests(j.Files)
	if s.Manager.Value == "maven" {
		p.mavenBuild()
	} else {
		p.gradleBuild()
	}
	p.stages()
	d.part("")
	p.from(final, "runtime")
	env := []string{`JAVA_TOOL_OPTIONS="-XX:MaxRAMPercentage=75 -XX:+ExitOnOutOfMemoryError"`}
	for _, v := range s.Set {
		env = append(env, v.Name+"="+v.Version)
	}
	d.line("ENV %s", strings.Join(env, " \\\n    "))
	p.system()
	if p.opt.Base != "distroless" {
		p.user()
	}
	d.line("WORKDIR %s", p.work)
	p.early()
	if probe {
		d.line("COPY --from=build /probe/Probe.class /opt/probe/")
	}
	switch {
	case j.Layers != "":
		d.line("# What changes least comes first.")
		for _, layer := range []string{"dependencies", "spring-boot-loader", "snapshot-dependencies", "application"} {
			d.line("COPY --from=build /out/%s/ ./", layer)
		}
	case j.Shape == stack.QuarkusJar:
		d.line("# What changes least comes first.")
		d.line("COPY --from=build /out/lib ./lib")
		d.line("COPY --from=build /out/quarkus ./quarkus")
		d.line("COPY --from=build /out/quarkus-run.jar ./")
		d.line("COPY --from=build /out/app ./app")
	case j.Shape == stack.PlainJar:
		d.line("COPY --from=build /out/lib ./lib")
		if j.Jar != "" {
			d.line("COPY --from=build /out/app.jar ./")
		}
	default:
		d.line("COPY --from=build /out/app.jar ./")
	}
	p.copies(j.Data)
	p.writable(p.work)
	p.become(p.number + ":" + p.number)
	if s.Port.Known() {
		d.line("EXPOSE %s", s.Port.Value)
	}
	if probe {
		d.line("HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \\\n    CMD %s", exec([]string{"java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", "/opt/probe", "Probe"}))
	}
	p.begins(s.Exec, s.Args)
	return nil
}

// jre is the Java that the program runs on: the version that it is written for, where that
// is one with long support, else the next such.
func (p *plan) jre() Want {
	least := strings.TrimPrefix(p.s.Version.Spec, ">=")
	w := Want{Repo: "eclipse-temurin", Variant: "jre-%s", Systems: ubuntus, Spec: p.s.Version.Spec, Spare: 3, Loose: true, LTS: true}
	if least == "" {
		return w
	}
	w.Fits = func(v string) bool { return knowledge.Compare(v, least) >= 0 }
	if slices.ContainsFunc(base.Releases("eclipse-temurin"), func(r base.Release) bool { return r.LTS && r.Cycle == least }) {
		w.Prefers = func(v string) bool { return knowledge.Compare(v, least) == 0 }
	}
	return w
}

// javaBuilder is the image that has the project's tool, with the same Java.
func (p *plan) javaBuilder(jdk string) Want {
	if p.s.Manager.Value == "maven" {
		return p.mavenWant(jdk)
	}
	w := Want{Repo: "gradle", Variant: "jdk" + jdk, Spare: 3, Loose: true, Spec: "with Java " + jdk}
	if v := p.s.Java.Wrapper; v != "" {
		major, _, _ := strings.Cut(v, ".")
		w.Spec = v + " with Java " + jdk
		w.Fits = func(have string) bool { return knowledge.Compare(have, v) == 0 }
		w.Relax = append(w.Relax, func(have string) bool { return knowledge.Compare(have, major) == 0 })
	}
	return w
}

// mavenWant is the image of Maven: not older than what the project's wrapper has, where there
// is one, and never older than its build takes. A wrapper that has not been looked after for
// years asks for one that is past its end and has no image with this Java; a newer one does.
func (p *plan) mavenWant(jdk string) Want {
	wrapper, least := p.s.Java.Wrapper, p.s.Java.Least
	major, _, _ := strings.Cut(cmp.Or(wrapper, least, "3"), ".")
	from := func(v string) func(string) bool {
		return func(have string) bool {
			return knowledge.Compare(have, major) == 0 && knowledge.Compare(have, cmp.Or(v, major)) >= 0
		}
	}
	w := Want{Repo: "maven", Variant: "eclipse-temurin-" + jdk, Spare: 3, Spec: major + " with Java " + jdk, Fits: from(least)}
	if v := wrapper; v != "" && knowledge.Compare(v, cmp.Or(least, "0")) >= 0 {
		w.Fits, w.Relax = from(v), []func(string) bool{from(least)}
	} else {
		wrapper = ""
	}
	if v := cmp.Or(wrapper, least); v != "" {
		w.Spec = ">=" + v + " with Java " + jdk
	}
	return w
}

// mavenBuild builds with Maven: what is depended on first, from the pom alone.
func (p *plan) mavenBuild() {
	d, j := &p.d, p.s.Java
	const cache = "RUN --mount=type=cache,target=/root/.m2 \\\n    "
	mvn := "mvn -B -ntp"
	if len(j.Files) > 1 && j.Module != "." {
		mvn += " -pl " + j.Module + " -am"
	}
	flags := ""
	for _, f := range j.Flags {
		flags += " " + f
	}
	if j.Siblings {
		// go-offline would look for the other modules in the repository.
		d.line("%s%s compile%s", cache, mvn, flags)
	} else if j.Reports {
		d.line("# Not go-offline, which also wants the plugins of reports that nobody writes here.")
		d.line("%s%s dependency:resolve", cache, mvn)
	} else {
		d.line("%s%s dependency:go-offline", cache, mvn)
	}
	p.copies(j.Code)
	d.line("%s%s package -DskipTests%s%s", cache, mvn, flags, p.mavenLibraries())
	switch j.Shape {
	case stack.BootJar:
		p.extract(j.Jar)
	case stack.QuarkusJar:
		d.line("RUN mv %s /out", path.Join(path.Dir(j.Jar), "quarkus-app"))
	case stack.FatJar, stack.PlainJar:
		d.line("RUN install -D -m 644 %s /out/app.jar", j.Jar)
	}
}

// mavenLibraries puts what a plain jar depends on beside it.
func (p *plan) mavenLibraries() string {
	if p.s.Java.Shape != stack.PlainJar {
		return ""
	}
	return " \\\n    dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=/out/lib \\\n && mkdir -p /out/lib"
}

// extract takes a jar of Spring Boot apart, into layers.
func (p *plan) extract(jar string) {
	switch p.s.Java.Layers {
	case "tools":
		p.d.line("RUN cp %s app.jar \\\n && java -Djarmode=tools -jar app.jar extract --layers --destination /out", jar)
	case "layertools":
		p.d.line("RUN java -Djarmode=layertools -jar %s extract --destination /out", jar)
	default:
		p.d.line("RUN install -D -m 644 %s /out/app.jar", jar)
	}
}

// gradleBuild builds with Gradle.
func (p *plan) gradleBuild() {
	d, j := &p.d, p.s.Java
	const cache = "RUN --mount=type=cache,target=/home/gradle/.gradle \\\n    "
	in, task := "", ":"
	if j.Module != "." {
		in, task = j.Module+"/", ":"+cmp.Or(j.Project, strings.ReplaceAll(j.Module, "/", ":"))+":"
	}
	for _, n := range j.Code {
		if n == "buildSrc" || n == "build-logic" {
			p.copies([]string{n})
		}
	}
	d.line("%sgradle --no-daemon --console=plain %sdependencies", cache, task)
	p.copies(slices.DeleteFunc(slices.Clone(j.Code), func(n string) bool { return n == "buildSrc" || n == "build-logic" }))
	goal := map[stack.JavaJar]string{stack.BootJar: "bootJar", stack.QuarkusJar: "quarkusBuild", stack.FatJar: "shadowJar", stack.PlainJar: "installDist"}[j.Shape]
	d.line("%sgradle --no-daemon --console=plain %s%s", cache, task, goal)
	switch j.Shape {
	case stack.BootJar:
		p.extract(in + "build/libs/*.jar")
	case stack.QuarkusJar:
		d.line("RUN mv %sbuild/quarkus-app /out", in)
	case stack.FatJar:
		d.line("RUN install -D -m 644 %sbuild/libs/*-all.jar /out/app.jar", in)
	case stack.PlainJar:
		d.line("# All jars that it needs, its own among them.")
		d.line("RUN mkdir /out \\\n && mv %sbuild/install/*/lib /out/lib", in)
	}
}

// javaProbe writes a probe of its own: the final image may have no curl.
func (p *plan) javaProbe() {
	j := p.s.Java
	port, route, ok := p.s.Port.Value, p.s.Health.Value, "== 200"
	if j.Probe != "" {
		port = j.Probe
	}
	if route == "" {
		route, ok = "/", "< 500"
		p.Unknown = append(p.Unknown, "no route tells how the program is: the probe takes any answer below 500 of / for life; Spring Boot's actuator, or a route like /health, tells more")
	}
	p.d.line("# A probe of its own: it needs nothing but Java, and asks no proxy.")
	p.d.line(`COPY <<'EOF' /probe/Probe.java
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;

public class Probe {
    public static void main(String[] args) throws Exception {
        URI uri = URI.create("http://127.0.0.1:%s%s");
        HttpURLConnection c = (HttpURLConnection) uri.toURL().openConnection(Proxy.NO_PROXY);
        c.setInstanceFollowRedirects(false);
        c.setConnectTimeout(3000);
        c.setReadTimeout(3000);
        System.exit(c.getResponseCode() %s ? 0 : 1);
    }
}
EOF`, port, route, ok)
	p.d.line("RUN javac /probe/Probe.java")
}
