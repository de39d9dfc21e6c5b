package aws_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keyplumb/keyplumb/sync/awsapi"
	emulator "github.com/keyplumb/keyplumb/sync/emulator/aws"
	"github.com/keyplumb/keyplumb/sync/source/aws"
	"github.com/keyplumb/keyplumb/sync/store"
)

// TestRefusals tells apart what a user can do something about, of a secret that
// is asked for alone and of those of a batch.
func TestRefusals(t *testing.T) {
	fault := func(effect emulator.Effect) func(*server, *awsapi.Options) {
		return func(s *server, _ *awsapi.Options) { s.Inject(emulator.Fault{Effect: effect}) }
	}
	for name, test := range map[string]struct {
		spoil func(*server, *awsapi.Options)
		wanted
	}{
		"denied": {func(s *server, _ *awsapi.Options) { s.may() }, wanted{kind: store.ErrDenied, says: "secretsmanager:GetSecretValue on arn:aws:secretsmanager:eu-central-1:*:secret:dev/api-*"}},
		"a key of nobody": {func(_ *server, o *awsapi.Options) { o.Environ = append(o.Environ, "AWS_ACCESS_KEY_ID=nobody") },
			wanted{kind: store.ErrUnauthentic, says: "AWS does not know these credentials"}},
		"another key's secret": {func(_ *server, o *awsapi.Options) { o.Environ = append(o.Environ, "AWS_SECRET_ACCESS_KEY=another") },
			wanted{kind: store.ErrUnauthentic, says: "the signature is wrong"}},
		"a wrong clock": {fault(emulator.Refuse(400, "InvalidSignatureException", "Signature expired: 20261124T120000Z is now earlier than 20261124T130000Z")),
			wanted{kind: store.ErrUnauthentic, says: "set this machine's clock"}},
		"run out":              {fault(emulator.Refuse(400, "ExpiredTokenException", "The security token included in the request is expired")), wanted{kind: store.ErrUnauthentic, says: "the credentials have run out"}},
		"not enabled":          {fault(emulator.Refuse(403, "OptInRequired", "")), wanted{kind: store.ErrDenied, says: "is the region right in the policy?"}},
		"a redirect":           {fault(emulator.Redirect(302, "https://mallory.example/")), wanted{kind: store.ErrMoved, says: "where the request does not go"}},
		"half an answer":       {fault(emulator.Malformed()), wanted{kind: store.ErrUnavailable, says: "could not be read"}},
		"a proxy's not found":  {fault(emulator.EchoText(404)), wanted{kind: store.ErrUnavailable, says: "the answer is not one of AWS"}},
		"a proxy's page":       {fault(emulator.EchoText(200)), wanted{kind: store.ErrUnavailable}},
		"an answer over a cap": {fault(emulator.Oversized(17 << 20)), wanted{kind: store.ErrUnavailable, says: "too long"}},
		"a state of its own":   {fault(emulator.Refuse(400, "InvalidRequestException", "not now")), wanted{kind: store.ErrInvalid, says: "aws secretsmanager describe-secret"}},
		"what nobody knows":    {fault(emulator.Refuse(400, "TeapotException", "short and stout")), wanted{kind: store.ErrInvalid}},
	} {
		for _, paths := range [][]string{{"dev/api"}, {"dev/api", "dev/other"}} {
			t.Run(fmt.Sprint(name, " ", len(paths)), func(t *testing.T) {
				t.Parallel()
				s := newServer(t)
				var refs []store.Reference
				for _, path := range paths {
					s.Put(path, "value")
					refs = append(refs, store.Reference{Path: path})
				}
				o := s.options()
				test.spoil(s, &o)
				for i, got := range open(t, o).Read(t.Context(), refs) {
					if text := fmt.Sprint(got.Err, " ", store.Hint(got.Err)); !errors.Is(got.Err, test.kind) || !strings.Contains(text, strings.ReplaceAll(test.says, "dev/api", paths[i])) {
						t.Errorf("%s; want %v, saying %q", text, test.kind, test.says)
					}
				}
			})
		}
	}
}

// inMemory sends requests to a handler without a network, so that time can
// stand still in a test.
type inMemory struct{ http.Handler }

func (m inMemory) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	defer func() {
		if cut := recover(); cut != nil {
			resp, err = nil, io.ErrUnexpectedEOF
		}
	}()
	recorded := httptest.NewRecorder()
	r.Host = r.URL.Host // as a server has it
	m.ServeHTTP(recorded, r)
	resp = recorded.Result()
	resp.Request = r
	return resp, nil
}

// TestInTime: what is throttled is waited for, as long as patience lasts; what
// never answers is given up; and when one request has shown that there is no
// getting through, the others are not tried.
func TestInTime(t *testing.T) {
	for name, test := range map[string]struct {
		fault           emulator.Fault
		atLeast, atMost time.Duration
		kind            error
	}{
		"hasty once":     {emulator.Fault{Times: 1, Effect: emulator.Throttled()}, time.Second, time.Second, nil},
		"hasty thrice":   {emulator.Fault{Times: 3, Effect: emulator.Throttled()}, 3 * time.Second, 7 * time.Second, nil},
		"always hasty":   {emulator.Fault{Effect: emulator.Throttled()}, time.Minute, 10 * time.Minute, store.ErrThrottled},
		"in a while":     {emulator.Fault{Times: 1, Effect: emulator.ComeBack("30")}, 30 * time.Second, 30 * time.Second, nil},
		"in an hour":     {emulator.Fault{Effect: emulator.ComeBack("3600")}, 0, 0, store.ErrThrottled},
		"hung":           {emulator.Fault{Effect: emulator.Hang()}, 2 * time.Minute, 5 * time.Minute, store.ErrUnavailable},
		"a failure once": {emulator.Fault{Times: 1, Effect: emulator.Refuse(500, "InternalServiceError", "")}, 500 * time.Millisecond, time.Second, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := emulator.New(emulator.Options{})
				e.AddKey("key", "secret", emulator.Allow("*", "*"))
				var refs []store.Reference
				for i := range 200 {
					path := fmt.Sprint("path/", i)
					e.Put(path, "value")
					refs = append(refs, store.Reference{Path: path})
				}
				e.Inject(test.fault)
				session, err := awsapi.Open(t.Context(), awsapi.Options{Region: "eu-central-1", Allow: asConfigured, Next: inMemory{e},
					Environ: []string{"AWS_ACCESS_KEY_ID=key", "AWS_SECRET_ACCESS_KEY=secret"}})
				if err != nil {
					t.Fatal(err)
				}
				source, err := aws.New(t.Context(), session, "")
				if err != nil {
					t.Fatal(err)
				}
				started := time.Now()
				for _, got := range source.Read(t.Context(), refs) {
					if !errors.Is(got.Err, test.kind) {
						t.Fatalf("%v, want %v", got.Err, test.kind)
					}
				}
				if took := time.Since(started); took < test.atLeast || took > test.atMost {
					t.Errorf("it took %v, want %v to %v", took, test.atLeast, test.atMost)
				}
			})
		})
	}
}
