package gitlab

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/keyplumb/keyplumb/sync/store"
)

// errTaken is a variable that is there already.
var errTaken = fmt.Errorf("%w: there is one already", store.ErrConflict)

// explain adds what a user can do, and reads of a refusal's body what it was
// about. Nothing of the body is repeated.
func (t *Target) explain(err error, r request, body []byte) error {
	e, ok := errors.AsType[*store.Error](err)
	if !ok {
		return err
	}
	switch {
	case e.Status == http.StatusBadRequest:
		t.refused(e, r, body)
	case e.Status == http.StatusMethodNotAllowed:
		// https://docs.gitlab.com/api/rest/#redirects: other methods than GET
		// are not redirected.
		e.Kind = store.ErrMoved
	}
	switch {
	case errors.Is(e, store.ErrUnauthentic):
		e.Hint = cmp.Or(e.Hint, "the token is wrong, expired, revoked, or of another GitLab server")
	case errors.Is(e, store.ErrDenied):
		e.Detail = cmp.Or(e.Detail, "the token may not do this")
		e.Hint = cmp.Or(e.Hint, t.needs())
	case errors.Is(e, store.ErrNotFound):
		e.Detail = cmp.Or(e.Detail, "not there, or the token may not see it")
		e.Hint = cmp.Or(e.Hint, "is its name in the policy right? If it is, "+t.needs())
	case errors.Is(e, store.ErrMoved):
		e.Detail = cmp.Or(e.Detail, "it was renamed or transferred")
		e.Hint = cmp.Or(e.Hint, "change the name in the policy")
	}
	return e
}

// needs says what a token must have.
func (t *Target) needs() string {
	scope := "api"
	if t.options.ReadOnly {
		scope = "api or read_api"
	}
	return "the token needs " + t.level.role + " and the scope " + scope
}

// refused tells by the structure of a 400 what GitLab did not like: it names
// the fields, and says of each what is wrong.
func (t *Target) refused(e *store.Error, r request, body []byte) {
	var answer struct {
		Message map[string][]string `json:"message"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return // another form: nothing more is known
	}
	about := func(field, words string) bool {
		return strings.Contains(strings.Join(answer.Message[field], "\n"), words)
	}
	has := func(field string) bool { return len(answer.Message[field]) > 0 }
	switch {
	case about("key", "has already been taken"):
		e.Kind = errTaken
	case about("base", "Maximum number of"):
		e.Kind = store.ErrTooLarge
		e.Detail = "GitLab keeps no more variables of this " + t.level.name
		e.Hint = "remove what no job needs, or have an administrator raise the limit"
	case has("base"):
		e.Detail = "GitLab does not change this of a variable that is hidden"
		e.Hint = handHint
	case has("value") && r.masks && !about("value", "exceeds"):
		e.Kind, e.Detail, e.Hint = store.ErrUnmaskable, "GitLab refuses to mask this value", unmaskableHint
	case has("value"):
		e.Detail = "GitLab refuses the value"
	case has("key"):
		e.Detail = "GitLab refuses the name"
	case has("environment_scope"):
		e.Detail = "GitLab refuses the environment scope"
	case has("description"):
		e.Detail = "GitLab refuses the description"
	}
}

const handHint = "by hand, since a job in between would be without it: delete the variable, and run keyplumb sync at once"
