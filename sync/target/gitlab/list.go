package gitlab

import (
	"context"
	"net/http"
	"slices"
	"strconv"
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
		items, got, err := t.page(ctx, r, page)
		if err != nil {
			return nil, time.Time{}, err
		}
		if page == 1 {
			at, total = got.date, got.header.Get("X-Total")
		}
		if got.header.Get("X-Total") != total {
			return nil, time.Time{}, r.moving("the number of variables changed")
		}
		for i := range items {
			where := items[i].place(t.level)
			if seen[where] {
				return nil, time.Time{}, r.moving("a variable is in it twice")
			}
			seen[where] = true
		}
		all = append(all, items...)
		var ok bool
		if page, ok = nextPage(got.header, page, len(items)); !ok {
			return nil, time.Time{}, r.unreadable()
		}
	}
	// GitLab leaves the count out where it would take long.
	if total != "" && total != strconv.Itoa(len(all)) {
		return nil, time.Time{}, r.moving("it was cut short")
	}
	t.memory.learn(age, all, t.level)
	return all, at, nil
}

// page reads one page, each variable of which is whole.
func (t *Target) page(ctx context.Context, r request, number int) ([]variable, answer, error) {
	var items []variable
	r.options, r.into = gl.ListOptions{Page: number, PerPage: pageSize}, &items
	got, err := t.call(ctx, r)
	if err != nil {
		return nil, got, err
	}
	torn := func(v variable) bool { return !v.isWhole(t.level) }
	if items == nil || slices.ContainsFunc(items, torn) {
		return nil, got, r.unreadable()
	}
	return items, got, nil
}

// nextPage gives the number of the next page, 0 after the last one. Where no
// header says it, a full page is followed by another.
func nextPage(header http.Header, page, items int) (next int, ok bool) {
	_, told := header["X-Next-Page"]
	text := header.Get("X-Next-Page")
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
		Op: r.op, Ref: r.ref, Kind: store.ErrUnavailable, Detail: "the listing cannot be relied on: " + detail,
		Hint: "run again; if others change these variables at the same time, wait for them",
	}
}
