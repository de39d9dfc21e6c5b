package policy

import (
	"regexp"

	"cuelang.org/go/cue"
)

// google tells names that are none of Google's: each becomes a part of an
// address, so the source is as strict once {env} is filled in.
func (r *reader) google(v cue.Value) {
	for _, name := range []struct{ path, pattern, is, hint string }{
		{"project", `^([a-z0-9-]+(\.[a-z0-9-]+)+:)?[a-z0-9][a-z0-9-]*$`, "is no project's id or number", "gcloud projects list shows the ids"},
		{"location", `^[a-z][a-z0-9]*(-[a-z0-9]+)*$`, "is no location of Google's", "write it like europe-west4, or leave it out for secrets that are not regional"},
		{"auth.provider", `^projects/[0-9]+/locations/global/workloadIdentityPools/[a-z0-9-]+/providers/[a-z0-9-]+$`, "is no workload identity pool's provider",
			"write it as projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER"},
		{"auth.role", `^[a-z0-9][a-z0-9.-]*@[a-z0-9.-]+\.gserviceaccount\.com$`, "is no service account's email", "write it as NAME@PROJECT.iam.gserviceaccount.com"},
	} {
		field := v.LookupPath(cue.ParsePath(name.path))
		text, err := field.String()
		if err != nil {
			continue // it is not there, or a mistake that has been told
		}
		if match, _ := regexp.MatchString(name.pattern, fillEnv(text, "env1")); !match {
			r.add(valueSpan(field), name.hint, "%s %s", pathOf(field), name.is)
		}
	}
}
