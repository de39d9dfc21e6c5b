package aws

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// getParameters answers for all, or for none where one is refused.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html
func (c *call) getParameters() (any, error) {
	var in struct {
		Names          []string
		WithDecryption bool
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if len(in.Names) == 0 || len(in.Names) > 10 {
		return nil, refusal("ValidationException", "1 validation error detected: Value at 'names' failed to satisfy constraint: Member must have length less than or equal to 10")
	}
	found, invalid := []map[string]any{}, []string{}
	for _, name := range in.Names {
		c.server.reads++
		if err := c.allow("GetParameters", c.server.parameterARN(name)); err != nil {
			return nil, err
		}
		one, number := c.server.choose(name)
		switch {
		case one == nil || number == 0:
			invalid = append(invalid, name)
			continue
		case one.key == KeyDenied:
			return nil, refusal("AccessDeniedException", "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.")
		case one.key == KeyDisabled:
			return nil, refusal("InvalidKeyId", "arn:aws:kms:%s:%s:key/%s is disabled.", c.server.region, Account, newID())
		}
		found = append(found, one.show(name, number, in.WithDecryption))
	}
	slices.SortFunc(found, func(a, b map[string]any) int { return strings.Compare(fmt.Sprint(a["Name"]), fmt.Sprint(b["Name"])) })
	return map[string]any{"Parameters": found, "InvalidParameters": invalid}, nil
}

// show gives a version as the API does; without decryption it is of no use.
func (p *parameter) show(asked string, number int, decrypted bool) map[string]any {
	v := p.versions[number-1]
	out := map[string]any{"ARN": p.arn, "Name": p.name, "Type": "SecureString", "DataType": "text", "Version": number, "Value": v.text, "LastModifiedDate": epoch(v.at)}
	if !decrypted {
		out["Value"] = text(40)
	}
	if selector, ok := strings.CutPrefix(asked, p.name); ok && selector != "" {
		out["Selector"] = selector
	}
	return out
}

// describeParameters finds by names alone.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html
func (c *call) describeParameters() (any, error) {
	var in struct {
		ParameterFilters []struct {
			Key, Option string
			Values      []string
		}
		MaxResults int
		NextToken  string
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := c.allow("DescribeParameters", c.server.arn("ssm", "*")); err != nil {
		return nil, err
	}
	if len(in.ParameterFilters) != 1 || in.ParameterFilters[0].Key != "Name" || in.ParameterFilters[0].Option != "Equals" ||
		len(in.ParameterFilters[0].Values) == 0 || len(in.ParameterFilters[0].Values) > 50 || in.MaxResults > 50 {
		return nil, refusal("ValidationException", "this filter is not emulated, or too long")
	}
	listed := []map[string]any{}
	for _, name := range in.ParameterFilters[0].Values {
		if one := c.server.parameters[name]; one != nil {
			listed = append(listed, one.describe())
		}
	}
	from, _ := strconv.Atoi(in.NextToken) // "" is the beginning
	to := min(len(listed), from+3)        // a page is short, so that clients must turn it
	out := map[string]any{"Parameters": listed[min(from, to):to]}
	if to < len(listed) {
		out["NextToken"] = fmt.Sprint(to)
	}
	return out, nil
}

func (p *parameter) describe() map[string]any {
	last := p.versions[len(p.versions)-1]
	policies := []map[string]string{}
	if !p.expires.IsZero() {
		// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-policies.html
		policies = append(policies, map[string]string{"PolicyType": "Expiration", "PolicyStatus": "Pending",
			"PolicyText": fmt.Sprintf(`{"Type":"Expiration","Version":"1.0","Attributes":{"Timestamp":%q}}`, p.expires.Format("2006-01-02T15:04:05.000Z"))})
	}
	return map[string]any{"Name": p.name, "ARN": p.arn, "Type": "SecureString", "Version": len(p.versions), "LastModifiedDate": epoch(last.at), "Policies": policies}
}

// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ListTagsForResource.html
func (c *call) listTags() (any, error) {
	var in struct{ ResourceType, ResourceId string } //nolint:revive,staticcheck // the fields' names
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := c.allow("ListTagsForResource", c.server.parameterARN(in.ResourceId)); err != nil {
		return nil, err
	}
	one := c.server.parameters[in.ResourceId]
	if one == nil || in.ResourceType != "Parameter" {
		return nil, refusal("InvalidResourceId", "the resource is not there")
	}
	tags := []map[string]string{}
	for _, tag := range one.tags {
		tags = append(tags, map[string]string{"Key": tag[0], "Value": tag[1]})
	}
	return map[string]any{"TagList": tags}, nil
}
