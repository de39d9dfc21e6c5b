package storetest_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/store/storetest"
)

// memory is the smallest target that keeps the contract; each defect breaks it
// in one way.
type memory struct {
	defect  string
	mu      sync.Mutex
	values  map[key]string
	beside  map[key]beside
	shards  map[key]string
	deletes int
	broken  error
	calls   [2]int
}

// beside is what is kept with a value.
type beside struct{ note, description, masked string }

type key struct {
	scope store.Scope
	kind  store.Kind
	name  string
}

const maxValue = 1000

var validName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (m *memory) begin(ctx context.Context, op string, write bool, value string) error {
	m.calls[0]++
	if write && m.defect != "uncounted write" {
		m.calls[1]++
	}
	if err := ctx.Err(); err != nil && m.defect != "deaf to the context" {
		return &store.Error{Op: op, Kind: err}
	}
	if m.broken == nil {
		return nil
	}
	e := &store.Error{Op: op, Kind: m.broken}
	switch m.defect {
	case "shows values":
		e.Detail = fmt.Sprintf("%x", value)
	case "one error for all":
		e.Kind = store.ErrConflict
	case "bare errors":
		return m.broken
	}
	return e
}

func (m *memory) Identity(context.Context) (string, error) {
	if m.defect == "restless identity" {
		return time.Now().String(), nil
	}
	return "memory", nil
}

func (m *memory) Canonical(name string) string {
	if m.defect == "wrong case" {
		return name
	}
	return strings.ToUpper(name)
}

func (m *memory) Check(p store.Placement) error {
	switch {
	case !validName.MatchString(p.Name), strings.Contains(string(p.Value.Reveal()), "\x00"):
		return &store.Error{Op: "check", Kind: store.ErrInvalid}
	case p.Value.Len() > maxValue && m.defect != "no limit":
		return &store.Error{Op: "check", Kind: store.ErrTooLarge}
	}
	return nil
}

func (m *memory) List(ctx context.Context, scope store.Scope, kinds []store.Kind) (store.Listing, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.begin(ctx, "list", false, ""); err != nil {
		return store.Listing{}, err
	}
	if scope == "missing" && m.defect != "invents scopes" {
		return store.Listing{}, &store.Error{Op: "list", Kind: store.ErrNotFound}
	}
	var out store.Listing
	for _, k := range slices.SortedFunc(maps.Keys(m.values), func(a, b key) int { return strings.Compare(a.name, b.name) }) {
		if k.scope != scope && m.defect != "hides neighbours" || k.scope == scope && m.defect == "is its own neighbour" {
			out.Elsewhere = append(out.Elsewhere, store.Neighbour{Scope: k.scope, Kind: k.kind, Name: k.name})
		}
		if k.scope != scope && m.defect != "mixes scopes" || !slices.Contains(kinds, k.kind) && m.defect != "mixes kinds" {
			continue
		}
		with := m.beside[k]
		item := store.Item{Kind: k.kind, Name: k.name, Note: with.note,
			Attributes: store.Attributes{"description": with.description, "masked": with.masked}}
		if k.kind == store.Variable || m.defect == "reads secrets" {
			item.Readable, item.Value = true, secret.New([]byte(m.values[k]))
		}
		out.Items = append(out.Items, item)
	}
	if m.defect == "cuts listings" {
		out.Items = out.Items[:min(len(out.Items), 10)]
	}
	if m.defect == "lists the ledger" && len(m.shards) > 0 {
		out.Items = append(out.Items, store.Item{Kind: store.Variable, Name: "LEDGER"})
	}
	return out, nil
}

func (m *memory) Prepare(_ context.Context, scope store.Scope, _ ...store.Placement) error {
	if scope == "missing" {
		return &store.Error{Op: "prepare", Kind: store.ErrNotFound}
	}
	return nil
}

func (m *memory) Put(ctx context.Context, p store.Placement) (time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.begin(ctx, "put", true, string(p.Value.Reveal())); err != nil {
		return time.Time{}, err
	}
	if err := m.Check(p); err != nil && m.defect != "puts anything" {
		return time.Time{}, err
	}
	value := string(p.Value.Reveal())
	if m.defect == "trims values" {
		value = strings.TrimSpace(value)
	}
	k := key{p.Scope, p.Kind, m.Canonical(p.Name)}
	if _, there := m.values[k]; there && m.defect == "deletes first" {
		m.deletes++
		delete(m.values, k)
	}
	m.values[k] = value
	m.beside[k] = m.put(m.beside[k], p)
	return time.Time{}, nil
}

func (m *memory) put(was beside, p store.Placement) beside {
	is := beside{note: p.Note, description: was.description, masked: m.Complete(p)["masked"]}
	if text, given := p.Attributes["description"]; given || m.defect == "drops descriptions" {
		is.description = text
	}
	switch {
	case m.defect == "keeps the first note" && was.note != "", m.defect == "keeps the last note" && p.Note == "":
		is.note = was.note
	case m.defect == "cuts notes":
		is.note = is.note[:min(len(is.note), 20)]
	case m.defect == "masks all":
		is.masked = "true"
	}
	return is
}

