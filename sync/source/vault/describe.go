package vault

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/keyplumb/keyplumb/sync/store"
)

// Describe tells how old the versions are, when they end and who answers for
// them, from a secret's metadata: no value is read, and none need be readable.
// A version that was deleted, and can be brought back, is one that has ended.
// The errors are those of Read, and ErrInvalid for an engine of version 1, which
// keeps nothing of the kind.
func (s *Source) Describe(ctx context.Context, refs []store.Reference) []store.Reading {
	return store.ReadAtOnce(ctx, parallel, refs, func(path, version string) (store.Lookup, error) {
		e, err := s.describe(ctx, path, version)
		return func(string) store.Reading { return e.document("").About }, err
	})
}

// describe asks for a secret's metadata.
// https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2#read-secret-metadata
func (s *Source) describe(ctx context.Context, path, version string) (edition, error) {
	path, number, err := parse(path, version)
	if err != nil {
		return edition{}, err
	}
	ref := store.Reference{Path: path, Version: version}.String()
	token, e, err := s.enter(ctx, path)
	if err != nil {
		return edition{}, err
	}
	if e.version == 1 {
		return edition{}, refused(ref, "a key-value engine of version 1 keeps no metadata", "upgrade the mount: vault kv enable-versioning "+e.mount)
	}
	r := request{op: "describe", ref: ref, method: http.MethodGet, path: e.mount + "/metadata/" + s.inside(e, path), token: token}
	got, told, err := s.call(ctx, r)
	switch {
	case err != nil:
		return edition{}, s.explainRead(err, told, r.path)
	case got.status == http.StatusNotFound:
		return s.absent(ctx, r, got, told, e, number)
	case got.secret == nil || got.secret.Data == nil:
		return edition{}, r.unreadable()
	}
	return r.described(got.secret.Data, version, number)
}

// described finds one version in a secret's metadata.
func (r request) described(data map[string]any, version string, number int) (edition, error) {
	current, ok := data["current_version"].(json.Number)
	newest, err := current.Int64()
	versions, ok2 := data["versions"].(map[string]any)
	if !ok || !ok2 || err != nil {
		return edition{}, r.unreadable()
	}
	switch version {
	case "":
		number = int(newest)
	case "previous":
		number = int(newest) - 1
	}
	about, there := versions[strconv.Itoa(number)].(map[string]any)
	if !there {
		return edition{}, r.notFound(engine{version: 2}, max(number, 1))
	}
	e := edition{number: number, created: timeOf(about["created_time"])}
	if e.destroyed, _ = about["destroyed"].(bool); e.destroyed {
		return edition{}, gone(r.ref, e)
	}
	e.about(map[string]any{"custom_metadata": data["custom_metadata"], "deletion_time": about["deletion_time"]}, version == "")
	return e, nil
}
