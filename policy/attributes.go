package policy

import "strconv"

// attributes gives those of the secret's and the target's attributes that the
// target's store has, the secret's first, and what a store is to do that
// neither speaks of.
func (t *Target) attributes(s *Secret, tier Tier) map[string]string {
	merged := t.explicit(s)
	if merged["visibility"] != "selected" {
		delete(merged, "repositories")
	}
	if t.Kind == "gitlab" {
		t.gitlabDefaults(merged, s, tier)
	}
	return merged
}

// explicit gives the attributes that the policy sets.
func (t *Target) explicit(s *Secret) map[string]string {
	merged := map[string]string{}
	for _, name := range t.attributeNames() {
		if value, ok := t.Attributes[name]; ok {
			merged[name] = value
		}
		if value, ok := s.Attributes[name]; ok {
			merged[name] = value
		}
	}
	return merged
}

// gitlabDefaults fills in what is safe without being asked for: a value that
// arrives as it is, and that branches which anybody may push to never see where
// it is production's. Whether a secret can be masked hangs on its value, so
// that is left to the store; what is hidden is masked.
func (t *Target) gitlabDefaults(merged map[string]string, s *Secret, tier Tier) {
	fill(merged, "raw", true)
	fill(merged, "file", false)
	fill(merged, "protected", tier == Production)
	switch {
	case merged["hidden"] == "true":
		fill(merged, "masked", true)
	case !s.Sensitive:
		fill(merged, "masked", false)
	}
	if s.Description != "" {
		merged["description"] = s.Description
	}
}

// fill sets an attribute that is not set.
func fill(attributes map[string]string, name string, on bool) {
	if _, set := attributes[name]; !set {
		attributes[name] = strconv.FormatBool(on)
	}
}

// attributeNames are the attributes that the target's store has and that a
// secret may set by their names. GitLab has no hidden variables of the
// instance.
func (t *Target) attributeNames() []string {
	switch {
	case t.ScopeKind == "organization":
		return []string{"visibility", "repositories"}
	case t.Kind == "gitlab" && t.Instance:
		return []string{"masked", "protected", "file", "raw"}
	case t.Kind == "gitlab":
		return []string{"masked", "protected", "hidden", "file", "raw"}
	default:
		return nil
	}
}
