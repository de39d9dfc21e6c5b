// Package schemas embeds what describes keyplumb's input and output: the
// policy's language in CUE, with the named constraints.
package schemas

import (
	_ "embed"
	"strings"
)

// CUE is the policy's language: #Policy and the named constraints. It has no
// package clause: the loader makes it the scope of the user's package.
//
//go:embed policy.cue
var CUE string

// EditorsMark is the first line of what [ForEditors] gives. The loader knows
// the file by it, and skips it.
const EditorsMark = "// keyplumb's schema, for editors and cue vet; made by: keyplumb schema"

// ForEditors gives a file to put beside a policy, in its package: with it,
// editors and CUE's own tools know the named constraints and the fields.
func ForEditors() string {
	var text strings.Builder
	text.WriteString(EditorsMark + "\n\npackage keyplumb\n\n")
	text.WriteString(CUE)
	text.WriteString("\n// This package is a policy.\n#Policy\n")
	return text.String()
}
