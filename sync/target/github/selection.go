package github

import (
	"context"
	"net/http"
	"slices"
	"strings"

	gh "github.com/google/go-github/v60/github"

	"github.com/keyplumb/keyplumb/sync/store"
)

// The attributes that an organization's secrets and variables have.
const (
	attrVisibility   = "visibility"
	attrRepositories = "repositories" // names without their owner

	visibilityAll      = "all"
	visibilityPrivate  = "private"
	visibilitySelected = "selected"
)

// A selection says which repositories see a variable. It is empty outside an
// organization.
type selection struct {
	visibility string
	ids        []int64 // where it is "selected"; never nil then
}

// fields gives what a request's body says of it. An empty list is sent as one:
// left out, it would leave the old list as it is.
func (s selection) fields() map[string]any {
	switch s.visibility {
	case "":
		return nil
	case visibilitySelected:
		return map[string]any{"visibility": s.visibility, "selected_repository_ids": s.ids}
	default:
		return map[string]any{"visibility": s.visibility}
	}
}

// checkVisibility checks the attributes: what GitHub does not have must not
// look as though it had been set.
func (t *Target) checkVisibility(p store.Placement) error {
	refuse := func(detail string) error {
		return &store.Error{Op: "check", Ref: t.refTo(p.Scope, p.Name), Kind: store.ErrInvalid, Detail: detail}
	}
	for name := range p.Attributes {
		switch {
		case name != attrVisibility && name != attrRepositories:
			return refuse("GitHub has no attribute " + name)
		case t.options.ScopeKind != ScopeOrganization:
			return refuse("only an organization's secrets have the attribute " + name)
		}
	}
	visibility, set := p.Attributes[attrVisibility]
	switch visibility {
	case visibilityAll, visibilityPrivate, visibilitySelected:
	default:
		if set {
			return refuse("visibility is all, private or selected")
		}
	}
	names, set := p.Attributes[attrRepositories]
	if set && visibility != visibilitySelected {
		return refuse("repositories go with visibility: selected only")
	}
	for _, name := range splitList(names) {
		if !repositoryName.MatchString(t.owner+"/"+t.bare(name)) || isDots(t.bare(name)) {
			return refuse("a selected repository is named without its owner, or is of another owner")
		}
	}
	return nil
}

// bare takes the organization off a repository's name.
func (t *Target) bare(name string) string {
	if owner, rest, ok := strings.Cut(name, "/"); ok && strings.EqualFold(owner, t.owner) {
		return rest
	}
	return name
}

// splitList undoes how attributes hold a list.
func splitList(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// choose works out what a write must say of visibility. What the policy leaves
// open stays as it is; for what is new it is "private", the least that needs
// no list.
func (t *Target) choose(ctx context.Context, p store.Placement) (selection, error) {
	if t.options.ScopeKind != ScopeOrganization {
		return selection{}, nil
	}
	was, found := t.state(p.Scope).lookUp(p.Kind, t.Canonical(p.Name))
	visibility := p.Attributes[attrVisibility]
	switch {
	case visibility != "":
	case was != "":
		visibility = was
	default:
		visibility = visibilityPrivate
	}
	if visibility != visibilitySelected {
		return selection{visibility: visibility}, nil
	}
	names, given := p.Attributes[attrRepositories]
	ids := []int64{}
	if !given && found && was == visibilitySelected {
		repos, err := t.selected(ctx, p.Scope, p.Kind, p.Name)
		if err != nil {
			return selection{}, err
		}
		for _, repo := range repos {
			ids = append(ids, repo.GetID())
		}
		return selection{visibility, ids}, nil
	}
	for _, name := range splitList(names) {
		id, err := t.repositoryIDOf(ctx, t.bare(name))
		if err != nil {
			return selection{}, err
		}
		ids = append(ids, id)
	}
	return selection{visibility, ids}, nil
}

// repositoryIDOf finds the id of a repository of the organization, once.
func (t *Target) repositoryIDOf(ctx context.Context, name string) (int64, error) {
	t.idsMu.Lock()
	defer t.idsMu.Unlock()
	key := strings.ToLower(name)
	if id, ok := t.ids[key]; ok {
		return id, nil
	}
	id, err := t.lookUpRepository(ctx, name)
	if err == nil {
		t.ids[key] = id
	}
	return id, err
}

// selected lists the repositories that see an organization's variable.
func (t *Target) selected(ctx context.Context, scope store.Scope, kind store.Kind, name string) ([]gh.Repository, error) {
	where, err := t.paths(scope)
	if err != nil {
		return nil, err
	}
	r := request{
		op: "list the repositories of", ref: t.refTo(scope, name), method: http.MethodGet,
		path: where.of(kind) + "/" + name + "/repositories", needs: t.reading(kind),
	}
	return listPages(ctx, t, r, "repositories", 100, func(repo gh.Repository) string { return repo.GetFullName() })
}

// Inspect reads the repositories that were selected for an organization's
// secret or variable; nothing else hides from a listing.
func (t *Target) Inspect(ctx context.Context, scope store.Scope, kind store.Kind, name string) (store.Attributes, error) {
	if t.options.ScopeKind != ScopeOrganization {
		return store.Attributes{}, nil
	}
	if !variableName.MatchString(name) {
		return nil, &store.Error{Op: "inspect", Ref: t.refOf(scope), Kind: store.ErrInvalid, Detail: "that cannot be a name"}
	}
	if was, found := t.state(scope).lookUp(kind, t.Canonical(name)); found && was != visibilitySelected {
		return store.Attributes{attrVisibility: was}, nil
	}
	repos, err := t.selected(ctx, scope, kind, name)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(repos))
	for _, repo := range repos {
		names = append(names, repo.GetName())
	}
	slices.Sort(names)
	return store.Attributes{attrVisibility: visibilitySelected, attrRepositories: strings.Join(names, ",")}, nil
}
