package sops

import (
	"crypto/rand"
	"errors"
	"time"

	"github.com/getsops/sops/v3"
	"github.com/getsops/sops/v3/aes"
	sopsage "github.com/getsops/sops/v3/age"
)

// errEncrypt hides what a library says of a file in clear text.
var errEncrypt = errors.New("the file could not be encrypted")

// Encrypt makes the encrypted form of a file, as the sops command does, for
// one age recipient. The path tells the format. The data key is random and
// sealed here; no service is asked.
func Encrypt(path string, plain []byte, recipient string, modified time.Time) ([]byte, error) {
	format, err := formatOf(path)
	if err != nil {
		return nil, err
	}
	branches, err := format.store.LoadPlainFile(plain)
	if err != nil {
		return nil, errEncrypt
	}
	dataKey := make([]byte, 32)
	_, _ = rand.Read(dataKey) // never fails
	key, err := sopsage.MasterKeyFromRecipient(recipient)
	if err != nil || key.Encrypt(dataKey) != nil {
		return nil, errEncrypt
	}
	modified = modified.UTC().Truncate(time.Second)
	tree := sops.Tree{Branches: branches, FilePath: path, Metadata: sops.Metadata{
		KeyGroups: []sops.KeyGroup{{key}}, Version: "3.13.3", LastModified: modified,
		UnencryptedSuffix: sops.DefaultUnencryptedSuffix,
	}}
	cipher := aes.NewCipher()
	mac, err := tree.Encrypt(dataKey, cipher)
	if err != nil {
		return nil, errEncrypt
	}
	if tree.Metadata.MessageAuthenticationCode, err = cipher.Encrypt(mac, dataKey, modified.Format(time.RFC3339)); err != nil {
		return nil, errEncrypt
	}
	out, err := format.store.EmitEncryptedFile(tree)
	if err != nil {
		return nil, errEncrypt
	}
	return out, nil
}
