package azure_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/azure"
)

func TestChallenge(t *testing.T) {
	s := newStage(t)
	other := s.entra.Issue("t-2", client).Value
	for name, test := range map[string]struct{ header, says string }{
		"nothing":                 {"", "AKV10000"},
		"another scheme":          {"Basic " + s.token, "AKV10000"},
		"a token of nobody":       {"Bearer none", "AKV10015"},
		"a token of other people": {"Bearer " + other, "AKV10032"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://acme.vault.azure.net/secrets/a/?api-version=7.4", nil)
		r.Header.Set("Authorization", test.header)
		got := s.do(s.vault, r)
		if text, _ := got.at("error.message").(string); got.status != http.StatusUnauthorized || !strings.HasPrefix(text, test.says) {
			t.Errorf("%s: %d %s", name, got.status, text)
		}
		if got.header.Get("WWW-Authenticate") != `Bearer authorization="`+authority+`/t-1", resource="https://vault.azure.net"` {
			t.Errorf("%s: challenged with %s", name, got.header.Get("WWW-Authenticate"))
		}
	}
	s.vault.Clock().Advance(azure.Life)
	if got := s.ask(http.MethodGet, "/secrets/a/", ""); got.status != http.StatusUnauthorized {
		t.Errorf("a token that has run out: %d", got.status)
	}
}

func TestSecrets(t *testing.T) {
	s := newStage(t)
	first := s.ask(http.MethodPut, "/secrets/api", `{"value":"one","contentType":"text/plain","tags":{"owner":"a"},"attributes":{"exp":1900000000,"nbf":1000000000}}`)
	id, _ := first.at("id").(string)
	if first.status != http.StatusOK || !strings.HasPrefix(id, "https://acme.vault.azure.net/secrets/api/") || len(id) != len("https://acme.vault.azure.net/secrets/api/")+32 {
		t.Fatalf("set: %d %v", first.status, first.body)
	}
	version := id[len(id)-32:]
	s.vault.Clock().Advance(time.Minute)
	second := s.vault.Set("api", "two", azure.Properties{})
	for path, want := range map[string]string{"/secrets/api/": "two", "/secrets/api": "two", "/secrets/api/" + version: "one", "/secrets/api/" + second: "two"} {
		if got := s.ask(http.MethodGet, path, ""); got.at("value") != want {
			t.Errorf("%s: %d %v", path, got.status, got.body)
		}
	}
	got := s.ask(http.MethodGet, "/secrets/api/"+version, "")
	for path, want := range map[string]any{"attributes.exp": 1900000000.0, "attributes.nbf": 1000000000.0, "attributes.enabled": true,
		"attributes.created": float64(s.vault.Clock().Now().Add(-time.Minute).Unix()), "tags.owner": "a", "contentType": "text/plain"} {
		if got.at(path) != want {
			t.Errorf("%s is %v, want %v", path, got.at(path), want)
		}
	}
	changed := s.ask(http.MethodPatch, "/secrets/api/"+version, `{"attributes":{"enabled":false}}`)
	if changed.at("attributes.enabled") != false || changed.at("value") != nil || changed.at("attributes.exp") != 1900000000.0 {
		t.Errorf("changed: %v", changed.body)
	}
	for path, want := range map[string]struct {
		method string
		status int
		code   string
	}{
		"/secrets/api/" + version:            {http.MethodGet, http.StatusForbidden, "SecretDisabled"},
		"/secrets/none/":                     {http.MethodGet, http.StatusNotFound, "SecretNotFound"},
		"/secrets/none/versions":             {http.MethodGet, http.StatusNotFound, "SecretNotFound"},
		"/secrets/api/none":                  {http.MethodGet, http.StatusNotFound, "SecretNotFound"},
		"/deletedsecrets/api":                {http.MethodGet, http.StatusNotFound, "SecretNotFound"},
		"/keys/api":                          {http.MethodGet, http.StatusNotFound, "NotFound"},
		"/secrets/api?x=y":                   {http.MethodGet, http.StatusBadRequest, "BadParameter"},
		"/secrets/api/" + second + "/more":   {http.MethodGet, http.StatusMethodNotAllowed, "MethodNotAllowed"},
		"/secrets/api":                       {http.MethodPut, http.StatusBadRequest, "BadParameter"},
		"/secrets?api-version=1&maxresults=": {http.MethodPost, http.StatusMethodNotAllowed, "MethodNotAllowed"},
	} {
		got := s.ask(want.method, path, "{}")
		code := got.at("error.code")
		if inner := got.at("error.innererror.code"); inner != nil {
			code = inner
		}
		if got.status != want.status || code != want.code {
			t.Errorf("%s %s: %d %v", want.method, path, got.status, got.body)
		}
	}
}

func TestDeletion(t *testing.T) {
	s := newStage(t)
	s.vault.Set("api", "one", azure.Properties{})
	if got := s.ask(http.MethodDelete, "/secrets/api", ""); got.status != http.StatusOK || got.at("recoveryId") != "https://acme.vault.azure.net/deletedsecrets/api" {
		t.Errorf("delete: %d %v", got.status, got.body)
	}
	if got := s.ask(http.MethodGet, "/secrets/api/", ""); got.status != http.StatusNotFound {
		t.Errorf("get: %d", got.status)
	}
	if got := s.ask(http.MethodGet, "/deletedsecrets/api", ""); got.status != http.StatusOK || got.at("deletedDate") != float64(s.vault.Clock().Now().Unix()) || got.at("value") != nil {
		t.Errorf("get what was deleted: %d %v", got.status, got.body)
	}
	if got := s.ask(http.MethodPut, "/secrets/api", `{"value":"two"}`); got.status != http.StatusConflict {
		t.Errorf("set what was deleted: %d", got.status)
	}
	if got := s.ask(http.MethodDelete, "/deletedsecrets/api", ""); got.status != http.StatusNoContent {
		t.Errorf("purge: %d", got.status)
	}
	for _, path := range []string{"/secrets/api", "/deletedsecrets/api"} {
		if got := s.ask(http.MethodDelete, path, ""); got.status != http.StatusNotFound {
			t.Errorf("delete %s again: %d", path, got.status)
		}
	}
}

func TestPages(t *testing.T) {
	s := newStage(t)
	for i := range 60 {
		s.vault.Set("api", fmt.Sprint(i), azure.Properties{})
		s.vault.Set(fmt.Sprint("other-", i%2), "x", azure.Properties{})
	}
	var ids []string
	pages := 0
	for path := "/secrets/api/versions?api-version=7.4"; path != ""; pages++ {
		got := s.ask(http.MethodGet, path, "")
		items, _ := got.at("value").([]any)
		for _, item := range items {
			fields, _ := item.(map[string]any)
			id, _ := fields["id"].(string)
			ids = append(ids, id)
			if fields["value"] != nil {
				t.Error("a list holds values")
			}
		}
		next, _ := got.at("nextLink").(string)
		path = strings.TrimPrefix(next, "https://acme.vault.azure.net")
	}
	if pages != 3 || len(ids) != 60 || !slices.IsSorted(ids) || len(slices.Compact(ids)) != 60 {
		t.Errorf("%d versions on %d pages", len(ids), pages)
	}
	if items, _ := s.ask(http.MethodGet, "/secrets", "").at("value").([]any); len(items) != 3 {
		t.Errorf("%d secrets", len(items))
	}
	for _, size := range []string{"0", "26", "x"} {
		if got := s.ask(http.MethodGet, "/secrets?api-version=7.4&maxresults="+size, ""); got.status != http.StatusBadRequest {
			t.Errorf("pages of %s: %d", size, got.status)
		}
	}
}

func TestPermissions(t *testing.T) {
	for permission, request := range map[string]struct{ method, path string }{
		"get": {http.MethodGet, "/secrets/api/"}, "list": {http.MethodGet, "/secrets/api/versions"}, "set": {http.MethodPut, "/secrets/api"},
		"delete": {http.MethodDelete, "/secrets/api"}, "purge": {http.MethodDelete, "/deletedsecrets/api"},
	} {
		s := newStage(t)
		s.vault.Set("api", "one", azure.Properties{})
		s.vault.Grant(client, slices.DeleteFunc([]string{"get", "list", "set", "delete", "purge"}, func(p string) bool { return p == permission })...)
		if got := s.ask(request.method, request.path, `{"value":"x"}`); got.status != http.StatusForbidden || got.at("error.innererror.code") != "ForbiddenByRbac" {
			t.Errorf("%s: %d %v", permission, got.status, got.body)
		}
		s.vault.UsePolicies()
		if got := s.ask(request.method, request.path, `{"value":"x"}`); got.status != http.StatusForbidden || got.at("error.innererror.code") != "ForbiddenByPolicy" {
			t.Errorf("%s: %d %v", permission, got.status, got.body)
		}
		s.vault.Close("ForbiddenByFirewall")
		if got := s.ask(request.method, request.path, `{"value":"x"}`); got.at("error.innererror.code") != "ForbiddenByFirewall" {
			t.Errorf("%s, closed: %v", permission, got.body)
		}
	}
}
