package aws

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A parameter is one of Parameter Store; its versions are numbered from 1.
type parameter struct {
	name, arn string
	versions  []setting
	expires   time.Time
	tags      [][2]string
	key       KeyState
}

// A setting is one version of a parameter.
type setting struct {
	text   string
	at     time.Time
	labels []string
}

// PutParameter makes a new version of a parameter, and returns its number.
func (s *Server) PutParameter(name, text string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.parameters[name]
	if one == nil {
		one = &parameter{name: name, arn: s.arn("ssm", "parameter/"+strings.TrimPrefix(name, "/"))}
		s.parameters[name] = one
	}
	one.versions = append(one.versions, setting{text: text, at: s.Clock().Now()})
	return len(one.versions)
}

// Label puts a label on a version of a parameter.
func (s *Server) Label(name string, number int, label string) {
	s.adjust(name, func(one *parameter) {
		one.versions[number-1].labels = append(one.versions[number-1].labels, label)
	})
}

// ExpireParameter gives a parameter a policy of expiration.
func (s *Server) ExpireParameter(name string, at time.Time) {
	s.adjust(name, func(one *parameter) { one.expires = at })
}

// TagParameter puts a tag on a parameter.
func (s *Server) TagParameter(name, key, value string) {
	s.adjust(name, func(one *parameter) { one.tags = append(one.tags, [2]string{key, value}) })
}

// SetParameterKey says what is wrong with the KMS key of a parameter.
func (s *Server) SetParameterKey(name string, state KeyState) {
	s.adjust(name, func(one *parameter) { one.key = state })
}

// RemoveParameter takes a parameter away with all of its versions.
func (s *Server) RemoveParameter(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.parameters, name)
}

func (s *Server) adjust(name string, change func(*parameter)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.parameters[name] == nil {
		panic("no parameter " + name)
	}
	change(s.parameters[name])
}

// select finds a parameter by name or ARN, and a version of it by number or
// label.
func (s *Server) choose(asked string) (*parameter, int) {
	name, selector := asked, ""
	if s.named(asked) == nil {
		if at := strings.LastIndex(asked, ":"); at >= 0 {
			name, selector = asked[:at], asked[at+1:]
		}
	}
	one := s.named(name)
	if one == nil {
		return nil, 0
	}
	if selector == "" {
		return one, len(one.versions)
	}
	if number, err := strconv.Atoi(selector); err == nil {
		if number < 1 || number > len(one.versions) {
			return one, 0
		}
		return one, number
	}
	return one, 1 + slices.IndexFunc(one.versions, func(v setting) bool { return slices.Contains(v.labels, selector) })
}

func (s *Server) named(name string) *parameter {
	if one := s.parameters[name]; one != nil {
		return one
	}
	for _, one := range s.parameters {
		if one.arn == name {
			return one
		}
	}
	return nil
}

// parameterARN is what a policy's resource is compared with.
func (s *Server) parameterARN(asked string) string {
	if one, _ := s.choose(asked); one != nil {
		return one.arn
	}
	if strings.HasPrefix(asked, "arn:") {
		return asked
	}
	name, _, _ := strings.Cut(asked, ":")
	return s.arn("ssm", "parameter/"+strings.TrimPrefix(name, "/"))
}

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
