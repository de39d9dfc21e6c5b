package vault

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// A Quota limits the rate of requests:
// https://developer.hashicorp.com/vault/api-docs/system/rate-limit-quotas
type Quota struct {
	Rate     int           // requests an interval; 0: no limit
	Interval time.Duration // 0: a second
	Headers  bool          // tell clients of the limit, and when to come again
}

// throttle counts the request. That comes before all else that is asked of it,
// so requests that are refused for other reasons count as well.
func (c *call) throttle() error {
	quota := c.server.quota
	if quota.Rate == 0 {
		return nil
	}
	if quota.Interval == 0 {
		quota.Interval = time.Second
	}
	window := c.now.UnixNano() / int64(quota.Interval)
	if window != c.server.window {
		c.server.window, c.server.observed = window, 0
	}
	c.server.observed++
	if c.server.observed <= quota.Rate {
		return nil
	}
	wait := time.Duration((window+1)*int64(quota.Interval) - c.now.UnixNano())
	failed := exceeded(c.path)
	if quota.Headers {
		whole := int((wait + time.Second - 1) / time.Second)
		failed.header = http.Header{
			"X-Ratelimit-Limit": {strconv.Itoa(quota.Rate)}, "X-Ratelimit-Remaining": {"0"},
			"X-Ratelimit-Reset": {strconv.Itoa(whole)}, "Retry-After": {strconv.Itoa(whole)},
		}
	}
	return failed
}

func exceeded(path string) *failure {
	return refusal(http.StatusTooManyRequests, fmt.Sprintf("request path %q: rate limit quota exceeded", path))
}
