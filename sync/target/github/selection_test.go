package github_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/target/github"
)

// organization is a server with one organization secret and two repositories.
func organization(t *testing.T, storeName string) *server {
	t.Helper()
	key, _ := keyPair(t, "1")
	base := "/orgs/acme/" + storeName + "/secrets"
	return newServer(t, map[string][]reply{
		"GET " + base + "/public-key": {{status: 200, body: key}},
		"GET " + base + "?per_page=100&page=1": {{status: 200, body: `{"total_count":2,"secrets":[
			{"name":"SELECTED","visibility":"selected"},{"name":"EVERYWHERE","visibility":"all"}]}`}},
		"GET " + base + "/SELECTED/repositories?per_page=100&page=1": {{status: 200, body: `{"total_count":2,"repositories":[
			{"id":2,"name":"web","full_name":"acme/web"},{"id":1,"name":"api","full_name":"acme/api"}]}`}},
		"GET " + base + "/EVERYWHERE/repositories?per_page=100&page=1": {{status: 200, body: `{"total_count":0,"repositories":[]}`}},
		"GET /repos/acme/api":         {{status: 200, body: `{"id":1,"full_name":"acme/api"}`}},
		"GET /repos/acme/web":         {{status: 200, body: `{"id":2,"full_name":"acme/Web"}`}},
		"PUT " + base + "/NAME":       {{status: 201}},
		"PUT " + base + "/SELECTED":   {{status: 204}},
		"PUT " + base + "/EVERYWHERE": {{status: 204}},
	})
}

func TestSelection(t *testing.T) {
	tests := []struct {
		name       string
		secret     string
		attributes store.Attributes
		want       string // what the body says of visibility
		asked      int    // requests for repositories
	}{
		{"new, nothing said", "NAME", nil, `"private" null`, 0},
		{"there, nothing said: as it was", "EVERYWHERE", nil, `"all" null`, 0},
		{"there and selected, nothing said: as it was", "SELECTED", nil, `"selected" [2,1]`, 1},
		{"all", "NAME", store.Attributes{"visibility": "all"}, `"all" null`, 0},
		{"from selected to private", "SELECTED", store.Attributes{"visibility": "private"}, `"private" null`, 0},
		{"selected", "NAME", store.Attributes{"visibility": "selected", "repositories": "api,web"}, `"selected" [1,2]`, 2},
		{"selected, the owner named", "NAME", store.Attributes{"visibility": "selected", "repositories": "ACME/api"}, `"selected" [1]`, 1},
		{"selected, and none of them", "SELECTED", store.Attributes{"visibility": "selected", "repositories": ""}, `"selected" []`, 0},
		{"selected for the first time, without a list", "EVERYWHERE", store.Attributes{"visibility": "selected"}, `"selected" []`, 0},
	}
	for _, storeName := range []string{"actions", "dependabot", "codespaces"} {
		for _, test := range tests {
			t.Run(storeName+" "+test.name, func(t *testing.T) {
				s := organization(t, storeName)
				target := s.open(t, github.Options{Store: storeName, ScopeKind: github.ScopeOrganization})
				if _, err := target.List(t.Context(), "organization", secrets); err != nil {
					t.Fatal(err)
				}
				for range 2 { // what was found out is not asked twice
					if _, err := target.Put(t.Context(), placement("organization", store.Secret, test.secret, "a value", test.attributes)); err != nil {
						t.Fatal(err)
					}
				}
				var body struct {
					Value      string          `json:"encrypted_value"`
					Visibility json.RawMessage `json:"visibility"`
					IDs        json.RawMessage `json:"selected_repository_ids"`
				}
				sent := s.last("PUT /orgs/acme/" + storeName + "/secrets/" + test.secret)
				if err := json.Unmarshal([]byte(sent.body), &body); err != nil || body.Value == "" {
					t.Fatalf("sent without a value: %v", err)
				}
				if len(body.IDs) == 0 {
					body.IDs = json.RawMessage("null")
				}
				if got := fmt.Sprintf("%s %s", body.Visibility, body.IDs); got != test.want {
					t.Errorf("sent %s, want %s", got, test.want)
				}
				asked := 0
				for _, call := range s.calls() {
					if strings.HasPrefix(call, "GET /repos/") {
						asked++
					}
				}
				if want := test.asked; asked != want && !strings.Contains(test.name, "as it was") {
					t.Errorf("asked for %d repositories, want %d", asked, want)
				}
			})
		}
	}
}

