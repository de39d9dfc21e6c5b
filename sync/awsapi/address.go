package awsapi

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/store"
)

// An Address is where a service is, by each of those who can say so.
type Address struct {
	Service    string // the SDK's id of it: "Secrets Manager", "SSM", "STS" …
	Variable   string // of the environment, or the file, that Configured is from
	Policy     string // "" where the policy is silent
	InPolicy   bool   // whether a policy can name it
	Configured string // the environment's, or that of the user's own files
	Public     string // from the SDK's table; "" where the service has no such
}

// whence says where to look for an address that is of no use.
func (a Address) whence() string {
	if a.InPolicy {
		return "look at address in the policy, and at " + a.Variable
	}
	return "look at " + a.Variable
}

// A Connection is the way to one service, and to no other.
type Connection struct {
	Address string
	HTTP    *http.Client // it neither repeats nor follows what could take a credential elsewhere

	transport *rest.Transport
}

// Requests counts the requests of the connection, repeated ones included.
func (c *Connection) Requests() int {
	requests, _ := c.transport.Requests()
	return requests
}

// Connect opens the way to a service whose requests only read. Of a only
// Service, Policy, InPolicy and Public are looked at. The errors are
// store.ErrInvalid, and what Allow says.
func (s *Session) Connect(a Address) (*Connection, error) {
	a.Variable, a.Configured = s.configured(a.Service)
	return s.connect(a, rest.Options{Queries: true})
}

func (s *Session) connect(a Address, o rest.Options) (*Connection, error) {
	base, err := s.options.Allow(a)
	if err != nil {
		return nil, err
	}
	if u, err := url.Parse(base); err != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, &store.Error{Op: "open", Ref: a.Service, Kind: store.ErrInvalid, Detail: "its address is that of a service, with nothing after it", Hint: a.whence()}
	}
	o.Base, o.UserAgent, o.TLS, o.Notify, o.Next = base, s.options.UserAgent, s.options.TLS, s.options.Notify, s.options.Next
	o.Hasty, o.Pause, o.MaxBody = hasty, pause, maxBody
	transport, err := rest.New(o)
	if e, ok := errors.AsType[*store.Error](err); ok {
		named := *e
		named.Op, named.Ref, named.Hint = "use", "the address of "+a.Service, a.whence()
		return nil, &named
	}
	if err != nil {
		return nil, err
	}
	return &Connection{Address: base, HTTP: transport.Client(), transport: transport}, nil
}

// configured gives the address that the environment, or else the profile, has
// for a service, and who says so.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
func (s *Session) configured(service string) (variable, address string) {
	key := strings.ReplaceAll(service, " ", "_")
	own := "AWS_ENDPOINT_URL_" + strings.ToUpper(key)
	ignore := s.profile.IgnoreConfiguredEndpoints != nil && *s.profile.IgnoreConfiguredEndpoints
	if s.env["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] != "" {
		ignore = s.env.is("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
	}
	if ignore {
		return own, ""
	}
	for _, from := range []struct{ variable, address string }{
		{own, s.env[own]},
		{"AWS_ENDPOINT_URL", s.env["AWS_ENDPOINT_URL"]},
		{"endpoint_url of the AWS profile", s.profile.Services.ServiceValues[strings.ToLower(key)]["endpoint_url"]},
		{"endpoint_url of the AWS profile", s.profile.BaseEndpoint},
	} {
		if from.address != "" {
			return from.variable, from.address
		}
	}
	return own, ""
}
