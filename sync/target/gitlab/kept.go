package gitlab

import (
	"net/http"

	"github.com/keyplumb/keyplumb/sync/store"
)

// notKeptError is a success whose answer shows something else than what was sent.
// It may be that something was written, as with an answer that was lost.
type notKeptError struct{}

func (notKeptError) Error() string { return "not kept as it was sent" }
func (notKeptError) Unwrap() error { return store.ErrUnavailable }

// kept holds the answer to a write against what was sent: what GitLab does not
// know it ignores, and says that all went well.
func (t *Target) kept(d *draft, r request, now *variable) error {
	e := &store.Error{Op: r.op, Ref: d.ref, Kind: notKeptError{}}
	switch {
	case now.place(t.level) != d.at && t.level == &groupLevel && now.place(t.level) == place{"*", d.at.name}:
		e.Detail = "this GitLab's edition keeps group variables in the scope * alone; the variable now lies there"
		e.Hint = "remove it there by hand; in the policy give the target the scope * (names), or keep the variables in projects"
	case now.place(t.level) != d.at:
		e.Detail, e.Hint = "GitLab changed the variable of another scope", "look at the variables of this name by hand, then run again"
	case now.description() == "" && d.description != "":
		e.Detail = "this GitLab keeps no descriptions of variables, and so no ledger"
		e.Hint = "GitLab " + t.level.noNotes + " or later keeps them; until then run without a ledger key, and without descriptions in the policy"
	case r.method == http.MethodPost && d.flag(attrHidden) && !now.Hidden:
		e.Detail = "this GitLab has no hidden variables; the variable now lies there, and its value can be read"
		e.Hint = "remove it by hand; GitLab 17.4 or later hides variables, before that leave hidden: true out"
	case d.difference(now) == attrRaw && now.Raw == nil:
		e.Detail = "this GitLab expands all variables: a $ in this one will not arrive"
		e.Hint = "GitLab 15.7 or later has variables that are raw"
	case d.difference(now) != "":
		e.Detail, e.Hint = "GitLab has something else than was sent: "+d.difference(now), "is somebody else writing this variable? run again"
	default:
		return nil
	}
	return e
}

// difference names what is not as it was sent, "" where nothing is. What is
// hidden does not show its value, and is masked, whatever was said.
func (d *draft) difference(now *variable) string {
	flag := func(got *bool, name string) bool {
		_, given := d.attributes[name]
		return given && (got == nil || *got != d.flag(name))
	}
	_, typed := d.attributes[attrFile]
	switch {
	case now.description() != d.description:
		return attrDescription
	case now.Value.readable && !now.Value.value.Equal(d.placement.Value):
		return "value"
	case now.Raw == nil && isRaw(d.attributes), now.Raw != nil && *now.Raw != isRaw(d.attributes):
		return attrRaw
	case !now.Hidden && flag(now.Masked, attrMasked):
		return attrMasked
	case flag(now.Protected, attrProtected):
		return attrProtected
	case typed && now.Type != d.variableType():
		return "type"
	}
	return ""
}
