package azure

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/harness"
)

const (
	jsonType      = "application/json; charset=utf-8"
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)

// grant gives a token for client credentials (RFC 6749 §4.4, RFC 7523).
func (e *Entra) grant(x *harness.Exchange, tenant string) {
	form, err := url.ParseQuery(string(x.Body))
	if err != nil || !strings.HasPrefix(x.Request.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		refuseLogin(x, http.StatusBadRequest, "invalid_request", 900144, "The request body must contain the following parameter: 'grant_type'.")
		return
	}
	at := slices.IndexFunc(e.applications, func(a Application) bool { return a.Client == form.Get("client_id") && a.Tenant == tenant })
	scope := form.Get("scope")
	resource, ofDefault := defaultOf(scope)
	switch {
	case !e.hasTenant(tenant):
		refuseLogin(x, http.StatusBadRequest, "invalid_tenant", 90002, "Tenant '"+tenant+"' not found.")
	case form.Get("grant_type") != "client_credentials":
		refuseLogin(x, http.StatusBadRequest, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
	case at < 0:
		refuseLogin(x, http.StatusBadRequest, "unauthorized_client", 700016, "Application with identifier was not found in the directory.")
	case !ofDefault:
		refuseLogin(x, http.StatusBadRequest, "invalid_scope", 1002012, "The provided value for scope is not valid.")
	case form.Get("client_secret") != "":
		if e.applications[at].Secret == "" || e.applications[at].Secret != form.Get("client_secret") {
			refuseLogin(x, http.StatusUnauthorized, "invalid_client", 7000215, "Invalid client secret provided.")
			return
		}
		e.give(x, e.applications[at], resource)
	case form.Get("client_assertion_type") == assertionType:
		if code, text := e.applications[at].trusts(form.Get("client_assertion"), e.Clock().Now()); code != 0 {
			refuseLogin(x, http.StatusUnauthorized, "invalid_client", code, text)
			return
		}
		e.give(x, e.applications[at], resource)
	default:
		refuseLogin(x, http.StatusUnauthorized, "invalid_client", 7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
	}
}

// defaultOf reads the resource of a scope RESOURCE/.default, which client
// credentials alone may ask for. The scopes of OpenID may stand beside it.
func defaultOf(scope string) (resource string, ok bool) {
	for word := range strings.FieldsSeq(scope) {
		if slices.Contains([]string{"openid", "offline_access", "profile"}, word) {
			continue
		}
		if resource, ok = strings.CutSuffix(word, "/.default"); !ok {
			return "", false
		}
	}
	return resource, ok
}

func (e *Entra) give(x *harness.Exchange, a Application, resource string) {
	t := e.token(a.Tenant, a.Client, resource)
	x.JSON(jsonType, map[string]any{"token_type": "Bearer", "expires_in": int(Life.Seconds()), "ext_expires_in": int(Life.Seconds()), "access_token": t.Value})
}

// refuseLogin answers with an error in Entra's form.
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow#error-response-1
func refuseLogin(x *harness.Exchange, status int, kind string, code int, text string) {
	x.WriteHeader(status)
	trace := requestID()
	x.JSON(jsonType, map[string]any{
		"error": kind, "error_codes": []int{code}, "timestamp": time.Now().UTC().Format("2006-01-02 15:04:05Z"), "trace_id": trace, "correlation_id": trace,
		"error_description": fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s", code, text, trace, trace),
		"error_uri":         fmt.Sprintf("https://login.microsoftonline.com/error?code=%d", code),
	})
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) }

func unix(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }
