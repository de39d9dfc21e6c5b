package sops

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"
	"github.com/getsops/sops/v3/keyservice"
	"google.golang.org/grpc"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// maxKeyFile is the size of the largest file of identities, in bytes.
const maxKeyFile = 1 << 20

const giveKey = "put an age identity into SOPS_AGE_KEY, or the path of a file of them into SOPS_AGE_KEY_FILE"

func badKey(detail, hint string) error {
	return &store.Error{Op: "read the age key", Kind: store.ErrUnauthentic, Detail: detail, Hint: hint}
}

// identities gives those of the text and of the file together.
func identities(text secret.Value, keyFile string) ([]age.Identity, error) {
	out, err := parseIdentities(text.Reveal(), "SOPS_AGE_KEY")
	if err != nil {
		return nil, err
	}
	if keyFile != "" {
		data, err := readKeyFile(keyFile)
		if err != nil {
			return nil, err
		}
		more, err := parseIdentities(data, "the file that SOPS_AGE_KEY_FILE names")
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	if len(out) == 0 {
		return nil, badKey("no age key given", giveKey)
	}
	return out, nil
}

func readKeyFile(name string) ([]byte, error) {
	file, err := os.Open(name) //nolint:gosec // the user's own environment names it
	if err != nil {
		return nil, badKey("the file that SOPS_AGE_KEY_FILE names cannot be opened", "check the path and its permissions")
	}
	defer file.Close() //nolint:errcheck // it was only read
	data, err := io.ReadAll(io.LimitReader(file, maxKeyFile+1))
	if err != nil || len(data) > maxKeyFile {
		return nil, badKey("the file that SOPS_AGE_KEY_FILE names cannot be read, or is too long for a file of keys", giveKey)
	}
	return data, nil
}

// withoutComments drops the lines that age-keygen writes beside a key.
func withoutComments(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			out.WriteString(line)
		}
	}
	return out.String()
}

// parseIdentities reads identities that are separated by white space: one a
// line in a file, on one line in an environment variable.
func parseIdentities(text []byte, where string) ([]age.Identity, error) {
	var out []age.Identity
	for _, word := range strings.Fields(withoutComments(string(text))) {
		ids, err := age.ParseIdentities(strings.NewReader(word))
		switch {
		case err == nil:
			out = append(out, ids...)
		case strings.HasPrefix(word, "AGE-PLUGIN-"):
			return nil, badKey(where+" holds an identity of an age plugin, which is a program to run", "use a key that age-keygen made")
		default:
			return nil, badKey(where+" holds something that is no age identity", "want AGE-SECRET-KEY-…, as age-keygen prints it; ssh keys are not used")
		}
	}
	return out, nil
}

// An ageService is sops' key service for age keys and no others. It makes no
// request and starts no program.
type ageService struct {
	identities []age.Identity
	damaged    bool // a data key was there for an identity, and broken
}

var (
	errRefused  = errors.New("only age keys are used")
	errNotGiven = errors.New("no identity opens it")
	errDamaged  = errors.New("damaged")
)

// Decrypt opens a data key, which sops keeps as an armored age file.
func (s *ageService) Decrypt(_ context.Context, req *keyservice.DecryptRequest, _ ...grpc.CallOption) (*keyservice.DecryptResponse, error) {
	if req.GetKey().GetAgeKey() == nil {
		return nil, errRefused
	}
	plain, err := age.Decrypt(armor.NewReader(bytes.NewReader(req.GetCiphertext())), s.identities...)
	if _, mismatch := errors.AsType[*age.NoIdentityMatchError](err); mismatch {
		return nil, errNotGiven
	}
	if err != nil {
		s.damaged = true
		return nil, errDamaged
	}
	key, err := io.ReadAll(io.LimitReader(plain, maxKeyFile))
	if err != nil {
		s.damaged = true
		return nil, errDamaged
	}
	return &keyservice.DecryptResponse{Plaintext: key}, nil
}

// Encrypt is part of the interface; a source writes nothing.
func (*ageService) Encrypt(context.Context, *keyservice.EncryptRequest, ...grpc.CallOption) (*keyservice.EncryptResponse, error) {
	return nil, errRefused
}

// recipientsOf keeps what is a public age key: metadata is anyone's text, and
// a message shows only what it knows.
func recipientsOf(candidates []string) []string {
	return slices.DeleteFunc(candidates, func(text string) bool {
		recipients, err := age.ParseRecipients(strings.NewReader(text))
		return err != nil || len(recipients) != 1 || strings.ContainsAny(text, "\n\r")
	})
}
