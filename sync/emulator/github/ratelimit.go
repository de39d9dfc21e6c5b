package github

import (
	"net/http"
	"strconv"
	"time"
)

// charge counts the request against its token's primary limit.
func (c *call) charge() error {
	t := c.token
	c.renewWindow()
	exceeded := t.used >= c.server.rateLimit
	if !exceeded {
		t.used++
	}
	c.showLimit()
	if exceeded {
		return &failure{status: http.StatusForbidden, message: "API rate limit exceeded for user ID 1."}
	}
	return nil
}

func (c *call) renewWindow() {
	if !c.now.Before(c.token.windowEnd) {
		c.token.used, c.token.windowEnd = 0, c.now.Add(time.Hour)
	}
}

func (c *call) showLimit() {
	limit, used := c.server.rateLimit, c.token.used
	for name, value := range map[string]int64{
		"Limit": int64(limit), "Remaining": int64(limit - used), "Used": int64(used), "Reset": c.token.windowEnd.Unix(),
	} {
		c.header.Set("X-RateLimit-"+name, strconv.FormatInt(value, 10))
	}
	c.header.Set("X-RateLimit-Resource", "core")
}

// getRateLimit is GET /rate_limit, which does not count against the limit.
func getRateLimit(c *call) (reply, error) {
	if err := c.authenticate(); err != nil {
		return reply{}, err
	}
	c.renewWindow()
	c.showLimit()
	core := c.limits(c.server.rateLimit, c.token.used)
	return reply{http.StatusOK, map[string]any{
		"rate": core,
		"resources": map[string]any{
			"core":   core,
			"search": c.limits(30, 0),
		},
	}}, nil
}

func (c *call) limits(limit, used int) map[string]any {
	return map[string]any{"limit": limit, "used": used, "remaining": limit - used, "reset": c.token.windowEnd.Unix()}
}
