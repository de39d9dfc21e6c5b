package policy

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"
	"testing/fstest"
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
			if got, want := placeless(q), placeless(p); !reflect.DeepEqual(got, want) {
				t.Errorf("model:\n%+v\nwant:\n%+v", got, want)
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

// placeless copies a model without what depends on its text.
func placeless(p *Policy) Policy {
	q := *p
	q.Files, q.Digest = nil, [32]byte{}
	v := reflect.ValueOf(&q).Elem()
	strip(v)
	return q
}

// strip copies what a value refers to and empties positions and constraints.
func strip(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			fresh := reflect.New(v.Type().Elem())
			fresh.Elem().Set(v.Elem())
			strip(fresh.Elem())
			v.Set(fresh)
		}
	case reflect.Slice:
		if v.Len() > 0 {
			fresh := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
			reflect.Copy(fresh, v)
			for i := range v.Len() {
				strip(fresh.Index(i))
			}
			v.Set(fresh)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			switch field := v.Type().Field(i); field.Name {
			case "Position", "Fields", "Constraint":
				v.Field(i).SetZero()
			default:
				if field.IsExported() && field.Type.String() != "time.Time" {
					strip(v.Field(i))
				}
			}
		}
	}
}
