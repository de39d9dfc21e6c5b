package gitlab

import "net/http"

// A locate finds the variables that a request is about, and checks that its
// user may see and change them.
type locate func(*call) (*store, error)

func listVariables(at locate) handler {
	return func(c *call) (reply, error) {
		s, err := at(c)
		if err != nil {
			return reply{}, err
		}
		shown, err := page(c, s.sorted())
		if err != nil {
			return reply{}, err
		}
		described := make([]map[string]any, len(shown))
		for i, each := range shown {
			described[i] = each.describe(s.level)
		}
		return reply{http.StatusOK, described}, nil
	}
}

func getVariable(at locate) handler {
	return func(c *call) (reply, error) {
		s, err := at(c)
		if err != nil {
			return reply{}, err
		}
		found, err := c.mustFind(s)
		if err != nil {
			return reply{}, err
		}
		return reply{http.StatusOK, found.describe(s.level)}, nil
	}
}

func postVariable(at locate) handler {
	return func(c *call) (reply, error) {
		s, err := at(c)
		if err != nil {
			return reply{}, err
		}
		asked, err := c.readChange(s, true)
		if err != nil {
			return reply{}, err
		}
		added := &variable{scope: "*"}
		asked.apply(added)
		if err := s.check(added, nil).refusal(); err != nil {
			return reply{}, err
		}
		added.id = c.server.nextID()
		s.add(added)
		return reply{http.StatusCreated, added.describe(s.level)}, nil
	}
}

func putVariable(at locate) handler {
	return func(c *call) (reply, error) {
		s, err := at(c)
		if err != nil {
			return reply{}, err
		}
		asked, err := c.readChange(s, false)
		if err != nil {
			return reply{}, err
		}
		former, err := c.toUpdate(s)
		if err != nil {
			return reply{}, err
		}
		changed := *former
		asked.apply(&changed)
		if err := s.check(&changed, former).refusal(); err != nil {
			return reply{}, err
		}
		s.replace(former, &changed)
		return reply{http.StatusOK, changed.describe(s.level)}, nil
	}
}

func deleteVariable(at locate) handler {
	return func(c *call) (reply, error) {
		s, err := at(c)
		if err != nil {
			return reply{}, err
		}
		found, err := c.mustFind(s)
		if err != nil {
			return reply{}, err
		}
		s.remove(found)
		return reply{status: http.StatusNoContent}, nil
	}
}
