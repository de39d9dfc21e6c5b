package github_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/nacl/box"

	"github.com/keyplumb/keyplumb/sync/store"
)

// places keeps what it is sent, by path: as much of GitHub as the contract of
// targets takes to be tried without a network.
type places struct {
	mu              sync.Mutex
	held            map[string]map[string]map[string]string // by path of the listing and name: the item's fields
	public, private *[32]byte
	broken          int // the status of every answer; 0: as it should be
	deletes         int
}

var place = regexp.MustCompile(`^/((?:repos/acme/api(?:/environments/(?:prod|a%2Fb%20c))?|orgs/acme)(?:/actions|/dependabot|/codespaces)?/(secrets|variables))(?:/([^/]+))?$`)

func newPlaces(t *testing.T) *places {
	t.Helper()
	public, private, err := box.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &places{held: map[string]map[string]map[string]string{}, public: public, private: private}
}

func (p *places) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	status, answer := p.answer(req, body)
	if listing, ok := answer.(page); ok {
		if answer = listing.body; listing.next > 0 {
			w.Header().Set("Link", fmt.Sprintf(`<https://api.example.com/?page=%d>; rel="next"`, listing.next))
		}
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
	return w.Result(), nil
}

func (p *places) answer(req *http.Request, body []byte) (status int, answer any) {
	if p.broken != 0 {
		return p.broken, string(body) // as servers do that quote what they refuse
	}
	if req.URL.Path == "/repos/acme/api" {
		return http.StatusOK, map[string]any{"id": 7, "full_name": "acme/api"}
	}
	if req.URL.Path == "/orgs/acme/repos" {
		return http.StatusOK, []any{map[string]any{"owner": map[string]any{"id": 9, "login": "acme"}}}
	}
	parts := place.FindStringSubmatch(req.URL.EscapedPath())
	if parts == nil {
		return http.StatusNotFound, nil
	}
	at, field, name := parts[1], parts[2], parts[3]
	if p.held[at] == nil {
		p.held[at] = map[string]map[string]string{}
	}
	if name == "public-key" {
		return http.StatusOK, map[string]any{"key_id": "1", "key": base64.StdEncoding.EncodeToString(p.public[:])}
	}
	return p.item(req, at, field, strings.ToUpper(name), body)
}

// item serves a listing, or what is in it.
func (p *places) item(req *http.Request, at, field, name string, body []byte) (status int, answer any) {
	var sent struct{ Name, Value, Visibility, Encrypted_value string } //nolint:revive // as it is spelt there
	_ = json.Unmarshal(body, &sent)
	write := func(name, value string) {
		p.held[at][name] = map[string]string{"name": name, "value": value, "visibility": sent.Visibility}
	}
	_, there := p.held[at][name]
	switch {
	case req.Method == http.MethodGet && name == "":
		return http.StatusOK, p.page(req.URL.Query(), at, field)
	case req.Method == http.MethodPost && p.held[at][strings.ToUpper(sent.Name)] != nil:
		return http.StatusConflict, nil
	case req.Method == http.MethodPost:
		write(strings.ToUpper(sent.Name), sent.Value)
		return http.StatusCreated, nil
	case req.Method == http.MethodPut:
		sealed, _ := base64.StdEncoding.DecodeString(sent.Encrypted_value)
		value, ok := box.OpenAnonymous(nil, sealed, p.public, p.private)
		if !ok {
			return http.StatusUnprocessableEntity, nil
		}
		write(name, string(value))
		return map[bool]int{true: http.StatusNoContent, false: http.StatusCreated}[there], nil
	case !there:
		return http.StatusNotFound, nil
	case req.Method == http.MethodPatch:
		write(name, sent.Value)
		return http.StatusNoContent, nil
	case req.Method == http.MethodDelete:
		p.deletes++
		delete(p.held[at], name)
		return http.StatusNoContent, nil
	default:
		return http.StatusOK, p.held[at][name]
	}
}

// A page is a listing's, and the number of the next one; 0 for the last.
type page struct {
	body map[string]any
	next int
}

func (p *places) page(query url.Values, at, field string) page {
	size, _ := strconv.Atoi(query.Get("per_page"))
	number, _ := strconv.Atoi(query.Get("page"))
	names := slices.Sorted(maps.Keys(p.held[at]))
	items := []any{}
	for _, name := range names[min((number-1)*size, len(names)):min(number*size, len(names))] {
		item := map[string]string{"name": name, "visibility": p.held[at][name]["visibility"]}
		if field == "variables" {
			item["value"] = p.held[at][name]["value"]
		}
		items = append(items, item)
	}
	out := page{body: map[string]any{"total_count": len(names), field: items}}
	if number*size < len(names) {
		out.next = number + 1
	}
	return out
}

func (p *places) stored(scopeKind, storeName, scope, kind, name string) (string, bool) {
	at := map[string]string{"repository": "repos/acme/api", "organization": "orgs/acme"}[scopeKind] + "/" + storeName
	if env, ok := strings.CutPrefix(scope, "environment:"); ok {
		at = "repos/acme/api/environments/" + url.PathEscape(env)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	item, ok := p.held[fmt.Sprintf("%s/%ss", at, kind)][name]
	return item["value"], ok
}

func (p *places) fail(kind error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken = map[error]int{
		store.ErrDenied:      http.StatusForbidden,
		store.ErrUnauthentic: http.StatusUnauthorized,
		store.ErrUnavailable: http.StatusNotImplemented,
	}[kind]
	return p.broken != 0
}

func (p *places) deletions() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.deletes
}
