package aws

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/keyplumb/keyplumb/sync/awsapi"
	"github.com/keyplumb/keyplumb/sync/store"
)

// explain names the reference that an error is about, and says what to do. What
// the API told is matched with its own documented words, and never repeated.
func (s *Source) explain(ctx context.Context, got answer, path, version string) error {
	if got.told.Login {
		return got.err
	}
	known, ok := errors.AsType[*store.Error](got.err)
	if !ok {
		return fmt.Errorf("read %s: %w", path, got.err)
	}
	e := *known
	e.Ref = store.Reference{Path: path, Version: version}.String()
	if got.unasked {
		e.Detail = awsapi.Unasked(e.Detail)
		return &e
	}
	switch code, message := got.told.Code, got.told.Message; {
	case code == "InvalidRequestException" && strings.Contains(message, "marked"):
		return marked(path, version, s.goes(ctx, path))
	case code == "InvalidRequestException":
		e.Kind, e.Detail, e.Hint = store.ErrInvalid, "the secret is in a state in which it cannot be read", "look at it with aws secretsmanager describe-secret --secret-id "+path
	case errors.Is(e.Kind, store.ErrUnreadable):
		e.Detail, e.Hint = "AWS cannot decrypt it with its KMS key", "is the key enabled? aws kms describe-key tells; a key that was deleted takes the secret with it"
	case errors.Is(e.Kind, store.ErrDenied) && got.told.IsKMS():
		e.Detail, e.Hint = "the role may not use the KMS key that the secret is encrypted with", "the role's policy needs: kms:Decrypt on that key, and the key's own policy must let the role in"
	case errors.Is(e.Kind, store.ErrDenied) && code != "" && e.Detail == "":
		e.Detail = "the role may not read it"
		e.Hint = "the role's policy needs: secretsmanager:GetSecretValue on " + s.arn(path)
	case errors.Is(e.Kind, store.ErrNotFound):
		e.Detail, e.Hint = missing(version, message, s.session.Region())
	}
	return &e
}

// marked is the error of a secret that is deleted at a time; zero: at some time.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html
func marked(path, version string, at time.Time) error {
	e := &store.Error{Op: "read", Ref: store.Reference{Path: path, Version: version}.String(), Kind: store.ErrNotFound,
		Detail: "it is marked for deletion", Hint: "aws secretsmanager restore-secret --secret-id " + path + " brings it back"}
	if !at.IsZero() {
		e.Detail += ", and goes for good after " + at.UTC().Format(time.DateTime) + " UTC"
		e.Hint += " until then"
	}
	return e
}

// missing says what of a secret is not there.
func missing(version, message, region string) (detail, hint string) {
	const list = "aws secretsmanager list-secret-version-ids --include-deprecated lists the versions and their labels"
	switch {
	case strings.Contains(message, "staging label") && version == "":
		return "the secret has no current version", "put a value into it: aws secretsmanager put-secret-value"
	case version == "previous" && strings.Contains(message, "staging label"):
		return "there is no version before the current one", "mark the secret optional: true until there is one; " + list
	case strings.Contains(message, "staging label"), strings.Contains(message, "versionid"):
		return "the secret has no such version", list
	case version != "":
		return "there is no such secret in " + region + ", or no such version of it", list
	}
	return "there is no such secret in " + region, "look with aws secretsmanager describe-secret; is the region right in the policy?"
}

// arn is what a policy names the secret by.
func (s *Source) arn(path string) string {
	if strings.HasPrefix(path, arnPrefix) {
		return path
	}
	return fmt.Sprintf("arn:%s:secretsmanager:%s:*:secret:%s-*", s.session.Partition(), s.session.Region(), path)
}

// goes tells when a secret that is marked for deletion is deleted; zero where
// the role may not see that.
func (s *Source) goes(ctx context.Context, path string) time.Time {
	out, err := s.api.describe(ctx, &secretsmanager.DescribeSecretInput{SecretId: &path})
	if err != nil {
		return time.Time{}
	}
	return sdk.ToTime(out.DeletedDate)
}
