package vault

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// What Vault says to those who take a store of version 2 for one of version 1.
const (
	wrongPath = "Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. If using the Vault CLI, use 'vault kv get' for this operation."
	wrongList = "Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. If using the Vault CLI, use 'vault kv list' for this operation."
	rootPath  = "Non-listing operations on the root of a K/V v2 mount are not supported."
)

// serveTwo answers in a store of version 2:
// /vault/api-docs/secret/kv/kv-v2
func (m *mount) serveTwo(c *call, rest string) (reply, error) {
	part, path, deeper := strings.Cut(rest, "/")
	verb := c.verb()
	switch {
	case part == "metadata" && verb == "list":
		return m.list(c, path)
	case verb == "list":
		return misled(c, wrongList)
	case part == "config" && !deeper && verb == "read":
		return c.result("kv", map[string]any{"cas_required": false, "delete_version_after": "0s", "max_versions": 0})
	case (part == "data" || part == "metadata") && !deeper:
		return misled(c, rootPath)
	case path == "":
		return misled(c, wrongPath)
	}
	switch part + " " + verb {
	case "data read":
		return m.read(c, path)
	case "data create":
		return m.write(c, path)
	case "data delete":
		return m.remove(c, path, true)
	case "metadata read":
		return m.metadata(c, path)
	case "metadata create":
		return m.annotate(c, path)
	case "metadata delete":
		return m.remove(c, path, false)
	case "subkeys read":
		return m.subkeys(c, path)
	case "delete create", "undelete create", "destroy create":
		return m.mark(c, path, part)
	case "data patch":
		return reply{}, unsupported()
	}
	return misled(c, wrongPath)
}

// misled is the answer to a path that a store of version 2 does not have: 404,
// in the form of a result with a warning.
func misled(c *call, warning string) (reply, error) {
	result := c.envelope("", nil)
	result.Warnings = append([]string{warning}, result.Warnings...)
	return reply{http.StatusNotFound, result}, nil
}

// chosen finds the version that the query asks for, the newest one unless it
// does. It is nil where there is none such.
func (m *mount) chosen(c *call, path string) (*entry, int, *version, error) {
	asked := 0
	if text := c.request.URL.Query().Get("version"); text != "" {
		number, err := strconv.Atoi(text)
		if err != nil {
			return nil, 0, nil, refusal(http.StatusBadRequest, fmt.Sprintf("Field validation failed: error converting input for field \"version\": cannot parse '' as int: strconv.ParseInt: parsing %q: invalid syntax", text))
		}
		asked = number
	}
	e := m.secrets[path]
	if e == nil {
		return nil, 0, nil, nil
	}
	if asked <= 0 {
		asked = e.current
	}
	return e, asked, e.versions[asked], nil
}

// read gives a version's data with its metadata. A version that is deleted or
// destroyed is 404 with the metadata alone.
func (m *mount) read(c *call, path string) (reply, error) {
	e, number, v, err := m.chosen(c, path)
	switch {
	case err != nil:
		return reply{}, err
	case v == nil:
		return reply{}, absent()
	case v.gone(c.now):
		return reply{http.StatusNotFound, c.envelope("", map[string]any{"data": nil, "metadata": v.describe(e, number)})}, nil
	}
	return c.result("kv", map[string]any{"data": v.data, "metadata": v.describe(e, number)})
}

// subkeys gives the names that a version has, with null for each value.
func (m *mount) subkeys(c *call, path string) (reply, error) {
	e, number, v, err := m.chosen(c, path)
	switch {
	case err != nil:
		return reply{}, err
	case v == nil:
		return reply{}, absent()
	case v.gone(c.now):
		return reply{http.StatusNotFound, c.envelope("", map[string]any{"subkeys": nil, "metadata": v.describe(e, number)})}, nil
	}
	var data map[string]any
	if err := json.Unmarshal(v.data, &data); err != nil {
		panic(err) // it was marshalled here
	}
	return c.result("kv", map[string]any{"subkeys": hollow(data), "metadata": v.describe(e, number)})
}

// hollow takes the values out of an object and leaves the objects in it.
func hollow(data map[string]any) map[string]any {
	out := map[string]any{}
	for name, value := range data {
		out[name] = nil
		if inner, ok := value.(map[string]any); ok && len(inner) > 0 {
			out[name] = hollow(inner)
		}
	}
	return out
}

func (v *version) gone(now time.Time) bool {
	return v.destroyed || !v.deleted.IsZero() && !now.Before(v.deleted)
}

// describe is the metadata that comes with a version's data.
func (v *version) describe(e *entry, number int) map[string]any {
	about := v.state()
	about["custom_metadata"], about["version"] = e.custom, number
	return about
}

func (v *version) state() map[string]any {
	return map[string]any{"created_time": stamp(v.made), "deletion_time": stamp(v.deleted), "destroyed": v.destroyed}
}
