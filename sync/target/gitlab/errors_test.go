package gitlab_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/target/gitlab"
)

// wantError checks what an error says. "*" is for what the test is not about.
func wantError(t *testing.T, err, kind error, detail, hint string) {
	t.Helper()
	e, ok := errors.AsType[*store.Error](err)
	if !ok || !errors.Is(e, kind) {
		t.Fatalf("%v, want %v", err, kind)
	}
	if detail != "*" && e.Detail != detail || hint != "*" && e.Hint != hint {
		t.Errorf("%q with hint %q, want\n%q with hint %q", e.Detail, e.Hint, detail, hint)
	}
	if strings.Contains(err.Error()+e.Hint, "canary") {
		t.Errorf("the error quotes the answer: %v", err)
	}
}

const (
	maintainer = "the token needs the role Maintainer in the project and the scope api"
	unread     = "the answer could not be read"
	unreliable = "the listing cannot be relied on: "
)

// TestListErrors reads what GitLab says when a listing goes wrong. The bodies
// say "canary", which must not be repeated.
func TestListErrors(t *testing.T) {
	const next = base + "/variables?page=2&per_page=100"
	one := func(key string) string { return `{"key":"` + key + `","value":"canary","environment_scope":"prod"}` }
	pages := func(total, more string) map[string]string {
		return map[string]string{"X-Total": total, "X-Next-Page": more}
	}
	ok := func(body string, header map[string]string) map[string][]reply {
		return map[string][]reply{list: {{status: 200, body: body, header: header}}}
	}
	tests := []struct {
		name         string
		answers      map[string][]reply
		kind         error
		detail, hint string
	}{
		{"bad token", map[string][]reply{list: {{status: 401, body: `{"message":"401 canary"}`}}}, store.ErrUnauthentic, "", "the token is wrong, expired, revoked, or of another GitLab server"},
		{"no permission", map[string][]reply{list: {{status: 403, body: `{"message":"403 canary"}`}}}, store.ErrDenied, "the token may not do this", maintainer},
		{"no such project", nil, store.ErrNotFound, "not there, or the token may not see it", "is its name in the policy right? If it is, " + maintainer},
		{"renamed", map[string][]reply{list: {{status: 301, header: map[string]string{"Location": "SERVER/api/v4/projects/7"}}}}, store.ErrMoved, "it was renamed or transferred", "change the name in the policy"},
		{"throttled for long", map[string][]reply{list: {{status: 429, body: "Retry later\n", header: map[string]string{"Retry-After": "9000"}}}}, store.ErrThrottled, "*", "*"},
		{"not implemented", map[string][]reply{list: {{status: 501, body: "canary"}}}, store.ErrUnavailable, "", ""},
		{"not JSON", ok("<html>canary", nil), store.ErrUnavailable, unread, ""},
		{"cut short", ok(`[{"key":"canary`, nil), store.ErrUnavailable, unread, ""},
		{"nothing", ok("", nil), store.ErrUnavailable, unread, ""},
		{"null", ok("null", nil), store.ErrUnavailable, unread, ""},
		{"an object", ok(`{"canary":[]}`, nil), store.ErrUnavailable, unread, ""},
		{"a value that is none", ok(`[{"key":"A","value":{"canary":1},"environment_scope":"*"}]`, nil), store.ErrUnavailable, unread, ""},
		{"a variable without a key", ok(`[{"value":"canary","environment_scope":"*"}]`, nil), store.ErrUnavailable, unread, ""},
		{"a variable without a scope", ok(`[{"key":"A","value":"canary"}]`, nil), store.ErrUnavailable, unread, ""},
		{"fewer than promised", ok("["+one("A")+"]", pages("2", "")), store.ErrUnavailable, unreliable + "it was cut short", "*"},
		{"more than promised", ok("["+one("A")+","+one("B")+"]", pages("1", "")), store.ErrUnavailable, unreliable + "it was cut short", "*"},
		{"none of those promised", ok("[]", pages("3", "")), store.ErrUnavailable, unreliable + "it was cut short", "*"},
		{"one twice", ok("["+one("A")+","+one("A")+"]", pages("2", "")), store.ErrUnavailable, unreliable + "a variable is in it twice", "*"},
		{"a page that leads to itself", ok("["+one("A")+"]", pages("2", "1")), store.ErrUnavailable, unread, ""},
		{"a page that is skipped", ok("["+one("A")+"]", pages("3", "3")), store.ErrUnavailable, unread, ""},
		{"an empty page before the last", ok("[]", pages("1", "2")), store.ErrUnavailable, unread, ""},
		{"a next page that is no number", ok("["+one("A")+"]", pages("2", "canary")), store.ErrUnavailable, unread, ""},
		{"grown between two pages", map[string][]reply{
			list:          {{status: 200, body: "[" + one("A") + "]", header: pages("2", "2")}},
			"GET " + next: {{status: 200, body: "[" + one("B") + "," + one("C") + "]", header: pages("3", "")}},
		}, store.ErrUnavailable, unreliable + "the number of variables changed", "*"},
		{"shifted between two pages", map[string][]reply{
			list:          {{status: 200, body: "[" + one("A") + "]", header: pages("2", "2")}},
			"GET " + next: {{status: 200, body: "[" + one("A") + "]", header: pages("2", "")}},
		}, store.ErrUnavailable, unreliable + "a variable is in it twice", "*"},
		{"refused on the second page", map[string][]reply{
			list:          {{status: 200, body: "[" + one("A") + "]", header: pages("2", "2")}},
			"GET " + next: {{status: 403, body: "canary"}},
		}, store.ErrDenied, "the token may not do this", maintainer},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, test.answers)
			_, err := s.open(t, gitlab.Options{}).List(t.Context(), prod, secrets)
			wantError(t, err, test.kind, test.detail, test.hint)
			if got := err.(*store.Error).Ref; got != "acme/apps/web project:prod" { //nolint:errorlint // wantError has looked
				t.Errorf("the error is about %q", got)
			}
		})
	}
}

