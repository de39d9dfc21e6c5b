package gitlab

import "github.com/keyplumb/keyplumb/sync/store"

// keeps holds the answer to a write against what was sent: GitLab ignores what
// its version or its tier does not know.
func (l level) keeps(r request, w write, body sent, answer *found) error {
	e := &store.Error{Op: r.op, Ref: r.ref, Kind: store.ErrUnreadable}
	switch {
	case answer.Key != w.Name:
		return r.unreadable()
	case answer.scope() != w.scope:
		e.Detail = "this GitLab's edition keeps a group's variables in the scope * alone, and has put it there"
		e.Hint = "remove it there by hand; then place it in projects, or map every environment to * by names:"
	case answer.description() != body.Description:
		e.Detail = "this GitLab keeps no descriptions, and so no entry of the ledger"
		e.Hint = "GitLab 16.2 and later do, of the instance's variables 16.8"
	case body.MaskedAndHidden && !answer.Hidden:
		e.Detail = "this GitLab has no hidden variables: it is there, and can be read"
		e.Hint = "GitLab 17.4 and later have them; take hidden: out of the policy, or delete the variable by hand"
	case answer.Raw != body.Raw, answer.Type != body.Type, answer.Protected != body.Protected,
		body.Masked != nil && answer.Masked != *body.Masked:
		e.Detail = "GitLab took it and set it up in another way than it was asked to"
		e.Hint = "run keyplumb drift, which says what differs"
	case answer.readable() && *answer.Value != body.Value:
		e.Detail = "GitLab took it and keeps another value than it was sent"
		e.Hint = "run keyplumb drift"
	default:
		return nil
	}
	return e
}
