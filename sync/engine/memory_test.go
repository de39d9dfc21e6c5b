package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// memorySource holds values by path#field.
type memorySource struct {
	values map[string]string
	broken error
	mu     sync.Mutex
	reads  int
}

func (m *memorySource) Read(_ context.Context, refs []store.Reference) []store.Reading {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	out := make([]store.Reading, len(refs))
	for i, ref := range refs {
		value, ok := m.values[ref.Path+"#"+ref.Field]
		switch {
		case m.broken != nil:
			out[i].Err = m.broken
		case !ok:
			out[i].Err = &store.Error{Op: "read", Ref: ref.String(), Kind: store.ErrNoField, Fields: []string{"SOMETHING"}}
		default:
			out[i] = store.Reading{Value: secret.New([]byte(value)), Version: "1"}
		}
	}
	return out
}

// memoryTarget is a target whose every call can be made to fail, and that says
// in what order it was called.
type memoryTarget struct {
	mu     sync.Mutex
	items  map[string]store.Item // by scope, kind and name
	values map[string]string
	shards map[string]string
	clock  time.Time
	calls  []string
	fail   func(call string) error
	before func(call string)
	limit  int
}

func newMemoryTarget() *memoryTarget {
	return &memoryTarget{items: map[string]store.Item{}, values: map[string]string{}, shards: map[string]string{},
		clock: time.Unix(1_800_000_000, 0)}
}

func (m *memoryTarget) call(format string, args ...any) error {
	call := fmt.Sprintf(format, args...)
	if m.before != nil {
		m.before(call)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls = append(m.calls, call)
	if m.fail != nil {
		return m.fail(call)
	}
	return nil
}

func (m *memoryTarget) Identity(context.Context) (string, error) { return "memory", m.call("identity") }
func (m *memoryTarget) Canonical(name string) string             { return strings.ToUpper(name) }

func (m *memoryTarget) Check(p store.Placement) error {
	if p.Value.Len() > 100 {
		return &store.Error{Op: "check", Kind: store.ErrTooLarge, Detail: "100 bytes at most"}
	}
	return nil
}

func (m *memoryTarget) Capacity(store.Scope, store.Kind) int { return m.limit }

func (m *memoryTarget) List(_ context.Context, scope store.Scope, kinds []store.Kind) (store.Listing, error) {
	if err := m.call("list %s", scope); err != nil {
		return store.Listing{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var l store.Listing
	for at, item := range m.items {
		if strings.HasPrefix(at, string(scope)+" ") && slices.Contains(kinds, item.Kind) {
			l.Items = append(l.Items, item)
		}
	}
	return l, nil
}

func (m *memoryTarget) Prepare(_ context.Context, scope store.Scope, _ ...store.Placement) error {
	return m.call("prepare %s", scope)
}

func place2(scope store.Scope, kind store.Kind, name string) string {
	return fmt.Sprintf("%s %s %s", scope, kind, strings.ToUpper(name))
}

func (m *memoryTarget) Put(_ context.Context, p store.Placement) (time.Time, error) {
	if err := m.call("put %s %s", p.Scope, p.Name); err != nil {
		return time.Time{}, err
	}
	return m.set(p.Scope, p.Kind, p.Name, string(p.Value.Reveal())), nil
}

func (m *memoryTarget) set(scope store.Scope, kind store.Kind, name, value string) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.clock = m.clock.Add(time.Second)
	item := store.Item{Kind: kind, Name: strings.ToUpper(name), Updated: m.clock}
	if kind == store.Variable {
		item.Readable, item.Value = true, secret.New([]byte(value))
	}
	m.items[place2(scope, kind, name)], m.values[place2(scope, kind, name)] = item, value
	return m.clock
}

func (m *memoryTarget) Delete(_ context.Context, scope store.Scope, kind store.Kind, name string) error {
	if err := m.call("delete %s %s", scope, name); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.items, place2(scope, kind, name))
	delete(m.values, place2(scope, kind, name))
	return nil
}

func (m *memoryTarget) ReadShard(_ context.Context, scope store.Scope, n int) (string, error) {
	if err := m.call("read ledger %s %d", scope, n); err != nil {
		return "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.shards[fmt.Sprint(scope, n)], nil
}

func (m *memoryTarget) WriteShard(_ context.Context, scope store.Scope, n int, text string) error {
	if err := m.call("write ledger %s %d", scope, n); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.shards[fmt.Sprint(scope, n)] = text
	return nil
}

func (m *memoryTarget) Requests() (requests, writes int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.calls {
		if strings.HasPrefix(c, "put") || strings.HasPrefix(c, "delete") || strings.HasPrefix(c, "write") {
			writes++
		}
	}
	return len(m.calls), writes
}

var errAway = &store.Error{Op: "call", Kind: store.ErrUnavailable}

var _ interface {
	store.Target
	store.LedgerKeeper
	store.Capacity
	store.Meter
} = (*memoryTarget)(nil)

// failOn fails the calls that begin so.
func failOn(prefix string, err error) func(string) error {
	return func(call string) error {
		if strings.HasPrefix(call, prefix) {
			return err
		}
		return nil
	}
}
