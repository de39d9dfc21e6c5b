package vault

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/keyplumb/keyplumb/sync/store"
)

// A reader remembers, while one Read lasts, what the current versions are:
// "previous" counts from there.
type reader struct {
	*Source
	mu     sync.Mutex
	latest map[string]func() (edition, error)
}

// An edition is one version of a secret, or what is left of it.
type edition struct {
	number    int // 0: an engine without versions
	created   time.Time
	deleted   time.Time // zero: it was not
	destroyed bool
	expires   time.Time // zero: nothing says that it ends
	owner     string
	data      store.Fields // nil where it is gone
}

// open reads a secret: the current version, a numbered one, or the previous.
func (r *reader) open(ctx context.Context, path, version string) (store.Lookup, error) {
	path, number, err := parse(path, version)
	if err != nil {
		return nil, err
	}
	ref := store.Reference{Path: path, Version: version}.String()
	var e edition
	switch version {
	case "":
		e, err = r.current(ctx, path)
	case "previous":
		if e, err = r.current(ctx, path); err != nil {
			return nil, err
		}
		if e.number == 1 {
			return nil, &store.Error{Op: "read", Ref: ref, Kind: store.ErrNotFound, Detail: "there is no version before the first",
				Hint: "mark the secret optional: true until there is one"}
		}
		if e.number > 0 {
			number = e.number - 1
		}
		e, err = r.read(ctx, path, version, number)
	default:
		e, err = r.read(ctx, path, version, number)
	}
	if err != nil {
		return nil, err
	}
	if e.data == nil {
		return nil, gone(ref, e)
	}
	return e.document(ref).Lookup, nil
}

// parse reads a reference's path and version; the number is 0 for those that
// are counted from the newest one.
func parse(path, version string) (clean string, number int, err error) {
	path = strings.Trim(path, "/")
	if !isPath(path) {
		return "", 0, refused(path, "that is no path of a secret", "write it as vault kv get takes it, without the mount where the policy names that")
	}
	if version != "" && version != "previous" {
		if number, err = strconv.Atoi(version); err != nil || number < 1 {
			return "", 0, refused(path, "a version is a number from 1, or \"previous\"", "vault kv metadata get lists them")
		}
	}
	return path, number, nil
}

func refused(ref, detail, hint string) error {
	return &store.Error{Op: "read", Ref: ref, Kind: store.ErrInvalid, Detail: detail, Hint: hint}
}

// current reads the current version, once.
func (r *reader) current(ctx context.Context, path string) (edition, error) {
	r.mu.Lock()
	once, known := r.latest[path]
	if !known {
		once = sync.OnceValues(func() (edition, error) { return r.read(ctx, path, "", 0) })
		r.latest[path] = once
	}
	r.mu.Unlock()
	return once()
}

// read asks for a version by its number; 0 is the current one.
func (s *Source) read(ctx context.Context, path, version string, number int) (edition, error) {
	ref := store.Reference{Path: path, Version: version}.String()
	token, e, err := s.enter(ctx, path)
	if err != nil {
		return edition{}, err
	}
	if e.version == 1 && version != "" {
		return edition{}, refused(ref, "a key-value engine of version 1 keeps no versions", "leave out version, or upgrade the mount: vault kv enable-versioning "+e.mount)
	}
	inside := s.inside(e, path)
	r := request{op: "read", ref: ref, method: http.MethodGet, path: e.mount + "/" + inside, token: token}
	if e.version == 2 {
		r.path = e.mount + "/data/" + inside
		if number > 0 {
			r.query = url.Values{"version": {strconv.Itoa(number)}}
		}
	}
	got, told, err := s.call(ctx, r)
	switch {
	case err != nil:
		return edition{}, s.explainRead(err, told, r.path)
	case got.status == http.StatusNotFound:
		return s.absent(ctx, r, got, told, e, number)
	case got.secret == nil || got.secret.Data == nil:
		return edition{}, r.unreadable()
	case got.secret.LeaseID != "" || !slices.Contains([]string{"", "kv", "generic"}, got.secret.MountType):
		return edition{}, notKV(r.op, r.ref)
	case e.version == 1:
		return edition{data: got.secret.Data}, nil
	}
	return r.versioned(got, number)
}

// inside gives a path as the engine has it, without its mount.
func (s *Source) inside(e engine, path string) string {
	if s.options.Mount == "" {
		return strings.TrimPrefix(path, e.mount+"/")
	}
	return path
}

// versioned reads the answer of an engine of version 2. It is of the version
// that was asked for: whatever stands on the way may have left out the query.
// https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2#read-secret-version
func (r request) versioned(got answer, asked int) (edition, error) {
	metadata, _ := got.secret.Data["metadata"].(map[string]any)
	number, ok := metadata["version"].(json.Number)
	n, err := number.Int64()
	if !ok || err != nil || n < 1 || n > 1<<31 || asked > 0 && int(n) != asked {
		return edition{}, r.unreadable()
	}
	e := edition{number: int(n), created: timeOf(metadata["created_time"])}
	if got.status == http.StatusNotFound {
		e.deleted = timeOf(metadata["deletion_time"])
		e.destroyed, _ = metadata["destroyed"].(bool)
		if !e.destroyed && e.deleted.IsZero() {
			return edition{}, r.unreadable()
		}
		return e, nil
	}
	e.about(metadata, asked == 0)
	if e.data, ok = got.secret.Data["data"].(map[string]any); !ok {
		return edition{}, r.unreadable()
	}
	return e, nil
}

func timeOf(v any) time.Time {
	text, _ := v.(string)
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}
	}
	return at
}
