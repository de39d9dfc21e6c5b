package aws

import (
	"slices"
	"strings"
	"time"
)

// A Statement is one of a policy: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_statement.html
type Statement struct {
	Deny     bool
	Action   string // "secretsmanager:GetSecretValue"; * is any text
	Resource string // an ARN; * is any text
}

// Allow is a statement that allows an action on a resource.
func Allow(action, resource string) Statement { return Statement{Action: action, Resource: resource} }

// Deny is a statement that forbids it, whatever others allow.
func Deny(action, resource string) Statement {
	return Statement{Deny: true, Action: action, Resource: resource}
}

// A key is an access key, of a user or of a session.
type key struct {
	id, secret, token string
	expires           time.Time // zero: never
	policy            []Statement
}

// AddKey adds a user's access key, or replaces its policy.
func (s *Server) AddKey(id, secret string, policy ...Statement) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[id] = &key{id: id, secret: secret, policy: policy}
}

// A Session is what a login brought.
type Session struct {
	ID, Secret, Token string
	Expires           time.Time
}

// Sessions gives what logins have brought so far.
func (s *Server) Sessions() []Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Session
	for _, k := range s.keys {
		if k.token != "" {
			all = append(all, Session{k.id, k.secret, k.token, k.expires})
		}
	}
	return all
}

// ExpireSessions ends all sessions.
func (s *Server) ExpireSessions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.keys {
		if k.token != "" {
			k.expires = s.Clock().Now()
		}
	}
}

// allows reports whether an action on a resource is allowed, and not forbidden.
func (k *key) allows(action, resource string) bool {
	matches := func(deny bool) bool {
		return slices.ContainsFunc(k.policy, func(s Statement) bool {
			return s.Deny == deny && matches(s.Action, action) && matches(s.Resource, resource)
		})
	}
	return matches(false) && !matches(true)
}

// allow checks the request's own action, or that of a request that it stands
// for.
func (c *call) allow(action, resource string) error {
	action = c.service + ":" + action
	if c.who.allows(action, resource) {
		return nil
	}
	return refusal("AccessDeniedException", "User: arn:aws:iam::%s:user/ci is not authorized to perform: %s on resource: %s because no identity-based policy allows the %s action",
		Account, action, resource, action)
}

// matches reports whether text is what pattern says, in which * is any text.
func matches(pattern, text string) bool {
	first, rest, more := strings.Cut(pattern, "*")
	if !more {
		return pattern == text
	}
	text, ok := strings.CutPrefix(text, first)
	if !ok {
		return false
	}
	for at := range len(text) + 1 {
		if matches(rest, text[at:]) {
			return true
		}
	}
	return false
}

// A KeyState is what is wrong with the KMS key that a value is encrypted with.
type KeyState int

// The states.
const (
	KeyGood KeyState = iota
	KeyDenied
	KeyDisabled
	KeyBusy // for the requests of a batch, which come too fast for it
)
