package harness

import (
	"sync"
	"time"
)

// A Clock tells an emulator's time: when things were made and changed, the Date
// header, the lives of tokens and the windows of rate limits. It runs with the
// machine's clock until it is set. The zero Clock is ready for use, and safe
// for concurrent use.
type Clock struct {
	mu     sync.Mutex
	frozen bool
	at     time.Time     // the time, while frozen
	offset time.Duration // added to the machine's time, while not
}

// Now returns the emulator's time, in UTC.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frozen {
		return c.at
	}
	return time.Now().Add(c.offset).UTC()
}

// Set stops the clock at t; from then on only Set and Advance move it.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frozen, c.at = true, t.UTC()
}

// Advance moves the clock on by d, whether it runs or stands.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
	c.offset += d
}
