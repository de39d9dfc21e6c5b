package gitlab

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	gl "github.com/xanzy/go-gitlab"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/store"
)

// pageSize is the most that GitLab gives at once.
// https://docs.gitlab.com/api/rest/#offset-based-pagination
const pageSize = 100

// List gives one scope's variables, and names those of the others, which the
// same answers show.
func (t *Target) List(ctx context.Context, scope store.Scope, kinds []store.Kind) (store.Listing, error) {
	wanted, err := t.resolve(scope)
	if err != nil || !slices.Contains(kinds, store.Secret) {
		return store.Listing{}, err
	}
	got, err := t.listings.get(ctx, wanted)
	if err != nil {
		// It may be another scope's request: a *store.Error names this one.
		return store.Listing{}, rest.Failure("list variables of", t.refOf(scope), nil, err)
	}
	listing := store.Listing{At: got.at}
	for i := range got.all {
		v := &got.all[i]
		switch at := v.place(t.level); at.scope {
		case wanted:
			listing.Items = append(listing.Items, v.item())
		default:
			listing.Elsewhere = append(listing.Elsewhere, store.Neighbour{Scope: t.scopeOf(at.scope), Kind: store.Secret, Name: v.Key})
		}
	}
	return listing, nil
}

// fetch reads the variables of all scopes to the end, and holds them against
// the count that comes with them.
func (t *Target) fetch(ctx context.Context) (all []variable, at time.Time, err error) {
	age := t.memory.age()
	r := request{op: "list variables of", ref: t.ref(), method: http.MethodGet, path: t.variables()}
	seen := map[place]bool{}
	total := ""
	for page := 1; page != 0; {
		var items []variable
		r.options, r.into = gl.ListOptions{Page: page, PerPage: pageSize}, &items
		resp, err := t.call(ctx, r)
		if err != nil {
			return nil, time.Time{}, err
		}
		if items == nil {
			return nil, time.Time{}, r.unreadable()
		}
		if page == 1 {
			at, total = rest.Date(resp), resp.Header.Get("X-Total")
		}
		for i := range items {
			v := &items[i]
			if !v.isWhole(t.level) {
				return nil, time.Time{}, r.unreadable()
			}
			if where := v.place(t.level); seen[where] {
				return nil, time.Time{}, r.moving("a variable is in it twice")
			} else {
				seen[where] = true
			}
		}
		all = append(all, items...)
		if resp.Header.Get("X-Total") != total {
			return nil, time.Time{}, r.moving("the number of variables changed")
		}
		next, ok := nextPage(resp, page, len(items))
		if !ok {
			return nil, time.Time{}, r.unreadable()
		}
		page = next
	}
	// GitLab leaves the count out where it would take long.
	if total != "" && total != strconv.Itoa(len(all)) {
		return nil, time.Time{}, r.moving("it was cut short")
	}
	t.memory.learn(age, all, t.level)
	return all, at, nil
}

// nextPage gives the number of the next page, 0 after the last one. Where no
// header says it, a full page is followed by another.
func nextPage(resp *http.Response, page, items int) (next int, ok bool) {
	headers, told := resp.Header["X-Next-Page"]
	text := strings.Join(headers, "")
	switch {
	case !told && items >= pageSize:
		return page + 1, true
	case text == "":
		return 0, true
	}
	next, err := strconv.Atoi(text)
	return next, err == nil && next == page+1 && items > 0
}

// moving is the error for a listing that is not of one moment, or not whole.
func (r request) moving(detail string) error {
	return &store.Error{
		Op: r.op, Ref: r.ref, Kind: store.ErrUnavailable, Detail: fmt.Sprintf("the listing cannot be relied on: %s", detail),
		Hint: "run again; if others change these variables at the same time, wait for them",
	}
}
