package aws

import (
	"bytes"
	"crypto/rand"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/harness"
)

// Options set up a Server. The zero value is an emulator in real time, without
// latency, that does not look at the time of a signature.
type Options struct {
	Clock     *Clock        // the time that the emulator tells; nil: a Clock of its own
	Latency   time.Duration // how long each request waits before it is processed
	Region    string        // "" is eu-central-1
	CheckTime bool          // refuse a signature that is more than five minutes off
}

// Account is the number of the account that everything is in.
const Account = "123456789012"

// A Server is the emulator. It is safe for concurrent use; requests are
// processed one at a time.
type Server struct {
	*harness.Harness
	region    string
	checkTime bool

	mu         sync.Mutex
	keys       map[string]*key // by access key id
	providers  map[string]Provider
	roles      map[string]Role // by ARN
	secrets    map[string]*secret
	parameters map[string]*parameter
	page       int // how many secrets a page of a batch has; 0: all
	reads      int
}

// New returns an emulator in which there is nothing yet.
func New(options Options) *Server {
	if options.Region == "" {
		options.Region = "eu-central-1"
	}
	return &Server{
		Harness: harness.New(options.Clock, options.Latency, ""), region: options.Region, checkTime: options.CheckTime,
		keys: map[string]*key{}, providers: map[string]Provider{}, roles: map[string]Role{},
		secrets: map[string]*secret{}, parameters: map[string]*parameter{},
	}
}

// Reads counts the values that were asked for, one by one, however many were
// asked for in one request.
func (s *Server) Reads() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reads
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	c := &call{server: s, path: r.URL.EscapedPath()}
	c.service, c.action = operation(r, body)
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	if c.service != "" {
		harness.Repath(r, "/"+c.service+"/"+url.PathEscape(c.action))
	}
	s.Serve(w, r, c.process)
}

// operation tells what is asked of which service: JSON services name it in a
// header, query services in the form.
// https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
func operation(r *http.Request, body []byte) (service, action string) {
	target := r.Header.Get("X-Amz-Target")
	for prefix, service := range map[string]string{"secretsmanager.": "secretsmanager", "AmazonSSM.": "ssm"} {
		if action, ok := strings.CutPrefix(target, prefix); ok {
			return service, action
		}
	}
	if form, err := url.ParseQuery(string(body)); err == nil && form.Get("Version") == "2011-06-15" {
		return "sts", form.Get("Action")
	}
	return "", ""
}

// arn names something of the account in the region.
func (s *Server) arn(service, resource string) string {
	return "arn:aws:" + service + ":" + s.region + ":" + Account + ":" + resource
}

// text makes some characters that nobody can guess.
func text(n int) string {
	made := ""
	for len(made) < n {
		made += rand.Text()
	}
	return made[:n]
}

// newID makes an id in the form of RFC 9562.
func newID() string {
	t := strings.ToLower(text(32))
	hex := strings.Map(func(r rune) rune { return rune("0123456789abcdef"[int(r)%16]) }, t)
	return hex[:8] + "-" + hex[8:12] + "-" + hex[12:16] + "-" + hex[16:20] + "-" + hex[20:]
}
