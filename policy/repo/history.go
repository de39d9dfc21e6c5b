package repo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// maxSearched is the size of the largest blob that is looked into, in bytes.
// One that is larger is an error, since nobody knows what is in it.
const maxSearched = 512 << 20

// Blobs gives every blob that the repository holds, reachable or not, in the
// order that is quickest to read. The content is good until the next call. A
// clone that does not hold the whole history is ErrIncomplete.
func (r *Repo) Blobs(ctx context.Context, visit func(object string, content []byte) error) error {
	if err := r.whole(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd, err := r.command(ctx, "cat-file", "--batch-all-objects", "--batch", "--unordered", "--buffer")
	if err != nil {
		return err
	}
	pipe, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return fmt.Errorf("%w: git cat-file did not run", ErrGit)
	}
	err = blobs(bufio.NewReaderSize(pipe, 1<<20), visit)
	interrupted := ctx.Err()
	if err != nil {
		cancel() // git may still be writing
	}
	failed := cmd.Wait()
	switch {
	case interrupted != nil:
		return interrupted
	case err == nil && failed != nil: // a git that was killed wrote a part, which looks like the whole
		return fmt.Errorf("%w: the history was not read to its end", ErrGit)
	}
	return err
}

// whole tells whether a clone holds the whole history: a shallow one ends
// somewhere, and a partial one has left objects with the server.
func (r *Repo) whole(ctx context.Context) error {
	out, err := r.run(ctx, nil, "rev-parse", "--is-shallow-repository")
	if err != nil {
		return err
	}
	if strings.TrimSpace(string(out)) == "true" {
		return fmt.Errorf("%w: the clone is shallow", ErrIncomplete)
	}
	_, err = r.run(ctx, nil, "config", "--local", "--get-regexp", `^(extensions\.partialclone|remote\..*\.promisor)$`)
	switch {
	case err == nil:
		return fmt.Errorf("%w: the clone is partial", ErrIncomplete)
	case exitStatus(err) == 1:
		return nil
	}
	return err
}

// blobs reads what cat-file writes: OBJECT SP TYPE SP SIZE LF, content, LF.
func blobs(in *bufio.Reader, visit func(string, []byte) error) error {
	var content []byte
	for {
		head, err := in.ReadString('\n')
		if errors.Is(err, io.EOF) && head == "" {
			return nil
		}
		fields := strings.Fields(head)
		if err != nil || len(fields) != 3 {
			return fmt.Errorf("%w: an object is missing, or could not be read", ErrGit)
		}
		size, err := strconv.ParseInt(fields[2], 10, 64)
		if err != nil || size < 0 {
			return fmt.Errorf("%w: cat-file was not understood", ErrGit)
		}
		if fields[1] != "blob" {
			if _, err := in.Discard(int(size) + 1); err != nil {
				return fmt.Errorf("%w: an object was cut short", ErrGit)
			}
			continue
		}
		if size > maxSearched {
			return fmt.Errorf("%w: the blob %s is too large to look into", ErrGit, fields[0])
		}
		if int64(cap(content)) < size+1 {
			content = make([]byte, size+1)
		}
		content = content[:size+1]
		if _, err := io.ReadFull(in, content); err != nil {
			return fmt.Errorf("%w: an object was cut short", ErrGit)
		}
		if err := visit(fields[0], content[:size]); err != nil {
			return err
		}
	}
}

// Where gives the first commit that brought a blob, and the path that it had
// there; both are "" for one that no commit reaches.
func (r *Repo) Where(ctx context.Context, object string) (commit, path string, err error) {
	if !revisionName.MatchString(object) {
		return "", "", ErrNoRevision
	}
	out, err := r.run(ctx, nil, "log", "--all", "--no-ext-diff", "--no-textconv", "--no-renames", "--root", "-m", "--reverse",
		"--find-object="+object, "--diff-filter=AM", "--name-only", "-z", "--format=%H")
	if err != nil {
		return "", "", err
	}
	// With -z: HASH NUL LF? PATH NUL …
	parts := split(out)
	if len(parts) < 2 {
		return "", "", nil
	}
	return strings.TrimSpace(parts[0]), strings.TrimPrefix(parts[1], "\n"), nil
}
