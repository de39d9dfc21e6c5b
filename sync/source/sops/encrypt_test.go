package sops_test

import (
	"testing"
	"time"

	"filippo.io/age"
	getsops "github.com/getsops/sops/v3"
	"github.com/getsops/sops/v3/aes"
	sopsage "github.com/getsops/sops/v3/age"
	"github.com/getsops/sops/v3/config"
	"github.com/getsops/sops/v3/keys"
	"github.com/getsops/sops/v3/keyservice"
	sopsdotenv "github.com/getsops/sops/v3/stores/dotenv"
	sopsjson "github.com/getsops/sops/v3/stores/json"
	sopsyaml "github.com/getsops/sops/v3/stores/yaml"
)

// identity makes a new age identity.
func identity(t *testing.T) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// stores gives sops' own store for each extension.
func stores() map[string]getsops.Store {
	c := config.NewStoresConfig()
	return map[string]getsops.Store{
		"yaml": sopsyaml.NewStore(&c.YAML), "json": sopsjson.NewStore(&c.JSON),
		"env": sopsdotenv.NewStore(&c.Dotenv), "bin": sopsjson.NewBinaryStore(&c.JSONBinary),
	}
}

// A recipe says how sops encrypts a file.
type recipe struct {
	extension string
	plain     string             // what the file holds, as text
	tree      getsops.TreeBranch // or as a tree, for values that the format has no text for
	groups    []getsops.KeyGroup
	threshold int
	modified  time.Time
	metadata  func(*getsops.Metadata)
}

func ageGroup(t *testing.T, ids ...*age.X25519Identity) getsops.KeyGroup {
	t.Helper()
	var out getsops.KeyGroup
	for _, id := range ids {
		key, err := sopsage.MasterKeyFromRecipient(id.Recipient().String())
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, keys.MasterKey(key))
	}
	return out
}

// encrypt does what the sops command does, with the library's own parts.
func (r recipe) encrypt(t *testing.T) []byte {
	t.Helper()
	store := stores()[r.extension]
	branches := getsops.TreeBranches{r.tree}
	if r.tree == nil {
		var err error
		if branches, err = store.LoadPlainFile([]byte(r.plain)); err != nil {
			t.Fatal(err)
		}
	}
	if r.modified.IsZero() {
		r.modified = time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	}
	tree := getsops.Tree{Branches: branches, Metadata: getsops.Metadata{
		KeyGroups: r.groups, ShamirThreshold: r.threshold, Version: "3.13.3", LastModified: r.modified,
		UnencryptedSuffix: getsops.DefaultUnencryptedSuffix,
	}}
	if r.metadata != nil {
		r.metadata(&tree.Metadata)
	}
	dataKey, errs := tree.GenerateDataKeyWithKeyServices([]keyservice.KeyServiceClient{keyservice.NewLocalClient()})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	cipher := aes.NewCipher()
	mac, err := tree.Encrypt(dataKey, cipher)
	if err != nil {
		t.Fatal(err)
	}
	tree.Metadata.MessageAuthenticationCode, err = cipher.Encrypt(mac, dataKey, r.modified.Format(time.RFC3339))
	if err != nil {
		t.Fatal(err)
	}
	out, err := store.EmitEncryptedFile(tree)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
