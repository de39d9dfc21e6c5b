package vault_test

import (
	"crypto/rsa"
	"fmt"
	"maps"
	"slices"
	"strings"
)

func rsaKeys(s *signer) []*rsa.PublicKey { return []*rsa.PublicKey{&s.key.PublicKey} }

// left out are the parts of Vault's answers that the emulator does not have:
// who did it, and the cluster.
var leftOut = []string{
	"last_updated_by", "created_by", "deleted_by",
	"cluster_name", "cluster_id", "build_date", "replication_primary_canary_age_ms",
}

// own are the parts whose values are each server's own; their types are
// compared.
var own = []string{
	"request_id", "accessor", "uuid", "id", "client_token", "entity_id", "creation_time", "created_time", "deletion_time", "updated_time",
	"expire_time", "issue_time", "ttl", "server_time_utc", "replication_performance_mode", "replication_dr_mode",
}

// differences tells where two answers are not the same.
func differences(at string, theirs, ours any) []string {
	if theirs, ok := theirs.(fields); ok {
		if ours, ok := ours.(fields); ok {
			return inObjects(at, theirs, ours)
		}
	}
	name := at[strings.LastIndex(at, ".")+1:]
	a, b := fmt.Sprintf("%T %v", theirs, theirs), fmt.Sprintf("%T %v", ours, ours)
	if slices.Contains(own, name) {
		a, b = fmt.Sprintf("%T, empty: %t", theirs, theirs == ""), fmt.Sprintf("%T, empty: %t", ours, ours == "")
	}
	if a == b {
		return nil
	}
	return []string{fmt.Sprintf("%s is %s with Vault, %s with the emulator", at, a, b)}
}

func inObjects(at string, theirs, ours fields) []string {
	var all []string
	names := maps.Clone(theirs)
	maps.Copy(names, ours)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		here := at + "." + name
		_, has := theirs[name]
		_, have := ours[name]
		switch {
		case slices.Contains(leftOut, name) && !have:
		case !has:
			all = append(all, here+" is the emulator's alone")
		case !have:
			all = append(all, here+" is Vault's alone")
		default:
			all = append(all, differences(here, theirs[name], ours[name])...)
		}
	}
	return all
}
