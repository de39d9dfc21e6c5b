package main

import (
	"net/http"
	"strings"
	"testing"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/github"
)

// That nothing was written is said only where it is known: not of a write
// whose answer was lost, nor once an environment was created.
func TestExitCodeOfAFirstWriteThatFails(t *testing.T) {
	for _, test := range []struct {
		name, method, path string
		create             bool
		effect             emulator.Effect
		want               int
	}{
		{"the answer is lost", http.MethodPost, "/variables", false, emulator.DropAfter(), exitPartial},
		{"refused", http.MethodPost, "/variables", false, emulator.Echo(http.StatusForbidden), exitFailed},
		{"an environment was created", http.MethodPost, "/variables", true, emulator.Echo(http.StatusForbidden), exitPartial},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t)
			text := strings.ReplaceAll(stagePolicy, `repository: "acme/api"`, `repository: "acme/api", create: true`)
			if test.create {
				text = strings.ReplaceAll(text, `create: true`, `create: true, names: dev: "new"`)
			}
			s.write("keyplumb.cue", text)
			s.seal("dev", values("dev", "one"))
			s.seal("prod", values("prod", "one"))
			s.github.Inject(emulator.Fault{Effect: test.effect, When: func(_ int, method, path string) bool {
				return method == test.method && strings.HasSuffix(path, test.path)
			}})
			if code, out, errs := s.run("sync"); code != test.want {
				t.Errorf("ended with %d, want %d\n%s%s", code, test.want, out, errs)
			}
		})
	}
}
