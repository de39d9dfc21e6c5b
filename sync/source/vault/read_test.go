package vault_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/vault"
	"github.com/keyplumb/keyplumb/sync/source/vault"
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
	got := readOne(t.Context(), t, source, w.ref)
	if text := fmt.Sprint(got.Err, store.Hint(got.Err)); !errors.Is(got.Err, w.kind) || !strings.Contains(text, w.says) {
		t.Errorf("%v: %s; want %v, saying %q", w.ref, text, w.kind, w.says)
	}
	if w.kind == nil && string(got.Value.Reveal()) != w.value {
		t.Errorf("%v: %q, want %q", w.ref, got.Value.Reveal(), w.value)
	}
	if w.kind != nil && store.Hint(got.Err) == "" && !errors.Is(got.Err, store.ErrNoField) {
		t.Errorf("%v: %v, without a way out", w.ref, got.Err)
	}
}

func TestValues(t *testing.T) {
	for _, version := range []int{1, 2} {
		s := newServer(t, version)
		s.Put("kv", "dev/api", map[string]any{
			"text": "a <b> & c", "number": 12345678901234567, "fraction": 1.50, "yes": true, "nothing": nil,
			"list": []any{1, "two"}, "map": map[string]any{"z": "&", "a": nil}, "empty": "",
		})
		source := open(t, s.options())
		for field, value := range map[string]string{
			"text": "a <b> & c", "number": "12345678901234567", "fraction": "1.5", "yes": "true", "nothing": "", "empty": "",
			"list": `[1,"two"]`, "map": `{"a":null,"z":"&"}`, "map.z": "&",
			"": `{"empty":"","fraction":1.5,"list":[1,"two"],"map":{"a":null,"z":"&"},"nothing":null,"number":12345678901234567,"text":"a <b> & c","yes":true}`,
		} {
			wanted{ref: store.Reference{Path: "dev/api", Field: field}, value: value}.check(t, source)
		}
	}
}

func TestVersions(t *testing.T) {
	s := newServer(t, 2)
	at := s.Clock().Now()
	for _, value := range []string{"one", "two", "three", "four"} {
		s.Put("kv", "api", map[string]any{"KEY": value})
		s.Clock().Advance(time.Hour)
	}
	s.Put("kv", "once", map[string]any{"KEY": "once"})
	s.Put("kv", "gone", map[string]any{"KEY": "before"})
	s.Put("kv", "gone", map[string]any{"KEY": "after"})
	s.DeleteVersions("kv", "gone", 2)
	s.DeleteVersions("kv", "api", 2)
	s.DestroyVersions("kv", "api", 1)
	source := open(t, s.options())
	for _, w := range []wanted{
		{ref: store.Reference{Path: "api", Field: "KEY"}, value: "four"},
		{ref: store.Reference{Path: "/api/", Field: "KEY"}, value: "four"},
		{ref: store.Reference{Path: "api", Field: "KEY", Version: "3"}, value: "three"},
		{ref: store.Reference{Path: "api", Field: "KEY", Version: "previous"}, value: "three"},
		{ref: store.Reference{Path: "gone", Field: "KEY", Version: "previous"}, value: "before"},
		{ref: store.Reference{Path: "gone", Field: "KEY"}, kind: store.ErrNotFound, says: "its version 2 was deleted at 2026-11-24 16:00:00 UTC"},
		{ref: store.Reference{Path: "api", Field: "KEY", Version: "2"}, kind: store.ErrNotFound, says: "its version 2 was deleted at 2026-11-24 16:00:00 UTC"},
		{ref: store.Reference{Path: "api", Field: "KEY", Version: "1"}, kind: store.ErrNotFound, says: "its version 1 was destroyed"},
		{ref: store.Reference{Path: "api", Field: "KEY", Version: "9"}, kind: store.ErrNotFound, says: "it has no version 9"},
		{ref: store.Reference{Path: "once", Field: "KEY", Version: "previous"}, kind: store.ErrNotFound, says: "no version before the first"},
		{ref: store.Reference{Path: "none", Field: "KEY"}, kind: store.ErrNotFound, says: "mount kv (kv version 2) has no such secret"},
		{ref: store.Reference{Path: "none", Field: "KEY", Version: "previous"}, kind: store.ErrNotFound, says: "has no such secret"},
		{ref: store.Reference{Path: "api", Field: "KEY", Version: "latest"}, kind: store.ErrInvalid, says: "a number from 1"},
		{ref: store.Reference{Path: "api", Field: "KEY", Version: "0"}, kind: store.ErrInvalid, says: "a number from 1"},
		{ref: store.Reference{Path: "../sys/raw", Field: "KEY"}, kind: store.ErrInvalid, says: "no path of a secret"},
		{ref: store.Reference{Path: "a//b", Field: "KEY"}, kind: store.ErrInvalid, says: "no path of a secret"},
		{ref: store.Reference{Path: "", Field: "KEY"}, kind: store.ErrInvalid, says: "no path of a secret"},
	} {
		w.check(t, source)
	}
	got := readOne(t.Context(), t, source, store.Reference{Path: "api", Field: "KEY"})
	if want := at.Add(3 * time.Hour); !got.Changed.Equal(want) {
		t.Errorf("changed at %v, want %v", got.Changed, want)
	}
	// A secret that is made anew begins with version 1 again, and is another.
	before := readOne(t.Context(), t, source, store.Reference{Path: "once", Field: "KEY"}).Version
	s.Remove("kv", "once")
	s.Clock().Advance(time.Hour)
	s.Put("kv", "once", map[string]any{"KEY": "anew"})
	if after := readOne(t.Context(), t, source, store.Reference{Path: "once", Field: "KEY"}).Version; after == before {
		t.Errorf("a secret that was made anew has its old version %q", after)
	}
}

