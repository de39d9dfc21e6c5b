package github

import "net/http"

// router lists every operation that the emulator knows.
func (s *Server) router() *http.ServeMux {
	mux := http.NewServeMux()
	const repo, org, user = "/repos/{owner}/{repo}", "/orgs/{org}", "/user/codespaces/secrets"
	const env = repo + "/environments/{environment}"

	addSecrets(mux, repo+"/actions/secrets", "secrets", "read", ofRepository(actions))
	addSecrets(mux, repo+"/dependabot/secrets", "dependabot_secrets", "read", ofRepository(dependabot))
	addSecrets(mux, repo+"/codespaces/secrets", "codespaces_secrets", "write", ofRepository(codespaces))
	addSecrets(mux, env+"/secrets", "environments", "read", ofEnvironment)
	addSecrets(mux, user, "codespaces_user_secrets", "read", ofUser)
	addSelections(mux, user, "codespaces_user_secrets", ofUser)
	for app, needs := range map[string]string{
		actions: "organization_secrets", dependabot: "organization_dependabot_secrets", codespaces: "organization_codespaces_secrets",
	} {
		addSecrets(mux, org+"/"+app+"/secrets", needs, "read", ofOrganization(app))
		addSelections(mux, org+"/"+app+"/secrets", needs, ofOrganization(app))
	}
	addVariables(mux, repo+"/actions/variables", "actions_variables", variablesOfRepository)
	addVariables(mux, env+"/variables", "environments", variablesOfEnvironment)
	addVariables(mux, org+"/actions/variables", "organization_actions_variables", variablesOfOrganization)
	addSelections(mux, org+"/actions/variables", "organization_actions_variables", variablesOfOrganization)

	for pattern, r := range map[string]http.HandlerFunc{
		"GET " + repo:           route(permission{"metadata", "read"}, getRepository),
		"GET " + org + "/repos": route(permission{"metadata", "read"}, listOrganizationRepositories),
		"GET " + repo + "/actions/organization-secrets":   route(permission{"secrets", "read"}, listInherited(actions)),
		"GET " + repo + "/actions/organization-variables": route(permission{"actions_variables", "read"}, listInheritedVariables),
		"GET " + repo + "/environments":                   route(permission{"actions", "read"}, listEnvironments),
		"GET " + env:                                      route(permission{"actions", "read"}, getEnvironment),
		"PUT " + env:                                      route(permission{"administration", "write"}, putEnvironment),
		"DELETE " + env:                                   route(permission{"administration", "write"}, deleteEnvironment),

		"GET " + repo + "/actions/oidc/customization/sub": route(permission{"actions", "read"}, getRepositorySubject),
		"PUT " + repo + "/actions/oidc/customization/sub": route(permission{"actions", "write"}, putRepositorySubject),
		"GET " + org + "/actions/oidc/customization/sub":  route(permission{"organization_administration", "read"}, getOrganizationSubject),
		"PUT " + org + "/actions/oidc/customization/sub":  route(permission{"organization_administration", "write"}, putOrganizationSubject),
		"POST " + repo + "/code-scanning/sarifs":          route(permission{"security_events", "write"}, uploadSARIF),

		"GET /app":               byApp(getApp),
		"GET /app/installations": byApp(listInstallations),
		"GET /app/installations/{installation_id}":                byApp(getInstallation),
		"POST /app/installations/{installation_id}/access_tokens": byApp(mintToken),
		"GET " + org + "/installation":                            byApp(installationOfOwner("org")),
		"GET /users/{username}/installation":                      byApp(installationOfOwner("username")),
		"GET " + repo + "/installation":                           byApp(installationOfRepository),
		"GET /installation/repositories":                          route(permission{"metadata", "read"}, listInstallationRepositories),
		"DELETE /installation/token":                              route(permission{"metadata", "read"}, revokeToken),

		"GET /rate_limit": serve(getRateLimit),
		"/":               serve(func(*call) (reply, error) { return reply{}, notFound() }),
	} {
		mux.HandleFunc(pattern, r)
	}
	return mux
}

func addSecrets(mux *http.ServeMux, base, needs, toList string, at locate) {
	read, write := permission{needs, "read"}, permission{needs, "write"}
	mux.HandleFunc("GET "+base, route(permission{needs, toList}, listSecrets(at)))
	mux.HandleFunc("GET "+base+"/public-key", route(read, getPublicKey(at)))
	mux.HandleFunc("GET "+base+"/{name}", route(read, getItem(at)))
	mux.HandleFunc("PUT "+base+"/{name}", route(write, putSecret(at)))
	mux.HandleFunc("DELETE "+base+"/{name}", route(write, deleteItem(at)))
}

func addVariables(mux *http.ServeMux, base, needs string, at locate) {
	read, write := permission{needs, "read"}, permission{needs, "write"}
	mux.HandleFunc("GET "+base, route(read, listVariables(at)))
	mux.HandleFunc("POST "+base, route(write, postVariable(at)))
	mux.HandleFunc("GET "+base+"/{name}", route(read, getItem(at)))
	mux.HandleFunc("PATCH "+base+"/{name}", route(write, patchVariable(at)))
	mux.HandleFunc("DELETE "+base+"/{name}", route(write, deleteItem(at)))
}

func addSelections(mux *http.ServeMux, base, needs string, at locate) {
	read, write := permission{needs, "read"}, permission{needs, "write"}
	mux.HandleFunc("GET "+base+"/{name}/repositories", route(read, listSelected(at)))
	mux.HandleFunc("PUT "+base+"/{name}/repositories", route(write, setSelected(at)))
	mux.HandleFunc("PUT "+base+"/{name}/repositories/{repository_id}", route(write, addSelected(at)))
	mux.HandleFunc("DELETE "+base+"/{name}/repositories/{repository_id}", route(write, removeSelected(at)))
}
