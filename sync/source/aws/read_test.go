package aws_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/aws"
	"github.com/keyplumb/keyplumb/sync/store"
)

// A wanted is what comes of a reference: a value, or a kind of error with words
// in its text or its hint.
type wanted struct {
	ref   store.Reference
	value string
	kind  error
	says  string
}

func (w wanted) check(t *testing.T, source store.Source) {
	t.Helper()
	w.judge(t, readOne(t.Context(), t, source, w.ref))
}

func (w wanted) judge(t *testing.T, got store.Reading) {
	t.Helper()
	if text := fmt.Sprint(got.Err, store.Hint(got.Err)); !errors.Is(got.Err, w.kind) || !strings.Contains(text, w.says) {
		t.Errorf("%v: %s; want %v, saying %q", w.ref, text, w.kind, w.says)
	}
	if w.kind == nil && string(got.Value.Reveal()) != w.value {
		t.Errorf("%v: %q, want %q", w.ref, got.Value.Reveal(), w.value)
	}
	if w.kind != nil && !strings.Contains(got.Err.Error(), w.ref.Path) {
		t.Errorf("%v: the error does not name it: %v", w.ref, got.Err)
	}
	if w.kind != nil && store.Hint(got.Err) == "" && !errors.Is(got.Err, store.ErrNoField) && !errors.Is(got.Err, store.ErrUnavailable) {
		t.Errorf("%v: %v, without a way out", w.ref, got.Err)
	}
}

func TestVersions(t *testing.T) {
	s := newServer(t)
	first := s.Put("api", `{"KEY":"one"}`)
	s.Put("api", `{"KEY":"two"}`)
	s.Put("api", `{"KEY":"three"}`)
	s.Stage("api", first, "frozen")
	s.Put("once", "alone")
	source := open(t, s.options())
	for _, w := range []wanted{
		{ref: store.Reference{Path: "api", Field: "KEY"}, value: "three"},
		{ref: store.Reference{Path: "api", Field: "KEY", Version: "previous"}, value: "two"},
		{ref: store.Reference{Path: "api", Field: "KEY", Version: "AWSPREVIOUS"}, value: "two"},
		{ref: store.Reference{Path: "api", Field: "KEY", Version: first}, value: "one"},
		{ref: store.Reference{Path: "api", Field: "KEY", Version: "frozen"}, value: "one"},
		{ref: store.Reference{Path: "api", Version: "thawed"}, kind: store.ErrNotFound, says: "the secret has no such version"},
		{ref: store.Reference{Path: "api", Version: strings.Repeat("0", 32)}, kind: store.ErrNotFound, says: "the secret has no such version"},
		{ref: store.Reference{Path: "once", Version: "previous"}, kind: store.ErrNotFound, says: "there is no version before the current one"},
		{ref: store.Reference{Path: "none", Version: "previous"}, kind: store.ErrNotFound, says: "there is no such secret in eu-central-1"},
	} {
		w.check(t, source)
	}
}

// TestNames: a name, an ARN and an ARN without its end are one secret, and what
// can be no secret is not asked for.
func TestNames(t *testing.T) {
	s := newServer(t)
	s.Put("dev/api", "value")
	s.Put("dev/other-abcdef", "other")
	arn := s.ARN("dev/api")
	partial := arn[:len(arn)-7]
	source := open(t, s.options())
	good := []store.Reference{{Path: "dev/api"}, {Path: arn}, {Path: partial}, {Path: "dev/other-abcdef"}}
	for i, got := range source.Read(t.Context(), good) {
		value := "value"
		if i == 3 {
			value = "other"
		}
		wanted{ref: good[i], value: value}.judge(t, got)
	}
	if asked := s.asked(); !maps.Equal(asked, map[string]int{"BatchGetSecretValue": 1}) {
		t.Errorf("asked %v", asked)
	}
	// Another account's secret of the same name is another secret.
	elsewhere := []string{s.PutElsewhere("210987654321", "dev/api", "theirs"), s.PutElsewhere("110987654321", "dev/api", "others")}
	both := []store.Reference{{Path: elsewhere[0]}, {Path: "dev/api"}, {Path: arn}, {Path: elsewhere[1]}, {Path: "dev/other-abcdef"}}
	for i, got := range source.Read(t.Context(), both) {
		wanted{ref: both[i], value: []string{"theirs", "value", "value", "others", "other"}[i]}.judge(t, got)
	}
	s.ForgetRequests()
	for _, w := range []wanted{
		{ref: store.Reference{Path: ""}, kind: store.ErrInvalid, says: "no name"},
		{ref: store.Reference{Path: "a name"}, kind: store.ErrInvalid, says: "no name"},
		{ref: store.Reference{Path: strings.Repeat("a", 2049)}, kind: store.ErrInvalid, says: "no name"},
		{ref: store.Reference{Path: "arn:aws:s3:::bucket"}, kind: store.ErrInvalid, says: "no ARN of a secret"},
		{ref: store.Reference{Path: strings.Replace(arn, "eu-central-1", "us-east-1", 1)}, kind: store.ErrInvalid, says: "in the region us-east-1, and the source in eu-central-1"},
	} {
		w.check(t, source)
	}
	if asked := s.asked(); len(asked) != 0 {
		t.Errorf("asked %v", asked)
	}
}

