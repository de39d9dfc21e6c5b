package gitlab

import (
	"bytes"
	"fmt"
	"regexp"
	"unicode/utf8"

	"github.com/keyplumb/keyplumb/sync/store"
)

// variableName is GitLab's rule, and that of a shell: GitLab takes a digit
// first, and then no job can say the name.
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

const (
	maxName = 255 // characters
	// maxEnvironment is the longest NAME=VALUE that Linux starts a program
	// with, in bytes, the NUL after it counted: MAX_ARG_STRLEN of execve(2).
	maxEnvironment = 128 << 10
	// maxFile is the longest value of a file variable, in bytes.
	maxFile = 1 << 20
)

// Check applies GitLab's rules, and those of an environment variable, which is
// what a value becomes in a job unless it is a file there.
func (t *Target) Check(p store.Placement) error {
	if err := t.checkName(p); err != nil {
		return err
	}
	if err := t.checkAttributes(p); err != nil {
		return err
	}
	return t.checkValue(p)
}

func (t *Target) checkName(p store.Placement) error {
	_, err := t.resolve(p.Scope)
	// The name is not quoted: it may be anything, a value pasted in its place too.
	e := &store.Error{Op: "check", Ref: t.refOf(p.Scope), Kind: store.ErrInvalid}
	switch {
	case err != nil:
		return err
	case !variableName.MatchString(p.Name):
		e.Detail = "a name has letters, digits and underscores only, and no digit first"
	case len(p.Name) > maxName:
		e.Detail = "a name has at most 255 characters"
	case p.Kind != store.Secret:
		e.Detail = "GitLab's variables are of one kind"
	default:
		return nil
	}
	return e
}

func (t *Target) checkAttributes(p store.Placement) error {
	e := &store.Error{Op: "check", Ref: t.refOf(p.Scope) + " " + p.Name, Kind: store.ErrInvalid}
	for name, text := range p.Attributes {
		switch name {
		case attrDescription:
		case attrMasked, attrProtected, attrHidden, attrRaw, attrFile:
			if text != yes && text != "false" {
				e.Detail = name + " is true or false"
				return e
			}
		default:
			e.Detail = "GitLab has no attribute " + name
			return e
		}
	}
	switch {
	case p.Attributes[attrHidden] == yes && t.level == &instanceLevel:
		e.Detail = "GitLab has no hidden variables of the instance"
	case p.Attributes[attrHidden] == yes && p.Attributes[attrMasked] == "false":
		e.Detail = "what GitLab hides it masks, too"
	case p.Note != "" && !noteShape.MatchString(p.Note):
		e.Detail = "that cannot be a note"
	default:
		return t.checkDescription(p, p.Attributes[attrDescription])
	}
	return e
}

// checkDescription tells whether somebody's own text and a placement's note
// can be in one description.
func (t *Target) checkDescription(p store.Placement, text string) error {
	e := &store.Error{Op: "check", Ref: t.refOf(p.Scope) + " " + p.Name, Kind: store.ErrInvalid}
	_, note := splitNote(text)
	switch n := utf8.RuneCountInString(text); {
	case !utf8.ValidString(text) || bytes.IndexByte([]byte(text), 0) >= 0:
		e.Detail = "the description is no text"
	case note != "":
		e.Detail = "the description has in it what looks like the ledger's entry"
	case n > room(p.Note):
		e.Kind = store.ErrTooLarge
		e.Detail = fmt.Sprintf("the description has %d characters, and may have %d", n, room(p.Note))
		e.Hint = "shorten it: of GitLab's 255 characters the ledger's entry takes 160, and one stands between the two"
		if p.Note == "" {
			e.Hint = "shorten it"
		}
	default:
		return nil
	}
	return e
}

func (t *Target) checkValue(p store.Placement) error {
	value := p.Value.Reveal()
	e := &store.Error{Op: "check", Ref: t.refOf(p.Scope) + " " + p.Name, Kind: store.ErrInvalid}
	switch {
	case len(value) == 0:
		e.Detail = "the value is empty"
		return e
	case bytes.IndexByte(value, 0) >= 0:
		e.Detail = "the value has a NUL byte, which neither GitLab nor an environment variable can hold"
		return e
	case !utf8.Valid(value):
		e.Detail, e.Hint = "the value is not UTF-8, as GitLab's must be", "keep it in base64, and decode it in the job"
		return e
	}
	if detail, hint := t.tooLarge(p); detail != "" {
		e.Kind, e.Detail, e.Hint = store.ErrTooLarge, detail, hint
		return e
	}
	if p.Attributes[attrMasked] != yes && p.Attributes[attrHidden] != yes {
		return nil
	}
	if why := unmaskable(p.Value, isRaw(p.Attributes)); why != "" {
		e.Kind, e.Detail, e.Hint = store.ErrUnmaskable, why, unmaskableHint
		return e
	}
	return nil
}

func (t *Target) tooLarge(p store.Placement) (detail, hint string) {
	isFile := p.Attributes[attrFile] == yes
	switch {
	case t.level.maxValue > 0 && utf8.RuneCount(p.Value.Reveal()) > t.level.maxValue:
		return fmt.Sprintf("the value has more than the %d characters that GitLab allows here", t.level.maxValue), ""
	case isFile && p.Value.Len() > maxFile:
		return "the value is over 1 MiB", "keep what is large encrypted in the repository, and its key alone as a variable"
	case !isFile && len(p.Name)+len("=")+p.Value.Len()+len("\x00") > maxEnvironment:
		return "name and value are over the 128 KiB that an environment variable can have: no job could be started",
			"make it a file (file: true), or keep it encrypted in the repository, and its key alone as a variable"
	}
	return "", ""
}
