package stack

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// Site is what is known of a site of files alone.
type Site struct {
	Root  string   `json:"root"`            // the folder with its pages; "." = the project
	Files []string `json:"files"`           // files and folders that are given out
	Error string   `json:"error,omitempty"` // its page for what is not there, from its root
}

// siteRoots are folders that hold pages where the project's own has none.
var siteRoots = []string{".", "public", "site", "www", "html", "dist", "htdocs", "_site", "docs"}

func isSite(t *tree) (Place, bool) {
	for _, dir := range siteRoots {
		if t.has["package.json"] && dir != "dist" && dir != "_site" {
			continue // the page of a program that makes pages
		}
		if f := path.Join(dir, "index.html"); t.has[f] {
			return Place{File: f}, true
		}
	}
	return Place{}, false
}

// makers are files of programs that make a site of other files, by which its pages are
// no pages yet.
var makers = map[string]string{"_config.yml": "Jekyll", "hugo.toml": "Hugo", "config.toml": "Hugo or Zola", "mkdocs.yml": "MkDocs", ".eleventy.js": "Eleventy", "book.toml": "mdBook"}

var templateRE = regexp.MustCompile(`\{%-?\s|\{\{\s*[\w.]+|^---\r?\n`)

func detectSite(t *tree, opt Options) (*Stack, error) {
	at, _ := isSite(t)
	for _, name := range []string{"_config.yml", "hugo.toml", "config.toml", "mkdocs.yml", ".eleventy.js", "book.toml"} {
		if t.has[name] && templateRE.Match(t.read(at.File)) {
			return nil, &Unsupported{at.File + " is a template of " + makers[name] + " (" + name + ")", "init writes no container for " + makers[name] + "; the folder that it makes is a site that init takes"}
		}
	}
	s := &Stack{Dir: ".", Kind: Static, Site: &Site{Root: path.Dir(at.File)}}
	s.Manager = Fact{Value: "none", Why: "its files are given out as they are"}
	s.Server = Fact{Value: "nginx"}
	s.App = Fact{Value: s.Site.Root, At: at}
	s.Exec, s.Args = []string{"nginx"}, []string{"-g", "daemon off;"}
	s.Start = Fact{Value: "nginx"}
	s.Port = Fact{Value: "8080", Why: "a port that needs no rights"}
	if opt.Port > 0 {
		s.Port = opt.port()
	}
	s.Health = Fact{Value: "/", At: at}
	w := s.Site
	if w.Root != "." {
		w.Files = []string{w.Root}
	} else {
		for _, name := range t.in(".") {
			base := strings.TrimSuffix(name, "/")
			if !strings.HasPrefix(base, ".") && !notServed(base, strings.HasSuffix(name, "/")) || base == ".well-known" {
				w.Files = append(w.Files, base)
			}
		}
	}
	if t.has["package.json"] {
		s.Notes = append(s.Notes, at.File+" is given out as it is in the repository: package.json can make it anew")
	}
	if t.has[path.Join(w.Root, "404.html")] {
		w.Error = "/404.html"
	}
	s.Sources = w.Files
	return s, nil
}

// notServed tells whether a file at the top is none that a site gives out.
func notServed(base string, folder bool) bool {
	if folder {
		return sides[base] && base != "site" && base != "docs" && base != "examples" || base == "node_modules" || base == "src-tauri"
	}
	lower := strings.ToLower(base)
	stem := strings.TrimSuffix(lower, path.Ext(lower))
	return slices.Contains([]string{"readme", "license", "licence", "changelog", "contributing", "makefile", "dockerfile", "procfile", "gemfile", "code_of_conduct", "security", "docker-compose", "compose", "netlify", "vercel", "render", "firebase", "cname", "package", "package-lock", "yarn", "wrangler", "fly", "app"}, stem) &&
		slices.Contains([]string{"", ".md", ".txt", ".yml", ".yaml", ".json", ".toml", ".lock"}, path.Ext(lower)) ||
		slices.Contains([]string{".md", ".sh", ".py", ".rb", ".lock", ".log", ".sql", ".bak", ".conf", ".map~"}, path.Ext(lower))
}
