package kubernetes

import (
	"context"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/keyplumb/keyplumb/sync/store"
)

// located writes the namespace into each path that leaves it out, so that a
// secret has one path and is read once.
func (s *Source) located(refs []store.Reference) []store.Reference {
	out := make([]store.Reference, len(refs))
	for i, ref := range refs {
		path := strings.Trim(ref.Path, "/")
		if s.namespace != "" && path != "" && !strings.Contains(path, "/") {
			path = s.namespace + "/" + path
		}
		out[i] = store.Reference{Path: path, Field: ref.Field, Version: ref.Version}
	}
	return out
}

// open reads a secret.
func (s *Source) open(ctx context.Context, path, version string, as form) (object, error) {
	namespace, name, found := strings.Cut(path, "/")
	switch {
	case version != "":
		return object{}, refused(path+"@"+version, "Kubernetes keeps no versions of a secret", "leave out version")
	case !found && isName(path):
		return object{}, refused(path, "no namespace is named", "write it as namespace/name, or name the source's: namespace: \"…\"")
	case !isNamespace(namespace) || !isName(name):
		return object{}, refused(path, "that is no path of a secret", "write it as namespace/name, in lower-case letters, digits, - and .")
	}
	return s.get(ctx, request{namespace: namespace, name: name, form: as})
}

func refused(ref, detail, hint string) error {
	return &store.Error{Op: "read", Ref: ref, Kind: store.ErrInvalid, Detail: detail, Hint: hint}
}

// https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
func isNamespace(text string) bool { return len(validation.IsDNS1123Label(text)) == 0 }

func isName(text string) bool { return len(validation.IsDNS1123Subdomain(text)) == 0 }
