package source

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
)

// A Role is what an image is for, as far as its files tell.
type Role uint8

// The roles. Unclear is the zero Role: nothing says that it serves.
const (
	Unclear Role = iota
	Serves       // it answers on a port
	Job          // it does something and ends, or works without a port
	Develop      // a development server, or a load test: nobody depends on it
)

// developScript is the development servers that scripts of a package.json start.
var developScript = regexp.MustCompile(`(?:^|&&|;|\s)(?:react-scripts start|vue-cli-service serve|next dev|nuxt dev|nodemon|ng serve|webpack serve|webpack-dev-server|vite(?: --[^&|;]*)?$|vite dev|parcel serve|gatsby develop|ts-node-dev|tsx watch|nest start --watch)`)

// script is the script of the package.json in the working folder that npm, or
// its like, runs with these arguments; "" where that is not known.
func (b *Build) script(args []shell.Word) string {
	name := ""
	for _, a := range args {
		if a.Text == "run" || a.Text == "run-script" || strings.HasPrefix(a.Text, "-") {
			continue
		}
		name = a.Text
		break
	}
	o := b.FileAt(path.Join(b.Target.Final.Workdir.Value, "package.json"))
	if name == "" || o == nil {
		return ""
	}
	p := o.PackageJSON()
	if p == nil {
		return ""
	}
	return p.Scripts[name]
}

// Role judges by EXPOSE, the start command, and the ports in Compose.
func (b *Build) Role() Role {
	st := b.Start()
	program, args := b.launched()
	if develops(program, args, b.script(args)) {
		return Develop
	}
	ran := b.RunBy()
	if len(b.Services) > 0 && !slices.ContainsFunc(slices.Concat(b.Services, ran), func(s *Service) bool { return !RunsOnce(s.File, s.Service) }) {
		return Job // others wait for it to end
	}
	if len(b.Ports()) > 0 {
		return Serves
	}
	for _, s := range b.Services {
		if len(s.Ports) > 0 || len(s.Expose) > 0 {
			return Serves
		}
	}
	for _, s := range ran { // by the image's own program
		if s.Command == nil && s.Entrypoint == nil && serves(s) {
			return Serves
		}
	}
	if serverCommand(program, args) {
		return Serves
	}
	if knowledge.ServerOf(program).Role == knowledge.Works {
		return Job
	}
	img := b.Base()
	if img != nil && img.Local != nil && st.Step == nil {
		return img.Local.Role()
	}
	// The base's own ports count while its own program runs.
	if img != nil && img.Known != nil && len(img.Known.Ports) > 0 && (st.Step == nil || runsBase(img, program, args)) {
		return Serves
	}
	return Unclear
}

// RunsOnce tells whether a service does something and ends: another one waits for it
// to complete, or it is not restarted, nobody reaches it, and its command ends.
func RunsOnce(c *deploy.Compose, s *deploy.Service) bool {
	if c.OneShot(s.Name.Text) {
		return true
	}
	if s.Restart.Text != "no" && s.Restart.Text != "false" || s.Restart.Unresolved || len(s.Ports)+len(s.Expose) > 0 {
		return false
	}
	var words []string
	for _, c := range []*deploy.Command{s.Entrypoint, s.Command} {
		if c == nil {
			continue
		}
		for _, w := range c.Words {
			words = append(words, strings.ReplaceAll(w.Text, "$$", "$"))
		}
	}
	if len(words) == 0 || !knowledge.Shells.Has(path.Base(words[0])) {
		return false
	}
	flag := slices.IndexFunc(words, func(w string) bool {
		return strings.HasPrefix(w, "-") && !strings.HasPrefix(w, "--") && strings.HasSuffix(w, "c")
	})
	if flag < 0 || flag+1 >= len(words) {
		return false
	}
	ends, ok := shell.Parse(shell.Input{Src: []byte(words[flag+1]), Shell: path.Base(words[0])}).Endings()
	return ok && len(ends) > 0 && !slices.ContainsFunc(ends, func(e shell.Ending) bool {
		return !e.Exit && (e.Command == nil || e.Loop || !knowledge.Brief.Has(e.Command.Program()))
	})
}

// OwnWords are the words of what a service itself says that it starts, ENTRYPOINT before
// CMD; nil where it leaves that to its image.
func OwnWords(s *deploy.Service) (words []shell.Word) {
	for _, c := range []*deploy.Command{s.Entrypoint, s.Command} {
		if c == nil {
			continue
		}
		words = append(words, argv(c.Words)...)
	}
	return words
}

// argv are the words of a deployment file as a program gets them, past any shell.
func argv(values []deploy.Value) (words []shell.Word) {
	for _, v := range values {
		words = append(words, shell.Word{Text: v.Text, Known: true, Quoted: true})
	}
	return words
}

