package gitlab_test

import (
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/emulator/gitlab"
)

func TestEditsBehindTheBack(t *testing.T) {
	c := start(t, gitlab.Options{})
	place := gitlab.InProject(web)
	set(t, c, place,
		gitlab.Variable{Key: "A", Value: "1"},
		gitlab.Variable{Key: "A", Value: "long+enough", Scope: "prod", Hidden: true, Protected: true, Raw: true, File: true, Description: "what for"})
	if got, ok := c.Variable(place, "A", "prod"); !ok || !got.Masked || got.Value != "long+enough" {
		t.Errorf("%+v, %t", got, ok)
	}
	if err := c.EditVariable(place, "A", "*", func(v *gitlab.Variable) { v.Value = "2" }); err != nil {
		t.Error(err)
	}
	if err := c.EditVariable(place, "A", "prod", func(v *gitlab.Variable) { v.Scope, v.Hidden = "stage", false }); err != nil {
		t.Error(err)
	}
	if got := len(c.Variables(place)); got != 2 {
		t.Errorf("%d variables", got)
	}
	want := "project " + web + ` A for * = "2"` + "\n" +
		"project " + web + ` A for stage = "long+enough" masked protected raw file "what for"` + "\n"
	if got := c.Snapshot(); got != want {
		t.Errorf("snapshot\n%s\nwant\n%s", got, want)
	}
	if got := c.Snapshot(gitlab.WithoutDescriptions()); got != strings.ReplaceAll(want, ` "what for"`, "") {
		t.Errorf("without descriptions\n%s", got)
	}
	if err := c.DeleteVariable(place, "A", "*"); err != nil {
		t.Error(err)
	}
	set(t, c, gitlab.InInstance(), gitlab.Variable{Key: "I", Value: "v"})
	set(t, c, gitlab.InGroup("acme"), gitlab.Variable{Key: "G", Value: "v"})
	for _, line := range []string{`instance I for * = "v"`, `group acme G for * = "v"`} {
		if got := c.Snapshot(); !strings.Contains(got, line+"\n") {
			t.Errorf("no %q in\n%s", line, got)
		}
	}
}

func TestRefusedEdits(t *testing.T) {
	c := start(t, gitlab.Options{})
	place := gitlab.InProject(web)
	set(t, c, place, gitlab.Variable{Key: "K", Value: "before"})
	for name, err := range map[string]error{
		"nowhere":             c.SetVariable(gitlab.InProject("acme/none"), gitlab.Variable{Key: "K"}),
		"no such group":       c.SetVariable(gitlab.InGroup("none"), gitlab.Variable{Key: "K"}),
		"unmaskable":          c.SetVariable(place, gitlab.Variable{Key: "K", Value: "short", Masked: true}),
		"a scope":             c.SetVariable(gitlab.InInstance(), gitlab.Variable{Key: "K", Scope: "prod"}),
		"deleted twice":       c.DeleteVariable(place, "K", "prod"),
		"edited, not there":   c.EditVariable(place, "NONE", "*", func(*gitlab.Variable) {}),
		"deleted out of none": c.DeleteVariable(gitlab.InGroup("none"), "K", "*"),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if got, ok := c.Variable(place, "K", "*"); !ok || got.Value != "before" {
		t.Errorf("a refused edit left %+v, %t", got, ok)
	}
}
