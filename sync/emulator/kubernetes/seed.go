package kubernetes

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"fmt"
	"maps"
)

// A Secret is what Put writes.
type Secret struct {
	Type        string // "" is Opaque
	Data        map[string][]byte
	Labels      map[string]string
	Annotations map[string]string
	Manager     string // who writes it, for managedFields; "" is kubectl-create
}

// Put creates or replaces a Secret, behind the clients' back.
func (s *Server) Put(namespace, name string, written Secret) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Clock().Now()
	writer := cmp.Or(written.Manager, "kubectl-create")
	s.version++
	held := s.secrets[namespace+"/"+name]
	if held == nil {
		held = &secret{namespace: namespace, name: name, uid: newID(), created: now, kind: cmp.Or(written.Type, "Opaque")}
		held.own(writer, now, "type")
		s.secrets[namespace+"/"+name] = held
	}
	held.version = s.version
	var set, gone []string
	for key, value := range written.Data {
		if before, had := held.data[key]; !had || !bytes.Equal(before, value) {
			set = append(set, "data "+key)
		}
	}
	for key := range held.data {
		if _, kept := written.Data[key]; !kept {
			gone = append(gone, "data "+key)
		}
	}
	for part, pair := range map[string][2]map[string]string{"labels": {held.labels, written.Labels}, "annotations": {held.annotations, written.Annotations}} {
		for key, value := range pair[1] {
			if before, had := pair[0][key]; !had || before != value {
				set = append(set, part+" "+key)
			}
		}
		for key := range pair[0] {
			if _, kept := pair[1][key]; !kept {
				gone = append(gone, part+" "+key)
			}
		}
	}
	held.own(writer, now, set...)
	held.disown(now, gone...)
	held.data, held.labels, held.annotations = maps.Clone(written.Data), maps.Clone(written.Labels), maps.Clone(written.Annotations)
}

// Texts are the data of a Secret that is all text.
func Texts(values map[string]string) map[string][]byte {
	data := map[string][]byte{}
	for key, value := range values {
		data[key] = []byte(value)
	}
	return data
}

// Remove takes a Secret away.
func (s *Server) Remove(namespace, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	delete(s.secrets, namespace+"/"+name)
}

// newID makes an id in the form of RFC 9562.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
