package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/keyplumb/keyplumb/sync/awsapi"
	"github.com/keyplumb/keyplumb/sync/source/aws"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/store/storetest"
)

// A motoSecrets is moto's Secrets Manager, with a client to fill it with.
type motoSecrets struct {
	*moto
	client *secretsmanager.Client
}

// TestServersAWS has moto server answer what the emulator answers.
func TestServersAWS(t *testing.T) {
	started := startMoto(t)
	m := &motoSecrets{started, secretsmanager.New(secretsmanager.Options{Region: "eu-central-1", BaseEndpoint: &started.url, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")})}
	t.Run("contract", func(t *testing.T) {
		storetest.Source(t, storetest.SourceHarness{
			Paths: []string{"dev/api", "prod/deep/er"}, Missing: "none",
			Structured: true, Nested: true, Listing: true, Versioned: true, Dated: true,
			New: m.fixture,
		})
	})
	t.Run("versions", m.versions)
	t.Run("batches", m.batches)
	t.Run("describe", m.describe)
	t.Run("a job logs in", func(t *testing.T) {
		m.reset(t)
		m.put(t, "api", "value")
		readAll(t, m.open(t, m.asJob()), []motoRead{{path: "api", value: "value"}})
	})
	t.Run("signatures", m.signatures) // the last: it ends the time in which everything may be done
}

func (m *motoSecrets) open(t *testing.T, o awsapi.Options) *aws.Source {
	t.Helper()
	source, err := aws.New(t.Context(), m.session(t, o), "")
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// put makes a new version of a secret, and gives its id.
func (m *motoSecrets) put(t *testing.T, name, text string) string {
	t.Helper()
	made, err := m.client.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: &text, Tags: []types.Tag{{Key: sdk.String("owner"), Value: sdk.String("payments")}}})
	if err == nil {
		return *made.VersionId
	}
	put, err := m.client.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &name, SecretString: &text})
	if err != nil {
		t.Fatal(err)
	}
	return *put.VersionId
}

func jsonOf(t *testing.T, fields map[string]any) string {
	t.Helper()
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (m *motoSecrets) fixture(t *testing.T, secrets storetest.Secrets) storetest.SourceFixture {
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

func (m *motoSecrets) versions(t *testing.T) {
	m.reset(t)
	m.put(t, "api", "one")
	second := m.put(t, "api", "two")
	m.put(t, "api", "three")
	m.put(t, "once", "alone")
	if _, err := m.client.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: sdk.String("bytes"), SecretBinary: []byte("\xff\x00\xfe")}); err != nil {
		t.Fatal(err)
	}
	described, err := m.client.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: sdk.String("api")})
	if err != nil {
		t.Fatal(err)
	}
	arn := *described.ARN
	source := m.open(t, m.options())
	all := []motoRead{
		{path: "api", value: "three"},
		{path: arn, value: "three"},
		{path: arn[:len(arn)-7], value: "three"},
		{path: "bytes", value: "\xff\x00\xfe"},
		{path: "api", version: "previous", value: "two"},
		{path: "api", version: second, value: "two"},
		{path: "api", version: strings.Repeat("0", 32), kind: store.ErrNotFound, says: "aws secretsmanager list-secret-version-ids"},
		{path: "once", version: "previous", kind: store.ErrNotFound, says: "no such version of it"},
	}
	readAll(t, source, all)
	for _, one := range all {
		readAll(t, source, []motoRead{one})
	}
}

func (m *motoSecrets) batches(t *testing.T) {
	m.reset(t)
	var all []motoRead
	for i := range 45 {
		name := fmt.Sprint("many/", i)
		m.put(t, name, "value of "+name)
		all = append(all, motoRead{path: name, value: "value of " + name})
	}
	if _, err := m.client.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: sdk.String("many/7"), RecoveryWindowInDays: sdk.Int64(7)}); err != nil {
		t.Fatal(err)
	}
	all[7] = motoRead{path: "many/7", kind: store.ErrNotFound, says: "it is marked for deletion, and goes for good after "}
	all = append(all, motoRead{path: "none", kind: store.ErrNotFound, says: "there is no such secret"})
	source := m.open(t, m.options())
	readAll(t, source, all)
	if n := source.Requests(); n != 4 { // 3 batches, and one more about the deletion
		t.Errorf("%d requests", n)
	}
}

func (m *motoSecrets) describe(t *testing.T) {
	m.reset(t)
	m.put(t, "api", "one")
	second := m.put(t, "api", "two")
	source := m.open(t, m.options())
	got := source.Describe(t.Context(), []store.Reference{{Path: "api"}, {Path: "api", Version: "previous"}, {Path: "none"}})
	if got[0].Err != nil || got[0].Version != second || got[0].Owner != "payments" || got[1].Err != nil || got[1].Version == second || !errors.Is(got[2].Err, store.ErrNotFound) {
		t.Errorf("%+v", got)
	}
}

// signatures has moto check signatures from here on, as it was written from AWS's
// documentation: what the key signs is read, and what another key signs under
// its name is not. Its words for that are not AWS's.
// https://docs.getmoto.org/en/latest/docs/iam.html
func (m *motoSecrets) signatures(t *testing.T) {
	m.reset(t)
	m.put(t, "api", "value")
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["secretsmanager:GetSecretValue"],"Resource":"*"}]}`
	var id, key string
	for _, form := range []url.Values{
		{"Action": {"CreateUser"}, "UserName": {"ci"}},
		{"Action": {"PutUserPolicy"}, "UserName": {"ci"}, "PolicyName": {"read"}, "PolicyDocument": {policy}},
		{"Action": {"CreateAccessKey"}, "UserName": {"ci"}},
	} {
		form.Set("Version", "2010-05-08")
		answer, err := m.post("/", form.Encode())
		if err != nil {
			t.Fatal(err)
		}
		id, key = between(answer, "<AccessKeyId>", "</AccessKeyId>"), between(answer, "<SecretAccessKey>", "</SecretAccessKey>")
	}
	if _, err := m.post("/moto-api/reset-auth", "0"); err != nil {
		t.Fatal(err)
	}
	own := []string{"AWS_ACCESS_KEY_ID=" + id, "AWS_SECRET_ACCESS_KEY=" + key}
	readAll(t, m.open(t, m.options(own...)), []motoRead{{path: "api", value: "value"}})
	readAll(t, m.open(t, m.options(append(own, "AWS_SECRET_ACCESS_KEY=another")...)), []motoRead{{path: "api", kind: store.ErrDenied}})
	readAll(t, m.open(t, m.options()), []motoRead{{path: "api", kind: store.ErrDenied}})
	if got := m.open(t, m.options(own...)).Describe(t.Context(), []store.Reference{{Path: "api"}})[0]; !errors.Is(got.Err, store.ErrDenied) {
		t.Errorf("described without the right to: %v", got.Err)
	}
}

func between(text, before, after string) string {
	_, rest, _ := strings.Cut(text, before)
	inside, _, _ := strings.Cut(rest, after)
	return inside
}
