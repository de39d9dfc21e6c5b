// Package scan finds keys in bytes.
//
// [Known] looks for values that are known, in the forms in which they end up
// in files: as they are, URL-escaped, in a JSON string, and in base64 at each of
// the three offsets that a value can have in a longer text. The search is Wu and
// Manber's (TR-94-17, University of Arizona): the last two bytes of a window
// say how far the next window may be, so that most bytes are never looked at.
package scan

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
)

// MinLength is the length in bytes from which a value can be told from chance.
const MinLength = 8

// ErrShort says that a pattern is shorter than MinLength.
var ErrShort = errors.New("scan: a pattern is too short to be told from chance")

// A Known searches for a set of values. It is safe for concurrent use.
type Known struct {
	forms []form
	shift [1 << 16]uint8      // by a window's last two bytes: how far to move
	at    map[uint64][]uint32 // by a window's eight bytes: the forms that begin so
}

// A form is one way of writing a pattern, or several that are equal.
type form struct {
	text     []byte
	patterns []int
}

// A Match is a place that holds a pattern. Line and column count from one, the
// column in bytes.
type Match struct {
	Pattern      int // the index of the pattern
	Line, Column int
}

// NewKnown prepares the search for patterns.
func NewKnown(patterns [][]byte) (*Known, error) {
	k := &Known{at: map[uint64][]uint32{}}
	for i := range k.shift {
		k.shift[i] = MinLength - 1
	}
	at := map[string]int{}
	for i, p := range patterns {
		if len(p) < MinLength {
			return nil, ErrShort
		}
		for _, text := range writings(p) {
			n, seen := at[string(text)]
			switch {
			case len(text) < MinLength:
			case !seen:
				at[string(text)] = len(k.forms)
				k.add(form{text, []int{i}})
			case !slices.Contains(k.forms[n].patterns, i):
				k.forms[n].patterns = append(k.forms[n].patterns, i)
			}
		}
	}
	return k, nil
}

// add enters a form in the tables.
func (k *Known) add(f form) {
	for i := 0; i+2 <= MinLength; i++ {
		block := binary.LittleEndian.Uint16(f.text[i:])
		k.shift[block] = min(k.shift[block], uint8(MinLength-2-i))
	}
	start := binary.LittleEndian.Uint64(f.text)
	k.at[start] = append(k.at[start], uint32(len(k.forms))) //nolint:gosec // far fewer than 2^32
	k.forms = append(k.forms, f)
}

// writings gives the forms in which a value is looked for.
func writings(value []byte) [][]byte {
	out := [][]byte{value}
	component := strings.ReplaceAll(url.QueryEscape(string(value)), "+", "%20")
	for _, escaped := range []string{url.QueryEscape(string(value)), url.PathEscape(string(value)), component} {
		out = append(out, []byte(escaped), lowerEscapes(escaped))
	}
	out = append(out, quoted(value, true), quoted(value, false))
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for offset := range 3 {
			out = append(out, aligned(encoding, value, offset))
		}
	}
	return out
}

// lowerEscapes writes %2F as %2f.
func lowerEscapes(text string) []byte {
	out := []byte(text)
	for i := 0; i+2 < len(out); i++ {
		if out[i] == '%' {
			copy(out[i:i+3], bytes.ToLower(out[i:i+3]))
		}
	}
	return out
}

// quoted is a value as it stands in a JSON string, with or without the escapes
// that keep it out of HTML.
func quoted(value []byte, html bool) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(html)
	_ = encoder.Encode(string(value)) // a string always encodes
	return bytes.TrimSuffix(bytes.TrimPrefix(bytes.TrimSpace(b.Bytes()), []byte(`"`)), []byte(`"`))
}

// aligned encodes a value as it stands in the base64 of a longer text in which
// it begins at an offset: without the characters that its neighbours share.
func aligned(encoding *base64.Encoding, value []byte, offset int) []byte {
	text := encoding.EncodeToString(append(make([]byte, offset), value...))
	first := (offset*8 + 5) / 6
	last := (offset + len(value)) * 8 / 6
	return []byte(text[first:last])
}

// Find gives the places in data that hold a pattern, in order, each pattern
// once a place.
func (k *Known) Find(data []byte) []Match {
	if len(k.forms) == 0 {
		return nil
	}
	var out []Match
	lines := lineCounter{data: data}
	for i := 0; i+MinLength <= len(data); {
		if skip := k.shift[binary.LittleEndian.Uint16(data[i+MinLength-2:])]; skip > 0 {
			i += int(skip)
			continue
		}
		out = k.matches(out, data, i, &lines)
		i++
	}
	return out
}

func (k *Known) matches(out []Match, data []byte, i int, lines *lineCounter) []Match {
	found := map[int]bool{}
	for _, n := range k.at[binary.LittleEndian.Uint64(data[i:])] {
		f := k.forms[n]
		if !bytes.HasPrefix(data[i:], f.text) {
			continue
		}
		for _, pattern := range f.patterns {
			if !found[pattern] {
				found[pattern] = true
				line, column := lines.at(i)
				out = append(out, Match{Pattern: pattern, Line: line, Column: column})
			}
		}
	}
	return out
}

// lineCounter counts lines up to offsets that only grow.
type lineCounter struct {
	data        []byte
	done, lines int
	start       int // of the line that done is in
}

func (l *lineCounter) at(offset int) (line, column int) {
	l.lines += bytes.Count(l.data[l.done:offset], []byte("\n"))
	if last := bytes.LastIndexByte(l.data[l.done:offset], '\n'); last >= 0 {
		l.start = l.done + last + 1
	}
	l.done = offset
	return l.lines + 1, offset - l.start + 1
}
