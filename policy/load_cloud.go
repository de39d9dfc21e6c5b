package policy

import (
	"cuelang.org/go/cue"
)

// cloud fills in how a cloud is entered, and tells what of that makes no sense.
// Whoever says as whom to log in wants the job's own token to be used; else the
// cloud's chain of credentials is.
func (r *reader) cloud(s *Source, v cue.Value) {
	_, said := s.Fields["auth.method"]
	method := s.Auth["method"]
	if said && method == "" {
		return // a mistake that has been told
	}
	if !said {
		method = "default"
		if len(s.Auth) > 0 {
			method = "oidc"
		}
		s.Auth["method"] = method
	}
	auth := v.LookupPath(cue.ParsePath("auth"))
	known := r.kinds[s.Kind].auth
	if method == "default" {
		for _, name := range known {
			if field := auth.LookupPath(cue.ParsePath(name)); name != "method" && field.Exists() {
				r.add(labelSpan(field), "leave it out, or let the job log in: method: \"oidc\"", "auth.%s is of no use with the method %q", name, method)
			}
		}
		return
	}
	// What a login cannot do without, and no variable says.
	need := map[string]string{"aws": "role", "ssm": "role", "gcp": "provider"}[s.Kind]
	if _, named := s.Fields["auth."+need]; need != "" && !named && !strange(r.fields(auth), known) {
		r.add(labelSpan(auth), "", "auth has the method %q and no %s", method, need)
	}
}
