// Package env reads secrets from keyplumb's own environment: what CI or a
// password manager's wrapper put there.
//
// A variable has no path, no version and no date: only its name, which is a
// reference's field.
//
// What keyplumb itself runs on stands in the same environment. A credential
// goes only to the host that it was given for, so a policy cannot name one as
// a secret and have it placed somewhere else.
package env

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// Options configure a source.
type Options struct {
	Lookup func(name string) (value string, found bool) // os.LookupEnv
}

// A Source reads variables. Its methods may be called from several goroutines
// where Lookup may.
type Source struct{ lookup func(string) (string, bool) }

// New gives a source.
func New(o Options) *Source { return &Source{lookup: o.Lookup} }

// Read gives the variable that each reference's field names. The errors are
// ErrNoField for one that is not set, ErrDenied for a credential of keyplumb's
// own or of the CI job, and ErrInvalid for a reference that names none, or has
// a path or a version.
func (s *Source) Read(ctx context.Context, refs []store.Reference) []store.Reading {
	out := make([]store.Reading, len(refs))
	for i, ref := range refs {
		if err := ctx.Err(); err != nil {
			out[i] = store.Reading{Err: fmt.Errorf("read %s: %w", ref, err)}
			continue
		}
		out[i] = s.read(ref)
	}
	return out
}

func (s *Source) read(ref store.Reference) store.Reading {
	fail := func(kind error, detail, hint string) store.Reading {
		return store.Reading{Err: &store.Error{Op: "read", Ref: ref.String(), Kind: kind, Detail: detail, Hint: hint}}
	}
	if ref.Path != "" || ref.Version != "" {
		return fail(store.ErrInvalid, "a variable of the environment has no path and no version", "name it with field alone")
	}
	if ref.Field == "" {
		return fail(store.ErrInvalid, "the environment is not one value", "name the variable with field")
	}
	if isCredential(ref.Field) {
		return fail(store.ErrDenied, "it is a credential that keyplumb or the CI job runs on, and no secret to be placed", "give the secret a variable of its own")
	}
	value, found := s.lookup(ref.Field)
	if !found {
		return fail(store.ErrNoField, "the variable is not set", "set it where keyplumb runs")
	}
	return store.Reading{Value: secret.New([]byte(value))}
}

// isCredential tells the variables that keyplumb, and the CI job around it,
// take their own credentials from; without case, as Windows has it.
func isCredential(name string) bool {
	name = strings.ToUpper(name)
	return strings.HasPrefix(name, "KEYPLUMB_") || slices.Contains([]string{
		"GITHUB_TOKEN", "GH_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_RUNTIME_TOKEN",
		"GITLAB_TOKEN", "CI_JOB_TOKEN", "SOPS_AGE_KEY", "SOPS_AGE_KEY_FILE",
		"VAULT_TOKEN", "VAULT_ROLE_ID", "VAULT_SECRET_ID", "VAULT_ID_TOKEN",
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_ID_TOKEN",
		"GOOGLE_APPLICATION_CREDENTIALS", "GCP_ID_TOKEN",
		"AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PASSWORD", "AZURE_PASSWORD", "IDENTITY_HEADER", "AZURE_ID_TOKEN",
		"KUBERNETES_ID_TOKEN",
	}, name)
}
