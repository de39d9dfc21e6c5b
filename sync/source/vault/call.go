package vault

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/hashicorp/vault/api"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// newClient makes a client of Vault's that neither waits, nor repeats, nor
// follows a redirect, and knows nothing of the process's environment.
func newClient(address, namespace string, transport *rest.Transport) (*api.Client, string, error) {
	refuse := func(detail, hint string) error {
		return &store.Error{Op: "open", Ref: "vault source", Kind: store.ErrInvalid, Detail: detail, Hint: hint}
	}
	base, err := url.Parse(address)
	if err != nil || base.RawQuery != "" || base.Fragment != "" || base.RawPath != "" {
		return nil, "", refuse("the address is that of a vault, with nothing after it", lookAt)
	}
	client, err := api.NewClient(&api.Config{
		Address: strings.TrimRight(address, "/"),
		HttpClient: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		DisableRedirects: true,
		CheckRetry:       func(context.Context, *http.Response, error) (bool, error) { return false, nil },
	})
	if err != nil {
		// It reads all variables of Vault's own tool before it looks at what it
		// is given, and fails on one that is malformed.
		return nil, "", refuse("Vault's own client cannot make sense of the environment's VAULT_… variables",
			"correct them, or unset those that keyplumb does not need; it uses VAULT_ADDR, VAULT_NAMESPACE, VAULT_CACERT and credentials")
	}
	client.SetHeaders(http.Header{api.RequestHeaderName: {"true"}})
	client.ClearToken()
	if namespace != "" {
		client.SetNamespace(strings.Trim(namespace, "/"))
	}
	client.SetWrappingLookupFunc(func(string, string) string { return "" })
	return client, base.Host, nil
}

// A request is one call of the API, and what an error about it says.
type request struct {
	op, ref string
	method  string
	path    string // below /v1/
	query   url.Values
	body    any // of a POST
	token   secret.Value
}

// An answer is a status with what could be made of the body.
type answer struct {
	status int
	secret *api.Secret
}

// call makes a request. A 404 is an answer; every other failure is a
// *store.Error, or ends with the context's own. told is whatever the server
// said of the reason, to be matched and never shown.
//
// What gave no answer at all, after all tries, is not asked again: each secret
// would wait as long. But for a token's sake it is.
func (s *Source) call(ctx context.Context, r request) (got answer, told string, err error) {
	if silent := s.silent.Load(); silent != nil && r.path != revoke {
		again := *silent // what it is about is added to it
		return answer{}, "", &again
	}
	req := s.client.NewRequest(r.method, "/v1/"+r.path)
	req.ClientToken = string(r.token.Reveal())
	for name, values := range r.query {
		req.Params[name] = values
	}
	if r.body != nil {
		if err := req.SetJSONBody(r.body); err != nil {
			return answer{}, "", &store.Error{Op: r.op, Ref: r.ref, Kind: store.ErrInvalid, Detail: "the request could not be made up"}
		}
	}
	// With its error or without, an answer's body is in memory: the transport
	// has read it. The methods that are to be used instead log in with PUT,
	// which is repeated where an answer is lost, and hide statuses.
	resp, err := s.client.RawRequestWithContext(ctx, req) //nolint:staticcheck // see above
	if resp == nil {
		err = rest.Failure(r.op, r.ref, nil, err)
		if failed, ok := errors.AsType[*store.Error](err); ok && errors.Is(failed, store.ErrUnavailable) {
			first := *failed
			s.silent.Store(&first)
		}
		return answer{}, "", err
	}
	defer resp.Body.Close() //nolint:errcheck // there is no connection behind it
	body, unread := io.ReadAll(resp.Body)
	failed := rest.Failure(r.op, r.ref, resp.Response, unread)
	switch {
	case failed == nil, resp.StatusCode == http.StatusNotFound && unread == nil:
	case errors.Is(failed, store.ErrNotFound):
		return answer{}, "", r.unreadable() // 410, which no vault says
	default:
		return answer{}, reasons(body), failed
	}
	got.status = resp.StatusCode
	if !isVaults(got.status, body) {
		odd := r.unreadable()
		odd.Status = got.status
		return answer{}, "", odd
	}
	if got.secret, err = api.ParseSecret(bytes.NewReader(body)); err != nil {
		return answer{}, "", r.unreadable()
	}
	if got.secret != nil && !hasData(body) {
		got.secret.Data = nil // of an answer with nothing in it, the client makes the whole the data
	}
	return got, reasons(body), nil
}

// unreadable is the error for an answer that makes no sense.
func (r request) unreadable() *store.Error {
	return &store.Error{Op: r.op, Ref: r.ref, Kind: store.ErrUnavailable, Detail: "the answer could not be read",
		Hint: "is the address the vault's? What answers there may be something that stands before it; else run keyplumb again"}
}

// isVaults tells an answer of a vault from one of whatever stands before it:
// what is not there must not be taken from a proxy's word, nor its greeting for
// a secret.
func isVaults(status int, body []byte) bool {
	if len(body) == 0 {
		return status != http.StatusNotFound
	}
	var said struct {
		Errors []string        `json:"errors"`
		Data   json.RawMessage `json:"data"`
		Auth   json.RawMessage `json:"auth"`
	}
	if json.Unmarshal(body, &said) != nil {
		return false
	}
	return said.Data != nil || said.Auth != nil || status == http.StatusNotFound && said.Errors != nil
}

func hasData(body []byte) bool {
	var said struct {
		Data map[string]json.RawMessage `json:"data"`
	}
	return json.Unmarshal(body, &said) == nil && said.Data != nil
}

// reasons reads the errors of an answer, in lower case, a line for each.
// https://developer.hashicorp.com/vault/api-docs#error-response
func reasons(body []byte) string {
	var said struct {
		Errors []string `json:"errors"`
	}
	if json.Unmarshal(body, &said) != nil {
		return ""
	}
	told := ""
	for _, reason := range said.Errors {
		told += strings.ToLower(reason) + "\n"
	}
	return told
}