func TestVersionsOfVersion1(t *testing.T) {
	s := newServer(t, 1)
	s.Put("kv", "api", map[string]any{"KEY": "value"})
	for _, version := range []string{"1", "previous"} {
		wanted{ref: store.Reference{Path: "api", Field: "KEY", Version: version}, kind: store.ErrInvalid, says: "keeps no versions"}.check(t, open(t, s.options()))
	}
}

// TestRequests: one to find the mount unless the policy says what it is, one a
// secret, and one more for "previous".
func TestRequests(t *testing.T) {
	refs := func(version string) (refs []store.Reference) {
		for i := range 300 {
			refs = append(refs, store.Reference{Path: fmt.Sprint("path/", i%3), Field: fmt.Sprint("KEY_", i), Version: version})
		}
		return refs
	}
	for name, test := range map[string]struct {
		change func(*vault.Options)
		refs   []store.Reference
		want   map[string]int
	}{
		"found":  {func(*vault.Options) {}, refs(""), map[string]int{"GET /sys/internal/ui/mounts/kv": 1, "GET /kv/data/path/0": 1, "GET /kv/data/path/1": 1, "GET /kv/data/path/2": 1}},
		"pinned": {func(o *vault.Options) { o.KV = 2 }, refs(""), map[string]int{"GET /kv/data/path/0": 1, "GET /kv/data/path/1": 1, "GET /kv/data/path/2": 1}},
		"both": {func(o *vault.Options) { o.KV = 2 }, append(refs(""), refs("previous")...),
			map[string]int{"GET /kv/data/path/0": 2, "GET /kv/data/path/1": 2, "GET /kv/data/path/2": 2}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, 2)
			for i := range 3 {
				fields := map[string]any{}
				for j := i; j < 300; j += 3 {
					fields[fmt.Sprint("KEY_", j)] = fmt.Sprint("value ", j)
				}
				s.Put("kv", fmt.Sprint("path/", i), fields)
				s.Put("kv", fmt.Sprint("path/", i), fields)
			}
			o := s.options()
			test.change(&o)
			for i, got := range open(t, o).Read(t.Context(), test.refs) {
				if got.Err != nil || string(got.Value.Reveal()) != fmt.Sprint("value ", i%300) {
					t.Fatalf("%v: %v", test.refs[i], got.Err)
				}
			}
			if asked := s.asked(); !maps.Equal(asked, test.want) {
				t.Errorf("asked %v, want %v", asked, test.want)
			}
		})
	}
}

// TestMounts: paths may begin with the mount, and mounts lie at any depth.
func TestMounts(t *testing.T) {
	s := newServer(t, 2)
	s.AddMount("team/old", 1)
	s.AddPolicy("reads", emulator.Allow("kv/data/*", "read"), emulator.Allow("team/old/*", "read"))
	s.AddMount("closed", 2)
	s.Put("kv", "api", map[string]any{"KEY": "new"})
	s.Put("team/old", "data/api", map[string]any{"KEY": "old"})
	o := s.options()
	o.Mount = ""
	source := open(t, o)
	for _, w := range []wanted{
		{ref: store.Reference{Path: "kv/api", Field: "KEY"}, value: "new"},
		{ref: store.Reference{Path: "team/old/data/api", Field: "KEY"}, value: "old"},
		{ref: store.Reference{Path: "kv/none", Field: "KEY"}, kind: store.ErrNotFound, says: "no such secret"},
		{ref: store.Reference{Path: "closed/api", Field: "KEY"}, kind: store.ErrDenied, says: "nothing is mounted there, or the token may see nothing in it"},
		{ref: store.Reference{Path: "none/api", Field: "KEY"}, kind: store.ErrDenied, says: "nothing is mounted there"},
		{ref: store.Reference{Path: "kv", Field: "KEY"}, kind: store.ErrInvalid, says: "no secret in it"},
	} {
		w.check(t, source)
	}
	if n := s.asked()["GET /sys/internal/ui/mounts/kv/none"]; n != 0 {
		t.Errorf("a mount that is known is asked for %d times", n)
	}
	for mount, w := range map[string]wanted{
		"/kv/":     {value: "new"},
		"kv/sub":   {kind: store.ErrInvalid, says: "the mount is a shorter path"},
		"sys":      {kind: store.ErrDenied, says: "nothing is mounted there"},
		"closed":   {kind: store.ErrDenied, says: `path "closed/data/…" { capabilities = ["read"] }`},
		"team/old": {kind: store.ErrNotFound, says: "kv version 1"},
	} {
		o.Mount = mount
		w.ref = store.Reference{Path: "api", Field: "KEY"}
		w.check(t, open(t, o))
	}
	// A wrong pin is no lack of secrets.
	o.Mount, o.KV = "kv", 1
	s.AddPolicy("reads", emulator.Allow("kv/*", "read"))
	wanted{ref: store.Reference{Path: "api", Field: "KEY"}, kind: store.ErrInvalid, says: "is kv: 1 right"}.check(t, open(t, o))
}

