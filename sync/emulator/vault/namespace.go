package vault

import (
	"slices"
	"strings"
)

// A Namespace holds mounts, policies and ways to log in of its own. Its
// methods are for tests, and are as safe as the server's.
type Namespace struct {
	server   *Server
	path     string            // "" is the root
	mounts   map[string]*mount // by path, "kv", "team/kv"
	policies map[string][]Rule
	logins   map[string]method // by path below auth, "jwt"
}

func newNamespace(s *Server, path string) *Namespace {
	return &Namespace{server: s, path: path, mounts: map[string]*mount{}, policies: map[string][]Rule{}, logins: map[string]method{}}
}

// AddNamespace adds a namespace, "team" or "team/web", with those that it is
// inside of, and returns it. One that is there already keeps what it has. A
// server that has any is no longer the community's.
func (s *Server) AddNamespace(path string) *Namespace {
	s.mu.Lock()
	defer s.mu.Unlock()
	path = strings.Trim(path, "/")
	for at := range len(path) + 1 {
		if at < len(path) && path[at] != '/' {
			continue
		}
		if s.spaces[path[:at]] == nil {
			s.spaces[path[:at]] = newNamespace(s, path[:at])
		}
	}
	return s.spaces[path]
}

// enter finds the namespace that the request is in: that of its header, and
// below it that of its path.
func (c *call) enter() error {
	c.space = c.server.Namespace
	if len(c.server.spaces) == 1 {
		return nil
	}
	named := strings.Trim(c.request.Header.Get("X-Vault-Namespace"), "/")
	space := c.server.spaces[named]
	if space == nil {
		return noRoute(c.path)
	}
	c.space = space
	for {
		deeper, rest := c.deeper()
		if deeper == nil {
			return nil
		}
		c.space, c.path = deeper, rest
	}
}

// deeper finds the namespace that the path begins with, and what follows.
func (c *call) deeper() (deeper *Namespace, rest string) {
	first, rest, ok := strings.Cut(c.path, "/")
	if !ok {
		return nil, ""
	}
	return c.server.spaces[strings.TrimPrefix(c.space.path+"/"+first, "/")], rest
}

// seenFrom is the request's path as the policies of another namespace name it.
// It reports false where the request is not inside that namespace.
func (c *call) seenFrom(other *Namespace) (string, bool) {
	if other == c.space {
		return c.path, true
	}
	between, inside := strings.CutPrefix(c.space.path, other.path)
	if !inside || other.path != "" && !strings.HasPrefix(between, "/") {
		return "", false
	}
	return strings.TrimPrefix(between, "/") + "/" + c.path, true
}

// mountAt finds the mount that a path is in, and what follows: of several, the
// deepest.
func (n *Namespace) mountAt(path string) (found *mount, rest string) {
	segments := strings.Split(path, "/")
	for length := range slices.Backward(segments) {
		base := strings.Join(segments[:length+1], "/")
		if m := n.mounts[base]; m != nil {
			return m, strings.TrimPrefix(path[len(base):], "/")
		}
	}
	return nil, ""
}
