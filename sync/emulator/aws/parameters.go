package aws

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// A parameter is one of Parameter Store; its versions are numbered from 1.
type parameter struct {
	name, arn string
	versions  []setting
	expires   time.Time
	tags      [][2]string
	key       KeyState
}

// A setting is one version of a parameter.
type setting struct {
	text   string
	at     time.Time
	labels []string
}

// PutParameter makes a new version of a parameter, and returns its number.
func (s *Server) PutParameter(name, text string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.parameters[name]
	if one == nil {
		one = &parameter{name: name, arn: s.arn("ssm", "parameter/"+strings.TrimPrefix(name, "/"))}
		s.parameters[name] = one
	}
	one.versions = append(one.versions, setting{text: text, at: s.Clock().Now()})
	return len(one.versions)
}

// Label puts a label on a version of a parameter.
func (s *Server) Label(name string, number int, label string) {
	s.adjust(name, func(one *parameter) {
		one.versions[number-1].labels = append(one.versions[number-1].labels, label)
	})
}

// ExpireParameter gives a parameter a policy of expiration.
func (s *Server) ExpireParameter(name string, at time.Time) {
	s.adjust(name, func(one *parameter) { one.expires = at })
}

// TagParameter puts a tag on a parameter.
func (s *Server) TagParameter(name, key, value string) {
	s.adjust(name, func(one *parameter) { one.tags = append(one.tags, [2]string{key, value}) })
}

// SetParameterKey says what is wrong with the KMS key of a parameter.
func (s *Server) SetParameterKey(name string, state KeyState) {
	s.adjust(name, func(one *parameter) { one.key = state })
}

// RemoveParameter takes a parameter away with all of its versions.
func (s *Server) RemoveParameter(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.parameters, name)
}

func (s *Server) adjust(name string, change func(*parameter)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.parameters[name] == nil {
		panic("no parameter " + name)
	}
	change(s.parameters[name])
}

// choose finds a parameter by name or ARN, and a version of it by number or
// label.
func (s *Server) choose(asked string) (*parameter, int) {
	name, selector := asked, ""
	if s.named(asked) == nil {
		if at := strings.LastIndex(asked, ":"); at >= 0 {
			name, selector = asked[:at], asked[at+1:]
		}
	}
	one := s.named(name)
	if one == nil {
		return nil, 0
	}
	if selector == "" {
		return one, len(one.versions)
	}
	if number, err := strconv.Atoi(selector); err == nil {
		if number < 1 || number > len(one.versions) {
			return one, 0
		}
		return one, number
	}
	return one, 1 + slices.IndexFunc(one.versions, func(v setting) bool { return slices.Contains(v.labels, selector) })
}

func (s *Server) named(name string) *parameter {
	if one := s.parameters[name]; one != nil {
		return one
	}
	for _, one := range s.parameters {
		if one.arn == name {
			return one
		}
	}
	return nil
}

// parameterARN is what a policy's resource is compared with.
func (s *Server) parameterARN(asked string) string {
	if one, _ := s.choose(asked); one != nil {
		return one.arn
	}
	if strings.HasPrefix(asked, "arn:") {
		return asked
	}
	name, _, _ := strings.Cut(asked, ":")
	return s.arn("ssm", "parameter/"+strings.TrimPrefix(name, "/"))
}
