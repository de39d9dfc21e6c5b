package gitlab

import (
	"fmt"
	"regexp"
	"unicode/utf8"
)

// The rules of GitLab's models: app/models/concerns/ci/has_variable.rb,
// ci/maskable.rb, ci/hidable_variable.rb, has_environment_scope.rb and
// limitable.rb, and lib/gitlab/regex.rb.
var (
	keyShape   = regexp.MustCompile(`\A[a-zA-Z0-9_]+\z`)
	scopeShape = regexp.MustCompile(`\A[a-zA-Z0-9_/${}. \-*]+\z`)
	maskable   = regexp.MustCompile(`\A[a-zA-Z0-9_+=/@:.~-]{8,}\z`)
	maskedRaw  = regexp.MustCompile(`\A[^ \t\r\n\f\v]{8,}\z`)
)

// longest is how long a key, a scope and a description may be, in characters.
const longest = 255

// check finds what is wrong with v in the place, where it takes the place of
// former; nil if it is new. As in GitLab, all of it is checked on every update.
func (s *store) check(v, former *variable) invalid {
	wrong := invalid{}
	s.checkKey(v, former, wrong)
	s.checkValue(v, wrong)
	if s.level.scoped {
		checkScope(v, wrong)
	}
	if v.description != nil && utf8.RuneCountInString(*v.description) > longest {
		wrong.add("description", tooLong())
	}
	if former != nil && former.hidden && v.masked != former.masked {
		wrong.add("base", "The visibility setting cannot be changed for masked and hidden variables.")
	}
	if former == nil && len(s.variables) >= s.level.limit {
		wrong.add("base", fmt.Sprintf("Maximum number of %s (%d) exceeded", s.level.plural, s.level.limit))
	}
	return wrong
}

func tooLong() string { return fmt.Sprintf("is too long (maximum is %d characters)", longest) }

func (s *store) checkKey(v, former *variable, wrong invalid) {
	if v.key == "" {
		wrong.add("key", "can't be blank")
	}
	if utf8.RuneCountInString(v.key) > longest {
		wrong.add("key", tooLong())
	}
	if !keyShape.MatchString(v.key) {
		wrong.add("key", "can contain only letters, digits and '_'.")
	}
	if other, taken := s.variables[v.identity()]; taken && other != former {
		wrong.add("key", "("+v.key+") has already been taken")
	}
}

func (s *store) checkValue(v *variable, wrong invalid) {
	if v.masked && !v.raw && !maskable.MatchString(v.value) || v.masked && v.raw && !maskedRaw.MatchString(v.value) {
		wrong.add("value", "is invalid")
	}
	if limit := s.level.valueLimit; limit > 0 && utf8.RuneCountInString(v.value) > limit {
		wrong.add("value", fmt.Sprintf("The value of the provided variable exceeds the %d character limit", limit))
	}
}

func checkScope(v *variable, wrong invalid) {
	if v.scope == "" {
		wrong.add("environment_scope", "can't be blank")
	}
	if !scopeShape.MatchString(v.scope) {
		wrong.add("environment_scope", "can contain only letters, digits, '-', '_', '/', '$', '{', '}', '.', '*' and spaces")
	}
	if utf8.RuneCountInString(v.scope) > longest {
		wrong.add("environment_scope", tooLong())
	}
}
