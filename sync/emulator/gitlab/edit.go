package gitlab

import (
	"encoding/json"
	"fmt"
	"strings"
)

// A Variable is one as the emulator keeps it: with its value, even if hidden.
type Variable struct {
	Key         string
	Scope       string // environment scope; "" counts as "*", and an instance's is "*"
	Value       string
	Description string // "" where it is null, too
	Masked      bool
	Hidden      bool // implies Masked
	Protected   bool
	Raw         bool
	File        bool
}

// SetVariable creates a variable, or replaces the one of its key and scope in
// its place in the listing, behind the client's back: as somebody in GitLab's
// settings would. What GitLab would refuse is refused here, but that a variable
// may become hidden or cease to be, as if it had been deleted and created anew.
func (s *Server) SetVariable(p Place, v Variable) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, err := s.at(p)
	if err != nil {
		return err
	}
	added := v.kept()
	if !at.level.scoped && (added.scope != "*" || added.hidden) {
		return fmt.Errorf("variable %s at %s: it has no scope there and cannot be hidden", v.Key, p)
	}
	former := at.variables[added.identity()]
	if former != nil {
		added.id = former.id
		at.remove(former)
	}
	if wrong := at.check(added, nil); len(wrong) > 0 {
		if former != nil {
			at.add(former)
		}
		text, _ := json.Marshal(wrong) // strings marshal
		return fmt.Errorf("variable %s at %s: %s", v.Key, p, text)
	}
	if added.id == 0 {
		added.id = s.nextID()
	}
	at.add(added)
	return nil
}

// EditVariable changes a variable, which must be there, like SetVariable.
func (s *Server) EditVariable(p Place, key, scope string, edit func(*Variable)) error {
	present, ok := s.Variable(p, key, scope)
	if !ok {
		return fmt.Errorf("no variable %s for %s at %s", key, scope, p)
	}
	edit(&present)
	if present.Key != key || present.Scope != scope {
		if err := s.DeleteVariable(p, key, scope); err != nil {
			return err
		}
	}
	return s.SetVariable(p, present)
}

// DeleteVariable deletes a variable, which must be there, behind the client's
// back.
func (s *Server) DeleteVariable(p Place, key, scope string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, err := s.at(p)
	if err != nil {
		return err
	}
	found := at.variables[identity{key, scope}]
	if found == nil {
		return fmt.Errorf("no variable %s for %s at %s", key, scope, p)
	}
	at.remove(found)
	return nil
}

// Variable returns the variable of a key and a scope.
func (s *Server) Variable(p Place, key, scope string) (Variable, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, err := s.at(p)
	if err != nil {
		return Variable{}, false
	}
	found := at.variables[identity{key, scope}]
	if found == nil {
		return Variable{}, false
	}
	return found.show(), true
}

// Variables returns all of a place's variables, in the order of its listing.
func (s *Server) Variables(p Place) []Variable {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, err := s.at(p)
	if err != nil {
		return nil
	}
	var shown []Variable
	for _, each := range at.sorted() {
		shown = append(shown, each.show())
	}
	return shown
}

// kept and show turn the one form of a variable into the other.

func (v Variable) kept() *variable {
	kept := &variable{
		key: strings.TrimSpace(v.Key), scope: strings.TrimSpace(v.Scope), value: v.Value, masked: v.Masked || v.Hidden, hidden: v.Hidden,
		protected: v.Protected, raw: v.Raw, file: v.File,
	}
	if kept.scope == "" {
		kept.scope = "*"
	}
	if v.Description != "" {
		kept.description = &v.Description
	}
	return kept
}

func (v *variable) show() Variable {
	shown := Variable{
		Key: v.key, Scope: v.scope, Value: v.value, Masked: v.masked, Hidden: v.hidden,
		Protected: v.protected, Raw: v.raw, File: v.file,
	}
	if v.description != nil {
		shown.Description = *v.description
	}
	return shown
}
