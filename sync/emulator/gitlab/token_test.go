package gitlab_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/gitlab"
)

const (
	notThere    = `{"message":"404 Project Not Found"}`
	forbidden   = `{"message":"403 Forbidden"}`
	anonymous   = `{"message":"401 Unauthorized"}`
	tooNarrow   = `{"error":"insufficient_scope","error_description":"The request requires higher privileges than provided by the access token.","scope":"api read_api"}`
	wasRevoked  = `{"error":"invalid_token","error_description":"Token was revoked. You have to re-authorize from the user."}`
	isExpired   = `{"error":"invalid_token","error_description":"Token is expired. You can either do re-authorization or token refresh."}`
	groupAbsent = `{"message":"404 Group Not Found"}`
)

func TestRoles(t *testing.T) {
	c := start(t, gitlab.Options{})
	c.AddGroup("other")
	for name, limits := range map[string][]gitlab.Limit{
		"maintainer":          {gitlab.Member(web, gitlab.Maintainer)},
		"developer":           {gitlab.Member(web, gitlab.Developer)},
		"guest":               {gitlab.Member(web, gitlab.Guest)},
		"ordinary":            {gitlab.Ordinary()},
		"stranger":            {gitlab.Member("other", gitlab.Owner)},
		"owner of acme":       {gitlab.Member("acme", gitlab.Owner)},
		"maintainer of apps":  {gitlab.Member("acme/apps", gitlab.Maintainer)},
		"reporter, then more": {gitlab.Member("acme", gitlab.Reporter), gitlab.Member(web, gitlab.Maintainer)},
		"reader":              {gitlab.Scopes("read_api")},
		"registry":            {gitlab.Scopes("read_registry")},
		"expired":             {gitlab.Expires(time.Unix(1, 0))},
	} {
		c.AddToken(name, limits...)
	}
	c.AddToken("revoked")
	c.RevokeToken("revoked")
	c.AddJobToken("glcbt-job")
	for _, test := range []struct {
		token, method, path string
		status              int
		text                string // "": whatever
	}{
		{"maintainer", "GET", variables, 200, ""},
		{"maintainer", "GET", ofApps, 403, forbidden},
		{"maintainer", "GET", instance, 403, forbidden},
		{"maintainer", "GET", "/groups/acme%2Fapps", 200, ""}, // of which it sees a project
		{"maintainer", "GET", "/groups/other", 404, groupAbsent},
		{"developer", "GET", variables, 403, forbidden},
		{"developer", "POST", variables, 403, forbidden}, // before a missing key is seen
		{"developer", "DELETE", variables + "/NONE", 403, forbidden},
		{"developer", "GET", "/projects/acme%2Fapps%2Fweb", 200, ""},
		{"guest", "GET", "/projects/acme%2Fapps%2Fweb", 200, ""},
		{"ordinary", "GET", variables, 404, notThere},
		{"ordinary", "GET", "/projects/acme%2Fapps%2Fweb", 404, notThere},
		{"ordinary", "GET", ofApps, 404, groupAbsent},
		{"ordinary", "GET", "/user", 200, ""},
		{"stranger", "PUT", variables + "/K", 404, notThere},
		{"owner of acme", "GET", ofApps, 200, ""},
		{"owner of acme", "GET", variables, 200, ""},
		{"maintainer of apps", "GET", variables, 200, ""},
		{"maintainer of apps", "GET", ofApps, 403, forbidden},
		{"reporter, then more", "GET", variables, 200, ""},
		{"reader", "GET", variables, 200, ""},
		{"reader", "POST", variables, 403, tooNarrow},
		{"registry", "GET", variables, 403, tooNarrow},
		{"expired", "GET", variables, 401, isExpired},
		{"revoked", "GET", variables, 401, wasRevoked},
		{"unknown", "GET", variables, 401, anonymous},
		{"glcbt-job", "GET", variables, 401, anonymous},
		{"glcbt-job", "GET", "/projects/acme%2Fapps%2Fweb", 401, anonymous},
		{"", "GET", variables, 401, anonymous},
		{"", "GET", ofApps, 401, anonymous},
		{"", "GET", instance, 401, anonymous},
		{"", "GET", "/user", 401, anonymous},
		{"", "GET", "/version", 401, anonymous},
		{"", "GET", "/projects/acme%2Fapps%2Fweb", 404, notThere}, // as if it were public, but it is not
		{owner, "GET", instance, 200, ""},
		{owner, "GET", "/projects/nobody", 404, notThere},
		{owner, "GET", "/groups/nobody", 404, groupAbsent},
		{owner, "GET", "/nothing", 404, `{"error":"404 Not Found"}`},
	} {
		got := c.as(test.token).do(test.method, test.path, nil)
		if got.status != test.status || test.text != "" && got.text != test.text {
			t.Errorf("%q: %s %s: %d %s, want %d %s", test.token, test.method, test.path, got.status, got.text, test.status, test.text)
		}
	}
}

