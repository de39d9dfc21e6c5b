package aws

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
)

func noSecret() error {
	return refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

// open finds a secret that the caller may ask for by an action.
func (c *call) open(action, id string) (*secret, error) {
	if id == "" {
		return nil, refusal("InvalidParameterException", "SecretId is missing")
	}
	if err := c.allow(action, c.server.resource(id)); err != nil {
		return nil, err
	}
	one := c.server.find(id)
	if one == nil {
		return nil, noSecret()
	}
	return one, nil
}

// A value is a version as GetSecretValue gives it:
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
type value struct {
	ARN           string
	Name          string
	VersionId     string  //nolint:revive,staticcheck // the field's name
	SecretString  *string `json:",omitempty"`
	SecretBinary  any     `json:",omitempty"` // bytes
	VersionStages []string
	CreatedDate   float64
}

func (c *call) getSecretValue() (any, error) {
	var in struct{ SecretId, VersionId, VersionStage string } //nolint:revive,staticcheck // the fields' names
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	return c.read(in.SecretId, in.VersionId, in.VersionStage)
}

// read gives one version of a secret: by its id, by a stage, or the current one.
func (c *call) read(secretID, versionID, stage string) (*value, error) {
	c.server.reads++
	one, err := c.open("GetSecretValue", secretID)
	switch {
	case err != nil:
		return nil, err
	case !one.deleted.IsZero():
		return nil, refusal("InvalidRequestException", "You can't perform this operation on the secret because it was marked for deletion.")
	case one.key == KeyDenied:
		return nil, refusal("AccessDeniedException", "Access to KMS is not allowed")
	case one.key == KeyDisabled:
		return nil, refusal("DecryptionFailure", "Secrets Manager can't decrypt the protected secret text using the provided KMS key.")
	}
	if stage == "" && versionID == "" {
		stage = "AWSCURRENT"
	}
	at := slices.IndexFunc(one.versions, func(v *version) bool {
		return (versionID == "" || v.id == versionID) && (stage == "" || slices.Contains(v.stages, stage))
	})
	switch {
	case at < 0 && versionID != "":
		return nil, refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for VersionId: %s", versionID)
	case at < 0:
		return nil, refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for staging label: %s", stage)
	}
	v := one.versions[at]
	out := &value{ARN: one.arn, Name: one.name, VersionId: v.id, SecretString: v.text, VersionStages: v.stages, CreatedDate: epoch(v.created)}
	if v.text == nil {
		out.SecretBinary = v.binary
	}
	return out, nil
}

// A batchError is what went wrong with one secret of a batch.
type batchError struct{ SecretId, ErrorCode, Message string } //nolint:revive,staticcheck // the fields' names

// batchGetSecretValue reads a list of secrets; those by filter are not emulated.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html
func (c *call) batchGetSecretValue() (any, error) {
	var in struct {
		SecretIdList []string //nolint:revive,staticcheck // the field's name
		NextToken    string
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := c.allow("BatchGetSecretValue", "*"); err != nil {
		return nil, err
	}
	if len(in.SecretIdList) == 0 || len(in.SecretIdList) > 20 {
		return nil, refusal("InvalidParameterException", "SecretIdList has 1 to 20 entries")
	}
	from := 0
	if in.NextToken != "" {
		var err error
		if from, err = strconv.Atoi(in.NextToken); err != nil || from > len(in.SecretIdList) {
			return nil, refusal("InvalidNextTokenException", "NextToken is invalid")
		}
	}
	to := len(in.SecretIdList)
	if c.server.page > 0 {
		to = min(to, from+c.server.page)
	}
	out := map[string]any{}
	values, failures := []*value{}, []batchError{}
	for _, id := range in.SecretIdList[from:to] {
		got, err := c.read(id, "", "")
		if one := c.server.find(id); err == nil && one.key == KeyBusy {
			err = refusal("ThrottlingException", "Rate exceeded")
		}
		if failed, ok := errors.AsType[*failure](err); ok {
			failures = append(failures, batchError{id, failed.code, failed.message})
			continue
		}
		values = append(values, got)
	}
	slices.Reverse(values) // no order is promised
	out["SecretValues"], out["Errors"] = values, failures
	if to < len(in.SecretIdList) {
		out["NextToken"] = fmt.Sprint(to)
	}
	return out, nil
}

// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html
func (c *call) describeSecret() (any, error) {
	var in struct{ SecretId string } //nolint:revive,staticcheck // the field's name
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	one, err := c.open("DescribeSecret", in.SecretId)
	if err != nil {
		return nil, err
	}
	stages, tags := map[string][]string{}, []map[string]string{}
	for _, v := range one.versions {
		if len(v.stages) > 0 {
			stages[v.id] = v.stages
		}
	}
	for _, tag := range one.tags {
		tags = append(tags, map[string]string{"Key": tag[0], "Value": tag[1]})
	}
	out := map[string]any{"ARN": one.arn, "Name": one.name, "CreatedDate": epoch(one.created), "VersionIdsToStages": stages, "Tags": tags}
	if !one.deleted.IsZero() {
		out["DeletedDate"] = epoch(one.deleted)
	}
	if !one.rotates.IsZero() {
		out["RotationEnabled"], out["NextRotationDate"] = true, epoch(one.rotates)
	}
	return out, nil
}

// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecretVersionIds.html
func (c *call) listSecretVersionIDs() (any, error) {
	var in struct {
		SecretId          string //nolint:revive,staticcheck // the field's name
		IncludeDeprecated bool
		NextToken         string
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	one, err := c.open("ListSecretVersionIds", in.SecretId)
	if err != nil {
		return nil, err
	}
	listed := []map[string]any{}
	for _, v := range one.versions {
		if len(v.stages) > 0 || in.IncludeDeprecated {
			listed = append(listed, map[string]any{"VersionId": v.id, "VersionStages": v.stages, "CreatedDate": epoch(v.created)})
		}
	}
	out := map[string]any{"ARN": one.arn, "Name": one.name}
	from, _ := strconv.Atoi(in.NextToken) // "" is the beginning
	to := min(len(listed), from+2)        // a page is short, so that clients must turn it
	out["Versions"] = listed[min(from, to):to]
	if to < len(listed) {
		out["NextToken"] = fmt.Sprint(to)
	}
	return out, nil
}
