package gitlab_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/target/gitlab"
)

func TestIdentity(t *testing.T) {
	lab := emulate(t)
	host := strings.TrimPrefix(lab.URL, "http://")
	nested := lab.AddProject("a.b/c_d/e-f/g.h")
	groupID := lab.AddGroup("a.b/c_d")
	for want, o := range map[string]gitlab.Options{
		fmt.Sprintf("gitlab|%s|project|%d", host, nested): {Project: "a.b/c_d/e-f/g.h"},
		fmt.Sprintf("gitlab|%s|group|%d", host, groupID):  {Group: "A.B/c_d"}, // GitLab's paths have no case
		fmt.Sprintf("gitlab|%s|instance", host):           {Instance: true},
	} {
		target := openAt(t, lab.URL, o)
		for range 2 {
			if got, err := target.Identity(t.Context()); err != nil || got != want {
				t.Errorf("%q, %v; want %q", got, err, want)
			}
		}
		if requests, writes := target.Requests(); requests > 1 || writes > 0 || o.Instance && requests > 0 {
			t.Errorf("%s took %d requests", want, requests)
		}
	}
	// Two spellings of an address are one server; a server below a path is
	// another than the one above it.
	if got := openAt(t, "https://Git.example.com:443/root/", gitlab.Options{Instance: true}); second(got.Identity(t.Context())) != nil {
		t.Error("no identity")
	} else if id, _ := got.Identity(t.Context()); id != "gitlab|git.example.com/root|instance" {
		t.Errorf("identity %q", id)
	}
}

// TestMoved: nothing is carried to a project that has another path now.
func TestMoved(t *testing.T) {
	lab := emulate(t)
	lab.MoveProject(project, "acme/core/web")
	target, ctx := openAt(t, lab.URL, gitlab.Options{}), t.Context()
	err := second(target.Identity(ctx))
	wantError(t, err, store.ErrMoved, "it is now acme/core/web", "change the name in the policy to acme/core/web")
	for what, err := range map[string]error{
		"list":   second(target.List(ctx, prod, secrets)),
		"put":    second(target.Put(ctx, placement(prod, "NAME", "value", nil))),
		"delete": target.Delete(ctx, prod, store.Secret, "NAME"),
	} {
		if !errors.Is(err, store.ErrMoved) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if snapshot := lab.Snapshot(); strings.Contains(snapshot, "NAME") {
		t.Errorf("something was written:\n%s", snapshot)
	}
}

// TestIdentityErrors reads what a server may say against all expectation.
func TestIdentityErrors(t *testing.T) {
	const moved = "the project was renamed or transferred"
	redirect := func(to string) map[string][]reply {
		return map[string][]reply{getProject: {{status: 301, body: "canary", header: map[string]string{"Location": to}}}}
	}
	ok := func(body string) map[string][]reply {
		return map[string][]reply{getProject: {{status: 200, body: body}}}
	}
	tests := []struct {
		name    string
		answers map[string][]reply
		kind    error
		detail  string
		asked   int
	}{
		{"another path", ok(`{"id":7,"path_with_namespace":"acme/other"}`), store.ErrMoved, "it is now acme/other", 1},
		{"a path that is none", ok(`{"id":7,"path_with_namespace":"the canary/?"}`), store.ErrMoved, moved, 1},
		{"no id", ok(`{"path_with_namespace":"acme/apps/web"}`), store.ErrUnavailable, unread, 1},
		{"no path", ok(`{"id":7}`), store.ErrUnavailable, unread, 1},
		{"nothing", ok("null"), store.ErrUnavailable, unread, 1},
		{"redirected nowhere", redirect(""), store.ErrMoved, moved, 1},
		{"redirected elsewhere", redirect("https://canary.example.com/login"), store.ErrMoved, moved, 1},
		{"redirected to what may not be seen", redirect("SERVER/api/v4/projects/7"), store.ErrMoved, moved, 2},
		{"redirected to another host", redirect("https://canary.example.com/api/v4/projects/7"), store.ErrMoved, moved, 2}, // which is not asked: the number is, here
		{"not there", nil, store.ErrNotFound, "not there, or the token may not see it", 1},
		{"refused", map[string][]reply{getProject: {{status: 401, body: "canary"}}}, store.ErrUnauthentic, "", 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, test.answers)
			err := second(s.open(t, gitlab.Options{}).Identity(t.Context()))
			wantError(t, err, test.kind, test.detail, "*")
			if len(s.calls()) != test.asked {
				t.Errorf("asked %q", s.calls())
			}
		})
	}
}
