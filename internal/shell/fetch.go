package shell

import (
	"path"
	"strings"
)

func (b *builder) fetch(c *Command, tool string, url, to Word) {
	if to.Text != "" {
		to = within(c.Dir, []Word{to})[0]
	}
	b.e.Fetches = append(b.e.Fetches, Fetch{Tool: tool, URL: url, To: to, Command: c, When: c.When})
}

// curlOptions are those of curl that take a value.
var curlOptions = []string{
	"-A", "--user-agent", "-b", "--cookie", "-c", "--cookie-jar", "-C", "--continue-at", "-d", "--data", "--data-raw", "--data-binary", "--data-urlencode", "--json", "-D", "--dump-header",
	"-e", "--referer", "-E", "--cert", "--key", "--cacert", "--capath", "-F", "--form", "-H", "--header", "-K", "--config", "-m", "--max-time", "--connect-timeout",
	"-o", "--output", "--output-dir", "-r", "--range", "--retry", "--retry-delay", "--retry-max-time", "-T", "--upload-file", "-u", "--user", "-U", "--proxy-user", "-w", "--write-out", "-x", "--proxy",
	"-X", "--request", "-y", "-Y", "-z", "--time-cond", "--url", "--resolve", "--limit-rate", "--proto", "--proto-redir", "--ciphers", "--tlsv", "--max-redirs", "--interface", "--oauth2-bearer", "--unix-socket", "-P", "-Q", "-t",
}

func curl(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, curlOptions...)
	urls := append(o.all("--url"), o.operands...)
	outs := o.all("-o", "--output")
	dir := o.get("--output-dir")
	var written []Word
	for i, u := range urls {
		to := Word{}
		switch {
		case i < len(outs):
			to = outs[i]
		case o.has("-O", "--remote-name", "--remote-name-all"):
			to = lastPart(u)
		}
		if to.Text == "-" {
			to = Word{}
		}
		if to.Text != "" && dir.Text != "" {
			to.Text = path.Join(dir.Text, to.Text)
		}
		b.fetch(c, "curl", u, to)
		if to.Text != "" && !strings.HasPrefix(to.Text, "/dev/") {
			written = append(written, to)
		}
	}
	b.file(c, FileEffect{Kind: Write, Paths: written})
}

// lastPart is the file name that a download gets from its URL.
func lastPart(u Word) Word {
	t := u.Text
	if i := strings.IndexAny(t, "?#"); i > 0 {
		t = t[:i]
	}
	u.Text = t[strings.LastIndexByte(t, '/')+1:]
	return u
}

func wget(b *builder, c *Command, program string, args []Word) {
	o := split(withoutDashN(args), true, "-O", "--output-document", "-P", "--directory-prefix", "-o", "--output-file", "-a", "--append-output", "-t", "--tries", "-T", "--timeout", "-U", "--user-agent", "--header", "--user", "--password", "-i", "--input-file", "-e", "--execute", "-w", "--wait", "--post-data", "--post-file", "--ca-certificate", "-Q", "-A", "-R", "-D", "-l", "--level", "--progress")
	out, dir := o.get("-O", "--output-document"), o.get("-P", "--directory-prefix")
	var written []Word
	for _, u := range o.operands {
		to := out
		if to.Text == "" {
			to = lastPart(u)
			if dir.Text != "" {
				to.Text = path.Join(dir.Text, to.Text)
			}
		}
		if to.Text == "-" || o.has("--spider") {
			to = Word{}
		}
		b.fetch(c, "wget", u, to)
		if to.Text != "" && !strings.HasPrefix(to.Text, "/dev/") {
			written = append(written, to)
		}
	}
	b.file(c, FileEffect{Kind: Write, Paths: written})
}

// withoutDashN leaves out wget's -nv, -nc and the like, whose second letter is not
// an option of its own.
func withoutDashN(args []Word) []Word {
	out := make([]Word, 0, len(args))
	for _, a := range args {
		if len(a.Text) != 3 || !strings.HasPrefix(a.Text, "-n") {
			out = append(out, a)
		}
	}
	return out
}

// git notes clones and submodules.
func git(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, "-C", "-c", "-b", "--branch", "--depth", "-o", "--origin", "-j", "--jobs", "--reference", "--config", "--filter", "--git-dir", "--work-tree", "-u", "--template", "--shallow-since")
	switch o.verb() {
	case "clone":
		if len(o.operands) == 0 {
			return
		}
		url, to := o.operands[0], Word{}
		if len(o.operands) > 1 {
			to = o.operands[1]
		} else {
			to = lastPart(url)
			to.Text = strings.TrimSuffix(to.Text, ".git")
		}
		b.fetch(c, "git", url, to)
		b.file(c, FileEffect{Kind: Mkdir, Paths: []Word{to}, Recursive: true})
	case "submodule", "fetch", "pull":
		b.fetch(c, "git", Word{}, Word{})
	}
}

func aria(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, "-o", "--out", "-d", "--dir", "-x", "-s", "-k", "-j")
	for _, u := range o.operands {
		b.fetch(c, "aria2c", u, o.get("-o", "--out"))
	}
}
