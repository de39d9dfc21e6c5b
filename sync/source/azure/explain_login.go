package azure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/store"
)

// explain puts a login's failure in keyplumb's words.
func (l *login) explain(said *heard) error {
	if said.told != nil {
		return said.told
	}
	if said.resp == nil && said.err == nil {
		if l.auth.Method == Default {
			return noCredential()
		}
		return &store.Error{Op: loggingIn, Ref: "azure", Kind: store.ErrUnauthentic, Detail: "Azure's client asked nobody for a token",
			Hint: "compare auth in the policy with the directory and the application in Entra"}
	}
	host := strings.TrimPrefix(l.authority, "https://")
	if said.resp != nil && said.resp.Request != nil {
		host = said.resp.Request.URL.Host
	}
	if errors.Is(said.err, context.DeadlineExceeded) || errors.Is(said.err, context.Canceled) {
		// The end of a time that Azure's client sets itself, not the user's.
		said = &heard{err: &store.Error{Kind: store.ErrUnavailable, Detail: "no answer in time"}}
	}
	failed := rest.Failure(loggingIn, host, said.resp, said.err)
	if failed == nil {
		// A good status, and nothing that a token could be read from; or the
		// client did not like what it read.
		failed = &store.Error{Op: loggingIn, Ref: host, Kind: store.ErrUnavailable, Detail: "the answer could not be read"}
	}
	e, ok := errors.AsType[*store.Error](failed)
	switch {
	case !ok:
		return failed
	case said.resp == nil:
		return advised(e)
	}
	switch e.Status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		e.Kind = store.ErrUnauthentic
		if hostOf(said.resp.Request.URL) == l.authority {
			l.explainEntra(e, said.body)
			break
		}
		e.Detail, e.Hint = "this machine has no such managed identity", "assign one to it; where it has several, set AZURE_CLIENT_ID to the one that is meant"
	}
	if errors.Is(e, store.ErrMoved) {
		e.Detail, e.Hint = "the server sends keyplumb to another address, where no credential goes", "is AZURE_AUTHORITY_HOST right?"
	}
	return advised(e)
}

// A refusal is one reason that Entra gives, and what to do about it.
type refusal struct {
	codes        []int
	detail, hint string
}

// explainEntra goes by the numbers of Entra's refusals.
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
func (l *login) explainEntra(e *store.Error, body []byte) {
	var said struct {
		Error string `json:"error"`
		Codes []int  `json:"error_codes"`
	}
	if json.Unmarshal(body, &said) != nil || said.Error == "" {
		e.Kind, e.Detail, e.Hint = store.ErrUnavailable, "the answer is none of Entra's", "look at what stands between this machine and the authority: a proxy, say"
		return
	}
	e.Detail, e.Hint = "Entra lets nobody in like this", "compare the tenant, the application and its credentials in Entra with what the policy and the environment say"
	for _, code := range said.Codes {
		if code > 0 && code < 1e9 {
			e.Detail = fmt.Sprintf("Entra lets nobody in like this (AADSTS%d)", code)
		}
		for _, known := range l.refusals() {
			for _, its := range known.codes {
				if its == code {
					e.Detail, e.Hint = fmt.Sprintf("%s (AADSTS%d)", known.detail, code), known.hint
					return
				}
			}
		}
	}
}

// guid is what an application's id looks like.
var guid = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

// client is the application's id for hints. What else is in the variable is not
// shown: it may be a secret that was put into the wrong one.
func (l *login) client() string {
	if guid.MatchString(l.auth.Client) {
		return l.auth.Client
	}
	return "CLIENT_ID"
}

func (l *login) refusals() []refusal {
	client := l.client()
	list := "az ad app federated-credential list --id " + client
	return []refusal{
		{[]int{700213, 70021}, "the application has no federated credential for this job's subject",
			"compare the subject of its federated credentials with this job: on GitHub repo:OWNER/NAME:environment:ENV, or ref:refs/heads/BRANCH without an environment; on GitLab project_path:GROUP/NAME:ref_type:branch:ref:BRANCH; " + list},
		{[]int{700211}, "the application has no federated credential for this job's issuer",
			"the issuer is https://token.actions.githubusercontent.com on GitHub, the server's own URL on GitLab; " + list},
		{[]int{700212}, "the application's federated credential is for another audience than " + l.auth.Audience,
			"put its audience into the policy: auth: audience; " + list},
		{[]int{700024, 700027, 50027, 5002723, 500213}, "Entra cannot check the job's token, or it is not valid now",
			"look at the clocks; Entra must reach the issuer's keys, which a GitLab behind a firewall does not let it"},
		{[]int{700016}, "the directory knows no such application", "is auth.role (AZURE_CLIENT_ID) the application's (client) id, and the tenant its directory?"},
		{[]int{90002, 900023, 900021}, "there is no such directory", "is auth.tenant (AZURE_TENANT_ID) right? az account show --query tenantId"},
		{[]int{7000215, 7000222}, "the application's secret is wrong, or has run out", "make a new one: az ad app credential reset; or none at all: auth: {method: \"oidc\"}"},
		{[]int{700025, 7000112, 7000229}, "the application cannot log in by itself in this directory", "it needs a service principal that is enabled: az ad sp create --id CLIENT_ID"},
		{[]int{53003, 53000, 530004}, "a conditional access policy keeps this identity out", "ask those who keep the directory's policies for workload identities"},
	}
}
