package kubernetes

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/keyplumb/keyplumb/sync/store"
)

// explain says what became of a request. What the cluster told is matched with
// words of its API, and never repeated.
func (s *Source) explain(err error, told metav1.Status, r request) error {
	e, ok := errors.AsType[*store.Error](err)
	if !ok {
		return err
	}
	anonymous := e.Status == http.StatusForbidden && strings.Contains(told.Message, `User "system:anonymous"`)
	switch {
	case errors.Is(e, store.ErrMoved):
		e.Detail, e.Hint = "the server sends keyplumb to another address, where the credential does not go", "name the address of the API server itself"
	case errors.Is(e, store.ErrUnauthentic):
		s.explainCredential(e)
	case anonymous:
		e.Kind = store.ErrUnauthentic
		s.explainCredential(e)
	case errors.Is(e, store.ErrDenied) && strings.Contains(told.Message, "cannot impersonate"):
		e.Detail, e.Hint = "the kubeconfig's user may not act as whom it names (as)", "leave that out, or have a ClusterRole give the verb impersonate on that user and its groups"
	case errors.Is(e, store.ErrDenied) && told.Reason == metav1.StatusReasonForbidden:
		e.Detail = "this user may not read it"
		e.Hint = fmt.Sprintf("a Role in the namespace %s needs the rule {apiGroups: [\"\"], resources: [\"secrets\"], resourceNames: [%q], verbs: [\"get\"]}, and a RoleBinding has to give it to this user", r.namespace, r.name)
	case errors.Is(e, store.ErrDenied) && e.Status != 0:
		e.Detail, e.Hint = "what stands before the cluster refuses it", "ask who runs it; the cluster itself was not reached"
	case errors.Is(e, store.ErrNotFound) && !saysMissing(told, r):
		// A proxy's, and no word on the secret: an optional one would be given
		// up by it.
		e.Kind, e.Detail = store.ErrUnavailable, "the answer is not a cluster's"
		e.Hint = "is the address that of an API server, with the path that it lies below?"
	case errors.Is(e, store.ErrNotFound):
		e.Detail = fmt.Sprintf("the namespace %s has no such secret, or is not there", r.namespace)
		e.Hint = fmt.Sprintf("look with kubectl get secret --namespace %s", r.namespace)
	case strings.Contains(e.Detail, "certificate is not trusted"):
		e.Hint = "give the cluster's own authority: " + map[bool]string{true: "the file that KUBERNETES_CACERT names", false: "certificate-authority-data in the kubeconfig"}[s.cluster.proof == identity]
	}
	switch {
	case e.Hint != "":
	case errors.Is(e, store.ErrUnavailable):
		e.Hint = "see whether the cluster answers from here, as with kubectl version, and run keyplumb again"
	default:
		e.Hint = "ask those who run the cluster: its audit log says what it makes of the request"
	}
	return e
}

func saysMissing(told metav1.Status, r request) bool {
	return told.Reason == metav1.StatusReasonNotFound && told.Details != nil && told.Details.Kind == "secrets" && told.Details.Name == r.name
}

// explainCredential tells what may be wrong with what was shown.
func (s *Source) explainCredential(e *store.Error) {
	said := map[proof]struct{ detail, hint string }{
		kubeconfig: {"the kubeconfig's token, certificate or password is wrong, was revoked, or has run out", "log in again; kubectl auth whoami says who the cluster takes you for"},
		plugin:     {"the cluster does not take what the kubeconfig's exec plugin gives", "log in anew with the tool that it is of; kubectl auth whoami says who the cluster takes you for"},
		pod:        {"the token of the pod's service account has run out, or the service account is gone", "run keyplumb in a new pod"},
		identity: {"the cluster does not take this job's identity token", "its AuthenticationConfiguration needs this CI system as an issuer, with the audience that the token is made for " +
			"(auth: audience in the policy; the cluster's address by default), and rules on claims that this job meets"},
	}[s.cluster.proof]
	e.Detail, e.Hint = said.detail, said.hint
}
