package policy

import (
	"sync"
	"unicode/utf8"

	"cuelang.org/go/cue"
)

// A Constraint is what a value must satisfy. The zero Constraint accepts
// anything.
//
// This is the one place where a value meets CUE. CUE's error texts print the
// values that they compare, so none of them leaves: there is a yes or a no.
type Constraint struct {
	source string
	rule   *rule
}

// A rule is CUE's side of a constraint. A CUE context is not safe for
// concurrent use; all the constraints of a policy share its lock.
type rule struct {
	context *cue.Context
	lock    *sync.Mutex
	value   cue.Value
	offered map[string]bool // the schema's definitions that the policy does not redefine
}

// Source quotes the constraint as the policy wrote it; "" for the zero
// Constraint.
func (c Constraint) Source() string { return c.source }

// Accepts tells whether a value satisfies the constraint. A value that is not
// UTF-8 satisfies none but "_". It may be called from several goroutines.
func (c Constraint) Accepts(value []byte) (ok bool) {
	if c.rule == nil {
		return true
	}
	if !utf8.Valid(value) {
		return false
	}
	c.rule.lock.Lock()
	defer c.rule.lock.Unlock()
	// A panic inside CUE may quote the value: it ends here, as a no.
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	text := c.rule.context.Encode(string(value))
	return c.rule.value.Unify(text).Validate(cue.Concrete(true), cue.Final()) == nil
}
