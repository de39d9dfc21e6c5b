package github

import (
	"net/http"
	"strings"
)

// A locate finds the store that a request is about.
type locate func(*call) (*store, error)

// secretBody is the body of every PUT of a secret.
type secretBody struct {
	EncryptedValue *string   `json:"encrypted_value"`
	KeyID          *string   `json:"key_id"`
	Visibility     *string   `json:"visibility"`
	Selected       *[]repoID `json:"selected_repository_ids"`
}

func listSecrets(at locate) handler {
	return func(c *call) (reply, error) {
		s, err := at(c)
		if err != nil {
			return reply{}, err
		}
		return counted(c, usualPaging, "secrets", c.describeItems(s))
	}
}

func getPublicKey(at locate) handler {
	return func(c *call) (reply, error) {
		s, err := at(c)
		if err != nil {
			return reply{}, err
		}
		return reply{http.StatusOK, s.key.describe()}, nil
	}
}

func getItem(at locate) handler {
	return func(c *call) (reply, error) {
		s, found, err := c.find(at)
		if err != nil {
			return reply{}, err
		}
		return reply{http.StatusOK, c.describe(s, found)}, nil
	}
}

func deleteItem(at locate) handler {
	return func(c *call) (reply, error) {
		s, found, err := c.find(at)
		if err != nil {
			return reply{}, err
		}
		delete(s.items, found.name)
		return reply{status: http.StatusNoContent}, nil
	}
}

// putSecret creates (201) or replaces (204) a secret. A replaced secret has a
// new updated_at even where the value is the one it had.
func putSecret(at locate) handler {
	return func(c *call) (reply, error) {
		s, err := at(c)
		if err != nil {
			return reply{}, err
		}
		body, err := decode[secretBody](c)
		if err != nil {
			return reply{}, err
		}
		name := c.request.PathValue("name")
		present, exists := s.find(name)
		value, err := s.sealedValue(body, exists)
		if err != nil {
			return reply{}, err
		}
		choice, err := s.choose(c, body.Visibility, body.Selected)
		if err != nil {
			return reply{}, err
		}
		if !exists {
			if present, err = s.create(name, c.now); err != nil {
				return reply{}, err
			}
		}
		if value != nil {
			present.value = *value
		}
		choice.apply(present)
		present.updated = c.now
		return written(exists), nil
	}
}

// written is the answer to a PUT: 201 with an empty object, or 204.
func written(existed bool) reply {
	if existed {
		return reply{status: http.StatusNoContent}
	}
	return reply{http.StatusCreated, map[string]any{}}
}

// sealedValue opens the body's sealed box. The description lets a PUT to an
// existing secret of an organization, a user, Dependabot or Codespaces leave
// the value out; the secret then keeps it (nil).
func (s *store) sealedValue(body secretBody, exists bool) (*string, error) {
	var absent []string
	if body.EncryptedValue == nil {
		absent = append(absent, "encrypted_value")
	}
	if body.KeyID == nil {
		absent = append(absent, "key_id")
	}
	if len(absent) == 2 && exists && (s.org != nil || s.user != nil) {
		return nil, nil
	}
	if len(absent) > 0 {
		return nil, missing(absent...)
	}
	value, err := s.key.open(*body.EncryptedValue, *body.KeyID)
	return &value, err
}

// find returns the request's store, and in it the item {name} of its path.
func (c *call) find(at locate) (*store, *item, error) {
	s, err := at(c)
	if err != nil {
		return nil, nil, err
	}
	found, ok := s.find(c.request.PathValue("name"))
	if !ok {
		return nil, nil, notFound()
	}
	return s, found, nil
}

func (c *call) describeItems(s *store) []map[string]any {
	described := []map[string]any{}
	for _, each := range s.sorted() {
		described = append(described, c.describe(s, each))
	}
	return described
}

// describe renders a secret or a variable.
func (c *call) describe(s *store, i *item) map[string]any {
	fields := map[string]any{"name": i.name, "created_at": stamp(i.created), "updated_at": stamp(i.updated)}
	if s.noun == "Variable" {
		fields["value"] = i.value
	}
	if i.visibility == "" {
		return fields
	}
	fields["visibility"] = i.visibility
	if i.visibility == "selected" {
		fields["selected_repositories_url"] = c.base + s.path() + "/" + i.name + "/repositories"
	}
	return fields
}

// path is the store's place in the API, of an organization's or a user's.
func (s *store) path() string {
	if s.user != nil {
		return "/user/codespaces/secrets"
	}
	for app, secrets := range s.org.secrets {
		if secrets == s {
			return "/orgs/" + s.org.login + "/" + app + "/secrets"
		}
	}
	return "/orgs/" + s.org.login + "/actions/" + strings.ToLower(s.noun) + "s"
}
