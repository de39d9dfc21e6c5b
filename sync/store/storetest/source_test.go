package storetest_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/store/storetest"
)

// vault is the smallest source that keeps the contract; each defect breaks it
// in one way.
type vault struct {
	defect  string
	mu      sync.Mutex
	secrets func() storetest.Secrets // behind a function, so that printing the source shows none
	edition int
	reads   int
	broken  error
	stray   bool
}

func (v *vault) Read(ctx context.Context, refs []store.Reference) []store.Reading {
	if v.defect == "deaf to the context" {
		ctx = context.Background()
	}
	if v.defect == "reads again" {
		var out []store.Reading
		for _, ref := range refs {
			out = append(out, store.ReadByPath(ctx, []store.Reference{ref}, v.open)...)
		}
		return out
	}
	readings := store.ReadByPath(ctx, refs, v.open)
	switch v.defect {
	case "out of order":
		slices.Reverse(readings)
	case "one short":
		readings = readings[:max(0, len(readings)-1)]
	}
	return readings
}

func (v *vault) Describe(ctx context.Context, refs []store.Reference) []store.Reading {
	out := v.Read(ctx, refs)
	for i := range out {
		if errors.Is(out[i].Err, store.ErrNoField) {
			out[i] = v.Read(ctx, []store.Reference{{Path: refs[i].Path}})[0]
		}
		switch v.defect {
		case "describes the value":
			continue
		case "describes another version":
			out[i].Version = "another"
		case "describes what is not there":
			out[i].Err = nil
		}
		out[i].Value = secret.Value{}
	}
	return out
}

func (v *vault) open(path, version string) (store.Lookup, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.reads++
	fail := func(kind error, detail string) error {
		if v.defect == "one error for all" {
			kind = store.ErrUnavailable
		}
		return &store.Error{Op: "read", Ref: path, Kind: kind, Detail: detail}
	}
	fields, found := v.secrets()[path]
	text, _ := json.Marshal(fields)
	switch {
	case v.broken != nil && v.defect == "shows the answer":
		return nil, fail(v.broken, string(text))
	case v.stray && v.defect == "believes a stranger":
		return nil, fail(store.ErrNotFound, "")
	case v.stray:
		return nil, &store.Error{Op: "read", Ref: path, Kind: store.ErrUnavailable, Hint: "look at the address"}
	case v.broken != nil:
		return nil, fail(v.broken, "")
	case !found:
		return nil, fail(store.ErrNotFound, "")
	case version != "":
		return nil, fail(store.ErrInvalid, "no such version")
	}
	reading := store.Reading{Version: fmt.Sprint("edition ", v.edition), Changed: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	switch v.defect {
	case "hashes the value":
		sum := sha256.Sum256([]byte(fmt.Sprint(fields["NAME"])))
		reading.Version = hex.EncodeToString(sum[:])
	case "restless version":
		reading.Version = fmt.Sprint(time.Now().UnixNano())
	case "one version for all":
		reading.Version = "1"
	case "no date":
		reading.Changed = time.Time{}
	}
	return func(field string) store.Reading {
		value, found := any(string(text)), true
		if field != "" {
			value, found = v.find(fields, field)
		}
		if !found {
			err := &store.Error{Op: "read", Ref: path, Kind: store.ErrNoField, Detail: field, Fields: slices.Sorted(maps.Keys(fields))}
			if v.defect == "lists nothing" {
				err.Fields = nil
			}
			if v.defect == "half an error" {
				return store.Reading{Err: err, Version: reading.Version}
			}
			return store.Reading{Err: err}
		}
		out := reading
		out.Value = secret.New([]byte(v.spoil(value.(string))))
		return out
	}, nil
}

// find looks the exact field up first, unless that is what is broken.
func (v *vault) find(fields map[string]any, field string) (any, bool) {
	value, found := fields[field]
	if _, nested := value.(map[string]any); found && !nested && v.defect != "dots first" {
		return value, true
	}
	for at := range len(field) {
		inner, nested := fields[field[:at]].(map[string]any)
		if field[at] != '.' || !nested {
			continue
		}
		if below, ok := v.find(inner, field[at+1:]); ok {
			return below, true
		}
	}
	return value, found
}

func (v *vault) spoil(value string) string {
	switch v.defect {
	case "trims values":
		return strings.TrimSpace(value)
	case "mends bytes":
		return strings.ToValidUTF8(value, "?")
	case "fills what is empty":
		if value == "" {
			return "default"
		}
	}
	return value
}

func sourceHarness(defect string) storetest.SourceHarness {
	return storetest.SourceHarness{
		Paths: []string{"one", "two"}, Missing: "none",
		Structured: true, Nested: true, Listing: true, Binary: true, Versioned: true, Dated: true,
		New: func(_ *testing.T, secrets storetest.Secrets) storetest.SourceFixture {
			v := &vault{defect: defect, secrets: func() storetest.Secrets { return secrets }}
			return storetest.SourceFixture{
				Source: v,
				Reopen: func() store.Source { return v },
				Reads: func() int {
					v.mu.Lock()
					defer v.mu.Unlock()
					return v.reads
				},
				Replace: func(changed storetest.Secrets) { secrets, v.edition = changed, v.edition+1 },
				Whole: func(path string) string {
					text, _ := json.Marshal(v.secrets()[path])
					return string(text)
				},
				Break: func(kind error) bool { v.broken = kind; return true },
				Stray: func() { v.stray = true },
			}
		},
	}
}

// TestSource runs the suite over a source without a defect, or with the one
// that TestSourceDefectsAreCaught asks for.
func TestSource(t *testing.T) {
	storetest.Source(t, sourceHarness(os.Getenv("STORETEST_SOURCE_DEFECT")))
}

func TestSourceDefectsAreCaught(t *testing.T) {
	for defect, part := range map[string]string{
		"out of order":                "one reading for each reference",
		"one short":                   "one reading for each reference",
		"reads again":                 "one read for each secret",
		"trims values":                "values arrive byte for byte",
		"mends bytes":                 "values arrive byte for byte",
		"fills what is empty":         "an empty value is no error",
		"one error for all":           "a secret that is not there",
		"half an error":               "a field that is not there",
		"lists nothing":               "a field that is not there",
		"dots first":                  "nested fields",
		"hashes the value":            "versions",
		"restless version":            "versions",
		"one version for all":         "versions",
		"no date":                     "times of change",
		"shows the answer":            "nothing shows a value",
		"believes a stranger":         "a stranger's word",
		"describes the value":         "descriptions",
		"describes another version":   "descriptions",
		"describes what is not there": "descriptions",
		"deaf to the context":         "a source and a context that is done",
	} {
		t.Run(defect, func(t *testing.T) {
			t.Parallel()
			part := strings.ReplaceAll(part, " ", "_")
			run := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestSource$/^"+part+"$") //nolint:gosec // this very test binary
			run.Env = append(os.Environ(), "STORETEST_SOURCE_DEFECT="+defect)
			out, err := run.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL: TestSource/"+part) {
				t.Errorf("not caught by %q: %v\n%s", part, err, out)
			}
		})
	}
}
