package registry

import (
	"context"

	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/dockworthy/dockworthy/internal/tags"
)

// Tags are the tags of the image's repository, in the registry's order.
func (i *Image) Tags(ctx context.Context) ([]string, error) {
	var list []string
	repo := i.ref.Context()
	err := i.ask(ctx, "list the tags of "+repo.Name(), func(opts []remote.Option) error {
		p, err := remote.NewPuller(opts...)
		if err != nil {
			return err
		}
		list, err = tags.List(ctx, p, repo)
		return err
	})
	return list, err
}
