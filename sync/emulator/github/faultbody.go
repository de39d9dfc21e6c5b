package github

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/keyplumb/keyplumb/sync/emulator/harness"
)

// Echo answers with the status and, in the message and raw, all that the
// client sent: its headers and its body. A client must not repeat them.
func Echo(status int) Effect {
	return refuse(status, func(a *harness.Answer, r *http.Request, body []byte) {
		a.JSON(jsonType, map[string]any{
			"message":           harness.Sent(r, body),
			"documentation_url": documentation, "status": fmt.Sprint(status),
			"errors": []any{map[string]any{"code": "custom", "message": string(body)}},
		})
	})
}

// Redirect answers with the status and a Location, without processing.
func Redirect(status int, location string) Effect {
	return refuse(status, func(a *harness.Answer, _ *http.Request, _ []byte) {
		a.Header().Set("Location", location)
		a.JSON(jsonType, map[string]any{"message": http.StatusText(status), "url": location, "documentation_url": documentation})
	})
}

// ShortList cuts a listing down to n items, leaves total_count as it is, and
// has no next page. EmptyList is the same with none.
func ShortList(n int) Effect {
	return harness.Change(func(a *harness.Answer) { shorten(a, n) })
}

func shorten(a *harness.Answer, n int) {
	var list map[string]json.RawMessage
	if json.Unmarshal(a.Bytes(), &list) != nil {
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
	a.Header().Del("Link")
	a.JSON(jsonType, list)
}

// EmptyList is ShortList(0), with a total_count of 0: the answer of a place
// that has nothing.
func EmptyList() Effect {
	return harness.Change(func(a *harness.Answer) {
		shorten(a, 0)
		var list map[string]json.RawMessage
		if json.Unmarshal(a.Bytes(), &list) == nil && list["total_count"] != nil {
			list["total_count"] = json.RawMessage("0")
			a.JSON(jsonType, list)
		}
	})
}

// jsonType is the type of GitHub's answers.
const jsonType = "application/json; charset=utf-8"

// refuse is an effect that answers with the status, without processing.
func refuse(status int, fill func(a *harness.Answer, r *http.Request, body []byte)) Effect {
	return harness.Refuse(func(a *harness.Answer, r *http.Request, body []byte) {
		a.WriteHeader(status)
		fill(a, r, body)
	})
}
