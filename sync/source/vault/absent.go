package vault

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/keyplumb/keyplumb/sync/store"
)

// absent makes out what a 404 means. Only two forms of it are the vault's word
// on a secret: no reason at all, or the metadata of a version that is gone.
// All others are errors of the way there: an optional secret whose source says
// that there is none is given up, and so is what was written of it.
func (s *Source) absent(ctx context.Context, r request, got answer, told string, e engine, number int) (edition, error) {
	switch {
	case strings.Contains(told, "no handler for route"):
		return edition{}, &store.Error{Op: r.op, Ref: r.ref, Kind: store.ErrInvalid, Status: got.status, Detail: "nothing is mounted at " + e.mount + s.inNamespace(),
			Hint: "is mount right in the policy, and the namespace? vault secrets list lists the mounts"}
	case told != "":
		return edition{}, r.unreadable()
	case got.secret == nil:
		if err := s.confirm(ctx, r); err != nil {
			return edition{}, err
		}
		return edition{}, r.notFound(e, number)
	case e.version == 2 && got.secret.Data != nil:
		return r.versioned(got, number)
	case s.options.KV != 0: // an engine of version 2 says so by a warning
		return edition{}, s.wrongPin(r)
	}
	return edition{}, r.unreadable()
}

// confirm makes sure, once, of the engine's version that the policy names: at
// the paths of the other version nothing is ever found. Where the vault does
// not say what is mounted, the policy's word counts.
func (s *Source) confirm(ctx context.Context, r request) error {
	if s.options.KV == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.engines) == 0 {
		e, err := s.find(ctx, r.token, "")
		switch {
		case errors.Is(err, errUnsaid), errors.Is(err, store.ErrDenied):
			e = engine{s.options.Mount, s.options.KV}
		case err != nil:
			return err
		}
		s.engines = append(s.engines, e)
	}
	if s.engines[0].version != s.options.KV {
		return s.wrongPin(r)
	}
	return nil
}

func (s *Source) wrongPin(r request) error {
	return &store.Error{Op: r.op, Ref: r.ref, Kind: store.ErrInvalid, Detail: fmt.Sprintf("the engine at %s is not of version %d", s.options.Mount, s.options.KV),
		Hint: fmt.Sprintf("is kv: %d right in the policy? without it keyplumb finds out", s.options.KV)}
}

// gone says what became of a version.
func gone(ref string, e edition) error {
	err := &store.Error{Op: "read", Ref: ref, Kind: store.ErrNotFound, Status: http.StatusNotFound,
		Detail: fmt.Sprintf("its version %d was deleted at %s UTC", e.number, e.deleted.UTC().Format(time.DateTime)),
		Hint:   fmt.Sprintf("bring it back with vault kv undelete -versions=%d, or write a new version", e.number)}
	if e.destroyed {
		err.Detail = fmt.Sprintf("its version %d was destroyed", e.number)
		err.Hint = "write a new version: this one does not come back"
	}
	return err
}

// notFound is the error for a secret, or a version of it, that never was.
func (r request) notFound(e engine, number int) error {
	err := &store.Error{Op: r.op, Ref: r.ref, Kind: store.ErrNotFound, Status: http.StatusNotFound,
		Detail: fmt.Sprintf("mount %s (kv version %d) has no such secret", e.mount, e.version),
		Hint:   "look with vault kv get; the path is written without the mount where the policy names that"}
	if number > 0 {
		err.Detail = fmt.Sprintf("it has no version %d", number)
		err.Hint = "vault kv metadata get lists the versions that are there"
	}
	return err
}
