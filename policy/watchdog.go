package policy

import (
	"errors"
	"fmt"
	"runtime/metrics"
	"sync"
	"time"
)

// ErrRunaway is that a policy takes more to evaluate than any honest one does.
var ErrRunaway = errors.New("the policy cannot be evaluated")

// Limits bound the evaluation of a policy.
type Limits struct {
	Time   time.Duration
	Memory uint64 // by which the heap may grow, in bytes
}

// maxStacks bounds the stacks, in bytes: far below where Go ends the process
// with a trace instead of a message.
const maxStacks = 128 << 20

// DefaultLimits are far above what a policy of thousands of secrets takes.
func DefaultLimits() Limits { return Limits{Time: 10 * time.Second, Memory: 1 << 30} }

// Watch calls end, once, if the limits are passed before done is called. CUE
// can be made to run for ever and cannot be cancelled, so end has to end the
// process; nothing has been written by the time that a policy is evaluated.
//
// The error wraps [ErrRunaway] and says which limit it was.
func Watch(limits Limits, end func(error)) (done func()) {
	stop := make(chan struct{})
	before, _ := memory()
	go watch(limits, before, stop, end)
	var once sync.Once
	return func() { once.Do(func() { close(stop) }) }
}

// watch looks often enough that the heap cannot grow far beyond its limit
// between two looks.
func watch(limits Limits, before uint64, stop <-chan struct{}, end func(error)) {
	deadline := time.NewTimer(limits.Time)
	defer deadline.Stop()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-stop:
			return
		case <-deadline.C:
			end(fmt.Errorf("%w: it takes longer than %s", ErrRunaway, limits.Time))
			return
		case <-look.C:
			objects, stacks := memory()
			if stacks > maxStacks {
				end(fmt.Errorf("%w: it is nested too deeply", ErrRunaway))
				return
			}
			if objects > before && objects-before > limits.Memory {
				end(fmt.Errorf("%w: it takes more than %d MiB of memory", ErrRunaway, limits.Memory>>20))
				return
			}
		}
	}
}

// memory is the size of the heap, garbage not yet swept included, and of the
// goroutines' stacks, in bytes.
func memory() (objects, stacks uint64) {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64(), samples[1].Value.Uint64()
}
