package vault

import (
	"context"
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
		return engine{}, &store.Error{Op: r.op, Ref: r.ref, Kind: store.ErrUnavailable, Status: got.status,
			Detail: "the vault does not say what is mounted there", Hint: "name the mount and its version in the policy: mount: \"…\", kv: 2"}
	}
	kind, _ := got.secret.Data["type"].(string)
	mount, _ := got.secret.Data["path"].(string)
	mount = strings.Trim(mount, "/")
	options, _ := got.secret.Data["options"].(map[string]any)
	version, _ := options["version"].(string)
	fail := func(detail, hint string) error {
		return &store.Error{Op: r.op, Ref: r.ref, Kind: store.ErrInvalid, Detail: detail, Hint: hint}
	}
	switch {
	case mount == "" || wanted == "" && !strings.HasPrefix(path, mount+"/"):
		return engine{}, fail("the path names a mount, and no secret in it", "write the secret's path after it")
	case wanted != "" && mount != wanted:
		return engine{}, fail("the mount is a shorter path", "put what is more into path")
	case kind != "kv" && kind != "generic":
		return engine{}, fail("what is mounted there is no key-value engine", "keyplumb reads the engines kv version 1 and 2")
	case version == "2":
		return engine{mount, 2}, nil
	}
	return engine{mount, 1}, nil
}
