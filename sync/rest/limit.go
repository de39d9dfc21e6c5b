package rest

import (
	"bytes"
	"net/http"
	"strconv"
	"time"
)

// A Reason says why keyplumb waits.
type Reason string

// The reasons.
const (
	Quota Reason = "the store's quota is used up"        // GitHub's primary limit, GitLab's
	Haste Reason = "the store asks for fewer requests"   // GitHub's secondary limit, any 429
	Pacer Reason = "writes keep to the store's own pace" // before the store has to ask
)

// A limit is what one answer says of the store's limits.
type limit struct {
	refused bool          // the request was not processed for going too fast
	reason  Reason        // "" where the answer says nothing
	wait    time.Duration // until when to send nothing more
	unsaid  bool          // refused, without a word on how long
}

// minute is GitHub's rule for a secondary limit that names no time: wait at
// least one minute, and longer each time.
// https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
const minute = time.Minute

// limitOf reads an answer's word on limits: Retry-After (RFC 9110 §10.2.3),
// GitHub's x-ratelimit-remaining and x-ratelimit-reset, GitLab's RateLimit-…,
// and whatever else the API is known to say.
func (t *Transport) limitOf(resp *http.Response) limit {
	hasty := t.options.Hasty != nil && t.options.Hasty(resp.StatusCode, resp.Header, peek(resp))
	left := firstHeader(resp, "X-Ratelimit-Remaining", "Ratelimit-Remaining")
	quota := left == "0"
	after, asked := retryAfter(resp)
	switch status := resp.StatusCode; {
	case status != http.StatusTooManyRequests && status != http.StatusForbidden && !hasty:
		if !quota {
			return limit{}
		}
		return limit{reason: Quota, wait: untilReset(resp)}
	case status == http.StatusForbidden && !hasty && !quota && !asked && !isSecondary(resp):
		return limit{} // a plain refusal
	case asked && quota:
		return limit{refused: true, reason: Quota, wait: after}
	case asked:
		return limit{refused: true, reason: Haste, wait: after}
	case quota:
		return limit{refused: true, reason: Quota, wait: untilReset(resp)}
	default:
		return limit{refused: true, reason: Haste, wait: t.options.Pause, unsaid: true}
	}
}

// isSecondary tells GitHub's refusal for haste from one for want of permission
// where no header does; the words are those of its documentation's address.
func isSecondary(resp *http.Response) bool {
	body := peek(resp)
	return bytes.Contains(body, []byte("secondary-rate-limits")) || bytes.Contains(body, []byte("#abuse-rate-limits"))
}

// untilReset counts by the server's clock, which may not be ours. A second
// more, since both times are cut to whole ones.
func untilReset(resp *http.Response) time.Duration {
	seconds, err := strconv.ParseInt(firstHeader(resp, "X-Ratelimit-Reset", "Ratelimit-Reset"), 10, 64)
	if err != nil {
		return minute
	}
	return max(time.Unix(seconds, 0).Sub(serverTime(resp)), 0) + time.Second
}

// retryAfter reads Retry-After in either form, seconds or a date.
func retryAfter(resp *http.Response) (time.Duration, bool) {
	text := resp.Header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return max(time.Duration(seconds)*time.Second, time.Second), true
	}
	date, err := http.ParseTime(text)
	if err != nil {
		return 0, false
	}
	return max(date.Sub(serverTime(resp)), time.Second), true
}

func serverTime(resp *http.Response) time.Time {
	if date := Date(resp); !date.IsZero() {
		return date
	}
	return time.Now()
}

func firstHeader(resp *http.Response, names ...string) string {
	for _, name := range names {
		if text := resp.Header.Get(name); text != "" {
			return text
		}
	}
	return ""
}
