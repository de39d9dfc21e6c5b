package awsapi_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/keyplumb/keyplumb/sync/awsapi"
	emulator "github.com/keyplumb/keyplumb/sync/emulator/aws"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// TestRegion: the policy, the variables, the profile; and nothing that would
// make another host of an address.
func TestRegion(t *testing.T) {
	p := newPlace(t)
	p.file(t, ".aws/config", "[default]\nregion = ap-south-1\n[profile bad]\nregion = x.mallory.example/\n")
	keys := []string{"AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b"}
	for _, test := range []struct {
		policy  string
		environ []string
		want    string // "" is refused
	}{
		{"eu-central-1", []string{"AWS_REGION=us-east-1"}, "eu-central-1"},
		{"", []string{"AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-2"}, "us-east-1"},
		{"", []string{"AWS_REGION=us-east-1", "AWS_REGION=us-west-1"}, "us-west-1"},
		{"", []string{"AWS_DEFAULT_REGION=us-east-2"}, "us-east-2"},
		{"", nil, "ap-south-1"},
		{"", []string{"HOME="}, ""},
		{"us-gov-west-1", nil, "us-gov-west-1"},
		{"", []string{"AWS_PROFILE=bad"}, ""},
		{"eu-central-1.mallory.example", nil, ""},
		{"mallory.example/", nil, ""},
		{"x@mallory", nil, ""},
		{"eu-central-1\n", nil, ""},
		{"EU-CENTRAL-1", nil, ""},
		{"eu", nil, ""},
		{"eu-" + strings.Repeat("a", 64), nil, ""},
		{"", []string{"AWS_REGION=a b"}, ""},
	} {
		o := p.options(append(keys, test.environ...)...)
		o.Region = test.policy
		session, err := awsapi.Open(t.Context(), o)
		switch {
		case test.want == "" && (!errors.Is(err, store.ErrInvalid) || store.Hint(err) == ""):
			t.Errorf("%q %v: %v", test.policy, test.environ, err)
		case test.want != "" && (err != nil || session.Region() != test.want):
			t.Errorf("%q %v: %v, want %s", test.policy, test.environ, err, test.want)
		}
	}
}

// TestPartition is what a hint names a secret with.
func TestPartition(t *testing.T) {
	p := newPlace(t)
	for region, want := range map[string]string{"eu-central-1": "aws", "cn-north-1": "aws-cn", "us-gov-east-1": "aws-us-gov", "eusc-de-east-1": "aws-eusc"} {
		o := p.options("AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b")
		o.Region = region
		session, err := awsapi.Open(t.Context(), o)
		if err != nil || session.Partition() != want {
			t.Errorf("%s: %v", region, err)
		}
	}
}

