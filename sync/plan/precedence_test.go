package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/policy"
	"github.com/keyplumb/keyplumb/sync/ledger"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// TestShadowsInGitLab: where a variable of the same name is, and what is said
// of the placement.
func TestShadowsInGitLab(t *testing.T) {
	// at is a scope of a project or group: "acme/web project:prod",
	// "acme group:*", " instance". One with a + holds KEY by the policy's word,
	// one without as somebody else's.
	at := func(text string) Scope {
		text, placed := strings.CutPrefix(text, "+")
		path, scope, _ := strings.Cut(text, " ")
		s := Scope{Target: "t-" + path, Scope: scope, Store: "gitlab ", Server: "https://gitlab.com", Notes: true,
			Items: []store.Item{{Kind: store.Secret, Name: "KEY"}}, Known: map[ledger.ID]bool{key: placed}}
		switch {
		case strings.HasPrefix(scope, "project:"):
			s.Project = path
		case strings.HasPrefix(scope, "group:"):
			s.Group = path
		}
		if placed {
			s.Desired = []Desired{{ID: key, Value: secret.New([]byte("v")), Placement: policy.Placement{Name: "KEY",
				Secret: &policy.Secret{Name: "KEY"}, Binding: &policy.Binding{}}}}
		}
		return s
	}
	const wins, either, hides = "wins over this one", "does not say which", "it hides"
	for _, tt := range []struct {
		scopes string   // separated by ", "
		nearby string   // scopes that the first one's listing showed
		want   []string // scope: words
	}{
		{"+acme/web project:prod, +acme/web project:dev", "", nil},
		{"+acme/web project:prod, +acme/web project:*", "", []string{"project:*: " + wins}},
		{"+acme/web project:prod, +acme/web project:prod*", "", []string{"project:prod*: " + wins}},
		{"+acme/web project:prod, +acme/web project:test*", "", nil},
		{"+acme/web project:prod*, +acme/web project:*", "", []string{"project:*: " + wins}},
		{"+acme/web project:prod*, +acme/web project:*eu", "", []string{"project:*eu: " + either, "project:prod*: " + either}},
		{"+acme/web project:prod", "project:prod*", []string{"project:prod: " + hides}},
		{"+acme/web project:prod*", "project:prod", []string{"project:prod*: " + wins}},
		{"+acme/web project:prod*", "project:*eu", []string{"project:prod*: " + either}},
		{"+acme/web project:prod", "project:dev", nil},
		{"+acme/web project:prod, +acme/web project:*", "project:prod,project:*", []string{"project:*: " + wins}},
		{"+acme/web project:*, +acme group:*", "", []string{"group:*: " + wins}},
		{"+acme/web project:*, acme group:*", "", []string{"project:*: " + hides}},
		{"+acme/web project:dev, +acme group:prod", "", nil},
		{"+acme/web project:*, +acme group:prod", "", []string{"group:prod: " + wins}},
		{"+acme/team/web project:*, +acme group:*, +acme/team group:*", "", []string{"group:*: " + wins, "group:*: " + wins}},
		{"+acme/web project:*, +other group:*", "", nil},
		{"+acmeother/web project:*, +acme group:*", "", nil},
		{"+acme group:*, +acme/team group:*", "", []string{"group:*: " + wins}},
		{"+acme/web project:*, + instance", "", []string{"instance: " + wins}},
		{"+acme group:prod, + instance", "", []string{"instance: " + wins}},
		{"+acme/web project:*, +acme/api project:*", "", nil},
	} {
		t.Run(tt.scopes+" beside "+tt.nearby, func(t *testing.T) {
			var scopes []Scope
			for text := range strings.SplitSeq(tt.scopes, ", ") {
				scopes = append(scopes, at(text))
			}
			for n := range strings.SplitSeq(tt.nearby, ",") {
				if n != "" {
					scopes[0].Nearby = append(scopes[0].Nearby, store.Neighbour{Scope: store.Scope(n), Kind: store.Secret, Name: "KEY"})
				}
			}
			var got []string
			for _, f := range Make(scopes, Options{AdoptAll: true}, time.Now()).Findings {
				if f.Rule != "shadowed" {
					continue
				}
				for _, words := range []string{wins, either, hides} {
					if strings.Contains(f.Message, words) {
						got = append(got, fmt.Sprintf("%s: %s", f.Scope, words))
					}
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
