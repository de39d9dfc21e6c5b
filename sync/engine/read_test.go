package engine

import (
	"errors"
	"fmt"
	"testing"

	"github.com/keyplumb/keyplumb/sync/store"
)

// TestFirstOfEach: what fails for one cause is told once, what each secret has
// of its own is told of each.
func TestFirstOfEach(t *testing.T) {
	away := func(ref string) error {
		return fmt.Errorf("source vault: %w", &store.Error{Op: "read", Ref: ref, Kind: store.ErrUnavailable, Detail: "no connection", RequestID: ref})
	}
	denied := func(ref string) error { return &store.Error{Op: "read", Ref: ref, Kind: store.ErrDenied} }
	same := errors.New("the file cannot be opened")
	for _, tt := range []struct {
		errs []error
		want string
	}{
		{nil, ""},
		{[]error{away("a")}, "source vault: read a: unavailable: no connection"},
		{[]error{away("a"), away("b"), away("c")}, "source vault: read a: unavailable: no connection, and so 2 more"},
		{[]error{denied("a"), denied("b")}, "read a: denied\nread b: denied"},
		{[]error{same, same, away("a")}, "the file cannot be opened\nsource vault: read a: unavailable: no connection"},
	} {
		got := ""
		if err := firstOfEach(tt.errs); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
