package gitlab

import (
	"net/http"
	"strconv"
	"time"
)

// throttle counts the request against its user's limit, in the windows of
// lib/gitlab/rack_attack.rb: whole minutes of the clock. It comes before all
// else, so requests that are refused for other reasons count as well; those
// without a known token do not.
func (c *call) throttle() error {
	t := c.server.tokens[c.credential()]
	if c.server.rateLimit == 0 || t == nil {
		return nil
	}
	now := c.now.Unix()
	if t.window != now/60 {
		t.window, t.observed = now/60, 0
	}
	t.observed++
	limit, reset := c.server.rateLimit, (now/60+1)*60
	showLimit(c.header, limit, t.observed, reset)
	if t.observed <= limit {
		return nil
	}
	return retryLater(c.header, reset, reset-now)
}

func showLimit(header http.Header, limit, observed int, reset int64) {
	header.Set("RateLimit-Name", "throttle_authenticated_api")
	header.Set("RateLimit-Limit", strconv.Itoa(limit))
	header.Set("RateLimit-Observed", strconv.Itoa(observed))
	header.Set("RateLimit-Remaining", strconv.Itoa(max(0, limit-observed)))
	header.Set("RateLimit-Reset", strconv.FormatInt(reset, 10))
}

// retryLater is the answer to a request over the limit: text, not JSON.
func retryLater(header http.Header, reset, wait int64) error {
	header.Set("RateLimit-ResetTime", time.Unix(reset, 0).UTC().Format(http.TimeFormat))
	header.Set("Retry-After", strconv.FormatInt(wait, 10))
	return &failure{status: http.StatusTooManyRequests, body: throttled}
}

// throttled is the text of a 429.
const throttled = "Retry later\n"
