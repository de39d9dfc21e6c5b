package scan

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func known(t testing.TB, patterns ...string) *Known {
	t.Helper()
	var list [][]byte
	for _, p := range patterns {
		list = append(list, []byte(p))
	}
	k, err := NewKnown(list)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestFindsEveryForm(t *testing.T) {
	value := "p@ss word/with+all=of&it"
	k := known(t, "something else entirely", value)
	for name, text := range map[string]string{
		"as it is":     value,
		"query":        url.QueryEscape(value),
		"path":         url.PathEscape(value),
		"base64":       base64.StdEncoding.EncodeToString([]byte(value)),
		"base64 url":   base64.URLEncoding.EncodeToString([]byte(value)),
		"aligned 1":    base64.StdEncoding.EncodeToString([]byte("x" + value + "tail")),
		"aligned 2":    base64.StdEncoding.EncodeToString([]byte("xy" + value + "tail")),
		"aligned 0":    base64.StdEncoding.EncodeToString([]byte("xyz" + value + "tail")),
		"in the midst": "a" + value + "b",
		"component":    strings.ReplaceAll(url.QueryEscape(value), "+", "%20"),
		"lower case":   strings.ReplaceAll(strings.ReplaceAll(url.PathEscape(value), "%2F", "%2f"), "%3D", "%3d"),
		"JSON":         `{"k":"p@ss word/with+all=of\u0026it"}`,
	} {
		t.Run(name, func(t *testing.T) {
			got := k.Find([]byte("first line\nkey = " + text + "\n"))
			if !slices.ContainsFunc(got, func(m Match) bool { return m.Pattern == 1 && m.Line == 2 }) {
				t.Errorf("got %v", got)
			}
		})
	}
	if got := k.Find([]byte(strings.Repeat("nothing of the kind, p@ss word/without\n", 100))); len(got) != 0 {
		t.Errorf("found what is not there: %v", got)
	}
}

// Two secrets with one value are both found where it stands.
func TestEqualPatterns(t *testing.T) {
	got := known(t, "one-value-1", "one-value-1").Find([]byte("one-value-1"))
	if !slices.Equal(got, []Match{{0, 1, 1}, {1, 1, 1}}) {
		t.Errorf("got %v", got)
	}
}

func TestPositions(t *testing.T) {
	got := known(t, "needle-1234").Find([]byte("needle-1234\n\n  needle-1234 needle-1234\n"))
	want := []Match{{0, 1, 1}, {0, 3, 3}, {0, 3, 15}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestShortPatternsAreRefused(t *testing.T) {
	if _, err := NewKnown([][]byte{[]byte("1234567")}); !errors.Is(err, ErrShort) {
		t.Errorf("got %v", err)
	}
	if k, err := NewKnown(nil); err != nil || k.Find([]byte("anything at all")) != nil {
		t.Error("no patterns must find nothing")
	}
}

// FuzzFind holds the search against the plain one.
func FuzzFind(f *testing.F) {
	f.Add([]byte("a text with a needle-12 in it, needle-12"), []byte("needle-12"))
	f.Add([]byte("aaaaaaaaaaaaaaaaaaaa"), []byte("aaaaaaaaa"))
	f.Fuzz(func(t *testing.T, data, pattern []byte) {
		k, err := NewKnown([][]byte{pattern})
		if err != nil {
			return
		}
		got := k.Find(data)
		seen := map[string]bool{}
		for _, m := range got {
			seen[fmt.Sprint(m.Line, " ", m.Column)] = true
		}
		for i := 0; i+len(pattern) <= len(data); i++ {
			if !bytes.HasPrefix(data[i:], pattern) {
				continue
			}
			line := bytes.Count(data[:i], []byte("\n")) + 1
			column := i - bytes.LastIndexByte(data[:i], '\n')
			if !seen[fmt.Sprint(line, " ", column)] {
				t.Fatalf("missed the one at %d:%d", line, column)
			}
		}
	})
}

// BenchmarkFind prints MB/s over text without a match, for 300 values.
func BenchmarkFind(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	var patterns []string
	for range 300 {
		p := make([]byte, 32)
		for i := range p {
			p[i] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"[random.IntN(62)]
		}
		patterns = append(patterns, string(p))
	}
	k := known(b, patterns...)
	data := []byte(strings.Repeat("func (k *Known) Find(data []byte) []Match { return nil } // a line of code\n", 100_000))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if k.Find(data) != nil {
			b.Fatal("found what is not there")
		}
	}
}
