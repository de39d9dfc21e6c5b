package plan

import "maps"

// Description is the attribute that may be somebody's own words.
const Description = "description"

// describe decides what description each variable is to have, in a store that
// keeps the ledger's entries there. The policy's own goes where there is none,
// or where keyplumb wrote one before on the policy's word; what somebody else
// wrote stays, whatever the policy says.
func (s *Scope) describe() {
	for i := range s.Desired {
		d := &s.Desired[i]
		item, there := s.items[d.ID]
		have := item.Attributes[Description]
		want := d.Attributes[Description]
		ours := s.Ledger != nil && s.Ledger.Described(d.ID, have)
		d.Describes = want != "" && (!there || have == "" || ours)
		if !there || have == want || have == "" {
			continue
		}
		if !ours {
			want = have
		}
		attributes := maps.Clone(d.Attributes)
		if attributes == nil {
			attributes = map[string]string{}
		}
		attributes[Description] = want
		d.Attributes = attributes
	}
}
