package ssm_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/aws"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/store/storetest"
)

// TestContract runs the contract over parameters that are one text, and over
// those that are JSON objects.
func TestContract(t *testing.T) {
	for name, structured := range map[string]bool{"text": false, "JSON": true} {
		t.Run(name, func(t *testing.T) {
			storetest.Source(t, storetest.SourceHarness{
				Paths: []string{"/dev/api", "flat"}, Missing: "/none",
				Structured: structured, Nested: structured, Listing: structured, Versioned: true, Dated: true,
				New: func(t *testing.T, secrets storetest.Secrets) storetest.SourceFixture {
					return fixture(t, secrets, structured)
				},
			})
		})
	}
}

// textOf is what a parameter holds of some fields.
func textOf(fields map[string]any, structured bool) string {
	if text, ok := fields[""].(string); ok && !structured {
		return text
	}
	text, err := json.Marshal(fields)
	if err != nil {
		panic(err) // it is texts and maps of them
	}
	return string(text)
}

func fixture(t *testing.T, secrets storetest.Secrets, structured bool) storetest.SourceFixture {
	s := newServer(t)
	fill := func(secrets storetest.Secrets) {
		for path, fields := range secrets {
			s.PutParameter(path, textOf(fields, structured))
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
		Whole: func(path string) string { return textOf(secrets[path], structured) },
		Break: func(kind error) bool {
			code := map[error]string{store.ErrDenied: "AccessDeniedException", store.ErrUnauthentic: "UnrecognizedClientException",
				store.ErrUnavailable: "TeapotException", store.ErrUnreadable: "InvalidKeyId"}[kind]
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
