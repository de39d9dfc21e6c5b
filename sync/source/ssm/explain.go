package ssm

import (
	"errors"
	"fmt"

	"github.com/keyplumb/keyplumb/sync/awsapi"
	"github.com/keyplumb/keyplumb/sync/store"
)

// explain names the reference that an error is about, and says what to do. What
// the API told is matched with its own documented words, and never repeated.
func (s *Source) explain(got answer, path, version string) error {
	ref := store.Reference{Path: path, Version: version}.String()
	if got.missing {
		e := &store.Error{Op: "read", Ref: ref, Kind: store.ErrNotFound, Detail: "there is no such parameter in " + s.session.Region(),
			Hint: "look with aws ssm get-parameter --name " + path + "; names are told apart by case, and most begin with a slash"}
		if version != "" {
			e.Detail = "the parameter, or this version of it, is not there"
			e.Hint = "aws ssm get-parameter-history --name " + path + " lists the versions and their labels: the last 100"
		}
		return e
	}
	if got.told.Login {
		return got.err
	}
	known, ok := errors.AsType[*store.Error](got.err)
	if !ok {
		return fmt.Errorf("read %s: %w", ref, got.err)
	}
	e := *known
	e.Ref = ref
	if got.unasked {
		e.Detail = awsapi.Unasked(e.Detail)
		return &e
	}
	switch code := got.told.Code; {
	case errors.Is(e.Kind, store.ErrUnreadable):
		e.Detail, e.Hint = "AWS cannot decrypt it with its KMS key", "is the key enabled? aws kms describe-key tells; a key that was deleted takes the parameter with it"
	case errors.Is(e.Kind, store.ErrDenied) && got.told.IsKMS():
		e.Detail, e.Hint = "the role may not use the KMS key that the parameter is encrypted with", "the role's policy needs: kms:Decrypt on that key, and the key's own policy must let the role in"
	case errors.Is(e.Kind, store.ErrDenied) && code != "" && e.Detail == "":
		e.Detail, e.Hint = "the role may not read it", "the role's policy needs: ssm:GetParameters on "+s.arn(path)
	}
	return &e
}
