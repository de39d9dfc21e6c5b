package ssm_test

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

func (w wanted) judge(t *testing.T, got store.Reading) {
	t.Helper()
	if text := fmt.Sprint(got.Err, store.Hint(got.Err)); !errors.Is(got.Err, w.kind) || !strings.Contains(text, w.says) {
		t.Errorf("%v: %s; want %v, saying %q", w.ref, text, w.kind, w.says)
	}
	if w.kind == nil && string(got.Value.Reveal()) != w.value {
		t.Errorf("%v: %q, want %q", w.ref, got.Value.Reveal(), w.value)
	}
	if w.kind != nil && (!strings.Contains(got.Err.Error(), w.ref.Path) || store.Hint(got.Err) == "" && !errors.Is(got.Err, store.ErrUnavailable)) {
		t.Errorf("%v: not named, or without a way out: %v", w.ref, got.Err)
	}
}

// checkAll reads all at once.
func checkAll(t *testing.T, source store.Source, all []wanted) {
	t.Helper()
	var refs []store.Reference
	for _, w := range all {
		refs = append(refs, w.ref)
	}
	for i, got := range source.Read(t.Context(), refs) {
		all[i].judge(t, got)
	}
}

// TestVersions: versions and labels of one parameter are read side by side, and
// never taken for one another.
func TestVersions(t *testing.T) {
	s := newServer(t)
	for _, value := range []string{"one", "two", "three", "four"} {
		s.PutParameter("/prod/key", value)
	}
	s.Label("/prod/key", 2, "good")
	s.PutParameter("once", "alone")
	arn := "arn:aws:ssm:eu-central-1:" + emulator.Account + ":parameter/prod/key"
	checkAll(t, open(t, s.options()), []wanted{
		{ref: store.Reference{Path: "/prod/key"}, value: "four"},
		{ref: store.Reference{Path: "/prod/key", Version: "previous"}, value: "three"},
		{ref: store.Reference{Path: "/prod/key", Version: "1"}, value: "one"},
		{ref: store.Reference{Path: "/prod/key", Version: "good"}, value: "two"},
		{ref: store.Reference{Path: arn}, value: "four"},
		{ref: store.Reference{Path: arn, Version: "previous"}, value: "three"},
		{ref: store.Reference{Path: arn, Version: "good"}, value: "two"},
		{ref: store.Reference{Path: "/prod/key", Version: "9"}, kind: store.ErrNotFound, says: "this version of it, is not there"},
		{ref: store.Reference{Path: "/prod/key", Version: "bad"}, kind: store.ErrNotFound, says: "aws ssm get-parameter-history"},
		{ref: store.Reference{Path: "once", Version: "previous"}, kind: store.ErrNotFound, says: "no version before the first"},
		{ref: store.Reference{Path: "none", Version: "previous"}, kind: store.ErrNotFound, says: "is not there"},
	})
	s.ForgetRequests()
	checkAll(t, open(t, s.options()), []wanted{
		{ref: store.Reference{Path: ""}, kind: store.ErrInvalid, says: "no name"},
		{ref: store.Reference{Path: "/prod/key:3"}, kind: store.ErrInvalid, says: "a version is written apart"},
		{ref: store.Reference{Path: "a b"}, kind: store.ErrInvalid, says: "no name"},
		{ref: store.Reference{Path: "/prod/key", Version: "0"}, kind: store.ErrInvalid, says: "no version"},
		{ref: store.Reference{Path: "/prod/key", Version: "3:4"}, kind: store.ErrInvalid, says: "no version"},
		{ref: store.Reference{Path: "arn:aws:ssm:eu-central-1:1:document/x"}, kind: store.ErrInvalid, says: "no ARN"},
		{ref: store.Reference{Path: strings.Replace(arn, emulator.Account, "$(id)", 1)}, kind: store.ErrInvalid, says: "no ARN"},
		{ref: store.Reference{Path: strings.Replace(arn, emulator.Account, "\x1b[2J", 1)}, kind: store.ErrInvalid, says: "no ARN"},
		{ref: store.Reference{Path: strings.Replace(arn, "eu-central-1", "us-east-1", 1)}, kind: store.ErrInvalid, says: "in the region us-east-1"},
	})
	if asked := s.asked(); len(asked) != 0 {
		t.Errorf("asked %v", asked)
	}
}

