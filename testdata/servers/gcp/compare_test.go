package gcp_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	pb "cloud.google.com/go/secretmanager/apiv1/secretmanagerpb"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/gcp"
)

// TestEmulatorSaysTheSame: to the same requests, for the same secrets, the
// emulator and the published service answer with the same messages. Nothing of
// an answer may be unknown to Google's own messages.
func TestEmulatorSaysTheSame(t *testing.T) {
	s := start(t)
	e := emulator.New(emulator.Options{})
	e.Clock().Set(s.now)
	e.AddToken(s.token, "user:dev@acme.example")
	for _, role := range []string{emulator.Accessor, emulator.Viewer} {
		e.Grant("user:dev@acme.example", role, parent)
	}
	for _, value := range []string{"one", "two", "three"} {
		s.put(parent, "api", value)
		e.Put(parent+"/secrets/api", []byte(value))
	}
	s.disable("api", 2)
	e.SetState(parent+"/secrets/api", 2, emulator.Disabled)
	s.destroy("api", 1)
	e.SetState(parent+"/secrets/api", 1, emulator.Destroyed)
	emulated := httptest.NewServer(e)
	t.Cleanup(emulated.Close)
	const secret = "/v1/" + parent + "/secrets/api"
	for path, message := range map[string]proto.Message{
		secret: &pb.Secret{}, secret + "/versions/latest": &pb.SecretVersion{}, secret + "/versions/1": &pb.SecretVersion{},
		secret + "/versions/2?%24alt=json%3Benum-encoding%3Dint": &pb.SecretVersion{}, secret + "/versions/latest:access": &pb.AccessSecretVersionResponse{},
		secret + "/versions/2:access": nil, secret + "/versions/1:access": nil, secret + "/versions/9:access": nil, secret + "/versions/9": nil,
		secret + "/versions": &pb.ListSecretVersionsResponse{}, secret + "/versions?pageSize=2": &pb.ListSecretVersionsResponse{},
		secret + "/versions?pageSize=2&pageToken=2": &pb.ListSecretVersionsResponse{},
		"/v1/" + parent + "/secrets/none":           nil, "/v1/" + parent + "/secrets/none/versions/latest:access": nil,
	} {
		served, emulated := ask(t, s.url+path, s.token), ask(t, emulated.URL+path, s.token)
		if served.status != emulated.status || served.code != emulated.code || served.message != emulated.message {
			t.Errorf("%s: the service says %+v, the emulator %+v", path, served, emulated)
		}
		if message == nil {
			if served.status < 400 {
				t.Errorf("%s: %d", path, served.status)
			}
			continue
		}
		one, other := message, proto.Clone(message)
		if err := protojson.Unmarshal(served.body, one); err != nil {
			t.Errorf("%s: the service: %v", path, err)
		}
		if err := protojson.Unmarshal(emulated.body, other); err != nil {
			t.Errorf("%s: the emulator: %v", path, err)
		}
		if !proto.Equal(plain(one), plain(other)) {
			t.Errorf("%s: the service says\n%v\nand the emulator\n%v", path, one, other)
		}
	}
	for _, token := range []string{"", "another"} {
		if served, emulated := ask(t, s.url+secret, token), ask(t, emulated.URL+secret, token); served.status != 401 || emulated.status != 401 || served.code != emulated.code {
			t.Errorf("%q: the service says %d, the emulator %d", token, served.status, emulated.status)
		}
	}
}

// plain takes away what only one of them keeps.
func plain(m proto.Message) proto.Message {
	switch m := m.(type) {
	case *pb.Secret:
		m.Etag = ""
	case *pb.SecretVersion:
		m.ReplicationStatus = nil
	case *pb.ListSecretVersionsResponse:
		for _, version := range m.GetVersions() {
			version.ReplicationStatus = nil
		}
	}
	return m
}

// An answer is what one of them says.
type answer struct {
	status        int
	code, message string // of an error
	body          []byte
}

func (a answer) String() string { return fmt.Sprintf("%d %s %s", a.status, a.code, a.message) }

func ask(t *testing.T, url, token string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return readAnswer(resp.StatusCode, body)
}

// readAnswer reads an error in the form of https://google.aip.dev/193.
func readAnswer(status int, body []byte) answer {
	a := answer{status: status, body: body}
	var said struct {
		Error struct{ Status, Message string }
	}
	if status >= 400 && json.Unmarshal(body, &said) == nil {
		a.code, a.message = said.Error.Status, said.Error.Message
	}
	return a
}
