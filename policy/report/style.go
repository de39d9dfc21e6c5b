package report

import "github.com/keyplumb/keyplumb/policy/finding"

// A style puts colour on text, or does not (ECMA-48 SGR).
type style bool

const (
	red    = "31"
	green  = "32"
	yellow = "33"
	blue   = "34"
	bold   = "1"
	dim    = "2"
)

func (s style) in(code, text string) string {
	if !s || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s style) severity(level finding.Severity, text string) string {
	switch level {
	case finding.Error:
		return s.in(bold+";"+red, text)
	case finding.Warning:
		return s.in(bold+";"+yellow, text)
	default:
		return s.in(bold+";"+blue, text)
	}
}

// mark gives the sign and the colour of an action.
func (s style) mark(action string) (sign, colour string) {
	switch action {
	case "create":
		return "+", green
	case "update":
		return "~", yellow
	case "delete":
		return "-", red
	default:
		return "?", yellow
	}
}
