package github

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// A paging says how many items a list gives at a time.
type paging struct{ standard, most int }

// Most lists give 30 items, at most 100; lists of variables 10, at most 30.
var (
	usualPaging    = paging{standard: 30, most: 100}
	variablePaging = paging{standard: 10, most: 30}
)

// page cuts the requested page out of all and sets the Link header. A page or
// per_page that makes no sense counts as absent, one beyond the cap as the cap.
func page[T any](c *call, p paging, all []T) []T {
	query := c.request.URL.Query()
	size := min(positive(query.Get("per_page"), p.standard), p.most)
	number := positive(query.Get("page"), 1)
	last := max(1, (len(all)+size-1)/size)
	if found := links(c, query, number, last); found != "" {
		c.header.Set("Link", found)
	}
	if number > last {
		return []T{}
	}
	return all[(number-1)*size : min(number*size, len(all))]
}

func positive(text string, otherwise int) int {
	if n, err := strconv.Atoi(text); err == nil && n > 0 {
		return n
	}
	return otherwise
}

// links renders the relations that GitHub gives: prev and first on every page
// but the first, next and last on every page but the last.
func links(c *call, query url.Values, number, last int) string {
	var parts []string
	add := func(relation string, target int) {
		query.Set("page", strconv.Itoa(target))
		parts = append(parts, fmt.Sprintf("<%s%s?%s>; rel=%q", c.base, c.request.URL.EscapedPath(), query.Encode(), relation))
	}
	if number > 1 {
		add("prev", min(number-1, last))
	}
	if number < last {
		add("next", number+1)
		add("last", last)
	}
	if number > 1 {
		add("first", 1)
	}
	return strings.Join(parts, ", ")
}

// counted answers with one page of all under the key, and their number.
func counted[T any](c *call, p paging, key string, all []T) (reply, error) {
	return reply{http.StatusOK, map[string]any{"total_count": len(all), key: page(c, p, all)}}, nil
}
