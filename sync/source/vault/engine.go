package vault

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// An engine is a mount of the key-value engine.
type engine struct {
	mount   string // without the last slash
	version int
}

// enter gives the token, and the engine that a path is in. One goroutine finds
// it out and the others wait for it: there are few mounts.
func (s *Source) enter(ctx context.Context, path string) (secret.Value, engine, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return secret.Value{}, engine{}, err
	}
	token, err := s.token(ctx)
	if err != nil {
		return secret.Value{}, engine{}, err
	}
	if s.options.KV != 0 {
		return token, engine{s.options.Mount, s.options.KV}, nil
	}
	// No mount lies below another, so the first one is the one.
	for _, e := range s.engines {
		if s.options.Mount != "" || strings.HasPrefix(path, e.mount+"/") {
			return token, e, nil
		}
	}
	e, err := s.find(ctx, token, path)
	if err == nil {
		s.engines = append(s.engines, e)
	}
	return token, e, err
}

// errUnsaid is for a vault that answers, but not what is mounted.
var errUnsaid = fmt.Errorf("%w: the vault does not say what is mounted there", store.ErrUnavailable)

func unsaid(e *store.Error) error {
	e.Kind, e.Detail, e.Hint = errUnsaid, "", "name the mount and its version in the policy: mount: \"…\", kv: 2"
	return e
}

// find asks which engine a path is in.
// https://developer.hashicorp.com/vault/api-docs/system/internal-ui-mounts
func (s *Source) find(ctx context.Context, token secret.Value, path string) (engine, error) {
	about, wanted := s.options.Mount, s.options.Mount
	if about == "" {
		about = path
	}
	r := request{op: "find the mount of", ref: about, method: http.MethodGet, path: "sys/internal/ui/mounts/" + about, token: token}
	got, told, err := s.call(ctx, r)
	if err != nil {
		return engine{}, s.explainMount(err, told, about)
	}
	if got.status == http.StatusNotFound || got.secret == nil {
		return engine{}, unsaid(&store.Error{Op: r.op, Ref: r.ref, Status: got.status})
	}
	kind, _ := got.secret.Data["type"].(string)
	mount, _ := got.secret.Data["path"].(string)
	mount = strings.Trim(mount, "/")
	options, _ := got.secret.Data["options"].(map[string]any)
	version, _ := options["version"].(string)
	fail := func(detail, hint string) error {
		return &store.Error{Op: r.op, Ref: r.ref, Kind: store.ErrInvalid, Detail: detail, Hint: hint}
	}
	number, known := map[string]int{"": 1, "1": 1, "2": 2}[version]
	switch {
	case mount == "" || wanted == "" && !strings.HasPrefix(path, mount+"/"):
		return engine{}, fail("the path names a mount, and no secret in it", "write the secret's path after it")
	case wanted != "" && mount != wanted:
		return engine{}, fail("the mount is a shorter path", "put what is more into path")
	case kind != "kv" && kind != "generic":
		return engine{}, notKV(r.op, r.ref)
	case !known:
		return engine{}, fail("the engine there is of a version that keyplumb does not know", "keyplumb reads the engines kv, versions 1 and 2")
	}
	return engine{mount, number}, nil
}

// notKV is the error for a path of another engine, or of the vault's own.
func notKV(op, ref string) error {
	return &store.Error{Op: op, Ref: ref, Kind: store.ErrInvalid, Detail: "what is mounted there is no key-value engine",
		Hint: "keyplumb reads the engines kv, versions 1 and 2"}
}
