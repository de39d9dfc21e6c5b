package gcp

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"cloud.google.com/go/auth"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/store"
)

// fromMetadata logs in as the machine itself: a virtual machine's service
// account, or a pod's. Google's own package finds the server by the process's
// environment and asks it with a client of its own, so it is not used here.
func (s *Source) fromMetadata() (*login, error) {
	base := cmp.Or(s.options.Auth.Metadata, Metadata)
	// Where there is no such server, that is to be known soon.
	transport, err := rest.New(rest.Options{
		Base: base, UserAgent: s.options.UserAgent, Notify: s.options.Notify, MaxBody: maxToken, Pause: pause,
		Metadata: true, Attempt: 3 * time.Second, Attempts: 3, Deadline: 30 * time.Second, Next: s.options.Next,
	})
	if err != nil {
		return nil, hinted(err, "look at GCE_METADATA_HOST")
	}
	m := &metadata{base: base, client: &http.Client{Transport: refusing{transport}}}
	return &login{provider: m, explain: func(err error) error { return err }, quota: s.options.Auth.QuotaProject}, nil
}

// metadata asks the metadata server for tokens.
type metadata struct {
	base   string
	client *http.Client
}

// Token implements [auth.TokenProvider].
// https://cloud.google.com/compute/docs/access/authenticate-workloads#applications
func (m *metadata) Token(ctx context.Context) (*auth.Token, error) {
	const op, ref = "log in", "the metadata server"
	none := &store.Error{Op: op, Ref: "Google", Kind: store.ErrUnauthentic, Detail: "there are no credentials, and this is no machine of Google's",
		Hint: "gcloud auth application-default login; in CI let the job log in: auth: {provider: \"projects/…\"}"}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.base+"/computeMetadata/v1/instance/service-accounts/default/token", nil)
	if err != nil {
		return nil, none // rest.New has read the address: this does not happen
	}
	req.Header.Set("Metadata-Flavor", "Google")
	resp, err := m.client.Do(req)
	if err != nil {
		e, _, other := failure(op, ref, err)
		switch {
		case e == nil:
			return nil, other
		case e.Status < http.StatusInternalServerError && !errors.Is(e, store.ErrThrottled):
			return nil, none // nobody is there, or somebody else, or a machine without an account
		}
		return nil, hinted(e, retry)
	}
	defer resp.Body.Close() //nolint:errcheck // the transport has read it
	if resp.Header.Get("Metadata-Flavor") != "Google" {
		return nil, none
	}
	var got struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int    `json:"expires_in"` // seconds
	}
	if json.NewDecoder(resp.Body).Decode(&got) != nil || got.ExpiresIn <= 0 {
		return nil, &store.Error{Op: op, Ref: ref, Kind: store.ErrUnavailable, Detail: "the answer could not be read", Hint: retry}
	}
	return &auth.Token{Value: got.AccessToken, Expiry: time.Now().Add(time.Duration(got.ExpiresIn) * time.Second)}, nil
}
