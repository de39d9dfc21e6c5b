package gitlab_test

import (
	"errors"
	"testing"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/gitlab"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/target/gitlab"
)

const projectVariables = "/projects/acme%2Fapps%2Fweb/variables"

// TestLostPost: an answer that is lost is settled by reading, and the POST is
// sent again only where it is known not to have arrived.
func TestLostPost(t *testing.T) {
	post := emulator.On("POST", projectVariables)
	tests := []struct {
		name   string
		faults []emulator.Fault
		note   string
		before string // what somebody else makes of it, once it is there
		want   error
		posts  int
		reads  int
	}{
		{name: "arrived", faults: []emulator.Fault{{When: post, Times: 1, Effect: emulator.DropAfter()}}, note: aNote("mine"), posts: 1, reads: 1},
		{name: "arrived, without a note", faults: []emulator.Fault{{When: post, Times: 1, Effect: emulator.DropAfter()}}, posts: 1, reads: 1},
		{name: "did not arrive", faults: []emulator.Fault{{When: post, Times: 1, Effect: emulator.DropBefore()}}, note: aNote("mine"), posts: 2, reads: 1},
		{name: "did not arrive twice", faults: []emulator.Fault{{When: post, Times: 2, Effect: emulator.DropBefore()}}, note: aNote("mine"), want: store.ErrUnavailable, posts: 2, reads: 2},
		{name: "arrived, and the answer was no answer", faults: []emulator.Fault{{When: post, Times: 1, Effect: emulator.Malformed()}}, note: aNote("mine"), posts: 1, reads: 1},
		{name: "arrived, and the answer was cut", faults: []emulator.Fault{{When: post, Times: 1, Effect: emulator.Truncate()}}, note: aNote("mine"), posts: 1, reads: 1},
		{name: "failed at the server", faults: []emulator.Fault{{When: post, Times: 1, Effect: emulator.Refuse(500)}}, note: aNote("mine"), posts: 2, reads: 1},
		{name: "arrived, and was edited", faults: []emulator.Fault{{When: post, Times: 1, Effect: emulator.DropAfter()}}, before: "somebody else's", want: store.ErrConflict, posts: 1, reads: 1},
		{name: "made by somebody else", faults: []emulator.Fault{{When: post, Times: 1, Effect: emulator.DropBefore()}}, note: aNote("mine"), before: "somebody else's", want: store.ErrConflict, posts: 1, reads: 1},
		{name: "cannot be settled", faults: []emulator.Fault{
			{When: post, Times: 1, Effect: emulator.DropAfter()},
			{When: emulator.On("GET", projectVariables+"/NAME"), Effect: emulator.Refuse(403)},
		}, note: aNote("mine"), want: store.ErrUnavailable, posts: 1, reads: 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			lab := emulate(t)
			target := openAt(t, lab.URL, gitlab.Options{})
			mustList(t, target, prod)
			for _, fault := range test.faults {
				lab.Inject(fault)
			}
			lab.ForgetRequests()
			if test.before != "" {
				lab.After(func(_ int, method, _ string) {
					if method == "POST" {
						err := lab.SetVariable(emulator.InProject(project), emulator.Variable{Key: "NAME", Scope: "prod", Value: test.before, Raw: true})
						if err != nil {
							t.Error(err)
						}
					}
				})
			}
			at, err := target.Put(t.Context(), noted(placement(prod, "NAME", "a value", nil), test.note))
			if !errors.Is(err, test.want) || err == nil && at.IsZero() {
				t.Errorf("%v at %v, want %v", err, at, test.want)
			}
			if lab.asked("POST") != test.posts || lab.asked("GET") != test.reads || lab.asked("PUT") > 0 {
				t.Errorf("asked %v", lab.Requests())
			}
			v, there := lab.Variable(emulator.InProject(project), "NAME", "prod")
			switch {
			case test.want == nil && (v.Value != "a value" || v.Description != test.note):
				t.Errorf("GitLab has %q with %q", v.Value, v.Description)
			case test.before != "" && v.Value != test.before:
				t.Errorf("somebody else's was overwritten, there: %v", there)
			}
		})
	}
}

// TestLostPostThatComesLate: the first POST arrives after it was found not to
// have; the second is told that the name is taken, by the first.
func TestLostPostThatComesLate(t *testing.T) {
	const taken = `{"message":{"key":["(NAME) has already been taken"]}}`
	mine := `{"key":"NAME","value":"a value","environment_scope":"prod","raw":true,"masked":false,"description":"` + aNote("mine") + `"}`
	others := `{"key":"NAME","value":"a value","environment_scope":"prod","raw":true,"masked":false,"description":"` + aNote("another") + `"}`
	for body, want := range map[string]error{mine: nil, others: store.ErrConflict} {
		s := newServer(t, map[string][]reply{
			list:   {{status: 200, body: "[]"}},
			create: {{status: 502}, {status: 400, body: taken}},
			read:   {{status: 404}, {status: 200, body: body}},
		})
		target := s.open(t, gitlab.Options{})
		mustList(t, target, prod)
		_, err := target.Put(t.Context(), noted(placement(prod, "NAME", "a value", nil), aNote("mine")))
		if !errors.Is(err, want) || len(s.calls()) != 5 {
			t.Errorf("%v, after %q; want %v", err, s.calls(), want)
		}
	}
}

// TestAfterALostWrite: what may be there or not is not taken for absent.
func TestAfterALostWrite(t *testing.T) {
	lab := emulate(t)
	target := openAt(t, lab.URL, gitlab.Options{})
	mustList(t, target, prod)
	lab.Inject(emulator.Fault{When: emulator.On("POST", projectVariables), Times: 1, Effect: emulator.DropAfter()})
	lab.Inject(emulator.Fault{When: emulator.On("GET", projectVariables+"/NAME"), Times: 1, Effect: emulator.Refuse(403)})
	p := placement(prod, "NAME", "a value", nil)
	if err := second(target.Put(t.Context(), p)); !errors.Is(err, store.ErrUnavailable) {
		t.Fatal(err)
	}
	mustPut(t, target, placement(prod, "NAME", "another value", nil))
	if v, _ := lab.Variable(emulator.InProject(project), "NAME", "prod"); v.Value != "another value" {
		t.Errorf("GitLab has %q", v.Value)
	}
}
