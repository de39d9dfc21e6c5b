package vault_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/vault"
	"github.com/keyplumb/keyplumb/sync/source/vault"
	"github.com/keyplumb/keyplumb/sync/store"
)

// TestDescribe: what a secret's metadata tells, by a token that may read no
// value, is what would come with the value.
func TestDescribe(t *testing.T) {
	s := newServer(t, 2)
	s.Put("kv", "api", map[string]any{"KEY": "first"})
	s.Clock().Advance(time.Hour)
	s.Put("kv", "api", map[string]any{"KEY": "second"})
	s.SetCustomMetadata("kv", "api", map[string]string{"owner": "payments", "expires": "2027-03-01"})
	reading := readOne(t.Context(), t, open(t, s.options()), store.Reference{Path: "api", Field: "KEY"})
	s.AddPolicy("reads", emulator.Allow("kv/metadata/*", "read"))

	source := open(t, s.options())
	got := source.Describe(t.Context(), []store.Reference{
		{Path: "api", Field: "KEY"}, {Path: "api", Version: "previous"}, {Path: "api", Version: "1"}, {Path: "api", Version: "3"}, {Path: "a/../b"},
	})
	end := time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)
	if got[0].Version != reading.Version || !got[0].Changed.Equal(reading.Changed) || got[0].Owner != "payments" || !got[0].Expires.Equal(end) || !reading.Expires.Equal(end) {
		t.Errorf("described %+v, read %+v", got[0], reading)
	}
	for _, old := range got[1:3] {
		if old.Err != nil || !strings.HasPrefix(old.Version, "1 at ") || !old.Changed.Equal(reading.Changed.Add(-time.Hour)) || old.Owner != "payments" || !old.Expires.IsZero() {
			t.Errorf("the version before is %+v", old)
		}
	}
	if !errors.Is(got[3].Err, store.ErrNotFound) || !errors.Is(got[4].Err, store.ErrInvalid) {
		t.Errorf("no such version: %v; no path: %v", got[3].Err, got[4].Err)
	}
	for request := range s.asked() {
		if strings.HasPrefix(request, "GET /kv/data/") && s.asked()[request] > 1 {
			t.Errorf("a value was read: %s", request)
		}
	}
}

func TestDescribeRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		version int
		spoil   func(*server, *vault.Options)
		kind    error
		says    string
	}{
		"denied":    {2, func(*server, *vault.Options) {}, store.ErrDenied, `path "kv/metadata/api" { capabilities = ["read"] }`},
		"version 1": {1, func(*server, *vault.Options) {}, store.ErrInvalid, "keeps no metadata"},
		"sealed":    {2, func(s *server, _ *vault.Options) { s.Seal() }, store.ErrUnavailable, "the vault is sealed"},
		"half of it": {2, func(s *server, _ *vault.Options) {
			s.AddPolicy("reads", emulator.Allow("kv/metadata/*", "read"))
			s.Inject(metadataFault(emulator.Malformed()))
		}, store.ErrUnavailable, "could not be read"},
		"a stranger's": {2, func(s *server, _ *vault.Options) { s.Inject(metadataFault(emulator.EchoText(404))) }, store.ErrUnavailable, "could not be read"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, test.version)
			s.Put("kv", "api", map[string]any{"KEY": "value"})
			o := s.options()
			test.spoil(s, &o)
			got := open(t, o).Describe(t.Context(), []store.Reference{{Path: "api"}})[0]
			if text := got.Err.Error() + " " + store.Hint(got.Err); !errors.Is(got.Err, test.kind) || !strings.Contains(text, test.says) {
				t.Errorf("%s; want %v, saying %q", text, test.kind, test.says)
			}
		})
	}
}

func metadataFault(effect emulator.Effect) emulator.Fault {
	return emulator.Fault{When: emulator.On("GET", "/kv/metadata/api"), Effect: effect}
}
