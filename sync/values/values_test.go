package values

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/policy"
	"github.com/keyplumb/keyplumb/policy/finding"
	"github.com/keyplumb/keyplumb/sync/secret"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// strong makes a value that nobody guesses, the same for the same name.
func strong(name string) string { return strings.Repeat(name+"#9x", 8) }

func bind(s *policy.Secret, environment string, tier policy.Tier, value string) Bound {
	return Bound{Secret: s, Binding: &policy.Binding{Environment: environment},
		Environment: policy.Environment{Name: environment, Tier: tier}, Value: secret.New([]byte(value))}
}

func TestShared(t *testing.T) {
	key := &policy.Secret{Name: "KEY", Sensitive: true, Position: finding.Position{File: "p.cue", Line: 3}}
	other := &policy.Secret{Name: "OTHER", Sensitive: true, Position: finding.Position{File: "p.cue", Line: 4}}
	excused := &policy.Secret{Name: "EXCUSED", Sensitive: true, Shared: &policy.Exception{Until: now.Add(time.Hour)}}
	expired := &policy.Secret{Name: "EXPIRED", Sensitive: true, Shared: &policy.Exception{Until: now}}
	plain := &policy.Secret{Name: "PLAIN"}
	for _, tt := range []struct {
		name  string
		bound []Bound
		want  string // severity and message, "" for none
	}{
		{"one key opens dev and prod", []Bound{bind(key, "dev", policy.Development, strong("a")), bind(key, "prod", policy.Production, strong("a"))},
			"error: one key opens dev and prod"},
		{"a key each", []Bound{bind(key, "dev", policy.Development, strong("a")), bind(key, "prod", policy.Production, strong("b"))}, ""},
		{"a short one counts under one name", []Bound{bind(key, "dev", policy.Development, "abc"), bind(key, "prod", policy.Production, "abc")},
			"error: one key opens dev and prod"},
		{"a trailing newline makes no other key", []Bound{bind(key, "dev", policy.Development, strong("a")+"\n"), bind(key, "prod", policy.Production, strong("a"))},
			"error: one key opens dev and prod"},
		{"dev and staging", []Bound{bind(key, "dev", policy.Development, strong("a")), bind(key, "staging", policy.Staging, strong("a"))},
			"warning: one key opens dev and staging"},
		{"two of one tier", []Bound{bind(key, "dev", policy.Development, strong("a")), bind(key, "dev2", policy.Development, strong("a"))},
			"info: one key opens dev and dev2"},
		{"two names", []Bound{bind(key, "dev", policy.Development, strong("a")), bind(other, "prod", policy.Production, strong("a"))},
			"error: one key opens KEY in dev and OTHER in prod"},
		{"two names for a word", []Bound{bind(key, "dev", policy.Development, "postgres"), bind(other, "prod", policy.Production, "postgres")}, ""},
		{"two names in one environment", []Bound{bind(key, "prod", policy.Production, strong("a")), bind(other, "prod", policy.Production, strong("a"))}, ""},
		{"excused", []Bound{bind(excused, "dev", policy.Development, strong("a")), bind(excused, "prod", policy.Production, strong("a"))}, ""},
		{"no longer excused", []Bound{bind(expired, "dev", policy.Development, strong("a")), bind(expired, "prod", policy.Production, strong("a"))},
			"error: one key opens dev and prod"},
		{"excused for itself alone", []Bound{bind(excused, "dev", policy.Development, strong("a")), bind(excused, "prod", policy.Production, strong("a")), bind(key, "prod", policy.Production, strong("a"))},
			"error: one key opens EXCUSED in dev and KEY in prod"},
		{"not sensitive", []Bound{bind(plain, "dev", policy.Development, strong("a")), bind(plain, "prod", policy.Production, strong("a"))}, ""},
		{"both missing", []Bound{bind(key, "dev", policy.Development, ""), bind(key, "prod", policy.Production, "")}, ""},
		{"three places, one finding", []Bound{bind(key, "dev", policy.Development, strong("a")), bind(key, "staging", policy.Staging, strong("a")), bind(key, "prod", policy.Production, strong("a"))},
			"error: one key opens dev and prod and staging"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, f := range Shared(tt.bound, now) {
				got = append(got, fmt.Sprintf("%s: %s", f.Severity, f.Message))
				if f.Rule != "shared-key" || f.Help == "" {
					t.Errorf("finding %+v", f)
				}
			}
			if strings.Join(got, "\n") != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestMissing(t *testing.T) {
	needed, optional := &policy.Secret{Name: "A"}, &policy.Secret{Name: "B", Optional: true}
	got := Missing([]Bound{bind(needed, "dev", policy.Development, ""), bind(optional, "dev", policy.Development, ""), bind(needed, "prod", policy.Production, "v")})
	if len(got) != 1 || got[0].Secret != "A" || got[0].Environment != "dev" || got[0].Rule != "missing-value" {
		t.Errorf("got %+v", got)
	}
}

func TestGuessproof(t *testing.T) {
	random := secret.NewKey().Encode()
	for value, want := range map[string]bool{
		"": false, "postgres": false, "hunter2": false, "true": false, "Password123!": false,
		"2026-11-24": false, strings.Repeat("a", 100): false, random: true, random[:20]: true,
	} {
		if got := Guessproof(secret.New([]byte(value))); got != want {
			t.Errorf("a value of %d bytes: got %v, want %v", len(value), got, want)
		}
	}
}

func BenchmarkShared(b *testing.B) {
	for _, n := range []int{1000, 10000} {
		var bound []Bound
		for i := range n {
			s := &policy.Secret{Name: fmt.Sprint("S", i), Sensitive: true}
			for _, e := range []string{"dev", "staging", "prod"} {
				bound = append(bound, bind(s, e, policy.Production, fmt.Sprint(e, i, strong("x"))))
			}
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				if got := Shared(bound, now); len(got) != 0 {
					b.Fatal("found what is not there")
				}
			}
		})
	}
}
