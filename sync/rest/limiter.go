package rest

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// A Pace bounds how fast a store is written to. It is the store's documented
// limit, kept to before the store has to ask.
type Pace struct {
	Burst     int // writes that are not slowed; 0: there is no pace
	PerMinute int // writes a minute after that: any minute has at most Burst + PerMinute
	Strict    int // writes in any minute once the store has asked for fewer
}

// A Wait is what a user is told of a pause.
type Wait struct {
	Reason    Reason
	For       time.Duration
	Until     time.Time
	PerMinute int // writes a minute from now on, where the pace is the reason or has changed; else 0
}

// A Limiter is what is known of one account's limits at one store. Limits are
// counted by account: transports that share one share a limiter, too.
type Limiter struct {
	pace   Pace
	writes *rate.Limiter // nil: no pace

	mu     sync.Mutex
	until  time.Time // nothing is sent before
	reason Reason
	told   bool // of this wait
	paced  bool // told that writes keep to a pace
	unsaid int  // refusals in a row that named no time

	strict    bool // the strict pace was taken up
	announced bool // and the user was told
}

// NewLimiter makes a limiter that knows nothing yet but the pace.
func NewLimiter(pace Pace) *Limiter {
	l := &Limiter{pace: pace}
	if pace.Burst > 0 {
		l.writes = rate.NewLimiter(perMinute(pace.PerMinute), pace.Burst)
	}
	return l
}

func perMinute(n int) rate.Limit { return rate.Limit(float64(n) / time.Minute.Seconds()) }

// heed remembers what an answer said: to a write, or to a read.
func (l *Limiter) heed(said limit, write bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if write && said.refused && said.reason == Haste {
		l.slowDown()
	}
	if !said.unsaid {
		l.unsaid = 0
	}
	if said.reason == "" {
		return
	}
	wait := said.wait
	if said.unsaid {
		wait <<= min(l.unsaid, 6)
		l.unsaid++
	}
	if until := time.Now().Add(wait); until.After(l.until) {
		l.until, l.reason, l.told = until, said.reason, false
	}
}

// hold gives the wait that is on, and whether it is news.
func (l *Limiter) hold() (w Wait, news bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	left := time.Until(l.until)
	if left <= 0 {
		return Wait{}, false
	}
	w = Wait{Reason: l.reason, For: left, Until: l.until}
	if news, l.told = !l.told, true; news && l.strict && !l.announced {
		w.PerMinute, l.announced = l.pace.Strict, true
	}
	return w, news
}

// turn gives how long a write must wait to keep to the pace, the way to give
// the turn back, and whether it is news that there is a pace.
func (l *Limiter) turn() (w Wait, giveBack func(), news bool) {
	if l.writes == nil {
		return Wait{}, func() {}, false
	}
	reservation := l.writes.Reserve()
	delay := reservation.Delay()
	l.mu.Lock()
	defer l.mu.Unlock()
	if delay > 0 {
		news, l.paced = !l.paced, true
	}
	return Wait{Reason: Pacer, For: delay, Until: time.Now().Add(delay), PerMinute: l.perMinute()}, reservation.Cancel, news
}

// slowDown takes up the strict pace, once; l.mu is held.
func (l *Limiter) slowDown() {
	if l.writes == nil || l.pace.Strict == 0 || l.strict {
		return
	}
	l.strict, l.paced = true, true
	l.writes.SetBurst(1)
	l.writes.SetLimit(perMinute(l.pace.Strict - 1))
}

// perMinute is the pace now; l.mu is held.
func (l *Limiter) perMinute() int {
	if l.strict {
		return l.pace.Strict
	}
	return l.pace.PerMinute
}
