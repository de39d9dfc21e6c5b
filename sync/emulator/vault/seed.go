package vault

import (
	"fmt"
	"maps"
	"time"
)

// Put makes a new version of a secret at a path in a mount, behind the clients'
// back, and returns its number; 0 in a store of version 1. What the fields hold
// must be JSON's.
func (n *Namespace) Put(mount, path string, fields map[string]any) int {
	n.server.mu.Lock()
	defer n.server.mu.Unlock()
	return n.mustMount(mount).put(path, marshal(fields), n.server.Clock().Now()).current
}

// SetCustomMetadata replaces a secret's custom metadata, in a store of version 2.
func (n *Namespace) SetCustomMetadata(mount, path string, metadata map[string]string) {
	n.server.mu.Lock()
	defer n.server.mu.Unlock()
	n.mustEntry(mount, path).custom = maps.Clone(metadata)
}

// DeleteVersions deletes versions of a secret, in a store of version 2.
func (n *Namespace) DeleteVersions(mount, path string, numbers ...int) {
	n.markAll("delete", mount, path, numbers)
}

// UndeleteVersions brings versions back that were deleted.
func (n *Namespace) UndeleteVersions(mount, path string, numbers ...int) {
	n.markAll("undelete", mount, path, numbers)
}

// DestroyVersions takes versions' data away for good.
func (n *Namespace) DestroyVersions(mount, path string, numbers ...int) {
	n.markAll("destroy", mount, path, numbers)
}

// DeleteAt has a version end at a time, as delete_version_after does.
func (n *Namespace) DeleteAt(mount, path string, number int, at time.Time) {
	n.server.mu.Lock()
	defer n.server.mu.Unlock()
	n.mustEntry(mount, path).versions[number].deleted = at
}

// Remove takes a secret away with all of its versions.
func (n *Namespace) Remove(mount, path string) {
	n.server.mu.Lock()
	defer n.server.mu.Unlock()
	delete(n.mustMount(mount).secrets, path)
}

func (n *Namespace) markAll(how, mount, path string, numbers []int) {
	n.server.mu.Lock()
	defer n.server.mu.Unlock()
	n.mustEntry(mount, path).mark(how, n.server.Clock().Now(), numbers...)
}

func (n *Namespace) mustMount(path string) *mount {
	found := n.mounts[path]
	if found == nil {
		panic(fmt.Sprintf("nothing is mounted at %q", path))
	}
	return found
}

func (n *Namespace) mustEntry(mount, path string) *entry {
	found := n.mustMount(mount).secrets[path]
	if found == nil {
		panic(fmt.Sprintf("no secret %q in %q", path, mount))
	}
	return found
}
