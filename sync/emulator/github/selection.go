package github

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
)

// A repoID is a repository's id, which some bodies may write as a string.
type repoID int64

// UnmarshalJSON reads 1296269 and "1296269" alike.
func (id *repoID) UnmarshalJSON(text []byte) error {
	if unquoted, err := strconv.Unquote(string(text)); err == nil {
		text = []byte(unquoted)
	}
	return json.Unmarshal(text, (*int64)(id))
}

// A choice is who may use an organization's item. A nil part leaves the
// item's as it is.
type choice struct {
	visibility *string
	selected   map[int64]bool
}

func (ch choice) apply(i *item) {
	if ch.visibility != nil {
		i.visibility = *ch.visibility
	}
	if ch.selected != nil {
		i.selected = ch.selected
	}
	if i.visibility != "selected" {
		i.selected = nil
	}
}

// choose reads the visibility that a new or replaced item must state.
func (s *store) choose(c *call, visibility *string, ids *[]repoID) (choice, error) {
	if s.org != nil && visibility == nil {
		return choice{}, missing("visibility")
	}
	return s.rechoose(c, visibility, ids)
}

// rechoose reads a change of visibility, which may leave things as they are.
func (s *store) rechoose(c *call, visibility *string, ids *[]repoID) (choice, error) {
	if s.org == nil && s.user == nil {
		return choice{}, nil
	}
	if s.user != nil {
		visibility = nil
	}
	if visibility != nil && !slices.Contains([]string{"all", "private", "selected"}, *visibility) {
		return choice{}, unprocessable("Invalid request.\n\n%s is not a member of [\"all\", \"private\", \"selected\"].", *visibility)
	}
	if visibility != nil && *visibility != "selected" && ids != nil && len(*ids) > 0 {
		return choice{}, unprocessable("You can only provide a list of repository ids when the visibility is set to selected.")
	}
	selected, err := s.known(c, ids)
	return choice{visibility, selected}, err
}

// known turns ids into a set, if all are repositories that the store's owner
// can select.
func (s *store) known(c *call, ids *[]repoID) (map[int64]bool, error) {
	if ids == nil {
		return nil, nil
	}
	set := map[int64]bool{}
	for _, id := range *ids {
		if !s.selectable(c, int64(id)) {
			return nil, unprocessable("Repository with id %d could not be found.", id)
		}
		set[int64(id)] = true
	}
	return set, nil
}

func (s *store) selectable(c *call, id int64) bool {
	repo, ok := c.server.repositories[id]
	return ok && (s.user != nil || repo.owner == s.org)
}

func listSelected(at locate) handler {
	return func(c *call) (reply, error) {
		_, found, err := c.findSelected(at)
		if err != nil {
			return reply{}, err
		}
		chosen := c.describeAll(func(r *repository) bool { return found.selected[r.id] })
		return counted(c, usualPaging, "repositories", chosen)
	}
}

func setSelected(at locate) handler {
	return func(c *call) (reply, error) {
		s, found, err := c.findSelected(at)
		if err != nil {
			return reply{}, err
		}
		body, err := decode[struct {
			Selected *[]repoID `json:"selected_repository_ids"`
		}](c)
		if err != nil {
			return reply{}, err
		}
		if body.Selected == nil {
			return reply{}, missing("selected_repository_ids")
		}
		selected, err := s.known(c, body.Selected)
		if err != nil {
			return reply{}, err
		}
		return c.reselect(found, selected), nil
	}
}

func addSelected(at locate) handler {
	return changeSelected(at, func(set map[int64]bool, id int64) { set[id] = true })
}

func removeSelected(at locate) handler {
	return changeSelected(at, func(set map[int64]bool, id int64) { delete(set, id) })
}

func changeSelected(at locate, change func(set map[int64]bool, id int64)) handler {
	return func(c *call) (reply, error) {
		s, found, err := c.findSelected(at)
		if err != nil {
			return reply{}, err
		}
		id, err := strconv.ParseInt(c.request.PathValue("repository_id"), 10, 64)
		if err != nil || !s.selectable(c, id) {
			return reply{}, notFound()
		}
		selected := map[int64]bool{}
		maps.Copy(selected, found.selected)
		change(selected, id)
		return c.reselect(found, selected), nil
	}
}

// reselect gives the item another selection, which moves its updated_at.
func (c *call) reselect(found *item, selected map[int64]bool) reply {
	found.selected, found.updated = selected, c.now
	return reply{status: http.StatusNoContent}
}

// findSelected finds the item {name}, which must be visible to selected
// repositories.
func (c *call) findSelected(at locate) (*store, *item, error) {
	s, found, err := c.find(at)
	if err == nil && found.visibility != "selected" {
		err = conflict("Conflict - the visibility is not set to selected")
	}
	return s, found, err
}
