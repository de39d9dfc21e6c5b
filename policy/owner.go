package policy

// BelongsTo ends a sentence on what is to be done with whom to ask: the owner
// that the policy names, else the one that the secret's source does.
func (s *Secret) BelongsTo(toldBySource string) string {
	switch {
	case s.Owner != "":
		return "; its owner is " + s.Owner
	case toldBySource != "":
		return "; its source names " + toldBySource + " as its owner"
	}
	return ""
}
