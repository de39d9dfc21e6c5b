package gitlab_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/gitlab"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/target/gitlab"
)

// TestSent: what is sent, to the last field. What the policy says nothing of
// stays GitLab's default, but that nothing is expanded.
func TestSent(t *testing.T) {
	there := `[{"key":"NAME","value":"old","environment_scope":"prod","description":"words ` + aNote("old") + `"}]`
	const hidden = `[{"key":"NAME","value":null,"hidden":true,"masked":true,"environment_scope":"prod"}]`
	tests := []struct {
		name, listing, call string
		place               store.Placement
		want                map[string]any
	}{
		{"new", "[]", create, placement(prod, "NAME", "a value", nil),
			map[string]any{"key": "NAME", "value": "a value", "environment_scope": "prod", "raw": true, "masked": false, "description": ""}},
		{"new, with all", "[]", create, noted(placement(prod, "NAME", "a-long-value", store.Attributes{
			"protected": "true", "raw": "false", "file": "true", "hidden": "false", "masked": "false", "description": "words"}), aNote("new")),
			map[string]any{"key": "NAME", "value": "a-long-value", "environment_scope": "prod", "raw": false, "masked": false,
				"protected": true, "variable_type": "file", "description": "words " + aNote("new")}},
		{"new and hidden", "[]", create, placement(prod, "NAME", "a-long-value", store.Attributes{"hidden": "true"}),
			map[string]any{"key": "NAME", "value": "a-long-value", "environment_scope": "prod", "raw": true, "masked": true, "masked_and_hidden": true, "description": ""}},
		{"there", there, update, noted(placement(prod, "NAME", "a value", store.Attributes{"file": "false", "protected": "false"}), aNote("new")),
			map[string]any{"value": "a value", "filter": map[string]any{"environment_scope": "prod"}, "raw": true, "masked": false,
				"variable_type": "env_var", "protected": false, "description": "words " + aNote("new")}},
		{"there, to be hidden", there, update, placement(prod, "NAME", "a-long-value", store.Attributes{"hidden": "true"}),
			map[string]any{"value": "a-long-value", "filter": map[string]any{"environment_scope": "prod"}, "raw": true, "masked": true, "description": "words"}},
		{"hidden already", hidden, update, placement(prod, "NAME", "a-long-value", nil),
			map[string]any{"value": "a-long-value", "filter": map[string]any{"environment_scope": "prod"}, "raw": true, "description": ""}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, map[string][]reply{list: {{status: 200, body: test.listing}}, test.call: {{status: 403}}})
			target := s.open(t, gitlab.Options{Token: secret.New([]byte(" a token\n")), UserAgent: "keyplumb/test"})
			mustList(t, target, prod)
			if err := second(target.Put(t.Context(), test.place)); !errors.Is(err, store.ErrDenied) {
				t.Fatal(err)
			}
			last := s.last()
			var got map[string]any
			if err := json.Unmarshal([]byte(last.body), &got); err != nil || last.call != test.call {
				t.Fatalf("%s, %v", last.call, err)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("sent %v, want %v", got, test.want)
			}
			for name, want := range map[string]string{"Authorization": "Bearer a token", "Private-Token": "", "User-Agent": "keyplumb/test"} {
				if text := last.header.Get(name); text != want {
					t.Errorf("%s: %q, want %q", name, text, want)
				}
			}
		})
	}
}

