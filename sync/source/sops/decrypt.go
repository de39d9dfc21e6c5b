package sops

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/getsops/sops/v3"
	"github.com/getsops/sops/v3/aes"
	sopsage "github.com/getsops/sops/v3/age"
	"github.com/getsops/sops/v3/keyservice"

	"github.com/keyplumb/keyplumb/sync/store"
)

// decrypt opens a file and verifies its MAC. What sops says of it is never
// shown: its errors quote lines, values and keys.
func (s *Source) decrypt(path string, f format, data []byte) (doc *document, err error) {
	fail := func(kind error, detail, hint string) error {
		return &store.Error{Op: "decrypt", Ref: path, Kind: kind, Detail: detail, Hint: hint}
	}
	defer func() {
		// sops asserts types on what it parsed; a file made to break that
		// must end in an error like any other broken file.
		if recover() != nil {
			doc, err = nil, fail(store.ErrUnreadable, "not a file that sops wrote", restore)
		}
	}()
	tree, err := load(f, data, fail)
	if err != nil {
		return nil, err
	}
	if err := keepAge(&tree.Metadata, fail); err != nil {
		return nil, err
	}
	dataKey, err := s.dataKey(&tree.Metadata, fail)
	if err != nil {
		return nil, err
	}
	if err := verify(tree, dataKey, fail); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	return &document{
		path: path, format: f, branches: tree.Branches,
		version: hex.EncodeToString(sum[:]), changed: tree.Metadata.LastModified,
	}, nil
}

const restore = "restore the file from git, or write it again with sops"

type failure func(kind error, detail, hint string) error

func load(f format, data []byte, fail failure) (sops.Tree, error) {
	switch err := f.check(data); {
	case errors.Is(err, errDocuments):
		return sops.Tree{}, fail(store.ErrUnreadable, "it holds several YAML documents", "keep one document in a file")
	case err != nil:
		return sops.Tree{}, fail(store.ErrUnreadable, "it is not "+f.layout()+": cut short, or not what its name says", restore+"; its name must end in .yaml, .json or .env unless it is binary")
	}
	tree, err := f.store.LoadEncryptedFile(data)
	switch {
	case errors.Is(err, sops.MetadataNotFound):
		return sops.Tree{}, fail(store.ErrUnreadable, "it is not encrypted with sops", "encrypt it, and change what was in it if it was ever pushed: sops encrypt --in-place FILE")
	case err != nil:
		return sops.Tree{}, fail(store.ErrUnreadable, "its sops metadata is incomplete or broken", restore)
	}
	return tree, nil
}

// layout is how the file is written: sops keeps binary files as JSON.
func (f format) layout() string {
	if f.whole {
		return "a binary file as sops writes it, in JSON"
	}
	return f.name
}

// keyKinds names what else sops can encrypt for.
func keyKinds() map[string]string {
	return map[string]string{
		"azure_kv": "Azure Key Vault", "gcp_kms": "Google Cloud KMS", "hc_vault": "HashiCorp Vault",
		"hckms": "HuaweiCloud KMS", "kms": "AWS KMS", "pgp": "PGP",
	}
}

// keepAge drops every key that is not an age key. A group that loses all its
// keys stays, empty: it counts as one that cannot be opened.
func keepAge(m *sops.Metadata, fail failure) error {
	dropped, groups := map[string]bool{}, 0
	for i, group := range m.KeyGroups {
		m.KeyGroups[i] = nil
		for _, key := range group {
			if _, ok := key.(*sopsage.MasterKey); ok {
				m.KeyGroups[i] = append(m.KeyGroups[i], key)
				continue
			}
			dropped[kindName(key.TypeToIdentifier())] = true
		}
		if len(m.KeyGroups[i]) > 0 {
			groups++
		}
	}
	if needed := threshold(m); groups < needed {
		kinds := strings.Join(slices.Sorted(maps.Keys(dropped)), ", ")
		if groups == 0 {
			return fail(store.ErrUnreadable, "it is encrypted for "+kinds+" only, and keyplumb opens age keys", addAge)
		}
		return fail(store.ErrUnreadable, "its key groups need more than age keys: "+kinds, addAge)
	}
	return nil
}

const addAge = "add an age recipient: sops rotate --in-place --add-age RECIPIENT FILE"

func kindName(identifier string) string {
	if name, ok := keyKinds()[identifier]; ok {
		return name
	}
	return "another kind of key"
}

// threshold is how many groups must be opened.
func threshold(m *sops.Metadata) int {
	if len(m.KeyGroups) < 2 {
		return 1
	}
	// Shamir's scheme needs two shares at least; sops itself takes 0 for all.
	if m.ShamirThreshold == 0 {
		return len(m.KeyGroups)
	}
	return max(2, m.ShamirThreshold)
}

func (s *Source) dataKey(m *sops.Metadata, fail failure) ([]byte, error) {
	ids, err := s.identities()
	if err != nil {
		return nil, err
	}
	service := &ageService{identities: ids}
	key, err := m.GetDataKeyWithKeyServices([]keyservice.KeyServiceClient{service}, nil)
	switch {
	case err == nil:
		return key, nil
	case service.damaged:
		return nil, fail(store.ErrUnreadable, "the data key in its metadata is damaged", restore)
	}
	hint := giveKey
	if recipients := recipientsOf(recipients(m)); len(recipients) > 0 {
		hint = "it is encrypted for " + strings.Join(recipients, ", ") + ": " + giveKey
	}
	return nil, fail(store.ErrUnauthentic, "none of the age keys given opens it", hint)
}

func recipients(m *sops.Metadata) []string {
	var out []string
	for _, group := range m.KeyGroups {
		for _, key := range group {
			out = append(out, key.ToString())
		}
	}
	return out
}

// verify decrypts the tree in place and compares its MAC with the one that the
// file holds, which is bound to lastmodified.
func verify(tree sops.Tree, dataKey []byte, fail failure) error {
	tampered := fail(store.ErrUnreadable, "it was changed without sops, or is damaged: its contents do not match its MAC", restore)
	cipher := aes.NewCipher()
	mac, err := tree.Decrypt(dataKey, cipher)
	if err != nil {
		return tampered
	}
	m := tree.Metadata
	want, err := cipher.Decrypt(m.MessageAuthenticationCode, dataKey, m.LastModified.Format(time.RFC3339))
	if err != nil || want != mac {
		return tampered
	}
	return nil
}
