package kubernetes

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// A place is what a path leads to: a namespace's Secrets, or one of them.
type place struct{ namespace, name string }

// route reads a path of the API: /api/v1/namespaces/{namespace}/secrets/{name}.
func route(path string) (place, bool) {
	rest, ok := strings.CutPrefix(path, "/api/v1/namespaces/")
	parts := strings.Split(rest, "/")
	switch {
	case !ok || len(parts) < 2 || parts[1] != "secrets":
		return place{}, false
	case len(parts) == 2:
		return place{namespace: parts[0]}, true
	case len(parts) == 3 && parts[2] != "":
		return place{parts[0], parts[2]}, true
	}
	return place{}, false
}

// outside answers for a path that this API does not have: whether it is there
// is told to those alone who may know.
func (c *call) outside() *failure {
	if !c.server.may(c.user, rule{verb: "get", path: c.request.URL.Path}) {
		return refusal(http.StatusForbidden, "Forbidden", fmt.Sprintf("forbidden: User %q cannot get path %q", c.user.Name, c.request.URL.Path), map[string]any{})
	}
	return &failure{code: http.StatusNotFound, text: "404 page not found\n"}
}

// A form is how objects are represented.
type form struct{ metadataOnly bool }

// negotiate chooses the form by the Accept header. Of a list of media types the
// first that is known counts.
// https://kubernetes.io/docs/reference/using-api/api-concepts/#alternate-representations-of-resources
func (c *call) negotiate() (form, *failure) {
	unsuited := false
	for accepted := range strings.SplitSeq(cmp.Or(c.request.Header.Get("Accept"), "*/*"), ",") {
		parts := strings.Split(strings.ReplaceAll(accepted, " ", ""), ";")
		if !slices.Contains([]string{"application/json", "application/*", "*/*"}, parts[0]) {
			continue
		}
		parameters := map[string]string{}
		for _, part := range parts[1:] {
			name, value, _ := strings.Cut(part, "=")
			parameters[name] = value
		}
		switch {
		case parameters["as"] == "":
			return form{}, nil
		case strings.HasPrefix(parameters["as"], "PartialObjectMetadata") && parameters["g"] == "meta.k8s.io" && parameters["v"] == "v1":
			return form{metadataOnly: true}, nil
		}
		unsuited = true
	}
	const known = "application/json, application/yaml, application/vnd.kubernetes.protobuf"
	if unsuited {
		return form{}, refusal(http.StatusNotAcceptable, "NotAcceptable", "only the following media types are accepted: "+known, nil)
	}
	return form{}, refusal(http.StatusNotAcceptable, "NotAcceptable", "406: Not Acceptable\n\nAvailable representations: "+known, map[string]any{})
}

// list gives all Secrets of a namespace, by name.
func (c *call) list(at place, as form) any {
	items := []any{}
	for _, held := range c.server.inOrder() {
		if held.namespace == at.namespace {
			item := as.one(held)
			if !as.metadataOnly {
				delete(item, "kind") // of a list's items it goes without saying
				delete(item, "apiVersion")
			}
			items = append(items, item)
		}
	}
	list := map[string]any{"kind": "SecretList", "apiVersion": "v1", "metadata": map[string]any{"resourceVersion": fmt.Sprint(c.server.version)}, "items": items}
	if as.metadataOnly {
		list["kind"], list["apiVersion"] = "PartialObjectMetadataList", "meta.k8s.io/v1"
	}
	return list
}
