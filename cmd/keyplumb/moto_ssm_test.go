package main

import (
	"errors"
	"fmt"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	paramstore "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/keyplumb/keyplumb/sync/awsapi"
	"github.com/keyplumb/keyplumb/sync/source/ssm"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/store/storetest"
)

// A motoParameters is moto's Parameter Store, with a client to fill it with.
type motoParameters struct {
	*moto
	client *paramstore.Client
}

// TestServersSSM has moto server answer what the emulator answers.
func TestServersSSM(t *testing.T) {
	started := startMoto(t)
	m := &motoParameters{started, paramstore.New(paramstore.Options{Region: "eu-central-1", BaseEndpoint: &started.url, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")})}
	t.Run("contract", func(t *testing.T) {
		storetest.Source(t, storetest.SourceHarness{
			Paths: []string{"/dev/api", "flat"}, Missing: "/none",
			Structured: true, Nested: true, Listing: true, Versioned: true, Dated: true,
			New: m.fixture,
		})
	})
	t.Run("versions", m.versions)
	t.Run("batches", m.batches)
	t.Run("describe", m.describe)
	t.Run("a job logs in", func(t *testing.T) {
		m.reset(t)
		m.put(t, "/api", "value")
		readAll(t, m.open(t, m.asJob()), []motoRead{{path: "/api", value: "value"}})
	})
}

func (m *motoParameters) open(t *testing.T, o awsapi.Options) *ssm.Source {
	t.Helper()
	source, err := ssm.New(t.Context(), m.session(t, o), "")
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// put makes a new version of a parameter.
func (m *motoParameters) put(t *testing.T, name, text string) {
	t.Helper()
	if _, err := m.client.PutParameter(t.Context(), &paramstore.PutParameterInput{Name: &name, Value: &text, Type: types.ParameterTypeSecureString, Tier: types.ParameterTierAdvanced, Overwrite: sdk.Bool(true)}); err != nil {
		t.Fatal(err)
	}
}

func (m *motoParameters) fixture(t *testing.T, secrets storetest.Secrets) storetest.SourceFixture {
	m.reset(t)
	fill := func(secrets storetest.Secrets) {
		for path, fields := range secrets {
			m.put(t, path, jsonOf(t, fields))
		}
	}
	fill(secrets)
	return storetest.SourceFixture{
		Source: m.open(t, m.options()), Reopen: func() store.Source { return m.open(t, m.options()) }, Replace: fill,
		Whole: func(path string) string { return jsonOf(t, secrets[path]) },
	}
}

func (m *motoParameters) versions(t *testing.T) {
	m.reset(t)
	for _, value := range []string{"one", "two", "three"} {
		m.put(t, "/prod/key", value)
	}
	m.put(t, "once", "alone")
	if _, err := m.client.LabelParameterVersion(t.Context(), &paramstore.LabelParameterVersionInput{Name: sdk.String("/prod/key"), ParameterVersion: sdk.Int64(1), Labels: []string{"good"}}); err != nil {
		t.Fatal(err)
	}
	readAll(t, m.open(t, m.options()), []motoRead{
		{path: "/prod/key", value: "three"},
		{path: "/prod/key", version: "previous", value: "two"},
		{path: "/prod/key", version: "1", value: "one"},
		{path: "/prod/key", version: "good", value: "one"},
		{path: "/prod/key", version: "9", kind: store.ErrNotFound, says: "this version of it, is not there"},
		{path: "once", version: "previous", kind: store.ErrNotFound, says: "no version before the first"},
	})
}

func (m *motoParameters) batches(t *testing.T) {
	m.reset(t)
	var all []motoRead
	for i := range 25 {
		name := fmt.Sprint("/many/", i)
		m.put(t, name, "value of "+name)
		all = append(all, motoRead{path: name, value: "value of " + name})
	}
	all = append(all, motoRead{path: "/many/none", kind: store.ErrNotFound, says: "there is no such parameter"})
	source := m.open(t, m.options())
	readAll(t, source, all)
	if n := source.Requests(); n != 3 {
		t.Errorf("%d requests", n)
	}
}

func (m *motoParameters) describe(t *testing.T) {
	m.reset(t)
	m.put(t, "/api", "one")
	m.put(t, "/api", "two")
	if _, err := m.client.AddTagsToResource(t.Context(), &paramstore.AddTagsToResourceInput{ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: sdk.String("/api"), Tags: []types.Tag{{Key: sdk.String("owner"), Value: sdk.String("payments")}}}); err != nil {
		t.Fatal(err)
	}
	source := m.open(t, m.options())
	read := source.Read(t.Context(), []store.Reference{{Path: "/api"}})[0]
	got := source.Describe(t.Context(), []store.Reference{{Path: "/api"}, {Path: "/none"}})
	if got[0].Err != nil || got[0].Version != read.Version || got[0].Owner != "payments" || got[0].Changed.IsZero() || !errors.Is(got[1].Err, store.ErrNotFound) {
		t.Errorf("%+v, read %s", got, read.Version)
	}
}
