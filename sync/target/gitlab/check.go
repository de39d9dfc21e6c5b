package gitlab

import (
	"bytes"
	"maps"
	"regexp"
	"strconv"
	"unicode/utf8"

	"github.com/keyplumb/keyplumb/sync/store"
)

// variableName is what every shell takes for a variable's name; GitLab would
// take a digit in front, too. It takes 255 characters.
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,254}$`)

const (
	// maxArgument is the longest string that Linux hands to a new process: a
	// job with a longer variable cannot start (MAX_ARG_STRLEN, execve(2)).
	maxArgument = 128 << 10
	// maxFile is the longest value of a file variable, as GitLab.com has it
	// for those of a pipeline.
	maxFile = 1 << 20
	// maxInstance is the longest value of an instance's variable, in characters.
	// https://docs.gitlab.com/api/instance_level_ci_variables/
	maxInstance = 10_000
)

// Check tells what GitLab, or the shell of a job, would refuse.
func (t *Target) Check(p store.Placement) error {
	if _, err := t.level.environmentScope(p.Scope); err != nil {
		return err
	}
	e := &store.Error{Op: "check", Ref: t.level.refTo(p.Scope, p.Name), Kind: store.ErrInvalid}
	value := p.Value.Reveal()
	switch {
	case !variableName.MatchString(p.Name):
		e.Ref = t.level.refOf(p.Scope)
		e.Detail, e.Hint = "a name has up to 255 letters, digits and _, and no digit in front", "give CI another name by as:"
	case !utf8.Valid(value) || bytes.IndexByte(value, 0) >= 0:
		e.Detail, e.Hint = "GitLab keeps text alone: the value is not UTF-8, or has a zero byte", "keep it as base64"
	case t.level.kind == "instance" && p.Attributes[attrHidden] == "true":
		e.Detail = "GitLab has no hidden variables of the instance"
	case hasNote(p.Attributes[attrDescription]):
		e.Detail = "its description holds what looks like the ledger's entry"
	default:
		return t.checkSize(p, value)
	}
	return e
}

func (t *Target) checkSize(p store.Placement, value []byte) error {
	e := &store.Error{Op: "check", Ref: t.level.refTo(p.Scope, p.Name), Kind: store.ErrTooLarge}
	isFile := p.Attributes[attrFile] == "true"
	switch {
	case t.level.kind == "instance" && utf8.RuneCount(value) > maxInstance:
		e.Detail = "a variable of the instance holds 10,000 characters"
	case !isFile && len(p.Name)+len("=")+len(value)+1 > maxArgument:
		e.Detail, e.Hint = "a job cannot start with a variable of more than 128 KiB", "set file: true, so that jobs get it as a file"
	case isFile && len(value) > maxFile:
		e.Detail = "a file variable holds 1 MiB"
	default:
		if err := checkDescription(e.Ref, p.Attributes[attrDescription], p.Note); err != nil {
			return err
		}
		return t.checkMasked(p, value)
	}
	return e
}

// checkMasked tells why a value cannot be masked that is to be. It says the
// rule and not the value: neither how long it is, nor which character it has.
func (t *Target) checkMasked(p store.Placement, value []byte) error {
	if p.Attributes[attrMasked] != "true" && p.Attributes[attrHidden] != "true" {
		return nil
	}
	why := unmaskable(value, isRaw(p.Attributes))
	if why == "" {
		return nil
	}
	what := attrMasked
	if p.Attributes[attrHidden] == "true" {
		what = attrHidden
	}
	return &store.Error{
		Op: "check", Ref: t.level.refTo(p.Scope, p.Name), Kind: store.ErrUnmaskable,
		Detail: "it is to be " + what + ", and GitLab would refuse to mask it: " + why,
		Hint:   "change the value at its issuer, or accept that job logs may show it: masked: false",
	}
}

// whitespace is what Ruby's \s matches.
const whitespace = " \t\r\n\f\v"

// expandable is what GitLab masks of a value that is not raw.
var expandable = regexp.MustCompile(`^[a-zA-Z0-9_+=/@:.~-]*$`)

// unmaskable gives the reason for which GitLab would not mask a value, "" where
// it would (its Ci::Maskable).
// https://docs.gitlab.com/ci/variables/#mask-a-cicd-variable
func unmaskable(value []byte, raw bool) string {
	switch {
	case utf8.RuneCount(value) < 8:
		return "it is shorter than 8 characters"
	case bytes.ContainsAny(value, whitespace):
		return "it has whitespace or line breaks"
	case !raw && !expandable.Match(value):
		return "it has a character that GitLab does not mask unless the variable is raw"
	}
	return ""
}

func isRaw(a store.Attributes) bool { return a[attrRaw] != "false" }

// Complete masks what can be masked, where the policy does not say.
func (t *Target) Complete(p store.Placement) store.Attributes {
	out := maps.Clone(p.Attributes)
	if out == nil {
		out = store.Attributes{}
	}
	if _, said := out[attrMasked]; !said {
		out[attrMasked] = strconv.FormatBool(out[attrHidden] == "true" || unmaskable(p.Value.Reveal(), isRaw(out)) == "")
	}
	return out
}
