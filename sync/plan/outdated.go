package plan

import "github.com/keyplumb/keyplumb/sync/ledger"

// outdated names the variables whose entries, beside their values, will still
// be under the previous ledger key when the plan is carried out: nothing else
// is to be written there. Without that key they will not open.
func (p *Plan) outdated(scopes []Scope) {
	written := map[Place]bool{}
	for _, c := range p.Changes {
		written[Place{c.Target, c.Scope, c.ID}] = true
	}
	for i := range scopes {
		s := &scopes[i]
		if !s.Notes || s.Ledger == nil {
			continue
		}
		for _, item := range s.Items {
			at := Place{s.Target, s.Scope, ledger.ID{Kind: string(item.Kind), Name: item.Name}}
			if s.Ledger.Outdated(at.ID) && !written[at] {
				p.Outdated = append(p.Outdated, at)
			}
		}
	}
}
