package awsapi_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"

	"github.com/keyplumb/keyplumb/sync/awsapi"
	"github.com/keyplumb/keyplumb/sync/store"
)

// nearby answers as a container's, or a machine's, metadata service does, or as
// IAM Identity Center.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html
// https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html
func nearby(w http.ResponseWriter, r *http.Request) {
	later := time.Now().Add(time.Hour)
	keys := map[string]any{"AccessKeyId": "nearby", "SecretAccessKey": "s", "Token": "t", "Expiration": later.Format(time.RFC3339), "Code": "Success"}
	switch {
	case r.URL.Path == "/credentials" && r.Header.Get("Authorization") == "task token":
	case r.Method == http.MethodPut && r.URL.Path == "/latest/api/token":
		w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "300")
		_, _ = fmt.Fprint(w, "machine token")
		return
	case r.URL.Path == "/latest/meta-data/iam/security-credentials/" && r.Header.Get("X-Aws-Ec2-Metadata-Token") == "machine token":
		_, _ = fmt.Fprint(w, "role")
		return
	case r.URL.Path == "/latest/meta-data/iam/security-credentials/role" && r.Header.Get("X-Aws-Ec2-Metadata-Token") == "machine token":
	case r.URL.Path == "/federation/credentials" && r.Header.Get("X-Amz-Sso_bearer_token") == "portal token" && r.URL.Query().Get("account_id") == "1" && r.URL.Query().Get("role_name") == "reader":
		keys = map[string]any{"roleCredentials": map[string]any{"accessKeyId": "nearby", "secretAccessKey": "s", "sessionToken": "t", "expiration": later.UnixMilli()}}
	default:
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	_ = json.NewEncoder(w).Encode(keys) // to a connection of the test
}

// older answers as a machine's service of the first version does, which believes
// whoever asks: a program that can be made to ask an address would do.
func older(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method != http.MethodGet:
		w.WriteHeader(http.StatusNotFound)
	case strings.HasSuffix(r.URL.Path, "/security-credentials/"):
		_, _ = fmt.Fprint(w, "role")
	default:
		_ = json.NewEncoder(w).Encode(map[string]any{"AccessKeyId": "older", "SecretAccessKey": "s", "Token": "t", "Expiration": time.Now().Add(time.Hour).Format(time.RFC3339), "Code": "Success"})
	}
}

