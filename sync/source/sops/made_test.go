package sops_test

import (
	"testing"
	"testing/fstest"
	"time"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/source/sops"
	"github.com/keyplumb/keyplumb/sync/store"
)

func TestWhatIsEncryptedIsRead(t *testing.T) {
	id := identity(t)
	modified := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	file, err := sops.Encrypt("s.yaml", []byte("KEY: value of KEY\n"), id.Recipient().String(), modified)
	if err != nil {
		t.Fatal(err)
	}
	source := sops.New(sops.Options{FS: fstest.MapFS{"s.yaml": {Data: file}}, Path: "s.yaml", AgeKey: secret.New([]byte(id.String()))})
	got := source.Read(t.Context(), []store.Reference{{Field: "KEY"}})[0]
	if got.Err != nil || string(got.Value.Reveal()) != "value of KEY" || !got.Changed.Equal(modified) {
		t.Errorf("error %v, changed %v", got.Err, got.Changed)
	}
}
