package gitlab_test

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/target/gitlab"
)

const (
	tooShort = "it is too short: GitLab masks 8 characters at least"
	spaced   = "it has whitespace or a line break"
	refused  = "it has a character that GitLab does not mask where variables are expanded"
)

// TestMasking: what GitLab masks is masked unless somebody says otherwise, and
// what it would refuse to mask is told, without a word on the value.
func TestMasking(t *testing.T) {
	tests := []struct{ value, raw, expanded string }{ // the reasons; "" where it is masked
		{"12345678", "", ""},
		{"1234567", tooShort, tooShort},
		{"AZaz09_+=/@:.~-", "", ""},
		{"with$dollar", "", refused},
		{"ключ 🔑 ключ", spaced, spaced},
		{"ключ🔑ключ", "", refused},
		{"восемь88", "", refused},
		{"семь777", tooShort, tooShort + "; " + refused},
		{"no\u00a0break\u00a0space", "", refused},
		{"line one\nline two", spaced, spaced},
		{"ends in one\n", spaced, spaced},
		{"tab\tinside", spaced, spaced},
		{"form\finside", spaced, spaced},
		{"vertical\vtab", spaced, spaced},
		{"a b", tooShort + "; " + spaced, tooShort + "; " + spaced},
		{strings.Repeat("x", 10_000), "", ""},
	}
	target := openAt(t, "", gitlab.Options{})
	for _, test := range tests {
		for _, raw := range []string{"", "true", "false"} {
			why := test.raw
			attributes := store.Attributes{"raw": raw}
			if raw == "" {
				delete(attributes, "raw")
			}
			if raw == "false" {
				why = test.expanded
			}
			p := placement(prod, "NAME", test.value, attributes)
			if got, want := target.Complete(p)["masked"], map[bool]string{true: "true", false: "false"}[why == ""]; got != want {
				t.Errorf("%q, raw %q: masked %s, want %s", test.value, raw, got, want)
			}
			if err := target.Check(p); err != nil {
				t.Errorf("%q, raw %q, nothing said: %v", test.value, raw, err)
			}
			for _, asked := range []string{"masked", "hidden"} {
				p.Attributes = maps.Clone(attributes)
				p.Attributes[asked] = "true"
				if masked := target.Complete(p)["masked"]; masked != "true" {
					t.Errorf("%s: masked is completed to %q", asked, masked)
				}
				if err := target.Check(p); why == "" && err != nil || why != "" && !errors.Is(err, store.ErrUnmaskable) {
					t.Errorf("%q, raw %q, %s: %v", test.value, raw, asked, err)
				} else if why != "" {
					wantError(t, err, store.ErrUnmaskable, why, "change the value at its issuer, or accept that job logs may show it: masked: false")
				}
			}
		}
	}
}

