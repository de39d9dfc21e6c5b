package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/keyplumb/keyplumb/sync/store"
)

// TestMadeFor: a token goes to those that it was made for, whoever signed it.
func TestMadeFor(t *testing.T) {
	const audience = "https://vault.example.com"
	for name, tt := range map[string]struct {
		claims jwt.MapClaims
		kind   error // nil: it is good
	}{
		"for this one":         {jwt.MapClaims{"aud": audience}, nil},
		"for several":          {jwt.MapClaims{"aud": []string{"sts.amazonaws.com", audience}}, nil},
		"for another":          {jwt.MapClaims{"aud": "https://other.example"}, store.ErrDenied},
		"for one that is near": {jwt.MapClaims{"aud": audience + "/"}, store.ErrDenied},
		"for nobody":           {jwt.MapClaims{"sub": "project_path:acme/api"}, store.ErrDenied},
		"for a number":         {jwt.MapClaims{"aud": 7}, store.ErrUnauthentic},
	} {
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, tt.claims).SignedString([]byte(strings.Repeat("k", 32)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := madeFor(token, "VAULT_ID_TOKEN", audience)
		if !errors.Is(err, tt.kind) || (err == nil) != (tt.kind == nil) {
			t.Errorf("%s: %v, want %v", name, err, tt.kind)
		}
		if err == nil && string(got.Reveal()) != token || err != nil && (!got.IsEmpty() || store.Hint(err) == "" || strings.Contains(err.Error(), token)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := madeFor("canary-of-the-token", "VAULT_ID_TOKEN", audience); !errors.Is(err, store.ErrUnauthentic) || strings.Contains(err.Error(), "canary") {
		t.Errorf("no token at all: %v", err)
	}
}
