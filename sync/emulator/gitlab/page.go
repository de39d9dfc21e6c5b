package gitlab

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// How many items a page has: as many as this unless the request says
// otherwise, at most the other. Beyond uncounted items GitLab leaves totals out.
// https://docs.gitlab.com/api/rest/#offset-based-pagination
const (
	usualPage = 20
	largest   = 100
	uncounted = 10000
)

// page cuts the requested page out of all and sets the headers about it.
func page[T any](c *call, all []T) ([]T, error) {
	d := &declared{params: c.params}
	number, size := d.positive("page", 1), min(d.positive("per_page", usualPage), largest)
	if err := d.refusal(); err != nil {
		return nil, err
	}
	last := max(1, (len(all)+size-1)/size)
	next, prev := "", ""
	if number < last {
		next = strconv.Itoa(number + 1)
	}
	if number > 1 && number <= last {
		prev = strconv.Itoa(number - 1)
	}
	c.header.Set("X-Page", strconv.Itoa(number))
	c.header.Set("X-Per-Page", strconv.Itoa(size))
	c.header.Set("X-Next-Page", next)
	c.header.Set("X-Prev-Page", prev)
	relations := [][2]string{{"prev", prev}, {"next", next}, {"first", "1"}}
	if len(all) <= uncounted {
		c.header.Set("X-Total", strconv.Itoa(len(all)))
		c.header.Set("X-Total-Pages", strconv.Itoa(last))
		relations = append(relations, [2]string{"last", strconv.Itoa(last)})
	}
	c.header.Set("Link", c.links(relations, size))
	if number > last {
		return []T{}, nil
	}
	return all[(number-1)*size : min(number*size, len(all))], nil
}

// links renders the relations that have a page.
func (c *call) links(relations [][2]string, size int) string {
	query, err := url.ParseQuery(c.request.URL.RawQuery)
	if err != nil {
		query = url.Values{}
	}
	query.Set("per_page", strconv.Itoa(size))
	var parts []string
	for _, each := range relations {
		if each[1] == "" {
			continue
		}
		query.Set("page", each[1])
		parts = append(parts, fmt.Sprintf("<%s%s?%s>; rel=%q", c.base, c.request.URL.EscapedPath(), query.Encode(), each[0]))
	}
	return strings.Join(parts, ", ")
}

// positive reads a number from 1 on.
func (d *declared) positive(name string, otherwise int) int {
	text := d.text(name)
	if text == nil || *text == "" {
		return otherwise
	}
	number, err := strconv.Atoi(*text)
	if err != nil {
		d.problems = append(d.problems, name+" is invalid")
		return otherwise
	}
	if number < 1 {
		d.problems = append(d.problems, name+" does not have a valid value")
	}
	return max(number, 1)
}
