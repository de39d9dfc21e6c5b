package github

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/harness"
)

// PrimaryLimit answers with the status, 403 or 429, as when the token's
// requests are used up: nothing remaining until reset. Documented at
// https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api.
func PrimaryLimit(status int, reset time.Time) Effect {
	return refuse(status, func(a *harness.Answer, _ *http.Request, _ []byte) {
		for name, value := range map[string]string{
			"Limit": "5000", "Remaining": "0", "Used": "5000", "Resource": "core",
			"Reset": strconv.FormatInt(reset.Unix(), 10),
		} {
			a.Header().Set("X-RateLimit-"+name, value)
		}
		a.JSON(jsonType, &failure{status: status, message: "API rate limit exceeded for user ID 1."})
	})
}

// SecondaryLimit answers with the status, 403 or 429, as when a client is too
// fast; with a Retry-After of that many seconds, or with none if negative.
func SecondaryLimit(status, retryAfter int) Effect {
	return refuse(status, func(a *harness.Answer, _ *http.Request, _ []byte) {
		a.Header().Set("X-RateLimit-Limit", "5000")
		a.Header().Set("X-RateLimit-Remaining", "4000")
		if retryAfter >= 0 {
			a.Header().Set("Retry-After", fmt.Sprint(retryAfter))
		}
		a.JSON(jsonType, map[string]any{
			"message":           "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
			"documentation_url": "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits",
			"status":            fmt.Sprint(status),
		})
	})
}
