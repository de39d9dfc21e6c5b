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
	if !strings.HasPrefix(path, arnPrefix) {
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

// names tells whether a path stands for the secret of an ARN, which may be
// missing in an answer, and of a name, which may be missing, too.
func names(path, arn, name string) bool {
	switch {
	case path == arn || path == name:
		return true
	case arn == "":
		return false
	case strings.HasPrefix(path, arnPrefix):
		return path == random.ReplaceAllString(arn, "")
	}
	return path == nameOf(arn)
}

// nameOf gives the name in an ARN, whether that is whole or partial; of a name
// itself.
func nameOf(id string) string {
	if !strings.HasPrefix(id, arnPrefix) {
		return id
	}
	return random.ReplaceAllString(id[strings.LastIndex(id, ":")+1:], "")
}
