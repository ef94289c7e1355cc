package scaffold

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/internal/stack"
)

// php writes the container of a PHP project: FrankenPHP is PHP and its web server in one
// process, which needs no root, no socket between two programs, and no supervisor. Its
// image has the compiler of its extensions, so that what is run is copied out of it.
// Source: github.com/php/frankenphp: docs/docker.md, hardening images.
func (p *plan) php() error {
	s, h, d := p.s, p.s.PHP, &p.d
	version, err := p.phpVersion()
	if err != nil {
		return err
	}
	builder, err := p.opt.Pick(Want{Repo: "dunglas/frankenphp", Product: "frankenphp", Variant: "php" + version + "-trixie", Spec: "PHP " + version, Spare: 3})
	if err != nil {
		return err
	}
	p.chose("base "+builder.String(), builder.Why)
	final, err := p.opt.Pick(Want{Repo: "debian", Tag: "trixie-slim"})
	if err != nil {
		return err
	}
	p.ships = final
	p.chose("base "+final.String(), "the release that PHP is built on, without its compiler")
	d.line("# syntax=docker/dockerfile:1")
	if h.Composer {
		b, err := p.opt.Pick(Want{Repo: "composer", Spare: 3})
		if err != nil {
			return err
		}
		p.chose("base "+b.String(), "Composer, for the build alone; "+b.Why)
		d.part("Where Composer comes from.")
		p.from(b, "composer")
	}
	d.part("The compiler of the extensions stays in this stage: the final stage copies only PHP, and what it runs.")
	p.from(builder, "build")
	p.phpExtensions(builder)
	d.line("WORKDIR %s", p.work)
	if h.Composer {
		p.phpPackages()
	}
	if s.Assets != nil {
		if err := p.assets(); err != nil {
			return err
		}
	}
	p.stages()
	d.part("")
	p.from(final, "runtime")
	p.phpRuntime(final)
	return nil
}

// oldestPHP is the oldest PHP that FrankenPHP is built for.
// Source: github.com/php/frankenphp: docs/docker.md.
const oldestPHP = "8.2"

// phpVersion is the newest supported line of PHP for which the project and its packages
// are.
func (p *plan) phpVersion() (string, error) {
	best := ""
	fits := func(r base.Release) (stack.PHPAsk, bool) {
		for _, a := range p.s.PHP.Asks {
			if !phpFits(r.Latest, a.Spec) {
				return a, false
			}
		}
		return stack.PHPAsk{}, true
	}
	var against []string
	for _, r := range base.Releases("php") {
		if knowledge.Compare(r.Cycle, oldestPHP) < 0 {
			continue
		}
		a, ok := fits(r)
		if ok && best == "" {
			best = r.Cycle
		}
		if !ok && best == "" {
			against = append(against, fmt.Sprintf("%s is not for %s (%s, %s)", a.By, r.Cycle, a.Spec, a.At))
		}
	}
	if best == "" {
		for _, r := range base.Releases("php") {
			if _, ok := fits(r); ok {
				return "", fmt.Errorf("%s asks for PHP %s, and the newest that does is %s, whose support ended on %s: FrankenPHP is built for %s and newer", p.s.Version.At, p.s.Version.Spec, r.Cycle, r.End.Format("2006-01-02"), oldestPHP)
			}
		}
		return "", fmt.Errorf("no version of PHP is known that does: %s", strings.Join(against, "; "))
	}
	if len(against) > 0 {
		p.chose("PHP "+best, strings.Join(against, "; "))
	}
	return best, nil
}

// phpFits tells whether a version does for a constraint of Composer.
// Source: getcomposer.org/doc/articles/versions.md: writing version constraints.
func phpFits(have, spec string) bool {
	spec = strings.NewReplacer("||", "|", " - ", "~~", ",", " ").Replace(spec)
	for alternative := range strings.SplitSeq(spec, "|") {
		ok := true
		joined := strings.NewReplacer(">= ", ">=", "<= ", "<=", "> ", ">", "< ", "<", "^ ", "^", "~ ", "~").Replace(alternative)
		for _, part := range strings.Fields(joined) {
			ok = ok && phpPart(have, part)
		}
		if ok && strings.TrimSpace(alternative) != "" {
			return true
		}
	}
	return false
}

