package aws

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/harness"
)

// A call is one request, with what is known of it so far.
type call struct {
	server  *Server
	path    string // as it was sent
	service string
	action  string
	request *http.Request
	body    []byte
	now     time.Time
	who     *key // nil: nobody signed
}

type handler func(*call) (any, error)

// actions are those that are emulated, by service.
func actions() map[string]map[string]handler {
	return map[string]map[string]handler{
		"secretsmanager": {
			"GetSecretValue": (*call).getSecretValue, "BatchGetSecretValue": (*call).batchGetSecretValue,
			"DescribeSecret": (*call).describeSecret, "ListSecretVersionIds": (*call).listSecretVersionIDs,
		},
		"ssm": {
			"GetParameters": (*call).getParameters, "DescribeParameters": (*call).describeParameters, "ListTagsForResource": (*call).listTags,
		},
		"sts": {"AssumeRole": (*call).assumeRole},
	}
}

// process answers a request that no fault is for.
func (c *call) process(x *harness.Exchange) {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.request, c.body, c.now = x.Request, x.Body, c.server.Clock().Now()
	x.Header().Set("Date", c.now.Format(http.TimeFormat))
	x.Header().Set("X-Amzn-Requestid", newID())
	result, err := c.run()
	if failed, ok := errors.AsType[*failure](err); ok {
		failed.write(x.Answer, c.service)
		return
	}
	if c.service == "sts" {
		writeXML(x.Answer, c.action, result)
		return
	}
	x.JSON("application/x-amz-json-1.1", result)
}

func (c *call) run() (any, error) {
	if c.service == "sts" && c.action == "AssumeRoleWithWebIdentity" {
		return c.assumeRoleWithWebIdentity()
	}
	do := actions()[c.service][c.action]
	if c.request.Method != http.MethodPost || do == nil {
		return nil, &failure{http.StatusBadRequest, "UnknownOperationException", ""}
	}
	if err := c.authenticate(); err != nil {
		return nil, err
	}
	return do(c)
}

// decode reads the body of a JSON service.
func (c *call) decode(to any) error {
	if json.Unmarshal(c.body, to) != nil {
		return &failure{http.StatusBadRequest, "SerializationException", "the body is no JSON of this operation"}
	}
	return nil
}

// form reads the body of a query service.
func (c *call) form() url.Values {
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		return url.Values{}
	}
	return form
}

// epoch is a time as the JSON services give it: in seconds, with fractions.
func epoch(at time.Time) float64 { return float64(at.UnixMilli()) / 1000 }
