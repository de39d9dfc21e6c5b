// Package rest is the one HTTP transport that every provider's client is
// given.
//
// A provider's SDK knows its API; what must hold for each of them alike is
// here, below the SDK, where no SDK can forget it:
//
//   - A credential goes to one host. A [Transport] is bound to the scheme and
//     host of its base URL and refuses a request to any other, a redirect's
//     included. Plain http:// is for loopback.
//   - An answer is whole or it is an error. The body is read to its end before
//     the SDK sees it, decompressed, and up to a cap; one that was cut short or
//     is too long never looks like a short one.
//   - A request is repeated only where that is safe: always where the method is
//     idempotent (RFC 9110 §9.2.2), else only where the server surely did not
//     act on it.
//   - The store's limits are obeyed, as long as patience lasts, and the user is
//     told of each wait. See [Limiter].
//   - Errors are [store.Error] in keyplumb's own words. Nothing here logs.
package rest

import (
	"cmp"
	"crypto/tls"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/keyplumb/keyplumb/sync/store"
)

// Options configure a [Transport]. Zero durations and sizes mean the defaults.
type Options struct {
	Base      string      // the URL whose scheme and host every request must have
	UserAgent string      // sent where the client sets none of its own
	TLS       *tls.Config // roots and client certificates; what is older than TLS 1.2 is not spoken all the same
	Limiter   *Limiter    // shared by the transports of one account; nil: one of its own, without a pace
	Notify    func(Wait)  // told before each wait that a user would notice; may be nil

	MaxBody  int64         // the longest answer, decompressed; 32 MiB
	Attempt  time.Duration // the longest that one attempt may take; 30 s
	Deadline time.Duration // the longest that a request may take, all attempts and waits together; 10 min
	Patience time.Duration // the longest that a request waits for the store's limits; 5 min
	Attempts int           // how often a request is tried where the store fails; 4

	// Queries says that no request changes anything, whatever its method: an API
	// that is asked by POST may be asked again.
	Queries bool
	// Hasty tells a refusal for going too fast where the status does not: AWS
	// answers 400. nil: the status alone says it.
	Hasty func(status int, header http.Header, body []byte) bool
	// Pause is how long to wait after the first such refusal that does not say
	// how long, and twice that after the next; one minute.
	Pause time.Duration
	// Metadata lets http:// go to a link-local address, and past every proxy:
	// there a cloud tells a machine of its own who it is (RFC 3927, RFC 4291).
	Metadata bool
	// Proxy says which proxy a request goes through; nil: what the environment
	// says. http:// goes through none.
	Proxy func(*http.Request) (*url.URL, error)

	Next http.RoundTripper // what sends the requests; nil: a connection pool of its own
}

// A Transport sends requests to one host. It is an [http.RoundTripper] and
// safe for use by several goroutines.
type Transport struct {
	base     *url.URL
	options  Options
	limiter  *Limiter
	next     http.RoundTripper
	requests atomic.Int64
	writes   atomic.Int64
}

// New makes a transport for one host. The error is store.ErrInvalid: the base
// URL is none, or would send a credential in clear text over a network or to
// whoever answers.
func New(o Options) (*Transport, error) {
	base, err := parseBase(o.Base, o.Metadata)
	if err != nil {
		return nil, err
	}
	if o.TLS != nil && o.TLS.InsecureSkipVerify {
		return nil, &store.Error{
			Op: "use API address", Ref: base.Host, Kind: store.ErrInvalid,
			Detail: "the server's certificate would not be checked", Hint: "name the server's own certificate authority instead",
		}
	}
	o.MaxBody = cmp.Or(o.MaxBody, 32<<20)
	o.Attempt = cmp.Or(o.Attempt, 30*time.Second)
	o.Deadline = cmp.Or(o.Deadline, 10*time.Minute)
	o.Patience = cmp.Or(o.Patience, 5*time.Minute)
	o.Attempts = cmp.Or(o.Attempts, 4)
	o.Pause = cmp.Or(o.Pause, minute)
	t := &Transport{base: base, options: o, limiter: o.Limiter, next: o.Next}
	if t.limiter == nil {
		t.limiter = NewLimiter(Pace{})
	}
	if t.next == nil {
		t.next = pool(o, base.Scheme == "http")
	}
	return t, nil
}

// pool is Go's default transport, except that what TLS may be is set here.
func pool(o Options, plain bool) *http.Transport {
	config := o.TLS.Clone()
	if config == nil {
		config = new(tls.Config)
	}
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	proxy := o.Proxy
	switch {
	case o.Metadata, plain: // a proxy would read what is sent in clear text
		proxy = nil
	case proxy == nil:
		proxy = http.ProxyFromEnvironment
	}
	return &http.Transport{
		Proxy:                 proxy,
		TLSClientConfig:       config,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
}

// Client gives a client over the transport. It follows a redirect only for GET
// and HEAD, and only to the transport's own host; of any other method the
// redirect is the answer.
func (t *Transport) Client() *http.Client {
	return &http.Client{Transport: t, CheckRedirect: func(_ *http.Request, via []*http.Request) error {
		if !isRead(via[0].Method) || len(via) > maxRedirects {
			return http.ErrUseLastResponse
		}
		return nil
	}}
}

// Requests counts the requests sent so far, repeated ones included, and those
// of them that may change something.
func (t *Transport) Requests() (requests, writes int) {
	return int(t.requests.Load()), int(t.writes.Load())
}

func (t *Transport) count(method string) {
	t.requests.Add(1)
	if !t.reads(method) {
		t.writes.Add(1)
	}
}

// reads tells whether a request of this method changes nothing here.
func (t *Transport) reads(method string) bool { return t.options.Queries || isRead(method) }

// repeats tells whether a request of this method may be sent twice.
func (t *Transport) repeats(method string) bool { return t.options.Queries || isIdempotent(method) }

// isRead tells whether a method only reads (RFC 9110 §9.2.1).
func isRead(method string) bool {
	return method == "" || method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// isIdempotent tells whether sending a request twice is as good as once
// (RFC 9110 §9.2.2).
func isIdempotent(method string) bool {
	return isRead(method) || method == http.MethodPut || method == http.MethodDelete
}

// Date is the answer's Date (RFC 9110 §6.6.1): the server's own clock, to the
// second; zero where it gave none.
func Date(resp *http.Response) time.Time {
	if resp == nil {
		return time.Time{}
	}
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return date
}
