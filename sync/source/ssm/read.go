package ssm

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/keyplumb/keyplumb/sync/awsapi"
	"github.com/keyplumb/keyplumb/sync/store"
)

// A reader remembers, while one Read lasts, what was answered.
type reader struct {
	*Source
	mu      sync.Mutex
	answers map[selection]answer
	down    *answer // why nothing more is asked: the next parameter would fare no better
}

// An answer is one version of a parameter, or why it cannot be had.
type answer struct {
	text    string
	number  int64
	changed time.Time
	missing bool
	err     error
	told    awsapi.Refusal // with err: what the API said
	unasked bool           // with err: it is that of another request
}

// readAll reads what the references need: the current versions and those that
// are named, then those before the current ones.
func (r *reader) readAll(ctx context.Context, refs []store.Reference) {
	var first, then []selection
	for _, ref := range refs {
		if r.check(ref.Path, ref.Version) != nil {
			continue
		}
		one := selection{ref.Path, ref.Version}
		if ref.Version == previous {
			one.selector = ""
		}
		first = append(first, one)
	}
	r.readSome(ctx, first)
	for _, ref := range refs {
		if now := r.answers[selection{ref.Path, ""}]; ref.Version == previous && now.number > 1 {
			then = append(then, selection{ref.Path, before(now.number)})
		}
	}
	r.readSome(ctx, then)
}

func before(number int64) string { return strconv.FormatInt(number-1, 10) }

// readSome reads selections that have not been read, each once.
func (r *reader) readSome(ctx context.Context, wanted []selection) {
	slices.SortFunc(wanted, func(a, b selection) int { return strings.Compare(a.name(), b.name()) })
	wanted = slices.DeleteFunc(slices.Compact(wanted), func(one selection) bool {
		_, known := r.answers[one]
		return known
	})
	awsapi.AtOnce(parallel, pack(wanted), func(request []selection) { r.request(ctx, request) })
}

// request asks for some parameters. What may be the fault of one of them alone
// is asked for again, one by one.
func (r *reader) request(ctx context.Context, wanted []selection) {
	if ctx.Err() != nil {
		return
	}
	if down := r.isDown(); down != nil {
		r.remember(*down, wanted...)
		return
	}
	in := &ssm.GetParametersInput{WithDecryption: aws.Bool(true)}
	for _, one := range wanted {
		in.Names = append(in.Names, one.name())
	}
	out, err := r.api.get(ctx, in)
	if err == nil {
		r.answered(wanted, out)
		return
	}
	told, failed := awsapi.Failure("read", "", err)
	if len(wanted) > 1 && told.Code != "" && isOnes(failed) {
		for _, one := range wanted {
			r.request(ctx, []selection{one})
		}
		return
	}
	r.remember(answer{err: failed, told: told}, wanted...)
}

// isOnes tells an error that may be the fault of one parameter of a request.
func isOnes(err error) bool {
	return errors.Is(err, store.ErrDenied) || errors.Is(err, store.ErrInvalid) || errors.Is(err, store.ErrUnreadable)
}

// answered sorts out what a request brought.
func (r *reader) answered(wanted []selection, out *ssm.GetParametersOutput) {
	for _, one := range wanted {
		at := slices.IndexFunc(out.Parameters, func(p types.Parameter) bool { return one.is(p) })
		switch {
		case slices.Contains(out.InvalidParameters, one.name()):
			r.remember(answer{missing: true}, one)
		case at < 0 || out.Parameters[at].Value == nil:
			r.remember(answer{err: awsapi.Unreadable("read", "")}, one)
		default:
			p := out.Parameters[at]
			r.remember(answer{text: *p.Value, number: p.Version, changed: aws.ToTime(p.LastModifiedDate)}, one)
		}
	}
}

// is tells whether a parameter of an answer is the one of the selection, of
// which there is one version in each request.
func (s selection) is(p types.Parameter) bool {
	return slices.Contains([]string{aws.ToString(p.Name), aws.ToString(p.Name) + aws.ToString(p.Selector), aws.ToString(p.ARN)}, s.path) ||
		aws.ToString(p.Name) == s.name()
}

// remember keeps an answer, and one of a kind that every further one would be
// of in its place, too.
func (r *reader) remember(a answer, of ...selection) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range of {
		r.answers[one] = a
	}
	kinds := []error{store.ErrUnavailable, store.ErrUnauthentic, store.ErrThrottled, store.ErrMoved}
	if slices.ContainsFunc(kinds, func(kind error) bool { return errors.Is(a.err, kind) }) {
		r.down = &answer{err: a.err, told: a.told, unasked: true}
	}
}

func (r *reader) isDown() *answer {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.down
}

// open gives the version of a parameter that a reference asks for.
func (r *reader) open(path, version string) (store.Lookup, error) {
	if err := r.check(path, version); err != nil {
		return nil, err
	}
	ref := store.Reference{Path: path, Version: version}.String()
	got, known := r.answers[selection{path, version}]
	if version == previous {
		now, read := r.answers[selection{path, ""}]
		got, known = now, read
		switch {
		case now.number == 1:
			return nil, &store.Error{Op: "read", Ref: ref, Kind: store.ErrNotFound, Detail: "there is no version before the first", Hint: "mark the secret optional: true until there is one"}
		case now.number > 1:
			got, known = r.answers[selection{path, before(now.number)}]
		case read && !now.missing && now.err == nil: // it has no number, and none before it
			return nil, &store.Error{Op: "read", Ref: ref, Kind: store.ErrInvalid, Detail: "its versions are not numbered, so that none is the one before",
				Hint: "a secret of Secrets Manager is read by a source of its own, of kind: \"aws\""}
		}
	}
	if !known {
		got = answer{err: awsapi.Unreadable("read", "")} // not asked for: the context has ended meanwhile
	}
	if got.missing || got.err != nil {
		return nil, r.explain(got, path, version)
	}
	about := store.Reading{Changed: got.changed, Version: versionOf(got.number, got.changed)}
	return store.Document{Ref: ref, Text: []byte(got.text), About: about}.Lookup, nil
}
