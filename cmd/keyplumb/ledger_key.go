package main

import (
	"context"
	"fmt"

	"github.com/keyplumb/keyplumb/policy"
	"github.com/keyplumb/keyplumb/sync/ledger"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// ledgerKeys takes the ledger key from the environment, or from the source
// that the policy names.
func (p *providers) ledgerKeys(ctx context.Context) (ledger.Keys, error) {
	var keys ledger.Keys
	for _, k := range []struct {
		name string
		key  *secret.Key
	}{{"KEYPLUMB_LEDGER_KEY", &keys.Current}, {"KEYPLUMB_LEDGER_KEY_PREVIOUS", &keys.Previous}} {
		text := p.Getenv(k.name)
		if text == "" {
			continue
		}
		key, err := secret.ParseKey(text)
		if err != nil {
			return ledger.Keys{}, refuse(exitFailed, "make one with keyplumb keygen", "%s is %w", k.name, err)
		}
		*k.key = key
	}
	if from := p.session.policy.LedgerKey; from != nil && keys.Current.IsZero() {
		key, err := p.ledgerKeyFrom(ctx, from)
		if err != nil {
			return ledger.Keys{}, err
		}
		keys.Current = key
	}
	if keys.Current.IsZero() && !keys.Previous.IsZero() {
		return ledger.Keys{}, refuse(exitFailed, "set the new one as KEYPLUMB_LEDGER_KEY", "KEYPLUMB_LEDGER_KEY_PREVIOUS is set without a current ledger key")
	}
	return keys, nil
}

// ledgerKeyFrom reads the ledger key from a source of the policy.
func (p *providers) ledgerKeyFrom(ctx context.Context, from *policy.From) (secret.Key, error) {
	s := p.session.policy.Source(from.Source)
	source, err := p.openSource(ctx, *s, "")
	if err != nil {
		return secret.Key{}, &exitError{code: exitFailed, err: err}
	}
	defer p.close(ctx) // what was borrowed for the key alone
	got := source.Read(ctx, []store.Reference{{Path: from.Path, Field: from.Field, Version: from.Version}})[0]
	if got.Err != nil {
		return secret.Key{}, &exitError{code: exitFailed, err: fmt.Errorf("the ledger key: %w", got.Err)}
	}
	key, err := secret.ReadKey(got.Value)
	if err != nil {
		return secret.Key{}, refuse(exitFailed, "make one with keyplumb keygen, and put it there", "the ledger key in source %s is %w", from.Source, err)
	}
	return key, nil
}