// TestWriteErrors reads what GitLab says when a write goes wrong.
func TestWriteErrors(t *testing.T) {
	const there = `[{"key":"NAME","value":"old value","environment_scope":"prod"}]`
	refusal := func(call string, status int, body string) map[string][]reply {
		return map[string][]reply{call: {{status: status, body: body}}}
	}
	tests := []struct {
		name         string
		listing      string
		answers      map[string][]reply
		attributes   store.Attributes
		kind         error
		detail, hint string
	}{
		{"masking", "[]", refusal(create, 400, `{"message":{"value":["is invalid"]}}`), nil, store.ErrUnmaskable, "GitLab refuses to mask this value", "*"},
		{"masking, of one that is there", there, refusal(update, 400, `{"message":{"value":["canary"]}}`), nil, store.ErrUnmaskable, "GitLab refuses to mask this value", "*"},
		{"a value, not masked", "[]", refusal(create, 400, `{"message":{"value":["canary"]}}`), store.Attributes{"masked": "false"}, store.ErrInvalid, "GitLab refuses the value", ""},
		{"a value that is too long", "[]", refusal(create, 400, `{"message":{"value":["The value of the canary exceeds the limit"]}}`), nil, store.ErrInvalid, "GitLab refuses the value", ""},
		{"no room", "[]", refusal(create, 400, `{"message":{"base":["Maximum number of canary (8000) exceeded"]}}`), nil, store.ErrTooLarge, "GitLab keeps no more variables of this project", "*"},
		{"what is hidden", there, refusal(update, 400, `{"message":{"base":["The visibility of a canary"]}}`), nil, store.ErrInvalid, "GitLab does not change this of a variable that is hidden", "*"},
		{"a name", "[]", refusal(create, 400, `{"message":{"key":["canary"]}}`), nil, store.ErrInvalid, "GitLab refuses the name", ""},
		{"a scope", "[]", refusal(create, 400, `{"message":{"environment_scope":["canary"]}}`), nil, store.ErrInvalid, "GitLab refuses the environment scope", ""},
		{"a description", "[]", refusal(create, 400, `{"message":{"description":["canary"]}}`), nil, store.ErrInvalid, "GitLab refuses the description", ""},
		{"in another form", "[]", refusal(create, 400, `{"error":"canary is invalid"}`), nil, store.ErrInvalid, "", ""},
		{"not in JSON", "[]", refusal(create, 400, `canary`), nil, store.ErrInvalid, "", ""},
		{"taken meanwhile", "[]", refusal(create, 400, `{"message":{"key":["(canary) has already been taken"]}}`), nil, store.ErrConflict, "somebody else has created it since keyplumb looked", "run again, and see whose it is"},
		{"no permission", "[]", refusal(create, 403, `{"message":"403 canary"}`), nil, store.ErrDenied, "the token may not do this", maintainer},
		{"no project", "[]", refusal(create, 404, `{"message":"404 canary"}`), nil, store.ErrNotFound, "not there, or the token may not see it", "is its name in the policy right? If it is, " + maintainer},
		{"moved", "[]", refusal(create, 405, `{"message":"Non GET methods are not allowed for moved canaries"}`), nil, store.ErrMoved, "it was renamed or transferred", "change the name in the policy"},
		{"gone, and taken again", there, map[string][]reply{create: {{status: 400, body: `{"message":{"key":["(canary) has already been taken"]}}`}}}, nil, store.ErrConflict, "*", "*"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answers := map[string][]reply{list: {{status: 200, body: test.listing}}}
			for call, replies := range test.answers {
				answers[call] = replies
			}
			target := newServer(t, answers).open(t, gitlab.Options{})
			mustList(t, target, prod)
			_, err := target.Put(t.Context(), placement(prod, "NAME", "a-canary's-value", test.attributes))
			wantError(t, err, test.kind, test.detail, test.hint)
		})
	}
}