// TestTokensInHeaders sends tokens in each way that GitLab takes, and job
// tokens in each in which a client may try.
func TestTokensInHeaders(t *testing.T) {
	c := start(t, gitlab.Options{})
	c.AddJobToken("glcbt-job")
	for _, test := range []struct {
		header, value string
		status        int
	}{
		{"PRIVATE-TOKEN", owner, 200},
		{"Authorization", "Bearer " + owner, 200},
		{"Authorization", "bearer " + owner, 200},
		{"Authorization", "Basic " + owner, 401},
		{"JOB-TOKEN", owner, 401},
		{"JOB-TOKEN", "glcbt-job", 401},
		{"PRIVATE-TOKEN", "glcbt-job", 401},
		{"Authorization", "Bearer glcbt-job", 401},
	} {
		request, err := http.NewRequestWithContext(t.Context(), "GET", c.url+"/api/v4"+variables, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set(test.header, test.value)
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close() // nothing of it is read
		if response.StatusCode != test.status {
			t.Errorf("%s: %s: %d, want %d", test.header, test.value, response.StatusCode, test.status)
		}
	}
}

func TestRateLimit(t *testing.T) {
	clock := &gitlab.Clock{}
	clock.Set(time.Unix(1_800_000_010, 0)) // 10 s into a minute
	c := start(t, gitlab.Options{Clock: clock, RateLimit: 2})
	for i, remaining := range []string{"1", "0"} {
		got := c.want(200, "GET", variables, nil)
		for name, want := range map[string]string{
			"RateLimit-Limit": "2", "RateLimit-Observed": []string{"1", "2"}[i], "RateLimit-Remaining": remaining,
			"RateLimit-Reset": "1800000060", "RateLimit-Name": "throttle_authenticated_api", "Retry-After": "", "RateLimit-ResetTime": "",
		} {
			if got.header.Get(name) != want {
				t.Errorf("%s: %q, want %q", name, got.header.Get(name), want)
			}
		}
	}
	got := c.want(429, "POST", variables, fields{"key": "K", "value": "v"})
	if got.text != "Retry later\n" || got.header.Get("Content-Type") != "text/plain" {
		t.Errorf("%q, %v", got.text, got.header)
	}
	for name, want := range map[string]string{
		"RateLimit-Observed": "3", "RateLimit-Remaining": "0", "Retry-After": "50",
		"RateLimit-ResetTime": "Fri, 15 Jan 2027 08:01:00 GMT", "Date": "Fri, 15 Jan 2027 08:00:10 GMT",
	} {
		if got.header.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.header.Get(name), want)
		}
	}
	clock.Advance(50 * time.Second)
	c.want(404, "GET", variables+"/K", nil)
	if free := start(t, gitlab.Options{}).want(200, "GET", variables, nil); free.header["Ratelimit-Limit"] != nil {
		t.Errorf("a limit where there is none: %v", free.header)
	}
}
