package vault

import (
	"time"
)

// The names in a secret's custom metadata that keyplumb knows. Vault itself
// makes nothing of any.
const (
	ownerKey   = "owner"
	expiresKey = "expires" // a day, or a time of RFC 3339
)

// about reads what comes with a version besides its value. The date is written
// for the newest version, so it is no word on another; but what the vault is
// going to delete ends then.
func (e *edition) about(metadata map[string]any, newest bool) {
	custom, _ := metadata["custom_metadata"].(map[string]any)
	e.owner, _ = custom[ownerKey].(string)
	if newest {
		e.expires = dayOf(custom[expiresKey])
	}
	if deleted := timeOf(metadata["deletion_time"]); !deleted.IsZero() && (e.expires.IsZero() || deleted.Before(e.expires)) {
		e.expires = deleted
	}
}

// dayOf is timeOf for what people write: a day begins at midnight (UTC).
func dayOf(v any) time.Time {
	text, _ := v.(string)
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day
	}
	return timeOf(v)
}
