package gitlab

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	gl "github.com/xanzy/go-gitlab"
)

// errTaken is a create of what is there.
var errTaken = errors.New("taken")

// A refusal is which fields of a variable GitLab would not have, as far as a
// 400 tells: {"message":{"value":["is invalid"]}}. Its texts may repeat what was sent, and
// are looked at for one phrase alone.
type refusal map[string][]string

func refusalOf(cause error) refusal {
	e, ok := errors.AsType[*gl.ErrorResponse](cause)
	if !ok {
		return nil
	}
	var body struct {
		Message map[string][]string `json:"message"`
	}
	if json.Unmarshal(e.Body, &body) != nil {
		return nil
	}
	return body.Message
}

// taken tells that there is a variable of this key and scope already.
func (r refusal) taken() bool {
	return slices.ContainsFunc(r["key"], func(text string) bool { return strings.HasSuffix(text, "has already been taken") })
}

// words says in keyplumb's own what was refused.
func (r refusal) words() string {
	fields := slices.Sorted(maps.Keys(r))
	switch {
	case r.taken():
		return "there is a variable of this name already"
	case slices.Contains(fields, "value"):
		return "GitLab does not take this value, or does not mask it"
	case slices.Contains(fields, "environment_scope"):
		return "GitLab does not take this environment scope"
	case slices.Contains(fields, "key"):
		return "GitLab does not take this name"
	case slices.Contains(fields, "description"):
		return "GitLab does not take this description"
	case slices.Contains(fields, "base"):
		return "GitLab holds as many variables there as it may, or does not let this be changed"
	}
	return ""
}
