package azure

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/store"
)

// heard is the last answer that came to one operation, caught below Azure's
// clients: their errors keep a text, which is not shown, and lose the cause.
type heard struct {
	resp *http.Response
	body []byte
	err  error
	told error // what went wrong before there was a request, in words that need no others
}

type heardKey struct{}

// listening gives a context whose requests are listened to.
func listening(ctx context.Context) (context.Context, *heard) {
	h := &heard{}
	return context.WithValue(ctx, heardKey{}, h), h
}

// overhear remembers an answer, and puts its body back.
func overhear(ctx context.Context, resp *http.Response, err error) {
	h, _ := ctx.Value(heardKey{}).(*heard)
	if h == nil {
		return
	}
	*h = heard{resp: resp, err: err}
	if resp != nil {
		h.body, _ = io.ReadAll(resp.Body) // it is in memory: the transport has read it
		resp.Body = io.NopCloser(bytes.NewReader(h.body))
	}
}

// tell says why there will be no request.
func tell(ctx context.Context, err error) {
	if h, _ := ctx.Value(heardKey{}).(*heard); h != nil {
		h.told = err
	}
}

// doors send each request by the transport of the host that it is for, which
// is bound to it. A host that has no door gets nothing.
type doors map[string]*rest.Transport

func (d doors) add(base string, t *rest.Transport) {
	if u, err := url.Parse(base); err == nil {
		d[hostOf(u)] = t
	}
}

func (d doors) RoundTrip(req *http.Request) (resp *http.Response, err error) {
	defer func() { overhear(req.Context(), resp, err) }()
	if t := d[hostOf(req.URL)]; t != nil {
		return t.RoundTrip(req)
	}
	return nil, &store.Error{Op: loggingIn, Ref: "azure", Kind: store.ErrDenied,
		Detail: "Azure's client was to send a credential to a host that is neither the authority nor this machine",
		Hint:   "unset AZURE_REGIONAL_AUTHORITY_NAME and MSAL_FORCE_REGION; another authority is named by AZURE_AUTHORITY_HOST"}
}

// hostOf gives scheme, host and port, the usual ports left out.
func hostOf(u *url.URL) string {
	usual := map[string]string{"https": ":443", "http": ":80"}[u.Scheme]
	return u.Scheme + "://" + strings.TrimSuffix(strings.ToLower(u.Host), usual)
}
