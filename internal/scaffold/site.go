package scaffold

import (
	"path"

	"github.com/dockworthy/dockworthy/internal/source/base"
)

// site writes the container of a site of files: nothing is built, so that it has one
// stage.
func (p *plan) site() error {
	s, w, d := p.s, p.s.Site, &p.d
	b, err := p.opt.Pick(Want{Repo: "nginxinc/nginx-unprivileged", Product: "nginx", Spare: 3})
	if err != nil {
		return err
	}
	p.chose("base "+b.String(), "nginx that runs as a user and listens above 1024; "+b.Why)
	d.line("# syntax=docker/dockerfile:1")
	d.part("")
	p.from(b, "runtime")
	missing := ""
	if w.Error != "" {
		missing = "    error_page 404 " + w.Error + ";\n"
	}
	d.line(`COPY <<'EOF' /etc/nginx/conf.d/default.conf
server {
    listen %s;
    root /srv/site;
    server_tokens off;
    port_in_redirect off;
%s    location / {
        try_files $uri $uri/ $uri.html =404;
    }
}
EOF`, s.Port.Value, missing)
	d.line("WORKDIR /srv/site")
	if w.Root == "." {
		p.copies(w.Files)
	} else {
		p.takes(w.Root)
		d.line("COPY %s", words([]string{path.Clean(w.Root) + "/", "./"}))
	}
	p.become("101:101")
	d.line("EXPOSE %s", s.Port.Value)
	if ref, err := base.ParseRef(b.Repo + ":" + b.Tag); err == nil {
		if img, ok := base.Lookup(ref); ok && img.HasTool("curl") == base.Yes {
			d.line("HEALTHCHECK --interval=15s --timeout=4s --start-period=5s --retries=3 \\\n    CMD %s", exec([]string{"curl", "-fsS", "--max-time", "3", "-o", "/dev/null", "http://127.0.0.1:" + s.Port.Value + s.Health.Value}))
		}
	}
	p.begins(s.Exec, s.Args)
	return nil
}
