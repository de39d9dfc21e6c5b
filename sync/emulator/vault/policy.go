package vault

import (
	"cmp"
	"slices"
	"strings"
)

// A Rule grants capabilities on the paths that it matches:
// https://developer.hashicorp.com/vault/docs/concepts/policies#policy-syntax
type Rule struct {
	Path         string   // "kv/data/prod/*", "kv/+/web", "kv/data/web"
	Capabilities []string // create, read, update, delete, list, deny
}

// Allow is a rule of that path and those capabilities.
func Allow(path string, capabilities ...string) Rule { return Rule{path, capabilities} }

// AddPolicy adds a policy, or replaces the one of that name.
func (n *Namespace) AddPolicy(name string, rules ...Rule) {
	n.server.mu.Lock()
	defer n.server.mu.Unlock()
	n.policies[name] = slices.Clone(rules)
}

// everyone is the part of Vault's default policy that a reader meets.
func everyone() []Rule {
	return []Rule{
		Allow("auth/token/lookup-self", "read"),
		Allow("auth/token/renew-self", "update"),
		Allow("auth/token/revoke-self", "update"),
		Allow("sys/capabilities-self", "update"),
	}
}

// rules are those of all the token's policies together.
func (t *token) rules() []Rule {
	var all []Rule
	for _, name := range t.policies {
		rules, there := t.space.policies[name]
		if name == "default" && !there {
			rules = everyone()
		}
		all = append(all, rules...)
	}
	return all
}

// capabilities are what a token may do at a path, as its own namespace names
// it. Of the rules that match only those of highest priority count, all
// together; deny undoes the others.
func (t *token) capabilities(path string) []string {
	if t.root() {
		return []string{"root"}
	}
	var best string
	var granted []string
	for _, rule := range t.rules() {
		if !matches(rule.Path, path) {
			continue
		}
		order := 1
		if granted != nil {
			order = priority(rule.Path, best)
		}
		switch {
		case order > 0:
			best, granted = rule.Path, slices.Clone(rule.Capabilities)
		case order == 0:
			granted = append(granted, rule.Capabilities...)
		}
	}
	if len(granted) == 0 || slices.Contains(granted, "deny") {
		return []string{"deny"}
	}
	slices.Sort(granted)
	return slices.Compact(granted)
}

// matches reports whether a policy's path is for a request's: * at its end is
// any text, + is any one segment.
func matches(rule, path string) bool {
	rule, glob := strings.CutSuffix(rule, "*")
	wanted, have := strings.Split(rule, "/"), strings.Split(path, "/")
	if len(have) < len(wanted) || len(have) > len(wanted) && !glob {
		return false
	}
	for i, segment := range wanted {
		last := i == len(wanted)-1
		switch {
		case segment == "+":
		case last && glob && strings.HasPrefix(have[i], segment):
		case segment != have[i]:
			return false
		}
	}
	return true
}

// priority compares two paths of policies by the five rules of the page on
// policies, above 0 where a goes first.
func priority(a, b string) int {
	return cmp.Or(
		cmp.Compare(firstWildcard(a), firstWildcard(b)),
		cmp.Compare(globs(b), globs(a)),
		cmp.Compare(strings.Count(b, "+"), strings.Count(a, "+")),
		cmp.Compare(len(a), len(b)),
		cmp.Compare(a, b),
	)
}

// firstWildcard is where the first + or * is; a path without one has it
// nowhere, and goes before all.
func firstWildcard(path string) int {
	if at := strings.IndexAny(path, "+*"); at >= 0 {
		return at
	}
	return 1 << 30
}

func globs(path string) int {
	if strings.HasSuffix(path, "*") {
		return 1
	}
	return 0
}

// reaches reports whether the token may do anything at all below a mount, which
// is at base.
func (t *token) reaches(base string) bool {
	if t.root() {
		return true
	}
	return slices.ContainsFunc(t.rules(), func(rule Rule) bool {
		fixed, _, _ := strings.Cut(strings.TrimSuffix(rule.Path, "*"), "+")
		usable := len(rule.Capabilities) > 0 && !slices.Contains(rule.Capabilities, "deny")
		return usable && (strings.HasPrefix(fixed, base+"/") || fixed != rule.Path && strings.HasPrefix(base+"/", fixed))
	})
}
