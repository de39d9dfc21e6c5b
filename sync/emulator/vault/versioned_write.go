package vault

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// write makes a new version. With check-and-set it does so only if the newest
// has that number.
func (m *mount) write(c *call, path string) (reply, error) {
	var body struct {
		Data    map[string]any `json:"data"`
		Options struct {
			CAS *int `json:"cas"`
		} `json:"options"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	if body.Data == nil {
		return reply{}, refusal(http.StatusBadRequest, "no data provided")
	}
	current := 0
	if e := m.secrets[path]; e != nil {
		current = e.current
	}
	if cas := body.Options.CAS; cas != nil && *cas != current {
		return reply{}, refusal(http.StatusBadRequest, "check-and-set parameter did not match the current version")
	}
	e := m.put(path, marshal(body.Data), c.now)
	return c.result("kv", e.versions[e.current].describe(e, e.current))
}

// annotate sets a secret's custom metadata.
func (m *mount) annotate(c *call, path string) (reply, error) {
	var body struct {
		Custom map[string]string `json:"custom_metadata"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	e := m.entry(path, c.now)
	if body.Custom != nil {
		e.custom = body.Custom
	}
	return done()
}

// remove deletes the newest version, which leaves its metadata, or the secret
// with all of its versions.
func (m *mount) remove(c *call, path string, newest bool) (reply, error) {
	e := m.secrets[path]
	switch {
	case e == nil:
	case newest:
		e.mark("delete", c.now, e.current)
	default:
		delete(m.secrets, path)
	}
	return done()
}

// mark deletes, undeletes or destroys versions.
func (m *mount) mark(c *call, path, how string) (reply, error) {
	var body struct {
		Versions []int `json:"versions"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	if len(body.Versions) == 0 {
		return reply{}, refusal(http.StatusBadRequest, "no version number provided")
	}
	if e := m.secrets[path]; e != nil {
		e.mark(how, c.now, body.Versions...)
	} else if how == "undelete" || how == "destroy" {
		return reply{}, absent()
	}
	return done()
}

func (e *entry) mark(how string, now time.Time, numbers ...int) {
	for _, number := range numbers {
		v := e.versions[number]
		switch {
		case v == nil || v.destroyed:
		case how == "undelete":
			v.deleted = time.Time{}
		case how == "destroy":
			v.destroyed, v.data = true, nil
		case !v.gone(now):
			v.deleted = now
		}
	}
}

// metadata tells of a secret and all of its versions, and of no value.
func (m *mount) metadata(c *call, path string) (reply, error) {
	e := m.secrets[path]
	if e == nil {
		return reply{}, absent()
	}
	versions, numbers := map[string]any{}, []int{}
	for number, v := range e.versions {
		versions[strconv.Itoa(number)] = v.state()
		numbers = append(numbers, number)
	}
	oldest := 0
	if e.current > kept {
		oldest = slices.Min(numbers)
	}
	return c.result("kv", map[string]any{
		"cas_required": false, "created_time": stamp(e.made), "current_version": e.current, "custom_metadata": e.custom,
		"delete_version_after": "0s", "max_versions": 0, "oldest_version": oldest, "updated_time": stamp(e.updated), "versions": versions,
	})
}
