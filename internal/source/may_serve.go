package source

import (
	"fmt"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

// MayServe says why an image whose Role is Unclear may serve all the same; "" where
// nothing speaks for it.
func (b *Build) MayServe() string {
	if program, args := b.launched(); len(args) > 0 && knowledge.ServeWords.Has(args[0].Text) {
		return fmt.Sprintf("%s %s may serve", program, args[0].Text)
	}
	if img := b.Base(); img != nil && knowledge.WebBases.Has(img.Ref.Repo) {
		return fmt.Sprintf("%s is made for web applications", img.String())
	}
	if s := b.loneService(); s != nil {
		return fmt.Sprintf("the service %s of %s, which has ports, may run this image", s.Name.Text, s.File.File.Name)
	}
	return ""
}

// loneService is the one service with ports whose image neither everybody knows nor
// the project is known to make, where the project has one Dockerfile; nil where there
// is no such.
func (b *Build) loneService() *Service {
	if b.project == nil {
		return nil
	}
	b.files.ask(aboutUnits, "")
	if b.project.links.dockerfiles != 1 {
		return nil
	}
	var lone *Service
	for repo, list := range b.project.running {
		if folderOf(repo) == "" || b.project.repos[repo] != "" {
			continue
		}
		for _, s := range list {
			if s.Development != "" {
				continue
			}
			if lone != nil && repoOf(lone.Image.Text) != repo {
				return nil
			}
			if lone == nil || !serves(lone) {
				lone = s
			}
		}
	}
	if lone == nil || !serves(lone) {
		return nil
	}
	return lone
}
