//go:build deps

package main

import (
	_ "cuelang.org/go/cue"
	_ "cuelang.org/go/cue/load"
	_ "filippo.io/age"
	_ "github.com/fxamacker/cbor/v2"
	_ "github.com/getkin/kin-openapi/openapi3filter"
	_ "github.com/getsops/sops/v3/stores/yaml"
	_ "github.com/golang-jwt/jwt/v5"
	_ "github.com/google/go-github/v60/github"
	_ "github.com/hashicorp/go-retryablehttp"
	_ "github.com/joho/godotenv"
	_ "github.com/rogpeppe/go-internal/testscript"
	_ "github.com/sethvargo/go-githubactions"
	_ "github.com/spf13/cobra"
	_ "golang.org/x/crypto/nacl/box"
	_ "golang.org/x/sync/errgroup"
	_ "golang.org/x/term"
	_ "golang.org/x/time/rate"
	_ "pgregory.net/rapid"
	_ "github.com/santhosh-tekuri/jsonschema/v6"
)
func main(){}
