package azure

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"github.com/keyplumb/keyplumb/sync/store"
)

// isName tells what a secret can be called, and isVersion what a version is.
// https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates#object-identifiers
func isName(text string) bool {
	return text != "" && len(text) <= 127 && !strings.ContainsFunc(text, func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}

func isVersion(text string) bool {
	return len(text) == 32 && !strings.ContainsFunc(text, func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'f') })
}

const previous = "previous"

// check refuses a reference that no vault can answer.
func check(path, version string) error {
	refuse := func(detail, hint string) error {
		return &store.Error{Op: "read", Ref: path, Kind: store.ErrInvalid, Detail: detail, Hint: hint}
	}
	switch {
	case !isName(path):
		return refuse("that is no name of a secret in Key Vault", "it has letters, digits and dashes alone: from: path: \"database-url\"")
	case version != "" && version != previous && !isVersion(version):
		return refuse("a version is an id of 32 hexadecimal digits, or \"previous\"", "az keyvault secret list-versions lists them")
	}
	return nil
}

// open reads a secret: the current version, one by its id, or the previous.
func (s *Source) open(ctx context.Context, path, version string) (store.Lookup, error) {
	if err := check(path, version); err != nil {
		return nil, err
	}
	r := request{op: "read", ref: store.Reference{Path: path, Version: version}.String()}
	if version == previous {
		before, err := s.version(ctx, request{op: r.op, ref: r.ref, list: true}, path, version)
		if err != nil {
			return nil, err
		}
		version = before.id
	}
	got, err := s.get(ctx, r, path, version)
	if err != nil {
		return nil, err
	}
	if got.Value == nil {
		return nil, r.unreadable()
	}
	e, ok := editionOf(path, got.ID, got.Attributes, got.Tags)
	if !ok || version != "" && e.id != version {
		return nil, r.unreadable()
	}
	if err := e.refusal(r, time.Now()); err != nil {
		return nil, err
	}
	return store.Document{Ref: r.ref, Text: []byte(*got.Value), About: e.about()}.Lookup, nil
}

// get asks for a secret's value; version "" is the current one.
// https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret
func (s *Source) get(ctx context.Context, r request, path, version string) (azsecrets.Secret, error) {
	var got azsecrets.GetSecretResponse
	err := s.call(ctx, r, func(ctx context.Context) (err error) {
		got, err = s.client.GetSecret(ctx, path, version, nil)
		return err
	})
	if err != nil && isNotFound(err) {
		return azsecrets.Secret{}, s.notFound(ctx, r, path, version)
	}
	return got.Secret, err
}

// notFound tells a secret that was deleted, and can be brought back, from one
// that never was. That asks for a permission which a reader need not have, so
// that a refusal is no answer.
// https://learn.microsoft.com/rest/api/keyvault/secrets/get-deleted-secret/get-deleted-secret
func (s *Source) notFound(ctx context.Context, r request, path, version string) error {
	name := s.vault()
	err := &store.Error{Op: r.op, Ref: r.ref, Kind: store.ErrNotFound, Status: http.StatusNotFound,
		Detail: "the vault " + name + " has no such secret", Hint: "is the name right in the policy? az keyvault secret list --vault-name " + name + " lists them"}
	if version != "" {
		err.Detail, err.Hint = "it has no such version", "az keyvault secret list-versions --vault-name "+name+" --name "+path+" lists them"
		return err
	}
	var got azsecrets.GetDeletedSecretResponse
	failed := s.call(ctx, r, func(ctx context.Context) (err error) {
		got, err = s.client.GetDeletedSecret(ctx, path, nil)
		return err
	})
	if ctx.Err() != nil {
		return failed
	}
	if failed == nil && got.ID != nil {
		err.Detail = "it was deleted"
		if got.DeletedDate != nil {
			err.Detail += " at " + got.DeletedDate.UTC().Format(time.DateTime) + " UTC"
		}
		err.Hint = "bring it back with az keyvault secret recover --vault-name " + name + " --name " + path
	}
	return err
}

// vault is the vault's name.
func (s *Source) vault() string {
	name, _, _ := strings.Cut(s.host, ".")
	return name
}