func phpPart(have, part string) bool {
	part, _, _ = strings.Cut(part, "@") // a stability
	if low, high, ok := strings.Cut(part, "~~"); ok {
		return knowledge.Compare(have, low) >= 0 && knowledge.Compare(have, high) <= 0
	}
	v := strings.TrimLeft(part, "<>=!^~v")
	op := strings.TrimSuffix(part[:len(part)-len(v)], "v")
	v, _, _ = strings.Cut(v, "-") // -dev
	parts := strings.Split(v, ".")
	up := func(n int) bool { return knowledge.Compare(have, strings.Join(parts[:max(1, n)], ".")) == 0 }
	c := knowledge.Compare(have, v)
	switch op {
	case ">=":
		return c >= 0
	case ">":
		return c > 0
	case "<=":
		return c <= 0
	case "<":
		return c < 0
	case "!=":
		return c != 0
	case "^":
		return c >= 0 && up(1)
	case "~":
		return c >= 0 && up(len(parts)-1)
	}
	for i, x := range parts {
		if x == "*" || x == "x" {
			return i == 0 || up(i)
		}
	}
	return c == 0
}

// phpExtensions compiles the extensions, and names the packages of Debian that they and
// PHP are linked with.
func (p *plan) phpExtensions(builder Base) {
	d, h := &p.d, p.s.PHP
	tools := p.natives(builder, stack.Native.ToBuild)
	if h.Composer {
		tools = append(tools, "unzip")
		if h.Git {
			tools = append(tools, "git")
		}
	}
	if len(tools) > 0 {
		slices.Sort(tools)
		d.apt(slices.Compact(tools))
	}
	d.line("RUN install-php-extensions %s", strings.Join(h.Extensions, " "))
	d.line("# The code never changes in a container.")
	d.line("COPY <<'EOF' /usr/local/etc/php/conf.d/zz-production.ini\nexpose_php = Off\nopcache.validate_timestamps = 0\nEOF")
	d.line("RUN mv /usr/local/etc/php/php.ini-production /usr/local/etc/php/php.ini")
	programs := "/usr/local/bin/php"
	if p.served() {
		programs += " /usr/local/bin/frankenphp"
		d.line("# It asks for no port below 1024, and with the right to one it does not start where all rights are taken.")
		d.line("RUN setcap -r /usr/local/bin/frankenphp")
	}
	d.line("# The packages that PHP is linked with, by their names.")
	d.line(`RUN mkdir /out \
 && ldd %s $(find /usr/local/lib/php/extensions -name '*.so') \
  | awk '/=>/ { so = $3; if (so ~ "^/usr/local/") next; sub("^/(usr/)?", "", so); print "*" so }' | sort -u \
  | xargs dpkg-query --search | cut -d: -f1 | sort -u > /out/packages`, programs)
}

// served tells whether FrankenPHP serves it, and it is no program that PHP runs by itself.
func (p *plan) served() bool { return p.s.Exec[0] == "frankenphp" }

// phpPackages installs the packages from the manifests alone, then what is made of the
// code.
func (p *plan) phpPackages() {
	d, s, h := &p.d, p.s, p.s.PHP
	d.line("COPY --from=composer /usr/bin/composer /usr/local/bin/composer")
	d.line("ENV COMPOSER_ALLOW_SUPERUSER=1 \\\n    COMPOSER_CACHE_DIR=/root/.composer/cache \\\n    COMPOSER_MIRROR_PATH_REPOS=1")
	p.manifests(h.Files)
	p.copies(h.Paths)
	mounts := "--mount=type=cache,target=/root/.composer/cache"
	if h.Auth != "" {
		mounts += " --mount=type=secret,id=composer,target=" + p.work + "/auth.json,required=true"
		p.chose("secret composer", h.Auth+" holds passwords: docker build --secret id=composer,src="+h.Auth)
	}
	d.line("RUN %s \\\n    composer install --no-dev --no-scripts --no-autoloader --no-interaction --no-progress", mounts)
	code := slices.DeleteFunc(slices.Clone(s.Sources), func(c string) bool { return slices.Contains(h.Paths, c) })
	p.copies(code)
	env := ""
	if h.Dotenv {
		d.line("# No .env is in an image: variables come from outside.")
		d.line("COPY <<'EOF' .env.local.php\n<?php\n\nreturn ['APP_ENV' => 'prod'];\nEOF")
		env = "APP_ENV=prod "
		for _, v := range h.Dummies {
			env += v.Name + "=" + v.Version + " "
		}
	}
	if slices.Contains(h.Made, "bootstrap/cache") {
		d.line("# Its settings are not cached: that would keep those of the build.")
		d.line("RUN mkdir -p bootstrap/cache \\\n && composer dump-autoload --no-dev --optimize")
	} else {
		d.line("RUN %scomposer dump-autoload --no-dev --optimize", env)
	}
	var rest []string
	for _, name := range h.Scripts {
		if name != "post-autoload-dump" {
			rest = append(rest, "composer run-script --no-dev "+name)
		}
	}
	for _, c := range h.Console {
		rest = append(rest, strings.Join(c, " "))
	}
	if len(rest) > 0 {
		d.line("# What it needs to load is made up here, for this step alone, and stands in no layer.")
		if env != "" {
			rest = append([]string{"export " + strings.TrimSpace(env)}, rest...)
		}
		d.line("RUN %s", strings.Join(rest, " \\\n && "))
	}
}

