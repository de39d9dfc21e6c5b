package awsapi

import (
	"context"
	"errors"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/keyplumb/keyplumb/sync/store"
)

// TestProcessThatLeavesOneBehind: a program that is ended does not hold up the
// login with one that it has begun, and that still has its output.
func TestProcessThatLeavesOneBehind(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the program is one of a Unix shell")
	}
	s := &Session{options: Options{Environ: []string{"PATH=" + os.Getenv("PATH")}, Dir: t.TempDir()}}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := s.fromProcess("sleep 60; true").Retrieve(ctx)
		ended <- err
	}()
	select {
	case err := <-ended:
		if !errors.Is(err, store.ErrUnauthentic) {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("the login hangs")
	}
}

// TestLoginThatPanics: a panic in a login does not end the process, which would
// print what may be a token.
func TestLoginThatPanics(t *testing.T) {
	provider := cached(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { panic("a token") }))
	for range 2 {
		_, err := provider.Retrieve(t.Context())
		if _, failed := Failure("read", "api", err); !errors.Is(failed, store.ErrUnavailable) {
			t.Errorf("%v", failed)
		}
	}
}
