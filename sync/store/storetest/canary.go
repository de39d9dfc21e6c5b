package storetest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// A Canary is an unmistakable value: where any form of it turns up, a value
// was shown.
type Canary struct {
	Name  string
	Value string
}

// Canaries gives values of every shape that matters: many lines, JSON, quotes,
// letters beyond ASCII, and one that is short. They are random.
func Canaries() []Canary {
	return []Canary{
		{"lines", "-- BEGIN canary " + rand.Text() + "\n" + rand.Text() + "\n" + rand.Text() + "\n-- END canary --\n"},
		{"json", `{"user":"canary","password":"` + rand.Text() + `"}`},
		{"quotes", `"canary" & '` + rand.Text() + `' <\>`},
		{"unicode", "canary ключ 🔑 " + rand.Text()},
		{"short", rand.Text()[:8]},
	}
}

// part is the length in bytes from which a beginning or an end of a line
// cannot be there by chance.
const part = 12

// Forms gives the texts in which the value could be shown: itself, each of its
// lines, base64 at its three alignments, URL, JSON, hex and Go escapes, its bytes
// in decimal, and its SHA-256.
func (c Canary) Forms() []string {
	forms := []string{c.Value}
	for line := range strings.Lines(c.Value) {
		if line = strings.TrimSpace(line); len(line) >= 8 {
			forms = append(forms, line)
		}
		// A part of one is a leak, too.
		if len(line) >= 2*part {
			forms = append(forms, line[:part], line[len(line)-part:])
		}
	}
	raw := []byte(c.Value)
	for skip := range min(3, len(raw)) {
		// What precedes the value shifts it by 0, 1 or 2 bytes; whole groups
		// of three look the same whatever surrounds them.
		whole := raw[skip : skip+(len(raw)-skip)/3*3]
		forms = append(forms, base64.RawStdEncoding.EncodeToString(whole), base64.RawURLEncoding.EncodeToString(whole))
	}
	quoted, _ := json.Marshal(c.Value) // a string always marshals
	sum := sha256.Sum256(raw)
	forms = append(forms,
		url.QueryEscape(c.Value), url.PathEscape(c.Value),
		strings.Trim(string(quoted), `"`),
		strings.Trim(strconv.Quote(c.Value), `"`), strings.Trim(strconv.QuoteToASCII(c.Value), `"`),
		hex.EncodeToString(raw), strings.ToUpper(hex.EncodeToString(raw)),
		hex.EncodeToString(sum[:]), base64.StdEncoding.EncodeToString(sum[:]),
		strings.Trim(fmt.Sprint(raw), "[]"),
	)
	return forms
}

// In tells whether a text shows the value in any form.
func (c Canary) In(text string) bool {
	for _, form := range c.Forms() {
		if form != "" && strings.Contains(text, form) {
			return true
		}
	}
	return false
}

// Absent fails the test where an error, wrapped ones included, shows the value.
func (c Canary) Absent(t *testing.T, err error) {
	t.Helper()
	if err != nil && c.In(errorText(err)) {
		t.Errorf("an error shows the value (%s canary)", c.Name)
	}
}

// errorText is everything that an error can be made to say, its causes too.
func errorText(err error) string {
	text := fmt.Sprintf("%v %+v %#v", err, err, err)
	switch wrapped := err.(type) { //nolint:errorlint // it walks the chain itself, link by link
	case interface{ Unwrap() error }:
		if cause := wrapped.Unwrap(); cause != nil {
			text += " " + errorText(cause)
		}
	case interface{ Unwrap() []error }:
		for _, cause := range wrapped.Unwrap() {
			text += " " + errorText(cause)
		}
	}
	return text
}
