package gcp

import (
	"fmt"
	"net/http"

	"github.com/keyplumb/keyplumb/sync/emulator/harness"
)

// A failure is an answer in place of a result.
type failure struct {
	status int
	body   any
}

func (f *failure) Error() string { return fmt.Sprint(f.status, " ", f.body) }

// refusal is a failure of an API, in the form of https://google.aip.dev/193.
func refusal(status int, code, message string, details ...map[string]any) error {
	said := map[string]any{"code": status, "message": message, "status": code}
	if len(details) > 0 {
		said["details"] = details
	}
	return &failure{status, map[string]any{"error": said}}
}

// because is a detail of a refusal: google.rpc.ErrorInfo.
func because(reason, domain string, metadata map[string]string) map[string]any {
	return map[string]any{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": domain, "metadata": metadata}
}

func denied(permission, resource string) error {
	return refusal(http.StatusForbidden, "PERMISSION_DENIED",
		fmt.Sprintf("Permission '%s' denied for resource '%s' (or it may not exist).", permission, resource),
		because("IAM_PERMISSION_DENIED", "iam.googleapis.com", map[string]string{"permission": permission, "resource": resource}))
}

func unauthenticated(reason string) error {
	return refusal(http.StatusUnauthorized, "UNAUTHENTICATED",
		"Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
		because(reason, "googleapis.com", map[string]string{"service": "secretmanager.googleapis.com"}))
}

func noMethod() error { return refusal(http.StatusNotFound, "NOT_FOUND", "Method not found.") }

// oauth is a failure of a token service (RFC 6749 §5.2).
func oauth(status int, code, description string) error {
	return &failure{status, map[string]any{"error": code, "error_description": description}}
}

func write(a *harness.Answer, err error) {
	f, ok := err.(*failure) //nolint:errorlint // it was made here
	if !ok {
		panic(err)
	}
	a.WriteHeader(f.status)
	a.JSON("application/json; charset=UTF-8", f.body)
}
