package sops

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/getsops/sops/v3"
	"github.com/getsops/sops/v3/config"
	sopsdotenv "github.com/getsops/sops/v3/stores/dotenv"
	sopsjson "github.com/getsops/sops/v3/stores/json"
	sopsyaml "github.com/getsops/sops/v3/stores/yaml"
	"go.yaml.in/yaml/v3"

	"github.com/keyplumb/keyplumb/sync/store"
)

// A format is one way in which sops lays out a file.
type format struct {
	name  string
	store sops.Store
	check func([]byte) error // what sops' store would let pass or not survive
	whole bool               // no fields: the file is one value
}

// formatOf tells a file's format by its name, by sops' own rules.
func formatOf(path string) (format, error) {
	config := config.NewStoresConfig()
	switch {
	case strings.HasSuffix(path, ".yaml"), strings.HasSuffix(path, ".yml"):
		return format{name: "YAML", store: sopsyaml.NewStore(&config.YAML), check: checkYAML}, nil
	case strings.HasSuffix(path, ".json"):
		return format{name: "JSON", store: sopsjson.NewStore(&config.JSON), check: checkJSON}, nil
	case strings.HasSuffix(path, ".env"):
		return format{name: "dotenv", store: sopsdotenv.NewStore(&config.Dotenv), check: checkLines}, nil
	case strings.HasSuffix(path, ".ini"):
		return format{}, &store.Error{
			Op: "read", Ref: path, Kind: store.ErrInvalid, Detail: "INI files are not read",
			Hint: "keep the secrets in a YAML, JSON, dotenv or binary file",
		}
	}
	return format{name: "binary", store: sopsjson.NewBinaryStore(&config.JSONBinary), check: checkJSON, whole: true}, nil
}

var (
	errMalformed = errors.New("malformed")
	errDocuments = errors.New("several documents")
)

// checkJSON refuses what is cut short or has something after its end, neither
// of which sops' store minds, and what is nested so deep that the store, which
// recurses, would overflow the stack.
func checkJSON(data []byte) error {
	if !json.Valid(data) {
		return errMalformed
	}
	return nil
}

// checkYAML refuses a file of several documents: a field could be in any, and
// sops' store expands aliases without a bound in all but the first.
func checkYAML(data []byte) error {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var node yaml.Node
	if err := decoder.Decode(&node); err != nil {
		return errMalformed
	}
	switch err := decoder.Decode(&node); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return errMalformed
	}
	return errDocuments
}

// checkLines leaves a dotenv file to sops' store, which reads line by line.
func checkLines([]byte) error { return nil }