// phpRuntime writes the final stage.
func (p *plan) phpRuntime(final Base) {
	s, h, d := p.s, p.s.PHP, &p.d
	var env []string
	if p.served() {
		env = append(env, "XDG_CONFIG_HOME=/tmp", "XDG_DATA_HOME=/tmp")
	}
	for _, v := range s.Set {
		env = append(env, v.Name+"="+v.Version)
	}
	if len(env) > 0 {
		d.line("ENV %s", strings.Join(env, " \\\n    "))
	}
	system := []string{"ca-certificates", "media-types"}
	init := !p.served() && s.Kind != stack.Job
	if init {
		system = append(system, "tini")
		p.chose("tini", "PHP does nothing about SIGTERM, which the first process of a container then never hears; behind an init it ends as everywhere else")
	}
	system = append(system, p.natives(final, stack.Native.ToRun)...)
	d.line(`RUN --mount=type=bind,from=build,source=/out/packages,target=/run/packages \
    apt-get update \
 && xargs apt-get install -y --no-install-recommends %s < /run/packages \
 && rm -rf /var/lib/apt/lists/*`, strings.Join(system, " "))
	p.system()
	p.user()
	if p.served() {
		d.line("COPY --from=build /usr/local/bin/php /usr/local/bin/frankenphp /usr/local/bin/")
		d.line("COPY --from=build /usr/local/lib/libphp.so /usr/local/lib/libwatcher* /usr/local/lib/")
		d.line("RUN ldconfig")
	} else {
		d.line("COPY --from=build /usr/local/bin/php /usr/local/bin/")
	}
	d.line("COPY --from=build /usr/local/lib/php/extensions /usr/local/lib/php/extensions")
	d.line("COPY --from=build /usr/local/etc/php /usr/local/etc/php")
	d.line("WORKDIR %s", p.work)
	p.early()
	if h.Composer {
		d.line("COPY --from=build %s/vendor ./vendor", p.work)
	}
	p.copies(slices.DeleteFunc(slices.Clone(s.Sources), func(c string) bool { return slices.Contains(h.Made, c) }))
	if h.Dotenv {
		d.line("COPY --from=build %s/.env.local.php ./", p.work)
	}
	for _, made := range h.Made {
		d.line("COPY --from=build %s/%s ./%s", p.work, made, made)
	}
	if s.Assets != nil {
		d.line("COPY --from=assets %s/%s ./%s", p.work, h.Public, h.Public)
	}
	if h.Link {
		d.line("RUN ln -s ../storage/app/public %s", path.Join(h.Root, "storage"))
	}
	if slices.ContainsFunc(s.Writes, func(f stack.Fact) bool { return f.Value == "var" }) && h.Dotenv {
		d.line("COPY --from=build --chown=%[1]s:%[1]s %[2]s/var ./var", p.number, p.work)
	}
	p.writable(p.work)
	p.become(p.number + ":" + p.number)
	if s.Port.Known() {
		d.line("EXPOSE %s", s.Port.Value)
	}
	if s.Kind == stack.Service && s.Port.Known() {
		d.line("HEALTHCHECK --interval=15s --timeout=4s --start-period=30s --retries=3 \\\n    CMD %s", exec([]string{"php", "-r", p.phpProbe()}))
	}
	start := s.Exec
	if init {
		start = append([]string{"tini", "--"}, start...)
	}
	p.begins(start, s.Args)
}

// phpProbe is a program of one line that asks the server how it is.
func (p *plan) phpProbe() string {
	route, ok := p.s.Health.Value, "== 200"
	if route == "" {
		route, ok = "/", "< 500"
		p.Unknown = append(p.Unknown, "no route tells how the program is: the probe takes any answer below 500 of / for life; a route like /up that also asks what the program depends on tells more")
	}
	return fmt.Sprintf(`$f = @fopen('http://127.0.0.1:%s%s', 'r', false, stream_context_create(['http' => ['timeout' => 3, 'ignore_errors' => true, 'follow_location' => 0]])); exit($f && (int) explode(' ', stream_get_meta_data($f)['wrapper_data'][0])[1] %s ? 0 : 1);`, p.s.Port.Value, route, ok)
}
