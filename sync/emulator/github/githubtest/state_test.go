package githubtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/github"
)

// listed is where acme/api has its secrets.
const listed = "/repos/acme/api/actions/secrets"

func TestEditBehindTheClientsBack(t *testing.T) {
	c := start(t)
	place := github.InEnvironment("acme/api", "prod")
	if err := c.EditSecret(place, "X", "edited"); err == nil {
		t.Error("a secret that is not there was edited")
	}
	if err := c.DeleteSecret(place, "X"); err == nil {
		t.Error("a secret that is not there was deleted")
	}
	if err := c.SetSecret(place, "X", "first"); err != nil {
		t.Fatal(err)
	}
	c.Clock().Advance(time.Minute)
	if err := c.EditSecret(place, "x", "edited"); err != nil {
		t.Fatal(err)
	}
	got := c.want(200, "GET", "/repos/acme/api/environments/prod/secrets/X", nil).fields
	if got["created_at"] != "2026-01-02T03:04:05Z" || got["updated_at"] != "2026-01-02T03:05:05Z" {
		t.Errorf("edited: %v", got)
	}
	if value, _ := c.SecretValue(place, "X"); value != "edited" {
		t.Errorf("value %q", value)
	}
	if err := c.SetVariable(place, "V", "1"); err != nil {
		t.Fatal(err)
	}
	if value, _ := c.VariableValue(place, "v"); value != "1" {
		t.Errorf("variable %q", value)
	}
	if err := c.DeleteVariable(place, "V"); err != nil {
		t.Error(err)
	}
	if err := c.SetSecret(github.InRepository("acme/none"), "X", ""); err == nil {
		t.Error("a repository that is not there took a secret")
	}
}

func TestSnapshot(t *testing.T) {
	build := func(order []string) *client {
		c := start(t)
		web := c.AddRepository("acme/web")
		for _, name := range order {
			c.want(201, "PUT", listed+"/"+name, c.seal(listed, "value of "+name))
			c.Clock().Advance(time.Hour)
		}
		body := c.seal("/orgs/acme/actions/secrets", "shared")
		body["visibility"], body["selected_repository_ids"] = "selected", []int64{web}
		c.want(201, "PUT", "/orgs/acme/actions/secrets/S", body)
		c.want(201, "POST", "/repos/acme/api/actions/variables", map[string]any{"name": "LEDGER_1", "value": order[0]})
		return c
	}
	one, other := build([]string{"A", "B"}), build([]string{"B", "A"})
	if one.Snapshot() == other.Snapshot() {
		t.Error("a variable that differs is not in the snapshot")
	}
	without := github.WithoutVariables("ledger_")
	if one.Snapshot(without) != other.Snapshot(without) {
		t.Errorf("equal contents, two snapshots:\n%s\n%s", one.Snapshot(without), other.Snapshot(without))
	}
	for _, line := range []string{`acme/api actions secret A = "value of A"`, `actions secret S = "shared" selected acme/web`} {
		if !strings.Contains(one.Snapshot(), line+"\n") {
			t.Errorf("no %s in\n%s", line, one.Snapshot())
		}
	}
}

func TestLogAndHook(t *testing.T) {
	c := start(t)
	var heard []string
	c.After(func(n int, method, path string) {
		logged := c.Requests()[n-1]
		heard = append(heard, fmt.Sprint(n, " ", method, " ", path, " ", logged.Status))
	})
	c.want(200, "GET", "/api/v3"+listed+"?per_page=1", nil)
	c.want(404, "DELETE", listed+"/X", nil)
	if want := []string{"1 GET " + listed + " 200", "2 DELETE " + listed + "/X 404"}; !slices.Equal(heard, want) {
		t.Errorf("the hook heard %q, want %q", heard, want)
	}
	if got := c.Requests()[0]; got.Query != "per_page=1" {
		t.Errorf("query %q", got.Query)
	}
	c.ForgetRequests()
	if got := c.Requests(); len(got) != 0 {
		t.Errorf("forgotten requests: %v", got)
	}
}

func TestLatency(t *testing.T) {
	const latency = 30 * time.Millisecond
	server := Start(t, github.Options{Latency: latency})
	server.AddRepository("acme/api")
	server.AddToken(bearer)
	c := &client{t: t, Server: server, bearer: bearer}
	began := time.Now()
	c.want(200, "GET", listed, nil)
	if took := time.Since(began); took < latency {
		t.Errorf("answered after %v, want %v at least", took, latency)
	}
}
