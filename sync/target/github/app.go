package github

import (
	"context"
	"crypto/rsa"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	gh "github.com/google/go-github/v60/github"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// An App is a GitHub App's credential.
type App struct {
	ID  string       // the App's id, or its client id
	Key secret.Value // its private key, RSA in PEM
}

// An installation mints tokens for one target: for its repository alone, and
// with no more permissions than the target's scope and store take.
// https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app
type installation struct {
	target *Target
	id     string
	key    *rsa.PrivateKey
	asApp  *gh.Client // signs each request as the App
	asSelf *gh.Client // with the token itself

	mu      sync.Mutex
	minted  secret.Value
	expires time.Time // by this machine's clock
}

// early is how long before its end a token is replaced.
const early = 5 * time.Minute

// newInstallation makes its clients over a transport of their own, so that
// tokens are counted apart.
func newInstallation(t *Target, options rest.Options, app App) (*installation, error) {
	// A key that came through an environment variable often has its line
	// breaks spelt out.
	pem := strings.ReplaceAll(string(app.Key.Reveal()), `\n`, "\n")
	key, err := jwt.ParseRSAPrivateKeyFromPEM([]byte(pem))
	if err != nil || app.ID == "" {
		return nil, &store.Error{
			Op: "open", Ref: t.ref(), Kind: store.ErrUnauthentic,
			Detail: "the GitHub App's id is empty, or its private key is not an RSA key in PEM",
		}
	}
	options.Limiter = nil // the App's own limits are not the installation's
	transport, err := rest.New(options)
	if err != nil {
		return nil, err
	}
	i := &installation{target: t, id: app.ID, key: key}
	o := Options{URL: options.Base, UserAgent: options.UserAgent}
	i.asApp = newClient(o, &authorized{bearer: i.sign, next: transport})
	i.asSelf = newClient(o, &authorized{bearer: func(context.Context) (secret.Value, error) { return i.minted, nil }, next: transport})
	return i, nil
}

// sign makes the App's own token: of nine minutes, and from a minute ago, in
// case that this machine's clock is ahead of GitHub's.
func (i *installation) sign(context.Context) (secret.Value, error) {
	now := time.Now()
	signed, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.RegisteredClaims{
		Issuer:    i.id,
		IssuedAt:  jwt.NewNumericDate(now.Add(-time.Minute)),
		ExpiresAt: jwt.NewNumericDate(now.Add(9 * time.Minute)),
	}).SignedString(i.key)
	if err != nil {
		return secret.Value{}, &store.Error{Op: "sign as the App for", Ref: i.target.ref(), Kind: store.ErrUnauthentic}
	}
	return secret.New([]byte(signed)), nil
}

// token gives the token in use, or mints one.
func (i *installation) token(ctx context.Context) (secret.Value, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.minted.IsEmpty() && time.Until(i.expires) > early {
		return i.minted, nil
	}
	id, err := i.find(ctx)
	if err != nil {
		return secret.Value{}, err
	}
	return i.mint(ctx, id)
}

func (i *installation) find(ctx context.Context) (int64, error) {
	path := "orgs/" + i.target.owner
	if i.target.name != "" {
		path = i.target.repository(i.target.name)
	}
	var found gh.Installation
	r := request{op: "find the App's installation on", ref: i.target.ref(), method: http.MethodGet, path: path + "/installation", into: &found}
	resp, err := call(ctx, i.asApp, r)
	switch {
	case isStatus(resp, http.StatusNotFound):
		return 0, &store.Error{
			Op: r.op, Ref: r.ref, Kind: store.ErrNotFound, Status: http.StatusNotFound,
			Detail: "not there, or the App is not installed on it", Hint: "install the GitHub App there, with access to this repository",
		}
	case err != nil:
		return 0, err
	case found.GetID() == 0:
		return 0, r.unreadable()
	}
	return found.GetID(), nil
}

// mint asks for a token. The permissions are sent as a plain map: go-github
// has no names for half of them.
func (i *installation) mint(ctx context.Context, id int64) (secret.Value, error) {
	needs := i.target.leastPermissions()
	body := map[string]any{"permissions": needs}
	if i.target.name != "" {
		body["repositories"] = []string{i.target.name}
	}
	var token gh.InstallationToken
	r := request{
		op: "mint an App token for", ref: i.target.ref(), method: http.MethodPost,
		path: fmt.Sprintf("app/installations/%d/access_tokens", id), body: body, into: &token,
	}
	resp, err := call(ctx, i.asApp, r)
	switch {
	case isStatus(resp, http.StatusUnprocessableEntity):
		return secret.Value{}, &store.Error{
			Op: r.op, Ref: r.ref, Kind: store.ErrDenied, Status: http.StatusUnprocessableEntity,
			Detail: "the App's installation does not have the permissions that this target takes",
			Hint:   "give the GitHub App " + spell(needs) + ", and accept them on the installation",
		}
	case err != nil:
		return secret.Value{}, err
	case token.GetToken() == "" || token.GetExpiresAt().IsZero():
		return secret.Value{}, r.unreadable()
	}
	// How long it lives is told by GitHub's clock at both ends.
	now := rest.Date(resp.Response)
	if now.IsZero() {
		now = time.Now()
	}
	i.minted, i.expires = secret.New([]byte(token.GetToken())), time.Now().Add(token.GetExpiresAt().Sub(now))
	return i.minted, nil
}

// spell writes permissions as GitHub's settings do: "secrets: write".
func spell(permissions map[string]string) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(permissions)) {
		out = append(out, name+": "+permissions[name])
	}
	return strings.Join(out, ", ")
}

// revoke ends the token that is in use, if one was minted.
func (i *installation) revoke(ctx context.Context) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.minted.IsEmpty() {
		return nil
	}
	_, err := call(ctx, i.asSelf, request{op: "revoke the App token for", ref: i.target.ref(), method: http.MethodDelete, path: "installation/token"})
	i.minted = secret.Value{}
	return err
}
