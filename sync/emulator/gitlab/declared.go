package gitlab

import (
	"encoding/json"
	"slices"
)

// declared reads parameters as the types that an operation declares, and
// collects what is wrong with them. What is not declared is ignored, as GitLab
// does: "hidden" in a POST has no effect.
type declared struct {
	params   params
	problems []string
}

// require notes the parameters that are not there at all.
func (d *declared) require(names ...string) {
	for _, name := range names {
		if _, there := d.params[name]; !there {
			d.problems = append(d.problems, name+" is missing")
		}
	}
}

// text reads a string, nil if it is not there. Numbers and booleans of JSON are
// written out; null counts as the empty string.
func (d *declared) text(name string) *string {
	value, there := d.params[name]
	if !there {
		return nil
	}
	var text string
	switch value := value.(type) {
	case nil:
	case string:
		text = value
	case json.Number:
		text = value.String()
	case bool:
		text = map[bool]string{true: "true", false: "false"}[value]
	default:
		d.problems = append(d.problems, name+" is invalid")
	}
	return &text
}

// isNull tells whether a parameter is JSON's null.
func (d *declared) isNull(name string) bool {
	value, there := d.params[name]
	return there && value == nil
}

// oneOf reads a string that must be one of the values.
func (d *declared) oneOf(name string, values ...string) *string {
	text := d.text(name)
	if text != nil && !slices.Contains(values, *text) {
		d.problems = append(d.problems, name+" does not have a valid value")
	}
	return text
}

// The spellings of a boolean in a form.
var (
	trues  = []string{"1", "on", "On", "ON", "t", "true", "True", "TRUE", "T", "y", "yes", "Yes", "YES", "Y"}
	falses = []string{"0", "off", "Off", "OFF", "f", "false", "False", "FALSE", "F", "n", "no", "No", "NO", "N"}
)

// flag reads a boolean, nil if it is not there.
func (d *declared) flag(name string) *bool {
	if d.isNull(name) {
		d.problems = append(d.problems, name+" is invalid")
		return nil
	}
	before := len(d.problems)
	text := d.text(name)
	if text == nil || len(d.problems) > before {
		return nil
	}
	value := slices.Contains(trues, *text)
	if !value && !slices.Contains(falses, *text) {
		d.problems = append(d.problems, name+" is invalid")
	}
	return &value
}

// refusal is the answer to parameters that are not as declared, or nil.
func (d *declared) refusal() error {
	if len(d.problems) == 0 {
		return nil
	}
	return badParameters(d.problems)
}
