package gcp_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	secretmanager "cloud.google.com/go/secretmanager/apiv1"
	pb "cloud.google.com/go/secretmanager/apiv1/secretmanagerpb"
	"connectrpc.com/vanguard"
	"connectrpc.com/vanguard/vanguardgrpc"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/keyplumb/keyplumb/sync/source/gcp"
	"github.com/keyplumb/keyplumb/sync/store"
)

// A server is a service that listens twice: over gRPC for Google's own client,
// and over HTTP and JSON for keyplumb.
type server struct {
	*service
	t     *testing.T
	url   string
	admin *secretmanager.Client
	token string // who has it may do everything

	guard  sync.Mutex
	ended  bool                     // the token
	denied func(method string) bool // what the token may not, by the method's full name
	asked  map[string]int           // by method
}

func start(t *testing.T) *server {
	t.Helper()
	s := &server{service: &service{secrets: map[string]*secret{}, now: time.Now().Truncate(time.Second)}, t: t, token: rand.Text(), asked: map[string]int{}}
	grpcServer := grpc.NewServer(grpc.UnaryInterceptor(s.check))
	pb.RegisterSecretManagerServiceServer(grpcServer, s.service)
	s.admin = s.overGRPC(grpcServer)
	transcoder, err := vanguardgrpc.NewTranscoder(grpcServer, vanguard.WithDefaultServiceOptions(
		// $alt is one of the system parameters, which are in no message.
		vanguard.WithRESTUnmarshalOptions(vanguard.RESTUnmarshalOptions{DiscardUnknownQueryParams: true})))
	if err != nil {
		t.Fatal(err)
	}
	google := http.NewServeMux()
	google.Handle("/v1/", enveloped(transcoder))
	google.HandleFunc("/computeMetadata/", s.metadataServer)
	listening := httptest.NewServer(google)
	t.Cleanup(listening.Close)
	s.url = listening.URL
	return s
}

// metadataServer gives every program of this machine the token.
func (s *server) metadataServer(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Metadata-Flavor", "Google")
	_, _ = w.Write([]byte(`{"access_token": "` + s.token + `", "expires_in": 3599, "token_type": "Bearer"}`)) // a test's server
}

// overGRPC gives Google's own client of the server.
func (s *server) overGRPC(grpcServer *grpc.Server) *secretmanager.Client {
	s.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	go func() { _ = grpcServer.Serve(listener) }() // it ends with the test
	s.t.Cleanup(grpcServer.Stop)
	client, err := secretmanager.NewClient(s.t.Context(), option.WithEndpoint(listener.Addr().String()), option.WithoutAuthentication(),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = client.Close() })
	return client
}

// check lets in who has the token, or calls over gRPC.
func (s *server) check(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	said, _ := metadata.FromIncomingContext(ctx)
	if len(said.Get("x-goog-api-client")) > 0 && strings.Contains(said.Get("x-goog-api-client")[0], "grpc/") {
		return handle(ctx, request)
	}
	s.guard.Lock()
	method := info.FullMethod[strings.LastIndex(info.FullMethod, "/")+1:]
	s.asked[method]++
	denied, ended := s.denied, s.ended
	s.guard.Unlock()
	switch sent := said.Get("authorization"); {
	case len(sent) != 1 || sent[0] != "Bearer "+s.token, ended:
		return nil, status.Error(codes.Unauthenticated, "Request had invalid authentication credentials.")
	case denied != nil && denied(method):
		return nil, status.Errorf(codes.PermissionDenied, "Permission denied on resource (or it may not exist).")
	}
	return handle(ctx, request)
}

func (s *server) deny(denied func(method string) bool) {
	s.guard.Lock()
	defer s.guard.Unlock()
	s.denied = denied
}

func (s *server) revoke() {
	s.guard.Lock()
	defer s.guard.Unlock()
	s.ended = true
}

func metadataDenied(method string) bool { return method != "AccessSecretVersion" }

// put adds a version with a value to a secret, by Google's own client, and makes
// the secret where it is not there.
func (s *server) put(parent, name, value string) {
	s.t.Helper()
	secret := &pb.Secret{Replication: &pb.Replication{Replication: &pb.Replication_Automatic_{Automatic: &pb.Replication_Automatic{}}}}
	_, err := s.admin.CreateSecret(s.t.Context(), &pb.CreateSecretRequest{Parent: parent, SecretId: name, Secret: secret})
	if err != nil && status.Code(err) != codes.AlreadyExists {
		s.t.Fatal(err)
	}
	_, err = s.admin.AddSecretVersion(s.t.Context(), &pb.AddSecretVersionRequest{Parent: parent + "/secrets/" + name, Payload: &pb.SecretPayload{Data: []byte(value)}})
	if err != nil {
		s.t.Fatal(err)
	}
}

// open gives keyplumb's source on the server.
func (s *server) open(location string) *gcp.Source {
	s.t.Helper()
	source, err := gcp.New(gcp.Options{Address: s.url, Project: "acme-prod", Location: location, UserAgent: "keyplumb-test",
		Auth: gcp.Auth{Method: gcp.Default, Metadata: s.url}})
	if err != nil {
		s.t.Fatal(err)
	}
	return source
}

// read reads one reference.
func read(t *testing.T, source store.Source, path, version string) store.Reading {
	t.Helper()
	return source.Read(t.Context(), []store.Reference{{Path: path, Version: version}})[0]
}

func wantValue(t *testing.T, got store.Reading, want string) {
	t.Helper()
	if got.Err != nil || string(got.Value.Reveal()) != want {
		t.Errorf("read %q, %v; want %q", got.Value.Reveal(), got.Err, want)
	}
}

// wantError checks the kind of an error, and that its text has some words.
func wantError(t *testing.T, err, kind error, words ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("error %v, want %v", err, kind)
		return
	}
	told := err.Error() + " | " + store.Hint(err)
	for _, word := range words {
		if !strings.Contains(told, word) {
			t.Errorf("%q does not say %q", told, word)
		}
	}
}
