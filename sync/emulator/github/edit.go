package github

import (
	"fmt"
	"strings"
)

// SetSecret gives a secret a value behind the client's back, as somebody in
// GitHub's settings would: created if need be, with a new updated_at.
func (s *Server) SetSecret(p Place, name, value string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, err := s.secrets(p)
	if err != nil {
		return err
	}
	return s.set(at, name, value)
}

// EditSecret is SetSecret for a secret that must be there.
func (s *Server) EditSecret(p Place, name, value string) error {
	if _, ok := s.SecretValue(p, name); !ok {
		return fmt.Errorf("no secret %s at %+v", name, p)
	}
	return s.SetSecret(p, name, value)
}

// DeleteSecret deletes a secret, which must be there, behind the client's back.
func (s *Server) DeleteSecret(p Place, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, err := s.secrets(p)
	if err != nil {
		return err
	}
	return remove(at, name)
}

// SecretValue returns the value that the sealed box of a secret held.
func (s *Server) SecretValue(p Place, name string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, err := s.secrets(p)
	return value(at, name, err)
}

// SetVariable is SetSecret for a variable.
func (s *Server) SetVariable(p Place, name, value string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, err := s.variables(p)
	if err != nil {
		return err
	}
	return s.set(at, name, value)
}

// DeleteVariable is DeleteSecret for a variable.
func (s *Server) DeleteVariable(p Place, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, err := s.variables(p)
	if err != nil {
		return err
	}
	return remove(at, name)
}

// VariableValue returns the value of a variable.
func (s *Server) VariableValue(p Place, name string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, err := s.variables(p)
	return value(at, name, err)
}

// RotateKey gives the place's secrets a new key pair. What clients seal for
// the former one is refused from then on.
func (s *Server) RotateKey(p Place) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, err := s.secrets(p)
	if err == nil {
		at.key = newKeyPair()
	}
	return err
}

func (s *Server) set(at *store, name, value string) error {
	now := s.Clock().Now()
	present, ok := at.find(name)
	if !ok {
		var err error
		if present, err = at.create(name, now); err != nil {
			return err
		}
	}
	present.value, present.updated = value, now
	return nil
}

func remove(at *store, name string) error {
	if _, ok := at.find(name); !ok {
		return fmt.Errorf("no %s %s", strings.ToLower(at.noun), name)
	}
	delete(at.items, strings.ToUpper(name))
	return nil
}

func value(at *store, name string, err error) (string, bool) {
	if err != nil {
		return "", false
	}
	found, ok := at.find(name)
	if !ok {
		return "", false
	}
	return found.value, true
}
