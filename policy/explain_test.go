package policy

import (
	"encoding/json"
	"os"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/keyplumb/keyplumb/policy/finding"
)

// TestExplainRoundTrip explains policies, loads what that gave, and finds the
// same model; explaining it again changes nothing.
func TestExplainRoundTrip(t *testing.T) {
	dir := os.DirFS("../testdata/policies")
	for _, file := range []string{"small.cue", "full.cue", "words.cue", "kinds.cue"} {
		t.Run(file, func(t *testing.T) {
			p := mustLoad(t, Options{FS: dir, Paths: []string{file}})
			first, err := Explain(p)
			if err != nil {
				t.Fatal(err)
			}
			q := mustLoad(t, Options{FS: fstest.MapFS{"keyplumb.cue": {Data: first}}})
			second, err := Explain(q)
			if err != nil {
				t.Fatal(err)
			}
			if string(first) != string(second) {
				t.Errorf("explained anew:\n%s\nwas:\n%s", second, first)
			}
			sameAnswers(t, p, q)
			if diff := cmp.Diff(p, q, inMeaning()...); diff != "" {
				t.Errorf("the model is another (-want +got):\n%s", diff)
			}
			golden(t, "../testdata/policies/"+file+".golden", string(first))
		})
	}
}

// sameAnswers holds both policies' constraints against some strings.
func sameAnswers(t *testing.T, p, q *Policy) {
	t.Helper()
	for i, s := range p.Secrets {
		for j, b := range s.Bindings {
			for _, text := range []string{"", "x", "sk_" + "test_1", "sk_" + "live_1", "postgres://u:p@db/x", "k-prod-123456", "2027-03-01", "{}", "\xff"} {
				if got, want := q.Secrets[i].Bindings[j].Constraint.Accepts([]byte(text)), b.Constraint.Accepts([]byte(text)); got != want {
					t.Errorf("%s in %s: %q is accepted: %v, want %v", s.Name, b.Environment, text, got, want)
				}
			}
		}
	}
}

func TestExplainJSON(t *testing.T) {
	p := mustLoad(t, Options{FS: os.DirFS("../testdata/policies"), Paths: []string{"full.cue"}})
	text, err := ExplainJSON(p)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Secrets map[string]struct {
			As string
			To []string
			In map[string]struct {
				Value string
				From  struct{ Join string }
			}
		}
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if as := got.Secrets["API_STRIPE_KEY"].As; as != "STRIPE_KEY" {
		t.Errorf("as is %q", as)
	}
	url := got.Secrets["DATABASE_URL"].In["prod"]
	if url.Value != "#PostgresURL" || url.From.Join != "postgres://{u}:{p}@prod.db.internal/app?sslmode=verify-full" {
		t.Errorf("DATABASE_URL in prod is %+v", url)
	}
}

// mustLoad loads a policy without mistakes.
func mustLoad(t *testing.T, o Options) *Policy {
	t.Helper()
	p, findings, err := Load(t.Context(), o)
	if err != nil || len(findings) > 0 {
		t.Fatalf("%v\n%s", err, render(findings))
	}
	return p
}

// inMeaning compares models without what depends on the text that they were
// read from. Constraints are compared by their answers, by sameAnswers.
func inMeaning() []cmp.Option {
	return []cmp.Option{
		cmpopts.IgnoreFields(Policy{}, "Files", "Digest"),
		cmpopts.IgnoreTypes(finding.Position{}, map[string]finding.Position{}, Constraint{}),
	}
}
