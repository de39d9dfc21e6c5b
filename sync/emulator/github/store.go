package github

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A store holds the secrets or the variables of one place.
type store struct {
	noun  string // "Secret" or "Variable", as messages call an item
	limit int    // how many items GitHub allows here
	key   *keyPair
	items map[string]*item // by upper-case name
	org   *account         // set where items have a visibility
	user  *account         // set where items are a user's, with selected repositories
}

// An item is a secret or a variable.
type item struct {
	name             string
	value            string
	created, updated time.Time
	visibility       string         // all, private or selected; "" outside organizations
	selected         map[int64]bool // repository ids, while visibility is selected
}

func newSecrets(limit int) *store {
	return &store{noun: "Secret", limit: limit, key: newKeyPair(), items: map[string]*item{}}
}

func newVariables(limit int) *store {
	return &store{noun: "Variable", limit: limit, items: map[string]*item{}}
}

// find returns the item, whose name is compared without case.
func (s *store) find(name string) (*item, bool) {
	found, ok := s.items[strings.ToUpper(name)]
	return found, ok
}

// create adds an item, within GitHub's rules for names and numbers.
func (s *store) create(name string, now time.Time) (*item, error) {
	if err := s.checkName(name); err != nil {
		return nil, err
	}
	if len(s.items) >= s.limit {
		return nil, unprocessable("%ss limit reached: at most %d are allowed.", s.noun, s.limit)
	}
	added := &item{name: strings.ToUpper(name), created: now, updated: now}
	if s.org != nil {
		added.visibility = "private"
	}
	if s.user != nil {
		added.visibility = "selected"
	}
	s.items[added.name] = added
	return added, nil
}

// sorted returns the items in the order of their names.
func (s *store) sorted() []*item {
	names := slices.Sorted(maps.Keys(s.items))
	items := make([]*item, len(names))
	for i, name := range names {
		items[i] = s.items[name]
	}
	return items
}

var nameShape = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// checkName applies the rules of
// https://docs.github.com/actions/reference/security/secrets#naming-your-secrets.
func (s *store) checkName(name string) error {
	if !nameShape.MatchString(name) {
		return unprocessable("%s names can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_). Spaces are not allowed. Must start with a letter ([a-z], [A-Z]) or underscores (_).", s.noun)
	}
	if strings.HasPrefix(strings.ToUpper(name), "GITHUB_") {
		return unprocessable("%s names must not start with GITHUB_.", s.noun)
	}
	return nil
}
