package github

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"sync"

	gh "github.com/google/go-github/v60/github"
	"golang.org/x/crypto/nacl/box"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// A publicKey is what a scope's secrets are sealed for.
type publicKey struct {
	id  string
	key [32]byte
}

// A keyring holds a scope's public key once it was fetched.
type keyring struct {
	mu      sync.Mutex
	current *publicKey
}

// publicKey gives a scope's key, fetching it if there is none yet, or none but
// the stale one. Those who ask at the same time wait for one request.
func (t *Target) publicKey(ctx context.Context, scope store.Scope, stale *publicKey) (*publicKey, error) {
	where, err := t.paths(scope)
	if err != nil {
		return nil, err
	}
	ring := &t.state(scope).key
	ring.mu.Lock()
	defer ring.mu.Unlock()
	if ring.current != nil && ring.current != stale {
		return ring.current, nil
	}
	var answer gh.PublicKey
	r := request{
		op: "get the public key of", ref: t.refOf(scope), method: http.MethodGet,
		path: where.secrets + "/public-key", into: &answer, needs: t.reading(store.Secret),
	}
	if _, err := t.call(ctx, r); err != nil {
		return nil, err
	}
	raw, err := base64.StdEncoding.DecodeString(answer.GetKey())
	if err != nil || len(raw) != 32 || answer.GetKeyID() == "" {
		return nil, &store.Error{Op: r.op, Ref: r.ref, Kind: store.ErrUnavailable, Detail: "the answer is no public key of 32 bytes"}
	}
	ring.current = &publicKey{id: answer.GetKeyID(), key: [32]byte(raw)}
	return ring.current, nil
}

// seal closes a value so that only GitHub can open it: libsodium's sealed box,
// in base64. https://docs.github.com/rest/guides/encrypting-secrets-for-the-rest-api
func (k *publicKey) seal(value secret.Value) (string, error) {
	sealed, err := box.SealAnonymous(nil, value.Reveal(), &k.key, rand.Reader)
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(sealed), nil
}