// TestChain goes through every link of the chain of credentials, good and bad.
func TestChain(t *testing.T) {
	p := newPlace(t)
	local := listen(t, http.HandlerFunc(nearby))
	machine := []string{"AWS_EC2_METADATA_DISABLED=", "AWS_EC2_METADATA_SERVICE_ENDPOINT=" + local}
	p.file(t, "token", p.token(nil)+"\n")
	p.file(t, "task-token", "task token")
	p.file(t, "given.json", `{"Version":1,"AccessKeyId":"given","SecretAccessKey":"s"}`)
	for name, expires := range map[string]time.Time{"portal": time.Now().Add(time.Hour), "old": time.Now().Add(-time.Hour), "https://acme.awsapps.com/start": time.Now().Add(time.Hour)} {
		cache, err := ssocreds.StandardCachedTokenFilepath(name)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := json.Marshal(map[string]any{"accessToken": "portal token", "expiresAt": expires.UTC().Format(time.RFC3339)}) // of texts
		p.file(t, ".aws/sso/cache"+cache[strings.LastIndex(cache, "/"):], string(text))
	}
	p.file(t, ".aws/credentials", "[default]\naws_access_key_id = usual\naws_secret_access_key = s\n[known]\naws_access_key_id = known\naws_secret_access_key = secret of known\n")
	p.file(t, ".aws/config", `[profile assumes]
role_arn = `+p.role+`
source_profile = known
external_id = outside
duration_seconds = 1800
[profile untrusted]
role_arn = `+p.role+`
source_profile = known
[profile second-factor]
role_arn = `+p.role+`
source_profile = known
mfa_serial = arn:aws:iam::1:mfa/me
[profile lost]
role_arn = `+p.role+`
source_profile = nobody
[profile from-environment]
role_arn = `+p.role+`
credential_source = Environment
external_id = outside
[profile from-task]
role_arn = `+p.role+`
credential_source = EcsContainer
[profile odd]
role_arn = `+p.role+`
credential_source = Elsewhere
[profile pod]
role_arn = `+p.role+`
web_identity_token_file = `+p.home+`/token
[profile runs]
credential_process = cat given.json
[profile fails]
credential_process = echo canary; echo canary >&2; exit 1
[profile logged-in]
login_session = arn:aws:sts::1:assumed-role/me
[profile portal]
sso_session = portal
sso_account_id = 1
sso_role_name = reader
[profile old-portal]
sso_session = old
sso_account_id = 1
sso_role_name = reader
[profile no-role-there]
sso_session = portal
sso_account_id = 2
sso_role_name = reader
[profile half-portal]
sso_session = portal
[profile older-portal]
sso_start_url = https://acme.awsapps.com/start
sso_region = eu-central-1
sso_account_id = 1
sso_role_name = reader
[sso-session portal]
sso_region = eu-central-1
sso_start_url = https://acme.awsapps.com/start
[sso-session old]
sso_region = eu-central-1
sso_start_url = https://acme.awsapps.com/start
`)
	sso := "AWS_ENDPOINT_URL_SSO=" + local
	for name, test := range map[string]struct {
		environ []string
		id      string // "" for a session of STS
		says    string // with an error
	}{
		"variables":                   {[]string{"AWS_ACCESS_KEY_ID=mine", "AWS_SECRET_ACCESS_KEY=s", "AWS_PROFILE=known"}, "mine", ""},
		"variables of old":            {[]string{"AWS_ACCESS_KEY=mine", "AWS_SECRET_KEY=s"}, "mine", ""},
		"half":                        {[]string{"AWS_ACCESS_KEY_ID=mine"}, "", "one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set"},
		"the default profile":         {nil, "usual", ""},
		"a profile":                   {[]string{"AWS_PROFILE=known"}, "known", ""},
		"a profile, by its old name":  {[]string{"AWS_DEFAULT_PROFILE=known"}, "known", ""},
		"no such profile":             {[]string{"AWS_PROFILE=none"}, "", "read the profile that AWS_PROFILE names: credential refused: there is no such profile"},
		"files elsewhere":             {[]string{"AWS_SHARED_CREDENTIALS_FILE=none", "AWS_CONFIG_FILE=none"}, "", "there are no credentials"},
		"no home":                     {[]string{"HOME="}, "", "there are no credentials"},
		"a role":                      {[]string{"AWS_PROFILE=assumes"}, "", ""},
		"a role that does not trust":  {[]string{"AWS_PROFILE=untrusted"}, "", "it does not trust the profile's credentials"},
		"a second factor":             {[]string{"AWS_PROFILE=second-factor"}, "", "wants a second factor"},
		"a lost source":               {[]string{"AWS_PROFILE=lost"}, "", "its source_profile is not there"},
		"a role from the environment": {[]string{"AWS_PROFILE=from-environment", "AWS_ACCESS_KEY=", "AWS_SECRET_KEY="}, "", "which has none"},
		"a role from a task":          {[]string{"AWS_PROFILE=from-task"}, "", "from the container, and this is none"},
		"an odd source":               {[]string{"AWS_PROFILE=odd"}, "", "credential_source is not known"},
		"a pod":                       {[]string{"AWS_WEB_IDENTITY_TOKEN_FILE=token", "AWS_ROLE_ARN=" + p.role}, "", ""},
		"a pod, by profile":           {[]string{"AWS_PROFILE=pod"}, "", ""},
		"a pod without a role":        {[]string{"AWS_WEB_IDENTITY_TOKEN_FILE=token"}, "", "and no role"},
		"a pod without a token":       {[]string{"AWS_WEB_IDENTITY_TOKEN_FILE=none", "AWS_ROLE_ARN=" + p.role}, "", "cannot be read"},
		"a program":                   {[]string{"AWS_PROFILE=runs"}, "given", ""},
		"a program that fails":        {[]string{"AWS_PROFILE=fails"}, "", "credential_process gives no credentials"},
		"aws login":                   {[]string{"AWS_PROFILE=logged-in"}, "", "aws configure export-credentials"},
		"a portal":                    {[]string{"AWS_PROFILE=portal", sso}, "nearby", ""},
		"a portal of old":             {[]string{"AWS_PROFILE=older-portal", sso}, "nearby", ""},
		"a portal, too late":          {[]string{"AWS_PROFILE=old-portal", sso}, "", "the session of aws sso login has run out"},
		"a portal that says no":       {[]string{"AWS_PROFILE=no-role-there", sso}, "", "aws sso login"},
		"half a portal":               {[]string{"AWS_PROFILE=half-portal", sso}, "", "not complete"},
		"a task":                      {[]string{"AWS_CONFIG_FILE=none", "AWS_SHARED_CREDENTIALS_FILE=none", "AWS_CONTAINER_CREDENTIALS_FULL_URI=" + local + "/credentials", "AWS_CONTAINER_AUTHORIZATION_TOKEN=task token"}, "nearby", ""},
		"a task with a file":          {[]string{"HOME=", "AWS_CONTAINER_CREDENTIALS_FULL_URI=" + local + "/credentials", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=task-token"}, "nearby", ""},
		"a task without a file":       {[]string{"HOME=", "AWS_CONTAINER_CREDENTIALS_FULL_URI=" + local + "/credentials", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=none"}, "", "cannot be read"},
		"a task without a role":       {[]string{"HOME=", "AWS_CONTAINER_CREDENTIALS_FULL_URI=" + local + "/credentials"}, "", "the container's service gives no credentials"},
		"a task of no path":           {[]string{"HOME=", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=@mallory.example/"}, "", "is no path"},
		"a machine":                   {append([]string{"HOME="}, machine...), "nearby", ""},
		"a machine of old":            {[]string{"HOME=", "AWS_EC2_METADATA_DISABLED=", "AWS_EC2_METADATA_SERVICE_ENDPOINT=" + listen(t, http.HandlerFunc(older))}, "", "there are no credentials"},
		"a machine that is none":      {[]string{"HOME=", "AWS_EC2_METADATA_DISABLED=", "AWS_EC2_METADATA_SERVICE_ENDPOINT=" + p.url}, "", "there are no credentials"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			session, err := awsapi.Open(t.Context(), p.options(test.environ...))
			id := ""
			if err == nil {
				got, failed := session.Credentials().Retrieve(t.Context())
				id, err = got.AccessKeyID, failed
			}
			switch {
			case test.says != "":
				told, _ := errors.AsType[*store.Error](err)
				if told == nil || !strings.Contains(err.Error()+store.Hint(err), test.says) || store.Hint(err) == "" || strings.Contains(fmt.Sprint(err), "canary") {
					t.Errorf("%v (%s), want %q", err, store.Hint(err), test.says)
				}
			case err != nil || test.id != "" && id != test.id || test.id == "" && !strings.HasPrefix(id, "TEMPORARY"):
				t.Errorf("%q, %v; want %q", id, err, test.id)
			}
		})
	}
}
