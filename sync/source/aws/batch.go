package aws

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

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
	arn     string
	name    string
	text    []byte
	version string
	created time.Time
	err     error
	told    awsapi.Refusal // with err: what the API said
	unasked bool           // with err: it is that of another request
}

// readBatches reads those secrets whose current version is wanted, if they are
// more than one: first those that are named, then those that are given by their
// ARN and have not been among them. In one batch a name and an ARN of another
// account's secret of that name could not be told apart.
func (r *reader) readBatches(ctx context.Context, refs []store.Reference) {
	var named, given []string
	for _, ref := range refs {
		switch {
		case ref.Version != "" || r.check(ref.Path, "") != nil:
		case isARN(ref.Path):
			given = append(given, ref.Path)
		default:
			named = append(named, ref.Path)
		}
	}
	r.readPaths(ctx, named)
	given = slices.DeleteFunc(given, func(path string) bool {
		a, known := r.answerOf(path)
		if known {
			r.answers[path] = a
		}
		return known
	})
	r.readPaths(ctx, given)
}

// answerOf finds the answer to another path of the same secret.
func (r *reader) answerOf(path string) (answer, bool) {
	for _, a := range r.answers {
		if a.err == nil && isOf(path, a.arn, a.name) {
			return a, true
		}
	}
	return answer{}, false
}

func (r *reader) readPaths(ctx context.Context, paths []string) {
	slices.Sort(paths)
	paths = slices.Compact(paths)
	if len(paths) < 2 {
		return
	}
	awsapi.AtOnce(batches, slices.Collect(slices.Chunk(paths, batchSize)), func(batch []string) {
		if ctx.Err() == nil && !r.alone.Load() && r.isDown() == nil {
			r.readBatch(ctx, batch)
		}
	})
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
			a := valueOf(entry.SecretString, entry.SecretBinary, entry.VersionId)
			a.arn, a.name = sdk.ToString(entry.ARN), sdk.ToString(entry.Name)
			r.remember(a, slices.DeleteFunc(slices.Clone(paths), func(path string) bool { return !isOf(path, a.arn, a.name) })...)
		}
		for _, e := range out.Errors {
			if a := refusalOf(e); !isPassing(a.err) && slices.Contains(paths, sdk.ToString(e.SecretId)) {
				r.remember(a, *e.SecretId)
			}
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

// isPassing tells an error that may be gone when the secret is asked for alone.
func isPassing(err error) bool {
	return errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrThrottled)
}

// remember keeps an answer under each path of its secret.
func (r *reader) remember(a answer, paths ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, path := range paths {
		r.answers[path] = a
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
	if isPassing(a.err) || errors.Is(a.err, store.ErrUnauthentic) || errors.Is(a.err, store.ErrMoved) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.down = &answer{err: a.err, told: a.told, unasked: true}
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
		a.err = awsapi.Unreadable("read", "")
	}
	return a
}