func TestNamespaces(t *testing.T) {
	s := newServer(t, 2)
	space := s.AddNamespace("team/web")
	space.AddMount("kv", 2)
	space.Put("kv", "api", map[string]any{"KEY": "theirs"})
	space.AddPolicy("reads", emulator.Allow("kv/data/api", "read"))
	space.AddToken("hvs.other", emulator.Policies("reads"))
	s.Put("kv", "api", map[string]any{"KEY": "ours"})
	o := s.options()
	wanted{ref: store.Reference{Path: "api", Field: "KEY"}, value: "ours"}.check(t, open(t, o))
	o.Namespace, o.Auth.Token = "/team/web/", secretOf("hvs.other")
	wanted{ref: store.Reference{Path: "api", Field: "KEY"}, value: "theirs"}.check(t, open(t, o))
	wanted{ref: store.Reference{Path: "other", Field: "KEY"}, kind: store.ErrDenied, says: `path "kv/data/other" { capabilities = ["read"] }, in the namespace team/web`}.check(t, open(t, o))
}

// TestAbout: what a secret's custom metadata says of its owner and its end goes
// with each reading, without a further request; the end is that of the newest
// version. What a vault deletes by itself ends then.
func TestAbout(t *testing.T) {
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		custom  map[string]string
		deleted time.Time
		version string
		owner   string
		expires time.Time
	}{
		"nothing":                 {},
		"both":                    {custom: map[string]string{"owner": "payments", "expires": "2027-01-31T08:00:00+02:00", "other": "x"}, owner: "payments", expires: time.Date(2027, 1, 31, 6, 0, 0, 0, time.UTC)},
		"a day":                   {custom: map[string]string{"expires": "2027-01-31"}, expires: time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)},
		"no date":                 {custom: map[string]string{"expires": "soon"}},
		"deleted after a while":   {deleted: noon.Add(time.Hour), expires: noon.Add(time.Hour)},
		"deleted before the date": {custom: map[string]string{"expires": "2027-01-31"}, deleted: noon.Add(time.Hour), expires: noon.Add(time.Hour)},
		"deleted after the date":  {custom: map[string]string{"expires": "2026-11-25"}, deleted: noon.AddDate(1, 0, 0), expires: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)},
		"an older version":        {custom: map[string]string{"owner": "payments", "expires": "2027-01-31"}, version: "previous", owner: "payments"},
		"an older one by number":  {custom: map[string]string{"expires": "2027-01-31"}, version: "1"},
		"one by number":           {custom: map[string]string{"expires": "2027-01-31"}, version: "2"},
	} {
		s := newServer(t, 2)
		s.Put("kv", "api", map[string]any{"KEY": "value"})
		s.Put("kv", "api", map[string]any{"KEY": "value"})
		s.SetCustomMetadata("kv", "api", test.custom)
		if !test.deleted.IsZero() {
			s.DeleteAt("kv", "api", 2, test.deleted)
		}
		got := readOne(t.Context(), t, open(t, s.options()), store.Reference{Path: "api", Field: "KEY", Version: test.version})
		if got.Err != nil || got.Owner != test.owner || !got.Expires.Equal(test.expires) {
			t.Errorf("%s: owner %q, expires %v, %v", name, got.Owner, got.Expires, got.Err)
		}
	}
}

// TestOddPaths: a path is what it says, and nothing in it is read as more.
func TestOddPaths(t *testing.T) {
	for _, version := range []int{1, 2} {
		s := newServer(t, version)
		source := open(t, s.options())
		for i, path := range []string{"a?version=1", "a#b", "a%2fb", "%2e%2e/a", "..a/b..", `a\..\b`, "a b/ c", "a+b", "a;b", "ä/日本", "a:b@c", "a&list=true", "{env}", "~"} {
			value := fmt.Sprint("value ", i)
			s.Put("kv", path, map[string]any{"KEY": value})
			wanted{ref: store.Reference{Path: path, Field: "KEY"}, value: value}.check(t, source)
		}
		for _, path := range []string{"..", "a/..", "../sys", "a/./b", "a/.../b", "a\nb", "a\x00b", "a//b"} {
			wanted{ref: store.Reference{Path: path, Field: "KEY"}, kind: store.ErrInvalid, says: "no path of a secret"}.check(t, source)
		}
	}
}