// TestAddresses: who says where a service is, the nearest first, and what the
// default is; all of it goes through Allow.
func TestAddresses(t *testing.T) {
	p := newPlace(t)
	p.file(t, ".aws/config", `[default]
services = mine
endpoint_url = https://all.profile.example
[services mine]
ssm =
  endpoint_url = https://ssm.profile.example
[profile quiet]
ignore_configured_endpoint_urls = true
`)
	p.file(t, ".aws/credentials", "[default]\naws_access_key_id = a\naws_secret_access_key = b\n[quiet]\naws_access_key_id = a\naws_secret_access_key = b\n")
	for _, test := range []struct {
		environ            []string
		variable, endpoint string
	}{
		{[]string{"AWS_ENDPOINT_URL_SSM=https://own.example", "AWS_ENDPOINT_URL=https://all.example"}, "AWS_ENDPOINT_URL_SSM", "https://own.example"},
		{[]string{"AWS_ENDPOINT_URL=https://all.example"}, "AWS_ENDPOINT_URL", "https://all.example"},
		{[]string{"AWS_ENDPOINT_URL="}, "endpoint_url of the AWS profile", "https://ssm.profile.example"},
		{[]string{"AWS_ENDPOINT_URL=", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true"}, "AWS_ENDPOINT_URL_SSM", ""},
		{[]string{"AWS_ENDPOINT_URL=https://all.example", "AWS_PROFILE=quiet"}, "AWS_ENDPOINT_URL_SSM", ""},
		{[]string{"AWS_ENDPOINT_URL=https://all.example", "AWS_PROFILE=quiet", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=false"}, "AWS_ENDPOINT_URL", "https://all.example"},
	} {
		var asked []awsapi.Address
		o := p.options(test.environ...)
		o.Allow = func(a awsapi.Address) (string, error) {
			asked = append(asked, a)
			return "https://chosen.example", nil
		}
		session, err := awsapi.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		way, err := session.Connect(awsapi.Address{Service: "SSM", Policy: "https://policy.example", InPolicy: true, Public: "https://public.example", Variable: "mine", Configured: "https://mine.example"})
		if err != nil || way.Address != "https://chosen.example" {
			t.Fatalf("%v", err)
		}
		want := awsapi.Address{Service: "SSM", Variable: test.variable, Policy: "https://policy.example", InPolicy: true, Configured: test.endpoint, Public: "https://public.example"}
		if len(asked) != 1 || asked[0] != want {
			t.Errorf("%v: %+v, want %+v", test.environ, asked, want)
		}
	}
}

// TestUselessAddress: the message says whose address it is, and where it stands.
func TestUselessAddress(t *testing.T) {
	p := newPlace(t)
	for _, address := range []string{"http://plain.example", "https://ssm.example/?canary"} {
		session, err := awsapi.Open(t.Context(), p.options("AWS_ENDPOINT_URL="+address, "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = session.Connect(awsapi.Address{Service: "SSM", InPolicy: true})
		if text := fmt.Sprint(err); !errors.Is(err, store.ErrInvalid) || strings.Contains(text, "API address") || !strings.Contains(text, "SSM") || strings.Contains(text, "example") || store.Hint(err) != "look at address in the policy, and at AWS_ENDPOINT_URL" {
			t.Errorf("%s: %v; %s", address, err, store.Hint(err))
		}
	}
}

// TestAllowHasTheWord: no service of the chain is reached that Allow refuses,
// and each is told with its public address and with who says another.
func TestAllowHasTheWord(t *testing.T) {
	p := newPlace(t)
	p.file(t, "token", p.token(nil))
	p.file(t, ".aws/config", "[profile portal]\nsso_session = portal\nsso_account_id = 1\nsso_role_name = reader\n[sso-session portal]\nsso_region = eu-west-1\nsso_start_url = https://acme.awsapps.com/start\n")
	refused := errors.New("refused")
	for _, test := range []struct {
		environ []string
		region  string
		want    awsapi.Address
	}{
		{[]string{"AWS_WEB_IDENTITY_TOKEN_FILE=token", "AWS_ROLE_ARN=" + p.role}, "eu-central-1", awsapi.Address{Service: "STS", Variable: "AWS_ENDPOINT_URL", Configured: p.url, Public: "https://sts.eu-central-1.amazonaws.com"}},
		{[]string{"AWS_WEB_IDENTITY_TOKEN_FILE=token", "AWS_ROLE_ARN=" + p.role, "AWS_ENDPOINT_URL="}, "cn-north-1", awsapi.Address{Service: "STS", Variable: "AWS_ENDPOINT_URL_STS", Public: "https://sts.cn-north-1.amazonaws.com.cn"}},
		{[]string{"AWS_WEB_IDENTITY_TOKEN_FILE=token", "AWS_ROLE_ARN=" + p.role, "AWS_ENDPOINT_URL=", "AWS_USE_FIPS_ENDPOINT=true"}, "us-east-1", awsapi.Address{Service: "STS", Variable: "AWS_ENDPOINT_URL_STS", Public: "https://sts-fips.us-east-1.amazonaws.com"}},
		{[]string{"AWS_PROFILE=portal", "AWS_ENDPOINT_URL_SSO=https://mallory.example"}, "eu-central-1", awsapi.Address{Service: "SSO", Variable: "AWS_ENDPOINT_URL_SSO", Configured: "https://mallory.example", Public: "https://portal.sso.eu-west-1.amazonaws.com"}},
		{[]string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/credentials"}, "eu-central-1", awsapi.Address{Service: "container credentials", Variable: "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", Configured: "http://169.254.170.2", Public: "http://169.254.170.2"}},
		{[]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.23/v1/credentials"}, "eu-central-1", awsapi.Address{Service: "container credentials", Variable: "AWS_CONTAINER_CREDENTIALS_FULL_URI", Configured: "http://169.254.170.23", Public: "http://169.254.170.23"}},
		{[]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://[fd00:ec2::23]/v1/credentials"}, "eu-central-1", awsapi.Address{Service: "container credentials", Variable: "AWS_CONTAINER_CREDENTIALS_FULL_URI", Configured: "http://[fd00:ec2::23]", Public: "http://[fd00:ec2::23]"}},
		{[]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI=https://mallory.example/v1"}, "eu-central-1", awsapi.Address{Service: "container credentials", Variable: "AWS_CONTAINER_CREDENTIALS_FULL_URI", Configured: "https://mallory.example", Public: "http://169.254.170.2"}},
		{[]string{"AWS_EC2_METADATA_DISABLED=false"}, "eu-central-1", awsapi.Address{Service: "EC2 metadata", Variable: "AWS_EC2_METADATA_SERVICE_ENDPOINT", Public: "http://169.254.169.254"}},
		{[]string{"AWS_EC2_METADATA_DISABLED=false", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=ipv6"}, "eu-central-1", awsapi.Address{Service: "EC2 metadata", Variable: "AWS_EC2_METADATA_SERVICE_ENDPOINT", Configured: "http://[fd00:ec2::254]", Public: "http://[fd00:ec2::254]"}},
		{[]string{"AWS_EC2_METADATA_DISABLED=false", "AWS_EC2_METADATA_SERVICE_ENDPOINT=https://mallory.example"}, "eu-central-1", awsapi.Address{Service: "EC2 metadata", Variable: "AWS_EC2_METADATA_SERVICE_ENDPOINT", Configured: "https://mallory.example", Public: "http://169.254.169.254"}},
	} {
		var asked []awsapi.Address
		o := p.options(test.environ...)
		o.Region = test.region
		o.Allow = func(a awsapi.Address) (string, error) {
			asked = append(asked, a)
			return "", refused
		}
		if _, err := awsapi.Open(t.Context(), o); !errors.Is(err, refused) {
			t.Errorf("%v: %v", test.environ, err)
		}
		if len(asked) != 1 || asked[0] != test.want {
			t.Errorf("%v: %+v, want %+v", test.environ, asked, test.want)
		}
	}
	if asked := p.Requests(); len(asked) != 0 {
		t.Errorf("asked %v", asked)
	}
}

// job gives the options of a job that logs in with a token.
func (p *place) job(token func() string) awsapi.Options {
	o := p.options("AWS_ACCESS_KEY_ID=not", "AWS_SECRET_ACCESS_KEY=these")
	o.Auth = awsapi.Auth{Role: p.role, SessionName: "keyplumb-acme.api-17", Identity: func(context.Context, string) (secret.Value, error) { return secret.New([]byte(token())), nil }}
	return o
}

// TestJob: a job's token opens its role, for the audience that is wanted, and
// what fails is told, once.
func TestJob(t *testing.T) {
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		change func(*place, jwt.MapClaims)
		spoil  func(*place, *awsapi.Options)
		kind   error
		says   string
	}{
		"good":                  {},
		"another audience":      {change: func(_ *place, c jwt.MapClaims) { c["aud"] = "mine" }},
		"an audience of nobody": {change: func(_ *place, c jwt.MapClaims) { c["aud"] = "other" }, kind: store.ErrUnauthentic, says: "another audience than the account's identity provider takes"},
		"another repository":    {change: func(_ *place, c jwt.MapClaims) { c["sub"] = "repo:mallory/api:environment:prod" }, kind: store.ErrUnauthentic, says: "compare the role's trust policy with this job"},
		"another issuer":        {change: func(_ *place, c jwt.MapClaims) { c["iss"] = "https://gitlab.com" }, kind: store.ErrUnauthentic, says: "aws iam create-open-id-connect-provider"},
		"run out":               {change: func(p *place, c jwt.MapClaims) { c["exp"] = p.Clock().Now().Add(-time.Minute).Unix() }, kind: store.ErrUnauthentic, says: "the job's token has run out"},
		"another key": {spoil: func(p *place, _ *awsapi.Options) {
			p.AddProvider(emulator.Provider{Issuer: issuer, Keys: []*rsa.PublicKey{&other.PublicKey}, ClientIDs: []string{"sts.amazonaws.com"}})
		}, kind: store.ErrUnauthentic, says: "AWS does not accept the job's token"},
		"no token":         {spoil: func(_ *place, o *awsapi.Options) { o.Auth.Identity = noIdentity }, kind: store.ErrUnauthentic, says: "there is none"},
		"no such role":     {spoil: func(_ *place, o *awsapi.Options) { o.Auth.Role += "x" }, kind: store.ErrUnauthentic, says: "there is no such role"},
		"no ARN":           {spoil: func(_ *place, o *awsapi.Options) { o.Auth.Role = "ci" }, kind: store.ErrInvalid, says: "the role is no ARN"},
		"a session's name": {spoil: func(_ *place, o *awsapi.Options) { o.Auth.SessionName = "x" }, kind: store.ErrInvalid, says: "session's name"},
		"a redirect": {spoil: func(p *place, _ *awsapi.Options) {
			p.Inject(emulator.Fault{Effect: emulator.Redirect(307, "https://mallory.example")})
		},
			kind: store.ErrMoved, says: "where the request does not go"},
		"half an answer": {spoil: func(p *place, _ *awsapi.Options) { p.Inject(emulator.Fault{Effect: emulator.Malformed()}) }, kind: store.ErrUnavailable, says: "could not be read"},
		"keys that AWS cannot get": {spoil: func(p *place, _ *awsapi.Options) {
			p.Inject(emulator.Fault{Effect: emulator.Refuse(400, "IDPCommunicationError", "")})
		}, kind: store.ErrUnavailable, says: "does not reach the identity provider"},
		"a region that is off": {spoil: func(p *place, _ *awsapi.Options) {
			p.Inject(emulator.Fault{Effect: emulator.Refuse(403, "RegionDisabledException", "")})
		}, kind: store.ErrDenied, says: "not enabled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			token := p.token(func(c jwt.MapClaims) {
				if test.change != nil {
					test.change(p, c)
				}
			})
			o := p.job(func() string { return token })
			if test.spoil != nil {
				test.spoil(p, &o)
			}
			session, err := awsapi.Open(t.Context(), o)
			if err == nil {
				_, err = session.Credentials().Retrieve(t.Context())
				_, again := session.Credentials().Retrieve(t.Context())
				if (err == nil) != (again == nil) {
					t.Errorf("%v, then %v", err, again)
				}
			}
			told, _ := errors.AsType[*store.Error](err)
			if !errors.Is(err, test.kind) || test.kind != nil && !strings.Contains(fmt.Sprint(told, store.Hint(err)), test.says) {
				t.Errorf("%v (%s), want %v, saying %q", err, store.Hint(err), test.kind, test.says)
			}
			if strings.Contains(fmt.Sprint(err, store.Hint(err)), token) {
				t.Error("the error shows the token")
			}
			if asked := len(p.Requests()); asked > 1 {
				t.Errorf("%d logins", asked)
			}
		})
	}
}

func noIdentity(context.Context, string) (secret.Value, error) {
	return secret.Value{}, &store.Error{Op: "prove", Kind: store.ErrUnauthentic, Detail: "there is none"}
}

// TestOneLogin: a session logs in when it is asked for the first time, and again
// when what it got has run out.
func TestOneLogin(t *testing.T) {
	p := newPlace(t)
	var audiences atomic.Int32
	o := p.job(func() string { return p.token(nil) })
	identity := o.Auth.Identity
	o.Auth.Identity = func(ctx context.Context, audience string) (secret.Value, error) {
		if audience == "sts.amazonaws.com" {
			audiences.Add(1)
		}
		return identity(ctx, audience)
	}
	session, err := awsapi.Open(t.Context(), o)
	if err != nil || len(p.Requests()) != 0 {
		t.Fatalf("%v, %d requests", err, len(p.Requests()))
	}
	for range 3 {
		if _, err := session.Credentials().Retrieve(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(p.Requests()); n != 1 || audiences.Load() != 1 {
		t.Errorf("%d logins, %d tokens", n, audiences.Load())
	}
	// Who gives up waiting has not failed.
	given, cancel := context.WithCancel(t.Context())
	cancel()
	again, err := awsapi.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Credentials().Retrieve(given); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, err := again.Credentials().Retrieve(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestNothingOfTheProcess: what stands in the process's own environment counts
// for nothing.
func TestNothingOfTheProcess(t *testing.T) {
	p := newPlace(t)
	mallory := listen(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("asked") }))
	file := p.file(t, "files/config", "[default]\naws_access_key_id = other\naws_secret_access_key = other\nendpoint_url = "+mallory+"\n")
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "other", "AWS_SECRET_ACCESS_KEY": "other", "AWS_SESSION_TOKEN": "other", "AWS_PROFILE": "other", "AWS_REGION": "us-east-1",
		"AWS_CONFIG_FILE": file, "AWS_SHARED_CREDENTIALS_FILE": file, "AWS_ENDPOINT_URL": mallory, "AWS_ENDPOINT_URL_STS": mallory,
		"AWS_WEB_IDENTITY_TOKEN_FILE": file, "AWS_ROLE_ARN": "arn:aws:iam::1:role/other", "AWS_USE_FIPS_ENDPOINT": "true", "HOME": p.home + "/files",
	} {
		t.Setenv(name, value)
	}
	session, err := awsapi.Open(t.Context(), p.job(func() string { return p.token(nil) }))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := session.Credentials().Retrieve(t.Context()); err != nil || !strings.HasPrefix(got.AccessKeyID, "TEMPORARY") || session.FIPS() || session.DualStack() {
		t.Errorf("%s, %v", got.AccessKeyID, err)
	}
}
