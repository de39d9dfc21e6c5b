package ssm_test

import (
	"fmt"
	"testing"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/aws"
	"github.com/keyplumb/keyplumb/sync/store"
)

// TestDescribe: what is known of parameters, without the right to read them.
func TestDescribe(t *testing.T) {
	s := newServer(t)
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	s.Clock().Set(at)
	ends := at.AddDate(0, 1, 0)
	for i := range 60 {
		s.PutParameter(fmt.Sprint("/key/", i), "value")
	}
	s.PutParameter("flat", "one")
	s.Clock().Advance(time.Hour)
	s.PutParameter("flat", "two")
	s.ExpireParameter("flat", ends)
	s.TagParameter("flat", "owner", "payments")
	describes := emulator.Allow("ssm:DescribeParameters", "*")
	s.may(describes, emulator.Allow("ssm:ListTagsForResource", "*"))
	source := open(t, s.options())
	for _, test := range []struct {
		ref     store.Reference
		version string
		dated   bool
		wanted
	}{
		{ref: store.Reference{Path: "flat"}, version: fmt.Sprint("2 of ", at.Add(time.Hour).Unix()), dated: true},
		{ref: store.Reference{Path: "arn:aws:ssm:eu-central-1:" + emulator.Account + ":parameter/flat"}, version: fmt.Sprint("2 of ", at.Add(time.Hour).Unix()), dated: true},
		{ref: store.Reference{Path: "flat", Version: "2"}, version: fmt.Sprint("2 of ", at.Add(time.Hour).Unix()), dated: true},
		{ref: store.Reference{Path: "flat", Version: "previous"}},
		{ref: store.Reference{Path: "none"}, wanted: wanted{kind: store.ErrNotFound, says: "no such parameter"}},
		{ref: store.Reference{Path: "no name"}, wanted: wanted{kind: store.ErrInvalid}},
	} {
		got := source.Describe(t.Context(), []store.Reference{test.ref})[0]
		test.wanted.ref = test.ref
		test.judge(t, got)
		if test.kind != nil {
			continue
		}
		if got.Version != test.version || !got.Changed.IsZero() != test.dated || got.Owner != "payments" || !got.Expires.Equal(ends) {
			t.Errorf("%v: %+v", test.ref, got)
		}
	}
	// What is not listed may be there all the same.
	if got := source.Describe(t.Context(), []store.Reference{{Path: "/aws/reference/secretsmanager/api"}})[0]; got.Err != nil || got.Version != "" {
		t.Errorf("a secret of another service: %+v", got)
	}
	var refs []store.Reference
	for i := range 60 {
		refs = append(refs, store.Reference{Path: fmt.Sprint("/key/", i)})
	}
	s.may(describes)
	for i, got := range source.Describe(t.Context(), refs) {
		if got.Err != nil || got.Version != fmt.Sprint("1 of ", at.Unix()) || got.Owner != "" || !got.Expires.IsZero() {
			t.Errorf("%v: %+v", refs[i], got)
		}
	}
	s.may()
	wanted{ref: refs[0], kind: store.ErrDenied, says: "ssm:DescribeParameters on *"}.judge(t, source.Describe(t.Context(), refs[:1])[0])
	if n := s.Reads(); n != 0 {
		t.Errorf("%d values were read", n)
	}
}
