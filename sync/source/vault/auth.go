package vault

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// The ways to log in.
const (
	Token      = "token"      // what the user has
	AppRole    = "approle"    // https://developer.hashicorp.com/vault/api-docs/auth/approle
	JWT        = "jwt"        // https://developer.hashicorp.com/vault/api-docs/auth/jwt
	Kubernetes = "kubernetes" // https://developer.hashicorp.com/vault/api-docs/auth/kubernetes
)

// Auth says how to log in.
type Auth struct {
	Method   string // one of the above
	Role     string // for JWT and Kubernetes
	Mount    string // below auth/; "" is the method's name
	Audience string // for JWT; "" is the vault's own address

	Token            secret.Value
	RoleID, SecretID secret.Value // for AppRole; a role may want no secret id

	// Identity gives the token by which the job, or the pod, proves who it is;
	// for JWT, one that is made for the audience and for no one else.
	Identity func(ctx context.Context, audience string) (secret.Value, error)
}

// A session is what a login brought.
type session struct {
	token    secret.Value
	failed   error
	borrowed bool // to be revoked at the end
}

// checkAuth refuses what cannot log in, before there is a request.
func (s *Source) checkAuth() error {
	a := &s.options.Auth
	missing := func(detail, hint string) error {
		return &store.Error{Op: "log in", Ref: "vault", Kind: store.ErrUnauthentic, Detail: detail, Hint: hint}
	}
	switch a.Method {
	case Token:
		a.Token = trimmed(a.Token)
		switch {
		case a.Token.IsEmpty():
			return missing("there is no token", "set VAULT_TOKEN (vault login -no-store -token-only gives one), or let the job log in: auth: {method: \"jwt\", role: \"…\"}")
		case !isHeader(a.Token):
			return missing("VAULT_TOKEN holds characters that no token has", "set it to the token and nothing else")
		}
	case AppRole:
		a.RoleID, a.SecretID = trimmed(a.RoleID), trimmed(a.SecretID)
		if a.RoleID.IsEmpty() {
			return missing("there is no role id", "set VAULT_ROLE_ID and VAULT_SECRET_ID")
		}
	case JWT, Kubernetes:
		if a.Role == "" || a.Identity == nil {
			return s.invalid("to log in with " + a.Method + " a role is wanted")
		}
	default:
		return s.invalid("this way to log in is not known")
	}
	return nil
}

func trimmed(v secret.Value) secret.Value {
	return secret.New([]byte(strings.TrimSpace(string(v.Reveal()))))
}

// isHeader tells whether a value can stand in a header (RFC 9110 §5.5).
func isHeader(v secret.Value) bool {
	return !slices.ContainsFunc(v.Reveal(), func(b byte) bool { return b <= ' ' || b >= 0x7f })
}

// token gives the token to read with; s.mu is held. What failed once is not
// tried again: each secret would make the same mistake.
func (s *Source) token(ctx context.Context) (secret.Value, error) {
	if s.options.Auth.Method == Token {
		return s.options.Auth.Token, nil
	}
	if s.session.failed == nil && s.session.token.IsEmpty() {
		err := s.login(ctx)
		if ended := ctx.Err(); ended != nil {
			return secret.Value{}, ended
		}
		s.session.failed = err
	}
	return s.session.token, s.session.failed
}

func (s *Source) login(ctx context.Context) error {
	body, err := s.proof(ctx)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return err
	}
	// A token that the vault has made, and whose answer nobody waited for, could
	// not be revoked.
	ctx, cancel := outlasting(ctx, grace)
	defer cancel()
	path := "auth/" + s.options.Auth.Mount + "/login"
	r := request{op: "log in", ref: s.host + "/" + path, method: http.MethodPost, path: path, body: body}
	got, told, err := s.call(ctx, r)
	switch {
	case err != nil:
		return s.explainLogin(err, told)
	case got.status == http.StatusNotFound:
		return s.explainLogin(&store.Error{Op: r.op, Ref: r.ref, Kind: store.ErrNotFound, Status: got.status}, told)
	case got.secret == nil || got.secret.Auth == nil:
		return r.unreadable()
	}
	auth := got.secret.Auth
	token := secret.New([]byte(auth.ClientToken))
	if auth.MFARequirement != nil && token.IsEmpty() {
		return &store.Error{Op: r.op, Ref: r.ref, Kind: store.ErrUnauthentic,
			Detail: "the login asks for a second factor", Hint: "exempt this role from the login's MFA: a job cannot answer"}
	}
	if token.IsEmpty() || !isHeader(token) {
		return r.unreadable()
	}
	// A batch token cannot be revoked; it ends by itself.
	s.session = session{token: token, borrowed: tokenType(auth.ClientToken) != "batch"}
	return nil
}

// grace is how long an interrupted run waits for the answer to a login.
const grace = 3 * time.Second

// outlasting gives a context that ends some time after the one it is made from.
func outlasting(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(by, cancel) })
	return longer, func() { stop(); cancel() }
}

// tokenType tells a batch token by its prefix, since the client's own structure
// leaves out token_type.
// https://developer.hashicorp.com/vault/docs/concepts/tokens#token-prefixes
func tokenType(token string) string {
	if strings.HasPrefix(token, "hvb.") || strings.HasPrefix(token, "b.") {
		return "batch"
	}
	return "service"
}

// proof is what a login sends.
func (s *Source) proof(ctx context.Context) (map[string]string, error) {
	a := s.options.Auth
	if a.Method == AppRole {
		body := map[string]string{"role_id": string(a.RoleID.Reveal())}
		if !a.SecretID.IsEmpty() {
			body["secret_id"] = string(a.SecretID.Reveal())
		}
		return body, nil
	}
	identity, err := a.Identity(ctx, a.Audience)
	if err != nil {
		return nil, err
	}
	identity = trimmed(identity)
	return map[string]string{"role": a.Role, "jwt": string(identity.Reveal())}, nil
}

const revoke = "auth/token/revoke-self"

// Close revokes the token, if it was borrowed. The source logs in again if it
// is read after that.
func (s *Source) Close(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.session.borrowed {
		return nil
	}
	token := s.session.token
	s.session = session{}
	r := request{op: "revoke the token", ref: s.host, method: http.MethodPost, path: revoke, token: token}
	got, told, err := s.call(ctx, r)
	switch {
	case err == nil && got.status == http.StatusNotFound:
		return r.unreadable()
	case errors.Is(err, store.ErrDenied) && strings.Contains(told, "invalid token"):
		return nil // it has come to its end already
	}
	return err
}
