package registry

import (
	"context"
	"fmt"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// maxTags bounds how many tags of a repository are read.
const maxTags = 50_000

// Tags are the tags of the image's repository, in the registry's order.
func (i *Image) Tags(ctx context.Context) ([]string, error) {
	var list []string
	repo := i.ref.Context()
	err := i.ask(ctx, "list the tags of "+repo.Name(), func(opts []remote.Option) error {
		p, err := remote.NewPuller(opts...)
		if err != nil {
			return err
		}
		list, err = tagsOf(ctx, p, repo)
		return err
	})
	return list, err
}

func tagsOf(ctx context.Context, p *remote.Puller, repo name.Repository) (list []string, err error) {
	l, err := p.Lister(ctx, repo)
	if err != nil {
		return nil, err
	}
	for l.HasNext() {
		page, err := l.Next(ctx)
		if err != nil {
			return nil, err
		}
		if list = append(list, page.Tags...); len(list) > maxTags {
			return nil, fmt.Errorf("it has more than %d", maxTags)
		}
	}
	return list, nil
}
