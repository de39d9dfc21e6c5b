package github

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Echo answers with the status and, in the message and raw, all that the
// client sent: its headers and its body. A client must not repeat them.
func Echo(status int) Effect {
	return refuse(func(a *answer, r *http.Request, body []byte) {
		var headers strings.Builder
		for name, values := range r.Header {
			fmt.Fprintf(&headers, "%s: %s\n", name, strings.Join(values, ", "))
		}
		a.status = status
		a.json(map[string]any{
			"message":           fmt.Sprintf("%s %s\n%s\n%s", r.Method, r.URL, headers.String(), body),
			"documentation_url": documentation, "status": fmt.Sprint(status),
			"errors": []any{map[string]any{"code": "custom", "message": string(body)}},
		})
	})
}

// Truncate processes the request and cuts the connection after half of the
// answer's body; an answer without a body is lost whole.
func Truncate() Effect {
	return Effect{after: func(a *answer) { a.cut = max(1, a.body.Len()/2) }}
}

// Malformed processes the request and answers with a body that ends in the
// middle of its JSON.
func Malformed() Effect {
	return Effect{after: func(a *answer) {
		a.header.Set("Content-Type", "application/json; charset=utf-8")
		a.body.Truncate(a.body.Len() / 2)
		a.body.WriteString(`{"`)
	}}
}

// Oversized processes the request and answers with JSON of about size bytes.
func Oversized(size int) Effect {
	return Effect{after: func(a *answer) {
		padding := bytes.Repeat([]byte(" "), size)
		a.body.Write(padding)
	}}
}

// Redirect answers with the status and a Location, without processing.
func Redirect(status int, location string) Effect {
	return refuse(func(a *answer, _ *http.Request, _ []byte) {
		a.status = status
		a.header.Set("Location", location)
		a.json(map[string]any{"message": http.StatusText(status), "url": location, "documentation_url": documentation})
	})
}

// ShortList cuts a listing down to n items, leaves total_count as it is, and
// has no next page. EmptyList is the same with none.
func ShortList(n int) Effect {
	return Effect{after: func(a *answer) {
		var list map[string]json.RawMessage
		if json.Unmarshal(a.body.Bytes(), &list) != nil {
			return
		}
		for key, raw := range list {
			var items []json.RawMessage
			if json.Unmarshal(raw, &items) != nil {
				continue
			}
			text, err := json.Marshal(slices.Clip(items[:min(n, len(items))]))
			if err != nil {
				continue
			}
			list[key] = text
		}
		a.header.Del("Link")
		a.json(list)
	}}
}

// EmptyList is ShortList(0), with a total_count of 0: the answer of a place
// that has nothing.
func EmptyList() Effect {
	short := ShortList(0).after
	return Effect{after: func(a *answer) {
		short(a)
		var list map[string]json.RawMessage
		if json.Unmarshal(a.body.Bytes(), &list) == nil && list["total_count"] != nil {
			list["total_count"] = json.RawMessage("0")
			a.json(list)
		}
	}}
}

// refuse is an effect that answers without processing.
func refuse(fill func(a *answer, r *http.Request, body []byte)) Effect {
	return Effect{before: func(r *http.Request, body []byte) *answer {
		a := newAnswer()
		fill(a, r, body)
		return a
	}}
}

// json replaces the answer's body.
func (a *answer) json(body any) {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // the emulator's own structures marshal
	}
	a.header.Set("Content-Type", "application/json; charset=utf-8")
	a.body.Reset()
	a.body.Write(text)
}
