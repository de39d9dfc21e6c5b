package ssm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/keyplumb/keyplumb/sync/awsapi"
	"github.com/keyplumb/keyplumb/sync/store"
)

// described is how many parameters one request describes.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html
const described = 50

// Describe gives what Read would, without the values: for the current version
// when it was made; for any the end that an expiration policy sets, and the
// owner that a tag of that name tells. Of another account's parameter it tells
// nothing. It needs ssm:DescribeParameters, and for
// the owner ssm:ListTagsForResource; without the latter there is none. Of a
// version that is not the current one the API tells nothing without its value.
func (s *Source) Describe(ctx context.Context, refs []store.Reference) []store.Reading {
	found, failed := s.metadata(ctx, refs)
	return store.ReadAtOnce(ctx, parallel, refs, func(path, version string) (store.Lookup, error) {
		if err := s.check(path, version); err != nil {
			return nil, err
		}
		if failed != nil {
			return nil, s.explainDescribe(failed, path, version)
		}
		p, there := found[nameOf(path)]
		switch given := nameOf(path) != path; { // by its ARN
		case given && aws.ToString(p.ARN) != path, // another account's, perhaps
			!there && strings.HasPrefix(path, "/aws/"): // AWS's own, and what is of another service, is not listed
			return func(string) store.Reading { return store.Reading{} }, nil
		case !there:
			return nil, s.explain(answer{missing: true}, path, version)
		}
		about := store.Reading{Owner: s.owner(ctx, aws.ToString(p.Name)), Expires: expiry(p)}
		if version == "" || version == strconv.FormatInt(p.Version, 10) {
			about.Changed = aws.ToTime(p.LastModifiedDate)
			about.Version = versionOf(p.Version, about.Changed)
		}
		return func(string) store.Reading { return about }, nil
	})
}

// versionOf is what a version is told further as: a parameter that is made
// again has the same numbers at other times.
func versionOf(number int64, at time.Time) string {
	if number < 1 {
		return "" // a secret of Secrets Manager, seen through Parameter Store
	}
	return fmt.Sprintf("%d of %d", number, at.Unix())
}

// nameOf gives the name in an ARN, of a name itself. ARNs do not tell whether a
// name begins with a slash: one with others in it does.
func nameOf(path string) string {
	_, name, isARN := strings.Cut(path, ":parameter/")
	switch {
	case !isARN:
		return path
	case strings.Contains(name, "/"):
		return "/" + name
	}
	return name
}

// metadata describes the parameters of some references.
func (s *Source) metadata(ctx context.Context, refs []store.Reference) (map[string]types.ParameterMetadata, error) {
	var names []string
	for _, ref := range refs {
		if s.check(ref.Path, ref.Version) == nil {
			names = append(names, nameOf(ref.Path))
		}
	}
	slices.Sort(names)
	found := map[string]types.ParameterMetadata{}
	for some := range slices.Chunk(slices.Compact(names), described) {
		in := &ssm.DescribeParametersInput{MaxResults: aws.Int32(described),
			ParameterFilters: []types.ParameterStringFilter{{Key: aws.String("Name"), Option: aws.String("Equals"), Values: some}}}
		// A page may hold less than was asked for, even nothing; an answer that
		// does not end is given up.
		for range 2 * described {
			out, err := s.api.describe(ctx, in)
			if err != nil {
				return nil, err
			}
			for _, p := range out.Parameters {
				found[aws.ToString(p.Name)] = p
			}
			if in.NextToken = out.NextToken; aws.ToString(in.NextToken) == "" {
				break
			}
		}
	}
	return found, nil
}

// expiry reads a policy of expiration; zero where there is none.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-policies.html
func expiry(p types.ParameterMetadata) time.Time {
	for _, policy := range p.Policies {
		var said struct {
			Type       string
			Attributes struct{ Timestamp time.Time }
		}
		if json.Unmarshal([]byte(aws.ToString(policy.PolicyText)), &said) == nil && said.Type == "Expiration" {
			return said.Attributes.Timestamp
		}
	}
	return time.Time{}
}

// owner reads the tag of that name; "" where there is none, or the role may not
// see it.
func (s *Source) owner(ctx context.Context, name string) string {
	out, err := s.api.tags(ctx, &ssm.ListTagsForResourceInput{ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: &name})
	if err != nil {
		return ""
	}
	for _, tag := range out.TagList {
		if strings.EqualFold(aws.ToString(tag.Key), "owner") {
			return aws.ToString(tag.Value)
		}
	}
	return ""
}

// explainDescribe is explain, for who need not be able to read.
func (s *Source) explainDescribe(err error, path, version string) error {
	told, failed := awsapi.Failure("describe", "", err)
	explained := s.explain(answer{err: failed, told: told}, path, version)
	if e, ok := errors.AsType[*store.Error](explained); ok && errors.Is(e, store.ErrDenied) && told.Code != "" {
		e.Detail, e.Hint = "the role may not see what is known of parameters", "the role's policy needs: ssm:DescribeParameters on *"
	}
	return explained
}
