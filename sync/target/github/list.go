package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	gh "github.com/google/go-github/v60/github"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// listPages reads a listing to its end and holds it against the count that it
// came with: cut short, it is an error.
func listPages[T any](ctx context.Context, t *Target, r request, field string, size int, name func(T) string) ([]T, error) {
	path := r.path
	var out []T
	names := map[string]bool{}
	for number := 1; number != 0; {
		var fields map[string]json.RawMessage
		r.path, r.into = fmt.Sprintf("%s?per_page=%d&page=%d", path, size, number), &fields
		resp, err := t.call(ctx, r)
		if err != nil {
			return nil, err
		}
		total, items, ok := decodePage[T](fields, field)
		for _, item := range items {
			n := t.Canonical(name(item))
			ok = ok && n != ""
			if !names[n] {
				names[n] = true
				out = append(out, item)
			}
		}
		if !ok {
			return nil, r.unreadable()
		}
		if number = resp.NextPage; len(items) == 0 {
			number = 0
		}
		if number == 0 && len(out) != total {
			return nil, &store.Error{
				Op: r.op, Ref: r.ref, Kind: store.ErrUnavailable,
				Detail: fmt.Sprintf("listing cut short: %d of %d", len(out), total),
				Hint:   "run again; if others change this scope at the same time, wait for them",
			}
		}
	}
	return out, nil
}

// decodePage tells what is absent from what is empty: an answer without a
// count or without items is no listing.
func decodePage[T any](fields map[string]json.RawMessage, field string) (total int, items []T, ok bool) {
	var count *int
	if json.Unmarshal(fields["total_count"], &count) != nil || json.Unmarshal(fields[field], &items) != nil {
		return 0, nil, false
	}
	if count == nil || items == nil {
		return 0, nil, false
	}
	return *count, items, true
}

// List gives the secrets, the variables or both. Dependabot and Codespaces have
// no variables to list: those beside them are of Actions, and another target's.
func (t *Target) List(ctx context.Context, scope store.Scope, kinds []store.Kind) (store.Listing, error) {
	where, err := t.paths(scope)
	if err != nil {
		return store.Listing{}, err
	}
	var listing store.Listing
	for _, kind := range []store.Kind{store.Secret, store.Variable} {
		if !slices.Contains(kinds, kind) || !slices.Contains(t.Kinds(), kind) {
			continue
		}
		items, err := t.list(ctx, scope, where, kind)
		if errors.Is(err, store.ErrNotFound) && where.environment != "" {
			err = t.missingEnvironment(ctx, scope, where, err)
			if err == nil {
				return store.Listing{}, nil // to be created
			}
		}
		if err != nil {
			return store.Listing{}, err
		}
		listing.Items = append(listing.Items, items...)
	}
	t.state(scope).remember(t, kinds, listing.Items)
	return listing, nil
}

func (t *Target) list(ctx context.Context, scope store.Scope, where paths, kind store.Kind) ([]store.Item, error) {
	r := request{op: "list " + string(kind) + "s of", ref: t.refOf(scope), method: http.MethodGet, path: where.of(kind), needs: t.reading(kind)}
	if kind == store.Secret {
		found, err := listPages(ctx, t, r, "secrets", 100, func(s gh.Secret) string { return s.Name })
		if err != nil {
			return nil, err
		}
		items := make([]store.Item, 0, len(found))
		for _, s := range found {
			items = append(items, store.Item{Kind: kind, Name: s.Name, Updated: s.UpdatedAt.Time, Attributes: visibility(s.Visibility)})
		}
		return items, nil
	}
	found, err := listPages(ctx, t, r, "variables", 30, func(v gh.ActionsVariable) string { return v.Name })
	if err != nil {
		return nil, err
	}
	items := make([]store.Item, 0, len(found))
	for _, v := range found {
		if strings.HasPrefix(strings.ToUpper(v.Name), ledgerPrefix) {
			continue
		}
		var updated time.Time
		if v.UpdatedAt != nil {
			updated = v.UpdatedAt.Time
		}
		items = append(items, store.Item{
			Kind: kind, Name: v.Name, Updated: updated, Value: secret.New([]byte(v.Value)), Readable: true,
			Attributes: visibility(pointed(v.Visibility)),
		})
	}
	return items, nil
}

func visibility(text string) store.Attributes {
	if text == "" {
		return nil
	}
	return store.Attributes{attrVisibility: text}
}

func pointed(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