// TestBatches: each secret of a batch has its own answer, in whatever order and
// on whatever page.
func TestBatches(t *testing.T) {
	for _, page := range []int{0, 1, 7} {
		s := newServer(t)
		s.CutBatches(page)
		refs := []store.Reference{{Path: "api", Field: "A"}, {Path: "api", Field: "B"}, {Path: "api", Field: "C"}, {Path: "none"}, {Path: "going"}, {Path: "locked"}, {Path: "broken"}, {Path: "not/yours"}, {Path: "old", Version: "previous"}, {Path: "busy"}, {Path: "dev/api"}}
		s.Put("api", `{"A":"a","B":"b"}`)
		s.Put("dev/api", "another")
		for _, name := range []string{"going", "locked", "broken", "not/yours", "old", "old"} {
			s.Put(name, "value of "+name)
		}
		going := time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)
		s.Delete("going", going)
		s.SetKey("locked", emulator.KeyDenied)
		s.SetKey("broken", emulator.KeyDisabled)
		s.Put("busy", "value of busy")
		s.SetKey("busy", emulator.KeyBusy)
		s.may(emulator.Allow("*", "*"), emulator.Deny("*", "*:secret:not/yours-*"))
		want := []wanted{
			{value: "a"}, {value: "b"}, {kind: store.ErrNoField, says: "no such field: C"},
			{kind: store.ErrNotFound, says: "there is no such secret in eu-central-1"},
			{kind: store.ErrNotFound, says: "marked for deletion, and goes for good after 2027-01-02 03:04:05 UTC"},
			{kind: store.ErrDenied, says: "kms:Decrypt"},
			{kind: store.ErrUnreadable, says: "is the key enabled?"},
			{kind: store.ErrDenied, says: "secretsmanager:GetSecretValue on arn:aws:secretsmanager:eu-central-1:*:secret:not/yours-*"},
			{value: "value of old"},
			{value: "value of busy"},
			{value: "another"},
		}
		for i := range 25 {
			name := fmt.Sprint("many/", i)
			s.Put(name, "value of "+name)
			refs, want = append(refs, store.Reference{Path: name}), append(want, wanted{value: "value of " + name})
		}
		for i, got := range open(t, s.options()).Read(t.Context(), refs) {
			want[i].ref = refs[i]
			want[i].judge(t, got)
		}
		// 33 secrets are two batches, and as many pages as they are cut into.
		batches := map[int]int{0: 2, 1: 33, 7: 5}[page]
		if asked := s.asked(); !maps.Equal(asked, map[string]int{"BatchGetSecretValue": batches, "GetSecretValue": 2, "DescribeSecret": 1}) {
			t.Errorf("pages of %d: asked %v", page, asked)
		}
	}
}

// TestOlderRole: a role that may read each secret, and no batch of them, reads
// them one by one, and is not asked about batches again.
func TestOlderRole(t *testing.T) {
	s := newServer(t)
	s.may(emulator.Allow("secretsmanager:GetSecretValue", "*"))
	refs := []store.Reference{{Path: "a"}, {Path: "b"}, {Path: "c"}}
	for _, ref := range refs {
		s.Put(ref.Path, "value of "+ref.Path)
	}
	source := open(t, s.options())
	for range 2 {
		for i, got := range source.Read(t.Context(), refs) {
			wanted{ref: refs[i], value: "value of " + refs[i].Path}.judge(t, got)
		}
	}
	if asked := s.asked(); !maps.Equal(asked, map[string]int{"BatchGetSecretValue": 1, "GetSecretValue": 6}) {
		t.Errorf("asked %v", asked)
	}
}

// TestDates: a version that is asked for alone has its own date; a batch's date
// is documented as the secret's, and is not taken for the version's.
func TestDates(t *testing.T) {
	s := newServer(t)
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	s.Clock().Set(at)
	for _, name := range []string{"a", "b"} {
		s.Put(name, "one")
	}
	s.Clock().Advance(time.Hour)
	id := s.Put("a", "two")
	source := open(t, s.options())
	if got := readOne(t.Context(), t, source, store.Reference{Path: "a"}); !got.Changed.Equal(at.Add(time.Hour)) || got.Version != id {
		t.Errorf("%v, version %s", got.Changed, got.Version)
	}
	if got := source.Read(t.Context(), []store.Reference{{Path: "a"}, {Path: "b"}})[0]; !got.Changed.IsZero() || got.Version != id {
		t.Errorf("%v, version %s", got.Changed, got.Version)
	}
}
