package vault

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/harness"
)

// A call is one request, with what is known of it so far.
type call struct {
	server  *Server
	request *http.Request
	body    []byte
	base    string // the API's URL, as the client calls it
	now     time.Time
	space   *Namespace // the namespace that it is in
	path    string     // inside the namespace, "kv/data/web"
	token   *token     // nil: none was sent
}

// process answers a request that no fault is for.
func (s *Server) process(x *harness.Exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &call{server: s, request: x.Request, body: x.Body, base: x.Base, now: s.Clock().Now()}
	x.Header().Set("Date", c.now.Format(http.TimeFormat))
	x.Header().Set("Cache-Control", "no-store")
	x.Header().Set("Content-Type", "application/json")
	result, err := c.run()
	if failed, ok := errors.AsType[*failure](err); ok {
		maps.Copy(x.Header(), failed.header)
		result = reply{failed.status, failed.body}
	}
	write(x.Answer, result)
}

// run takes the steps of a request in Vault's order.
func (c *call) run() (reply, error) {
	for _, step := range []func() error{c.clean, c.awake, c.throttle, c.enter} {
		if err := step(); err != nil {
			return reply{}, err
		}
	}
	if answer := c.public(); answer != nil {
		return answer(c)
	}
	if err := c.authenticate(); err != nil {
		return reply{}, err
	}
	return c.private()
}

// clean refuses what is outside the API, and sends the client from a path that
// is not in its shortest form to the one that is.
func (c *call) clean() error {
	if !strings.HasSuffix(c.base, prefix) {
		return &failure{status: http.StatusNotFound, body: page{"text/plain; charset=utf-8", "404 page not found\n"}}
	}
	whole := c.request.URL.Path
	shortest := path.Clean(whole)
	if strings.HasSuffix(whole, "/") && shortest != "/" {
		shortest += "/"
	}
	if shortest != whole {
		return moved(c.request.Method, prefix+shortest)
	}
	c.path = strings.TrimPrefix(whole, "/")
	return nil
}

// verb is what the request does, as a capability: create stands for both kinds
// of writing.
func (c *call) verb() string {
	switch c.request.Method {
	case http.MethodGet:
		if c.request.URL.Query().Get("list") == "true" {
			return "list"
		}
		return "read"
	case "LIST":
		return "list"
	case http.MethodDelete:
		return "delete"
	case http.MethodPost, http.MethodPut:
		return "create"
	}
	return strings.ToLower(c.request.Method)
}

// decode reads the request's body, which may be empty, into what to points at.
func (c *call) decode(to any) error {
	if len(c.body) == 0 {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(c.body))
	decoder.UseNumber()
	err := decoder.Decode(to)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return refusal(http.StatusInternalServerError, "malformed JSON, unclosed containers")
	}
	if err != nil {
		return refusal(http.StatusBadRequest, "error parsing JSON: failed to parse JSON input: "+err.Error())
	}
	return nil
}

// A reply is a result: a status, and a body unless nil.
type reply struct {
	status int
	body   any
}

// An envelope is what every result of Vault comes in.
type envelope struct {
	RequestID     string   `json:"request_id"`
	LeaseID       string   `json:"lease_id"`
	Renewable     bool     `json:"renewable"`
	LeaseDuration int64    `json:"lease_duration"` // seconds
	Data          any      `json:"data"`
	WrapInfo      any      `json:"wrap_info"`
	Warnings      []string `json:"warnings"`
	Auth          any      `json:"auth"`
	MountType     string   `json:"mount_type"`
}

func (c *call) envelope(kind string, data any) envelope {
	return envelope{RequestID: newID(), Data: data, Warnings: c.server.warnings, MountType: kind}
}

// result is a success with data; kind is that of the mount that it comes from.
func (c *call) result(kind string, data any) (reply, error) {
	return reply{http.StatusOK, c.envelope(kind, data)}, nil
}

// done is a success that there is nothing to say about.
func done() (reply, error) { return reply{status: http.StatusNoContent}, nil }

// newID makes an id in the form of RFC 9562.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// A page is a body that is no JSON.
type page struct{ kind, text string }

// write sends a reply: a page as it is, anything else as JSON.
func write(a *harness.Answer, result reply) {
	a.WriteHeader(result.status)
	switch body := result.body.(type) {
	case nil:
	case page:
		a.Header().Del("Cache-Control")
		a.Text(body.kind, body.text)
	default:
		a.JSON("application/json", body)
	}
}
