package aws

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"golang.org/x/sync/errgroup"

	"github.com/keyplumb/keyplumb/sync/awsapi"
	"github.com/keyplumb/keyplumb/sync/store"
)

// A reader remembers, while one Read lasts, what batches brought.
type reader struct {
	*Source
	mu      sync.Mutex
	answers map[string]answer // by path
	down    *answer           // why nothing more is asked: the next secret would fare no better
}

// An answer is what one secret's version is, or why it cannot be had.
type answer struct {
	text    []byte
	version string
	created time.Time
	err     error
	told    awsapi.Refusal // with err: what the API said
}

// readBatches reads those secrets whose current version is wanted, if they are
// more than one.
func (r *reader) readBatches(ctx context.Context, refs []store.Reference) {
	if r.alone.Load() {
		return
	}
	var paths []string
	for _, ref := range refs {
		if ref.Version == "" && r.check(ref.Path, "") == nil {
			paths = append(paths, ref.Path)
		}
	}
	// What may be two names of one secret goes into one batch.
	slices.SortFunc(paths, func(a, b string) int { return cmp.Or(cmp.Compare(nameOf(a), nameOf(b)), cmp.Compare(a, b)) })
	paths = slices.Compact(paths)
	if len(paths) < 2 {
		return
	}
	var group errgroup.Group
	group.SetLimit(batches)
	for batch := range slices.Chunk(paths, batchSize) {
		group.Go(func() error {
			if ctx.Err() == nil && !r.alone.Load() && r.isDown() == nil {
				r.readBatch(ctx, batch)
			}
			return nil
		})
	}
	_ = group.Wait() // it has no errors
}

// readBatch reads up to 20 secrets. Those of which it brings no word are asked
// for alone afterwards.
func (r *reader) readBatch(ctx context.Context, paths []string) {
	in := &secretsmanager.BatchGetSecretValueInput{SecretIdList: paths}
	// An answer may be cut anywhere, even before its first secret; one that does
	// not end is given up.
	for range 2 * batchSize {
		out, err := r.api.batch(ctx, in)
		if err != nil {
			r.failed(err)
			return
		}
		for _, entry := range out.SecretValues {
			r.remember(paths, sdk.ToString(entry.ARN), sdk.ToString(entry.Name), valueOf(entry.SecretString, entry.SecretBinary, entry.VersionId))
		}
		for _, e := range out.Errors {
			r.remember(paths, sdk.ToString(e.SecretId), "", refusalOf(e))
		}
		if sdk.ToString(out.NextToken) == "" {
			return
		}
		in.NextToken = out.NextToken
	}
}

// refusalOf reads one secret's error, which has no status of its own.
func refusalOf(e types.APIErrorType) answer {
	told := awsapi.Refused(sdk.ToString(e.ErrorCode), sdk.ToString(e.Message))
	return answer{err: told.Error("read", ""), told: told}
}

// remember keeps an answer under each path that stands for its secret.
func (r *reader) remember(paths []string, arn, name string, a answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, path := range paths {
		if names(path, arn, name) {
			r.answers[path] = a
		}
	}
}

// failed remembers an error that does not hang on what was asked for.
func (r *reader) failed(err error) {
	told, failed := awsapi.Failure("read", "", err)
	if errors.Is(failed, store.ErrDenied) && told.Code != "" {
		r.alone.Store(true)
	}
	r.judge(answer{err: failed, told: told})
}

// judge tells whether an answer is of a kind that every further one would be
// of, and remembers it.
func (r *reader) judge(a answer) answer {
	kinds := []error{store.ErrUnavailable, store.ErrUnauthentic, store.ErrThrottled, store.ErrMoved}
	if slices.ContainsFunc(kinds, func(kind error) bool { return errors.Is(a.err, kind) }) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.down = &a
	}
	return a
}

func (r *reader) isDown() *answer {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.down
}

// valueOf reads a version: text, or else bytes.
func valueOf(text *string, binary []byte, version *string) answer {
	a := answer{version: sdk.ToString(version)}
	switch {
	case text != nil:
		a.text = []byte(*text)
	case binary != nil:
		a.text = binary
	default:
		a.err = &store.Error{Op: "read", Kind: store.ErrUnavailable, Detail: "the answer could not be read"}
	}
	return a
}
