package aws

import (
	"context"
	"regexp"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/keyplumb/keyplumb/sync/awsapi"
	"github.com/keyplumb/keyplumb/sync/store"
)

// open gives a secret's version: from a batch, or asked for alone.
func (r *reader) open(ctx context.Context, path, version string) (store.Lookup, error) {
	if err := r.check(path, version); err != nil {
		return nil, err
	}
	r.mu.Lock()
	got, known := r.answers[path]
	r.mu.Unlock()
	switch down := r.isDown(); {
	case known && version == "":
	case down != nil:
		got = *down
	default:
		got = r.judge(r.readOne(ctx, path, version))
	}
	ref := store.Reference{Path: path, Version: version}.String()
	if got.err != nil {
		return nil, r.explain(ctx, got, path, version)
	}
	return store.Document{Ref: ref, Text: got.text, About: store.Reading{Version: got.version, Changed: got.created}}.Lookup, nil
}

// isVersionID tells a version's id from a staging label: 32 to 64 characters,
// nearly always a UUID.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
var isVersionID = regexp.MustCompile(`^[A-Za-z0-9-]{32,64}$`)

// The staging labels that Secrets Manager moves itself.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html
const (
	current  = "AWSCURRENT"
	previous = "AWSPREVIOUS"
)

// readOne asks for one version of one secret.
func (s *Source) readOne(ctx context.Context, path, version string) answer {
	in := &secretsmanager.GetSecretValueInput{SecretId: &path}
	switch {
	case version == "previous":
		in.VersionStage = sdk.String(previous)
	case isVersionID.MatchString(version):
		in.VersionId = &version
	case version != "":
		in.VersionStage = &version
	}
	out, err := s.api.get(ctx, in)
	if err != nil {
		told, failed := awsapi.Failure("read", "", err)
		return answer{err: failed, told: told}
	}
	a := valueOf(out.SecretString, out.SecretBinary, out.VersionId)
	a.arn, a.name = sdk.ToString(out.ARN), sdk.ToString(out.Name)
	a.created = sdk.ToTime(out.CreatedDate)
	return a
}
