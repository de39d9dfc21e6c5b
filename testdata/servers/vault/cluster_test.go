package vault_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/vault"
)

// A cluster is what Vault asks of Kubernetes: whose a service account's token
// is. It knows the accounts ci, in the namespace build, and web, in web.
// https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/
type cluster struct {
	url    string
	tokens map[string]string // by account; "stranger" is of another cluster, "nonsense" none
}

const clusterAudience = "https://kubernetes.default.svc"

func startCluster(t *testing.T) *cluster {
	t.Helper()
	keys := newSigner(t, clusterAudience)
	account := func(namespace, name string) string {
		return keys.sign(fields{
			"iss": clusterAudience, "aud": []string{clusterAudience}, "sub": "system:serviceaccount:" + namespace + ":" + name,
			"exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(),
			"kubernetes.io": fields{"namespace": namespace, "serviceaccount": fields{"name": name, "uid": "uid-" + name}},
		})
	}
	c := &cluster{tokens: map[string]string{"ci": account("build", "ci"), "web": account("web", "web"), "stranger": account("build", "ci") + "x", "nonsense": "no-token"}}
	users := map[string]string{c.tokens["ci"]: "system:serviceaccount:build:ci", c.tokens["web"]: "system:serviceaccount:web:web"}
	uids := map[string]string{c.tokens["ci"]: "uid-ci", c.tokens["web"]: "uid-web"}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /apis/authentication.k8s.io/v1/tokenreviews", func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			Spec struct {
				Token     string
				Audiences []string
			}
		}
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			http.Error(w, "no", http.StatusBadRequest)
			return
		}
		token := asked.Spec.Token
		status := fields{"authenticated": false, "error": "unknown"}
		foreign := len(asked.Spec.Audiences) > 0 && asked.Spec.Audiences[0] != clusterAudience
		if user, known := users[token]; known && !foreign {
			status = fields{"authenticated": true, "audiences": []string{clusterAudience},
				"user": fields{"username": user, "uid": uids[token], "groups": []string{"system:serviceaccounts", "system:authenticated"}}}
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(fields{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status})
	})
	served := httptest.NewServer(mux)
	t.Cleanup(served.Close)
	c.url = served.URL
	return c
}

// join has the real Vault take tokens of a cluster.
func (v *server) join(c *cluster) {
	v.t.Helper()
	v.admin("POST", "sys/auth/kubernetes", fields{"type": "kubernetes"})
	v.admin("POST", "auth/kubernetes/config", fields{"kubernetes_host": c.url, "disable_local_ca_jwt": true, "token_reviewer_jwt": "of-the-vault"})
}

// kubernetes has both Vaults take tokens of a cluster, for the same roles.
func (p *pair) kubernetes(c *cluster) {
	p.real.join(c)
	for name, token := range c.tokens {
		p.names[name], p.atTheirs[name] = token, token
	}
	held := []string{clusterAudience}
	p.emulated.AddKubernetes("kubernetes",
		emulator.ServiceAccount{Token: c.tokens["ci"], Namespace: "build", Name: "ci", UID: "uid-ci", Audiences: held},
		emulator.ServiceAccount{Token: c.tokens["web"], Namespace: "web", Name: "web", UID: "uid-web", Audiences: held},
		emulator.ServiceAccount{Token: c.tokens["stranger"], Namespace: "build", Name: "ci", UID: "uid-ci", Audiences: held, Gone: true})
	for _, role := range []emulator.KubernetesRole{
		{Name: "ci", Names: []string{"ci"}, Namespaces: []string{"*"}, Audience: clusterAudience},
		{Name: "open", Names: []string{"*"}, Namespaces: []string{"build"}},
		{Name: "named", Names: []string{"ci"}, Namespaces: []string{"web"}},
		{Name: "apart", Names: []string{"ci"}, Namespaces: []string{"build"}, Audience: "https://elsewhere.example"},
		{Name: "audience", Names: []string{"*"}, Namespaces: []string{"*"}, Audience: "https://elsewhere.example"},
	} {
		role.Policies, role.TTL = []string{"prod"}, 10*time.Minute
		p.emulated.AddKubernetesRole("kubernetes", role)
		p.real.admin("POST", "auth/kubernetes/role/"+role.Name, fields{
			"bound_service_account_names": role.Names, "bound_service_account_namespaces": role.Namespaces,
			"audience": role.Audience, "token_policies": role.Policies, "token_ttl": "10m",
		})
	}
}
