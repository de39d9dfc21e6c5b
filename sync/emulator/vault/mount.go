package vault

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A mount is a key/value store.
type mount struct {
	base    string // its path, "team/kv"
	version int    // 1 or 2
	id      string
	secrets map[string]*entry // by path, "prod/web"
}

// An entry is one secret. In a store of version 1 it has one version.
type entry struct {
	custom   map[string]string
	made     time.Time
	updated  time.Time
	current  int // the newest version's number, 0 where there is none
	versions map[int]*version
}

// A version is one state of a secret.
type version struct {
	data      json.RawMessage // an object; nil once destroyed
	made      time.Time
	deleted   time.Time // when it was, or will be; zero: it is not
	destroyed bool
}

// kept is how many versions a store of version 2 keeps, unless told otherwise.
const kept = 10

// AddMount adds a key/value store of version 1 or 2 at a path, "kv" or
// "team/kv". It panics on another version.
func (n *Namespace) AddMount(path string, version int) {
	n.server.mu.Lock()
	defer n.server.mu.Unlock()
	if version != 1 && version != 2 {
		panic(fmt.Sprintf("no version %d of key/value stores", version))
	}
	path = strings.Trim(path, "/")
	n.mounts[path] = &mount{base: path, version: version, id: newID(), secrets: map[string]*entry{}}
}

// exists reports whether a write to a path inside the mount would be an update.
func (m *mount) exists(rest string) bool {
	if m.version == 1 {
		return m.secrets[rest] != nil
	}
	part, path, _ := strings.Cut(rest, "/")
	found := m.secrets[path]
	return part != "data" && part != "metadata" || found != nil
}

// serve answers a request inside the mount, which is allowed.
func (m *mount) serve(c *call, rest string) (reply, error) {
	if m.version == 1 {
		return m.serveOne(c, rest)
	}
	return m.serveTwo(c, rest)
}

// put makes a new version of a secret, and in a store of version 2 forgets the
// oldest.
func (m *mount) put(path string, data json.RawMessage, now time.Time) *entry {
	e := m.entry(path, now)
	if m.version == 1 {
		e.versions = map[int]*version{}
	} else {
		e.current++
	}
	e.updated = now
	e.versions[e.current] = &version{data: data, made: now}
	delete(e.versions, e.current-kept)
	return e
}

func (m *mount) entry(path string, now time.Time) *entry {
	if m.secrets[path] == nil {
		m.secrets[path] = &entry{made: now, updated: now, versions: map[int]*version{}}
	}
	return m.secrets[path]
}

// list is the names below a folder; folders end in a slash.
func (m *mount) list(c *call, folder string) (reply, error) {
	folder = strings.TrimSuffix(folder, "/") + "/"
	if folder == "/" {
		folder = ""
	}
	var keys []string
	for path := range m.secrets {
		rest, inside := strings.CutPrefix(path, folder)
		if !inside {
			continue
		}
		if first, _, deeper := strings.Cut(rest, "/"); deeper {
			rest = first + "/"
		}
		keys = append(keys, rest)
	}
	if len(keys) == 0 {
		return reply{}, absent()
	}
	slices.Sort(keys)
	return c.result("kv", map[string]any{"keys": slices.Compact(keys)})
}

// describe is what sys/internal/ui/mounts tells of the mount.
func (m *mount) describe() map[string]any {
	return map[string]any{
		"accessor": "kv_" + m.id[:8], "description": "", "external_entropy_access": false, "local": false,
		"config":  map[string]any{"default_lease_ttl": lease, "force_no_cache": false, "max_lease_ttl": lease},
		"options": map[string]string{"version": strconv.Itoa(m.version)}, "seal_wrap": false, "type": "kv", "uuid": m.id,
		"plugin_version": "", "running_plugin_version": "v1.21.4+builtin.vault", "running_sha256": "",
	}
}

// lease is Vault's default life of what it hands out, in seconds: 32 days.
const lease = 2764800

// serveOne answers in a store of version 1:
// /vault/api-docs/secret/kv/kv-v1
func (m *mount) serveOne(c *call, path string) (reply, error) {
	found := m.secrets[path]
	switch c.verb() {
	case "list":
		return m.list(c, path)
	case "read":
		if found == nil {
			return reply{}, absent()
		}
		result := c.envelope("kv", found.versions[0].data)
		result.LeaseDuration = lease
		return reply{http.StatusOK, result}, nil
	case "create":
		var data map[string]any
		if err := c.decode(&data); err != nil {
			return reply{}, err
		}
		if len(data) == 0 {
			return reply{}, refusal(http.StatusBadRequest, "missing data fields")
		}
		m.put(path, marshal(data), c.now)
		return done()
	case "delete":
		delete(m.secrets, path)
		return done()
	}
	return reply{}, unsupported()
}

// marshal writes what came out of JSON, or what a test gives as if it had.
func marshal(data any) json.RawMessage {
	text, err := json.Marshal(data)
	if err != nil {
		panic(err)
	}
	return text
}
