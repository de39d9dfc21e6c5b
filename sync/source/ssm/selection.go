package ssm

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/keyplumb/keyplumb/sync/store"
)

// A selection is one version of one parameter; selector "" is the current one.
type selection struct{ path, selector string }

// name is what the API is asked for.
func (s selection) name() string {
	if s.selector == "" {
		return s.path
	}
	return s.path + ":" + s.selector
}

// parameter is the same for a name and for an ARN of one parameter.
func (s selection) parameter() string { return strings.TrimPrefix(nameOf(s.path), "/") }

// The forms of names and labels. A secret of Secrets Manager can be read
// through Parameter Store, and its name may hold more than a parameter's.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_LabelParameterVersion.html
var (
	isName  = regexp.MustCompile(`^[A-Za-z0-9/_.+=@-]+$`)
	isARN   = regexp.MustCompile(`^arn:[a-z-]+:ssm:[a-z0-9-]+:[0-9]+:parameter/[A-Za-z0-9/_.+=@-]+$`)
	isLabel = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,99}$`)
)

const previous = "previous"

// check refuses what no parameter of this region can be called, before it is
// sent: one malformed name would spoil a batch.
func (s *Source) check(path, version string) error {
	refuse := func(detail, hint string) error {
		return &store.Error{Op: "read", Ref: store.Reference{Path: path, Version: version}.String(), Kind: store.ErrInvalid, Detail: detail, Hint: hint}
	}
	if number, err := strconv.ParseInt(version, 10, 64); version != "" && !isLabel.MatchString(version) && (err != nil || number < 1) {
		return refuse("that is no version of a parameter", "a version is a number from 1, a label, or \"previous\"")
	}
	name := path
	if strings.HasPrefix(path, "arn:") {
		if !isARN.MatchString(path) {
			return refuse("that is no ARN of a parameter", "write it like arn:aws:ssm:eu-central-1:123456789012:parameter/prod/api, or write the parameter's name")
		}
		parts := strings.SplitN(path, ":", 6)
		if parts[3] != s.session.Region() {
			return refuse("the parameter is in the region "+parts[3]+", and the source in "+s.session.Region(), "make a source for that region")
		}
		name = parts[5]
	}
	if len(path) > 2048 || !isName.MatchString(name) {
		return refuse("that is no name of a parameter", "names are of letters, digits and /_.-; a version is written apart: version: 3")
	}
	return nil
}

// arn is what a policy names the parameter by.
func (s *Source) arn(path string) string {
	if strings.HasPrefix(path, "arn:") {
		return path
	}
	return "arn:" + s.session.Partition() + ":ssm:" + s.session.Region() + ":*:parameter/" + strings.TrimPrefix(path, "/")
}

// pack makes requests of up to 10 selections, no two of one parameter.
func pack(wanted []selection) (requests [][]selection) {
	held := []map[string]bool{}
next:
	for _, one := range wanted {
		for i := range requests {
			if len(requests[i]) < batchSize && !held[i][one.parameter()] {
				requests[i] = append(requests[i], one)
				held[i][one.parameter()] = true
				continue next
			}
		}
		requests, held = append(requests, []selection{one}), append(held, map[string]bool{one.parameter(): true})
	}
	return requests
}
