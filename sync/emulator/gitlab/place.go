package gitlab

import "fmt"

// A Place names, from outside, where variables are.
type Place struct {
	Project string // full path
	Group   string // full path, in place of a project; both empty: the instance
}

// InProject is the place of a project's variables.
func InProject(fullPath string) Place { return Place{Project: fullPath} }

// InGroup is the place of a group's variables.
func InGroup(fullPath string) Place { return Place{Group: fullPath} }

// InInstance is the place of the instance's variables.
func InInstance() Place { return Place{} }

// String is how a Snapshot names the place.
func (p Place) String() string {
	switch {
	case p.Project != "":
		return "project " + p.Project
	case p.Group != "":
		return "group " + p.Group
	}
	return "instance"
}

// at finds the place's variables.
func (s *Server) at(p Place) (*store, error) {
	if p.Project != "" {
		if found := s.findProject(p.Project); found != nil {
			return found.variables, nil
		}
		return nil, fmt.Errorf("no %s", p)
	}
	if p.Group != "" {
		if found := s.findGroup(p.Group); found != nil {
			return found.variables, nil
		}
		return nil, fmt.Errorf("no %s", p)
	}
	return s.instance, nil
}
