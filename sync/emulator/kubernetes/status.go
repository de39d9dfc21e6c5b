package kubernetes

import (
	"fmt"
	"net/http"

	"github.com/keyplumb/keyplumb/sync/emulator/harness"
)

// A failure is an answer in place of a result: a Status, or a text.
// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
type failure struct {
	code            int
	reason, message string
	details         map[string]any // nil where there are none
	text            string         // in place of a Status
	header          http.Header
}

func refusal(code int, reason, message string, details map[string]any) *failure {
	return &failure{code: code, reason: reason, message: message, details: details}
}

func notFound(at place) *failure {
	return refusal(http.StatusNotFound, "NotFound", fmt.Sprintf("secrets %q not found", at.name), map[string]any{"name": at.name, "kind": "secrets"})
}

func (f *failure) write(a *harness.Answer) {
	if f.text != "" {
		a.Text("text/plain; charset=utf-8", f.text)
		return
	}
	status := map[string]any{"kind": "Status", "apiVersion": "v1", "metadata": map[string]any{}, "status": "Failure",
		"message": f.message, "reason": f.reason, "code": f.code}
	if f.details != nil {
		status["details"] = f.details
	}
	a.JSON("application/json", status)
}
