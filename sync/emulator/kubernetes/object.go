package kubernetes

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"
)

// A secret is an object as it is kept.
type secret struct {
	namespace, name string
	uid             string
	version         int // resourceVersion
	created         time.Time
	kind            string // its type
	data            map[string][]byte
	labels          map[string]string
	annotations     map[string]string
	managers        []*manager
}

// A manager is a writer, and the fields that it has set last.
// https://kubernetes.io/docs/reference/using-api/server-side-apply/#managers
type manager struct {
	name   string
	at     time.Time
	fields map[string]bool // "data KEY", "labels KEY", "annotations KEY", "type"
}

// own notes that a writer has set fields: they are nobody else's any more.
func (s *secret) own(writer string, at time.Time, fields ...string) {
	if len(fields) == 0 {
		return
	}
	var own *manager
	for _, m := range s.managers {
		if m.name == writer {
			own = m
			continue
		}
		for _, field := range fields {
			delete(m.fields, field)
		}
	}
	if own == nil {
		own = &manager{name: writer, fields: map[string]bool{}}
		s.managers = append(s.managers, own)
	}
	own.at = at
	for _, field := range fields {
		own.fields[field] = true
	}
	s.managers = slices.DeleteFunc(s.managers, func(m *manager) bool { return len(m.fields) == 0 })
}

// disown notes that fields are gone: whoever had one has changed something.
func (s *secret) disown(at time.Time, fields ...string) {
	for _, m := range s.managers {
		for _, field := range fields {
			if m.fields[field] {
				delete(m.fields, field)
				m.at = at
			}
		}
	}
	s.managers = slices.DeleteFunc(s.managers, func(m *manager) bool { return len(m.fields) == 0 })
}

// managed gives managedFields, the latest last.
func (s *secret) managed() []any {
	var out []any
	for _, m := range slices.SortedStableFunc(slices.Values(s.managers), func(a, b *manager) int { return a.at.Compare(b.at) }) {
		out = append(out, map[string]any{"manager": m.name, "operation": "Update", "apiVersion": "v1",
			"time": m.at.Format(time.RFC3339), "fieldsType": "FieldsV1", "fieldsV1": m.tree()})
	}
	return out
}

// tree writes fields as FieldsV1 does.
func (m *manager) tree() map[string]any {
	tree := map[string]any{}
	for field := range m.fields {
		var part, key string
		if n, _ := fmt.Sscan(field, &part, &key); n < 2 {
			tree["f:"+part] = map[string]any{}
			continue
		}
		below := tree
		if part != "data" {
			below = branch(tree, "f:metadata")
		}
		below = branch(below, "f:"+part)
		below["."], below["f:"+key] = map[string]any{}, map[string]any{}
	}
	return tree
}

func branch(tree map[string]any, name string) map[string]any {
	below, ok := tree[name].(map[string]any)
	if !ok {
		below = map[string]any{}
		tree[name] = below
	}
	return below
}

// one gives an object's representation.
func (f form) one(s *secret) map[string]any {
	metadata := map[string]any{
		"name": s.name, "namespace": s.namespace, "uid": s.uid, "resourceVersion": fmt.Sprint(s.version),
		"creationTimestamp": s.created.Format(time.RFC3339),
	}
	for name, held := range map[string]map[string]string{"labels": s.labels, "annotations": s.annotations} {
		if len(held) > 0 {
			metadata[name] = maps.Clone(held)
		}
	}
	if managed := s.managed(); managed != nil {
		metadata["managedFields"] = managed
	}
	if f.metadataOnly {
		return map[string]any{"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata}
	}
	object := map[string]any{"kind": "Secret", "apiVersion": "v1", "metadata": metadata, "type": s.kind}
	if len(s.data) > 0 {
		object["data"] = maps.Clone(s.data) // in base64, which JSON makes of bytes
	}
	return object
}

func (s *Server) inOrder() []*secret {
	return slices.SortedFunc(maps.Values(s.secrets), func(a, b *secret) int {
		return cmp.Or(cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.name, b.name))
	})
}
