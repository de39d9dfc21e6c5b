package policy

import "cuelang.org/go/cue"

// kubernetes tells that a job cannot log in to a cluster without being told
// where it is: a machine's kubeconfig says it, and a job has none.
func (r *reader) kubernetes(s *Source, v cue.Value) {
	if _, named := s.Fields["address"]; s.Auth["method"] == "oidc" && !named && !strange(r.fields(v), sourceFields(r.kinds["kubernetes"])) {
		r.add(labelSpan(v), "name the API server: address: \"https://…:6443\"", "%s lets jobs log in and has no address", pathOf(v))
	}
}
