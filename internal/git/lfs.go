package git

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// MaxPointer is how large a pointer of git LFS is at most.
// Source: git-lfs, docs/spec.md.
const MaxPointer = 1024

// Pointer is the SHA-256 of the file that a pointer of git LFS stands for; ok is
// false where data is no pointer.
func Pointer(data []byte) (sum string, ok bool) {
	if len(data) >= MaxPointer || !strings.HasPrefix(string(data), "version https://git-lfs.github.com/spec/v1\n") {
		return "", false
	}
	for line := range strings.Lines(string(data)) {
		if rest, found := strings.CutPrefix(strings.TrimSpace(line), "oid sha256:"); found && len(rest) == 64 && isID(rest) {
			return rest, true
		}
	}
	return "", false
}

// LFS copies a file of git LFS that was fetched for the repository. ok is false
// where it was not, or is another.
func (r *Repo) LFS(ctx context.Context, sum string, to io.Writer) (ok bool, err error) {
	dir, err := r.Shared(ctx)
	if err != nil {
		return false, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return false, fmt.Errorf("open the repository: %w", err)
	}
	defer root.Close()
	name := path.Join("lfs", "objects", sum[:2], sum[2:4], sum)
	if info, err := root.Lstat(name); err != nil || !info.Mode().IsRegular() {
		return false, nil
	}
	f, err := root.Open(name)
	if err != nil {
		return false, nil
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(io.MultiWriter(h, to), f); err != nil {
		return false, fmt.Errorf("read a file of git LFS: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)) == sum, nil
}