// TestNotKept: GitLab ignores what its version or its edition does not have,
// and says that all went well.
func TestNotKept(t *testing.T) {
	answer := func(fields map[string]any) string {
		whole := map[string]any{"key": "NAME", "value": "a-long-value", "environment_scope": "prod", "description": aNote("mine"),
			"variable_type": "env_var", "masked": true, "hidden": false, "protected": true, "raw": true}
		for name, value := range fields {
			whole[name] = value
		}
		text, _ := json.Marshal(whole)
		return string(text)
	}
	tests := []struct {
		name   string
		fields map[string]any
		hidden string
		detail string
	}{
		{"kept", nil, "false", ""},
		{"hidden", map[string]any{"value": nil, "hidden": true}, "true", ""},
		{"another scope", map[string]any{"environment_scope": "*"}, "false", "GitLab changed the variable of another scope"},
		{"no description", map[string]any{"description": nil}, "false", "this GitLab keeps no descriptions of variables, and so no ledger"},
		{"another description", map[string]any{"description": "canary"}, "false", "GitLab has something else than was sent: description"},
		{"not hidden", nil, "true", "this GitLab has no hidden variables; the variable now lies there, and its value can be read"},
		{"not raw", map[string]any{"raw": nil}, "false", "this GitLab expands all variables: a $ in this one will not arrive"},
		{"expanded", map[string]any{"raw": false}, "false", "GitLab has something else than was sent: raw"},
		{"not masked", map[string]any{"masked": false}, "false", "GitLab has something else than was sent: masked"},
		{"not protected", map[string]any{"protected": nil}, "false", "GitLab has something else than was sent: protected"},
		{"a file", map[string]any{"variable_type": "file"}, "false", "GitLab has something else than was sent: type"},
		{"another value", map[string]any{"value": "canary"}, "false", "GitLab has something else than was sent: value"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, map[string][]reply{list: {{status: 200, body: "[]"}}, create: {{status: 201, body: answer(test.fields)}}})
			target := s.open(t, gitlab.Options{})
			mustList(t, target, prod)
			attributes := store.Attributes{"hidden": test.hidden, "protected": "true", "file": "false"}
			_, err := target.Put(t.Context(), noted(placement(prod, "NAME", "a-long-value", attributes), aNote("mine")))
			switch {
			case test.detail == "" && err != nil:
				t.Error(err)
			case test.detail != "":
				// As after an answer that was lost: something may have been written.
				wantError(t, err, store.ErrUnavailable, test.detail, "*")
				if !strings.Contains(err.Error(), ": not kept as it was sent: ") || store.Hint(err) == "" {
					t.Errorf("%v (%s)", err, store.Hint(err))
				}
			}
			if len(s.calls()) != 2 {
				t.Errorf("asked %q", s.calls())
			}
		})
	}
}

// TestFreeEdition keeps a group's variables in the scope * alone, whatever it
// is asked for. One that lies there is not taken for the one that is meant.
func TestFreeEdition(t *testing.T) {
	lab := emulateWith(t, emulator.Options{Free: true})
	target, place := openAt(t, lab.URL, gitlab.Options{Group: group}), emulator.InGroup(group)
	mustList(t, target, "group:prod")
	err := second(target.Put(t.Context(), placement("group:prod", "NAME", "a value", nil)))
	wantError(t, err, store.ErrUnavailable, "this GitLab's edition keeps group variables in the scope * alone; the variable now lies there", "*")
	for range 2 { // known not to be there, then never listed
		err = second(target.Put(t.Context(), placement("group:prod", "NAME", "another value", nil)))
		if !errors.Is(err, store.ErrDenied) {
			t.Error(err)
		}
		target = openAt(t, lab.URL, gitlab.Options{Group: group})
	}
	if v, _ := lab.Variable(place, "NAME", "*"); v.Value != "a value" {
		t.Errorf("GitLab has %q", v.Value)
	}
	mustPut(t, target, placement("group:*", "NAME", "a third value", nil))
	if v, _ := lab.Variable(place, "NAME", "*"); v.Value != "a third value" {
		t.Errorf("GitLab has %q", v.Value)
	}
}

// TestBefore169: a version that does not choose among a group's variables by
// their scope is not asked to change one of several.
func TestBefore169(t *testing.T) {
	lab := emulateWith(t, emulator.Options{Before169: true})
	place := emulator.InGroup(group)
	for _, scope := range []string{"theirs", "prod"} {
		if err := lab.SetVariable(place, emulator.Variable{Key: "NAME", Scope: scope, Value: "of " + scope}); err != nil {
			t.Fatal(err)
		}
	}
	if err := lab.SetVariable(place, emulator.Variable{Key: "ALONE", Scope: "prod", Value: "of prod"}); err != nil {
		t.Fatal(err)
	}
	target := openAt(t, lab.URL, gitlab.Options{Group: group})
	mustList(t, target, "group:prod")
	before := lab.Snapshot()
	for range 2 {
		wantError(t, target.Delete(t.Context(), "group:prod", store.Secret, "NAME"), store.ErrDenied, "this GitLab does not tell a group's variables of one name apart, and might change another scope's", "*")
		wantError(t, second(target.Put(t.Context(), placement("group:prod", "NAME", "new", nil))), store.ErrDenied, "this GitLab does not tell a group's variables of one name apart, and might change another scope's", "*")
	}
	if after := lab.Snapshot(); after != before {
		t.Errorf("GitLab holds\n%s", after)
	}
	if err := target.Delete(t.Context(), "group:prod", store.Secret, "ALONE"); err != nil {
		t.Error(err)
	}
}

