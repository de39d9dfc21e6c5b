package main

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// An address is where a credential would be sent, by each of those who can
// say so; all are URLs, "" where one is silent.
type address struct {
	service     string // for messages: the source or target
	variable    string // the environment variable's name
	policy      string
	inPolicy    bool // whether a policy can say it
	environment string
	public      string // the service's default
}

// hostAllowed chooses the address and tells whether a credential may go there.
//
// The policy and the environment must agree where both speak. On a developer's
// machine either is enough. In CI one person must not be able to redirect a
// credential alone: what is neither the public default, nor loopback, nor
// GitHub's own API as the runner gives it, for what is GitHub's, is named in both
// or by --allow-host.
func hostAllowed(a address, j job, allowed []string) (string, error) {
	chosen := firstOf(a.policy, a.environment, a.public)
	if chosen == "" {
		return "", refuse(exitFailed, "set "+a.variable+", or its address in the policy", "%s has no address", a.service)
	}
	u, ok := parseAddress(chosen)
	if !ok {
		return "", refuse(exitFailed, "write it like https://host.example.com", "the address of %s is no http or https URL", a.service)
	}
	if a.policy != "" && a.environment != "" && !sameAddress(a.policy, a.environment) {
		return "", refuse(exitFailed, "make them the same, or leave one out", "the policy and %s send %s to different addresses", a.variable, a.service)
	}
	switch {
	case !j.inCI(),
		isLoopback(u.Hostname()),
		sameOrigin(chosen, a.public),
		a.variable == "GITHUB_API_URL" && j.ci == githubCI && sameOrigin(chosen, j.server),
		a.policy != "" && a.environment != "",
		hostNamed(u, allowed):
		return chosen, nil
	}
	wayOut := "pass --allow-host " + u.Hostname()
	if a.inPolicy {
		wayOut = "name it both in the policy and in " + a.variable + ", or " + wayOut
	}
	return "", refuse(exitFailed, wayOut,
		"in CI, one place alone may not send the credential of %s to %s", a.service, u.Host)
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// parseAddress reads a URL with a host and no credential in it.
func parseAddress(text string) (*url.URL, bool) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || (u.Scheme != "https" && u.Scheme != "http") {
		return nil, false
	}
	return u, true
}

// sameOrigin compares scheme, host and port (RFC 6454).
func sameOrigin(a, b string) bool {
	x, ok := parseAddress(a)
	y, ok2 := parseAddress(b)
	return ok && ok2 && origin(x) == origin(y)
}

// sameAddress compares the path, too.
func sameAddress(a, b string) bool {
	x, ok := parseAddress(a)
	y, ok2 := parseAddress(b)
	return ok && ok2 && origin(x) == origin(y) && x.RawQuery == y.RawQuery &&
		strings.TrimRight(x.EscapedPath(), "/") == strings.TrimRight(y.EscapedPath(), "/")
}

func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// hostNamed finds a host among HOST and HOST:PORT. HOST alone is any port.
func hostNamed(u *url.URL, allowed []string) bool {
	return slices.ContainsFunc(allowed, func(name string) bool {
		return strings.EqualFold(name, u.Hostname()) || strings.EqualFold(name, u.Host)
	})
}
