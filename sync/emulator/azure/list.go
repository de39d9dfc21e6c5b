package azure

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// pageSize is the longest page.
const pageSize = 25

// list answers with the secrets' properties, without those of versions.
func (c *call) list() {
	if !c.may("list") {
		return
	}
	var all []map[string]any
	for _, name := range slices.Sorted(maps.Keys(c.vault.secrets)) {
		item := c.bundle(name, c.vault.secrets[name].find(""), false)
		item["id"] = c.Base + "/secrets/" + name
		all = append(all, item)
	}
	c.page("/secrets", all)
}

// versions answers with a page of a secret's versions, in the order of their
// ids.
func (c *call) versions(name string) {
	if !c.may("list") {
		return
	}
	e := c.vault.secrets[name]
	if e == nil {
		c.absent(name)
		return
	}
	sorted := slices.SortedFunc(slices.Values(e.versions), func(a, b *version) int { return cmp.Compare(a.id, b.id) })
	var all []map[string]any
	for _, v := range sorted {
		all = append(all, c.bundle(name, v, false))
	}
	c.page("/secrets/"+name+"/versions", all)
}

// page answers with a part of a list, and where the next part is.
func (c *call) page(path string, all []map[string]any) {
	query := c.Request.URL.Query()
	size, err := strconv.Atoi(cmp.Or(query.Get("maxresults"), strconv.Itoa(pageSize)))
	if err != nil || size < 1 || size > pageSize {
		c.refuse(http.StatusBadRequest, "BadParameter", fmt.Sprintf("maxresults must be between 1 and %d.", pageSize), "")
		return
	}
	from, _ := strconv.Atoi(query.Get("$skiptoken")) // "" is the beginning
	from = max(0, min(from, len(all)))
	to := min(from+size, len(all))
	body := map[string]any{"value": append([]map[string]any{}, all[from:to]...), "nextLink": nil}
	if to < len(all) {
		next := url.Values{"api-version": {query.Get("api-version")}, "$skiptoken": {strconv.Itoa(to)}, "maxresults": {strconv.Itoa(size)}}
		body["nextLink"] = c.Base + path + "?" + next.Encode()
	}
	c.answer(body)
}

// remove deletes a secret.
func (c *call) remove(name string) {
	if !c.may("delete") {
		return
	}
	e := c.vault.bury(name)
	if e == nil {
		c.absent(name)
		return
	}
	c.answer(c.buried(name, e))
}

// getDeleted tells of a deleted secret. The permission is the one to get.
func (c *call) getDeleted(name string) {
	if !c.may("get") {
		return
	}
	e := c.vault.deleted[name]
	if e == nil {
		c.refuse(http.StatusNotFound, "SecretNotFound", "Deleted Secret not found: "+name, "")
		return
	}
	c.answer(c.buried(name, e))
}

// purge takes a deleted secret away for good.
func (c *call) purge(name string) {
	if !c.may("purge") {
		return
	}
	if c.vault.deleted[name] == nil {
		c.refuse(http.StatusNotFound, "SecretNotFound", "Deleted Secret not found: "+name, "")
		return
	}
	delete(c.vault.deleted, name)
	c.WriteHeader(http.StatusNoContent)
}

func (c *call) buried(name string, e *entry) map[string]any {
	body := c.bundle(name, e.find(""), false)
	body["recoveryId"] = c.Base + "/deletedsecrets/" + name
	body["deletedDate"], body["scheduledPurgeDate"] = e.deleted.Unix(), e.deleted.Add(retention).Unix()
	return body
}
