package aws

import (
	"regexp"
	"strings"

	"github.com/keyplumb/keyplumb/sync/store"
)

// isID is the form of a secret's name or ARN.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
var isID = regexp.MustCompile(`^[A-Za-z0-9/_+=.@:-]+$`)

const (
	maxID     = 2048 // bytes: that of an ARN
	arnPrefix = "arn:"
)

// check refuses what no secret of this region can be called, before it is sent:
// one malformed name would spoil a batch.
func (s *Source) check(path, version string) error {
	refuse := func(detail, hint string) error {
		return &store.Error{Op: "read", Ref: store.Reference{Path: path, Version: version}.String(), Kind: store.ErrInvalid, Detail: detail, Hint: hint}
	}
	if len(path) > maxID || !isID.MatchString(path) {
		return refuse("that is no name and no ARN of a secret", "names are of letters, digits and /_+=.@-")
	}
	if !isARN(path) {
		return nil
	}
	parts := strings.SplitN(path, ":", 7)
	if len(parts) != 7 || parts[2] != "secretsmanager" || parts[5] != "secret" || parts[6] == "" {
		return refuse("that is no ARN of a secret", "write it like arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/api-AbCdEf, or write the secret's name")
	}
	if parts[3] != s.session.Region() {
		return refuse("the secret is in the region "+parts[3]+", and the source in "+s.session.Region(), "make a source for that region")
	}
	return nil
}

// random is the end that Secrets Manager gives an ARN: a hyphen and six
// characters.
var random = regexp.MustCompile(`-[A-Za-z0-9]{6}$`)

func isARN(path string) bool { return strings.HasPrefix(path, arnPrefix) }

// isOf tells whether a path stands for the secret of an ARN and a name. A name
// is one of this account, in which there is one of each; an ARN, of whatever
// account, is known by nothing but itself.
func isOf(path, arn, name string) bool {
	if isARN(path) {
		return path == arn || path == random.ReplaceAllString(arn, "")
	}
	return path == name
}
