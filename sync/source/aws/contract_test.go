package aws_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/aws"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/store/storetest"
)

// TestContract runs the contract over secrets that are JSON objects, as the
// console makes them, and over those that are one text, or bytes.
func TestContract(t *testing.T) {
	t.Run("JSON", func(t *testing.T) {
		storetest.Source(t, storetest.SourceHarness{
			Paths: []string{"dev/api", "prod/deep/er"}, Missing: "none",
			Structured: true, Nested: true, Listing: true, Versioned: true, Dated: true,
			New: func(t *testing.T, secrets storetest.Secrets) storetest.SourceFixture {
				return fixture(t, secrets, putJSON)
			},
		})
	})
	for name, put := range map[string]func(*server, string, map[string]any){"text": putText, "binary": putBinary} {
		t.Run(name, func(t *testing.T) {
			storetest.Source(t, storetest.SourceHarness{
				Paths: []string{"dev/api", "prod/deep/er"}, Missing: "none", Binary: name == "binary", Versioned: true, Dated: true,
				New: func(t *testing.T, secrets storetest.Secrets) storetest.SourceFixture { return fixture(t, secrets, put) },
			})
		})
	}
}

func putJSON(s *server, path string, fields map[string]any) { s.Put(path, whole(fields)) }

func putText(s *server, path string, fields map[string]any) { s.Put(path, fields[""].(string)) } //nolint:errcheck,forcetypeassert // a text it is

func putBinary(s *server, path string, fields map[string]any) {
	s.PutBinary(path, []byte(fields[""].(string))) //nolint:errcheck,forcetypeassert // a text it is
}

func whole(fields map[string]any) string {
	text, err := json.Marshal(fields)
	if err != nil {
		panic(err) // it is texts and maps of them
	}
	return string(text)
}

func fixture(t *testing.T, secrets storetest.Secrets, put func(*server, string, map[string]any)) storetest.SourceFixture {
	s := newServer(t)
	fill := func(secrets storetest.Secrets) {
		for path, fields := range secrets {
			put(s, path, fields)
		}
	}
	fill(secrets)
	return storetest.SourceFixture{
		Source: open(t, s.options()),
		Reopen: func() store.Source { return open(t, s.options()) },
		Reads:  s.Reads,
		Replace: func(secrets storetest.Secrets) {
			s.Clock().Advance(time.Minute)
			fill(secrets)
		},
		Whole: func(path string) string { return whole(secrets[path]) },
		Break: func(kind error) bool {
			code := map[error]string{store.ErrDenied: "AccessDeniedException", store.ErrUnauthentic: "UnrecognizedClientException",
				store.ErrUnavailable: "TeapotException", store.ErrUnreadable: "DecryptionFailure"}[kind]
			status := 400
			if errors.Is(kind, store.ErrUnavailable) {
				status = 418
			}
			s.Inject(emulator.Fault{Effect: emulator.Failing(status, code)})
			return true
		},
		Stray: func() { s.Inject(emulator.Fault{Effect: emulator.EchoText(404)}) },
	}
}
