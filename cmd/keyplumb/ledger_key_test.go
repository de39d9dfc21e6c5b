package main

import (
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/secret"
)

// Where the ledger key lies in a source, a policy could name it as a secret.
func TestTheLedgerKeyIsNoSecretToPlace(t *testing.T) {
	for _, previous := range []bool{false, true} {
		s := newStage(t)
		s.write("keyplumb.cue", stagePolicy)
		s.seal("dev", values("dev", "one"))
		carried := values("prod", "one")
		carried["SECOND"] = s.ledgerKey.Encode() + "\n"
		s.seal("prod", carried)
		if previous {
			s.setenv("KEYPLUMB_LEDGER_KEY_PREVIOUS", s.ledgerKey.Encode())
			s.setenv("KEYPLUMB_LEDGER_KEY", secret.NewKey().Encode())
		}
		out := s.must(exitFindings, "sync")
		if !strings.Contains(out, "it is the ledger key") || !strings.Contains(out, ", 0 writes") {
			t.Errorf("previous %v:\n%s", previous, out)
		}
	}
}
