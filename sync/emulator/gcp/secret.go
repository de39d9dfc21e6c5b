package gcp

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// A State is what a version is.
// https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions#State
type State int

// The states, by their numbers.
const (
	Enabled State = 1 + iota
	Disabled
	Destroyed
)

func (s State) String() string { return []string{"", "ENABLED", "DISABLED", "DESTROYED"}[s] }

type version struct {
	data      []byte
	made      time.Time
	state     State
	destroyed time.Time
}

type secret struct {
	name     string
	made     time.Time
	expires  time.Time // zero: never
	labels   map[string]string
	aliases  map[string]int
	versions []*version
}

// Put adds a version with a value to a secret, and makes the secret where it is
// not there: projects/P/secrets/S or projects/P/locations/L/secrets/S. It gives
// the version's number.
func (s *Server) Put(name string, value []byte) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.secrets[name] == nil {
		s.secrets[name] = &secret{name: name, made: s.Clock().Now(), labels: map[string]string{}, aliases: map[string]int{}}
	}
	held := s.secrets[name]
	held.versions = append(held.versions, &version{data: slices.Clone(value), made: s.Clock().Now(), state: Enabled})
	return len(held.versions)
}

// Remove deletes a secret with all its versions.
func (s *Server) Remove(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.secrets, name)
}

// SetState makes a version be enabled, disabled or destroyed; it must be there.
func (s *Server) SetState(name string, number int, state State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.secrets[name].versions[number-1]
	v.state = state
	if state == Destroyed {
		v.data, v.destroyed = nil, s.Clock().Now()
	}
}

// SetAlias gives a version of a secret a name.
func (s *Server) SetAlias(name, alias string, number int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets[name].aliases[alias] = number
}

// Describe sets a secret's labels, and when it ends; zero: never.
func (s *Server) Describe(name string, labels map[string]string, expires time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets[name].labels, s.secrets[name].expires = maps.Clone(labels), expires
}

// number finds a version by its number, by an alias, or as the latest.
func (held *secret) number(id string) (int, bool) {
	if id == "latest" {
		return len(held.versions), len(held.versions) > 0
	}
	if number, there := held.aliases[id]; there {
		return number, true
	}
	number, err := strconv.Atoi(id)
	return number, err == nil && number > 0 && number <= len(held.versions)
}

func (held *secret) json() map[string]any {
	said := map[string]any{
		"name": held.name, "createTime": stamp(held.made), "etag": fmt.Sprintf("%q", strconv.FormatInt(held.made.UnixMicro(), 16)),
		"replication": map[string]any{"automatic": map[string]any{}},
	}
	if len(held.labels) > 0 {
		said["labels"] = held.labels
	}
	if !held.expires.IsZero() {
		said["expireTime"] = stamp(held.expires)
	}
	return said
}

func (held *secret) versionJSON(number int, asNumber bool) map[string]any {
	v := held.versions[number-1]
	said := map[string]any{
		"name": fmt.Sprintf("%s/versions/%d", held.name, number), "createTime": stamp(v.made), "state": v.state.String(),
		"replicationStatus": map[string]any{"automatic": map[string]any{}},
	}
	if asNumber {
		said["state"] = int(v.state)
	}
	if v.state == Destroyed {
		said["destroyTime"] = stamp(v.destroyed)
	}
	return said
}

// stamp writes a google.protobuf.Timestamp as JSON does.
func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000000Z") }
