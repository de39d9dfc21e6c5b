package azure

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"time"
)

// An entry is a secret, with its versions as they were made.
type entry struct {
	versions []*version
	deleted  time.Time
}

type version struct {
	id    string
	value string
	Properties
	created, updated time.Time
}

// Properties are what a version has besides its value.
type Properties struct {
	Disabled           bool
	NotBefore, Expires time.Time // zero for none
	ContentType        string
	Tags               map[string]string
}

// retention is how long a deleted secret can be brought back.
const retention = 90 * 24 * time.Hour

// Set makes a new version of a secret, behind the clients' back, and gives its
// id.
func (v *Vault) Set(name, value string, p Properties) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.put(name, value, p).id
}

// Change replaces the properties of a version.
func (v *Vault) Change(name, id string, p Properties) {
	v.mu.Lock()
	defer v.mu.Unlock()
	at := v.secrets[name].find(id)
	at.Properties, at.updated = p, v.Clock().Now()
}

// Delete deletes a secret, so that it can be brought back.
func (v *Vault) Delete(name string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.bury(name)
}

// Purge takes a secret away for good.
func (v *Vault) Purge(name string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.secrets, name)
	delete(v.deleted, name)
}

func (v *Vault) put(name, value string, p Properties) *version {
	e := v.secrets[name]
	if e == nil {
		e = &entry{}
		v.secrets[name] = e
	}
	now := v.Clock().Now()
	made := &version{id: versionID(), value: value, Properties: p, created: now, updated: now}
	e.versions = append(e.versions, made)
	return made
}

func (v *Vault) bury(name string) *entry {
	e := v.secrets[name]
	if e != nil {
		e.deleted = v.Clock().Now()
		v.deleted[name] = e
		delete(v.secrets, name)
	}
	return e
}

// find gives a version; "" is the current one.
func (e *entry) find(id string) *version {
	if e == nil {
		return nil
	}
	if id == "" {
		return e.versions[len(e.versions)-1]
	}
	if at := slices.IndexFunc(e.versions, func(v *version) bool { return v.id == id }); at >= 0 {
		return e.versions[at]
	}
	return nil
}

// get answers with a value.
func (c *call) get(name, id string) {
	if !c.may("get") {
		return
	}
	found := c.vault.secrets[name].find(id)
	switch {
	case found == nil:
		c.absent(name)
	case found.Disabled:
		c.refuse(http.StatusForbidden, "Forbidden", "Operation get is not allowed on a disabled secret.", "SecretDisabled")
	default:
		c.answer(c.bundle(name, found, true))
	}
}

func (c *call) absent(name string) {
	c.refuse(http.StatusNotFound, "SecretNotFound", "A secret with (name/id) "+name+" was not found in this key vault. If you recently deleted this secret you may be able to recover it using the correct recovery command.", "")
}

func (c *call) answer(body map[string]any) { c.JSON(jsonType, body) }

// bundle is a version as the API gives it.
// https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret#secretbundle
func (c *call) bundle(name string, v *version, withValue bool) map[string]any {
	attributes := map[string]any{"enabled": !v.Disabled, "created": v.created.Unix(), "updated": v.updated.Unix(),
		"recoveryLevel": "Recoverable+Purgeable", "recoverableDays": 90}
	if !v.NotBefore.IsZero() {
		attributes["nbf"] = v.NotBefore.Unix()
	}
	if !v.Expires.IsZero() {
		attributes["exp"] = v.Expires.Unix()
	}
	body := map[string]any{"id": c.Base + "/secrets/" + name + "/" + v.id, "attributes": attributes}
	if withValue {
		body["value"] = v.value
	}
	if v.ContentType != "" {
		body["contentType"] = v.ContentType
	}
	if v.Tags != nil {
		body["tags"] = maps.Clone(v.Tags)
	}
	return body
}

// A setting is the body of a request that sets or changes a secret.
type setting struct {
	Value       *string           `json:"value"`
	ContentType *string           `json:"contentType"`
	Tags        map[string]string `json:"tags"`
	Attributes  struct {
		Enabled *bool  `json:"enabled"`
		Begins  *int64 `json:"nbf"`
		Expires *int64 `json:"exp"`
	} `json:"attributes"`
}

// over gives the properties that a setting makes of others.
func (s setting) over(p Properties) Properties {
	if s.ContentType != nil {
		p.ContentType = *s.ContentType
	}
	if s.Tags != nil {
		p.Tags = s.Tags
	}
	if s.Attributes.Enabled != nil {
		p.Disabled = !*s.Attributes.Enabled
	}
	if s.Attributes.Begins != nil {
		p.NotBefore = time.Unix(*s.Attributes.Begins, 0)
	}
	if s.Attributes.Expires != nil {
		p.Expires = time.Unix(*s.Attributes.Expires, 0)
	}
	return p
}

// set makes a version.
func (c *call) set(name string) {
	if !c.may("set") {
		return
	}
	var wanted setting
	switch {
	case json.Unmarshal(c.Body, &wanted) != nil || wanted.Value == nil:
		c.refuse(http.StatusBadRequest, "BadParameter", "Property value is required.", "")
	case c.vault.deleted[name] != nil:
		c.refuse(http.StatusConflict, "Conflict", "Secret is currently in a deleted but recoverable state.", "ObjectIsDeletedButRecoverable")
	default:
		c.answer(c.bundle(name, c.vault.put(name, *wanted.Value, wanted.over(Properties{})), true))
	}
}

// change replaces some properties of a version.
func (c *call) change(name, id string) {
	if !c.may("set") {
		return
	}
	found := c.vault.secrets[name].find(id)
	var wanted setting
	switch {
	case found == nil:
		c.absent(name)
	case json.Unmarshal(c.Body, &wanted) != nil:
		c.refuse(http.StatusBadRequest, "BadParameter", "The body is no JSON.", "")
	default:
		found.Properties, found.updated = wanted.over(found.Properties), c.vault.Clock().Now()
		c.answer(c.bundle(name, found, false))
	}
}
