package vault

import (
	"fmt"
	"time"

	"github.com/keyplumb/keyplumb/sync/store"
)

// document is an edition as it is looked up in.
func (e edition) document(ref string) store.Document {
	return store.Document{Ref: ref, Fields: e.data, About: store.Reading{Version: e.version(), Changed: e.created, Expires: e.expires, Owner: e.owner, Told: e.number > 0}}
}

// version names an edition: by the time, too, since numbers begin anew where a
// secret was removed with all its versions.
func (e edition) version() string {
	if e.number == 0 {
		return ""
	}
	return fmt.Sprintf("%d at %s", e.number, e.created.UTC().Format(time.RFC3339Nano))
}
