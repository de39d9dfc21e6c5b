package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/store"
)

// A request asks for one secret.
type request struct {
	namespace, name string
	form            form
}

func (r request) ref() string { return r.namespace + "/" + r.name }

// A form is how much of a secret is asked for.
type form struct{ accept, apiVersion, kind string }

// The forms. https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches
var (
	whole    = form{"application/json", "v1", "Secret"}
	metadata = form{"application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", "meta.k8s.io/v1", "PartialObjectMetadata"}
)

// get reads a secret, and once more where a credential has run out that was
// good before.
func (s *Source) get(ctx context.Context, r request) (object, error) {
	for again := false; ; again = true {
		shown, err := s.cluster.enter(ctx)
		if err != nil {
			return object{}, err
		}
		got, told, err := s.ask(ctx, r, shown)
		switch {
		case told.Code == http.StatusUnauthorized && !again && s.cluster.renewable(shown):
		case err != nil:
			return object{}, s.explain(err, told, r)
		default:
			return got, nil
		}
	}
}

// ask sends one request. told is what the cluster said of a failure; its text
// is for [Source.explain] alone, which does not repeat it.
//
// What gave no answer at all, after all tries, is not asked again: each secret
// would wait as long.
func (s *Source) ask(ctx context.Context, r request, shown *session) (got object, told metav1.Status, err error) {
	if silent := s.silent.Load(); silent != nil {
		again := *silent // what to do is added to it
		again.Ref = r.ref()
		return object{}, told, &again
	}
	address := s.base + "/api/v1/namespaces/" + url.PathEscape(r.namespace) + "/secrets/" + url.PathEscape(r.name)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return object{}, told, r.unreadable() // rest.New has read the address: this does not happen
	}
	req.Header.Set("Accept", r.form.accept)
	if !shown.token.IsEmpty() {
		req.Header.Set("Authorization", "Bearer "+string(shown.token.Reveal()))
	}
	resp, err := s.client.Do(req)
	if err != nil {
		err = rest.Failure("read", r.ref(), nil, err)
		if failed, ok := errors.AsType[*store.Error](err); ok && errors.Is(failed, store.ErrUnavailable) && !strings.Contains(failed.Detail, "too long") {
			first := *failed
			s.silent.Store(&first)
		}
		return object{}, told, err
	}
	defer resp.Body.Close() //nolint:errcheck // there is no connection behind it
	body, unread := io.ReadAll(resp.Body)
	if failed := rest.Failure("read", r.ref(), resp, unread); failed != nil {
		return object{}, statusOf(body, resp.StatusCode), failed
	}
	shown.good.Store(true)
	if json.Unmarshal(body, &got) != nil || !got.answers(r) {
		return object{}, told, r.unreadable()
	}
	return got, told, nil
}

// statusOf reads what a cluster says of a failure; of anybody else's answer only
// the code is left.
// https://kubernetes.io/docs/reference/using-api/api-concepts/#status-kind
func statusOf(body []byte, code int) metav1.Status {
	var said metav1.Status
	if json.Unmarshal(body, &said) != nil || said.Kind != "Status" || said.APIVersion != "v1" {
		said = metav1.Status{}
	}
	said.Code = int32(code) //nolint:gosec // three digits
	return said
}

// unreadable is the error for an answer that makes no sense.
func (r request) unreadable() error {
	return &store.Error{Op: "read", Ref: r.ref(), Kind: store.ErrUnavailable, Detail: "the answer could not be read"}
}
