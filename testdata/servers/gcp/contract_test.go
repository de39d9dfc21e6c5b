package gcp_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/store/storetest"
)

// TestContract runs the contract of every source.
func TestContract(t *testing.T) {
	for name, test := range map[string]struct {
		structured, dated bool
		location          string
	}{
		"values": {dated: true}, "values without ages": {}, "JSON in a location": {structured: true, dated: true, location: "europe-west4"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Source(t, storetest.SourceHarness{
				Paths: []string{"dev_api", "prod-api"}, Missing: "none",
				Structured: test.structured, Nested: test.structured, Listing: true, Binary: !test.structured, Versioned: true, Dated: test.dated,
				New: func(t *testing.T, secrets storetest.Secrets) storetest.SourceFixture {
					return fixture(t, test.structured, test.dated, test.location, secrets)
				},
			})
		})
	}
}

func fixture(t *testing.T, structured, dated bool, location string, secrets storetest.Secrets) storetest.SourceFixture {
	t.Helper()
	s := start(t)
	if !dated {
		s.deny(metadataDenied)
	}
	parent := "projects/acme-prod"
	if location != "" {
		parent += "/locations/" + location
	}
	whole := func(fields map[string]any) string {
		if !structured {
			return fields[""].(string)
		}
		text, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	fill := func(secrets storetest.Secrets) {
		for path, fields := range secrets {
			s.put(parent, path, whole(fields))
		}
	}
	fill(secrets)
	opened := func() store.Source {
		if !dated {
			return silent{s.open(location)}
		}
		return s.open(location)
	}
	return storetest.SourceFixture{
		Source: opened(), Reopen: opened, Replace: fill,
		Reads: func() int {
			s.guard.Lock()
			defer s.guard.Unlock()
			return s.asked["AccessSecretVersion"]
		},
		Whole: func(path string) string { return whole(secrets[path]) },
		Break: func(kind error) bool {
			switch {
			case errors.Is(kind, store.ErrDenied):
				s.deny(func(string) bool { return true })
			case errors.Is(kind, store.ErrUnreadable):
				s.damage = true
			case errors.Is(kind, store.ErrUnauthentic):
				s.revoke()
			default:
				return false
			}
			return true
		},
	}
}

// silent is a source that can tell nothing without the value: who may not look
// at ages may not describe.
type silent struct{ store.Source }
