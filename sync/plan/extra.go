package plan

import (
	"fmt"

	"github.com/keyplumb/keyplumb/policy/finding"
	"github.com/keyplumb/keyplumb/sync/ledger"
	"github.com/keyplumb/keyplumb/sync/store"
)

// absent is for an optional secret whose source has no value. What keyplumb
// once wrote for it is left over, and treated as what is in no policy; of what
// is there otherwise nothing tells whether it is right.
func (p *Plan) absent(s *Scope, d *Desired, options Options) {
	item, there := s.items[d.ID]
	if !there || s.Foreign && !s.ours(d.ID, item) {
		return
	}
	if !s.ours(d.ID, item) {
		p.enter(s, d, unverified(finding.Warning,
			"it is there, but keyplumb did not write what is there now, and its source has no value to put in its place",
			"put the value into the source, or delete it by hand"))
		return
	}
	p.leftover(s, d.ID, d.Name, options, "its source no longer has a value for it")
}

// extras are what is there and in no policy.
func (p *Plan) extras(s *Scope, options Options) {
	if !s.Extras {
		return
	}
	for _, item := range s.Items {
		id := ledger.ID{Kind: string(item.Kind), Name: item.Name}
		if !s.Known[id] && (!s.Foreign || s.ours(id, item)) {
			p.leftover(s, id, item.Name, options, "it is there, but in no policy")
		}
	}
}

// leftover is deleted if keyplumb wrote it and the user asked for that, and
// reported otherwise.
func (p *Plan) leftover(s *Scope, id ledger.ID, name string, options Options, why string) {
	ours := s.ours(id, s.items[id])
	if ours && options.Prune {
		p.Changes = append(p.Changes, Change{Action: Delete, Reason: Extra,
			Target: s.Target, Scope: s.Scope, ID: id, Name: name, Position: s.Position})
		return
	}
	help := "keyplumb did not write it and so never deletes it: add it to the policy, or delete it by hand"
	switch item := s.items[id]; {
	case ours:
		help = "add it to the policy, or delete it with sync --prune"
	case item.Note != "" && !s.knows(id):
		help = "the ledger's entry beside it does not open (it is sealed under another ledger key, or came from another variable), so keyplumb never deletes it: add it to the policy, or delete it by hand"
	case s.knows(id) && !item.Readable && item.Updated.IsZero():
		help = "keyplumb wrote it once, but the store does not show whether it still holds that, so it is not deleted: add it to the policy, or delete it by hand"
	}
	p.Findings = append(p.Findings, finding.Finding{Rule: Extra.rule(), Severity: finding.Warning,
		Message: why, Help: help, Position: s.Position, Target: s.Target, Scope: s.Scope, Name: name})
}

// ours tells whether what is there now is what keyplumb wrote. An intention
// that was never settled proves nothing; nor does an entry for a value that
// somebody has since replaced.
func (s *Scope) ours(id ledger.ID, item store.Item) bool {
	entry, known := s.entry(id)
	if !known || entry.Settled == nil || entry.Intent != nil {
		return false
	}
	if item.Readable {
		return entry.Settled.Fingerprint.Equal(s.Ledger.Fingerprint(id, item.Value))
	}
	return !item.Updated.IsZero() && item.Updated.Unix() == entry.Updated
}

// unobserved reports every placement of a scope that could not be observed:
// what is not known is never in sync.
func (p *Plan) unobserved(s *Scope) {
	for i := range s.Desired {
		p.Unverified++
		p.find(s, &s.Desired[i], finding.Finding{Rule: "unverified", Severity: finding.Error,
			Message: fmt.Sprintf("%s could not be read: %s", s.Scope, store.Reason(s.Err)), Help: store.Hint(s.Err)})
	}
}
