package values

import (
	"strings"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/policy"
	"github.com/keyplumb/keyplumb/policy/finding"
)

func TestExpired(t *testing.T) {
	for _, tt := range []struct {
		name  string
		value string
		end   time.Time
		want  string // severity, rule and message, "" for none
	}{
		{"nobody says", "v", time.Time{}, ""},
		{"long to live", "v", now.Add(soon + time.Second), ""},
		{"two weeks left", "v", now.Add(soon), "warning expiring-value: its source says that the value in prod expires at 2026-12-08 12:00:00 UTC"},
		{"at its end", "v", now, "error expired-value: its source says that the value in prod expired at 2026-11-24 12:00:00 UTC"},
		{"long ago", "v", now.Add(-1000 * time.Hour), "error expired-value: its source says that the value in prod expired at 2026-10-13 20:00:00 UTC"},
		{"there is none", "", now, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := bind(&policy.Secret{Name: "KEY", Position: finding.Position{File: "p.cue", Line: 3}}, "prod", policy.Production, tt.value)
			b.Expires, b.Owner = tt.end, "payments"
			var got []string
			for _, f := range Expired([]Bound{b}, now) {
				got = append(got, f.Severity.String()+" "+f.Rule+": "+f.Message)
				if f.Position.Line != 3 || !strings.HasSuffix(f.Help, "; its source names payments as its owner") {
					t.Errorf("at %v, help %q", f.Position, f.Help)
				}
			}
			if text := strings.Join(got, "; "); text != tt.want {
				t.Errorf("got %q, want %q", text, tt.want)
			}
		})
	}
}