// TestGroupPut: GitLab changes another variable of the key where the filter of
// a group's PUT selects nothing.
func TestGroupPut(t *testing.T) {
	lab := emulate(t)
	target, place := openAt(t, lab.URL, gitlab.Options{Group: group}), emulator.InGroup(group)
	for _, scope := range []store.Scope{"group:*", "group:prod"} {
		mustPut(t, target, placement(scope, "NAME", "value of "+string(scope), nil))
	}
	mustList(t, target, "group:prod")
	if err := lab.DeleteVariable(place, "NAME", "prod"); err != nil {
		t.Fatal(err)
	}
	mustPut(t, target, placement("group:prod", "NAME", "new value", nil))
	for scope, want := range map[string]string{"*": "value of group:*", "prod": "new value"} {
		if v, _ := lab.Variable(place, "NAME", scope); v.Value != want {
			t.Errorf("%s: GitLab has %q, want %q", scope, v.Value, want)
		}
	}
}

// TestSomebodyElse: what appeared since the listing is left alone, and what
// has gone is made again.
func TestSomebodyElse(t *testing.T) {
	lab := emulate(t)
	target, place := openAt(t, lab.URL, gitlab.Options{}), emulator.InProject(project)
	mustPut(t, target, placement(prod, "GONE", "a value", nil))
	mustList(t, target, prod)
	err := errors.Join(lab.SetVariable(place, emulator.Variable{Key: "NEW", Scope: "prod", Value: "theirs"}), lab.DeleteVariable(place, "GONE", "prod"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := second(target.Put(t.Context(), placement(prod, "NEW", "ours", nil))); !errors.Is(err, store.ErrConflict) {
			t.Error(err)
		}
	}
	mustPut(t, target, placement(prod, "GONE", "another value", nil))
	for name, want := range map[string]string{"NEW": "theirs", "GONE": "another value"} {
		if v, _ := lab.Variable(place, name, "prod"); v.Value != want {
			t.Errorf("%s: GitLab has %q, want %q", name, v.Value, want)
		}
	}
	// Once it was listed, it may be written over: the plan has decided so.
	mustList(t, target, prod)
	mustPut(t, target, placement(prod, "NEW", "ours", nil))
}

// TestHidden follows a hidden variable from its making to its end.
func TestHidden(t *testing.T) {
	lab := emulate(t)
	target, place := openAt(t, lab.URL, gitlab.Options{}), emulator.InProject(project)
	attributes := store.Attributes{"hidden": "true", "description": "words"}
	for _, value := range []string{"the-first-value", "the-second-value"} {
		mustList(t, target, prod)
		mustPut(t, target, noted(placement(prod, "NAME", value, attributes), aNote(value)))
		item := mustList(t, target, prod).Items[0]
		if item.Readable || !item.Value.IsEmpty() || item.Note != aNote(value) || !item.Updated.IsZero() || !slices.Equal(item.Fixed, []string{"hidden", "masked"}) {
			t.Errorf("listed as %+v", item)
		}
		want := store.Attributes{"hidden": "true", "masked": "true", "raw": "true", "protected": "false", "file": "false", "description": "words"}
		if !reflect.DeepEqual(item.Attributes, want) {
			t.Errorf("attributes %v, want %v", item.Attributes, want)
		}
		if v, _ := lab.Variable(place, "NAME", "prod"); v.Value != value || !v.Hidden || !v.Masked {
			t.Errorf("GitLab has it hidden: %v, with the new value: %v", v.Hidden, v.Value == value)
		}
	}
	// GitLab still masks it, and what it cannot mask it does not take.
	err := second(target.Put(t.Context(), placement(prod, "NAME", "with a space", store.Attributes{"masked": "false"})))
	wantError(t, err, store.ErrUnmaskable, "GitLab refuses to mask this value", "*")
	if err := target.Delete(t.Context(), prod, store.Secret, "NAME"); err != nil {
		t.Fatal(err)
	}
	mustPut(t, target, placement(prod, "NAME", "with a space", nil))
	if item := mustList(t, target, prod).Items[0]; !item.Readable || !slices.Equal(item.Fixed, []string{"hidden"}) {
		t.Errorf("listed as %+v", item)
	}
}

// TestWhatAJobSees: what is sent is what a job gets, byte for byte.
func TestWhatAJobSees(t *testing.T) {
	lab := emulate(t)
	target := openAt(t, lab.URL, gitlab.Options{})
	pem := "-----BEGIN BOGUS-----\n" + strings.Repeat("0123456789abcdef\n", 20) + "-----END BOGUS-----\n"
	for name, p := range map[string]store.Placement{
		"DOLLAR":   placement("project:*", "DOLLAR", "pa$$word-$HOME-${DOLLAR}", nil),
		"PEM":      placement("project:*", "PEM", pem, nil),
		"PEM_FILE": placement("project:*", "PEM_FILE", pem, store.Attributes{"file": "true", "protected": "true"}),
		"CRLF":     placement("project:*", "CRLF", " a\r\nb\t\r\n ", nil),
	} {
		mustPut(t, target, p)
		seen, there := lab.JobVariable(emulator.Job{Project: project, Environment: "prod", Protected: true}, name)
		if !there || seen.Value != string(p.Value.Reveal()) || seen.File != (p.Attributes["file"] == "true") {
			t.Errorf("%s: there: %v, file: %v, as it was sent: %v", name, there, seen.File, seen.Value == string(p.Value.Reveal()))
		}
	}
	if _, there := lab.JobVariable(emulator.Job{Project: project, Environment: "prod"}, "PEM_FILE"); there {
		t.Error("a job of an unprotected branch sees what is protected")
	}
}

// TestAttributesChange: each attribute that can change does, and nothing else.
func TestAttributesChange(t *testing.T) {
	lab := emulate(t)
	target := openAt(t, lab.URL, gitlab.Options{})
	for _, step := range []store.Attributes{
		{"masked": "true", "protected": "false", "raw": "true", "file": "false", "description": "one"},
		{"masked": "false"}, {"protected": "true"}, {"raw": "false"}, {"file": "true"}, {"description": "two words"}, {"description": ""},
		{"masked": "true", "protected": "false", "raw": "true", "file": "false"},
	} {
		want := store.Attributes{"hidden": "false", "masked": "true", "raw": "true"}
		if listing := mustList(t, target, prod); len(listing.Items) > 0 {
			for _, stays := range []string{"protected", "file", "description"} {
				want[stays] = listing.Items[0].Attributes[stays]
			}
		}
		for name, text := range step {
			want[name] = text
		}
		mustPut(t, target, noted(placement(prod, "NAME", "a-long-value", step), aNote("note")))
		if got := mustList(t, target, prod).Items[0].Attributes; !reflect.DeepEqual(got, want) {
			t.Errorf("%v made it %v, want %v", step, got, want)
		}
	}
}

// TestDescriptionsSurvive: what somebody else wrote stays, wherever they put it.
func TestDescriptionsSurvive(t *testing.T) {
	lab := emulate(t)
	place := emulator.InProject(project)
	note := "kp1:" + strings.Repeat("n", 156)
	for before, want := range map[string]string{
		"": note, "words": "words " + note, aNote("old"): note, "before " + aNote("old") + " after": "before after " + note,
		"kp1:old, says somebody": "kp1:old, says somebody " + note, "kp1:short": "kp1:short " + note, strings.Repeat("ü", 94): strings.Repeat("ü", 94) + " " + note,
	} {
		for _, listed := range []bool{true, false} {
			if err := lab.SetVariable(place, emulator.Variable{Key: "NAME", Scope: "prod", Value: "old", Description: before}); err != nil {
				t.Fatal(err)
			}
			target := openAt(t, lab.URL, gitlab.Options{})
			if listed {
				mustList(t, target, prod)
			}
			mustPut(t, target, noted(placement(prod, "NAME", "new", nil), note))
			if v, _ := lab.Variable(place, "NAME", "prod"); v.Description != want || v.Value != "new" {
				t.Errorf("%q, listed before: %v, became %q, want %q", before, listed, v.Description, want)
			}
		}
	}
	// One that leaves no room is not cut: the write is refused.
	if err := lab.SetVariable(place, emulator.Variable{Key: "NAME", Scope: "prod", Value: "old", Description: strings.Repeat("ü", 95)}); err != nil {
		t.Fatal(err)
	}
	target := openAt(t, lab.URL, gitlab.Options{})
	mustList(t, target, prod)
	err := second(target.Put(t.Context(), noted(placement(prod, "NAME", "new", nil), note)))
	wantError(t, err, store.ErrTooLarge, "the description has 95 characters, and may have 94", "*")
	if v, _ := lab.Variable(place, "NAME", "prod"); v.Value != "old" {
		t.Error("it was written")
	}
}