func TestCheck(t *testing.T) {
	at := func(attributes ...string) store.Attributes {
		out := store.Attributes{}
		for i := 0; i < len(attributes); i += 2 {
			out[attributes[i]] = attributes[i+1]
		}
		return out
	}
	project, instance := gitlab.Options{}, gitlab.Options{Instance: true}
	note := "kp1:" + strings.Repeat("a", 156)
	long := func(n int) string { return strings.Repeat("ü", n) }
	tests := []struct {
		name    string
		options gitlab.Options
		place   store.Placement
		want    error
		detail  string
	}{
		{"the longest name", project, placement(prod, strings.Repeat("N", 255), "value", nil), nil, ""},
		{"a longer one", project, placement(prod, strings.Repeat("N", 256), "value", nil), store.ErrInvalid, "a name has at most 255 characters"},
		{"a plain variable", project, store.Placement{Scope: prod, Kind: store.Variable, Name: "NAME", Value: secret.New([]byte("value"))}, store.ErrInvalid, "GitLab's variables are of one kind"},
		{"no value", project, placement(prod, "NAME", "", nil), store.ErrInvalid, "the value is empty"},
		{"no text", project, placement(prod, "NAME", "\xff\xfe", nil), store.ErrInvalid, "the value is not UTF-8, as GitLab's must be"},
		{"what a program cannot be started with", project, placement(prod, "NAME", long(65533), nil), nil, ""},
		{"and one more", project, placement(prod, "NAME", long(65533)+"x", nil), store.ErrTooLarge, "name and value are over the 128 KiB that an environment variable can have: no job could be started"},
		{"for a longer name", project, placement(prod, "NAMES", long(65533), nil), store.ErrTooLarge, "*"},
		{"as a file", project, placement(prod, "NAME", long(65534), at("file", "true")), nil, ""},
		{"the longest file", project, placement(prod, "NAME", long(1<<19), at("file", "true")), nil, ""},
		{"a longer one still", project, placement(prod, "NAME", long(1<<19)+"x", at("file", "true")), store.ErrTooLarge, "the value is over 1 MiB"},
		{"the instance's longest", instance, placement("instance", "NAME", long(10_000), nil), nil, ""},
		{"the instance's longest file", instance, placement("instance", "NAME", long(10_001), at("file", "true")), store.ErrTooLarge, "the value has more than the 10000 characters that GitLab allows here"},
		{"all attributes", project, placement(prod, "NAME", "a-long-value", at("masked", "true", "hidden", "true", "protected", "false", "raw", "true", "file", "false", "description", "x")), nil, ""},
		{"an attribute that is none", project, placement(prod, "NAME", "value", at("visibility", "all")), store.ErrInvalid, "GitLab has no attribute visibility"},
		{"a flag that is none", project, placement(prod, "NAME", "value", at("protected", "yes")), store.ErrInvalid, "protected is true or false"},
		{"hidden and not masked", project, placement(prod, "NAME", "a-long-value", at("hidden", "true", "masked", "false")), store.ErrInvalid, "what GitLab hides it masks, too"},
		{"hidden, of the instance", instance, placement("instance", "NAME", "a-long-value", at("hidden", "true")), store.ErrInvalid, "GitLab has no hidden variables of the instance"},
		{"a note that is none", project, noted(placement(prod, "NAME", "value", nil), "kp2:x"), store.ErrInvalid, "that cannot be a note"},
		{"a description with a note", project, placement(prod, "NAME", "value", at("description", "words "+note)), store.ErrInvalid, "the description has in it what looks like the ledger's entry"},
		{"a description that is no text", project, placement(prod, "NAME", "value", at("description", "\xff")), store.ErrInvalid, "the description is no text"},
		{"the longest description", project, placement(prod, "NAME", "value", at("description", long(255))), nil, ""},
		{"a longer description", project, placement(prod, "NAME", "value", at("description", long(256))), store.ErrTooLarge, "the description has 256 characters, and may have 255"},
		{"the longest beside a note", project, noted(placement(prod, "NAME", "value", at("description", long(94))), note), nil, ""},
		{"a longer one beside a note", project, noted(placement(prod, "NAME", "value", at("description", long(95))), note), store.ErrTooLarge, "the description has 95 characters, and may have 94"},
		{"a scope of another level", project, placement("group:prod", "NAME", "value", nil), store.ErrInvalid, "this target's scopes begin with project:"},
		{"no scope", project, placement("project", "NAME", "value", nil), store.ErrInvalid, "*"},
		{"every character of a scope", project, placement("project:aZ0 _/${x}.-*", "NAME", "value", nil), nil, ""},
		{"a character that GitLab refuses", project, placement("project:prod?", "NAME", "value", nil), store.ErrInvalid, "an environment scope has letters, digits, spaces and - _ / $ { } . * only"},
		{"a line break in the scope", project, placement("project:prod\n", "NAME", "value", nil), store.ErrInvalid, "*"},
		{"a scope that begins with a space", project, placement("project: prod", "NAME", "value", nil), store.ErrInvalid, "an environment scope does not begin or end with a space"},
		{"the longest scope", project, placement(store.Scope("project:"+strings.Repeat("e", 255)), "NAME", "value", nil), nil, ""},
		{"a longer scope", project, placement(store.Scope("project:"+strings.Repeat("e", 256)), "NAME", "value", nil), store.ErrInvalid, "an environment scope has at most 255 characters"},
		{"a scope in the instance", instance, placement("instance:prod", "NAME", "value", nil), store.ErrInvalid, "this target's scope is instance"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			lab := emulate(t)
			target := openAt(t, lab.URL, test.options)
			err := target.Check(test.place)
			if test.want == nil && err != nil {
				t.Fatal(err)
			}
			if test.want != nil {
				wantError(t, err, test.want, test.detail, "*")
			}
			// GitLab agrees, but for what only a job would find out.
			if err := second(target.Put(t.Context(), test.place)); !errors.Is(err, test.want) {
				t.Errorf("put: %v", err)
			}
			if asked := lab.asked("POST"); test.want != nil && asked > 0 {
				t.Errorf("asked %d times for what had been refused", asked)
			}
		})
	}
}

func TestCapacity(t *testing.T) {
	for want, o := range map[int]gitlab.Options{8_000: {}, 30_000: {Group: group}, 25: {Instance: true}} {
		target := openAt(t, "", o)
		if got := target.Capacity("project:x", store.Secret); got != want {
			t.Errorf("%d, want %d", got, want)
		}
	}
}
