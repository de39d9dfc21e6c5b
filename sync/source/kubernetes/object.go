package kubernetes

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/keyplumb/keyplumb/sync/store"
)

// An object is a Secret, or the metadata of one. The package that has the whole
// type has those of all other objects, too: 3 MB of the binary.
// https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/secret-v1/
type object struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        metav1.ObjectMeta `json:"metadata"`
	Data            map[string][]byte `json:"data"`
}

// answers tells whether the object is what was asked for, and whole.
func (o object) answers(r request) bool {
	m := o.Metadata
	return o.Kind == r.form.kind && o.APIVersion == r.form.apiVersion &&
		m.Name == r.name && m.Namespace == r.namespace && m.UID != "" && m.ResourceVersion != ""
}

// about is what the cluster knows of the secret.
func (o object) about() store.Reading {
	return store.Reading{Version: string(o.Metadata.UID) + " at " + o.Metadata.ResourceVersion, Changed: o.changed(), Owner: o.owner(), Told: true}
}

// changed is when a value was last written: the latest time of a manager that
// has set one. https://kubernetes.io/docs/reference/using-api/server-side-apply/#managers
func (o object) changed() time.Time {
	latest := o.Metadata.CreationTimestamp.Time
	for _, entry := range o.Metadata.ManagedFields {
		var fields map[string]json.RawMessage
		if entry.Time == nil || entry.FieldsV1 == nil || json.Unmarshal(entry.FieldsV1.GetRawBytes(), &fields) != nil {
			continue
		}
		if _, values := fields["f:data"]; values && entry.Time.After(latest) {
			latest = entry.Time.Time
		}
	}
	return latest.UTC()
}

// owner is who the secret says answers for it, in an annotation or else a label
// "owner". What manages it (app.kubernetes.io/managed-by) is a tool, and its
// ownerReferences are objects.
func (o object) owner() string {
	for _, marks := range []map[string]string{o.Metadata.Annotations, o.Metadata.Labels} {
		if name := marks["owner"]; name != "" {
			return name
		}
	}
	return ""
}

// document holds the fields given, as texts or bytes.
func (o object) document(fields store.Fields) store.Document {
	return store.Document{Ref: o.Metadata.Namespace + "/" + o.Metadata.Name, Fields: fields, About: o.about()}
}

// lookup gives a key's bytes; else what a path leads to in a key that holds a
// JSON object; "" is the whole.
func (o object) lookup(field string) store.Reading {
	if field == "" {
		return o.whole()
	}
	if value, found := o.Data[field]; found {
		return o.document(store.Fields{field: string(value)}).Lookup(field)
	}
	for at := range len(field) {
		if field[at] != '.' {
			continue
		}
		inner, _ := store.ParseFields(o.Data[field[:at]])
		if value, found := inner.Find(field[at+1:]); found {
			return o.document(store.Fields{field: value}).Lookup(field)
		}
	}
	// The names of what is inside a value are a part of it, and not listed.
	return o.document(o.texts()).Lookup(field)
}

// whole gives the keys and their values as JSON, which has texts alone.
func (o object) whole() store.Reading {
	var binary []string
	for key, value := range o.Data {
		if !utf8.Valid(value) {
			binary = append(binary, key)
		}
	}
	if len(binary) > 0 {
		slices.Sort(binary)
		return store.Reading{Err: &store.Error{Op: "read", Ref: o.document(nil).Ref, Kind: store.ErrInvalid,
			Detail: "as a whole it would be JSON, and " + strings.Join(binary, ", ") + " is no text (UTF-8)", Hint: "name the key: field: \"" + binary[0] + "\""}}
	}
	return o.document(o.texts()).Lookup("")
}

func (o object) texts() store.Fields {
	fields := store.Fields{}
	for key, value := range o.Data {
		fields[key] = string(value)
	}
	return fields
}
