package kubernetes

import (
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/harness"
)

// What every emulator has, by its name here.
type (
	// A Clock tells the emulator's time.
	Clock = harness.Clock
	// A Request is a line of the emulator's log.
	Request = harness.Request
	// A Fault is something that goes wrong with requests that it is for.
	Fault = harness.Fault
	// An Effect is what goes wrong.
	Effect = harness.Effect
)

// Nth holds for the n-th request.
func Nth(n int) func(int, string, string) bool { return harness.Nth(n) }

// On holds for requests of a method to a path.
func On(method, path string) func(int, string, string) bool { return harness.On(method, path) }

// Slow delays the answer by d.
func Slow(d time.Duration) Effect { return harness.Slow(d) }

// Hang never answers: it processes nothing, and waits until the client leaves.
func Hang() Effect { return harness.Hang() }

// DropBefore cuts the connection without processing the request.
func DropBefore() Effect { return harness.DropBefore() }

// DropAfter processes the request and cuts the connection without an answer.
func DropAfter() Effect { return harness.DropAfter() }

// Truncate processes the request and cuts the connection after half of the
// answer's body.
func Truncate() Effect { return harness.Truncate() }

// Malformed processes the request and answers with a body that ends in the
// middle of its JSON.
func Malformed() Effect { return harness.Malformed() }

// Oversized processes the request and answers with JSON of about size bytes.
func Oversized(size int) Effect { return harness.Oversized(size) }
