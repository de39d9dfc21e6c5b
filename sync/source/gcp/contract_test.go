package gcp_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/gcp"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/store/storetest"
)

// TestContract: a secret is one value, or a JSON object with fields; global, or
// of a location; its age may be asked, or not.
func TestContract(t *testing.T) {
	for name, test := range map[string]struct {
		structured, dated bool
		location          string
	}{
		"values":                {},
		"values with ages":      {dated: true},
		"JSON":                  {structured: true},
		"JSON in a location":    {structured: true, location: "europe-west4"},
		"values in a location":  {location: "europe-west4", dated: true},
		"JSON, the age is told": {structured: true, dated: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Source(t, storetest.SourceHarness{
				Paths: []string{"acme-prod/dev_api", "acme-prod/prod-api"}, Missing: "acme-prod/none",
				Structured: test.structured, Nested: test.structured, Listing: true, Binary: !test.structured, Versioned: true, Dated: test.dated,
				New: func(t *testing.T, secrets storetest.Secrets) storetest.SourceFixture {
					return fixture(t, test.structured, test.dated, test.location, secrets)
				},
			})
		})
	}
}

func fixture(t *testing.T, structured, dated bool, location string, secrets storetest.Secrets) storetest.SourceFixture {
	s := newServer(t)
	if dated {
		s.seesAges()
	}
	fill := func(secrets storetest.Secrets) {
		for path, fields := range secrets {
			s.Put(resource(path, location), encode(t, structured, fields))
		}
	}
	fill(secrets)
	o := s.options()
	o.Location = location
	opened := func() store.Source {
		if !dated {
			return silent{open(t, o)}
		}
		return open(t, o)
	}
	return storetest.SourceFixture{
		Source: opened(),
		Reopen: opened,
		Reads: func() int {
			reads := 0
			for request, n := range s.asked() {
				if strings.HasSuffix(request, ":access") {
					reads += n
				}
			}
			return reads
		},
		Replace: func(secrets storetest.Secrets) {
			s.Clock().Advance(time.Minute)
			fill(secrets)
		},
		Whole: func(path string) string { return string(encode(t, structured, secrets[path])) },
		Stray: func() { s.Inject(emulator.Fault{When: strangers, Effect: emulator.EchoText(404)}) },
		Break: func(kind error) bool {
			effect, can := map[error]emulator.Effect{
				store.ErrDenied: emulator.Failing(403), store.ErrUnauthentic: emulator.Failing(401),
				store.ErrUnavailable: emulator.Failing(418), store.ErrUnreadable: emulator.Damaged(),
			}[kind]
			s.Inject(emulator.Fault{When: func(_ int, _, path string) bool { return strings.HasSuffix(path, ":access") }, Effect: effect})
			return can
		},
	}
}

// resource is the name in full of a secret at a path.
func resource(path, location string) string {
	project, name, _ := strings.Cut(path, "/")
	if location != "" {
		project += "/locations/" + location
	}
	return "projects/" + project + "/secrets/" + name
}

func encode(t *testing.T, structured bool, fields map[string]any) []byte {
	t.Helper()
	if !structured {
		return []byte(fields[""].(string))
	}
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// strangers is every request but those of a login.
func strangers(_ int, _, path string) bool { return strings.HasPrefix(path, "/v1/projects/") }

// silent is a source that can tell nothing without the value: who may not look
// at ages may not describe.
type silent struct{ store.Source }
