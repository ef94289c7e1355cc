package effects

import (
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

// Fetch is a download.
type Fetch struct {
	Tool    string     // curl, wget, git, …
	URL     shell.Word // zero where the tool knows it: git pull
	To      shell.Word // the file or folder; zero is standard output or the tool's choice
	Command *shell.Command
	When    shell.When
}

func (b *book) fetch(c *shell.Command, tool string, url, to shell.Word) {
	if to.Text != "" {
		to = within(c.Dir, []shell.Word{to})[0]
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

func curl(b *book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, curlOptions...)
	urls := append(o.All("--url"), o.Operands...)
	outs := o.All("-o", "--output")
	dir := o.Get("--output-dir")
	var written []shell.Word
	for i, u := range urls {
		to := shell.Word{}
		switch {
		case i < len(outs):
			to = outs[i]
		case o.Has("-O", "--remote-name", "--remote-name-all"):
			to = lastPart(u)
		}
		if to.Text == "-" {
			to = shell.Word{}
		}
		if to.Text != "" && dir.Text != "" {
			to.Text = path.Join(dir.Text, to.Text)
		}
		b.fetch(c, "curl", u, to)
		if to.Text != "" && !strings.HasPrefix(to.Text, "/dev/") {
			written = append(written, to)
		}
	}
	b.file(c, File{Kind: Write, Paths: written})
}

// lastPart is the file name that a download gets from its URL.
func lastPart(u shell.Word) shell.Word {
	t := u.Text
	if i := strings.IndexAny(t, "?#"); i > 0 {
		t = t[:i]
	}
	u.Text = t[strings.LastIndexByte(t, '/')+1:]
	return u
}

func wget(b *book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(withoutDashN(args), true, "-O", "--output-document", "-P", "--directory-prefix", "-o", "--output-file", "-a", "--append-output", "-t", "--tries", "-T", "--timeout", "-U", "--user-agent", "--header", "--user", "--password", "-i", "--input-file", "-e", "--execute", "-w", "--wait", "--post-data", "--post-file", "--ca-certificate", "-Q", "-A", "-R", "-D", "-l", "--level", "--progress")
	out, dir := o.Get("-O", "--output-document"), o.Get("-P", "--directory-prefix")
	var written []shell.Word
	for _, u := range o.Operands {
		to := out
		if to.Text == "" {
			to = lastPart(u)
			if dir.Text != "" {
				to.Text = path.Join(dir.Text, to.Text)
			}
		}
		if to.Text == "-" || o.Has("--spider") {
			to = shell.Word{}
		}
		b.fetch(c, "wget", u, to)
		if to.Text != "" && !strings.HasPrefix(to.Text, "/dev/") {
			written = append(written, to)
		}
	}
	b.file(c, File{Kind: Write, Paths: written})
}

// withoutDashN leaves out wget's -nv, -nc and the like, whose second letter is not
// an option of its own.
func withoutDashN(args []shell.Word) []shell.Word {
	out := make([]shell.Word, 0, len(args))
	for _, a := range args {
		if len(a.Text) != 3 || !strings.HasPrefix(a.Text, "-n") {
			out = append(out, a)
		}
	}
	return out
}

// git notes clones and submodules.
func git(b *book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, "-C", "-c", "-b", "--branch", "--depth", "-o", "--origin", "-j", "--jobs", "--reference", "--config", "--filter", "--git-dir", "--work-tree", "-u", "--template", "--shallow-since")
	switch o.Verb() {
	case "clone":
		if len(o.Operands) == 0 {
			return
		}
		url, to := o.Operands[0], shell.Word{}
		if len(o.Operands) > 1 {
			to = o.Operands[1]
		} else {
			to = lastPart(url)
			to.Text = strings.TrimSuffix(to.Text, ".git")
		}
		b.fetch(c, "git", url, to)
		b.file(c, File{Kind: Mkdir, Paths: []shell.Word{to}, Recursive: true})
	case "submodule", "fetch", "pull":
		b.fetch(c, "git", shell.Word{}, shell.Word{})
	}
}

func aria(b *book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, "-o", "--out", "-d", "--dir", "-x", "-s", "-k", "-j")
	for _, u := range o.Operands {
		b.fetch(c, "aria2c", u, o.Get("-o", "--out"))
	}
}
