package dotenv_test

import (
	"os"
	"path"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/envfile"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/store/storetest"
	"github.com/keyplumb/keyplumb/sync/target/dotenv"
)

const scope = store.Scope("file:.env.dev")

// folder gives an empty repository.
func folder(t testing.TB) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	if err := root.Mkdir("app", 0o700); err != nil {
		t.Fatal(err)
	}
	return root
}

// ignored is git with ".env*" in .gitignore.
func ignored(name string) (bool, error) { return strings.HasPrefix(path.Base(name), ".env"), nil }

func target(root *os.Root) *dotenv.Target {
	return dotenv.New(dotenv.Options{Root: root, IsIgnored: ignored})
}

func placement(name, value string) store.Placement {
	return store.Placement{Scope: scope, Kind: store.Secret, Name: name, Value: secret.New([]byte(value))}
}

func TestContract(t *testing.T) {
	storetest.Target(t, storetest.TargetHarness{
		Kinds:         []store.Kind{store.Secret},
		Readable:      []store.Kind{store.Secret},
		CaseSensitive: true, MaxValue: dotenv.MaxValue, Many: 40,
		New: func(t *testing.T) storetest.TargetFixture {
			root := folder(t)
			return storetest.TargetFixture{
				Target: target(root), Scope: scope, Other: "file:app/.env",
				Stored: func(scope store.Scope, _ store.Kind, name string) (string, bool) {
					data, err := root.ReadFile(strings.TrimPrefix(string(scope), "file:"))
					if err != nil {
						return "", false
					}
					file, err := envfile.Parse(data)
					if err != nil {
						t.Errorf("the file is malformed: %v", err)
						return "", false
					}
					return file.Value(name)
				},
				Break:   func(error) bool { return false },
				Deletes: func() int { return 0 },
			}
		},
	})
}
