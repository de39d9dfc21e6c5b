package policy

import (
	"maps"
	"slices"
	"strings"
)

// envPlaceholder is the one placeholder there is; it stands for the
// environment's name in any string of a source, and in a dotenv target's path.
const envPlaceholder = "{env}"

// fillEnv puts an environment's name in for {env}.
func fillEnv(text, environment string) string {
	return strings.ReplaceAll(text, envPlaceholder, environment)
}

// For gives the source as it is in one environment: {env} filled in, in every
// string.
func (s Source) For(environment string) Source {
	s.Path = fillEnv(s.Path, environment)
	s.Settings = fillAll(s.Settings, environment)
	s.Auth = fillAll(s.Auth, environment)
	return s
}

func fillAll(settings map[string]string, environment string) map[string]string {
	filled := maps.Clone(settings)
	for key, text := range filled {
		filled[key] = fillEnv(text, environment)
	}
	return filled
}

// heldByEnvironment names a setting of a source, besides its path, that differs
// from environment to environment; "" where there is none.
func heldByEnvironment(s *Source) string {
	for _, of := range []struct {
		prefix   string
		settings map[string]string
	}{{"", s.Settings}, {"auth.", s.Auth}} {
		for _, name := range slices.Sorted(maps.Keys(of.settings)) {
			if text := of.settings[name]; text != fillEnv(text, "") {
				return of.prefix + name
			}
		}
	}
	return ""
}

// Source finds a source by its name; nil where there is none.
func (p *Policy) Source(name string) *Source {
	for i := range p.Sources {
		if p.Sources[i].Name == name {
			return &p.Sources[i]
		}
	}
	return nil
}
