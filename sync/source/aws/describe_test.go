package aws_test

import (
	"testing"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/aws"
	"github.com/keyplumb/keyplumb/sync/store"
)

// TestDescribe: what is known of secrets, without the right to read them.
func TestDescribe(t *testing.T) {
	s := newServer(t)
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	s.Clock().Set(at)
	var ids []string
	for range 5 {
		ids = append(ids, s.Put("api", "value"))
		s.Clock().Advance(time.Hour)
	}
	s.Tag("api", "team", "web")
	s.Tag("api", "Owner", "payments")
	s.RotateAt("api", at.AddDate(0, 0, 30))
	s.Put("going", "value")
	s.Delete("going", at.AddDate(0, 0, 7))
	s.Put("not/yours", "value")
	describes := []emulator.Statement{emulator.Allow("secretsmanager:DescribeSecret", "*"), emulator.Deny("*", "*:secret:not/yours-*")}
	s.may(describes...)
	source := open(t, s.options())
	for _, test := range []struct {
		ref     store.Reference
		version string
		wanted
	}{
		{ref: store.Reference{Path: "api", Field: "any"}, version: ids[4]},
		{ref: store.Reference{Path: "api", Version: "previous"}, version: ids[3]},
		{ref: store.Reference{Path: "api", Version: ids[0]}, version: ids[0]},
		{ref: store.Reference{Path: "api", Version: "none"}, wanted: wanted{kind: store.ErrNotFound, says: "no such version"}},
		{ref: store.Reference{Path: "none"}, wanted: wanted{kind: store.ErrNotFound, says: "no such secret"}},
		{ref: store.Reference{Path: "going"}, wanted: wanted{kind: store.ErrNotFound, says: "goes for good after 2026-12-01 12:00:00 UTC"}},
		{ref: store.Reference{Path: "not/yours"}, wanted: wanted{kind: store.ErrDenied, says: "secretsmanager:DescribeSecret on "}},
		{ref: store.Reference{Path: "no name"}, wanted: wanted{kind: store.ErrInvalid}},
	} {
		got := source.Describe(t.Context(), []store.Reference{test.ref})[0]
		test.wanted.ref = test.ref
		test.judge(t, got)
		if test.kind != nil {
			continue
		}
		if got.Version != test.version || !got.Changed.IsZero() || got.Owner != "payments" || !got.Expires.IsZero() {
			t.Errorf("%v: %+v", test.ref, got)
		}
	}
	if n := s.Reads(); n != 0 {
		t.Errorf("%d values were read", n)
	}
}
