package gcp_test

import (
	"fmt"
	"testing"
	"time"

	pb "cloud.google.com/go/secretmanager/apiv1/secretmanagerpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/keyplumb/keyplumb/sync/store"
)

const parent = "projects/acme-prod"

// TestStates: what became of a version is told, and what was before it is found.
func TestStates(t *testing.T) {
	s := start(t)
	for i := range 6 {
		s.put(parent, "api", fmt.Sprint("value ", i+1))
	}
	s.disable("api", 5)
	s.destroy("api", 4)
	source := s.open("")
	wantValue(t, read(t, source, "api", ""), "value 6")
	wantValue(t, read(t, source, "acme-prod/api", "latest"), "value 6")
	wantValue(t, read(t, source, "projects/acme-prod/secrets/api", "2"), "value 2")
	wantValue(t, read(t, source, "api", "previous"), "value 3")
	for _, test := range []struct {
		path, version string
		kind          error
		words         []string
	}{
		{"api", "5", store.ErrDenied, []string{"its version 5 is disabled"}},
		{"api", "4", store.ErrNotFound, []string{"its version 4 was destroyed"}},
		{"api", "7", store.ErrNotFound, []string{"there is no version 7"}},
		{"none", "", store.ErrNotFound, []string{"there is no such secret"}},
		{"none", "previous", store.ErrNotFound, []string{"there is no such secret"}},
	} {
		wantError(t, read(t, source, test.path, test.version).Err, test.kind, test.words...)
	}
	s.disable("api", 6)
	wantError(t, read(t, s.open(""), "api", "").Err, store.ErrDenied, "its latest version is disabled")
	described := s.open("").Describe(t.Context(), []store.Reference{{Path: "api"}, {Path: "api", Version: "3"}})
	wantError(t, described[0].Err, store.ErrDenied, "is disabled")
	if described[1].Err != nil || described[1].Version != "3" {
		t.Errorf("%+v", described[1])
	}
}

func (s *server) disable(name string, number int) {
	s.t.Helper()
	_, err := s.admin.DisableSecretVersion(s.t.Context(), &pb.DisableSecretVersionRequest{Name: fmt.Sprintf("%s/secrets/%s/versions/%d", parent, name, number)})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *server) destroy(name string, number int) {
	s.t.Helper()
	_, err := s.admin.DestroySecretVersion(s.t.Context(), &pb.DestroySecretVersionRequest{Name: fmt.Sprintf("%s/secrets/%s/versions/%d", parent, name, number)})
	if err != nil {
		s.t.Fatal(err)
	}
}

// TestWhatIsKnown: labels, times and aliases are found where Google's own
// messages have them.
func TestWhatIsKnown(t *testing.T) {
	s := start(t)
	s.put(parent, "api", "one")
	s.put(parent, "api", "two")
	expires := s.now.AddDate(0, 1, 0)
	held := s.secrets[parent+"/secrets/api"]
	held.Labels, held.Expiration = map[string]string{"owner": "payments"}, &pb.Secret_ExpireTime{ExpireTime: timestamppb.New(expires)}
	held.VersionAliases = map[string]int64{"stable": 1}
	got := read(t, s.open(""), "api", "stable")
	wantValue(t, got, "one")
	if got.Version != "1" || got.Owner != "payments" || !got.Expires.Equal(expires) || !got.Changed.Equal(s.now) {
		t.Errorf("%+v", got)
	}
}

// TestRegional: a location's secrets have names of their own.
func TestRegional(t *testing.T) {
	s := start(t)
	s.put(parent, "api", "global")
	s.put(parent+"/locations/europe-west4", "api", "regional")
	s.put(parent+"/locations/europe-west4", "api", "regional, too")
	wantValue(t, read(t, s.open(""), "api", ""), "global")
	wantValue(t, read(t, s.open("europe-west4"), "api", ""), "regional, too")
	wantValue(t, read(t, s.open("europe-west4"), "api", "previous"), "regional")
	wantError(t, read(t, s.open("us-central1"), "api", "").Err, store.ErrNotFound)
}

func TestDamaged(t *testing.T) {
	s := start(t)
	s.put(parent, "api", "value")
	s.damage = true
	wantError(t, read(t, s.open(""), "api", "").Err, store.ErrUnreadable, "CRC32C")
}

func TestDenied(t *testing.T) {
	s := start(t)
	s.put(parent, "api", "value")
	s.put(parent, "web", "value")
	s.deny(metadataDenied)
	source := s.open("")
	for _, got := range source.Read(t.Context(), []store.Reference{{Path: "api"}, {Path: "web"}}) {
		wantValue(t, got, "value")
		if got.Changed != (time.Time{}) {
			t.Errorf("changed %v", got.Changed)
		}
	}
	if s.asked["GetSecretVersion"] != 1 || s.asked["GetSecret"] != 1 {
		t.Errorf("asked %v", s.asked)
	}
	wantError(t, read(t, source, "api", "previous").Err, store.ErrDenied, "roles/secretmanager.viewer")
	s.deny(func(string) bool { return true })
	wantError(t, read(t, source, "api", "").Err, store.ErrDenied, "roles/secretmanager.secretAccessor")
	s.revoke()
	wantError(t, read(t, source, "api", "").Err, store.ErrUnauthentic)
}

// TestPages: the listing is followed over its pages.
func TestPages(t *testing.T) {
	s := start(t)
	for i := range 130 {
		s.put(parent, "api", fmt.Sprint("value ", i+1))
	}
	for number := 3; number < 130; number++ {
		s.destroy("api", number)
	}
	wantValue(t, read(t, s.open(""), "api", "previous"), "value 2")
	if s.asked["ListSecretVersions"] != 2 {
		t.Errorf("%d pages", s.asked["ListSecretVersions"])
	}
}