// TestDelete tells the 404 of a variable from that of the project.
func TestDelete(t *testing.T) {
	const look = "GET " + base + "/variables?per_page=1"
	there := reply{status: 200, body: "[]"}
	s := newServer(t, map[string][]reply{look: {there, {status: 404}}, remove: {{status: 204}, {status: 404}, {status: 404}, {status: 403, body: "canary"}}})
	target := s.open(t, gitlab.Options{})
	gone := func() error { return target.Delete(t.Context(), prod, store.Secret, "NAME") }
	for range 2 {
		if err := gone(); err != nil {
			t.Fatal(err)
		}
	}
	wantError(t, gone(), store.ErrNotFound, "not there, or the token may not see it", "is its name in the policy right? If it is, "+maintainer)
	wantError(t, gone(), store.ErrDenied, "the token may not do this", maintainer)
	if want := []string{remove, remove, look, remove, look, remove}; !slices.Equal(s.calls(), want) {
		t.Errorf("asked %q", s.calls())
	}
	asked := len(s.calls())
	for _, name := range []string{"", "a/b", "..", "NAME?x=y"} {
		wantError(t, target.Delete(t.Context(), prod, store.Secret, name), store.ErrInvalid, "that cannot be a name", "")
	}
	reader := s.open(t, gitlab.Options{ReadOnly: true})
	wantError(t, reader.Delete(t.Context(), prod, store.Secret, "NAME"), store.ErrDenied, "*", "*")
	wantError(t, second(reader.Put(t.Context(), placement(prod, "NAME", "value", nil))), store.ErrDenied, "*", "*")
	if len(s.calls()) != asked {
		t.Errorf("asked %q", s.calls()[asked:])
	}
}