// Unreached tells whether a service works without anybody reaching it, as who takes jobs
// from a queue does: it has no ports, and a command of its own, which is no server's.
func Unreached(s *deploy.Service) bool {
	if len(s.Ports)+len(s.Expose) > 0 || s.Command == nil && s.Entrypoint == nil {
		return false
	}
	program, args := wordsProgram(OwnWords(s))
	server := knowledge.ServerOf(program)
	return server.Role != knowledge.Serves && (len(args) == 0 || !slices.Contains(server.Serves, args[0].Text) && !knowledge.ServeWords.Has(args[0].Text))
}

// launched is Program, or what npx or bunx launches.
func (b *Build) launched() (string, []shell.Word) {
	program, args := b.Program()
	if program == "npx" || program == "bunx" {
		for i, a := range args {
			if !strings.HasPrefix(a.Text, "-") {
				return a.Text, args[i+1:]
			}
		}
	}
	return program, args
}

// runsBase tells whether a start written here still runs the base's own
// program, with other arguments or behind another script.
func runsBase(img *Image, program string, args []shell.Word) bool {
	if img.Known.Kind != base.KindService {
		return false
	}
	if program == "" || strings.Contains(program, "@") || strings.HasPrefix(program, "-") {
		return true // whatever the script is given, or options for the base's ENTRYPOINT
	}
	own := append(append([]string{}, img.Known.Entrypoint...), img.Known.Cmd...)
	if name := path.Base(img.Ref.Repo); len(img.Known.Cmd) == 0 {
		own = append(own, name, name+"d", name+"-server")
	}
	for _, w := range own {
		if path.Base(w) == program {
			return !asksOnly(args)
		}
	}
	return false
}

// asksOnly tells whether a server is only asked for something, and ends: nginx
// -t, vault version.
func asksOnly(args []shell.Word) bool {
	if len(args) == 0 {
		return false
	}
	switch args[0].Text {
	case "-t", "-T", "version", "--version", "help", "--help":
		return true
	}
	return false
}

// serverCommand tells whether a command is known to serve.
func serverCommand(program string, args []shell.Word) bool {
	server := knowledge.ServerOf(program)
	if server.Role == knowledge.Serves {
		return !asksOnly(args)
	}
	switch program {
	case "dotnet":
		return slices.ContainsFunc(args, func(a shell.Word) bool { return a.Text == "--urls" || strings.HasPrefix(a.Text, "--urls=") })
	case "deno":
		return len(args) > 0 && args[0].Text == "serve"
	}
	return slices.ContainsFunc(args, func(a shell.Word) bool { return slices.Contains(server.Serves, path.Base(a.Text)) })
}

// program is the principal program of a start: what the script ends in, or
// the command line itself.
func (b *Build) program(st *Start) (string, []shell.Word) {
	if st.Script == nil {
		return "", nil
	}
	if st.File != nil && st.File.Script != nil {
		// exec "$@" hands over to the arguments, which are CMD.
		if ends, ok := st.File.Script.Endings(); ok {
			// Where it gives up is not what it is for.
			goals := slices.DeleteFunc(slices.Clone(ends), func(e shell.Ending) bool { return e.Exit || e.Command == nil })
			if len(goals) == 0 {
				goals = ends
			}
			for _, e := range goals {
				if e.Command == nil {
					continue
				}
				p, args := e.Command.Underlying()
				if p == "$@" || p == "${@}" || strings.Contains(p, "$@") || p == "" {
					given := st.File.Args
					if len(given) > 1 && given[0].Text == st.File.Path {
						given = given[1:] // it is handed itself, and then what it hands over to
					}
					return wordsProgram(given)
				}
				return p, args
			}
		}
	}
	for i := len(st.Script.Commands) - 1; i >= 0; i-- {
		c := st.Script.Commands[i]
		if c.Substitution || c.When == shell.Never || len(c.Words) == 0 {
			continue
		}
		return c.Underlying()
	}
	return "", nil
}

func wordsProgram(words []shell.Word) (string, []shell.Word) {
	s := shell.FromWords(shell.Input{}, words)
	if len(s.Commands) == 0 {
		return "", nil
	}
	c := s.Commands[len(s.Commands)-1]
	return c.Underlying()
}

// Program is the base name of what the container mainly runs, as far as the
// files tell, with its arguments; "" where they do not.
func (b *Build) Program() (string, []shell.Word) { return b.program(b.Start()) }

// Exposed tells whether a port is exposed by the chain or by its base image.
func (b *Build) Exposed(port string) bool {
	for _, p := range b.Ports() {
		if inRange(p.Number, port) {
			return true
		}
	}
	if img := b.Base(); img != nil && img.Known != nil {
		for _, p := range img.Known.Ports {
			number, _, _ := strings.Cut(p, "/")
			if inRange(number, port) {
				return true
			}
		}
	}
	return false
}

