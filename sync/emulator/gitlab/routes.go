package gitlab

import "net/http"

// router lists every operation that the emulator knows.
func (s *Server) router() *http.ServeMux {
	mux := http.NewServeMux()
	addVariables(mux, "/projects/{id}/variables", ofProject)
	addVariables(mux, "/groups/{id}/variables", ofGroup)
	addVariables(mux, "/admin/ci/variables", ofInstance)
	for pattern, h := range map[string]handler{
		"GET /projects/{id}": getProject,
		"GET /groups/{id}":   getGroup,
		"GET /user":          getUser,
		"GET /version":       getVersion,
		"GET /metadata":      getVersion,
		"/":                  unknown,
	} {
		mux.HandleFunc(pattern, route(h))
	}
	return mux
}

func addVariables(mux *http.ServeMux, base string, at locate) {
	mux.HandleFunc("GET "+base, route(listVariables(at)))
	mux.HandleFunc("POST "+base, route(postVariable(at)))
	mux.HandleFunc("GET "+base+"/{key}", route(getVariable(at)))
	mux.HandleFunc("PUT "+base+"/{key}", route(putVariable(at)))
	mux.HandleFunc("DELETE "+base+"/{key}", route(deleteVariable(at)))
}

// unknown answers for what is not emulated.
func unknown(*call) (reply, error) {
	return reply{http.StatusNotFound, map[string]any{"error": "404 Not Found"}}, nil
}
