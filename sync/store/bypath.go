package store

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"
)

// String names a reference in messages: path#field, and @version where one is
// asked for.
func (r Reference) String() string {
	text := r.Path
	if r.Field != "" {
		text += "#" + r.Field
	}
	if r.Version != "" {
		text += "@" + r.Version
	}
	return text
}

// A Lookup gives the reading of one field of a secret that has been read.
type Lookup func(field string) Reading

// ReadByPath answers references secret by secret, in order: open is called
// once for each secret (a path, and a version where one is asked for), however
// many references there are into it. Once ctx is done, the readings that are
// left hold its error.
func ReadByPath(ctx context.Context, refs []Reference, open func(path, version string) (Lookup, error)) []Reading {
	type opened struct {
		lookup Lookup
		err    error
	}
	secrets := map[Reference]opened{}
	out := make([]Reading, len(refs))
	for i, ref := range refs {
		if err := ctx.Err(); err != nil {
			out[i] = Reading{Err: fmt.Errorf("read %s: %w", ref, err)}
			continue
		}
		whole := Reference{Path: ref.Path, Version: ref.Version}
		secret, known := secrets[whole]
		if !known {
			secret.lookup, secret.err = open(ref.Path, ref.Version)
			secrets[whole] = secret
		}
		if secret.err != nil {
			out[i] = Reading{Err: secret.err}
			continue
		}
		out[i] = secret.lookup(ref.Field)
	}
	return out
}

// ReadAtOnce is ReadByPath for stores that are far away: up to limit secrets
// are opened at once. open may be called from several goroutines; its panic is
// the caller's.
func ReadAtOnce(ctx context.Context, limit int, refs []Reference, open func(path, version string) (Lookup, error)) []Reading {
	secrets := map[Reference]func() (Lookup, error){}
	var group errgroup.Group
	group.SetLimit(limit)
	for _, ref := range refs {
		whole := Reference{Path: ref.Path, Version: ref.Version}
		if _, known := secrets[whole]; known {
			continue
		}
		once := sync.OnceValues(func() (Lookup, error) { return open(whole.Path, whole.Version) })
		secrets[whole] = once
		group.Go(func() error {
			// A panic would end the process, and print what may be a value. It
			// comes again below, where the caller can catch it.
			defer func() { _ = recover() }()
			if ctx.Err() == nil {
				_, _ = once() // told below, to each reference
			}
			return nil
		})
	}
	_ = group.Wait() // it has no errors
	return ReadByPath(ctx, refs, func(path, version string) (Lookup, error) {
		return secrets[Reference{Path: path, Version: version}]()
	})
}
