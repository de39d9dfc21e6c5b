package github

import (
	"crypto/rsa"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// An App is a GitHub App that the emulator should know.
type App struct {
	ID          int64
	ClientID    string // also accepted as the issuer of its JWTs
	Slug        string
	PublicKey   *rsa.PublicKey // checks its JWTs
	Permissions map[string]string
}

type application struct {
	App
	owner         *account
	created       time.Time
	installations map[int64]*installation
}

// An installation of an application on an account.
type installation struct {
	id           int64
	app          *application
	account      *account
	permissions  map[string]string
	repositories map[int64]bool // nil: all of the account's
	created      time.Time
}

func (i *installation) selection() string {
	if i.repositories == nil {
		return "all"
	}
	return "selected"
}

// covers reports whether the installation gives access to r.
func (i *installation) covers(r *repository) bool {
	return r.owner == i.account && (i.repositories == nil || i.repositories[r.id])
}

// An appHandler answers a request that an application signed.
type appHandler func(*call, *application) (reply, error)

// byApp wraps h as an http.Handler that checks the application's JWT.
func byApp(h appHandler) http.HandlerFunc {
	return serve(func(c *call) (reply, error) {
		app, err := c.application()
		if err != nil {
			return reply{}, err
		}
		return h(c, app)
	})
}

// application checks the JWT by the rules of
// https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app:
// RS256, issued by the App's id or client id, not in the future, and ending
// within ten minutes.
func (c *call) application() (*application, error) {
	signed, ok := credentials(c.request)
	if !ok {
		return nil, unauthorized("A JSON web token could not be decoded")
	}
	var app *application
	claims := &jwt.RegisteredClaims{}
	_, err := jwt.ParseWithClaims(signed, claims, func(*jwt.Token) (any, error) {
		if app = c.server.issuer(claims.Issuer); app == nil {
			return nil, jwt.ErrTokenInvalidIssuer
		}
		return app.PublicKey, nil
	}, jwt.WithValidMethods([]string{"RS256"}), jwt.WithoutClaimsValidation())
	if err != nil {
		return nil, unauthorized("A JSON web token could not be decoded")
	}
	return app, checkTimes(claims, c.server.Clock().Now())
}

func checkTimes(claims *jwt.RegisteredClaims, now time.Time) error {
	switch {
	case claims.IssuedAt == nil || claims.IssuedAt.After(now):
		return unauthorized("'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued")
	case claims.ExpiresAt == nil || !claims.ExpiresAt.After(now):
		return unauthorized("'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires")
	case claims.ExpiresAt.After(now.Add(10 * time.Minute)):
		return unauthorized("'Expiration time' claim ('exp') is too far in the future")
	}
	return nil
}

func (s *Server) issuer(name string) *application {
	for id, app := range s.applications {
		if name == strconv.FormatInt(id, 10) || name != "" && name == app.ClientID {
			return app
		}
	}
	return nil
}

func getApp(c *call, app *application) (reply, error) {
	return reply{http.StatusOK, map[string]any{
		"id": app.ID, "slug": app.Slug, "client_id": app.ClientID, "node_id": nodeID("A", app.ID),
		"owner": app.owner.describe(c.base), "name": app.Slug, "description": nil,
		"external_url": "https://example.com", "html_url": "https://github.com/apps/" + app.Slug,
		"created_at": stamp(app.created), "updated_at": stamp(app.created),
		"permissions": app.Permissions, "events": []string{}, "installations_count": len(app.installations),
	}}, nil
}

func listInstallations(c *call, app *application) (reply, error) {
	described := []map[string]any{}
	for _, id := range slices.Sorted(maps.Keys(app.installations)) {
		described = append(described, app.installations[id].describe(c.base))
	}
	return reply{http.StatusOK, page(c, usualPaging, described)}, nil
}

// installation finds the {installation_id} of the request's path.
func (c *call) installation(app *application) (*installation, error) {
	id, err := strconv.ParseInt(c.request.PathValue("installation_id"), 10, 64)
	if err != nil || app.installations[id] == nil {
		return nil, notFound()
	}
	return app.installations[id], nil
}

func getInstallation(c *call, app *application) (reply, error) {
	found, err := c.installation(app)
	if err != nil {
		return reply{}, err
	}
	return reply{http.StatusOK, found.describe(c.base)}, nil
}

// installationOfOwner answers with the installation on the account that the
// path names in the given place.
func installationOfOwner(place string) appHandler {
	return func(c *call, app *application) (reply, error) {
		for _, each := range app.installations {
			isOrganization := place == "org"
			if strings.EqualFold(each.account.login, c.request.PathValue(place)) && each.account.organization == isOrganization {
				return reply{http.StatusOK, each.describe(c.base)}, nil
			}
		}
		return reply{}, notFound()
	}
}

func installationOfRepository(c *call, app *application) (reply, error) {
	for _, each := range app.installations {
		c.token = &token{repositories: c.server.covered(each)}
		err := c.resolve()
		if failed, ok := errors.AsType[*failure](err); ok && failed.status == http.StatusNotFound {
			continue
		}
		if err != nil {
			return reply{}, err
		}
		return reply{http.StatusOK, each.describe(c.base)}, nil
	}
	return reply{}, notFound()
}

// covered returns the ids of the repositories of an installation.
func (s *Server) covered(i *installation) map[int64]bool {
	ids := map[int64]bool{}
	for id, repo := range s.repositories {
		if i.covers(repo) {
			ids[id] = true
		}
	}
	return ids
}

func (i *installation) describe(base string) map[string]any {
	url := base + "/app/installations/" + strconv.FormatInt(i.id, 10)
	return map[string]any{
		"id": i.id, "account": i.account.describe(base), "repository_selection": i.selection(),
		"access_tokens_url": url + "/access_tokens", "repositories_url": base + "/installation/repositories",
		"html_url": "https://github.com/organizations/" + i.account.login + "/settings/installations/" + strconv.FormatInt(i.id, 10),
		"app_id":   i.app.ID, "app_slug": i.app.Slug, "client_id": i.app.ClientID,
		"target_id": i.account.id, "target_type": i.account.kind(),
		"permissions": i.permissions, "events": []string{}, "single_file_name": nil,
		"created_at": stamp(i.created), "updated_at": stamp(i.created), "suspended_by": nil, "suspended_at": nil,
	}
}
