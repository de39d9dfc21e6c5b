package gitlab

import (
	"maps"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// shortestMask is the least number of characters that GitLab masks.
const shortestMask = 8

var (
	// rubySpace is what Ruby's \s means, whatever the text's encoding.
	rubySpace = regexp.MustCompile(`[ \t\r\n\f\v]`)
	// plainMask is what GitLab masks of a variable that is expanded.
	plainMask = regexp.MustCompile(`^[A-Za-z0-9_+=/@:.~-]*$`)
)

// unmaskable gives the reasons why GitLab would not mask a value, in words that
// do not tell it; "" where it would.
// https://docs.gitlab.com/ci/variables/#mask-a-cicd-variable, and
// app/models/concerns/ci/maskable.rb
func unmaskable(value secret.Value, raw bool) string {
	text := value.Reveal()
	var reasons []string
	if utf8.RuneCount(text) < shortestMask {
		reasons = append(reasons, "it is too short: GitLab masks 8 characters at least")
	}
	switch {
	case rubySpace.Match(text):
		reasons = append(reasons, "it has whitespace or a line break")
	case !raw && !plainMask.Match(text):
		reasons = append(reasons, "it has a character that GitLab does not mask where variables are expanded")
	}
	return strings.Join(reasons, "; ")
}

const unmaskableHint = "change the value at its issuer, or accept that job logs may show it: masked: false"

// Complete masks what GitLab can mask.
func (t *Target) Complete(p store.Placement) store.Attributes {
	out := store.Attributes{}
	maps.Copy(out, p.Attributes)
	if _, given := out[attrMasked]; !given {
		out[attrMasked] = spelled(out[attrHidden] == yes || unmaskable(p.Value, isRaw(out)) == "")
	}
	return out
}
