package aws

import (
	"context"
	"errors"
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/keyplumb/keyplumb/sync/awsapi"
	"github.com/keyplumb/keyplumb/sync/store"
)

// Describe gives what Read would, without the values, and the owner that a tag
// of that name tells. It needs secretsmanager:DescribeSecret on each secret. The
// date of a version would be a request more, and is left out. The next rotation
// is not taken for an end: it is the source's own to make.
func (s *Source) Describe(ctx context.Context, refs []store.Reference) []store.Reading {
	return store.ReadAtOnce(ctx, parallel, refs, func(path, version string) (store.Lookup, error) {
		about, err := s.describe(ctx, path, version)
		return func(string) store.Reading { return about }, err
	})
}

func (s *Source) describe(ctx context.Context, path, version string) (store.Reading, error) {
	if err := s.check(path, version); err != nil {
		return store.Reading{}, err
	}
	out, err := s.api.describe(ctx, &secretsmanager.DescribeSecretInput{SecretId: &path})
	if err != nil {
		return store.Reading{}, s.explainDescribe(ctx, err, path, version)
	}
	if at := sdk.ToTime(out.DeletedDate); !at.IsZero() {
		return store.Reading{}, marked(path, version, at)
	}
	about := store.Reading{Version: version}
	for _, tag := range out.Tags {
		if strings.EqualFold(sdk.ToString(tag.Key), "owner") {
			about.Owner = sdk.ToString(tag.Value)
		}
	}
	if !isVersionID.MatchString(version) {
		stage := stageOf(version)
		about.Version = ""
		for id, stages := range out.VersionIdsToStages {
			if slices.Contains(stages, stage) {
				about.Version = id
			}
		}
		if about.Version == "" {
			e := &store.Error{Op: "describe", Ref: store.Reference{Path: path, Version: version}.String(), Kind: store.ErrNotFound}
			e.Detail, e.Hint = missing(version, "staging label", s.session.Region())
			return store.Reading{}, e
		}
	}
	return about, nil
}

// stageOf is the staging label that a version which is no id stands for.
func stageOf(version string) string {
	switch version {
	case "":
		return current
	case "previous":
		return previous
	}
	return version
}

// explainDescribe is explain, for who need not be able to read.
func (s *Source) explainDescribe(ctx context.Context, err error, path, version string) error {
	told, failed := awsapi.Failure("describe", "", err)
	explained := s.explain(ctx, answer{err: failed, told: told}, path, version)
	if e, ok := errors.AsType[*store.Error](explained); ok && errors.Is(e, store.ErrDenied) && told.Code != "" {
		e.Detail, e.Hint = "the role may not see what is known of it", "the role's policy needs: secretsmanager:DescribeSecret on "+s.arn(path)
	}
	return explained
}
