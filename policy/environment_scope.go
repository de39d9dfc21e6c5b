package policy

import "strings"

// anyRun stands for any run of characters in a GitLab environment scope, an
// empty one included. It is the only wildcard there is.
const anyRun = "*"

// ScopesMeet tells whether two GitLab environment scopes match some environment
// in common: production and prod*, review/* and */api. Case counts.
func ScopesMeet(a, b string) bool {
	switch aWild, bWild := strings.Contains(a, anyRun), strings.Contains(b, anyRun); {
	case !aWild && !bWild:
		return a == b
	case !aWild:
		return scopeMatches(b, a)
	case !bWild:
		return scopeMatches(a, b)
	}
	// The runs of each take in whatever the other has between its first and its
	// last, so that only the ends can keep two patterns apart.
	return begin(firstPart(a), firstPart(b)) && end(lastPart(a), lastPart(b))
}

// ScopeRank ranks a GitLab environment scope among those that match one
// environment: the variable of the highest wins. Of two different wildcards
// GitLab does not say which one does.
//
// Source: https://docs.gitlab.com/ci/environments/#limit-the-environment-scope-of-a-cicd-variable
func ScopeRank(scope string) int {
	switch {
	case scope == anyRun:
		return 0
	case strings.Contains(scope, anyRun):
		return wildcardRank
	default:
		return wildcardRank + 1
	}
}

const wildcardRank = 1

// scopeMatches tells whether a pattern that has a wildcard matches a name.
func scopeMatches(pattern, name string) bool {
	parts := strings.Split(pattern, anyRun)
	rest, ok := strings.CutPrefix(name, parts[0])
	if !ok {
		return false
	}
	rest, ok = strings.CutSuffix(rest, parts[len(parts)-1])
	if !ok {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		if _, rest, ok = strings.Cut(rest, part); !ok {
			return false
		}
	}
	return true
}

func firstPart(pattern string) string {
	return pattern[:strings.Index(pattern, anyRun)]
}

func lastPart(pattern string) string {
	return pattern[strings.LastIndex(pattern, anyRun)+len(anyRun):]
}

// begin tells whether some text can begin with both.
func begin(a, b string) bool { return strings.HasPrefix(a, b) || strings.HasPrefix(b, a) }

// end tells whether some text can end with both.
func end(a, b string) bool { return strings.HasSuffix(a, b) || strings.HasSuffix(b, a) }