func TestInspect(t *testing.T) {
	s := organization(t, "actions")
	target := s.open(t, github.Options{ScopeKind: github.ScopeOrganization})
	listing, err := target.List(t.Context(), "organization", secrets)
	if err != nil || listing.Items[0].Attributes["visibility"] != "selected" || listing.Items[1].Attributes["visibility"] != "all" {
		t.Fatalf("%+v, %v", listing, err)
	}
	got, err := target.Inspect(t.Context(), "organization", store.Secret, "SELECTED")
	if err != nil || got["visibility"] != "selected" || got["repositories"] != "api,web" {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := target.Inspect(t.Context(), "organization", store.Secret, "EVERYWHERE"); err != nil || len(got) != 1 || got["visibility"] != "all" {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := target.Inspect(t.Context(), "organization", store.Secret, "../x"); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("%v", err)
	}
	if n := len(s.calls()); n != 2 {
		t.Errorf("asked %d times", n)
	}
}

func TestSelectedRepositoryIsMissing(t *testing.T) {
	s := organization(t, "actions")
	target := s.open(t, github.Options{ScopeKind: github.ScopeOrganization})
	_, err := target.Put(t.Context(), placement("organization", store.Secret, "NAME", "a value", store.Attributes{"visibility": "selected", "repositories": "api,gone"}))
	if !errors.Is(err, store.ErrNotFound) || !strings.Contains(err.Error(), "acme/gone") {
		t.Errorf("%v", err)
	}
	if slices.ContainsFunc(s.calls(), func(call string) bool { return strings.HasPrefix(call, "PUT") }) {
		t.Error("it was written all the same")
	}
}

func TestCheck(t *testing.T) {
	repo := newServer(t, nil).open(t, github.Options{ScopeKind: github.ScopeRepository})
	org := newServer(t, nil).open(t, github.Options{ScopeKind: github.ScopeOrganization})
	bot := newServer(t, nil).open(t, github.Options{ScopeKind: github.ScopeRepository, Store: github.Dependabot})
	tests := []struct {
		target *github.Target
		p      store.Placement
		want   error
	}{
		{repo, placement("repository", store.Secret, "Name_1", "v", nil), nil},
		{repo, placement("repository", store.Secret, "_", "v", nil), nil},
		{repo, placement("repository", store.Secret, "GITHUB_X", "v", nil), store.ErrInvalid},
		{repo, placement("repository", store.Secret, "github_x", "v", nil), store.ErrInvalid},
		{repo, placement("repository", store.Secret, "GITHUB", "v", nil), nil},
		{repo, placement("repository", store.Variable, "keyplumb_ledger_repo", "v", nil), store.ErrInvalid},
		{repo, placement("repository", store.Secret, "NAME", "", nil), store.ErrInvalid},
		{repo, placement("repository", store.Secret, "NAME", "\xff", nil), nil},
		{repo, placement("repository", store.Variable, "NAME", "\xff", nil), store.ErrInvalid},
		{repo, placement("repository", store.Secret, "NAME", strings.Repeat("x", 49104), nil), nil},
		{repo, placement("repository", store.Secret, "NAME", strings.Repeat("x", 49105), nil), store.ErrTooLarge},
		{repo, placement("repository", store.Secret, "NAME", "v", store.Attributes{"masked": "true"}), store.ErrInvalid},
		{repo, placement("repository", store.Secret, "NAME", "v", store.Attributes{"visibility": "all"}), store.ErrInvalid},
		{repo, placement("organization", store.Secret, "NAME", "v", nil), store.ErrInvalid},
		{bot, placement("repository", store.Secret, "NAME", "v", nil), nil},
		{bot, placement("repository", store.Variable, "NAME", "v", nil), store.ErrInvalid},
		{org, placement("organization", store.Secret, "NAME", "v", store.Attributes{"visibility": "all"}), nil},
		{org, placement("organization", store.Secret, "NAME", "v", store.Attributes{"visibility": "some"}), store.ErrInvalid},
		{org, placement("organization", store.Secret, "NAME", "v", store.Attributes{"visibility": ""}), store.ErrInvalid},
		{org, placement("organization", store.Secret, "NAME", "v", store.Attributes{"visibility": "all", "repositories": "api"}), store.ErrInvalid},
		{org, placement("organization", store.Secret, "NAME", "v", store.Attributes{"visibility": "selected", "repositories": "api,acme/web"}), nil},
		{org, placement("organization", store.Secret, "NAME", "v", store.Attributes{"visibility": "selected", "repositories": "other/api"}), store.ErrInvalid},
		{org, placement("organization", store.Secret, "NAME", "v", store.Attributes{"visibility": "selected", "repositories": "api,.."}), store.ErrInvalid},
		{org, placement("organization", store.Secret, "NAME", "v", store.Attributes{"visibility": "selected", "repositories": "api,"}), store.ErrInvalid},
	}
	for _, test := range tests {
		if err := test.target.Check(test.p); !errors.Is(err, test.want) {
			t.Errorf("%s %s %v: %v, want %v", test.p.Kind, test.p.Name, test.p.Attributes, err, test.want)
		}
	}
	for kind, want := range map[store.Kind][2]int{store.Secret: {100, 1000}, store.Variable: {496, 996}} {
		if got := [2]int{repo.Capacity("repository", kind), org.Capacity("organization", kind)}; got != want {
			t.Errorf("capacity of %s: %v, want %v", kind, got, want)
		}
	}
}
