package gcp

import (
	"context"
	"errors"
	"hash/crc32"
	"strconv"
	"strings"

	"cloud.google.com/go/secretmanager/apiv1/secretmanagerpb"
	"google.golang.org/api/iterator"

	"github.com/keyplumb/keyplumb/sync/store"
)

// The versions that have a name of their own, beside a secret's aliases.
const (
	latest   = "latest"   // Google's: the one made last
	previous = "previous" // keyplumb's: the newest before it that can be read
)

// open reads a version of a secret.
func (s *Source) open(ctx context.Context, path, version string) (store.Lookup, error) {
	n, err := s.name(path)
	if err != nil {
		return nil, err
	}
	ref := store.Reference{Path: path, Version: version}.String()
	about, version, err := s.choose(ctx, n, ref, version)
	if err != nil {
		return nil, err
	}
	got, err := s.access(ctx, n, ref, version)
	if err != nil {
		return nil, err
	}
	number := lastPart(got.GetName())
	if about == nil {
		if about, err = s.describeVersion(ctx, n, ref, number); err != nil {
			return nil, err
		}
	}
	holder, err := s.describeSecret(ctx, n, ref)
	if err != nil {
		return nil, err
	}
	return store.Document{Ref: ref, Text: got.GetPayload().GetData(), About: reading(number, about, holder)}.Lookup, nil
}

// choose gives a version's name as Google knows it, and what is known of the
// version already.
func (s *Source) choose(ctx context.Context, n name, ref, version string) (*secretmanagerpb.SecretVersion, string, error) {
	switch {
	case version == "":
		return nil, latest, nil
	case version == previous:
		about, err := s.beforeLatest(ctx, n, ref)
		return about, lastPart(about.GetName()), err
	case !revision.MatchString(version):
		return nil, "", &store.Error{Op: "read", Ref: ref, Kind: store.ErrInvalid, Detail: "a version is a number from 1, an alias, or \"previous\"",
			Hint: n.command("versions list", "") + " lists them"}
	}
	return nil, version, nil
}

// access reads a version's value, and checks that it arrived as it was kept.
// https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access
func (s *Source) access(ctx context.Context, n name, ref, version string) (*secretmanagerpb.AccessSecretVersionResponse, error) {
	got, err := s.client.AccessSecretVersion(ctx, &secretmanagerpb.AccessSecretVersionRequest{Name: n.String() + "/versions/" + version})
	if err != nil {
		return nil, s.explainAccess(ctx, n, ref, version, err)
	}
	_, number, _ := strings.Cut(got.GetName(), "/secrets/"+n.secret+"/versions/")
	if !isNumber(number) || isNumber(version) && version != number || got.GetPayload() == nil {
		return nil, &store.Error{Op: "read", Ref: ref, Kind: store.ErrUnavailable, Detail: "the answer could not be read",
			Hint: "is the address right? What answers there may be something that stands before the API"}
	}
	sum := got.GetPayload().DataCrc32C
	if sum == nil || *sum != int64(crc32.Checksum(got.GetPayload().GetData(), crc32.MakeTable(crc32.Castagnoli))) {
		return nil, &store.Error{Op: "read", Ref: ref, Kind: store.ErrUnreadable, Detail: "the value and its checksum (CRC32C) do not fit together",
			Hint: "it was damaged on the way, or where it is kept: run keyplumb again, and add a new version if that does not help"}
	}
	return got, nil
}

// farthest is how many versions are looked through for one that is enabled.
const farthest = 10_000

// beforeLatest finds the newest version below the latest that is enabled. The
// listing is sorted, the newest first.
// https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/list
func (s *Source) beforeLatest(ctx context.Context, n name, ref string) (*secretmanagerpb.SecretVersion, error) {
	none := &store.Error{Op: "read", Ref: ref, Kind: store.ErrNotFound, Detail: "there is no enabled version before the latest",
		Hint: "mark the secret optional: true until there is one; " + n.command("versions list", "") + " lists the versions"}
	versions := s.client.ListSecretVersions(ctx, &secretmanagerpb.ListSecretVersionsRequest{Parent: n.String(), PageSize: 100})
	for i := range farthest {
		version, err := versions.Next()
		switch {
		case errors.Is(err, iterator.Done):
			return nil, none
		case err != nil:
			return nil, explainList(n, ref, err)
		case i > 0 && version.GetState() == secretmanagerpb.SecretVersion_ENABLED && isNumber(lastPart(version.GetName())):
			return version, nil
		}
	}
	none.Kind, none.Detail = store.ErrTooLarge, "none of the "+strconv.Itoa(farthest)+" newest versions below the latest is enabled"
	return nil, none
}

// lastPart is the version in a version's name.
func lastPart(name string) string { return name[strings.LastIndex(name, "/")+1:] }

func isNumber(version string) bool {
	n, err := strconv.ParseUint(version, 10, 63)
	return err == nil && strconv.FormatUint(n, 10) == version
}