func inRange(ports, port string) bool {
	if ports == port {
		return true
	}
	from, to, ok := strings.Cut(ports, "-")
	if !ok {
		return false
	}
	a, err1 := strconv.Atoi(from)
	z, err2 := strconv.Atoi(to)
	n, err3 := strconv.Atoi(port)
	return err1 == nil && err2 == nil && err3 == nil && a <= n && n <= z
}

// ListenPort is the port that the program listens on by its flags, its
// arguments or the variables it reads; ok is false where that is not known.
func (b *Build) ListenPort() (port string, ok bool) {
	program, args := b.Program()
	words := args
	if st := b.Start(); st.File != nil && st.File.Script == nil && st.File.Direct {
		return "", false
	}
	found := ""
	for i, a := range words {
		name, value, eq := strings.Cut(a.Text, "=")
		if !eq && i+1 < len(words) {
			value = words[i+1].Text
		}
		if portFlag(name, program) || portFlag(name, moduleOf(words)) {
			if p, ok := portOf(value); ok {
				found = p
				continue
			}
			return "", false // a flag with a value that is not known
		}
		if p, ok := strings.CutPrefix(a.Text, "-Dserver.port="); ok {
			found = p
		}
		if a.Text == "runserver" || a.Text == "http.server" {
			if i+1 < len(words) {
				if p, ok := portOf(words[i+1].Text); ok {
					found = p
				}
			}
		}
	}
	if found != "" {
		return found, true
	}
	for _, name := range portVariables(program, words) {
		if v, ok := b.runtimeEnv(name); ok {
			if p, ok := portOf(v); ok && (found == "" || b.sets(name)) {
				found = p // what this file sets comes before what its base does
			}
		}
	}
	return found, found != ""
}

// UsualPort is the port that the program listens on where nothing sets another one; "" where
// that is not known. A file of settings may still do so.
func (b *Build) UsualPort() string {
	program, args := b.Program()
	if program == "bundle" && len(args) > 1 && args[0].Text == "exec" {
		program, args = path.Base(args[1].Text), args[2:]
	}
	if slices.ContainsFunc(args, func(w shell.Word) bool { return w.Text == "-c" || strings.HasPrefix(w.Text, "--config") }) {
		return ""
	}
	if s := knowledge.ServerOf(moduleOf(args)); s.Port != "" && shell.IsPython(program) {
		return s.Port
	}
	s := knowledge.ServerOf(program)
	if len(s.Serves) > 0 && !slices.ContainsFunc(args, func(w shell.Word) bool { return slices.Contains(s.Serves, w.Text) }) {
		return ""
	}
	return s.Port
}

// portFlag tells whether a program has the port that it listens on, or the
// address with it, behind a flag.
func portFlag(flag, program string) bool {
	return knowledge.PortFlags.Has(flag) || slices.Contains(knowledge.ServerOf(program).PortFlags, flag)
}

// moduleOf is the module that python -m runs.
func moduleOf(words []shell.Word) string {
	for i, w := range words {
		if w.Text == "-m" && i+1 < len(words) {
			return words[i+1].Text
		}
	}
	for _, w := range words {
		if !strings.HasPrefix(w.Text, "-") {
			return path.Base(w.Text) // bundle exec puma, gosu app gunicorn
		}
	}
	return ""
}

// sets tells whether an ENV of this file sets a variable.
func (b *Build) sets(name string) bool {
	for s := range b.Steps() {
		if s.Keyword == "ENV" && slices.ContainsFunc(s.Vars, func(v Var) bool { return v.Name == name }) {
			return true
		}
	}
	return false
}

// portVariables are the variables from which a program takes its port.
func portVariables(program string, args []shell.Word) []string {
	if v := knowledge.ServerOf(program).PortVariables; len(v) > 0 {
		return v
	}
	if m := moduleOf(args); m == "uvicorn" {
		return knowledge.ServerOf(m).PortVariables
	}
	return []string{"PORT"}
}

var portDigits = regexp.MustCompile(`^\d{1,5}$`)

// portOf is the port of a number, an address or a URL.
func portOf(s string) (string, bool) {
	s = strings.TrimSuffix(s, "/")
	if i := strings.Index(s, "://"); i >= 0 {
		s = s[i+3:]
	}
	if portDigits.MatchString(s) {
		return s, true
	}
	if i := strings.LastIndexByte(s, ':'); i >= 0 && portDigits.MatchString(s[i+1:]) {
		return s[i+1:], true
	}
	return "", false
}
