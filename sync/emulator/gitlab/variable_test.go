package gitlab_test

import (
	"reflect"
	"testing"

	"github.com/keyplumb/keyplumb/sync/emulator/gitlab"
)

func TestLifeOfAVariable(t *testing.T) {
	c := start(t, gitlab.Options{})
	for _, base := range []string{variables, "/groups/acme%2Fapps/variables", "/groups/acme/variables"} {
		whole := fields{
			"key": "A", "value": "secret+value", "variable_type": "file", "masked": true, "protected": true,
			"raw": true, "environment_scope": "prod/*", "description": "what for", "hidden": true,
		}
		created := c.want(201, "POST", base, whole).fields(t)
		whole["hidden"] = false // no parameter of the API
		if !reflect.DeepEqual(created, whole) {
			t.Errorf("%s: created %v, want %v", base, created, whole)
		}
		plain := fields{
			"key": "B", "value": "", "variable_type": "env_var", "masked": false, "protected": false,
			"raw": false, "environment_scope": "*", "description": nil, "hidden": false,
		}
		if got := c.want(201, "POST", base, fields{"key": "B", "value": ""}).fields(t); !reflect.DeepEqual(got, plain) {
			t.Errorf("%s: created %v, want %v", base, got, plain)
		}
		c.want(200, "PUT", base+"/A", fields{"value": "other+value", "environment_scope": "prod"})
		whole["value"], whole["environment_scope"] = "other+value", "prod"
		if got := c.want(200, "GET", base+"/A", nil).fields(t); !reflect.DeepEqual(got, whole) {
			t.Errorf("%s: %v, want %v", base, got, whole)
		}
		c.want(204, "DELETE", base+"/A", nil)
		c.want(404, "GET", base+"/A", nil)
	}
}
