package gitlab

// filter returns the scope that filter[environment_scope] selects, "" if none,
// and whether there is a filter at all.
func (c *call) filter() (scope string, there bool, err error) {
	value, there := c.params["filter"]
	if !there {
		return "", false, nil
	}
	fields, ok := value.(map[string]any)
	if !ok && value != nil {
		return "", true, badParameters([]string{"filter is invalid"})
	}
	read := declared{params: fields}
	if text := read.text("environment_scope"); text != nil {
		scope = *text
	}
	return scope, true, read.refusal()
}

// find returns the one variable of the path's key that the filter selects, nil
// if there is none.
func (c *call) find(s *store) (*variable, error) {
	scope, _, err := c.filter()
	if err != nil {
		return nil, err
	}
	found := s.named(c.request.PathValue("key"))
	if s.level == groupLevel && c.server.noGroupFilter {
		found = found[:min(len(found), 1)]
	} else if scope != "" {
		found = inScope(found, scope)
	}
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return found[0], nil
	}
	return nil, ambiguous()
}

func inScope(all []*variable, scope string) []*variable {
	var found []*variable
	for _, each := range all {
		if each.scope == scope {
			found = append(found, each)
		}
	}
	return found
}

// mustFind is find for a variable that has to be there.
func (c *call) mustFind(s *store) (*variable, error) {
	found, err := c.find(s)
	if err == nil && found == nil {
		err = notFound(s.level.noun)
	}
	return found, err
}

// toUpdate is the variable that a PUT changes. A group's is special: without a
// filter, and with one that selects nothing, GitLab takes the first variable of
// the key that its database finds, whatever its scope (lib/api/group_variables.rb).
// The emulator takes the oldest.
func (c *call) toUpdate(s *store) (*variable, error) {
	if s.level != groupLevel {
		return c.mustFind(s)
	}
	_, filtered, err := c.filter()
	if err != nil {
		return nil, err
	}
	if filtered {
		if found, err := c.find(s); found != nil || err != nil {
			return found, err
		}
	}
	if all := s.named(c.request.PathValue("key")); len(all) > 0 {
		return all[0], nil
	}
	return nil, notFound(s.level.noun)
}
