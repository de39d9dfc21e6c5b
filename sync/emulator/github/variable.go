package github

import (
	"net/http"
	"strings"
)

// variableBody is the body of POST and PATCH of a variable.
type variableBody struct {
	Name       *string   `json:"name"`
	Value      *string   `json:"value"`
	Visibility *string   `json:"visibility"`
	Selected   *[]repoID `json:"selected_repository_ids"`
}

// variableLimit is the documented size of a variable's value, in bytes.
const variableLimit = 48 * 1024

func listVariables(at locate) handler {
	return func(c *call) (reply, error) {
		s, err := at(c)
		if err != nil {
			return reply{}, err
		}
		return counted(c, variablePaging, "variables", c.describeItems(s))
	}
}

func postVariable(at locate) handler {
	return func(c *call) (reply, error) {
		s, err := at(c)
		if err != nil {
			return reply{}, err
		}
		body, err := decode[variableBody](c)
		if err != nil {
			return reply{}, err
		}
		if err := body.complete(); err != nil {
			return reply{}, err
		}
		if _, taken := s.find(*body.Name); taken {
			return reply{}, conflict("Already exists - Variable already exists")
		}
		choice, err := s.choose(c, body.Visibility, body.Selected)
		if err != nil {
			return reply{}, err
		}
		added, err := s.create(*body.Name, c.now)
		if err != nil {
			return reply{}, err
		}
		added.value = *body.Value
		choice.apply(added)
		return written(false), nil
	}
}

// complete checks what a new variable must have.
func (b variableBody) complete() error {
	var absent []string
	if b.Name == nil {
		absent = append(absent, "name")
	}
	if b.Value == nil {
		absent = append(absent, "value")
	}
	if len(absent) > 0 {
		return missing(absent...)
	}
	return b.fits()
}

func (b variableBody) fits() error {
	if b.Value != nil && len(*b.Value) > variableLimit {
		return unprocessable("Value is too large. Variables are limited to 48 KB in size.")
	}
	return nil
}

// patchVariable changes what the body names, the variable's name included.
func patchVariable(at locate) handler {
	return func(c *call) (reply, error) {
		s, present, err := c.find(at)
		if err != nil {
			return reply{}, err
		}
		body, err := decode[variableBody](c)
		if err != nil {
			return reply{}, err
		}
		if err := body.fits(); err != nil {
			return reply{}, err
		}
		choice, err := s.rechoose(c, body.Visibility, body.Selected)
		if err != nil {
			return reply{}, err
		}
		if err := s.rename(present, body.Name); err != nil {
			return reply{}, err
		}
		if body.Value != nil {
			present.value = *body.Value
		}
		choice.apply(present)
		present.updated = c.now
		return reply{status: http.StatusNoContent}, nil
	}
}

func (s *store) rename(present *item, name *string) error {
	if name == nil || strings.EqualFold(*name, present.name) {
		return nil
	}
	if err := s.checkName(*name); err != nil {
		return err
	}
	if _, taken := s.find(*name); taken {
		return conflict("Already exists - Variable already exists")
	}
	delete(s.items, present.name)
	present.name = strings.ToUpper(*name)
	s.items[present.name] = present
	return nil
}
