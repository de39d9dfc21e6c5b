package gitlab_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/gitlab"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/store/storetest"
	"github.com/keyplumb/keyplumb/sync/target/gitlab"
)

const (
	project = "acme/apps/web"
	group   = "acme/apps"
)

// TestContract signs the contract of targets, once for each level, and for what
// becomes a file in a job.
func TestContract(t *testing.T) {
	const name = len("NAME=\x00")
	tests := []struct {
		name         string
		options      gitlab.Options
		scope, other store.Scope
		max, many    int
		attributes   store.Attributes
	}{
		{"project", gitlab.Options{Project: project}, "project:prod", "project:review/*", 128<<10 - name, 205, nil},
		{"group", gitlab.Options{Group: group}, "group:*", "group:prod", 128<<10 - name, 105, nil},
		{"instance", gitlab.Options{Instance: true}, "instance", "", 10_000, 25, nil},
		{"files", gitlab.Options{Project: project}, "project:*", "project:a b", 1 << 20, 105, store.Attributes{"file": "true", "protected": "true"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			storetest.Target(t, storetest.TargetHarness{
				Kinds: secrets, Readable: secrets, CaseSensitive: true,
				MaxValue: test.max, Many: test.many, Attributes: test.attributes, Elsewhere: test.other != "",
				New: func(t *testing.T) storetest.TargetFixture {
					lab := emulate(t)
					return storetest.TargetFixture{
						Target: openAt(t, lab.URL, test.options), Scope: test.scope, Other: test.other,
						Stored: func(scope store.Scope, _ store.Kind, name string) (string, bool) {
							at, environment := placeOf(scope)
							v, found := lab.Variable(at, name, environment)
							return v.Value, found
						},
						Break:   func(kind error) bool { return fail(lab, kind) },
						Deletes: func() int { return lab.asked(http.MethodDelete) },
					}
				},
			})
		})
	}
}

// A lab is an emulated GitLab and where it is.
type lab struct {
	*emulator.Server
	URL string
}

// emulate starts an emulator with a project in a group in a group.
func emulate(t *testing.T) *lab {
	t.Helper()
	return emulateWith(t, emulator.Options{})
}

func emulateWith(t *testing.T, o emulator.Options) *lab {
	t.Helper()
	s := emulator.New(o)
	s.AddProject(project)
	s.AddToken("a token")
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return &lab{s, server.URL}
}

// asked counts the requests of a method.
func (l *lab) asked(method string) int {
	n := 0
	for _, request := range l.Requests() {
		if request.Method == method {
			n++
		}
	}
	return n
}

// openAt opens a target, with what is usual filled in.
func openAt(t *testing.T, url string, o gitlab.Options) *gitlab.Target {
	t.Helper()
	o.URL = url
	if o.Project == "" && o.Group == "" && !o.Instance {
		o.Project = project
	}
	if o.Token.IsEmpty() {
		o.Token = secret.New([]byte("a token"))
	}
	target, err := gitlab.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func placeOf(scope store.Scope) (at emulator.Place, environment string) {
	level, environment, _ := strings.Cut(string(scope), ":")
	switch level {
	case "project":
		return emulator.InProject(project), environment
	case "group":
		return emulator.InGroup(group), environment
	default:
		return emulator.InInstance(), "*"
	}
}

// fail makes every answer a refusal that echoes all that it was sent.
func fail(l *lab, kind error) bool {
	status := map[error]int{
		store.ErrDenied:      http.StatusForbidden,
		store.ErrUnauthentic: http.StatusUnauthorized,
		store.ErrUnavailable: http.StatusNotImplemented, // which is not worth another try
	}[kind]
	l.Inject(emulator.Fault{Effect: emulator.Echo(status)})
	return status != 0
}

var secrets = []store.Kind{store.Secret}
