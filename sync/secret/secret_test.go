package secret

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

const canary = "canary-7f3a-value"

// holder keeps a value where fmt finds it by reflection alone.
type holder struct {
	value  Value
	inside struct{ value *Value }
	list   []Value
	byName map[string]Value
	any    any
	key    Key
}

func newHolder() holder {
	v := New([]byte(canary))
	h := holder{value: v, list: []Value{v}, byName: map[string]Value{"k": v}, any: v}
	h.inside.value = &v
	h.key = newKey([KeySize]byte([]byte(canary + canary)))
	return h
}

func TestNoVerbShowsAValue(t *testing.T) {
	h := newHolder()
	flags := []string{"", "+", "#", "-", " ", "0", "20", ".3", "+#"}
	for verb := rune('A'); verb <= 'z'; verb++ {
		for _, flag := range flags {
			format := "%" + flag + string(verb)
			for _, v := range []any{h, &h, h.value, &h.value, h.list, h.byName, h.key, &h.key, []any{h.value, h.key}, errors.Join(fmt.Errorf("%v", h.value))} {
				shows(t, format, fmt.Sprintf(format, v))
			}
		}
	}
}

func TestNoEncoderShowsAValue(t *testing.T) {
	type open struct {
		Value Value
		Key   Key
		Any   any
	}
	h := newHolder()
	o := open{h.value, h.key, h.value}
	for name, encode := range map[string]func(any) (string, error){
		"json": func(v any) (string, error) { b, err := json.Marshal(v); return string(b), err },
		"xml":  func(v any) (string, error) { b, err := xml.Marshal(v); return string(b), err },
		"gob": func(v any) (string, error) {
			var b bytes.Buffer
			err := gob.NewEncoder(&b).Encode(v)
			return b.String(), err
		},
		"slog text": func(v any) (string, error) {
			var b bytes.Buffer
			slog.New(slog.NewTextHandler(&b, nil)).Info("x", "v", v)
			return b.String(), nil
		},
		"slog json": func(v any) (string, error) {
			var b bytes.Buffer
			slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "v", v)
			return b.String(), nil
		},
	} {
		for _, v := range []any{o, &o, o.Value, o.Key, []Value{o.Value}} {
			out, err := encode(v)
			shows(t, name, out)
			if err != nil {
				shows(t, name+" error", err.Error())
			}
		}
	}
}

func shows(t *testing.T, how, out string) {
	t.Helper()
	for _, form := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary), fmt.Sprint([]byte(canary)), fmt.Sprintf("%q", canary)} {
		if strings.Contains(out, strings.Trim(form, `[]"`)) {
			t.Errorf("%s shows the value: %s", how, out)
		}
	}
}

func TestValue(t *testing.T) {
	if !New(nil).IsEmpty() || !New([]byte{}).IsEmpty() || (Value{}).Len() != 0 {
		t.Error("nothing is not empty")
	}
	v := New([]byte("a\x00b"))
	if v.IsEmpty() || v.Len() != 3 || string(v.Reveal()) != "a\x00b" {
		t.Error("bytes do not come back as they went in")
	}
	if !v.Equal(New([]byte("a\x00b"))) || v.Equal(New([]byte("a"))) || !(Value{}).Equal(New(nil)) {
		t.Error("Equal is wrong")
	}
}

func TestKeys(t *testing.T) {
	k := NewKey()
	back, err := ParseKey("  " + k.Encode() + "\n")
	if err != nil || back.Bytes() != k.Bytes() {
		t.Errorf("a key does not come back: %v", err)
	}
	for _, bad := range []string{"", "short", k.Encode()[:40], k.Encode() + "AAAA", strings.Repeat("!", 44)} {
		if _, err := ParseKey(bad); !errors.Is(err, ErrKey) {
			t.Errorf("a bad key gives %v", err)
		} else if bad != "" && strings.Contains(err.Error(), bad) {
			t.Error("the error quotes what it was given")
		}
	}
	if !(Key{}).IsZero() || k.IsZero() {
		t.Error("IsZero is wrong")
	}
	if NewKey().Bytes() == k.Bytes() {
		t.Error("two new keys are one")
	}
}

func TestDerivedKeysDiffer(t *testing.T) {
	k := NewKey()
	seen := map[[KeySize]byte]string{k.Bytes(): "itself"}
	for name, d := range map[string]Key{
		"a":       k.Derive("a"),
		"b":       k.Derive("b"),
		"a, b":    k.Derive("a", "b"),
		"ab":      k.Derive("ab"),
		"a, b, c": k.Derive("a", "b", "c"),
		"a, bc":   k.Derive("a", "bc"),
	} {
		if other, dup := seen[d.Bytes()]; dup {
			t.Errorf("%s derives the same key as %s", name, other)
		}
		seen[d.Bytes()] = name
	}
	if once, again := k.Derive("a", "b"), k.Derive("a", "b"); once.Bytes() != again.Bytes() {
		t.Error("deriving is not stable")
	}
}

func TestFingerprints(t *testing.T) {
	k, v := NewKey(), New([]byte("value"))
	if !k.Fingerprint(v).Equal(k.Fingerprint(New([]byte("value")))) {
		t.Error("equal values differ")
	}
	if k.Fingerprint(v).Equal(k.Fingerprint(New([]byte("other")))) || k.Fingerprint(v).Equal(NewKey().Fingerprint(v)) {
		t.Error("other values, or other keys, are equal")
	}
	if k.MAC([]byte("a"), []byte("b")) == k.MAC([]byte("ab")) || k.Fingerprint(v).IsZero() {
		t.Error("parts are not told apart")
	}
}
