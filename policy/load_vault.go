package policy

import (
	"slices"

	"cuelang.org/go/cue"
)

// vault fills in how a vault is entered, and tells what of that makes no sense:
// a setting that nothing would come of, above all.
func (r *reader) vault(s *Source, v cue.Value) {
	_, said := s.Fields["auth.method"]
	method := s.Auth["method"]
	if !said {
		method = "token"
		s.Auth["method"] = method
	}
	if said && method == "" {
		return // a mistake that has been told
	}
	// What each way to log in takes, besides its mount.
	takes := map[string][]string{"token": nil, "approle": {"mount"}, "jwt": {"role", "mount", "audience"}, "kubernetes": {"role", "mount"}}[method]
	auth := v.LookupPath(cue.ParsePath("auth"))
	for _, name := range []string{"role", "mount", "audience"} {
		field := auth.LookupPath(cue.ParsePath(name))
		if field.Exists() && !slices.Contains(takes, name) {
			r.add(labelSpan(field), vaultUnused(method, said), "auth.%s is of no use with the method %q", name, method)
		}
	}
	if _, named := s.Fields["auth.role"]; !named && slices.Contains(takes, "role") && !strange(r.fields(auth), r.kinds["vault"].auth) {
		r.add(valueSpan(auth.LookupPath(cue.ParsePath("method"))), "name the role to log in as: role: \"ci-{env}\"", "auth has the method %q and no role", method)
	}
	if kv := v.LookupPath(cue.ParsePath("kv")); kv.Exists() && s.Settings["mount"] == "" {
		if _, named := s.Fields["mount"]; !named {
			r.add(labelSpan(kv), "name the mount, too: mount: \"kv\"; or leave out kv, and keyplumb finds both", "kv is of no use without mount")
		}
	}
}

// vaultUnused says what to do about a field of auth that its method does not use.
func vaultUnused(method string, said bool) string {
	switch {
	case !said:
		return "say how to log in: method: \"jwt\""
	case method == "approle":
		return "leave it out: VAULT_ROLE_ID says which role it is"
	}
	return "leave it out, or let the job log in: method: \"jwt\""
}
