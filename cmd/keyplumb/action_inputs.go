package main

import "strings"

// A reading is how an input's text becomes a flag's values.
type reading int

const (
	readWhole reading = iota
	readLines         // one a line: paths may hold commas
	readNames         // commas or lines between them
	readYes           // true or false
)

// An actionInput is an input of the action and the flag that it stands for.
type actionInput struct {
	name, flag string
	reading    reading
}

// actionInputs are all inputs but command and working-directory.
func actionInputs() []actionInput {
	return []actionInput{
		{"policy", "policy", readLines},
		{"env", "env", readNames},
		{"target", "target", readNames},
		{"secret", "secret", readNames},
		{"adopt", "adopt", readNames},
		{"prune", "prune", readYes},
		{"max-delete", "max-delete", readWhole},
		{"refresh", "refresh", readYes},
		{"allow-rollback", "allow-rollback", readYes},
		{"leaks", "leaks", readYes},
		{"allow-target", "allow-target", readNames},
		{"allow-host", "allow-host", readNames},
		{"fail-on", "fail-on", readWhole},
		{"plan-out", "out", readWhole},
		{"plan-file", "plan", readWhole},
		{"report", "report", readLines},
	}
}

// flags turns the inputs that were given into flags.
func (s *actionStep) flags() ([]string, error) {
	var args []string
	for _, input := range actionInputs() {
		text := s.runner.GetInput(input.name)
		switch {
		case text == "":
			continue
		case input.reading == readYes && text == "true":
			args = append(args, "--"+input.flag)
			continue
		case input.reading == readYes && text == "false":
			continue
		case input.reading == readYes:
			return nil, refuse(exitUsage, "", "the input %s is true or false, not %q", input.name, text)
		}
		for _, value := range input.reading.split(text) {
			args = append(args, "--"+input.flag+"="+value)
		}
	}
	return args, nil
}

// split gives the values that a text holds, without the space around them.
func (r reading) split(text string) []string {
	if r == readWhole {
		return []string{text}
	}
	var values []string
	for _, value := range strings.FieldsFunc(text, func(c rune) bool { return c == '\n' || c == '\r' || r == readNames && c == ',' }) {
		if value = strings.TrimSpace(value); value != "" {
			values = append(values, value)
		}
	}
	return values
}
