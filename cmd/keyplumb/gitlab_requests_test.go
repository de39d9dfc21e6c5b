package main

import (
	"fmt"
	"strings"
	"testing"
)

// twoScopes makes a stage whose policy places n secrets in a project, one half
// in each of two environment scopes.
func twoScopes(t testing.TB, n int) *stage {
	t.Helper()
	s := gitlabStage(t)
	var b strings.Builder
	b.WriteString("package keyplumb\n\nenvironments: {dev: tier: \"development\", prod: tier: \"production\"}\n" +
		"sources: files: {kind: \"sops\", path: \"secrets.{env}.yaml\"}\ntargets: api: {kind: \"gitlab\", project: \"acme/api\"}\nsecrets: {\n")
	for i := range n {
		fmt.Fprintf(&b, "\tSECRET_NUMBER_%03d: {owner: \"a\", environments: [%q]}\n", i, half(i))
	}
	s.write("keyplumb.cue", b.String()+"}\n")
	s.sealHalves(n, 0)
	return s
}

func half(i int) string { return []string{"dev", "prod"}[i%2] }

// sealHalves puts the values into the vault, the first few changed.
func (s *stage) sealHalves(n, changed int) {
	s.t.Helper()
	held := map[string]map[string]string{"dev": {}, "prod": {}}
	for i := range n {
		name := fmt.Sprintf("SECRET_NUMBER_%03d", i)
		held[half(i)][name] = "value of " + name
		if i < changed {
			held[half(i)][name] = "another value of " + name
		}
	}
	s.seal("dev", held["dev"])
	s.seal("prod", held["prod"])
}

// TestProjectRequests: a page of 100 shows all scopes in one request, each
// write is one, and the target's name costs one.
func TestProjectRequests(t *testing.T) {
	t.Parallel()
	const named = 1
	for _, n := range []int{3, 100, 250} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			s := twoScopes(t, n)
			pages := (n + 99) / 100
			if got := s.summary(exitOK, "sync"); got.Requests != named+1+n || got.Writes != n {
				t.Errorf("a first sync: %+v; want 1 request for the listing, %d for the name, and %d writes", got, named, n)
			}
			for _, command := range []string{"sync", "drift", "plan"} {
				if got := s.summary(exitOK, command); got.Requests != named+pages || got.Writes != 0 || got.InSync != n {
					t.Errorf("%s with nothing to do: %+v; want %d for the pages and %d for the name, no write", command, got, pages, named)
				}
			}
			s.sealHalves(n, 3)
			s.gitlab.ForgetRequests()
			got := s.summary(exitOK, "sync")
			if got.Requests != named+pages+3 || got.Writes != 3 {
				t.Errorf("a sync that changes 3: %+v", got)
			}
			if logged := len(s.gitlab.Requests()); logged != got.Requests {
				t.Errorf("the summary counts %d requests, the emulator %d", got.Requests, logged)
			}
		})
	}
}

// BenchmarkSyncGitLab prints the requests of a first sync of 100 variables in
// two scopes of a project, of one with nothing to do, and of one that changes
// 3; one of each is for the project's name.
func BenchmarkSyncGitLab(b *testing.B) {
	for b.Loop() {
		s := twoScopes(b, 100)
		first := s.summary(exitOK, "sync")
		idle := s.summary(exitOK, "sync")
		s.sealHalves(100, 3)
		three := s.summary(exitOK, "sync")
		b.ReportMetric(float64(first.Requests), "requests/first")
		b.ReportMetric(float64(idle.Requests), "requests/idle")
		b.ReportMetric(float64(idle.Writes), "writes/idle")
		b.ReportMetric(float64(three.Requests), "requests/three")
		b.ReportMetric(float64(three.Writes), "writes/three")
	}
}
