package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/policy/report"
	emulator "github.com/keyplumb/keyplumb/sync/emulator/github"
)

// oneScope makes a stage whose policy places n secrets in one environment.
func oneScope(t testing.TB, n int) *stage {
	s := newStage(t)
	policy := "package keyplumb\n\nenvironments: prod: tier: \"production\"\n" +
		"sources: files: {kind: \"sops\", path: \"secrets.{env}.yaml\"}\ntargets: api: {kind: \"github\", repository: \"acme/api\"}\nsecrets: {\n"
	values := map[string]string{}
	for i := range n {
		name := fmt.Sprintf("SECRET_NUMBER_%03d", i)
		policy += "\t" + name + ": owner: \"a\"\n"
		values[name] = "value of " + name
	}
	s.write("keyplumb.cue", policy+"}\n")
	s.seal("prod", values)
	return s
}

// summary runs a command and gives its summary.
func (s *stage) summary(code int, args ...string) report.Summary {
	s.t.Helper()
	got, stdout, stderr := s.run(append(args, "--report", "json")...)
	var doc struct{ Summary report.Summary }
	if err := json.Unmarshal([]byte(stdout), &doc); err != nil || got != code {
		s.t.Fatalf("%v ended with %d (%v)\n%s", args, got, err, stderr)
	}
	return doc.Summary
}

func TestRequestCounts(t *testing.T) {
	for _, n := range []int{3, 100} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			s := oneScope(t, n)
			first := s.summary(exitOK, "sync")
			if first.Requests > n+8 || first.Create != n {
				t.Errorf("a first sync of %d made %d requests, want %d at most", n, first.Requests, n+8)
			}
			if logged := len(s.github.Requests()); logged != first.Requests {
				t.Errorf("the summary counts %d requests, the emulator %d", first.Requests, logged)
			}
			for _, command := range []string{"sync", "drift", "plan"} {
				got := s.summary(exitOK, command)
				if got.Requests != 3 || got.Writes != 0 || got.InSync != n {
					t.Errorf("%s with nothing to do: %+v; want 2 requests for the scope, 1 for the target's name, no write", command, got)
				}
			}
		})
	}
}

// BenchmarkSync prints the requests of a first sync of 100 secrets and of one
// with nothing to do, and the time of each against the floor: what the chain
// of requests that wait for one another takes at 50 ms each.
func BenchmarkSync(b *testing.B) {
	const latency = 50 * time.Millisecond
	// Name, list beside ledger, key, intentions, 100 writes 8 at a time, list,
	// ledger again, settlement.
	const firstFloor = (1 + 1 + 1 + 1 + 13 + 1 + 1 + 1) * latency
	const idleFloor = (1 + 1) * latency
	for b.Loop() {
		s := oneScope(b, 100)
		s.slow(latency)
		started := time.Now()
		first := s.summary(exitOK, "sync")
		firstTook := time.Since(started)
		started = time.Now()
		idle := s.summary(exitOK, "sync")
		idleTook := time.Since(started)
		b.ReportMetric(float64(first.Requests), "requests/first")
		b.ReportMetric(float64(idle.Requests), "requests/idle")
		b.ReportMetric(float64(idle.Writes), "writes/idle")
		b.ReportMetric(float64(firstTook)/float64(firstFloor), "x-floor/first")
		b.ReportMetric(float64(idleTook)/float64(idleFloor), "x-floor/idle")
	}
}

// slow puts an emulator with latency, and without the checks of each exchange,
// in the place of the stage's.
func (s *stage) slow(latency time.Duration) {
	s.t.Helper()
	g := emulator.New(emulator.Options{Latency: latency})
	g.AddRepository("acme/api")
	g.AddEnvironment("acme/api", "prod")
	g.AddToken(stageToken)
	listening := httptest.NewServer(http.Handler(g))
	s.t.Cleanup(listening.Close)
	s.setenv("GITHUB_API_URL", listening.URL)
}
