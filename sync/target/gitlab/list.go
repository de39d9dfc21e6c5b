package gitlab

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/store"
)

// perPage is the longest page that GitLab gives.
const perPage = 100

// List gives the variables of one scope, and the names of the others'. One
// listing shows all scopes, so it is made once for all of them.
func (t *Target) List(ctx context.Context, scope store.Scope, kinds []store.Kind) (store.Listing, error) {
	wanted, err := t.level.environmentScope(scope)
	if err != nil {
		return store.Listing{}, err
	}
	if !slices.Contains(kinds, store.Secret) {
		return store.Listing{}, nil
	}
	all, err := t.listings.get(ctx, scope, t.listAll)
	if err != nil {
		return store.Listing{}, err
	}
	listing := store.Listing{At: all.at}
	for _, v := range all.variables {
		if v.scope() == wanted {
			listing.Items = append(listing.Items, v.item())
			continue
		}
		listing.Elsewhere = append(listing.Elsewhere, store.Neighbour{
			Scope: store.Scope(t.level.kind + ":" + v.scope()), Kind: store.Secret, Name: v.Key,
		})
	}
	return listing, nil
}

// A page is the query of a listing.
type page struct {
	PerPage int `url:"per_page"`
	Page    int `url:"page"`
}

// listAll reads the listing to its end and holds it against the total that it
// came with: cut short, it is an error.
func (t *Target) listAll(ctx context.Context) (*listing, error) {
	out := &listing{}
	seen := map[[2]string]bool{}
	r := request{op: "list variables of", ref: t.level.ref, method: http.MethodGet, path: t.level.base}
	for number := 1; number != 0; {
		var some []found
		r.options, r.into = page{perPage, number}, &some
		resp, err := t.call(ctx, r)
		if err != nil {
			return nil, err
		}
		if some == nil {
			return nil, r.unreadable()
		}
		for _, v := range some {
			if v.Key == "" || (v.Scope == nil) != (t.level.kind == "instance") {
				return nil, r.unreadable()
			}
			if id := [2]string{v.Key, v.scope()}; !seen[id] {
				seen[id] = true
				out.variables = append(out.variables, v)
			}
		}
		if out.at.IsZero() {
			out.at = rest.Date(resp.Response)
		}
		next := resp.NextPage
		if next != 0 && next != number+1 {
			return nil, r.unreadable()
		}
		if next == 0 && !isWhole(resp.Header, len(out.variables)) {
			return nil, cutShort(r, len(out.variables), resp.Header.Get("X-Total"))
		}
		number = next
	}
	return out, nil
}

// isWhole compares with the total, which GitLab leaves out of long listings.
// https://docs.gitlab.com/api/rest/#other-pagination-headers
func isWhole(header http.Header, got int) bool {
	total, err := strconv.Atoi(header.Get("X-Total"))
	return err != nil || total == got
}

func cutShort(r request, got int, total string) error {
	return &store.Error{
		Op: r.op, Ref: r.ref, Kind: store.ErrUnavailable,
		Detail: fmt.Sprintf("listing cut short: %d of %s", got, total),
		Hint:   "run again; if others change these variables at the same time, wait for them",
	}
}

// A listing is all that a level holds.
type listing struct {
	variables []found
	at        time.Time // by GitLab's clock, of the first page
}

// find gives a variable of the listing.
func (l *listing) find(key, scope string) *found {
	if l == nil {
		return nil
	}
	for i := range l.variables {
		if v := &l.variables[i]; v.Key == key && v.scope() == scope {
			return v
		}
	}
	return nil
}
