package gitlab_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/emulator/gitlab"
)

const (
	ofApps   = "/groups/acme%2Fapps/variables"
	instance = "/admin/ci/variables"
)

// all are the places that every rule is for, scoped those that have scopes.
var (
	all    = []string{variables, ofApps, instance}
	scoped = []string{variables, ofApps}
)

func TestRefusedVariables(t *testing.T) {
	long := strings.Repeat("ü", 256)
	for _, test := range []struct {
		name    string
		places  []string
		body    fields
		refusal string // "": 201
	}{
		{"nothing", all, fields{}, `{"error":"key is missing, value is missing"}`},
		{"no value", all, fields{"key": "K"}, `{"error":"value is missing"}`},
		{"an empty value", all, fields{"key": "K", "value": ""}, ""},
		{"no key", all, fields{"value": "v"}, `{"error":"key is missing"}`},
		{"an empty key", all, fields{"key": " ", "value": "v"}, `{"message":{"key":["can't be blank","can contain only letters, digits and '_'."]}}`},
		{"a hyphen", all, fields{"key": "A-B", "value": "v"}, `{"message":{"key":["can contain only letters, digits and '_'."]}}`},
		{"a digit first", all, fields{"key": "1K", "value": "v"}, ""},
		{"255 characters", all, fields{"key": strings.Repeat("K", 255), "value": "v"}, ""},
		{"256 characters", all, fields{"key": strings.Repeat("K", 256), "value": "v"}, `{"message":{"key":["is too long (maximum is 255 characters)"]}}`},
		{"another case", all, fields{"key": "taken", "value": "v"}, ""},
		{"taken", all, fields{"key": "TAKEN", "value": "v"}, `{"message":{"key":["(TAKEN) has already been taken"]}}`},
		{"taken, in spaces", all, fields{"key": " TAKEN ", "value": "v"}, `{"message":{"key":["(TAKEN) has already been taken"]}}`},
		{"taken for another scope", scoped, fields{"key": "TAKEN", "value": "v", "environment_scope": "prod"}, ""},
		{"no scopes there", []string{instance}, fields{"key": "TAKEN", "value": "v", "environment_scope": "prod"}, `{"message":{"key":["(TAKEN) has already been taken"]}}`},
		{"description of 255 characters", all, fields{"key": "K", "value": "v", "description": long[2:]}, ""},
		{"description of 256", all, fields{"key": "K", "value": "v", "description": long}, `{"message":{"description":["is too long (maximum is 255 characters)"]}}`},
		{"a file", all, fields{"key": "K", "value": "v", "variable_type": "file"}, ""},
		{"another type", all, fields{"key": "K", "value": "v", "variable_type": "env"}, `{"error":"variable_type does not have a valid value"}`},
		{"no boolean", all, fields{"key": "K", "value": "v", "masked": "perhaps", "raw": []int{}}, `{"error":"masked is invalid, raw is invalid"}`},
		{"null for a boolean", all, fields{"key": "K", "value": "v", "protected": nil}, `{"error":"protected is invalid"}`},
		{"an object", all, fields{"key": "K", "value": fields{}}, `{"error":"value is invalid"}`},
		{"a scope of spaces", scoped, fields{"key": "K", "value": "v", "environment_scope": "  "}, `{"message":{"environment_scope":["can't be blank","can contain only letters, digits, '-', '_', '/', '$', '{', '}', '.', '*' and spaces"]}}`},
		{"a scope of all that is allowed", scoped, fields{"key": "K", "value": "v", "environment_scope": "aZ9 -_/${}.*"}, ""},
		{"a scope with a comma", scoped, fields{"key": "K", "value": "v", "environment_scope": "a,b"}, `{"message":{"environment_scope":["can contain only letters, digits, '-', '_', '/', '$', '{', '}', '.', '*' and spaces"]}}`},
		{"a scope of 256 characters", scoped, fields{"key": "K", "value": "v", "environment_scope": strings.Repeat("e", 256)}, `{"message":{"environment_scope":["is too long (maximum is 255 characters)"]}}`},
		{"several", scoped, fields{"key": "A B", "value": "v", "environment_scope": "?", "masked": true}, `{"message":{"environment_scope":["can contain only letters, digits, '-', '_', '/', '$', '{', '}', '.', '*' and spaces"],"key":["can contain only letters, digits and '_'."],"value":["is invalid"]}}`},
		{"10,000 characters", []string{instance}, fields{"key": "K", "value": strings.Repeat("ü", 10000)}, ""},
		{"10,001 characters", []string{instance}, fields{"key": "K", "value": strings.Repeat("ü", 10001)}, `{"message":{"value":["The value of the provided variable exceeds the 10000 character limit"]}}`},
		{"10,001 characters elsewhere", scoped, fields{"key": "K", "value": strings.Repeat("x", 10001)}, ""},
		{"hidden, which is no parameter", scoped, fields{"key": "K", "value": "long+enough", "hidden": true}, ""},
		{"hidden and too short", scoped, fields{"key": "K", "value": "short", "masked_and_hidden": true}, `{"message":{"value":["is invalid"]}}`},
		{"hidden in the instance, which ignores it", []string{instance}, fields{"key": "K", "value": "short", "masked_and_hidden": true}, ""},
	} {
		for _, place := range test.places {
			c := start(t, gitlab.Options{})
			c.want(201, "POST", place, fields{"key": "TAKEN", "value": "v"})
			status := 400
			if test.refusal == "" {
				status = 201
			}
			got := c.do("POST", place, test.body)
			if got.status != status || status == 400 && got.text != test.refusal {
				t.Errorf("%s, %s: %d %s, want %d %s", test.name, place, got.status, got.text, status, test.refusal)
			}
		}
	}
}

