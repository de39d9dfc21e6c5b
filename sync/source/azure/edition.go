package azure

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"github.com/keyplumb/keyplumb/sync/store"
)

// An edition is what a vault says of one version of a secret, besides its
// value.
type edition struct {
	id                       string
	enabled                  bool
	created, begins, expires time.Time // zero where nothing is said
	owner                    string
}

// editionOf reads a version's properties; ok is false where they are of
// another secret, or of none.
func editionOf(name string, id *azsecrets.ID, a *azsecrets.SecretAttributes, tags map[string]*string) (e edition, ok bool) {
	if id == nil || a == nil {
		return edition{}, false
	}
	u, err := url.Parse(string(*id))
	if err != nil {
		return edition{}, false
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	if len(parts) != 3 || parts[0] != "secrets" || !strings.EqualFold(parts[1], name) || !isVersion(parts[2]) {
		return edition{}, false
	}
	e = edition{id: parts[2], enabled: a.Enabled == nil || *a.Enabled, created: timeOf(a.Created), begins: timeOf(a.NotBefore), expires: timeOf(a.Expires)}
	for tag, text := range tags {
		if strings.EqualFold(tag, "owner") && text != nil {
			e.owner = *text
		}
	}
	return e, true
}

func timeOf(at *time.Time) time.Time {
	if at == nil {
		return time.Time{}
	}
	return at.UTC()
}

func (e edition) about() store.Reading {
	return store.Reading{Version: e.id, Changed: e.created, Expires: e.expires, Owner: e.owner, Told: true}
}

// refusal tells why a version is not to be used. Key Vault refuses to give a
// disabled one; one whose time has not come it gives to whoever asks, and what
// nobody accepts yet would end up in CI.
// https://learn.microsoft.com/azure/key-vault/secrets/about-secrets#date-time-controlled-operations
func (e edition) refusal(r request, now time.Time) error {
	switch {
	case !e.enabled:
		return r.disabled()
	case e.begins.After(now):
		return &store.Error{Op: r.op, Ref: r.ref, Kind: store.ErrDenied,
			Detail: "it is not valid before " + e.begins.Format(time.DateTime) + " UTC",
			Hint:   "wait for that, or name an earlier version: version: \"previous\""}
	}
	return nil
}

// describe gives what a vault knows of a version.
func (s *Source) describe(ctx context.Context, path, version string) (store.Reading, error) {
	if err := check(path, version); err != nil {
		return store.Reading{}, err
	}
	r := request{op: "describe", ref: store.Reference{Path: path, Version: version}.String(), list: true}
	e, err := s.version(ctx, r, path, version)
	if err != nil {
		return store.Reading{}, err
	}
	if err := e.refusal(r, time.Now()); err != nil {
		return store.Reading{}, err
	}
	return e.about(), nil
}

// version finds the current version, the one before it, or one by its id.
func (s *Source) version(ctx context.Context, r request, path, version string) (edition, error) {
	all, err := s.versions(ctx, r, path)
	if err != nil {
		return edition{}, err
	}
	if len(all) == 0 {
		return edition{}, s.notFound(ctx, r, path, "")
	}
	if isVersion(version) {
		if at := slices.IndexFunc(all, func(e edition) bool { return e.id == version }); at >= 0 {
			return all[at], nil
		}
		return edition{}, s.notFound(ctx, r, path, version)
	}
	at := 0
	if version == previous {
		at = 1
	}
	if at == len(all) {
		return edition{}, &store.Error{Op: r.op, Ref: r.ref, Kind: store.ErrNotFound, Detail: "there is no version before the first",
			Hint: "mark the secret optional: true until there is one"}
	}
	// The times are whole seconds: of two that are equal nobody can say which
	// was first.
	for _, neighbour := range []int{at - 1, at + 1} {
		if neighbour >= 0 && neighbour < len(all) && all[neighbour].created.Equal(all[at].created) {
			return edition{}, &store.Error{Op: r.op, Ref: r.ref, Kind: store.ErrInvalid, Detail: "several versions were made in the same second, and Key Vault does not say in which order",
				Hint: "name the version by its id; az keyvault secret list-versions lists them"}
		}
	}
	return all[at], nil
}

// maxPages is the number of pages of versions that are asked for, of 25 each.
const maxPages = 400

// versions lists a secret's versions, the newest first.
// https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret-versions/get-secret-versions
func (s *Source) versions(ctx context.Context, r request, path string) ([]edition, error) {
	var all []edition
	pager := s.client.NewListSecretPropertiesVersionsPager(path, nil)
	for range maxPages {
		if !pager.More() {
			slices.SortStableFunc(all, func(a, b edition) int { return b.created.Compare(a.created) })
			return all, nil
		}
		var page azsecrets.ListSecretPropertiesVersionsResponse
		err := s.call(ctx, r, func(ctx context.Context) (err error) {
			page, err = pager.NextPage(ctx)
			return err
		})
		if isNotFound(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		for _, p := range page.Value {
			if p == nil {
				return nil, r.unreadable()
			}
			e, ok := editionOf(path, p.ID, p.Attributes, p.Tags)
			if !ok {
				return nil, r.unreadable()
			}
			all = append(all, e)
		}
	}
	return nil, r.unreadable()
}
