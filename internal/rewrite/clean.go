package rewrite

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"os"
	"path/filepath"

	"github.com/dockworthy/dockworthy/internal/git"
)

// clean refuses files with changes that git does not hold, so that whoever is not
// content with what is written can have back what was there. Files outside of any
// repository are nobody's to keep.
func (f *Folder) clean(ctx context.Context, list []*target) error {
	repos := map[string][]*target{}
	for _, t := range list {
		if t.Before == nil || t.Ours {
			continue
		}
		if top := workTree(filepath.Join(f.dir, t.at)); top != "" {
			repos[top] = append(repos[top], t)
		}
	}
	var refused []error
	for top, list := range repos {
		held, err := committed(ctx, top)
		if err != nil {
			return fmt.Errorf("find out whether git holds the files that are to be edited: %w (--allow-dirty does not ask)", err)
		}
		for _, t := range list {
			rel, err := filepath.Rel(top, filepath.Join(f.dir, t.at))
			if err != nil {
				return err
			}
			id, ok := held[filepath.ToSlash(rel)]
			switch {
			case !ok:
				refused = append(refused, &Refusal{t.Name, "is not committed, so that its changes cannot be told from yours: commit it, or use --allow-dirty"})
			case !isBlob(id, t.Before):
				refused = append(refused, &Refusal{t.Name, "has changes that are not committed: commit them, or use --allow-dirty"})
			}
		}
	}
	return errors.Join(refused...)
}

// workTree is the nearest folder upwards that holds .git; "" where there is none.
func workTree(file string) string {
	for dir := filepath.Dir(file); ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}

// committed are the files of the last commit with the ids of their contents.
func committed(ctx context.Context, top string) (map[string]string, error) {
	repo, err := git.Open(top)
	if err != nil {
		return nil, err
	}
	head, err := repo.Commit(ctx, "HEAD")
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, errors.New("the repository has no commit yet")
	}
	list, err := repo.Tree(ctx, head)
	if err != nil {
		return nil, err
	}
	held := make(map[string]string, len(list))
	for _, e := range list {
		held[e.Path] = e.ID
	}
	return held, nil
}

// isBlob tells whether git has contents under an id: as they are, or with the line
// breaks that git keeps of a file that is checked out with others.
func isBlob(id string, data []byte) bool {
	return blobID(id, data) == id || bytes.Contains(data, []byte("\r\n")) && blobID(id, bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))) == id
}

// blobID is the id that git gives to contents, in the hash that another id has.
// Source: git documentation, gitformat-pack, object storage.
func blobID(like string, data []byte) string {
	var h hash.Hash = sha1.New()
	if len(like) == 2*sha256.Size {
		h = sha256.New()
	}
	fmt.Fprintf(h, "blob %d\x00", len(data))
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil))
}
