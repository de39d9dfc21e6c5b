package policy

import (
	"fmt"
	"slices"
)

// A Selection limits a run to some environments, targets and secrets. An empty
// list is no limit.
type Selection struct {
	Environments []string
	Targets      []string
	Secrets      []string
}

// Match tells whether a placement is selected.
func (s Selection) Match(p Placement) bool {
	return selects(s.Environments, p.Binding.Environment) && selects(s.Targets, p.Target) && selects(s.Secrets, p.Secret.Name)
}

func selects(list []string, name string) bool { return len(list) == 0 || slices.Contains(list, name) }

// A NameError is a name that the policy does not have.
type NameError struct{ Kind, Name, Help string }

// Error says which name of what kind.
func (e *NameError) Error() string { return fmt.Sprintf("the policy has no %s %q", e.Kind, e.Name) }

// Hint gives the nearest name, or all.
func (e *NameError) Hint() string { return e.Help }

// Validate checks that the policy has everything that is selected; the error
// is a [NameError].
func (s Selection) Validate(p *Policy) error {
	for _, list := range []struct {
		kind  string
		names []string
		known []string
	}{
		{"environment", s.Environments, namesOf(p.Environments, func(e Environment) string { return e.Name })},
		{"target", s.Targets, namesOf(p.Targets, func(t Target) string { return t.Name })},
		{"secret", s.Secrets, namesOf(p.Secrets, func(s Secret) string { return s.Name })},
	} {
		for _, name := range list.names {
			if !slices.Contains(list.known, name) {
				return &NameError{Kind: list.kind, Name: name, Help: didYouMean(name, list.known)}
			}
		}
	}
	return nil
}

func namesOf[T any](list []T, name func(T) string) []string {
	names := make([]string, len(list))
	for i, item := range list {
		names[i] = name(item)
	}
	return names
}
