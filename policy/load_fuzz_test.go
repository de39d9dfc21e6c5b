package policy

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/keyplumb/keyplumb/policy/finding"
)

// FuzzLoad loads anything: it must come back, with a policy or with findings
// that say where, and what it calls a policy must be one when explained.
func FuzzLoad(f *testing.F) {
	for _, dir := range []string{"../testdata/policies", "../testdata/policies/bad"} {
		files, err := filepath.Glob(dir + "/*.cue")
		if err != nil || len(files) == 0 {
			f.Fatal(files, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		done := Watch(Limits{Time: 20 * time.Second, Memory: 2 << 30}, func(error) { os.Exit(2) })
		defer done()
		p, findings, err := Load(t.Context(), Options{FS: fstest.MapFS{"keyplumb.cue": {Data: text}}})
		if err != nil {
			return
		}
		if p == nil == (len(findings) == 0) {
			t.Fatalf("neither policy nor findings: %v, %v", p, findings)
		}
		for _, found := range findings {
			if found.Rule != finding.Policy || found.Message == "" || found.Position.File != "keyplumb.cue" {
				t.Errorf("a finding without a place: %+v", found)
			}
		}
		if p == nil {
			return
		}
		for _, s := range p.Secrets {
			for _, b := range s.Bindings {
				b.Constraint.Accepts([]byte("x"))
			}
		}
		explained, err := Explain(p)
		if err != nil {
			return // a constraint that cannot be written out is said so
		}
		if _, findings, err := Load(t.Context(), Options{FS: fstest.MapFS{"keyplumb.cue": {Data: explained}}}); err != nil || len(findings) > 0 {
			t.Errorf("explained, it is no policy: %v\n%s\n%s", err, render(findings), explained)
		}
	})
}
