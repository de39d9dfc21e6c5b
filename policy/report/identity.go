package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strings"

	"github.com/keyplumb/keyplumb/policy/finding"
)

// Reports that are compared from one run to the next must know a finding
// again: GitLab calls one that it does not know new, and one that is gone
// resolved. So an identity has what a finding is about, and neither its line,
// which moves, nor its message, which may tell an age or a date; of a mistake in
// the policy, which has little else, the message as well. Findings that have all
// of that in common are numbered, for GitLab drops all but one of
// those that it cannot tell apart.
type identities map[string]int

// number tells how many with this identity have been met, this one included.
func (i identities) number(identity string) int {
	i[identity]++
	return i[identity]
}

// fingerprint gives 128 bits of SHA-256 over a finding's identity, in hex. It
// is of names alone: a finding holds no value.
func (i identities) fingerprint(f finding.Finding, file string) string {
	var identity strings.Builder
	fields := append([]string{f.Rule, file, f.Commit, f.Target, f.Scope, f.Name, f.Secret, f.Environment}, f.Also...)
	if f.Rule == finding.Policy {
		fields = append(fields, f.Message)
	}
	for _, field := range fields {
		fmt.Fprintf(&identity, "%d:%s,", len(field), field) // so that no two lists of fields read the same
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s%d", identity.String(), i.number(identity.String())))
	return hex.EncodeToString(sum[:16])
}

// title gives a finding's identity in words, unique in its report.
func (i identities) title(f finding.Finding, file string) string {
	about := topic(f)
	switch {
	case about == "":
		about = file
	case f.Scope == "" && f.Environment != "":
		about += " in " + f.Environment
	}
	if f.Commit != "" {
		about += " in commit " + f.Commit
	}
	title := clean(f.Rule) + ": " + clean(about)
	if n := i.number(title); n > 1 {
		return fmt.Sprintf("%s (%d)", title, n)
	}
	return title
}

// place gives where a report that needs a place says that a finding is: there,
// or at the beginning of the policy. The file is relative to the repository's
// root and never leaves it.
func (r Report) place(f finding.Finding) (file string, line int) {
	if inRepository(f.Position.File) {
		return f.Position.File, max(f.Position.Line, 1)
	}
	if inRepository(r.Policy) {
		return r.Policy, 1
	}
	return "keyplumb.cue", 1
}

func inRepository(file string) bool { return fs.ValidPath(file) && file != "." }
