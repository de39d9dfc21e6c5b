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
	router, err := gorillamux.NewRouter(document)
	if err != nil {
		return nil, fmt.Errorf("route the description: %w", err)
	}
	return &description{schemas: document.Components.Schemas, router: router}, nil
})
