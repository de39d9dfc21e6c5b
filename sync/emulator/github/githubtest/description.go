package githubtest

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

//go:embed openapi.json.gz
var compressed []byte

// A description is GitHub's description of its API, ready to look up in.
type description struct {
	paths   *openapi3.Paths
	schemas openapi3.Schemas
	router  routers.Router
}

// describe reads the description, once in a test binary: it is large.
var describe = sync.OnceValues(func() (*description, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil, fmt.Errorf("unzip the description: %w", err)
	}
	text, err := io.ReadAll(unzipped)
	if err != nil {
		return nil, fmt.Errorf("unzip the description: %w", err)
	}
	document, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, fmt.Errorf("read the description: %w", err)
	}
	document.Servers = nil // the emulator is at an address of its own
	if err := mend(document); err != nil {
		return nil, fmt.Errorf("mend the description: %w", err)
	}
	router, err := gorillamux.NewRouter(document)
	if err != nil {
		return nil, fmt.Errorf("route the description: %w", err)
	}
	return &description{paths: document.Paths, schemas: document.Components.Schemas, router: router}, nil
})

// mend sets right what the description has wrong. In the list of an App's
// installations it wants each account to be a user and an enterprise at once
// (allOf), which none is; the schema of a single installation wants either.
func mend(document *openapi3.T) error {
	const list = "/app/installations"
	account, err := document.Paths.Value(list).Get.Responses.Status(200).Value.Content["application/json"].
		Schema.Value.Items.Value.Properties.JSONLookup("account")
	if err != nil {
		return fmt.Errorf("GET %s: %w", list, err)
	}
	schema, ok := account.(*openapi3.Schema)
	if !ok || len(schema.AllOf) != 2 {
		return fmt.Errorf("GET %s: the account is described in another way", list)
	}
	schema.AnyOf, schema.AllOf = schema.AllOf, nil
	return nil
}
