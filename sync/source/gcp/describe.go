package gcp

import (
	"context"

	"cloud.google.com/go/secretmanager/apiv1/secretmanagerpb"

	"github.com/keyplumb/keyplumb/sync/store"
)

// describeVersion asks when a version was made, where that may be asked; nil
// where not.
// https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/get
func (s *Source) describeVersion(ctx context.Context, n name, ref, version string) (*secretmanagerpb.SecretVersion, error) {
	var got *secretmanagerpb.SecretVersion
	answered, err := s.versions.ask(func() (err error) {
		got, err = s.client.GetSecretVersion(ctx, &secretmanagerpb.GetSecretVersionRequest{Name: n.String() + "/versions/" + version})
		return explainLook(n, ref, err)
	})
	if err != nil || !answered {
		return nil, err
	}
	return got, nil
}

// describeSecret asks when a secret ends and whose it is, where that may be
// asked; nil where not.
// https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets/get
func (s *Source) describeSecret(ctx context.Context, n name, ref string) (*secretmanagerpb.Secret, error) {
	var got *secretmanagerpb.Secret
	answered, err := s.secrets.ask(func() (err error) {
		got, err = s.client.GetSecret(ctx, &secretmanagerpb.GetSecretRequest{Name: n.String()})
		return explainLook(n, ref, err)
	})
	if err != nil || !answered {
		return nil, err
	}
	return got, nil
}

// Describe implements [store.Describer]: it needs roles/secretmanager.viewer,
// and no right to read a value.
func (s *Source) Describe(ctx context.Context, refs []store.Reference) []store.Reading {
	return store.ReadAtOnce(ctx, parallel, refs, func(path, version string) (store.Lookup, error) {
		known, err := s.about(ctx, path, version)
		return func(string) store.Reading { return known }, err
	})
}

// about tells of a version what Read would, without its value.
func (s *Source) about(ctx context.Context, path, version string) (store.Reading, error) {
	n, err := s.name(path)
	if err != nil {
		return store.Reading{}, err
	}
	ref := store.Reference{Path: path, Version: version}.String()
	known, version, err := s.choose(ctx, n, ref, version)
	if err != nil {
		return store.Reading{}, err
	}
	if known == nil {
		if known, err = s.describeVersion(ctx, n, ref, version); err != nil {
			return store.Reading{}, err
		}
	}
	e := &store.Error{Op: "look at", Ref: ref, Kind: store.ErrDenied, Detail: "the secret is not there, or this credential may not look at its versions",
		Hint: "is its name right in the policy? If it is, grant roles/secretmanager.viewer: " + n.command("add-iam-policy-binding", " --role=roles/secretmanager.viewer --member=…")}
	switch {
	case known == nil:
		return store.Reading{}, e
	case known.GetState() != secretmanagerpb.SecretVersion_ENABLED:
		return store.Reading{}, gone(e, known.GetState(), n, version)
	}
	holder, err := s.describeSecret(ctx, n, ref)
	return reading(lastPart(known.GetName()), known, holder), err
}

// reading says what is known of a version and of its secret; either may be nil.
func reading(number string, version *secretmanagerpb.SecretVersion, holder *secretmanagerpb.Secret) store.Reading {
	r := store.Reading{Version: number, Owner: holder.GetLabels()["owner"]}
	if at := version.GetCreateTime(); at.IsValid() {
		r.Changed = at.AsTime()
	}
	if at := holder.GetExpireTime(); at.IsValid() {
		r.Expires = at.AsTime()
	}
	return r
}
