package github

import (
	"crypto/rand"
	"encoding/base64"
	"math/big"
	"regexp"

	"golang.org/x/crypto/nacl/box"
)

// A keyPair opens the sealed boxes of one store.
type keyPair struct {
	id              string
	public, private *[32]byte
}

func newKeyPair() *keyPair {
	public, private, err := box.GenerateKey(rand.Reader)
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return &keyPair{id: keyID(), public: public, private: private}
}

// keyID makes an identifier of the documented shape: 18 decimal digits.
func keyID() string {
	n, err := rand.Int(rand.Reader, big.NewInt(9e17))
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return new(big.Int).Add(n, big.NewInt(1e17)).String()
}

func (k *keyPair) describe() map[string]any {
	return map[string]any{"key_id": k.id, "key": base64.StdEncoding.EncodeToString(k.public[:])}
}

// sealedPattern is the description's own pattern of encrypted_value.
const sealedPattern = `^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$`

var sealedShape = regexp.MustCompile(sealedPattern)

// sealedLimit is the documented 48 KB. GitHub does not say whether it counts
// the bytes before or after sealing; the emulator takes the stricter reading.
const sealedLimit = 48 * 1024

// open returns the value in a sealed box, or GitHub's refusal.
func (k *keyPair) open(sealed, id string) (string, error) {
	if !sealedShape.MatchString(sealed) {
		return "", unprocessable("Invalid request.\n\nFor 'properties/encrypted_value', %s does not match /%s/.", sealed, sealedPattern)
	}
	raw, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return "", improperlySealed()
	}
	if len(raw) > sealedLimit {
		return "", unprocessable("Value is too large. Secrets are limited to 48 KB in size.")
	}
	value, ok := box.OpenAnonymous(nil, raw, k.public, k.private)
	if !ok || id != k.id {
		return "", improperlySealed()
	}
	return string(value), nil
}

func improperlySealed() error {
	return unprocessable("Bad request - validation failed due to an improperly encrypted secret")
}
