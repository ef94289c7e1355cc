package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/moby/moby/client"
)

// Mirrors are the addresses that the engine asks for images of Docker Hub before
// Docker Hub itself: http://127.0.0.1:5055/.
func (e *Engine) Mirrors(ctx context.Context) ([]string, error) {
	r, err := e.cli.Info(ctx, client.InfoOptions{})
	if err != nil {
		return nil, fmt.Errorf("ask the engine for its mirrors: %w", err)
	}
	if r.Info.RegistryConfig == nil {
		return nil, nil
	}
	return r.Info.RegistryConfig.Mirrors, nil
}

// Tags are the tags under which the engine itself has images of a repository, as
// docker writes its name: python, ghcr.io/astral-sh/uv.
func (e *Engine) Tags(ctx context.Context, repository string) ([]string, error) {
	r, err := e.cli.ImageList(ctx, client.ImageListOptions{Filters: make(client.Filters).Add("reference", repository)})
	if err != nil {
		return nil, fmt.Errorf("ask the engine for its images of %s: %w", repository, err)
	}
	var list []string
	for _, i := range r.Items {
		for _, t := range i.RepoTags {
			if tag, ok := strings.CutPrefix(t, repository+":"); ok {
				list = append(list, tag)
			}
		}
	}
	return list, nil
}
