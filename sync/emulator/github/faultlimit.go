package github

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// PrimaryLimit answers with the status, 403 or 429, as when the token's
// requests are used up: nothing remaining until reset. Documented at
// https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api.
func PrimaryLimit(status int, reset time.Time) Effect {
	return refuse(func(a *answer, _ *http.Request, _ []byte) {
		a.status = status
		for name, value := range map[string]string{
			"Limit": "5000", "Remaining": "0", "Used": "5000", "Resource": "core",
			"Reset": strconv.FormatInt(reset.Unix(), 10),
		} {
			a.header.Set("X-RateLimit-"+name, value)
		}
		a.json(&failure{status: status, message: "API rate limit exceeded for user ID 1."})
	})
}

// SecondaryLimit answers with the status, 403 or 429, as when a client is too
// fast; with a Retry-After of that many seconds, or with none if negative.
func SecondaryLimit(status, retryAfter int) Effect {
	return refuse(func(a *answer, _ *http.Request, _ []byte) {
		a.status = status
		a.header.Set("X-RateLimit-Limit", "5000")
		a.header.Set("X-RateLimit-Remaining", "4000")
		if retryAfter >= 0 {
			a.header.Set("Retry-After", fmt.Sprint(retryAfter))
		}
		a.json(map[string]any{
			"message":           "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
			"documentation_url": "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits",
			"status":            fmt.Sprint(status),
		})
	})
}
