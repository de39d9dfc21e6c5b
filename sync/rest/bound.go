package rest

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/keyplumb/keyplumb/sync/store"
)

const maxRedirects = 3

func parseBase(text string, metadata bool) (*url.URL, error) {
	invalid := func(detail string) error {
		return &store.Error{Op: "use API address", Kind: store.ErrInvalid, Detail: detail}
	}
	base, err := url.Parse(text)
	switch {
	case err != nil || base.Host == "":
		return nil, invalid("it is not an absolute URL")
	case base.User != nil:
		return nil, invalid("it holds a user name or a password; credentials are given apart from it")
	case base.Scheme == "https", base.Scheme == "http" && isLoopback(base.Hostname()),
		base.Scheme == "http" && metadata && isLinkLocal(base.Hostname()):
		return base, nil
	case base.Scheme == "http":
		return nil, invalid("http:// would send the credential in clear text; only a loopback address may use it")
	default:
		return nil, invalid("its scheme must be https")
	}
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// isLinkLocal tells an address that no router passes on. fd00:ec2::/32 is none,
// but AWS's own on its machines.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
func isLinkLocal(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && (addr.Unmap().IsLinkLocalUnicast() || netip.MustParsePrefix("fd00:ec2::/32").Contains(addr))
}

// bound checks that a request goes where the transport's credential belongs.
// Whoever follows redirects makes a new request for each, which comes by here.
func (t *Transport) bound(req *http.Request) error {
	refuse := func(detail string) error {
		return &store.Error{Op: strings.ToLower(req.Method), Ref: t.base.Host, Kind: store.ErrDenied, Detail: detail}
	}
	redirect := req.Response != nil
	switch {
	case origin(req.URL) != origin(t.base) && redirect:
		return refuse("the server redirects to another host or scheme, which keyplumb does not follow")
	case origin(req.URL) != origin(t.base):
		return refuse("keyplumb refuses to send this credential to another host or scheme")
	case req.Host != "" && !strings.EqualFold(req.Host, req.URL.Host):
		return refuse("keyplumb refuses to name another host in the request")
	case redirect && req.Response.Request != nil && !isRead(req.Response.Request.Method):
		return refuse("the server redirects a request that changes something, which keyplumb does not follow")
	}
	return nil
}

// origin is scheme, host and port, the port filled in.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}