// TestOpen: what cannot work is refused without a request.
func TestOpen(t *testing.T) {
	token := secret.New([]byte(" a token\n"))
	job := func(text string) secret.Value { return secret.New([]byte(text)) }
	const useProject = "set GITLAB_TOKEN to a project access token with the role Maintainer and the scope api"
	tests := []struct {
		name         string
		options      gitlab.Options
		kind         error
		detail, hint string
	}{
		{"project", gitlab.Options{Project: "a/b", Token: token}, nil, "", ""},
		{"group", gitlab.Options{Group: "a.b/c_d/e-f", Token: token, JobToken: job("another")}, nil, "", ""},
		{"instance", gitlab.Options{Instance: true, Token: token, URL: "https://git.example.com/gitlab/"}, nil, "", ""},
		{"no token", gitlab.Options{Project: "a/b"}, store.ErrUnauthentic, "there is no token", useProject},
		{"a blank one", gitlab.Options{Group: "a", Token: job(" \n")}, store.ErrUnauthentic, "there is no token", "set GITLAB_TOKEN to a group access token with the role Owner and the scope api"},
		{"none for the instance", gitlab.Options{Instance: true}, store.ErrUnauthentic, "there is no token", "set GITLAB_TOKEN to an administrator's access token with the scope api"},
		{"a job's", gitlab.Options{Project: "a/b", Token: job("glcbt-" + "bogus")}, store.ErrDenied, "it is the job's own CI_JOB_TOKEN, which GitLab does not take for variables", useProject},
		{"the job's", gitlab.Options{Project: "a/b", Token: token, JobToken: job("a token")}, store.ErrDenied, "it is the job's own CI_JOB_TOKEN, which GitLab does not take for variables", useProject},
		{"nothing", gitlab.Options{Token: token}, store.ErrInvalid, "*", ""},
		{"two", gitlab.Options{Project: "a/b", Group: "a", Token: token}, store.ErrInvalid, "*", ""},
		{"three", gitlab.Options{Project: "a/b", Instance: true, Token: token}, store.ErrInvalid, "*", ""},
		{"no namespace", gitlab.Options{Project: "b", Token: token}, store.ErrInvalid, "*", ""},
		{"a number", gitlab.Options{Group: "42", Token: token}, store.ErrInvalid, "*", ""},
		{"dots", gitlab.Options{Project: "a/../b", Token: token}, store.ErrInvalid, "*", ""},
		{"an empty segment", gitlab.Options{Project: "a//b", Token: token}, store.ErrInvalid, "*", ""},
		{"a slash in code", gitlab.Options{Project: "a%2Fb/c", Token: token}, store.ErrInvalid, "*", ""},
		{"clear text", gitlab.Options{Project: "a/b", Token: token, URL: "http://git.example.com"}, store.ErrInvalid, "*", "*"},
		{"a query", gitlab.Options{Project: "a/b", Token: token, URL: "https://git.example.com?x=y"}, store.ErrInvalid, "*", "*"},
		{"no address", gitlab.Options{Project: "a/b", Token: token, URL: "git.example.com"}, store.ErrInvalid, "*", "*"},
		{"a password", gitlab.Options{Project: "a/b", Token: token, URL: "https://me:canary@git.example.com"}, store.ErrInvalid, "*", "*"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := gitlab.New(test.options)
			if test.kind == nil {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantError(t, err, test.kind, test.detail, test.hint)
		})
	}
}

func TestAPIURL(t *testing.T) {
	for address, want := range map[string]string{
		"": "https://gitlab.com/api/v4", "https://gitlab.com": "https://gitlab.com/api/v4", "https://GitLab.com:443/": "https://gitlab.com/api/v4",
		"https://git.example.com/api/v4/": "https://git.example.com/api/v4", "https://git.example.com/root//": "https://git.example.com/root/api/v4",
		"https://git.example.com/root/api/v4": "https://git.example.com/root/api/v4", "http://127.0.0.1:80": "http://127.0.0.1/api/v4",
		"https://git.example.com:8443": "https://git.example.com:8443/api/v4", "git.example.com": "git.example.com", "://": "://",
	} {
		if got := gitlab.APIURL(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
		if once := gitlab.APIURL(address); gitlab.APIURL(once) != once {
			t.Errorf("%q is not settled", once)
		}
	}
}
