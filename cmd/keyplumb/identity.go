package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// identity gives the token by which this job proves who it is, made for an
// audience (OpenID Connect). GitHub makes one when it is asked; GitLab made one
// for the job beforehand, in the variable that .gitlab-ci.yml names. byHand says
// how a machine that is no job logs in instead.
func (p *providers) identity(variable, byHand string) func(context.Context, string) (secret.Value, error) {
	return func(ctx context.Context, audience string) (secret.Value, error) {
		if token := strings.TrimSpace(p.Getenv(variable)); token != "" {
			return madeFor(token, variable, audience)
		}
		address, bearer := p.Getenv("ACTIONS_ID_TOKEN_REQUEST_URL"), p.Getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
		if p.job.ci == githubCI && address != "" && bearer != "" {
			return p.githubIdentity(ctx, address, bearer, audience)
		}
		fail := &store.Error{Op: "prove who this job is", Kind: store.ErrUnauthentic, Detail: "there is no identity token"}
		switch p.job.ci {
		case githubCI:
			fail.Hint = "give the job permissions: {id-token: write, contents: read}"
		case gitlabCI:
			fail.Hint = "give the job id_tokens: {" + variable + ": {aud: \"" + audience + "\"}}"
		case unknownCI:
			fail.Hint = "set " + variable + " to a token of this CI system for the audience " + audience
		default:
			fail.Hint = "a machine that is no CI job has none: " + byHand
		}
		return secret.Value{}, fail
	}
}

// madeFor keeps a token that was made for somebody else from being sent: whoever
// gets it could log in there with it. Its signature is for them to check that
// it is made for.
func madeFor(token, from, audience string) (secret.Value, error) {
	fail := func(kind error, detail, hint string) (secret.Value, error) {
		return secret.Value{}, &store.Error{Op: "prove who this job is", Ref: from, Kind: kind, Detail: detail, Hint: hint}
	}
	claims, _, err := jwt.NewParser().ParseUnverified(token, &jwt.RegisteredClaims{})
	if err != nil {
		return fail(store.ErrUnauthentic, "the job's identity token is none (RFC 7519)", "pass it on as the CI system gives it")
	}
	of, err := claims.Claims.GetAudience()
	if err != nil || !slices.Contains(of, audience) {
		return fail(store.ErrDenied, "the job's identity token is made for another audience than "+audience,
			"in GitLab CI: id_tokens: {"+from+": {aud: \""+audience+"\"}}; or name the audience in the policy: auth: audience")
	}
	return secret.New([]byte(token)), nil
}

// maxIdentity is the longest answer with a token in it, in bytes.
const maxIdentity = 64 << 10

// githubIdentity asks the runner's own service for a token. Its address is the
// runner's word; the request's credential goes to that host and no other.
// https://docs.github.com/actions/reference/security/oidc#methods-for-requesting-the-oidc-token
func (p *providers) githubIdentity(ctx context.Context, address, bearer, audience string) (secret.Value, error) {
	const op, ref = "ask for the job's identity token", "ACTIONS_ID_TOKEN_REQUEST_URL"
	const hint = "pass on ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN as the runner set them; if they are, run the job again"
	unreadable := &store.Error{Op: op, Ref: ref, Kind: store.ErrUnavailable, Detail: "the answer could not be read", Hint: hint}
	transport, err := rest.New(rest.Options{Base: address, UserAgent: "keyplumb", MaxBody: maxIdentity, Notify: p.waiting})
	if err != nil {
		return secret.Value{}, hinted(rest.Failure(op, ref, nil, err), hint)
	}
	u, err := url.Parse(address)
	if err != nil {
		return secret.Value{}, unreadable // rest.New has read it: this does not happen
	}
	query := u.Query()
	query.Set("audience", audience)
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return secret.Value{}, unreadable
	}
	req.Header.Set("Authorization", "Bearer "+bearer)
	resp, err := transport.Client().Do(req)
	failed := rest.Failure(op, ref, resp, err)
	switch {
	case errors.Is(failed, store.ErrNotFound):
		return secret.Value{}, unreadable // that there is no such service says nothing of any secret
	case failed != nil:
		return secret.Value{}, hinted(failed, hint)
	}
	defer resp.Body.Close() //nolint:errcheck // the transport has read it
	var answer struct {
		Value string `json:"value"`
	}
	if json.NewDecoder(resp.Body).Decode(&answer) != nil || answer.Value == "" {
		return secret.Value{}, unreadable
	}
	return madeFor(answer.Value, ref, audience)
}

// hinted says what to do about an error that does not.
func hinted(err error, hint string) error {
	if e, ok := errors.AsType[*store.Error](err); ok {
		e.Hint = cmp.Or(e.Hint, hint)
	}
	return err
}

// serviceAccountToken is where a pod finds the token of its service account.
// https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
const serviceAccountToken = "/var/run/secrets/kubernetes.io/serviceaccount/token" //nolint:gosec // a path, not a token

// podIdentity gives the token of the pod that this runs in.
func podIdentity(file string) func(context.Context, string) (secret.Value, error) {
	return func(context.Context, string) (secret.Value, error) {
		fail := func(kind error, detail, hint string) (secret.Value, error) {
			return secret.Value{}, &store.Error{Op: "prove who this pod is", Ref: file, Kind: kind, Detail: detail, Hint: hint}
		}
		token, err := os.ReadFile(file) //nolint:gosec // a fixed path
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return fail(store.ErrUnauthentic, "there is no service account's token", "run keyplumb in a pod, with automountServiceAccountToken")
		case err != nil || len(token) == 0:
			return fail(store.ErrUnauthentic, "the service account's token cannot be read", "let this user read it (fsGroup)")
		}
		return secret.New(token), nil
	}
}