// TestRefusedTogether: a parameter that refuses a request spoils none beside it,
// and is the one that is named.
func TestRefusedTogether(t *testing.T) {
	s := newServer(t)
	var all []wanted
	for i := range 25 {
		name := fmt.Sprintf("/many/%02d", i)
		s.PutParameter(name, "value of "+name)
		all = append(all, wanted{ref: store.Reference{Path: name}, value: "value of " + name})
	}
	s.SetParameterKey("/many/03", emulator.KeyDenied)
	s.SetParameterKey("/many/14", emulator.KeyDisabled)
	s.may(emulator.Allow("*", "*"), emulator.Deny("*", "*:parameter/many/24"))
	all[3].kind, all[3].says = store.ErrDenied, "kms:Decrypt"
	all[14].kind, all[14].says = store.ErrUnreadable, "is the key enabled?"
	all[24].kind, all[24].says = store.ErrDenied, "ssm:GetParameters on arn:aws:ssm:eu-central-1:*:parameter/many/24"
	checkAll(t, open(t, s.options()), all)
}

// TestMadeAgain: a parameter that was deleted and made again is another version,
// although its number is the same.
func TestMadeAgain(t *testing.T) {
	s := newServer(t)
	s.Clock().Set(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC))
	version := func() string {
		return open(t, s.options()).Read(t.Context(), []store.Reference{{Path: "/key"}})[0].Version
	}
	s.PutParameter("/key", "one")
	first := version()
	s.RemoveParameter("/key")
	s.Clock().Advance(time.Hour)
	s.PutParameter("/key", "two")
	if again := version(); first == "" || again == first {
		t.Errorf("version %q, then %q", first, again)
	}
}

// TestRefusals tells apart what a user can do something about.
func TestRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		fault emulator.Effect
		wanted
	}{
		"a key of nobody":      {emulator.Refuse(400, "UnrecognizedClientException", ""), wanted{kind: store.ErrUnauthentic, says: "AWS does not know these credentials"}},
		"run out":              {emulator.Refuse(400, "ExpiredTokenException", ""), wanted{kind: store.ErrUnauthentic, says: "the credentials have run out"}},
		"a redirect":           {emulator.Redirect(307, "https://mallory.example/"), wanted{kind: store.ErrMoved, says: "where the request does not go"}},
		"half an answer":       {emulator.Malformed(), wanted{kind: store.ErrUnavailable, says: "could not be read"}},
		"a proxy's not found":  {emulator.EchoText(404), wanted{kind: store.ErrUnavailable, says: "the answer is not one of AWS"}},
		"an answer over a cap": {emulator.Oversized(17 << 20), wanted{kind: store.ErrUnavailable, says: "too long"}},
		"a failure":            {emulator.Refuse(418, "InternalServerError", ""), wanted{kind: store.ErrUnavailable}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			all := []wanted{}
			for i := range 40 {
				path := fmt.Sprint("/key/", i)
				s.PutParameter(path, "value")
				test.wanted.ref = store.Reference{Path: path}
				all = append(all, test.wanted)
			}
			s.Inject(emulator.Fault{Effect: test.fault})
			checkAll(t, open(t, s.options()), all)
		})
	}
}

// TestOneOutageIsEnough: when a request has shown that there is no getting
// through, only those that were on their way beside it fail of themselves.
func TestOneOutageIsEnough(t *testing.T) {
	s := newServer(t)
	var refs []store.Reference
	for i := range 120 {
		refs = append(refs, store.Reference{Path: fmt.Sprint("/key/", i)})
	}
	s.Inject(emulator.Fault{Effect: emulator.Refuse(400, "ExpiredTokenException", "")})
	unasked := 0
	for _, got := range open(t, s.options()).Read(t.Context(), refs) {
		if !errors.Is(got.Err, store.ErrUnauthentic) {
			t.Errorf("%v", got.Err)
		}
		if strings.Contains(got.Err.Error(), "not asked for, since another request failed: the credentials have run out") {
			unasked++
		}
	}
	if asked := s.asked()["GetParameters"]; asked > 4 || unasked < 80 {
		t.Errorf("%d requests, %d not asked for", asked, unasked)
	}
}

// TestRequests: 10 parameters a request, the versions before the current ones in
// a second round.
func TestRequests(t *testing.T) {
	s := newServer(t)
	var all []wanted
	for i := range 20 {
		name := fmt.Sprint("/key/", i)
		s.PutParameter(name, "old")
		s.PutParameter(name, "new")
		all = append(all, wanted{ref: store.Reference{Path: name, Version: "previous"}, value: "old"}, wanted{ref: store.Reference{Path: name}, value: "new"})
	}
	checkAll(t, open(t, s.options()), all)
	if asked := s.asked(); !maps.Equal(asked, map[string]int{"GetParameters": 4}) {
		t.Errorf("asked %v", asked)
	}
}
