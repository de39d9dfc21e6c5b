package gitlab_test

import (
	"testing"

	"github.com/keyplumb/keyplumb/sync/emulator/gitlab"
)

// set seeds variables.
func set(t *testing.T, c *client, place gitlab.Place, all ...gitlab.Variable) {
	t.Helper()
	for _, each := range all {
		if err := c.SetVariable(place, each); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPrecedence(t *testing.T) {
	c := start(t, gitlab.Options{})
	set(t, c, gitlab.InInstance(),
		gitlab.Variable{Key: "I", Value: "instance"}, gitlab.Variable{Key: "G", Value: "instance"}, gitlab.Variable{Key: "P", Value: "instance"})
	set(t, c, gitlab.InGroup("acme"),
		gitlab.Variable{Key: "G", Value: "acme, prod", Scope: "prod"}, gitlab.Variable{Key: "A", Value: "acme"}, gitlab.Variable{Key: "P", Value: "acme, prod", Scope: "prod"})
	set(t, c, gitlab.InGroup("acme/apps"), gitlab.Variable{Key: "G", Value: "apps"})
	set(t, c, gitlab.InProject(web),
		gitlab.Variable{Key: "P", Value: "of prod", Scope: "prod"},
		gitlab.Variable{Key: "P", Value: "of *"},
		gitlab.Variable{Key: "P", Value: "of pr*", Scope: "pr*"},
		gitlab.Variable{Key: "R", Value: "of review/*", Scope: "review/*"},
		gitlab.Variable{Key: "R", Value: "of review/*/a", Scope: "review/*/a"},
		gitlab.Variable{Key: "S", Value: "protected", Protected: true},
		gitlab.Variable{Key: "A", Value: "protected, prod", Scope: "prod", Protected: true},
		gitlab.Variable{Key: "L", Value: "literal", Scope: "a.c_d"},
		gitlab.Variable{Key: "F", Value: "content\n", File: true})
	for _, test := range []struct {
		key, environment string
		protected        bool
		want             string // "": not seen
		scope            string
		tied             bool
	}{
		{"I", "prod", false, "instance", "*", false},
		{"I", "", false, "instance", "*", false},
		{"G", "prod", false, "apps", "*", false}, // the nearest group, however well another's scope fits
		{"P", "prod", false, "of prod", "prod", false},
		{"P", "preview", false, "of pr*", "pr*", false},
		{"P", "dev", false, "of *", "*", false},
		{"P", "", false, "of *", "*", false},
		{"R", "review/x", false, "of review/*", "review/*", false},
		{"R", "review/x/a", false, "of review/*/a", "review/*/a", true},
		{"R", "review", false, "", "", false},
		{"R", "", false, "", "", false},
		{"S", "prod", true, "protected", "*", false},
		{"S", "prod", false, "", "", false},
		{"A", "prod", true, "protected, prod", "prod", false},
		{"A", "prod", false, "acme", "*", false}, // what is protected hides nothing from other refs
		{"L", "a.c_d", false, "literal", "a.c_d", false},
		{"L", "abc_d", false, "", "", false},
		{"F", "prod", false, "content\n", "*", false},
		{"NONE", "prod", true, "", "", false},
	} {
		job := gitlab.Job{Project: web, Environment: test.environment, Protected: test.protected}
		got, ok := c.JobVariable(job, test.key)
		if ok != (test.want != "") || got.Value != test.want || got.Scope != test.scope || got.Tied != test.tied || got.File != (test.key == "F") {
			t.Errorf("%s in %+v: %+v, %t; want %+v", test.key, job, got, ok, test)
		}
	}
	if _, ok := c.JobVariable(gitlab.Job{Project: "acme/none"}, "I"); ok {
		t.Error("a job of no project sees a variable")
	}
}

func TestExpansion(t *testing.T) {
	c := start(t, gitlab.Options{})
	set(t, c, gitlab.InProject(web),
		gitlab.Variable{Key: "NAME", Value: "world"},
		gitlab.Variable{Key: "RAW", Value: "$NAME", Raw: true},
		gitlab.Variable{Key: "CERT", Value: "$NAME", File: true},
		gitlab.Variable{Key: "ONE", Value: "1$TWO"}, gitlab.Variable{Key: "TWO", Value: "2$ONE"})
	for value, want := range map[string]string{
		"plain":           "plain",
		"hello $NAME":     "hello world",
		"${NAME}s":        "worlds",
		"$NAMEs":          "",
		"pa$word":         "pa",
		"p$$NAME":         "p$NAME",
		"p$1x":            "px",
		"ends in $":       "ends in $",
		"$RAW":            "$NAME", // rawness lasts
		"$CERT":           "/builds/project.tmp/CERT",
		"$ONE":            "12", // it ends
		"a\nb $NAME\nc\n": "a\nb world\nc\n",
	} {
		for raw, want := range map[bool]string{false: want, true: value} {
			set(t, c, gitlab.InProject(web), gitlab.Variable{Key: "K", Value: value, Raw: raw})
			got, ok := c.JobVariable(gitlab.Job{Project: web}, "K")
			if !ok || got.Value != want {
				t.Errorf("%q, raw=%t: %q, want %q", value, raw, got.Value, want)
			}
		}
	}
	if got, _ := c.JobVariable(gitlab.Job{Project: web}, "CERT"); got.Value != "world" || !got.File {
		t.Errorf("a file variable %+v", got)
	}
}