// TestMasking tries values by the rules of
// https://docs.gitlab.com/ci/variables/#mask-a-cicd-variable.
func TestMasking(t *testing.T) {
	for _, test := range []struct {
		value           string
		expanded, asRaw bool // may be masked
	}{
		{"", false, false},
		{"seven77", false, false},
		{"eight888", true, true},
		{"aZ9_+=/@:.~-", true, true},
		{"with$dollar", false, true},
		{"with\"quote", false, true},
		{"ümläutsü", false, true},
		{"äöü", false, false}, // bytes do not count
		{"with space", false, false},
		{"with\ttab", false, false},
		{"with\vtab", false, false},
		{"several\nlines+", false, false},
		{"trailing+line\n", false, false},
	} {
		for _, place := range all {
			for raw, allowed := range map[bool]bool{false: test.expanded, true: test.asRaw} {
				c := start(t, gitlab.Options{})
				c.want(201, "POST", place, fields{"key": "K", "value": test.value, "raw": raw})
				got := c.do("PUT", place+"/K", fields{"masked": true})
				if allowed && got.status != 200 || !allowed && (got.status != 400 || got.text != `{"message":{"value":["is invalid"]}}`) {
					t.Errorf("%s: %q, raw=%t: %d %s", place, test.value, raw, got.status, got.text)
				}
				masked, _ := c.do("GET", place+"/K", nil).fields(t)["masked"].(bool)
				if masked != allowed {
					t.Errorf("%s: %q, raw=%t: masked %t afterwards", place, test.value, raw, masked)
				}
			}
		}
	}
}

func TestHiddenStaysHidden(t *testing.T) {
	for _, place := range scoped {
		c := start(t, gitlab.Options{})
		created := c.want(201, "POST", place, fields{"key": "K", "value": "long+enough", "masked": false, "masked_and_hidden": true}).fields(t)
		for _, got := range []fields{created, c.want(200, "GET", place+"/K", nil).fields(t)} {
			if got["value"] != nil || got["hidden"] != true || got["masked"] != true {
				t.Errorf("%s: %v", place, got)
			}
		}
		const refusal = `{"message":{"base":["The visibility setting cannot be changed for masked and hidden variables."]}}`
		if got := c.want(400, "PUT", place+"/K", fields{"masked": false}); got.text != refusal {
			t.Errorf("%s: %s", place, got.text)
		}
		// Its value can change, and what is no parameter of a PUT has no effect.
		got := c.want(200, "PUT", place+"/K", fields{"value": "another+one", "masked": true, "hidden": false, "masked_and_hidden": false}).fields(t)
		if got["value"] != nil || got["hidden"] != true {
			t.Errorf("%s: updated %v", place, got)
		}
		c.want(201, "POST", place, fields{"key": "SEEN", "value": "long+enough", "masked": true})
		if got := c.want(200, "PUT", place+"/SEEN", fields{"masked_and_hidden": true}).fields(t); got["hidden"] != false {
			t.Errorf("%s: a PUT has hidden %v", place, got)
		}
	}
	c := start(t, gitlab.Options{})
	c.want(201, "POST", variables, fields{"key": "K", "value": "long+enough", "masked_and_hidden": true})
	if got, _ := c.Variable(gitlab.InProject(web), "K", "*"); got.Value != "long+enough" {
		t.Errorf("the emulator keeps %+v", got)
	}
}

func TestNumbersAreLimited(t *testing.T) {
	for _, test := range []struct {
		path, words string
		place       gitlab.Place
		limit       int
	}{
		{variables, "project ci variables", gitlab.InProject(web), 8000},
		{ofApps, "group ci variables", gitlab.InGroup("acme/apps"), 30000},
		{instance, "ci instance level variables", gitlab.InInstance(), 25},
	} {
		c := start(t, gitlab.Options{})
		for i := range test.limit {
			if err := c.SetVariable(test.place, gitlab.Variable{Key: fmt.Sprintf("V%d", i), Value: "v"}); err != nil {
				t.Fatal(err)
			}
		}
		want := fmt.Sprintf(`{"message":{"base":["Maximum number of %s (%d) exceeded"]}}`, test.words, test.limit)
		if got := c.want(400, "POST", test.path, fields{"key": "ONE_MORE", "value": "v"}); got.text != want {
			t.Errorf("%s: %s", test.path, got.text)
		}
		c.want(200, "PUT", test.path+"/V0", fields{"value": "changed"})
		if err := c.SetVariable(test.place, gitlab.Variable{Key: "ONE_MORE"}); err == nil {
			t.Errorf("%s: one more behind the client's back", test.path)
		}
	}
}
