package github

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"
)

// A call is one request, with what is known of it so far.
type call struct {
	server  *Server
	request *http.Request
	body    []byte
	header  http.Header // the answer's
	base    string      // the API's URL, as the client calls it
	now     time.Time   // in whole seconds
	bearer  string
	token   *token
	repo    *repository // of a path below /repos/{owner}/{repo}
}

// A reply is a result: a status, and a body unless nil.
type reply struct {
	status int
	body   any
}

type handler func(*call) (reply, error)

type callKey struct{}

func withCall(ctx context.Context, c *call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// route wraps h as an http.Handler that checks, in GitHub's order, the client,
// its token, the rate limit, that the repository is visible, and the permission.
func route(p permission, h handler) http.HandlerFunc {
	return serve(func(c *call) (reply, error) {
		steps := []func() error{c.authenticate, c.charge, c.resolve, func() error { return c.authorize(p) }}
		for _, step := range steps {
			if err := step(); err != nil {
				return reply{}, err
			}
		}
		return h(c)
	})
}

// serve writes what h gives as JSON.
func serve(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, ok := r.Context().Value(callKey{}).(*call)
		if !ok {
			panic("served without Server.ServeHTTP, which makes the call")
		}
		c.request = r
		result, err := checkClient(c)
		if err == nil {
			result, err = h(c)
		}
		if failed, ok := errors.AsType[*failure](err); ok {
			for name, values := range failed.header {
				w.Header()[name] = values
			}
			result = reply{failed.status, failed}
		}
		write(w, result)
	}
}

func write(w http.ResponseWriter, result reply) {
	if result.body == nil {
		w.WriteHeader(result.status)
		return
	}
	text, err := json.Marshal(result.body)
	if err != nil {
		panic(err) // the emulator's own structures marshal
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(result.status)
	_, _ = w.Write(text) // it goes to a buffer
}

// checkClient applies what GitHub asks of every request: a User-Agent, and a
// version of the API that it has.
func checkClient(c *call) (reply, error) {
	if c.request.UserAgent() == "" {
		return reply{}, &failure{status: http.StatusForbidden, message: "Request forbidden by administrative rules. Please make sure your request has a User-Agent header"}
	}
	version := c.request.Header.Get("X-GitHub-Api-Version")
	if version != "" && !slices.Contains([]string{"2022-11-28", "2026-03-10"}, version) {
		return reply{}, &failure{status: http.StatusBadRequest, message: "The given API version is not supported"}
	}
	return reply{}, nil
}

// decode reads the body as a JSON object.
func decode[T any](c *call) (T, error) {
	var into T
	body := bytes.TrimSpace(c.body)
	if !json.Valid(body) {
		return into, &failure{status: http.StatusBadRequest, message: "Problems parsing JSON"}
	}
	if body[0] != '{' {
		return into, &failure{status: http.StatusBadRequest, message: "Body should be a JSON object"}
	}
	err := json.Unmarshal(body, &into)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return into, unprocessable("Invalid request.\n\nFor 'properties/%s', %s is not a %s.", wrong.Field, wrong.Value, wrong.Type)
	}
	if err != nil {
		return into, unprocessable("Invalid request.")
	}
	return into, nil
}

// decodeOptional is decode for a body that may be absent or null.
func decodeOptional[T any](c *call) (*T, error) {
	if body := bytes.TrimSpace(c.body); len(body) == 0 || string(body) == "null" {
		return nil, nil
	}
	into, err := decode[T](c)
	return &into, err
}

func requestID() string { return rand.Text() }
