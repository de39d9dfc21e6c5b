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

const token = "target-token"

// at is one of the three levels, with a target of it.
type at struct {
	*emulator.Server
	place   emulator.Place
	options gitlab.Options
}

func open(t *testing.T, o gitlab.Options) at {
	t.Helper()
	return openIn(t, emulator.Options{}, o)
}

func openIn(t *testing.T, eo emulator.Options, o gitlab.Options) at {
	t.Helper()
	s := emulator.New(eo)
	s.AddProject("acme/apps/web")
	s.AddToken(token)
	listening := httptest.NewServer(s)
	t.Cleanup(listening.Close)
	o.URL, o.Token = listening.URL, secret.New([]byte(token))
	a := at{Server: s, options: o, place: emulator.InInstance()}
	switch {
	case o.Project != "":
		a.place = emulator.InProject(o.Project)
	case o.Group != "":
		a.place = emulator.InGroup(o.Group)
	}
	return a
}

func (a at) target(t *testing.T) *gitlab.Target {
	t.Helper()
	target, err := gitlab.New(a.options)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

var levels = map[string]gitlab.Options{
	"project": {Project: "acme/apps/web"}, "group": {Group: "acme/apps"}, "instance": {Instance: true},
}

func TestContract(t *testing.T) {
	for name, options := range levels {
		t.Run(name, func(t *testing.T) { storetest.Target(t, harness(name, options)) })
	}
}

func harness(name string, options gitlab.Options) storetest.TargetHarness {
	h := storetest.TargetHarness{
		Kinds: []store.Kind{store.Secret}, Readable: []store.Kind{store.Secret}, CaseSensitive: true,
		MaxValue: 128<<10 - len("NAME=") - 1, Many: 230,
		New: func(t *testing.T) storetest.TargetFixture { return fixture(t, name, options) },
	}
	if options.Instance {
		h.MaxValue, h.Many = 10_000, 25
	}
	return h
}

func fixture(t *testing.T, name string, options gitlab.Options) storetest.TargetFixture {
	a := open(t, options)
	f := storetest.TargetFixture{
		Target: a.target(t), Scope: store.Scope(name + ":prod"), Other: store.Scope(name + ":review/*"),
		Stored: func(scope store.Scope, _ store.Kind, key string) (string, bool) {
			_, in, _ := strings.Cut(string(scope), ":")
			if in == "" {
				in = "*"
			}
			v, there := a.Variable(a.place, key, in)
			return v.Value, there
		},
		Break: func(kind error) bool {
			status := map[error]int{store.ErrDenied: 403, store.ErrUnauthentic: 401, store.ErrUnavailable: 418}[kind]
			a.Inject(emulator.Fault{Effect: emulator.Echo(status)})
			return true
		},
		Deletes: func() int {
			n := 0
			for _, r := range a.Requests() {
				if r.Method == http.MethodDelete {
					n++
				}
			}
			return n
		},
	}
	if options.Instance {
		f.Scope, f.Other = "instance", ""
	}
	return f
}
