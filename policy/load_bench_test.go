package policy

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/load"

	"github.com/keyplumb/keyplumb/schemas"
)

// The benchmarks compare what keyplumb takes to understand a policy of 1,000
// secrets in three environments, all written out, with what CUE itself takes
// to load, build, unify and validate the same file. Twice as long is the most
// that keyplumb may take.

func BenchmarkCheck(b *testing.B) {
	tree := largePolicy(1000)
	for b.Loop() {
		check(b, tree)
	}
}

func BenchmarkCUE(b *testing.B) {
	tree := largePolicy(1000)
	for b.Loop() {
		vet(b, tree)
	}
}

// BenchmarkCheckAgainstCUE does both by turns and reports how many times
// CUE's time keyplumb takes.
func BenchmarkCheckAgainstCUE(b *testing.B) {
	tree := largePolicy(1000)
	var ours, theirs time.Duration
	for b.Loop() {
		start := time.Now()
		check(b, tree)
		between := time.Now()
		vet(b, tree)
		ours += between.Sub(start)
		theirs += time.Since(between)
	}
	b.ReportMetric(ours.Seconds()/theirs.Seconds(), "times-CUE")
}

// check is what `keyplumb check` does with a policy.
func check(b *testing.B, tree fs.FS) {
	b.Helper()
	p, findings, err := Load(b.Context(), Options{FS: tree})
	if err != nil || len(findings) > 0 || len(p.Secrets) != 1000 {
		b.Fatal(err, findings)
	}
	p.Check(Context{})
	p.Placements()
}

// vet is what CUE does with the same file.
func vet(b *testing.B, tree fs.FS) {
	b.Helper()
	instance := load.Instances([]string{"keyplumb.cue"}, &load.Config{FS: tree, Env: []string{}})[0]
	c := cuecontext.New()
	schema := c.CompileString(schemas.CUE, cue.Filename("schema"))
	built := c.BuildInstance(instance, cue.Scope(schema))
	if err := built.Unify(schema.LookupPath(cue.ParsePath("#Policy"))).Validate(); err != nil {
		b.Fatal(err)
	}
}

// largePolicy writes a policy out in full, as generators do.
func largePolicy(secrets int) fstest.MapFS {
	var text strings.Builder
	text.WriteString(`package keyplumb

environments: {
	dev: tier:     "development"
	staging: tier: "staging"
	prod: tier:    "production"
}
sources: vault: {kind: "vault", address: "https://vault.example.com:8200", mount: "kv", path: "{env}/api"}
targets: {
	api: {kind: "github", repository: "acme/api"}
	web: {kind: "gitlab", project: "acme/web"}
}
secrets: {
`)
	for i := range secrets {
		fmt.Fprintf(&text, `	SECRET_%04d: {
		owner:  "team-%d"
		rotate: "30d"
		to: ["api"]
		in: {
			dev: {from: {path: "dev/service", field: "secret_%[1]d"}, value: =~"^test_"}
			staging: {from: {path: "staging/service", field: "secret_%[1]d"}, value: #URL}
			prod: {from: {path: "prod/service", field: "secret_%[1]d"}, value: =~"^live_"}
		}
	}
`, i, i%10)
	}
	text.WriteString("}\n")
	return fstest.MapFS{"keyplumb.cue": {Data: []byte(text.String())}}
}