func (m *memory) NoteLimit() int { return 160 }

func (m *memory) Complete(p store.Placement) store.Attributes {
	out := maps.Clone(p.Attributes)
	if out == nil {
		out = store.Attributes{}
	}
	_, given := out["masked"]
	switch {
	case m.defect == "asks to complete":
		m.calls[0]++
	case m.defect == "restless completion":
		out["masked"] = time.Now().String()
		return out
	}
	if !given || m.defect == "overrules what is given" {
		out["masked"] = fmt.Sprint(!strings.Contains(string(p.Value.Reveal()), " "))
	}
	return out
}

func (m *memory) Delete(ctx context.Context, scope store.Scope, kind store.Kind, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.begin(ctx, "delete", true, ""); err != nil {
		return err
	}
	k := key{scope, kind, m.Canonical(name)}
	if _, there := m.values[k]; !there && m.defect == "minds what is absent" {
		return &store.Error{Op: "delete", Kind: store.ErrNotFound}
	}
	m.deletes++
	if m.defect != "keeps what is deleted" {
		delete(m.values, k)
	}
	return nil
}

func (m *memory) ReadShard(ctx context.Context, scope store.Scope, shard int) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.begin(ctx, "read shard", false, ""); err != nil {
		return "", err
	}
	return m.shards[m.shard(scope, shard)], nil
}

func (m *memory) WriteShard(ctx context.Context, scope store.Scope, shard int, text string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.begin(ctx, "write shard", true, text); err != nil {
		return err
	}
	m.shards[m.shard(scope, shard)] = text
	return nil
}

func (m *memory) shard(scope store.Scope, shard int) key {
	if m.defect == "one shard for all" {
		shard = 0
	}
	return key{scope: scope, name: fmt.Sprint(shard)}
}

func (m *memory) Requests() (requests, writes int) { return m.calls[0], m.calls[1] }

func harness(defect string) storetest.TargetHarness {
	return storetest.TargetHarness{
		Kinds:    []store.Kind{store.Secret, store.Variable},
		Readable: []store.Kind{store.Variable},
		MaxValue: maxValue,
		Many:     30, Elsewhere: true,
		New: func(*testing.T) storetest.TargetFixture {
			m := &memory{defect: defect, values: map[key]string{}, beside: map[key]beside{}, shards: map[key]string{}}
			return storetest.TargetFixture{
				Target: m, Scope: "here", Other: "there", Missing: "missing",
				Stored: func(scope store.Scope, kind store.Kind, name string) (string, bool) {
					m.mu.Lock()
					defer m.mu.Unlock()
					value, found := m.values[key{scope, kind, name}]
					return value, found
				},
				Break: func(kind error) bool { m.broken = kind; return true },
				Deletes: func() int {
					m.mu.Lock()
					defer m.mu.Unlock()
					return m.deletes
				},
			}
		},
	}
}

// TestTarget runs the suite over a target without a defect, or with the one
// that TestDefectsAreCaught asks for.
func TestTarget(t *testing.T) { storetest.Target(t, harness(os.Getenv("STORETEST_DEFECT"))) }

// TestDefectsAreCaught shows that the suite can fail: each defect must be
// caught by the part that is about it.
func TestDefectsAreCaught(t *testing.T) {
	for defect, part := range map[string]string{
		"restless identity":       "identity is stable",
		"wrong case":              "canonical names",
		"keeps what is deleted":   "create, update, delete",
		"deletes first":           "an update never deletes",
		"minds what is absent":    "deleting what is not there",
		"invents scopes":          "a missing scope",
		"mixes scopes":            "scopes are apart",
		"mixes kinds":             "kinds are apart",
		"cuts listings":           "listings are whole",
		"reads secrets":           "readable and not",
		"trims values":            "values arrive byte for byte",
		"puts anything":           "check agrees with put",
		"no limit":                "check agrees with put",
		"one error for all":       "failures are told apart",
		"bare errors":             "failures are told apart",
		"shows values":            "no error shows a value",
		"deaf to the context":     "a context that is done",
		"one shard for all":       "ledger shards",
		"lists the ledger":        "ledgers hide from listings",
		"uncounted write":         "requests are counted",
		"keeps the first note":    "notes",
		"keeps the last note":     "notes",
		"cuts notes":              "notes",
		"drops descriptions":      "notes",
		"restless completion":     "completing",
		"asks to complete":        "completing",
		"masks all":               "completing",
		"overrules what is given": "completing",
		"hides neighbours":        "neighbours",
		"is its own neighbour":    "neighbours",
	} {
		t.Run(defect, func(t *testing.T) {
			t.Parallel()
			part := strings.ReplaceAll(part, " ", "_")
			run := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestTarget$/^"+part+"$") //nolint:gosec // this very test binary
			run.Env = append(os.Environ(), "STORETEST_DEFECT="+defect)
			out, err := run.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL: TestTarget/"+part) {
				t.Errorf("not caught by %q: %v\n%s", part, err, out)
			}
		})
	}
}
